//! A look at one address: carries the walk's questions out, and takes in what
//! comes back.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddrV4};

use ed25519_dalek::{Signature, VerifyingKey};
use mainline::MutableItem;
use tokio::time::Instant;

use super::message::{self, Answer, Item, Told};
use super::walk::Walk;
use super::{BLINK, Dht, Look, PEEKED};
use crate::handoff::Address;

/// A look at an address; what it found so far is there at any time.
pub struct Looking<'a> {
    dht: &'a Dht,
    address: Address,
    walk: Walk,
    needs_guides: bool,
    /// Not all of the nearest are asked: nothing is put with what these give.
    is_peek: bool,
    /// What each node holds.
    seen: HashMap<SocketAddrV4, Item>,
}

impl<'a> Looking<'a> {
    pub fn new(dht: &'a Dht, address: Address, walk: Walk, needs_guides: bool) -> Self {
        Self { dht, address, walk, needs_guides, is_peek: false, seen: HashMap::new() }
    }

    /// One at the nodes of the walk and no others.
    pub fn at_some(dht: &'a Dht, address: Address, walk: Walk) -> Self {
        Self { is_peek: true, ..Self::new(dht, address, walk, false) }
    }

    /// Asks until nothing more is to be expected. `on_item` sees each different
    /// valid item.
    pub async fn go(&mut self, on_item: &mut (dyn FnMut(&Item) + Send)) {
        if self.needs_guides {
            self.ask_guides().await;
        }
        let (dht, target) = (self.dht, MutableItem::target_from_key(&self.address, None));
        let mut asking = dht.socket.asking();
        loop {
            let now = Instant::now();
            for (at, ask) in self.walk.next_to_ask(now) {
                asking.send(at, |number| message::question(number, &dht.id, ask, &target)).await;
            }
            if self.walk.is_done(now) {
                break;
            }
            // All nodes that were known may be gone: after sleep, or elsewhere.
            if !self.needs_guides && !self.is_peek && self.walk.is_deserted(now) {
                self.needs_guides = true;
                self.ask_guides().await;
                continue;
            }
            // All that came is taken in before anybody is called late.
            let mut wait = self.walk.patience(now).max(BLINK);
            while let Some(heard) = asking.hear(std::mem::take(&mut wait)).await {
                self.take_in(heard.from, heard.answer, on_item);
            }
        }
        if !self.is_peek {
            self.remember();
        }
    }

    async fn ask_guides(&mut self) {
        for at in self.dht.guides().await {
            self.walk.guide(at);
        }
    }

    /// Asks once more: the silent nodes, and the bootstrap.
    pub fn again(&mut self) {
        self.walk.again();
        self.needs_guides = true;
    }

    /// What was found so far.
    pub fn found(&self) -> Look {
        let nearest: Vec<SocketAddrV4> = self.walk.nearest().map(|(_, at, _)| at).collect();
        let mut look = Look {
            asked: self.walk.asked(),
            responded: self.walk.responded(),
            items: Vec::new(),
            nearest: self.walk.nearest().take(PEEKED).map(|(id, at, _)| (id, at)).collect(),
        };
        for (at, item) in &self.seen {
            let copy = u32::from(nearest.contains(at));
            match look.items.iter_mut().find(|(known, _)| known == item) {
                Some((_, copies)) => *copies += copy,
                None => look.items.push((item.clone(), copy)),
            }
        }
        look
    }

    fn take_in(&mut self, from: SocketAddrV4, answer: Answer, on_item: &mut (dyn FnMut(&Item) + Send)) {
        let Answer::Told(told) = answer else { return self.walk.wronged(from) };
        let Told { id, nodes, token, item, is_damaged } = *told;
        for (id, at) in nodes.into_iter().filter(|(_, at)| can_be(from, *at)) {
            self.walk.hear(id, at, self.dht.socket.is_doubted(at));
        }
        if is_damaged {
            return self.walk.wronged(from);
        }
        if item.is_none() && token.is_none() {
            return self.walk.keeps_nothing(from, id, Instant::now());
        }
        if let Some(item) = item {
            let is_known = self.seen.values().any(|seen| *seen == item);
            if !is_known && !self.is_signed(&item) {
                return self.walk.wronged(from);
            }
            if !is_known {
                on_item(&item);
            }
            self.seen.insert(from, item);
        }
        self.walk.answered(from, id, token, Instant::now());
    }

    fn is_signed(&self, item: &Item) -> bool {
        let signature = Signature::from_bytes(&item.signature);
        let signed = message::signed(item.sequence, &item.value);
        VerifyingKey::from_bytes(&self.address)
            .is_ok_and(|key| ed25519_dalek::Verifier::verify(&key, &signed, &signature).is_ok())
    }

    /// What later walks can use. Where nobody answered it was the network that was
    /// away: that says nothing of the nodes.
    fn remember(&self) {
        let mut memory = self.dht.memory();
        if self.walk.responded() == 0 {
            if self.needs_guides {
                // Their names may have led elsewhere, as on a network that asks for
                // a password first.
                memory.guides.clear();
            }
            return;
        }
        for at in self.walk.silent() {
            self.dht.socket.doubt(at);
            memory.known.remove(&at);
        }
        memory.keep_known(self.walk.nearest().map(|(id, at, _)| (id, at)));
        memory.pace = Some(self.walk.pace());
        let places = self.walk.nearest().filter_map(|(id, at, token)| Some((id, at, token?.to_vec())));
        memory.keep_tokens(self.address, places.collect());
    }
}

/// Whether a node that another names can be one. Nobody out there leads us into
/// this machine or its own network: what is private, only the private name.
fn can_be(namer: SocketAddrV4, at: SocketAddrV4) -> bool {
    let ip = at.ip();
    let is_somebody = at.port() != 0
        && ip.octets()[0] != 0
        && !ip.is_multicast()
        && ip.octets()[0] < 240
        && (!ip.is_loopback() || namer.ip().is_loopback());
    is_somebody && (!is_private(*ip) || is_private(*namer.ip()))
}

/// Whether it is an address of one network alone; a provider's own, too.
fn is_private(ip: Ipv4Addr) -> bool {
    let [a, b, ..] = ip.octets();
    ip.is_loopback() || ip.is_private() || ip.is_link_local() || (a == 100 && (64..128).contains(&b))
}

#[cfg(test)]
mod tests;

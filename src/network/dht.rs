//! A client of the DHT that only asks: it finds what lies at an address, and on
//! which of the nearest nodes, and puts something there.
//!
//! `mainline`'s own client waits for every node it ever asked and says only at
//! the end how many answered: one node that is slow or sends garbage makes each
//! lookup last seconds, and it pings each node that it asks. Here the walk itself
//! ([`walk`]) decides what is enough. `mainline` lends the rules that both sides
//! must share: ids, their order (BEP 42) and how an address becomes a target.

mod bencode;
mod looking;
mod message;
mod socket;
mod walk;
#[cfg(test)]
pub(crate) mod world;

use std::collections::{HashMap, HashSet};
use std::net::SocketAddrV4;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mainline::{Id, MutableItem};
use tokio::net::lookup_host;
use tokio::time::{Instant, timeout};

use self::looking::Looking;
use self::message::Answer;
pub(super) use self::message::Item;
use self::socket::Socket;
use self::walk::Walk;
pub(super) use self::walk::is_enough;
use super::NetworkError;
use crate::handoff::Address;

/// Known nodes with which a walk can begin without asking the bootstrap.
const ENOUGH_KNOWN: usize = 8;
/// Of these the nearest, with which it begins.
const MOST_BEGUN: usize = 100;
/// Nodes that are remembered.
const MOST_KNOWN: usize = 1_000;
/// How long what a node gave to put with is used: nodes change it every 5 minutes.
const TOKENS_LAST: Duration = Duration::from_mins(1);
/// Addresses for which it is remembered.
const MOST_TOKENS: usize = 64;
/// Nodes that are asked to see whether anything happened.
const PEEKED: usize = 3;
/// How often silent nodes are asked anew before a put is left at what took it.
const ROUNDS: usize = 3;
/// The shortest wait.
const BLINK: Duration = Duration::from_millis(1);
/// A node that refuses to store, for something else stands there: `cas` differs,
/// or the sequence is not later.
const REFUSALS: [i64; 2] = [301, 302];

/// What one walk found.
#[derive(Clone, Debug, Default)]
pub(super) struct Look {
    /// Different items and on how many of the nearest nodes each lies.
    pub items: Vec<(Item, u32)>,
    /// How many nodes should have answered.
    pub asked: usize,
    /// How many did.
    pub responded: usize,
    /// The nearest of those, to be asked again.
    pub nearest: Vec<Near>,
}

/// A node.
pub(super) type Near = (Id, SocketAddrV4);

/// What became of an item that was put.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Stored {
    asked: usize,
    taken: usize,
    refused: usize,
}

/// The same of one round, and who answered.
#[derive(Debug, Default)]
struct Round {
    taken: usize,
    refused: usize,
    answered: HashSet<SocketAddrV4>,
}

pub(super) struct Dht {
    socket: Socket,
    id: Id,
    bootstrap: Vec<String>,
    timeout: Duration,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    /// Addresses of the bootstrap, once they are resolved.
    guides: Vec<SocketAddrV4>,
    /// Nodes that answered, and when last.
    known: HashMap<SocketAddrV4, (Id, Instant)>,
    pace: Option<Duration>,
    tokens: HashMap<Address, Tokens>,
}

/// The nearest nodes to an address and what they gave to put with.
#[derive(Clone)]
struct Tokens {
    at: Instant,
    nodes: Vec<(Id, SocketAddrV4, Vec<u8>)>,
}

impl Dht {
    /// Opens the socket. The bootstrap's names are resolved when they are needed.
    pub async fn open(
        bootstrap: Option<&[String]>,
        is_loopback: bool,
        timeout: Duration,
    ) -> std::io::Result<Self> {
        let names = bootstrap.map_or_else(
            || mainline::DEFAULT_BOOTSTRAP_NODES.iter().map(ToString::to_string).collect(),
            <[String]>::to_vec,
        );
        Ok(Self {
            socket: Socket::open(is_loopback, timeout).await?,
            id: Id::random(),
            bootstrap: names,
            timeout,
            memory: Mutex::default(),
        })
    }

    /// Begins to look at an address; [`Looking::go`] then does.
    pub fn look<'a>(&'a self, address: &Address) -> Looking<'a> {
        let target = MutableItem::target_from_key(address, None);
        let memory = self.memory();
        let mut walk = Walk::new(target, memory.pace.unwrap_or(self.timeout / 8), self.timeout);
        let mut known: Vec<_> = memory.known.iter().map(|(at, (id, _))| (*id, *at)).collect();
        known.sort_by_cached_key(|(id, at)| walk::far(&target, id, *at));
        for (id, at) in known.into_iter().take(MOST_BEGUN) {
            walk.hear(id, at, self.socket.is_doubted(at));
        }
        let needs_guides = memory.known.len() < ENOUGH_KNOWN;
        drop(memory);
        Looking::new(self, *address, walk, needs_guides)
    }

    /// Asks some nodes, which an earlier look found, and no others: whether anything
    /// happened there.
    pub async fn peek(&self, address: &Address, nodes: &[Near]) -> Look {
        let target = MutableItem::target_from_key(address, None);
        let pace = self.memory().pace.unwrap_or(self.timeout / 8);
        let mut looking = Looking::at_some(self, *address, Walk::to(target, nodes, pace, self.timeout));
        looking.go(&mut |_| {}).await;
        let found = looking.found();
        let (address, asked, answered) = (crate::network::shortly(address), found.asked, found.responded);
        tracing::debug!(address, asked, answered, "peek");
        found
    }

    /// Puts an item where it belongs; with `expected` only on nodes where that
    /// stands, or nothing. How many took it.
    pub async fn put(
        &self,
        address: &Address,
        item: &Item,
        expected: Option<i64>,
    ) -> Result<usize, NetworkError> {
        let remembered = self.memory().tokens.get(address).cloned();
        let fresh = remembered.filter(|tokens| tokens.at.elapsed() < TOKENS_LAST);
        let is_fresh = fresh.is_some();
        let nodes = match fresh {
            Some(tokens) => tokens.nodes,
            None => self.nodes_for(address).await,
        };
        let mut stored = self.store(address, item, expected, &nodes).await;
        if is_fresh && stored.taken + stored.refused == 0 {
            // They may have changed what they gave, or be gone.
            let nodes = self.nodes_for(address).await;
            stored = self.store(address, item, expected, &nodes).await;
        }
        tracing::trace!(asked = stored.asked, taken = stored.taken, refused = stored.refused, "stored");
        if stored.refused * 2 > stored.asked || (stored.taken == 0 && stored.refused > 0) {
            return Err(NetworkError::Conflict);
        }
        match stored {
            Stored { asked: 0, .. } => Err(NetworkError::Unreachable),
            // It may have reached them although no answer came.
            Stored { taken: 0, asked, .. } => {
                Err(NetworkError::Unsure { answered: 0, asked: u32::try_from(asked).unwrap_or(u32::MAX) })
            }
            Stored { taken, .. } => Ok(taken),
        }
    }

    async fn nodes_for(&self, address: &Address) -> Vec<(Id, SocketAddrV4, Vec<u8>)> {
        self.memory().tokens.remove(address);
        let mut looking = self.look(address);
        for round in 0..ROUNDS {
            if round > 0 {
                looking.again();
            }
            looking.go(&mut |_| {}).await;
            let found = looking.found();
            if found.responded == 0 || is_enough(found.responded, found.asked) {
                break;
            }
        }
        self.memory().tokens.get(address).map(|tokens| tokens.nodes.clone()).unwrap_or_default()
    }

    /// Asks each of these nodes to store it, and those again that stay silent: what
    /// lies on few of them, two thirds of the others would call absent.
    async fn store(
        &self,
        address: &Address,
        item: &Item,
        expected: Option<i64>,
        nodes: &[(Id, SocketAddrV4, Vec<u8>)],
    ) -> Stored {
        let mut stored = Stored { asked: nodes.len(), ..Stored::default() };
        let mut rest = nodes.to_vec();
        for number in 0..ROUNDS {
            let round = self.store_once(address, item, expected, &rest).await;
            stored.taken += round.taken;
            // Later it may be our own item that it took.
            stored.refused += if number == 0 { round.refused } else { 0 };
            rest.retain(|(_, at, _)| !round.answered.contains(at));
            if stored.taken + stored.refused == 0 || is_enough(stored.taken + stored.refused, stored.asked) {
                break;
            }
        }
        stored
    }

    async fn store_once(
        &self,
        address: &Address,
        item: &Item,
        expected: Option<i64>,
        nodes: &[(Id, SocketAddrV4, Vec<u8>)],
    ) -> Round {
        let target = MutableItem::target_from_key(address, None);
        let places: Vec<(Id, SocketAddrV4)> = nodes.iter().map(|(id, at, _)| (*id, *at)).collect();
        let pace = self.memory().pace.unwrap_or(self.timeout / 8);
        let mut walk = Walk::to(target, &places, pace, self.timeout);
        let mut round = Round::default();
        let mut asking = self.socket.asking();
        loop {
            let now = Instant::now();
            for (at, _) in walk.next_to_ask(now) {
                let Some((_, _, token)) = nodes.iter().find(|(_, node, _)| *node == at) else { continue };
                let send =
                    |number| message::store(number, (&self.id, &target), (address, item), token, expected);
                asking.send(at, send).await;
            }
            if walk.is_done(now) {
                return round;
            }
            let mut wait = walk.patience(now).max(BLINK);
            while let Some(heard) = asking.hear(std::mem::take(&mut wait)).await {
                let asked = places.iter().find(|(_, at)| *at == heard.from && walk.awaits(*at));
                let Some((id, at)) = asked else { continue };
                match heard.answer {
                    Answer::Told(_) => round.taken += 1,
                    // It may be our own first request that it took.
                    Answer::Refused(code) if REFUSALS.contains(&code) && heard.is_first => {
                        round.refused += 1;
                    }
                    Answer::Refused(_) => {}
                    Answer::Nonsense => {
                        walk.wronged(*at);
                        continue;
                    }
                }
                round.answered.insert(*at);
                walk.answered(*at, *id, None, Instant::now());
            }
        }
    }

    /// The bootstrap's addresses; what cannot be resolved in time is left out.
    async fn guides(&self) -> Vec<SocketAddrV4> {
        let known = self.memory().guides.clone();
        if !known.is_empty() {
            return known;
        }
        let resolve = |name: &String| {
            let name = name.clone();
            async move {
                let found = timeout(self.timeout, lookup_host(name)).await;
                let found: Vec<_> = found.ok().and_then(Result::ok).into_iter().flatten().collect();
                found.into_iter().filter_map(|at| match at {
                    std::net::SocketAddr::V4(at) => Some(at),
                    std::net::SocketAddr::V6(_) => None,
                })
            }
        };
        let found = futures::future::join_all(self.bootstrap.iter().map(resolve)).await;
        let found: Vec<SocketAddrV4> = found.into_iter().flatten().collect();
        self.memory().guides.clone_from(&found);
        found
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    /// Remembers nodes that answered now; of too many, those that did so long ago go.
    fn keep_known(&mut self, nodes: impl Iterator<Item = (Id, SocketAddrV4)>) {
        let now = Instant::now();
        self.known.extend(nodes.map(|(id, at)| (at, (id, now))));
        if self.known.len() > MOST_KNOWN {
            let mut ages: Vec<Instant> = self.known.values().map(|(_, at)| *at).collect();
            ages.sort_unstable();
            let median = ages[ages.len() / 2];
            self.known.retain(|_, (_, at)| *at > median);
        }
    }

    /// Remembers what nodes gave to put with, in place of what is oldest.
    fn keep_tokens(&mut self, address: Address, nodes: Vec<(Id, SocketAddrV4, Vec<u8>)>) {
        self.tokens.retain(|_, tokens| tokens.at.elapsed() < TOKENS_LAST);
        if nodes.is_empty() {
            return;
        }
        if self.tokens.len() >= MOST_TOKENS {
            let oldest = self.tokens.iter().min_by_key(|(_, tokens)| tokens.at).map(|(address, _)| *address);
            oldest.and_then(|address| self.tokens.remove(&address));
        }
        self.tokens.insert(address, Tokens { at: Instant::now(), nodes });
    }
}

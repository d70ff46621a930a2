//! What one lookup of an address found, and what may be said of it.

use pkarr::SignedPacket;

use super::NetworkError;
use super::dht::{Item, Look, Near, is_enough};
use crate::handoff::{Address, packet};

/// Different packets of one address that are looked at.
const MAX_PACKETS: usize = 64;

/// What one complete lookup of an address found.
#[derive(Clone, Debug, Default)]
pub struct Sighting {
    /// Different valid packets and how many nodes hold each, newest first.
    pub(super) packets: Vec<(SignedPacket, u32)>,
    /// Highest sequence met, of packets that are no packets of ours too.
    pub(super) highest: Option<u64>,
    /// Answers that were wanted: of the nearest nodes to the address, which are
    /// those that would keep something there, or of all where there are fewer.
    /// Dead nodes that others still name are passed over outward and do not count.
    pub asked: u32,
    /// Those of them that came.
    pub responded: u32,
    /// Some of the nodes that answered.
    pub(super) nearest: Vec<Near>,
}

impl Sighting {
    pub(super) fn of(address: &Address, look: &Look) -> Self {
        let count = |nodes: usize| u32::try_from(nodes).unwrap_or(u32::MAX);
        let (asked, responded) = (count(look.asked), count(look.responded));
        let nearest = look.nearest.clone();
        let mut sighting = Self { asked, responded, nearest, ..Self::default() };
        for (item, copies) in &look.items {
            sighting.highest = sighting.highest.max(Some(item.sequence));
            if let Some(packet) = packet_of(address, item) {
                sighting.add(packet, *copies);
            }
        }
        sighting
    }

    /// The packets, newest first.
    pub fn packets(&self) -> Vec<SignedPacket> {
        self.packets.iter().map(|(packet, _)| packet.clone()).collect()
    }

    /// The packets and on how many nodes each was seen; on none where only a
    /// relay had it.
    pub fn held(&self) -> &[(SignedPacket, u32)] {
        &self.packets
    }

    /// The newest packet.
    pub fn newest(&self) -> Option<&SignedPacket> {
        self.packets.first().map(|(packet, _)| packet)
    }

    /// On how many nodes this very packet was seen.
    pub fn copies(&self, packet: &SignedPacket) -> u32 {
        self.packets.iter().find(|(seen, _)| seen.is_same_as(packet)).map_or(0, |(_, copies)| *copies)
    }

    /// What a compare-and-swap has to expect: the highest sequence, 0 where
    /// nothing lies. (With none at all two writers were both told Ok.)
    pub fn expected(&self) -> u64 {
        self.highest.unwrap_or(0)
    }

    /// The highest sequence, for the next one to exceed.
    pub fn highest(&self) -> Option<u64> {
        self.highest
    }

    /// Whether the same is the last that lies there. Older copies come and go with the
    /// nodes that answer.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let last = match (self.newest(), other.newest()) {
            (Some(one), Some(other)) => one.is_same_as(other),
            (one, other) => one.is_none() && other.is_none(),
        };
        last && self.highest == other.highest
    }

    /// Whether a peek at some of its nodes says that nothing happened since: half of
    /// them answer at least, and none has anything later.
    pub(super) fn still_holds(&self, peek: &Look) -> bool {
        let last = peek.items.iter().map(|(item, _)| item.sequence).max();
        peek.responded > 0 && 2 * peek.responded >= self.nearest.len() && last == self.highest
    }

    /// Whether enough nodes answered to speak for all: two thirds. A relay's word
    /// is none of theirs.
    pub fn is_complete(&self) -> bool {
        is_enough(self.responded as usize, self.asked as usize)
    }

    /// That what was not found is not there; an error where it may be there
    /// nevertheless. The one place from which anything may be called absent.
    pub fn absence(&self) -> Result<(), NetworkError> {
        if self.is_complete() {
            return Ok(());
        }
        Err(NetworkError::Unsure { answered: self.responded, asked: self.asked })
    }

    /// Whether this packet is what stands there now: nothing later was seen, and
    /// two thirds of the nodes hold it. Where relays alone answer, their newest.
    pub fn stands(&self, packet: &SignedPacket) -> bool {
        packet::sequence(packet) >= self.highest && self.is_held(|seen| seen.is_same_as(packet))
    }

    /// Whether two thirds of the nodes hold one of these; where relays alone answer,
    /// whether the newest is one.
    pub fn is_held(&self, is_one: impl Fn(&SignedPacket) -> bool) -> bool {
        if self.responded == 0 {
            return self.newest().is_some_and(is_one);
        }
        let held = self.packets.iter().filter(|(packet, _)| is_one(packet));
        is_enough(held.map(|(_, copies)| *copies as usize).sum(), self.asked as usize)
    }

    pub(super) fn add(&mut self, packet: SignedPacket, copies: u32) {
        self.highest = self.highest.max(packet::sequence(&packet));
        if let Some((_, seen)) = self.packets.iter_mut().find(|(known, _)| known.is_same_as(&packet)) {
            *seen += copies;
        } else if self.packets.len() < MAX_PACKETS {
            let place = self.packets.partition_point(|(known, _)| known.more_recent_than(&packet));
            self.packets.insert(place, (packet, copies));
        }
    }
}

/// An item as a packet, if it is one.
pub(super) fn packet_of(address: &Address, item: &Item) -> Option<SignedPacket> {
    let payload = [&item.signature[..], &item.sequence.to_be_bytes(), &item.value].concat();
    packet::from_payload(address, &payload)
}

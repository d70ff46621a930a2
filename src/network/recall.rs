//! What lookups found lately, for who looks again and again of its own accord: a
//! complete lookup asks 20 nodes and more, and of 30 handoffs hardly one changes in
//! an hour.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::Sighting;
use crate::handoff::Address;

/// After so many rounds without a change the wait grows no more.
const MOST_ROUNDS: u32 = 15;
/// Of a round: so much earlier it may come.
const EARLY: f64 = 0.4;
/// So often some of the nodes speak for all of them; then all are asked.
const MOST_PEEKS: u32 = 8;
/// Addresses that are remembered; about two of them make a handoff.
const MOST: usize = 512;
/// Packets of one address that are worth remembering: more is a flood.
const MOST_PACKETS: usize = 8;

/// How fresh what is known of an address has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fresh {
    /// Asked for now.
    Now,
    /// Remembered at most so long ago.
    Within(Duration),
    /// The longer nothing changed, the longer ago: from one round, which takes this
    /// long, to fifteen.
    Backing(Duration),
}

/// The memory of one process.
#[derive(Debug, Default)]
pub(super) struct Recall {
    found: HashMap<Address, Remembered>,
    writes: u64,
}

#[derive(Debug)]
struct Remembered {
    sighting: Sighting,
    at: Instant,
    /// Rounds until it is asked for again.
    rounds: u32,
    /// How often in a row only some of its nodes were asked.
    peeks: u32,
}

impl Recall {
    /// What was found, where that is fresh enough.
    pub fn get(&self, address: &Address, fresh: Fresh, now: Instant) -> Option<Sighting> {
        let found = self.found.get(address)?;
        let most = match fresh {
            Fresh::Now => return None,
            Fresh::Within(age) => age,
            Fresh::Backing(round) => round.mul_f64((f64::from(found.rounds) - EARLY).max(0.0)),
        };
        (found.rounds > 0 && now.duration_since(found.at) < most).then(|| found.sighting.clone())
    }

    /// What was found, where some of its nodes may be asked whether it still holds.
    pub fn to_peek(&self, address: &Address) -> Option<Sighting> {
        let found = self.found.get(address).filter(|found| found.rounds > 0 && found.peeks < MOST_PEEKS)?;
        (!found.sighting.nearest.is_empty()).then(|| found.sighting.clone())
    }

    /// They said that it does.
    pub fn holds(&mut self, address: &Address, now: Instant) {
        if let Some(found) = self.found.get_mut(address) {
            (found.at, found.peeks) = (now, found.peeks + 1);
            found.rounds = (found.rounds * 2).clamp(1, MOST_ROUNDS);
        }
    }

    /// Remembers what was found. Whether it is known to be another than before.
    pub fn note(&mut self, address: &Address, sighting: &Sighting, now: Instant) -> bool {
        let before = self.found.get(address);
        let same = before.is_some_and(|before| before.sighting.is_same(sighting));
        let changed = before.is_some() && !same;
        let rounds = before.filter(|_| same).map_or(1, |before| (before.rounds * 2).clamp(1, MOST_ROUNDS));
        if sighting.held().len() > MOST_PACKETS {
            self.found.remove(address);
            return changed;
        }
        if self.found.len() >= MOST && !self.found.contains_key(address) {
            let oldest = self.found.iter().min_by_key(|(_, found)| found.at).map(|(address, _)| *address);
            oldest.map(|address| self.found.remove(&address));
        }
        self.found.insert(*address, Remembered { sighting: sighting.clone(), at: now, rounds, peeks: 0 });
        changed
    }

    /// It is written to: whatever was found there is no more.
    pub fn forget(&mut self, address: &Address) {
        self.writes += 1;
        self.found.remove(address);
    }

    /// How often this process wrote anywhere: what is found while that grows may be
    /// older.
    pub fn writes(&self) -> u64 {
        self.writes
    }

    /// Something may have changed anywhere: everything is asked for again.
    pub fn all_due(&mut self) {
        self.found.values_mut().for_each(|found| found.rounds = 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    /// How often an address is asked for in an hour of rounds.
    fn asked(recall: &mut Recall, start: Instant, changes: &dyn Fn(u32) -> Sighting) -> Vec<u32> {
        (0..60)
            .filter(|minute| {
                let now = start + MINUTE * *minute;
                let due = recall.get(&[1; 32], Fresh::Backing(MINUTE), now).is_none();
                if due {
                    recall.note(&[1; 32], &changes(*minute), now);
                }
                due
            })
            .collect()
    }

    #[test]
    fn what_does_not_change_is_asked_for_more_and_more_seldom() {
        let (start, mut recall) = (Instant::now(), Recall::default());
        let rounds = asked(&mut recall, start, &|_| Sighting::default());
        assert_eq!(rounds, [0, 1, 3, 7, 15, 30, 45]);
    }

    #[test]
    fn what_changed_is_asked_for_soon_again() {
        let (start, mut recall) = (Instant::now(), Recall::default());
        let seen = |minute: u32| Sighting { highest: Some(u64::from(minute / 20)), ..Sighting::default() };
        let rounds = asked(&mut recall, start, &seen);
        let first = rounds.iter().position(|minute| *minute >= 20).unwrap();
        assert_eq!(rounds[first + 1] - rounds[first], 1, "{rounds:?}");
    }

    #[test]
    fn after_some_peeks_all_are_asked_again() {
        let (now, mut recall) = (Instant::now(), Recall::default());
        let near = vec![([0; 20].into(), std::net::SocketAddrV4::new([127, 0, 0, 1].into(), 1))];
        let sighting = Sighting { nearest: near, ..Sighting::default() };
        assert!(recall.to_peek(&[1; 32]).is_none());
        recall.note(&[1; 32], &sighting, now);
        for _ in 0..MOST_PEEKS {
            assert!(recall.to_peek(&[1; 32]).is_some());
            recall.holds(&[1; 32], now);
        }
        assert!(recall.to_peek(&[1; 32]).is_none());
        recall.note(&[1; 32], &sighting, now);
        assert!(recall.to_peek(&[1; 32]).is_some());
        recall.all_due();
        assert!(recall.to_peek(&[1; 32]).is_none(), "anything may have happened");
    }

    #[test]
    fn it_is_forgotten_when_written_and_due_when_something_may_have_changed() {
        let (now, mut recall) = (Instant::now(), Recall::default());
        let (one, two) = ([1; 32], [2; 32]);
        let knows = |recall: &Recall, address| recall.get(address, Fresh::Within(MINUTE), now).is_some();
        for address in [&one, &two] {
            assert!(!recall.note(address, &Sighting::default(), now));
        }
        assert!(recall.get(&one, Fresh::Now, now).is_none());
        assert!(recall.get(&one, Fresh::Within(MINUTE), now + MINUTE).is_none());
        recall.forget(&one);
        assert!(!knows(&recall, &one) && knows(&recall, &two));
        recall.all_due();
        assert!(!knows(&recall, &two));
        // The same again is no change, and counts from one.
        assert!(!recall.note(&two, &Sighting::default(), now));
        assert!(recall.get(&two, Fresh::Backing(MINUTE), now + MINUTE).is_none());
    }

    #[test]
    fn a_flood_of_addresses_or_packets_is_not_remembered() {
        let (now, mut recall) = (Instant::now(), Recall::default());
        for number in 0..2 * MOST {
            let mut address = [0; 32];
            address[..8].copy_from_slice(&number.to_be_bytes());
            recall.note(&address, &Sighting::default(), now + Duration::from_millis(number as u64));
        }
        assert_eq!(recall.found.len(), MOST);
    }
}

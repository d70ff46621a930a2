//! Of the many handoffs that lists name, those that are alive. Whoever knows a
//! mailbox can write into its list what is nowhere, or dates of his choice: so
//! lookups are counted, what leads nowhere is remembered, and only a record's own,
//! signed time says which is the newest.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::future::join_all;

use super::lookup::not_found;
use crate::handoff::Address;
use crate::service::pickup::tokens::Known;
use crate::service::{Error, ErrorKind, Found, Job, Result, Service};

/// Lookups that answer one question at most.
pub(crate) const MOST_LOOKUPS: usize = 64;
/// Lookups at a time, where the newest alone did not answer.
const AT_A_TIME: usize = 4;
/// How long what was nowhere is not looked for again: it may be announced anew.
const DEAD_FOR: Duration = Duration::from_mins(10);
/// Seconds after its end in which a handoff may still be read.
const GRACE: u32 = 120;
/// Seconds that a clock may be ahead of ours.
const AHEAD: u32 = 3_600;

/// Addresses at which lists name something and nothing was.
#[derive(Default)]
pub(crate) struct Dead(Mutex<HashMap<Address, Instant>>);

impl Dead {
    pub fn note(&self, address: Address) {
        let mut dead = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        dead.retain(|_, since| since.elapsed() < DEAD_FOR);
        dead.insert(address, Instant::now());
    }

    fn holds(&self, address: &Address) -> bool {
        let dead = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        dead.get(address).is_some_and(|since| since.elapsed() < DEAD_FOR)
    }
}

impl Service {
    /// What is worth a lookup each, newest first and at most `left` of it, which
    /// is made so much less; and why there may be more, where that was not all.
    pub(crate) fn worth_a_look(
        &self,
        mut known: Vec<Known>,
        left: &mut usize,
    ) -> (Vec<Known>, Option<Error>) {
        let latest = self.now_u32().saturating_add(AHEAD);
        // A date that cannot be is none.
        known.sort_by_key(|known| {
            let created = if known.created > latest { 0 } else { known.created };
            std::cmp::Reverse((created, known.place.token.bytes))
        });
        known.dedup_by_key(|known| known.place.token);
        known.retain(|known| !self.0.dead.holds(&known.place.address()));
        let is_too_much = known.len() > *left;
        known.truncate(*left);
        *left -= known.len();
        (known, is_too_much.then(too_many))
    }

    /// The newest alive of many.
    pub(crate) async fn first_alive(
        &self,
        known: Vec<Known>,
        left: &mut usize,
        job: &Job,
    ) -> Result<Option<Found>> {
        let now = self.now_u32();
        let all = known.len();
        // What the list already calls expired is not worth a lookup each.
        let unexpired: Vec<Known> =
            known.into_iter().filter(|known| known.expires.saturating_add(GRACE) >= now).collect();
        let mut trouble = (unexpired.len() < all).then(all_expired);
        let were_some = !unexpired.is_empty();
        let (known, too_many) = self.worth_a_look(unexpired, left);
        if were_some && known.is_empty() {
            trouble = Some(not_found());
        }
        let (quiet, mut newest, mut rest) = (Job::quiet(), None::<Found>, known.as_slice());
        let age = |found: &Found| (found.pickup.created_at, found.sequence);
        let mut seen_trouble = None;
        while let Some(next) = rest.first() {
            // An entry's time is that of its record, unless it lies.
            if newest.as_ref().is_some_and(|found| found.pickup.created_at.timestamp() > next.created.into())
            {
                break;
            }
            let is_first = rest.len() == known.len();
            let (turn, more) = rest.split_at(if is_first { 1 } else { AT_A_TIME.min(rest.len()) });
            // The first answer of a single newest is told at once.
            let is_alone = is_first && more.first().is_none_or(|other| other.created < next.created);
            let job = if is_alone { job } else { &quiet };
            for result in join_all(turn.iter().map(|known| self.find_place(&known.place, job))).await {
                match result {
                    Ok(found) => newest = newest.into_iter().chain([found]).max_by_key(age),
                    Err(error) if error.kind == ErrorKind::Unreachable => return Err(error),
                    Err(error) => seen_trouble = seen_trouble.or(Some(error)),
                }
            }
            rest = more;
        }
        match (newest, too_many.or(seen_trouble).or(trouble)) {
            (Some(found), _) => Ok(Some(found)),
            (None, Some(trouble)) => Err(trouble),
            (None, None) => Ok(None),
        }
    }

    /// The alive among many, newest first; an error that says why there is none.
    pub(crate) async fn alive_of(&self, known: Vec<Known>) -> Result<Vec<Found>> {
        let (known, mut trouble) = self.worth_a_look(known, &mut MOST_LOOKUPS.clone());
        let quiet = Job::quiet();
        let looked = join_all(known.iter().map(|known| self.find_place(&known.place, &quiet))).await;
        let mut found = Vec::new();
        for result in looked {
            match result {
                Ok(one) => found.push(one),
                Err(error) if error.kind == ErrorKind::Unreachable => return Err(error),
                Err(error) => trouble = trouble.or(Some(error)),
            }
        }
        found.sort_by_key(|found| std::cmp::Reverse((found.pickup.created_at, found.sequence)));
        if found.is_empty() { Err(trouble.unwrap_or_else(not_found)) } else { Ok(found) }
    }
}

fn too_many() -> Error {
    let words = format!(
        "A list names more than {MOST_LOOKUPS} handoffs and the newest no longer exist; there may be an older one."
    );
    Error::new(ErrorKind::Unreachable, words)
        .advise("Try again, or pass its link or token. Someone who can read that list wrote it.")
}

fn all_expired() -> Error {
    Error::gone("Nothing to pick up: what was addressed to you has expired.")
        .advise("Publish it again from the machine with the session.")
}

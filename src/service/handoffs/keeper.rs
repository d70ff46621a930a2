//! Keeping: nodes forget after about two hours, so what is alive is announced
//! again until it expires, by one process of this device at a time.

use std::fs::File;
use std::net::{IpAddr, UdpSocket};
use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use pkarr::SignedPacket;

use super::lookup::stored_packet;
use crate::handoff::{Identity, Standing};
use crate::service::{ErrorKind, Result, Service, blocking};
use crate::store::{JournalEntry, Stage, files};

/// Held by who keeps.
const LOCK: &str = "keep.lock";
/// Held by who stands by in the background, for when the one that keeps ends.
const BEHIND_LOCK: &str = "keep-behind.lock";
/// How often sealed files of what ended are looked for.
const SWEEP: Duration = Duration::from_mins(10);
/// How often a keeper looks whether it is needed, the machine slept or the
/// network changed.
const GLANCE: Duration = Duration::from_mins(1);
/// A clock that ran on so much further than the wait was asleep with its machine.
const SLEPT: Duration = Duration::from_secs(30);
/// Where nobody lives: asking the system for the way there sends nothing.
const NOWHERE: (&str, u16) = ("192.0.2.1", 9);

/// What keeping did with one handoff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// Audience letter and 13 z-base-32 characters.
    pub token: String,
    /// What was done.
    pub did: Did,
    /// Nodes that took it.
    pub copies: Option<u32>,
    /// Why it failed, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What was done with a handoff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Did {
    /// It is alive, and was announced.
    Announced,
    /// It ended elsewhere; its end was announced.
    Ended,
    /// One that burns is nowhere to be found: it may have been picked up, so it
    /// is not brought back.
    Lost,
    /// The network could not be reached.
    Failed,
}

/// How long a keeper goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// Until it is dropped; where another process keeps already, it stands by.
    Always,
    /// The same until nothing is alive; at once where another process does this
    /// already.
    WhileAlive,
}

impl Service {
    /// Announces everything of this device that is alive, due or not.
    pub async fn keep_once(&self) -> Result<Vec<Kept>> {
        let kept = self.announce_due(|_, _| true).await;
        self.take_away_due().await;
        kept
    }

    /// Keeps what is alive, and tells each round in which something was done. What
    /// is wrong from the start ends it; what is wrong later is tried again.
    pub async fn keep(&self, keeping: Keeping, tell: impl Fn(&[Kept])) -> Result<()> {
        self.lasting()?;
        let _only = match keeping {
            Keeping::Always => None,
            Keeping::WhileAlive => match self.try_lock(BEHIND_LOCK).await? {
                Some(lock) => Some(lock),
                None => return Ok(()),
            },
        };
        let mut lock = self.try_lock(LOCK).await?;
        let mut surroundings = Surroundings::now();
        let every = self.0.settings.keep_every;
        let glance = GLANCE.min(every);
        let mut swept: Option<Instant> = None;
        loop {
            if lock.is_none() {
                lock = self.try_lock(LOCK).await.unwrap_or_default();
            }
            let changed = surroundings.changed(glance);
            if lock.is_some() {
                let due = |entry: &JournalEntry, now| {
                    changed || entry.ending.is_some() || is_due(entry, every, now)
                };
                let kept = self.announce_due(due).await.unwrap_or_default();
                if !kept.is_empty() {
                    tell(&kept);
                }
                if changed || !kept.is_empty() || swept.is_none_or(|at| at.elapsed() > SWEEP) {
                    swept = Some(Instant::now());
                    self.take_away_ended();
                }
            }
            if keeping == Keeping::WhileAlive && self.lasting().is_ok_and(|lasting| lasting.is_empty()) {
                self.take_away_due().await;
                return Ok(());
            }
            tokio::time::sleep(glance).await;
        }
    }

    /// Whether a process of this device keeps its handoffs.
    pub fn is_kept(&self) -> bool {
        let path = self.0.settings.paths.state.join(LOCK);
        path.exists() && files::open_lock(&path).is_ok_and(|file| file.try_lock().is_err())
    }

    /// `None` while another process has it.
    async fn try_lock(&self, name: &str) -> Result<Option<File>> {
        let path = self.0.settings.paths.state.join(name);
        blocking(move || {
            let file = files::open_lock(&path)?;
            Ok(file.try_lock().is_ok().then_some(file))
        })
        .await?
    }

    /// What this device published and has not expired; with the ends of what
    /// ended, which stale copies must not outlive.
    fn lasting(&self) -> Result<Vec<JournalEntry>> {
        let (book, aside) = self.0.journal.load()?;
        self.tell_aside(aside);
        let now = self.now();
        let lasts = |entry: &JournalEntry| {
            entry.expires_at() > now
                && (entry.ending.is_some()
                    || matches!(entry.stage, Stage::Published | Stage::Burned | Stage::Revoked))
        };
        Ok(book.handoffs.into_iter().filter(lasts).collect())
    }

    async fn announce_due(&self, due: impl Fn(&JournalEntry, DateTime<Utc>) -> bool) -> Result<Vec<Kept>> {
        let now = self.now();
        let identity = if self.is_locked() { None } else { self.identity().await.ok() };
        let mut kept = Vec::new();
        self.owe_what_was_held();
        for entry in self.lasting()?.into_iter().filter(|entry| due(entry, now)) {
            kept.extend(self.keep_one(identity.as_ref(), &entry).await);
        }
        Ok(kept)
    }

    async fn keep_one(&self, identity: Option<&Identity>, entry: &JournalEntry) -> Option<Kept> {
        if entry.ending.is_some() {
            let seen_to =
                match identity.and_then(|identity| Some((identity, self.place_of(identity, entry)?))) {
                    Some((identity, place)) => self.see_to_end(identity, entry, &place).await,
                    None => self.see_to_end_locked(entry).await,
                };
            let kept = |did, error| Kept { token: entry.token.to_string(), did, copies: None, error };
            return Some(match seen_to {
                Ok(()) => kept(Did::Ended, None),
                Err(error) => kept(Did::Failed, Some(error.message)),
            });
        }
        let (address, stored) = stored_packet(entry)?;
        // An end is announced as well, and is no news to anybody.
        let was_alive = entry.stage == Stage::Published;
        let kept = |did, copies, error| Kept { token: entry.token.to_string(), did, copies, error };
        let announced = async {
            let (packet, is_there) = self.to_announce(identity, entry, &address, stored).await?;
            // It may have been picked up, so it is not brought back.
            if !is_there && entry.burn_after_read && was_alive {
                return Ok(kept(Did::Lost, Some(0), None));
            }
            let copies = self.0.network.put(&packet, None).await?;
            self.note_announced(&entry.token, copies);
            let ended = identity.is_some_and(|identity| self.is_end(identity, entry, packet));
            Ok(kept(if ended { Did::Ended } else { Did::Announced }, Some(copies), None))
        };
        match announced.await {
            Ok(kept) => was_alive.then_some(kept),
            Err(crate::service::Error { kind: ErrorKind::Unreachable, message, .. }) => {
                was_alive.then(|| kept(Did::Failed, None, Some(message)))
            }
            // It expired meanwhile, or is being picked up.
            Err(_) => None,
        }
    }

    /// Whether a packet is an end, which is then noted.
    fn is_end(&self, identity: &Identity, entry: &JournalEntry, packet: SignedPacket) -> bool {
        let Some(place) = self.place_of(identity, entry) else { return false };
        let stage = match place.judge(&[packet]) {
            Standing::Burned { .. } => Stage::Burned,
            Standing::Revoked { .. } => Stage::Revoked,
            _ => return false,
        };
        self.set_stage(&entry.token, stage, false);
        true
    }
}

/// Whether it is time: hourly, each handoff a little earlier or later than the
/// others.
fn is_due(entry: &JournalEntry, every: Duration, now: DateTime<Utc>) -> bool {
    let last = entry.announced.map_or(entry.created_at, |announced| announced.at);
    let every = TimeDelta::from_std(every).unwrap_or(TimeDelta::hours(1));
    // Between four and six fifths of it.
    let jitter = every * i32::from(entry.token.bytes[0]) / 255 * 2 / 5;
    now >= last + every * 4 / 5 + jitter || now < last - every
}

/// What tells that a machine slept, or is somewhere else.
struct Surroundings {
    clock: SystemTime,
    address: Option<IpAddr>,
}

impl Surroundings {
    fn now() -> Self {
        Self { clock: SystemTime::now(), address: own_address() }
    }

    /// Whether more changed than `waited`.
    fn changed(&mut self, waited: Duration) -> bool {
        let before = std::mem::replace(self, Self::now());
        let passed = self.clock.duration_since(before.clock).unwrap_or_default();
        passed > waited + SLEPT || (self.address.is_some() && self.address != before.address)
    }
}

/// From which of its addresses this machine would send.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind(("0.0.0.0", 0)).ok()?;
    socket.connect(NOWHERE).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handoff::{AudienceKind, Token, time};
    use crate::store::journal::Announced;

    #[test]
    fn each_is_due_about_once_an_hour() {
        let hour = Duration::from_hours(1);
        let at = |minutes| DateTime::from_timestamp(1_800_000_000 + minutes * 60, 0).unwrap();
        let entry = |first: u8, announced: Option<i64>| -> JournalEntry {
            let token = Token { audience: AudienceKind::Devices, bytes: [first; 8] };
            let announced = announced.map(|minutes| Announced { at: at(minutes), copies: 10 });
            serde_json::from_value(serde_json::json!({
                "token": token, "creator": "", "session_id": "", "project": "", "burn_after_read": false,
                "created_at": time::print(&at(0)), "ttl": 28_800, "stage": "published", "announced": announced,
            }))
            .unwrap()
        };
        for (entry, minutes, due) in [
            (entry(0, None), 47, false),
            (entry(0, None), 48, true),
            (entry(255, None), 71, false),
            (entry(255, None), 72, true),
            (entry(0, Some(30)), 77, false),
            (entry(0, Some(30)), 78, true),
            // A clock that was set back must not put it off for ever.
            (entry(0, Some(300)), 48, true),
        ] {
            assert_eq!(is_due(&entry, hour, at(minutes)), due, "{minutes} min");
        }
    }

    #[test]
    fn a_clock_that_ran_on_was_asleep() {
        let mut here = Surroundings::now();
        assert!(!here.changed(Duration::from_mins(1)));
        here.clock -= Duration::from_mins(2);
        assert!(here.changed(Duration::from_mins(1)));
    }
}

//! What happened to handoffs and with other devices, and when: noted whenever the
//! journal changes, kept for a year. No secret and no link stands in it.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Book, JournalEntry, Stage, Unknown};
use crate::handoff::{Token, time};

/// For so long it is kept.
const MEMORY: TimeDelta = TimeDelta::days(365);
/// More is not kept: the journal is written whole with every change.
const MOST: usize = 2_000;
/// One pickup of this device, told by itself and by its receipt, is one.
const SAME: TimeDelta = TimeDelta::minutes(2);

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happening {
    /// It went out.
    Published,
    /// It did not go out.
    Failed,
    /// Somebody picked it up; it stayed readable.
    PickedUp,
    /// Its only reader took it.
    Burned,
    /// It was called back.
    Revoked,
    /// It was given more time.
    Extended,
    /// The key was given to another device, or came from one; no handoff's.
    Paired,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When; whole seconds.
    #[serde(with = "time")]
    pub at: DateTime<Utc>,
    /// What.
    pub event: Happening,
    /// To which handoff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
    /// The host that picked it up, or the other one of a pairing; foreign text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Who signed it (`pk:…`), where this device picked it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// For how many seconds it lives from its creation, where that is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u32>,
    /// Which session it is of: with the first event that is noted of a handoff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<About>,
    /// Fields of a newer cclink.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// Which session a handoff is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The session's UUID.
    pub session_id: String,
    /// The project's path; foreign text where this device picked it up.
    pub project: String,
    /// The project's name in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The title that travelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The recipient's key (`pk:…`) of a share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
}

impl Event {
    /// That something happened now.
    pub fn new(at: DateTime<Utc>, event: Happening, token: Token) -> Self {
        let (by, from, ttl, about) = (None, None, None, None);
        Self { at, event, token: Some(token), by, from, ttl, about, unknown: Unknown::new() }
    }

    /// That this device was paired with another one.
    pub fn paired(at: DateTime<Utc>, hostname: &str) -> Self {
        let (token, by, from, ttl, about) = (None, Some(hostname.to_owned()), None, None, None);
        Self { at, event: Happening::Paired, token, by, from, ttl, about, unknown: Unknown::new() }
    }
}

impl About {
    fn of(entry: &JournalEntry) -> Self {
        Self {
            session_id: entry.session_id.clone(),
            project: entry.project.clone(),
            label: entry.label.clone(),
            title: entry.title.clone(),
            recipient: entry.recipient.clone(),
        }
    }
}

impl Book {
    /// Notes what happened between two states of the journal.
    pub(super) fn log_changes(&mut self, before: &[JournalEntry], now: DateTime<Utc>) {
        let handoffs = std::mem::take(&mut self.handoffs);
        for entry in &handoffs {
            let then = before.iter().find(|then| then.token == entry.token);
            if then != Some(entry) {
                for event in changes(then, entry, now) {
                    self.log_event(event, entry);
                }
            }
        }
        self.handoffs = handoffs;
    }

    /// Notes an event of this device's own handoff.
    fn log_event(&mut self, mut event: Event, entry: &JournalEntry) {
        let is_told = self.log.iter().any(|known| known.token == event.token && known.about.is_some());
        event.about = (!is_told).then(|| About::of(entry));
        if !self.is_logged(&event) {
            self.log.push(event);
        }
    }

    /// Notes that this device picked a handoff up, which may be its own.
    pub fn log_pickup(&mut self, event: Event) {
        let is_half =
            |known: &Event| (known.event, known.token) == (event.event, event.token) && known.by.is_none();
        self.log.retain(|known| !is_half(known));
        if !self.is_logged(&event) {
            self.log.push(event);
        }
    }

    /// Whether this device noted that it picked a handoff up.
    pub fn picked_up_here(&self, token: &Token) -> bool {
        // only of its own pickups it notes who signed
        self.log.iter().any(|event| event.token.as_ref() == Some(token) && event.from.is_some())
    }

    /// Whether the same was noted just before.
    fn is_logged(&self, event: &Event) -> bool {
        let is_it =
            |known: &&Event| (known.event, known.token, &known.by) == (event.event, event.token, &event.by);
        self.log.iter().rev().find(is_it).is_some_and(|known| (event.at - known.at).abs() < SAME)
    }

    /// Everything that is known to have happened; of handoffs that an older cclink
    /// published, what their entries tell.
    pub fn happenings(&self, now: DateTime<Utc>) -> Vec<Event> {
        let begins = |event: &Event| {
            matches!(event.event, Happening::Published | Happening::Failed) && event.from.is_none()
        };
        let known: BTreeSet<Token> =
            self.log.iter().filter(|event| begins(event)).filter_map(|event| event.token).collect();
        let older = self.handoffs.iter().filter(|entry| !known.contains(&entry.token));
        older.flat_map(|entry| told_by(entry, now)).chain(self.log.iter().cloned()).collect()
    }

    pub(super) fn forget_log(&mut self, now: DateTime<Utc>) {
        self.log.retain(|event| event.at + MEMORY > now);
        let too_many = self.log.len().saturating_sub(MOST);
        self.log.drain(..too_many);
    }
}

/// What the entry of a handoff tells by itself. When it was revoked it does not.
fn told_by(entry: &JournalEntry, now: DateTime<Utc>) -> Vec<Event> {
    let about = |event| Event { about: Some(About::of(entry)), ..event };
    let mut told = match entry.stage {
        Stage::Publishing => Vec::new(),
        Stage::Failed => vec![about(Event::new(entry.created_at, Happening::Failed, entry.token))],
        _ => vec![about(published(entry, entry.created_at))],
    };
    let rest = changes(None, entry, entry.expires_at().min(now));
    told.extend(
        rest.into_iter().filter(|event| matches!(event.event, Happening::Burned | Happening::PickedUp)),
    );
    told
}

fn published(entry: &JournalEntry, at: DateTime<Utc>) -> Event {
    Event { ttl: Some(entry.ttl.seconds()), ..Event::new(at, Happening::Published, entry.token) }
}

/// What happened to a handoff between two states of its entry.
fn changes(then: Option<&JournalEntry>, entry: &JournalEntry, now: DateTime<Utc>) -> Vec<Event> {
    let mut events = Vec::new();
    let mut add = |event: Event| events.push(event);
    let new = |event| Event::new(now, event, entry.token);
    let picked_up = |event| {
        let by = entry.picked_up.as_ref();
        // The reader's clock is believed where it can be right.
        let at = by.map(|by| by.at).filter(|at| (entry.created_at..=now.max(entry.created_at)).contains(at));
        Event { by: by.map(|by| by.hostname.clone()), at: at.unwrap_or(now), ..new(event) }
    };
    let stage = then.map(|then| then.stage);
    if stage != Some(entry.stage) {
        match entry.stage {
            Stage::Publishing => {}
            Stage::Published => add(published(entry, now)),
            Stage::Failed => add(new(Happening::Failed)),
            Stage::Revoked => add(new(Happening::Revoked)),
            Stage::Burned => add(picked_up(Happening::Burned)),
        }
    }
    let is_taken = then.is_none_or(|then| then.picked_up != entry.picked_up) && entry.picked_up.is_some();
    if is_taken && !entry.burn_after_read {
        add(picked_up(Happening::PickedUp));
    }
    if then.is_some_and(|then| then.ttl < entry.ttl) {
        add(Event { ttl: Some(entry.ttl.seconds()), ..new(Happening::Extended) });
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handoff::{Trace, Ttl};
    use crate::store::Journal;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + minutes * 60, 0).unwrap()
    }

    fn entry(stage: Stage, burn: bool) -> JournalEntry {
        serde_json::from_value(serde_json::json!({
            "token": "d1111111111111", "creator": "pk:x", "session_id": "s", "project": "/p", "title": "t",
            "burn_after_read": burn, "created_at": time::print(&at(0)), "ttl": 3600, "stage": stage,
        }))
        .unwrap()
    }

    fn trace(minutes: i64, host: &str) -> Trace {
        Trace { at: at(minutes), hostname: host.to_owned(), id: None }
    }

    fn happened(book: &Book, now: DateTime<Utc>) -> Vec<(i64, Happening, Option<String>)> {
        let minutes = |time: DateTime<Utc>| (time - at(0)).num_minutes();
        book.happenings(now).into_iter().map(|event| (minutes(event.at), event.event, event.by)).collect()
    }

    #[test]
    fn each_change_of_a_handoff_is_noted_once() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::new(dir.path());
        let change = |minute, change: &dyn Fn(&mut JournalEntry)| {
            journal.update(at(minute), |book| change(&mut book.handoffs[0])).unwrap();
        };
        journal.update(at(0), |book| book.handoffs.push(entry(Stage::Publishing, false))).unwrap();
        change(1, &|entry| entry.stage = Stage::Published);
        change(2, &|entry| entry.indexed = true);
        change(5, &|entry| {
            entry.picked_up = Some(trace(4, "laptop"));
        });
        change(6, &|entry| entry.ttl = Ttl::from_seconds(7200).unwrap());
        // A reader's clock that cannot be right.
        change(8, &|entry| {
            entry.picked_up = Some(trace(900, "nas"));
        });
        change(9, &|entry| entry.stage = Stage::Revoked);
        change(10, &|entry| entry.stage = Stage::Revoked);
        let book = journal.load().unwrap().0;
        let told = happened(&book, at(11));
        let by = |host: &str| Some(host.to_owned());
        assert_eq!(
            told,
            [
                (1, Happening::Published, None),
                (4, Happening::PickedUp, by("laptop")),
                (6, Happening::Extended, None),
                (8, Happening::PickedUp, by("nas")),
                (9, Happening::Revoked, None),
            ]
        );
        let about: Vec<bool> = book.log.iter().map(|event| event.about.is_some()).collect();
        assert_eq!(about, [true, false, false, false, false], "once");
    }

    #[test]
    fn one_that_burned_here_is_one_event_that_says_by_whom() {
        let mut book = Book::default();
        book.handoffs.push(entry(Stage::Burned, true));
        book.log_changes(&[entry(Stage::Published, true)], at(3));
        let event = Event {
            by: Some("here".to_owned()),
            ..Event::new(at(3), Happening::Burned, entry(Stage::Burned, true).token)
        };
        for _ in 0..2 {
            book.log_pickup(event.clone());
        }
        assert_eq!(book.log.len(), 1);
        assert_eq!(book.log[0].by.as_deref(), Some("here"));
    }

    #[test]
    fn what_an_older_cclink_published_is_told_by_its_entry() {
        let mut book = Book::default();
        let mut burned = entry(Stage::Burned, true);
        burned.picked_up = Some(trace(7, "laptop"));
        book.handoffs.push(burned);
        let by = Some("laptop".to_owned());
        assert_eq!(happened(&book, at(90)), [(0, Happening::Published, None), (7, Happening::Burned, by)]);
        book.handoffs[0] = entry(Stage::Publishing, false);
        assert_eq!(happened(&book, at(90)), []);
    }

    #[test]
    fn it_is_forgotten_after_a_year_and_never_grows_without_end() {
        let mut book = Book::default();
        let token = entry(Stage::Published, false).token;
        book.log = (0..3000).map(|minute| Event::new(at(minute), Happening::Published, token)).collect();
        book.forget_log(at(3000));
        assert_eq!((book.log.len(), book.log[0].at), (MOST, at(1000)));
        book.forget_log(at(2000) + MEMORY);
        assert_eq!(book.log[0].at, at(2001));
    }
}

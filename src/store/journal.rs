//! The journal: what this device published and which ends it saw. Written
//! before anything goes out, so that a crash loses nothing.

mod carried;
mod log;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::carried::{CarriedFile, CarryChoice, CarryStore, CarryWay, KnownStore};
pub use self::log::{About, Event, Happening};
use super::{StoreError, files};
use crate::handoff::{Token, Trace, Ttl, time};

/// Ended handoffs are remembered for this long after their expiry.
const MEMORY: TimeDelta = TimeDelta::days(30);
/// What cannot be read is kept for this long: far longer than anything lives.
const UNREAD_MEMORY: TimeDelta = TimeDelta::days(365);
/// What this cclink writes. A newer one's number stays as it is.
const VERSION: u32 = 1;

/// What a newer cclink wrote, and this one does not know: kept as it is.
pub type Unknown = Map<String, Value>;

const HANDOFFS: &str = "handoffs";
const ENDS: &str = "ends";
const TAKING: &str = "taking";
const PLACES: &str = "places";
const HOSTS: &str = "hosts";
const CARRIED: &str = "carried";
const STORES: &str = "stores";
const CARRY: &str = "carry";
const LOG: &str = "log";

/// How far a handoff came, as far as this device knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Meant to go out; nothing is acknowledged yet.
    Publishing,
    /// Acknowledged.
    Published,
    /// Never went out, and never will by itself.
    Failed,
    /// Taken by its only reader.
    Burned,
    /// Called back.
    Revoked,
}

/// One handoff of this device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// Its name.
    pub token: Token,
    /// The recipient's key (`pk:…`) of a share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// Who signed it (`pk:…`).
    pub creator: String,
    /// The session's UUID.
    pub session_id: String,
    /// The project's path.
    pub project: String,
    /// The project's name in lists.
    #[serde(default)]
    pub label: Option<String>,
    /// The title that travelled.
    #[serde(default)]
    pub title: Option<String>,
    /// The SSH address that the user set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh: Option<String>,
    /// Whether the user chose the title, or none, for this handoff.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub title_named: bool,
    /// Whether the user chose the SSH address, or none, for this handoff.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ssh_named: bool,
    /// Whether the first pickup takes it away.
    pub burn_after_read: bool,
    /// Whole seconds.
    #[serde(with = "time")]
    pub created_at: DateTime<Utc>,
    /// Seconds from its creation.
    pub ttl: Ttl,
    /// How far it came.
    pub stage: Stage,
    /// Whether its mailbox's list is known to hold it (a link needs none).
    #[serde(default)]
    pub indexed: bool,
    /// The signed packet as it went out: signature, sequence and DNS packet in
    /// z-base-32. Announcing it again needs no secret.
    #[serde(default)]
    pub packet: String,
    /// Where it lies: 32 bytes in z-base-32.
    #[serde(default)]
    pub address: String,
    /// The mailbox's secret, and a link's or the PIN that was made for it, in an
    /// age file to the identity itself, in z-base-32. Never a PIN that was typed.
    #[serde(default)]
    pub sealed: String,
    /// Who took it, and when.
    #[serde(default)]
    pub picked_up: Option<Trace>,
    /// The handoff that this one is the phone pass of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass_of: Option<Token>,
    /// The handoffs of the same session that this one takes the place of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaces: Vec<Token>,
    /// The signed end that it is owed, in z-base-32: what failed may lie on some
    /// nodes, and a revocation may have reached too few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ending: Option<String>,
    /// The same of one that is about to be revoked, and can still be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoking: Option<Revoking>,
    /// When it was announced again last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced: Option<Announced>,
    /// Those that went out with it, to other people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Group>,
    /// Fields of a newer cclink.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// Several people were given a session at once: one handoff each, one row for who
/// gave it. Each of its handoffs says so, before it goes out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Tells it from every other, also of the same name.
    pub id: String,
    /// The team's name, or the people's: `anna, ben`.
    pub name: String,
    /// How many people were meant.
    pub of: usize,
    /// Fields of a newer cclink.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// A revocation that can still be undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoking {
    /// The signed end, in z-base-32.
    pub end: String,
    /// From when on it is owed, whoever was to bring it. Whole seconds.
    #[serde(with = "time")]
    pub from: DateTime<Utc>,
}

/// When a handoff was announced again, and to how many nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    /// Whole seconds.
    #[serde(with = "time")]
    pub at: DateTime<Utc>,
    /// Nodes that took it.
    pub copies: u32,
}

impl JournalEntry {
    /// When it ends.
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.created_at + TimeDelta::seconds(i64::from(self.ttl.seconds()))
    }
}

/// An end that this device saw: remembered until the handoff would have
/// expired, so that a stale copy cannot bring it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The signed packet in z-base-32.
    pub packet: String,
    /// When it may be forgotten.
    #[serde(with = "time")]
    pub until: DateTime<Utc>,
    /// Fields of a newer cclink.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// A pickup for good that was begun: should this process die between taking the
/// handoff and showing it, the next one still can. Its conversation can be brought
/// by it later, too, which nobody else can do any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taking {
    /// The burned packet that is ours, in z-base-32.
    pub burned: String,
    /// The record's packet, in z-base-32.
    pub record: String,
    /// It is ours for good, whatever nodes forget.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub won: bool,
    /// It reached its reader.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub settled: bool,
    /// When it may be forgotten.
    #[serde(with = "time")]
    pub until: DateTime<Utc>,
    /// Fields of a newer cclink.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// What the file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Book {
    /// What this device published, in that order.
    pub handoffs: Vec<JournalEntry>,
    /// Ends by address, both in z-base-32.
    pub ends: BTreeMap<String, End>,
    /// Pickups for good, by address in z-base-32.
    pub taking: BTreeMap<String, Taking>,
    /// Where projects of other machines lie on this one, as the user said.
    pub places: BTreeMap<String, PathBuf>,
    /// Where other machines are reached by SSH, as the user said when it worked.
    pub hosts: BTreeMap<String, String>,
    /// Sealed files of this device, by their names.
    pub carried: BTreeMap<String, CarriedFile>,
    /// Places for sealed files, by [`CarryStore::key`].
    pub stores: BTreeMap<String, KnownStore>,
    /// How the conversations of a project went along last.
    pub carry: BTreeMap<String, CarryChoice>,
    /// What happened to handoffs, as it was noted.
    pub log: Vec<Event>,
    /// What cannot be read, part by part, in the form of the file.
    unread: Map<String, Value>,
}

impl Book {
    /// Whether the group of a handoff that is to go out was revoked meanwhile.
    pub fn is_group_revoked(&self, entry: &JournalEntry) -> bool {
        let Some(group) = &entry.group else { return false };
        self.handoffs.iter().any(|other| {
            let is_beside = other.group.as_ref().is_some_and(|its| its.id == group.id);
            // What failed is owed its end, too.
            let is_owed = other.ending.is_some() && other.stage != Stage::Failed;
            is_beside && (other.stage == Stage::Revoked || is_owed)
        })
    }

    /// The entry of a token.
    pub fn entry(&mut self, token: &Token) -> Option<&mut JournalEntry> {
        self.handoffs.iter_mut().find(|entry| entry.token == *token)
    }

    /// How many handoffs are kept that this cclink cannot read: a newer one
    /// wrote them.
    pub fn unread_handoffs(&self) -> usize {
        self.unread.get(HANDOFFS).and_then(Value::as_array).map_or(0, Vec::len)
    }

    /// One entry that cannot be read costs itself alone, and is kept.
    fn read(mut file: Map<String, Value>) -> Self {
        let (handoffs, unread_handoffs) = read_list(file.remove(HANDOFFS));
        let (ends, unread_ends) = read_map(file.remove(ENDS));
        let (taking, unread_taking) = read_map(file.remove(TAKING));
        let (places, unread_places) = read_map(file.remove(PLACES));
        let (hosts, unread_hosts) = read_map(file.remove(HOSTS));
        let (carried, unread_carried) = read_map(file.remove(CARRIED));
        let (stores, unread_stores) = read_map(file.remove(STORES));
        let (carry, unread_carry) = read_map(file.remove(CARRY));
        let (log, unread_log) = read_list(file.remove(LOG));
        let unread = [
            (HANDOFFS, unread_handoffs),
            (ENDS, unread_ends),
            (TAKING, unread_taking),
            (PLACES, unread_places),
            (HOSTS, unread_hosts),
            (CARRIED, unread_carried),
            (STORES, unread_stores),
            (CARRY, unread_carry),
            (LOG, unread_log),
        ];
        file.extend(unread.into_iter().filter_map(|(part, unread)| Some((part.to_owned(), unread?))));
        Self { handoffs, ends, taking, places, hosts, carried, stores, carry, log, unread: file }
    }

    fn write(&self) -> serde_json::Result<Vec<u8>> {
        let mut file = self.unread.clone();
        file.entry("version").or_insert_with(|| VERSION.into());
        for (part, value) in [
            (HANDOFFS, serde_json::to_value(&self.handoffs)?),
            (ENDS, serde_json::to_value(&self.ends)?),
            (TAKING, serde_json::to_value(&self.taking)?),
            (PLACES, serde_json::to_value(&self.places)?),
            (HOSTS, serde_json::to_value(&self.hosts)?),
            (CARRIED, serde_json::to_value(&self.carried)?),
            (STORES, serde_json::to_value(&self.stores)?),
            (CARRY, serde_json::to_value(&self.carry)?),
            (LOG, serde_json::to_value(&self.log)?),
        ] {
            match (file.get_mut(part), value) {
                (Some(Value::Array(unread)), Value::Array(all)) => {
                    unread.splice(0..0, all);
                }
                (Some(Value::Object(unread)), Value::Object(all)) => unread.extend(all),
                // A part of another form than ours, kept beside it.
                (Some(unread), value) => {
                    let unread = std::mem::replace(unread, value);
                    file.insert(format!("{part}_unread"), unread);
                }
                (None, value) => {
                    file.insert(part.to_owned(), value);
                }
            }
        }
        serde_json::to_vec_pretty(&file)
    }

    fn forget(&mut self, now: DateTime<Utc>) {
        self.handoffs.retain(|entry| entry.expires_at() + MEMORY > now);
        self.ends.retain(|_, end| end.until > now);
        self.taking.retain(|_, taking| taking.until > now);
        // One that lies somewhere is known until it was taken away.
        self.carried.retain(|_, file| (file.store.is_some() && !file.taken_away) || file.at + MEMORY > now);
        self.forget_log(now);
        for part in [HANDOFFS, ENDS, TAKING, CARRIED, LOG] {
            match self.unread.get_mut(part) {
                Some(Value::Array(all)) => all.retain_mut(|value| may_matter(value, now)),
                Some(Value::Object(all)) => all.retain(|_, value| may_matter(value, now)),
                _ => {}
            }
        }
    }
}

/// Whether what cannot be read may still be of use. What says no time of its own
/// is given the one at which it was met.
fn may_matter(value: &mut Value, now: DateTime<Utc>) -> bool {
    let Value::Object(fields) = value else { return true };
    let time = |name: &str| time::parse(fields.get(name)?.as_str()?);
    let said = ["unread_since", "created_at", "until", "at"].into_iter().filter_map(time);
    if let Some(at) = said.filter(|at| *at < now + MEMORY).max() {
        return at + UNREAD_MEMORY > now;
    }
    fields.insert("unread_since".to_owned(), time::print(&now).into());
    true
}

/// The entries that can be read, and the rest.
fn read_list<T: DeserializeOwned>(part: Option<Value>) -> (Vec<T>, Option<Value>) {
    let all = match part {
        None => return (Vec::new(), None),
        Some(Value::Array(all)) => all,
        Some(other) => return (Vec::new(), Some(other)),
    };
    let (mut read, mut unread) = (Vec::new(), Vec::new());
    for value in all {
        match T::deserialize(&value) {
            Ok(entry) => read.push(entry),
            Err(_) => unread.push(value),
        }
    }
    (read, (!unread.is_empty()).then_some(Value::Array(unread)))
}

fn read_map<T: DeserializeOwned>(part: Option<Value>) -> (BTreeMap<String, T>, Option<Value>) {
    let all = match part {
        None => return (BTreeMap::new(), None),
        Some(Value::Object(all)) => all,
        Some(other) => return (BTreeMap::new(), Some(other)),
    };
    let (mut read, mut unread) = (BTreeMap::new(), Map::new());
    for (key, value) in all {
        match T::deserialize(&value) {
            Ok(entry) => drop(read.insert(key, entry)),
            Err(_) => drop(unread.insert(key, value)),
        }
    }
    (read, (!unread.is_empty()).then_some(Value::Object(unread)))
}

/// The journal of one device, shared by its processes. What was read stays in
/// memory until the file is another one.
#[derive(Clone, Debug)]
pub struct Journal {
    path: PathBuf,
    memory: Arc<Mutex<Option<(files::Stamp, Book)>>>,
}

impl Journal {
    /// In the folder of state.
    pub fn new(state: &Path) -> Self {
        Self { path: state.join("journal.json"), memory: Arc::default() }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it holds now. A damaged file is set aside first; where to, is
    /// given back with an empty book.
    pub fn load(&self) -> Result<(Book, Option<PathBuf>), StoreError> {
        if let Some(book) = self.remembered() {
            return Ok((book, None));
        }
        if let Some(book) = self.read()? {
            return Ok((book, None));
        }
        let _lock = files::lock(&self.path)?;
        self.read_or_set_aside()
    }

    /// What it holds now, looked at and nothing else; `None` where it is damaged.
    pub fn peek(&self) -> Result<Option<Book>, StoreError> {
        self.remembered().map_or_else(|| self.read(), |book| Ok(Some(book)))
    }

    /// What was read of this very file before.
    fn remembered(&self) -> Option<Book> {
        let now = files::stamp(&self.path)?;
        let memory = self.memory.lock().ok()?;
        memory.as_ref().filter(|(read, _)| *read == now).map(|(_, book)| book.clone())
    }

    /// Keeps what was just written, while nobody else can write: reading it again costs
    /// as much as it is long, and it is written several times for each handoff.
    fn remember(&self, book: Book) {
        if let (Some(stamp), Ok(mut memory)) = (files::stamp(&self.path), self.memory.lock()) {
            *memory = Some((stamp, book));
        }
    }

    /// `None` for a file that is not a JSON object: nothing in it can be saved.
    fn read(&self) -> Result<Option<Book>, StoreError> {
        // Taken before: should the file be replaced now, it is read again.
        let stamp = files::stamp(&self.path);
        let Some(content) = files::read(&self.path)? else { return Ok(Some(Book::default())) };
        let book = serde_json::from_slice(&content).ok().map(Book::read);
        if let (Some(stamp), Some(book), Ok(mut memory)) = (stamp, &book, self.memory.lock()) {
            *memory = Some((stamp, book.clone()));
        }
        Ok(book)
    }

    fn read_or_set_aside(&self) -> Result<(Book, Option<PathBuf>), StoreError> {
        match self.read()? {
            Some(book) => Ok((book, None)),
            None => Ok((Book::default(), Some(files::set_aside(&self.path)?))),
        }
    }

    /// Changes it while no other process does, and writes it whole. Says where
    /// a damaged one was set aside.
    pub fn update<T>(
        &self,
        now: DateTime<Utc>,
        change: impl FnOnce(&mut Book) -> T,
    ) -> Result<(T, Option<PathBuf>), StoreError> {
        let _lock = files::lock(&self.path)?;
        let (mut book, aside) = self.read_or_set_aside()?;
        let before = book.clone();
        let result = change(&mut book);
        book.log_changes(&before.handoffs, now);
        book.forget(now);
        if book != before || !self.path.exists() {
            let content = book.write().map_err(|error| StoreError::damaged(&self.path, &error))?;
            files::replace(&self.path, &content)?;
            self.remember(book);
        }
        Ok((result, aside))
    }
}

#[cfg(test)]
mod tests;

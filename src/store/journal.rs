//! The journal: what this device published and which ends it saw. Written
//! before anything goes out, so that a crash loses nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{StoreError, files};
use crate::handoff::{Token, Trace, Ttl, time};

/// Ended handoffs are remembered for this long after their expiry.
const MEMORY: TimeDelta = TimeDelta::days(30);

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
pub struct Entry {
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
    /// The mailbox's secret and a link's, in an age file to the identity
    /// itself, in z-base-32. Never the PIN.
    #[serde(default)]
    pub sealed: String,
    /// Who took it, and when.
    #[serde(default)]
    pub picked_up: Option<Trace>,
    /// The handoff that this one is the phone pass of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass_of: Option<Token>,
}

impl Entry {
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
}

/// A pickup for good that was begun: should this process die between taking the
/// handoff and showing it, the next one still can.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taking {
    /// The burned packet that is ours, in z-base-32.
    pub burned: String,
    /// The record's packet, in z-base-32.
    pub record: String,
    /// When it may be forgotten.
    #[serde(with = "time")]
    pub until: DateTime<Utc>,
}

/// What the file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    /// What this device published, in that order.
    #[serde(default)]
    pub handoffs: Vec<Entry>,
    /// Ends by address, both in z-base-32.
    #[serde(default)]
    pub ends: BTreeMap<String, End>,
    /// Pickups under way, by address in z-base-32.
    #[serde(default)]
    pub taking: BTreeMap<String, Taking>,
    /// Where projects of other machines lie on this one, as the user said.
    #[serde(default)]
    pub places: BTreeMap<String, PathBuf>,
}

impl Book {
    /// The entry of a token.
    pub fn entry(&mut self, token: &Token) -> Option<&mut Entry> {
        self.handoffs.iter_mut().find(|entry| entry.token == *token)
    }

    fn forget(&mut self, now: DateTime<Utc>) {
        self.handoffs.retain(|entry| entry.expires_at() + MEMORY > now);
        self.ends.retain(|_, end| end.until > now);
        self.taking.retain(|_, taking| taking.until > now);
    }
}

/// The journal of one device, shared by its processes.
#[derive(Clone, Debug)]
pub struct Journal {
    path: PathBuf,
}

impl Journal {
    /// In the folder of state.
    pub fn new(state: &Path) -> Self {
        Self { path: state.join("journal.json") }
    }

    /// What it holds now. A damaged file is set aside first; where to, is
    /// given back with an empty book.
    pub fn load(&self) -> Result<(Book, Option<PathBuf>), StoreError> {
        if let Some(book) = self.read()? {
            return Ok((book, None));
        }
        let _lock = files::lock(&self.path)?;
        self.read_or_set_aside()
    }

    /// `None` for a damaged file.
    fn read(&self) -> Result<Option<Book>, StoreError> {
        let Some(content) = files::read(&self.path)? else { return Ok(Some(Book::default())) };
        Ok(serde_json::from_slice(&content).ok())
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
        book.forget(now);
        if book != before || !self.path.exists() {
            let content =
                serde_json::to_vec_pretty(&book).map_err(|error| StoreError::damaged(&self.path, &error))?;
            files::replace(&self.path, &content)?;
        }
        Ok((result, aside))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_journal_is_kept_aside() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::new(dir.path());
        std::fs::write(dir.path().join("journal.json"), b"{\"handoffs\": [").unwrap();
        let (book, aside) = journal.load().unwrap();
        assert_eq!(book, Book::default());
        assert_eq!(std::fs::read(aside.unwrap()).unwrap(), b"{\"handoffs\": [");
        assert_eq!(journal.load().unwrap().1, None);
    }

    #[test]
    fn changes_of_many_threads_all_stay() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::new(dir.path());
        let until = Utc::now() + TimeDelta::hours(1);
        std::thread::scope(|scope| {
            for number in 0..8 {
                let journal = &journal;
                scope.spawn(move || {
                    let end = End { packet: String::new(), until };
                    journal.update(Utc::now(), |book| book.ends.insert(number.to_string(), end)).unwrap();
                });
            }
        });
        assert_eq!(journal.load().unwrap().0.ends.len(), 8);
    }
}

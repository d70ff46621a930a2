//! The spool: sessions that ended and wait to be handed over. Claude gives a
//! hook a second and a half; what takes longer is written down here, and a
//! worker of our own does it.

use std::fs::File;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{StoreError, files};
use crate::handoff::record::is_session_id;
use crate::handoff::time;

/// A session that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spooled {
    /// The session's UUID, in lower case: the file's name.
    pub session_id: String,
    /// Its transcript, as the hook was told.
    #[serde(default)]
    pub transcript: Option<PathBuf>,
    /// When it ended; whole seconds.
    #[serde(with = "time")]
    pub at: DateTime<Utc>,
    /// How often handing it over was tried.
    #[serde(default)]
    pub tries: u32,
    /// Its conversation goes along, also where none of its project did before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub carry: bool,
}

/// Why the last one could not be handed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpoolFailure {
    /// Which session.
    pub session_id: String,
    /// When it was given up.
    #[serde(with = "time")]
    pub at: DateTime<Utc>,
    /// What happened, and why.
    pub error: String,
}

/// The folder of what waits.
#[derive(Clone, Debug)]
pub struct Spool {
    folder: PathBuf,
}

impl Spool {
    /// In the folder of state.
    pub fn new(state: &Path) -> Self {
        Self { folder: state.join("spool") }
    }

    /// Writes an entry down, in place of an older one of the same session.
    pub fn put(&self, entry: &Spooled) -> Result<(), StoreError> {
        let path = self.path(&entry.session_id)?;
        let content = serde_json::to_vec(entry).map_err(|error| StoreError::damaged(&path, &error))?;
        files::replace(&path, &content)
    }

    /// Everything that waits, the oldest first. What is damaged goes: nobody
    /// could hand it over.
    pub fn all(&self) -> Result<Vec<Spooled>, StoreError> {
        let entries = match self.folder.read_dir() {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StoreError::io(&self.folder)(error)),
        };
        let mut all = Vec::new();
        for entry in entries.flatten() {
            let name = entry.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(".json"));
            let Some(id) = id.filter(|id| is_session_id(id)) else { continue };
            match self.read(id) {
                Some(entry) => all.push(entry),
                None => drop(std::fs::remove_file(entry.path())),
            }
        }
        all.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.session_id.cmp(&b.session_id)));
        Ok(all)
    }

    /// Notes another try; false where the entry changed or went meanwhile.
    pub fn tried(&self, entry: &mut Spooled) -> Result<bool, StoreError> {
        if self.read(&entry.session_id).as_ref() != Some(entry) {
            return Ok(false);
        }
        entry.tries += 1;
        self.put(entry).map(|()| true)
    }

    /// Removes an entry, unless a newer one stands in its place.
    pub fn remove(&self, entry: &Spooled) -> Result<(), StoreError> {
        if self.read(&entry.session_id).as_ref() == Some(entry) {
            files::remove(&self.path(&entry.session_id)?)?;
        }
        Ok(())
    }

    /// Keeps why an entry was given up; `None` forgets it.
    pub fn note_failure(&self, failure: Option<&SpoolFailure>) -> Result<(), StoreError> {
        let path = self.failure_path();
        match failure {
            Some(failure) => {
                let content =
                    serde_json::to_vec(failure).map_err(|error| StoreError::damaged(&path, &error))?;
                files::replace(&path, &content)
            }
            None => files::remove(&path),
        }
    }

    /// Why the last entry was given up, unless one went well since.
    pub fn failure(&self) -> Option<SpoolFailure> {
        serde_json::from_slice(&files::read(&self.failure_path()).ok()??).ok()
    }

    /// Waits until no other worker is at it; the system lets go of the lock
    /// when its process dies.
    pub fn lock(&self) -> Result<File, StoreError> {
        let path = self.folder.join("worker.lock");
        let file = files::open_lock(&path)?;
        file.lock().map_err(StoreError::io(&path))?;
        Ok(file)
    }

    fn read(&self, id: &str) -> Option<Spooled> {
        let content = files::read(&self.path(id).ok()?).ok()??;
        serde_json::from_slice::<Spooled>(&content).ok().filter(|entry| entry.session_id == id)
    }

    fn path(&self, id: &str) -> Result<PathBuf, StoreError> {
        if is_session_id(id) {
            return Ok(self.folder.join(format!("{id}.json")));
        }
        Err(StoreError::damaged(&self.folder, "only sessions with an id are kept here"))
    }

    fn failure_path(&self) -> PathBuf {
        self.folder.join("failure.json")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_down_meanwhile_stays() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::new(dir.path());
        assert!(spool.all().unwrap().is_empty());
        let id = "11111111-2222-4333-8444-555555555555".to_owned();
        let at = time::parse("2026-11-25T04:00:00Z").unwrap();
        let mut entry = Spooled { session_id: id, transcript: None, at, tries: 0, carry: false };
        spool.put(&entry).unwrap();
        assert!(spool.tried(&mut entry).unwrap());
        assert_eq!(spool.all().unwrap(), std::slice::from_ref(&entry));
        let newer = Spooled { at: at + chrono::TimeDelta::seconds(9), tries: 0, ..entry.clone() };
        spool.put(&newer).unwrap();
        assert!(!spool.tried(&mut entry).unwrap());
        spool.remove(&entry).unwrap();
        assert_eq!(spool.all().unwrap(), std::slice::from_ref(&newer));
        spool.remove(&newer).unwrap();
        assert!(spool.all().unwrap().is_empty());
        // Nothing else in the folder is taken for an entry, nor is a damaged one.
        let folder = dir.path().join("spool");
        std::fs::write(folder.join(format!("{}.json", newer.session_id)), "{").unwrap();
        std::fs::write(folder.join("failure.json"), "{}").unwrap();
        assert!(spool.all().unwrap().is_empty());
        assert!(spool.put(&Spooled { session_id: "../x".to_owned(), ..newer }).is_err());
    }
}

//! Contacts: names for public keys.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::StoreError;
use super::files::{self, Stamp};
use super::journal::Unknown;
use crate::handoff::PublicKey;
use crate::text;

/// One contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// As the user named it; unique.
    pub name: String,
    /// `pk:…`.
    pub public_key: String,
    /// Whether it is one of the user's own identities.
    #[serde(default)]
    pub mine: bool,
    /// Fields of a newer cclink.
    #[serde(flatten)]
    pub unknown: Unknown,
}

impl Contact {
    /// Its key; `None` where the file was edited into nonsense.
    pub fn key(&self) -> Option<PublicKey> {
        self.public_key.parse().ok()
    }
}

/// Why a name cannot be a contact's.
pub fn unfit_name(name: &str) -> Option<&'static str> {
    if name.trim() != name || name.is_empty() {
        Some("a contact's name is not empty and has no spaces around it")
    } else if name.len() > 64 {
        Some("a contact's name has at most 64 bytes")
    } else if text::clean(name) != name || name.starts_with('-') {
        Some("a contact's name has no control characters and does not start with `-`")
    } else if name.contains(['/', '#', ':']) {
        Some("a contact's name has no `/`, `#` or `:`, so that it is never taken for a link")
    } else if name.parse::<PublicKey>().is_ok() {
        Some("a contact's name cannot be a public key")
    } else {
        None
    }
}

/// The file of contacts.
pub struct Contacts {
    path: PathBuf,
    /// What was read last, and of which file: a list asks for a name in every row.
    memory: Mutex<Option<(Stamp, Vec<Contact>)>>,
}

impl Contacts {
    /// In the folder of settings.
    pub fn new(config: &Path) -> Self {
        Self { path: config.join("contacts.json"), memory: Mutex::default() }
    }

    /// All of them, in the order they were added, names made safe to show. What
    /// is no contact is left out.
    pub fn load(&self) -> Result<Vec<Contact>, StoreError> {
        // Taken before: should the file be replaced now, it is read again.
        let stamp = files::stamp(&self.path);
        let remembered = || {
            let memory = self.memory.lock().ok()?;
            memory.as_ref().filter(|(read, _)| Some(*read) == stamp).map(|(_, contacts)| contacts.clone())
        };
        if let Some(contacts) = remembered() {
            return Ok(contacts);
        }
        let (contacts, _) = self.read()?;
        if let (Some(stamp), Ok(mut memory)) = (stamp, self.memory.lock()) {
            *memory = Some((stamp, contacts.clone()));
        }
        Ok(contacts)
    }

    /// The contacts, and entries that are none.
    fn read(&self) -> Result<(Vec<Contact>, Vec<Value>), StoreError> {
        let Some(content) = files::read(&self.path)? else { return Ok((Vec::new(), Vec::new())) };
        let all: Vec<Value> =
            serde_json::from_slice(&content).map_err(|error| StoreError::damaged(&self.path, &error))?;
        let (mut usable, mut rest) = (Vec::new(), Vec::new());
        for value in all {
            let contact = Contact::deserialize(&value).ok();
            match contact.and_then(|contact| Some((contact.key()?, contact))) {
                Some((key, contact)) => usable.push(Contact {
                    name: text::clean(&contact.name),
                    public_key: key.to_string(),
                    ..contact
                }),
                None => rest.push(value),
            }
        }
        Ok((usable, rest))
    }

    /// Changes them while no other process does. Entries that are no contacts
    /// stay in the file: a newer cclink may have written them, or a hand that
    /// slipped.
    pub fn update<T, E: From<StoreError>>(
        &self,
        change: impl FnOnce(&mut Vec<Contact>) -> Result<T, E>,
    ) -> Result<T, E> {
        let _lock = files::lock(&self.path)?;
        let (mut contacts, rest) = self.read()?;
        let result = change(&mut contacts)?;
        let damaged = |error| StoreError::damaged(&self.path, &error);
        let mut all: Vec<Value> =
            contacts.iter().map(serde_json::to_value).collect::<Result<_, _>>().map_err(damaged)?;
        all.extend(rest);
        let content = serde_json::to_vec_pretty(&all).map_err(damaged)?;
        files::replace(&self.path, &content)?;
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handoff::Identity;

    #[test]
    fn what_another_process_changes_is_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let (ours, theirs) = (Contacts::new(dir.path()), Contacts::new(dir.path()));
        let names = || ours.load().unwrap().into_iter().map(|contact| contact.name).collect::<Vec<_>>();
        assert_eq!(names(), [""; 0]);
        for (number, name) in [(1, "anna"), (2, "ben")] {
            let public_key = Identity::from_seed(&[number; 32]).public().to_string();
            let contact = Contact { name: name.to_owned(), public_key, mine: false, unknown: Unknown::new() };
            let add = |all: &mut Vec<Contact>| {
                all.push(contact);
                Ok::<_, StoreError>(())
            };
            theirs.update(add).unwrap();
            assert_eq!(names().last().map(String::as_str), Some(name));
        }
        // Of the same size.
        let swap = |all: &mut Vec<Contact>| {
            all.swap(0, 1);
            Ok::<_, StoreError>(())
        };
        theirs.update(swap).unwrap();
        assert_eq!(names(), ["ben", "anna"]);
        std::fs::remove_file(dir.path().join("contacts.json")).unwrap();
        assert_eq!(names(), [""; 0]);
    }
}

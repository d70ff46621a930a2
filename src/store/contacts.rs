//! Contacts: names for public keys.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{StoreError, files};
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
        Some("a contact's name is no public key")
    } else {
        None
    }
}

/// The file of contacts.
pub struct Contacts {
    path: PathBuf,
}

impl Contacts {
    /// In the folder of settings.
    pub fn new(config: &Path) -> Self {
        Self { path: config.join("contacts.json") }
    }

    /// All of them, in the order they were added, names made safe to show. An
    /// entry whose key is none is left out.
    pub fn load(&self) -> Result<Vec<Contact>, StoreError> {
        let Some(content) = files::read(&self.path)? else { return Ok(Vec::new()) };
        let all: Vec<Contact> =
            serde_json::from_slice(&content).map_err(|error| StoreError::damaged(&self.path, &error))?;
        let usable = all.into_iter().filter_map(|contact| {
            let key = contact.key()?;
            Some(Contact { name: text::clean(&contact.name), public_key: key.to_string(), ..contact })
        });
        Ok(usable.collect())
    }

    /// Changes them while no other process does.
    pub fn update<T, E: From<StoreError>>(
        &self,
        change: impl FnOnce(&mut Vec<Contact>) -> Result<T, E>,
    ) -> Result<T, E> {
        let _lock = files::lock(&self.path)?;
        let mut all = self.load()?;
        let result = change(&mut all)?;
        let content =
            serde_json::to_vec_pretty(&all).map_err(|error| StoreError::damaged(&self.path, &error))?;
        files::replace(&self.path, &content)?;
        Ok(result)
    }
}

//! The identity: state, create, import, unlock.

use std::io::Read;
use std::path::Path;
use std::sync::PoisonError;

use super::{Error, ErrorKind, IdentityState, IdentityView, Result, Service, blocking, random};
use crate::handoff::{Hidden, Identity, Secret};
use crate::store::identity::{self, OldKey, keep_beside};
use crate::store::{KeyFile, StoreError};

/// A key file is small; this is generous.
const MAX_SEED: usize = 4096;

impl Service {
    /// What is known of the identity without asking for a passphrase.
    pub fn identity_state(&self) -> IdentityState {
        if let Some(identity) = self.unlocked() {
            return IdentityState::Unlocked(identity.public().to_string());
        }
        let state = self.key_file().and_then(|file| {
            if !file.is_protected() {
                return Ok(IdentityState::Unlocked(self.unlock("")?.public_key));
            }
            file.check().map_err(key_trouble)?;
            Ok(IdentityState::Locked)
        });
        state.unwrap_or_else(|error| match error.kind {
            ErrorKind::NoIdentity => IdentityState::None,
            _ => IdentityState::Damaged(error),
        })
    }

    /// The key file; an error says what is wrong with it, and what to do.
    fn key_file(&self) -> Result<KeyFile> {
        KeyFile::read(&self.0.settings.paths.key).map_err(key_trouble)
    }

    /// As [`Service::identity_state`], opened with the passphrase of the
    /// environment where there is one. Slow then (scrypt): call it on a blocking
    /// thread.
    pub fn opened_state(&self) -> IdentityState {
        let state = self.identity_state();
        match self.0.settings.passphrase.as_deref() {
            Some(given) if state == IdentityState::Locked && self.unlock(given).is_ok() => {
                self.identity_state()
            }
            _ => state,
        }
    }

    /// Unlocks the identity for the life of this process; an unprotected one
    /// takes any passphrase. Slow (scrypt): call it on a blocking thread.
    pub fn unlock(&self, passphrase: &str) -> Result<IdentityView> {
        let file = self.key_file()?;
        if let Some(warning) = KeyFile::tighten(&self.0.settings.paths.key) {
            self.warn(warning);
        }
        let identity = file.unlock(Some(passphrase)).map_err(key_trouble)?;
        Ok(self.hold(identity, file.is_protected()))
    }

    /// Creates an identity, or takes over `seed`: 64 hex digits, 32 raw bytes,
    /// or a key file with a passphrase, which then is the one to give. An empty
    /// passphrase means none. An existing identity is left alone, or with `replace`
    /// stays beside the new one, under another name. Slow with a passphrase.
    pub fn create_identity(
        &self,
        seed: Option<&[u8]>,
        passphrase: &str,
        replace: bool,
    ) -> Result<IdentityView> {
        let seed = if let Some(content) = seed {
            let file = KeyFile::of(&self.0.settings.paths.key, content);
            if file.is_protected() {
                return self.adopt(&file, passphrase, replace);
            }
            identity::parse_seed(content).ok_or_else(no_key)?
        } else {
            let mut seed = Hidden::new([0; 32]);
            random(seed.as_mut_slice())?;
            seed
        };
        self.adopt_seed(&seed, passphrase, replace)
    }

    /// The same of a seed, for example that of another device. Slow with a passphrase.
    pub(super) fn adopt_seed(&self, seed: &Secret, passphrase: &str, replace: bool) -> Result<IdentityView> {
        let path = &self.0.settings.paths.key;
        let identity = Identity::from_seed(seed);
        self.beside_the_old(replace, &identity, |overwrite| {
            identity::write(path, seed, passphrase, overwrite)
        })?;
        Ok(self.hold(identity, !passphrase.is_empty()))
    }

    /// Puts a key where it belongs. One that is there already is never lost: it stays
    /// alone, or with `replace` under another name beside the new one.
    fn beside_the_old(
        &self,
        replace: bool,
        new: &Identity,
        put: impl FnOnce(bool) -> std::result::Result<(), StoreError>,
    ) -> Result<()> {
        let path = &self.0.settings.paths.key;
        let old = if replace { keep_beside(path, &new.public())? } else { OldKey::None };
        put(old != OldKey::None)?;
        if let OldKey::KeptAt(old) = old {
            self.warn(format!("The old key is kept at {}.", old.display()));
        }
        Ok(())
    }

    /// Takes over a key file with a passphrase as it is: the same bytes, under
    /// the same passphrase.
    fn adopt(&self, file: &KeyFile, passphrase: &str, replace: bool) -> Result<IdentityView> {
        if passphrase.is_empty() {
            return Err(Error::failed("The key to import is protected by a passphrase.")
                .advise("Nothing was changed. Enter the passphrase of that file."));
        }
        let identity = file.unlock(Some(passphrase)).map_err(|error| match error {
            StoreError::Passphrase(_) => Error::failed("Wrong passphrase for the key to import.")
                .advise("Nothing was changed; try again."),
            _ => no_key(),
        })?;
        self.beside_the_old(replace, &identity, |overwrite| file.put(overwrite))?;
        Ok(self.hold(identity, true))
    }

    /// Whether what is to be imported has a passphrase of its own.
    pub fn is_protected_key(content: &[u8]) -> bool {
        KeyFile::of(Path::new(""), content).is_protected()
    }

    /// Keeps an open identity for the life of this process.
    fn hold(&self, identity: Identity, protected: bool) -> IdentityView {
        let view = self.view(&identity, protected);
        *self.0.identity.lock().unwrap_or_else(PoisonError::into_inner) = Some(identity);
        view
    }

    /// What a key file holds, to be imported; no more is read than a key can be.
    /// A pipe will do.
    pub fn read_seed(path: &Path) -> Result<Hidden<Vec<u8>>> {
        let unreadable = |error: std::io::Error| {
            Error::failed(format!("{} cannot be read: {error}.", path.display()))
                .advise("Nothing was changed.")
        };
        let mut content = Hidden::new(Vec::with_capacity(MAX_SEED));
        let file = std::fs::File::open(path).map_err(unreadable)?;
        file.take(MAX_SEED as u64 + 1).read_to_end(&mut content).map_err(unreadable)?;
        if content.len() > MAX_SEED {
            return Err(Error::usage(format!("{} is too large to be a key.", path.display()))
                .advise("Nothing was changed."));
        }
        Ok(content)
    }

    /// Who this device is.
    pub async fn whoami(&self) -> Result<IdentityView> {
        let identity = self.identity().await?;
        let protected = self.key_file()?.is_protected();
        Ok(self.view(&identity, protected))
    }

    /// Whether a key file exists.
    pub fn has_identity(&self) -> bool {
        self.0.settings.paths.key.symlink_metadata().is_ok()
    }

    /// Where the key file lies or would lie.
    pub fn identity_path(&self) -> std::path::PathBuf {
        self.0.settings.paths.key.clone()
    }

    fn view(&self, identity: &Identity, protected: bool) -> IdentityView {
        IdentityView {
            public_key: identity.public().to_string(),
            path: self.0.settings.paths.key.clone(),
            protected: if protected { "passphrase" } else { "none" },
        }
    }

    /// Nobody gave the passphrase that the key needs.
    pub fn locked(&self) -> Error {
        let path = self.0.settings.paths.key.display();
        Error::new(ErrorKind::Locked, format!("The key {path} is protected by a passphrase."))
            .advise("Set CCLINK_PASSPHRASE, or run the command on a terminal.")
    }

    fn unlocked(&self) -> Option<Identity> {
        self.0.identity.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The identity, unlocked with `CCLINK_PASSPHRASE` where that is needed.
    pub(super) async fn identity(&self) -> Result<Identity> {
        if let Some(identity) = self.unlocked() {
            return Ok(identity);
        }
        let file = self.key_file()?;
        file.check().map_err(key_trouble)?;
        let passphrase = self.0.settings.passphrase.clone();
        if file.is_protected() && passphrase.is_none() {
            return Err(self.locked());
        }
        let service = self.clone();
        blocking(move || service.unlock(passphrase.as_deref().map_or("", String::as_str))).await??;
        self.unlocked().ok_or_else(|| Error::failed("The key could not be opened."))
    }
}

/// What to do where a key is in the way of another.
pub const REPLACE_KEY: &str =
    "It was not changed. `cclink init --yes` replaces it and keeps the old one next to it.";

/// A key that is there is never called missing, and never replaced unasked.
pub(super) fn key_trouble(error: StoreError) -> Error {
    let what_then = "It was not changed. Restore a copy: `cclink init --import FILE --yes`; or create a \
        new key: `cclink init --yes`. The old file is kept next to it.";
    match error {
        StoreError::Damaged { path, why } => {
            Error::failed(format!("The key {} is damaged: it {why}.", path.display())).advise(what_then)
        }
        StoreError::Io { path, error } => {
            Error::failed(format!("The key {} cannot be read: {error}.", path.display()))
                .advise("It was not changed. Check its owner and mode (`ls -l`).")
        }
        other => other.into(),
    }
}

/// What is to be imported holds no key.
fn no_key() -> Error {
    Error::usage("Not a key: expected 64 hexadecimal digits, 32 raw bytes, or a key file with a passphrase.")
        .advise("Nothing was changed. Is the file complete?")
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let message = format!("{error}.");
        match error {
            StoreError::Missing(path) => {
                Self::new(ErrorKind::NoIdentity, format!("There is no key at {} yet.", path.display()))
                    .advise(
                        "Run `cclink init` to create one, or `cclink pair` to get yours from another device.",
                    )
            }
            StoreError::Exists(path) => {
                Self::new(ErrorKind::Exists, format!("There is already a key at {}.", path.display()))
                    .advise(REPLACE_KEY)
            }
            StoreError::Passphrase(_) => Self::failed(message).advise("Nothing was changed; try again."),
            StoreError::Damaged { .. } => {
                Self::failed(message).advise("The file was not changed. Fix it, or move it away.")
            }
            StoreError::Io { .. } => {
                Self::failed(message).advise("Check that the folder is yours and the disk has room.")
            }
            StoreError::Busy(_) => Self::failed(message).advise("Try again in a moment."),
        }
    }
}

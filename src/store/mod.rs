//! Files that are ours: identity, journal, contacts, and where they lie.

pub(crate) mod config;
pub(crate) mod contacts;
pub(crate) mod files;
pub mod identity;
pub mod journal;
pub(crate) mod paths;
pub(crate) mod spool;

pub use config::{CarryRule, Config, TitleRule};
pub use contacts::{Contact, Contacts};
pub use identity::KeyFile;
pub use journal::{CarriedFile, CarryChoice, CarryStore, CarryWay, Journal, JournalEntry, Stage, Unknown};
pub use paths::Paths;

use std::path::PathBuf;

/// A file of ours that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Reading or writing failed.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The file does not hold what it should.
    #[error("{}: {why}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// There is one already.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// There is none.
    #[error("{} does not exist", .0.display())]
    Missing(PathBuf),
    /// The passphrase does not open the key.
    #[error("This passphrase does not open {}", .0.display())]
    Passphrase(PathBuf),
    /// Another process holds the journal for too long.
    #[error("Another cclink holds {}", .0.display())]
    Busy(PathBuf),
}

impl StoreError {
    fn io(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::Io { path, error }
    }

    fn damaged(path: &std::path::Path, why: &(impl std::fmt::Display + ?Sized)) -> Self {
        Self::Damaged { path: path.to_owned(), why: why.to_string() }
    }
}

//! The conversation as one sealed file: `age(zstd(tar))`, to a key that stands in
//! the signed record only. Bytes and files, no network; nothing here knows where
//! Claude Code keeps what goes in, or puts what comes out.
//!
//! Whoever has the key needs nothing of ours: `age -d | zstd -d | tar t`. The reader
//! trusts nobody: length and hash first, then age, then a bounded decompressor, then
//! names by a list of what there can be (see [`Name`]).

mod file;
mod manifest;
mod pack;
mod path;
mod unpack;

pub use file::{Claim, Key};
pub use manifest::{Changes, LeftOut, Manifest};
pub use pack::{Item, pack};
pub use path::{COMMITS, Met, Name, PATCH, Part, UNTRACKED, is_repository};
pub use unpack::{Targets, unpack};

/// Why a file could not be packed or unpacked.
#[derive(Debug, thiserror::Error)]
pub enum CarryError {
    /// Another file, or a part of it: length or hash are not those that were signed.
    #[error("it is not the file that was signed ({0})")]
    NotThis(&'static str),
    /// The key does not open it.
    #[error("its key does not open it")]
    WrongKey,
    /// It is sealed as it should be, and does not hold what it should.
    #[error("{0}")]
    Rule(String),
    /// Made by a newer cclink.
    #[error("a newer cclink made it")]
    Newer,
    /// The caller does not want it any more.
    #[error("cancelled")]
    Cancelled,
    /// It could not be read or written.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

const BEHIND: &str = "something follows behind its end";

impl CarryError {
    fn rule(words: impl Into<String>) -> Self {
        Self::Rule(words.into())
    }
}

/// Told how many bytes are done; false stops the work.
pub type Tell<'a> = dyn FnMut(u64) -> bool + 'a;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

//! The mailbox protocol, version 1: bytes into bytes, without I/O.

pub mod time;
mod ttl;

use serde::{Deserialize, Serialize};
pub use ttl::{Ttl, TtlError};

/// The repository at publishing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Git {
    /// At most 80 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The remote's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// The commit's hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Whether there were changes not committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dirty: Option<bool>,
}

/// How much conversation there was when it was published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transcript {
    /// Length of the file.
    pub bytes: u64,
    /// First 8 bytes of SHA-256 over the last 64 KiB, hex.
    pub tail: String,
}

//! Sealed files that this device put somewhere. Noted before they are put there, so
//! that each is taken away in the end, whatever happens in between.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Unknown;
use crate::handoff::{Token, time};

/// A way for a sealed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CarryWay {
    /// A file that the user takes along.
    File,
    /// A ref of a git remote.
    Git,
    /// A folder that both machines see, synchronised by something else.
    Folder,
    /// A machine of the owner's that is always on, over SSH.
    Ssh,
}

/// Where a sealed file lies that both machines reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "way", rename_all = "snake_case")]
pub enum CarryStore {
    /// A ref of a git remote.
    Git {
        /// The working tree whose git reaches it; it may be gone by now.
        directory: Option<PathBuf>,
        /// What that git calls the remote; the address where there is none.
        remote: String,
        /// Its address.
        url: String,
    },
    /// A folder of this machine.
    Folder {
        /// Where it is.
        path: PathBuf,
    },
    /// A folder of another machine.
    Ssh {
        /// `user@host`.
        address: String,
        /// From the home folder there on.
        folder: String,
    },
}

/// A sealed file of a handoff of this device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarriedFile {
    /// The handoff that it belongs to.
    pub token: Token,
    /// Where it lies; `None` for a file that is its owner's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<CarryStore>,
    /// Its sealed length.
    pub bytes: u64,
    /// Whether it was taken away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub taken_away: bool,
    /// When it was noted; whole seconds.
    #[serde(with = "time")]
    pub at: DateTime<Utc>,
    /// Fields of a newer cclink.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// What is known of a place for sealed files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownStore {
    /// The owner knows what lies there means, and agreed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub agreed: bool,
    /// Why it does not accept sealed files, in its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// Fields of a newer cclink.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// How the conversation of a project went along last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarryChoice {
    /// Which way; `None`: it stayed.
    pub way: Option<CarryWay>,
    /// Whether uncommitted work went along.
    #[serde(default)]
    pub changes: bool,
}

impl CarryStore {
    /// Which way it is.
    pub fn way(&self) -> CarryWay {
        match self {
            Self::Git { .. } => CarryWay::Git,
            Self::Folder { .. } => CarryWay::Folder,
            Self::Ssh { .. } => CarryWay::Ssh,
        }
    }

    /// What it is known by: the same place, whoever reaches it.
    pub fn key(&self) -> String {
        match self {
            Self::Git { url, .. } => format!("git {url}"),
            Self::Folder { path } => format!("folder {}", path.display()),
            Self::Ssh { address, folder } => format!("ssh {address} {folder}"),
        }
    }
}

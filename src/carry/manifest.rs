//! What a sealed file says of itself: `manifest.json`, its first entry.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::handoff::{Git, time};

/// The one that is written and read.
pub(super) const VERSION: u32 = 1;
/// Longer ones are refused.
pub(super) const LONGEST: u64 = 256 * 1024;

/// What a sealed file says of itself. Foreign text where somebody else made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Of the form of the file.
    pub version: u32,
    /// The session's UUID.
    pub session_id: String,
    /// Where it was made.
    pub hostname: String,
    /// Its project's path there.
    pub project: String,
    /// Whole seconds.
    #[serde(with = "time")]
    pub created_at: DateTime<Utc>,
    /// The version of Claude Code there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claude: Option<String>,
    /// The session's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The repository there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<Git>,
    /// What the work in `changes/` is based on, where some came along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Changes>,
    /// What belongs to the session and is not in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
}

/// What work is based on that is not committed or not pushed. Foreign: whoever reads it
/// looks at each first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// The whole hash of the last commit, those in the bundle included.
    pub head: String,
    /// The branch that was checked out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// How many commits the bundle holds.
    #[serde(default)]
    pub unpushed: u64,
}

/// Something that belongs to a session and did not come along.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// In words.
    pub what: String,
    /// How much.
    pub bytes: u64,
    /// In words.
    pub why: String,
}

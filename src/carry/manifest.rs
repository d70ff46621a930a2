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
    /// What belongs to the session and is not in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
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

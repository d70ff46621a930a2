//! Claude Code's files, read only: sessions, their metadata, previews and
//! whether they are live. Rules and line formats were checked against the real
//! program; nothing here derives a folder name.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::Serialize;

/// Whether a session is open in a running claude.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Live {
    /// A live process holds it.
    Yes,
    /// None does.
    No,
    /// A record of another machine or container names it.
    Perhaps,
}

/// One local session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Session {
    /// Lower-case UUID: the file's name.
    pub session_id: String,
    /// Cleaned, one line; the way Claude Code's own picker titles it.
    pub title: String,
    /// The true working directory, cleaned for showing; empty when unknown.
    pub project: String,
    /// The last branch named; empty or `HEAD` counts as none.
    pub git_branch: Option<String>,
    /// Time of the last message, else the file's.
    #[serde(serialize_with = "crate::handoff::time::serialize")]
    pub updated_at: DateTime<Utc>,
    /// Bytes.
    pub size: u64,
    /// The transcript.
    pub path: PathBuf,
    /// Open in a running claude?
    pub live: Live,
    /// Whether `claude --resume` would find a conversation in it.
    pub resumable: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why_not: Option<String>,
    /// SDK runs and sidechains: hidden unless asked for.
    #[serde(skip)]
    pub hidden: bool,
    /// The working directory as recorded, to `cd` to; never shown.
    #[serde(skip)]
    pub cwd: Option<PathBuf>,
    /// The model of the last answer.
    #[serde(skip)]
    pub model: Option<String>,
    /// The last words said, cleaned, one line.
    #[serde(skip)]
    pub last_words: Option<String>,
}

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The person.
    User,
    /// Claude.
    Assistant,
    /// A tool call, a thought, an image: one quiet line.
    Tool,
}

/// One turn of a conversation, readable and safe to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Who.
    pub role: Role,
    /// What, cleaned; may have several lines.
    pub text: String,
}

/// Placeholder.
pub fn unused() {}

//! Claude Code's files: sessions and their metadata, what was said in them and
//! which of it a search finds, whether they are live, how two copies of one belong
//! together, and how one that arrives from elsewhere takes its place.
//!
//! The rules and line formats are those of the real program (2.1.330 and 2.1.332,
//! checked by running them and by reading their packages). Folders are listed, never derived
//! from a directory's name, but for the one of a session that is new here. Only
//! [`copies`] writes below Claude's folder, whole files of a session that arrives,
//! each in one step, and only its sweep removes, what an interrupted one left. No
//! whole transcript is ever held in memory. Transcripts are foreign input: any
//! bytes may stand in them, and no bytes may stop a list.

mod copies;
mod file;
mod listing;
mod live;
mod search;
mod transcript;

use std::ffi::OsString;
use std::ops::Range;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::Serialize;
use unicode_normalization::UnicodeNormalization;

pub use copies::{
    Belongings, Beside, Merged, Parting, Prefer, Relation, TURN_TAIL, TurnEnd, belongings, copy_renamed,
    files_below, folder_for, id_for_copy, is_plan, last_turn, merge, messages, names_session, plan_names,
    private_file, put, relation, remove_folder, sweep, whole_turns,
};
pub use listing::{
    Change, Here, Progress, ScanError, Skipped, Watching, Worktree, added_folders, named_worktree, order,
    worktree,
};
pub use live::{Account, Doing, LiveRecord, asks_for_summary, context_tokens, is_running, is_trusted};
pub use search::{Hit, MOST_HITS, Matched, Query, Searched, Searching, Since, lit, said_behind, search_one};
pub use transcript::{
    Blanked, Excerpt, MARK_REACH, Page, blank, blank_bindings, holds, mark, mark_of_tail, preview, version,
};

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
#[allow(clippy::struct_excessive_bools)] // what a row shows, one by one
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
    #[serde(serialize_with = "crate::text::serialize_path")]
    pub path: PathBuf,
    /// Open in a running claude?
    pub live: Live,
    /// Whether `claude --resume` would find a conversation in it.
    pub resumable: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why_not: Option<String>,
    /// Claude's picker does not show it (an SDK run, a sidechain, what goes on in
    /// another file): hidden unless asked for.
    #[serde(skip)]
    pub hidden: bool,
    /// The working directory as recorded, to `cd` to; never shown.
    #[serde(skip)]
    pub cwd: Option<PathBuf>,
    /// The same with symbolic links resolved, while it exists.
    #[serde(skip)]
    pub real_cwd: Option<PathBuf>,
    /// The model of the last answer.
    #[serde(skip)]
    pub model: Option<String>,
    /// The last words said, cleaned, one line.
    #[serde(skip)]
    pub last_words: Option<String>,
    /// What `/tag` gave it, cleaned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The pull request it belongs to, as `owner/repository#42`; cleaned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<String>,
    /// The same id lies in another project folder too. Claude then finds it
    /// only from the directory of one of the two.
    #[serde(skip)]
    pub duplicate: bool,
    /// A NUL block or a line that is no JSON was met in the part that was
    /// read. Claude skips such lines; so does cclink.
    #[serde(skip)]
    pub damaged: bool,
    /// The session that this one was continued in, as its last word on that
    /// says; [`Store::successor`] knows whether claude goes there.
    #[serde(skip)]
    pub continued_in: Option<String>,
    /// The ends of the file do not tell whether it can be resumed: it is being
    /// read. Until then it counts as resumable.
    #[serde(skip)]
    pub checking: bool,
    /// The last turn ended with an error of the API: claude will meet it again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub api_error: bool,
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
    /// What, cleaned; may have several lines. Claude's words are Markdown.
    pub text: String,
    /// What a tool did, in a few lines of Markdown: the change of an edit, the end
    /// of a command's output; empty where the line says enough.
    pub brief: String,
    /// All that the quiet line of a tool leaves out, as Markdown, cleaned; empty for
    /// words.
    pub detail: String,
    /// Which tool call it is, or answers.
    pub(crate) call: Option<Call>,
    /// Where words that were searched for stand in the text: byte ranges on
    /// character boundaries, in order, none overlaps.
    pub lit: Vec<Range<usize>>,
}

/// The two sides of a tool call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// The call itself.
    Made { id: String, name: String },
    /// What came of it: its beginning, its end where that is not in it, and how many
    /// lines it had.
    Answered { id: String, text: String, end: String, lines: usize, failed: bool },
}

impl Turn {
    /// Words of somebody's, or a tool's line.
    pub fn new(role: Role, text: String) -> Self {
        Self { role, text, brief: String::new(), detail: String::new(), call: None, lit: Vec::new() }
    }

    /// Puts what tools answered with the calls among these turns.
    pub fn join(turns: &mut Vec<Self>) {
        transcript::join(turns);
    }
}

/// Claude Code's files on this device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    root: PathBuf,
}

impl Store {
    /// The files under `root`, the folder [`config_dir`] names. It need not
    /// exist; [`Store::scan`] says so.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Claude's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }
}

/// Claude's folder: `$CLAUDE_CONFIG_DIR`, else `.claude` in `home`. The
/// variable's text is put into NFC as Claude does; it is one path, taken as it
/// is: `~` is a folder of that name, what is relative lies in the current
/// directory, and an empty one is the current directory itself.
pub fn config_dir(env: &dyn Fn(&str) -> Option<OsString>, home: Option<&Path>) -> Option<PathBuf> {
    let Some(dir) = env("CLAUDE_CONFIG_DIR") else { return home.map(|home| home.join(".claude")) };
    let dir = match dir.to_str() {
        Some(text) => PathBuf::from(text.nfc().collect::<String>()),
        None => PathBuf::from(dir),
    };
    if dir.is_absolute() {
        return Some(dir);
    }
    Some(std::env::current_dir().map_or_else(|_| dir.clone(), |here| here.join(&dir)))
}

/// The session this process was started from: `CLAUDE_CODE_SESSION_ID`, which
/// claude sets for its children since 2.1.132. Lower case; `None` when it is
/// missing or no UUID.
pub fn current_session_id(env: &dyn Fn(&str) -> Option<OsString>) -> Option<String> {
    session_id(env("CLAUDE_CODE_SESSION_ID")?.to_str()?)
}

/// `text` in lower case when it has the form of a session's id: 8-4-4-4-12
/// hex digits.
pub fn session_id(text: &str) -> Option<String> {
    let well_formed = text.len() == 36
        && text.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        });
    well_formed.then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests;

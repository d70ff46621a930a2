//! How two transcripts of one session belong together: which has all of the
//! other, or where they part.
//!
//! They are compared line by line, as a stream. Not compared are blank lines,
//! lines that bind to a process, the end of a line (`\r\n` or `\n`), and a last
//! line that was cut while it was written. Where one side then goes on with
//! nothing but claude's own notes on its state, which the next claude writes
//! anew, it does not count as having gone on.

mod lines;

use std::collections::HashSet;
use std::io;
use std::path::Path;

use chrono::{DateTime, Utc};
use memchr::memmem;

use self::lines::Lines;
use crate::claude::transcript::line::Line;
use crate::claude::transcript::{partial_line, turns};
use crate::claude::{Role, file};

/// Bytes before the parting in which a time is looked for.
const TAIL: u64 = 64 * 1024;
/// A line beyond this is counted as a message unread, by its first bytes.
const LONGEST: usize = 8 * 1024 * 1024;

/// So many settings of the user, each so long, are compared.
const REPEATED: usize = 64;
const SHORT: usize = 4096;

/// What one transcript is to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The same conversation.
    Same,
    /// Ours is the beginning of theirs.
    Longer,
    /// Theirs is the beginning of ours.
    Shorter,
    /// Both went on.
    Parted(Parting),
}

/// Where two transcripts part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parting {
    /// The time of what both have last, where it is known.
    pub at: Option<DateTime<Utc>>,
    /// Messages that only ours has.
    pub ours: u64,
    /// Messages that only theirs has.
    pub theirs: u64,
}

/// Compares two transcripts.
///
/// # Errors
/// When one of them cannot be read.
pub fn relation(ours: &Path, theirs: &Path) -> io::Result<Relation> {
    let (mut a, mut b) = (Lines::open(ours)?, Lines::open(theirs)?);
    lines::skip_equal(&mut a, &mut b)?;
    let (ours_from, theirs_from) = loop {
        match (a.next_counting()?, b.next_counting()?) {
            (None, None) => return Ok(Relation::Same),
            (None, Some(_)) => return Ok(Relation::Longer),
            (Some(_), None) => return Ok(Relation::Shorter),
            (Some(one), Some(other)) if one.digest == other.digest => {}
            (Some(one), Some(other)) => break (one.start, other.start),
        }
    };
    let (mine, yours) = (Rest::read(ours, ours_from)?, Rest::read(theirs, theirs_from)?);
    Ok(match (mine.goes_on, yours.goes_on) {
        (false, false) => Relation::Same,
        (false, true) => Relation::Longer,
        (true, false) => Relation::Shorter,
        (true, true) => Relation::Parted(Parting {
            at: last_time(ours, ours_from)?,
            ours: mine.messages,
            theirs: yours.messages,
        }),
    })
}

/// How many messages a transcript has: what a person or claude said in words.
///
/// # Errors
/// When it cannot be read.
pub fn messages(path: &Path) -> io::Result<u64> {
    Ok(Rest::read(path, 0)?.messages)
}

/// What follows a point in a transcript.
struct Rest {
    /// Whether more than state follows.
    goes_on: bool,
    messages: u64,
}

impl Rest {
    fn read(path: &Path, from: u64) -> io::Result<Self> {
        let mut rest = Self { goes_on: false, messages: 0 };
        let mut repeated = HashSet::new();
        let mut lines = Lines::open_at(path, from)?;
        while let Some(line) = lines.next_counting()? {
            let content = lines.content(&line, LONGEST)?;
            match judge(&content) {
                Weight::State => {}
                Weight::Said(messages) => {
                    rest.goes_on = true;
                    rest.messages += messages;
                }
                Weight::Repeated if repeated.len() < REPEATED && content.len() <= SHORT => {
                    repeated.insert(content);
                }
                // More than a user sets: somebody else's file may hold anything.
                Weight::Repeated => rest.goes_on = true,
            }
        }
        // Claude repeats what the user set when it ends: that alone is nothing new.
        if !rest.goes_on {
            rest.goes_on =
                repeated.iter().any(|line| !lines::holds_before(path, from, line).unwrap_or(false));
        }
        Ok(rest)
    }
}

/// What a line is worth when it is all that one side has more.
enum Weight {
    /// Written again by the next claude.
    State,
    /// Set by the user, and repeated by claude at its end.
    Repeated,
    /// Everything else, with how many messages it is.
    Said(u64),
}

fn judge(bytes: &[u8]) -> Weight {
    let has = |needle: &str| memmem::find(bytes, needle.as_bytes()).is_some();
    // Reading JSON is slow: only lines in which somebody may speak are parsed whole.
    let talk = has("\"type\":\"user\"")
        || has("\"type\":\"assistant\"")
        || has("queued_command")
        || has("local_command");
    if bytes.len() >= LONGEST {
        return Weight::Said(u64::from(talk));
    }
    let text = partial_line::decode(bytes);
    let line = if talk { Line::parse(&text) } else { Line::parse_without_words(&text) };
    let Some(line) = line else { return Weight::Said(u64::from(talk)) };
    if line.uuid.is_none() {
        match line.kind.as_deref().unwrap_or_default() {
            "mode"
            | "permission-mode"
            | "last-prompt"
            | "ai-title"
            | "agent-setting"
            | "atis-latch"
            | "tools-used"
            | "cost-state"
            | "worktree-state"
            | "isolation-latch"
            | "session-owner"
            | "hybrid-organization"
            | "dev-mods"
            | "api-request"
            | "api-request-blob"
            | "api-request-shape"
            | "api-request-resumed"
            | "frame-link"
            | "resume-head-vouch" => return Weight::State,
            "custom-title" | "agent-name" | "agent-color" | "tag" | "pr-link" | "relocated" => {
                return Weight::Repeated;
            }
            _ => {}
        }
    }
    let said = turns::of(&line).iter().filter(|turn| turn.role != Role::Tool).count();
    Weight::Said(said as u64)
}

/// The time of the last line before `end` that has one.
fn last_time(path: &Path, end: u64) -> io::Result<Option<DateTime<Utc>>> {
    let (file, _) = file::open(path)?;
    let start = end.saturating_sub(TAIL);
    let tail = file::read_at(&file, start, end - start)?;
    let needle = b"\"timestamp\":\"";
    let time = memmem::rfind_iter(&tail, needle).find_map(|at| {
        let text = tail.get(at + needle.len()..)?.split(|byte| *byte == b'"').next()?;
        DateTime::parse_from_rfc3339(std::str::from_utf8(text).ok()?).ok()
    });
    Ok(time.map(|time| time.to_utc()))
}

#[cfg(test)]
mod tests;

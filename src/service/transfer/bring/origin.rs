//! The machine where a session lives, as it can be seen over SFTP.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::Value;

use super::super::sftp::{Listing, Remote, Shape};
use super::claude_there;
use crate::claude;
use crate::handoff::{Record, Transcript};
use crate::service::{Error, Result};
use crate::text;

/// A live record is small.
const MAX_LIVE_RECORD: u64 = 256 * 1024;
/// So many of them are looked at, those that were written last.
const MOST_RECORDS: usize = 64;
/// Project folders that are asked about at once.
const AT_ONCE: usize = 16;
/// Where a process cannot be looked at, a turn in which nothing was written for
/// this long is none: its claude was killed.
const A_TURN: Duration = Duration::from_hours(12);
/// A session may grow after it was published, within reason.
const GROWS: u64 = 512 * 1024 * 1024;

/// What a claude there is doing with the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is not open.
    Closed,
    /// Open, between two turns.
    Idle,
    /// In the middle of one.
    Running,
    /// Open; its version does not say more.
    Unknown,
}

/// A session where it lives.
pub(super) struct Origin {
    pub remote: Remote,
    /// Claude's folder there.
    pub claude: PathBuf,
    pub transcript: PathBuf,
    /// Whether Claude's folder is where it is by default.
    is_usual: bool,
    pub bytes: u64,
    pub turn: Turn,
    address: String,
    id: String,
    /// Bytes of it that were published.
    published: u64,
}

impl Origin {
    /// Finds the session by its id, in whatever project folder.
    pub async fn find(remote: Remote, address: &str, record: &Record) -> Result<Self> {
        let claude = claude_there(&remote.home().await?, record);
        let mut origin = Self {
            remote,
            claude,
            transcript: PathBuf::new(),
            is_usual: record.claude_dir.is_none(),
            bytes: 0,
            turn: Turn::Closed,
            address: address.to_owned(),
            id: record.session_id.clone(),
            published: record.transcript.bytes,
        };
        origin.look().await?;
        Ok(origin)
    }

    /// Claude's own state there, which is beside its folder unless that was moved.
    pub fn state(&self) -> PathBuf {
        let name = ".claude.json";
        if self.is_usual { self.claude.with_file_name(name) } else { self.claude.join(name) }
    }

    /// Looks what has become of the session: what a claude does with it, where its
    /// transcript is by now, and whether it can still be what was published.
    pub async fn look(&mut self) -> Result<()> {
        (self.bytes, self.transcript) = self.locate().await?;
        let (bytes, published) = (self.bytes, self.published);
        if bytes < published {
            return Err(Error::failed(format!(
                "The session on {} lacks messages that were published.",
                self.address
            ))
            .advise("Is this the machine it was published from?"));
        }
        if bytes > published.saturating_mul(4).saturating_add(GROWS) {
            return Err(Error::failed(format!(
                "The session on {} claims to have {} now; {} were published.",
                self.address,
                text::bytes(bytes),
                text::bytes(published)
            ))
            .advise("Nothing was copied. If it really grew like that, publish it there again."));
        }
        self.turn = self.turn_now().await?;
        Ok(())
    }

    /// The longest transcript of this id, and its bytes.
    async fn locate(&self) -> Result<(u64, PathBuf)> {
        let projects = self.claude.join("projects");
        let Listing { entries, no, .. } = self.remote.list(&projects).await?;
        if let Some(no) = no {
            return Err(no.about(&projects));
        }
        // A project folder may lie elsewhere, behind a link.
        let folders = entries.into_iter().filter(|entry| matches!(entry.shape, Shape::Folder | Shape::Link));
        let paths = folders.map(|entry| projects.join(entry.name).join(format!("{}.jsonl", self.id)));
        let asked = paths.map(async |path| Ok::<_, Error>((self.remote.size(&path).await?, path)));
        let sizes: Vec<_> = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
        let (mut best, mut unread) = (None, None);
        for (size, path) in sizes {
            match size {
                Ok(Some(bytes)) => best = best.max(Some((bytes, path))),
                Ok(None) => {}
                Err(no) => unread = Some(no.about(path.parent().unwrap_or(&projects))),
            }
        }
        // It may be in a folder into which nobody is let.
        best.ok_or_else(|| {
            let folder = text::clean(&self.claude.to_string_lossy());
            let gone = Error::gone(format!("The session is no longer in {folder} on {}.", self.address))
                .advise("Claude Code deletes sessions that were not used for 30 days.");
            unread.unwrap_or(gone)
        })
    }

    /// The mark of what is there now; `None` where the end of its last line is
    /// out of reach.
    pub async fn mark(&self) -> Result<Option<Transcript>> {
        let start = self.bytes.saturating_sub(claude::MARK_REACH);
        let tail = self.remote.range(&self.transcript, start, self.bytes).await?;
        Ok(claude::mark_of_tail(tail, start))
    }

    /// When the last complete turn ended.
    pub async fn last_turn(&self) -> Result<Option<DateTime<Utc>>> {
        let start = self.bytes.saturating_sub(claude::TURN_TAIL);
        let tail = self.remote.range(&self.transcript, start, self.bytes).await?;
        Ok(claude::last_turn(&tail).and_then(|turn| turn.time))
    }

    /// What the registry there says of the session. Never looks at the `.key`
    /// files beside.
    pub async fn turn_now(&self) -> Result<Turn> {
        let folder = self.claude.join("sessions");
        let Listing { entries, no, .. } = self.remote.list(&folder).await?;
        let is_record = |name: &str| Path::new(name).extension().is_some_and(|ending| ending == "json");
        let mut records: Vec<_> = entries
            .into_iter()
            .filter(|entry| entry.shape == Shape::File && is_record(&entry.name))
            .collect();
        records.sort_by_key(|entry| Reverse(entry.modified));
        // Whatever cannot be seen may be open.
        let mut turn = if no.is_some() { Turn::Unknown } else { Turn::Closed };
        for entry in records.into_iter().take(MOST_RECORDS) {
            let content = self.remote.small(&folder.join(&entry.name), MAX_LIVE_RECORD).await?;
            let record: Value = serde_json::from_slice(&content.unwrap_or_default()).unwrap_or_default();
            if record.get("sessionId").and_then(Value::as_str) != Some(&*self.id) {
                continue;
            }
            turn = match self.process(&record).await? {
                Process::Gone => continue,
                process => doing(&record, process, self.quiet_for(entry.modified).await?),
            };
            if turn == Turn::Running {
                break;
            }
        }
        Ok(turn)
    }

    /// For how long neither record nor transcript was written.
    async fn quiet_for(&self, record: Option<SystemTime>) -> Result<Duration> {
        let last = record.max(self.remote.modified(&self.transcript).await?);
        Ok(last.and_then(|time| time.elapsed().ok()).unwrap_or_default())
    }

    /// Whether the record's process lives, by `/proc` where that is to be seen
    /// and its pids are the record's.
    async fn process(&self, record: &Value) -> Result<Process> {
        let text = |key| record.get(key).and_then(Value::as_str);
        let Some(pid) = record.get("pid").and_then(Value::as_u64) else { return Ok(Process::Unknown) };
        let Some(pids) = self.remote.link(Path::new("/proc/self/ns/pid")).await? else {
            return Ok(Process::Unknown);
        };
        if text("pidDomain").is_some_and(|domain| !domain.ends_with(&*pids.to_string_lossy())) {
            return Ok(Process::Unknown);
        }
        let stat = PathBuf::from(format!("/proc/{pid}/stat"));
        let Some(stat) = self.remote.small(&stat, MAX_LIVE_RECORD).await? else { return Ok(Process::Gone) };
        let same = claude::is_running(&String::from_utf8_lossy(&stat), text("procStart"));
        Ok(if same { Process::Alive } else { Process::Gone })
    }
}

/// What is known of a record's process.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Process {
    Alive,
    Gone,
    Unknown,
}

/// What a record says that its claude is doing.
fn doing(record: &Value, process: Process, quiet: Duration) -> Turn {
    let doing = claude::Doing::of(record.get("status").and_then(Value::as_str));
    match doing {
        claude::Doing::Unknown => Turn::Unknown,
        doing if !doing.is_in_turn() => Turn::Idle,
        _ if process == Process::Unknown && quiet > A_TURN => Turn::Closed,
        _ => Turn::Running,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_turn_of_a_killed_claude_does_not_run_for_ever() {
        let busy = json!({"status": "busy"});
        let (now, long) = (Duration::from_secs(1), A_TURN + Duration::from_secs(1));
        assert_eq!(doing(&busy, Process::Unknown, now), Turn::Running);
        assert_eq!(doing(&busy, Process::Unknown, long), Turn::Closed);
        assert_eq!(doing(&busy, Process::Alive, long), Turn::Running);
        assert_eq!(doing(&json!({"status": "idle"}), Process::Unknown, long), Turn::Idle);
        // A question is in the middle of a turn; a command in the background is not.
        assert_eq!(doing(&json!({"status": "waiting"}), Process::Alive, now), Turn::Running);
        assert_eq!(doing(&json!({"status": "shell"}), Process::Alive, now), Turn::Idle);
        assert_eq!(doing(&json!({}), Process::Alive, now), Turn::Unknown);
    }
}

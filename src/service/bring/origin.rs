//! The machine where a session lives, as it can be seen over SFTP.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::super::sftp::Remote;
use super::super::{Error, Result};
use super::claude_there;
use crate::claude;
use crate::handoff::{Record, Transcript};
use crate::text;

/// A live record is small.
const MAX_LIVE_RECORD: u64 = 256 * 1024;
/// So many of them are looked at.
const MOST_RECORDS: usize = 64;
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
    pub bytes: u64,
    pub turn: Turn,
}

impl Origin {
    /// Finds the transcript by its id, in whatever project folder.
    pub async fn find(remote: Remote, address: &str, record: &Record) -> Result<Self> {
        let claude = claude_there(&remote.home().await?, record);
        let name = format!("{}.jsonl", record.session_id);
        let mut best: Option<(u64, PathBuf)> = None;
        for folder in remote.list(&claude.join("projects")).await.into_iter().filter(|entry| entry.is_dir) {
            let path = claude.join("projects").join(&folder.name).join(&name);
            if let Some(bytes) = remote.size(&path).await {
                best = best.max(Some((bytes, path)));
            }
        }
        let (bytes, transcript) = best.ok_or_else(|| {
            let folder = text::clean(&claude.to_string_lossy());
            Error::gone(format!("The session is not in {folder} on {address} any more."))
                .advise("Claude Code deletes sessions that were not used for 30 days.")
        })?;
        let published = record.transcript.bytes;
        if bytes < published {
            return Err(Error::failed(format!(
                "The session on {address} holds less than what was published."
            ))
            .advise("Is this the machine it was published from?"));
        }
        if bytes > published.saturating_mul(4).saturating_add(GROWS) {
            return Err(Error::failed(format!(
                "The session on {address} is said to have {} now; {} were published.",
                text::bytes(bytes),
                text::bytes(published)
            ))
            .advise("Nothing was copied. If it really grew like that, publish it there again."));
        }
        let mut origin = Self { remote, claude, transcript, bytes, turn: Turn::Closed };
        origin.turn = origin.turn(&record.session_id).await;
        Ok(origin)
    }

    /// Looks what became of the session.
    pub async fn look_again(&mut self, id: &str) {
        if let Some(bytes) = self.remote.size(&self.transcript).await {
            self.bytes = bytes;
        }
        self.turn = self.turn(id).await;
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
    async fn turn(&self, id: &str) -> Turn {
        let folder = self.claude.join("sessions");
        let names = self.remote.list(&folder).await.into_iter().filter(|entry| {
            entry.is_file && Path::new(&entry.name).extension().is_some_and(|ending| ending == "json")
        });
        let mut turn = Turn::Closed;
        for entry in names.take(MOST_RECORDS) {
            let content = self.remote.small(&folder.join(&entry.name), MAX_LIVE_RECORD).await;
            let record: Value = serde_json::from_slice(&content.unwrap_or_default()).unwrap_or_default();
            if record.get("sessionId").and_then(Value::as_str) != Some(id) {
                continue;
            }
            turn = match self.process(&record).await {
                Process::Gone => continue,
                process => doing(&record, process, self.quiet_for(entry.modified).await),
            };
            if turn == Turn::Running {
                break;
            }
        }
        turn
    }

    /// For how long neither record nor transcript was written.
    async fn quiet_for(&self, record: Option<SystemTime>) -> Duration {
        let last = record.max(self.remote.modified(&self.transcript).await);
        last.and_then(|time| time.elapsed().ok()).unwrap_or_default()
    }

    /// Whether the record's process lives, by `/proc` where that is to be seen
    /// and its pids are the record's.
    async fn process(&self, record: &Value) -> Process {
        let text = |key| record.get(key).and_then(Value::as_str);
        let Some(pid) = record.get("pid").and_then(Value::as_u64) else { return Process::Unknown };
        let Some(pids) = self.remote.link(Path::new("/proc/self/ns/pid")).await else {
            return Process::Unknown;
        };
        if text("pidDomain").is_some_and(|domain| !domain.ends_with(&*pids.to_string_lossy())) {
            return Process::Unknown;
        }
        let stat = PathBuf::from(format!("/proc/{pid}/stat"));
        let Some(stat) = self.remote.small(&stat, MAX_LIVE_RECORD).await else { return Process::Gone };
        let same = claude::is_running(&String::from_utf8_lossy(&stat), text("procStart"));
        if same { Process::Alive } else { Process::Gone }
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

//! Which sessions are open in a running claude: its registry in `sessions/`.
//!
//! A record is removed on a clean exit and left behind by `kill -9`, so it
//! counts only while its process lives: same pid, and on Linux the same start
//! (field 22 of `/proc/<pid>/stat`), for pids are used again. The `.key` files
//! beside the records are secrets and never opened.

use std::collections::HashMap;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::claude::listing::candidate::{Candidate, is_folder_of};
use crate::claude::{Live, Store, file, session_id};

/// Longest record, in bytes; Claude's own limit.
const LONGEST: u64 = 256 * 1024;

/// One record of the registry whose process lives, or may live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveRecord {
    /// The process; of another machine or container when `live` is
    /// [`Live::Perhaps`].
    pub pid: u32,
    /// [`Live::Yes`] or [`Live::Perhaps`].
    pub live: Live,
    /// `interactive`, `bg`, `daemon` or `daemon-worker`; empty when not said.
    /// Claude refuses to resume what the last three hold.
    pub kind: String,
    /// `busy`, `idle`, `waiting` or `shell`; old versions do not say.
    pub status: Option<String>,
    /// What `claude attach` takes for one in the background.
    pub job: Option<String>,
    /// Since when it is that.
    pub status_at: Option<DateTime<Utc>>,
    /// Where claude was started.
    pub cwd: Option<String>,
}

/// What a claude does in a session that it has open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Nothing: it can be ended, and nothing is lost.
    Idle,
    /// Its turn is over, but a command that it started runs on.
    Shell,
    /// It waits for an answer in the middle of a turn.
    Waiting,
    /// It is in the middle of a turn; a newer claude's word counts as this.
    Busy,
    /// Its version does not say.
    Unknown,
}

impl Doing {
    /// By the `status` of its record: the one place that knows these words.
    pub fn of(status: Option<&str>) -> Self {
        match status {
            Some("idle") => Self::Idle,
            Some("shell") => Self::Shell,
            Some("waiting") => Self::Waiting,
            Some(_) => Self::Busy,
            None => Self::Unknown,
        }
    }

    /// Whether the end of the transcript is not the end of a turn.
    pub fn is_in_turn(self) -> bool {
        matches!(self, Self::Busy | Self::Waiting)
    }
}

/// A turn's last line and the end of its status are written so close together.
const TOGETHER: TimeDelta = TimeDelta::seconds(10);

impl LiveRecord {
    /// What its claude does.
    pub fn doing(&self) -> Doing {
        Doing::of(self.status.as_deref())
    }

    /// Whether claude refuses to resume what it holds, and attaches to it.
    pub fn is_in_background(&self) -> bool {
        matches!(self.kind.as_str(), "bg" | "daemon" | "daemon-worker")
    }

    /// Whether the process may in truth write to this transcript, though its
    /// record names session `own`: `/resume` inside a claude leaves the record as
    /// it was. So it is where the file grew just when the process worked, in its
    /// own folder, and the file of the session it names did not.
    pub(crate) fn may_write(&self, own: &str, candidate: &Candidate) -> bool {
        let Some(at) = self.status_at.filter(|_| self.live == Live::Yes) else { return false };
        let since = candidate.modified - at;
        let busy = self.doing().is_in_turn();
        if since < -TOGETHER || !busy && since > TOGETHER {
            return false;
        }
        let folder = candidate.path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        let here = folder.zip(self.cwd.as_deref()).is_some_and(|(folder, cwd)| is_folder_of(folder, cwd));
        here && Candidate::beside(&candidate.path, own)
            .is_none_or(|own| own.modified + TOGETHER < candidate.modified)
    }
}

impl Store {
    /// Every session that is open, or may be, by its id. Of several records for
    /// one session the surest counts. No registry is an empty one.
    pub fn live_sessions(&self) -> HashMap<String, LiveRecord> {
        let mut live: HashMap<String, LiveRecord> = HashMap::new();
        let Ok(entries) = self.root().join("sessions").read_dir() else { return live };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(pid) = name.to_str().and_then(pid_of) else { continue };
            if let Some((id, record)) = read(&entry.path(), pid) {
                let held = live.get(&id);
                if held.is_none_or(|held| held.live == Live::Perhaps && record.live == Live::Yes) {
                    live.insert(id, record);
                }
            }
        }
        live
    }

    /// The session that the claude process `pid` (as in `CLAUDE_PID`) has open.
    pub fn session_of_pid(&self, pid: u32) -> Option<String> {
        let path = self.root().join("sessions").join(format!("{pid}.json"));
        let (id, record) = read(&path, pid)?;
        (record.live == Live::Yes).then_some(id)
    }
}

fn pid_of(name: &str) -> Option<u32> {
    let digits = name.strip_suffix(".json")?;
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

fn read(path: &Path, pid: u32) -> Option<(String, LiveRecord)> {
    let record: Value = serde_json::from_slice(&file::small(path, LONGEST)?).ok()?;
    let text = |key| record.get(key).and_then(Value::as_str);
    let id = session_id(text("sessionId")?)?;
    let live = if text("pidDomain").is_some_and(|domain| !is_ours(domain)) {
        Live::Perhaps
    } else if is_alive(pid, text("procStart")) {
        Live::Yes
    } else {
        return None;
    };
    let kind = text("kind").map(crate::text::clean).unwrap_or_default();
    let status = text("status").map(crate::text::clean);
    let status_at =
        record.get("statusUpdatedAt").and_then(Value::as_i64).and_then(DateTime::from_timestamp_millis);
    let cwd = text("cwd").map(str::to_owned);

    let short = |job: &&str| job.len() <= 36 && job.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let job = text("jobId").filter(short).filter(|job| !job.starts_with('-')).map(str::to_owned);
    Some((id, LiveRecord { pid, live, kind, status, job, status_at, cwd }))
}

/// Whether pids of this domain are ours: `linux:<machine-id>:<pid-namespace>`,
/// `darwin`, `win32:<hostname>`. A container without a machine id is known by
/// its namespace alone; what cannot be told apart counts as ours, and the pid
/// decides.
fn is_ours(domain: &str) -> bool {
    if cfg!(not(target_os = "linux")) {
        let kind = if cfg!(target_os = "macos") { "darwin" } else { "win32" };
        return domain.split(':').next() == Some(kind);
    }
    let Some((machine, namespace)) = domain.strip_prefix("linux:").and_then(|rest| rest.split_once(':'))
    else {
        return false;
    };
    let our_machine = ["/etc/machine-id", "/var/lib/dbus/machine-id"]
        .iter()
        .find_map(|path| std::fs::read_to_string(path).ok())
        .map(|id| id.trim().to_owned())
        .filter(|id| !id.is_empty());
    let our_namespace = std::fs::read_link("/proc/self/ns/pid").ok();
    our_machine.is_none_or(|ours| ours == machine)
        && our_namespace.is_none_or(|ours| ours.to_str() == Some(namespace))
}

#[cfg(unix)]
fn is_alive(pid: u32, start: Option<&str>) -> bool {
    use rustix::io::Errno;
    use rustix::process::{Pid, test_kill_process};
    let Some(process) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return false };
    // EPERM: it lives, but is another user's.
    if !matches!(test_kill_process(process), Ok(()) | Err(Errno::PERM)) {
        return false;
    }
    match (started(pid), start) {
        (Started::Gone, _) => false,
        (Started::At(found), Some(recorded)) => found == recorded,
        (Started::At(_), None) | (Started::Unknown, _) => true,
    }
}

#[cfg(not(unix))]
fn is_alive(_: u32, _: Option<&str>) -> bool {
    true
}

#[cfg(unix)]
enum Started {
    /// In clock ticks since the boot, as text.
    At(String),
    /// Dead, though not yet waited for by its parent.
    Gone,
    /// This system has no `/proc`.
    Unknown,
}

#[cfg(unix)]
fn started(pid: u32) -> Started {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return Started::Unknown;
    };
    match (is_running(&stat, None), start_in(&stat)) {
        (false, _) => Started::Gone,
        (true, Some(ticks)) => Started::At(ticks.to_owned()),
        (true, None) => Started::Unknown,
    }
}

/// Whether a process lives, by what `/proc/<pid>/stat` holds, and is the one
/// that began at `begun`.
pub fn is_running(stat: &str, begun: Option<&str>) -> bool {
    let dead = fields_of(stat).next().is_some_and(|state| matches!(state, "Z" | "X"));
    !dead && begun.zip(start_in(stat)).is_none_or(|(begun, found)| begun == found)
}

fn start_in(stat: &str) -> Option<&str> {
    fields_of(stat).nth(19)
}

/// The fields behind the command's name, which may hold anything.
fn fields_of(stat: &str) -> std::str::SplitAsciiWhitespace<'_> {
    stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_ascii_whitespace()
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::process::Command;

    const ID: &str = "11111111-2222-4333-8444-555555555555";

    fn start_of(pid: u32) -> String {
        match started(pid) {
            Started::At(start) => start,
            _ => "0".to_owned(),
        }
    }

    fn our_domain() -> String {
        let machine = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
        let namespace = std::fs::read_link("/proc/self/ns/pid").unwrap();
        format!("linux:{}:{}", machine.trim(), namespace.display())
    }

    #[test]
    fn a_record_counts_while_its_own_process_lives() {
        let dir = tempfile::tempdir().unwrap();
        let sessions = dir.path().join("sessions");
        std::fs::create_dir(&sessions).unwrap();
        let store = Store::new(dir.path());
        assert!(Store::new("/nowhere").live_sessions().is_empty());
        let mut dead = Command::new("true").spawn().unwrap();
        let zombie_or_gone = dead.id();
        let me = std::process::id();
        let mine = start_of(me);
        let state = |pid: u32, rest: &str| {
            let path = sessions.join(format!("{pid}.json"));
            std::fs::write(&path, format!("{{\"pid\":{pid},\"sessionId\":\"{ID}\"{rest}}}")).unwrap();
            let live = store.live_sessions().get(ID).map(|record| record.live);
            std::fs::remove_file(path).unwrap();
            live
        };
        assert_eq!(state(me, &format!(",\"procStart\":\"{mine}\"")), Some(Live::Yes));
        assert_eq!(
            state(me, &format!(",\"procStart\":\"{mine}\",\"pidDomain\":\"{}\"", our_domain())),
            Some(Live::Yes)
        );
        assert_eq!(state(me, ""), Some(Live::Yes));
        assert_eq!(state(me, ",\"procStart\":\"1\""), None);
        assert_eq!(state(me, ",\"pidDomain\":\"linux:elsewhere:pid:[1]\""), Some(Live::Perhaps));
        assert_eq!(state(me, ",\"pidDomain\":\"darwin\""), Some(Live::Perhaps));
        assert_eq!(state(0, ""), None);
        assert_eq!(state(u32::MAX, ""), None);
        assert_eq!(state(me, &format!(",\"x\":\"{}\"", "x".repeat(300_000))), None);
        dead.wait().unwrap();
        assert_eq!(state(zombie_or_gone, ""), None);

        std::fs::write(sessions.join(format!("{me}.json")), "{\"pid\":1,\"sessi").unwrap();
        std::fs::write(sessions.join(format!("{me}.{}.key", "a".repeat(64))), ID).unwrap();
        std::fs::write(sessions.join("+1.json"), format!("{{\"sessionId\":\"{ID}\"}}")).unwrap();
        assert!(store.live_sessions().is_empty());
    }

    #[test]
    fn a_pid_leads_to_its_session() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("sessions")).unwrap();
        let (store, me) = (Store::new(dir.path()), std::process::id());
        assert_eq!(store.session_of_pid(me), None);
        let path = dir.path().join(format!("sessions/{me}.json"));
        let record = format!(
            r#"{{"pid":{me},"sessionId":"{}","kind":"bg","status":"idle","procStart":"{}"}}"#,
            ID.to_uppercase(),
            start_of(me)
        );
        std::fs::write(path, record).unwrap();
        assert_eq!(store.session_of_pid(me).as_deref(), Some(ID));
        let record = store.live_sessions().remove(ID).unwrap();
        assert_eq!((record.pid, &*record.kind, record.status.as_deref()), (me, "bg", Some("idle")));
    }

    #[test]
    fn each_status_says_what_its_claude_does() {
        for (status, doing, in_turn) in [
            (Some("idle"), Doing::Idle, false),
            (Some("shell"), Doing::Shell, false),
            (Some("waiting"), Doing::Waiting, true),
            (Some("busy"), Doing::Busy, true),
            (Some("a word of tomorrow"), Doing::Busy, true),
            (None, Doing::Unknown, false),
        ] {
            assert_eq!((Doing::of(status), doing.is_in_turn()), (doing, in_turn), "{status:?}");
        }
    }

    #[test]
    fn a_zombie_is_dead() {
        let mut child = Command::new("true").spawn().unwrap();
        let pid = child.id();
        for _ in 0..200 {
            if !is_alive(pid, None) {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert!(!is_alive(pid, None));
        child.wait().unwrap();
    }
}

//! A session that arrives meets one that is here: whatever happened on both
//! sides, nothing of either is lost.

mod durable;
pub mod full;
mod kills;
mod live;
mod moved;
mod tidied;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::support::session::{Transcript, append};
use crate::support::{Device, Session, Sshd, text};
use crate::transfer::ssh::{grow, origin, reader, sha256, transcripts};

/// One session on A that B has brought.
pub struct Pair {
    pub a: Device,
    pub b: Device,
    pub sshd: Sshd,
    pub session: Session,
    /// B's transcript.
    pub here: PathBuf,
}

impl Pair {
    /// `None` where there is no sshd.
    pub fn new() -> Option<Self> {
        let (a, sshd) = origin()?;
        let b = reader(&a, &sshd);
        b.project("uploader");
        let session = a.session("uploader", "There and back");
        let mut pair = Self { a, b, sshd, session, here: PathBuf::new() };
        pair.bring(&[]).ok();
        let name = format!("{}.jsonl", pair.session.id);
        pair.here =
            transcripts(&pair.b).into_iter().find(|path| path.ends_with(&name)).expect("it was brought");
        Some(pair)
    }

    /// Publishes it on A and brings it to B.
    pub fn bring(&self, options: &[&str]) -> crate::support::Run {
        let published = self.a.publish_session(&self.session, &["--ssh", &self.sshd.address()]);
        self.b.cmd(&["pickup", text(&published, "token"), "--plan", "bring"]).args(options)
    }

    /// The transcripts in B's Claude folder.
    pub fn sessions(&self) -> Vec<PathBuf> {
        let folder = self.here.parent().unwrap();
        let mut all: Vec<PathBuf> = transcripts(&self.b);
        all.retain(|path| path.parent() == Some(folder) && path.extension().is_some_and(|e| e == "jsonl"));
        all
    }

    /// What B would resume beside the session itself.
    pub fn copy(&self) -> PathBuf {
        let mut others = self.sessions();
        others.retain(|path| *path != self.here);
        assert_eq!(others.len(), 1, "{others:?}");
        others.remove(0)
    }

    /// Moves B's Claude folder to another file system.
    pub fn move_claude_to(&mut self, claude: &Path) {
        let copied = Command::new("cp").arg("-a").arg(&self.b.claude).arg(claude).status().unwrap();
        assert!(copied.success());
        self.here = claude.join(self.here.strip_prefix(&self.b.claude).unwrap());
        claude.clone_into(&mut self.b.claude);
    }

    /// Asserts that no other session lies beside it.
    #[track_caller]
    pub fn is_alone(&self) {
        assert_eq!(self.sessions(), std::slice::from_ref(&self.here));
    }

    /// Asserts that somebody finds these words on B.
    #[track_caller]
    pub fn finds(&self, words: &str) {
        let found = self.b.json(&["sessions", "--all", "--search", words]);
        assert_ne!(found, json!([]), "{words}: {:?}", transcripts(&self.b));
    }

    /// Asserts that nothing of ours is left in B's Claude folder.
    #[track_caller]
    pub fn is_clean(&self) {
        let ours = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().contains("cclink");
        let left: Vec<PathBuf> = transcripts(&self.b).into_iter().filter(ours).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// Somebody says something, and claude answers.
pub fn say(path: &Path, session: &Session, words: &str, minute: u32) {
    let time = |second| format!("2026-11-20T14:{minute:02}:{second:02}.000Z");
    let said = session.more().at(&time(1)).says(words);
    append(path, said.at(&time(2)).answers(&format!("answer to {words}")));
}

/// Writes a file and the folders above it.
pub fn put(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

#[test]
fn what_went_on_there_grows_here_without_a_question() {
    let Some(pair) = Pair::new() else { return };
    grow(&pair.session, 400_000);
    // Cut while it was written, and with other line ends, it is the beginning still.
    let torn = fs::read_to_string(&pair.here).unwrap().replace('\n', "\r\n") + "{\"type\":\"us";
    fs::write(&pair.here, torn).unwrap();
    let out = pair.bring(&[]).ok().says(&["copied", "messages"]);
    assert!(!out.said().contains("kept"), "{}", out.said());
    assert_eq!(sha256(&pair.here), sha256(&pair.session.path));
    pair.is_alone();
    pair.is_clean();
}

#[test]
fn both_went_on_and_both_stay() {
    let Some(pair) = Pair::new() else { return };
    let id = &pair.session.id;
    say(&pair.session.path, &pair.session, "LONELY-HERON", 30);
    say(&pair.session.path, &pair.session, "SECOND-HERON", 31);
    say(&pair.here, &pair.session, "QUIET-BADGER", 40);
    let agent = "subagents/agent-a0b16c2803b151cdc.jsonl";
    let of = |transcript: &Path, name: &str| transcript.with_extension("").join(name);
    for (path, words) in [(&pair.session.path, "there"), (&pair.here, "here")] {
        put(&of(path, agent), &format!("{{\"sessionId\":\"{id}\",\"x\":\"{words}\"}}\n"));
        put(&of(path, &format!("tool-results/{words}.txt")), words);
    }
    for (device, words) in [(&pair.a, "there"), (&pair.b, "now here")] {
        put(&device.claude.join(format!("file-history/{id}/88d04c424ec0177c@v2")), words);
    }
    let before = fs::read(&pair.here).unwrap();
    pair.bring(&[]).fails(1).says(&["2 messages here, 4 there", "--yes"]);
    assert_eq!(fs::read(&pair.here).unwrap(), before, "nothing was changed");
    pair.bring(&["--yes"]).ok().says(&["kept as a separate session"]);
    assert_eq!(sha256(&pair.here), sha256(&pair.session.path), "theirs is in its place");
    let copy = pair.copy();
    let new_id = copy.file_stem().unwrap().to_str().unwrap().to_owned();
    let renamed = String::from_utf8(before).unwrap().replace(id.as_str(), &new_id);
    assert_eq!(fs::read_to_string(&copy).unwrap(), renamed, "ours is whole");
    for (transcript, id, words, version) in
        [(&pair.here, id, "there", "there"), (&copy, &new_id, "here", "now here")]
    {
        let agent = fs::read_to_string(of(transcript, agent)).unwrap();
        assert!(agent.contains(words) && agent.contains(id.as_str()), "{agent}");
        assert_eq!(fs::read_to_string(of(transcript, &format!("tool-results/{words}.txt"))).unwrap(), words);
        let history = pair.b.claude.join(format!("file-history/{id}/88d04c424ec0177c@v2"));
        assert_eq!(fs::read_to_string(history).unwrap(), version);
    }
    for words in ["LONELY-HERON", "SECOND-HERON", "QUIET-BADGER"] {
        pair.finds(words);
    }
    for id in [id, &new_id] {
        pair.b.cmd(&["resume", id]).ok();
        assert_eq!(pair.b.claude_started().unwrap().args, ["--resume", id.as_str()]);
    }
    pair.is_clean();
}

#[test]
fn what_is_here_already_is_said_and_completed() {
    let Some(pair) = Pair::new() else { return };
    let before = fs::read(&pair.here).unwrap();
    pair.bring(&[]).ok().says(&["it was already here, complete"]);
    put(&pair.session.path.with_extension("").join("tool-results/late.txt"), "late");
    pair.bring(&[]).ok().says(&["it was already here, complete"]);
    let late = pair.here.with_extension("").join("tool-results/late.txt");
    assert_eq!(fs::read_to_string(late).unwrap(), "late");
    // Only this side went on: theirs is its beginning.
    say(&pair.here, &pair.session, "QUIET-BADGER", 40);
    let more = fs::read(&pair.here).unwrap();
    pair.bring(&[]).ok().says(&["it was already here"]);
    assert_eq!(fs::read(&pair.here).unwrap(), more);
    assert!(more.starts_with(&before));
    pair.is_alone();
}

#[test]
fn everything_that_belongs_to_it_comes_and_nothing_else() {
    let Some(pair) = Pair::new() else { return };
    let id = &pair.session.id;
    pair.session.grows(|more| more.says("plan").with("slug", "calm-otter"));
    let side = pair.session.path.with_extension("");
    put(&side.join("subagents/agent-1.jsonl"), "{\"a\":1}\n{\"a\":2}\n");
    put(&side.join("subagents/agent-2.jsonl"), "{\"b\":1}\n");
    put(&side.join("tool-results/x/y.txt"), "large");
    put(&side.join("resume-head.jsonl"), "a cache");
    std::os::unix::fs::symlink("/etc/passwd", side.join("tool-results/link.txt")).unwrap();
    for folder in ["..", "a\u{202e}b", "-rf"] {
        put(&side.join("tool-results").join(folder).join("z.txt"), "odd");
    }
    put(&pair.a.claude.join(format!("file-history/{id}/88d04c424ec0177c@v1")), "checkpoint");
    put(&pair.a.claude.join("file-history/another/88d04c424ec0177c@v1"), "not ours");
    put(&pair.a.claude.join(format!("tasks/{id}/1.json")), "{\"status\":\"completed\"}");
    for name in ["calm-otter.md", "calm-otter-agent-9.md", "other.md"] {
        put(&pair.a.claude.join("plans").join(name), name);
    }
    let memory = pair.session.path.with_file_name("memory");
    put(&memory.join("MEMORY.md"), "remember");
    let here = pair.here.with_extension("");
    put(&here.join("subagents/agent-1.jsonl"), "{\"a\":1}\n");
    put(&here.join("subagents/agent-2.jsonl"), "{\"b\":1}\n{\"b\":2}\n");
    put(&here.join("subagents/agent-3.jsonl"), "{\"c\":1}\n");
    let out = pair.bring(&[]).ok();
    for words in [
        "2 sub-agents",
        "1 checkpoint",
        "2 plans",
        "1 task",
        "memory",
        "agent-2.jsonl (longer or newer here)",
    ] {
        assert!(out.stderr.contains(words), "{words}: {}", out.stderr);
    }
    let read =
        |path: PathBuf| fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert_eq!(read(here.join("subagents/agent-1.jsonl")), "{\"a\":1}\n{\"a\":2}\n", "it grew");
    assert_eq!(read(here.join("subagents/agent-2.jsonl")), "{\"b\":1}\n{\"b\":2}\n", "ours is longer");
    assert_eq!(read(here.join("subagents/agent-3.jsonl")), "{\"c\":1}\n");
    assert_eq!(read(here.join("tool-results/x/y.txt")), "large");
    assert_eq!(read(pair.b.claude.join(format!("file-history/{id}/88d04c424ec0177c@v1"))), "checkpoint");
    assert_eq!(read(pair.b.claude.join("plans/calm-otter-agent-9.md")), "calm-otter-agent-9.md");
    assert_eq!(read(pair.b.claude.join(format!("tasks/{id}/1.json"))), "{\"status\":\"completed\"}");
    for name in ["plans/other.md", "file-history/another"] {
        assert!(!pair.b.claude.join(name).exists(), "{name}");
    }
    assert!(!here.join("resume-head.jsonl").exists() && !here.join("tool-results/link.txt").exists());
    assert!(!pair.here.with_file_name("memory").join("MEMORY.md").exists(), "only when asked");
    say(&pair.session.path, &pair.session, "LONELY-HERON", 50);
    pair.bring(&["--with-memory"]).ok();
    let here = pair.here.with_file_name("memory").join("MEMORY.md");
    assert_eq!(read(here.clone()), "remember");
    // What this machine's project remembers is never written over, however new.
    put(&here, "ours");
    put(&memory.join("MEMORY.md"), "a newer one, and a longer one");
    pair.bring(&["--with-memory"]).ok().says(&["memory: MEMORY.md (longer or newer here)"]);
    assert_eq!(read(here), "ours");
}

#[test]
fn a_line_that_binds_it_to_its_process_stays_there_and_the_way_home_is_open() {
    let Some(pair) = Pair::new() else { return };
    let bridged = |more: Transcript| {
        more.state("bridge-session", "bridgeSessionId", "session_01abc").with("lastSequenceNum", 7)
    };
    pair.session.grows(bridged);
    say(&pair.session.path, &pair.session, "LONELY-HERON", 30);
    pair.session.grows(bridged);
    pair.bring(&[]).ok();
    let brought = fs::read_to_string(&pair.here).unwrap();
    let original = fs::read_to_string(&pair.session.path).unwrap();
    assert!(!brought.contains("bridge"), "left out");
    let lines_of = |text: &str| -> Vec<String> {
        text.lines()
            .filter(|l| !l.trim().is_empty() && !l.contains("bridge-session"))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(lines_of(&brought), lines_of(&original), "everything else is");
    assert_eq!(brought.len(), original.len());
    // It holds what was published, and is here already.
    let published = pair.a.publish_session(&pair.session, &["--ssh", &pair.sshd.address()]);
    let plans = pair.b.json(&["pickup", text(&published, "token")])["plans"].clone();
    assert!(plans.as_array().unwrap().iter().any(|p| p["kind"] == "here" && p["ready"] == true), "{plans:#}");
    assert_eq!(pair.b.json(&["sessions"])[0]["resumable"], true);
    // B went on, and A has it back.
    say(&pair.here, &pair.session, "QUIET-BADGER", 40);
    home(&pair, &[]).ok();
    let back = fs::read_to_string(&pair.session.path).unwrap();
    assert_eq!(lines_of(&back), lines_of(&fs::read_to_string(&pair.here).unwrap()));
    assert!(back.contains("LONELY-HERON") && back.contains("QUIET-BADGER"));
}

/// Publishes it on B, and brings it back to A.
fn home(pair: &Pair, options: &[&str]) -> crate::support::Run {
    let user = pair.b.path("user/.claude");
    if !user.exists() {
        std::os::unix::fs::symlink(&pair.b.claude, &user).unwrap();
    }
    let sshd = Sshd::start(&pair.b.path("user")).unwrap();
    let paths = format!("[paths]\n{:?} = {:?}\n", pair.b.projects.display(), pair.a.projects.display());
    sshd.configure(&pair.a, &paths);
    let published = pair.b.json(&["publish", &pair.session.id, "--ssh", &sshd.address()]);
    let run = pair.a.cmd(&["pickup", text(&published, "token"), "--plan", "bring"]).args(options);
    // It must be there until the run has ended.
    std::mem::forget(sshd);
    run
}

#[test]
fn a_machine_that_lies_about_lengths_fills_no_disk() {
    let Some(pair) = Pair::new() else { return };
    let published = pair.a.publish_session(&pair.session, &["--ssh", &pair.sshd.address()]);
    fs::remove_file(&pair.here).unwrap();
    let file = fs::OpenOptions::new().write(true).open(&pair.session.path).unwrap();
    file.set_len(1 << 40).unwrap();
    let out = pair.b.cmd(&["pickup", text(&published, "token"), "--plan", "bring"]).fails(1);
    out.says(&["were published", "Nothing was copied"]);
    assert!(transcripts(&pair.b).is_empty());
}

#[test]
fn it_stays_in_the_folder_where_it_is() {
    let Some(pair) = Pair::new() else { return };
    let other = pair.b.claude.join("projects/-somewhere-else").join(pair.here.file_name().unwrap());
    fs::create_dir_all(other.parent().unwrap()).unwrap();
    fs::rename(&pair.here, &other).unwrap();
    say(&pair.session.path, &pair.session, "LONELY-HERON", 30);
    pair.bring(&[]).ok();
    assert_eq!(sha256(&other), sha256(&pair.session.path));
    assert!(!pair.here.exists(), "never in two folders");
}

#[test]
fn what_is_in_its_place_and_cannot_be_read_stays() {
    let Some(pair) = Pair::new() else { return };
    // As a link whose disk is not there: no list shows it.
    fs::remove_file(&pair.here).unwrap();
    std::os::unix::fs::symlink("/no/such/disk/session.jsonl", &pair.here).unwrap();
    pair.bring(&["--yes"]).fails(1).says(&["unchanged"]);
    assert!(pair.here.is_symlink());
    pair.is_clean();
}

#[test]
fn of_two_copies_the_newer_is_compared() {
    let Some(pair) = Pair::new() else { return };
    let other = pair.b.claude.join("projects/-somewhere-else").join(pair.here.file_name().unwrap());
    put(&other, &fs::read_to_string(&pair.here).unwrap());
    say(&pair.session.path, &pair.session, "LONELY-HERON", 30);
    for (newer, older) in [(&other, &pair.here), (&pair.here, &other)] {
        let (new, old) = (fs::read(newer).unwrap(), fs::read(older).unwrap());
        for (path, time) in [(older, UNIX_EPOCH), (newer, SystemTime::now())] {
            fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
        }
        pair.bring(&[]).ok();
        assert_eq!(sha256(newer), sha256(&pair.session.path), "{}", newer.display());
        assert_eq!(fs::read(older).unwrap(), old);
        fs::write(newer, new).unwrap();
    }
}

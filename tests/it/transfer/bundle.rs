//! The conversation in a sealed file: made on one device, taken on another, with
//! nothing of the first one left.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::support::{Device, Session, text, tool_is_missing, until};
use crate::transfer::arrive::{put, say};
use crate::transfer::ssh::{grow, sha256, transcripts};

/// A session with all that can belong to one, and a device of the same owner that
/// knows its project.
pub fn origin() -> (Device, Device, Session) {
    let a = Device::new();
    let b = Device::copy_of(&a);
    b.project("uploader");
    let session = a.session("uploader", "Take me along");
    let id = &session.id;
    session.grows(|more| {
        more.says("plan")
            .with("slug", "calm-otter")
            .state("bridge-session", "bridgeSessionId", "session_01")
            .with("lastSequenceNum", 7)
    });
    let side = session.path.with_extension("");
    put(&side.join("subagents/agent-1.jsonl"), "{\"a\":1}\n");
    put(&side.join("tool-results/x/y.txt"), "large");
    put(&side.join("resume-head.jsonl"), "a cache");
    put(&a.claude.join(format!("file-history/{id}/88d04c424ec0177c@v1")), "checkpoint");
    put(&a.claude.join("plans/calm-otter.md"), "# plan");
    for (of, name) in [(&**id, "1.json"), (id, ".highwatermark"), (id, ".lock"), ("another", "1.json")] {
        put(&a.claude.join("tasks").join(of).join(name), "7");
    }
    put(&a.claude.join("plans/other.md"), "not ours");
    put(&session.path.with_file_name("memory").join("MEMORY.md"), "remember");
    (a, b, session)
}

fn bundle(a: &Device, session: &Session, file: &Path, more: &[&str]) -> serde_json::Value {
    let args = [&["bundle", &session.id, "-o", file.to_str().unwrap()], more].concat();
    a.json(&args)
}

/// Every regular file below Claude's folder that belongs to sessions.
pub fn belongings(device: &Device) -> Vec<(PathBuf, String)> {
    let mut all: Vec<_> = transcripts(device)
        .into_iter()
        .chain(crate::support::device::walk(&device.claude.join("file-history")))
        .chain(crate::support::device::walk(&device.claude.join("plans")))
        .chain(crate::support::device::walk(&device.claude.join("tasks")))
        .filter(|path| path.is_file())
        .map(|path| (path.strip_prefix(&device.claude).unwrap().to_owned(), sha256(&path)))
        .collect();
    all.sort();
    all
}

#[test]
fn what_was_sealed_arrives_whole_when_its_machine_is_gone() {
    let (a, b, session) = origin();
    let file = b.path("talk.cclink");
    let published = bundle(&a, &session, &file, &[]);
    let bytes = fs::metadata(&file).unwrap().len();
    assert_eq!(published["carry"], json!({"way": "file", "bytes": bytes}));
    assert!(!String::from_utf8_lossy(&fs::read(&file).unwrap()).contains("PURPLE-ELEPHANT"));
    let mut expected = fs::read_to_string(&session.path).unwrap();
    let line = expected.lines().find(|line| line.contains("bridge-session")).unwrap().to_owned();
    expected = expected.replace(&line, &" ".repeat(line.len()));
    fs::rename(&a.claude, a.path("gone")).unwrap();

    let token = text(&published, "token");
    let picked = b.json(&["pickup", token]);
    assert_eq!(picked["carry"]["bytes"], bytes);
    let out = b.cmd(&["pickup", token, "--from", file.to_str().unwrap()]).ok();
    out.says(&["1 sub-agent", "1 large output", "1 checkpoint", "1 plan", "1 task"]);
    let started = b.claude_started().expect("it is resumed");
    assert_eq!(started.args, ["--resume", &session.id]);
    let here = transcripts(&b).into_iter().find(|path| path.ends_with(format!("{}.jsonl", session.id)));
    let here = here.expect("it arrived");
    assert_eq!(fs::read_to_string(&here).unwrap(), expected);
    let side = here.with_extension("");
    let read =
        |path: PathBuf| fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert_eq!(read(side.join("subagents/agent-1.jsonl")), "{\"a\":1}\n");
    assert_eq!(read(side.join("tool-results/x/y.txt")), "large");
    assert_eq!(read(b.claude.join(format!("file-history/{}/88d04c424ec0177c@v1", session.id))), "checkpoint");
    assert_eq!(read(b.claude.join("plans/calm-otter.md")), "# plan");
    let tasks = b.claude.join("tasks").join(&session.id);
    assert_eq!((read(tasks.join("1.json")), read(tasks.join(".highwatermark"))), ("7".into(), "7".into()));
    assert!(!tasks.join(".lock").exists() && !b.claude.join("tasks/another").exists());
    assert!(!side.join("resume-head.jsonl").exists() && !b.claude.join("plans/other.md").exists());
    assert!(!here.with_file_name("memory").exists(), "only when asked");
    assert!(file.exists(), "it is its owner's");
    // Once more: nothing to do, and said.
    b.cmd(&["pickup", token, "--from", file.to_str().unwrap()]).ok().says(&["it was already here, complete"]);
}

#[test]
fn both_went_on_and_both_stay() {
    let (a, b, session) = origin();
    let file = b.path("one.cclink");
    let published = bundle(&a, &session, &file, &["--with-memory"]);
    let take = |token: &str, file: &Path, more: &[&str]| {
        b.cmd(&["pickup", token, "--from", file.to_str().unwrap()]).args(more)
    };
    take(text(&published, "token"), &file, &["--with-memory"]).ok();
    let here =
        transcripts(&b).into_iter().find(|path| path.ends_with(format!("{}.jsonl", session.id))).unwrap();
    assert_eq!(fs::read_to_string(here.with_file_name("memory").join("MEMORY.md")).unwrap(), "remember");
    say(&session.path, &session, "LONELY-HERON", 30);
    say(&here, &session, "QUIET-BADGER", 40);
    let file = b.path("two.cclink");
    let published = bundle(&a, &session, &file, &[]);
    let token = text(&published, "token");
    let before = belongings(&b);
    take(token, &file, &[]).fails(1).says(&["continued on both machines", "--yes"]);
    assert_eq!(belongings(&b), before);
    take(token, &file, &["--yes"]).ok().says(&["kept as a separate session"]);
    for words in ["LONELY-HERON", "QUIET-BADGER"] {
        assert_ne!(b.json(&["sessions", "--search", words]), json!([]), "{words}");
    }
}

#[test]
fn another_file_is_refused_and_nothing_is_touched() {
    let (a, b, session) = origin();
    let [file, other, cut] = ["file", "other", "cut"].map(|name| b.path(name));
    let published = bundle(&a, &session, &file, &["--burn"]);
    let token = text(&published, "token");
    bundle(&a, &a.session("uploader", "Another"), &other, &[]);
    let whole = fs::read(&file).unwrap();
    fs::write(&cut, &whole[..whole.len() - 1]).unwrap();
    let before = belongings(&b);
    for (path, words) in [
        (other.as_path(), "does not belong to this handoff"),
        (&cut, "does not belong to this handoff"),
        (&b.path("nowhere"), "cannot be read"),
        (&b.claude, "cannot be read"),
    ] {
        b.cmd(&["pickup", token, "--from", path.to_str().unwrap()]).fails(1).says(&[words]);
        assert_eq!(belongings(&b), before);
        assert_eq!(a.json(&["list"])[1]["state"], "live", "it was taken: {words}");
    }
    let plain = a.publish(&[]);
    b.cmd(&["pickup", text(&plain, "token"), "--from", file.to_str().unwrap()])
        .fails(1)
        .says(&["has no sealed file", "cclink bundle"]);
    let brought = b.home.join("bring");
    assert!(!brought.join(format!("{}.part", session.id)).exists(), "it left something");
    // By a pipe, too; what burns is taken once.
    b.cmd_by(
        &["sh", "-c", &format!("exec \"$0\" \"$@\" < '{}'", file.display())],
        &["pickup", token, "--from", "-"],
    )
    .ok();
    assert_eq!(
        a.json(&["list", "--all"]).as_array().unwrap().iter().find(|row| row["token"] == token).unwrap()["state"],
        "burned"
    );
    assert!(b.claude_started().is_some());
}

#[test]
fn a_handoff_never_promises_what_is_not_there() {
    let (a, b, session) = origin();
    let file = b.path("talk.cclink");
    let path = file.to_str().unwrap();
    fs::write(&file, "somebody's").unwrap();
    a.cmd(&["bundle", &session.id, "-o", path]).fails(1).says(&["already exists", "Nothing was published"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "somebody's");
    fs::remove_file(&file).unwrap();
    a.cmd(&["bundle", &session.id, "-o", "/nowhere/at/all"]).fails(1).says(&["cannot be written"]);
    a.cmd(&["bundle", &session.id, "-o", path]).env("CCLINK_BOOTSTRAP", "127.0.0.1:1").fails(5);
    assert!(!file.exists(), "its handoff did not go out");
    assert_eq!(a.json(&["list"]), json!([]));
    let left = fs::read_dir(file.parent().unwrap()).unwrap().flatten();
    assert!(left.into_iter().all(|entry| !entry.file_name().to_string_lossy().starts_with(".cclink-")));
    a.cmd(&["bundle", &session.id, "-o", "-", "--json"]).fails(2).says(&["stdout is the sealed file"]);
}

#[test]
fn its_key_opens_it_with_age_alone() {
    if tool_is_missing("age") {
        return;
    }
    let (a, b, session) = origin();
    let file = b.path("talk.cclink");
    let out = a.cmd(&["bundle", &session.id, "-o", file.to_str().unwrap(), "--show-key"]).ok();
    let key = out.stdout.lines().find(|line| line.starts_with("AGE-SECRET-KEY-1")).expect("the key");
    fs::write(b.path("key"), key).unwrap();
    let age = Command::new("age").args(["-d", "-i"]).arg(b.path("key")).arg(&file).output().unwrap();
    assert!(age.status.success(), "{}", String::from_utf8_lossy(&age.stderr));
    let tar = zstd::decode_all(&age.stdout[..]).unwrap();
    let names: Vec<String> = tar::Archive::new(&tar[..])
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().path().unwrap().display().to_string())
        .collect();
    assert_eq!(names[..2], ["manifest.json", "transcript.jsonl"]);
    let mut archive = tar::Archive::new(&tar[..]);
    let manifest = archive.entries().unwrap().next().unwrap().unwrap();
    let manifest: serde_json::Value = serde_json::from_reader(manifest).unwrap();
    assert_eq!(manifest["claude"], "2.1.330", "as the transcript's lines say");
    // On stdout it is the file alone.
    let piped = b.path("piped");
    let out = a
        .cmd_by(
            &["sh", "-c", &format!("exec \"$0\" \"$@\" > '{}'", piped.display())],
            &["bundle", &session.id, "-o", "-"],
        )
        .ok();
    let way = out.stderr.lines().find_map(|line| line.strip_prefix("Elsewhere: `cclink pickup "));
    let token = way.expect("the way on").split(' ').next().unwrap();
    b.cmd(&["pickup", token, "--from", piped.to_str().unwrap()]).ok();
    assert!(b.claude_started().is_some());
}

#[test]
fn what_is_interrupted_leaves_no_half_file() {
    let (a, b, session) = origin();
    grow(&session, 40_000_000);
    let folder = b.path("stick");
    fs::create_dir(&folder).unwrap();
    let file = folder.join("talk.cclink");
    let names = || -> Vec<String> {
        let entries = fs::read_dir(&folder).unwrap().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    };
    for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cclink"))
            .args(["bundle", &session.id, "-o", file.to_str().unwrap()])
            .env_clear()
            .envs(a.env())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until("it is being written", Duration::from_secs(30), || (!names().is_empty()).then_some(()));
        kill_process(Pid::from_child(&child), signal).unwrap();
        let ended = child.wait().unwrap();
        assert!(!ended.success(), "it was too late for {signal:?}");
        assert_eq!(names().is_empty(), signal != Signal::KILL, "{signal:?}: {:?}", names());
        assert_eq!(a.json(&["list"]), json!([]), "{signal:?}");
    }
    // What was killed is tidied by the next.
    bundle(&a, &session, &file, &[]);
    assert_eq!(names(), ["talk.cclink"]);
}

#[test]
fn without_a_stdout_nothing_is_published() {
    let (a, _, session) = origin();
    for line in ["exec \"$0\" \"$@\" >&-", "exec \"$0\" \"$@\" > /dev/full"] {
        let out = a.cmd_by(&["sh", "-c", line], &["bundle", &session.id, "-o", "-"]).fails(1);
        out.says(&["cannot be written", "Nothing was published"]);
        assert_eq!(a.json(&["list"]), json!([]), "{line}");
    }
}

#[test]
fn a_handoff_stands_for_its_session() {
    let (a, b, session) = origin();
    let token = text(&a.publish_session(&session, &[]), "token").to_owned();
    let file = b.path("talk.cclink");
    let published = a.json(&["bundle", &token, "-o", file.to_str().unwrap()]);
    assert_eq!(published["session_id"], json!(session.id));
    b.cmd(&["pickup", "--from", file.to_str().unwrap()]).ok();
    assert_eq!(b.claude_started().unwrap().args, ["--resume", &session.id]);
}

#[test]
fn without_its_file_it_is_said_what_is_missing() {
    let (a, b, session) = origin();
    let file = b.path("talk.cclink");
    let token = text(&bundle(&a, &session, &file, &[]), "token").to_owned();
    let path = file.to_str().unwrap();
    let missing = ["is in a sealed file", "no place to fetch it from is set up", "--from FILE"];
    b.cmd(&["pickup", &token]).ok().says(&missing);
    b.cmd(&["pickup", &token, "--plan", "carried"]).fails(1).says(&missing);
    b.cmd(&["pickup", &token, "--plan", "ssh", "--from", path]).fails(2).says(&["--plan carried"]);
    b.cmd(&["pickup", &token, "--plan", "carried", "--from", path]).ok();
    assert!(b.claude_started().is_some());
}

//! Open in a claude, here or there: nothing changes under it, and no turn is cut
//! without a word.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::{Pair, put, say};
use crate::support::{Pty, text, until};
use crate::transfer::ssh::{sha256, transcripts};

/// A process that stands where a claude would be, and its record.
struct Open {
    child: Child,
    record: PathBuf,
}

impl Open {
    fn new(claude: &Path, id: &str, more: &Value) -> Self {
        let child = Command::new("sleep").arg("600").stdin(Stdio::null()).spawn().unwrap();
        let mut record = json!({"pid": child.id(), "sessionId": id, "kind": "interactive"});
        record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let path = claude.join(format!("sessions/{}.json", child.id()));
        put(&path, &record.to_string());
        Self { child, record: path }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.record);
    }
}

#[test]
fn nothing_is_swapped_under_a_claude_that_has_it_open() {
    let Some(pair) = Pair::new() else { return };
    say(&pair.session.path, &pair.session, "LONELY-HERON", 30);
    let agent = Path::new("subagents/agent-a0b16c2803b151cdc.jsonl");
    let side = format!("{{\"sessionId\":\"{}\"}}\n", pair.session.id);
    put(&pair.session.path.with_extension("").join(agent), &side);
    let before = fs::read(&pair.here).unwrap();
    for (more, words) in [
        (json!({"status": "busy"}), "open in a running claude"),
        (json!({"pidDomain": "darwin"}), "may be open"),
    ] {
        let _open = Open::new(&pair.b.claude, &pair.session.id, &more);
        pair.bring(&[]).fails(1).says(&[words, "--yes"]);
        pair.is_alone();
        pair.bring(&["--yes"]).ok().says(&["a separate session"]);
        assert_eq!(fs::read(&pair.here).unwrap(), before, "{words}");
        let copy = pair.copy();
        let id = copy.file_stem().unwrap().to_str().unwrap().to_owned();
        assert_eq!(pair.b.claude_started().unwrap().args, ["--resume", &id]);
        pair.finds("LONELY-HERON");
        let beside = fs::read_to_string(copy.with_extension("").join(agent)).unwrap();
        assert_eq!(beside, side.replace(&pair.session.id, &id), "what is beside it is the copy's");
        // The same again is not put beside a second time.
        pair.bring(&["--yes"]).ok();
        assert_eq!(pair.copy(), copy);
        fs::remove_file(copy).unwrap();
    }
}

#[test]
fn beside_one_that_is_open_and_whole_only_what_is_missing_is_put() {
    let Some(pair) = Pair::new() else { return };
    let of = |transcript: &Path, name: &str| transcript.with_extension("").join(name);
    put(&of(&pair.session.path, "subagents/agent-1.jsonl"), "{\"a\":1}\n{\"a\":2}\n");
    put(&of(&pair.session.path, "tool-results/late.txt"), "late");
    put(&of(&pair.here, "subagents/agent-1.jsonl"), "{\"a\":1}\n");
    // It appends to what it has opened.
    let mut agent =
        fs::OpenOptions::new().append(true).open(of(&pair.here, "subagents/agent-1.jsonl")).unwrap();
    let open = Open::new(&pair.b.claude, &pair.session.id, &json!({"status": "busy"}));
    pair.bring(&[]).output().says(&["it was already here, complete", "agent-1.jsonl (it is open here)"]);
    agent.write_all(b"{\"a\":3}\n").unwrap();
    let now = |name: &str| fs::read_to_string(of(&pair.here, name)).unwrap();
    assert_eq!(now("subagents/agent-1.jsonl"), "{\"a\":1}\n{\"a\":3}\n");
    assert_eq!(now("tool-results/late.txt"), "late");
    drop(open);
}

#[test]
fn an_idle_claude_is_ended_when_that_is_the_answer() {
    let Some(pair) = Pair::new() else { return };
    say(&pair.session.path, &pair.session, "LONELY-HERON", 30);
    let mut open = Open::new(&pair.b.claude, &pair.session.id, &json!({"status": "idle"}));
    let published = pair.a.publish_session(&pair.session, &["--ssh", &pair.sshd.address()]);
    let program = env!("CARGO_BIN_EXE_cclink");
    let words = ["pickup", text(&published, "token"), "--plan", "bring"];
    let mut pty = Pty::spawn(program, &words, &pair.b.env(), &pair.b.projects);
    assert!(pty.waits_for(&["end that claude"]), "{}", pty.said());
    assert!(open.child.try_wait().unwrap().is_none(), "asked first");
    pty.types("2\r");
    until("its end", Duration::from_secs(30), || open.child.try_wait().unwrap());
    assert_eq!(pty.code(), 0, "{}", pty.said());
    assert_eq!(sha256(&pair.here), sha256(&pair.session.path));
}

#[test]
fn a_turn_that_runs_there_is_said_before_anything_is_copied() {
    let Some(pair) = Pair::new() else { return };
    fs::remove_file(&pair.here).unwrap();
    say(&pair.session.path, &pair.session, "LONELY-HERON", 34);
    let whole = fs::read(&pair.session.path).unwrap();
    pair.session.grows(|more| more.at("2026-11-20T14:40:00.000Z").says("and now"));
    let claude = Open::new(&pair.a.claude, &pair.session.id, &json!({"status": "busy"}));
    pair.bring(&[]).fails(1).says(&["in the middle of a turn", "--yes", "14:34"]);
    assert!(transcripts(&pair.b).is_empty());
    assert!(!pair.b.home.join("bring").join(format!("{}.part", pair.session.id)).exists());
    pair.bring(&["--yes"]).ok().says(&["last complete turn"]);
    assert_eq!(fs::read(&pair.here).unwrap(), whole);
    // An idle one is taken whole, and so is one whose claude was killed.
    for more in [json!({"status": "idle"}), json!({"status": "busy", "procStart": "1"})] {
        fs::remove_file(&pair.here).unwrap();
        fs::write(&claude.record, {
            let mut record: Value = serde_json::from_slice(&fs::read(&claude.record).unwrap()).unwrap();
            record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            record.to_string()
        })
        .unwrap();
        pair.bring(&[]).ok();
        assert_eq!(sha256(&pair.here), sha256(&pair.session.path), "{more}");
    }
}

#[test]
fn yes_on_a_terminal_asks_nothing_either() {
    let Some(pair) = Pair::new() else { return };
    if std::env::split_paths(&std::env::var_os("PATH").unwrap()).any(|dir| dir.join("mosh").exists()) {
        // Then going there is the best way, and nothing is brought.
        return;
    }
    let config = pair.b.home.join("config.toml");
    fs::write(&config, format!("mosh = true\n{}", fs::read_to_string(&config).unwrap())).unwrap();
    say(&pair.session.path, &pair.session, "LONELY-HERON", 30);
    say(&pair.here, &pair.session, "QUIET-BADGER", 40);
    pair.a.publish_session(&pair.session, &["--ssh", &pair.sshd.address()]);
    let words = ["pickup", "--yes"];
    let mut pty = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &words, &pair.b.env(), &pair.b.projects);
    assert_eq!(pty.code(), 0, "{}", pty.said());
    assert_eq!(sha256(&pair.here), sha256(&pair.session.path), "{}", pty.said());
    pair.copy();
}

/// Both went on; opened on a terminal that waits with the question of it.
fn asked_about_both(pair: &Pair) -> Pty {
    say(&pair.session.path, &pair.session, "LONELY-HERON", 30);
    say(&pair.here, &pair.session, "QUIET-BADGER", 40);
    let published = pair.a.publish_session(&pair.session, &["--ssh", &pair.sshd.address()]);
    let words = ["pickup", text(&published, "token"), "--plan", "bring"];
    let mut pty = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &words, &pair.b.env(), &pair.b.projects);
    assert!(pty.waits_for(&["continued on both machines"]), "{}", pty.said());
    pty
}

#[test]
fn a_claude_that_opens_it_while_the_question_waits_is_seen() {
    let Some(pair) = Pair::new() else { return };
    let mut pty = asked_about_both(&pair);
    let before = fs::read(&pair.here).unwrap();
    let _open = Open::new(&pair.b.claude, &pair.session.id, &json!({"status": "busy"}));
    assert!(pty.waits_for(&["keep both"]), "{}", pty.said());
    pty.types("1\r");
    assert!(pty.waits_for(&["open in a running claude"]), "{}", pty.said());
    pty.types("\x03");
    assert_ne!(pty.code(), 0, "{}", pty.said());
    assert_eq!(fs::read(&pair.here).unwrap(), before, "moved under a claude");
    pair.is_alone();
}

#[test]
fn what_is_said_here_while_the_question_waits_is_kept() {
    let Some(pair) = Pair::new() else { return };
    let mut pty = asked_about_both(&pair);
    // A claude came, spoke and went.
    say(&pair.here, &pair.session, "SUDDEN-OTTER", 50);
    assert!(pty.waits_for(&["keep both"]), "{}", pty.said());
    pty.types("1\r");
    if pty.waits_for(&["continued on both machines"]) {
        pty.types("1\r");
    }
    assert_eq!(pty.code(), 0, "{}", pty.said());
    for marker in ["LONELY-HERON", "QUIET-BADGER", "SUDDEN-OTTER"] {
        pair.finds(marker);
    }
}

#[test]
fn a_claude_that_began_to_work_is_not_ended() {
    let Some(pair) = Pair::new() else { return };
    say(&pair.session.path, &pair.session, "LONELY-HERON", 30);
    let mut open = Open::new(&pair.b.claude, &pair.session.id, &json!({"status": "idle"}));
    let published = pair.a.publish_session(&pair.session, &["--ssh", &pair.sshd.address()]);
    let words = ["pickup", text(&published, "token"), "--plan", "bring"];
    let mut pty = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &words, &pair.b.env(), &pair.b.projects);
    assert!(pty.waits_for(&["end that claude"]), "{}", pty.said());
    let mut record: Value = serde_json::from_slice(&fs::read(&open.record).unwrap()).unwrap();
    record["status"] = json!("busy");
    put(&open.record, &record.to_string());
    pty.types("2\r");
    assert!(pty.waits_for(&["open in a running claude"]), "{}", pty.said());
    assert!(open.child.try_wait().unwrap().is_none(), "it was cut in the middle of a turn");
    pty.types("\x03");
    assert_ne!(pty.code(), 0, "{}", pty.said());
}

//! Claude's folder belongs to claude: whatever cclink does with sessions, it
//! reads, and writes nothing there.

use std::fs;

use serde_json::json;

use crate::support::session::{new_id, write};
use crate::support::untouched::{cannot_trace, set_writable, snapshot, tracing, writes};
use crate::support::{Device, Session, text};

/// A device with every kind of file that is read.
fn device() -> (Device, Session) {
    let a = Device::new();
    let session = a.session("uploader", "Retry with jitter");
    let other = a.session("webshop", "Another");
    let beside = other.path.with_extension("");
    fs::create_dir_all(&beside).unwrap();
    fs::write(beside.join("custom-title.json"), json!({"customTitle": "By hand"}).to_string()).unwrap();
    write(&a.claude, &other.project, &format!("{}.jsonl", new_id()), "");
    write(&a.claude, &other.project, &format!("{}.jsonl", new_id()), "{\"type\":\"user\",\0\n");
    fs::create_dir_all(a.claude.join("sessions")).unwrap();
    fs::write(a.claude.join("sessions/1.json"), json!({"pid": 1, "sessionId": other.id}).to_string())
        .unwrap();
    fs::write(a.claude.join("settings.json"), "{}").unwrap();
    (a, session)
}

/// All that reads sessions, with the session named in some of them.
fn commands(id: &str) -> Vec<Vec<&str>> {
    [
        "sessions",
        "sessions --all --json",
        "sessions --search refactor",
        "sessions --search since:1w --json",
        "publish ID --json",
        "publish ID --link",
        "list",
        "list --all --json",
        "pickup --json",
        "pickup --print",
        "resume ID --print",
        "whoami",
        "config",
        "plugin status",
    ]
    .map(|line| line.split(' ').map(|word| if word == "ID" { id } else { word }).collect())
    .into()
}

#[test]
fn nothing_in_claudes_folder_changes() {
    let (a, session) = device();
    let before = snapshot(&a.claude);
    for args in commands(&session.id) {
        a.cmd(&args).ok();
        assert_eq!(snapshot(&a.claude), before, "after {args:?}");
    }
}

#[test]
fn a_folder_that_may_not_be_written_is_enough() {
    let (a, session) = device();
    set_writable(&a.claude, false);
    let before = snapshot(&a.claude);
    let all: Vec<_> =
        commands(&session.id).iter().map(|args| a.cmd_without_privileges(args).output()).collect();
    let after = snapshot(&a.claude);
    set_writable(&a.claude, true);
    assert_eq!(after, before);
    for out in all {
        let out = out.exits(&[0]);
        assert!(!out.said().to_lowercase().contains("permission"), "{}", out.said());
    }
    let list = a.json(&["list"]);
    assert_eq!(text(&list[0], "session_id"), session.id);
}

#[test]
fn no_write_is_even_tried() {
    if cannot_trace() {
        return;
    }
    let (a, session) = device();
    let trace = a.path("trace");
    let mut looked = 0;
    for args in commands(&session.id) {
        a.cmd_by(&tracing(&trace), &args).ok();
        let (tried, looks) = writes(&trace, &a.claude);
        assert!(tried.is_empty(), "{args:?}:\n{}", tried.join("\n"));
        looked += looks;
    }
    assert!(looked > 20, "only {looked} calls there were seen at all");
    // What is looked for would be seen.
    a.cmd_by(&tracing(&trace), &["init", "--no-passphrase"]).env("CCLINK_HOME", a.claude.join("ours")).ok();
    assert!(!writes(&trace, &a.claude).0.is_empty(), "a planted write went unseen");
}

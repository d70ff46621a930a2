//! Bare `cclink` inside Claude Code, where there is no terminal: the session
//! around it is published, however the version of claude lets it be known.

use std::fs;
use std::process::Command;

use crate::support::{Device, Session, text};
use serde_json::{Value, json};

/// What claude's registry says of a session that process `pid` has open.
fn open_in(device: &Device, session: &Session, pid: u32) {
    let folder = device.claude.join("sessions");
    fs::create_dir_all(&folder).unwrap();
    let record = json!({
        "pid": pid, "sessionId": session.id, "cwd": session.project, "startedAt": 1_795_513_345_432_u64,
        "kind": "interactive", "entrypoint": "cli",
    });
    fs::write(folder.join(format!("{pid}.json")), record.to_string()).unwrap();
}

/// The session that runs, and a newer one in the directory where cclink is
/// called: no guess by directory or time finds the right one.
fn two_sessions() -> (Device, Session, Session) {
    let a = Device::new();
    let runs = a.session("other", "The one that runs");
    let newer = a.session("uploader", "Newest here");
    (a, runs, newer)
}

#[test]
fn by_the_id_in_the_environment() {
    let (a, runs, newer) = two_sessions();
    let published = a
        .cmd(&["--json"])
        .cwd(&newer.project)
        .env("CLAUDECODE", "1")
        .env("CLAUDE_CODE_SESSION_ID", &runs.id)
        .ok();
    assert_eq!(text(&published.json(), "session_id"), runs.id);
}

#[test]
fn by_the_pid_in_the_environment() {
    let (a, runs, newer) = two_sessions();
    let pid = std::process::id();
    open_in(&a, &runs, pid);
    let run = || a.cmd(&["--json"]).cwd(&newer.project).env("CLAUDECODE", "1");
    let published = run().env("CLAUDE_PID", pid.to_string()).ok();
    assert_eq!(text(&published.json(), "session_id"), runs.id);
    // Nonsense in either variable is passed over.
    let published = run().env("CLAUDE_CODE_SESSION_ID", "../x").env("CLAUDE_PID", "-1").ok();
    assert_eq!(text(&published.json(), "session_id"), runs.id, "by the parents");
}

#[test]
fn by_a_process_above() {
    // This test is the claude, a shell or two stand between.
    let (a, runs, newer) = two_sessions();
    open_in(&a, &runs, std::process::id());
    let run = |inside: &str| -> Value {
        let out = Command::new("sh")
            .args(["-c", "sh -c '\"$0\" --json; true' \"$0\"; true", env!("CARGO_BIN_EXE_cclink")])
            .env_clear()
            .envs(a.env())
            .env("CLAUDECODE", inside)
            .current_dir(&newer.project)
            .output()
            .unwrap();
        serde_json::from_slice(&out.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&out.stderr)))
    };
    if cfg!(target_os = "linux") {
        assert_eq!(text(&run("1"), "session_id"), runs.id);
    }
    // Outside of Claude Code nobody's parents are looked at.
    assert_eq!(text(&run(""), "session_id"), newer.id);
}

#[test]
fn nothing_is_asked() {
    let (a, runs, _) = two_sessions();
    let out = a.cmd(&[]).env("CLAUDECODE", "1").env("CLAUDE_CODE_SESSION_ID", &runs.id).ok();
    assert!(out.stdout.contains("Token:"), "{}", out.said());
    assert!(!out.said().contains('?'), "{}", out.said());
    // A session that is not written yet is said to be so, and no other is taken.
    let unknown = "00000000-0000-4000-8000-000000000000";
    let out = a.cmd(&[]).env("CLAUDECODE", "1").env("CLAUDE_CODE_SESSION_ID", unknown).fails(3);
    out.says(&[unknown]);
}

//! `cclink hook session-end`: what Claude Code's `SessionEnd` hook calls. It is
//! killed after 1.5 s, so a worker does what takes longer.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::ring::nowhere;
use crate::support::{Device, Session, text, until};
use serde_json::{Value, json};

/// What Claude grants is 1.5 s.
const AT_ONCE: Duration = Duration::from_secs(1);
const SOON: Duration = Duration::from_secs(20);

/// As captured from 2.1.330.
fn ended(session: &Session, reason: &str) -> Value {
    json!({
        "session_id": session.id, "transcript_path": session.path, "cwd": session.project,
        "prompt_id": "0b54ba5c-8f1e-4a53-b23d-1f4f7ab2f6b1", "hook_event_name": "SessionEnd", "reason": reason,
    })
}

fn spooled(device: &Device) -> Vec<std::path::PathBuf> {
    let Ok(entries) = fs::read_dir(device.home.join("spool")) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.file_name().is_some_and(|name| name.len() == 41)).collect()
}

#[test]
fn an_exit_hands_over_and_returns_at_once() {
    let a = Device::new();
    let session = a.session("uploader", "Retry with jitter");
    let input = ended(&session, "prompt_input_exit").to_string();
    let out = a.cmd(&["hook", "session-end"]).stdin(input).ok();
    println!("cclink hook session-end took {:?}", out.took);
    assert!(out.took < AT_ONCE, "{:?}", out.took);
    assert_eq!(out.said(), "");
    let list = until("the handoff", SOON, || {
        let list = a.json(&["list"]);
        (list != json!([])).then_some(list)
    });
    assert_eq!(list[0]["session_id"], json!(session.id));
    until("an empty spool", SOON, || spooled(&a).is_empty().then_some(()));
    assert_eq!(text(&Device::copy_of(&a).json(&["pickup"]), "session_id"), session.id);
}

#[test]
fn its_conversation_goes_along_where_that_was_agreed_to() {
    let a = Device::new();
    let session = a.session("uploader", "Retry with jitter");
    let folder = a.path("shared");
    fs::create_dir(&folder).unwrap();
    fs::write(a.home.join("config.toml"), format!("[carry]\nfolder = {:?}\n", folder.display().to_string()))
        .unwrap();
    let hand_over = |more: &[&str]| {
        a.cmd(&["hook", "session-end"]).args(more).stdin(ended(&session, "logout").to_string()).ok();
        let list = until("the handoff", SOON, || {
            let list = a.json(&["list"]);
            (list != json!([]) && spooled(&a).is_empty()).then_some(list)
        });
        a.cmd(&["revoke", "--all", "--yes"]).ok();
        list[0]["carry"]["way"].clone()
    };
    assert_eq!(hand_over(&["--carry"]), Value::Null, "nobody agreed");
    let refused = a.cmd(&["plugin", "install", "--on-exit", "--carry"]).fails(1);
    refused.says(&["The sealed conversation is put into", "--yes"]);
    a.cmd(&["plugin", "install", "--on-exit", "--carry", "--yes"]).ok().says(&["is included, sealed"]);
    assert_eq!(hand_over(&["--carry"]), "folder");
    assert_eq!(hand_over(&[]), Value::Null, "only where it was chosen");
    // Who chose that it stays is not overruled.
    a.cmd(&["publish", &session.id, "--carry=no"]).ok();
    a.cmd(&["revoke", "--all", "--yes"]).ok();
    session.grows(|more| more.says("more"));
    assert_eq!(hand_over(&["--carry"]), Value::Null);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "what was revoked was taken away");
}

#[test]
fn the_worker_outlives_the_hooks_process_group() {
    let a = Device::new();
    let session = a.session("uploader", "Retry with jitter");
    let input = a.path("input.json");
    fs::write(&input, ended(&session, "other").to_string()).unwrap();
    // As claude runs a hook: a shell in a group of its own, killed as a whole.
    let mut shell = Command::new("sh")
        .args(["-c", "\"$0\" hook session-end <\"$1\"; echo done; exec sleep 60"])
        .args([env!("CARGO_BIN_EXE_cclink"), input.to_str().unwrap()])
        .env_clear()
        .envs(a.env())
        .current_dir(&a.projects)
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut said = [0; 5];
    std::io::Read::read_exact(shell.stdout.as_mut().unwrap(), &mut said).unwrap();
    let group = rustix::process::Pid::from_raw(i32::try_from(shell.id()).unwrap()).unwrap();
    rustix::process::kill_process_group(group, rustix::process::Signal::KILL).unwrap();
    shell.wait().unwrap();
    until("the handoff", SOON, || (a.json(&["list"]) != json!([])).then_some(()));
}

#[test]
fn without_a_network_it_waits_in_the_spool() {
    let mut a = Device::new();
    let ring = a.bootstrap.clone();
    a.bootstrap = nowhere();
    let session = a.session("uploader", "Retry with jitter");
    let out = a.cmd(&["hook", "session-end"]).stdin(ended(&session, "logout").to_string()).ok();
    assert!(out.took < AT_ONCE, "{:?}", out.took);
    let [entry] = spooled(&a).try_into().unwrap();
    assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600);

    // A bounded number of tries; then why is kept.
    let mut b = Device::new();
    let session = b.session("uploader", "Retry with jitter");
    let spool = b.home.join("spool");
    let put = |device: &Device| {
        fs::create_dir_all(&spool).unwrap();
        let at = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let entry = json!({"session_id": session.id, "transcript": session.path, "at": at});
        fs::write(spool.join(format!("{}.json", session.id)), entry.to_string()).unwrap();
        assert_eq!(spooled(device).len(), 1);
    };
    put(&b);
    b.bootstrap = nowhere();
    b.cmd(&["hook", "worker", "--wait", "0"]).within(Duration::from_mins(2)).ok();
    assert_eq!(spooled(&b).len(), 0);
    let failure: Value = serde_json::from_slice(&fs::read(spool.join("failure.json")).unwrap()).unwrap();
    assert!(text(&failure, "error").contains("network"), "{failure:#}");
    assert_eq!(b.cmd(&["list", "--all", "--json"]).fails(5).json(), json!([]), "no failed handoffs");
    // With a network it goes out, and the failure is forgotten.
    put(&b);
    b.bootstrap = ring;
    b.cmd(&["hook", "worker"]).ok();
    assert_eq!(b.json(&["list"])[0]["session_id"], json!(session.id));
    assert!(spooled(&b).is_empty() && !spool.join("failure.json").exists());
}

#[test]
fn only_leaving_hands_over() {
    let a = Device::new();
    let session = a.session("uploader", "x");
    for reason in ["clear", "resume", "of-a-later-version", ""] {
        a.cmd(&["hook", "session-end"]).stdin(ended(&session, reason).to_string()).ok();
    }
    for input in ["", "null", "{\"reason\":7}", "{\"reason\":[\"other\"]}"] {
        a.cmd(&["hook", "session-end"]).stdin(input).ok();
    }
    assert!(!a.home.join("spool").exists());
    // What is no session is told, with 1 and not with 2.
    for id in [json!("../../x"), json!(7), Value::Null] {
        let mut input = ended(&session, "other");
        input["session_id"] = id;
        a.cmd(&["hook", "session-end"]).stdin(input.to_string()).fails(1);
    }
    assert!(spooled(&a).is_empty());
    let bare = Device::bare();
    let out = bare.cmd(&["hook", "session-end"]).stdin(ended(&session, "other").to_string()).fails(1);
    out.says(&["cclink init"]);
    let locked = Device::bare();
    locked.cmd(&["init"]).env("CCLINK_PASSPHRASE", "correct horse").ok();
    let out = locked.cmd(&["hook", "session-end"]).stdin(ended(&session, "other").to_string()).fails(1);
    out.says(&["CCLINK_PASSPHRASE"]);
    // Nobody reads that: it is said again where one looks.
    let failure = locked.json(&["plugin", "status"])["failure"].clone();
    assert_eq!(failure["session_id"], json!(session.id));
    locked.cmd(&["plugin", "status"]).ok().says(&["was not published", "passphrase"]);
}

#[test]
fn a_key_that_no_hook_can_open_is_said_beforehand() {
    let a = Device::bare();
    a.cmd(&["init"]).env("CCLINK_PASSPHRASE", "correct horse").ok();
    let cure = ["has a passphrase", "CCLINK_PASSPHRASE"];
    a.cmd(&["plugin", "install", "--on-exit", "--yes"]).ok().says(&cure);
    a.cmd(&["plugin", "status"]).ok().says(&cure);
    let status = ["plugin", "status"];
    a.cmd(&status).env("CCLINK_PASSPHRASE", "correct horse").ok().hides(&["has a passphrase"]);
    assert_eq!(a.json(&status)["locked"], true);
}

#[test]
fn what_nobody_talked_in_is_not_handed_over() {
    let a = Device::new();
    // A claude that was left at once, and one that a script ran.
    let mut empty = a.session("uploader", "x");
    fs::write(&empty.path, "").unwrap();
    let script = a.session("uploader", "y");
    let content = fs::read_to_string(&script.path).unwrap();
    fs::write(&script.path, content.replace("\"entrypoint\":\"cli\"", "\"entrypoint\":\"sdk-cli\"")).unwrap();
    for session in [&empty, &script] {
        a.cmd(&["hook", "session-end"]).stdin(ended(session, "other").to_string()).ok();
    }
    empty.id = crate::support::session::new_id();
    a.cmd(&["hook", "session-end"]).stdin(ended(&empty, "other").to_string()).ok();
    a.cmd(&["hook", "worker"]).ok();
    assert!(spooled(&a).is_empty() && !a.home.join("spool").join("failure.json").exists());
    assert_eq!(a.json(&["list", "--all"]), json!([]));
}

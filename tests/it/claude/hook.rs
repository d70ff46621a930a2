//! `cclink hook prompt`: what Claude Code's `UserPromptSubmit` hook calls.

use std::time::Duration;

use crate::support::ring::nowhere;
use crate::support::{Device, Session, acts_on_a_terminal, text};
use serde_json::{Value, json};

/// Generous, for a busy machine; what it took is printed.
const LIMIT: Duration = Duration::from_secs(10);
/// Who typed the command waits for the answer.
const SOON: Duration = Duration::from_secs(2);

/// As captured from 2.1.330.
pub fn submitted(session: &Session, prompt: &str) -> Value {
    json!({
        "session_id": session.id, "transcript_path": session.path, "cwd": session.project,
        "prompt_id": "0b54ba5c-8f1e-4a53-b23d-1f4f7ab2f6b1", "permission_mode": "auto",
        "hook_event_name": "UserPromptSubmit", "prompt": prompt, "session_title": "demo-name",
    })
}

/// The reason of the blocking decision that must come.
#[track_caller]
fn blocked(device: &Device, input: &Value) -> String {
    let out = device.cmd(&["hook", "prompt"]).stdin(input.to_string()).within(LIMIT).ok();
    let answer = out.json();
    assert_eq!(answer["decision"], "block", "{answer:#}");
    assert_eq!(out.stderr, "");
    let reason = text(&answer, "reason").to_owned();
    assert!(!reason.chars().any(acts_on_a_terminal), "{reason:?}");
    reason
}

#[test]
fn handoff_publishes_and_asks_no_model() {
    let a = Device::new();
    let session = a.session("uploader", "Retry with jitter");
    a.publish(&["--ttl", "1m"]); // warm
    let input = submitted(&session, "/cclink:handoff my note, don't lose it --ttl 2h --burn").to_string();
    let out = a.cmd(&["hook", "prompt"]).stdin(input).within(LIMIT).ok();
    println!("cclink hook prompt took {:?}", out.took);
    let answer = out.json();
    assert_eq!(answer["decision"], "block");
    let reason = text(&answer, "reason");
    let list = a.json(&["list"]);
    let row = list.as_array().unwrap().iter().find(|row| row["session_id"] == session.id.as_str());
    let token = text(row.expect("it is published"), "token");
    for word in [token, "cclink pickup", "Retry with jitter", "2h", "once"] {
        assert!(reason.contains(word), "{word:?} is not in {reason:?}");
    }
    let picked = Device::copy_of(&a).json(&["pickup"]);
    assert_eq!(text(&picked, "session_id"), session.id);
    assert_eq!(picked["note"], "my note, don't lose it");
    assert_eq!((&picked["ttl"], &picked["burned"]), (&json!(7200), &json!(true)));
}

#[test]
fn the_answer_comes_within_two_seconds() {
    let a = Device::new();
    let session = a.session("uploader", "Retry with jitter");
    let input = submitted(&session, "/cclink:handoff my note").to_string();
    let mut took = Vec::new();
    // A busy machine may spoil a try.
    while took.len() < 5 && took.iter().min().is_none_or(|least| *least >= SOON) {
        let out = a.cmd(&["hook", "prompt"]).stdin(input.clone()).within(LIMIT).ok();
        assert_eq!(out.json()["decision"], "block");
        took.push(out.took);
    }
    println!("cclink hook prompt took {took:?}");
    assert!(took.iter().min().is_some_and(|least| *least < SOON), "{took:?}");
}

#[test]
fn bare_and_shared() {
    let (a, anna) = (Device::new(), Device::new());
    let session = a.session("uploader", "Retry with jitter");
    let reason = blocked(&a, &submitted(&session, "/cclink:handoff"));
    assert!(reason.contains("Your devices"), "{reason}");
    a.cmd(&["contacts", "add", "anna", &anna.public_key()]).ok();
    let reason = blocked(&a, &submitted(&session, "/cclink:handoff --share anna for you"));
    assert!(reason.contains("anna"), "{reason}");
    // The command in the answer works as it stands there.
    let link = reason.split_whitespace().find(|word| word.starts_with("pk:")).expect("a link");
    let picked = anna.json(&["pickup", link]);
    assert_eq!(text(&picked, "session_id"), session.id);
    assert_eq!(picked["note"], "for you");
}

#[test]
fn no_secret_gets_into_the_transcript() {
    let a = Device::new();
    let session = a.session("uploader", "x");
    for option in ["--pin", "--pin=tree-lamp-42-under-the-stairs", "--link", "--qr", "--pin 4821"] {
        let reason = blocked(&a, &submitted(&session, &format!("/cclink:handoff {option}")));
        assert!(reason.contains("terminal") && reason.contains(&session.id), "{reason}");
        assert!(!reason.contains("tree-lamp") && !reason.contains("4821"), "{reason}");
    }
    assert_eq!(a.json(&["list", "--all"]), json!([]), "nothing was published");
}

#[test]
fn every_failure_is_said_instead_of_asking_the_model() {
    let mut a = Device::new();
    let session = a.session("uploader", "x");
    let handoff = submitted(&session, "/cclink:handoff");
    for (prompt, said) in [
        ("/cclink:handoff --ttl forever", "forever"),
        ("/cclink:handoff --nonsense", "--nonsense"),
        ("/cclink:handoff --share nobody-i-know", "not a contact"),
        ("/cclink:handoff --ssh -oProxyCommand=x", "ssh"),
        ("/cclink:handoff --help", "--burn"),
    ] {
        let reason = blocked(&a, &submitted(&session, prompt));
        assert!(reason.contains(said), "{prompt}: {reason}");
    }
    let reason = blocked(&a, &submitted(&session, &format!("/cclink:handoff {}", "long ".repeat(60))));
    assert!(reason.contains("200 bytes"), "{reason}");
    // A conversation of which nothing is written yet.
    let mut unwritten = handoff.clone();
    unwritten["session_id"] = json!("00000000-0000-4000-8000-000000000000");
    assert!(blocked(&a, &unwritten).contains("not on the disk yet"));
    // No key; a configuration with a mistake.
    let bare = Device::bare();
    let handoff_of = |device: &Device| submitted(&device.session("uploader", "x"), "/cclink:handoff");
    let reason = blocked(&bare, &handoff_of(&bare));
    assert!(reason.contains("cclink init"), "{reason}");
    std::fs::create_dir_all(&bare.home).unwrap();
    std::fs::write(bare.home.join("config.toml"), "ttl = 8\n").unwrap();
    assert!(blocked(&bare, &handoff).contains("line 1"));
    // A key behind a passphrase.
    let locked = Device::bare();
    locked.cmd(&["init"]).env("CCLINK_PASSPHRASE", "correct horse").ok();
    assert!(blocked(&locked, &handoff_of(&locked)).contains("CCLINK_PASSPHRASE"));
    // No network.
    a.bootstrap = nowhere();
    let reason = blocked(&a, &handoff);
    assert!(reason.contains("network") && reason.contains("nothing was published"), "{reason}");
}

#[test]
fn other_prompts_pass_untouched() {
    // Were the disk or the network asked, a mistake in the configuration or in
    // the variables would be said.
    let a = Device::bare();
    std::fs::create_dir_all(&a.home).unwrap();
    std::fs::write(a.home.join("config.toml"), "no such thing").unwrap();
    let session = a.session("uploader", "x");
    let passes = |input: String| {
        let out = a.cmd(&["hook", "prompt"]).env("CCLINK_BOOTSTRAP", "nonsense").stdin(input).ok();
        assert_eq!(out.said(), "");
        out.took
    };
    let took = passes(submitted(&session, "Refactor the parser").to_string());
    println!("another prompt took {took:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    for prompt in ["", "/handoff", "/cclink:handoffs", "please /cclink:handoff", "/cclink", "\u{0}"] {
        passes(submitted(&session, prompt).to_string());
    }
    // A long paste, and what is no input at all.
    passes(submitted(&session, &format!("/cclink:handoff {}", "x".repeat(3 << 20))).to_string());
    let mut wrong = submitted(&session, "x");
    wrong["prompt"] = json!({"prompt": "/cclink:handoff"});
    for input in [
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        "{\"prompt\":".to_owned(),
        "[".repeat(100_000),
        wrong.to_string(),
        "{\"prompt\":\"/cclink:handoff \\ud800\"}".to_owned(),
    ] {
        passes(input);
    }
}

#[test]
fn hostile_fields_are_text_and_nothing_else() {
    let a = Device::new();
    let session = a.session("uploader", "x");
    let planted = a.path("planted");
    let touch = format!("$(touch {0}) `touch {0}`; touch {0}", planted.display());
    let mut input = submitted(&session, &format!("/cclink:handoff \u{1b}]0;x\u{7}{touch} @/etc/passwd"));
    for field in ["transcript_path", "cwd", "permission_mode", "hook_event_name", "session_title"] {
        input[field] = json!(touch);
    }
    assert!(blocked(&a, &input).contains("Your devices"));
    let note = text(&Device::copy_of(&a).json(&["pickup"]), "note").to_owned();
    assert!(note.contains("@/etc/passwd") && !note.chars().any(acts_on_a_terminal), "{note:?}");
    for id in [json!("../../x"), json!("--all"), json!(""), json!(7), json!([]), json!("a\u{1b}[2J")] {
        input["session_id"] = id;
        assert!(blocked(&a, &input).contains("nothing was published"));
    }
    assert!(!planted.exists());
}

#[test]
fn of_two_copies_the_hooks_own_is_meant() {
    let a = Device::new();
    let session = a.session("uploader", "Here");
    let other = a.claude.join("projects").join("elsewhere");
    std::fs::create_dir_all(&other).unwrap();
    let copy = other.join(format!("{}.jsonl", session.id));
    let content = std::fs::read_to_string(&session.path).unwrap().replace("\"Here\"", "\"There\"");
    std::fs::write(&copy, content).unwrap();
    for (path, title) in [(&session.path, "Here"), (&copy, "There")] {
        let mut input = submitted(&session, "/cclink:handoff");
        input["transcript_path"] = json!(path);
        assert!(blocked(&a, &input).contains(title));
    }
}

#[test]
fn hooks_are_hidden_and_never_end_with_two() {
    // 2 would hold back whatever the user typed.
    let a = Device::new();
    assert!(!a.cmd(&["--help"]).ok().stdout.contains("hook"));
    a.cmd(&["hook", "of-a-later-version"]).fails(1);
    a.cmd(&["hook"]).fails(1);
}

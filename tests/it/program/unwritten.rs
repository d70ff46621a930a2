//! Nothing is claimed that was not written: a full disk, a closed stdout, a
//! reader that went away.

use serde_json::{Value, json};

use crate::support::{Device, Output, Run, row, text};

/// How the shell starts the program, so that stdout is what it should be.
const FULL: [&str; 3] = ["sh", "-c", "exec \"$0\" \"$@\" >/dev/full"];
/// There is no stdout at all.
const CLOSED: [&str; 3] = ["sh", "-c", "exec \"$0\" \"$@\" >&-"];
/// The reader has left before a word was written.
const LEFT: [&str; 3] = ["sh", "-c", "exec 3>&1; { sleep 0.1; \"$0\" \"$@\"; echo $? >&3; } | true"];

fn into_full(a: &Device, args: &[&str]) -> Run {
    a.cmd_by(&FULL, args)
}

/// Failed with a sentence on stderr, and with nothing else.
#[track_caller]
fn unwritten(out: Output, args: &[&str]) -> Output {
    let out = out.exits(&[1]);
    assert_eq!(out.stdout, "", "{args:?}");
    assert!(
        out.stderr.contains("stdout") && out.stderr.contains("No space left"),
        "{args:?}: {}",
        out.stderr
    );
    if args.contains(&"--json") {
        out.error();
    }
    out
}

#[test]
fn an_answer_that_could_not_be_written_is_a_failure() {
    let a = Device::new();
    let session = a.session("uploader", "x");
    let token = text(&a.publish(&[]), "token").to_owned();
    let id = session.id.as_str();
    let args = ["watch", "--json"];
    unwritten(into_full(&Device::copy_of(&a), &args).output(), &args);
    for args in [
        &["whoami"][..],
        &["whoami", "--json"],
        &["sessions"],
        &["sessions", "--json"],
        &["sessions", "--search", "parser", "--json"],
        &["list"],
        &["list", "--json"],
        &["log"],
        &["log", "--json"],
        &["doctor"],
        &["doctor", "--json"],
        &["completions", "bash"],
        &["man"],
        &["contacts", "--json"],
        &["contacts"],
        &["config"],
        &["config", "--json"],
        &["web"],
        &["web", "--json"],
        &["plugin", "status"],
        &["plugin", "status", "--json"],
        &["resume", id, "--print"],
        &["resume", id, "--json"],
        &["pickup", &token],
        &["pickup", &token, "--json"],
        &["pickup", &token, "--print"],
        &["revoke", &token, "--yes", "--json"],
        &["watch"],
        &["testnet"],
        &["--help"],
        &["publish", "--help"],
        &["--version"],
    ] {
        unwritten(into_full(&a, args).output(), args);
    }
    let b = Device::bare();
    let args = ["init", "--no-passphrase", "--json"];
    unwritten(into_full(&b, &args).output(), &args).says(&["key"]);
    b.public_key();
}

#[test]
fn a_closed_stdout_is_no_place_to_answer() {
    let a = Device::new();
    for args in
        [&["whoami"][..], &["whoami", "--json"], &["sessions"], &["web"], &["testnet"], &["--version"]]
    {
        let out = a.cmd_by(&CLOSED, args).fails(1);
        assert!(out.stderr.contains("stdout") && out.stderr.contains("closed"), "{args:?}: {}", out.stderr);
    }
    // Nobody wants the answer there: that is said with /dev/null.
    for away in [">/dev/null", "1<>/dev/null"] {
        let line = format!("exec \"$0\" \"$@\" {away}");
        let out = a.cmd_by(&["sh", "-c", &line], &["whoami"]).ok();
        assert_eq!(out.said(), "", "{away}");
    }
}

#[test]
fn a_failure_that_cannot_be_told_is_still_one() {
    let a = Device::bare();
    let deaf = ["sh", "-c", "exec \"$0\" \"$@\" >/dev/full 2>&1"];
    for args in [&["whoami"][..], &["whoami", "--json"], &["sessions"], &["--help"]] {
        a.cmd_by(&deaf, args).fails(1);
    }
    a.cmd_by(&deaf, &["pickup", "hello", "--json"]).fails(2);
}

#[test]
fn a_published_handoff_whose_link_was_not_written_is_listed() {
    let a = Device::new();
    let id = a.session("uploader", "x").id;
    for args in [&["publish", &id, "--link", "--json"][..], &["publish", &id, "--link"]] {
        let before = a.json(&["list"]).as_array().unwrap().len();
        unwritten(into_full(&a, args).output(), args).says(&["cclink list"]);
        let list = a.json(&["list"]);
        assert_eq!(list.as_array().unwrap().len(), before + 1, "{list:#}");
        assert!(list.as_array().unwrap().iter().all(|row| row["state"] == "live"), "{list:#}");
    }
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    let a = Device::new();
    let id = a.session("uploader", "x").id;
    for args in [&["whoami"][..], &["sessions", "--json"], &["web"], &["publish", &id, "--json"], &["--help"]]
    {
        let out = a.cmd_by(&LEFT, args).output();
        assert_eq!((out.stdout.trim(), out.stderr.as_str()), ("0", ""), "{args:?}");
    }
}

#[test]
fn a_burning_handoff_is_not_lost_with_what_was_said_of_it() {
    let a = Device::new();
    let (b, c) = (Device::copy_of(&a), Device::copy_of(&a));
    for starter in [&FULL[..], &CLOSED[..], &LEFT[..]] {
        for more in [&["--json"][..], &[], &["--print"]] {
            let published = a.publish(&["--burn"]);
            let token = text(&published, "token");
            let mut args = vec!["pickup", token];
            args.extend(more);
            b.cmd_by(starter, &args).output();
            // The same device has it still; nobody else gets it.
            c.cmd(&["pickup", token, "--json"]).fails(3).says(&["already picked up"]);
            let again = b.cmd(&["pickup", token, "--json"]).ok().json();
            assert_eq!(again["session_id"], published["session_id"], "{args:?}");
            b.cmd(&["pickup", token, "--json"]).fails(3);
        }
    }
}

#[test]
fn a_hook_that_cannot_answer_fails_and_holds_nothing_back() {
    let a = Device::new();
    let session = a.session("uploader", "x");
    let input = json!({
        "hook_event_name": "UserPromptSubmit", "session_id": session.id, "transcript_path": session.path,
        "prompt": "/cclink:handoff",
    });
    let out = into_full(&a, &["hook", "prompt"]).stdin(input.to_string()).fails(1);
    assert!(out.stderr.contains("stdout"), "{}", out.stderr);
    let list = a.json(&["list"]);
    assert_eq!(list[0]["session_id"], Value::from(session.id), "{list:#}");
    assert!(row(&list, text(&list[0], "token")).is_some());
}

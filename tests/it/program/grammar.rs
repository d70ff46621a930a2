//! The grammar: where options stand, what is refused, and how it is said.

use crate::support::session::Transcript;
use crate::support::{Device, text};
use serde_json::Value;

#[test]
fn options_stand_before_or_after_words() {
    let a = Device::new();
    let session = a.session("uploader", "x");
    let id = session.id.as_str();
    for args in [
        vec!["--ttl", "2h", id, "--json"],
        vec![id, "--json", "--ttl=2h"],
        vec!["--json", "--ttl", "2h", id],
        vec!["publish", id, "--ttl", "2h", "--json"],
        vec!["publish", "--json", "--ttl", "2h", "--", id],
        vec!["--json", "publish", "--ttl", "2h", id],
        vec!["--ttl", "2h", "--json", "--", id],
    ] {
        let published = a.cmd(&args).ok().json();
        assert_eq!(published["ttl"], 7200, "{args:?}");
        assert_eq!(published["session_id"], Value::from(id), "{args:?}");
    }
    let token = text(&a.publish(&[]), "token").to_owned();
    for args in [
        vec!["pickup", "--json", &token, "--print"],
        vec!["--json", "pickup", "--print", &token],
        vec!["pickup", "--json", "--", &token],
    ] {
        assert_eq!(a.cmd(&args).ok().json()["token"], Value::from(token.as_str()), "{args:?}");
    }
    a.cmd(&["list", "--json", "--all"]).ok().json();
    a.cmd(&["--json", "list", "--all"]).ok().json();
    a.cmd(&["revoke", "--yes", &token, "--json"]).ok().json();
}

#[test]
fn behind_two_dashes_everything_is_a_word() {
    let a = Device::new();
    // A session id that looks like an option: malformed, not "unknown option".
    let out = a.cmd(&["publish", "--json", "--", "--all"]).fails(2);
    assert!(text(&out.error(), "message").contains("--all"), "{}", out.stderr);
    a.cmd(&["pickup", "--json", "--", "--exec"]).fails(2).error();
}

#[test]
fn a_malformed_word_is_wrong_usage() {
    let a = Device::new();
    let id = a.session("uploader", "x").id;
    let upper = id.to_uppercase();
    for bad in
        ["hello", &id[..3], &format!("{id}0"), "../../etc/passwd", "00000000-0000-0000-0000-00000000000g", ""]
    {
        a.cmd(&["publish", bad, "--json"]).fails(2).error();
    }
    // Upper case is the same session, or wrong usage; never another.
    let out = a.cmd(&["publish", &upper, "--json"]).output().exits(&[0, 2]);
    assert!(out.code == 2 || out.json()["session_id"] == id.as_str());
    for bad in ["pk:short", "pk:", "hello world", "d", "https://example.org/", "pk:x/cclink/d", "\u{212a}"] {
        a.cmd(&["pickup", bad, "--json"]).fails(2).error();
    }
    a.cmd(&["publish", "00000000-0000-4000-8000-000000000000", "--json"]).fails(3).error();
}

#[test]
fn what_excludes_each_other_is_refused() {
    let a = Device::new();
    let id = a.session("uploader", "x").id;
    let key = a.public_key();
    for args in [
        vec!["publish", &id, "--pin", "--link"],
        vec!["publish", &id, "--share", &key, "--link"],
        vec!["publish", &id, "--share", &key, "--pin"],
        vec!["pickup", "--exec", "--print"],
        vec!["revoke"],
        vec!["publish", &id, "--no-such-option"],
        vec!["publish", &id, "another word"],
        vec!["list", "a word"],
        vec!["init", "--import"],
    ] {
        let out = a.cmd(&args).output();
        assert_eq!(out.code, 2, "{args:?}: {}", out.said());
        assert!(!out.stderr.is_empty(), "{args:?}");
    }
    assert_eq!(a.json(&["list", "--all"]), serde_json::json!([]));
}

#[test]
fn errors_are_json_when_json_is_asked_for() {
    let a = Device::new();
    let session = a.session("uploader", "x");
    for (args, code) in [
        (vec!["publish", &session.id, "--ttl", "x"], 2),
        (vec!["publish", &session.id, "--no-such-option"], 2),
        (vec!["pickup", "hello there"], 2),
        (vec!["pickup"], 3),
        (vec!["revoke", "dyyyyyyyyyyyyy", "--yes"], 3),
        (vec!["revoke", "--all"], 2),
    ] {
        let out = a.cmd(&args).arg("--json").output();
        assert_eq!(out.code, code, "{args:?}: {}", out.said());
        assert_eq!(out.stdout, "", "{args:?}: an error leaves stdout empty");
        out.error();
        // The same in words: no JSON, nothing internal.
        let out = a.cmd(&args).output().hides(&["panicked", "backtrace", "location:", "{\"error\""]);
        assert_eq!(out.code, code, "{args:?}");
        assert!(!out.stderr.trim().is_empty(), "{args:?}");
        assert!(!out.said().contains('\u{1b}'), "{args:?}: colour without a terminal");
    }
}

#[test]
fn json_is_one_value_and_nothing_else() {
    let a = Device::new();
    let id = a.session("uploader", "x").id;
    let key = Device::new().public_key();
    for args in [
        vec!["whoami"],
        vec!["publish", &id],
        vec!["publish", &id, "--link", "--qr"],
        vec!["pickup"],
        vec!["list"],
        vec!["sessions"],
        vec!["contacts", "add", "bob", &key],
        vec!["contacts"],
        vec!["revoke", "--all", "--yes"],
    ] {
        let out = a.cmd(&args).arg("--json").ok();
        out.json();
        assert!(!out.stdout.contains('\u{1b}'));
    }
}

#[test]
fn help_and_version_are_answers() {
    let a = Device::bare();
    let help = a.cmd(&["--help"]).ok();
    assert!(!help.stdout.is_empty() && help.stderr.is_empty());
    for word in [
        "pickup", "list", "revoke", "whoami", "init", "contacts", "sessions", "testnet", "--demo", "--ttl",
        "--burn",
    ] {
        assert!(help.stdout.contains(word), "the help leaves out {word}");
    }
    for command in
        ["publish", "pickup", "list", "revoke", "whoami", "init", "contacts", "sessions", "testnet"]
    {
        a.cmd(&[command, "--help"]).ok();
    }
    // A secret on a command line is seen in `ps`: the help warns.
    for command in ["publish", "pickup"] {
        a.cmd(&[command, "--help"]).ok().says(&["CCLINK_PIN"]);
    }
    let version = a.cmd(&["--version"]).ok();
    assert!(version.stdout.contains(env!("CARGO_PKG_VERSION")));
    assert!(a.files().is_empty(), "help writes nothing");
}

#[test]
fn nothing_is_asked_without_a_terminal() {
    let (a, b) = (Device::new(), Device::new());
    let session = a.session("uploader", "x");
    let pin = a.publish(&["--pin"]);
    a.publish_session(&session, &["--share", &b.public_key()]);
    a.publish_session(&session, &["--share", &b.public_key()]);
    // Each ends by itself, with an empty stdin and with one that has answers.
    for (device, args, codes) in [
        (&b, vec!["pickup", text(&pin, "link"), "--pin"], &[2][..]),
        (&b, vec!["pickup", text(&pin, "link")], &[2]),
        (&b, vec!["pickup", &a.public_key()], &[0]),
        (&a, vec!["revoke", "--all"], &[2]),
        (&Device::bare(), vec!["init"], &[2]),
    ] {
        let limit = std::time::Duration::from_secs(20);
        device.cmd(&args).within(limit).output().exits(codes);
        device.cmd(&args).stdin("y\ny\ny\n").within(limit).output().exits(codes);
    }
}

#[test]
fn the_network_in_use_is_said() {
    let a = Device::new();
    a.cmd(&["whoami"]).ok().says(&[&a.bootstrap]);
    // Without a bootstrap it is the public one; whoami asks nobody.
    a.cmd(&["whoami"]).without("CCLINK_BOOTSTRAP").ok().says(&["public"]);
}

#[test]
fn a_unique_beginning_names_a_session() {
    let a = Device::new();
    let project = a.project("uploader");
    let ids = ["a26e0000-0000-4000-8000-000000000001", "a26f0000-0000-4000-8000-000000000002"];
    for id in ids {
        Transcript::named(id, &project).says("x").write(&a.claude);
    }
    for beginning in ["a26e", "A26E", "a26e0000-", &ids[0][..35]] {
        assert_eq!(a.json(&["publish", beginning])["session_id"], ids[0], "{beginning}");
        a.cmd(&["resume", "--print", "--fork", beginning]).ok().says(&[ids[0], "--fork-session"]);
        a.cmd(&["resume", "--print", beginning]).ok().says(&[ids[0]]);
    }
    // What may be a PIN behind a space names no session.
    a.cmd(&["publish", "--pin", "a26e"]).fails(2).says(&["--pin=", "whole id"]);
    a.json(&["publish", "--pin", ids[0]]);
    let nine = "a26e0000-0000-4000-8000-000000000009";
    Transcript::named(nine, &project).says("x").write(&a.claude);
    for command in ["publish", "resume"] {
        a.cmd(&[command, "a26e"]).fails(2).says(&[ids[0], nine]).hides(&[ids[1]]);
        a.cmd(&[command, "beef"]).fails(3).says(&["beef"]);
        a.cmd(&[command, "a26"]).fails(2).says(&["4 characters"]);
    }
}

#[test]
fn a_word_that_is_no_command_is_answered_kindly() {
    let a = Device::new();
    a.cmd(&["piclup"]).fails(2).says(&["not a session id", "cclink pickup"]);
    a.cmd(&["piclup", "anna"]).fails(2).says(&["`piclup` is no command", "cclink pickup"]).hides(&["Usage:"]);
    let error = a.cmd(&["foo", "bar", "--json"]).fails(2).error();
    assert_eq!(text(&error, "message"), "`foo` is no command.");
    a.cmd(&["foo"]).fails(2).says(&["not a session id", "--help"]);
}

#[test]
fn free_text_may_begin_with_a_dash() {
    let a = Device::new();
    let id = a.session("uploader", "x").id;
    let published =
        a.cmd(&["publish", &id, "--note", "- look", "--title", "-x", "--project", "-p", "--json"]).ok();
    assert_eq!(published.json()["title"], "-x");
    let shown = a.cmd(&["pickup", text(&published.json(), "token"), "--json"]).ok().json();
    assert_eq!((&shown["note"], &shown["title"]), (&Value::from("- look"), &Value::from("-x")), "{shown:#}");
    a.cmd(&["sessions", "--search", "-flag", "--json"]).ok();
    // What is an option stays one.
    a.cmd(&["publish", &id, "--note", "--burn"]).fails(2).says(&["--note"]);
}

//! The main job: publish on one device, pick up on another of mine.

use crate::support::session::write;
use crate::support::{Device, Output, hostname, rounds, seconds, text, tokens, until};
use serde_json::Value;
use std::time::Duration;

/// Asserts that a pickup shows what a publish promised.
#[track_caller]
pub fn same_handoff(picked: &Value, published: &Value) {
    for field in
        ["token", "session_id", "project", "title", "created_at", "expires_at", "ttl", "burn_after_read"]
    {
        assert_eq!(picked[field], published[field], "{field} of {picked:#}");
    }
    assert_eq!(picked["verified"], true);
    assert_eq!(picked["version"], 1);
    let link = text(published, "link");
    assert_eq!(text(picked, "creator"), link.split('/').next().unwrap());
    assert_eq!(picked["hostname"], Value::from(hostname()));
    assert_eq!(picked["pin_protected"], published["audience"]["kind"] == "pin");
    assert!(picked["transcript"]["bytes"].as_u64().unwrap() > 0);
    assert_eq!(text(&picked["transcript"], "tail").len(), 16);
    let plans = picked["plans"].as_array().unwrap();
    assert!(!plans.is_empty(), "there is always a command to show");
    for plan in plans {
        let command: Vec<&str> =
            plan["command"].as_array().unwrap().iter().map(|a| a.as_str().unwrap()).collect();
        // Another machine's command is one word for its shell; bringing names
        // the handoff.
        if matches!(text(plan, "kind"), "here" | "command") {
            assert!(command.windows(2).any(|w| w == ["--resume", text(published, "session_id")]), "{plan:#}");
            assert!(text(plan, "shell").contains(text(published, "session_id")), "{plan:#}");
        }
        assert!(plan["ready"].is_boolean(), "{plan:#}");
    }
}

#[test]
fn what_was_shortened_is_told_as_it_travelled() {
    let a = Device::new();
    let (title, note) = ("A long title ".repeat(12), "n".repeat(190));
    let published = a.publish(&["--title", title.trim(), "--note", &note, "--ssh", "ada@dev.example.org"]);
    assert!(text(&published, "title").ends_with('…'), "{published:#}");
    same_handoff(&Device::copy_of(&a).json(&["pickup"]), &published);
    assert_eq!(a.json(&["list"])[0]["title"], published["title"]);
}

#[test]
fn a_copy_of_the_key_picks_up() {
    let a = Device::new();
    let session = a.session("uploader", "Retry with jitter");
    let published = a.publish_session(&session, &["--note=tests are green"]);
    let token = text(&published, "token");
    assert!(token.starts_with('d') && token.len() == 14, "{token}");
    assert_eq!(text(&published, "link"), format!("{}/cclink/{token}", a.public_key()));
    assert_eq!(published["audience"]["kind"], "devices");
    assert_eq!(published["session_id"], Value::from(session.id.as_str()));
    assert_eq!(published["project"], Value::from(session.project.to_str().unwrap()));
    assert_eq!(published["title"], "Retry with jitter");
    assert_eq!(published["ttl"], 8 * 3600, "8 hours unless said otherwise");
    assert_eq!(seconds(&published, "expires_at") - seconds(&published, "created_at"), 8 * 3600);
    assert_eq!(published["burn_after_read"], false);
    assert!(published["copies"].as_u64().unwrap() > 0);
    assert!(published.get("pin").is_none_or(Value::is_null));

    let b = Device::copy_of(&a);
    let picked = b.json(&["pickup"]);
    same_handoff(&picked, &published);
    assert_eq!(picked["burned"], false);
    assert_eq!(picked["note"], "tests are green");
    // Here the session is not on b's disk, so the command is for a.
    assert_eq!(picked["plans"][0]["kind"], "command");
    // It stays until it expires: a second time, and by every name it has.
    let key = a.public_key();
    for what in [text(&published, "link"), token, &token[..5], &key] {
        same_handoff(&b.json(&["pickup", what]), &published);
    }
}

#[test]
fn options_travel() {
    let a = Device::new();
    let options = [
        "--ttl",
        "90m",
        "--project",
        "the uploader",
        "--note",
        "mind the gap",
        "--ssh",
        "dana@desk",
        "--burn",
    ];
    let published = a.publish(&options);
    let picked = Device::copy_of(&a).json(&["pickup"]);
    same_handoff(&picked, &published);
    assert_eq!(picked["ttl"], 5400);
    assert_eq!(picked["label"], "the uploader");
    assert_eq!(picked["note"], "mind the gap");
    assert_eq!(picked["ssh"], "dana@desk");
    assert_eq!(picked["burned"], true);
}

#[test]
fn the_newest_is_picked_up_every_time() {
    // First answers alone were stale in 4 of 20 pickups of the first cclink.
    // Several in one second too, which times in whole seconds cannot tell apart.
    rounds(4, 4, |_| {
        let a = Device::new();
        let b = Device::copy_of(&a);
        for _ in 0..5 {
            let published = a.publish(&[]);
            assert_eq!(b.json(&["pickup"])["token"], published["token"]);
        }
    });
}

#[test]
fn thirty_are_alive_at_once() {
    let a = Device::new();
    let published = std::sync::Mutex::new(Vec::new());
    rounds(30, 3, |n| {
        let session = a.session("uploader", &format!("Session number {n}"));
        let out = a.publish_session(&session, &[]);
        published.lock().unwrap().push(text(&out, "token").to_owned());
    });
    let mut published = published.into_inner().unwrap();
    published.sort();
    assert_eq!(published.len(), 30);
    let b = Device::copy_of(&a);
    let list = b.json(&["list"]);
    assert_eq!(tokens(&list), published, "all listed on the other device");
    for row in list.as_array().unwrap() {
        assert!(["live", "fading"].contains(&text(row, "state")), "{row:#}");
        assert!(row["copies"].as_u64().unwrap() > 0, "{row:#}");
        assert!(text(row, "title").starts_with("Session number"), "{row:#}");
    }
    assert_eq!(tokens(&a.json(&["list"])), published);
}

#[test]
fn the_publisher_learns_who_picked_it_up() {
    let a = Device::new();
    let token = text(&a.publish(&[]), "token").to_owned();
    Device::copy_of(&a).json(&["pickup"]);
    let row = until("the receipt", Duration::from_secs(10), || {
        let list = a.json(&["list"]);
        let row = crate::support::row(&list, &token).expect("still listed").clone();
        (row["state"] == "picked_up").then_some(row)
    });
    assert_eq!(row["picked_up"]["hostname"], Value::from(hostname()));
    seconds(&row["picked_up"], "at");
}

#[test]
fn without_a_terminal_this_directorys_session_is_published() {
    let a = Device::new();
    let mine = a.session("uploader", "Mine");
    let other = a.session("other", "Another");
    let inside = mine.project.join("src").join("deep");
    std::fs::create_dir_all(&inside).unwrap();
    let published = a.cmd(&["--json"]).cwd(&inside).ok().json();
    assert_eq!(published["session_id"], Value::from(mine.id.as_str()));
    let published = a.cmd(&["--json"]).cwd(&other.project).ok().json();
    assert_eq!(published["session_id"], Value::from(other.id.as_str()));

    // A subagent's file that is newer is no session.
    let agent = mine.more().aside().at("2026-11-24T10:00:00.000Z").says("look around");
    write(&a.claude, &mine.project, "agent-0a1b2c3.jsonl", agent.to_string());
    let published = a.cmd(&["--json"]).cwd(&mine.project).ok().json();
    assert_eq!(published["session_id"], Value::from(mine.id.as_str()));
    assert_eq!(published["title"], "Mine");

    // No session here: nothing else is published in its place.
    let empty = a.project("empty");
    a.cmd(&["--json"]).cwd(&empty).output().exits(&[1, 2, 3]).error();
}

#[test]
fn inside_claude_its_own_session_is_published() {
    let a = Device::new();
    a.session("uploader", "Newest here");
    let asked = a.session("other", "The one that runs");
    let uploader = a.project("uploader");
    let out: Output = a
        .cmd(&["--json"])
        .cwd(&uploader)
        .env("CLAUDECODE", "1")
        .env("CLAUDE_CODE_SESSION_ID", &asked.id)
        .env("CLAUDE_CODE_CHILD_SESSION", "1")
        .ok();
    assert_eq!(out.json()["session_id"], Value::from(asked.id.as_str()));
}

#[test]
fn an_empty_inbox_is_not_found() {
    let a = Device::new();
    a.cmd(&["pickup", "--json"]).fails(3).error();
    assert_eq!(a.json(&["list"]), serde_json::json!([]));
    a.cmd(&["list"]).ok();
}

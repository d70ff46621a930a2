//! One handoff a session: publishing it again replaces what is alive for the
//! same audience, and only that.

use std::fs;
use std::path::Path;
use std::time::Duration;

use cclink::store::{Journal, Stage};
use serde_json::{Value, json};

use crate::claude::hook::submitted;
use crate::support::session::append;
use crate::support::{Device, Pty, Session, row, text, tokens, until};

const SOON: Duration = Duration::from_secs(30);

#[track_caller]
fn state(device: &Device, token: &str) -> String {
    text(row(&device.json(&["list", "--all"]), token).expect("a row"), "state").to_owned()
}

#[test]
fn publishing_again_replaces_the_older_one() {
    let a = Device::new();
    let b = Device::copy_of(&a);
    let session = a.session("uploader", "Retry with jitter");
    let first = a.publish_session(&session, &["--note", "first"]);
    let second = a.publish_session(&session, &["--note", "second"]);
    assert_eq!(second["replaced"], json!([first["token"]]));
    for device in [&a, &b] {
        assert_eq!(tokens(&device.json(&["list"])), [text(&second, "token")]);
    }
    assert_eq!(state(&a, text(&first, "token")), "revoked");
    assert_eq!(b.json(&["pickup"])["note"], "second");
    b.cmd(&["pickup", text(&first, "link")]).fails(3).says(&["revoked"]);
    // By the hook as well, which says so.
    let input = submitted(&session, "/cclink:handoff third").to_string();
    let reason = text(&a.cmd(&["hook", "prompt"]).stdin(input).ok().json(), "reason").to_owned();
    assert!(reason.contains(text(&second, "token")) && reason.contains("replaces"), "{reason}");
    assert_eq!(b.json(&["pickup"])["note"], "third");
    assert_eq!(a.json(&["list"]).as_array().unwrap().len(), 1);
    // Another session stays as it is.
    let other = a.publish(&[]);
    assert!(other.get("replaced").is_none(), "{other:#}");
    assert_eq!(a.json(&["list"]).as_array().unwrap().len(), 2);
}

#[test]
fn another_audience_is_not_replaced() {
    let (a, anna, ben) = (Device::new(), Device::new(), Device::new());
    let session = a.session("uploader", "Retry with jitter");
    let pins = ["tree-lamp 42 under the stairs", "another one 77 behind the door"];
    let (anna, ben) = (anna.public_key(), ben.public_key());
    let options: [Vec<String>; 7] = [
        vec![],
        vec!["--share".into(), anna.clone()],
        vec!["--share".into(), ben],
        vec![format!("--pin={}", pins[0])],
        vec![format!("--pin={}", pins[1])],
        vec!["--link".into()],
        vec!["--link".into()],
    ];
    for options in &options {
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let published = a.publish_session(&session, &options);
        assert!(published.get("replaced").is_none(), "{options:?}: {published:#}");
    }
    assert_eq!(a.json(&["list"]).as_array().unwrap().len(), 7);
    for again in [["--share", &anna].as_slice(), &[&format!("--pin={}", pins[0])]] {
        let published = a.publish_session(&session, again);
        assert_eq!(published["replaced"].as_array().map(Vec::len), Some(1), "{again:?}: {published:#}");
    }
    assert_eq!(a.json(&["list"]).as_array().unwrap().len(), 7);
}

#[test]
fn one_that_burns_is_replaced_only_when_it_may_be() {
    let a = Device::new();
    let b = Device::copy_of(&a);
    let session = a.session("uploader", "Retry with jitter");
    let burning = a.publish_session(&session, &["--burn"]);
    let token = text(&burning, "token");
    a.cmd(&["publish", &session.id]).fails(1).says(&[token, "one-time", "--yes"]);
    let input = submitted(&session, "/cclink:handoff").to_string();
    let reason = text(&a.cmd(&["hook", "prompt"]).stdin(input).ok().json(), "reason").to_owned();
    assert!(reason.contains("nothing was published") && reason.contains("--yes"), "{reason}");
    assert_eq!(tokens(&a.json(&["list", "--all"])), [token], "nothing went out");
    // On a terminal it is asked.
    let args = ["publish", &session.id, "--no-qr"];
    for (answer, code) in [("n\r", 1), ("y\r", 0)] {
        let mut pty = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &args, &a.env(), &session.project);
        assert!(pty.waits_for(&["Replace?"]), "{}", pty.said());
        pty.types(answer);
        assert_eq!(pty.code(), code, "{}", pty.said());
    }
    assert_eq!(state(&a, token), "revoked");
    // One that was picked up meanwhile is nothing to ask about.
    let burning = a.publish_session(&session, &["--burn", "--yes"]);
    assert_eq!(b.json(&["pickup"])["burned"], true);
    let next = a.publish_session(&session, &["--burn"]);
    assert!(next.get("replaced").is_none(), "{next:#}");
    assert_eq!(state(&a, text(&burning, "token")), "burned");
}

/// Killed between the new one and the end of the old one: the next look ends it.
#[test]
fn what_was_left_to_replace_is_replaced_later() {
    for (burned, stage) in [(false, Stage::Published), (true, Stage::Burned), (false, Stage::Publishing)] {
        let a = Device::new();
        let session = a.session("uploader", "Retry with jitter");
        let first = a.publish_session(&session, &[]);
        let reader = Device::new();
        let more: &[&str] = if burned { &["--burn"] } else { &[] };
        let second = a.publish_session(&session, &[&["--share", &reader.public_key()], more].concat());
        // As the journal stands then: the older one is out, the newer one says what
        // it replaces.
        let journal = Journal::new(&a.home);
        journal
            .update(chrono::Utc::now(), |book| {
                let old = text(&first, "token").parse().unwrap();
                let entry = book.entry(&text(&second, "token").parse().unwrap()).unwrap();
                assert_eq!(entry.stage, Stage::Published);
                entry.replaces = vec![old];
                // It may have been picked up already, and this device know of it; or
                // not know yet that it is out.
                entry.stage = stage;
            })
            .unwrap();
        if burned {
            reader.cmd(&["pickup", text(&second, "link")]).ok();
        }
        let left = if burned { Vec::new() } else { vec![text(&second, "token")] };
        assert_eq!(tokens(&a.json(&["list"])), left);
        assert_eq!(state(&a, text(&first, "token")), "revoked");
        Device::copy_of(&a).cmd(&["pickup", text(&first, "link")]).fails(3).says(&["revoked"]);
    }
}

#[test]
fn what_another_of_my_devices_published_is_replaced() {
    let a = Device::new();
    let b = Device::beside(&a);
    let session = a.session("uploader", "Retry with jitter");
    let first = a.publish_session(&session, &[]);
    let other = a.publish(&[]);
    let second = b.publish_session(&session, &[]);
    assert_eq!(second["replaced"], json!([first["token"]]), "{second:#}");
    let mut alive = [text(&second, "token"), text(&other, "token")];
    alive.sort_unstable();
    for device in [&a, &b] {
        assert_eq!(tokens(&device.json(&["list"])), alive);
    }
    assert_eq!(state(&a, text(&first, "token")), "revoked");
    a.cmd(&["pickup", text(&first, "link")]).fails(3).says(&["revoked"]);
    // And back, by the hook; a contact's as well.
    let input = submitted(&session, "/cclink:handoff").to_string();
    let reason = text(&a.cmd(&["hook", "prompt"]).stdin(input).ok().json(), "reason").to_owned();
    assert!(reason.contains(&format!("It replaces {}", text(&second, "token"))), "{reason}");
    assert_eq!(state(&b, text(&second, "token")), "revoked");
    let anna = Device::new().public_key();
    let shared = a.publish_session(&session, &["--share", &anna]);
    let again = b.publish_session(&session, &["--share", &anna]);
    assert_eq!(again["replaced"], json!([shared["token"]]), "{again:#}");
}

#[test]
fn one_of_another_device_that_burns_is_asked_about() {
    let a = Device::new();
    let b = Device::beside(&a);
    let session = a.session("uploader", "Retry with jitter");
    let burning = a.publish_session(&session, &["--burn"]);
    let token = text(&burning, "token");
    b.cmd(&["publish", &session.id]).fails(1).says(&[token, "one-time", "--yes"]);
    for device in [&a, &b] {
        assert_eq!(tokens(&device.json(&["list", "--all"])), [token], "nothing went out");
    }
    let second = b.publish_session(&session, &["--yes"]);
    assert_eq!(second["replaced"], json!([token]));
    assert_eq!(state(&a, token), "revoked");
}

/// Both went on: what only the other device has is not taken away.
#[test]
fn another_way_that_the_session_went_stays() {
    let a = Device::new();
    let session = a.session("uploader", "Retry with jitter");
    let b = Device::copy_of(&a);
    let copy = b.claude.join(session.path.strip_prefix(&a.claude).unwrap());
    fs::create_dir_all(copy.parent().unwrap()).unwrap();
    fs::copy(&session.path, &copy).unwrap();
    go_on(&session.path, &session, "Only on a");
    let first = a.publish_session(&session, &[]);
    go_on(&copy, &session, "Only on b");
    let out = b.cmd(&["publish", &session.id, "--json"]).clock(2).ok();
    let second = out.says(&[text(&first, "token"), "messages that are not here"]).json();
    assert!(second.get("replaced").is_none(), "{second:#}");
    assert_eq!(b.json(&["list"]).as_array().unwrap().len(), 2);
    // One row a session, the newer: a third device sees it so, and `watch` too.
    let c = Device::copy_of(&a);
    let env = c.env();
    let mut watch =
        Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &["watch", "--json", "--every", "5"], &env, &c.projects);
    assert!(watch.waits_for(&[text(&second, "token")]), "{}", watch.said());
    let other = a.publish(&["--ttl", "2h"]);
    assert!(watch.waits_for(&[text(&other, "token")]), "{}", watch.said());
    let said = watch.said();
    assert_eq!(said.matches("\"token\"").count(), 2, "{said}");
    let input = submitted(&session, "/cclink:handoff").to_string();
    let reason = text(&b.cmd(&["hook", "prompt"]).stdin(input).ok().json(), "reason").to_owned();
    assert!(reason.contains("messages that are not here"), "{reason}");
    // With all of it here it is replaced.
    fs::copy(&session.path, &copy).unwrap();
    let third = b.publish_session(&session, &[]);
    let replaced = third["replaced"].as_array().unwrap();
    assert!(replaced.len() == 2 && replaced.contains(&first["token"]), "{third:#}");
}

/// Killed between the new one and the end of another device's: as above.
#[test]
fn what_was_left_to_replace_of_another_device_is_replaced_later() {
    let a = Device::new();
    let first = a.publish(&[]);
    let b = Device::copy_of(&a);
    let second = b.publish(&[]);
    Journal::new(&b.home)
        .update(chrono::Utc::now(), |book| {
            let entry = book.entry(&text(&second, "token").parse().unwrap()).unwrap();
            entry.replaces = vec![text(&first, "token").parse().unwrap()];
        })
        .unwrap();
    assert_eq!(tokens(&b.json(&["list"])), [text(&second, "token")]);
    assert_eq!(state(&a, text(&first, "token")), "revoked");
}

/// Adds what somebody says to a copy of a session.
fn go_on(path: &Path, session: &Session, prompt: &str) {
    append(path, session.more().at("2026-11-20T11:00:05.000Z").says(prompt));
}

/// What the hook is told when a session ends.
fn ended(session: &Session) -> String {
    json!({
        "session_id": session.id, "transcript_path": session.path, "cwd": session.project,
        "hook_event_name": "SessionEnd", "reason": "prompt_input_exit",
    })
    .to_string()
}

/// Leaves a session, and waits until the worker is done.
fn leave(device: &Device, session: &Session) {
    device.cmd(&["hook", "session-end"]).stdin(ended(session)).ok();
    device.cmd(&["hook", "worker", "--wait", "0"]).ok();
}

#[test]
fn leaving_renews_what_was_handed_over() {
    let a = Device::new();
    let session = a.session("uploader", "Retry with jitter");
    let options = ["--ttl", "2d", "--burn", "--note", "mind the gap", "--title", "Mine", "--project", "shop"];
    let explicit = a.publish_session(&session, &options);
    leave(&a, &session);
    let list = a.json(&["list"]);
    assert_eq!(list.as_array().unwrap().len(), 1, "{list:#}");
    assert_ne!(list[0]["token"], explicit["token"]);
    assert_eq!(
        (&list[0]["burn_after_read"], &list[0]["title"], &list[0]["label"]),
        (&json!(true), &json!("Mine"), &json!("shop"))
    );
    let picked = Device::copy_of(&a).json(&["pickup"]);
    assert_eq!(picked["note"], "mind the gap");
    let ttl = picked["ttl"].as_i64().unwrap();
    assert!((172_700..=172_800).contains(&ttl), "{ttl}");
    // A shorter one as well: how long it may live was said.
    let other = a.session("uploader", "Another");
    a.publish_session(&other, &["--ttl", "5m"]);
    leave(&a, &other);
    let list = a.json(&["list"]);
    let renewed: Vec<&Value> =
        list.as_array().unwrap().iter().filter(|row| row["session_id"] == json!(other.id)).collect();
    assert_eq!(renewed.len(), 1, "{list:#}");
    assert_eq!(Device::copy_of(&a).json(&["pickup"])["ttl"], 300);
}

#[test]
fn leaving_an_empty_session_hands_nothing_over() {
    let a = Device::new();
    let session = a.session("uploader", "x");
    session
        .more()
        .says(
            "<command-name>/clear</command-name>\n<command-message>clear</command-message>\n<command-args></command-args>",
        )
        .says("<local-command-stdout></local-command-stdout>")
        .says("<command-name>/exit</command-name>\n<command-args></command-args>")
        .says("<local-command-stdout>Goodbye!</local-command-stdout>")
        .state("last-prompt", "lastPrompt", "/exit")
        .write(&a.claude);
    leave(&a, &session);
    assert_eq!(a.json(&["list", "--all"]), json!([]));
    // One word is enough.
    session.grows(|more| more.says("hi"));
    leave(&a, &session);
    let list = until("the handoff", SOON, || {
        let list = a.json(&["list"]);
        (list != json!([])).then_some(list)
    });
    assert_eq!(list[0]["title"], "hi");
}

#[test]
fn leaving_renews_what_another_of_my_devices_handed_over() {
    let a = Device::new();
    let b = Device::beside(&a);
    let session = a.session("uploader", "Retry with jitter");
    let options =
        ["--ttl", "2d", "--burn", "--note", "mind the gap", "--project", "shop", "--ssh", "ada@first"];
    let explicit = a.publish_session(&session, &options);
    // Opened there and left again: what was handed over stays.
    go_on(&session.path, &session, "<command-name>/exit</command-name>\n<command-args></command-args>");
    leave(&b, &session);
    assert_eq!(tokens(&b.json(&["list"])), [text(&explicit, "token")]);
    go_on(&session.path, &session, "And now the tests");
    leave(&b, &session);
    let list = b.json(&["list"]);
    assert_eq!(list.as_array().unwrap().len(), 1, "{list:#}");
    assert_ne!(list[0]["token"], explicit["token"]);
    let picked = Device::copy_of(&a).json(&["pickup"]);
    assert_eq!((&picked["note"], &picked["burn_after_read"]), (&json!("mind the gap"), &json!(true)));
    assert_eq!((&picked["label"], &picked["ttl"]), (&json!("shop"), &json!(172_800)));
    assert_ne!(picked["ssh"], json!("ada@first"), "another machine's");
}

#[test]
fn leaving_replaces_nothing_that_it_cannot_renew() {
    let a = Device::new();
    let session = a.session("uploader", "Retry with jitter");
    // Made by this device while its clock was ahead: it cannot be judged now.
    let options = ["publish", &session.id, "--ttl", "2d", "--note", "mind the gap", "--json"];
    let explicit = a.cmd(&options).clock(4 * 3600).ok().json();
    go_on(&session.path, &session, "And now the tests");
    leave(&a, &session);
    assert_eq!(tokens(&a.json(&["list"])), [text(&explicit, "token")]);
    a.cmd(&["plugin", "status"]).ok().says(&["was not published", "clock"]);
}

//! A session that went on under another id (in the background, after a
//! compaction): whoever still says the old one means the new one.

use serde_json::{Value, json};

use crate::claude::hook::submitted;
use crate::support::{Device, Session, row, text, tokens};

/// A session, and the one that it went on in: a copy of its title and its talk.
fn twins(device: &Device) -> (Session, Session) {
    let old = device.session("uploader", "Retry with jitter");
    let new = device.session("uploader", "Retry with jitter");
    went_on(&old, &new);
    (old, new)
}

fn went_on(old: &Session, new: &Session) {
    old.grows(|more| more.state("continued-in", "continuedInSessionId", new.id.as_str()));
}

fn alive(device: &Device) -> Vec<String> {
    let list = device.json(&["list"]);
    list.as_array().unwrap().iter().map(|row| text(row, "session_id").to_owned()).collect()
}

#[test]
fn the_old_id_publishes_where_it_went_on() {
    let a = Device::new();
    let (old, new) = twins(&a);
    let inside = |run: crate::support::Run| run.env("CLAUDECODE", "1").env("CLAUDE_CODE_SESSION_ID", &old.id);
    let published = inside(a.cmd(&["--json"])).ok().json();
    assert_eq!(published["session_id"], json!(new.id), "by the environment of a child");
    let published = a.publish_session(&old, &[]);
    assert_eq!(published["session_id"], json!(new.id), "by the id itself");
    let words = format!("{} continued as {}", &old.id[..8], &new.id[..8]);
    inside(a.cmd(&[])).ok().says(&[&words]);
    let input = submitted(&old, "/cclink:handoff").to_string();
    let reason = text(&a.cmd(&["hook", "prompt"]).stdin(input).ok().json(), "reason").to_owned();
    assert!(reason.contains(&words), "{reason}");
    assert_eq!(alive(&a), [new.id.as_str()]);
}

#[test]
fn leaving_hands_over_where_it_went_on_and_replaces_the_old_one() {
    let a = Device::new();
    let old = a.session("uploader", "Retry with jitter");
    let explicit = a.publish_session(&old, &["--ttl", "1d", "--note", "mind the gap"]);
    let new = a.session("uploader", "Retry with jitter");
    went_on(&old, &new);
    for session in [&old, &new] {
        let ended = json!({
            "session_id": session.id, "transcript_path": session.path, "cwd": session.project,
            "hook_event_name": "SessionEnd", "reason": "other",
        });
        a.cmd(&["hook", "session-end"]).stdin(ended.to_string()).ok();
        a.cmd(&["hook", "worker", "--wait", "0"]).ok();
        assert_eq!(alive(&a), [new.id.as_str()]);
        let picked = Device::copy_of(&a).json(&["pickup"]);
        assert_eq!((&picked["session_id"], &picked["note"]), (&json!(new.id), &json!("mind the gap")));
    }
    let list = a.json(&["list", "--all"]);
    assert_eq!(row(&list, text(&explicit, "token")).unwrap()["state"], "revoked");
}

#[test]
fn publishing_the_new_one_replaces_what_was_published_of_the_old() {
    let a = Device::new();
    let old = a.session("uploader", "Retry with jitter");
    let first = a.publish_session(&old, &[]);
    let new = a.session("uploader", "Retry with jitter");
    went_on(&old, &new);
    let second = a.publish_session(&new, &[]);
    assert_eq!(second["replaced"], json!([first["token"]]));
    assert_eq!(tokens(&a.json(&["list"])), [text(&second, "token")]);
    // Of one that talked on by itself nothing is replaced.
    let other = a.session("uploader", "Retry with jitter");
    assert_eq!(a.publish_session(&other, &[]).get("replaced"), None::<&Value>);
}

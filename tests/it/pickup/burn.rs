//! Burning: by whoever picks up, once, and never by looking.

use crate::support::{Device, Pty, hostname, row, seconds, text};
use serde_json::Value;

/// A time of day, or how long ago.
fn names_a_time(said: &str) -> bool {
    let bytes = said.as_bytes();
    let clock = bytes.windows(5).any(|w| w[2] == b':' && [0, 1, 3, 4].iter().all(|&i| w[i].is_ascii_digit()));
    clock || said.contains("ago") || said.contains("just now")
}

#[test]
fn a_second_pickup_says_by_whom_and_when() {
    let a = Device::new();
    let (b, c) = (Device::copy_of(&a), Device::copy_of(&a));
    let published = a.publish(&["--burn"]);
    assert_eq!(published["burn_after_read"], true);
    let (token, link) = (text(&published, "token"), text(&published, "link"));
    let picked = b.json(&["pickup"]);
    assert_eq!(picked["token"], published["token"]);
    assert_eq!(picked["burned"], true);

    let session = text(&published, "session_id");
    for device in [&a, &b, &c] {
        let out = device.cmd(&["pickup", link]).fails(3).says(&["already picked up", &hostname()]);
        assert!(names_a_time(&out.said()), "{}", out.said());
        out.hides(&[session]);
    }
    let error = c.cmd(&["pickup", token, "--json"]).fails(3).error();
    assert!(text(&error, "message").contains("already picked up"), "{error:#}");
    // State is judged before questions.
    c.cmd(&["pickup", link, "--exec"]).fails(3).says(&["already picked up"]);
    assert!(c.claude_started().is_none());
    // It is gone from the inbox, and the publisher sees by whom.
    c.cmd(&["pickup"]).fails(3);
    assert!(row(&a.json(&["list"]), token).is_none());
    let all = a.json(&["list", "--all"]);
    let row = row(&all, token).expect("among the ended");
    assert_eq!(row["state"], "burned");
    assert_eq!(row["picked_up"]["hostname"], Value::from(hostname()));
    seconds(&row["picked_up"], "at");
}

#[test]
fn one_burns_and_the_others_stay() {
    let a = Device::new();
    let b = Device::copy_of(&a);
    let kept = a.publish(&[]);
    let burning = a.publish(&["--burn"]);
    assert_eq!(b.json(&["pickup", text(&burning, "token")])["burned"], true);
    let next = b.json(&["pickup"]);
    assert_eq!(next["token"], kept["token"]);
    assert_eq!(next["burned"], false);
}

#[test]
fn a_link_burns_by_its_holder() {
    let (a, b) = (Device::new(), Device::bare());
    let published = a.publish(&["--link", "--burn"]);
    let link = text(&published, "link");
    assert_eq!(b.json(&["pickup", link])["burned"], true);
    b.cmd(&["pickup", link]).fails(3).says(&["already picked up"]);
    assert_eq!(a.json(&["list", "--all"])[0]["state"], "burned");
}

#[test]
fn looking_does_not_burn() {
    let a = Device::new();
    let b = Device::copy_of(&a);
    let published = a.publish(&["--burn"]);
    for device in [&a, &b] {
        let list = device.json(&["list"]);
        let row = row(&list, text(&published, "token")).expect("listed");
        assert_eq!(row["state"], "live", "{row:#}");
        assert_eq!(row["burn_after_read"], true);
        device.cmd(&["list"]).ok();
    }
    assert_eq!(b.json(&["pickup"])["burned"], true);
}

#[test]
fn answering_no_does_not_burn() {
    // The first cclink burned before it asked.
    let a = Device::new();
    let b = Device::beside(&a);
    let published = a.publish(&["--burn"]);
    let mut pty = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &["pickup"], &b.env(), &b.projects);
    assert!(pty.waits_for(&["retry with jitter"]), "{}", pty.said());
    pty.waits_for(&["?", "[y/n]", "y/n"]);
    pty.types("n\r");
    pty.code();
    assert!(b.claude_started().is_none(), "{}", pty.said());
    let picked = b.json(&["pickup"]);
    assert_eq!(picked["token"], published["token"]);
    assert_eq!(picked["burned"], true);
}

#[test]
fn what_was_typed_before_the_question_is_no_answer() {
    let a = Device::new();
    let b = Device::beside(&a);
    let published = a.publish(&["--burn"]);
    let mut pty = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &["pickup"], &b.env(), &b.projects);
    // The rest of a paste, say.
    pty.types("y\r");
    assert!(pty.waits_for(&["[y/n]"]), "{}", pty.said());
    pty.types("n\r");
    assert_eq!(pty.code(), 0, "{}", pty.said());
    assert!(b.claude_started().is_none(), "{}", pty.said());
    assert_eq!(b.json(&["pickup"])["token"], published["token"]);
}

#[test]
fn answering_yes_burns_and_resumes() {
    let a = Device::new();
    let b = Device::beside(&a);
    let published = a.publish(&["--burn"]);
    let mut pty = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &["pickup"], &b.env(), &b.projects);
    assert!(pty.waits_for(&["retry with jitter"]), "{}", pty.said());
    pty.waits_for(&["?", "[y/n]", "y/n"]);
    pty.types("y\r");
    assert_eq!(pty.code(), 0, "{}", pty.said());
    let started = b.claude_started().unwrap_or_else(|| panic!("claude did not start: {}", pty.said()));
    assert_eq!(started.args, ["--resume", text(&published, "session_id")]);
    b.cmd(&["pickup", text(&published, "link")]).fails(3).says(&["already picked up"]);
}

#[test]
fn without_claude_nothing_burns() {
    let a = Device::new();
    let b = Device::beside(&a);
    let published = a.publish(&["--burn"]);
    let missing = b.path("no-such-claude");
    b.cmd(&["pickup", "--exec", "--json"]).env("CCLINK_CLAUDE", &missing).fails(1).error();
    // Nor where the session is not on this machine, so that nothing can be run.
    let far = Device::copy_of(&a);
    far.cmd(&["pickup", "--exec", "--json"]).fails(1).error();
    assert!(far.claude_started().is_none());
    let picked = b.json(&["pickup"]);
    assert_eq!(picked["token"], published["token"]);
    assert_eq!(picked["burned"], true);
}

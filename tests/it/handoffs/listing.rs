//! `list`: the fields of its JSON and the words of its table.

use crate::support::session::Transcript;
use crate::support::{Device, row, seconds, text};
use serde_json::Value;

#[test]
fn every_field_is_there() {
    let a = Device::new();
    let published = a.publish(&["--project", "the uploader", "--ttl", "2h", "--burn"]);
    let list = a.json(&["list"]);
    let row = row(&list, text(&published, "token")).expect("listed");
    for field in ["session_id", "project", "title", "link", "created_at", "expires_at", "burn_after_read"] {
        assert_eq!(row[field], published[field], "{field}");
    }
    assert_eq!(row["audience"]["kind"], "devices");
    assert_eq!(row["label"], "the uploader");
    assert_eq!(row["state"], "live");
    assert!(row["copies"].as_u64().unwrap() > 0);
    assert_eq!(row["picked_up"], Value::Null);
    assert_eq!(seconds(row, "expires_at") - seconds(row, "created_at"), 7200);
}

#[test]
fn the_table_tells_what_people_ask() {
    let a = Device::new();
    let labelled = a.publish(&["--project", "the uploader", "--ttl", "2h", "--burn"]);
    let plain = a.publish(&["--link"]);
    let out = a.cmd(&["list"]).ok().says(&[
        text(&labelled, "token"),
        text(&plain, "token"),
        "the uploader",
        "src/uploader",
        "Retry with jitter",
        "link",
        "live",
        "1h 59m",
    ]);
    assert!(!out.said().contains('\u{1b}'), "colour without a terminal");
    for internal in ["mailbox", "slot", "packet", "blob"] {
        assert!(!out.said().to_lowercase().contains(internal), "{internal} is not a word of the interface");
    }
}

#[test]
fn the_ended_are_listed_when_asked() {
    let a = Device::new();
    let (gone, kept) = (a.publish(&[]), a.publish(&[]));
    a.cmd(&["revoke", text(&gone, "token"), "--yes"]).ok();
    assert!(row(&a.json(&["list"]), text(&gone, "token")).is_none());
    let all = a.json(&["list", "--all"]);
    assert_eq!(row(&all, text(&gone, "token")).unwrap()["state"], "revoked");
    assert_eq!(row(&all, text(&kept, "token")).unwrap()["state"], "live");
    a.cmd(&["list", "--all"]).ok().says(&["revoked", "live"]);
}

#[test]
fn a_handoff_of_an_untitled_session_travels() {
    let a = Device::new();
    let session = Transcript::new(&a.project("untitled")).says("Only a prompt").write(&a.claude);
    let published = a.cmd(&["publish", &session.id, "--json"]).ok().json();
    assert_eq!(published["title"], "Only a prompt");
    assert_eq!(a.json(&["list"])[0]["title"], "Only a prompt");
}

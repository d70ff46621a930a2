//! Sharing with one recipient: who reads it, and who learns nothing.

use crate::pickup::devices::same_handoff;
use crate::support::{Device, text};
use serde_json::Value;

#[test]
fn only_the_recipient_reads_a_share() {
    let (a, b, c) = (Device::new(), Device::new(), Device::new());
    let session = a.session("secret-project", "A title that nobody else may see");
    let published = a.publish_session(&session, &["--share", &b.public_key()]);
    assert_eq!(published["audience"]["kind"], "share");
    assert!(text(&published, "token").starts_with('s'));
    let (link, creator) = (text(&published, "link"), a.public_key());

    let hidden = [session.title.as_str(), &session.id, "secret-project"];
    for args in [
        vec!["pickup", link],
        vec!["pickup", &creator],
        vec!["pickup", text(&published, "token")],
        vec!["pickup"],
    ] {
        c.cmd(&args).output().exits(&[3, 4]).hides(&hidden);
        c.cmd(&args).arg("--json").output().exits(&[3, 4]).hides(&hidden).error();
    }
    // Without knowing a, b does not look there.
    b.cmd(&["pickup"]).fails(3);
    same_handoff(&b.json(&["pickup", link]), &published);
    same_handoff(&b.json(&["pickup", &creator]), &published);
    // What a shared is not among b's own.
    assert_eq!(b.json(&["list"]), serde_json::json!([]));
}

#[test]
fn contacts_stand_for_keys() {
    let (a, b) = (Device::new(), Device::new());
    a.cmd(&["contacts", "add", "bob", &b.public_key()]).ok();
    b.cmd(&["contacts", "add", "anna", &a.public_key()]).ok();
    let published = a.publish(&["--share", "bob"]);
    assert_eq!(published["audience"], serde_json::json!({"kind": "share", "name": "bob"}));
    same_handoff(&b.json(&["pickup"]), &published);
    same_handoff(&b.json(&["pickup", "anna"]), &published);
    let list = a.json(&["list"]);
    assert_eq!(list[0]["audience"]["name"], "bob");
    assert_eq!(list[0]["link"], published["link"]);
}

#[test]
fn a_contacts_exact_name_beats_a_prefix() {
    let a = Device::new();
    let published = a.publish(&[]);
    let prefix = &text(&published, "token")[..6];
    same_handoff(&a.json(&["pickup", prefix]), &published);
    a.cmd(&["contacts", "add", prefix, &Device::new().public_key()]).ok();
    // The contact shared nothing, so now there is nothing under that name.
    a.cmd(&["pickup", prefix]).fails(3);
}

#[test]
fn a_share_burns_for_both() {
    let (a, b) = (Device::new(), Device::new());
    let published = a.publish(&["--share", &b.public_key(), "--burn"]);
    let picked = b.json(&["pickup", text(&published, "link")]);
    assert_eq!(picked["burned"], true);
    b.cmd(&["pickup", text(&published, "link")]).fails(3).says(&["already picked up"]);
    let all = a.json(&["list", "--all"]);
    assert_eq!(all[0]["state"], "burned", "{all:#}");
    assert_eq!(a.json(&["list"]), serde_json::json!([]));
}

#[test]
fn a_share_is_revoked() {
    let (a, b) = (Device::new(), Device::new());
    let published = a.publish(&["--share", &b.public_key()]);
    a.cmd(&["revoke", text(&published, "token"), "--yes"]).ok();
    b.cmd(&["pickup", text(&published, "link")]).fails(3).says(&["revoked"]);
}

#[test]
fn a_recipient_must_be_a_key_or_a_contact() {
    let a = Device::new();
    let session = a.session("uploader", "x");
    let key = a.public_key();
    let vectors: Value = crate::bytes::vectors::vectors();
    let weak = vectors["keys_refused"].as_array().unwrap().iter().map(|k| format!("pk:{}", text(k, "z32")));
    let malformed = [key[..40].to_owned(), format!("{key}y"), key.replacen('y', "l", 1), "pk:".to_owned()];
    for recipient in malformed.into_iter().chain(weak) {
        a.cmd(&["publish", &session.id, "--json", "--share", &recipient]).fails(2).error();
    }
    a.cmd(&["publish", &session.id, "--share", "nobody"]).output().exits(&[2, 3]).says(&["nobody"]);
    assert_eq!(a.json(&["list", "--all"]), serde_json::json!([]), "nothing went out");
}

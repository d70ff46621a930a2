//! No network: said as such, soon, and never "not found".

use std::time::Duration;

use crate::support::ring::nowhere;
use crate::support::{Device, Ring, row, text};
use serde_json::Value;

const SOON: Duration = Duration::from_secs(5);

/// What may never be said of a network that did not answer.
const LIES: [&str; 4] = ["not found", "no handoff", "no active", "nothing to pick up"];

#[test]
fn an_unreachable_network_is_said_soon() {
    let mut a = Device::new();
    let published = a.publish(&[]);
    let b = Device::new();
    let session = a.session("uploader", "x");
    a.bootstrap = nowhere();
    let link = text(&published, "link");
    for args in [
        vec!["publish", &session.id],
        vec!["pickup"],
        vec!["pickup", link],
        vec!["pickup", &b.public_key()],
        vec!["pickup", link, "--exec"],
        vec!["list"],
        vec!["revoke", text(&published, "token"), "--yes"],
        vec!["revoke", "--all", "--yes"],
    ] {
        let out = a.cmd(&args).fails(5).hides(&LIES).says(&["network"]);
        assert!(out.took < SOON, "`{}` took {:?}", out.what, out.took);
    }
    let out = a.cmd(&["pickup", link, "--json"]).fails(5);
    assert_eq!(out.stdout, "");
    assert!(!text(&out.error(), "advice").is_empty(), "{}", out.stderr);
    assert!(a.claude_started().is_none());
}

#[test]
fn one_reason_is_said_once() {
    let mut a = Device::new();
    a.publish(&[]);
    a.publish(&["--link"]);
    a.bootstrap = nowhere();
    let out = a.cmd(&["keep", "--once"]).fails(5).says(&["2 of 2 handoffs failed"]);
    assert_eq!(out.said().matches("network").count(), 1, "{}", out.said());
    assert_eq!(a.cmd(&["keep", "--once", "--json"]).fails(5).json().as_array().unwrap().len(), 2);
}

#[test]
fn what_failed_to_go_out_is_failed_and_stays_in() {
    let mut a = Device::new();
    let ring = a.bootstrap.clone();
    a.bootstrap = nowhere();
    let session = a.session("uploader", "Never sent");
    a.cmd(&["publish", &session.id]).fails(5);
    a.bootstrap = ring;
    let b = Device::copy_of(&a);
    // The network is back: nothing goes out by itself, from no command.
    a.json(&["list"]);
    a.publish(&[]);
    let all = a.json(&["list", "--all"]);
    let states: Vec<&str> = all.as_array().unwrap().iter().map(|r| text(r, "state")).collect();
    assert_eq!(states.iter().filter(|s| **s == "failed").count(), 1, "{all:#}");
    assert_eq!(states.iter().filter(|s| **s == "live").count(), 1, "{all:#}");
    assert_eq!(b.json(&["list"]).as_array().unwrap().len(), 1);
}

#[test]
fn a_dead_ring_leaves_what_the_journal_knows() {
    // The first cclink said "No active handoffs" and exited 0.
    let ring = Ring::start();
    let a = Device::on(&ring.bootstrap);
    let mine = a.publish(&[]);
    let link = a.publish(&["--link"]);
    let before = a.json(&["list"]);
    drop(ring);

    let out = a.cmd(&["list", "--json"]).fails(5);
    let list = out.json();
    for published in [&mine, &link] {
        let token = text(published, "token");
        let row = row(&list, token).unwrap_or_else(|| panic!("{token} is not in {list:#}"));
        assert_eq!(row["copies"], Value::Null, "nobody was asked");
        assert_eq!(row["title"], published["title"]);
        assert_eq!(row["session_id"], published["session_id"]);
    }
    assert_eq!(list.as_array().unwrap().len(), before.as_array().unwrap().len());
    // the JSON keeps to its states; people are told that nobody could look
    assert!(list.as_array().unwrap().iter().all(|row| row["state"] == "live"), "{list:#}");
    let out = a.cmd(&["list"]).fails(5).says(&[text(&mine, "token"), "not checked", "network"]).hides(&LIES);
    assert!(!out.stdout.contains("live"), "{}", out.stdout);
    a.cmd(&["pickup"]).fails(5).hides(&LIES);
    a.cmd(&["revoke", text(&link, "token"), "--yes"]).fails(5);
    // Nothing was lost by trying.
    assert_eq!(a.cmd(&["list", "--json"]).fails(5).json().as_array().unwrap().len(), 2);
}

#[test]
fn what_was_revoked_without_a_network_is_revoked_when_it_is_back() {
    let mut a = Device::new();
    let [one, two, three] = [a.publish(&[]), a.publish(&["--link"]), a.publish(&["--pin"])];
    let ring = std::mem::replace(&mut a.bootstrap, nowhere());
    let link = text(&two, "link");
    a.cmd(&["revoke", text(&one, "token"), "--yes"]).fails(5).says(&[
        "not revoked yet",
        "network",
        "`cclink list`",
    ]);
    let out = a.cmd(&["revoke", "--all", "--yes"]).fails(5).says(&["3 of 3"]);
    assert!(out.stderr.contains(text(&three, "token")), "{}", out.stderr);
    a.bootstrap = ring;
    let b = Device::copy_of(&a);
    // Until somebody of ours sees to it, it is what it was.
    b.cmd(&["pickup", link, "--print"]).ok();
    a.cmd(&["keep", "--once"]).ok().says(&["picked up or revoked"]).hides(&["another device"]);
    for published in [&one, &two] {
        b.cmd(&["pickup", text(published, "link")]).fails(3).says(&["revoked"]);
    }
    assert_eq!(a.json(&["list"]).as_array().unwrap().len(), 0);
}

#[test]
fn whoami_and_sessions_need_no_network() {
    let mut a = Device::new();
    let key = a.public_key();
    a.bootstrap = nowhere();
    assert_eq!(a.public_key(), key);
    a.session("uploader", "x");
    assert_eq!(a.json(&["sessions"]).as_array().unwrap().len(), 1);
    a.cmd(&["--help"]).ok();
}

#[test]
fn a_malformed_bootstrap_is_wrong_usage() {
    let a = Device::new();
    for bootstrap in ["localhost", "127.0.0.1:port", ":::", "127.0.0.1:99999"] {
        a.cmd(&["pickup"])
            .env("CCLINK_BOOTSTRAP", bootstrap)
            .output()
            .exits(&[2])
            .says(&["CCLINK_BOOTSTRAP"]);
    }
}

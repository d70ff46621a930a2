//! `contacts`: names for keys.

use crate::support::{Device, acts_on_a_terminal, rounds, text};
use serde_json::json;

#[test]
fn contacts_are_added_listed_and_removed() {
    let (a, b) = (Device::new(), Device::new());
    assert_eq!(a.json(&["contacts", "list"]), json!([]));
    a.cmd(&["contacts", "add", "bob", &b.public_key()]).ok();
    let list = a.json(&["contacts", "list"]);
    assert_eq!(list, json!([{"name": "bob", "public_key": b.public_key(), "mine": false}]));
    assert_eq!(a.json(&["contacts"]), list, "`contacts` alone lists");
    a.cmd(&["contacts"]).ok().says(&["bob", &b.public_key()]);
    a.cmd(&["contacts", "remove", "bob"]).ok();
    assert_eq!(a.json(&["contacts", "list"]), json!([]));
}

#[test]
fn a_contact_needs_a_good_key_and_a_free_name() {
    let (a, b) = (Device::new(), Device::new());
    let key = b.public_key();
    for bad in ["pk:abc", "hello", &key[..54], &key.to_uppercase()[..50]] {
        a.cmd(&["contacts", "add", "bob", bad, "--json"]).fails(2).error();
    }
    // All points of small order: a signature by them proves nothing.
    for row in crate::bytes::vectors::vectors()["keys_refused"].as_array().unwrap() {
        a.cmd(&["contacts", "add", "bob", &format!("pk:{}", text(row, "z32"))]).fails(2);
    }
    a.cmd(&["contacts", "add", "bob", &key]).ok();
    // The name is taken: it is not silently given to somebody else.
    a.cmd(&["contacts", "add", "bob", &a.public_key()]).output().exits(&[1, 2]);
    assert_eq!(a.json(&["contacts"])[0]["public_key"], key);
    a.cmd(&["contacts", "remove", "nobody"]).output().exits(&[1, 2, 3]).says(&["nobody"]);
    assert_eq!(a.json(&["contacts"]).as_array().unwrap().len(), 1);
}

#[test]
fn my_own_key_is_kept_as_mine() {
    let a = Device::new();
    a.cmd(&["contacts", "add", "me", &a.public_key()]).ok().says(&["of your own"]);
    assert_eq!(a.json(&["contacts"])[0]["mine"], true);
}

#[test]
fn contacts_need_no_network() {
    let mut a = Device::new();
    let key = Device::new().public_key();
    a.bootstrap = crate::support::ring::nowhere();
    a.cmd(&["contacts", "add", "bob", &key]).ok();
    assert_eq!(a.json(&["contacts"]).as_array().unwrap().len(), 1);
}

#[test]
fn contacts_added_at_once_all_stay() {
    let a = Device::new();
    let key = Device::new().public_key();
    rounds(12, 12, |n| {
        a.cmd(&["contacts", "add", &format!("c{n}"), &key]).ok();
    });
    assert_eq!(a.json(&["contacts"]).as_array().unwrap().len(), 12);
}

#[test]
fn an_edited_file_reaches_no_terminal_as_it_is() {
    let a = Device::new();
    let key = Device::new().public_key();
    let hostile = serde_json::json!([
        {"name": "ev\u{1b}[31mil\u{9b}2J\u{202e}", "public_key": key, "mine": false},
        {"name": "no key", "public_key": "\u{1b}]0;x\u{7}"},
    ]);
    std::fs::write(a.home.join("contacts.json"), hostile.to_string()).unwrap();
    let out = a.cmd(&["contacts"]).ok();
    assert!(!out.stdout.chars().any(acts_on_a_terminal), "{:?}", out.stdout);
    assert!(out.stdout.contains("evil") && !out.stdout.contains("no key"), "{}", out.stdout);
}

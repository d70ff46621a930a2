//! `contacts`: names for keys.

use crate::support::{Device, text};
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
    for row in crate::vectors::vectors()["keys_refused"].as_array().unwrap() {
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
fn contacts_need_no_network() {
    let mut a = Device::new();
    let key = Device::new().public_key();
    a.bootstrap = crate::support::ring::nowhere();
    a.cmd(&["contacts", "add", "bob", &key]).ok();
    assert_eq!(a.json(&["contacts"]).as_array().unwrap().len(), 1);
}

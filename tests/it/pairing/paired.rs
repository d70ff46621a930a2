//! What goes well: the key arrives, opens what it has to, and nothing is lost.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::json;

use super::talk::Talk;
use super::{asking, offering};
use crate::support::{Device, Pty, hostname, seconds, text};

#[test]
fn four_words_bring_the_key_and_what_was_published() {
    let (a, b) = (Device::new(), Device::bare());
    let published = a.publish(&[]);
    let start = Instant::now();
    let mut old = Talk::start(&a, &["pair"], &[]);
    let shown = old.line();
    let code = text(&shown, "code");
    assert_eq!(code.split('-').count(), 4, "{code}");
    let left = seconds(&shown, "expires_at") - crate::support::now();
    assert!((590..=600).contains(&left), "{left}");
    // As somebody types it, from stdin.
    let mut new = Talk::start(&b, &["pair", "-", "--no-passphrase"], &[]);
    new.types(&code.replace('-', " ").to_uppercase());
    new.closes_stdin();
    let (here, there) = (old.line(), new.line());
    assert_eq!(text(&here, "check"), text(&there, "check"));
    assert_eq!(text(&here, "check").split(' ').count(), 6);
    assert_eq!((text(&here, "hostname"), text(&there, "hostname")), (&*hostname(), &*hostname()));
    assert!(!b.home.join("secret_key").exists(), "nothing before the other user agreed");
    old.types(text(&here, "check"));
    let view = new.line();
    new.ends_with(0);
    assert_eq!(old.line(), json!({ "paired": true, "hostname": hostname() }));
    old.ends_with(0);
    println!("paired within {:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(30));
    assert_eq!(view, b.json(&["whoami"]));
    assert_eq!(view["public_key"], a.json(&["whoami"])["public_key"]);
    assert_eq!(view["protected"], "none");
    // It is one group now, both ways.
    assert_eq!(b.json(&["list"])[0]["token"], published["token"]);
    assert_eq!(b.json(&["pickup", "--print"])["session_id"], published["session_id"]);
    let back = b.publish(&[]);
    assert_eq!(a.json(&["pickup", text(&back, "token"), "--print"])["session_id"], back["session_id"]);
    // The words were for one use.
    let c = Device::bare();
    c.cmd(&["pair", code, "--no-passphrase"]).fails(3).says(&["No device is waiting with these words."]);
    assert!(c.files().is_empty(), "{:?}", c.files());
}

#[test]
fn a_passphrase_of_its_own_protects_the_key_there() {
    let (a, b) = (Device::new(), Device::bare());
    let (mut old, code) = offering(&a);
    let mut new = Talk::start(&b, &["pair", &code], &[("CCLINK_PASSPHRASE", "caf\u{e9} au lait")]);
    let check = new.text("check");
    old.text("check");
    old.types(&check.replace(' ', "-").to_uppercase());
    assert_eq!(new.text("protected"), "passphrase");
    new.ends_with(0);
    old.ends_with(0);
    b.cmd(&["publish"]).fails(1);
    let key = b.cmd(&["whoami", "--json"]).env("CCLINK_PASSPHRASE", "cafe\u{301} au lait").ok().json();
    assert_eq!(text(&key, "public_key"), a.public_key());
}

#[test]
fn a_key_that_is_there_is_asked_about_and_kept_beside() {
    let (a, b) = (Device::new(), Device::new());
    let before = fs::read(b.key_file()).unwrap();
    let (mut old, code) = offering(&a);
    b.cmd(&["pair", &code, "--no-passphrase"]).fails(1).says(&["already", "--yes"]);
    assert_eq!(fs::read(b.key_file()).unwrap(), before);
    let mut new = Talk::start(&b, &["pair", &code, "--no-passphrase", "--yes"], &[]);
    let check = new.text("check");
    old.types(&check);
    assert!(new.ends_with(0).contains("secret_key.old"));
    old.ends_with(0);
    assert_eq!(b.public_key(), a.public_key());
    assert_eq!(fs::read(b.home.join("secret_key.old")).unwrap(), before);
}

#[test]
fn a_clock_that_is_minutes_off_does_not_matter() {
    let a = Device::new();
    for offset in ["-540", "540"] {
        let (mut old, code) = offering(&a);
        let b = Device::bare();
        let env = [("CCLINK_TEST_CLOCK_OFFSET", offset)];
        let mut new = Talk::start(&b, &["pair", &code, "--no-passphrase"], &env);
        old.types(&new.text("check"));
        new.ends_with(0);
        old.ends_with(0);
        assert_eq!(b.public_key(), a.public_key());
    }
}

#[test]
fn on_terminals_both_sides_are_asked() {
    let (a, b) = (Device::new(), Device::bare());
    let cclink = env!("CARGO_BIN_EXE_cclink");
    let mut old = Pty::spawn(cclink, &["pair"], &a.env(), &a.projects);
    assert!(old.waits_for(&["type these words:"]) && old.waits_for(&["Ctrl-C cancels"]), "{}", old.said());
    let said = old.said().replace("\u{1b}[1m", " ");
    let words = said.split(|c: char| !c.is_ascii_lowercase() && c != '-');
    let code = words.into_iter().find(|word| word.matches('-').count() == 3).unwrap().to_owned();
    let mut new = Pty::spawn(cclink, &["pair"], &b.env(), &b.projects);
    assert!(new.waits_for(&["The four words on the other device:"]), "{}", new.said());
    new.types(&format!("{code}\r"));
    assert!(new.waits_for(&["If they match, confirm on"]), "{}", new.said());
    assert!(old.waits_for(&["show exactly these? [y/N]"]), "{}", old.said());
    old.types("y\r");
    assert!(new.waits_for(&["show the same key? [y/N]"]), "{}", new.said());
    new.types("y\r");
    for _ in 0..2 {
        assert!(new.asks_for_a_secret(), "{}", new.said());
        new.types("a passphrase of its own\r");
    }
    assert_eq!((new.code(), old.code()), (0, 0), "{}\n{}", new.said(), old.said());
    assert!(new.said().contains(&a.public_key()) && old.said().contains("has fetched your key"));
    assert!(old.said().contains(&a.public_key()), "it says what the other one has to show");
}

#[test]
fn a_key_that_is_not_the_others_is_not_kept() {
    let (a, b) = (Device::new(), Device::bare());
    let (mut old, code) = offering(&a);
    let mut new = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &["pair", &code], &b.env(), &b.projects);
    let check = old.text("check");
    old.types(&check);
    assert!(new.waits_for(&["show the same key? [y/N]"]), "{}", new.said());
    new.types("n\r");
    assert_eq!(new.code(), 1, "{}", new.said());
    assert!(!b.home.join("secret_key").exists());
}

/// Both devices note it, and nothing that could be misused.
#[test]
fn a_pairing_is_in_the_log_of_both() {
    let (a, b) = (Device::new(), Device::bare());
    let (mut old, code) = offering(&a);
    let (mut new, check) = asking(&b, &code);
    old.types(&check);
    new.ends_with(0);
    old.ends_with(0);
    for device in [&a, &b] {
        let log = device.json(&["log"]);
        assert_eq!(log.as_array().unwrap().len(), 1, "{log:#}");
        let (event, by) = (text(&log[0], "event"), text(&log[0], "by"));
        assert_eq!((event, by, &log[0]["token"]), ("paired", &*hostname(), &json!(null)));
        device.cmd(&["log"]).ok().says(&[&format!("paired with {}", hostname())]);
        let journal = fs::read_to_string(
            device.files().into_iter().find(|path| path.ends_with("journal.json")).unwrap(),
        );
        let (journal, secret) = (journal.unwrap(), fs::read_to_string(device.key_file()).unwrap());
        for secret in [code.as_str(), check.as_str(), secret.trim()] {
            assert!(!journal.contains(secret), "{journal}");
        }
    }
}

//! What must not go through, and what is said about it.

use super::talk::Talk;
use super::{asking, offering};
use crate::support::Device;
use crate::support::ring::nowhere;

#[test]
fn other_words_find_nobody_in_one_look() {
    let (a, b) = (Device::new(), Device::bare());
    let (mut old, code) = offering(&a);
    let turned: Vec<&str> = code.rsplit('-').collect();
    if turned.join("-") != code {
        let out = b.cmd(&["pair", &turned.join("-"), "--no-passphrase", "--json"]).fails(3);
        assert_eq!(out.error()["message"], "No device is waiting with these words.");
    }
    for words in
        [vec!["zoo"], vec!["zoo", "zoo", "zoo", "zooo"], vec!["zoo zoo zoo zoo zoo"], vec!["\u{1b}[2J"]]
    {
        let args = [&["pair", "--no-passphrase"], words.as_slice()].concat();
        b.cmd(&args).fails(2).says(&["four words"]);
    }
    b.cmd(&["pair", "--no-passphrase", "-"]).stdin("zoo ".repeat(1000)).fails(2);
    b.cmd(&["pair"]).fails(2).says(&["cclink pair -"]);
    b.cmd(&["pair", &code]).fails(2).says(&["--no-passphrase"]);
    assert!(b.files().is_empty(), "{:?}", b.files());
    // None of that disturbed the one that waits.
    let (mut new, check) = asking(&b, &code);
    old.types(&check);
    new.ends_with(0);
    old.ends_with(0);
}

#[test]
fn anything_but_the_six_words_refuses() {
    let a = Device::new();
    for answer in [Some("yes"), Some("zoo zoo zoo zoo zoo zoo"), None] {
        let b = Device::bare();
        let (mut old, code) = offering(&a);
        let (mut new, check) = asking(&b, &code);
        assert_eq!(old.text("check"), check);
        match answer {
            Some(line) => old.types(line),
            None => old.closes_stdin(),
        }
        assert!(old.ends_with(1).contains("refused"));
        assert!(new.ends_with(1).contains("refused"));
        assert!(!b.home.join("secret_key").exists());
        b.cmd(&["pair", &code, "--no-passphrase"]).fails(3);
    }
}

#[test]
fn a_second_device_that_asks_ends_it_for_all() {
    let (a, b, c) = (Device::new(), Device::bare(), Device::bare());
    let (mut old, code) = offering(&a);
    let (mut first, check) = asking(&b, &code);
    assert_eq!(old.text("check"), check);
    let (mut second, other) = asking(&c, &code);
    assert_ne!(check, other, "the words tell who asks");
    assert!(old.ends_with(1).contains("Two devices asked"));
    first.ends_with(1);
    second.ends_with(1);
    for device in [&b, &c] {
        assert!(!device.home.join("secret_key").exists());
    }
}

#[test]
fn too_late_is_too_late_on_both() {
    let (a, b) = (Device::new(), Device::bare());
    let (mut waiting, code) = offering(&a);
    for offset in [-1300, 1300] {
        b.cmd(&["pair", &code, "--no-passphrase"]).clock(offset).fails(3).says(&["10 minutes"]);
    }
    let mut old = Talk::start(&a, &["pair"], &[("CCLINK_TEST_PAIR_LIFE", "3")]);
    let late = old.text("code");
    assert!(old.ends_with(3).contains("expired"));
    b.cmd(&["pair", &late, "--no-passphrase"]).fails(3);
    // The other pairing is none of its business.
    let (mut new, check) = asking(&b, &code);
    waiting.types(&check);
    new.ends_with(0);
    waiting.ends_with(0);
}

#[test]
fn without_a_network_nobody_waits_for_long() {
    let (mut a, mut b) = (Device::new(), Device::bare());
    (a.bootstrap, b.bootstrap) = (nowhere(), nowhere());
    a.cmd(&["pair"]).fails(5).hides(&["cclink pair"]);
    b.cmd(&["pair", "zoo zone zero zebra", "--no-passphrase"]).fails(5);
    assert!(b.files().is_empty(), "{:?}", b.files());
}

#[test]
fn a_key_is_unlocked_before_words_are_shown() {
    let a = Device::bare();
    a.cmd(&["init"]).env("CCLINK_PASSPHRASE", "correct horse").ok();
    a.cmd(&["pair"]).fails(1).says(&["passphrase"]);
    let mut old = Talk::start(&a, &["pair"], &[("CCLINK_PASSPHRASE", "correct horse")]);
    old.text("code");
}

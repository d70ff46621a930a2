//! Ended in the middle: politely all three addresses are ended; by `kill -9` what
//! is left opens to nobody.

use rustix::process::Signal;

use super::talk::Talk;
use super::{asking, offering};
use crate::support::pairing::ends;
use crate::support::{Device, Pty};

#[test]
fn a_polite_end_of_either_ends_all_three() {
    let a = Device::new();
    for (signal, is_old) in
        [(Signal::TERM, true), (Signal::INT, true), (Signal::TERM, false), (Signal::INT, false)]
    {
        let b = Device::bare();
        let (mut old, code) = offering(&a);
        let (mut new, _) = asking(&b, &code);
        old.text("check");
        let (ended, other) = if is_old { (&mut old, &mut new) } else { (&mut new, &mut old) };
        ended.signal(signal);
        assert!(ended.ends_with(1).contains("Cancelled"));
        assert!(other.ends_with(1).contains("ancelled"));
        assert_eq!(ends(&code), [true; 3]);
        assert!(!b.home.join("secret_key").exists());
    }
}

#[test]
fn ended_while_nobody_asked_the_words_are_used() {
    let (a, b) = (Device::new(), Device::bare());
    let (mut old, code) = offering(&a);
    old.signal(Signal::TERM);
    old.ends_with(1);
    assert_eq!(ends(&code), [true; 3]);
    b.cmd(&["pair", &code, "--no-passphrase"]).fails(3);
}

/// The key has come, and its user thinks better of it.
#[test]
fn stopped_at_the_passphrase_nothing_is_stored() {
    let (a, b) = (Device::new(), Device::bare());
    let (mut old, code) = offering(&a);
    let mut new = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &["pair", &code], &b.env(), &b.projects);
    let check = old.text("check");
    old.types(&check);
    assert!(new.waits_for(&["show the same key? [y/N]"]), "{}", new.said());
    new.types("y\r");
    assert!(new.asks_for_a_secret(), "{}", new.said());
    new.types("\u{3}");
    assert_eq!(new.code(), 1, "{}", new.said());
    assert!(new.said().contains("Cancelled"), "{}", new.said());
    assert!(!b.home.join("secret_key").exists());
    old.ends_with(0);
    assert_eq!(ends(&code), [true; 3]);
}

#[test]
fn after_a_pairing_all_three_are_ended() {
    let (a, b) = (Device::new(), Device::bare());
    let (mut old, code) = offering(&a);
    let (mut new, check) = asking(&b, &code);
    old.types(&check);
    new.ends_with(0);
    old.ends_with(0);
    assert_eq!(ends(&code), [true; 3]);
}

/// The device that gives is killed: before, and after the other one asked.
#[test]
fn what_a_killed_giver_leaves_gives_nothing() {
    let a = Device::new();
    for has_asked in [false, true] {
        let b = Device::bare();
        let (mut old, code) = offering(&a);
        let mut new = if has_asked { Some(asking(&b, &code)) } else { None };
        if has_asked {
            old.text("check");
        }
        old.kill();
        let (new, _) = new.get_or_insert_with(|| asking(&b, &code));
        new.signal(Signal::TERM);
        new.ends_with(1);
        assert!(!b.home.join("secret_key").exists());
        assert_eq!(ends(&code), [true; 3]);
    }
}

/// The device that asks is killed: the answer for it opens to nobody else, and its
/// words to nobody at all.
#[test]
fn what_was_given_to_a_killed_device_opens_to_nobody() {
    let (a, b) = (Device::new(), Device::bare());
    let mut old = Talk::start(&a, &["pair"], &[("CCLINK_TEST_PAIR_LIFE", "6")]);
    let code = old.text("code");
    let (mut new, check) = asking(&b, &code);
    old.text("check");
    new.kill();
    old.types(&check);
    assert!(old.ends_with(1).contains("did not confirm in time"));
    assert_eq!(ends(&code), [true; 3]);
    b.cmd(&["pair", &code, "--no-passphrase"]).fails(3);
    // With new words it works.
    let (mut old, code) = offering(&a);
    let (mut new, check) = asking(&b, &code);
    old.types(&check);
    new.ends_with(0);
    old.ends_with(0);
    assert_eq!(b.public_key(), a.public_key());
}

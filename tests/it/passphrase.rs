//! A key behind a passphrase: asked for, opened by `age`, refused when wrong.

use std::fs;
use std::time::Duration;

use crate::support::{Device, Pty, text, tool_is_missing};

const SEED: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const PASSPHRASE: &str = "correct horse and some more";

fn locked() -> Device {
    let a = Device::bare();
    a.cmd(&["init", "--import", "-"]).stdin(SEED).env("CCLINK_PASSPHRASE", PASSPHRASE).ok();
    a
}

fn key_file(a: &Device) -> std::path::PathBuf {
    let seen = a.cmd(&["whoami", "--json"]).env("CCLINK_PASSPHRASE", PASSPHRASE).ok().json();
    assert_eq!(seen["protected"], "passphrase");
    text(&seen, "path").into()
}

#[test]
fn the_debian_age_opens_our_key_file() {
    if tool_is_missing("age") {
        return;
    }
    let a = locked();
    let (key, out) = (key_file(&a), a.path("opened"));
    assert!(!fs::read_to_string(&key).unwrap_or_default().contains(SEED), "the key lies open");
    let paths = [key.to_str().unwrap(), out.to_str().unwrap()];
    let mut age = Pty::spawn("age", &["-d", "-o", paths[1], paths[0]], &a.env(), &a.projects);
    assert!(age.asks_for_a_secret(), "{}", age.said());
    age.types(&format!("{PASSPHRASE}\n"));
    assert_eq!(age.code(), 0, "{}", age.said());
    assert_eq!(fs::read_to_string(out).unwrap().trim_end(), SEED);
}

#[test]
fn a_wrong_passphrase_is_said_and_loses_nothing() {
    let a = locked();
    let key = key_file(&a);
    let before = fs::read(&key).unwrap();
    let session = a.session("uploader", "x");
    for args in [vec!["publish", &session.id], vec!["pickup"]] {
        let out =
            a.cmd(&args).arg("--json").env("CCLINK_PASSPHRASE", "not it").fails(1).says(&["passphrase"]);
        out.error();
    }
    assert_eq!(fs::read(&key).unwrap(), before);
    a.cmd(&["publish", &session.id]).env("CCLINK_PASSPHRASE", PASSPHRASE).ok();
}

#[test]
fn a_locked_key_without_a_terminal_names_the_variable() {
    let a = locked();
    let session = a.session("uploader", "x");
    let out = a.cmd(&["publish", &session.id]).within(Duration::from_secs(20)).fails(1);
    out.says(&["CCLINK_PASSPHRASE"]);
    a.cmd(&["init", "--no-passphrase"]).output().exits(&[1, 2]);
}

#[test]
fn pin_and_link_are_picked_up_while_the_key_is_locked() {
    let (a, b) = (Device::new(), locked());
    let link = a.publish(&["--link"]);
    let out = b.cmd(&["pickup", text(&link, "link"), "--json"]).ok().json();
    assert_eq!(out["token"], link["token"]);
    let pin = a.publish(&["--pin", "--burn"]);
    let out = b.cmd(&["pickup", text(&pin, "link"), "--pin", "--json"]).pin(text(&pin, "pin")).ok().json();
    assert_eq!(out["burned"], true);
    // Not even a key is needed.
    let nobody = Device::bare();
    nobody.cmd(&["pickup", text(&link, "link"), "--json"]).ok();
    assert!(!nobody.home.join("secret_key").exists());
}

#[test]
fn composed_and_decomposed_letters_are_one_passphrase() {
    let a = Device::bare();
    a.cmd(&["init"]).env("CCLINK_PASSPHRASE", "caf\u{e9} au lait").ok();
    let session = a.session("uploader", "x");
    a.cmd(&["publish", &session.id]).env("CCLINK_PASSPHRASE", "cafe\u{301} au lait").ok();
}

/// Answers every question for a passphrase with `answer`.
fn init_on_a_terminal(a: &Device, answer: &str) -> (u32, String) {
    let mut pty = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &["init"], &a.env(), &a.projects);
    for _ in 0..4 {
        if !pty.asks_for_a_secret() {
            break;
        }
        pty.types(&format!("{answer}\r"));
    }
    (pty.code(), pty.said())
}

#[test]
fn init_asks_on_a_terminal() {
    let a = Device::bare();
    let (code, said) = init_on_a_terminal(&a, PASSPHRASE);
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains(PASSPHRASE), "it shows what is typed: {said}");
    key_file(&a);

    let b = Device::bare();
    let (code, said) = init_on_a_terminal(&b, "");
    assert_eq!(code, 0, "{said}");
    assert_eq!(b.json(&["whoami"])["protected"], "none");
}

#[test]
fn two_different_passphrases_make_no_key() {
    let a = Device::bare();
    let mut pty = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &["init"], &a.env(), &a.projects);
    for answer in ["one of them", "another one"] {
        assert!(pty.asks_for_a_secret(), "{}", pty.said());
        pty.types(&format!("{answer}\r"));
    }
    // It may ask once more, or end; either way no key was made of a guess.
    pty.asks_for_a_secret();
    drop(pty);
    assert!(a.files().iter().all(|f| !f.ends_with("secret_key")), "{:?}", a.files());
}

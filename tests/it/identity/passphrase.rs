//! A key behind a passphrase: asked for, opened by `age`, refused when wrong.

use std::fs;
use std::os::unix::fs::PermissionsExt;
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
    // Who it is stays closed; where the key lies does not.
    let words = ["locked", "secret_key", "by a passphrase", &a.bootstrap, "CCLINK_PASSPHRASE"];
    a.cmd(&["whoami"]).fails(1).says(&words);
    assert_eq!(a.cmd(&["whoami", "--json"]).fails(1).stdout, "");
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
    assert!(said.contains("Passphrase (empty for none): \r\n"), "{said}");
    assert!(!said.contains(PASSPHRASE), "it shows what is typed: {said}");
    key_file(&a);

    let b = Device::bare();
    let (code, said) = init_on_a_terminal(&b, "");
    assert_eq!(code, 0, "{said}");
    assert_eq!(b.json(&["whoami"])["protected"], "none");
}

#[test]
fn stopped_at_a_secret_the_terminal_shows_again_what_is_typed() {
    let (a, bare) = (locked(), Device::bare());
    for (device, command) in [(&bare, "init"), (&a, "list")] {
        for key in ["\u{3}", "\u{4}"] {
            let mut pty = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &[command], &device.env(), &a.projects);
            assert!(pty.asks_for_a_secret(), "{}", pty.said());
            pty.types(key);
            assert_eq!(pty.code(), 1, "{}", pty.said());
            assert!(pty.said().contains("Cancelled."), "{}", pty.said());
            assert_eq!(pty.shows_what_is_typed(), Some(true));
        }
    }
    assert!(!bare.home.join("secret_key").exists());
}

#[test]
fn ended_by_a_signal_at_a_secret_the_terminal_shows_again_what_is_typed() {
    use rustix::process::{Pid, Signal, kill_process};
    let (a, bare) = (locked(), Device::bare());
    for (device, command) in [(&bare, "init"), (&a, "list")] {
        for signal in [Signal::TERM, Signal::INT, Signal::QUIT] {
            let mut pty = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &[command], &device.env(), &a.projects);
            assert!(pty.asks_for_a_secret(), "{}", pty.said());
            let pid = Pid::from_raw(i32::try_from(pty.own_pid()).unwrap()).unwrap();
            kill_process(pid, signal).unwrap();
            assert_eq!(pty.code(), 1, "{signal:?}: {}", pty.said());
            assert_eq!(pty.shows_what_is_typed(), Some(true), "{signal:?}");
        }
    }
    assert!(!bare.home.join("secret_key").exists());
}

/// Some programs leave a terminal where a read that finds no key does not wait.
#[test]
fn a_terminal_that_gives_nothing_gives_no_passphrase() {
    if tool_is_missing("sh") {
        return;
    }
    let bare = Device::bare();
    let script = format!("stty min 0 time 1; exec '{}' init", env!("CARGO_BIN_EXE_cclink"));
    let mut pty = Pty::spawn("sh", &["-c", &script], &bare.env(), &bare.projects);
    assert!(pty.asks_for_a_secret(), "{}", pty.said());
    pty.types("a long enough passphrase\r");
    assert!(pty.waits_for(&["Repeat it"]), "{}", pty.said());
    pty.types("\u{3}");
    assert_eq!(pty.code(), 1, "{}", pty.said());
    assert!(!bare.home.join("secret_key").exists());
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

/// A file as it was copied from the device with a locked key.
fn copied(from: &Device, to: &Device) -> std::path::PathBuf {
    let file = to.path("copied_key");
    fs::copy(key_file(from), &file).unwrap();
    file
}

#[test]
fn a_key_with_a_passphrase_is_imported_as_it_is() {
    let (a, b) = (locked(), Device::bare());
    let file = copied(&a, &b);
    let content = fs::read(&file).unwrap();
    let import = ["init", "--import", file.to_str().unwrap(), "--json"];
    let made = b.cmd(&import).env("CCLINK_PASSPHRASE", PASSPHRASE).ok().json();
    let seen = a.cmd(&["whoami", "--json"]).env("CCLINK_PASSPHRASE", PASSPHRASE).ok().json();
    assert_eq!((&made["public_key"], &made["protected"]), (&seen["public_key"], &"passphrase".into()));
    let key = key_file(&b);
    assert_eq!(fs::read(&key).unwrap(), content, "the same file, byte for byte");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o7777, 0o600);
    // A second time it is not replaced without --yes.
    b.cmd(&import).env("CCLINK_PASSPHRASE", PASSPHRASE).fails(1).says(&["already"]);
}

#[test]
fn a_key_is_not_imported_without_its_own_passphrase() {
    let (a, b) = (locked(), Device::bare());
    let file = copied(&a, &b);
    let import = ["init", "--import", file.to_str().unwrap()];
    b.cmd(&import).fails(1).says(&["CCLINK_PASSPHRASE"]);
    b.cmd(&import).env("CCLINK_PASSPHRASE", "not it").fails(1).says(&["passphrase"]);
    b.cmd(&import).arg("--no-passphrase").fails(2).says(&["--no-passphrase"]);
    // Cut off on its way.
    let content = fs::read(&file).unwrap();
    fs::write(&file, &content[..content.len() - 9]).unwrap();
    b.cmd(&import).env("CCLINK_PASSPHRASE", PASSPHRASE).fails(2).says(&["complete?"]);
    assert!(!b.home.join("secret_key").exists());
}

#[test]
fn the_passphrase_of_an_imported_key_is_asked_for_once() {
    let (a, b) = (locked(), Device::bare());
    let file = copied(&a, &b);
    let args = ["init", "--import", file.to_str().unwrap()];
    let mut pty = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &args, &b.env(), &b.projects);
    for answer in ["not it", PASSPHRASE] {
        assert!(pty.asks_for_a_secret(), "{}", pty.said());
        pty.types(&format!("{answer}\r"));
    }
    assert_eq!(pty.code(), 0, "{}", pty.said());
    assert!(pty.said().contains("key to import"), "it says which passphrase: {}", pty.said());
    key_file(&b);
}

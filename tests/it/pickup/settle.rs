//! Taken and not lost: what burned is shown again by the same device until it was
//! written out or the way on succeeded; a receipt waits for the same.

use std::fs;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;

use crate::support::{Device, Sshd, row, text, until};

/// What the publisher knows of who picked it up.
fn picked_up(a: &Device, token: &str) -> Value {
    row(&a.json(&["list", "--all"]), token).expect("listed")["picked_up"].clone()
}

fn state(a: &Device, token: &str) -> String {
    text(row(&a.json(&["list", "--all"]), token).expect("listed"), "state").to_owned()
}

/// A claude that says its version, and then is gone.
fn claude_that_vanishes(device: &Device) {
    let script =
        "#!/bin/sh\n[ \"$1\" = --version ] && { rm -- \"$0\"; echo '2.1.330 (Claude Code)'; exit 0; }\n";
    fs::write(device.fake_claude(), script).unwrap();
    fs::set_permissions(device.fake_claude(), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_claude_that_fails_takes_nothing_and_says_what_it_said() {
    let a = Device::new();
    let b = Device::beside(&a);
    let published = a.publish(&["--burn"]);
    let token = text(&published, "token");
    let broken = b.path("broken");
    fs::write(&broken, "#!/bin/sh\necho 'the licence of this claude is lost' >&2\nexit 3\n").unwrap();
    fs::set_permissions(&broken, fs::Permissions::from_mode(0o755)).unwrap();
    for (claude, words) in
        [("false", "failed"), (broken.to_str().unwrap(), "the licence of this claude is lost")]
    {
        let out = b.cmd(&["pickup", token, "--exec"]).env("CCLINK_CLAUDE", claude).fails(1);
        out.says(&[words, "Nothing was picked up"]);
        assert_eq!(state(&a, token), "live", "{claude}");
    }
    let kept = a.publish(&[]);
    b.cmd(&["pickup", text(&kept, "token"), "--exec"]).env("CCLINK_CLAUDE", "false").fails(1);
    assert_eq!(picked_up(&a, text(&kept, "token")), Value::Null, "no receipt");
    b.cmd(&["pickup", token, "--exec"]).ok();
    assert_eq!(state(&a, token), "burned");
}

#[test]
fn nothing_is_lost_when_the_last_step_fails() {
    let a = Device::new();
    let b = Device::beside(&a);
    let published = a.publish(&["--burn"]);
    let token = text(&published, "token");
    claude_that_vanishes(&b);
    b.cmd(&["pickup", token, "--exec"]).fails(1).says(&["could not be started", "Run it yourself"]);
    assert_eq!(state(&a, token), "burned");
    let again = b.json(&["pickup", token]);
    assert_eq!((&again["session_id"], &again["burned"]), (&published["session_id"], &true.into()));
    b.cmd(&["pickup", token]).fails(3).says(&["already picked up"]);
    // One that does not burn cannot take its receipt back.
    let kept = a.publish(&[]);
    claude_that_vanishes(&b);
    b.cmd(&["pickup", text(&kept, "token"), "--exec"]).fails(1).says(&["could not be started"]);
    assert_eq!(picked_up(&a, text(&kept, "token")), Value::Null, "a receipt without a claude");
}

/// An ssh that lets anybody in and stays, until it is ended.
fn ssh_that_stays(device: &Device) -> String {
    let bin = device.path("ssh-bin");
    fs::create_dir_all(&bin).unwrap();
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *' true') exit 0 ;; esac\necho $$ > '{}'\nexec sleep 600\n",
        device.path("in").display()
    );
    fs::write(bin.join("ssh"), script).unwrap();
    fs::set_permissions(bin.join("ssh"), fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default())
}

/// Goes on over SSH; ended by `signal` once `when` says so.
fn ended_while_away(b: &Device, token: &str, holds: &str, signal: Signal, when: impl Fn() -> bool) {
    let path = ssh_that_stays(b);
    let _ = fs::remove_file(b.path("in"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_cclink"))
        .args(["pickup", token, "--plan", "ssh"])
        .env_clear()
        .envs(b.env())
        .envs([("PATH", path.as_str()), ("CCLINK_TEST_WAY_HOLDS", holds)])
        .current_dir(&b.projects)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let within = Duration::from_secs(30);
    let ssh: i32 = until("ssh", within, || fs::read_to_string(b.path("in")).ok()?.trim().parse().ok());
    until("the moment", within, || (when() || child.try_wait().unwrap().is_some()).then_some(()));
    let pid = |id: i32| Pid::from_raw(id).unwrap();
    kill_process(pid(i32::try_from(child.id()).unwrap()), signal).unwrap();
    let code = until("its end", within, || child.try_wait().unwrap()).code();
    assert_eq!(code, Some(128 + signal.as_raw()), "it ends in order");
    until("the end of ssh", within, || test_kill_process(pid(ssh)).is_err().then_some(()));
}

#[test]
fn a_way_that_holds_is_settled_while_it_runs() {
    // A closed window or a signal lost the receipt, and what had burned was shown again.
    let a = Device::new();
    let b = Device::copy_of(&a);
    for signal in [Signal::TERM, Signal::HUP] {
        let published = a.publish(&["--ssh", "ada@desk"]);
        let token = text(&published, "token");
        ended_while_away(&b, token, "1", signal, || !picked_up(&a, token).is_null());
        assert!(!picked_up(&a, token).is_null());

        let published = a.publish(&["--ssh", "ada@desk", "--burn"]);
        let token = text(&published, "token");
        let journal = || fs::read_to_string(b.home.join("journal.json")).unwrap_or_default();
        let settled = journal().matches("\"settled\": true").count();
        let one_more = || journal().matches("\"settled\": true").count() > settled;
        ended_while_away(&b, token, "1", signal, one_more);
        b.cmd(&["pickup", token]).fails(3).says(&["already picked up"]);
    }
}

#[test]
fn a_way_that_did_not_hold_yet_is_not_settled() {
    let a = Device::new();
    let b = Device::copy_of(&a);
    let published = a.publish(&["--ssh", "ada@desk", "--burn"]);
    let token = text(&published, "token");
    ended_while_away(&b, token, "600", Signal::TERM, || true);
    assert_eq!(b.json(&["pickup", token])["burned"], true, "it is shown again");
}

#[test]
fn a_receipt_waits_until_ssh_was_gone() {
    let a = Device::new();
    std::os::unix::fs::symlink(&a.claude, a.path("user/.claude")).unwrap();
    let Some(sshd) = Sshd::start(&a.path("user")) else { return };
    let b = Device::copy_of(&a);
    sshd.configure(&b, "");
    let published = a.publish(&["--ssh", &sshd.address()]);
    let token = text(&published, "token");
    // The claude there ran and ended well: only then the receipt is sent.
    let out = b.cmd(&["pickup", token, "--plan", "ssh"]).output();
    assert_eq!(out.code, 0, "{}\n{}", out.said(), sshd.log());
    let receipt = until("the receipt", Duration::from_secs(10), || {
        Some(picked_up(&a, token)).filter(|receipt| !receipt.is_null())
    });
    assert!(receipt["hostname"].is_string());

    let other = a.publish(&["--ssh", &sshd.address()]);
    drop(sshd);
    let token = text(&other, "token");
    let out = b.cmd(&["pickup", token, "--plan", "ssh"]).output();
    assert_eq!(out.code, 255, "{}", out.said());
    out.says(&["Nothing was picked up"]);
    assert_eq!(picked_up(&a, token), Value::Null, "ssh was refused, and a receipt was left");
}

/// A pipe that is full: who writes into it waits.
fn full_pipe() -> (OwnedFd, OwnedFd) {
    let (reader, writer) = std::io::pipe().unwrap();
    let flags = rustix::fs::fcntl_getfl(&writer).unwrap();
    rustix::fs::fcntl_setfl(&writer, flags | rustix::fs::OFlags::NONBLOCK).unwrap();
    while (&writer).write(&[b'x'; 4096]).is_ok() {}
    while (&writer).write(b"x").is_ok() {}
    rustix::fs::fcntl_setfl(&writer, flags).unwrap();
    (reader.into(), writer.into())
}

#[test]
fn killed_before_it_was_written_it_is_shown_again() {
    let a = Device::new();
    let b = Device::copy_of(&a);
    let published = a.publish(&["--burn"]);
    let token = text(&published, "token").to_owned();
    for args in [&["pickup", &token, "--json"][..], &["pickup", &token], &["pickup", "--print"]] {
        let (_reader, writer) = full_pipe();
        let mut child = Command::new(env!("CARGO_BIN_EXE_cclink"))
            .args(args)
            .env_clear()
            .envs(b.env())
            .current_dir(&b.projects)
            .stdin(Stdio::null())
            .stdout(Stdio::from(writer))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until("it is taken", Duration::from_secs(30), || (state(&a, &token) == "burned").then_some(()));
        // It waits in the middle of its answer.
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let again = b.json(&["pickup"]);
    assert_eq!((&again["token"], &again["burned"]), (&published["token"], &true.into()));
    b.cmd(&["pickup", &token]).fails(3).says(&["already picked up"]);
}

#[test]
fn an_answer_that_cannot_be_written_is_kept() {
    let a = Device::new();
    let b = Device::copy_of(&a);
    let published = a.publish(&["--burn"]);
    let token = text(&published, "token");
    for line in ["exec \"$0\" \"$@\" > /dev/full", "exec \"$0\" \"$@\" --json > /dev/full"] {
        b.cmd_by(&["sh", "-c", line], &["pickup", token]).fails(1);
    }
    assert_eq!(b.json(&["pickup", token])["burned"], true);
    b.cmd(&["pickup", token]).fails(3);
}

#[test]
fn without_a_note_on_disk_nothing_is_taken() {
    let a = Device::new();
    let b = Device::copy_of(&a);
    let published = a.publish(&["--burn"]);
    let token = text(&published, "token");
    // The journal cannot be written: a folder stands in its place.
    let journal = b.home.join("journal.json");
    let _ = fs::remove_file(&journal);
    fs::create_dir(&journal).unwrap();
    fs::write(journal.join("x"), "x").unwrap();
    b.cmd(&["pickup", token]).fails(1);
    assert_eq!(state(&a, token), "live");
    fs::remove_dir_all(&journal).unwrap();
    assert_eq!(b.json(&["pickup", token])["burned"], true);
}

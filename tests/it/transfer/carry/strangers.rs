//! Readers on other keys, and readers that have no folder for it.

use std::fs;
use std::path::PathBuf;

use super::{Pair, sealed_in};
use crate::support::repository::git;
use crate::support::{Device, Sshd, text};

/// Another person, with a clone of the same remote.
fn stranger(pair: &Pair) -> (Device, PathBuf) {
    let other = Device::new();
    git(&other.projects, &["clone", "-q", &format!("file://{}", pair.bare.display()), "theirs"]);
    let clone = other.projects.join("theirs");
    (other, clone)
}

#[test]
fn whoever_may_pick_it_up_gets_it_from_a_remote_that_both_reach() {
    let Some(pair) = Pair::new() else { return };
    let (other, clone) = stranger(&pair);
    let share = format!("--share={}", other.public_key());
    for audience in [&share, "--pin=otter-lunar-37-velvet", "--link"] {
        let published = pair.publish(&[audience, "--carry=git", "--yes"]);
        let pickup = other.cmd(&["pickup", text(&published, "link"), "--plan", "carried"]);
        pickup.pin("otter-lunar-37-velvet").cwd(&clone).ok();
        let folder = other.claude.join("projects");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "{audience}");
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(sealed_in(&pair.bare), 1, "{audience}");
        pair.a.cmd(&["revoke", "--yes", text(&published, "token")]).ok();
        assert_eq!(sealed_in(&pair.bare), 0, "{audience}");
    }
}

#[test]
fn what_a_stranger_took_for_good_is_taken_away_by_its_publisher() {
    let Some(pair) = Pair::new() else { return };
    let (other, clone) = stranger(&pair);
    let published = pair.publish(&["--link", "--burn", "--carry=git", "--yes"]);
    let pickup = other.cmd(&["pickup", text(&published, "link"), "--plan", "carried"]);
    pickup.cwd(&clone).ok();
    // A record of somebody else's may name a file that belongs to another handoff.
    assert_eq!(sealed_in(&pair.bare), 1);
    pair.a.cmd(&["list"]).ok();
    assert_eq!(sealed_in(&pair.bare), 1, "its taker has an hour");
    pair.a.cmd(&["list"]).clock(3700).ok();
    assert_eq!(sealed_in(&pair.bare), 0);
}

#[test]
fn nothing_runs_in_a_folder_that_only_a_stranger_named() {
    let Some(pair) = Pair::new() else { return };
    let (other, _) = stranger(&pair);
    let published = pair.publish(&["--link", "--carry=git", "--yes"]);
    // As if somebody had unpacked it where their handoff says that its project is.
    let ran = pair.a.path("ran");
    let program = format!("touch {}; git-upload-pack", ran.display());
    git(&pair.session.project, &["config", "remote.origin.uploadpack", &program]);
    let link = text(&published, "link");
    other.cmd(&["pickup", link]).ok().says(&["no place to fetch it from is set up"]);
    other.cmd(&["pickup", link, "--plan", "carried"]).fails(1);
    assert!(!ran.exists());
}

#[test]
fn a_project_that_is_nowhere_is_cloned_and_the_conversation_comes_with_it() {
    let Some(pair) = Pair::new() else { return };
    let Pair { a, b, session, bare, clone } = &pair;
    let Some(sshd) = Sshd::start(&a.path("user")) else { return };
    let ssh = format!("[core]\nsshCommand = \"{}\"\n", sshd.ssh_command());
    fs::write(b.path("user/.gitconfig"), &ssh).unwrap();
    git(&session.project, &["config", "core.sshCommand", &sshd.ssh_command()]);
    let url = format!("ssh://{}{}", sshd.address(), bare.display());
    git(&session.project, &["remote", "set-url", "origin", &url]);
    let published = pair.publish(&["--carry=git", "--yes"]);
    pair.origin_is_gone();
    fs::remove_dir_all(clone).unwrap();
    let args = ["pickup", text(&published, "token"), "--plan", "carried"];
    b.cmd(&args).fails(1).says(&["--clone"]);
    b.cmd(&args).args(&["--clone"]).ok();
    let started = b.claude_started().unwrap();
    assert_eq!(
        (started.cwd, started.args),
        (b.projects.join("uploader"), vec!["--resume".into(), session.id.clone()])
    );
    assert_eq!(sealed_in(bare), 1);
}

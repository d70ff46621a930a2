//! A disk that is full at every step: the session that is here stays as it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Pair, put, say};
use crate::support::text;
use crate::transfer::ssh::{grow, sha256};

/// A small file system of its own; unmounted when it is dropped.
pub struct Small(PathBuf);

impl Small {
    /// `None`, and said, where nothing may be mounted.
    pub fn mount(at: &Path, kilobytes: usize) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let size = format!("size={kilobytes}k");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).stderr(Stdio::null());
        if mount.status().is_ok_and(|status| status.success()) {
            return Some(Self(at.to_owned()));
        }
        println!("skipped: no file system may be mounted here");
        None
    }

    pub fn resize(&self, kilobytes: usize) {
        let options = format!("remount,size={kilobytes}k");
        let status = Command::new("mount").args(["-o", &options]).arg(&self.0).status();
        assert!(status.unwrap().success());
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Brings with more and more room at `at` until there is enough.
fn with_more_and_more_room(pair: &Pair, small: &Small, used: usize) {
    grow(&pair.session, 600_000);
    say(&pair.session.path, &pair.session, "LONELY-HERON", 30);
    say(&pair.here, &pair.session, "QUIET-BADGER", 40);
    put(&pair.session.path.with_extension("").join("tool-results/x.txt"), &"x".repeat(150_000));
    put(
        &pair.a.claude.join(format!("file-history/{}/88d04c424ec0177c@v1", pair.session.id)),
        &"x".repeat(90_000),
    );
    let old = sha256(&pair.here);
    let published = pair.a.publish_session(&pair.session, &["--ssh", &pair.sshd.address()]);
    let (mut failed, mut room) = (0, used);
    loop {
        small.resize(room);
        let out = pair.b.cmd(&["pickup", text(&published, "token"), "--plan", "bring", "--yes"]).output();
        pair.is_clean();
        if out.code == 0 && sha256(&pair.here) == sha256(&pair.session.path) {
            break;
        }
        assert_eq!(sha256(&pair.here), old, "{room} KB: {}", out.said());
        assert_eq!(out.code, 1, "{room} KB: {}", out.said());
        assert!(out.stderr.to_lowercase().contains("room") || out.stderr.contains("space"), "{}", out.stderr);
        failed += 1;
        room += 110;
        assert!(room < 8_000, "{}", out.said());
    }
    println!("{failed} times too little");
    assert!(failed > 3, "only {failed} times too little");
    small.resize(20_000);
    pair.bring(&["--yes"]).output();
    for words in ["LONELY-HERON", "QUIET-BADGER"] {
        pair.finds(words);
    }
    let result = pair.here.with_extension("").join("tool-results/x.txt");
    assert_eq!(fs::metadata(result).unwrap().len(), 150_000);
}

#[test]
fn a_full_disk_under_claudes_folder_leaves_the_old_one() {
    let Some(mut pair) = Pair::new() else { return };
    let at = pair.b.path("small");
    let Some(small) = Small::mount(&at, 4_000) else { return };
    pair.move_claude_to(&at.join("claude"));
    with_more_and_more_room(&pair, &small, 60);
}

#[test]
fn a_full_disk_under_our_state_leaves_the_old_one() {
    let Some(pair) = Pair::new() else { return };
    let at = pair.b.home.join("bring");
    fs::remove_dir_all(&at).unwrap();
    let Some(small) = Small::mount(&at, 4_000) else { return };
    with_more_and_more_room(&pair, &small, 60);
}

//! One thing after the other: what lies in the store is what the living handoffs
//! promise, whoever ended the others, wherever.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Pair, a_folder, asked, sealed_in};
use crate::support::repository::git;
use crate::support::session::{Transcript, append};
use crate::support::{Device, Pty, at_once, seconds, text, until};
use crate::transfer::arrive::put;
use crate::transfer::bundle::origin;

/// The row of a handoff in the whole list.
fn listed(device: &Device, token: &str) -> Value {
    let list = device.json(&["list", "--all"]);
    crate::support::row(&list, token).unwrap_or_else(|| panic!("no {token} in {list:#}")).clone()
}

#[test]
fn what_json_says() {
    let Some(pair) = Pair::new() else { return };
    let Pair { a, b, session, clone, .. } = &pair;
    let plain = a.json(&["publish", &session.id]);
    assert_eq!(plain["carry"], Value::Null);
    assert_eq!(listed(a, text(&plain, "token"))["carry"], Value::Null);
    let published = pair.publish(&["--carry=git", "--yes"]);
    let bytes = published["carry"]["bytes"].clone();
    assert!(bytes.as_u64().is_some_and(|bytes| bytes > 100));
    assert_eq!(published["carry"], json!({"way": "git", "bytes": bytes}));
    let token = text(&published, "token");
    let of = |state: &str| json!({"way": "git", "bytes": bytes, "state": state});
    assert_eq!(listed(a, token)["carry"], of("there"));
    assert_eq!(listed(a, text(&plain, "token"))["carry"], Value::Null);
    // Where it lies is the publisher's to know.
    assert_eq!(listed(b, token)["carry"], Value::Null);
    let picked = b.cmd(&["pickup", token, "--json"]).cwd(clone).ok().json();
    let hash = text(&picked["carry"], "hash");
    assert_eq!(picked["carry"], json!({"bytes": bytes, "hash": hash}));
    assert_eq!(hash.len(), 22);
    let kinds: Vec<&str> =
        picked["plans"].as_array().unwrap().iter().map(|plan| text(plan, "kind")).collect();
    assert!(kinds.contains(&"carried"), "{kinds:?}");
    fs::rename(&pair.bare, pair.bare.with_extension("away")).unwrap();
    a.cmd(&["revoke", "--yes", token]).ok();
    assert_eq!(listed(a, token)["carry"], of("leaving"));
    fs::rename(pair.bare.with_extension("away"), &pair.bare).unwrap();
    a.cmd(&["list"]).ok();
    assert_eq!(sealed_in(&pair.bare), 0);
    assert_eq!(listed(a, token)["carry"], of("taken_away"));
}

#[test]
fn a_new_one_takes_the_place_of_the_old_one_by_whatever_way() {
    let Some(pair) = Pair::new() else { return };
    let Pair { a, bare, .. } = &pair;
    let folder = a.path("shared");
    let files = || fs::read_dir(&folder).into_iter().flatten().count();
    let carry = format!("[carry]\nfolder = {:?}\n", folder.display().to_string());
    fs::write(a.home.join("config.toml"), carry).unwrap();
    let steps: [(&[&str], (usize, usize)); 7] = [
        (&["--carry=git", "--yes"], (1, 0)),
        (&[], (1, 0)),
        (&["--carry=folder", "--yes"], (0, 1)),
        (&[], (0, 1)),
        (&["--carry=no"], (0, 0)),
        (&[], (0, 0)),
        (&["--carry=git"], (1, 0)),
    ];
    for (number, (options, stored)) in steps.into_iter().enumerate() {
        let published = pair.publish(options);
        assert_eq!((sealed_in(bare), files()), stored, "step {number}: {options:?}");
        assert_eq!(published["carry"] == Value::Null, stored == (0, 0), "step {number}: {published:#}");
        assert_eq!(a.json(&["list"]).as_array().unwrap().len(), 1, "step {number}");
    }
}

#[test]
fn what_was_revoked_without_a_network_goes_as_well() {
    let Some(pair) = Pair::new() else { return };
    let Pair { a, bare, .. } = &pair;
    let published = pair.publish(&["--carry=git", "--yes"]);
    let token = text(&published, "token");
    a.cmd(&["revoke", "--yes", token]).env("CCLINK_BOOTSTRAP", "127.0.0.1:9").fails(5);
    a.cmd(&["list"]).ok();
    assert_eq!(sealed_in(bare), 0);
    assert_eq!(listed(a, token)["state"], "revoked");
}

#[test]
fn keep_takes_away_what_expired() {
    let Some(pair) = Pair::new() else { return };
    let Pair { a, bare, .. } = &pair;
    pair.publish(&["--carry=git", "--yes", "--ttl=2m"]);
    a.cmd(&["keep", "--once"]).clock(60).ok();
    assert_eq!(sealed_in(bare), 1);
    a.cmd(&["keep", "--once"]).clock(180).ok();
    assert_eq!(sealed_in(bare), 0);
}

#[test]
fn one_that_was_given_more_time_keeps_its_file_until_then() {
    let Some(pair) = Pair::new() else { return };
    let Pair { a, session, bare, .. } = &pair;
    let token = text(&pair.publish(&["--carry=git", "--yes", "--ttl=1h"]), "token").to_owned();
    // Only the screen gives it.
    let mut pty = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &[], &a.env(), &session.project);
    assert!(pty.waits_for(&["handoffs"]), "{}", pty.text());
    pty.types("2");
    // The session has the same title, and the row's detail says "expires in" as the form does.
    until("its row", Duration::from_secs(20), || pty.text().contains("1 active").then_some(()));
    pty.types("e");
    assert!(pty.waits_for(&["More time for"]), "{}", pty.text());
    pty.types("\x153h");
    // An Enter that comes as fast as a paste is none: the form stays, and is answered again.
    until("the form to go", Duration::from_secs(20), || {
        let is_open = pty.text().contains("More time for");
        if is_open {
            pty.types("\r");
        }
        (!is_open).then_some(())
    });
    until("more time", Duration::from_secs(20), || {
        let row = listed(a, &token);
        (seconds(&row, "expires_at") - seconds(&row, "created_at") > 7000).then_some(())
    });
    pty.ends_by("q");
    for (hours, refs) in [(2, 1), (4, 0)] {
        a.cmd(&["list"]).clock(hours * 3600).ok();
        assert_eq!(sealed_in(bare), refs, "after {hours} h");
    }
}

#[test]
fn what_another_machine_is_writing_to_the_folder_is_left_alone() {
    let Some(pair) = Pair::new() else { return };
    let Pair { a, .. } = &pair;
    let folder = a.path("shared");
    fs::create_dir(&folder).unwrap();
    let carry = format!("[carry]\nfolder = {:?}\n", folder.display().to_string());
    fs::write(a.home.join("config.toml"), carry).unwrap();
    // Synchronised from there, it is locked for nobody here.
    let theirs = [".cclink-writing-Ab12Cd".to_owned(), format!("{}.part", "y".repeat(26))];
    for name in &theirs {
        fs::write(folder.join(name), "half").unwrap();
    }
    let published = pair.publish(&["--carry=folder", "--yes"]);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 3);
    a.cmd(&["revoke", "--yes", text(&published, "token")]).ok();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
    assert!(theirs.iter().all(|name| folder.join(name).exists()));
}

#[test]
fn two_devices_that_publish_the_same_session_leave_one_file() {
    let Some(pair) = Pair::new() else { return };
    let Pair { a, b, session, bare, clone } = &pair;
    let first = pair.publish(&["--carry=git", "--yes"]);
    b.cmd(&["pickup", "--plan", "carried"]).cwd(clone).ok();
    let second = b.json(&["publish", &session.id, "--carry=git", "--yes"]);
    assert_eq!(second["replaced"], json!([first["token"]]));
    assert_eq!(sealed_in(bare), 1, "who replaced it took it away");
    let third = pair.publish(&[]);
    assert!(third["replaced"].as_array().unwrap().contains(&second["token"]), "{third:#}");
    assert_eq!(sealed_in(bare), 1);
    assert_eq!(listed(a, text(&first, "token"))["carry"]["state"], "taken_away");
    for device in [a, b] {
        device.cmd(&["list"]).ok();
    }
    assert_eq!(sealed_in(bare), 1);
    a.cmd(&["revoke", "--yes", text(&third, "token")]).ok();
    assert_eq!(sealed_in(bare), 0);
}

#[test]
fn a_lost_journal_leaves_it_to_who_revokes() {
    let Some(pair) = Pair::new() else { return };
    let Pair { a, b, bare, .. } = &pair;
    // By the device itself, which knows nothing of it any more, and by another one.
    for device in [a, b] {
        let published = pair.publish(&["--carry=git", "--yes"]);
        assert_eq!(sealed_in(bare), 1);
        fs::remove_file(a.home.join("journal.json")).unwrap();
        let revoke = device.cmd(&["revoke", "--yes", text(&published, "token")]);
        revoke.cwd(if device.home == a.home { &pair.session.project } else { &pair.clone }).ok();
        assert_eq!(sealed_in(bare), 0);
    }
}

#[test]
fn what_came_goes_back_though_nothing_was_said_there() {
    let Some(pair) = Pair::new() else { return };
    let Pair { a, b, session, bare, clone } = &pair;
    pair.publish(&["--carry=git", "--yes"]);
    // As on a machine of its own.
    let aside = session.project.with_extension("aside");
    fs::rename(&session.project, &aside).unwrap();
    b.cmd(&["pickup", "--plan", "carried"]).cwd(clone).ok();
    let published = b.json(&["publish", &session.id, "--carry=git", "--yes"]);
    assert_eq!(published["carry"]["way"], "git");
    assert_eq!(sealed_in(bare), 1);
    fs::rename(&aside, &session.project).unwrap();
    a.cmd(&["pickup", text(&published, "token"), "--plan", "carried"])
        .ok()
        .says(&["it was already here, complete"]);
}

#[test]
fn work_that_was_cut_off_comes_when_it_is_asked_for_again() {
    let Some(pair) = Pair::new() else { return };
    let Pair { b, session, clone, .. } = &pair;
    put(&session.project.join("file"), "changed\n");
    let published = pair.publish(&["--carry=git", "--with-changes", "--yes"]);
    let pickup = || b.cmd(&["pickup", text(&published, "token"), "--plan", "carried"]).cwd(clone);
    pickup().ok();
    // As it was killed between the conversation and the work.
    git(clone, &["checkout", "-q", "file"]);
    pickup().ok().says(&["it was already here, complete"]);
    assert_eq!(fs::read_to_string(clone.join("file")).unwrap(), "changed\n");
}

#[test]
fn two_readers_on_one_machine_leave_one_whole_session() {
    let Some(pair) = Pair::new() else { return };
    let Pair { b, session, clone, .. } = &pair;
    crate::transfer::ssh::grow(session, 2_000_000);
    let published = pair.publish(&["--carry=git", "--yes"]);
    let token = text(&published, "token");
    let run = || b.cmd(&["pickup", token, "--plan", "carried"]).cwd(clone);
    let (one, other) = at_once(run(), run());
    for out in [one, other] {
        out.exits(&[0]);
    }
    let folder = b.claude.join("projects").join(a_folder(b));
    let here = fs::read(folder.join(format!("{}.jsonl", session.id))).unwrap();
    assert_eq!(here.len(), fs::read(&session.path).unwrap().len());
    let names = |folder: &std::path::Path| fs::read_dir(folder).into_iter().flatten().count();
    assert_eq!((names(&b.home.join("carry")), names(&b.home.join("bring"))), (0, 0));
}

#[test]
fn there_and_back_again_with_words_and_work() {
    let Some(pair) = Pair::new() else { return };
    let Pair { a, b, session, bare, clone } = &pair;
    let (project, id) = (&session.project, &session.id);
    for dir in [project, clone] {
        git(dir, &["config", "user.name", "t"]);
        git(dir, &["config", "user.email", "t@example.org"]);
        git(dir, &["checkout", "-q", "-B", "main"]);
    }
    let there = |device: &Device| {
        let folder = device.claude.join("projects").join(a_folder(device));
        folder.join(format!("{id}.jsonl"))
    };
    let words = ["QUIET-BADGER", "LONELY-HERON", "SILVER-OTTER", "AMBER-LYNX"];
    let mut from = (a, project);
    let mut to = (b, clone);
    for (number, word) in words.into_iter().enumerate() {
        // As claude writes where it runs.
        let time = format!("2026-11-20T14:{number:02}:01.000Z");
        let said = Transcript::named(id, from.1).at(&time).says(word).answers("It is done.");
        append(&there(from.0), said);
        put(&from.1.join("file"), &format!("{word}\n"));
        put(&from.1.join(format!("new-{number}")), word);
        let published = from.0.json(&["publish", id, "--carry=git", "--with-changes", "--yes"]);
        assert_eq!(sealed_in(bare), 1, "{word}");
        let pickup = to.0.cmd(&["pickup", text(&published, "token"), "--plan", "carried"]);
        let said = pickup.cwd(to.1).ok();
        assert_eq!(fs::read(there(to.0)).unwrap().len(), fs::read(there(from.0)).unwrap().len(), "{word}");
        assert_eq!(fs::read_to_string(to.1.join("file")).unwrap(), format!("{word}\n"), "{}", said.stderr);
        assert_eq!(fs::read_to_string(to.1.join(format!("new-{number}"))).unwrap(), word);
        for word in &words[..=number] {
            assert_ne!(to.0.json(&["sessions", "--search", word]), json!([]), "{word}");
        }
        // Both sides commit: what comes next goes into a clean tree of the same commit.
        git(to.1, &["add", "-A"]);
        git(to.1, &["commit", "-q", "-m", word]);
        git(to.1, &["push", "-q", "--no-verify", "origin", "HEAD:refs/heads/main"]);
        git(from.1, &["fetch", "-q"]);
        git(from.1, &["clean", "-q", "-f"]);
        git(from.1, &["reset", "-q", "--hard", "origin/main"]);
        assert_eq!(asked(from.1, &["status", "--porcelain"]), "");
        std::mem::swap(&mut from, &mut to);
    }
}

/// Its ways were not shown as ready: their warnings were not read yet.
#[test]
fn a_way_that_opens_by_naming_the_folder_says_what_it_brings() {
    let (a, b, session) = origin();
    let folder = a.path("shared");
    fs::create_dir(&folder).unwrap();
    let carry = format!("[carry]\nway = \"folder\"\nfolder = {:?}\n", folder.display().to_string());
    for device in [&a, &b] {
        fs::write(device.home.join("config.toml"), &carry).unwrap();
    }
    a.json(&["publish", &session.id, "--yes"]);
    fs::rename(&session.project, session.project.with_extension("gone")).unwrap();
    let named = b.path("elsewhere");
    fs::rename(b.projects.join("uploader"), &named).unwrap();
    let mut pty = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &["pickup"], &b.env(), &b.projects);
    assert!(pty.waits_for(&["Enter for none"]), "{}", pty.said());
    assert!(!pty.said().contains("secrets included"), "{}", pty.said());
    pty.types(&format!("{}\r", named.display()));
    assert!(pty.waits_for(&["Bring it here?"]), "{}", pty.said());
    pty.types("y\r");
    assert!(pty.waits_for(&["secrets included"]), "{}", pty.said());
    assert_eq!(pty.code(), 0, "{}", pty.said());
    assert_eq!(b.claude_started().unwrap().args, ["--resume", &session.id]);
}

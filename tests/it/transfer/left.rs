//! What cannot be had from where a session lives is named, a line a kind.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use crate::support::relay::Relay;
use crate::support::text;
use crate::transfer::arrive::put;
use crate::transfer::silence::There;
use crate::transfer::ssh::transcripts;

fn close(path: &Path) {
    fs::set_permissions(path, Permissions::from_mode(0o000)).unwrap();
}

fn open(path: &Path) {
    fs::set_permissions(path, Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn what_is_not_copied_is_told() {
    let there = There::new();
    let Some(relay) = Relay::start(&there.a.path("user")) else { return };
    let side = there.session.path.with_extension("");
    let results = side.join("tool-results");
    symlink("/etc/passwd", results.join("link.txt")).unwrap();
    symlink("nowhere", results.join("other.txt")).unwrap();
    assert!(Command::new("mkfifo").arg(results.join("pipe")).status().unwrap().success());
    put(&results.join("closed/x.txt"), "x");
    put(&results.join("secret.txt"), "x");
    put(&side.join("1/2/3/4/5/6/7/x.txt"), "x");
    fs::File::create(results.join("huge.bin")).unwrap().set_len(1 << 31).unwrap();
    fs::write(results.join(OsStr::from_bytes(b"odd\xff\x1b[2J.txt")), "x").unwrap();
    let many = results.join("many");
    fs::create_dir(&many).unwrap();
    for number in 0..=100_000 {
        symlink("nowhere", many.join(number.to_string())).unwrap();
    }
    let history = there.a.claude.join(format!("file-history/{}", there.session.id));
    for path in [&results.join("closed"), &results.join("secret.txt"), &history] {
        close(path);
    }
    let b = there.reader();
    let out = there.bring(&b, &relay.path()).ok();
    open(&history);
    open(&results.join("closed"));
    let mut told: Vec<&str> = out.stderr.lines().filter(|line| line.contains("not copied")).collect();
    told.sort_unstable();
    let what = "sub-agents and large outputs: ";
    for (name, why) in [
        ("1/2/3/4/5/6/7", "more than 6 folders deep"),
        ("tool-results/secret.txt", "cannot be read there"),
        ("tool-results/huge.bin", "more than 1.0 GB together"),
        ("tool-results/pipe", "not a regular file"),
        ("tool-results/odd\u{fffd}.txt", "the name is not in UTF-8"),
        ("tool-results/many", "more than 100,000 entries in one folder"),
    ] {
        let line = format!("Note: not copied: {what}{name} ({why}).");
        assert!(told.contains(&&*line), "{line}\n{told:#?}");
    }
    let links: Vec<_> = told.iter().filter(|line| line.contains("symbolic links")).collect();
    assert!(links.len() == 1 && links[0].contains(" and 99,999 more"), "{told:#?}");
    let closed: Vec<_> =
        told.iter().filter(|line| line.contains(" (the folder cannot be read there)")).collect();
    assert!(closed.len() == 1 && closed[0].contains(" and 1 more"), "{told:#?}");
    assert_eq!(told.len(), 8, "a folder that is not there says nothing: {told:#?}");
    // What can be had has come.
    let here = Path::new(text(&b.json(&["sessions"])[0], "path")).with_extension("");
    assert_eq!(fs::read_to_string(here.join("tool-results/one.txt")).unwrap(), "large");
    assert!(!here.join("tool-results/huge.bin").exists());
}

#[test]
fn a_folder_into_which_nobody_is_let_is_not_gone() {
    let there = There::new();
    let Some(relay) = Relay::start(&there.a.path("user")) else { return };
    let b = there.reader();
    let projects = there.a.claude.join("projects");
    for folder in [there.session.path.parent().unwrap(), &projects] {
        close(folder);
        let out = there.bring(&b, &relay.path()).output();
        open(folder);
        let out = out.exits(&[1]).says(&["cannot be read there: permission denied"]);
        assert!(!out.said().contains("any more"), "{}", out.said());
    }
    // Whether it is open cannot be seen: it comes up to its last complete turn.
    let records = there.a.claude.join("sessions");
    let half = "{\"type\":\"user\",\"sessionId\":\"";
    crate::support::session::append(&there.session.path, half);
    close(&records);
    let out = there.bring(&b, &relay.path()).output();
    open(&records);
    out.exits(&[0]).says(&["last complete turn"]);
    assert!(!transcripts(&b).is_empty());
}

#[test]
fn a_project_folder_behind_a_link_is_found() {
    let there = There::new();
    let Some(relay) = Relay::start(&there.a.path("user")) else { return };
    let folder = there.session.path.parent().unwrap();
    let elsewhere = there.a.path("elsewhere");
    fs::rename(folder, &elsewhere).unwrap();
    symlink(&elsewhere, folder).unwrap();
    let b = there.reader();
    there.bring(&b, &relay.path()).ok();
    assert_eq!(text(&b.json(&["sessions"])[0], "session_id"), there.session.id);
}

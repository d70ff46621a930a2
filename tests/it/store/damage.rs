//! Damaged files of ours, folders that cannot be read: said, and nothing lost.

use std::fs;
use std::path::PathBuf;

use crate::support::{Device, text, tokens};

/// The journal's files, wherever they are kept: by name.
fn journal(a: &Device) -> Vec<PathBuf> {
    let named = |path: &PathBuf| {
        path.strip_prefix(&a.home).unwrap().to_string_lossy().contains("journal.json")
            && !path.to_string_lossy().contains("damaged")
    };
    let is_lock = |path: &PathBuf| path.extension().is_some_and(|e| e == "lock");
    a.files().into_iter().filter(|path| named(path) && !is_lock(path)).collect()
}

/// Asserts that `garbage` still lies somewhere under the home and that the file
/// it is in was named.
#[track_caller]
fn kept_aside_and_named(a: &Device, garbage: &[u8], said: &str) {
    let kept: Vec<PathBuf> =
        a.files().into_iter().filter(|path| fs::read(path).unwrap() == garbage).collect();
    assert!(!kept.is_empty(), "what was there is gone; files: {:?}\n{said}", a.files());
    let named = kept.iter().any(|path| said.contains(&*path.file_name().unwrap().to_string_lossy()));
    assert!(named, "none of {kept:?} is named:\n{said}");
}

#[test]
fn a_corrupt_journal_is_kept_aside_and_named() {
    for garbage in [&b"\0\0{ garbage"[..], b"{\"version\":1,\"handoffs\":[{", &[0xff; 300]] {
        let a = Device::new();
        let published = a.publish(&[]);
        let files = journal(&a);
        assert!(!files.is_empty(), "no journal among {:?}", a.files());
        for file in &files {
            fs::write(file, garbage).unwrap();
        }
        let out = a.cmd(&["list", "--json"]).ok();
        kept_aside_and_named(&a, garbage, &out.said());
        // What lies in my devices' mailbox is found again without it.
        assert_eq!(tokens(&out.json()), [text(&published, "token")]);
        // And it goes on working, without saying it again.
        let next = a.publish(&["--link"]);
        let again = a.cmd(&["list", "--json"]).ok();
        assert_eq!(tokens(&again.json()).len(), 2, "{}", again.stdout);
        assert!(!again.stderr.contains("kept"), "{}", again.stderr);
        a.cmd(&["revoke", text(&next, "token"), "--yes"]).ok();
        kept_aside_and_named(&a, garbage, &out.said());
    }
}

#[test]
fn a_journal_damaged_twice_loses_neither() {
    let a = Device::new();
    a.publish(&[]);
    let files = journal(&a);
    for garbage in [&b"first damage"[..], b"second damage"] {
        a.publish(&[]);
        for file in &files {
            fs::write(file, garbage).unwrap();
        }
        a.cmd(&["list"]).ok();
    }
    let contents: Vec<Vec<u8>> = a.files().iter().map(|f| fs::read(f).unwrap()).collect();
    for garbage in [&b"first damage"[..], b"second damage"] {
        assert!(contents.iter().any(|c| c == garbage), "{:?}", a.files());
    }
}

#[test]
fn damaged_contacts_are_not_overwritten() {
    let a = Device::new();
    let key = Device::new().public_key();
    a.cmd(&["contacts", "add", "bob", &key]).ok();
    let file = a
        .files()
        .into_iter()
        .find(|f| f.to_string_lossy().contains("contacts") && f.extension().is_none_or(|e| e != "lock"))
        .expect("a contacts file");
    fs::write(&file, "[[[ not what it was").unwrap();
    let out = a.cmd(&["contacts", "add", "carol", &key]).output();
    kept_aside_and_named(&a, b"[[[ not what it was", &out.said());
}

#[test]
fn a_home_that_is_no_folder_is_named() {
    let a = Device::bare();
    let file = a.path("a-file");
    fs::write(&file, "mine").unwrap();
    for home in [file.clone(), file.join("below")] {
        let args: [&[&str]; 4] = [&["init", "--no-passphrase"], &["whoami"], &["list"], &["pickup"]];
        for args in args {
            let out = a.cmd(args).env("CCLINK_HOME", &home).output().exits(&[1]);
            assert!(out.said().contains("a-file") || out.said().contains("cclink init"), "{}", out.said());
        }
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn a_home_that_may_not_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let a = Device::new();
    fs::set_permissions(&a.home, fs::Permissions::from_mode(0o000)).unwrap();
    let runs = [&["whoami"][..], &["list"], &["init", "--no-passphrase"]]
        .map(|args| a.cmd_without_privileges(args).output());
    fs::set_permissions(&a.home, fs::Permissions::from_mode(0o700)).unwrap();
    for out in runs {
        out.exits(&[1]).says(&["home", "permission"]);
    }
    a.public_key();
}

#[test]
fn a_claude_folder_that_cannot_be_listed_is_said() {
    let a = Device::new();
    // Missing altogether: there are no sessions, and it is said why.
    let missing = a.path("none");
    let out = a.cmd(&["sessions", "--json"]).env("CLAUDE_CONFIG_DIR", &missing).ok();
    assert_eq!(out.json(), serde_json::json!([]));
    assert!(out.stderr.contains("none"), "{}", out.stderr);
    // No session yet is no error.
    assert_eq!(a.json(&["sessions"]), serde_json::json!([]));
    // A file where a folder should be is no reason to crash.
    fs::write(a.claude.join("projects"), "not a folder").unwrap();
    let out = a.cmd(&["sessions", "--json"]).output().exits(&[0, 1]);
    if out.code == 1 {
        out.error();
    }
}

#[test]
fn one_unreadable_project_does_not_hide_the_others() {
    use std::os::unix::fs::PermissionsExt;
    let a = Device::new();
    let (hidden, seen) = (a.session("hidden", "Hidden"), a.session("seen", "Seen"));
    let folder = hidden.path.parent().unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o000)).unwrap();
    let out = a.cmd_without_privileges(&["sessions", "--json"]).output();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
    let list = out.exits(&[0]).json();
    let has = |id: &str| list.as_array().unwrap().iter().any(|s| s["session_id"] == id);
    assert!(has(&seen.id) && !has(&hidden.id), "{list:#}");
}

#[test]
fn a_journal_damaged_before_publishing_is_named() {
    let a = Device::new();
    fs::write(a.home.join("journal.json"), "{\"handoffs\": [").unwrap();
    let session = a.session("uploader", "x");
    a.cmd(&["publish", &session.id]).ok().says(&["journal.json.damaged-1"]);
}

#[test]
fn a_pipe_in_a_files_place_holds_nobody_up() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let a = Device::new();
    let id = a.session("uploader", "x").id;
    let key = Device::new().public_key();
    for (name, args, code) in [
        ("contacts.json", &["list"][..], 0),
        ("contacts.json", &["contacts"], 1),
        ("contacts.lock", &["contacts", "add", "bob", &key], 1),
        ("journal.json", &["list"], 1),
        ("journal.lock", &["publish", &id], 1),
        ("config.toml", &["list"], 1),
        ("secret_key", &["list"], 1),
    ] {
        let path = a.home.join(name);
        let before = fs::read(&path).ok();
        for kind in [FileType::Fifo, FileType::CharacterDevice, FileType::Directory] {
            let _ = fs::remove_file(&path);
            match kind {
                FileType::Directory => fs::create_dir(&path).unwrap(),
                // 1:7 is /dev/full.
                kind => match mknodat(CWD, &path, kind, Mode::RUSR | Mode::WUSR, rustix::fs::makedev(1, 7)) {
                    Err(rustix::io::Errno::PERM) => continue,
                    made => made.unwrap(),
                },
            }
            let out = a.cmd(args).within(std::time::Duration::from_secs(20)).output().exits(&[code]);
            out.says(&[name, "not a regular file"]);
        }
        fs::remove_dir(&path).unwrap();
        if let Some(before) = before {
            fs::write(&path, before).unwrap();
        }
    }
    let b = Device::bare();
    b.cmd(&["init", "--no-passphrase", "--import", "/dev/zero"]).fails(2).says(&["too large"]);
}

#[test]
fn variables_that_cannot_be_read_are_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let a = Device::new();
    let broken = OsStr::from_bytes(b"127.0.0.1:1\xff");
    a.cmd(&["whoami"]).env("CCLINK_BOOTSTRAP", broken).fails(2).says(&["CCLINK_BOOTSTRAP"]);
    a.cmd(&["whoami"]).env("CCLINK_BOOTSTRAP", "  ").fails(2).says(&["CCLINK_BOOTSTRAP"]);
    a.cmd(&["whoami"]).env("CCLINK_PASSPHRASE", broken).fails(2);
}

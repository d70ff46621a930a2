//! Files of ours as they may be found: damaged, linked, open to others, written
//! by a newer cclink, left behind by a killed process.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::support::{Device, text, tokens};

#[test]
fn a_key_that_cannot_be_used_is_damaged_not_missing() {
    let a = Device::new();
    let path = a.key_file();
    let whole = fs::read(&path).unwrap();
    let id = a.session("uploader", "x").id;
    let age: &[u8] = b"age-encryption.org/v1\n-> scrypt AAAA 18\n";
    for content in [b"", &whole[..40], b"not a key", age, &[0xff; 300]] {
        fs::write(&path, content).unwrap();
        for args in [&["whoami"][..], &["list"], &["pickup"], &["publish", &id], &["init", "--no-passphrase"]]
        {
            let out = a.cmd(args).fails(1).says(&["secret_key", "damaged", "init --yes"]);
            out.hides(&["no key at"]);
        }
        assert_eq!(fs::read(&path).unwrap(), content, "it is left alone");
    }
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("nowhere", &path).unwrap();
    a.cmd(&["whoami"]).fails(1).says(&["damaged", "is a broken link"]);
    fs::remove_file(&path).unwrap();
    fs::write(&path, "damaged").unwrap();
    a.cmd(&["init", "--no-passphrase", "--yes"]).ok();
    a.public_key();
}

#[test]
fn a_key_that_may_not_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let a = Device::new();
    let path = a.key_file();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    for args in [&["whoami"][..], &["init", "--no-passphrase"]] {
        let out = a.cmd_without_privileges(args).output().exits(&[1]);
        out.says(&["secret_key", "permission denied"]).hides(&["no key at"]);
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    a.public_key();
}

#[test]
fn a_key_that_others_could_read_is_closed_and_said_also_behind_a_link() {
    use std::os::unix::fs::PermissionsExt;
    for linked in [false, true] {
        let a = Device::new();
        let mut path = a.key_file();
        if linked {
            let elsewhere = a.path("elsewhere");
            fs::rename(&path, &elsewhere).unwrap();
            std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
            path = elsewhere;
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        a.cmd(&["whoami"]).ok().says(&["others could read", "secret_key"]);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        a.cmd(&["whoami"]).ok().hides(&["others could read"]);
    }
}

#[test]
fn what_a_killed_process_left_half_written_goes_at_the_next_start() {
    let a = Device::new();
    let commands = a.claude.join("commands").join("cclink");
    fs::create_dir_all(&commands).unwrap();
    let left = [&a.home, &a.claude, &commands].map(|folder| folder.join(".cclink-writing-Ab12"));
    let theirs = [a.home.join(".tmpAb12"), a.claude.join(".tmpAb12"), a.home.join(".cclink-mine")];
    for path in left.iter().chain(&theirs) {
        fs::write(path, "0".repeat(64)).unwrap();
    }
    // One that is being written is locked.
    let busy = fs::File::open(&left[0]).unwrap();
    busy.lock().unwrap();
    a.cmd(&["whoami"]).ok();
    assert_eq!(left.each_ref().map(|path| path.exists()), [true, false, false]);
    drop(busy);
    a.cmd(&["whoami"]).ok();
    assert!(!left[0].exists());
    assert!(theirs.iter().all(|path| path.exists()), "only what is ours");
}

#[test]
fn a_killed_init_leaves_no_key_behind() {
    for round in 0..24 {
        let a = Device::bare();
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_cclink"))
            .env_clear()
            .envs(a.env())
            .args(["init", "--no-passphrase"])
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        // As soon as there is anything of it, whole or not.
        let start = Instant::now();
        while a.files().is_empty() && child.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < Duration::from_secs(30), "nothing was written");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        a.cmd(&["whoami"]).output().exits(&[0, 1]);
        let left: Vec<PathBuf> = a.files().into_iter().filter(|file| !file.ends_with("secret_key")).collect();
        assert!(left.is_empty(), "round {round}: {left:?}");
    }
}

#[test]
fn damaged_contacts_stop_only_what_needs_them() {
    let a = Device::new();
    let b = Device::copy_of(&a);
    let link = text(&a.publish(&["--link"]), "link").to_owned();
    let token = text(&a.publish(&[]), "token").to_owned();
    fs::write(b.home.join("contacts.json"), "[[[ not what it was").unwrap();
    for args in
        [&["pickup", &link, "--json"][..], &["pickup", &token, "--json"], &["pickup", "--json"], &["list"]]
    {
        b.cmd(args).ok().says(&["contacts.json"]);
    }
    b.cmd(&["whoami"]).ok();
    for args in [&["contacts"][..], &["pickup", "anna"], &["contacts", "add", "anna", &a.public_key()]] {
        b.cmd(args).fails(1).says(&["contacts.json"]);
    }
}

#[test]
fn what_is_no_contact_stays_in_the_file() {
    let a = Device::new();
    let (key, other) = (Device::new().public_key(), Device::new().public_key());
    let path = a.home.join("contacts.json");
    let odd = serde_json::json!([
        {"name": "team", "members": ["x"]}, "words",
        {"name": "bob", "public_key": key, "mine": false, "color": "red"},
        {"name": "broken", "public_key": "pk:short"},
    ]);
    fs::write(&path, odd.to_string()).unwrap();
    a.cmd(&["contacts", "add", "carol", &other]).ok();
    let kept: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let kept = kept.as_array().unwrap();
    assert_eq!(kept.len(), 5, "{kept:#?}");
    assert!(odd.as_array().unwrap().iter().all(|one| kept.contains(one)), "{kept:#?}");
    let names: Vec<String> =
        a.json(&["contacts"]).as_array().unwrap().iter().map(|c| text(c, "name").to_owned()).collect();
    assert_eq!(names, ["bob", "carol"]);
}

#[test]
fn files_that_are_links_are_written_through() {
    let a = Device::new();
    let key = Device::new().public_key();
    for name in ["journal.json", "contacts.json", "config.toml"] {
        std::os::unix::fs::symlink(a.path(&format!("real-{name}")), a.home.join(name)).unwrap();
    }
    a.cmd(&["config"]).ok();
    a.cmd(&["contacts", "add", "bob", &key]).ok();
    a.publish(&["--link"]);
    a.publish(&["--link"]);
    for name in ["journal.json", "contacts.json", "config.toml"] {
        assert!(a.home.join(name).is_symlink(), "{name}");
        assert!(a.path(&format!("real-{name}")).is_file(), "{name}");
    }
    assert_eq!(a.json(&["list"]).as_array().unwrap().len(), 2);
    // A damaged one is set aside where it lies.
    fs::write(a.path("real-journal.json"), "{").unwrap();
    a.cmd(&["list"]).ok().says(&["real-journal.json.damaged-1"]);
    assert!(a.home.join("journal.json").is_symlink());
}

#[test]
fn one_entry_of_a_newer_cclink_costs_itself() {
    let a = Device::new();
    let path = a.home.join("journal.json");
    let kept = text(&a.publish(&["--pin=velvet-orbit-7"]), "token").to_owned();
    let newer = text(&a.publish(&["--link"]), "token").to_owned();
    let mut journal: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    journal["handoffs"][1]["stage"] = "paused".into();
    journal["handoffs"][0]["mood"] = "curious".into();
    journal["reminders"] = serde_json::json!([1]);
    fs::write(&path, journal.to_string()).unwrap();
    let out = a.cmd(&["list", "--json"]).ok().says(&["newer cclink"]);
    assert_eq!(tokens(&out.json()), std::slice::from_ref(&kept));
    a.publish(&[]);
    a.cmd(&["revoke", &kept, "--yes"]).ok();
    let written: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let all = written["handoffs"].as_array().unwrap();
    assert!(all.contains(&journal["handoffs"][1]), "{written:#}");
    assert!(
        all.iter().any(|entry| entry["token"] == kept.as_str() && entry["mood"] == "curious"),
        "{written:#}"
    );
    assert_eq!(written["reminders"], journal["reminders"]);
    assert!(written["version"].is_number() && all.len() == 3, "{written:#}");
    // The newer cclink finds its own again.
    let mut back = written.clone();
    for entry in back["handoffs"].as_array_mut().unwrap() {
        if entry["token"] == newer.as_str() {
            entry["stage"] = "published".into();
        }
    }
    fs::write(&path, back.to_string()).unwrap();
    assert!(tokens(&a.json(&["list"])).contains(&newer));
}

#[test]
fn a_deleted_directory_stops_only_what_needs_it() {
    let a = Device::new();
    let id = a.session("uploader", "x").id;
    let token = text(&a.publish(&[]), "token").to_owned();
    let gone = a.path("gone");
    let start = ["sh", "-c", "mkdir \"$GONE\" && cd \"$GONE\" && rmdir \"$GONE\" && exec \"$0\" \"$@\""];
    let run = |args: &[&str]| a.cmd_by(&start, args).env("GONE", &gone);
    for args in [
        &["whoami"][..],
        &["list"],
        &["contacts"],
        &["sessions"],
        &["config"],
        &["pickup", &token, "--json"],
        &["publish", &id, "--json"],
        &["revoke", &token, "--yes"],
    ] {
        run(args).ok();
    }
    run(&["publish"]).fails(1).says(&["current directory", "deleted"]);
}

#[test]
fn what_everybody_can_change_is_said() {
    use std::os::unix::fs::PermissionsExt;
    let a = Device::new();
    a.cmd(&["contacts", "add", "bob", &Device::new().public_key()]).ok();
    for (path, mode, usual) in [(a.home.clone(), 0o777, 0o700), (a.home.join("contacts.json"), 0o666, 0o600)]
    {
        a.cmd(&["whoami"]).ok().hides(&["chmod"]);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let name = path.to_string_lossy().into_owned();
        a.cmd(&["whoami"]).ok().says(&[&format!("chmod go-w {name}")]);
        fs::set_permissions(&path, fs::Permissions::from_mode(usual)).unwrap();
    }
}

#[test]
fn a_path_that_is_not_in_utf_8_never_panics_and_never_empties_an_answer() {
    use std::os::unix::ffi::OsStringExt;
    let a = Device::bare();
    let session = a.session("uploader", "x");
    let mut name = a.path("odd").into_os_string().into_vec();
    name.push(0xff);
    let odd = PathBuf::from(std::ffi::OsString::from_vec(name));
    let claude = odd.join("claude");
    fs::create_dir_all(claude.join("projects").join("-x")).unwrap();
    fs::copy(&session.path, claude.join("projects").join("-x").join(format!("{}.jsonl", session.id)))
        .unwrap();
    let run = |args: &[&str]| {
        a.cmd(args).env("CCLINK_HOME", odd.join("home")).env("CLAUDE_CONFIG_DIR", &claude).ok()
    };
    for args in [
        &["init", "--no-passphrase", "--json"][..],
        &["whoami", "--json"],
        &["config", "--json"],
        &["plugin", "status", "--json"],
        &["plugin", "install", "--yes", "--json"],
    ] {
        let value = run(args).json();
        assert!(value.to_string().contains("odd\u{fffd}"), "{args:?}: {value:#}");
    }
    let sessions = run(&["sessions", "--json"]).json();
    assert_eq!(sessions[0]["session_id"], session.id.as_str(), "{sessions:#}");
    // In words as well.
    for args in [&["config"][..], &["whoami"], &["sessions"], &["list"]] {
        run(args);
    }
    a.cmd(&["web", "--out"]).arg(odd.join("words.html")).ok();
    let out = a.cmd(&["web", "--json", "--out"]).arg(odd.join("page.html")).ok().json();
    assert!(text(&out, "path").contains('\u{fffd}'), "{out:#}");
}

//! Reaching the machine where a session is: addresses that the reader knows,
//! login shells of all kinds, and Claude's folder there.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::support::{Device, Sshd, session, text};

fn origin() -> Option<(Device, Sshd)> {
    let a = Device::new();
    symlink(&a.claude, a.path("user/.claude")).unwrap();
    let sshd = Sshd::start(&a.path("user"))?;
    Some((a, sshd))
}

fn plan<'a>(plans: &'a Value, kind: &str) -> Option<&'a Value> {
    plans.as_array().unwrap().iter().find(|plan| plan["kind"] == kind)
}

#[test]
fn without_an_address_it_is_said_what_to_type() {
    let a = Device::new();
    let b = Device::copy_of(&a);
    let published = a.publish(&[]);
    let token = text(&published, "token");
    let plans = b.json(&["pickup", token])["plans"].clone();
    assert_eq!(plan(&plans, "ssh"), None, "{plans:#}");
    let command = plan(&plans, "command").unwrap();
    assert!(command["notes"][0].as_str().unwrap().contains("--ssh USER@HOST"), "{command:#}");
    for way in ["ssh", "bring"] {
        b.cmd(&["pickup", token, "--plan", way]).fails(1).says(&["no SSH address", "--ssh USER@HOST"]);
    }
    b.cmd(&["pickup", token, "--ssh", "-oProxyCommand=x"]).fails(2);
}

#[test]
fn an_address_is_given_and_remembered_when_it_worked() {
    let Some((a, sshd)) = origin() else { return };
    let b = Device::copy_of(&a);
    sshd.configure(&b, "");
    let session = a.session("uploader", "Reach me");
    let published = a.publish_session(&session, &[]);
    let token = text(&published, "token");
    // One that does not work is not remembered.
    assert_ne!(b.cmd(&["pickup", token, "--plan", "ssh", "--ssh", "ada@127.0.0.1:1"]).output().code, 0);
    let plans = b.json(&["pickup", token])["plans"].clone();
    assert_eq!(plan(&plans, "ssh"), None, "{plans:#}");
    let out = b.cmd(&["pickup", token, "--plan", "ssh", "--ssh", &sshd.address()]).output();
    assert_eq!(out.code, 0, "{}\n{}", out.said(), sshd.log());
    assert_eq!(a.claude_started().expect("claude ran there").args, ["--resume", &session.id]);
    // From now on this host is known, and it is said how.
    let silent = a.publish_session(&session, &[]);
    let plans = b.json(&["pickup", text(&silent, "token")])["plans"].clone();
    let port = sshd.address().rsplit(':').next().unwrap().to_owned();
    for kind in ["ssh", "bring"] {
        let plan = plan(&plans, kind).unwrap_or_else(|| panic!("{kind}: {plans:#}"));
        assert!(plan["notes"].to_string().contains("reached before"), "{plan:#}");
    }
    assert!(text(plan(&plans, "ssh").unwrap(), "shell").contains(&port), "{plans:#}");
    // What a handoff says itself is newer than what was remembered.
    let moved = a.publish_session(&session, &["--ssh", "ada@127.0.0.1:1"]);
    let picked = b.json(&["pickup", text(&moved, "token")]);
    let ssh = plan(&picked["plans"], "ssh").unwrap();
    assert!(text(ssh, "shell").contains("ada@127.0.0.1") && !text(ssh, "shell").contains(&port), "{ssh:#}");
    assert!(!ssh["notes"].to_string().contains("reached before"), "{ssh:#}");
    assert_eq!(picked["ssh"], "ada@127.0.0.1:1");
    // A stranger's handoff is not led to our own machines by its host name.
    let link = a.publish_session(&session, &["--link"]);
    let c = Device::bare();
    fs::copy(b.home.join("config.toml"), c.home.join("config.toml")).unwrap_or_default();
    let plans = b.json(&["pickup", text(&link, "link")])["plans"].clone();
    assert_eq!(plan(&plans, "ssh"), None, "{plans:#}");
}

#[test]
fn the_configuration_knows_hosts() {
    let Some((a, sshd)) = origin() else { return };
    let b = Device::copy_of(&a);
    let host = crate::support::hostname();
    sshd.configure(&b, &format!("[hosts]\n{host:?} = {:?}\n", sshd.address()));
    let session = a.session("uploader", "Reach me");
    let published = a.publish_session(&session, &["--ssh", "ada@127.0.0.1:1"]);
    let token = text(&published, "token");
    // What the reader set goes before what the handoff says, which is shown as it is.
    let picked = b.json(&["pickup", token]);
    let ssh = plan(&picked["plans"], "ssh").unwrap();
    let notes = ssh["notes"].to_string();
    assert!(notes.contains("[hosts]") && notes.contains("the handoff says ada@127.0.0.1:1"), "{ssh:#}");
    assert_eq!(picked["ssh"], "ada@127.0.0.1:1");
    let out = b.cmd(&["pickup", token, "--plan", "ssh"]).output();
    assert_eq!(out.code, 0, "{}\n{}", out.said(), sshd.log());
    assert_eq!(a.claude_started().expect("claude ran there").args, ["--resume", &session.id]);
}

#[test]
fn any_login_shell_and_any_path_will_do() {
    let a = Device::new();
    let b = Device::copy_of(&a);
    let session = a.session(r"it's a\dir\\ $(touch x) !! `y`", "Over there");
    for shell in ["sh", "bash", "fish", "zsh", "tcsh"] {
        if tool_is_missing_quietly(shell) {
            println!("skipped: `{shell}` is not installed here");
            continue;
        }
        let Some(there) = Sshd::start_with_shell(&a.path("user"), shell) else { return };
        let published = a.publish_session(&session, &["--ssh", &there.address()]);
        there.configure(&b, "");
        let _ = fs::remove_file(a.path("claude-was-started"));
        let out = b.cmd(&["pickup", text(&published, "token"), "--plan", "ssh"]).output();
        let started =
            a.claude_started().unwrap_or_else(|| panic!("{shell}: {}\n{}", out.said(), there.log()));
        assert_eq!(started.cwd, session.project, "{shell}");
        assert_eq!(started.args, ["--resume", &session.id], "{shell}");
        assert!(!session.project.join("x").exists());
    }
}

fn tool_is_missing_quietly(tool: &str) -> bool {
    !std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(tool).is_file()))
}

#[test]
fn claudes_folder_there_is_said_by_the_handoff() {
    // CLAUDE_CONFIG_DIR at the origin: neither SSH nor bringing looked there.
    let a = Device::new();
    let Some(sshd) = Sshd::start(&a.path("user")) else { return };
    let b = Device::copy_of(&a);
    let paths = format!("[paths]\n{:?} = {:?}\n", a.projects.display(), b.projects.display());
    sshd.configure(&b, &paths);
    b.project("uploader");
    let bin = a.path("user/.local/bin");
    fs::create_dir_all(&bin).unwrap();
    symlink(env!("CARGO_BIN_EXE_cclink"), bin.join("cclink")).unwrap();
    let session = a.session("uploader", "In another folder");
    let published = a.publish_session(&session, &["--ssh", &sshd.address()]);
    let token = text(&published, "token");
    let out = b.cmd(&["pickup", token, "--plan", "ssh"]).output();
    let started = a.claude_started().unwrap_or_else(|| panic!("{}\n{}", out.said(), sshd.log()));
    assert_eq!(started.args, ["--resume", &session.id]);
    assert!(started.env.contains(&format!("CLAUDE_CONFIG_DIR={}", a.claude.display())), "{:?}", started.env);
    fs::remove_dir_all(&session.project).unwrap();
    b.cmd(&["pickup", token, "--plan", "bring"]).ok();
    assert_eq!(b.claude_started().expect("claude ran here").args, ["--resume", &session.id]);
}

#[test]
fn claude_is_found_where_it_usually_is_on_this_machine() {
    let a = Device::new();
    let session = a.session("uploader", "Here");
    let bin = a.path("user/.local/bin");
    fs::create_dir_all(&bin).unwrap();
    fs::rename(a.fake_claude(), bin.join("claude")).unwrap();
    a.cmd(&["resume", &session.id]).without("CCLINK_CLAUDE").env("PATH", "/usr/bin:/bin").ok();
    assert_eq!(a.claude_started().expect("claude ran").args, ["--resume", &session.id]);
    // One that the user named is not replaced.
    a.cmd(&["resume", &session.id]).env("CCLINK_CLAUDE", "/no/such/claude").fails(1).says(&["was not found"]);
}

/// As claude reads the variable (asked of 2.1.332): one path, from the folder
/// where claude runs, in which nothing is expanded.
#[test]
fn claudes_folder_is_found_however_it_is_named() {
    let a = Device::new();
    let Some(sshd) = Sshd::start(&a.path("user")) else { return };
    let here = a.project("here").canonicalize().unwrap();
    for (value, dir) in [
        ("", here.clone()),
        ("conf", here.join("conf")),
        ("~/conf", here.join("~/conf")),
        ("one:two", here.join("one:two")),
    ] {
        let project = a.project("uploader");
        let session = session::write_session(&dir, &project, "Elsewhere", "2026-11-20T10:00:05.000Z");
        let run = |args: &[&str]| a.cmd(args).env("CLAUDE_CONFIG_DIR", value).cwd(&here);
        let published = run(&["publish", &session.id, "--json", "--ssh", &sshd.address()]).ok().json();
        run(&["resume", &session.id]).ok();
        let started = a.claude_started().expect("claude ran");
        assert_eq!(started.cwd, session.project);
        let told = started.env.iter().find_map(|line| line.strip_prefix("CLAUDE_CONFIG_DIR="));
        assert_eq!(told.map(std::path::Path::new), Some(&*dir), "{value:?}");
        // At the other end the record says where it lies.
        let b = Device::copy_of(&a);
        sshd.configure(&b, &format!("[paths]\n{:?} = {:?}\n", a.projects.display(), b.projects.display()));
        b.project("uploader");
        fs::remove_dir_all(&session.project).unwrap();
        b.cmd(&["pickup", text(&published, "token"), "--plan", "bring"]).ok();
        assert_eq!(b.claude_started().expect("claude ran").args, ["--resume", &session.id], "{value:?}");
    }
}

#[test]
fn a_contact_leads_to_no_machine_of_ours_and_names_no_program() {
    let (a, b) = (Device::new(), Device::new());
    let host = crate::support::hostname();
    fs::write(b.home.join("config.toml"), format!("[hosts]\n{host:?} = \"ada@desk.example.org\"\n")).unwrap();
    let session = a.session("uploader", "For you");
    let shared = a.publish_session(&session, &["--share", &b.public_key()]);
    let plans = b.json(&["pickup", text(&shared, "link")])["plans"].clone();
    assert_eq!(plan(&plans, "ssh"), None, "{plans:#}");
    // With an address of theirs: what runs there is for that machine to say.
    let share = b.public_key();
    let own = Device::copy_of(&a);
    for (options, reader, said) in
        [(&["--share", &share][..], &b, false), (&["--link"], &b, false), (&[], &own, true)]
    {
        let options = [&["--ssh", "ada@there.example.org"], options].concat();
        let published = a.publish_session(&session, &options);
        let plans = reader.json(&["pickup", text(&published, "link")])["plans"].clone();
        let there = plan(&plans, "ssh").expect("a way over SSH")["command"].to_string();
        for name in [a.fake_claude(), a.claude.clone()] {
            assert_eq!(there.contains(name.to_str().unwrap()), said, "{options:?}: {there}");
        }
    }
}

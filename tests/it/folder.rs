//! Where a session goes on on this machine: standing in a clone, folders of other
//! systems, folders that are gone, and a clone made for it.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{Device, Pty, Session, Sshd, text, tool_is_missing};

fn git(dir: &Path, args: &[&str]) {
    let who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"];
    let out = Command::new("git").args(who).args(args).current_dir(dir).output().unwrap();
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
}

/// A repository with one commit, and this remote under this name.
fn repository(device: &Device, name: &str, remote: (&str, &str)) -> std::path::PathBuf {
    let dir = device.project(name);
    git(&dir, &["init", "-q"]);
    git(&dir, &["remote", "add", remote.0, remote.1]);
    fs::write(dir.join("file"), name).unwrap();
    git(&dir, &["add", "file"]);
    git(&dir, &["commit", "-q", "-m", name]);
    dir.canonicalize().unwrap()
}

fn plan<'a>(plans: &'a Value, kind: &str) -> &'a Value {
    let found = plans.as_array().unwrap().iter().find(|plan| plan["kind"] == kind);
    found.unwrap_or_else(|| panic!("no {kind}: {plans:#}"))
}

/// Takes a session's project away, as on a machine that never had it.
fn elsewhere(session: &Session) {
    fs::remove_dir_all(&session.project).unwrap();
}

#[test]
fn standing_in_a_clone_is_enough() {
    if tool_is_missing("git") {
        return;
    }
    let a = Device::new();
    let b = Device::copy_of(&a);
    repository(&a, "uploader", ("origin", "https://example.org/x/uploader.git"));
    let session = a.session("uploader", "Of a repository");
    let published = a.publish_session(&session, &["--ssh", "ada@dev.example.org"]);
    elsewhere(&session);
    let clone = repository(&b, "my-clone", ("upstream", "git@example.org:x/uploader"));
    fs::create_dir_all(clone.join("src")).unwrap();
    let token = text(&published, "token");
    let outside = b.json(&["pickup", token]);
    let why = text(plan(&outside["plans"], "bring"), "why_not").to_owned();
    assert!(why.contains("no folder of this machine is known") && why.contains("in a clone of it"), "{why}");
    for stand in [clone.clone(), clone.join("src")] {
        let out = b.cmd(&["pickup", token, "--json"]).cwd(&stand).ok().json();
        assert_eq!(plan(&out["plans"], "bring")["ready"], true, "{out:#}");
    }
    // A clone of something else says nothing.
    let other = repository(&b, "other", ("origin", "https://example.org/x/other"));
    let out = b.cmd(&["pickup", token, "--json"]).cwd(&other).ok().json();
    assert_eq!(plan(&out["plans"], "bring")["ready"], false);
}

#[test]
fn folders_of_another_system_are_read_in_its_style() {
    let a = Device::new();
    let b = Device::copy_of(&a);
    b.project("app");
    let paths = format!(
        "[paths]\n'C:\\Users\\Bob' = {0:?}\n'\\\\wsl.localhost\\Ubuntu\\home\\bob' = {0:?}\n",
        b.projects.display()
    );
    for project in [r"C:\Users\Bob\app", r"c:/users/bob/app", r"\\wsl.localhost\Ubuntu\home\bob\app"] {
        let session = a.session("windows", "Of another system");
        let content = fs::read_to_string(&session.path).unwrap();
        let cwd = serde_json::to_string(project).unwrap();
        let own = serde_json::to_string(&session.project).unwrap();
        fs::write(&session.path, content.replace(&own, &cwd)).unwrap();
        let published = a.publish_session(&session, &["--ssh", "bob@dev.example.org"]);
        assert_eq!(published["project"], project);
        fs::write(b.home.join("config.toml"), "").unwrap();
        let unknown = b.json(&["pickup", text(&published, "token")]);
        assert_eq!(plan(&unknown["plans"], "bring")["ready"], false, "{unknown:#}");
        fs::write(b.home.join("config.toml"), &paths).unwrap();
        let known = b.json(&["pickup", text(&published, "token")]);
        assert_eq!(plan(&known["plans"], "bring")["ready"], true, "{known:#}");
        fs::remove_file(&session.path).unwrap();
    }
    let strange: Vec<_> =
        fs::read_dir(&b.projects).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(strange, ["app"], "nothing was created");
}

#[test]
fn a_session_whose_folder_is_gone_goes_on_above_it() {
    let a = Device::new();
    let session = a.session("mono/worktrees/fix", "In a worktree");
    fs::remove_dir_all(a.projects.join("mono/worktrees")).unwrap();
    let plans = a.json(&["resume", &session.id]);
    let here = plan(&plans, "here");
    assert_eq!(here["ready"], true, "{here:#}");
    assert!(here["notes"].to_string().contains("is gone: claude starts in"), "{here:#}");
    let out = a.cmd(&["resume", &session.id]).ok();
    assert!(out.stderr.contains("is gone"), "{}", out.stderr);
    assert_eq!(a.claude_started().unwrap().cwd, a.projects.join("mono").canonicalize().unwrap());
    // A claude before 2.1.223 looks in the folder's own project only.
    let old = "#!/bin/sh\necho '2.1.222 (Claude Code)'\n";
    fs::write(a.fake_claude(), old).unwrap();
    let plans = a.json(&["resume", &session.id]);
    assert_eq!(plan(&plans, "here")["ready"], false, "{plans:#}");
}

#[test]
fn nothing_runs_in_a_folder_that_only_a_stranger_named() {
    if tool_is_missing("git") {
        return;
    }
    let stranger = Device::new();
    let b = Device::new();
    let dir = repository(&stranger, "trap", ("origin", "https://example.org/x/trap"));
    let session = stranger.session("trap", "Come in");
    let published = stranger.publish_session(&session, &["--link"]);
    // The same session and folder are on b's machine, with a program in its way.
    let ran = b.path("ran");
    fs::write(dir.join(".gitattributes"), "file filter=evil\n").unwrap();
    git(&dir, &["config", "filter.evil.clean", &format!("touch '{}'; cat", ran.display())]);
    fs::write(dir.join("file"), "changed").unwrap();
    let folder = b.claude.join("projects/x");
    fs::create_dir_all(&folder).unwrap();
    let copy = fs::read_to_string(&session.path).unwrap().replace(dir.to_str().unwrap(), "/nowhere/at/all");
    fs::write(folder.join(format!("{}.jsonl", session.id)), copy).unwrap();
    let out = b.json(&["pickup", text(&published, "link")]);
    assert!(!ran.exists(), "a stranger's repository ran a program: {out:#}");
}

#[test]
fn a_project_that_is_nowhere_is_cloned_when_the_user_says_so() {
    if tool_is_missing("git") {
        return;
    }
    let a = Device::new();
    let bare = a.path("user/upload.git");
    let Some(sshd) = Sshd::start(&a.path("user")) else { return };
    let b = Device::copy_of(&a);
    sshd.configure(&b, "");
    let remote = format!("ssh://{}{}", sshd.address(), bare.display());
    let dir = repository(&a, "uploader", ("origin", &remote));
    git(&a.projects, &["clone", "-q", "--bare", dir.to_str().unwrap(), bare.to_str().unwrap()]);
    let session = a.session("uploader", "To be cloned");
    a.publish_session(&session, &["--ssh", &sshd.address()]);
    elsewhere(&session);
    let mut env = b.env();
    env.push(("GIT_SSH_COMMAND".to_owned(), sshd.ssh_command()));
    let mut pty = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &["pickup", "--plan", "bring"], &env, &b.projects);
    assert!(pty.waits_for(&["enter for none"]), "{}", pty.said());
    let shown = pty.said();
    assert!(shown.contains("git clone -- ssh://"), "what would run is shown before: {shown}");
    assert!(!b.projects.join("uploader").exists());
    pty.types("c\r");
    assert_eq!(pty.code(), 0, "{}\n{}", pty.said(), sshd.log());
    let clone = b.projects.join("uploader").canonicalize().unwrap();
    assert!(clone.join("file").exists());
    assert_eq!(b.claude_started().expect("claude went on in the clone").cwd, clone);
    // It is remembered.
    let out = b.cmd(&["pickup", "--json"]).cwd(&b.home).ok().json();
    assert_eq!(text(plan(&out["plans"], "here"), "directory"), clone.to_str().unwrap(), "{out:#}");
}

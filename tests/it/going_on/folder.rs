//! Where a session goes on on this machine: standing in a clone, folders of other
//! systems, folders that are gone, and a clone made for it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::support::repository::{Reached, elsewhere, git, repository};
use crate::support::{Device, Pty, text, tool_is_missing};

fn plan<'a>(plans: &'a Value, kind: &str) -> &'a Value {
    let found = plans.as_array().unwrap().iter().find(|plan| plan["kind"] == kind);
    found.unwrap_or_else(|| panic!("no {kind}: {plans:#}"))
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
fn a_session_of_no_folder_of_this_machine_goes_on_from_here() {
    let a = Device::new();
    for cwd in [Some(r"C:\Users\Bob\app"), Some(r"\\wsl.localhost\Ubuntu\home\bob"), Some("src/app"), None] {
        let session = a.session("uploader", "Of another system");
        let content = fs::read_to_string(&session.path).unwrap();
        let own = format!("\"cwd\":{},", serde_json::to_string(&session.project).unwrap());
        let other =
            cwd.map_or(String::new(), |cwd| format!("\"cwd\":{},", serde_json::to_string(cwd).unwrap()));
        assert!(content.contains(&own));
        fs::write(&session.path, content.replace(&own, &other)).unwrap();
        let listed = a.json(&["sessions"]);
        assert_eq!(listed[0]["resumable"], true, "{cwd:?}: {listed:#}");
        a.cmd(&["resume", &session.id]).ok().says(&["claude starts in"]);
        let started = a.claude_started().expect("claude started");
        assert_eq!(started.args, ["--resume", &session.id], "{cwd:?}");
        assert_eq!(started.cwd, a.projects.canonicalize().unwrap(), "{cwd:?}");
        fs::remove_file(&session.path).unwrap();
    }
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
    for (answer, folder) in [("c\r", "uploader"), ("c deep/mine\r", "deep/mine")] {
        let Some(Reached { a: _a, b, sshd }) = Reached::start("uploader") else { return };
        let mut env = b.env();
        env.push(("GIT_SSH_COMMAND".to_owned(), sshd.ssh_command()));
        let args = ["pickup", "--plan", "bring"];
        let mut pty = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &args, &env, &b.projects);
        assert!(pty.waits_for(&["enter for none"]), "{}", pty.said());
        let shown = pty.said();
        assert!(shown.contains("git clone -- ssh://"), "what would run is shown before: {shown}");
        assert!(!b.projects.join(folder).exists());
        pty.types(answer);
        assert_eq!(pty.code(), 0, "{}\n{}", pty.said(), sshd.log());
        let clone = b.projects.join(folder).canonicalize().unwrap();
        assert!(clone.join("file").exists());
        assert_eq!(b.claude_started().expect("claude went on in the clone").cwd, clone);
        // It is remembered.
        let out = b.cmd(&["pickup", "--json"]).cwd(&b.home).ok().json();
        assert_eq!(text(plan(&out["plans"], "here"), "directory"), clone.to_str().unwrap(), "{out:#}");
    }
}

#[test]
fn where_nobody_is_asked_flags_answer() {
    let a = Device::new();
    let b = Device::copy_of(&a);
    let session = a.session("uploader", "Of no repository");
    let published = a.publish_session(&session, &["--ssh", "ada@dev.example.org"]);
    elsewhere(&session);
    let token = text(&published, "token");
    let bring = ["pickup", token, "--plan", "bring"];
    let out = b.cmd(&bring).fails(1);
    assert!(out.stderr.contains("`--folder DIR`") && !out.stderr.contains("--clone"), "{}", out.stderr);
    let out = b.cmd(&bring).args(&["--clone"]).fails(1);
    assert!(out.stderr.contains("no repository") && out.stderr.contains("`--folder DIR`"), "{}", out.stderr);
    for folder in ["nowhere", "/nowhere/at/all"] {
        let out = b.cmd(&["pickup", token, "--folder", folder]).fails(2);
        assert!(out.stderr.contains("There is no folder"), "{}", out.stderr);
    }
    // From a folder where it means something, however that is written.
    let mine = b.project("deep/mine").canonicalize().unwrap();
    let out =
        b.cmd(&["pickup", token, "--folder", "../deep/./mine", "--json"]).cwd(&b.project("x")).ok().json();
    assert_eq!(plan(&out["plans"], "bring")["ready"], true, "{out:#}");
    let state: String = b.files().iter().filter_map(|file| fs::read_to_string(file).ok()).collect();
    assert!(state.contains(&format!("{:?}", mine.to_str().unwrap())), "{state}");
    // It is remembered, and another answer takes its place.
    let out = b.json(&["pickup", token]);
    assert_eq!(plan(&out["plans"], "bring")["ready"], true, "{out:#}");
    b.project("other");
    b.cmd(&["pickup", token, "--folder", "other", "--json"]).ok();
    // One that would not be used is not taken in silence.
    fs::create_dir_all(&session.project).unwrap();
    let out = b.cmd(&["pickup", token, "--folder", "other"]).fails(2);
    assert!(out.stderr.contains("is in") && out.stderr.contains("already"), "{}", out.stderr);
}

#[test]
fn a_flag_clones_and_nothing_of_a_repository_runs() {
    let Some(Reached { a: _a, b, sshd }) = Reached::start("uploader") else { return };
    let out = b.cmd(&["pickup", "--plan", "bring"]).fails(1);
    assert!(out.stderr.contains("`--clone` to run `git clone -- ssh://"), "{}", out.stderr);
    // A hook that git puts into every clone, and variables of a git around us.
    let (hook, ran, astray) = (b.path("template/hooks/post-checkout"), b.path("ran"), b.path("astray"));
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::create_dir_all(&astray).unwrap();
    fs::write(&hook, format!("#!/bin/sh\ntouch '{}'\n", ran.display())).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let out = b
        .cmd(&["pickup", "--plan", "bring", "--clone", "--folder", "deep/mine"])
        .env("GIT_SSH_COMMAND", sshd.ssh_command())
        .env("GIT_TEMPLATE_DIR", b.path("template"))
        .env("GIT_WORK_TREE", &astray)
        .output();
    assert_eq!(out.code, 0, "{}\n{}", out.said(), sshd.log());
    let clone = b.projects.join("deep/mine").canonicalize().unwrap();
    assert!(clone.join("file").exists() && !astray.join("file").exists());
    assert!(!ran.exists(), "a hook ran");
    assert_eq!(b.claude_started().expect("claude went on in the clone").cwd, clone);
    // It is there now: the flag has nothing to do.
    let out = b.cmd(&["pickup", "--clone", "--json"]).ok().json();
    assert_eq!(text(plan(&out["plans"], "here"), "directory"), clone.to_str().unwrap(), "{out:#}");
}

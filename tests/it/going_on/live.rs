//! Sessions that are open in a running claude: gone to, copied, or waited for;
//! never written by two.

use std::fs;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Device, text, tool_is_missing, until};

fn kinds(plans: &Value) -> Vec<&str> {
    plans.as_array().unwrap().iter().map(|plan| text(plan, "kind")).collect()
}

#[test]
fn a_session_that_is_open_is_never_written_by_two() {
    let a = Device::new();
    let b = Device::beside(&a);
    let session = a.session("uploader", "Open");
    let published = a.publish_session(&session, &["--burn"]);
    a.hold(&session, std::process::id(), "busy", "interactive");
    let token = text(&published, "token");
    a.cmd(&["resume", &session.id]).fails(1).says(&["is open in a running claude", "--fork"]);
    assert!(a.claude_started().is_none());
    a.cmd(&["resume", &session.id, "--fork"]).ok();
    assert_eq!(a.claude_started().unwrap().args, ["--resume", &session.id, "--fork-session"]);
    // A pickup shows the copy, and why the session itself is not for now.
    let found = b.json(&["pickup", token, "--print"]);
    let plans = &found["plans"];
    assert_eq!(kinds(plans), ["here", "here", "command"], "{plans:#}");
    assert!(text(&plans[0], "shell").ends_with("--fork-session"), "{plans:#}");
    assert!(text(&plans[1], "why_not").contains(&std::process::id().to_string()), "{plans:#}");
}

#[test]
fn a_session_in_tmux_is_gone_to() {
    if tool_is_missing("tmux") {
        return;
    }
    let a = Device::new();
    let session = a.session("uploader", "In a window");
    let sockets = a.path("tmux");
    fs::create_dir_all(&sockets).unwrap();
    let tmux = |args: &[&str]| {
        let mut command = Command::new("tmux");
        command.args(args).env_clear().envs(a.env()).env("TMUX_TMPDIR", &sockets);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    // claude is a grandchild of the window's shell.
    tmux(&["new-session", "-d", "-s", "work", "-n", "first", "sleep 600"]);
    tmux(&["new-window", "-t", "work", "-n", "second", "sh -c 'sleep 601; true'"]);
    let pane = tmux(&["list-panes", "-t", "work:second", "-F", "#{pane_pid} #{window_index}.#{pane_index}"]);
    let (shell, window) = pane.trim().split_once(' ').unwrap();
    let children = format!("/proc/{shell}/task/{shell}/children");
    let claude = until("the process in the window", Duration::from_secs(10), || {
        fs::read_to_string(&children).ok()?.split_whitespace().next()?.parse().ok()
    });
    a.hold(&session, claude, "idle", "interactive");
    let user = rustix::process::geteuid().as_raw();
    let socket = format!("{}/tmux-{user}/default,1,0", sockets.display());
    let plans = a.cmd(&["resume", &session.id, "--json"]).env("TMUX_TMPDIR", &sockets).ok().json();
    let inside = a
        .cmd(&["resume", &session.id, "--json"])
        .env("TMUX_TMPDIR", &sockets)
        .env("TMUX", &socket)
        .ok()
        .json();
    // `TMUX` of a server that is gone, as in a terminal that outlived it.
    let astray = a
        .cmd(&["resume", &session.id, "--json"])
        .env("TMUX_TMPDIR", &sockets)
        .env("TMUX", "/no/such/server,1,0")
        .ok()
        .json();
    tmux(&["kill-server"]);
    let target = format!("work:{window}");
    assert_eq!(plans[0]["command"], json!(["tmux", "attach-session", "-t", target]), "{plans:#}");
    assert_eq!(inside[0]["command"], json!(["tmux", "switch-client", "-t", target]));
    assert_eq!(kinds(&plans), ["attach", "here", "here"]);
    assert_eq!(
        astray[0]["command"],
        json!(["env", "-u", "TMUX", "tmux", "attach-session", "-t", target]),
        "{astray:#}"
    );
}

#[test]
fn a_session_is_resumed_by_its_id_where_it_belongs() {
    let a = Device::new();
    let session = a.session("uploader", "By id");
    a.cmd(&["resume", &session.id]).ok();
    let started = a.claude_started().unwrap();
    assert_eq!(
        (started.cwd, started.args),
        (session.project.clone(), vec!["--resume".to_owned(), session.id.clone()])
    );
    a.cmd(&["resume", "11111111-2222-4333-8444-555555555555"]).fails(3);
    a.cmd(&["resume", "not-an-id"]).fails(2);
    fs::remove_dir_all(&session.project).unwrap();
    a.cmd(&["resume", &session.id]).ok().says(&["is gone: claude starts in"]);
    // The user's settings say where such folders lie here.
    let elsewhere = a.path("moved");
    fs::create_dir_all(elsewhere.join("uploader")).unwrap();
    let paths = format!("[paths]\n{:?} = {:?}\n", a.projects.display(), elsewhere.display());
    fs::write(a.home.join("config.toml"), paths).unwrap();
    a.cmd(&["resume", &session.id]).ok();
    assert_eq!(a.claude_started().unwrap().cwd, elsewhere.join("uploader"));
}

#[test]
fn the_same_repository_elsewhere_is_found_and_its_state_told() {
    if tool_is_missing("git") {
        return;
    }
    let a = Device::new();
    let b = Device::copy_of(&a);
    let git = |dir: &std::path::Path, args: &[&str]| {
        let who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"];
        assert!(
            Command::new("git").args(who).args(args).current_dir(dir).output().unwrap().status.success(),
            "{args:?}"
        );
    };
    let repository = |device: &Device, name: &str, remote: &str, message: &str| {
        let dir = device.project(name);
        git(&dir, &["init", "-q"]);
        git(&dir, &["remote", "add", "origin", remote]);
        fs::write(dir.join("file"), message).unwrap();
        git(&dir, &["add", "file"]);
        git(&dir, &["commit", "-q", "-m", message]);
        dir
    };
    let there = repository(&a, "uploader", "https://user:secret@example.org/x/uploader.git", "there");
    let here = repository(&b, "renamed", "git@example.org:x/uploader.git", "here");
    b.session("renamed", "Makes the folder known");
    let session = a.session("uploader", "Of the same repository");
    let published = a.publish_session(&session, &[]);
    let picked = b.json(&["pickup", text(&published, "token")]);
    assert_eq!(picked["git"]["remote"], "https://example.org/x/uploader.git", "no password travels");
    assert_eq!(picked["git"]["dirty"], false);
    assert_eq!(text(&picked["git"], "commit").len(), 12);
    // The transcript came here by other means, and its folder is not here.
    let folder = b.claude.join("projects/brought");
    fs::create_dir_all(&folder).unwrap();
    fs::copy(&session.path, folder.join(format!("{}.jsonl", session.id))).unwrap();
    fs::remove_dir_all(&there).unwrap();
    fs::write(here.join("file"), "changed").unwrap();
    let picked = b.json(&["pickup", text(&published, "token")]);
    let plan = &picked["plans"][0];
    assert_eq!((text(plan, "kind"), &plan["ready"]), ("here", &true.into()), "{plan:#}");
    assert_eq!(text(plan, "directory"), here.canonicalize().unwrap().to_str().unwrap());
    let notes = plan["notes"].to_string();
    assert!(notes.contains("was published at") && notes.contains("uncommitted"), "{notes}");
}

/// A process of ours that sits there as an idle claude does; ended at last.
struct Idle(std::process::Child);

impl Idle {
    fn start() -> Self {
        Self(Command::new("sleep").arg("600").spawn().unwrap())
    }

    fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_session_in_the_background_is_attached_to() {
    let a = Device::new();
    let session = a.session("uploader", "In the background");
    let holder = Idle::start();
    a.hold(&session, holder.id(), "busy", "bg");
    let plans = a.json(&["resume", &session.id]);
    let program = a.fake_claude();
    assert_eq!(plans[0]["command"], json!([program, "attach", &session.id[..8]]), "{plans:#}");
    assert!(
        plans[0]["notes"].to_string().contains("in the background, in the middle of a turn"),
        "{plans:#}"
    );
    let printed = a.cmd(&["resume", "--print", &session.id]).ok();
    assert!(
        printed.stderr.contains("Background:") && !printed.stderr.contains("In tmux"),
        "{}",
        printed.stderr
    );
    a.cmd(&["resume", &session.id]).ok();
    assert_eq!(a.claude_started().unwrap().args, ["attach", &session.id[..8]]);
    let published = a.publish_session(&session, &[]);
    let b = Device::beside(&a);
    b.cmd(&["pickup", text(&published, "token"), "--exec"]).ok();
    assert_eq!(b.claude_started().unwrap().args, ["attach", &session.id[..8]]);
}

#[test]
fn an_idle_claude_is_ended_when_the_user_says_so() {
    use crate::support::Pty;
    let a = Device::new();
    let session = a.session("uploader", "Idle over there");
    let mut holder = Idle::start();
    a.hold(&session, holder.id(), "busy", "interactive");
    let ends =
        |plans: &Value| plans.as_array().unwrap().iter().find(|plan| plan.get("ends").is_some()).cloned();
    assert_eq!(ends(&a.json(&["resume", &session.id])), None, "one at work is not ended");
    a.hold(&session, holder.id(), "idle", "interactive");
    let plan = ends(&a.json(&["resume", &session.id])).expect("an idle one can be ended");
    assert_eq!(plan["ends"], holder.id());
    // Nobody said so: nothing is ended.
    a.cmd(&["resume", &session.id]).fails(1);
    assert!(holder.0.try_wait().unwrap().is_none());
    let mut pty = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &["resume", &session.id], &a.env(), &a.projects);
    assert!(pty.waits_for(&["resume a copy of it?"]), "{}", pty.said());
    pty.types("e\r");
    until("its end", Duration::from_secs(10), || holder.0.try_wait().unwrap());
    assert_eq!(pty.code(), 0, "{}", pty.said());
    assert_eq!(a.claude_started().unwrap().args, ["--resume", &session.id]);
}

#[test]
fn a_pickup_offers_to_end_an_idle_claude_and_takes_first() {
    use crate::support::{Pty, row};
    let a = Device::new();
    let (b, c) = (Device::beside(&a), Device::copy_of(&a));
    let session = a.session("uploader", "Idle over there");
    let mut holder = Idle::start();
    a.hold(&session, holder.id(), "idle", "interactive");
    let asked = |token: &str| {
        let mut pty = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &["pickup", token], &b.env(), &b.projects);
        assert!(pty.waits_for(&["e ends it there"]), "{}", pty.said());
        pty
    };
    // Another reader was faster: nothing is ended for it.
    let burning = a.publish_session(&session, &["--burn"]);
    let mut pty = asked(text(&burning, "token"));
    assert_eq!(c.json(&["pickup", text(&burning, "token")])["burned"], true);
    pty.types("e\r");
    assert_eq!(pty.code(), 3, "{}", pty.said());
    assert!(holder.0.try_wait().unwrap().is_none(), "ended for nothing");

    let published = a.publish_session(&session, &[]);
    let token = text(&published, "token");
    let mut pty = asked(token);
    pty.types("e\r");
    until("its end", Duration::from_secs(10), || holder.0.try_wait().unwrap());
    assert_eq!(pty.code(), 0, "{}", pty.said());
    assert_eq!(b.claude_started().unwrap().args, ["--resume", &session.id]);
    let receipt = || row(&a.json(&["list", "--all"]), token).unwrap()["picked_up"].clone();
    until("the receipt", Duration::from_secs(10), || (!receipt().is_null()).then_some(()));
}

#[test]
fn what_a_claude_does_is_said_and_only_an_idle_one_is_ended() {
    let a = Device::new();
    let session = a.session("uploader", "Open");
    let holder = Idle::start();
    for (status, unfinished, can_end) in
        [("idle", false, true), ("shell", false, false), ("waiting", true, false), ("busy", true, false)]
    {
        a.hold(&session, holder.id(), status, "interactive");
        let plans = a.json(&["resume", &session.id]);
        let notes = plans[0]["notes"].to_string();
        assert_eq!(notes.contains("last turn is not finished"), unfinished, "{status}: {plans:#}");
        assert_eq!(plans[1].get("ends").is_some(), can_end, "{status}: {plans:#}");
    }
}

#[test]
fn a_worktree_of_claudes_own_is_named() {
    let a = Device::new();
    let session = a.session("repo", "In a worktree");
    let tree = session.project.join(".claude/worktrees/fix2");
    fs::create_dir_all(&tree).unwrap();
    let inside = json!({"originalCwd": session.project, "worktreePath": tree, "worktreeName": "fix2"});
    session.grows(|more| {
        more.state("worktree-state", "worktreeSession", inside).state(
            "worktree-state",
            "worktreeSession",
            Value::Null,
        )
    });
    a.cmd(&["resume", &session.id]).ok();
    let started = a.claude_started().unwrap();
    assert_eq!(started.args, ["--worktree", "fix2", "--resume", &session.id]);
    assert_eq!(started.cwd, session.project);
    fs::remove_dir(&tree).unwrap();
    a.cmd(&["resume", &session.id]).ok();
    assert_eq!(a.claude_started().unwrap().args, ["--resume", &session.id]);
}

//! What publishing proposes: title, SSH address, the state of the repository.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::claude::hook::submitted;
use crate::publish::faces::{as_ada, record};
use crate::support::session::{self, Session, Transcript};
use crate::support::{Device, Pty, hostname, text};

#[test]
fn a_guessed_address_is_said_to_be_one() {
    let a = Device::new();
    let session = a.session("uploader", "Retry with jitter");
    let guess = format!("ada@{} (guessed; set `ssh` in the configuration)", hostname());
    as_ada(a.cmd(&["publish", &session.id])).ok().says(&["SSH: ", &guess]);
    let input = submitted(&session, "/cclink:handoff").to_string();
    let reason = as_ada(a.cmd(&["hook", "prompt"])).stdin(input).ok().json();
    assert!(text(&reason, "reason").contains(&guess), "{reason:#}");
    let published = as_ada(a.cmd(&["publish", &session.id, "--json"])).ok().json();
    assert_eq!(
        (&published["ssh"], &published["ssh_guessed"]),
        (&json!(format!("ada@{}", hostname())), &json!(true))
    );
    // One that somebody named is not; an empty one is none.
    let named = a.cmd(&["publish", &session.id, "--ssh", "ada@desk.example", "--json"]).ok().json();
    assert_eq!((&named["ssh"], &named["ssh_guessed"]), (&json!("ada@desk.example"), &json!(false)));
    let none = as_ada(a.cmd(&["publish", &session.id, "--ssh=", "--json"])).ok().json();
    assert_eq!((&none["ssh"], &none["ssh_guessed"]), (&Value::Null, &json!(false)));
    assert_eq!(Device::copy_of(&a).json(&["pickup"])["ssh"], Value::Null);
    fs::write(a.home.join("config.toml"), "ssh = \"ada@home.example\"\n").unwrap();
    as_ada(a.cmd(&["publish", &session.id])).ok().hides(&["guessed"]);
}

/// A session with these prompts behind the first one, and without a title.
pub fn prompted(device: &Device, last: &[Value]) -> Session {
    let talk =
        last.iter().fold(Transcript::new(&device.project("uploader")), |talk, value| match value.as_str() {
            Some(prompt) => talk.says(prompt),
            None => talk.line(value),
        });
    talk.answers("Done.").write(&device.claude)
}

#[test]
fn a_title_is_never_a_command() {
    let a = Device::new();
    let clear = "<command-name>/clear</command-name>\n<command-args></command-args>";
    let review = "<command-name>/review</command-name>\n<command-args>the parser</command-args>";
    let bang = "<bash-input>cclink</bash-input>";
    let last = |prompt: &str| json!({"type": "last-prompt", "lastPrompt": prompt});
    for (prompts, title) in [
        (vec![json!("Refactor the parser"), json!(bang), last("! cclink")], json!("Refactor the parser")),
        (vec![json!("Refactor it"), json!("and test it"), json!(clear), last("/exit")], json!("and test it")),
        (vec![json!(clear)], Value::Null),
        (vec![json!(bang)], Value::Null),
        (vec![json!(review)], json!("/review the parser")),
        (vec![json!("/etc/hosts is wrong")], json!("/etc/hosts is wrong")),
    ] {
        let session = prompted(&a, &prompts);
        assert_eq!(a.publish_session(&session, &[])["title"], title, "{prompts:?}");
        let input = submitted(&session, "/cclink:handoff").to_string();
        let reason = text(&a.cmd(&["hook", "prompt"]).stdin(input).ok().json(), "reason").to_owned();
        assert!(!reason.contains("“/clear”") && !reason.contains("! cclink"), "{reason}");
    }
}

fn git(directory: &Path, args: &[&str]) {
    let done = Command::new("git")
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main"])
        .args(args)
        .current_dir(directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .expect("git is there");
    assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// A repository of one commit.
pub fn repository(directory: &Path) {
    git(directory, &["init", "-q"]);
    fs::write(directory.join("main.rs"), "fn main() {}").unwrap();
    fs::write(directory.join("lib.rs"), "").unwrap();
    git(directory, &["add", "."]);
    git(directory, &["commit", "-q", "-m", "first"]);
}

#[test]
fn work_that_stays_is_said() {
    let a = Device::new();
    let session = a.session("uploader", "Retry with jitter");
    let remote = a.path("remote.git");
    git(&a.projects, &["init", "-q", "--bare", remote.to_str().unwrap()]);
    repository(&session.project);
    let publish = || a.publish_session(&session, &[])["left_behind"].clone();
    let work = |changed: u32, new: u32, unpushed: u32| json!({"changed_files": changed, "new_files": new, "unpushed_commits": unpushed});
    assert_eq!(publish(), work(0, 0, 1), "without a remote all of them are only here");
    git(&session.project, &["remote", "add", "origin", remote.to_str().unwrap()]);
    git(&session.project, &["push", "-q", "-u", "origin", "main"]);
    assert_eq!(publish(), Value::Null);
    fs::write(session.project.join("more.rs"), "").unwrap();
    git(&session.project, &["add", "more.rs"]);
    git(&session.project, &["commit", "-q", "-m", "second"]);
    fs::write(session.project.join("main.rs"), "changed").unwrap();
    fs::write(session.project.join("lib.rs"), "changed").unwrap();
    let words = "2 files changed, 1 commit not pushed: they stay on this machine";
    a.cmd(&["publish", &session.id]).ok().says(&[words]);
    let input = submitted(&session, "/cclink:handoff").to_string();
    let reason = a.cmd(&["hook", "prompt"]).stdin(input).ok().json();
    assert!(text(&reason, "reason").contains(words), "{reason:#}");
    fs::write(session.project.join("new.rs"), "").unwrap();
    assert_eq!(publish(), work(2, 1, 1));
    // A branch without an upstream: what no remote has.
    git(&session.project, &["switch", "-q", "-c", "topic"]);
    assert_eq!(publish(), work(2, 1, 1));
}

/// As claude leaves a session whose worktree was kept: moved to the main folder.
pub fn in_worktree(session: &Session) {
    repository(&session.project);
    let worktree = session.project.join(".claude/worktrees/fix1");
    git(&session.project, &["worktree", "add", "-q", "-b", "worktree-fix1", worktree.to_str().unwrap()]);
    fs::write(worktree.join("main.rs"), "changed").unwrap();
    let inside = json!({"worktreePath": worktree, "worktreeName": "fix1", "worktreeBranch": "worktree-fix1"});
    session.grows(|more| {
        more.state("worktree-state", "worktreeSession", inside)
            .state("relocated", "relocatedCwd", session.project.to_str().unwrap())
            .state("worktree-state", "worktreeSession", Value::Null)
    });
}

#[test]
fn the_state_is_that_of_the_worktree() {
    let a = Device::new();
    let session = a.session("uploader", "Retry with jitter");
    in_worktree(&session);
    let published = a.publish_session(&session, &[]);
    let git_state = record(&a, text(&published, "token")).git.unwrap();
    assert_eq!((git_state.branch.as_deref(), git_state.dirty), (Some("worktree-fix1"), Some(true)));
    assert_eq!(published["left_behind"]["changed_files"], 1);
}

#[test]
fn a_session_in_the_middle_of_a_turn_is_said_to_be() {
    let a = Device::new();
    let session = a.session("uploader", "Retry with jitter");
    let sessions = a.claude.join("sessions");
    fs::create_dir_all(&sessions).unwrap();
    let pid = std::process::id();
    let put = |status: &str| {
        let record = json!({"pid": pid, "sessionId": session.id, "kind": "interactive", "status": status});
        fs::write(sessions.join(format!("{pid}.json")), record.to_string()).unwrap();
    };
    put("busy");
    a.cmd(&["publish", &session.id]).ok().says(&["in the middle of a turn"]);
    put("idle");
    a.cmd(&["publish", &session.id]).ok().hides(&["in the middle of a turn"]);
}

/// Two whose last messages are of one second: on a terminal it is asked, without
/// one the later message decides.
#[test]
fn which_of_two_is_asked_where_time_does_not_tell() {
    let a = Device::new();
    let write =
        |title: &str, time: &str| session::write_session(&a.claude, &a.project("uploader"), title, time);
    write("An older one", "2026-11-20T10:00:04.000Z");
    let earlier = write("The earlier twin", "2026-11-20T10:00:05.100Z");
    let later = write("The later twin", "2026-11-20T10:00:05.900Z");
    let out = a.cmd(&["publish", "--json"]).cwd(&later.project).ok().json();
    assert_eq!(out["session_id"], json!(later.id));
    let args = ["publish", "--no-qr"];
    let mut pty = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &args, &a.env(), &later.project);
    assert!(pty.waits_for(&["Which one?"]), "{}", pty.said());
    assert!(!pty.said().contains("An older one"), "{}", pty.said());
    pty.types("2\r");
    assert_eq!(pty.code(), 0);
    let list = a.json(&["list"]);
    let ids: Vec<&Value> = list.as_array().unwrap().iter().map(|row| &row["session_id"]).collect();
    assert!(ids.contains(&&json!(earlier.id)), "{list:#}");
}

//! `pickup --exec`: claude, in the project's directory, as if started by hand.

use std::fs;

use crate::support::session::{Transcript, append};
use crate::support::{Device, row, text};
use serde_json::Value;

#[test]
fn claude_runs_in_the_projects_directory() {
    // The first cclink resumed in the caller's directory.
    let a = Device::new();
    let b = Device::beside(&a);
    let session = a.session("uploader", "Retry with jitter");
    a.publish_session(&session, &[]);
    let elsewhere = b.project("elsewhere");
    b.cmd(&["pickup", "--exec"]).cwd(&elsewhere).ok();
    let started = b.claude_started().expect("claude was started");
    assert_eq!(started.cwd, session.project);
    assert_eq!(started.args, ["--resume", session.id.as_str()]);
}

#[test]
fn session_variables_do_not_reach_claude() {
    // With CLAUDE_CODE_CHILD_SESSION inherited, claude saves no transcript.
    let a = Device::new();
    a.publish(&[]);
    let gone = [
        "CLAUDECODE",
        "CLAUDE_CODE_CHILD_SESSION",
        "CLAUDE_CODE_SESSION_ID",
        "CLAUDE_PID",
        "CLAUDE_CODE_ENTRYPOINT",
        "CLAUDE_CODE_EXECPATH",
        "CLAUDE_CODE_SESSION_ATTENDED",
        "CLAUDE_CODE_CHILD_NOTES_DIR",
        "CLAUDE_CODE_MESSAGING_SOCKET",
        "CLAUDE_CODE_MESSAGING_TOKEN",
        "CLAUDE_PROJECT_DIR",
        "CLAUDE_EFFORT",
        "AI_AGENT",
    ];
    let kept = ["CLAUDE_CONFIG_DIR", "CLAUDE_CODE_USE_BEDROCK", "ANTHROPIC_MODEL", "PATH", "HOME"];
    let mut run =
        a.cmd(&["pickup", "--exec"]).env("CLAUDE_CODE_USE_BEDROCK", "1").env("ANTHROPIC_MODEL", "m");
    for name in gone {
        run = run.env(name, "of-the-session-around");
    }
    run.ok();
    let started = a.claude_started().expect("claude was started");
    for name in gone {
        assert!(!started.has_env(name), "{name} reached claude");
    }
    for name in kept {
        assert!(started.has_env(name), "{name} was lost");
    }
    assert!(!started.has_env("CCLINK_PASSPHRASE") && !started.has_env("CCLINK_PIN"));
}

#[test]
fn secrets_do_not_reach_claude() {
    let (a, pin) = (Device::new(), "tree-lamp 42 under the stairs");
    let published = a.publish(&[&format!("--pin={pin}")]);
    a.cmd(&["pickup", text(&published, "link"), "--pin", "--exec"])
        .pin(pin)
        .env("CCLINK_PASSPHRASE", "x")
        .ok();
    let started = a.claude_started().expect("claude was started");
    assert!(!started.has_env("CCLINK_PASSPHRASE") && !started.has_env("CCLINK_PIN"), "{:?}", started.env);
}

#[test]
fn claudes_exit_code_is_ours() {
    let a = Device::new();
    a.publish(&[]);
    a.cmd(&["pickup", "--exec"]).env("FAKE_EXIT", "7").fails(7);
}

#[test]
fn a_plan_here_needs_what_was_published() {
    let a = Device::new();
    let b = Device::beside(&a);
    let session = a.session("uploader", "Retry with jitter");
    let published = a.publish_session(&session, &[]);
    let token = text(&published, "token");
    let here = || {
        let picked = b.json(&["pickup", token]);
        let plans = picked["plans"].as_array().unwrap().clone();
        plans.into_iter().find(|p| p["kind"] == "here" && p["ready"] == true)
    };
    let plan = here().expect("the session is on this machine");
    assert_eq!(plan["directory"], Value::from(session.project.to_str().unwrap()));
    assert!(text(&plan, "shell").contains("cd "), "{plan:#}");

    // It grew since: still at least what was published.
    let before = fs::read_to_string(&session.path).unwrap();
    let more = before.lines().next().unwrap().to_owned() + "\n";
    fs::write(&session.path, format!("{before}{more}")).unwrap();
    assert!(here().is_some());

    // It holds less, or something else of the same length: an older copy.
    fs::write(&session.path, before.lines().next().unwrap().to_owned() + "\n").unwrap();
    assert!(here().is_none());
    fs::write(&session.path, before.replace("PURPLE", "ORANGE")).unwrap();
    assert!(here().is_none());
    b.cmd(&["pickup", token, "--exec"]).fails(1);
    assert!(b.claude_started().is_none());

    // The project's folder is gone: said beforehand, with where claude starts instead.
    fs::write(&session.path, &before).unwrap();
    fs::remove_dir_all(&session.project).unwrap();
    let plan = here().expect("claude resumes from anywhere");
    assert!(plan["notes"].to_string().contains("is gone: claude starts in"), "{plan:#}");
    assert_eq!(plan["directory"], Value::from(session.project.parent().unwrap().to_str().unwrap()));
}

#[test]
fn print_only_prints() {
    let a = Device::new();
    let published = a.publish(&[]);
    let id = text(&published, "session_id").to_owned();
    a.cmd(&["pickup", "--print"]).ok().says(&["--resume", text(&published, "session_id")]);
    for args in
        [&["pickup", "--print"][..], &["pickup", "--print", "--plan", "here"], &["resume", "--print", &id]]
    {
        let out = a.cmd(args).ok();
        let line = out.stdout.strip_suffix('\n').expect("a line");
        let words = shlex::split(line).unwrap_or_else(|| panic!("no command: {line}"));
        assert_eq!(words[..2], ["cd", "--"], "{args:?}: {line}");
        assert_eq!(words[words.len() - 2..], ["--resume", &id], "{args:?}: {line}");
        assert!(!line.contains('\n') && out.stderr.contains("Here:"), "{args:?}: {}", out.said());
    }
    // Without a terminal nothing is run unasked.
    a.cmd(&["pickup"]).ok().says(&["--resume", text(&published, "session_id")]);
    assert!(a.claude_started().is_none());
}

#[test]
fn a_session_started_in_the_root_is_resumed_there() {
    // It ended in a subfolder: the folder it belongs to is the first one.
    let a = Device::new();
    let session = a.session("uploader", "Moved about");
    let below = session.project.join("src");
    fs::create_dir_all(&below).unwrap();
    let there = Transcript::named(&session.id, &below);
    append(&session.path, there.at("2026-11-20T10:10:00.000Z").says("and here"));
    a.publish_session(&session, &[]);
    a.cmd(&["pickup", "--exec"]).ok();
    assert_eq!(a.claude_started().expect("claude was started").cwd, session.project);
}

#[test]
fn the_command_alone_is_never_run() {
    let a = Device::new();
    let session = a.session("uploader", "x");
    a.publish_session(&session, &["--burn"]);
    // One of that name is there.
    let path = format!("{}:{}", a.path("bin").display(), std::env::var("PATH").unwrap_or_default());
    let out = a.cmd(&["pickup", "--exec", "--plan", "command"]).env("PATH", path).ok();
    out.says(&["--resume", &session.id]);
    assert!(a.claude_started().is_none());
}

#[test]
fn what_would_be_asked_about_is_not_printed_in_its_place() {
    let a = Device::new();
    let b = Device::beside(&a);
    let session = a.session("uploader", "Open");
    let published = a.publish_session(&session, &["--burn"]);
    let token = text(&published, "token");
    a.hold(&session, std::process::id(), "busy", "interactive");
    let out = b.cmd(&["pickup", token, "--print"]).fails(1).says(&["open in a running claude", "--yes"]);
    assert_eq!(out.stdout, "");
    assert_eq!(row(&a.json(&["list", "--all"]), token).unwrap()["state"], "live", "it was not used up");
    let out = b.cmd(&["pickup", token, "--print", "--yes"]).ok();
    assert!(out.stdout.trim_end().ends_with("--fork-session"), "{}", out.stdout);
}

//! Text that wants to be more than text: in titles, projects, notes, folders.

use std::process::Command;

use crate::support::session::Transcript;
use crate::support::{Device, Output, Session, acts_on_a_terminal, text};
use serde_json::json;

/// OSC 52 (clipboard), OSC 8 (link), OSC 0 (title), CSI, C1, bidi, zero width.
const TITLE: &str = "evil\u{1b}]52;c;ZXZpbA==\u{7} \u{1b}]8;;http://evil\u{1b}\\click\u{1b}]8;;\u{1b}\\ \u{9b}2J\u{9d}0;x\u{9c} \u{202e}gnp.exe\u{2066}\u{200b}\u{feff}\tend\nsecond line";

#[track_caller]
fn inert(out: &Output) {
    let bad: Vec<char> = out.said().chars().filter(|c| acts_on_a_terminal(*c)).collect();
    assert!(bad.is_empty(), "`{}` writes {bad:?}:\n{:?}", out.what, out.said());
}

fn evil_session(a: &Device, project: &str) -> Session {
    Transcript::new(&a.project(project)).says(TITLE).answers(TITLE).titled(TITLE).write(&a.claude)
}

#[test]
fn a_hostile_title_is_inert_wherever_it_is_shown() {
    let a = Device::new();
    let b = Device::beside(&a);
    let session = evil_session(&a, "uploader");
    inert(&a.cmd(&["sessions"]).ok());
    inert(&a.cmd(&["publish", &session.id]).ok());
    // One's own words may be cleaned or refused, but are never sent as they are.
    let words = ["--note", "no\u{1b}[31mte\u{202e}", "--project", "la\u{9b}31mbel"];
    inert(&a.cmd(&["publish", &session.id]).args(&words).output().exits(&[0, 2]));
    for device in [&a, &b] {
        inert(&device.cmd(&["list"]).ok());
        inert(&device.cmd(&["list", "--all"]).ok());
        inert(&device.cmd(&["pickup"]).ok());
        inert(&device.cmd(&["pickup", "--print"]).ok());
    }
    // In JSON it is cleaned too, and what was words is still there.
    let list = b.json(&["list"]);
    let title = text(&list[0], "title");
    assert!(!title.chars().any(acts_on_a_terminal), "{title:?}");
    assert!(title.starts_with("evil") && title.contains("click"), "{title:?}");
    assert!(!title.contains("52;c") && !title.contains("2J"), "escape sequences go whole: {title:?}");
}

#[test]
fn emoji_keep_their_shape() {
    let a = Device::new();
    let title = "👩‍👩‍👧‍👦 🇯🇵 外주 é ❤️ done";
    let session = a.session("외주", title);
    let published = a.publish_session(&session, &[]);
    assert_eq!(published["title"], title);
    a.cmd(&["pickup"]).ok().says(&[title]);
}

#[test]
fn a_title_too_long_is_cut_and_nothing_panics() {
    let a = Device::new();
    for filler in ["word ", "外", "👩‍👩‍👧‍👦", "é"] {
        let session = a.session("uploader", &filler.repeat(200));
        let published = a.publish_session(&session, &[]);
        let title = text(&published, "title");
        assert!(title.len() <= 160, "{} bytes", title.len());
        assert!(title.ends_with('…'), "{title}");
        a.cmd(&["list"]).ok();
        a.cmd(&["sessions"]).ok();
        a.cmd(&["pickup"]).ok();
    }
}

#[test]
fn a_hostile_folder_name_runs_nothing() {
    let a = Device::new();
    let b = Device::beside(&a);
    for name in
        ["it's $(touch pwned) `touch pwned` & \"x\"; touch pwned", "-rf", "a  b", "외주 é", "*?[x]~{a,b}!"]
    {
        let session = a.session(name, "Hostile folder");
        let published = a.publish_session(&session, &[]);
        let picked = b.json(&["pickup", text(&published, "token")]);
        let here = picked["plans"]
            .as_array()
            .unwrap()
            .iter()
            .find(|p| p["kind"] == "here")
            .unwrap_or_else(|| panic!("{name:?}: no plan `here` in {picked:#}"));
        assert_eq!(here["ready"], true, "{name:?}: {here:#}");

        // What is offered for a shell does in a shell what the plan says.
        let shell =
            Command::new("sh").args(["-c", text(here, "shell")]).current_dir(&b.projects).output().unwrap();
        assert!(
            shell.status.success(),
            "{name:?}: {}: {}",
            here["shell"],
            String::from_utf8_lossy(&shell.stderr)
        );
        let by_shell = b.claude_started().expect("claude was started by the shell");
        b.cmd(&["pickup", text(&published, "token"), "--exec"]).ok();
        let by_exec = b.claude_started().expect("claude was started by --exec");
        assert_eq!(by_shell.cwd, session.project, "{name:?}");
        assert_eq!(by_exec.cwd, session.project, "{name:?}");
        assert_eq!(by_shell.args, ["--resume", session.id.as_str()], "{name:?}");
        assert_eq!(by_exec.args, by_shell.args, "{name:?}");
    }
    let pwned = crate::support::device::walk(&a.projects)
        .into_iter()
        .chain(crate::support::device::walk(&b.projects));
    assert!(pwned.filter(|p| p.ends_with("pwned")).count() == 0, "a command ran");
}

#[test]
fn a_folder_name_that_cannot_be_shown_is_refused() {
    let a = Device::new();
    for name in ["a\nb", "x\u{1b}[31m", "p\u{202e}roj", "c1 \u{9b}2J"] {
        let session = a.session(name, "Hostile folder");
        let out = a.cmd(&["publish", &session.id]).fails(2).says(&["project path"]);
        inert(&out);
        // The list shows it all the same.
        let out = a.cmd(&["sessions"]).ok().says(&["Hostile folder"]);
        inert(&out);
    }
    assert_eq!(a.json(&["list", "--all"]), json!([]), "nothing went out");
}

#[test]
fn hostile_options_are_refused() {
    let a = Device::new();
    let session = a.session("uploader", "x");
    for ssh in [
        "-oProxyCommand=touch pwned",
        "dana@-oProxyCommand=x",
        "dana@desk;ls",
        "a b",
        "x\u{1b}[31m",
        &"h".repeat(101),
    ] {
        a.cmd(&["publish", &session.id, "--json", &format!("--ssh={ssh}")]).fails(2).error();
    }
    let (note, label) = ("n".repeat(201), "l".repeat(65));
    a.cmd(&["publish", &session.id, &format!("--note={note}")]).fails(2).says(&["200"]);
    a.cmd(&["publish", &session.id, &format!("--project={label}")]).fails(2).says(&["64"]);
    assert_eq!(a.json(&["list", "--all"]), json!([]));
}

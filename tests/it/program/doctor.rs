//! `doctor`: each fault that is planted is named, with what to do; nothing is changed
//! unless that was asked for.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::thread;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use serde_json::Value;

use crate::support::ring::nowhere;
use crate::support::untouched::snapshot;
use crate::support::{Device, Output, Pty, Run, text, tool_is_missing};

/// Every line, in its order.
const LINES: [&str; 21] = [
    "config",
    "key",
    "journal",
    "permissions",
    "claude-folder",
    "claude",
    "login",
    "dht",
    "relays",
    "clock",
    "handoffs",
    "terminal",
    "unicode",
    "clipboard",
    "ssh",
    "tmux",
    "git",
    "carry-folder",
    "carry-ssh",
    "leftovers",
    "page",
];
/// Eight days: nothing that was published lives any more.
const LATER: i64 = 8 * 86_400;

/// A device that lacks nothing that is in the test's hands.
fn healthy() -> Device {
    let a = Device::new();
    fs::write(a.claude.join(".credentials.json"), "{}").unwrap();
    a
}

fn doctor(a: &Device) -> Run {
    a.cmd(&["doctor", "--json"])
}

/// A line: its state, and what it says and advises.
#[track_caller]
fn line(out: &Output, name: &str) -> (String, String) {
    let json = out.json();
    let checks = json["checks"].as_array().expect("a list");
    let names: Vec<&str> = checks.iter().map(|check| text(check, "name")).collect();
    assert_eq!(names, LINES);
    let check = &checks[names.iter().position(|there| *there == name).expect(name)];
    let advice = check["advice"].as_str().unwrap_or_default();
    assert!(check["state"] == "ok" || !advice.is_empty(), "no advice: {check:#}");
    (text(check, "state").to_owned(), format!("{}; {advice}", text(check, "says")))
}

/// The line is in this state and says all of these words; the exit code tells whether
/// anything fails.
#[track_caller]
fn finds(run: Run, name: &str, state: &str, words: &[&str]) -> Output {
    let out = run.output().exits(&[0, 1]);
    let (is, says) = line(&out, name);
    assert_eq!(is, state, "{name}: {says}");
    for word in words {
        assert!(says.contains(word), "{name} does not say {word:?}: {says}");
    }
    let fails = out.json()["checks"].as_array().unwrap().iter().any(|check| check["state"] == "fail");
    assert_eq!(out.code, i32::from(fails), "{}", out.stdout);
    if fails {
        out.error();
    }
    out
}

/// A server that gives everybody the same answer.
fn serve(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(&answer);
        }
    });
    url
}

/// A relay that knows nothing, by a clock that is so far ahead.
fn relay(ahead: TimeDelta) -> String {
    let date = (Utc::now() + ahead).format("%a, %d %b %Y %H:%M:%S GMT");
    serve(
        format!("HTTP/1.1 404 Not Found\r\nDate: {date}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .into(),
    )
}

fn page(content: &str) -> String {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", content.len());
    serve([head.as_bytes(), content.as_bytes()].concat())
}

fn configure(a: &Device, content: &str) {
    fs::write(a.home.join("config.toml"), content).unwrap();
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn a_healthy_device_has_no_complaint_and_is_left_as_it_is() {
    let a = healthy();
    a.session("uploader", "x");
    a.publish(&["--ttl", "1h"]);
    let before = (snapshot(&a.home), snapshot(&a.claude));
    let run = doctor(&a).env("CCLINK_RELAYS", relay(TimeDelta::zero()));
    let out = finds(run, "dht", "ok", &["nodes answer"]);
    for name in LINES.into_iter().filter(|name| !["ssh", "git"].contains(name)) {
        assert_eq!(line(&out, name).0, "ok", "{name}: {}", line(&out, name).1);
    }
    assert!(line(&out, "claude").1.contains("2.1.330"), "{}", out.stdout);
    assert!(line(&out, "claude-folder").1.contains("2 sessions"), "{}", out.stdout);
    assert!(line(&out, "handoffs").1.contains("1 active"), "{}", out.stdout);
    assert!(line(&out, "clock").1.contains("agrees with 127.0.0.1"), "{}", out.stdout);
    assert_eq!(before, (snapshot(&a.home), snapshot(&a.claude)), "looking changed something");
    assert!(a.claude_started().is_none(), "claude was started for more than its version");
    // In words, the same lines; without a terminal no colours and no progress.
    let words = a.cmd(&["doctor"]).ok();
    for name in LINES {
        assert!(words.stdout.lines().any(|line| line.split_whitespace().nth(1) == Some(name)), "{name}");
    }
    assert!(!words.said().contains('\u{1b}') && words.stderr.is_empty(), "{}", words.said());
}

#[test]
fn a_key_that_others_can_read_is_closed_when_asked_for() {
    let a = healthy();
    let key = a.key_file();
    set_mode(&key, 0o644);
    finds(doctor(&a), "key", "fail", &["others can read", "chmod 600"]);
    assert_eq!(mode(&key), 0o644, "looking changed it");
    a.cmd(&["doctor", "--fix", "--json"]).fails(2).says(&["--yes"]);
    // what it found is shown all the same
    a.cmd(&["doctor", "--fix"]).fails(2).says(&["--yes", "key"]);
    assert_eq!(mode(&key), 0o644, "nobody said yes");
    finds(a.cmd(&["doctor", "--fix", "--yes", "--json"]), "key", "ok", &["fixed", "only you"]);
    assert_eq!(mode(&key), 0o600);
    finds(doctor(&a), "key", "ok", &["no passphrase"]);
}

#[test]
fn on_a_terminal_it_tells_what_it_waits_for_and_asks_before_it_changes_anything() {
    let mut a = healthy();
    a.bootstrap = nowhere();
    let key = a.key_file();
    for (answer, mode_then) in [("n", 0o644), ("y", 0o600)] {
        set_mode(&key, 0o644);
        let mut pty = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &["doctor", "--fix"], &a.env(), &a.projects);
        for word in ["checking", "page", "readable by you alone", "[y/N]"] {
            assert!(pty.waits_for(&[word]), "{word}: {}", pty.text());
        }
        assert_eq!(mode(&key), 0o644, "before the answer");
        pty.types(&format!("{answer}\r"));
        // The network is away.
        assert_eq!(pty.code(), 1, "{}", pty.text());
        assert_eq!(mode(&key), mode_then, "{}", pty.text());
        assert!(!pty.text().contains("checking"), "progress is left: {}", pty.text());
    }
}

#[test]
fn a_newcomer_without_a_key_is_told_how_to_make_one() {
    let a = Device::bare();
    finds(doctor(&a), "key", "warn", &["cclink init"]).exits(&[0]);
    assert!(!a.home.exists(), "a folder was made");
}

#[test]
fn a_key_is_locked_damaged_or_opened() {
    let a = Device::bare();
    a.cmd(&["init"]).env("CCLINK_PASSPHRASE", "open sesame 99").ok();
    finds(doctor(&a), "key", "ok", &["locked"]);
    finds(doctor(&a).env("CCLINK_PASSPHRASE", "open sesame 99"), "key", "ok", &["CCLINK_PASSPHRASE"]);
    let wrong = finds(doctor(&a).env("CCLINK_PASSPHRASE", "sesame"), "key", "fail", &["does not open"]);
    wrong.hides(&["open sesame 99"]);
    fs::write(a.home.join("secret_key"), "half a key").unwrap();
    finds(doctor(&a), "key", "fail", &["damaged", "init --import"]);
}

#[test]
fn a_damaged_journal_is_named_and_moved_aside_when_asked_for() {
    let a = healthy();
    a.publish(&["--ttl", "1h"]);
    let journal = a.home.join("journal.json");
    fs::write(&journal, "{\"handoffs\": [").unwrap();
    finds(doctor(&a), "journal", "fail", &["damaged", "--fix"]);
    assert_eq!(fs::read_to_string(&journal).unwrap(), "{\"handoffs\": [");
    finds(a.cmd(&["doctor", "--fix", "--yes", "--json"]), "journal", "ok", &["damaged-1"]);
    assert!(a.home.join("journal.json.damaged-1").exists());
    finds(doctor(&a), "journal", "ok", &[]);
}

#[test]
fn a_configuration_that_cannot_be_read_is_one_line_among_others() {
    let a = healthy();
    configure(&a, "ttl = \"8h\"\nwbe = \"x\"\n");
    let out = finds(doctor(&a), "config", "fail", &["line 2, column 1"]);
    assert_eq!(line(&out, "dht").0, "ok");
}

#[test]
fn files_that_everybody_can_change_are_closed_when_asked_for() {
    let a = healthy();
    set_mode(&a.home, 0o777);
    finds(doctor(&a), "permissions", "fail", &["chmod go-w"]);
    assert_eq!(mode(&a.home), 0o777);
    finds(a.cmd(&["doctor", "--fix", "--yes", "--json"]), "permissions", "ok", &["fixed"]);
    assert_eq!(mode(&a.home), 0o755);
}

#[test]
fn claude_its_folder_and_its_login_are_looked_for() {
    let a = healthy();
    finds(doctor(&a).env("CCLINK_CLAUDE", "no-claude"), "claude", "fail", &["no-claude", "CCLINK_CLAUDE"]);
    let mute = a.path("mute");
    fs::write(&mute, "#!/bin/sh\nexit 1\n").unwrap();
    set_mode(&mute, 0o755);
    finds(doctor(&a).env("CCLINK_CLAUDE", &mute), "claude", "warn", &["no answer"]);
    let gone = a.path("gone");
    let out = finds(doctor(&a).env("CLAUDE_CONFIG_DIR", &gone), "claude-folder", "warn", &["gone"]);
    assert_eq!(line(&out, "login").0, "warn");
    fs::remove_file(a.claude.join(".credentials.json")).unwrap();
    finds(doctor(&a), "login", "warn", &["logged in", "/login"]).exits(&[0]);
    finds(doctor(&a).env("ANTHROPIC_API_KEY", "sk-secret"), "login", "ok", &["environment"])
        .hides(&["sk-secret"]);
    let account = r#"{"oauthAccount": {"accountUuid": "1", "emailAddress": "dana@example.org"}}"#;
    fs::write(a.claude.join(".claude.json"), account).unwrap();
    fs::write(a.claude.join("settings.json"), "{}").unwrap();
    finds(doctor(&a), "login", "ok", &["dana@example.org"]);
}

#[test]
fn a_dht_that_is_silent_is_told_from_no_network() {
    let mut a = healthy();
    for _ in 0..6 {
        a.publish(&["--link"]);
    }
    a.bootstrap = nowhere();
    let out = finds(doctor(&a), "dht", "fail", &["UDP"]);
    let (state, says) = line(&out, "handoffs");
    assert!(state == "warn" && says.contains("6 active"), "{says}");
    let relayed = || doctor(&a).env("CCLINK_RELAYS", relay(TimeDelta::zero()));
    finds(relayed(), "dht", "warn", &["UDP is blocked", "relay"]);
}

#[test]
fn relays_that_answer_nothing_are_named() {
    let a = healthy();
    let relays = format!("{},{}", relay(TimeDelta::zero()), serve(b"HTTP/1.1 500 Oh No\r\n\r\n".to_vec()));
    let out = finds(doctor(&a).env("CCLINK_RELAYS", relays), "relays", "warn", &["no answer from 127.0.0.1"]);
    assert_eq!(line(&out, "clock").0, "ok", "{}", out.stdout);
}

#[test]
fn a_clock_that_is_an_hour_off_is_said() {
    let a = healthy();
    let by = |ahead: TimeDelta| doctor(&a).env("CCLINK_RELAYS", relay(ahead));
    finds(by(TimeDelta::hours(1)), "clock", "fail", &["behind 127.0.0.1", "Set the clock"]);
    finds(by(TimeDelta::hours(-1)), "clock", "fail", &["1h", "ahead of 127.0.0.1"]);
    finds(by(TimeDelta::minutes(1)), "clock", "ok", &["agrees"]);
    // One relay alone may be wrong.
    let both = format!("{},{}", relay(TimeDelta::hours(9)), relay(TimeDelta::zero()));
    finds(doctor(&a).env("CCLINK_RELAYS", both), "clock", "ok", &["agrees"]);
}

#[test]
fn a_terminal_that_shows_lines_alone_is_said() {
    let a = healthy();
    finds(doctor(&a).env("TERM", "dumb"), "terminal", "warn", &["dumb", "xterm-256color"]).exits(&[0]);
    finds(doctor(&a).without("TERM"), "terminal", "ok", &["not run on one"]);
    finds(doctor(&a).env("LANG", "C"), "unicode", "warn", &["UTF-8"]);
    finds(doctor(&a).env("SSH_TTY", "/dev/pts/1"), "clipboard", "ok", &["over SSH"]);
    finds(doctor(&a).env("TMUX", "/nowhere,1,0"), "clipboard", "ok", &["tmux"]);
}

#[test]
fn programs_that_are_missing_are_named() {
    let a = healthy();
    let bin = a.path("few");
    fs::create_dir(&bin).unwrap();
    let without = || doctor(&a).env("PATH", &bin);
    let out = finds(without(), "git", "warn", &["not installed"]).exits(&[0]);
    assert_eq!(line(&out, "ssh").0, "warn");
    assert_eq!(line(&out, "tmux").0, "ok");
    finds(without().env("TMUX", "/tmp/x,1,0"), "tmux", "warn", &["TMUX"]);
    configure(&a, "[carry]\nway = \"git\"\nssh = \"dana@nas\"\n");
    let out = finds(without(), "git", "fail", &["git remote"]);
    assert_eq!((line(&out, "ssh").0, line(&out, "carry-ssh").0), ("fail".to_owned(), "warn".to_owned()));
    configure(&a, "");
    fs::write(bin.join("git"), "#!/bin/sh\necho git version 2.30.2\n").unwrap();
    set_mode(&bin.join("git"), 0o755);
    finds(without(), "git", "warn", &["2.30.2 is older than 2.31", "Update git", "--carry=folder"]);
    fs::remove_file(bin.join("git")).unwrap();
    if !tool_is_missing("git") {
        let path = std::env::var_os("PATH").unwrap();
        let git = std::env::split_paths(&path).map(|dir| dir.join("git")).find(|git| git.is_file()).unwrap();
        symlink(git, bin.join("git")).unwrap();
        finds(without(), "git", "ok", &["git version"]);
    }
}

#[test]
fn a_carry_folder_that_is_gone_is_named() {
    let a = healthy();
    let shared = a.path("shared");
    configure(&a, &format!("[carry]\nfolder = \"{}\"\n", shared.join("cclink").display()));
    finds(doctor(&a), "carry-folder", "fail", &["does not exist", "Mount"]);
    fs::create_dir(&shared).unwrap();
    finds(doctor(&a), "carry-folder", "ok", &["created"]);
    a.publish(&["--carry=folder", "--yes"]);
    finds(doctor(&a), "carry-folder", "ok", &["shared"]);
    fs::remove_dir_all(shared.join("cclink")).unwrap();
    finds(doctor(&a), "carry-folder", "fail", &["does not exist"]);
}

#[test]
fn what_ended_handoffs_and_crashes_left_is_removed_when_asked_for() {
    let a = healthy();
    let shared = a.path("shared");
    fs::create_dir(&shared).unwrap();
    configure(&a, &format!("[carry]\nfolder = \"{}\"\n", shared.display()));
    a.publish(&["--carry=folder", "--yes", "--ttl", "1h"]);
    let sealed = || fs::read_dir(&shared).unwrap().count();
    finds(doctor(&a), "leftovers", "ok", &[]);
    let half = a.home.join(".cclink-writing-abc");
    fs::write(&half, "half").unwrap();
    finds(doctor(&a).clock(LATER), "leftovers", "warn", &["1 sealed file", "shared", "1 half-written"]);
    assert!(sealed() == 1 && half.exists(), "looking removed something");
    let run = a.cmd(&["doctor", "--fix", "--yes", "--json"]).clock(LATER);
    finds(run, "leftovers", "ok", &["fixed"]);
    assert!(sealed() == 0 && !half.exists(), "something is left");
}

#[test]
fn a_page_that_is_not_ours_or_not_there_is_named() {
    let a = healthy();
    let html = a.cmd(&["web"]).ok().stdout;
    configure(&a, &format!("web = \"{}\"\n", page(&html)));
    finds(doctor(&a), "page", "ok", &["is the page of this cclink"]);
    configure(&a, &format!("web = \"{}\"\n", page("<p>hello</p>")));
    finds(doctor(&a), "page", "fail", &["not the page", "cclink web --out"]);
    configure(&a, "web = \"http://127.0.0.1:1/\"\n");
    finds(doctor(&a), "page", "fail", &["does not answer", "`web`"]);
}

#[test]
fn what_never_answers_holds_nothing_up() {
    let a = healthy();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    configure(&a, &format!("web = \"{url}\"\n"));
    let out = finds(doctor(&a).env("CCLINK_RELAYS", &url), "page", "fail", &["no answer"]);
    assert_eq!((line(&out, "relays").0.as_str(), line(&out, "key").0.as_str()), ("warn", "ok"));
    assert!(out.took < Duration::from_secs(20), "{:?}", out.took);
    let value: Value = out.json();
    assert_eq!(value.as_object().unwrap().len(), 1, "checks and nothing else");
}

//! Picking up over the user's own SSH: a real `sshd` on 127.0.0.1.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;

use crate::support::{Device, Session, Sshd, text, until};

/// The machine where sessions live: its home as sshd shows it.
pub fn origin() -> Option<(Device, Sshd)> {
    let a = Device::new();
    symlink(&a.claude, a.path("user/.claude")).unwrap();
    let sshd = Sshd::start(&a.path("user"))?;
    Some((a, sshd))
}

/// Another device of the same person, to which `sshd` lets them in.
pub fn reader(a: &Device, sshd: &Sshd) -> Device {
    let b = Device::copy_of(a);
    let paths = format!("[paths]\n{:?} = {:?}\n", a.projects.display(), b.projects.display());
    sshd.configure(&b, &paths);
    b
}

pub fn sha256(path: &Path) -> String {
    let out = Command::new("sha256sum").arg(path).output().unwrap();
    String::from_utf8(out.stdout).unwrap().split_whitespace().next().unwrap().to_owned()
}

/// Lengthens a session's transcript to about `size` bytes.
pub fn grow(session: &Session, size: usize) {
    use std::io::Write;
    let turn = session.more().at("2026-11-20T10:01:00.000Z").says("more").at("2026-11-20T10:01:05.000Z");
    let line = turn.answers(&"word ".repeat(20_000)).to_string();
    let mut file = fs::OpenOptions::new().append(true).open(&session.path).unwrap();
    for _ in 0..size / line.len() {
        file.write_all(line.as_bytes()).unwrap();
    }
}

pub fn transcripts(device: &Device) -> Vec<PathBuf> {
    crate::support::device::walk(&device.claude).into_iter().filter(|path| path.is_file()).collect()
}

#[test]
fn a_terminal_there_runs_claude_by_its_recorded_path() {
    let Some((a, sshd)) = origin() else { return };
    let b = reader(&a, &sshd);
    let session = a.session("it's a; project $(touch x)", "Over there");
    let published = a.publish_session(&session, &["--ssh", &sshd.address()]);
    let plans = b.json(&["pickup", text(&published, "token")])["plans"].clone();
    assert_eq!(plans[0]["kind"], "ssh", "{plans:#}");
    // Over SSH a Mac's keychain is locked: what claude would say then, and the cures.
    let notes = plans[0]["notes"].to_string();
    for words in ["Not logged in", "/login", "CLAUDE_CODE_OAUTH_TOKEN"] {
        assert!(notes.contains(words), "{words}: {plans:#}");
    }
    let out = b.cmd(&["pickup", text(&published, "token"), "--plan", "ssh"]).output();
    let started = a.claude_started().unwrap_or_else(|| panic!("{}\n{}", out.stderr, sshd.log()));
    assert_eq!(started.cwd, session.project);
    assert_eq!(started.args, ["--resume", &session.id]);
    assert!(!session.project.join("x").exists() && !a.path("user/x").exists());
}

#[test]
fn claude_is_found_where_it_usually_is() {
    let Some((a, sshd)) = origin() else { return };
    let b = reader(&a, &sshd);
    let session = a.session("uploader", "Over there");
    let bin = a.path("user/.local/bin");
    fs::create_dir_all(&bin).unwrap();
    fs::rename(a.fake_claude(), bin.join("claude")).unwrap();
    let published = a.publish_session(&session, &["--ssh", &sshd.address()]);
    b.cmd(&["pickup", text(&published, "token"), "--plan", "ssh"]).output();
    assert_eq!(a.claude_started().expect("claude ran there").args, ["--resume", &session.id]);
}

#[test]
fn cclink_there_settles_where_and_how() {
    let Some((a, sshd)) = origin() else { return };
    let b = reader(&a, &sshd);
    let session = a.session("uploader", "Over there");
    let bin = a.path("user/.local/bin");
    fs::create_dir_all(&bin).unwrap();
    symlink(env!("CARGO_BIN_EXE_cclink"), bin.join("cclink")).unwrap();
    let published = a.publish_session(&session, &["--ssh", &sshd.address()]);
    let out = b.cmd(&["pickup", text(&published, "token"), "--plan", "ssh"]).output();
    // No `claude` is on the PATH of that shell: cclink there takes the recorded one.
    let started = a.claude_started().unwrap_or_else(|| panic!("{}\n{}", out.stderr, sshd.log()));
    assert_eq!((started.cwd, started.args), (session.project, vec!["--resume".to_owned(), session.id]));
    assert!(out.stderr.contains("not to be logged in"), "cclink there says what it knows: {}", out.stderr);
}

#[test]
fn a_burning_handoff_is_not_taken_when_its_machine_does_not_answer() {
    let Some((a, sshd)) = origin() else { return };
    let b = reader(&a, &sshd);
    let session = a.session("uploader", "Over there");
    let published = a.publish_session(&session, &["--burn", "--ssh", &sshd.address()]);
    drop(sshd);
    let token = text(&published, "token");
    b.cmd(&["pickup", token, "--plan", "ssh"]).fails(1).says(&["Nothing was picked up"]);
    b.cmd(&["pickup", token, "--plan", "bring"]).fails(1).says(&["cannot be reached over SSH"]);
    assert_eq!(b.json(&["pickup", token])["burned"], true);
}

#[test]
fn it_is_brought_here_byte_for_byte() {
    let Some((a, sshd)) = origin() else { return };
    let b = reader(&a, &sshd);
    let session = a.session("uploader", "Bring me");
    let side = session.path.with_extension("");
    fs::create_dir_all(side.join("tool-results")).unwrap();
    fs::write(side.join("tool-results/one.txt"), "large").unwrap();
    fs::write(side.join("resume-head.jsonl"), "a cache").unwrap();
    fs::create_dir_all(a.claude.join("sessions")).unwrap();
    fs::write(a.claude.join("sessions/1.key"), "secret").unwrap();
    let here = b.project("uploader");
    let published = a.publish_session(&session, &["--burn", "--ssh", &sshd.address()]);
    // Both devices share this machine; on another one the path is not there.
    fs::remove_dir_all(&session.project).unwrap();
    let out = b.cmd(&["pickup", text(&published, "token"), "--plan", "bring"]).ok();
    assert!(out.stderr.contains("secrets included"), "it is said before: {}", out.stderr);
    let started = b.claude_started().expect("claude ran here");
    assert_eq!(
        (started.cwd, started.args),
        (here.canonicalize().unwrap(), vec!["--resume".to_owned(), session.id.clone()])
    );
    let found = b.json(&["sessions", "--all"]);
    let path = PathBuf::from(text(&found[0], "path"));
    assert_eq!(sha256(&path), sha256(&session.path));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let taken = fs::metadata(&path).unwrap().modified().unwrap();
    assert!(
        taken.elapsed().unwrap() < Duration::from_mins(10),
        "its time is now: Claude Code sweeps old files"
    );
    let beside = path.with_extension("");
    assert_eq!(fs::read_to_string(beside.join("tool-results/one.txt")).unwrap(), "large");
    assert!(!beside.join("resume-head.jsonl").exists());
    assert!(!transcripts(&b).iter().any(|path| path.extension().is_some_and(|e| e == "key" || e == "tmp")));
    assert!(!b.home.join("bring").join(format!("{}.part", session.id)).exists());
    // It is ours alone now, and bringing it twice changes nothing.
    b.cmd(&["pickup", text(&published, "token")]).fails(3);
    b.cmd(&["resume", &session.id]).ok();
    assert_eq!(
        transcripts(&b).iter().filter(|path| path.extension().is_some_and(|e| e == "jsonl")).count(),
        1
    );
}

#[test]
fn what_this_device_took_it_can_still_bring() {
    let Some((a, sshd)) = origin() else { return };
    let (b, c) = (reader(&a, &sshd), reader(&a, &sshd));
    let here = b.project("uploader");
    let session = a.session("uploader", "Bring me");
    let take = |args: &[&str]| {
        let published = a.publish_session(&session, &["--burn", "--ssh", &sshd.address()]);
        let token = text(&published, "token").to_owned();
        let answer = b.cmd(&[&["pickup", token.as_str()], args].concat()).ok();
        (token, answer)
    };
    // Both devices share this machine; on another one the path is not there.
    let (token, printed) = take(&["--print", "--plan", "bring"]);
    assert!(printed.stdout.contains(&token), "{}", printed.stdout);
    c.cmd(&["pickup", &token]).fails(3).says(&["already picked up"]);
    let (token, answer) = take(&["--json"]);
    let plans = answer.json()["plans"].clone();
    let bring = plans.as_array().unwrap().iter().find(|plan| plan["kind"] == "bring").unwrap().clone();
    assert_eq!(bring["ready"], true, "{plans:#}");
    b.cmd(&["pickup", &token]).fails(3).says(&["already picked up"]);
    c.cmd(&["pickup", &token, "--plan", "bring"]).fails(3).says(&["already picked up"]);
    // As the plan says.
    fs::remove_dir_all(&session.project).unwrap();
    let words: Vec<&str> =
        bring["command"].as_array().unwrap()[1..].iter().map(|word| word.as_str().unwrap()).collect();
    b.cmd(&words).ok();
    let started = b.claude_started().expect("claude ran here");
    assert_eq!(
        (started.cwd, started.args),
        (here.canonicalize().unwrap(), vec!["--resume".to_owned(), session.id])
    );
}

#[test]
fn each_audience_can_run_its_plan_to_bring() {
    // By its token no link, PIN or share of somebody new is found.
    let Some((a, sshd)) = origin() else { return };
    let b = Device::new();
    sshd.configure(&b, "");
    let (key, pin) = (b.public_key(), "tree-lamp 42 under the stairs");
    for audience in ["--link".to_owned(), format!("--pin={pin}"), format!("--share={key}")] {
        let session = a.session("uploader", "Bring me");
        let published = a.publish_session(&session, &[&audience, "--ssh", &sshd.address()]);
        let link = text(&published, "link");
        let asks = if audience.starts_with("--pin") { &["--pin"][..] } else { &[] };
        let found = b.cmd(&["pickup", link, "--json"]).args(asks).pin(pin).ok().json();
        let plans = found["plans"].as_array().unwrap();
        let bring = plans.iter().find(|plan| plan["kind"] == "bring").unwrap_or_else(|| panic!("{found:#}"));
        let all: Vec<&str> =
            bring["command"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        assert_eq!(all.contains(&link), audience != "--link", "a link that holds a secret is not shown");
        b.cmd(&all[1..]).pin(pin).stdin(link).ok();
        assert_eq!(b.claude_started().expect(&audience).args, ["--resume", &session.id]);
    }
}

#[test]
fn brought_into_a_folder_that_is_there_it_is_not_put_inside() {
    let Some((a, sshd)) = origin() else { return };
    let b = reader(&a, &sshd);
    let session = a.session("uploader", "Bring me again");
    let side = session.path.with_extension("");
    fs::create_dir_all(side.join("subagents")).unwrap();
    fs::write(side.join("subagents/agent-a0b16c2803b151cdc.jsonl"), "{}\n").unwrap();
    b.project("uploader");
    let published = a.publish_session(&session, &["--ssh", &sshd.address()]);
    fs::remove_dir_all(&session.project).unwrap();
    let bring = || b.cmd(&["pickup", text(&published, "token"), "--plan", "bring"]).ok();
    bring();
    let first = transcripts(&b);
    // The transcript goes, what stood beside it stays.
    fs::remove_file(text(&b.json(&["sessions", "--all"])[0], "path")).unwrap();
    bring();
    assert_eq!(transcripts(&b), first);
    assert_eq!(first.len(), 2, "{first:?}");
}

#[test]
fn an_interrupted_copy_goes_on_where_it_stopped() {
    let Some((a, sshd)) = origin() else { return };
    let b = reader(&a, &sshd);
    let session = a.session("uploader", "A long one");
    grow(&session, 60 * 1024 * 1024);
    b.project("uploader");
    let published = a.publish_session(&session, &["--ssh", &sshd.address()]);
    let part = b.home.join("bring").join(format!("{}.part", session.id));
    let length = || fs::metadata(&part).map_or(0, |meta| meta.len());
    for stop_at in [4, 20, 40].map(|mb| mb * 1024 * 1024) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cclink"))
            .args(["pickup", text(&published, "token"), "--plan", "bring"])
            .env_clear()
            .envs(b.env())
            .current_dir(&b.projects)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until("enough of it to interrupt", Duration::from_secs(30), || {
            (length() >= stop_at || child.try_wait().unwrap().is_some()).then_some(())
        });
        let _ = child.kill();
        child.wait().unwrap();
        assert!(transcripts(&b).is_empty(), "nothing half lies in Claude's folder");
        assert!(length() >= stop_at, "what came is kept: {}", length());
    }
    b.cmd(&["pickup", text(&published, "token"), "--plan", "bring"]).ok();
    let found = b.json(&["sessions"]);
    assert_eq!(sha256(Path::new(text(&found[0], "path"))), sha256(&session.path));
}

#[test]
fn a_session_that_is_open_there_comes_up_to_its_last_turn() {
    let Some((a, sshd)) = origin() else { return };
    let b = reader(&a, &sshd);
    b.project("uploader");
    let session = a.session("uploader", "Still open");
    let published = a.publish_session(&session, &["--ssh", &sshd.address()]);
    let done = fs::metadata(&session.path).unwrap().len();
    // The next turn has begun, and a claude there says that it holds it.
    session.grows(|more| more.at("2026-11-20T10:02:00.000Z").says("and now"));
    fs::create_dir_all(a.claude.join("sessions")).unwrap();
    let live = json!({"pid": 1, "sessionId": session.id, "kind": "interactive"});
    fs::write(a.claude.join("sessions/1.json"), live.to_string()).unwrap();
    let out = b.cmd(&["pickup", text(&published, "token"), "--plan", "bring"]).ok();
    assert!(out.stderr.contains("last complete turn"), "{}", out.stderr);
    let path = PathBuf::from(text(&b.json(&["sessions"])[0], "path"));
    // The title line behind the answer is no turn of its own.
    let brought = fs::metadata(&path).unwrap().len();
    assert!(brought <= done && brought > 0, "{brought} of {done}");
}

#[test]
fn another_machine_at_the_address_is_noticed() {
    let Some((a, sshd)) = origin() else { return };
    let b = reader(&a, &sshd);
    b.project("uploader");
    let session = a.session("uploader", "The real one");
    let published = a.publish_session(&session, &["--ssh", &sshd.address()]);
    // The same id with another conversation of the same length.
    let other = fs::read_to_string(&session.path).unwrap().replace("PURPLE", "YELLOW");
    fs::write(&session.path, other).unwrap();
    b.cmd(&["pickup", text(&published, "token"), "--plan", "bring"])
        .fails(1)
        .says(&["not what was published"]);
    assert!(transcripts(&b).is_empty());
}

#[test]
fn the_way_that_brings_works_after_it_was_printed() {
    let Some((a, sshd)) = origin() else { return };
    let b = reader(&a, &sshd);
    b.project("uploader");
    let session = a.session("uploader", "Bring me");
    let published = a.publish_session(&session, &["--burn", "--ssh", &sshd.address()]);
    fs::remove_dir_all(&session.project).unwrap();
    let token = text(&published, "token");
    let out = b.cmd(&["pickup", token, "--plan", "bring", "--print"]).ok();
    let words = shlex::split(out.stdout.trim_end()).expect("a command");
    assert_eq!(words[1..], ["pickup", token, "--plan", "bring"], "{words:?}");
    let args: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    b.cmd(&args).ok();
    assert_eq!(b.claude_started().expect("claude ran here").args, ["--resume", &session.id]);
}

#[test]
fn what_runs_in_the_background_there_is_attached_to() {
    let Some((a, sshd)) = origin() else { return };
    let b = reader(&a, &sshd);
    let session = a.session("uploader", "In the background");
    a.hold(&session, std::process::id(), "busy", "bg");
    let published = a.publish_session(&session, &["--ssh", &sshd.address()]);
    let bin = a.path("user/.local/bin");
    fs::create_dir_all(&bin).unwrap();
    for with_cclink in [false, true] {
        if with_cclink {
            symlink(env!("CARGO_BIN_EXE_cclink"), bin.join("cclink")).unwrap();
        }
        let _ = fs::remove_file(a.path("claude-was-started"));
        let out = b.cmd(&["pickup", text(&published, "token"), "--plan", "ssh"]).output();
        let started = a.claude_started().unwrap_or_else(|| panic!("{}\n{}", out.said(), sshd.log()));
        assert_eq!(started.args, ["attach", &session.id[..8]], "with cclink there: {with_cclink}");
    }
}

#[test]
fn another_account_is_said_before_claude_starts() {
    let Some((a, sshd)) = origin() else { return };
    let b = reader(&a, &sshd);
    b.project("uploader");
    let state = |id: &str, email: &str| {
        serde_json::json!({"oauthAccount": {"accountUuid": id, "emailAddress": email}}).to_string()
    };
    let (at_a, at_b) = (a.claude.join(".claude.json"), b.claude.join(".claude.json"));
    fs::create_dir_all(&b.claude).unwrap();
    fs::write(&at_a, state("1", "ada@example.org\u{1b}[2J")).unwrap();
    for (ours, told) in
        [(state("2", "bob@example.org"), true), (state("1", "x"), false), ("{}".to_owned(), false)]
    {
        fs::write(&at_b, ours).unwrap();
        let session = a.session("uploader", "Whose is it");
        let published = a.publish_session(&session, &["--ssh", &sshd.address()]);
        let out = b.cmd(&["pickup", text(&published, "token"), "--plan", "bring"]).ok();
        let words = "logged in as bob@example.org here and as ada@example.org there";
        assert_eq!(out.stderr.contains(words), told, "{}", out.stderr);
        assert_eq!(out.stderr.contains("logged in as"), told, "{}", out.stderr);
    }
}

//! The machine where a session lives stops answering, at whatever step: nothing
//! hangs, what came is kept, and nothing half lies in Claude's folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::support::relay::{Behaviour, Relay, write_program};
use crate::support::{Device, Run, Session, rounds, text, until};
use crate::transfer::arrive::put;
use crate::transfer::ssh::{grow, sha256, transcripts};

/// The other machine is given up after so many seconds here.
const STALL: &str = "2";
/// The kinds of SFTP's requests that bringing needs.
const REQUESTS: [(u8, &str); 9] = [
    (1, "init"),
    (3, "open"),
    (5, "read"),
    (7, "lstat"),
    (11, "opendir"),
    (12, "readdir"),
    (17, "stat"),
    (19, "readlink"),
    // The limits of the other side; its home folder.
    (200, "extended"),
];

/// A session on A that needs every kind of request, and its handoff.
pub struct There {
    pub a: Device,
    pub session: Session,
    token: String,
}

impl There {
    pub fn new() -> Self {
        let a = Device::new();
        std::os::unix::fs::symlink(&a.claude, a.path("user/.claude")).unwrap();
        let session = a.session("uploader", "There");
        grow(&session, 700_000);
        put(&session.path.with_extension("").join("tool-results/one.txt"), "large");
        put(&a.claude.join(format!("file-history/{}/88d04c424ec0177c@v1", session.id)), "checkpoint");
        // It is open: its process is looked at.
        a.hold(&session, std::process::id(), "idle", "interactive");
        let published = a.publish_session(&session, &["--ssh", "ada@far"]);
        let token = text(&published, "token").to_owned();
        Self { a, session, token }
    }

    pub fn reader(&self) -> Device {
        let b = Device::copy_of(&self.a);
        let paths = format!("[paths]\n{:?} = {:?}\n", self.a.projects.display(), b.projects.display());
        fs::write(b.home.join("config.toml"), paths).unwrap();
        b.project("uploader");
        b
    }

    /// Brings it to B by the `ssh` on this path.
    pub fn bring(&self, b: &Device, path: &str) -> Run {
        let run = b.cmd(&["pickup", &self.token, "--plan", "bring"]);
        run.env("PATH", path).env("CCLINK_TEST_STALL", STALL).within(Duration::from_secs(20))
    }

    pub fn start(&self, b: &Device, path: &str) -> Child {
        Command::new(env!("CARGO_BIN_EXE_cclink"))
            .args(["pickup", &self.token, "--plan", "bring"])
            .env_clear()
            .envs(b.env())
            .env("PATH", path)
            .current_dir(&b.projects)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// The first and the last request of each kind, in a bring that nothing stops.
    fn steps(&self, relay: &Relay) -> BTreeMap<usize, &'static str> {
        let b = self.reader();
        self.bring(&b, &relay.path()).ok();
        let asked = relay.asked();
        let mut steps = BTreeMap::new();
        for (kind, name) in REQUESTS {
            let first = asked.iter().position(|asked| *asked == kind);
            let last = asked.iter().rposition(|asked| *asked == kind);
            assert!(first.is_some(), "`{name}` is never asked: {asked:?}");
            steps.extend(first.into_iter().chain(last).map(|at| (at, name)));
        }
        steps
    }
}

fn parts(b: &Device) -> Vec<PathBuf> {
    let mut files = b.files();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "part"));
    files
}

#[test]
fn silence_at_any_step_is_an_end_in_words() {
    let there = There::new();
    let Some(relay) = Relay::start(&there.a.path("user")) else { return };
    let steps: Vec<_> = there.steps(&relay).into_iter().collect();
    let with_a_part = Mutex::new(0);
    rounds(steps.len(), 3, |round| {
        let (at, name) = steps[round];
        let relay = Relay::start(&there.a.path("user")).unwrap();
        relay.behave(Behaviour { silent_at: Some(at), ..Behaviour::default() });
        let b = there.reader();
        let began = Instant::now();
        let silence = format!("The other machine has sent nothing for {STALL} s.");
        let out = there.bring(&b, &relay.path()).fails(1).says(&[&silence, "What was copied is kept"]);
        println!("request {at} ({name}): {:?}", began.elapsed());
        assert!(relay.asked().len() > at, "{name}: it was never asked\n{}", out.said());
        assert!(transcripts(&b).is_empty(), "{name}: {:?}", transcripts(&b));
        *with_a_part.lock().unwrap() += parts(&b).len();
        if round % 4 == 0 {
            relay.behave(Behaviour::default());
            there.bring(&b, &relay.path()).ok();
            let brought = text(&b.json(&["sessions"])[0], "path").to_owned();
            assert_eq!(sha256(brought.as_ref()), sha256(&there.session.path), "{name}");
            assert!(parts(&b).is_empty(), "{name}");
        }
    });
    assert!(*with_a_part.lock().unwrap() > 2, "what came is kept");
}

#[test]
fn what_came_beside_it_is_not_fetched_again() {
    let there = There::new();
    let Some(relay) = Relay::start(&there.a.path("user")) else { return };
    let results = there.session.path.with_extension("").join("tool-results");
    for name in ["two.txt", "three.txt", "goes.txt", "turns", "changes.txt"] {
        put(&results.join(name), name);
    }
    let b = there.reader();
    let opened = || relay.asked().into_iter().map(u32::from).filter(|asked| *asked == 3).count();
    there.bring(&b, &relay.path()).ok();
    let all = opened();
    // Its last request is about the memory, behind all files.
    let last = relay.asked().len() - 1;
    let b = there.reader();
    relay.behave(Behaviour { silent_at: Some(last), ..Behaviour::default() });
    there.bring(&b, &relay.path()).fails(1).says(&["What was copied is kept"]);
    // Meanwhile one goes, one changes, and one becomes a folder.
    fs::remove_file(results.join("goes.txt")).unwrap();
    fs::remove_file(results.join("turns")).unwrap();
    put(&results.join("turns/into.txt"), "folder");
    put(&results.join("changes.txt"), "changed, and longer");
    relay.behave(Behaviour::default());
    there.bring(&b, &relay.path()).ok();
    // One more to compare the end of the transcript.
    assert!(opened() + 4 <= all, "{} of {all} files were opened", opened());
    let brought = PathBuf::from(text(&b.json(&["sessions"])[0], "path"));
    let here = brought.with_extension("").join("tool-results");
    let read = |name: &str| fs::read_to_string(here.join(name)).unwrap_or_default();
    let now = ["one.txt", "two.txt", "three.txt", "goes.txt", "turns/into.txt", "changes.txt"].map(read);
    assert_eq!(now, ["large", "two.txt", "three.txt", "", "folder", "changed, and longer"]);
}

#[test]
fn an_answer_that_is_shorter_than_was_asked_for_leaves_no_hole() {
    let there = There::new();
    let large = "0123456789".repeat(70_000);
    put(&there.session.path.with_extension("").join("tool-results/large.txt"), &large);
    let Some(relay) = Relay::start(&there.a.path("user")) else { return };
    relay.behave(Behaviour { halves: true, ..Behaviour::default() });
    let b = there.reader();
    there.bring(&b, &relay.path()).ok();
    let brought = PathBuf::from(text(&b.json(&["sessions"])[0], "path"));
    assert_eq!(sha256(&brought), sha256(&there.session.path));
    let beside = fs::read_to_string(brought.with_extension("").join("tool-results/large.txt")).unwrap();
    assert!(beside == large, "{} bytes", beside.len());
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), signal).unwrap();
}

/// Ends it with Ctrl-C, or politely; what it said.
fn stop(child: Child, signal: Signal) -> String {
    let mut child = child;
    send(&child, signal);
    // A second, and what a busy machine takes.
    until("its end", Duration::from_secs(2), || child.try_wait().unwrap());
    let out = child.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(1), "{out:?}");
    String::from_utf8(out.stderr).unwrap()
}

#[test]
fn it_can_be_stopped_while_the_other_machine_is_silent() {
    let there = There::new();
    let Some(relay) = Relay::start(&there.a.path("user")) else { return };
    let steps: Vec<_> = there.steps(&relay).into_iter().collect();
    rounds(steps.len(), 2, |round| {
        let (at, name) = steps[round];
        let relay = Relay::start(&there.a.path("user")).unwrap();
        relay.behave(Behaviour { silent_at: Some(at), ..Behaviour::default() });
        let b = there.reader();
        let child = there.start(&b, &relay.path());
        until(name, Duration::from_secs(20), || (relay.asked().len() > at).then_some(()));
        let said = stop(child, if round % 2 == 0 { Signal::INT } else { Signal::TERM });
        assert!(said.contains("Cancelled"), "{name}: {said}");
        assert!(transcripts(&b).is_empty(), "{name}");
    });
}

/// Where the other machine went away, ssh hears nothing, not even that we have gone.
#[test]
fn no_ssh_stays_behind_it() {
    let there = There::new();
    let b = there.reader();
    let bin = b.path("deaf");
    fs::create_dir(&bin).unwrap();
    let pid = b.path("pid");
    write_program(&bin.join("ssh"), &format!("#!/bin/sh\necho $$ > '{}'\nexec sleep 60\n", pid.display()));
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let started = || fs::read_to_string(&pid).ok()?.trim().parse().ok().and_then(Pid::from_raw);
    let gone = |ssh: Pid| until("ssh to go", Duration::from_secs(5), || test_kill_process(ssh).err());
    let child = there.start(&b, &path);
    let ssh = until("ssh", Duration::from_secs(20), started);
    stop(child, Signal::INT);
    gone(ssh);
    fs::remove_file(&pid).unwrap();
    there.bring(&b, &path).fails(1).says(&["has sent nothing for"]);
    gone(started().unwrap());
}

#[test]
fn what_is_no_sftp_is_said() {
    let there = There::new();
    let b = there.reader();
    let bin = b.path("chatty");
    fs::create_dir(&bin).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    // It keeps its line open.
    write_program(&bin.join("ssh"), "#!/bin/sh\necho 'Welcome to far!'\nexec sleep 60\n");
    there.bring(&b, &path).fails(1).says(&["not with SFTP", "start-up file"]);
    write_program(&bin.join("ssh"), "#!/bin/sh\necho 'ssh: no route to host' >&2\nexit 255\n");
    there.bring(&b, &path).fails(1).says(&["cannot be reached over SSH: ssh: no route to host."]);
}

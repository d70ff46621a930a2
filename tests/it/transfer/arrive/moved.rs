//! What becomes of a session while the user waits for its turn to end.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Pair, put, say};
use crate::support::{Pty, text};
use crate::transfer::ssh::{sha256, transcripts};

/// B waits for a turn that runs on A.
struct Waiting {
    pair: Pair,
    pty: Pty,
    claude: Child,
    record: PathBuf,
}

impl Waiting {
    fn new() -> Option<Self> {
        let mut waiting = Self::asked()?;
        waiting.pty.types("1\r");
        assert!(waiting.pty.waits_for(&["waiting for the turn"]), "{}", waiting.pty.said());
        Some(waiting)
    }

    /// B is asked whether to.
    fn asked() -> Option<Self> {
        let pair = Pair::new()?;
        fs::remove_file(&pair.here).unwrap();
        let session = &pair.session;
        say(&session.path, session, "LONELY-HERON", 34);
        session.grows(|more| more.at("2026-11-20T14:40:00.000Z").says("go"));
        let claude = Command::new("sleep").arg("600").stdin(Stdio::null()).spawn().unwrap();
        let record = pair.a.claude.join(format!("sessions/{}.json", claude.id()));
        put(&record, &Self::says(claude.id(), &session.id, "busy").to_string());
        let published = pair.a.publish_session(session, &["--ssh", &pair.sshd.address()]);
        let words = ["pickup", text(&published, "token"), "--plan", "bring"];
        let mut pty = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &words, &pair.b.env(), &pair.b.projects);
        assert!(pty.waits_for(&["in the middle of a turn", "Which one?"]), "{}", pty.said());
        Some(Self { pair, pty, claude, record })
    }

    fn says(pid: u32, id: &str, status: &str) -> Value {
        json!({"pid": pid, "sessionId": id, "kind": "interactive", "status": status})
    }

    /// The turn ends; how the bring does.
    fn ends(&mut self) -> (u32, String) {
        fs::write(&self.record, Self::says(self.claude.id(), &self.pair.session.id, "idle").to_string())
            .unwrap();
        (self.pty.code(), self.pty.said())
    }

    fn answered(&self, path: &Path) {
        say(path, &self.pair.session, "QUIET-BADGER", 41);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = self.claude.kill();
        let _ = self.claude.wait();
    }
}

#[test]
fn ctrl_c_ends_the_question_and_the_waiting() {
    for waits in [false, true] {
        let Some(mut waiting) = (if waits { Waiting::new() } else { Waiting::asked() }) else { return };
        waiting.pty.types("\x03");
        let pressed = Instant::now();
        assert_eq!(waiting.pty.code(), 1, "{}", waiting.pty.said());
        // A second, and what a busy machine takes.
        assert!(pressed.elapsed() < Duration::from_secs(2), "{:?}", pressed.elapsed());
        assert!(waiting.pty.said().contains("Cancelled"), "{}", waiting.pty.said());
        assert!(transcripts(&waiting.pair.b).is_empty());
    }
}

#[test]
fn it_is_found_where_it_has_moved_to() {
    let Some(mut waiting) = Waiting::new() else { return };
    // As when the work in a worktree is kept.
    let elsewhere =
        waiting.pair.a.claude.join("projects/-another-folder").join(waiting.pair.here.file_name().unwrap());
    fs::create_dir_all(elsewhere.parent().unwrap()).unwrap();
    fs::rename(&waiting.pair.session.path, &elsewhere).unwrap();
    waiting.answered(&elsewhere);
    put(&elsewhere.with_extension("").join("tool-results/late.txt"), "late");
    let (code, said) = waiting.ends();
    assert_eq!(code, 0, "{said}");
    assert_eq!(sha256(&waiting.pair.here), sha256(&elsewhere));
    assert!(waiting.pair.here.with_extension("").join("tool-results/late.txt").exists());
}

#[test]
fn one_that_is_gone_by_then_is_said_to_be() {
    let Some(mut waiting) = Waiting::new() else { return };
    fs::remove_file(&waiting.pair.session.path).unwrap();
    let (code, said) = waiting.ends();
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("no longer in"), "{said}");
    assert!(transcripts(&waiting.pair.b).is_empty());
}

#[test]
fn one_that_is_shorter_by_then_is_not_what_was_published() {
    let Some(mut waiting) = Waiting::new() else { return };
    fs::OpenOptions::new().write(true).open(&waiting.pair.session.path).unwrap().set_len(200).unwrap();
    let (code, said) = waiting.ends();
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("lacks messages that were published"), "{said}");
    assert!(transcripts(&waiting.pair.b).is_empty());
}

#[test]
fn one_that_goes_on_under_another_id_says_so() {
    let Some(mut waiting) = Waiting::new() else { return };
    let session = waiting.pair.session.path.clone();
    waiting.answered(&session);
    let next = crate::support::session::new_id();
    let there = &waiting.pair.session;
    there.grows(|more| more.state("continued-in", "continuedInSessionId", next.as_str()));
    let (code, said) = waiting.ends();
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("it continued there as another session") && said.contains(&next), "{said}");
    assert_eq!(sha256(&waiting.pair.here), sha256(&session));
    waiting.pair.bring(&[]).ok().says(&["it was already here, complete", &next]);
}

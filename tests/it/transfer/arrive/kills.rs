//! Killed at any moment, or two at once: the old one or the whole new one.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Pair, put, say};
use crate::support::{at_once, text, until};
use crate::transfer::ssh::{grow, sha256};

/// How often; the whole number takes minutes.
fn count() -> usize {
    std::env::var("CCLINK_TEST_KILLS").ok().and_then(|count| count.parse().ok()).unwrap_or(6)
}

fn start(pair: &Pair, token: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_cclink"))
        .args(["pickup", token, "--plan", "bring", "--yes"])
        .env_clear()
        .envs(pair.b.env())
        .current_dir(&pair.b.projects)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// A number below `below`, another each time.
fn random(below: u128) -> u64 {
    u64::try_from(uuid::Uuid::new_v4().as_u128() % below).unwrap()
}

/// Kills a bring again and again.
fn killed_again_and_again(pair: &Pair, count: usize) {
    // Both went on: the longest way there is.
    grow(&pair.session, 3_000_000);
    say(&pair.session.path, &pair.session, "LONELY-HERON", 30);
    say(&pair.here, &pair.session, "QUIET-BADGER", 40);
    let agent = |transcript: &Path| transcript.with_extension("").join("subagents/agent-1.jsonl");
    put(&agent(&pair.session.path), &"{\"there\":1}\n".repeat(20_000));
    put(&agent(&pair.here), "{\"here\":1}\n");
    let old = fs::read(&pair.here).unwrap();
    let published = pair.a.publish_session(&pair.session, &["--ssh", &pair.sshd.address()]);
    let token = text(&published, "token");
    let theirs = sha256(&pair.session.path);
    let old_file = pair.b.path("old");
    fs::write(&old_file, &old).unwrap();
    let ours = sha256(&old_file);
    let again = || {
        for path in pair.sessions() {
            let _ = fs::remove_dir_all(path.with_extension(""));
            fs::remove_file(path).unwrap();
        }
        fs::write(&pair.here, &old).unwrap();
        put(&agent(&pair.here), "{\"here\":1}\n");
    };
    let whole = || {
        pair.b.cmd(&["pickup", token, "--plan", "bring", "--yes"]).ok();
        assert_eq!(sha256(&pair.here), theirs);
        assert_eq!(fs::read(pair.copy()).unwrap().len(), old.len());
        assert!(fs::read_to_string(agent(&pair.copy())).unwrap().contains("here"));
        assert!(fs::read_to_string(agent(&pair.here)).unwrap().contains("there"));
        for words in ["LONELY-HERON", "QUIET-BADGER"] {
            pair.finds(words);
        }
        pair.is_clean();
    };
    let lock = pair.b.home.join("bring").join(format!("{}.lock", pair.session.id));
    let first = Instant::now();
    whole();
    let takes = first.elapsed();
    again();
    let (mut swapped, mut killed) = (0, 0);
    for round in 0..count {
        let _ = fs::remove_file(&lock);
        let mut child = start(pair, token);
        // From where it begins to touch anything until after its end.
        let mut locked = || lock.exists() || child.try_wait().unwrap().is_some();
        until("the bring to begin", Duration::from_mins(1), || locked().then_some(()));
        let wait = Duration::from_millis(random(takes.as_millis() / 2 + 1));
        let begun = Instant::now();
        until("the moment", Duration::from_mins(1), || {
            (begun.elapsed() >= wait || child.try_wait().unwrap().is_some()).then_some(())
        });
        killed += usize::from(child.try_wait().unwrap().is_none());
        let _ = child.kill();
        child.wait().unwrap();
        let now = sha256(&pair.here);
        assert!(now == ours || now == theirs, "round {round}: half of it");
        if now == theirs {
            swapped += 1;
            assert_eq!(fs::read(pair.copy()).unwrap().len(), old.len(), "round {round}");
        }
        if now == theirs || round % 10 == 9 || round + 1 == count {
            whole();
            again();
        }
    }
    println!("killed {killed} of {count}; {swapped} had the new one in place by then");
}

#[test]
fn a_kill_at_any_moment_leaves_the_old_one_or_the_whole_new_one() {
    let Some(pair) = Pair::new() else { return };
    killed_again_and_again(&pair, count());
}

#[test]
fn so_does_one_where_claudes_folder_is_on_another_file_system() {
    let Some(mut pair) = Pair::new() else { return };
    let shm = tempfile::Builder::new().prefix("cclink-test-").tempdir_in("/dev/shm");
    let Ok(shm) = shm else { return println!("skipped: there is no /dev/shm here") };
    pair.move_claude_to(&shm.path().join("claude"));
    killed_again_and_again(&pair, count());
}

#[test]
fn two_at_once_leave_one_whole_session() {
    let Some(pair) = Pair::new() else { return };
    let times = if count() > 20 { 20 } else { 3 };
    grow(&pair.session, 4_000_000);
    for round in 0..times {
        say(&pair.session.path, &pair.session, &format!("word{round}"), round);
        let published = pair.a.publish_session(&pair.session, &["--ssh", &pair.sshd.address()]);
        let run = || pair.b.cmd(&["pickup", text(&published, "token"), "--plan", "bring"]);
        if round % 2 == 0 {
            fs::remove_file(&pair.here).unwrap();
        }
        let (one, other) = at_once(run(), run());
        for out in [one, other] {
            // Who comes second finds it here.
            out.exits(&[0]);
        }
        assert_eq!(sha256(&pair.here), sha256(&pair.session.path), "round {round}");
        pair.is_alone();
        pair.is_clean();
    }
}

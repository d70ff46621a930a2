//! A power cut, or a disk that says only at the last moment that it is full: what
//! has a name in Claude's folder is whole on the disk.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Pair, put, say};
use crate::support::device::walk;
use crate::support::untouched::cannot_trace;
use crate::support::{Run, text};
use crate::transfer::ssh::{grow, sha256};

/// Both went on, and both have something beside: every kind of file is put.
fn parted() -> Option<(Pair, String)> {
    let pair = Pair::new()?;
    grow(&pair.session, 300_000);
    say(&pair.session.path, &pair.session, "LONELY-HERON", 30);
    say(&pair.here, &pair.session, "QUIET-BADGER", 40);
    let agent = |transcript: &Path| transcript.with_extension("").join("subagents/agent-1.jsonl");
    put(&agent(&pair.session.path), "{\"there\":1}\n");
    put(&agent(&pair.here), "{\"here\":1}\n");
    let history = format!("file-history/{}/88d04c424ec0177c@v1", pair.session.id);
    put(&pair.a.claude.join(&history), "there");
    put(&pair.b.claude.join(&history), "here");
    let published = pair.a.publish_session(&pair.session, &["--ssh", &pair.sshd.address()]);
    let token = text(&published, "token").to_owned();
    Some((pair, token))
}

fn traced(pair: &Pair, trace: &Path, more: &[&str], token: &str) -> Run {
    let calls = "-etrace=fsync,rename,renameat,renameat2";
    let strace = [&["strace", "-f", "-y", calls, "-o", trace.to_str().unwrap()], more].concat();
    pair.b.cmd_by(&strace, &["pickup", token, "--plan", "bring", "--yes"])
}

/// Every folder in B's Claude folder.
fn folders(pair: &Pair) -> BTreeSet<PathBuf> {
    walk(&pair.b.claude).into_iter().filter(|path| path.is_dir()).collect()
}

/// The texts between quotes in a call.
fn quoted(call: &str) -> Vec<&str> {
    call.split('"').skip(1).step_by(2).collect()
}

#[test]
fn what_gets_a_name_is_on_the_disk_before_and_its_folder_after() {
    if cannot_trace() {
        return;
    }
    let Some((pair, token)) = parted() else { return };
    let trace = pair.b.path("trace");
    let before = folders(&pair);
    traced(&pair, &trace, &[], &token).ok();
    let trace = fs::read_to_string(trace).unwrap();
    let calls: Vec<&str> = trace.lines().collect();
    let synced = |calls: &[&str], path: &str| {
        calls.iter().any(|call| call.contains("fsync(") && call.contains(&format!("<{path}>")))
    };
    let mut put = 0;
    for (at, call) in calls.iter().enumerate().filter(|(_, call)| call.contains("rename")) {
        let [from, to] = quoted(call)[..] else { continue };
        if !to.starts_with(pair.b.claude.to_str().unwrap()) {
            continue;
        }
        put += 1;
        assert!(synced(&calls[..at], from), "{to} is put before it is on the disk\n{trace}");
        let folder = Path::new(to).parent().unwrap();
        assert!(
            synced(&calls[at..], folder.to_str().unwrap()),
            "{} is not synced\n{trace}",
            folder.display()
        );
    }
    // Nor does a folder go that was made for it.
    for made in folders(&pair).difference(&before) {
        let above = made.parent().unwrap().to_str().unwrap();
        assert!(synced(&calls, above), "{} may go\n{trace}", made.display());
    }
    // Ours put aside with what is beside it, and theirs.
    assert_eq!(put, 6, "{trace}");
}

#[test]
fn a_disk_that_is_full_at_the_last_moment_leaves_the_old_one() {
    if cannot_trace() {
        return;
    }
    let Some((pair, token)) = parted() else { return };
    let (trace, old) = (pair.b.path("trace"), sha256(&pair.here));
    let theirs = sha256(&pair.session.path);
    let mut failed = 0;
    // From one of the syncs on, each fails.
    for first in (1..40).step_by(2) {
        let inject = format!("-einject=fsync:error=ENOSPC:when={first}+");
        let out = traced(&pair, &trace, &[&inject], &token).output();
        pair.is_clean();
        let now = sha256(&pair.here);
        assert!(now == old || now == theirs, "half of it from sync {first} on: {}", out.said());
        if now == theirs {
            break;
        }
        assert_ne!(out.code, 0, "sync {first}: {}", out.said());
        failed += 1;
    }
    assert!(failed > 3, "only {failed} times");
    pair.b.cmd(&["pickup", &token, "--plan", "bring", "--yes"]).ok();
    for words in ["LONELY-HERON", "QUIET-BADGER"] {
        pair.finds(words);
    }
    assert_eq!(sha256(&pair.here), theirs);
}

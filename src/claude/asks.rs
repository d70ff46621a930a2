//! What claude asks when it starts, as far as its files tell beforehand.

use std::path::{Path, PathBuf};

use memchr::memmem;
use serde_json::Value;

use super::file;

/// The longest `.claude.json` that is read.
const LONGEST: u64 = 32 * 1024 * 1024;

/// Bytes of a transcript's end in which its last answer is looked for.
const TAIL: u64 = 256 * 1024;

fn state(path: &Path) -> Option<Value> {
    serde_json::from_slice(&file::small(path, LONGEST)?).ok()
}

/// Whether claude starts in this folder without asking whether it is trusted; a
/// trusted folder above counts. `None` where its state cannot be read.
pub fn is_trusted(state_file: &Path, folder: &Path) -> Option<bool> {
    let state = state(state_file)?;
    let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let projects = state.get("projects").and_then(Value::as_object);
    let accepted = |dir: &Path| {
        let project = projects?.get(dir.to_str()?)?;
        project.get("hasTrustDialogAccepted").and_then(Value::as_bool)
    };
    for dir in real.ancestors() {
        if accepted(dir) == Some(true) {
            return Some(true);
        }
        // What is trusted above a repository does not count for it.
        let git = dir.join(".git");
        if git.is_dir() {
            return Some(false);
        }
        if let Some(main) = main_repository(&git) {
            return Some(accepted(&main) == Some(true));
        }
    }
    Some(false)
}

/// The repository that a worktree belongs to, by the file in `.git`'s place.
fn main_repository(git: &Path) -> Option<PathBuf> {
    let content = String::from_utf8(file::small(git, 4096)?).ok()?;
    let of_worktree = Path::new(content.strip_prefix("gitdir:")?.trim());
    let main = of_worktree.ancestors().find(|dir| dir.ends_with(".git"))?;
    main.parent().map(Path::to_owned)
}

/// Whether claude still asks about resuming from a summary.
pub fn asks_for_summary(state_file: &Path) -> bool {
    let dismissed =
        state(state_file).and_then(|state| state.get("resumeReturnDismissed").and_then(Value::as_bool));
    dismissed != Some(true)
}

/// A worktree that claude made for a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worktree {
    /// As `claude --worktree` takes it.
    pub name: String,
    /// The folder that it belongs to, where claude is started.
    pub of: PathBuf,
}

/// The worktree of its own in which a session ran last, when that is still there:
/// claude takes a session out of it at its end, and names it for the next time.
pub fn named_worktree(transcript: &Path) -> Option<Worktree> {
    let (file, metadata) = file::open(transcript).ok()?;
    let tail = file::read_at(&file, metadata.len().saturating_sub(TAIL), TAIL).ok()?;
    let mut lines = tail.split(|byte| *byte == b'\n').rev();
    let found = lines.find_map(|line| {
        memmem::find(line, b"\"type\":\"worktree-state\"")?;
        let line: Value = serde_json::from_slice(line).ok()?;
        line.get("worktreeSession").filter(|session| session.is_object()).cloned()
    })?;
    let text = |name: &str| found.get(name).and_then(Value::as_str);
    let (name, of) = (text("worktreeName")?.to_owned(), PathBuf::from(text("originalCwd")?));
    let there = Path::new(text("worktreePath")?).is_dir() && of.is_dir();
    let plain = !name.is_empty() && !name.starts_with('-') && crate::text::clean(&name) == name;
    (there && plain).then_some(Worktree { name, of })
}

/// How many tokens the conversation held at its last answer, by what the
/// transcript's end says.
pub fn context_tokens(transcript: &Path) -> Option<u64> {
    let (file, metadata) = file::open(transcript).ok()?;
    let tail = file::read_at(&file, metadata.len().saturating_sub(TAIL), TAIL).ok()?;
    let lines = tail.split(|byte| *byte == b'\n').rev();
    lines.filter(|line| memmem::find(line, b"\"input_tokens\":").is_some()).find_map(|line| {
        let line: Value = serde_json::from_slice(line).ok()?;
        let usage = line.get("message")?.get("usage")?;
        let count = |name: &str| usage.get(name).and_then(Value::as_u64).unwrap_or(0);
        Some(
            count("input_tokens")
                + count("cache_creation_input_tokens")
                + count("cache_read_input_tokens")
                + count("output_tokens"),
        )
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn trust_is_asked_for_as_claude_does() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        let at = |name: &str| {
            let path = base.join(name);
            std::fs::create_dir_all(&path).unwrap();
            path
        };
        let (plain, repository) = (at("src/plain"), at("src/repo/below"));
        at("src/repo/.git/worktrees/fix");
        let outside = at("elsewhere/fix");
        let gitdir = format!("gitdir: {}\n", base.join("src/repo/.git/worktrees/fix").display());
        std::fs::write(outside.join(".git"), gitdir).unwrap();
        let state = base.join(".claude.json");
        let write = |trusted: &Path| {
            let projects = json!({"projects": {trusted.to_str().unwrap(): {"hasTrustDialogAccepted": true}}});
            std::fs::write(&state, projects.to_string()).unwrap();
        };
        assert_eq!(is_trusted(&state, &plain), None);
        write(&base.join("src"));
        assert_eq!(is_trusted(&state, &plain), Some(true));
        assert_eq!(is_trusted(&state, &repository), Some(false), "2.1.332 asks in a repository below");
        write(&base.join("src/repo"));
        assert_eq!(is_trusted(&state, &repository), Some(true));
        assert_eq!(is_trusted(&state, &outside), Some(true), "a worktree is its repository's");
        assert_eq!(is_trusted(&state, &plain), Some(false));
    }

    #[test]
    fn a_worktree_is_named_while_it_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let (tree, transcript) = (dir.path().join("tree"), dir.path().join("t.jsonl"));
        std::fs::create_dir(&tree).unwrap();
        let state = json!({"type": "worktree-state", "worktreeSession": {
            "originalCwd": dir.path(), "worktreePath": tree, "worktreeName": "fix2",
        }});
        // claude took the session out of it at its end
        std::fs::write(
            &transcript,
            format!("{state}\n{}\n", json!({"type": "worktree-state", "worktreeSession": null})),
        )
        .unwrap();
        // compact, as claude writes; serde_json is
        assert_eq!(
            named_worktree(&transcript).unwrap(),
            Worktree { name: "fix2".into(), of: dir.path().into() }
        );
        std::fs::remove_dir(&tree).unwrap();
        assert_eq!(named_worktree(&transcript), None);
    }

    #[test]
    fn the_last_answer_says_how_much_there_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.jsonl");
        let usage = |tokens: u64| {
            json!({"type": "assistant", "message": {"usage": {
                "input_tokens": 12, "cache_read_input_tokens": tokens, "output_tokens": 8,
            }}})
        };
        std::fs::write(&path, format!("{}\n{}\nnot json \"input_tokens\":\n", usage(5), usage(120_000)))
            .unwrap();
        assert_eq!(context_tokens(&path), Some(120_020));
    }
}

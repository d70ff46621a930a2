//! What claude asks when it starts, as far as its files tell beforehand.

use std::path::{Path, PathBuf};

use memchr::memmem;
use serde_json::Value;

use crate::claude::file;

/// The longest `.claude.json` that is read.
pub(crate) const LONGEST_STATE: u64 = 32 * 1024 * 1024;

/// Bytes of a transcript's end in which its last answer is looked for.
const TAIL: u64 = 256 * 1024;

fn state(path: &Path) -> Option<Value> {
    serde_json::from_slice(&file::small(path, LONGEST_STATE)?).ok()
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

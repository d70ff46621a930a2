//! The git worktree that a session works in, by what claude writes into it.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::file;

/// How much of either end of a transcript is looked at, in bytes.
const WINDOW: u64 = 65_536;

/// Of a line what says where the session works.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Place {
    #[serde(rename = "type")]
    kind: String,
    cwd: Option<PathBuf>,
    #[serde(rename = "worktreeSession")]
    worktree: Option<Worktree>,
}

#[derive(Deserialize)]
struct Worktree {
    #[serde(rename = "worktreePath")]
    path: PathBuf,
}

/// The worktree that claude made for a session (`claude --worktree NAME`). At
/// its end claude moves the session to the main folder, and the work stays in
/// the worktree; where the talk itself went on elsewhere, it is left for good.
pub fn worktree(transcript: &Path) -> Option<PathBuf> {
    let (file, metadata) = file::open(transcript).ok()?;
    let size = metadata.len();
    let parts =
        if size > 2 * WINDOW { [(0, WINDOW), (size - WINDOW, WINDOW)] } else { [(0, size), (size, 0)] };
    let mut found = None;
    for (from, length) in parts {
        let bytes = file::read_at(&file, from, length).ok()?;
        found = String::from_utf8_lossy(&bytes).lines().fold(found, after);
    }
    found
}

/// Where the session works after one more line.
fn after(worktree: Option<PathBuf>, line: &str) -> Option<PathBuf> {
    let says = line.contains("\"worktree-state\"") || (worktree.is_some() && line.contains("\"cwd\":"));
    let Some(place) = says.then(|| serde_json::from_str::<Place>(line).ok()).flatten() else {
        return worktree;
    };
    match (&*place.kind, place.worktree, place.cwd) {
        ("worktree-state", Some(entered), _) if entered.path.is_absolute() => Some(entered.path),
        ("user" | "assistant", _, Some(cwd)) => worktree.filter(|path| cwd.starts_with(path)),
        _ => worktree,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str]) -> Option<PathBuf> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.jsonl");
        std::fs::write(&path, lines.join("\n")).unwrap();
        worktree(&path)
    }

    #[test]
    fn the_last_word_on_the_worktree_counts() {
        let entered =
            r#"{"type":"worktree-state","worktreeSession":{"worktreePath":"/p/.claude/worktrees/fix1"}}"#;
        let left = r#"{"type":"worktree-state","worktreeSession":null}"#;
        let moved = r#"{"type":"relocated","relocatedCwd":"/p"}"#;
        let inside = r#"{"type":"user","cwd":"/p/.claude/worktrees/fix1/src"}"#;
        let outside = r#"{"type":"assistant","cwd":"/p"}"#;
        let there = Some(PathBuf::from("/p/.claude/worktrees/fix1"));
        assert_eq!(of(&[outside]), None);
        assert_eq!(of(&[entered, inside]), there);
        assert_eq!(of(&[entered, inside, moved, left]), there, "kept at the end");
        assert_eq!(of(&[entered, inside, left, outside]), None, "left for good");
        assert_eq!(of(&[entered, left, outside, entered]), there);
        let filler = format!("{{\"type\":\"x\",\"y\":\"{}\"}}", "z".repeat(1000));
        let long: Vec<&str> = std::iter::once(entered).chain(std::iter::repeat_n(&*filler, 300)).collect();
        assert_eq!(of(&long), there, "of a long one both ends are read");
        let last: Vec<&str> = std::iter::repeat_n(&*filler, 300).chain([entered]).collect();
        assert_eq!(of(&last), there);
        for odd in ["", "{\"type\":\"worktree-state\"", r#"{"type":"worktree-state","worktreeSession":7}"#] {
            assert_eq!(of(&[odd]), None, "{odd}");
        }
        assert_eq!(worktree(Path::new("/nowhere")), None);
    }
}

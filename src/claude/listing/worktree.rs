//! The git worktree that a session works in, by what claude writes into it.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::claude::file;

/// How much of a transcript's beginning and end is looked at, in bytes.
const HEAD: u64 = 65_536;
const TAIL: u64 = 256 * 1024;

/// Of a line what says where the session works.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Place {
    #[serde(rename = "type")]
    kind: String,
    cwd: Option<PathBuf>,
    #[serde(rename = "worktreeSession")]
    worktree: Option<Entered>,
}

#[derive(Deserialize)]
struct Entered {
    #[serde(rename = "worktreePath")]
    path: PathBuf,
    #[serde(rename = "worktreeName")]
    name: Option<String>,
    #[serde(rename = "originalCwd")]
    of: Option<PathBuf>,
}

/// A worktree that claude made for a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worktree {
    /// As `claude --worktree` takes it.
    pub name: String,
    /// The folder that it belongs to, where claude is started.
    pub of: PathBuf,
}

/// The worktree that claude made for a session (`claude --worktree NAME`). At
/// its end claude moves the session to the main folder, and the work stays in
/// the worktree; where the talk itself went on elsewhere, it is left for good.
pub fn worktree(transcript: &Path) -> Option<PathBuf> {
    last(transcript).map(|entered| entered.path)
}

/// The same by its name, when it is still there: claude takes it for the next
/// time.
pub fn named_worktree(transcript: &Path) -> Option<Worktree> {
    let Entered { path, name, of } = last(transcript)?;
    let (name, of) = (name?, of?);
    let there = path.is_dir() && of.is_dir();
    let plain = !name.is_empty() && !name.starts_with('-') && crate::text::clean(&name) == name;
    (there && plain).then_some(Worktree { name, of })
}

fn last(transcript: &Path) -> Option<Entered> {
    let (file, metadata) = file::open(transcript).ok()?;
    let size = metadata.len();
    let parts = if size > HEAD + TAIL { [(0, HEAD), (size - TAIL, TAIL)] } else { [(0, size), (size, 0)] };
    let mut found = None;
    for (from, length) in parts {
        let bytes = file::read_at(&file, from, length).ok()?;
        found = String::from_utf8_lossy(&bytes).lines().fold(found, after);
    }
    found
}

/// Where the session works after one more line.
fn after(worktree: Option<Entered>, line: &str) -> Option<Entered> {
    let says = line.contains("\"worktree-state\"") || (worktree.is_some() && line.contains("\"cwd\":"));
    let Some(place) = says.then(|| serde_json::from_str::<Place>(line).ok()).flatten() else {
        return worktree;
    };
    match (&*place.kind, place.worktree, place.cwd) {
        ("worktree-state", Some(entered), _) if entered.path.is_absolute() => Some(entered),
        ("user" | "assistant", _, Some(cwd)) => worktree.filter(|entered| cwd.starts_with(&entered.path)),
        _ => worktree,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
        let long: Vec<&str> = std::iter::once(entered).chain(std::iter::repeat_n(&*filler, 400)).collect();
        assert_eq!(of(&long), there, "of a long one both ends are read");
        let last: Vec<&str> = std::iter::repeat_n(&*filler, 400).chain([entered]).collect();
        assert_eq!(of(&last), there);
        for odd in ["", "{\"type\":\"worktree-state\"", r#"{"type":"worktree-state","worktreeSession":7}"#] {
            assert_eq!(of(&[odd]), None, "{odd}");
        }
        assert_eq!(worktree(Path::new("/nowhere")), None);
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
        assert_eq!(
            named_worktree(&transcript).unwrap(),
            Worktree { name: "fix2".into(), of: dir.path().into() }
        );
        // What it did elsewhere since then leaves it for good, by name as by path.
        let elsewhere = json!({"type": "user", "cwd": dir.path()});
        let content = std::fs::read_to_string(&transcript).unwrap();
        std::fs::write(&transcript, format!("{content}{elsewhere}\n")).unwrap();
        assert_eq!((named_worktree(&transcript), worktree(&transcript)), (None, None));
        std::fs::write(&transcript, content).unwrap();
        std::fs::remove_dir(&tree).unwrap();
        assert_eq!(named_worktree(&transcript), None);
    }
}

//! Merging a folder that arrived (sub-agents, tool results, checkpoints, plans,
//! memory) into one of Claude's, file by file.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::put::put;

const CHUNK: usize = 64 * 1024;

/// Whose file stays where the two have grown apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefer {
    /// Theirs: what ours was is kept elsewhere, or no longer meant.
    Theirs,
    /// Theirs when it is newer and not shorter, except where lines are appended.
    Newer,
    /// Ours.
    Ours,
    /// Whatever is here, also what only goes on there: it is being written to.
    Here,
}

/// What became of a folder's files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Put in place: what is new, and what grew.
    pub taken: Vec<PathBuf>,
    /// Not taken: ours is longer or newer. Below the folder.
    pub kept: Vec<PathBuf>,
}

/// Merges the files below `from` into `to`; those that are taken are moved.
/// `id` names the session for which it is done.
///
/// # Errors
/// When a file cannot be read or written. What was taken before stays.
pub fn merge(from: &Path, to: &Path, prefer: Prefer, id: &str) -> io::Result<Merged> {
    let mut merged = Merged::default();
    for name in files_below(from)? {
        let (theirs, ours) = (from.join(&name), to.join(&name));
        match judge(&ours, &theirs, prefer)? {
            Verdict::Take => {
                put(&theirs, &ours, id)?;
                merged.taken.push(name);
            }
            Verdict::Same => {}
            Verdict::Keep => merged.kept.push(name),
        }
    }
    merged.taken.sort();
    merged.kept.sort();
    Ok(merged)
}

/// The regular files below a folder, as paths from there on; none without it.
///
/// # Errors
/// When a folder cannot be listed.
pub fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut files, mut folders) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(name) = folders.pop() {
        let entries = match folder.join(&name).read_dir() {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let (kind, name) = (entry.file_type()?, name.join(entry.file_name()));
            if kind.is_dir() {
                folders.push(name);
            } else if kind.is_file() {
                files.push(name);
            }
        }
    }
    files.sort();
    Ok(files)
}

enum Verdict {
    Take,
    Same,
    Keep,
}

fn judge(ours: &Path, theirs: &Path, prefer: Prefer) -> io::Result<Verdict> {
    let here = match ours.symlink_metadata() {
        Ok(here) => here,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Verdict::Take),
        // A file where a folder should be.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(Verdict::Keep),
        Err(error) => return Err(error),
    };
    if !here.is_file() {
        return Ok(Verdict::Keep);
    }
    let there = theirs.metadata()?;
    let common = same_beginning(ours, theirs)?;
    let appended = theirs.extension().is_some_and(|ending| ending == "jsonl");
    Ok(match (common == here.len(), common == there.len()) {
        (true, true) => Verdict::Same,
        _ if prefer == Prefer::Here => Verdict::Keep,
        // A file that was cut while it was written says nothing else.
        (true, false) => Verdict::Take,
        (false, true) if appended || prefer != Prefer::Theirs => Verdict::Keep,
        _ => match prefer {
            Prefer::Theirs => Verdict::Take,
            Prefer::Newer
                if !appended && there.len() >= here.len() && there.modified()? > here.modified()? =>
            {
                Verdict::Take
            }
            Prefer::Newer | Prefer::Ours | Prefer::Here => Verdict::Keep,
        },
    })
}

/// How many bytes two files have in common from their beginning on.
fn same_beginning(one: &Path, other: &Path) -> io::Result<u64> {
    let (mut one, mut other) = (File::open(one)?, File::open(other)?);
    let (mut left, mut right, mut same) = (Vec::new(), Vec::new(), 0);
    loop {
        left.clear();
        right.clear();
        one.by_ref().take(CHUNK as u64).read_to_end(&mut left)?;
        other.by_ref().take(CHUNK as u64).read_to_end(&mut right)?;
        let equal = left.iter().zip(&right).take_while(|(one, other)| one == other).count();
        same += equal as u64;
        if equal < CHUNK {
            return Ok(same);
        }
    }
}

/// Removes a folder of ours; none is fine.
///
/// # Errors
/// When it cannot be removed.
pub fn remove_folder(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::{Duration, SystemTime};

    const ID: &str = "11111111-2222-4333-8444-555555555555";

    fn write(path: &Path, content: &str, age: u64) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        let time = SystemTime::now() - Duration::from_secs(age);
        File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    }

    /// What a file is after a merge of `theirs` over `ours`.
    fn merged(name: &str, ours: Option<(&str, u64)>, theirs: (&str, u64), prefer: Prefer) -> String {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        write(&from.join(name), theirs.0, theirs.1);
        if let Some((content, age)) = ours {
            write(&to.join(name), content, age);
        }
        merge(&from, &to, prefer, ID).unwrap();
        fs::read_to_string(to.join(name)).unwrap()
    }

    #[test]
    fn nothing_longer_or_newer_is_written_over() {
        use Prefer::{Here, Newer, Ours, Theirs};
        let agent = "subagents/agent-1.jsonl";
        for prefer in [Newer, Ours, Theirs] {
            assert_eq!(merged(agent, None, ("a\n", 9), prefer), "a\n");
            assert_eq!(merged(agent, Some(("a\n", 1)), ("a\nb\n", 9), prefer), "a\nb\n", "it grew");
            assert_eq!(merged(agent, Some(("a\nb\n", 9)), ("a\n", 1), prefer), "a\nb\n", "ours is longer");
        }
        assert_eq!(merged(agent, Some(("a\nb\n", 9)), ("a\ncc\n", 1), Newer), "a\nb\n", "both grew");
        assert_eq!(merged(agent, Some(("a\nb\n", 9)), ("a\ncc\n", 1), Theirs), "a\ncc\n");
        assert_eq!(merged("x.json", Some(("{1}", 9)), ("{22}", 1), Newer), "{22}");
        assert_eq!(merged("x.json", Some(("{1}", 1)), ("{22}", 9), Newer), "{1}", "ours is newer");
        assert_eq!(merged("x.json", Some(("{22}", 9)), ("{1}", 1), Newer), "{22}", "ours is longer");
        assert_eq!(merged("x.json", Some(("{1}", 9)), ("{22}", 1), Ours), "{1}");
        assert_eq!(merged(agent, Some(("a\n", 9)), ("a\nb\n", 1), Here), "a\n", "it is written to");
        assert_eq!(merged(agent, None, ("a\n", 1), Here), "a\n", "it is missing");
    }

    #[test]
    fn what_is_no_file_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        write(&from.join("a/b"), "x", 0);
        write(&to.join("a"), "a file where a folder should be", 0);
        write(&from.join("c"), "x", 0);
        fs::create_dir_all(to.join("c")).unwrap();
        write(&from.join("new/d"), "x", 0);
        let done = merge(&from, &to, Prefer::Theirs, ID).unwrap();
        assert_eq!(done.kept, [PathBuf::from("a/b"), PathBuf::from("c")]);
        assert_eq!(done.taken, [PathBuf::from("new/d")]);
        assert_eq!(merge(&dir.path().join("gone"), &to, Prefer::Ours, ID).unwrap(), Merged::default());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_line_that_was_here_is_lost(ours in "[ab\n]{0,6}", theirs in "[ab\n]{0,6}", newer: bool) {
            let age = if newer { 9 } else { 1 };
            let now = merged("s/x.jsonl", Some((&ours, age)), (&theirs, 5), Prefer::Newer);
            prop_assert!(now.starts_with(&ours), "{ours:?} + {theirs:?} = {now:?}");
            let again = merged("s/x.jsonl", Some((&now, age)), (&theirs, 5), Prefer::Newer);
            prop_assert_eq!(now, again);
        }
    }
}

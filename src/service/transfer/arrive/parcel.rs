//! A session that has arrived, in files of ours.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Error, Result, unwritten};
use crate::claude::{self, Beside};
use crate::store::files;
use crate::text;

/// Where a session lies until it is put in its place.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    /// The session's id.
    pub id: String,
    folder: PathBuf,
    /// What could not be taken along, in words.
    stayed: Vec<String>,
}

impl Parcel {
    /// The parcel of session `id` below the folder of state, with what an earlier
    /// try has left in it.
    pub fn new(state: &Path, id: &str) -> Result<Self> {
        let parcel = Self::remains(state, id);
        files::private_dir(&parcel.folder)?;
        let _ = fs::remove_file(parcel.aside());
        Ok(parcel)
    }

    /// What an earlier try has left of it, as it lies there.
    pub(super) fn remains(state: &Path, id: &str) -> Self {
        Self { id: id.to_owned(), folder: state.join("bring"), stayed: Vec::new() }
    }

    /// The same for what comes whole or not at all: nothing of an interrupted one
    /// stays.
    pub fn empty(state: &Path, id: &str) -> Result<Self> {
        let parcel = Self::new(state, id)?;
        parcel.clear();
        Ok(parcel)
    }

    pub fn transcript(&self) -> PathBuf {
        self.folder.join(format!("{}.part", self.id))
    }

    /// The files of a part of what belongs to it.
    pub fn folder(&self, part: Beside) -> PathBuf {
        self.beside().join(match part {
            Beside::Session => "session",
            Beside::History => "history",
            Beside::Plans => "plans",
            Beside::Tasks => "tasks",
            Beside::Memory => "memory",
        })
    }

    /// Where work lies that came along.
    pub fn changes(&self) -> PathBuf {
        self.beside().join("changes")
    }

    fn beside(&self) -> PathBuf {
        self.folder.join(&self.id)
    }

    /// A file that is on its way to another name.
    pub(super) fn aside(&self) -> PathBuf {
        self.folder.join(format!("{}.aside", self.id))
    }

    /// A folder for the sealed file that it comes in.
    pub fn sealed(&self) -> Result<PathBuf> {
        let folder = self.beside().join("sealed");
        files::private_dir(&folder)?;
        Ok(folder)
    }

    /// Notes that something does not come along.
    pub fn leaves(&mut self, what: impl Into<String>) {
        self.stayed.push(what.into());
    }

    pub(super) fn stayed(&self) -> Vec<String> {
        self.stayed.clone()
    }

    /// Makes way for a file of it: an earlier try may have found a folder in its
    /// place, or a file where its folder is.
    pub fn make_way(&self, file: &Path) -> Result<()> {
        let beside = self.beside();
        let above = file.ancestors().skip(1).take_while(|folder| **folder != beside);
        for found in above.filter(|folder| folder.is_file()) {
            fs::remove_file(found).map_err(|error| unremoved(found, &error))?;
        }
        let found = if file.is_dir() { claude::remove_folder(file) } else { Ok(()) };
        found.map_err(|error| unremoved(file, &error))
    }

    /// Removes of what lies beside the transcript what an earlier try has left, and
    /// this one does not want.
    pub fn keep_only(&self, wanted: &BTreeSet<PathBuf>) -> Result<()> {
        let beside = self.beside();
        for name in claude::files_below(&beside).map_err(|error| unremoved(&beside, &error))? {
            let file = beside.join(name);
            if !wanted.contains(&file) {
                fs::remove_file(&file).map_err(|error| unremoved(&file, &error))?;
            }
        }
        Ok(())
    }

    /// Removes it all.
    pub fn clear(&self) {
        let _ = fs::remove_file(self.transcript());
        let _ = fs::remove_file(self.aside());
        let _ = claude::remove_folder(&self.beside());
    }

    /// What it holds.
    pub fn came(&self) -> Result<Came> {
        let transcript = self.transcript();
        let count = |folder: &Path| claude::files_below(folder).map(|files| files.len());
        let is_json = |file: &PathBuf| file.extension().is_some_and(|ending| ending == "json");
        let tasks = |folder: &Path| {
            claude::files_below(folder).map(|files| files.iter().filter(|file| is_json(file)).count())
        };
        let counted = || {
            let side = claude::files_below(&self.folder(Beside::Session))?;
            let below = |folder: &'static str| side.iter().filter(move |file| file.starts_with(folder));
            Ok(Came {
                messages: claude::messages(&transcript)?,
                agents: below("subagents")
                    .filter(|file| file.extension().is_some_and(|e| e == "jsonl"))
                    .count(),
                results: below("tool-results").count(),
                checkpoints: count(&self.folder(Beside::History))?,
                plans: count(&self.folder(Beside::Plans))?,
                tasks: tasks(&self.folder(Beside::Tasks))?,
                memories: count(&self.folder(Beside::Memory))?,
            })
        };
        counted().map_err(|error: std::io::Error| unwritten(&transcript, &error))
    }
}

fn unremoved(path: &Path, error: &std::io::Error) -> Error {
    Error::failed(format!("{} cannot be removed: {error}.", text::clean(&path.to_string_lossy())))
}

/// How much came along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Came {
    pub messages: u64,
    pub agents: usize,
    pub results: usize,
    pub checkpoints: usize,
    pub plans: usize,
    pub tasks: usize,
    pub memories: usize,
}

impl Came {
    /// `18 messages, 3 sub-agents, 12 checkpoints`.
    pub fn words(&self) -> String {
        let messages = usize::try_from(self.messages).unwrap_or(usize::MAX);
        let all = [
            (messages, "message", "messages"),
            (self.agents, "sub-agent", "sub-agents"),
            (self.results, "large output", "large outputs"),
            (self.checkpoints, "checkpoint", "checkpoints"),
            (self.plans, "plan", "plans"),
            (self.tasks, "task", "tasks"),
            (self.memories, "memory file", "memory files"),
        ];
        let words = all.iter().enumerate().filter(|(first, (number, ..))| *first == 0 || *number > 0);
        let words = words
            .map(|(_, (number, one, many))| format!("{number} {}", if *number == 1 { one } else { many }));
        words.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_is_said_in_words() {
        let came = Came { messages: 18, agents: 1, checkpoints: 12, ..Came::default() };
        assert_eq!(came.words(), "18 messages, 1 sub-agent, 12 checkpoints");
        assert_eq!(Came::default().words(), "0 messages");
    }
}

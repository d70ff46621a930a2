//! What belongs to a session beside its transcript, on this machine.

use std::io;
use std::path::{Path, PathBuf};

use crate::claude::{files_below, is_plan, plan_names};

/// A cache that Claude Code builds again by itself.
const NOT_TAKEN: &str = "resume-head.jsonl";
/// The number of the last task that there was, so that no other gets it (Claude Code 2.1.332).
const HIGHEST_TASK: &str = ".highwatermark";

/// Which part of what belongs to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// The side folder: sub-agents and large outputs.
    Session,
    /// The checkpoints of files.
    History,
    /// The plans that its lines name.
    Plans,
    /// Its list of tasks.
    Tasks,
    /// What the project remembers.
    Memory,
}

impl Beside {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Session, Self::History, Self::Plans, Self::Tasks, Self::Memory];

    /// Its name for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Session => "sub-agents and large outputs",
            Self::History => "checkpoints",
            Self::Plans => "the plan",
            Self::Tasks => "tasks",
            Self::Memory => "memory",
        }
    }

    /// Where it lies, for a transcript under Claude's folder `root`; on whatever
    /// machine.
    pub fn folder(self, root: &Path, transcript: &Path) -> PathBuf {
        let id = transcript.file_stem().unwrap_or_default();
        match self {
            Self::Session => transcript.with_extension(""),
            Self::History => root.join("file-history").join(id),
            Self::Plans => root.join("plans"),
            Self::Tasks => root.join("tasks").join(id),
            Self::Memory => transcript.with_file_name("memory"),
        }
    }

    /// Whether a file of its folder belongs to a session with these plans.
    pub fn holds(self, name: &str, plans: &[String]) -> bool {
        match self {
            Self::Plans => plans.iter().any(|slug| is_plan(name, slug)),
            // Beside them lies the lock of a running claude.
            Self::Tasks => name == HIGHEST_TASK || (is_json(name) && !name.starts_with('.')),
            _ => name != NOT_TAKEN,
        }
    }
}

fn is_json(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending == "json")
}

/// The files of one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Belongings {
    /// Which part.
    pub part: Beside,
    pub folder: PathBuf,
    /// Its regular files, below the folder.
    pub files: Vec<PathBuf>,
}

/// What belongs to the session of a transcript under Claude's folder `root`; the
/// project's memory only where it is wanted. Symbolic links are not followed.
///
/// # Errors
/// When a folder cannot be listed, or the transcript not be read.
pub fn belongings(root: &Path, transcript: &Path, with_memory: bool) -> io::Result<Vec<Belongings>> {
    let plans = plan_names(transcript)?;
    let wanted = Beside::ALL.into_iter().filter(|part| with_memory || *part != Beside::Memory);
    let parts = wanted.map(|part| {
        let folder = part.folder(root, transcript);
        let mut files = files_below(&folder)?;
        files.retain(|file| {
            let name = file.file_name().map(|name| name.to_string_lossy());
            name.is_some_and(|name| part.holds(&name, &plans))
        });
        Ok(Belongings { part, folder, files })
    });
    parts.collect()
}

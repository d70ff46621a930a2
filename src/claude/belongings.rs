//! What belongs to a session beside its transcript, on this machine.

use std::io;
use std::path::{Path, PathBuf};

use super::{files_below, is_plan, plan_names};

/// A cache that Claude Code builds again by itself.
pub const NOT_TAKEN: &str = "resume-head.jsonl";

/// Which part of what belongs to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// The side folder: sub-agents and large outputs.
    Session,
    /// The checkpoints of files.
    History,
    /// The plans that its lines name.
    Plans,
    /// What the project remembers.
    Memory,
}

/// The files of one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Belongings {
    /// Which part.
    pub part: Beside,
    /// Its folder.
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
    let id = transcript.file_stem().unwrap_or_default();
    let plans = plan_names(transcript)?;
    let is_its_plan = |file: &Path| {
        let name = file.to_str().unwrap_or_default();
        plans.iter().any(|slug| is_plan(name, slug))
    };
    let mut parts = vec![
        (Beside::Session, transcript.with_extension("")),
        (Beside::History, root.join("file-history").join(id)),
        (Beside::Plans, root.join("plans")),
    ];
    if with_memory {
        parts.push((Beside::Memory, transcript.with_file_name("memory")));
    }
    let parts = parts.into_iter().map(|(part, folder)| {
        let mut files = files_below(&folder)?;
        files.retain(|file| match part {
            Beside::Plans => is_its_plan(file),
            _ => file.file_name().is_some_and(|name| name != NOT_TAKEN),
        });
        Ok(Belongings { part, folder, files })
    });
    parts.collect()
}

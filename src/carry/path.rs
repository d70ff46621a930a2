//! The names that entries of a sealed file can have.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};

use caseless::Caseless;
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use super::CarryError;
use crate::text;

/// Folders in folders.
const DEEPEST: usize = 8;
/// Bytes of one part of a path, as file systems have it.
const LONGEST_PART: usize = 255;
/// Bytes of a whole name.
const LONGEST: usize = 1024;
/// Files, and folders that lead to them.
const MOST: usize = 60_000;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// `manifest.json`, always first.
    Manifest,
    /// `transcript.jsonl`, always second.
    Transcript,
    /// `session/…`: the side folder with sub-agents and large outputs.
    Session,
    /// `history/…`: the checkpoints of files.
    History,
    /// `plans/…`.
    Plans,
    /// `tasks/…`: the session's list of tasks.
    Tasks,
    /// `memory/…`: what the project remembers.
    Memory,
    /// `changes/…`: work that is not committed or not pushed, under the three names
    /// below and no other.
    Changes,
}

/// In `changes/`: a bundle of git with the commits.
pub const COMMITS: &str = "commits.bundle";
/// In `changes/`: what differs from the last commit.
pub const PATCH: &str = "tracked.patch";
/// In `changes/`: the folder of untracked files.
pub const UNTRACKED: &str = "untracked";

/// The folders, in their order in a file.
const FOLDERS: [(Part, &str); 6] = [
    (Part::Session, "session"),
    (Part::History, "history"),
    (Part::Plans, "plans"),
    (Part::Tasks, "tasks"),
    (Part::Memory, "memory"),
    (Part::Changes, "changes"),
];
const MANIFEST: &str = "manifest.json";
const TRANSCRIPT: &str = "transcript.jsonl";

/// The name of an entry: which part, and in a folder which file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// What it is.
    pub part: Part,
    /// Below the part's folder; empty for the two that are files.
    pub path: PathBuf,
}

impl Name {
    /// A file of a folder. `None` for one whose name cannot travel: not in UTF-8, with
    /// control characters, too long or too deep.
    pub fn of(part: Part, path: &Path) -> Option<Self> {
        let name = Self { part, path: path.to_owned() };
        let text = name.text()?;
        (Self::parse(text.as_bytes()).ok().as_ref() == Some(&name)).then_some(name)
    }

    /// The transcript's.
    pub fn transcript() -> Self {
        Self::alone(Part::Transcript)
    }

    /// The transcript or the manifest.
    pub(super) fn alone(part: Part) -> Self {
        Self { part, path: PathBuf::new() }
    }

    /// As it stands in the file.
    pub(super) fn text(&self) -> Option<String> {
        let folder = |part| FOLDERS.iter().find(|(folder, _)| *folder == part).map(|(_, name)| *name);
        match self.part {
            Part::Manifest => Some(MANIFEST.to_owned()),
            Part::Transcript => Some(TRANSCRIPT.to_owned()),
            part => {
                let parts: Option<Vec<&str>> = self.path.iter().map(|part| part.to_str()).collect();
                Some(format!("{}/{}", folder(part)?, parts?.join("/")))
            }
        }
    }

    /// From what stands in a file.
    pub(super) fn parse(text: &[u8]) -> Result<Self, CarryError> {
        let strange = |why: &str| CarryError::rule(format!("an entry's name {why}"));
        if text.len() > LONGEST {
            return Err(strange("is too long"));
        }
        let text = std::str::from_utf8(text).map_err(|_| strange("is not in UTF-8"))?;
        match text {
            MANIFEST => return Ok(Self::alone(Part::Manifest)),
            TRANSCRIPT => return Ok(Self::alone(Part::Transcript)),
            _ => {}
        }
        let (folder, below) = text.split_once('/').unwrap_or((text, ""));
        let known = FOLDERS.iter().find(|(_, name)| *name == folder);
        let (known, _) = known.ok_or_else(|| strange("is none of a session's"))?;
        let parts: Vec<&str> = below.split('/').collect();
        if parts.len() > DEEPEST {
            return Err(strange("is in too many folders"));
        }
        for part in &parts {
            if matches!(*part, "" | "." | "..") {
                return Err(strange("leads elsewhere"));
            }
            if part.len() > LONGEST_PART {
                return Err(strange("is too long"));
            }
            // A backslash and a colon lead elsewhere on some systems.
            if part.chars().any(|c| c.is_control() || matches!(c, '\\' | ':')) {
                return Err(strange("holds characters that do not belong there"));
            }
            // A project may hold such files (`aux.c`).
            if *known != Part::Changes && is_special(part) {
                return Err(strange("is something else on some systems"));
            }
        }
        if *known == Part::Changes && !is_change(&parts) {
            return Err(strange("is none of a session's"));
        }
        Ok(Self { part: *known, path: parts.iter().collect() })
    }
}

/// Whether this can stand in `changes/`.
fn is_change(parts: &[&str]) -> bool {
    match parts {
        [name] => matches!(*name, COMMITS | PATCH),
        [folder, below @ ..] => *folder == UNTRACKED && !below.iter().any(|part| is_repository(part)),
        [] => false,
    }
}

/// Whether some system takes this name for `.git`, in which git finds what to run:
/// without regard to case, with characters that are not there (macOS), with dots and
/// spaces behind it or by its short name (Windows).
pub fn is_repository(name: &str) -> bool {
    matches!(folded(name).trim_end_matches(['.', ' ']), ".git" | "git~1")
}

/// What some system takes for another thing: a device of Windows, a name of which Windows
/// drops the end, a repository of git.
fn is_special(part: &str) -> bool {
    let name = folded(part);
    let name = name.trim_end_matches(['.', ' ']);
    let stem = name.split('.').next().unwrap_or_default().trim_end_matches(' ');
    let is_port = || {
        let number = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
        number.is_some_and(|number| number.len() == 1 && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    part.ends_with(['.', ' '])
        || is_repository(part)
        || matches!(stem, "con" | "prn" | "aux" | "nul" | "conin$" | "conout$")
        || is_port()
}

/// As file systems see a name that know no case, no form of Unicode, and no character
/// that nobody sees.
fn folded(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    let seen = name.nfkd().filter(|c| !is_ignored(*c));
    seen.default_case_fold().nfkd().default_case_fold().nfkc().collect()
}

fn is_ignored(c: char) -> bool {
    let shapes = matches!(c, '\u{180b}'..='\u{180f}' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}');
    shapes || !text::is_clean(c.encode_utf8(&mut [0; 4]))
}

/// The names met so far: each once, also for file systems that fold them. Folded they
/// can be eleven times as long, so only hashes are kept.
#[derive(Debug, Default)]
pub struct Met(HashMap<Mark, (Mark, bool)>);

type Mark = [u8; 16];

fn mark(name: &str) -> Mark {
    let hash = Sha256::digest(name);
    std::array::from_fn(|at| hash[at])
}

impl Met {
    /// Takes a name in, and the folders that lead to it.
    pub fn add(&mut self, name: &Name) -> Result<(), CarryError> {
        let text = name.text().unwrap_or_default();
        let mut at = 0;
        while let Some(slash) = text[at..].find('/') {
            self.one(&text[..at + slash], true)?;
            at += slash + 1;
        }
        self.one(&text, false)
    }

    fn one(&mut self, path: &str, is_folder: bool) -> Result<(), CarryError> {
        let here = (mark(path), is_folder);
        let met = self.0.len();
        match self.0.entry(mark(&folded(path))) {
            Entry::Vacant(_) if met >= MOST => Err(CarryError::rule("it holds too many files")),
            Entry::Vacant(free) => {
                free.insert(here);
                Ok(())
            }
            Entry::Occupied(there) if is_folder && *there.get() == here => Ok(()),
            Entry::Occupied(_) => {
                Err(CarryError::rule("two entries have names that some systems take for one"))
            }
        }
    }
}

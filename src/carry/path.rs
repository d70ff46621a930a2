//! The names that entries of a sealed file can have.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

use super::CarryError;

/// Folders in folders.
const DEEPEST: usize = 8;
/// Bytes of one part of a path, as file systems have it.
const LONGEST_PART: usize = 255;
/// Bytes of a whole name.
const LONGEST: usize = 1024;

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
/// In `changes/`: the folder of files that git does not know.
pub const UNTRACKED: &str = "untracked";

/// The folders, in their order in a file.
const FOLDERS: [(Part, &str); 5] = [
    (Part::Session, "session"),
    (Part::History, "history"),
    (Part::Plans, "plans"),
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
        let (part, _) = known.ok_or_else(|| strange("is none of a session's"))?;
        let parts: Vec<&str> = below.split('/').collect();
        if parts.len() > DEEPEST {
            return Err(strange("lies in too many folders"));
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
        }
        if *part == Part::Changes && !is_change(&parts) {
            return Err(strange("is none of a session's"));
        }
        Ok(Self { part: *part, path: parts.iter().collect() })
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
    let unseen = |c: &char| matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}');
    let plain: String = name.chars().filter(|c| !unseen(c)).flat_map(char::to_lowercase).collect();
    matches!(plain.trim_end_matches(['.', ' ']), ".git" | "git~1")
}

/// The names met so far: each once, also for file systems that know no case and no
/// form of Unicode.
#[derive(Debug, Default)]
pub struct Met(HashMap<String, (String, bool)>);

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
        let folded: String = path.nfkc().flat_map(char::to_lowercase).nfkc().collect();
        let met = self.0.entry(folded).or_insert_with(|| (String::new(), is_folder));
        if met.0.is_empty() {
            path.clone_into(&mut met.0);
            return Ok(());
        }
        if is_folder && met.1 && met.0 == path {
            return Ok(());
        }
        Err(CarryError::rule("two entries have names that some systems take for one"))
    }
}

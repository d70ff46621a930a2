//! Changes that wait beside a tree, as files, with the command that applies them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::same_content;
use crate::carry::{COMMITS, PATCH, UNTRACKED};
use crate::claude::files_below;
use crate::resume::quote;
use crate::store::files;

/// Folders with changes of one session at most.
const MOST: usize = 100;

/// Moves a folder to where changes of its session wait, unless the same wait there.
/// What waits there already stays: nobody may have looked at it yet.
pub(super) fn keep(folder: &Path, place: &Path) -> io::Result<PathBuf> {
    files::private_dir(place.parent().unwrap_or(place)).map_err(io::Error::other)?;
    for number in 1..=MOST {
        let mut name = place.as_os_str().to_owned();
        if number > 1 {
            name.push(format!("-{number}"));
        }
        let place = PathBuf::from(name);
        if place.symlink_metadata().is_err() {
            return fs::rename(folder, &place).map(|()| place);
        }
        if is_same(folder, &place)? {
            return Ok(place);
        }
    }
    Err(io::Error::other("too many changes of this session are kept there"))
}

/// Removes what waits there, where it is the same as what was put into the tree.
pub(super) fn forget(folder: &Path, place: &Path) {
    if is_same(folder, place).unwrap_or(false) {
        let _ = fs::remove_dir_all(place);
    }
}

fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    let names = files_below(one)?;
    if files_below(other)? != names {
        return Ok(false);
    }
    for name in &names {
        if !same_content(&one.join(name), &other.join(name))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A branch that is made first.
pub(super) struct Branch<'a> {
    pub name: String,
    pub at: &'a str,
    /// Whether the repository has its commits.
    pub is_known: bool,
    /// Whether a remote has to be asked for some.
    pub fetches: bool,
}

/// What applies the changes in a folder, for a POSIX shell.
pub(super) fn command(place: &Path, top: &Path, branch: Option<&Branch<'_>>) -> String {
    let word = |path: &Path| quote(&path.to_string_lossy());
    let file = |name: &str| Some(place.join(name)).filter(|path| path.symlink_metadata().is_ok());
    let mut steps = vec![format!("cd -- {}", word(top))];
    if let Some(Branch { name, at, is_known, fetches }) = branch {
        if *fetches {
            steps.push("git fetch --all".to_owned());
        }
        if let Some(commits) = file(COMMITS).filter(|_| !is_known) {
            steps.push(format!("git fetch {} HEAD", word(&commits)));
        }
        steps.push(format!("git switch -c {} {}", quote(name), quote(at)));
    }
    steps.extend(file(PATCH).map(|patch| format!("git apply {}", word(&patch))));
    // Never over a file that is there.
    steps.extend(file(UNTRACKED).map(|folder| format!("cp -Rn {} .", word(&folder.join(".")))));
    steps.join(" && ")
}

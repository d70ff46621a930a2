//! Uncommitted work travels with the conversation, when its owner says so: commits
//! that no remote has, what differs from the last commit, files that git does not
//! know. The repository it comes from is read and nothing else; the one it goes to
//! takes all of it or nothing, and then it waits beside as files.
//!
//! What is staged and what is not arrives as one: the tree, not the index.

mod apply;
mod beside;
mod check;
mod gather;
mod git;
mod put;
mod untracked;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

pub(super) use apply::Arriving;
pub(super) use gather::{Gathered, gather};

use crate::service::programs::path_of;

/// `3 files, 1 commit`: what there is of it, in words.
fn counted(files: usize, commits: u64) -> String {
    let one = |number: u64, one: &str, many: &str| match number {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{number} {many}")),
    };
    let files = one(u64::try_from(files).unwrap_or(u64::MAX), "file", "files");
    let all: Vec<String> = files.into_iter().chain(one(commits, "commit", "commits")).collect();
    all.join(", ")
}

/// Whether two regular files hold the same.
fn same_content(one: &Path, other: &Path) -> io::Result<bool> {
    let (a, b) = (one.symlink_metadata()?, other.symlink_metadata()?);
    if !a.is_file() || !b.is_file() || a.len() != b.len() {
        return Ok(false);
    }
    let (mut one, mut other) = (io::BufReader::new(File::open(one)?), io::BufReader::new(File::open(other)?));
    let (mut a, mut b) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        let read = one.read(&mut a)?;
        if read == 0 {
            return Ok(true);
        }
        other.read_exact(&mut b[..read])?;
        if a[..read] != b[..read] {
            return Ok(false);
        }
    }
}

/// The paths of an answer that `-z` was asked of.
fn paths(answer: &[u8]) -> Vec<PathBuf> {
    answer.split(|byte| *byte == 0).filter(|path| !path.is_empty()).map(path_of).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

//! What is looked at before a tree is touched.

use std::collections::BTreeSet;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::git::{Repo, Scratch, done};
use super::untracked::is_tangled;
use super::{paths, same_content};
use crate::carry::is_repository;
use crate::text;

/// How git applies a patch: to the tree alone, byte for byte as it was written.
pub(super) const APPLY: [&str; 4] = ["apply", "--binary", "--whitespace=nowarn", "--no-ignore-whitespace"];

/// Why not, in words.
type Verdict<T> = Result<T, String>;

/// Whether no file of a tree differs from the last commit; submodules are not meant.
/// Through the filters of this machine: without them what they made would differ.
pub(super) async fn is_clean(repo: &Repo) -> Verdict<bool> {
    let status = ["status", "--porcelain=v2", "-z", "--untracked-files=no", "--ignore-submodules=all"];
    Ok(done(&mut repo.git_with_filters(status)).await?.is_empty())
}

/// Whether one commit is, or comes before, another.
pub(super) async fn leads_to(repo: &Repo, scratch: &Scratch, from: &str, to: &str) -> bool {
    done(&mut repo.aside(scratch, ["merge-base", "--is-ancestor", from, to])).await.is_ok()
}

/// The paths that a patch names.
pub(super) async fn paths_of(repo: &Repo, patch: &Path) -> Verdict<BTreeSet<PathBuf>> {
    let answer = done(repo.git(APPLY).args(["--numstat", "-z"]).arg(patch)).await?;
    // `1\t2\tPATH`; of a binary file `-\t-\tPATH`.
    let behind = |line: PathBuf| {
        let line = line.into_os_string();
        let mut fields = line.as_encoded_bytes().splitn(3, |byte| *byte == b'\t').skip(2);
        fields.next().map(super::path_of)
    };
    Ok(paths(&answer).into_iter().filter_map(behind).collect())
}

/// Whether a patch can be applied to the tree as it is.
pub(super) async fn fits(repo: &Repo, patch: &Path) -> Verdict<()> {
    done(repo.git(APPLY).arg("--check").arg(patch)).await.map(drop)
}

/// Whether it can be applied to the tree of a commit, which is read into the index of
/// ours; gives what that tree holds.
pub(super) async fn fits_commit(
    repo: &Repo,
    scratch: &Scratch,
    commit: &str,
    patch: Option<&Path>,
) -> Verdict<BTreeSet<PathBuf>> {
    done(&mut repo.aside(scratch, ["read-tree", commit])).await?;
    if let Some(patch) = patch {
        done(repo.aside(scratch, APPLY).args(["--check", "--cached"]).arg(patch)).await?;
    }
    let files = done(&mut repo.aside(scratch, ["ls-files", "-z"])).await?;
    Ok(paths(&files).into_iter().collect())
}

/// Whether a tree holds already what a patch makes of it, modes included.
pub(super) async fn is_there(repo: &Repo, patch: &Path) -> bool {
    let mut command = repo.git(APPLY);
    let output = command.args(["--reverse", "--check"]).arg(patch).output().await;
    output.is_ok_and(|output| {
        // Another mode is a warning only.
        output.status.success() && !String::from_utf8_lossy(&output.stderr).contains(" has type ")
    })
}

/// Whether all files of a folder are in a tree as well, each with the same content.
pub(super) fn are_there(folder: &Path, names: &[PathBuf], top: &Path) -> bool {
    names.iter().all(|name| same_content(&folder.join(name), &top.join(name)).unwrap_or(false))
}

/// Whether files can be put into a tree: nothing is in their places, no link on the
/// way, and neither the patch nor the commit brings anything there.
pub(super) fn are_free(
    top: &Path,
    names: &[PathBuf],
    patched: &BTreeSet<PathBuf>,
    known: &BTreeSet<PathBuf>,
) -> Verdict<()> {
    let shown = |path: &Path| text::clean(&path.to_string_lossy());
    for name in names {
        if is_tangled(name, patched) {
            return Err(format!("{} is there twice", shown(name)));
        }
        let is_plain =
            |part| matches!(part, Component::Normal(name) if !is_repository(&name.to_string_lossy()));
        if !name.components().all(is_plain) {
            return Err(format!("{} points outside", shown(name)));
        }
        let mut at = top.to_owned();
        let folders = name.parent().into_iter().flatten();
        for part in folders {
            at.push(part);
            match at.symlink_metadata() {
                Ok(meta) if meta.is_dir() => {}
                Ok(_) => return Err(format!("{} is not a folder here", shown(&at))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                Err(error) => return Err(format!("{} cannot be read: {error}", shown(&at))),
            }
        }
        if top.join(name).symlink_metadata().is_ok() || is_tangled(name, known) {
            return Err(format!("{} already exists here", shown(name)));
        }
    }
    Ok(())
}

/// Whether what a patch makes anew is nowhere yet: git would change a file that it
/// does not know as well as one that it knows.
pub(super) fn are_new(top: &Path, patched: &BTreeSet<PathBuf>, known: &BTreeSet<PathBuf>) -> Verdict<()> {
    // In a folder's place a file may come, once what is in it is gone.
    let is_file = |name: &PathBuf| top.join(name).symlink_metadata().is_ok_and(|meta| !meta.is_dir());
    match patched.difference(known).find(|name| is_file(name)) {
        Some(name) => Err(format!("{} already exists here", text::clean(&name.to_string_lossy()))),
        None => Ok(()),
    }
}

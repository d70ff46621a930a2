//! How files travel that git does not know: as they are, and where their names or
//! modes do not allow that, in the patch.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::carry::{LeftOut, Met, Name, Part, UNTRACKED, is_repository};
use crate::text;

/// Together, the newest first.
const MOST: u64 = 64 * 1024 * 1024;
/// A sealed file holds only so many entries.
const MOST_FILES: usize = 10_000;

/// How each of them travels.
#[derive(Default)]
pub(super) struct Chosen {
    /// As a file: its name there, its path here, its length.
    pub plain: Vec<(Name, PathBuf, u64)>,
    /// In the patch, by its path in the tree: links, what can be executed, names that
    /// some systems cannot have, and what takes the place of a file that git knows.
    pub by_patch: Vec<PathBuf>,
    /// Not at all.
    pub left_out: Vec<LeftOut>,
}

/// Decides for each. `changed` are the files that git knows and finds changed.
pub(super) fn choose(top: &Path, untracked: &[PathBuf], changed: &BTreeSet<PathBuf>) -> Chosen {
    let mut those: Vec<(&PathBuf, Metadata)> = untracked
        .iter()
        // One that is gone by now is nobody's loss.
        .filter_map(|path| Some((path, top.join(path).symlink_metadata().ok()?)))
        .collect();
    let written = |meta: &Metadata| meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    those.sort_by_key(|(path, meta)| (std::cmp::Reverse(written(meta)), (*path).clone()));
    let (mut chosen, mut met, mut room) = (Chosen::default(), Met::default(), MOST);
    for (path, meta) in those {
        let bytes = if meta.is_symlink() { 0 } else { meta.len() };
        let why = if !(meta.is_file() || meta.is_symlink()) {
            "not a plain file"
        } else if path.iter().any(|part| is_repository(&part.to_string_lossy())) {
            "its name is not portable"
        } else if bytes > room {
            "too large"
        } else {
            room -= bytes;
            let is_plain = meta.is_file() && !is_program(&meta) && !is_tangled(path, changed);
            match Name::of(Part::Changes, &Path::new(UNTRACKED).join(path)) {
                // What some systems take for one would be refused there.
                Some(name) if is_plain && chosen.plain.len() < MOST_FILES && met.add(&name).is_ok() => {
                    chosen.plain.push((name, top.join(path), bytes));
                }
                _ => chosen.by_patch.push(path.clone()),
            }
            continue;
        };
        chosen.left_out.push(left_out(path, bytes, why));
    }
    chosen.plain.sort_by(|a, b| a.0.path.cmp(&b.0.path));
    chosen
}

/// A file of the tree that stays.
pub(super) fn left_out(path: &Path, bytes: u64, why: &str) -> LeftOut {
    let what = format!("uncommitted: {}", text::clean(&path.to_string_lossy()));
    LeftOut { what, bytes, why: why.to_owned() }
}

/// Whether a path is, lies in, or leads to one of the others.
pub(super) fn is_tangled(path: &Path, others: &BTreeSet<PathBuf>) -> bool {
    let leads = others.range(path.to_owned()..).next().is_some_and(|next| next.starts_with(path));
    leads || path.ancestors().any(|above| others.contains(above))
}

fn is_program(meta: &Metadata) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o100 != 0;
    #[cfg(not(unix))]
    return false;
}

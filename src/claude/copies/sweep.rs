//! Removing what an interrupted run of ours left in Claude's folder.

use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::put::OURS;

/// After so long a copy that names no session is nobody's.
const A_DAY: Duration = Duration::from_hours(24);

/// Removes what interrupted runs left, wherever something of a session is put:
/// beside transcripts, below their side folders, with checkpoints, plans and tasks.
/// `is_over` says of a session whether nobody is bringing it now; what names no
/// session is removed when it is a day old.
pub fn sweep(root: &Path, is_over: &dyn Fn(&str) -> bool) {
    let mut folders = vec![root.join("plans")];
    for name in ["projects", "file-history", "tasks"] {
        // These may be links; what lies below them is walked as it is.
        folders.extend(entries(&root.join(name)).map(|entry| entry.path()));
    }
    while let Some(folder) = folders.pop() {
        for entry in entries(&folder) {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if entry.file_name().as_encoded_bytes().starts_with(OURS.as_bytes()) {
                remove(&entry, is_folder, is_over);
            } else if is_folder {
                folders.push(entry.path());
            }
        }
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = DirEntry> {
    folder.read_dir().into_iter().flatten().flatten()
}

fn remove(entry: &DirEntry, is_folder: bool, is_over: &dyn Fn(&str) -> bool) {
    let path: PathBuf = entry.path();
    let session = entry.file_name().to_str().and_then(session_of);
    if session.map_or_else(|| is_a_day_old(&path), |id| is_over(&id)) {
        let _ = if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
    }
}

/// Of which session a copy of ours is; older versions named none.
fn session_of(name: &str) -> Option<String> {
    name.strip_prefix(OURS)?.get(..36).and_then(crate::claude::session_id)
}

fn is_a_day_old(path: &Path) -> bool {
    let age = path.symlink_metadata().and_then(|meta| meta.modified()).map(|time| time.elapsed());
    matches!(age, Ok(Ok(age)) if age > A_DAY)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs::File;
    use std::time::SystemTime;

    use super::*;

    const ID: &str = "11111111-2222-4333-8444-555555555555";

    #[test]
    fn only_interrupted_copies_of_ours_are_swept() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("projects/p");
        fs::create_dir_all(&folder).unwrap();
        let at = |name: &str| folder.join(name);
        let other = ID.replace('1', "2");
        let [over, running] = [ID, other.as_str()].map(|id| format!(".cclink-{id}-77.tmp"));
        for name in [&*over, &*running, ".cclink-AbCdEf.tmp", "t.jsonl", "cclink.tmp"] {
            fs::write(at(name), "").unwrap();
        }
        fs::create_dir(at(".cclink-GhIjKl")).unwrap();
        let day = SystemTime::now() - A_DAY - Duration::from_hours(1);
        File::options().write(true).open(at(".cclink-AbCdEf.tmp")).unwrap().set_modified(day).unwrap();
        sweep(dir.path(), &|id| id == ID);
        let left = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut left: Vec<String> = left.collect();
        left.sort();
        assert_eq!(left, [&*running, ".cclink-GhIjKl", "cclink.tmp", "t.jsonl"]);
    }
}

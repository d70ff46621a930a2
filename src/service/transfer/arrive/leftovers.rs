//! What brings that were killed have left behind.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Lock, Parcel};
use crate::claude;

/// After so long nobody goes on with what came: a handoff lives no longer.
const FORGOTTEN: Duration = Duration::from_hours(7 * 24);
/// Sessions that are looked at; the rest have their turn at another start.
const MOST: usize = 256;

/// Puts in order what brings that were killed left: their half-way files in
/// Claude's folder (`root`) at once; in the folder of state what came, when nobody
/// went on with it for a week. What another process is bringing stays.
pub(crate) fn tidy(state: &Path, root: Option<&Path>) {
    let left: Vec<_> = left(&state.join("bring")).into_iter().take(MOST).collect();
    let is_forgotten = |files: &[PathBuf]| files.iter().all(|file| is_old(file));
    // A lock is left by whoever did not come to its end.
    let held: BTreeMap<&str, Lock> = left
        .iter()
        .filter_map(|(id, files)| Some((&**id, Lock::at_once(state, id, is_forgotten(files))?)))
        .collect();
    if let Some(root) = root.filter(|_| !held.is_empty()) {
        claude::sweep(root, &|id| held.contains_key(id));
    }
    for (id, files) in &left {
        if held.contains_key(&**id) && is_forgotten(files) {
            Parcel::remains(state, id).clear();
        }
    }
    held.into_values().for_each(Lock::done);
}

/// The sessions of which something lies in the folder, and what that is.
fn left(folder: &Path) -> BTreeMap<String, Vec<PathBuf>> {
    let mut left: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for entry in folder.read_dir().into_iter().flatten().flatten() {
        let name = entry.file_name();
        let parts = name.to_str().and_then(|name| name.split_at_checked(36));
        let ours = parts.filter(|(_, rest)| matches!(*rest, "" | ".part" | ".aside" | ".lock"));
        if let Some(id) = ours.and_then(|(id, _)| claude::session_id(id)) {
            left.entry(id).or_default().push(entry.path());
        }
    }
    left
}

/// Whether nothing happened with it for long.
fn is_old(path: &Path) -> bool {
    let modified = path.symlink_metadata().and_then(|meta| meta.modified());
    modified.ok().and_then(|time| time.elapsed().ok()).is_some_and(|age| age > FORGOTTEN)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::time::SystemTime;

    use super::super::Job;
    use super::*;

    /// The id of a session by its number.
    fn id(number: usize) -> String {
        format!("{number:08}-2222-4333-8444-555555555555")
    }

    /// Writes a file, so many days ago.
    fn write(path: &Path, days: u64) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
        let time = SystemTime::now() - Duration::from_hours(24 * days);
        File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    }

    #[tokio::test]
    async fn what_nobody_goes_on_with_is_tidied() {
        let dir = tempfile::tempdir().unwrap();
        let (state, root) = (dir.path().join("state"), dir.path().join("claude"));
        let at = |number: usize, name: &str| state.join("bring").join(format!("{}{name}", id(number)));
        let half =
            |number: usize, below: &str| root.join(below).join(format!(".cclink-{}-7.tmp", id(number)));
        // 0: killed and forgotten; 1: killed lately; 2: forgotten, without a lock;
        // 3: being brought; 4: not ours to say.
        for (number, days) in [(0, 8), (1, 6), (2, 8), (3, 8)] {
            write(&at(number, ".part"), days);
        }
        write(&at(0, "/session/tool-results/x"), 8);
        write(&at(0, ".aside"), 8);
        for (number, days) in [(0, 8), (1, 6)] {
            write(&at(number, ".lock"), days);
        }
        File::open(at(0, "")).unwrap().set_modified(SystemTime::now() - FORGOTTEN * 2).unwrap();
        write(&state.join("bring/notes.txt"), 99);
        let lock = Lock::take(&state, &id(3), &Job::quiet()).await.unwrap();
        // Beside sessions that nobody brings again, too.
        let places = [
            "projects/p",
            "projects/p/memory",
            "projects/p/99999999-2222-4333-8444-555555555555/tool-results/deep",
            "file-history/99999999-2222-4333-8444-555555555555",
            "plans",
            "tasks/99999999-2222-4333-8444-555555555555",
        ];
        for place in places {
            for number in 0..5 {
                write(&half(number, place), 0);
            }
        }
        tidy(&state, Some(&root));
        for place in places {
            let left: Vec<usize> = (0..5).filter(|number| half(*number, place).exists()).collect();
            assert_eq!(left, [3, 4], "{place}");
        }
        let names = |folder: &Path| -> Vec<String> {
            let names = folder.read_dir().unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
            let mut names: Vec<String> = names.collect();
            names.sort();
            names
        };
        let left = [format!("{}.part", id(1)), format!("{}.lock", id(3)), format!("{}.part", id(3))];
        assert_eq!(names(&state.join("bring"))[..3], left);
        assert_eq!(names(&state.join("bring"))[3..], ["notes.txt"]);
        drop(lock);
    }
}

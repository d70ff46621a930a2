//! Being told when Claude Code writes, without looking again and again.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use crate::claude::{Store, file, session_id};

/// What Claude Code wrote or removed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// A transcript: the session's id, and the file.
    Transcript(String, PathBuf),
    /// A project folder: [`Watching::follow`] watches new ones, too.
    Folder(PathBuf),
    /// The registry of running claudes.
    Registry,
}

/// Tells changes until it is dropped.
#[derive(Debug)]
pub struct Watching {
    watcher: RecommendedWatcher,
    root: PathBuf,
    watched: HashSet<PathBuf>,
}

impl Store {
    /// Tells every change of a transcript or of the registry from now on, from a
    /// thread of its own that sleeps in between. One watch a project folder, and
    /// none below it: sub-agents' folders would be thousands.
    ///
    /// # Errors
    /// When there is no Claude folder, or the system has no room for watches.
    pub fn watch(&self, tell: impl Fn(Change) + Send + 'static) -> notify::Result<Watching> {
        let root = self.root().to_owned();
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // Reading, ours too, is told as well; what was lost is found by the
            // next scan.
            let event = event.ok().filter(|event| !matches!(event.kind, EventKind::Access(_)));
            for path in event.map(|event| event.paths).unwrap_or_default() {
                if let Some(change) = change(&root, &path) {
                    tell(change);
                }
            }
        })?;
        let mut watching = Watching { watcher, root: self.root().to_owned(), watched: HashSet::new() };
        watching.add(self.root().to_owned())?;
        watching.follow();
        Ok(watching)
    }

    /// What was written or removed since `then`, by `stat` alone: for the time in
    /// which nobody watched. Of a folder in which files came or went only that is
    /// known, and so it is of the registry.
    pub fn written_since(&self, then: DateTime<Utc>) -> Vec<Change> {
        let projects = self.root().join("projects");
        let folders = projects.read_dir().into_iter().flatten().flatten().map(|folder| folder.path());
        let folders: Vec<PathBuf> = folders.chain([projects.clone(), self.root().join("sessions")]).collect();
        let is_new =
            |path: &PathBuf| path.symlink_metadata().is_ok_and(|m| m.is_dir() && file::modified(&m) >= then);
        let (files, _) = self.candidates(&|_| true).unwrap_or_default();
        let files = files.into_iter().filter(|file| file.modified >= then);
        let files = files.map(|file| Change::Transcript(file.session_id, file.path));
        folders.into_iter().filter(is_new).map(Change::Folder).chain(files).collect()
    }
}

impl Watching {
    /// Watches the folders that are new since the last call.
    pub fn follow(&mut self) {
        let projects = self.root.join("projects");
        let folders = projects.read_dir().into_iter().flatten().flatten();
        let mut linked = HashSet::new();
        let folders = folders.map(|folder| (folder.path(), folder.file_type().ok()));
        let folders = folders.filter(|(path, kind)| super::scan::is_project(path, *kind, &mut linked));
        let folders: Vec<PathBuf> = folders.map(|(path, _)| path).collect();
        // Both are made by the first claude that runs.
        for folder in [self.root.join("sessions"), projects].into_iter().chain(folders) {
            // One that went meanwhile has nothing to tell.
            let _ = self.add(folder);
        }
    }

    fn add(&mut self, folder: PathBuf) -> notify::Result<()> {
        if !self.watched.contains(&folder) {
            self.watcher.watch(&folder, RecursiveMode::NonRecursive)?;
            self.watched.insert(folder);
        }
        Ok(())
    }
}

fn change(root: &Path, path: &Path) -> Option<Change> {
    let below: Vec<_> = path.strip_prefix(root).ok()?.components().collect();
    let name = path.file_name()?.to_str()?;
    match (below.first()?.as_os_str().to_str()?, below.len()) {
        ("sessions", 1) => Some(Change::Registry),
        ("sessions", 2) => name.strip_suffix(".json").map(|_| Change::Registry),
        ("projects", 1 | 2) => Some(Change::Folder(path.to_owned())),
        ("projects", 3) => {
            session_id(name.strip_suffix(".jsonl")?).map(|id| Change::Transcript(id, path.to_owned()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, channel};
    use std::time::Duration;

    const ID: &str = "11111111-2222-4333-8444-555555555555";

    fn next(told: &Receiver<Change>) -> Change {
        told.recv_timeout(Duration::from_secs(20)).unwrap()
    }

    #[test]
    fn what_nobody_watched_is_found_by_its_time() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::new(home.path());
        let (projects, registry) = (home.path().join("projects"), home.path().join("sessions"));
        let [one, two] = ["-a", "-b"].map(|name| projects.join(name));
        for folder in [&one, &two, &registry] {
            std::fs::create_dir_all(folder).unwrap();
        }
        let [kept, written] = ["1", "2"].map(|n| one.join(format!("{}.jsonl", ID.replace('1', n))));
        let long_ago = std::time::SystemTime::now() - Duration::from_hours(1);
        let all = [&kept, &written, &one, &two, &projects, &registry];
        std::fs::write(&kept, "x").unwrap();
        std::fs::write(&written, "x").unwrap();
        let age = || {
            for path in all {
                std::fs::File::open(path).unwrap().set_modified(long_ago).unwrap();
            }
        };
        let then = Utc::now() - chrono::TimeDelta::minutes(1);
        age();
        assert_eq!(store.written_since(then), []);
        std::fs::write(&written, "xy").unwrap();
        let id = ID.replace('1', "2");
        assert_eq!(store.written_since(then), [Change::Transcript(id, written.clone())]);
        age();
        std::fs::write(two.join(format!("{ID}.jsonl")), "x").unwrap();
        assert_eq!(store.written_since(then).len(), 2, "the folder and the new file");
        age();
        std::fs::write(registry.join("1.json"), "x").unwrap();
        std::fs::remove_file(&kept).unwrap();
        let told = store.written_since(then);
        assert!([one, registry].into_iter().all(|folder| told.contains(&Change::Folder(folder))));
    }

    #[test]
    fn what_claude_writes_is_told_and_what_is_read_is_not() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().canonicalize().unwrap();
        let (tell, told) = channel();
        let mut watching = Store::new(&root).watch(move |change| drop(tell.send(change))).unwrap();
        let folder = root.join("projects/-a");
        std::fs::create_dir_all(&folder).unwrap();
        assert_eq!(next(&told), Change::Folder(root.join("projects")));
        watching.follow();
        let path = folder.join(format!("{ID}.jsonl"));
        std::fs::write(&path, "x").unwrap();
        let mut change = next(&told);
        while matches!(change, Change::Folder(_)) {
            change = next(&told);
        }
        assert_eq!(change, Change::Transcript(ID.to_owned(), path.clone()));
        // Neither reading nor other files are told: the registry comes next, once
        // all that was written before has been.
        let marker = root.join("projects/-b");
        std::fs::create_dir(&marker).unwrap();
        while next(&told) != Change::Folder(marker.clone()) {}
        std::fs::read(&path).unwrap();
        std::fs::write(folder.join("agent-1234567.jsonl"), "x").unwrap();
        std::fs::create_dir(root.join("sessions")).unwrap();
        assert_eq!(next(&told), Change::Registry);
        watching.follow();
        std::fs::write(root.join("sessions/1.key"), "x").unwrap();
        std::fs::remove_file(&path).unwrap();
        let mut change = next(&told);
        while change == Change::Registry {
            change = next(&told);
        }
        assert_eq!(change, Change::Transcript(ID.to_owned(), path));
    }
}

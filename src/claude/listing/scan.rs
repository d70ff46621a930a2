//! Every session of this device: folders are listed, files `stat`ed, and then
//! the newest are read first.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::fs::{DirEntry, ReadDir};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use thiserror::Error;

use super::candidate::{Candidate, is_folder_of};
use super::order;
use super::{metadata, row};
use crate::claude::live::registry::LiveRecord;
use crate::claude::{Session, Store, file, session_id};

/// Sessions of the first batch: more rows than a screen has.
const FIRST: usize = 64;
/// Sessions of the directory that is asked for, read with the first batch.
const HERE: usize = 32;
/// Sessions of the later batches.
const LATER: usize = 512;

/// Why there is no list at all.
#[derive(Debug, Error)]
pub enum ScanError {
    /// Claude Code was never used here, or `CLAUDE_CONFIG_DIR` is wrong.
    #[error("there is no Claude Code folder at {}", .0.display())]
    NoFolder(PathBuf),
    /// It is there, but its projects cannot be listed.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// How far a scan has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Files that were read.
    pub read: usize,
    /// Of how many.
    pub of: usize,
}

/// A project folder whose sessions are missing from the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The folder.
    pub path: PathBuf,
    /// What the system said.
    pub why: String,
}

impl Store {
    /// Reads every session and hands them over in batches, the most recently
    /// written files first (the first batch of about 64 has those of `cwd`'s
    /// folder, too), so that rows stand on a screen at once. Within a batch and
    /// between batches the order is by file time; [`order`](crate::claude::order) sorts
    /// by the last message. A folder that cannot be listed is skipped and told.
    /// Blocks; reads at most 128 KiB a file, on all cores, and more of the few
    /// whose ends do not tell whether a conversation is in them.
    ///
    /// A Claude folder without any projects is no error: it has no sessions.
    ///
    /// # Errors
    /// When there is no Claude folder, or its projects cannot be listed.
    pub fn scan(&self, cwd: &Path, batch: &mut dyn FnMut(Vec<Session>)) -> Result<Vec<Skipped>, ScanError> {
        self.scan_with(cwd, row::read, &mut |sessions, _| {
            if !sessions.is_empty() {
                batch(sessions);
            }
        })
    }

    /// As [`Store::scan`], each batch with how far the scan has come; the first
    /// one is empty and says how many files there are. No row waits for a file
    /// that has to be read on: it comes with [`checking`](Session::checking), and
    /// once more, settled, behind all others.
    ///
    /// # Errors
    /// As [`Store::scan`].
    pub fn scan_told(
        &self,
        cwd: &Path,
        batch: &mut dyn FnMut(Vec<Session>, Progress),
    ) -> Result<Vec<Skipped>, ScanError> {
        let mut checking = Vec::new();
        let mut last = Progress::default();
        let skipped = self.scan_with(cwd, row::glance, &mut |sessions, progress| {
            checking.extend(sessions.iter().filter(|session| session.checking).cloned());
            last = progress;
            batch(sessions, progress);
        })?;
        for session in &mut checking {
            metadata::settle(session);
        }
        if !checking.is_empty() {
            batch(checking, last);
        }
        Ok(skipped)
    }

    fn scan_with(
        &self,
        cwd: &Path,
        read: Reader,
        batch: &mut dyn FnMut(Vec<Session>, Progress),
    ) -> Result<Vec<Skipped>, ScanError> {
        let (mut candidates, skipped) = self.candidates(&|_| true)?;
        let live = self.live_sessions();
        let first = newest_and_here_first(&mut candidates, cwd);
        let mut progress = Progress { read: 0, of: candidates.len() };
        batch(Vec::new(), progress);
        let (first, rest) = candidates.split_at_checked(first).unwrap_or((&candidates, &[]));
        for part in std::iter::once(first).chain(rest.chunks(LATER)) {
            progress.read += part.len();
            batch(read_all(part, &live, read), progress);
        }
        Ok(skipped)
    }

    /// Every session, newest message first.
    ///
    /// # Errors
    /// As [`Store::scan`].
    pub fn list(&self, cwd: &Path) -> Result<Vec<Session>, ScanError> {
        let mut all = Vec::new();
        self.scan(cwd, &mut |batch| all.extend(batch))?;
        order::order(&mut all, cwd);
        Ok(all)
    }

    /// Every copy of a session, in whatever folders it lies; newest first.
    /// Empty when there is none, when the id is no UUID, or nothing can be read.
    pub fn find(&self, session_id: &str) -> Vec<Session> {
        let Some(id) = crate::claude::session_id(session_id) else { return Vec::new() };
        self.find_all(&|found| found == id)
    }

    /// As [`Store::find`], of every session whose id is `wanted`.
    pub fn find_all(&self, wanted: &dyn Fn(&str) -> bool) -> Vec<Session> {
        let Ok((candidates, _)) = self.candidates(wanted) else { return Vec::new() };
        let mut found = read_all(&candidates, &self.live_sessions(), row::read);
        order::order(&mut found, Path::new(""));
        found
    }

    /// The newest sessions by their files' ends, of those whose id is `wanted`, and the
    /// ids of all: fast, for somebody is typing.
    pub fn newest(&self, most: usize, wanted: &dyn Fn(&str) -> bool) -> (Vec<Session>, Vec<String>) {
        let Ok((mut candidates, _)) = self.candidates(&|_| true) else { return (Vec::new(), Vec::new()) };
        let ids = candidates.iter().map(|candidate| candidate.session_id.clone()).collect();
        candidates.retain(|candidate| wanted(&candidate.session_id));
        candidates.truncate(most);
        (read_all(&candidates, &HashMap::new(), row::glance), ids)
    }

    /// Everything that passes for a session by `stat` alone, newest file first;
    /// those whose id is `wanted`.
    pub(crate) fn candidates(
        &self,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<(Vec<Candidate>, Vec<Skipped>), ScanError> {
        let (mut found, mut skipped) = (Vec::new(), Vec::new());
        let mut linked = HashSet::new();
        let Some(folders) = self.projects()? else { return Ok((found, skipped)) };
        for folder in folders.flatten() {
            let path = folder.path();
            if !is_project(&path, folder.file_type().ok(), &mut linked) {
                continue;
            }
            match path.read_dir() {
                Ok(files) => {
                    found.extend(files.flatten().filter_map(|file| candidate(&file, wanted)));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => skipped.push(Skipped { path, why: error.to_string() }),
            }
        }
        drop_second_names(&mut found);
        mark_duplicates(&mut found);
        found.sort_by(|a, b| b.modified.cmp(&a.modified).then_with(|| a.path.cmp(&b.path)));
        skipped.sort_by(|a, b| a.path.cmp(&b.path));
        Ok((found, skipped))
    }

    fn projects(&self) -> Result<Option<ReadDir>, ScanError> {
        let path = self.root().join("projects");
        match path.read_dir() {
            Ok(folders) => Ok(Some(folders)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => match self.root().metadata() {
                Ok(root) if root.is_dir() => Ok(None),
                _ => Err(ScanError::NoFolder(self.root().to_owned())),
            },
            Err(source) => Err(ScanError::Unreadable { path, source }),
        }
    }
}

/// Whether a folder of projects is to be listed: a real one, or a link to one
/// outside of them (claude follows it from the directory that it is named for).
/// Of several links to one folder the first counts.
pub(crate) fn is_project(
    path: &Path,
    kind: Option<std::fs::FileType>,
    linked: &mut HashSet<PathBuf>,
) -> bool {
    match kind {
        Some(kind) if kind.is_symlink() => {
            let Some(target) = path.canonicalize().ok().filter(|target| target.is_dir()) else {
                return false;
            };
            let projects = path.parent().and_then(|projects| projects.canonicalize().ok());
            target.parent() != projects.as_deref() && linked.insert(target)
        }
        kind => kind.is_some_and(|kind| kind.is_dir()),
    }
}

/// A link to a transcript of the same name that is listed itself is a second name of
/// it. Where something really is takes a call a folder: it is asked of few.
fn drop_second_names(candidates: &mut Vec<Candidate>) {
    let linked = candidates.iter().filter(|candidate| candidate.linked);
    let names: HashSet<OsString> =
        linked.filter_map(|candidate| Some(candidate.path.file_name()?.to_owned())).collect();
    if names.is_empty() {
        return;
    }
    let own = candidates.iter().filter(|candidate| {
        !candidate.linked && candidate.path.file_name().is_some_and(|name| names.contains(name))
    });
    let own: HashSet<PathBuf> = own.filter_map(|candidate| candidate.path.canonicalize().ok()).collect();
    candidates.retain(|candidate| {
        !candidate.linked
            || candidate.path.canonicalize().is_ok_and(|target| {
                target.file_name() != candidate.path.file_name() || !own.contains(&target)
            })
    });
}

/// A regular file named `<uuid>.jsonl`, or a link to a regular file; of a FIFO or
/// a folder of that name nothing is opened. Sub-agents' files have other names.
fn candidate(entry: &DirEntry, wanted: &dyn Fn(&str) -> bool) -> Option<Candidate> {
    let name = entry.file_name();
    let session_id = session_id(name.to_str()?.strip_suffix(".jsonl")?)?;
    if !wanted(&session_id) {
        return None;
    }
    let path = entry.path();
    let linked = entry.file_type().ok()?.is_symlink();
    let metadata = if linked { path.metadata() } else { entry.metadata() };
    let metadata = metadata.ok().filter(std::fs::Metadata::is_file)?;
    Some(Candidate {
        session_id,
        path,
        linked,
        modified: file::modified(&metadata),
        size: metadata.len(),
        duplicate: false,
    })
}

fn mark_duplicates(candidates: &mut [Candidate]) {
    let mut seen = HashSet::new();
    let mut twice = HashSet::new();
    for candidate in &*candidates {
        if !seen.insert(&*candidate.session_id) {
            twice.insert(candidate.session_id.clone());
        }
    }
    for candidate in candidates {
        candidate.duplicate = twice.contains(&candidate.session_id);
    }
}

/// Brings the newest of `cwd`'s folder up behind the newest of all, and answers
/// how many make the first batch. The folder's name is only a hint here: a
/// session missed by it comes later.
fn newest_and_here_first(candidates: &mut [Candidate], cwd: &Path) -> usize {
    let resolved = cwd.canonicalize();
    let cwd = resolved.as_deref().unwrap_or(cwd).to_string_lossy();
    let mut folders: HashMap<&std::ffi::OsStr, bool> = HashMap::new();
    let mut here = Vec::new();
    for (i, candidate) in candidates.iter().enumerate().skip(FIRST) {
        let folder = candidate.path.parent().and_then(Path::file_name).unwrap_or_default();
        let is_here = folders
            .entry(folder)
            .or_insert_with(|| folder.to_str().is_some_and(|folder| is_folder_of(folder, &cwd)));
        if *is_here {
            here.push(i);
            if here.len() == HERE {
                break;
            }
        }
    }
    let mut first = FIRST.min(candidates.len());
    for i in here {
        // What lies between moves back by one and stays in order.
        if let Some(between) = candidates.get_mut(first..=i) {
            between.rotate_right(1);
            first += 1;
        }
    }
    first
}

/// How a row is read: [`row::read`], or only a glance.
type Reader = fn(&Candidate, &HashMap<String, LiveRecord>, &mut metadata::Room) -> Option<Session>;

/// Reads a batch on all cores; its order stays.
fn read_all(batch: &[Candidate], live: &HashMap<String, LiveRecord>, read: Reader) -> Vec<Session> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let rows = Mutex::new(Vec::with_capacity(batch.len()));
    let work = || {
        let (mut mine, mut room) = (Vec::new(), metadata::Room::new());
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            let Some(candidate) = batch.get(i) else { break };
            mine.extend(read(candidate, live, &mut room).map(|session| (i, session)));
        }
        // A poisoned lock still holds the others' rows.
        rows.lock().unwrap_or_else(std::sync::PoisonError::into_inner).append(&mut mine);
    };
    std::thread::scope(|scope| {
        for _ in 1..cores.min(batch.len()) {
            scope.spawn(work);
        }
        work();
    });
    let mut rows = rows.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    rows.sort_unstable_by_key(|(i, _)| *i);
    rows.into_iter().map(|(_, session)| session).collect()
}

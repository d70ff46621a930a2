//! Private files: 0600 in a 0700 folder, written aside and renamed, so that a
//! crash or a full disk leaves the old content whole.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use tempfile::NamedTempFile;

use super::StoreError;

/// How long another process may hold a lock.
const PATIENCE: Duration = Duration::from_secs(5);
/// Our files are small; anything longer is not ours.
const MAX_SIZE: u64 = 16 * 1024 * 1024;
/// Links behind each other, as Linux counts them.
const MAX_LINKS: usize = 40;
/// How a file begins that is being written: nobody else's is taken for one.
const ASIDE: &str = ".cclink-writing-";

/// Makes a folder, and those above it, that only its owner can enter.
pub fn private_dir(dir: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(StoreError::io(dir))
}

/// Replaces a file: the old content or the new, never half of one. Where its
/// name is a link, the file in that place is replaced and the link stays.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), StoreError> {
    put(&target(path)?, content, false)
}

/// As [`replace`] for a file that is not ours: it keeps its mode.
pub fn replace_keeping_mode(path: &Path, content: &[u8]) -> Result<(), StoreError> {
    put(&target(path)?, content, true)
}

fn put(path: &Path, content: &[u8], keep_mode: bool) -> Result<(), StoreError> {
    let aside = write_aside(path, content)?;
    if let (true, Ok(metadata)) = (keep_mode, fs::metadata(path)) {
        aside.as_file().set_permissions(metadata.permissions()).map_err(StoreError::io(path))?;
    }
    aside.persist(path).map_err(|error| StoreError::io(path)(error.error))?;
    sync_dir(path);
    Ok(())
}

/// Where a file lies whose name may be a link, also one that leads nowhere yet.
fn target(path: &Path) -> Result<PathBuf, StoreError> {
    let mut target = path.to_owned();
    for _ in 0..MAX_LINKS {
        match target.symlink_metadata() {
            Ok(metadata) if metadata.is_symlink() => {
                let next = fs::read_link(&target).map_err(StoreError::io(path))?;
                target = target.parent().map_or_else(|| next.clone(), |dir| dir.join(&next));
            }
            _ => return Ok(target),
        }
    }
    Err(StoreError::damaged(path, "is a circular link"))
}

/// By what a file is known to be the one that was read: a replaced one is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Device and number; zeros where the system tells none.
    file: (u64, u64),
    bytes: u64,
    written: SystemTime,
}

/// The stamp of a file, or of the one that a link leads to.
pub fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    #[cfg(unix)]
    let file = {
        use std::os::unix::fs::MetadataExt;
        (metadata.dev(), metadata.ino())
    };
    #[cfg(not(unix))]
    let file = (0, 0);
    Some(Stamp { file, bytes: metadata.len(), written: metadata.modified().ok()? })
}

/// Removes a file; none is fine.
pub fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StoreError::io(path)(error)),
        _ => Ok(()),
    }
}

/// Creates a file that must not exist yet; a link that leads nowhere yet is
/// followed.
pub fn create(path: &Path, content: &[u8]) -> Result<(), StoreError> {
    let path = &target(path)?;
    let aside = write_aside(path, content)?;
    aside.persist_noclobber(path).map_err(|error| match error.error.kind() {
        std::io::ErrorKind::AlreadyExists => StoreError::Exists(path.to_owned()),
        _ => StoreError::io(path)(error.error),
    })?;
    sync_dir(path);
    Ok(())
}

/// A temporary file in the same folder (0600 by its maker), content synced.
fn write_aside(path: &Path, content: &[u8]) -> Result<NamedTempFile, StoreError> {
    private_dir(folder(path))?;
    let write = || {
        let mut aside = aside(path)?;
        aside.write_all(content)?;
        aside.as_file().sync_all()?;
        Ok(aside)
    };
    write().map_err(StoreError::io(path))
}

/// A temporary file beside this one, for whoever writes it himself. It is locked, so
/// that [`clean_up`] knows it from the rest of a process that was killed.
pub fn aside(path: &Path) -> io::Result<NamedTempFile> {
    loop {
        let aside = tempfile::Builder::new().prefix(ASIDE).tempfile_in(folder(path))?;
        // A file system without locks has no tidying either.
        let locked = aside.as_file().lock().is_ok();
        // Another process may have tidied it up before it was locked.
        if !locked || aside.path().symlink_metadata().is_ok() {
            return Ok(aside);
        }
    }
}

/// Removes what a process of ours that was killed while it wrote left beside a
/// file: whole contents, a key's too. What another one is just writing stays.
pub fn clean_up(path: &Path) {
    for (left, _lock) in left_behind(path) {
        let _ = fs::remove_file(left);
    }
}

/// What [`clean_up`] would remove, each with its lock.
pub fn left_behind(path: &Path) -> impl Iterator<Item = (PathBuf, File)> {
    let entries = target(path).ok().and_then(|path| fs::read_dir(folder(&path)).ok());
    entries.into_iter().flatten().flatten().filter_map(|entry| {
        let is_ours = entry.file_name().as_encoded_bytes().starts_with(ASIDE.as_bytes());
        if !is_ours || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            return None;
        }
        let file = open(OpenOptions::new().read(true), &entry.path()).ok()?;
        file.try_lock().is_ok().then(|| (entry.path(), file))
    })
}

/// Whether everyone on this machine can change a file, or what is in a folder.
pub fn others_may_write(path: &Path) -> bool {
    mode(path) & 0o002 != 0
}

/// Whether anybody but its owner can read or change a file.
pub fn others_may_read(path: &Path) -> bool {
    mode(path) & 0o077 != 0
}

/// Takes from others, and the group, the right to change it.
pub fn forbid_others_to_write(path: &Path) -> Result<(), StoreError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let less = fs::Permissions::from_mode(mode(path) & 0o7755);
        fs::set_permissions(path, less).map_err(StoreError::io(path))?;
    }
    Ok(())
}

/// A file's mode; 0 where there are none, or no file.
fn mode(path: &Path) -> u32 {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode() & 0o7777)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        0
    }
}

/// The folder in which a file lies.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes a rename survive a power cut; where folders cannot be synced the
/// system does what it can.
fn sync_dir(path: &Path) {
    if let Some(Ok(dir)) = path.parent().map(File::open) {
        let _ = dir.sync_all();
    }
}

/// A whole file; `None` where there is none.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    let file = match open(OpenOptions::new().read(true), path) {
        Err(StoreError::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut content = Vec::new();
    file.take(MAX_SIZE + 1).read_to_end(&mut content).map_err(StoreError::io(path))?;
    if content.len() as u64 > MAX_SIZE {
        return Err(StoreError::damaged(path, "is too large to be one of cclink's files"));
    }
    Ok(Some(content))
}

/// Opens a regular file. A FIFO, a device or a folder in its place is refused at
/// once: it would hold us up for ever.
fn open(options: &mut OpenOptions, path: &Path) -> Result<File, StoreError> {
    let not_a_file = || StoreError::damaged(path, "is not a regular file");
    // Opening a device may already do something.
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(not_a_file());
    }
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        options,
        rustix::fs::OFlags::NONBLOCK.bits().cast_signed(),
    );
    let file = options.open(path).map_err(StoreError::io(path))?;
    if !file.metadata().map_err(StoreError::io(path))?.is_file() {
        return Err(not_a_file());
    }
    Ok(file)
}

/// Moves a damaged file out of the way, under a name that is not taken.
pub fn set_aside(path: &Path) -> Result<PathBuf, StoreError> {
    set_aside_as(&target(path)?, "damaged")
}

/// Moves a file to `NAME.<why>-N` beside it, under a name that is not taken.
pub fn set_aside_as(path: &Path, why: &str) -> Result<PathBuf, StoreError> {
    for number in 1..1000 {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{why}-{number}"));
        let aside = PathBuf::from(name);
        if aside.symlink_metadata().is_err() {
            fs::rename(path, &aside).map_err(StoreError::io(path))?;
            return Ok(aside);
        }
    }
    Err(StoreError::Exists(path.with_extension(why)))
}

/// Keeps other processes of ours from changing a file until the result is
/// dropped. What is locked is a file beside it, for the file itself is replaced
/// by every change. The system lets go of it when the process dies.
pub fn lock(path: &Path) -> Result<File, StoreError> {
    let path = path.with_extension("lock");
    let file = open_lock(&path)?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => sleep(Duration::from_millis(5)),
            Err(TryLockError::WouldBlock) => return Err(StoreError::Busy(path)),
            Err(TryLockError::Error(error)) => return Err(StoreError::io(&path)(error)),
        }
    }
}

/// Opens a file that is there to be locked.
pub fn open_lock(path: &Path) -> Result<File, StoreError> {
    private_dir(folder(path))?;
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    open(&mut options, path)
}

//! Private files: 0600 in a 0700 folder, written aside and renamed, so that a
//! crash or a full disk leaves the old content whole.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;

use super::StoreError;

/// How long another process may hold a lock.
const PATIENCE: Duration = Duration::from_secs(5);
/// Our files are small; anything longer is not ours.
const MAX_SIZE: u64 = 16 * 1024 * 1024;

/// Makes a folder, and those above it, that only its owner can enter.
pub fn private_dir(dir: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(StoreError::io(dir))
}

/// Replaces a file: the old content or the new, never half of one.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), StoreError> {
    let aside = write_aside(path, content)?;
    aside.persist(path).map_err(|error| StoreError::io(path)(error.error))?;
    sync_dir(path);
    Ok(())
}

/// As [`replace`] for a file that is not ours: it keeps its mode, and where its
/// name is a link to another place, the file in that place is replaced.
pub fn replace_keeping_mode(path: &Path, content: &[u8]) -> Result<(), StoreError> {
    let path = match path.symlink_metadata() {
        Ok(metadata) if metadata.is_symlink() => &path.canonicalize().map_err(StoreError::io(path))?,
        _ => path,
    };
    let aside = write_aside(path, content)?;
    if let Ok(metadata) = fs::metadata(path) {
        aside.as_file().set_permissions(metadata.permissions()).map_err(StoreError::io(path))?;
    }
    aside.persist(path).map_err(|error| StoreError::io(path)(error.error))?;
    sync_dir(path);
    Ok(())
}

/// Removes a file; none is fine.
pub fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StoreError::io(path)(error)),
        _ => Ok(()),
    }
}

/// Creates a file that must not exist yet.
pub fn create(path: &Path, content: &[u8]) -> Result<(), StoreError> {
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
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    private_dir(dir)?;
    let write = || {
        let mut aside = NamedTempFile::new_in(dir)?;
        aside.write_all(content)?;
        aside.as_file().sync_all()?;
        Ok(aside)
    };
    write().map_err(StoreError::io(path))
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
    let mut options = OpenOptions::new();
    options.read(true);
    // A FIFO in our file's place would hold us up for ever.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        rustix::fs::OFlags::NONBLOCK.bits().cast_signed(),
    );
    let file = match options.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io(path)(error)),
    };
    if !file.metadata().map_err(StoreError::io(path))?.is_file() {
        return Err(StoreError::damaged(path, "is no regular file"));
    }
    let mut content = Vec::new();
    file.take(MAX_SIZE + 1).read_to_end(&mut content).map_err(StoreError::io(path))?;
    if content.len() as u64 > MAX_SIZE {
        return Err(StoreError::damaged(path, "is far too large to be ours"));
    }
    Ok(Some(content))
}

/// Moves a damaged file out of the way, under a name that is not taken.
pub fn set_aside(path: &Path) -> Result<PathBuf, StoreError> {
    set_aside_as(path, "damaged")
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
    if let Some(dir) = path.parent() {
        private_dir(dir)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path).map_err(StoreError::io(&path))?;
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

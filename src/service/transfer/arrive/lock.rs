//! One arrival of a session at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{Error, Job, Result};
use crate::store::files;

/// How long another process may take before this one gives up.
const PATIENCE: Duration = Duration::from_mins(10);
const AGAIN: Duration = Duration::from_millis(100);
/// How long it waits without a word.
const A_MOMENT: Duration = Duration::from_secs(1);

/// Held while a session arrives. The system lets go of it when the process dies.
/// Its file stays then, and says that something may have been left half-way; of an
/// arrival that ended well there is none.
pub(crate) struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Waits for its turn, and says that it waits.
    pub async fn take(state: &Path, id: &str, job: &Job) -> Result<Self> {
        let started = Instant::now();
        loop {
            let lock = Self::open(state, id, true)?;
            match lock.file.try_lock() {
                Ok(()) if lock.counts() => return Ok(lock),
                // Who had it has removed it: the next one locks another file.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if started.elapsed() < PATIENCE => {
                    // For a moment it may be one that only tidies.
                    if started.elapsed() > A_MOMENT {
                        job.doing("another cclink is bringing this session: waiting for it");
                    }
                    tokio::time::sleep(AGAIN).await;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::failed("Another cclink is still bringing this session.").advise(
                        "Wait for it or stop it, then try again: the copy resumes where it stopped.",
                    ));
                }
                Err(TryLockError::Error(error)) => {
                    return Err(Error::failed(format!("The session cannot be locked: {error}.")));
                }
            }
        }
    }

    /// The lock, where nobody holds it; `create` makes its file where there is none.
    pub(crate) fn at_once(state: &Path, id: &str, create: bool) -> Option<Self> {
        let lock = Self::open(state, id, create).ok()?;
        (lock.file.try_lock().is_ok() && lock.counts()).then_some(lock)
    }

    /// Whether nobody holds it.
    pub fn is_free(state: &Path, id: &str) -> bool {
        path(state, id).symlink_metadata().is_err() || Self::at_once(state, id, false).is_some()
    }

    /// Lets go of it, and says that nothing was left half-way.
    pub fn done(self) {
        // While it is held: nobody else can believe to hold it.
        let _ = fs::remove_file(&self.path);
    }

    fn open(state: &Path, id: &str, create: bool) -> Result<Self> {
        let path = path(state, id);
        files::private_dir(path.parent().unwrap_or(state))?;
        let mut options = OpenOptions::new();
        options.create(create).truncate(false).write(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600).custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
        }
        let file = options
            .open(&path)
            .map_err(|error| Error::failed(format!("{} cannot be opened: {error}.", path.display())))?;
        Ok(Self { file, path })
    }

    /// Whether it is locked that others would lock: not one that was removed.
    #[cfg(unix)]
    fn counts(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        let place = |meta: &fs::Metadata| (meta.dev(), meta.ino());
        let ours = self.file.metadata().map(|meta| place(&meta));
        ours.is_ok_and(|ours| self.path.symlink_metadata().is_ok_and(|meta| place(&meta) == ours))
    }

    #[cfg(not(unix))]
    fn counts(&self) -> bool {
        self.path.exists()
    }
}

fn path(state: &Path, id: &str) -> PathBuf {
    state.join("bring").join(format!("{id}.lock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "11111111-2222-4333-8444-555555555555";

    #[tokio::test]
    async fn one_that_was_removed_is_nobodys() {
        let dir = tempfile::tempdir().unwrap();
        let first = Lock::take(dir.path(), ID, &Job::quiet()).await.unwrap();
        assert!(!Lock::is_free(dir.path(), ID) && Lock::at_once(dir.path(), ID, true).is_none());
        // It waits with the same file open when that is removed.
        let waiting = Lock::open(dir.path(), ID, true).unwrap();
        first.done();
        assert!(waiting.file.try_lock().is_ok() && !waiting.counts());
        let second = Lock::take(dir.path(), ID, &Job::quiet()).await.unwrap();
        assert!(!Lock::is_free(dir.path(), ID), "another file is locked now");
        drop(second);
        assert!(Lock::is_free(dir.path(), ID) && path(dir.path(), ID).exists());
        // Looking makes none.
        fs::remove_file(path(dir.path(), ID)).unwrap();
        assert!(Lock::is_free(dir.path(), ID) && Lock::at_once(dir.path(), ID, false).is_none());
        assert!(!path(dir.path(), ID).exists());
    }
}

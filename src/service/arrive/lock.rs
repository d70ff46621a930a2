//! One arrival of a session at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Error, Job, Result};
use crate::store::files;

/// How long another process may take before this one gives up.
const PATIENCE: Duration = Duration::from_mins(10);
const AGAIN: Duration = Duration::from_millis(100);

/// Held while a session arrives. The system lets go of it when the process dies.
pub(in crate::service) struct Lock(#[allow(dead_code)] File);

impl Lock {
    /// Waits for its turn, and says that it waits.
    pub async fn take(state: &Path, id: &str, job: &Job) -> Result<Self> {
        let file = open(state, id)?;
        let started = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                Err(TryLockError::WouldBlock) if started.elapsed() < PATIENCE => {
                    job.doing("another cclink is bringing this session: waiting for it");
                    tokio::time::sleep(AGAIN).await;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::failed("Another cclink is still bringing this session.")
                        .advise("Let it finish, or end it, and try again: it goes on where it stopped."));
                }
                Err(TryLockError::Error(error)) => {
                    return Err(Error::failed(format!("The session cannot be locked: {error}.")));
                }
            }
        }
    }

    /// Whether nobody holds it.
    pub fn is_free(state: &Path, id: &str) -> bool {
        open(state, id).is_ok_and(|file| file.try_lock().is_ok())
    }
}

fn open(state: &Path, id: &str) -> Result<File> {
    let folder = state.join("bring");
    files::private_dir(&folder)?;
    let path = folder.join(format!("{id}.lock"));
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600).custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    options
        .open(&path)
        .map_err(|error| Error::failed(format!("{} cannot be opened: {error}.", path.display())))
}

//! Stdout as it is: whatever could not be written is known at the end. The
//! standard library's own handle takes a closed stdout for one that was written.

use std::io::{Error as IoError, ErrorKind, Result as IoResult, Write};
#[cfg(unix)]
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::service::{Error, Result};

/// Why not all of the answer was written. A process has one stdout; once it
/// failed nothing more is written, so that what is there has no hole.
static TROUBLE: Mutex<Option<Trouble>> = Mutex::new(None);

/// Whether the process began without a stdout. Before `main` the runtime opens
/// /dev/null in its place, which takes everything.
#[cfg(unix)]
static CLOSED: AtomicBool = AtomicBool::new(false);

#[cfg(unix)]
#[ctor::ctor]
fn look_before_main() {
    CLOSED.store(rustix::io::fcntl_getfd(rustix::stdio::stdout()).is_err(), Ordering::Relaxed);
}

#[derive(Clone, Debug)]
enum Trouble {
    /// Whoever read it went away, as `head` does.
    ReaderLeft,
    /// The system's words.
    Failed(String),
}

/// Writes all of it at once, with nothing kept back.
pub(super) fn write(bytes: &[u8]) -> IoResult<()> {
    let mut trouble = TROUBLE.lock().unwrap_or_else(PoisonError::into_inner);
    if trouble.is_some() {
        return Err(IoError::from(ErrorKind::BrokenPipe));
    }
    let written = open().and_then(|mut stdout| stdout.write_all(bytes).and_then(|()| stdout.flush()));
    if let Err(error) = &written {
        *trouble = Some(match error.kind() {
            ErrorKind::BrokenPipe => Trouble::ReaderLeft,
            _ => Trouble::Failed(error.to_string()),
        });
    }
    written
}

/// Notes that an answer never came as far as being written.
pub(super) fn failed(why: String) {
    let mut trouble = TROUBLE.lock().unwrap_or_else(PoisonError::into_inner);
    trouble.get_or_insert(Trouble::Failed(why));
}

/// Whether everything that was to be written was: false where the reader went
/// away, an error where it could not be written.
pub(super) fn written() -> Result<bool> {
    match TROUBLE.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
        None => Ok(true),
        Some(Trouble::ReaderLeft) => Ok(false),
        Some(Trouble::Failed(why)) => {
            Err(Error::failed(format!("The answer could not be written to stdout: {why}.")))
        }
    }
}

/// Whether there is none to write to.
pub(super) fn is_closed() -> bool {
    #[cfg(unix)]
    return CLOSED.load(Ordering::Relaxed);
    #[cfg(not(unix))]
    return false;
}

#[cfg(unix)]
fn open() -> IoResult<std::fs::File> {
    use std::os::fd::AsFd;
    if is_closed() {
        return Err(IoError::other("it is closed"));
    }
    std::io::stdout().as_fd().try_clone_to_owned().map(std::fs::File::from)
}

#[cfg(not(unix))]
fn open() -> IoResult<std::io::Stdout> {
    Ok(std::io::stdout())
}

//! Bytes to the terminal, written by a thread: a terminal that nobody reads
//! stops who writes to it, and the screen has signals and keys to answer. What
//! is drawn waits here, and never more than one picture of it.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// Bytes of one write: after each it is looked whether they are still wanted.
const PIECE: usize = 4096;

/// Where pictures are written to.
#[derive(Clone)]
pub struct Output {
    shared: Arc<Shared>,
    unsent: Vec<u8>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    filled: Condvar,
    emptied: Notify,
}

#[derive(Default)]
struct Queue {
    bytes: Vec<u8>,
    writing: bool,
    gone: bool,
    closed: bool,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Output {
    /// Starts the thread. It writes while `wanted` is true, and drops the rest.
    pub fn start(wanted: &'static AtomicBool) -> io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let output = Self { shared: shared.clone(), unsent: Vec::new() };
        std::thread::Builder::new().name("screen".to_owned()).spawn(move || write_all(&shared, wanted))?;
        Ok(output)
    }

    /// Whether something is still to be written.
    pub fn is_busy(&self) -> bool {
        let queue = self.shared.queue();
        !queue.gone && (queue.writing || !queue.bytes.is_empty())
    }

    /// Waits until all is written; an error when the terminal is gone.
    pub async fn written(&self) -> io::Result<()> {
        loop {
            // asked before it is looked: what happens in between is not missed
            let emptied = self.shared.emptied.notified();
            tokio::pin!(emptied);
            emptied.as_mut().enable();
            if self.shared.queue().gone {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            if !self.is_busy() {
                return Ok(());
            }
            emptied.await;
        }
    }

    /// Ends the thread once it has written all.
    pub fn close(&self) {
        self.shared.queue().closed = true;
        self.shared.filled.notify_one();
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.unsent.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// Hands over what was written since the last time.
    fn flush(&mut self) -> io::Result<()> {
        let mut queue = self.shared.queue();
        if queue.gone {
            self.unsent.clear();
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        queue.bytes.append(&mut self.unsent);
        drop(queue);
        self.shared.filled.notify_one();
        Ok(())
    }
}

fn write_all(shared: &Shared, wanted: &AtomicBool) {
    loop {
        let mut queue = shared.queue();
        while queue.bytes.is_empty() && !queue.closed {
            queue = shared.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        if queue.bytes.is_empty() {
            return;
        }
        let bytes = std::mem::take(&mut queue.bytes);
        queue.writing = true;
        drop(queue);
        let written = device::write(&bytes, &|| wanted.load(Ordering::SeqCst));
        let mut queue = shared.queue();
        (queue.writing, queue.gone) = (false, queue.gone || written.is_err());
        drop(queue);
        shared.emptied.notify_waiters();
    }
}

/// Writes the last words, and tries that no longer than `patience`. Where nobody
/// reads, what stands in the way is thrown away: these put the terminal right.
pub fn write_within(words: &str, patience: Duration) {
    let start = Instant::now();
    // nothing can be done about an error
    let _ = device::write(words.as_bytes(), &|| {
        if start.elapsed() > patience / 4 {
            device::forget_written();
        }
        start.elapsed() < patience
    });
}

#[cfg(unix)]
mod device {
    use std::io;
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
    use std::sync::OnceLock;
    use std::time::Duration;

    use filedescriptor::{POLLOUT, poll, pollfd};
    use rustix::fs::{Mode, OFlags};
    use rustix::io::Errno;
    use rustix::termios::{QueueSelector, isatty, tcflush, ttyname};

    /// How long room is waited for before it is looked whether the bytes are
    /// still wanted.
    const LOOK: Duration = Duration::from_millis(100);

    /// The terminal of standard output, opened once more: so no write waits in
    /// the system, where it would also hold up the last words. Standard output
    /// itself is shared with the shell and stays as it is.
    fn terminal() -> BorrowedFd<'static> {
        static OWN: OnceLock<Option<OwnedFd>> = OnceLock::new();
        let own = OWN.get_or_init(|| {
            let name = ttyname(rustix::stdio::stdout(), Vec::new()).ok()?;
            let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
            rustix::fs::open(&name, flags, Mode::empty()).ok().filter(|fd| isatty(fd))
        });
        // it may belong to somebody else (`su`), or be of another system (a container)
        own.as_ref().map_or(rustix::stdio::stdout(), AsFd::as_fd)
    }

    /// Writes past every lock, as long as `wanted` says so.
    pub fn write(mut bytes: &[u8], wanted: &dyn Fn() -> bool) -> io::Result<()> {
        let terminal = terminal();
        while !bytes.is_empty() && wanted() {
            if !has_room(terminal)? {
                continue;
            }
            let piece = &bytes[..bytes.len().min(super::PIECE)];
            match rustix::io::write(terminal, piece) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => bytes = &bytes[written..],
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn has_room(terminal: BorrowedFd<'_>) -> io::Result<bool> {
        let mut fds = [pollfd { fd: terminal.as_raw_fd(), events: POLLOUT, revents: 0 }];
        match poll(&mut fds, Some(LOOK)) {
            Ok(ready) => Ok(ready > 0),
            Err(filedescriptor::Error::Poll(error)) if error.kind() == io::ErrorKind::Interrupted => {
                Ok(false)
            }
            Err(error) => Err(io::Error::other(error)),
        }
    }

    /// Throws away what the terminal has not read.
    pub fn forget_written() {
        let _ = tcflush(rustix::stdio::stdout(), QueueSelector::OFlush);
    }
}

#[cfg(not(unix))]
mod device {
    use std::io::{self, Write};

    /// Writes, and waits for the console.
    pub fn write(bytes: &[u8], wanted: &dyn Fn() -> bool) -> io::Result<()> {
        if !wanted() {
            return Ok(());
        }
        let mut stdout = io::stdout();
        stdout.write_all(bytes)?;
        stdout.flush()
    }

    /// The console reads by itself.
    pub fn forget_written() {}
}

//! Keys of the terminal: read in a thread that sleeps until one comes, made of
//! bytes by a parser of our own.
//!
//! Crossterm's cannot be told what an answer of the terminal is; those of other
//! crates neither: `termina` waits for ever for the end of a DA2 answer or of an
//! unknown OSC, and types the words of an APC; `termwiz` types both; `vte` is
//! made for the other direction, where no Esc is ever alone. The types are
//! crossterm's, as everywhere on the screen.

mod keys;
mod parser;

use std::io;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossterm::event::Event;
use tokio::sync::mpsc;

/// Reads that wait for the screen; the terminal keeps what comes behind them.
const WAITING: usize = 16;

/// What one read of the terminal held.
#[derive(Debug)]
pub struct Read {
    /// When it was read.
    pub at: Instant,
    /// Keys, clicks, pastes.
    pub inputs: Vec<Event>,
}

/// The terminal's keys, as long as it is kept.
pub struct Input {
    reads: mpsc::Receiver<Read>,
    stop: source::Stop,
    thread: Option<JoinHandle<()>>,
}

impl Input {
    /// Starts to read. What comes before `from` is thrown away: it was typed or
    /// answered for somebody else.
    pub fn open(from: Instant) -> io::Result<Self> {
        let (tell, reads) = mpsc::channel(WAITING);
        let (source, stop) = source::open()?;
        let read = move || {
            let mut source = source;
            source.run(&mut |read: Read| read.at < from || tell.blocking_send(read).is_ok());
        };
        let thread = std::thread::Builder::new().name("keys".to_owned()).spawn(read)?;
        Ok(Self { reads, stop, thread: Some(thread) })
    }

    /// What was read next; `None` when the terminal is gone.
    pub async fn next(&mut self) -> Option<Read> {
        self.reads.recv().await
    }

    /// What was read already.
    pub fn ready(&mut self) -> Option<Read> {
        self.reads.try_recv().ok()
    }
}

impl Drop for Input {
    /// Nothing is read any more afterwards, and the rest of a sequence that had
    /// begun is not left to whoever reads next.
    fn drop(&mut self) {
        self.reads.close();
        self.stop.stop();
        if let Some(thread) = self.thread.take() {
            // It only fails where the thread panicked, which was told already.
            let _ = thread.join();
        }
    }
}

/// Throws away what was typed and not read.
pub fn forget_typed() {
    #[cfg(unix)]
    let _ = rustix::termios::tcflush(rustix::stdio::stdin(), rustix::termios::QueueSelector::IFlush);
}

#[cfg(unix)]
mod source {
    use std::io::{self, Write};
    use std::os::fd::{AsRawFd, BorrowedFd};
    use std::os::unix::net::UnixStream;
    use std::time::Instant;

    use filedescriptor::{POLLIN, poll, pollfd};

    use super::{Duration, Read, parser::Parser};

    /// Bytes of one read.
    const SIZE: usize = 1024;
    /// How long the rest of a sequence is waited for when reading stops.
    const REST: Duration = Duration::from_millis(50);

    /// Ends the reading.
    pub struct Stop(UnixStream);

    impl Stop {
        pub fn stop(&mut self) {
            let _ = self.0.write_all(&[0]);
        }
    }

    /// Standard input, which is the terminal. `filedescriptor` polls it also
    /// where poll(2) cannot, and nothing is changed about it that a shell or a
    /// child would inherit, as another mode of reading would be.
    pub struct Source {
        stopped: UnixStream,
        parser: Parser,
    }

    pub fn open() -> io::Result<(Source, Stop)> {
        let (stopped, stop) = UnixStream::pair()?;
        Ok((Source { stopped, parser: Parser::default() }, Stop(stop)))
    }

    /// What waking brought.
    #[derive(PartialEq)]
    enum Woke {
        Bytes,
        Stop,
        Time,
    }

    impl Source {
        /// Reads until it is stopped, nobody listens, or the terminal is gone.
        pub fn run(&mut self, tell: &mut dyn FnMut(Read) -> bool) {
            let mut bytes = [0; SIZE];
            loop {
                let wait = self.parser.deadline().map(|at| at.saturating_duration_since(Instant::now()));
                let mut inputs = Vec::new();
                match self.wait(wait, true) {
                    Ok(Woke::Stop) => return self.skip_rest(&mut bytes),
                    Ok(Woke::Time) => self.parser.expire(&mut inputs),
                    Ok(Woke::Bytes) => match read(&mut bytes) {
                        Ok(0) | Err(_) => return,
                        Ok(len) => self.parser.feed(&bytes[..len], Instant::now(), &mut inputs),
                    },
                    Err(_) => return,
                }
                if !inputs.is_empty() && !tell(Read { at: Instant::now(), inputs }) {
                    return self.skip_rest(&mut bytes);
                }
            }
        }

        /// Reads to the end of what has begun.
        fn skip_rest(&mut self, bytes: &mut [u8]) {
            let end = Instant::now() + 10 * REST;
            while self.parser.holds_keys_back()
                && Instant::now() < end
                && matches!(self.wait(Some(REST), false), Ok(Woke::Bytes))
            {
                let Ok(len @ 1..) = read(bytes) else { return };
                self.parser.feed(&bytes[..len], Instant::now(), &mut Vec::new());
            }
        }

        fn wait(&self, time: Option<Duration>, stoppable: bool) -> io::Result<Woke> {
            let of = |fd: i32| pollfd { fd, events: POLLIN, revents: 0 };
            let mut fds = [of(stdin().as_raw_fd()), of(self.stopped.as_raw_fd())];
            let fds = if stoppable { &mut fds[..] } else { &mut fds[..1] };
            loop {
                match poll(fds, time) {
                    Ok(0) => return Ok(Woke::Time),
                    Ok(_) if fds.get(1).is_some_and(|stop| stop.revents != 0) => return Ok(Woke::Stop),
                    // gone is told by the read
                    Ok(_) => return Ok(Woke::Bytes),
                    Err(filedescriptor::Error::Poll(error)) if error.kind() == io::ErrorKind::Interrupted => {
                    }
                    Err(error) => return Err(io::Error::other(error)),
                }
            }
        }
    }

    fn stdin() -> BorrowedFd<'static> {
        rustix::stdio::stdin()
    }

    fn read(bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            match rustix::io::read(stdin(), &mut *bytes) {
                Err(rustix::io::Errno::INTR) => {}
                other => return Ok(other?),
            }
        }
    }
}

#[cfg(not(unix))]
mod source {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Instant;

    use super::{Duration, Read};

    /// How often it is looked whether reading is over.
    const LOOK: Duration = Duration::from_millis(100);

    /// Ends the reading.
    pub struct Stop(Arc<AtomicBool>);

    impl Stop {
        pub fn stop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    /// The console, which tells keys as such and never answers in their place.
    pub struct Source(Arc<AtomicBool>);

    pub fn open() -> io::Result<(Source, Stop)> {
        let stopped = Arc::<AtomicBool>::default();
        Ok((Source(stopped.clone()), Stop(stopped)))
    }

    impl Source {
        /// Reads until it is stopped, nobody listens, or the console is gone.
        pub fn run(&mut self, tell: &mut dyn FnMut(Read) -> bool) {
            while !self.0.load(Ordering::SeqCst) {
                let input = match crossterm::event::poll(LOOK) {
                    Ok(false) => continue,
                    Ok(true) => crossterm::event::read(),
                    Err(error) => Err(error),
                };
                let Ok(input) = input else { return };
                if !tell(Read { at: Instant::now(), inputs: vec![input] }) {
                    return;
                }
            }
        }
    }
}

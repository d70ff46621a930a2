//! A secret typed on a terminal. Whatever ends the question, or the program while it
//! waits: the terminal shows again what is typed.

use std::io::ErrorKind;

use super::prompt::can_ask;
use crate::service::{Error, Hidden, Result};

/// Asks for a secret without showing it; `None` where nobody can answer.
pub fn secret(question: &str) -> Result<Option<Hidden<String>>> {
    if !can_ask() {
        return Ok(None);
    }
    match prompt_password(question) {
        Ok(answer) => Ok(Some(Hidden::new(answer))),
        // Ctrl-C, and Ctrl-D as for every other question
        Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::UnexpectedEof) => {
            Err(Error::cancelled())
        }
        Err(error) => Err(Error::failed(format!("The terminal cannot be read: {error}."))),
    }
}

#[cfg(not(unix))]
use rpassword::prompt_password;
#[cfg(unix)]
use unix::prompt_password;

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io::{self, ErrorKind, PipeReader, PipeWriter, Read, Write};
    use std::os::fd::AsRawFd;
    use std::sync::{Mutex, Once, PoisonError};
    use std::task::Poll;

    use filedescriptor::{POLLIN, poll, pollfd};
    use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
    use tokio::signal::unix::{Signal, SignalKind, signal};

    use crate::commands::is_heard;

    const CTRL_C: u8 = 3;

    /// What ends the question that waits: it does when this is dropped.
    static WAITS: Mutex<Option<PipeWriter>> = Mutex::new(None);

    /// As the crate's, which leaves the terminal as it is where a signal ends the
    /// program, and raises one itself at Ctrl-C.
    pub fn prompt_password(question: &str) -> io::Result<String> {
        hear();
        let (over, ends) = io::pipe()?;
        *WAITS.lock().unwrap_or_else(PoisonError::into_inner) = Some(ends);
        let typed = NoEcho::open(over).and_then(|terminal| {
            let config = rpassword::ConfigBuilder::new().input_reader(terminal).build();
            rpassword::prompt_password_with_config(question, config)
        });
        // Enter was not shown either.
        let _ = writeln!(io::stderr());
        // An end that came with the last key is no less one.
        if waiting().is_none() { Err(ErrorKind::Interrupted.into()) } else { typed }
    }

    fn waiting() -> Option<PipeWriter> {
        WAITS.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Hears from now on what ends the program: first it ends the question. The
    /// runtime gives no signal back to the system, so later the program is ended here
    /// as the system would, unless somebody else listens.
    fn hear() {
        static HEARS: Once = Once::new();
        if tokio::runtime::Handle::try_current().is_err() {
            return;
        }
        HEARS.call_once(|| {
            let kinds =
                [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup(), SignalKind::quit()];
            let mut all: Vec<(SignalKind, Signal)> =
                kinds.into_iter().filter_map(|kind| Some((kind, signal(kind).ok()?))).collect();
            tokio::spawn(async move {
                loop {
                    let number = next(&mut all).await.as_raw_value();
                    if waiting().is_none() && !is_heard() {
                        std::process::exit(128 + number);
                    }
                }
            });
        });
    }

    async fn next(all: &mut [(SignalKind, Signal)]) -> SignalKind {
        std::future::poll_fn(|context| {
            for (kind, signal) in all.iter_mut() {
                if signal.poll_recv(context).is_ready() {
                    return Poll::Ready(*kind);
                }
            }
            Poll::Pending
        })
        .await
    }

    /// The terminal, showing nothing of what is typed and giving each key at once;
    /// as it was again when dropped.
    struct NoEcho {
        terminal: File,
        modes: Termios,
        over: PipeReader,
    }

    impl NoEcho {
        fn open(over: PipeReader) -> io::Result<Self> {
            let terminal = File::open("/dev/tty")?;
            let modes = tcgetattr(&terminal)?;
            let mut hidden = modes.clone();
            hidden.local_modes -=
                LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG;
            // whatever line mode left there: a read waits for a key
            hidden.special_codes[SpecialCodeIndex::VMIN] = 1;
            hidden.special_codes[SpecialCodeIndex::VTIME] = 0;
            tcsetattr(&terminal, OptionalActions::Now, &hidden)?;
            Ok(Self { terminal, modes, over })
        }

        /// Waits for a key; whether there is one, and not an end.
        fn has_key(&self) -> io::Result<bool> {
            let of = |fd: i32| pollfd { fd, events: POLLIN, revents: 0 };
            let mut ready = [of(self.terminal.as_raw_fd()), of(self.over.as_raw_fd())];
            loop {
                match poll(&mut ready, None) {
                    Ok(_) => return Ok(ready[1].revents == 0),
                    Err(filedescriptor::Error::Poll(error)) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return Err(io::Error::other(error)),
                }
            }
        }
    }

    impl Read for NoEcho {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let read = if self.has_key()? { self.terminal.read(buffer)? } else { 0 };
            // a terminal that has gone is no answer, least of all an empty one
            let is_over = read == 0 || buffer[..read].contains(&CTRL_C);
            if is_over { Err(ErrorKind::Interrupted.into()) } else { Ok(read) }
        }
    }

    impl Drop for NoEcho {
        fn drop(&mut self) {
            // a terminal that is gone shows nothing anyway
            let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.modes);
        }
    }
}

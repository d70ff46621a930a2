//! Signals that a program which owns a terminal has to answer.

use std::io;

/// A signal, by what it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// End; the number of the signal, for the exit code.
    End(i32),
    /// Stop, and wait to be continued.
    Stop,
    /// Continued after a stop.
    Continue,
}

#[cfg(unix)]
pub use unix::{Signals, can_suspend, stop};

#[cfg(unix)]
mod unix {
    use rustix::process;
    use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

    use super::{Signal, io};

    /// Listens to the signals.
    pub struct Signals {
        terminate: Stream,
        hang_up: Stream,
        interrupt: Stream,
        stop: Stream,
        resume: Stream,
    }

    impl Signals {
        /// Starts listening; from here on none of them ends the program by itself.
        pub fn listen() -> io::Result<Self> {
            let of = |signal: process::Signal| SignalKind::from_raw(signal.as_raw());
            Ok(Self {
                terminate: signal(SignalKind::terminate())?,
                hang_up: signal(SignalKind::hangup())?,
                interrupt: signal(SignalKind::interrupt())?,
                stop: signal(of(process::Signal::TSTP))?,
                resume: signal(of(process::Signal::CONT))?,
            })
        }

        /// The next signal.
        pub async fn next(&mut self) -> Signal {
            tokio::select! {
                Some(()) = self.terminate.recv() => Signal::End(process::Signal::TERM.as_raw()),
                Some(()) = self.hang_up.recv() => Signal::End(process::Signal::HUP.as_raw()),
                Some(()) = self.interrupt.recv() => Signal::End(process::Signal::INT.as_raw()),
                Some(()) = self.stop.recv() => Signal::Stop,
                Some(()) = self.resume.recv() => Signal::Continue,
            }
        }
    }

    /// Whether a shell with job control is there to continue us. In a session
    /// whose leader's group is our own there is none, and a stop would be for
    /// ever.
    pub fn can_suspend() -> bool {
        process::getsid(None).is_ok_and(|leader| leader != process::getpgrp())
    }

    /// Stops this program, with what was started together with it, as the
    /// terminal's own Ctrl-Z does. Returns when it is continued.
    pub fn stop() -> io::Result<()> {
        Ok(process::kill_current_process_group(process::Signal::STOP)?)
    }
}

#[cfg(not(unix))]
pub use other::{Signals, can_suspend, stop};

#[cfg(not(unix))]
mod other {
    use super::{Signal, io};

    /// There is nothing to listen to but Ctrl-C, which is a key here.
    pub struct Signals;

    impl Signals {
        /// Nothing to do.
        pub fn listen() -> io::Result<Self> {
            Ok(Self)
        }

        /// Never comes.
        pub async fn next(&mut self) -> Signal {
            std::future::pending().await
        }
    }

    /// No job control here.
    pub fn can_suspend() -> bool {
        false
    }

    /// No job control here.
    pub fn stop() -> io::Result<()> {
        Ok(())
    }
}

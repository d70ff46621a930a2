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
    /// The terminal has another size.
    Resize,
}

#[cfg(unix)]
pub use unix::{Signals, can_suspend, stop};

#[cfg(unix)]
mod unix {
    use std::task::Poll;

    use rustix::process;
    use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

    use super::{Signal, io};

    /// Those whose default would end the program and leave the terminal as it
    /// is. Not among them: what the kernel says of a fault of our own.
    const ENDS: [process::Signal; 9] = [
        process::Signal::TERM,
        process::Signal::HUP,
        process::Signal::INT,
        process::Signal::QUIT,
        process::Signal::USR1,
        process::Signal::USR2,
        process::Signal::ALARM,
        process::Signal::VTALARM,
        process::Signal::PROF,
    ];
    #[cfg(target_os = "linux")]
    const MORE_ENDS: [process::Signal; 5] = [
        process::Signal::IO,
        process::Signal::POWER,
        process::Signal::STKFLT,
        process::Signal::XCPU,
        process::Signal::XFSZ,
    ];
    #[cfg(not(target_os = "linux"))]
    const MORE_ENDS: [process::Signal; 2] = [process::Signal::XCPU, process::Signal::XFSZ];
    /// Real-time signals; how many there are is the system's own.
    #[cfg(target_os = "linux")]
    const REAL_TIME: std::ops::RangeInclusive<i32> = 34..=64;
    #[cfg(not(target_os = "linux"))]
    const REAL_TIME: std::ops::Range<i32> = 0..0;

    /// Listens to the signals.
    pub struct Signals(Vec<(Signal, Stream)>);

    impl Signals {
        /// Starts listening; from here on none of them ends the program by itself.
        pub fn listen() -> io::Result<Self> {
            let others = [
                (Signal::Stop, process::Signal::TSTP),
                (Signal::Continue, process::Signal::CONT),
                (Signal::Resize, process::Signal::WINCH),
            ];
            let ends = ENDS.into_iter().chain(MORE_ENDS).map(|end| (Signal::End(end.as_raw()), end));
            let named = ends
                .chain(others)
                .map(|(means, one)| signal(SignalKind::from_raw(one.as_raw())).map(|stream| (means, stream)));
            let mut all = named.collect::<io::Result<Vec<_>>>()?;
            // of these some may be the C library's own
            let real_time =
                REAL_TIME.map(|number| (Signal::End(number), signal(SignalKind::from_raw(number))));
            all.extend(real_time.filter_map(|(means, stream)| Some((means, stream.ok()?))));
            Ok(Self(all))
        }

        /// The next signal.
        pub async fn next(&mut self) -> Signal {
            std::future::poll_fn(|context| {
                for (means, stream) in &mut self.0 {
                    if stream.poll_recv(context).is_ready() {
                        return Poll::Ready(*means);
                    }
                }
                Poll::Pending
            })
            .await
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

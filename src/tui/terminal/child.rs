//! A command that gets this terminal for itself.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tempfile::NamedTempFile;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinHandle;

use crate::text;
use crate::tui::message::{ERROR_FILE, Ended, LineModes, Plan, PlanKind, Signals, command_of, wait_for};

/// Lines of a child's errors that are kept.
const MOST_LINES: usize = 4;
/// Bytes of a child's errors that are kept.
const MOST_BYTES: usize = 4096;

/// Runs a plan's command on this terminal and waits for it; gives the last lines
/// of its errors too, where they can be had. The terminal must have been left, and
/// nothing may read from it. `env` is set for it.
pub async fn run(
    plan: &Plan,
    env: &[(&str, OsString)],
    signals: &mut Signals,
) -> io::Result<(Ended, Vec<String>)> {
    let mut command = command_of(plan)?;
    command.envs(env.iter().map(|(name, value)| (name, value)));
    let mut errors = Errors::of(plan, &mut command);
    let line = LineModes::read();
    let mut child = command.spawn()?;
    errors.begin(&mut child);
    let ended = wait_for(&mut child, signals).await;
    let said = errors.said().await;
    line.restore();
    Ok((ended?, lines_of(&said)))
}

/// How a child's own errors are had, besides being shown to the user.
enum Errors {
    /// ssh, tmux and git draw on stdout and on the terminal: what they say on stderr
    /// can be kept.
    Kept(Option<JoinHandle<Vec<u8>>>),
    /// cclink asks on stderr, but leaves the error that it ends with in a file.
    Left(NamedTempFile),
    /// Not at all.
    Lost,
}

impl Errors {
    fn of(plan: &Plan, command: &mut Command) -> Self {
        match plan.kind {
            PlanKind::Ssh | PlanKind::Attach => {}
            PlanKind::Command if plan.is_clone() => {}
            PlanKind::Bring | PlanKind::Carried => {
                let Ok(file) = NamedTempFile::new() else { return Self::Lost };
                command.env(ERROR_FILE, file.path());
                return Self::Left(file);
            }
            PlanKind::Here | PlanKind::Command => return Self::Lost,
        }
        command.stderr(Stdio::piped());
        Self::Kept(None)
    }

    fn begin(&mut self, child: &mut Child) {
        if let Self::Kept(task) = self {
            *task = child.stderr.take().map(|errors| tokio::spawn(keep(errors)));
        }
    }

    /// The last of it, once the child has ended.
    async fn said(self) -> Vec<u8> {
        match self {
            // something it left behind may hold the pipe open
            Self::Kept(Some(task)) => {
                let kept = tokio::time::timeout(Duration::from_millis(200), task).await;
                kept.ok().and_then(Result::ok).unwrap_or_default()
            }
            Self::Left(file) => {
                let mut said = Vec::new();
                let read = File::open(file.path())
                    .and_then(|file| file.take(MOST_BYTES as u64).read_to_end(&mut said));
                read.map(|_| said).unwrap_or_default()
            }
            Self::Kept(None) | Self::Lost => Vec::new(),
        }
    }
}

/// Hands a child's errors on to the terminal, and keeps the last of them.
async fn keep(mut errors: ChildStderr) -> Vec<u8> {
    let (mut kept, mut chunk) = (Vec::new(), [0; 1024]);
    while let Ok(read @ 1..) = errors.read(&mut chunk).await {
        // a terminal that is gone takes nothing; the child finds out by itself
        let _ = io::stderr().write_all(&chunk[..read]);
        kept.extend_from_slice(&chunk[..read]);
        let surplus = kept.len().saturating_sub(MOST_BYTES);
        kept.drain(..surplus);
    }
    kept
}

/// The last lines that say something.
fn lines_of(said: &[u8]) -> Vec<String> {
    let said = text::clean_lines(&String::from_utf8_lossy(said));
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.iter().skip(lines.len().saturating_sub(MOST_LINES)).map(|line| text::fit(line, 200)).collect()
}

/// How it ended, in words that go behind its name.
pub fn ending(status: ExitStatus) -> String {
    match status.code() {
        Some(0) => "ended without an error".to_owned(),
        Some(code) => format!("failed with exit code {code}"),
        None => killed(status),
    }
}

#[cfg(unix)]
fn killed(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    status.signal().map_or("was ended".to_owned(), |number| match number {
        9 => "was killed (signal 9)".to_owned(),
        number => format!("was ended by signal {number}"),
    })
}

#[cfg(not(unix))]
fn killed(_status: ExitStatus) -> String {
    "was ended".to_owned()
}

//! A command that gets this terminal for itself.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStderr};

use super::{Signal, Signals};
use crate::text;
use crate::tui::message::{Plan, PlanKind, child, child_of_ours};

/// How it ended.
#[derive(Debug)]
pub enum Ended {
    /// By itself.
    Exited(ExitStatus),
    /// We were told to end meanwhile, and ended it.
    Signalled(i32),
}

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
    let (program, arguments) =
        plan.command.split_first().ok_or_else(|| io::Error::other("this plan has no command"))?;
    // what brings a session here is cclink itself, and needs the key
    let mut command = if plan.kind == PlanKind::Bring { child_of_ours(program) } else { child(program) };
    command.args(arguments);
    if let Some(directory) = &plan.directory {
        command.current_dir(directory);
    }
    command.envs(env.iter().map(|(name, value)| (name, value)));
    // ssh and tmux draw on stdout alone: what they say on stderr can be kept
    if matches!(plan.kind, PlanKind::Ssh | PlanKind::Attach) {
        command.stderr(Stdio::piped());
    }
    let line = Line::read();
    let mut child = command.spawn()?;
    let errors = child.stderr.take().map(|errors| tokio::spawn(keep(errors)));
    let ended = wait(&mut child, signals).await;
    let said = match errors {
        // something it left behind may hold the pipe open
        Some(errors) => tokio::time::timeout(Duration::from_millis(200), errors).await,
        None => Ok(Ok(Vec::new())),
    };
    line.restore();
    Ok((ended?, lines_of(&said.ok().and_then(Result::ok).unwrap_or_default())))
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

async fn wait(child: &mut Child, signals: &mut Signals) -> io::Result<Ended> {
    loop {
        tokio::select! {
            status = child.wait() => return Ok(Ended::Exited(status?)),
            signal = signals.next() => match signal {
                // Ctrl-C at the child's own prompt reaches its whole group, us included
                Signal::End(number) if !KEYS_OF_THE_CHILD.contains(&number) => {
                    terminate(child);
                    let patience = Duration::from_secs(3);
                    if tokio::time::timeout(patience, child.wait()).await.is_err() {
                        child.kill().await?;
                    }
                    return Ok(Ended::Signalled(number));
                }
                Signal::Stop => super::stop()?,
                Signal::End(_) | Signal::Continue | Signal::Resize => {}
            },
        }
    }
}

/// SIGINT and SIGQUIT, as Ctrl-C and `Ctrl-\` send them.
const KEYS_OF_THE_CHILD: [i32; 2] = [2, 3];

/// How the terminal treats a line, as the user's shell has set it. A child that
/// is killed leaves its own behind, and they would be taken for the shell's.
struct Line {
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
}

impl Line {
    fn read() -> Self {
        Self {
            #[cfg(unix)]
            before: rustix::termios::tcgetattr(rustix::stdio::stdin()).ok(),
        }
    }

    fn restore(&self) {
        #[cfg(unix)]
        if let Some(before) = &self.before {
            let now = rustix::termios::OptionalActions::Now;
            // the terminal may be gone, which the screen finds out by itself
            let _ = rustix::termios::tcsetattr(rustix::stdio::stdin(), now, before);
        }
    }
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

/// Asks the child to end, so that it can put the terminal right itself.
fn terminate(child: &Child) {
    #[cfg(unix)]
    if let Some(pid) =
        child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw)
    {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
    #[cfg(not(unix))]
    let _ = child;
}

//! A command that gets this terminal for itself.

use std::ffi::OsString;
use std::io;
use std::process::ExitStatus;

use tokio::process::{Child, Command};

use super::{Signal, Signals};
use crate::tui::message::Plan;

/// What Claude Code leaves in the environment of what it starts. With them a
/// new claude would believe that it runs inside another one and save nothing.
const SESSION_VARIABLES: [&str; 12] = [
    "CLAUDECODE",
    "AI_AGENT",
    "CLAUDE_PID",
    "CLAUDE_EFFORT",
    "CLAUDE_CODE_CHILD_SESSION",
    "CLAUDE_CODE_SESSION_ID",
    "CLAUDE_CODE_ENTRYPOINT",
    "CLAUDE_CODE_EXECPATH",
    "CLAUDE_CODE_SESSION_ATTENDED",
    "CLAUDE_CODE_CHILD_NOTES_DIR",
    "CLAUDE_CODE_MESSAGING_SOCKET",
    "CLAUDE_CODE_MESSAGING_TOKEN",
];

/// Takes the variables of a surrounding session out of a command's environment;
/// `CLAUDE_CONFIG_DIR` and the user's own settings stay.
pub fn clean_env(command: &mut Command) {
    for name in SESSION_VARIABLES {
        command.env_remove(name);
    }
}

/// How it ended.
#[derive(Debug)]
pub enum Ended {
    /// By itself.
    Exited(ExitStatus),
    /// We were told to end meanwhile, and ended it.
    Signalled(i32),
}

/// Runs a plan's command on this terminal and waits for it. The terminal must
/// have been left, and nothing may read from it. `env` is set for it.
pub async fn run(plan: &Plan, env: &[(&str, OsString)], signals: &mut Signals) -> io::Result<Ended> {
    let (program, arguments) =
        plan.command.split_first().ok_or_else(|| io::Error::other("this plan has no command"))?;
    let mut command = Command::new(program);
    command.args(arguments);
    if let Some(directory) = &plan.directory {
        command.current_dir(directory);
    }
    clean_env(&mut command);
    command.envs(env.iter().map(|(name, value)| (name, value)));
    let line = Line::read();
    let ended = wait(&mut command.spawn()?, signals).await;
    line.restore();
    ended
}

async fn wait(child: &mut Child, signals: &mut Signals) -> io::Result<Ended> {
    loop {
        tokio::select! {
            status = child.wait() => return Ok(Ended::Exited(status?)),
            signal = signals.next() => match signal {
                // Ctrl-C at the child's own prompt reaches its whole group, us included
                Signal::End(number) if number != INTERRUPT => {
                    terminate(child);
                    let patience = std::time::Duration::from_secs(3);
                    if tokio::time::timeout(patience, child.wait()).await.is_err() {
                        child.kill().await?;
                    }
                    return Ok(Ended::Signalled(number));
                }
                Signal::Stop => super::stop()?,
                Signal::End(_) | Signal::Continue => {}
            },
        }
    }
}

const INTERRUPT: i32 = 2;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_variables_go_and_settings_stay() {
        let mut command = Command::new("true");
        command
            .env("CLAUDE_CONFIG_DIR", "/x")
            .env("CLAUDE_CODE_USE_BEDROCK", "1")
            .env("CLAUDE_CODE_CHILD_SESSION", "1");
        clean_env(&mut command);
        let left: Vec<_> =
            command.as_std().get_envs().filter(|(_, value)| value.is_some()).map(|(name, _)| name).collect();
        assert_eq!(left, ["CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CONFIG_DIR"]);
    }
}

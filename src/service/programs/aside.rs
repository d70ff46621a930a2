//! A command that gets the terminal for itself, of the screen and of the command
//! line: how it is started, what ends it, and from when on it counts as taken.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::process::{Child, Command};

use super::own_git;
use super::signals::{Signal, Signals, can_suspend, stop};
use crate::service::{Plan, PlanKind, child, child_of_ours};

/// How long a child that is to end may take to put the terminal right.
const LAST_WORDS: Duration = Duration::from_secs(3);
/// SIGINT and SIGQUIT, as Ctrl-C and `Ctrl-\` send them: they reach the child's
/// whole group, us included, and are the child's to answer.
const KEYS_OF_THE_CHILD: [i32; 2] = [2, 3];

/// How a command ended.
#[derive(Debug)]
pub enum Ended {
    /// By itself.
    Exited(ExitStatus),
    /// A signal of this number told us to end meanwhile, and we ended it.
    Signalled(i32),
}

/// The command of a plan, in its folder.
pub fn command_of(plan: &Plan) -> io::Result<Command> {
    let (program, arguments) =
        plan.command.split_first().ok_or_else(|| io::Error::other("this plan has no command"))?;
    let mut command = match plan.kind {
        // what brings a session here is cclink itself, and needs the key
        PlanKind::Bring | PlanKind::Carried => child_of_ours(program),
        PlanKind::Command if plan.is_clone() => own_git(program),
        _ => child(program),
    };
    command.args(arguments);
    if let Some(directory) = &plan.directory {
        command.current_dir(directory);
    }
    if let Some(handed) = &plan.handed {
        command.env(handed.name, handed.value.as_str());
    }
    Ok(command)
}

/// Waits for a child that has the terminal. What ends us ends it.
pub async fn wait_for(child: &mut Child, signals: &mut Signals) -> io::Result<Ended> {
    loop {
        tokio::select! {
            status = child.wait() => return Ok(Ended::Exited(status?)),
            signal = signals.next() => match signal {
                Signal::End(number) if !KEYS_OF_THE_CHILD.contains(&number) => {
                    terminate(child);
                    if tokio::time::timeout(LAST_WORDS, child.wait()).await.is_err() {
                        child.kill().await?;
                    }
                    return Ok(Ended::Signalled(number));
                }
                // where nobody would continue us, we would stop for ever
                Signal::Stop if can_suspend() => stop()?,
                Signal::End(_) | Signal::Stop | Signal::Continue | Signal::Resize => {}
            },
        }
    }
}

/// Waits for a way on; once it has held for so long, while it still runs, `then`
/// happens: a window that is closed later, or a kill, does not undo it.
pub async fn once_held<T>(way: impl Future<Output = T>, held: Option<Duration>, then: impl FnOnce()) -> T {
    tokio::pin!(way);
    if let Some(held) = held {
        tokio::select! {
            biased;
            ended = &mut way => return ended,
            () = tokio::time::sleep(held) => then(),
        }
    }
    way.await
}

/// How the terminal treats a line, as the user's shell has set it. A child that
/// is killed leaves its own behind, and they would be taken for the shell's.
pub struct LineModes {
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
}

impl LineModes {
    /// As it is now.
    pub fn read() -> Self {
        Self {
            #[cfg(unix)]
            before: rustix::termios::tcgetattr(rustix::stdio::stdin()).ok(),
        }
    }

    /// As it was read.
    pub fn restore(&self) {
        #[cfg(unix)]
        if let Some(before) = &self.before {
            let now = rustix::termios::OptionalActions::Now;
            // the terminal may be gone, which is found out elsewhere
            let _ = rustix::termios::tcsetattr(rustix::stdio::stdin(), now, before);
        }
    }
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

    #[tokio::test]
    async fn a_way_counts_while_it_still_runs() {
        let (counted, told) = tokio::sync::oneshot::channel();
        // it ends only after it has counted
        let way = tokio::time::timeout(Duration::from_mins(1), told);
        let ended = once_held(way, Some(Duration::from_millis(1)), || {
            let _ = counted.send(());
        });
        assert_eq!(ended.await, Ok(Ok(())));
        let mut counts = false;
        once_held(async {}, Some(Duration::from_hours(1)), || counts = true).await;
        assert!(!counts, "over before it held");
    }
}

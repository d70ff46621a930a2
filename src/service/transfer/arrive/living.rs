//! The claude that has a session open on this machine.

use std::path::Path;
use std::time::Duration;

use super::{Answer, Ask, Decided, Question};
use crate::claude::{self, Doing, LiveRecord};
use crate::service::programs::tmux_window;
use crate::service::{Error, Job, Live, Plan, Result, Service, blocking};

/// How long a claude that was asked to end may take.
const ENDS: Duration = Duration::from_secs(20);
const AGAIN: Duration = Duration::from_millis(100);

/// Whether a session's file may change places.
enum Free {
    /// Nobody has it open.
    Yes,
    /// Something was decided, or ended: look again.
    Changed,
    /// The user goes there instead.
    Instead(Box<Plan>),
}

impl Decided {
    /// Whether this claude does not count.
    pub(super) fn allows(self, record: &LiveRecord) -> bool {
        self.not_open && record.live == Live::Perhaps
    }
}

/// The claude that has it open, or may have.
pub(super) fn open_here(root: &Path, id: &str) -> Option<LiveRecord> {
    claude::Store::new(root).live_sessions().remove(id)
}

impl Service {
    /// Asks what to do for as long as a claude here has the session open: gives
    /// the way that the user takes instead.
    pub(crate) async fn until_free(
        &self,
        id: &str,
        decided: &mut Decided,
        ask: &Ask,
        job: &Job,
    ) -> Result<Option<Plan>> {
        loop {
            match self.free_to_write(id, decided, ask, job).await? {
                Free::Yes => return Ok(None),
                Free::Changed => {}
                Free::Instead(plan) => return Ok(Some(*plan)),
            }
        }
    }

    /// Looks who has the session open here, and asks what to do then.
    async fn free_to_write(&self, id: &str, decided: &mut Decided, ask: &Ask, job: &Job) -> Result<Free> {
        if decided.beside {
            return Ok(Free::Yes);
        }
        let Some(record) = self.who_has_open(id).await?.filter(|record| !decided.allows(record)) else {
            return Ok(Free::Yes);
        };
        let window = match record.live {
            Live::Yes => tmux_window(record.pid, self.0.settings.tmux.as_deref()).await,
            _ => None,
        };
        let window = window.map(|window| window.plan());
        let question = match record.live {
            Live::Yes => Question::OpenHere {
                pid: record.pid,
                idle: record.doing() == Doing::Idle,
                window: window.clone(),
            },
            _ => Question::PerhapsOpen,
        };
        match (self.asked(ask, question, job).await?, window) {
            (Answer::Beside, _) => decided.beside = true,
            (Answer::NotOpen, _) => decided.not_open = true,
            (Answer::EndIt, _) => self.end(id, &record, job).await?,
            (Answer::GoToWindow, Some(window)) => return Ok(Free::Instead(Box::new(window))),
            _ => return Err(Error::cancelled()),
        }
        Ok(Free::Changed)
    }

    async fn who_has_open(&self, id: &str) -> Result<Option<LiveRecord>> {
        let (root, id) = (self.claude_root()?, id.to_owned());
        blocking(move || open_here(&root, &id)).await
    }

    /// Asks an idle claude to end, and waits until it has: it writes its last
    /// lines then.
    pub(crate) async fn end(&self, id: &str, asked: &LiveRecord, job: &Job) -> Result<()> {
        job.doing(format!("ending the claude that has it open (process {})", asked.pid));
        // Meanwhile it may have ended by itself, or begun to work.
        let same = |record: &LiveRecord| record.pid == asked.pid && record.doing() == asked.doing();
        let now = self.who_has_open(id).await?;
        if !now.as_ref().is_some_and(same) {
            return Ok(());
        }
        terminate(asked.pid)?;
        let ended = async {
            while self.who_has_open(id).await?.is_some_and(|record| record.pid == asked.pid) {
                tokio::time::sleep(AGAIN).await;
            }
            Ok(())
        };
        let waited =
            job.run(async { tokio::time::timeout(ENDS, ended).await.map_err(|_| still_there(asked.pid))? });
        waited.await
    }
}

fn still_there(pid: u32) -> Error {
    Error::failed(format!("The claude that has it open (process {pid}) does not exit."))
        .advise("Type /exit in its window, then try again. Nothing was changed.")
}

#[cfg(unix)]
fn terminate(pid: u32) -> Result<()> {
    use rustix::process::{Pid, Signal, kill_process};
    let process = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let ended = process.map(|process| kill_process(process, Signal::TERM));
    if matches!(ended, Some(Ok(()) | Err(rustix::io::Errno::SRCH))) { Ok(()) } else { Err(still_there(pid)) }
}

#[cfg(not(unix))]
fn terminate(pid: u32) -> Result<()> {
    Err(still_there(pid))
}

//! What runs in the background, as the screen knows it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::message::{Action, JobId, Verb};

/// One running job.
#[derive(Debug)]
pub struct Running {
    /// What was asked for.
    pub action: Action,
    /// Started by the screen itself, not by a key.
    pub auto: bool,
    /// When it began.
    pub started: Duration,
    /// What it does now, in words; `None` for work that nobody waits for.
    pub words: Option<String>,
    /// A newer job took its place, or the user cancelled it.
    pub stopping: bool,
    /// Its results are of no use any more.
    pub stale: bool,
}

/// All running jobs, by id.
#[derive(Debug, Default)]
pub struct Jobs {
    last: JobId,
    running: BTreeMap<JobId, Running>,
}

impl Jobs {
    /// Enters a job; gives its id and those it makes pointless.
    pub fn start(&mut self, action: Action, auto: bool, now: Duration) -> (JobId, Vec<JobId>) {
        let verb = action.verb();
        let mut replaced = Vec::new();
        if verb.replaces() {
            for (id, job) in
                self.running.iter_mut().filter(|(_, job)| job.action.verb() == verb && !job.stale)
            {
                (job.stale, job.stopping) = (true, true);
                replaced.push(*id);
            }
        }
        self.last += 1;
        let words = verb.doing().map(ToOwned::to_owned);
        self.running
            .insert(self.last, Running { action, auto, started: now, words, stopping: false, stale: false });
        (self.last, replaced)
    }

    /// The job, when its results still count.
    pub fn get_mut(&mut self, id: JobId) -> Option<&mut Running> {
        self.running.get_mut(&id).filter(|job| !job.stale)
    }

    /// Takes out a job that is over.
    pub fn end(&mut self, id: JobId) -> Option<Running> {
        self.running.remove(&id)
    }

    /// The newest job that the user waits for and has not cancelled yet, with
    /// `auto` also of those that the screen started itself; marks it as stopping.
    pub fn cancel_newest(&mut self, auto: bool) -> Option<JobId> {
        let waits = |job: &Running| job.words.is_some() && !job.stopping && (auto || !job.auto);
        let (id, job) = self.running.iter_mut().rev().find(|(_, job)| waits(job))?;
        job.stopping = true;
        Some(*id)
    }

    /// Cancels the running job of a verb.
    pub fn cancel_verb(&mut self, verb: Verb) -> Option<JobId> {
        let (id, job) =
            self.running.iter_mut().find(|(_, job)| job.action.verb() == verb && !job.stopping)?;
        job.stopping = true;
        Some(*id)
    }

    /// Cancels the running job of a verb. Where nobody waited for it any more, it
    /// has something to do before it ends; these are the words for that.
    pub fn wind_up(&mut self, verb: Verb, words: &str, now: Duration) -> Option<JobId> {
        let id = self.cancel_verb(verb)?;
        if let Some(job) = self.running.get_mut(&id).filter(|job| job.words.is_none()) {
            (job.words, job.started) = (Some(words.to_owned()), now);
        }
        Some(id)
    }

    /// Whether a job of a verb runs whose results count.
    pub fn runs(&self, verb: Verb) -> bool {
        self.running.values().any(|job| job.action.verb() == verb && !job.stale && !job.stopping)
    }

    /// Lets the running job of a verb work without a word.
    pub fn hush(&mut self, verb: Verb) {
        for job in self.running.values_mut().filter(|job| job.action.verb() == verb && !job.stale) {
            job.words = None;
        }
    }

    /// Jobs that the user may wait for, newest first.
    pub fn told(&self) -> impl Iterator<Item = &Running> {
        self.running.values().rev().filter(|job| job.words.is_some() && !job.stale)
    }

    /// Whether anything on the screen spins.
    pub fn spins(&self) -> bool {
        self.running.values().any(|job| {
            !job.stale && (job.words.is_some() || matches!(job.action.verb(), Verb::Scan | Verb::Search))
        })
    }

    /// How many run, also those that are stopping.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.running.len()
    }
}

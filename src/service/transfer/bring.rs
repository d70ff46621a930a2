//! Bring: a session from the machine where it lives to this one, over the
//! user's own SSH.
//!
//! It is fetched into the folder of state, so that an interrupted copy goes on
//! where it stopped, and verified there. Then it arrives as any other does.

mod account;
mod beside;
mod fetch;
mod left;
mod origin;

use std::path::{Path, PathBuf};
use std::time::Duration;

use self::origin::{Origin, Turn};
use super::arrive::{Answer, Arrived, Ask, Decided, Lock, Parcel, Placed, Question};
use crate::claude;
use crate::handoff::{Record, Transcript};
use crate::service::{Error, Found, Job, Plan, PlanKind, Result, Service, blocking};
use crate::text;

/// How often it is looked whether a turn has ended there.
const LOOK: Duration = Duration::from_secs(2);

pub(crate) use fetch::is_published;

/// How to bring a session.
#[derive(Clone)]
pub struct Wishes {
    /// Somebody is at the terminal and can answer ssh.
    pub asks: bool,
    /// The project's memory comes along.
    pub with_memory: bool,
    /// Answers what only the user can decide.
    pub ask: Ask,
}

impl Service {
    /// Brings a found handoff's session here. Cancelled, killed or out of room,
    /// it leaves Claude's folder as it was; the next try goes on where this one
    /// stopped.
    pub async fn bring(&self, found: &Found, wishes: &Wishes, job: &Job) -> Result<Arrived> {
        let record = &found.place.record;
        let address = record.ssh.clone().ok_or_else(|| {
            Error::failed("This handoff does not say where its session can be reached.")
                .advise("Publish it with an SSH address, or set `ssh` in the configuration there.")
        })?;
        let directory = self.directory_of(record).await?;
        let state = self.0.settings.paths.state.clone();
        let lock = job.run(Lock::take(&state, &record.session_id, job)).await?;
        self.sweep(&record.session_id).await?;
        let mut parcel = Parcel::new(&state, &record.session_id)?;
        let mut origin = job.run(self.origin(&address, record, wishes.asks, job)).await?;
        if let Some(placed) = self.all_here(&origin, record, &mut parcel, wishes.with_memory, job).await? {
            lock.done();
            return Ok(Arrived::Placed(placed));
        }
        let there = found.pickup.plans.iter().find(|plan| plan.kind == PlanKind::Ssh && plan.ready);
        if let Some(instead) = self.turn_there(&mut origin, record, there, &wishes.ask, job).await? {
            return Ok(Arrived::Instead(instead));
        }
        let mut decided = Decided::default();
        // Asked before much is copied; and again right before it is put in its place.
        if let Some(instead) = self.until_free(&record.session_id, &mut decided, &wishes.ask, job).await? {
            return Ok(Arrived::Instead(instead));
        }
        // Who was asked or waited for may have taken long, and claude may have moved it.
        job.run(origin.look()).await?;
        let account = job.run(self.another_account(&origin)).await?;
        let cut = job.run(fetch::transcript(&origin, record, &parcel, job)).await?;
        job.doing("copying what belongs to it");
        job.run(beside::fetch(&origin, &mut parcel, None, wishes.with_memory)).await?;
        let mut arrived = self.arrive(&parcel, &directory, decided, &wishes.ask, job).await?;
        if let Arrived::Placed(placed) = &mut arrived {
            self.remember_place(record, &directory);
            placed.notes.extend(cut);
            placed.notes.extend(self.went_on_elsewhere(&placed.session_id).await);
            placed.notes.extend(account);
            parcel.clear();
            lock.done();
        }
        Ok(arrived)
    }

    /// Where a handoff's project is on this machine.
    pub(crate) async fn directory_of(&self, record: &Record) -> Result<PathBuf> {
        self.directory(None, Some(record)).await.ok_or_else(|| {
            Error::failed(format!("No folder of this machine is known for {}.", text::clean(&record.project)))
                .advise("Map it with `[paths]` in the configuration (`cclink config`).")
        })
    }

    /// Where a project of another machine is on this one, so that its sessions are
    /// resumed there from now on: what they say themselves is a path of that machine.
    pub(super) fn remember_place(&self, record: &Record, directory: &Path) {
        if Path::new(&record.project) != directory {
            self.note(|book| drop(book.places.insert(record.project.clone(), directory.to_owned())));
        }
    }

    /// The plan to bring a session of which a copy is here already: it may have
    /// gone on there, or something that belongs to it may be missing here. Only
    /// for who asks for it: resuming needs none of it.
    pub fn bring_again(&self, found: &Found, kind: PlanKind) -> Option<Plan> {
        let is_here = found.pickup.plans.iter().any(|plan| plan.ready && plan.kind == PlanKind::Here);
        let record = &found.place.record;
        let reached = match kind {
            PlanKind::Bring => record.ssh.is_some(),
            PlanKind::Carried => record.carry.is_some(),
            _ => false,
        };
        (is_here && reached).then(|| self.fetch_command(kind, found))
    }

    /// A copy of this machine that ends as theirs does, or goes on after it, makes
    /// fetching the transcript unnecessary. What lies beside it may be missing.
    async fn all_here(
        &self,
        origin: &Origin,
        record: &Record,
        parcel: &mut Parcel,
        with_memory: bool,
        job: &Job,
    ) -> Result<Option<Placed>> {
        let Some(ours) = self.best_copy(&record.session_id, None).await.map(|copy| copy.path) else {
            return Ok(None);
        };
        let mark = job.run(origin.mark()).await?;
        let (path, published) = (ours.clone(), record.transcript.clone());
        let holds = blocking(move || {
            let holds = |mark: &Transcript| claude::holds(&path, mark).unwrap_or(false);
            mark.is_some_and(|mark| holds(&mark)) && holds(&published)
        });
        if !holds.await? {
            return Ok(None);
        }
        let root = self.claude_root()?;
        let here = beside::Here { transcript: &ours, root: &root };
        job.run(beside::fetch(origin, parcel, Some(here), with_memory)).await?;
        let mut placed = self.complete(parcel, &ours).await?;
        placed.notes.extend(self.went_on_elsewhere(&placed.session_id).await);
        parcel.clear();
        Ok(Some(placed))
    }

    /// Claude may have gone on with a session in another one, which is not here.
    async fn went_on_elsewhere(&self, id: &str) -> Option<String> {
        let next = self.best_copy(id, None).await?.continued_in?;
        let missing = self.best_copy(&next, None).await.is_none();
        missing.then(|| {
            format!("it continued there as another session: to bring that one, publish {next} there")
        })
    }

    /// Says that a turn is running there, before anything is copied: gives the
    /// way that the user takes instead.
    async fn turn_there(
        &self,
        origin: &mut Origin,
        record: &Record,
        there: Option<&Plan>,
        ask: &Ask,
        job: &Job,
    ) -> Result<Option<Plan>> {
        while origin.turn == Turn::Running {
            let question = Question::TurnThere {
                host: text::clean(&record.hostname),
                until: job.run(origin.last_turn()).await?,
                there: there.cloned(),
            };
            match (self.asked(ask, question, job).await?, there) {
                (Answer::WholeTurns, _) => break,
                (Answer::GoThere, Some(plan)) => return Ok(Some(plan.clone())),
                (Answer::Wait, _) => {
                    while origin.turn == Turn::Running {
                        job.doing(format!(
                            "waiting for the turn on {} to end",
                            text::clean(&record.hostname)
                        ));
                        let look = async {
                            tokio::time::sleep(LOOK).await;
                            origin.turn_now().await
                        };
                        origin.turn = job.run(look).await?;
                    }
                }
                _ => return Err(Error::cancelled()),
            }
        }
        Ok(None)
    }

    /// Connects, and finds the session by its id.
    async fn origin(&self, address: &str, record: &Record, asks: bool, job: &Job) -> Result<Origin> {
        job.doing(format!("connecting to {address}"));
        let stall = self.0.settings.stall;
        let remote = super::sftp::Remote::open(&self.ssh_way(address), asks, stall).await?;
        job.doing(format!("looking for the session on {}", text::clean(&record.hostname)));
        Origin::find(remote, address, record).await
    }
}

/// The folder of Claude Code there: the record's, which may be written from the
/// home folder on.
fn claude_there(home: &Path, record: &Record) -> PathBuf {
    match record.claude_dir.as_deref() {
        Some(dir) => home.join(dir.strip_prefix("~/").unwrap_or(dir)),
        None => home.join(".claude"),
    }
}

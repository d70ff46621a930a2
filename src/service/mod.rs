//! What cclink does: a file a verb. The screen and the command line both ask
//! here; every verb that needs the network is async, tells its progress and
//! can be cancelled.
#![warn(missing_docs)]

mod contacts;
mod doctor;
mod error;
mod handoffs;
mod identity;
mod pairing;
mod pickup;
mod plans;
mod plugin;
mod programs;
mod publish;
mod sessions;
mod settings;
mod suggest;
mod tidy;
mod transfer;
pub(crate) mod types;
mod web;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use crate::service::handoffs::revoke::Doomed;
use chrono::{DateTime, TimeDelta, Timelike, Utc};
pub use doctor::{Check, Diagnosis, Fix, Health, Surroundings};
pub use error::{Error, ErrorKind, Result};
pub use handoffs::keeper::{Did, Keeping, Kept};
pub use handoffs::log::Logged;
pub use handoffs::watch::{News, NewsKind, Watch, next_look};
pub use identity::REPLACE_KEY;
pub use pairing::{Asking, Giving, PairCheck, Paired, PairingCode, Taking};
pub use pickup::Settled;
pub use pickup::handed::{HANDED, Handed};
pub use pickup::target::{Target, recognise};
pub use plans::clone::CloneOffer;
pub use plans::way::{END_THERE, Next, Wanted, choose, confirm};
pub use plugin::{FileChange, PluginHook, PluginStatus};
pub use programs::aside::{Ended, LineModes, command_of, once_held, wait_for};
pub use programs::autostart::Autostart;
pub use programs::signals::{Signal, Signals, can_suspend, stop};
pub use programs::{child, child_of_ours};
pub use publish::on_exit::{SpoolFailure, Spooled};
pub use sessions::follow::Changed;
pub use sessions::search::{Asked, Match, SessionMatches};
pub use settings::{KEEP_EVERY, PAIR_LIFE, STALL, Settings};
pub use suggest::Suggestion;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
pub use transfer::arrive::{Answer, Arrived, Ask, Placed, Question};
pub use transfer::bring::Wishes;
pub use transfer::carry::{CarryTo, Destination, Sealed};
pub use types::*;
pub use web::{WebCheck, WebPage};

pub use crate::claude::{Excerpt, Here, Hit, Live, Matched, Page, Progress, Role, Searching, Session, Turn};
use crate::handoff::Identity;
pub use crate::handoff::record::{host_and_port, is_ssh_address};
pub use crate::handoff::{Hidden, Pin, Ttl, TtlError, links_on_one_line};
use crate::network::{Fresh, Network};
pub use crate::store::Config;
pub use crate::store::contacts::unfit_name;
pub use crate::store::journal::Happening;
use crate::store::{Contacts, Journal};

/// How long quitting waits for writes that must not be cut in half.
const FINISH: Duration = Duration::from_secs(10);
/// And for what is tried again by another process.
const CHORES: Duration = Duration::from_secs(5);
/// And for receipts, which are nobody's loss.
const RECEIPTS: Duration = Duration::from_secs(1);
/// The beginning of 2026: cclink is younger.
const BORN: i64 = 1_767_225_600;
/// Clocks of one machine and its disks differ by less.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::minutes(10);
/// Ten years: a clock that is further on is probably wrong.
const PLAUSIBLE: i64 = 10 * 365 * 86_400;

/// Everything a verb needs; cheap to clone. The second part says whether it is asked
/// by who looks again and again: see [`Service::glancing`].
#[derive(Clone)]
pub struct Service(Arc<Inner>, Option<Duration>);

struct Inner {
    settings: Settings,
    network: Network,
    journal: Journal,
    contacts: Contacts,
    /// Unlocked once per process.
    identity: Mutex<Option<Identity>>,
    /// What lists name and is nowhere.
    dead: handoffs::newest::Dead,
    /// Sessions of which the inbox holds more than this machine, as of the last look.
    waiting: Mutex<Vec<Elsewhere>>,
    /// Writes that come in halves, under way.
    must_finish: TaskTracker,
    /// Receipts under way: good to have, not worth a wait.
    receipts: TaskTracker,
    /// Things to tell the user once, in words.
    warnings: Mutex<Vec<String>>,
    /// Sealed files being taken away: what does not end is tried again later.
    chores: TaskTracker,
}

/// How a verb tells what it is doing, and how it learns to stop.
#[derive(Clone)]
pub struct Job {
    /// Receives each step of the work, from any task.
    pub tell: Arc<dyn Fn(Step) + Send + Sync>,
    /// Cancelled when the user no longer wants the result.
    pub cancel: CancellationToken,
}

impl Job {
    /// A job that tells nobody and is never cancelled.
    pub fn quiet() -> Self {
        Self { tell: Arc::new(|_| {}), cancel: CancellationToken::new() }
    }

    /// Says what is being done.
    fn doing(&self, words: impl Into<String>) {
        (self.tell)(Step::Doing(words.into()));
    }

    /// Says of what is being done how many bytes of it are.
    fn so_far(&self, what: &str, done: u64, all: u64) {
        self.doing(format!("{what}: {} of {}", crate::text::bytes(done), crate::text::bytes(all)));
    }

    /// Runs `work` until the user cancels.
    async fn run<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Error::cancelled()),
            result = work => result,
        }
    }
}

impl Service {
    /// Reads nothing but a damaged journal's head; opens no socket.
    pub fn new(settings: Settings) -> Self {
        let inner = Inner {
            network: Network::new(settings.network.clone()),
            journal: Journal::new(&settings.paths.state),
            contacts: Contacts::new(&settings.paths.config),
            identity: Mutex::new(None),
            dead: handoffs::newest::Dead::default(),
            waiting: Mutex::new(Vec::new()),
            must_finish: TaskTracker::new(),
            receipts: TaskTracker::new(),
            warnings: Mutex::new(Vec::new()),
            chores: TaskTracker::new(),
            settings,
        };
        Self(Arc::new(inner), None)
    }

    /// The same for who looks again and again, a round every so long: a list is read
    /// once a round, and a handoff the more seldom the longer nothing became of it.
    #[must_use]
    pub fn glancing(&self, every: Duration) -> Self {
        Self(Arc::clone(&self.0), Some(every))
    }

    /// How fresh what is known of a handoff has to be.
    fn freshness(&self) -> Fresh {
        self.1.map_or(Fresh::Now, Fresh::Backing)
    }

    /// The same for who has to know what is there now.
    fn fresh(&self) -> Self {
        Self(Arc::clone(&self.0), None)
    }

    /// Which network is in use, in words.
    pub fn network_words(&self) -> String {
        self.0.network.words()
    }

    /// What the user set.
    pub fn config(&self) -> &Config {
        &self.0.settings.config
    }

    /// The user's home folder.
    pub fn home(&self) -> Option<&std::path::Path> {
        self.0.settings.home.as_deref()
    }

    /// How long a handoff lives unless it is said.
    pub fn default_ttl(&self) -> Ttl {
        self.0.settings.config.ttl
    }

    /// Where the configuration file lies or would lie.
    pub fn config_path(&self) -> std::path::PathBuf {
        Config::path(&self.0.settings.paths.config)
    }

    /// Creates the commented configuration file where there is none: its path,
    /// and whether it was created.
    pub fn create_config(&self) -> Result<(std::path::PathBuf, bool)> {
        Ok((self.config_path(), Config::create(&self.0.settings.paths.config)?))
    }

    /// Things that happened on the side, each told once.
    pub fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn warn(&self, words: impl Into<String>) {
        let words = words.into();
        let mut warnings = self.0.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        if !warnings.contains(&words) {
            warnings.push(words);
        }
    }

    /// Waits for writes that must not be cut in half; false when they did not
    /// end in time.
    pub async fn finish(&self) -> bool {
        self.0.must_finish.close();
        let ended = tokio::time::timeout(FINISH, self.0.must_finish.wait()).await.is_ok();
        self.0.must_finish.reopen();
        self.0.chores.close();
        let _ = tokio::time::timeout(CHORES, self.0.chores.wait()).await;
        self.0.chores.reopen();
        self.0.receipts.close();
        let _ = tokio::time::timeout(RECEIPTS, self.0.receipts.wait()).await;
        self.0.receipts.reopen();
        ended
    }

    /// Runs `work` to its end even when the caller is cancelled.
    async fn must_finish<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        self.0.must_finish.spawn(work).await.unwrap_or_else(|error| Err(Error::failed(error.to_string())))
    }

    /// The time, in whole seconds.
    fn now(&self) -> DateTime<Utc> {
        let now = utc() + TimeDelta::seconds(self.0.settings.clock_offset);
        now.with_nanosecond(0).unwrap_or(now)
    }

    /// A clock that cannot be right publishes what nobody can read: refused where
    /// that is sure, else a word on it.
    fn check_clock(&self) -> Result<Option<String>> {
        let now = self.now();
        let says = format!("This machine's clock says {}", now.format("%Y-%m-%d %H:%M UTC"));
        if now.timestamp() < BORN {
            return Err(Error::failed(format!(
                "{says}, which is in the past: nobody could open the handoff."
            ))
            .advise("Nothing was published. Set the clock, then publish again."));
        }
        let doubt = if now.timestamp() > BORN + PLAUSIBLE {
            Some(".".to_owned())
        } else {
            let known = self.written_at().filter(|at| now + CLOCKS_DIFFER < *at);
            known.map(|at| format!(", but it was already {} here.", at.format("%Y-%m-%d %H:%M UTC")))
        };
        let advice = "If the clock is wrong, nobody can open the handoff: set it and publish again.";
        Ok(doubt.map(|doubt| format!("{says}{doubt} {advice}")))
    }

    /// When the last of our own files was written: it is later than that.
    fn written_at(&self) -> Option<DateTime<Utc>> {
        let paths = &self.0.settings.paths;
        let ours =
            [std::env::current_exe().ok(), Some(paths.key.clone()), Some(self.0.journal.path().to_owned())];
        let written = ours.into_iter().flatten().filter_map(|path| path.metadata().ok()?.modified().ok());
        written.map(DateTime::from).max()
    }

    /// The time in µs, for sequences.
    fn now_us(&self) -> u64 {
        let now = utc() + TimeDelta::seconds(self.0.settings.clock_offset);
        u64::try_from(now.timestamp_micros()).unwrap_or(0)
    }
}

/// The time; in a simulated network its own.
fn utc() -> DateTime<Utc> {
    #[cfg(test)]
    if let Some(world) = crate::network::world::World::here() {
        return world.now();
    }
    Utc::now()
}

/// Fills a buffer with random bytes from the system.
fn random(buffer: &mut [u8]) -> Result<()> {
    getrandom::fill(buffer)
        .map_err(|error| Error::failed(format!("The system gives no random bytes: {error}.")))
}

/// Runs what may have to wait for another process without holding up the tasks
/// beside this one.
fn off_runtime<T>(work: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};
    match Handle::try_current() {
        Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => {
            tokio::task::block_in_place(work)
        }
        _ => work(),
    }
}

/// Runs slow work that is no network on a thread of its own.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::failed(error.to_string()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::print_stdout)]
mod tests;

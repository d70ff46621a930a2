//! Pairing: the key of one device is given to another one of its owner. What passes
//! over the network is in [`crate::handoff::pairing`].

mod ends;
mod give;
mod take;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Error, Result, Service, blocking};
use crate::handoff::pairing::{self, At, Code, Pairing};
use crate::handoff::{Hidden, Trace, time};
use crate::network::{NetworkError, Sighting};
use crate::store::journal::Event;
use crate::text;

/// Between two looks at one address.
const EVERY: Duration = Duration::from_secs(1);

/// The words of a pairing, to be typed on the other device.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct PairingCode {
    /// Four words with hyphens.
    pub code: Hidden<String>,
    /// Until when they can be used.
    #[serde(with = "time")]
    pub expires_at: DateTime<Utc>,
}

impl std::fmt::Debug for PairingCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PairingCode").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// What has to be the same on both screens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PairCheck {
    /// The other device.
    pub hostname: String,
    /// Six words.
    pub check: String,
}

/// The key was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Paired {
    /// Always.
    pub paired: bool,
    /// The device that has fetched it.
    pub hostname: String,
}

impl Paired {
    /// What is known, and how to learn the rest: the other device does not tell that
    /// it has stored the key.
    pub fn words(&self) -> [String; 2] {
        [
            format!("{} has fetched your key.", text::fit(&self.hostname, LONGEST_NAME)),
            "Once it is stored there, `cclink whoami` shows it.".to_owned(),
        ]
    }
}

/// A question to the user, shared with the thread that waits for the answer.
pub type Asking<Q, A> = Arc<dyn Fn(&Q) -> Result<A> + Send + Sync>;

/// How the device that gives its key talks with its user.
pub struct Giving<'a> {
    /// Shows the words.
    pub show: &'a (dyn Fn(&PairingCode) + Send + Sync),
    /// Asks whether the other device shows the same six words. It may wait: it has a
    /// thread of its own.
    pub ask: Asking<PairCheck, bool>,
}

/// How the device that takes a key talks with its user.
pub struct Taking<'a> {
    /// Shows the six words.
    pub show: &'a (dyn Fn(&PairCheck) + Send + Sync),
    /// Shows the public key that came, and asks for a passphrase of its own; empty for
    /// none. It may wait: it has a thread of its own.
    pub passphrase: Asking<str, Hidden<String>>,
}

impl Service {
    /// Stretches the words. Slow on purpose.
    async fn pairing(&self, code: &Code, window: u32) -> Result<Pairing> {
        let code = code.clone();
        blocking(move || Pairing::new(&code, window)).await
    }

    async fn look_at(&self, pairing: &Pairing, at: At) -> std::result::Result<Sighting, NetworkError> {
        self.0.network.lookup(&pairing.address(at), &mut |_| {}).await
    }

    /// Notes with whom, and no secret.
    fn note_pairing(&self, hostname: &str) {
        self.note(|book| book.log.push(Event::paired(self.now(), hostname)));
    }

    /// This device, now.
    fn who(&self) -> Trace {
        pairing::who(&self.0.settings.hostname, self.now())
    }
}

/// Columns of another device's name in a sentence.
const LONGEST_NAME: usize = 32;

/// What the other device calls itself.
fn name_of(who: &Trace) -> String {
    let name = text::clean(&who.hostname);
    if name.trim().is_empty() { "the other device".to_owned() } else { text::fit(&name, LONGEST_NAME) }
}

/// Tells once that the network is away, or back, for whoever looks again and again.
#[derive(Default)]
struct Away(bool);

impl Away {
    /// What was seen, if anything was.
    fn seen(
        &mut self,
        looked: std::result::Result<Sighting, NetworkError>,
        job: &super::Job,
    ) -> Option<Sighting> {
        let is_away = looked.is_err();
        match (self.0, is_away) {
            (false, true) => job.doing("the network cannot be reached; still trying"),
            (true, false) => job.doing("the network can be reached again"),
            _ => {}
        }
        self.0 = is_away;
        looked.ok()
    }
}

/// Somebody ended it over there.
fn called_off() -> Error {
    Error::failed("The other device cancelled the pairing.")
        .advise(format!("If it says that it has a key, that key is not yours: remove it there. {AGAIN}"))
}

/// Two devices ask, or answer: somebody else knows the words.
fn overheard(what: &str) -> Error {
    Error::failed(format!("{what}: someone else may know these words. The pairing was ended."))
        .advise("Start again with new words, and keep them to yourself.")
}

const AGAIN: &str =
    "To try again, run `cclink pair` (or :pair on its screen) on the device that has the key.";

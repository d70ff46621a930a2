//! What waits for me, and what continues elsewhere.

use chrono::{DateTime, FixedOffset, Utc};

use super::Signer;
use crate::claude::Session;
use crate::handoff::AudienceKind;
use crate::text;

/// A handoff addressed to me.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxEntry {
    /// Audience letter and 13 z-base-32 characters.
    pub token: String,
    /// The session's UUID.
    pub session_id: String,
    /// The creator as `pk:…`.
    pub creator: String,
    /// The same for people.
    pub from: Signer,
    /// Devices or share.
    pub audience: AudienceKind,
    /// Where the session lives.
    pub hostname: String,
    /// Its project there.
    pub project: String,
    /// Its title, where one travelled.
    pub title: Option<String>,
    /// Whole seconds, UTC.
    pub created_at: DateTime<Utc>,
    /// Whole seconds, UTC.
    pub expires_at: DateTime<Utc>,
    /// Whether picking it up takes it away.
    pub burn_after_read: bool,
    /// Whether this device picked it up already; it can be once more.
    pub picked_up: bool,
    /// Whether a copy of its session is here that has less than was published.
    pub outdates: bool,
}

impl InboxEntry {
    /// That its session continues on the other device, where the copy here is older.
    pub(in crate::service) fn elsewhere(&self) -> Option<Elsewhere> {
        let Self { session_id, hostname, created_at, .. } = self;
        let (session_id, hostname) = (session_id.clone(), text::clean(hostname));
        self.outdates.then_some(Elsewhere { session_id, hostname, at: *created_at })
    }

    /// Whose session it is, and which.
    pub fn session(&self) -> (&str, &str) {
        (&self.creator, &self.session_id)
    }
}

/// That another machine picked a session up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// The session's UUID.
    pub session_id: String,
    /// The reader's host.
    pub hostname: String,
    /// Whole seconds, UTC; by the reader's clock.
    pub at: DateTime<Utc>,
}

impl Elsewhere {
    /// Whether it is this session, and nothing was said here since.
    pub fn holds_for(&self, session: &Session) -> bool {
        self.session_id == session.session_id && session.updated_at <= self.at
    }

    /// "continues on laptop since 14:20".
    pub fn words(&self, now: &DateTime<FixedOffset>) -> String {
        let at = self.at.with_timezone(now.offset());
        let day = if at.date_naive() == now.date_naive() { "" } else { "%d %b " };
        format!("continues on {} since {}", self.hostname, at.format(&format!("{day}%H:%M")))
    }
}

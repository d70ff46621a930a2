//! What happened to handoffs and with other devices, as this device noted it; asks no
//! network.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::claude::Since;
use crate::handoff::{AudienceKind, PublicKey, Token};
use crate::service::{AudienceView, Error, Happening, Result, Service, Signer};
use crate::store::journal::{About, Event};
use crate::text;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Logged {
    /// Whole seconds, UTC.
    #[serde(serialize_with = "crate::handoff::time::serialize")]
    pub at: DateTime<Utc>,
    /// What happened.
    pub event: Happening,
    /// Audience letter and 13 z-base-32 characters; `None` where it is about no handoff.
    pub token: Option<String>,
    /// Who may read it.
    pub audience: Option<AudienceView>,
    /// The session's UUID; `None` where it is no longer known.
    pub session_id: Option<String>,
    /// The project's path.
    pub project: Option<String>,
    /// The project's name in lists.
    pub label: Option<String>,
    /// Its title, where one travelled.
    pub title: Option<String>,
    /// The host that picked it up, or the other one of a pairing.
    pub by: Option<String>,
    /// Who published it, where this device picked it up: `you`, a contact's name, or
    /// a key.
    pub from: Option<String>,
    /// For how many seconds it lives from its creation, where that is new.
    pub ttl: Option<u32>,
}

impl Logged {
    /// "picked up by laptop", "burned, picked up here, published by anna".
    pub fn words(&self) -> String {
        let taken = || match (&self.from, &self.by) {
            (Some(from), _) => format!("picked up here, published by {}", text::fit(from, 12)),
            (None, Some(host)) => format!("picked up by {host}"),
            (None, None) => "picked up".to_owned(),
        };
        let ttl = self.ttl.map(|ttl| text::span(ttl.into()));
        match self.event {
            Happening::Published => {
                format!("published{}", ttl.map(|ttl| format!(" for {ttl}")).unwrap_or_default())
            }
            Happening::Failed => "failed to publish".to_owned(),
            Happening::PickedUp => taken(),
            Happening::Burned if self.by.is_none() && self.from.is_none() => "burned".to_owned(),
            Happening::Burned => format!("burned, {}", taken()),
            Happening::Revoked => "revoked".to_owned(),
            Happening::Paired => format!("paired with {}", self.by.as_deref().unwrap_or("another device")),
            Happening::Extended => {
                format!("extended{}", ttl.map(|ttl| format!(" to {ttl}")).unwrap_or_default())
            }
        }
    }
}

impl Service {
    /// What happened, newest first; `since` is a time span such as `2d`, or a date.
    pub fn log(&self, since: Option<&str>) -> Result<Vec<Logged>> {
        let earliest = since.map(|text| self.earliest(text)).transpose()?;
        let (book, aside) = self.0.journal.load()?;
        self.tell_aside(aside);
        // A key without a passphrase tells who "you" is.
        let _ = self.identity_state();
        let mut all = book.happenings(self.now());
        // What happened last of one second was noted last.
        all.sort_by_key(|event| event.at);
        let about: BTreeMap<Token, About> =
            all.iter().rev().filter_map(|event| Some((event.token?, event.about.clone()?))).collect();
        let told = all.iter().rev().filter(|event| earliest.is_none_or(|earliest| event.at >= earliest));
        Ok(told.map(|event| self.logged(event, event.token.and_then(|token| about.get(&token)))).collect())
    }

    fn earliest(&self, since: &str) -> Result<DateTime<Utc>> {
        let read = Since::read(since).map(|since| since.earliest(self.now()));
        read.ok_or_else(|| {
            let shown = text::fit(&text::clean(since), 40);
            Error::usage(format!("`{shown}` is not a time."))
                .advise("Write 12h, 2d, 3w, today or 2026-11-20.")
        })
    }

    fn logged(&self, event: &Event, about: Option<&About>) -> Logged {
        let clean = |text: &Option<String>| text.as_deref().map(text::clean);
        let recipient = about.and_then(|about| about.recipient.as_deref()?.parse::<PublicKey>().ok());
        let from = event.from.as_deref().and_then(|key| key.parse::<PublicKey>().ok());
        Logged {
            at: event.at,
            event: event.event,
            token: event.token.map(|token| token.to_string()),
            audience: event.token.map(|token| AudienceView {
                kind: token.audience,
                name: recipient
                    .filter(|_| token.audience == AudienceKind::Share)
                    .map(|key| self.name_of(&key)),
            }),
            session_id: about.map(|about| text::clean(&about.session_id)),
            project: about.map(|about| text::clean(&about.project)),
            label: about.and_then(|about| clean(&about.label)),
            title: about.and_then(|about| clean(&about.title)),
            by: clean(&event.by),
            from: from.map(|key| match self.signer(&key) {
                Signer::Key(_) => key.to_string(),
                signer => signer.name().to_owned(),
            }),
            ttl: event.ttl,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_took_what_of_whom_reads_as_a_sentence() {
        let words = |event, by: Option<&str>, from: Option<&str>| {
            let (by, from) = (by.map(str::to_owned), from.map(str::to_owned));
            let logged = Logged {
                at: DateTime::UNIX_EPOCH,
                event,
                token: None,
                audience: None,
                session_id: None,
                project: None,
                label: None,
                title: None,
                by,
                from,
                ttl: None,
            };
            logged.words()
        };
        for (event, by, from, said) in [
            (Happening::PickedUp, Some("laptop"), None, "picked up by laptop"),
            (Happening::PickedUp, Some("desk"), Some("anna"), "picked up here, published by anna"),
            (Happening::Burned, Some("laptop"), None, "burned, picked up by laptop"),
            (Happening::Burned, Some("desk"), Some("you"), "burned, picked up here, published by you"),
            (Happening::Burned, None, None, "burned"),
        ] {
            assert_eq!(words(event, by, from), said);
        }
    }
}

//! Revocations that can be undone for a moment. The journal holds the signed end
//! from the start, so that quitting, a closed window or a kill loses none: whoever
//! looks at the journal after that moment owes it like any other end.

use std::time::Duration;

use chrono::TimeDelta;

use super::ending::signed;
use super::lookup::Place;
use crate::handoff::{Identity, Token};
use crate::service::{Job, Result, Revoked, Service, Step};
use crate::store::journal::Revoking;

/// How long a revocation can be undone.
const UNDO: Duration = Duration::from_secs(5);
/// When others carry it out, should this process not have done so. Times are whole
/// seconds, so that less than one more would be too little.
const OTHERS: TimeDelta = TimeDelta::seconds(7);

impl Service {
    /// Revokes handoffs by token or unique prefix after a moment in which
    /// [`Service::undo_revoke`] keeps them; cancelled, at once. What this device did
    /// not publish is revoked right away: no journal would remember it.
    pub async fn revoke_soon(&self, tokens: &[String], job: &Job) -> Result<Revoked> {
        let identity = self.identity().await?;
        let mut places = self.to_be_revoked(&identity, tokens, job).await?;
        if let Some(held) = self.hold_back(&identity, &places) {
            let tokens = places.iter().map(|place| place.token.to_string()).collect();
            (job.tell)(Step::Revoking(tokens, UNDO));
            let _ = tokio::time::timeout(UNDO, job.cancel.cancelled()).await;
            // Undone and revoked again it is another one's to carry out.
            let is_ours = |token: &Token, now: &Revoking| {
                held.iter().any(|(held, revoking)| held == token && revoking.end == now.end)
            };
            // Where the journal cannot be written nothing says that it was undone.
            if let Ok(owed) = self.owe_held(is_ours) {
                places.retain(|place| owed.contains(&place.token));
            }
            if places.is_empty() {
                return Ok(Revoked::default());
            }
        }
        Ok(self.revoke_places(&identity, places, job).await)
    }

    /// Keeps what is about to be revoked: how many of these it was not too late for.
    pub fn undo_revoke(&self, tokens: &[String]) -> Result<usize> {
        self.journal(|book| {
            let meant = book.handoffs.iter_mut().filter(|entry| tokens.contains(&entry.token.to_string()));
            meant.filter_map(|entry| entry.revoking.take()).count()
        })
    }

    /// Notes the end of each of them for a moment from now; `None` where one cannot be
    /// noted, and then none is.
    fn hold_back(&self, identity: &Identity, places: &[Place]) -> Option<Vec<(Token, Revoking)>> {
        let from = self.now() + OTHERS;
        let noted = |place: &Place| {
            let entry = self.own_entry(&place.token.to_string()).ok()?;
            let end = self.make_end(identity, place, &entry).filter(|_| entry.ending.is_none())?;
            Some((place.token, Revoking { end: signed(&end), from }))
        };
        let ends = places.iter().map(noted).collect::<Option<Vec<_>>>()?;
        let held = self.journal(|book| {
            for (token, revoking) in &ends {
                if let Some(entry) = book.entry(token) {
                    entry.revoking = Some(revoking.clone());
                }
            }
        });
        held.ok().map(|()| ends)
    }

    /// From now on these are owed their end: which ones were still held.
    fn owe_held(&self, meant: impl Fn(&Token, &Revoking) -> bool) -> Result<Vec<Token>> {
        self.journal(|book| {
            let mut owed = Vec::new();
            for entry in &mut book.handoffs {
                let token = entry.token;
                if let Some(revoking) = entry.revoking.take_if(|revoking| meant(&token, revoking)) {
                    entry.ending = Some(revoking.end);
                    owed.push(token);
                }
            }
            owed
        })
    }

    /// Owes their end to those whose moment is over: another process was to revoke
    /// them, and may have been killed.
    pub(crate) fn owe_what_was_held(&self) {
        let now = self.now();
        let Ok((book, aside)) = self.0.journal.load() else { return };
        self.tell_aside(aside);
        let is_due = |entry: &crate::store::JournalEntry| {
            entry.revoking.as_ref().is_some_and(|revoking| revoking.from <= now)
        };
        let due: Vec<Token> =
            book.handoffs.iter().filter(|entry| is_due(entry)).map(|entry| entry.token).collect();
        if !due.is_empty() {
            drop(self.owe_held(|token, _| due.contains(token)));
        }
    }
}

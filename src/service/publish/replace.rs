//! One handoff a session: a new one takes the place of what is alive for the
//! same audience. The new one goes out first, and the journal says what it
//! replaces, so that a crash between the two leaves nothing undone for good.

use std::collections::HashSet;

use super::super::look::{Place, alive};
use super::super::{Error, Kind, Result, Service, blocking};
use super::audience::Prepared;
use super::open_secrets;
use crate::handoff::{Identity, Standing, Token};
use crate::store::{Entry, Stage};
use crate::text;

/// An older handoff of the same session for the same audience.
#[derive(Clone)]
pub(in super::super) struct Older {
    pub entry: Entry,
    pub place: Place,
}

impl Service {
    /// What a handoff of these sessions (one session's ids) replaces: for PIN
    /// and link, another PIN or link is another audience.
    pub(super) async fn older(
        &self,
        identity: &Identity,
        ids: &[String],
        prepared: &Prepared,
    ) -> Result<Vec<Older>> {
        let (book, aside) = self.0.journal.load()?;
        self.tell_aside(aside);
        let mut older = Vec::new();
        for entry in book.handoffs {
            if entry.pass_of.is_some() || !self.row(None, &entry).state.is_alive() {
                continue;
            }
            let same_mailbox = open_secrets(identity, &entry)
                .is_some_and(|(mailbox, _)| mailbox.secret() == prepared.place.mailbox.secret());
            if !same_mailbox || !self.is_one_of(&entry.session_id, ids).await? {
                continue;
            }
            if let Some(place) = self.place_of(identity, &entry) {
                older.push(Older { entry, place });
            }
        }
        Ok(older)
    }

    /// Whether an id is one of a session's, or the session went on from it.
    async fn is_one_of(&self, id: &str, ids: &[String]) -> Result<bool> {
        if ids.iter().any(|known| known == id) {
            return Ok(true);
        }
        let (service, id) = (self.clone(), id.to_owned());
        let now = blocking(move || service.session(&id).map(|session| service.continued(session))).await?;
        // A session that is not on this machine any more is another one.
        Ok(now.is_ok_and(|(session, continues)| continues.is_some() && ids.contains(&session.session_id)))
    }

    /// Leaves out what has ended meanwhile, and refuses where one that burns is
    /// left: whoever was given it may be about to pick it up.
    pub(super) async fn may_replace(&self, older: Vec<Older>, replace: bool) -> Result<Vec<Older>> {
        let mut alive_ones = Vec::new();
        for one in older {
            if replace || !one.entry.burn_after_read {
                alive_ones.push(one);
                continue;
            }
            let (standing, _) = self.look(&one.place, &mut |_| {}).await?;
            if let Standing::Burned { trace, .. } = &standing {
                self.note_trace(&one.entry.token, Some(trace));
                self.set_stage(&one.entry.token, Stage::Burned, false);
            }
            if alive(standing, self.now()).is_ok() {
                let made = text::ago(one.entry.created_at, self.now());
                return Err(Error::new(
                    Kind::Exists,
                    format!(
                        "This session has a handoff for the same audience that burns when it is picked up: {}, \
                         published {made}. A new one replaces it, and its link stops working.",
                        one.entry.token
                    ),
                )
                .advise("`--yes` replaces it."));
            }
        }
        Ok(alive_ones)
    }

    /// Calls the older ones back. Which of them are gone, and what to say of the
    /// others.
    pub(super) async fn replace(&self, identity: &Identity, older: Vec<Older>) -> (Vec<String>, Vec<String>) {
        let (mut replaced, mut warnings) = (Vec::new(), Vec::new());
        for Older { entry, place } in older {
            let (service, identity, token) = (self.clone(), identity.clone(), entry.token);
            let ended = self.must_finish(async move { service.call_back(&identity, &place).await }).await;
            match ended {
                Ok(Standing::Revoked { .. }) => replaced.push(token.to_string()),
                Ok(Standing::Burned { trace, .. }) => {
                    self.note_trace(&token, Some(&trace));
                    self.set_stage(&token, Stage::Burned, false);
                    warnings.push(format!(
                        "The older handoff {token} was picked up by {} before it could be replaced.",
                        text::clean(&trace.hostname)
                    ));
                }
                Ok(_) => {}
                Err(error) => warnings.push(format!(
                    "The older handoff {token} is still there: {} `cclink list` tries again.",
                    error.message
                )),
            }
        }
        (replaced, warnings)
    }

    /// Handoffs that a newer one was to replace when this program was ended.
    pub(in super::super) fn left_to_replace<'a>(entries: impl Iterator<Item = &'a Entry>) -> HashSet<Token> {
        let out = entries.filter(|entry| matches!(entry.stage, Stage::Published | Stage::Burned));
        out.flat_map(|entry| entry.replaces.iter().copied()).collect()
    }
}

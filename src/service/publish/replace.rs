//! One handoff a session: a new one takes the place of what is alive for the
//! same audience. The new one goes out first, and the journal says what it
//! replaces, so that a crash between the two leaves nothing undone for good.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use futures::future::join_all;

use super::super::{AudienceKind, Error, ErrorKind, Result, Service, blocking};
use super::audience::Prepared;
use super::{Sent, open_secrets};
use crate::claude;
use crate::handoff::index::CAPACITY;
use crate::handoff::{Identity, Index, Record, Standing, Token, z32};
use crate::service::handoffs::lookup::{Place, alive};
use crate::store::{JournalEntry, Stage};
use crate::text;

/// An older handoff of the same session for the same audience.
#[derive(Clone, Debug)]
pub(crate) struct Older {
    pub place: Place,
    pub record: Option<Record>,
    /// The SSH address that the user named for it; empty for none.
    pub ssh: Option<String>,
    burns: bool,
    created_at: DateTime<Utc>,
}

impl Service {
    /// What a handoff of these sessions (one session's ids) replaces of what this
    /// device published: for PIN and link, another PIN or link is another audience.
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
                .is_some_and(|known| known.mailbox.secret() == prepared.place.mailbox.secret());
            if !same_mailbox || !self.is_one_of(&entry.session_id, ids).await? {
                continue;
            }
            if let Some(place) = self.place_of(identity, &entry) {
                let (burns, created_at) = (entry.burn_after_read, entry.created_at);
                let ssh = entry.ssh_named.then(|| entry.ssh.unwrap_or_default());
                older.push(Older { place, record: None, ssh, burns, created_at });
            }
        }
        Ok(older)
    }

    /// What my other devices published of these sessions, by a list that was just
    /// read. What cannot be looked at now, or holds more than is here, is left as
    /// it is.
    pub(crate) async fn others(&self, place: &Place, index: &Index, ids: &[String]) -> Vec<Older> {
        let Ok((book, _)) = self.0.journal.load() else { return Vec::new() };
        let is_mine = |token: &Token| book.handoffs.iter().any(|entry| entry.token == *token);
        let expected = match place.token.audience {
            AudienceKind::Devices => place.expected.iter().flat_map(|me| self.my_keys(me)).collect(),
            _ => place.expected.clone(),
        };
        let listed = index.shown(self.now_u32()).into_iter().map(|entry| Place {
            token: Token { audience: place.token.audience, bytes: entry.token },
            mailbox: place.mailbox.clone(),
            expected: expected.clone(),
        });
        let unknown = listed.filter(|other| {
            !is_mine(&other.token) && !book.ends.contains_key(&z32::encode(&other.address()))
        });
        let looked = unknown.take(CAPACITY).map(|place| async move {
            let (standing, _) = self.look(&place, &mut |_| {}).await.ok()?;
            let (record, ..) = alive(standing, self.now()).ok()?;
            if !self.is_one_of(&record.session_id, ids).await.ok()? {
                return None;
            }
            if !self.is_here(&record).await {
                self.warn(format!(
                    "Another device published this session with messages that are not here: {} was kept.",
                    place.token
                ));
                return None;
            }
            let (burns, created_at) = (record.burn_after_read, record.created_at);
            Some(Older { place, record: Some(record), ssh: None, burns, created_at })
        });
        join_all(looked).await.into_iter().flatten().collect()
    }

    /// The same where it was not known in time. Those that burn are left, unless
    /// they may be replaced, and named.
    pub(super) async fn others_behind(
        &self,
        place: &Place,
        ids: &[String],
        replace: bool,
    ) -> (Vec<Older>, Vec<String>) {
        let Ok((index, _)) = self.read_index(&place.mailbox).await else { return Default::default() };
        let others = self.others(place, &index, ids).await;
        let (left, others): (Vec<Older>, Vec<Older>) =
            others.into_iter().partition(|other| other.burns && !replace);
        let named = left.iter().map(|other| {
            format!(
                "The older handoff {0} is one-time, so it was kept: `cclink revoke {0}` ends it.",
                other.place.token
            )
        });
        (others, named.collect())
    }

    /// Takes a handoff back that only now turns out to replace one that burns.
    pub(super) async fn may_stay(
        &self,
        identity: &Identity,
        sent: &Sent,
        others: &[Older],
        replace: bool,
    ) -> Result<()> {
        let Some(burning) = others.iter().find(|other| other.burns && !replace) else { return Ok(()) };
        let token = sent.place.token;
        // Nobody was told of it: where it is gone, it never was.
        if self.take_back(identity, &sent.place, sent.sequence, false).await {
            self.note(|book| book.handoffs.retain(|entry| entry.token != token));
        } else {
            self.set_stage(&token, Stage::Failed, false);
        }
        Err(self.burning(burning))
    }

    /// That a handoff which burns would be replaced.
    fn burning(&self, older: &Older) -> Error {
        Error::new(
            ErrorKind::Exists,
            format!(
                "This session already has a one-time handoff for the same audience: {}, published {}. A new one \
                 replaces it, and its link stops working.",
                older.place.token,
                text::ago(older.created_at, self.now())
            ),
        )
        .advise("`--yes` replaces it.")
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

    /// Whether all that another device published is in the session as it is here.
    async fn is_here(&self, record: &Record) -> bool {
        let (service, id, published) = (self.clone(), record.session_id.clone(), record.transcript.clone());
        let held = blocking(move || {
            let session = service.session(&id).ok()?;
            claude::holds(&session.path, &published).ok()
        });
        held.await.is_ok_and(|held| held == Some(true))
    }

    /// Leaves out what has ended meanwhile, and refuses where one that burns is
    /// left: whoever was given it may be about to pick it up.
    pub(super) async fn may_replace(&self, older: Vec<Older>, replace: bool) -> Result<Vec<Older>> {
        let mut alive_ones = Vec::new();
        for one in older {
            if replace || !one.burns {
                alive_ones.push(one);
                continue;
            }
            let (standing, _) = self.look(&one.place, &mut |_| {}).await?;
            if let Standing::Burned { trace, .. } = &standing {
                self.note_trace(&one.place.token, Some(trace));
                self.set_stage(&one.place.token, Stage::Burned, false);
            }
            if alive(standing, self.now()).is_ok() {
                return Err(self.burning(&one));
            }
        }
        Ok(alive_ones)
    }

    /// Calls the older ones back. Which of them are gone, and what to say of the
    /// others.
    pub(super) async fn replace(&self, identity: &Identity, older: Vec<Older>) -> (Vec<String>, Vec<String>) {
        let (mut replaced, mut warnings) = (Vec::new(), Vec::new());
        for Older { place, .. } in older {
            let (service, identity, token) = (self.clone(), identity.clone(), place.token);
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
    pub(crate) fn left_to_replace<'a>(entries: impl Iterator<Item = &'a JournalEntry>) -> HashSet<Token> {
        let out = entries.filter(|entry| matches!(entry.stage, Stage::Published | Stage::Burned));
        out.flat_map(|entry| entry.replaces.iter().copied()).collect()
    }
}

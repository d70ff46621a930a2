//! One handoff a session: a new one takes the place of what is alive for the
//! same audience. The new one goes out first, and the journal says what it
//! replaces, so that a crash between the two leaves nothing undone for good.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use futures::future::join_all;
use futures::{StreamExt, stream};

use super::super::{AudienceKind, Error, ErrorKind, Result, Service, blocking};
use super::audience::Prepared;
use super::{Sent, open_secrets};
use crate::claude;
use crate::handoff::index::CAPACITY;
use crate::handoff::{Identity, Index, Record, Standing, Token, z32};
use crate::service::handoffs::lookup::{Place, alive};
use crate::store::{JournalEntry, Stage};
use crate::text;

/// Handoffs of several people that are looked at on the network at the same time.
const LOOK_AT_ONCE: usize = 4;

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
        let recipient = prepared.recipient.as_ref().map(ToString::to_string);
        let mut older = Vec::new();
        for entry in book.handoffs {
            if !may_be_beside(&entry, prepared, recipient.as_deref())
                || !self.row(None, &entry).state.is_alive()
            {
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
        let burning: Vec<Older> = others.iter().filter(|other| other.burns && !replace).cloned().collect();
        if burning.is_empty() {
            return Ok(());
        }
        let token = sent.place.token;
        // Nobody was told of it: where it is gone, it never was.
        if self.take_back(identity, &sent.place, sent.sequence, false).await {
            self.note(|book| book.handoffs.retain(|entry| entry.token != token));
        } else {
            self.set_stage(&token, Stage::Failed, false);
        }
        Err(self.burning(&burning.into_iter().map(|one| (None, one)).collect::<Vec<_>>()))
    }

    /// That these handoffs, which burn, would be replaced: each is named, of several
    /// people with theirs.
    fn burning(&self, older: &[(Option<String>, Older)]) -> Error {
        let named = |(name, one): &(Option<String>, Older)| {
            let (token, ago) = (one.place.token, text::ago(one.created_at, self.now()));
            match name {
                Some(name) => format!("{name} ({token}, published {ago})"),
                None => format!("{token}, published {ago}"),
            }
        };
        let all: Vec<String> = older.iter().map(named).collect();
        let has_names = older.iter().any(|(name, _)| name.is_some());
        let error = |words| Error::new(ErrorKind::Exists, words);
        if let [one] = all.as_slice() {
            let for_whom = if has_names { "" } else { " the same audience:" };
            return error(format!(
                "This session already has a one-time handoff for{for_whom} {one}. A new one replaces it, and its \
                 link stops working."
            ))
            .advise("`--yes` replaces it.");
        }
        let (for_whom, between) = if has_names { ("", ", ") } else { (" for the same audience", "; ") };
        // A small screen shows its beginning alone.
        error(format!(
            "This session already has {} one-time handoffs{for_whom}. New ones replace them, and their links \
             stop working: {}.",
            all.len(),
            all.join(between)
        ))
        .advise("`--yes` replaces them.")
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

    /// Leaves out what has ended meanwhile, and refuses where some that burn are
    /// left: whoever was given them may be about to pick them up.
    pub(super) async fn may_replace(&self, older: Vec<Older>, replace: bool) -> Result<Vec<Older>> {
        let (alive_ones, burning) = self.still_there(older, replace).await?;
        if burning.is_empty() {
            return Ok(alive_ones);
        }
        Err(self.burning(&burning.into_iter().map(|one| (None, one)).collect::<Vec<_>>()))
    }

    /// The same for several people, each with what a new one replaces: all that is
    /// asked about is named at once.
    pub(super) async fn may_replace_all(
        &self,
        older: Vec<(String, Vec<Older>)>,
        replace: bool,
    ) -> Result<()> {
        let looked = older.into_iter().map(|(name, older)| async move {
            let (_, burning) = self.still_there(older, replace).await?;
            Ok(burning.into_iter().map(|one| (Some(name.clone()), one)).collect::<Vec<_>>())
        });
        let looked: Vec<Result<Vec<_>>> = stream::iter(looked).buffered(LOOK_AT_ONCE).collect().await;
        let burning: Vec<_> = looked.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
        if burning.is_empty() { Ok(()) } else { Err(self.burning(&burning)) }
    }

    /// Those that may be replaced, and those that burn and can still be picked up; what
    /// has ended meanwhile is neither.
    async fn still_there(&self, older: Vec<Older>, replace: bool) -> Result<(Vec<Older>, Vec<Older>)> {
        let (mut alive_ones, mut burning) = (Vec::new(), Vec::new());
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
                burning.push(one);
            }
        }
        Ok((alive_ones, burning))
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

/// Whether an entry may lie in the mailbox of what is made ready, as far as it says so
/// itself. Whether it does, only its secret tells, and of a group as long as the journal
/// each would be decrypted for each.
fn may_be_beside(entry: &JournalEntry, prepared: &Prepared, recipient: Option<&str>) -> bool {
    // A link's mailbox is made for it.
    let is_new = prepared.secret.is_some();
    let is_to_another = entry.recipient.as_deref().zip(recipient).is_some_and(|(its, other)| its != other);
    !is_new
        && entry.pass_of.is_none()
        && entry.token.audience == prepared.place.token.audience
        && !is_to_another
}

//! Publish: journal the intent, put the record while reading the list, show
//! link and QR as soon as the record is acknowledged, finish the list behind it.

mod audience;
mod draft;
pub(super) mod on_exit;
mod recipients;
mod record;
mod replace;
mod several;

use std::time::Duration;

#[cfg(test)]
pub(super) use audience::OPENED;
use audience::seal_secrets;
pub(super) use audience::{Prepared, open_secrets};
use chrono::{DateTime, TimeDelta};
pub(super) use draft::went_on_since;
use pkarr::SignedPacket;
pub(super) use record::span_of;
use replace::Older;

use super::handoffs::ending::{interrupted, unheard};
use super::handoffs::lookup::Place;
use super::transfer::carry::{Sealing, Shipped};
use super::types::CarriedBy;
use super::{
    AudienceChoice, AudienceKind, CarryTo, Destination, Error, ErrorKind, Job, LeftBehind, PublishRequest,
    Published, Result, Service, SshSource, Step,
};
use crate::handoff::index::IndexEntry;
use crate::handoff::standing::MakeError;
use crate::handoff::z32;
use crate::handoff::{Hidden, Identity, Index, Link, LinkTarget, Record, Token};
use crate::network::{NetworkError, Sighting};
use crate::store::journal::Group;
use crate::store::{CarryChoice, JournalEntry, Stage};

/// Fewer copies than this, on a network with more nodes, is worth a word.
pub(super) const FEW_COPIES: u32 = 10;

/// How long the handoffs of other devices are looked at before this one is told.
const LOOK_BESIDE: Duration = Duration::from_secs(2);

/// What is known of a handoff beside its record.
#[derive(Default)]
pub(super) struct Aside {
    /// Who named its SSH address.
    pub ssh: Option<SshSource>,
    /// Whether its title was chosen for it alone.
    pub title_named: bool,
    /// Whether its SSH address was.
    pub ssh_named: bool,
    /// The session's ids: what else the mailbox holds of it is replaced.
    pub session_ids: Vec<String>,
    /// The handoff that it is the phone pass of.
    pub pass_of: Option<Token>,
    /// The handoffs that it takes the place of.
    pub replaces: Vec<Token>,
    /// How its conversation goes along.
    pub carry: Option<CarriedBy>,
    /// Those that go out with it, to other people.
    pub group: Option<Group>,
}

/// A handoff that the network has, and what was read meanwhile.
struct Sent {
    place: Place,
    sequence: u64,
    record: Record,
    published: Published,
    /// The mailbox's list.
    index: Option<(Index, Sighting)>,
    /// What other devices published of the same session; `None` where that is
    /// not known yet.
    others: Option<Vec<Older>>,
}

impl Service {
    /// Publishes one session, in place of what my devices published of it for
    /// the same audience. Cancelled before the network has it, nothing goes out;
    /// cancelled while it is on its way, it is taken back.
    pub async fn publish(&self, request: PublishRequest, job: &Job) -> Result<Published> {
        let nothing = || Error::new(ErrorKind::Cancelled, "Cancelled. Nothing was published.");
        self.publish_drafted(request, None, job)
            .await
            .map_err(|error| if error == Error::cancelled() { nothing() } else { error })
    }

    /// Whether this can be published at all, as far as that is known without the
    /// network: said before anything else is.
    pub fn check_request(&self, request: &PublishRequest) -> Result<()> {
        record::check(request)?;
        self.check_audience(&request.audience)
    }

    /// The same of what was typed, before the session is looked for and the key is opened.
    pub fn check_typed(
        &self,
        audience: &AudienceChoice,
        label: Option<&str>,
        note: Option<&str>,
        ssh: Option<&str>,
    ) -> Result<()> {
        record::check_words(label, note, ssh)?;
        self.check_audience(audience)
    }

    async fn publish_drafted(
        &self,
        mut request: PublishRequest,
        group: Option<Group>,
        job: &Job,
    ) -> Result<Published> {
        let identity = self.identity().await?;
        let clock = self.check_clock()?;
        record::check(&request)?;
        job.doing("preparing");
        let draft = match request.draft.take() {
            Some(draft) => *draft,
            None => Box::pin(job.run(self.draft(&request.session))).await?,
        };
        let ids = draft.session_ids();
        let carry = request.carry.as_ref().and_then(|to| to.meant(&draft));
        let store = match &carry {
            Some(to) => self.store_of(to, &draft, job).await?,
            None => None,
        };
        let now = self.now();
        let prepared = job.run(self.prepare(&identity, &request.audience, now.timestamp())).await?;
        let draft = draft.toward(&prepared.audience);
        let left_behind = draft.left_behind;
        let notes = clock
            .into_iter()
            .chain(draft.followed())
            .chain(draft.went_on.clone())
            .chain(draft.named.words(&request));
        let mut notes: Vec<String> = notes.collect();
        let older = job.run(self.older(&identity, &ids, &prepared)).await?;
        let mut older = job.run(self.may_replace(older, request.replace)).await?;
        // The file first: a handoff never promises what is not there.
        let sealing = match &carry {
            Some(to) => {
                Some(self.seal(&draft.session, draft.git.as_ref(), to, now, job).await.map_err(of_all)?)
            }
            None => None,
        };
        let (record, mut aside) =
            self.record_of(&request, draft, prepared.place.mailbox.audience, now, sealing.as_ref()).await?;
        notes.extend(sealing.iter().flat_map(Sealing::words));
        let shipped = match (sealing, &carry) {
            (Some(sealing), Some(to)) => {
                Some(self.ship(sealing, store, to, &prepared.place.token, job).await.map_err(of_all)?)
            }
            _ => None,
        };
        aside.carry = shipped.as_ref().map(|shipped| shipped.by);
        notes.extend(older.iter().find_map(|older| other_address(older, &record, &request)));
        aside.replaces = older.iter().map(|older| older.place.token).collect();
        aside.session_ids.clone_from(&ids);
        aside.group = group;
        let project = record.project.clone();
        let sent = self.put_out(&identity, prepared, record, aside, job).await?;
        let known = sent.others.clone();
        if let Some(others) = &known {
            self.may_stay(&identity, &sent, others, request.replace).await?;
            older.extend(others.iter().cloned());
        }
        let place = sent.place.clone();
        let mut published = self.enlist(&identity, sent, job).await?;
        if known.is_none() {
            let (others, left) = self.others_behind(&place, &ids, request.replace).await;
            older.extend(others);
            published.warnings.extend(left);
        }
        let (replaced, warnings) = self.replace(&identity, older).await;
        published.carry_key = shipped.map(Shipped::stays);
        self.note_choice(project, request.carry.as_ref());
        published.left_behind = left_behind;
        published.replaced = replaced;
        published.warnings.splice(0..0, notes);
        published.warnings.extend(warnings);
        self.take_away_ended();
        Ok(published)
    }

    /// What was chosen for a project is proposed again.
    fn note_choice(&self, project: String, carry: Option<&CarryTo>) {
        let Some(to) = carry else { return };
        let way = match to.to {
            Destination::Way(way) => Some(way),
            Destination::Stays => None,
            // A file is taken along once.
            _ => return,
        };
        let choice = CarryChoice { way, changes: to.with_changes };
        self.note(|book| {
            book.carry.insert(project, choice);
        });
    }

    /// Sends a record out: into the journal first, then to the network, then
    /// into the list of its mailbox.
    pub(super) async fn send(
        &self,
        identity: &Identity,
        prepared: Prepared,
        record: Record,
        aside: Aside,
        job: &Job,
    ) -> Result<Published> {
        let sent = self.put_out(identity, prepared, record, aside, job).await?;
        self.enlist(identity, sent, job).await
    }

    /// Into the journal, then to the network, while the list is read and what
    /// stands in it is looked at.
    async fn put_out(
        &self,
        identity: &Identity,
        prepared: Prepared,
        record: Record,
        aside: Aside,
        job: &Job,
    ) -> Result<Sent> {
        let sequence = self.now_us();
        let has_note = record.note.is_some();
        // From here on only what travels is told.
        let record = record.fitted().map_err(MakeError::from)?;
        let note_dropped = has_note && record.note.is_none();
        let packet =
            prepared.place.mailbox.make_record(identity, &prepared.place.token, record.clone(), sequence)?;
        let entry = intent(identity, &prepared, &record, &aside, &packet)?;
        let is_revoked = self.journal(|book| {
            let is_revoked = book.is_group_revoked(&entry);
            if !is_revoked {
                book.handoffs.push(entry);
            }
            is_revoked
        })?;
        if is_revoked {
            return Err(Error::new(ErrorKind::Cancelled, "The others were revoked meanwhile."));
        }

        job.doing("publishing");
        let put = async {
            let beside = async {
                let index = match prepared.secret {
                    Some(_) => Ok(None),
                    None => self.read_index(&prepared.place.mailbox).await.map(Some),
                };
                let others = match &index {
                    Ok(None) => Some(Vec::new()),
                    Ok(Some((index, _))) => {
                        let others = self.others(&prepared.place, index, &aside.session_ids);
                        tokio::time::timeout(LOOK_BESIDE, others).await.ok()
                    }
                    Err(_) => None,
                };
                (index, others)
            };
            let (stored, (index, others)) = tokio::join!(self.0.network.put(&packet, None), beside);
            Ok::<_, Error>((stored, index, others))
        };
        let (copies, index, others) = match job.run(put).await {
            Ok((Ok(copies), index, others)) => (copies, index, others),
            // It may lie on some nodes although none acknowledged it.
            Ok((Err(error), ..)) => {
                self.set_stage(&prepared.place.token, Stage::Failed, false);
                let is_silent = error == NetworkError::Unreachable;
                drop(self.take_back(identity, &prepared.place, sequence, is_silent));
                return Err(if is_silent { error.into() } else { unheard() });
            }
            Err(error) => {
                self.set_stage(&prepared.place.token, Stage::Failed, false);
                let taken_back = self.take_back(identity, &prepared.place, sequence, false).await;
                return Err(match error.kind {
                    ErrorKind::Cancelled => interrupted(&prepared.place.token, taken_back),
                    _ => error,
                });
            }
        };
        let published = Published {
            token: prepared.place.token.to_string(),
            link: prepared.link.to_string().into(),
            web_link: self.web_link(&prepared.link),
            ssh_guessed: aside.ssh == Some(SshSource::HostName),
            user_ssh: user_ssh(&record, &aside),
            ssh: record.ssh.clone(),
            left_behind: LeftBehind::default(),
            replaced: Vec::new(),
            audience: prepared.audience,
            session_id: record.session_id.clone(),
            project: record.project.clone(),
            title: record.title.clone(),
            created_at: record.created_at,
            expires_at: record.expires_at(),
            ttl: record.ttl,
            burn_after_read: record.burn_after_read,
            pin: prepared.pin.map(|pin| pin.as_str().into()),
            copies,
            carry_key: None,
            carry: aside.carry,
            warnings: self.publish_warnings(
                &index,
                copies,
                note_dropped,
                &record,
                prepared.place.mailbox.audience,
            ),
        };
        let (place, index) = (prepared.place, index.ok().flatten());
        Ok(Sent { place, sequence, record, published, index, others })
    }

    /// Tells that it is out, and completes the list behind it.
    async fn enlist(&self, identity: &Identity, sent: Sent, job: &Job) -> Result<Published> {
        let Sent { place, sequence, record, mut published, index, others } = sent;
        self.note_sent(&place.token, others.as_deref().unwrap_or_default());
        self.note_announced(&place.token, published.copies);
        (job.tell)(Step::Acknowledged(Box::new(published.clone())));
        if place.token.audience != AudienceKind::Link {
            job.doing("adding it to the list");
            if let Err(error) = self.finish_index(identity, &place, &record, index).await {
                if error.kind == ErrorKind::Full {
                    drop(self.take_back(identity, &place, sequence, false));
                    self.set_stage(&place.token, Stage::Failed, false);
                    return Err(error);
                }
                published.warnings.push(format!(
                    "It can be picked up by its link or token, but lists do not show it yet: {} Run `cclink \
                     list` to fix that.",
                    error.message
                ));
            }
        }
        Ok(published)
    }

    /// Completes the list behind a record, even when the caller is cancelled.
    pub(super) async fn finish_index(
        &self,
        identity: &Identity,
        place: &Place,
        record: &Record,
        seen: Option<(Index, Sighting)>,
    ) -> Result<()> {
        let (service, place, me) = (self.fresh(), place.clone(), identity.public());
        let entry = IndexEntry { token: place.token.bytes, span: span_of(record) };
        self.must_finish(async move {
            let expected = service.my_keys(&me);
            service.add_to_index(&place.mailbox, &expected, entry, seen).await?;
            service.set_stage(&place.token, Stage::Published, true);
            Ok(())
        })
        .await
    }

    /// Notes that the network has a handoff, and which ones of other devices it
    /// takes the place of.
    fn note_sent(&self, token: &Token, others: &[Older]) {
        self.note(|book| {
            if let Some(entry) = book.entry(token) {
                if !matches!(entry.stage, Stage::Burned | Stage::Revoked) {
                    entry.stage = Stage::Published;
                }
                entry.replaces.extend(others.iter().map(|other| other.place.token));
            }
        });
    }

    /// Notes in the journal how far a handoff came. Ends are final.
    pub(super) fn set_stage(&self, token: &Token, stage: Stage, indexed: bool) {
        self.note(|book| {
            if let Some(entry) = book.entry(token) {
                if !matches!(entry.stage, Stage::Burned | Stage::Revoked) || stage == Stage::Revoked {
                    entry.stage = stage;
                }
                entry.indexed |= indexed;
            }
        });
    }

    /// A link as a phone opens it: only what needs no identity can be.
    pub(super) fn web_link(&self, link: &Link) -> Option<Hidden<String>> {
        let opens = match &link.target {
            LinkTarget::Secret(_) => true,
            LinkTarget::Token(token) => token.audience == AudienceKind::Pin,
        };
        self.0.settings.config.web.as_deref().filter(|_| opens).map(|page| link.web(page).into())
    }

    fn publish_warnings(
        &self,
        index: &Result<Option<(Index, Sighting)>>,
        copies: u32,
        note_dropped: bool,
        record: &Record,
        audience: AudienceKind,
    ) -> Vec<String> {
        let mut warnings = Vec::new();
        if record.ssh.as_deref().is_some_and(|ssh| ssh.to_ascii_lowercase().ends_with(".local")) {
            warnings.push("An address that ends in `.local` works on the same network only.".to_owned());
        }
        if note_dropped {
            warnings.push("The note was left out: with the path and title it did not fit.".to_owned());
        }
        if let Ok(Some((index, sighting))) = index {
            if audience == AudienceKind::Pin && !index.shown(self.now_u32()).is_empty() {
                warnings.push(
                    "This PIN was already used this week: anyone who knows it sees both handoffs.".to_owned(),
                );
            }
            let theirs = index.shown(self.now_u32()).into_iter().map(|entry| entry.span.created).max();
            let theirs = theirs.and_then(|created| DateTime::from_timestamp(i64::from(created), 0));
            if let Some(theirs) = theirs.filter(|at| *at > self.now() + TimeDelta::hours(1)) {
                warnings.push(format!(
                    "Another device wrote there at {}, but it is {} here: one of the two clocks is wrong.",
                    theirs.format("%Y-%m-%d %H:%M UTC"),
                    self.now().format("%Y-%m-%d %H:%M UTC")
                ));
            }
            if copies < FEW_COPIES && copies < sighting.responded {
                warnings.push(format!("Only {copies} nodes hold it so far."));
            }
        }
        warnings
    }
}

/// A failure to seal a conversation or to bring it to its place: it has nothing to do with
/// who it is for.
fn of_all(error: Error) -> Error {
    match error.kind {
        ErrorKind::Failed => Error { kind: ErrorKind::Carry, ..error },
        _ => error,
    }
}

/// What the journal holds before anything goes out.
fn intent(
    identity: &Identity,
    prepared: &Prepared,
    record: &Record,
    aside: &Aside,
    packet: &SignedPacket,
) -> Result<JournalEntry> {
    Ok(JournalEntry {
        token: prepared.place.token,
        recipient: prepared.recipient.map(|key| key.to_string()),
        creator: identity.public().to_string(),
        session_id: record.session_id.clone(),
        project: record.project.clone(),
        label: record.label.clone(),
        title: record.title.clone(),
        ssh: user_ssh(record, aside),
        title_named: aside.title_named,
        ssh_named: aside.ssh_named,
        burn_after_read: record.burn_after_read,
        created_at: record.created_at,
        ttl: record.ttl,
        stage: Stage::Publishing,
        indexed: prepared.secret.is_some(),
        packet: z32::encode(&packet.to_relay_payload()),
        address: z32::encode(&prepared.place.address()),
        sealed: seal_secrets(&identity.public(), prepared)?,
        picked_up: None,
        pass_of: aside.pass_of,
        replaces: aside.replaces.clone(),
        ending: None,
        revoking: None,
        announced: None,
        group: aside.group.clone(),
        unknown: serde_json::Map::new(),
    })
}

/// That a handoff has not the SSH address which the user named for the one that
/// it replaces: of a PIN the draft cannot know that it is the same.
fn other_address(older: &Older, record: &Record, request: &PublishRequest) -> Option<String> {
    let said = |address: Option<&str>| match address.filter(|address| !address.is_empty()) {
        Some(address) => format!("the SSH address {address}"),
        None => "no SSH address".to_owned(),
    };
    let (named, now) = (said(Some(older.ssh.as_deref()?)), said(record.ssh.as_deref()));
    let differs = named != now && request.ssh.is_none();
    differs.then(|| format!("The one it replaces had {named}; this one has {now}."))
}

/// A guessed address is sent, but is no reason for a QR code of its own.
fn user_ssh(record: &Record, aside: &Aside) -> Option<String> {
    record.ssh.clone().filter(|_| aside.ssh == Some(SshSource::User))
}

//! Handing over on exit: a session that ended is written down at once, and
//! published by a worker that takes its time.

use std::path::PathBuf;
use std::time::Duration;

use super::went_on_since;
use crate::handoff::record::is_session_id;
use crate::handoff::{Identity, Mailbox, Record, Token, TokenBytes};
use crate::service::handoffs::lookup::Place;
use crate::service::{
    AudienceKind, AudienceView, Draft, Error, ErrorKind, Job, PublishRequest, Result, Service, blocking,
};
use crate::store::spool::Spool;
pub use crate::store::spool::{SpoolFailure, Spooled};

/// How often one session is tried: with waits of 5, 15, 45, 135 and 405 s
/// between, for ten minutes.
const TRIES: u32 = 6;
/// Each wait is that many times the one before.
const PATIENCE: u32 = 3;
/// What waited longer, because the machine was off, is not handed over any more.
const STALE: chrono::TimeDelta = chrono::TimeDelta::days(1);

impl Service {
    /// Writes down that a session ended; fast, and without the network.
    pub fn spool_session(&self, id: &str, transcript: Option<PathBuf>, carry: bool) -> Result<()> {
        let session_id = id.to_ascii_lowercase();
        if !is_session_id(&session_id) {
            return Err(Error::usage("Claude Code did not say which session ended."));
        }
        let at = self.now();
        Ok(self.spool().put(&Spooled { session_id, transcript, at, tries: 0, carry })?)
    }

    /// Keeps why a session that ended cannot even be written down to wait.
    pub fn spool_refused(&self, id: &str, why: &Error) -> Result<()> {
        let session_id = id.to_ascii_lowercase();
        if !is_session_id(&session_id) {
            return Ok(());
        }
        let failure = SpoolFailure { session_id, at: self.now(), error: why.message.clone() };
        Ok(self.spool().note_failure(Some(&failure))?)
    }

    /// Sessions that ended and are not handed over yet.
    pub fn spooled(&self) -> Result<Vec<Spooled>> {
        Ok(self.spool().all()?)
    }

    /// Why the last session that ended could not be handed over.
    pub fn spool_failure(&self) -> Option<SpoolFailure> {
        self.spool().failure()
    }

    /// Hands over everything that waits, to my devices. Without a network it
    /// tries again after `wait`, and then ever later; at last it gives up and
    /// keeps why. One worker at a time: another waits until this one is done.
    pub async fn hand_over_spooled(&self, wait: Duration) -> Result<()> {
        let spool = self.spool();
        let waiting = spool.clone();
        let _lock = blocking(move || waiting.lock()).await??;
        loop {
            let mut fewest = u32::MAX;
            for mut entry in spool.all()? {
                if !spool.tried(&mut entry)? {
                    fewest = 0; // a newer one stands there now
                    continue;
                }
                match self.hand_over(&entry).await {
                    Ok(without) => {
                        let (session_id, at) = (entry.session_id.clone(), self.now());
                        let failure = without.map(|error| SpoolFailure { session_id, at, error });
                        spool.note_failure(failure.as_ref())?;
                        spool.remove(&entry)?;
                    }
                    Err(error) if error.kind == ErrorKind::Unreachable && entry.tries < TRIES => {
                        fewest = fewest.min(entry.tries);
                    }
                    Err(error) => {
                        let (session_id, at) = (entry.session_id.clone(), self.now());
                        spool.note_failure(Some(&SpoolFailure { session_id, at, error: error.message }))?;
                        spool.remove(&entry)?;
                    }
                }
            }
            if fewest == u32::MAX && spool.all()?.is_empty() {
                return Ok(());
            }
            if (1..u32::MAX).contains(&fewest) {
                tokio::time::sleep(wait.saturating_mul(PATIENCE.saturating_pow(fewest - 1))).await;
            }
        }
    }

    /// Hands over one session; says what of it had to stay.
    async fn hand_over(&self, entry: &Spooled) -> Result<Option<String>> {
        if entry.tries > TRIES || self.now() > entry.at + STALE {
            return Err(Error::failed("It waited for too long."));
        }
        let (service, waiting) = (self.clone(), entry.clone());
        let found =
            blocking(move || service.session_at(&waiting.session_id, waiting.transcript.as_deref())).await?;
        let session = match found {
            Ok(session) => session,
            Err(error) if error.kind == ErrorKind::Gone => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut draft = self.draft(&session).await?;
        if entry.carry && !draft.carry.said {
            draft.carry.chosen = self.agreed_way(&draft).await;
        }
        let session = draft.session.clone();
        // Of a claude that was left without a word, or that a script ran, there is
        // nothing to hand over.
        if session.hidden || !session.resumable || !blocking(move || Self::has_words(&session)).await? {
            return Ok(None);
        }
        // Asked first, so that a try without a network leaves no failed handoff.
        let identity = self.identity().await?;
        let others = self.others_of(&identity, &draft).await?;
        let (session, handed_over) = (draft.session.clone(), others.clone());
        let went_on =
            blocking(move || handed_over.iter().all(|other| went_on_since(&session, other))).await?;
        // Whoever only looked at what another device handed over leaves it there.
        if !went_on {
            return Ok(None);
        }
        let renewed = self.renewed(&identity, &draft, others).await?;
        let request = PublishRequest { replace: true, ..renewed.unwrap_or_else(|| draft.request()) };
        match self.publish(request.clone(), &Job::quiet()).await {
            // Where nobody can be asked, or the place is away, it goes without.
            Err(error)
                if request.carry.is_some()
                    && matches!(
                        error.kind,
                        ErrorKind::Carry | ErrorKind::Failed | ErrorKind::Agree | ErrorKind::Public
                    ) =>
            {
                self.publish(PublishRequest { carry: None, ..request }, &Job::quiet()).await?;
                Ok(Some(format!("It was published without its conversation: {}", error.message)))
            }
            published => published.map(|_| None),
        }
    }

    /// A request that renews what was published of a session to my devices, from
    /// here or from another of them: it lives as long, burns like it, and says the
    /// same. Where this machine is reached, only this one knows.
    async fn renewed(
        &self,
        identity: &Identity,
        draft: &Draft,
        others: Vec<Record>,
    ) -> Result<Option<PublishRequest>> {
        let devices = AudienceView { kind: AudienceKind::Devices, name: None };
        let own = draft.replaced(&devices).max_by_key(|row| row.expires_at);
        let other = others.into_iter().max_by_key(Record::expires_at);
        if let Some(record) = other.filter(|other| own.is_none_or(|own| own.expires_at < other.expires_at()))
        {
            return Ok(Some(PublishRequest {
                label: record.label.clone(),
                title: Some(record.title.clone().unwrap_or_default()),
                ..lasting(&record, draft)
            }));
        }
        let Some(row) = own else { return Ok(None) };
        match self.record_of_mine(identity, &row.token).await {
            Ok((_, record)) => Ok(Some(lasting(&record, draft))),
            // It ended meanwhile.
            Err(error) if error.kind == ErrorKind::Gone => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What my other devices published of a session to my devices.
    async fn others_of(&self, identity: &Identity, draft: &Draft) -> Result<Vec<Record>> {
        let mailbox = Mailbox::devices(&identity.devices_secret());
        let (index, _) = self.read_index(&mailbox).await?;
        let token = Token { audience: AudienceKind::Devices, bytes: TokenBytes::default() };
        let place = Place { mailbox, token, expected: vec![identity.public()] };
        let others = self.others(&place, &index, &draft.session_ids()).await;
        Ok(others.into_iter().filter_map(|other| other.record).collect())
    }

    fn spool(&self) -> Spool {
        Spool::new(&self.0.settings.paths.state)
    }
}

/// A request for what a draft proposes, to live and burn as this record does,
/// with its note.
fn lasting(record: &Record, draft: &Draft) -> PublishRequest {
    PublishRequest {
        ttl: Some(record.ttl),
        burn: record.burn_after_read,
        note: record.note.clone(),
        ..draft.clone().request()
    }
}

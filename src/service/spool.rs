//! Handing over on exit: a session that ended is written down at once, and
//! published by a worker that takes its time.

use std::path::PathBuf;
use std::time::Duration;

use super::{AudienceKind, Draft, Error, Job, Kind, PublishRequest, Result, Service, blocking};
use crate::handoff::Identity;
use crate::handoff::record::is_session_id;
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
    pub fn spool_session(&self, id: &str, transcript: Option<PathBuf>) -> Result<()> {
        let session_id = id.to_ascii_lowercase();
        if !is_session_id(&session_id) {
            return Err(Error::usage("Claude Code did not say which session ended."));
        }
        let at = self.now();
        Ok(self.spool().put(&Spooled { session_id, transcript, at, tries: 0 })?)
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
                    Ok(()) => {
                        spool.note_failure(None)?;
                        spool.remove(&entry)?;
                    }
                    Err(error) if error.kind == Kind::Unreachable && entry.tries < TRIES => {
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

    async fn hand_over(&self, entry: &Spooled) -> Result<()> {
        if entry.tries > TRIES || self.now() > entry.at + STALE {
            return Err(Error::failed("It waited for too long."));
        }
        let (service, waiting) = (self.clone(), entry.clone());
        let found =
            blocking(move || service.session_at(&waiting.session_id, waiting.transcript.as_deref())).await?;
        let session = match found {
            Ok(session) => session,
            Err(error) if error.kind == Kind::Gone => return Ok(()),
            Err(error) => return Err(error),
        };
        let draft = self.draft(&session).await?;
        let session = draft.session.clone();
        // Of a claude that was left without a word, or that a script ran, there is
        // nothing to hand over.
        if session.hidden || !session.resumable || !blocking(move || Self::has_words(&session)).await? {
            return Ok(());
        }
        // Asked first, so that a try without a network leaves no failed handoff.
        let identity = self.identity().await?;
        self.known_from_devices(&identity).await?;
        let renewed = self.renewed(&identity, &draft).await?;
        let request = PublishRequest { replace: true, ..renewed.unwrap_or_else(|| draft.request()) };
        self.publish(request, &Job::quiet()).await.map(drop)
    }

    /// A request that renews what was published of a session to my devices: it
    /// lives as long, burns like it, and says the same.
    async fn renewed(&self, identity: &Identity, draft: &Draft) -> Result<Option<PublishRequest>> {
        let older = draft.alive.iter().filter(|row| row.audience.kind == AudienceKind::Devices);
        let Some(row) = older.max_by_key(|row| row.expires_at) else { return Ok(None) };
        let (_, record) = match self.record_of_mine(identity, &row.token).await {
            Ok(found) => found,
            // It ended meanwhile.
            Err(error) if error.kind == Kind::Gone => return Ok(None),
            Err(error) => return Err(error),
        };
        let proposed = draft.ssh.as_ref().map(|ssh| &ssh.address);
        let ssh = (record.ssh.as_ref() != proposed).then(|| record.ssh.clone().unwrap_or_default());
        Ok(Some(PublishRequest {
            ttl: Some(record.ttl),
            burn: record.burn_after_read,
            label: record.label,
            title: Some(record.title.unwrap_or_default()),
            note: record.note,
            ssh,
            ..draft.clone().request()
        }))
    }

    fn spool(&self) -> Spool {
        Spool::new(&self.0.settings.paths.state)
    }
}

//! The phone pass: a companion of a handoff for a phone, which has no key to
//! open it with. It lives as long as it is shown, and not for long.

use std::time::Duration;

use super::lookup::{Place, alive, stored_packet};
use crate::handoff::{Identity, Record, Standing, Token, Ttl};
use crate::service::publish::Aside;
use crate::service::{AudienceChoice, Error, Job, PassEnd, Result, Service};
use crate::store::Stage;

/// How long a phone pass lives at most, in seconds.
const LIFE: u64 = 15 * 60;

impl Service {
    /// Makes a phone pass of the handoff with this token: the same record once
    /// more, for anyone with the link, burned by its first reader. Its link is
    /// told as an acknowledged step; then it is kept until `job` is cancelled or
    /// its time is over. Unused, it is revoked. Answers with the pass' own token.
    pub async fn phone_pass(&self, token: &str, job: &Job) -> Result<(String, PassEnd)> {
        let identity = self.identity().await?;
        if self.0.settings.config.web.is_none() {
            return Err(Error::usage("A phone pass needs a web page that opens it.").advise(
                "Set `web` in the configuration to the address where you host the page of `cclink web`.",
            ));
        }
        job.doing("making a phone pass");
        let (of, record) = job.run(self.record_of_mine(&identity, token)).await?;
        let place = self.send_pass(&identity, of, record, job).await?;
        if tokio::time::timeout(Duration::from_secs(LIFE), job.cancel.cancelled()).await.is_err() {
            return Ok((place.token.to_string(), PassEnd::Expired));
        }
        let service = self.clone();
        self.must_finish(async move {
            let end = service.end_pass(&identity, &place).await?;
            Ok((place.token.to_string(), end))
        })
        .await
    }

    /// The record of a handoff that I published, from this device or another.
    pub(crate) async fn record_of_mine(&self, identity: &Identity, token: &str) -> Result<(Token, Record)> {
        let place = self.by_token(identity, token, false).await?.place;
        let own = self.own_entry(&place.token.to_string()).ok();
        let standing = match own.as_ref().and_then(stored_packet) {
            Some((address, packet)) => {
                let end = self.remembered_end(&address);
                place.judge(&[packet].into_iter().chain(end).collect::<Vec<_>>())
            }
            None => self.look(&place, &mut |_| {}).await?.0,
        };
        let (record, ..) = alive(standing, self.now())?;
        Ok((place.token, record))
    }

    async fn send_pass(&self, identity: &Identity, of: Token, record: Record, job: &Job) -> Result<Place> {
        let now = self.now();
        let ttl = Ttl::from_seconds(LIFE).map_err(|error| Error::failed(error.to_string()))?;
        let prepared = self.prepare(identity, &AudienceChoice::Link, now.timestamp()).await?;
        let place = prepared.place.clone();
        // A phone has no use for the conversation, and whoever burns the pass must not take
        // that of its handoff away.
        let record = Record {
            created_at: now,
            ttl,
            burn_after_read: true,
            pin_protected: false,
            carry: None,
            ..record
        };
        let aside = Aside { pass_of: Some(of), ..Aside::default() };
        self.send(identity, prepared, record, aside, job).await?;
        Ok(place)
    }

    /// Calls a pass back, unless a phone took it.
    async fn end_pass(&self, identity: &Identity, place: &Place) -> Result<PassEnd> {
        let standing = self.call_back(identity, place).await.map_err(|error| {
            Error::new(error.kind, format!("The phone pass could not be revoked: {}", error.message))
                .advise("It expires within 15 minutes anyway; press `d` in Handoffs to try again.")
        })?;
        match standing {
            Standing::Revoked { .. } => Ok(PassEnd::Revoked),
            Standing::Burned { trace, .. } => {
                self.note_trace(&place.token, Some(&trace));
                self.set_stage(&place.token, Stage::Burned, false);
                let entry = self.own_entry(&place.token.to_string())?;
                Ok(PassEnd::Used(Box::new(self.row(Some(identity), &entry))))
            }
            other => Err(alive(other, self.now()).err().unwrap_or_else(Error::cancelled)),
        }
    }
}

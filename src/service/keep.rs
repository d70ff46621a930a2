//! Keep: announce a handoff again, and let it live longer.

use chrono::TimeDelta;

use super::look::{alive, stored_packet};
use super::publish::span_of;
use super::{AudienceKind, Error, Job, Kind, Listed, Result, Service, State, Ttl};
use crate::handoff::index::Entry as IndexEntry;
use crate::handoff::keys::z32_encode;
use crate::handoff::{Identity, Standing, Token};
use crate::network::NetworkError;
use crate::store::Entry;

impl Service {
    /// Sends a handoff's stored bytes again; needs no secret. A complete
    /// lookup comes first: whatever newer lies there is announced instead, so
    /// that a stale copy never comes back. A burning handoff of which nothing
    /// is found is sent only because the user said so.
    pub async fn announce(&self, token: &str, job: &Job) -> Result<Listed> {
        let entry = self.own_entry(token)?;
        let (address, stored) = stored_packet(&entry)
            .ok_or_else(|| Error::failed("The journal does not hold this handoff whole."))?;
        job.doing("announcing");
        let newest = job
            .run(async {
                let sighting = self.0.network.lookup(&address, &mut |_| {}).await?;
                let ended = self.remembered_end(&address);
                let seen = sighting.newest().cloned().into_iter().chain(ended).chain([stored]);
                let newest = seen.reduce(|a, b| if b.more_recent_than(&a) { b } else { a });
                newest.ok_or_else(|| Error::failed("There is nothing to announce."))
            })
            .await?;
        let service = self.clone();
        self.must_finish(async move { Ok(service.0.network.put(&newest, None).await?) }).await?;
        self.checked(&entry.token, job).await
    }

    /// Lets a handoff live for `ttl` from now on, at most seven days from its
    /// creation: a new record by compare-and-swap, and a later entry in the
    /// list.
    pub async fn extend(&self, token: &str, ttl: Ttl, job: &Job) -> Result<Listed> {
        let identity = self.identity().await?;
        let entry = self.own_entry(token)?;
        let place = self
            .place_of(&identity, &entry)
            .ok_or_else(|| Error::new(Kind::NotForYou, "This handoff was published with another key."))?;
        job.doing("extending");
        let (standing, sighting) = job.run(async { self.look(&place, &mut |_| {}).await }).await?;
        let (mut record, _, _) = alive(standing, self.now())?;
        let until = (self.now() + TimeDelta::seconds(i64::from(ttl.seconds()))) - record.created_at;
        let seconds = u64::try_from(until.num_seconds()).unwrap_or(0).min(u64::from(Ttl::MAX.seconds()));
        record.ttl = Ttl::from_seconds(seconds).map_err(|error| Error::usage(format!("{error}.")))?;
        if record.ttl <= entry.ttl {
            return Err(Error::usage("It lives that long already.")
                .advise("Choose a later end, at most 7 days after it was published."));
        }
        let sequence = self.sequence_after(&sighting)?;
        let (packet, _) = place.mailbox.make_record(&identity, &place.token, record.clone(), sequence)?;
        let service = self.clone();
        let (address, created_with) = (place.address(), entry.token);
        self.must_finish(async move {
            match service.0.network.put(&packet, Some(sighting.expected())).await {
                Ok(_) => {}
                Err(NetworkError::Conflict) => {
                    return Err(Error::failed("It changed on the network meanwhile.")
                        .advise("Look again, then decide."));
                }
                Err(error) => return Err(error.into()),
            }
            service.0.journal.update(service.now(), |book| {
                if let Some(entry) = book.entry(&created_with) {
                    entry.ttl = record.ttl;
                    entry.packet = z32_encode(&packet.to_relay_payload());
                    entry.address = z32_encode(&address);
                }
            })?;
            if place.token.audience == AudienceKind::Link {
                return Ok(());
            }
            let item = IndexEntry { token: place.token.bytes, span: span_of(&record) };
            service.add_to_index(&place.mailbox, &place.expected, item, None).await
        })
        .await?;
        self.checked(&entry.token, job).await
    }

    /// The journal entry of a full token.
    fn own_entry(&self, token: &str) -> Result<Entry> {
        let token: Token = token.parse().map_err(|error| Error::usage(format!("{error}.")))?;
        let (mut book, aside) = self.0.journal.load()?;
        self.tell_aside(aside);
        book.entry(&token).cloned().ok_or_else(|| {
            Error::failed("Another device published this handoff.").advise("Announce or extend it there.")
        })
    }

    /// The row of one handoff after it changed.
    async fn checked(&self, token: &Token, job: &Job) -> Result<Listed> {
        let entry = self.own_entry(&token.to_string())?;
        let identity: Option<Identity> = if self.is_locked() { None } else { self.identity().await.ok() };
        let mut row = self.row(identity.as_ref(), &entry);
        if let Some(place) = identity.as_ref().and_then(|identity| self.place_of(identity, &entry)) {
            let (standing, sighting) = job.run(async { self.look(&place, &mut |_| {}).await }).await?;
            match &standing {
                Standing::Record { packet, .. } => row.copies = Some(sighting.copies(packet)),
                Standing::Burned { .. } => row.state = State::Burned,
                Standing::Revoked { .. } => row.state = State::Revoked,
                _ => row.state = State::Lost,
            }
        }
        Ok(row)
    }
}

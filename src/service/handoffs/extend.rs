//! Keep: announce a handoff again, and let it live longer.

use chrono::TimeDelta;

use pkarr::SignedPacket;

use super::lookup::{Place, alive, not_found, stored_packet};
use crate::handoff::index::IndexEntry;
use crate::handoff::z32;
use crate::handoff::{Address, Identity, Record, Standing, Token, packet};
use crate::network::{NetworkError, Sighting};
use crate::service::pickup::burn::has_rivals;
use crate::service::publish::span_of;
use crate::service::{AudienceKind, Error, ErrorKind, Job, Listed, Result, Service, State, Ttl};
use crate::store::JournalEntry;
use crate::store::journal::Announced;

/// Others can only get between us and the address a few times.
const ROUNDS: u32 = 4;

impl Service {
    /// Sends a handoff's stored bytes again; needs no secret. A complete
    /// lookup comes first: an end that it finds is announced instead, so that a
    /// stale copy never comes back. One of which nothing is found is sent only
    /// because the user said so.
    pub(super) async fn announce_one(&self, token: &str, job: &Job) -> Result<Listed> {
        let entry = self.entry_to_keep(token)?;
        let (address, stored) = stored_packet(&entry)
            .ok_or_else(|| Error::failed("The journal entry of this handoff is incomplete."))?;
        job.doing("announcing");
        let identity = if self.is_locked() { None } else { self.identity().await.ok() };
        let looked = self.to_announce(identity.as_ref(), &entry, &address, stored);
        let (packet, _) = job.run(looked).await?;
        let service = self.clone();
        let token = entry.token;
        self.must_finish(async move {
            let copies = service.0.network.put(&packet, None).await?;
            service.note_announced(&token, copies);
            Ok(())
        })
        .await?;
        self.checked(&entry.token, job).await
    }

    /// What to announce of a handoff, and whether anything of it is there.
    pub(crate) async fn to_announce(
        &self,
        identity: Option<&Identity>,
        entry: &JournalEntry,
        address: &Address,
        stored: SignedPacket,
    ) -> Result<(SignedPacket, bool)> {
        let sighting = self.0.network.lookup(address, &mut |_| {}).await?;
        let mut seen = sighting.packets();
        seen.extend(self.remembered_end(address));
        let is_there = !seen.is_empty();
        if !is_there && entry.burn_after_read {
            // It may have been taken, on nodes that are silent now.
            sighting.absence()?;
        }
        seen.push(stored);
        let packet = match identity.and_then(|identity| Some((identity, self.place_of(identity, entry)?))) {
            Some((identity, place)) => {
                if has_rivals(&place, &sighting) {
                    return Err(Error::failed("It is being picked up right now."));
                }
                self.what_counts(identity, &place, &seen, &sighting)?
            }
            // Locked, nothing can be opened: what is newer than our own may be an end.
            None => seen.into_iter().max_by_key(packet::sequence).ok_or_else(not_found)?,
        };
        Ok((packet, is_there))
    }

    /// Notes in the journal that a handoff was announced just now.
    pub(crate) fn note_announced(&self, token: &Token, copies: u32) {
        let announced = Announced { at: self.now(), copies };
        self.note(|book| {
            if let Some(entry) = book.entry(token) {
                entry.announced = Some(announced);
            }
        });
    }

    /// Of all packets the one that counts; an end that lies under a later
    /// sequence is made anew, so that it wins there as well.
    fn what_counts(
        &self,
        identity: &Identity,
        place: &Place,
        seen: &[SignedPacket],
        sighting: &Sighting,
    ) -> Result<SignedPacket> {
        let is_last = |packet: &SignedPacket| packet::sequence(packet) >= sighting.highest();
        match place.judge(seen) {
            Standing::Burned { packet, .. } | Standing::Revoked { packet, .. } if is_last(&packet) => {
                Ok(packet)
            }
            Standing::Burned { trace, .. } => {
                Ok(place.mailbox.make_burned(&place.token, &trace, self.sequence_after(sighting)?)?)
            }
            Standing::Revoked { at, .. } => {
                Ok(place.mailbox.make_revoked(identity, &place.token, at, self.sequence_after(sighting)?)?)
            }
            Standing::Record { packet, .. } => Ok(packet),
            other => Err(alive(other, self.now()).err().unwrap_or_else(not_found)),
        }
    }

    /// Lets a handoff live for `ttl` from now on, at most seven days from its
    /// creation: a new record by compare-and-swap, and a later entry in the
    /// list.
    pub(in crate::service) async fn extend_one(&self, token: &str, ttl: Ttl, job: &Job) -> Result<Listed> {
        let identity = self.identity().await?;
        let entry = self.entry_to_keep(token)?;
        let place = self.place_of(&identity, &entry).ok_or_else(|| {
            Error::new(ErrorKind::NotForYou, "This handoff was published with another key.")
        })?;
        job.doing("extending");
        let (standing, _) = job.run(async { self.look(&place, &mut |_| {}).await }).await?;
        let (mut record, _, _) = alive(standing, self.now())?;
        let until = (self.now() + TimeDelta::seconds(i64::from(ttl.seconds()))) - record.created_at;
        let seconds = u64::try_from(until.num_seconds()).unwrap_or(0).min(u64::from(Ttl::MAX.seconds()));
        record.ttl = Ttl::from_seconds(seconds).map_err(|error| Error::usage(format!("{error}.")))?;
        if record.ttl <= entry.ttl {
            return Err(Error::usage("It already lasts that long.")
                .advise("Choose a later end, at most 7 days after it was published."));
        }
        let service = self.clone();
        let (address, created_with) = (place.address(), entry.token);
        self.must_finish(async move {
            let packet = service.put_longer(&identity, &place, &record).await?;
            service.journal(|book| {
                if let Some(entry) = book.entry(&created_with) {
                    entry.ttl = record.ttl;
                    entry.packet = z32::encode(&packet.to_relay_payload());
                    entry.address = z32::encode(&address);
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

    /// Puts a record that lives longer until a fresh lookup finds that it stands:
    /// an acknowledgement can be lost, and a member can wrap the older one anew.
    async fn put_longer(&self, identity: &Identity, place: &Place, record: &Record) -> Result<SignedPacket> {
        for _ in 0..ROUNDS {
            let (standing, sighting) = self.look(place, &mut |_| {}).await?;
            let (there, _, packet) = alive(standing, self.now())?;
            if there.ttl >= record.ttl {
                if sighting.stands(&packet) {
                    return Ok(packet);
                }
                self.spread(&packet, &sighting).await?;
                continue;
            }
            let sequence = self.sequence_after(&sighting)?;
            let packet = place.mailbox.make_record(identity, &place.token, record.clone(), sequence)?;
            match self.0.network.put(&packet, Some(sighting.expected())).await {
                // Not the answer but what lies there decides.
                Ok(_) | Err(NetworkError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.look(place, &mut |_| {}).await?.1.absence()?;
        Err(Error::failed("It has changed on the network in the meantime.").advise("Refresh, then decide."))
    }

    /// Brings a packet to the nodes that hold an earlier one, or nothing; what is
    /// as late, or came meanwhile, stays.
    async fn spread(&self, packet: &SignedPacket, sighting: &Sighting) -> Result<()> {
        let is_first =
            sighting.held().iter().all(|(held, _)| packet::sequence(held) >= packet::sequence(packet));
        if is_first {
            return self.put_over(packet, 0).await;
        }
        self.spread_over(packet, sighting, usize::MAX).await
    }

    /// Brings a packet to the nodes that were seen to hold an earlier one than the last,
    /// of at most so many of these.
    pub(crate) async fn spread_over(
        &self,
        packet: &SignedPacket,
        sighting: &Sighting,
        most: usize,
    ) -> Result<()> {
        let held = sighting.held().iter().map(|(held, _)| packet::sequence(held));
        let mut over: Vec<u64> = held.filter(|held| *held < sighting.highest()).flatten().collect();
        over.dedup();
        for expected in over.into_iter().take(most) {
            self.put_over(packet, expected).await?;
        }
        Ok(())
    }

    async fn put_over(&self, packet: &SignedPacket, expected: u64) -> Result<()> {
        match self.0.network.put(packet, Some(expected)).await {
            Ok(_) | Err(NetworkError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The journal entry of a full token.
    pub(crate) fn own_entry(&self, token: &str) -> Result<JournalEntry> {
        let token: Token = token.parse().map_err(|error| Error::usage(format!("{error}.")))?;
        let (mut book, aside) = self.0.journal.load()?;
        self.tell_aside(aside);
        book.entry(&token).cloned().ok_or_else(|| {
            Error::failed("Another device published this handoff.").advise("Announce or extend it there.")
        })
    }

    /// The same of one that is to live on: what was revoked while the network was away
    /// ends as soon as it is back, so nothing else is promised until then.
    fn entry_to_keep(&self, token: &str) -> Result<JournalEntry> {
        let entry = self.own_entry(token)?;
        if entry.ending.is_some() {
            return Err(Error::failed("You revoked this handoff; the network does not know yet.").advise(
                "Run `cclink list` or `cclink keep` to finish that, then publish the session again.",
            ));
        }
        Ok(entry)
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

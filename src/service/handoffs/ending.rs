//! Ends that are still owed: a publishing that failed may lie on some nodes all
//! the same, and a revocation may have reached too few. The journal keeps the
//! signed end, and whoever looks at the network next sees to it: a keeper even
//! without the key.

use std::time::Duration;

use pkarr::SignedPacket;

use super::lookup::{Place, stored_packet};
use crate::handoff::{Address, Identity, Token, packet, z32};
use crate::service::{Error, ErrorKind, Result, Service};
use crate::store::{JournalEntry, Stage};

/// How long taking back a handoff that did not go out may take.
const TAKE_BACK: Duration = Duration::from_secs(3);

impl Service {
    /// Notes that a handoff is to end, and with which packet.
    pub(crate) fn owe_end(&self, token: &Token, end: &SignedPacket) {
        let end = signed(end);
        self.note(|book| {
            if let Some(entry) = book.entry(token) {
                entry.ending = Some(end);
            }
        });
    }

    /// Owes a handoff its end although the network could not even be asked for it.
    /// Whether the journal holds that now: one of another device it does not know.
    pub(crate) fn owe_revocation(&self, identity: &Identity, place: &Place) -> bool {
        let Ok(entry) = self.own_entry(&place.token.to_string()) else { return false };
        if entry.ending.is_some() {
            return true;
        }
        self.make_end(identity, place, &entry).is_some_and(|end| {
            self.owe_end(&place.token, &end);
            true
        })
    }

    /// The signed end of a handoff of this device, above what it put out last.
    pub(super) fn make_end(
        &self,
        identity: &Identity,
        place: &Place,
        entry: &JournalEntry,
    ) -> Option<SignedPacket> {
        let last = packet::sequence(&stored_packet(entry)?.1)?;
        place.mailbox.make_revoked(identity, &place.token, self.now(), last + 1).ok()
    }

    /// Notes that the end of a handoff is certain.
    pub(crate) fn end_is_certain(&self, token: &Token) {
        self.note(|book| {
            if let Some(entry) = book.entry(token) {
                entry.ending = None;
            }
        });
    }

    /// Calls back a record that may have reached the network although its
    /// publishing failed or was cancelled: the journal owes it an end from now on.
    /// In the background, unless nobody is there at all; the end of that can be
    /// awaited: whether it is certain.
    pub(crate) fn take_back(
        &self,
        identity: &Identity,
        place: &Place,
        sequence: u64,
        is_silent: bool,
    ) -> impl Future<Output = bool> + use<> {
        let (service, place) = (self.clone(), place.clone());
        let end = place.mailbox.make_revoked(identity, &place.token, self.now(), sequence + 1).ok();
        if let Some(end) = &end {
            self.owe_end(&place.token, end);
        }
        let work = async move {
            let Some(end) = end.filter(|_| !is_silent) else { return false };
            let network = &service.0.network;
            if network.put(&end, Some(sequence)).await.is_err() {
                return false;
            }
            let looked = network.lookup(&place.address(), &mut |_| {}).await;
            let is_certain = looked.is_ok_and(|sighting| sighting.stands(&end));
            if is_certain {
                service.end_is_certain(&place.token);
            }
            is_certain
        };
        // A network that is away is not waited for again.
        let work = self.0.must_finish.spawn(tokio::time::timeout(TAKE_BACK, work));
        async move { work.await.is_ok_and(|done| done == Ok(true)) }
    }

    /// Brings an end that is owed to the network, or finds that none is needed.
    /// An error where that cannot be known yet.
    pub(crate) async fn see_to_end(
        &self,
        identity: &Identity,
        entry: &JournalEntry,
        place: &Place,
    ) -> Result<()> {
        let sighting = self.0.network.lookup(&place.address(), &mut |_| {}).await?;
        let never_went_out = entry.stage == Stage::Failed && sighting.highest().is_none();
        if never_went_out {
            sighting.absence()?;
        } else {
            self.call_back(identity, place).await?;
        }
        self.note(|book| {
            if let Some(known) = book.entry(&entry.token) {
                known.ending = None;
                // What failed has failed: that it was called back is our affair.
                if (entry.stage, known.stage) == (Stage::Failed, Stage::Revoked) {
                    known.stage = Stage::Failed;
                }
            }
        });
        Ok(())
    }

    /// The same without the key: by the bytes that were signed beforehand.
    pub(crate) async fn see_to_end_locked(&self, entry: &JournalEntry) -> Result<()> {
        let Some((address, end)) = signed_end(entry) else { return Ok(()) };
        let sighting = self.0.network.lookup(&address, &mut |_| {}).await?;
        let is_there = sighting.stands(&end);
        if !is_there && sighting.highest().is_none() && entry.stage == Stage::Failed {
            sighting.absence()?;
        } else if !is_there {
            self.0.network.put(&end, None).await?;
            let sighting = self.0.network.lookup(&address, &mut |_| {}).await?;
            if !sighting.stands(&end) {
                sighting.absence()?;
                return Err(Error::failed("Something newer was written there; only its key can end it."));
            }
        }
        self.end_is_certain(&entry.token);
        Ok(())
    }
}

/// A signed end as the journal keeps it.
pub(super) fn signed(end: &SignedPacket) -> String {
    z32::encode(&end.to_relay_payload())
}

/// Where a handoff lies, and the end that it is owed.
fn signed_end(entry: &JournalEntry) -> Option<(Address, SignedPacket)> {
    let address: Address = z32::decode(&entry.address)?;
    let end = packet::from_payload(&address, &z32::decode_any(entry.ending.as_deref()?)?)?;
    Some((address, end))
}

/// That no node which was asked to store it said that it did.
pub(crate) fn unheard() -> Error {
    Error::new(ErrorKind::Unreachable, "It was not published: no node stored it in time.").advise(
        "Some nodes may have it anyway; `cclink list` and `cclink keep` revoke that automatically. Publish \
             again when the network is better.",
    )
}

/// What became of a handoff whose publishing was cancelled on its way.
pub(crate) fn interrupted(token: &Token, taken_back: bool) -> Error {
    if taken_back {
        return Error::new(ErrorKind::Cancelled, "Cancelled. What had been sent was revoked.");
    }
    let words = format!("Cancelled, but part of {token} may have reached the network already.");
    Error::new(ErrorKind::Cancelled, words).advise(format!(
        "`cclink list` and `cclink keep` revoke it automatically; `cclink revoke {token}` does it now."
    ))
}

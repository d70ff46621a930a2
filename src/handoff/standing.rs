//! What stands at an address: makes packets, and judges those that a lookup
//! found. Ends are final, whatever sequence a record has.

use chrono::{DateTime, Utc};
use pkarr::SignedPacket;
use serde::{Deserialize, Serialize};

use super::index::Index;
use super::json::named;
use super::keys::{Identity, PublicKey};
use super::mailbox::{Mailbox, address};
use super::packet::{self, PacketError};
use super::record::{Record, RecordError};
use super::seal::{self, OpenError, PacketKind, SealError};
use super::time;
use super::token::Token;
use super::z32;

/// Who ended or read a handoff, and when (by that reader's clock).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// Whole seconds.
    #[serde(with = "time")]
    pub at: DateTime<Utc>,
    /// The reader's host, at most 64 bytes; foreign text, to be cleaned before it
    /// is shown.
    pub hostname: String,
    /// Tells the mark of one pickup from all others, however often it is wrapped
    /// anew: 13 characters of z-base-32. A receipt has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

impl Trace {
    /// The mark of a pickup that begins now.
    pub fn mark(at: DateTime<Utc>, hostname: &str) -> Result<Self, getrandom::Error> {
        let mut id = [0; 8];
        getrandom::fill(&mut id)?;
        Ok(Self { at, hostname: hostname.to_owned(), id: Some(z32::encode(&id)) })
    }

    /// What two wrappings of one mark have in common. An older cclink's mark has
    /// no id; its moment and host stand for it.
    pub fn key(&self) -> String {
        self.id.clone().unwrap_or_else(|| format!("{} {}", self.at.timestamp(), self.hostname))
    }
}

#[derive(Serialize, Deserialize)]
struct RevokedAt {
    #[serde(with = "time")]
    at: DateTime<Utc>,
}

/// What stands at a record's address.
#[derive(Clone, Debug)]
pub enum Standing {
    /// Nothing that opens and verifies.
    Absent,
    /// A record with the expected creator's signature.
    Record {
        /// What it says.
        record: Box<Record>,
        /// Whose signature it bears.
        creator: PublicKey,
        /// The packet as it lies there.
        packet: SignedPacket,
    },
    /// The creator's signature holds, but a field was refused.
    Refused(RecordError),
    /// Picked up by its only reader.
    Burned {
        /// By whom, when.
        trace: Trace,
        /// The packet as it lies there.
        packet: SignedPacket,
    },
    /// Called back by its creator.
    Revoked {
        /// When.
        at: DateTime<Utc>,
        /// The packet as it lies there.
        packet: SignedPacket,
    },
    /// A version or kind that is not known; never overwritten.
    Newer,
}

/// Why a packet could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MakeError {
    /// Could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// Could not be signed.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// The record does not fit.
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl Mailbox {
    /// The packet of a record, signed by its creator.
    pub fn make_record(
        &self,
        creator: &Identity,
        token: &Token,
        record: Record,
        sequence: u64,
    ) -> Result<SignedPacket, MakeError> {
        let key = self.record_key(token);
        let json = record.encode()?;
        let signature = creator.sign(PacketKind::Record as u8, &address(&key), &json);
        self.sealed(&key, PacketKind::Record, &[&signature[..], &json].concat(), sequence)
    }

    /// The packet that any reader may put in a record's place.
    pub fn make_burned(
        &self,
        token: &Token,
        trace: &Trace,
        sequence: u64,
    ) -> Result<SignedPacket, MakeError> {
        self.sealed(&self.record_key(token), PacketKind::Burned, &json(trace), sequence)
    }

    /// The packet with which the creator calls a handoff back.
    pub fn make_revoked(
        &self,
        creator: &Identity,
        token: &Token,
        at: DateTime<Utc>,
        sequence: u64,
    ) -> Result<SignedPacket, MakeError> {
        let key = self.record_key(token);
        let json = json(&RevokedAt { at });
        let signature = creator.sign(PacketKind::Revoked as u8, &address(&key), &json);
        self.sealed(&key, PacketKind::Revoked, &[&signature[..], &json].concat(), sequence)
    }

    /// The packet that tells the creator who read it.
    pub fn make_receipt(
        &self,
        token: &Token,
        trace: &Trace,
        sequence: u64,
    ) -> Result<SignedPacket, MakeError> {
        self.sealed(&self.receipt_key(token), PacketKind::Receipt, &json(trace), sequence)
    }

    /// The packet of the mailbox's index.
    pub fn make_index(&self, index: &Index, sequence: u64) -> Result<SignedPacket, MakeError> {
        self.sealed(&self.index_key(), PacketKind::Index, &index.encode(), sequence)
    }

    fn sealed(
        &self,
        key: &pkarr::Keypair,
        kind: PacketKind,
        payload: &[u8],
        sequence: u64,
    ) -> Result<SignedPacket, MakeError> {
        let file = seal::seal(&self.lock().to_public(), kind, payload)?;
        Ok(packet::make(key, &file, sequence)?)
    }

    fn open(&self, packet: &SignedPacket) -> Result<seal::Opened, OpenError> {
        let file = packet::data(packet).ok_or(OpenError::Damaged)?;
        let opened = seal::open(&self.lock(), &file)?;
        // What no mailbox holds is as unknown here as a kind without a name.
        if opened.kind.is_for_pairing() { Err(OpenError::Newer) } else { Ok(opened) }
    }

    /// The union of all valid index packets found; `Err` when one was made by
    /// a newer cclink, which must not be overwritten.
    pub fn read_index(&self, packets: &[SignedPacket]) -> Result<Index, OpenError> {
        let mut union = Index::default();
        for packet in packets {
            match self.open(packet) {
                Ok(opened) if opened.kind == PacketKind::Index => {
                    if let Ok(index) = Index::decode(&opened.payload) {
                        union.merge(&index);
                    }
                }
                Err(OpenError::Newer) => return Err(OpenError::Newer),
                _ => {}
            }
        }
        Ok(union)
    }

    /// Whether a newer cclink wrote one of these: it is never overwritten.
    pub fn holds_newer(&self, packets: &[SignedPacket]) -> bool {
        packets.iter().any(|packet| self.open(packet) == Err(OpenError::Newer))
    }

    /// The mark in a packet, if it is one.
    pub fn read_mark(&self, packet: &SignedPacket) -> Option<Trace> {
        let opened = self.open(packet).ok().filter(|opened| opened.kind == PacketKind::Burned)?;
        read_trace(&opened.payload)
    }

    /// The last reader's receipt among the packets found.
    pub fn read_receipt(&self, packets: &[SignedPacket]) -> Option<Trace> {
        let newest = packets.iter().max_by_key(|packet| packet.timestamp().as_u64())?;
        let opened = self.open(newest).ok().filter(|opened| opened.kind == PacketKind::Receipt)?;
        read_trace(&opened.payload)
    }

    /// Judges the packets found at a token's record address: any valid
    /// revocation wins, else any burned packet (highest sequence, ties by the
    /// greater value), else what a newer cclink made, else the record with the
    /// latest expiry. `expected` are the keys whose signature counts.
    pub fn judge(&self, token: &Token, expected: &[PublicKey], packets: &[SignedPacket]) -> Standing {
        let mut packets: Vec<&SignedPacket> =
            packets.iter().filter(|p| packet::sequence(p).is_some()).collect();
        packets.sort_by(|a, b| {
            (b.timestamp().as_u64(), b.encoded_packet()).cmp(&(a.timestamp().as_u64(), a.encoded_packet()))
        });
        let at = address(&self.record_key(token));
        let read: Vec<Standing> =
            packets.into_iter().map(|packet| self.read_one(&at, expected, packet)).collect();
        read.into_iter().reduce(stronger).unwrap_or(Standing::Absent)
    }

    fn read_one(&self, at: &[u8; 32], expected: &[PublicKey], packet: &SignedPacket) -> Standing {
        let opened = match self.open(packet) {
            Ok(opened) => opened,
            Err(OpenError::Newer) => return Standing::Newer,
            Err(OpenError::Damaged) => return Standing::Absent,
        };
        let packet = packet.clone();
        match opened.kind {
            PacketKind::Burned => read_trace(&opened.payload)
                .map_or(Standing::Absent, |trace| Standing::Burned { trace, packet }),
            PacketKind::Record => match signed_json(PacketKind::Record, at, expected, &opened.payload) {
                Some((creator, json)) => match Record::decode(json) {
                    Ok(record) => Standing::Record { record: Box::new(record), creator, packet },
                    Err(error) => Standing::Refused(error),
                },
                None => Standing::Absent,
            },
            PacketKind::Revoked => signed_json(PacketKind::Revoked, at, expected, &opened.payload)
                .and_then(|(_, json)| named::<RevokedAt>(json, &[]))
                .map_or(Standing::Absent, |revoked| Standing::Revoked { at: revoked.at, packet }),
            _ => Standing::Absent,
        }
    }
}

/// Of two standings, the one that counts; `a` has the higher sequence.
fn stronger(a: Standing, b: Standing) -> Standing {
    let rank = |standing: &Standing| match standing {
        Standing::Revoked { .. } => 5,
        Standing::Burned { .. } => 4,
        Standing::Newer => 3,
        Standing::Record { .. } => 2,
        Standing::Refused(_) => 1,
        Standing::Absent => 0,
    };
    if let (Standing::Record { record: first, .. }, Standing::Record { record: second, .. }) = (&a, &b) {
        return if second.expires_at() > first.expires_at() { b } else { a };
    }
    if rank(&b) > rank(&a) { b } else { a }
}

/// Splits `signature ‖ JSON` and finds whose signature it is, before a byte of
/// the JSON is believed.
fn signed_json<'a>(
    kind: PacketKind,
    at: &[u8; 32],
    expected: &[PublicKey],
    payload: &'a [u8],
) -> Option<(PublicKey, &'a [u8])> {
    let (signature, json) = payload.split_first_chunk::<64>()?;
    let creator = expected.iter().find(|key| key.verify(kind as u8, at, json, signature))?;
    Some((*creator, json))
}

pub(super) fn read_trace(payload: &[u8]) -> Option<Trace> {
    let trace: Trace = named(payload, &[])?;
    let short = |text: &str| text.len() <= 64;
    (short(&trace.hostname) && trace.id.as_deref().is_none_or(short)).then_some(trace)
}

pub(super) fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

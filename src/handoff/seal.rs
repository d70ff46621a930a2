//! Sealing: a plaintext of constant size in an age file of bounded size.

use age::x25519;
use bech32::{Bech32, Hrp};
use zeroize::Zeroize;

use super::derive::Secret;
use super::hidden::Hidden;

/// The age file never exceeds this, so that its packet never exceeds 1000 bytes.
pub const MAX_SEALED: usize = 924;
/// The plaintext always has this size, so that it tells nothing.
pub const PLAIN: usize = 672;
/// Room for a payload: the plaintext less version, kind and length.
pub const MAX_PAYLOAD: usize = PLAIN - HEADER;

const HEADER: usize = 4;
const VERSION: u8 = 1;
/// age adds grease of random size; one file in five fits, so this many tries
/// fail once in 10¹⁹ times.
const MAX_TRIES: usize = 200;

/// What a packet holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum PacketKind {
    /// A handoff.
    Record = 1,
    /// The list of a mailbox's tokens.
    Index = 2,
    /// In a record's place: somebody picked it up for good.
    Burned = 3,
    /// In a record's place: its creator called it back.
    Revoked = 4,
    /// Somebody read it.
    Receipt = 5,
    /// A device waits to give its key to another one of its owner.
    Offer = 9,
    /// Another device asks for that key.
    Request = 10,
    /// The key, sealed once more for the device that asked.
    Answer = 11,
}

impl PacketKind {
    fn from_byte(byte: u8) -> Option<Self> {
        [
            Self::Record,
            Self::Index,
            Self::Burned,
            Self::Revoked,
            Self::Receipt,
            Self::Offer,
            Self::Request,
            Self::Answer,
        ]
        .into_iter()
        .find(|kind| *kind as u8 == byte)
    }

    /// Whether it lies where devices are paired, and in no mailbox.
    pub fn is_for_pairing(self) -> bool {
        matches!(self, Self::Offer | Self::Request | Self::Answer)
    }
}

/// An opened plaintext.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// What it is.
    pub kind: PacketKind,
    /// At most [`MAX_PAYLOAD`] bytes.
    pub payload: Vec<u8>,
}

/// Why something could not be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The payload is too long, by this many bytes.
    #[error("{0} bytes too long")]
    TooLong(usize),
    /// No try fitted, or age failed.
    #[error("could not be sealed")]
    Failed,
}

/// Why something could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not for this lock, or damaged.
    #[error("not for this lock, or damaged")]
    Damaged,
    /// Made by a newer cclink.
    #[error("made by a newer cclink")]
    Newer,
}

/// `version ‖ kind ‖ length ‖ payload ‖ zeros`, 672 bytes.
pub fn plaintext(kind: PacketKind, payload: &[u8]) -> Result<Vec<u8>, SealError> {
    let over = payload.len().saturating_sub(MAX_PAYLOAD);
    let length = u16::try_from(payload.len()).ok().filter(|_| over == 0).ok_or(SealError::TooLong(over))?;
    let mut plain = Vec::with_capacity(PLAIN);
    plain.extend([VERSION, kind as u8]);
    plain.extend(length.to_be_bytes());
    plain.extend(payload);
    plain.resize(PLAIN, 0);
    Ok(plain)
}

/// Undoes [`plaintext`], checking every part. The version is judged before
/// length and padding, so that a newer packet never reads as damaged.
pub fn parse_plaintext(plain: &[u8]) -> Result<Opened, OpenError> {
    let &[version, kind, high, low, ref rest @ ..] = plain else {
        return Err(OpenError::Damaged);
    };
    if version != VERSION {
        return Err(OpenError::Newer);
    }
    if plain.len() != PLAIN {
        return Err(OpenError::Damaged);
    }
    let (payload, padding) =
        rest.split_at_checked(usize::from(u16::from_be_bytes([high, low]))).ok_or(OpenError::Damaged)?;
    if padding.iter().any(|byte| *byte != 0) {
        return Err(OpenError::Damaged);
    }
    let kind = PacketKind::from_byte(kind).ok_or(OpenError::Newer)?;
    Ok(Opened { kind, payload: payload.to_vec() })
}

/// Seals a payload: an age file of at most [`MAX_SEALED`] bytes.
pub fn seal(lock: &x25519::Recipient, kind: PacketKind, payload: &[u8]) -> Result<Vec<u8>, SealError> {
    seal_within(lock, &plaintext(kind, payload)?, MAX_SEALED)
}

/// An age file of at most `limit` bytes: made again until its grease fits.
pub(super) fn seal_within(
    lock: &x25519::Recipient,
    plain: &[u8],
    limit: usize,
) -> Result<Vec<u8>, SealError> {
    (0..MAX_TRIES)
        .filter_map(|_| age::encrypt(lock, plain).ok())
        .find(|file| file.len() <= limit)
        .ok_or(SealError::Failed)
}

/// Opens what [`seal`] made.
pub fn open(lock: &x25519::Identity, file: &[u8]) -> Result<Opened, OpenError> {
    if file.len() > MAX_SEALED {
        return Err(OpenError::Damaged);
    }
    let plain = age::decrypt(lock, file).map_err(|_| OpenError::Damaged)?;
    parse_plaintext(&plain)
}

/// A point of X25519 as an age recipient. age takes it as bech32, and only so.
pub(super) fn age_recipient(point: &[u8; 32]) -> Option<x25519::Recipient> {
    bech32::encode::<Bech32>(Hrp::parse("age").ok()?, point).ok()?.parse().ok()
}

/// 32 raw bytes as an age identity. age takes them as bech32, and only so.
pub fn age_identity(raw: &Secret) -> age::x25519::Identity {
    let parsed = Hrp::parse("AGE-SECRET-KEY-").ok().and_then(|hrp| {
        let mut text = Hidden::new(bech32::encode_upper::<Bech32>(hrp, raw.as_slice()).ok()?);
        let identity = text.parse().ok();
        text.zeroize();
        identity
    });
    match parsed {
        Some(identity) => identity,
        None => unreachable!("32 bytes in bech32 are an age identity"),
    }
}

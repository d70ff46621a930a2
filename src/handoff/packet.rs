//! Packets: signed DNS replies with exactly one NULL resource record.

use pkarr::dns::{
    Name,
    rdata::{NULL, RData},
};
use pkarr::{Keypair, PublicKey, SignedPacket, Timestamp};

use super::mailbox::Address;

/// DNS TTL in seconds that we write; a reader ignores it.
const TTL: u32 = 300;
/// Where the name ends: header, one label of 52 characters, the root.
const NAME_END: usize = 12 + 1 + 52 + 1;
/// Where the data begins: name, type, class, TTL, length.
const DATA: usize = NAME_END + 10;
/// From here on an address is blocked: half of what a sequence can be.
const LAST: u64 = 1 << 62;

/// A packet could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// The sequence there leaves no room for later ones.
    #[error("the sequence there is the last one")]
    Blocked,
    /// Over 1000 bytes.
    #[error("the packet is too large")]
    TooLarge,
}

/// The sequence after `previous`: that + 1; the time in µs where nothing lies.
/// With the time everywhere, one device whose clock is fast would have to be
/// outrun by all others.
pub fn next_sequence(previous: Option<u64>, now_us: u64) -> Result<u64, PacketError> {
    match previous {
        None => Ok(now_us),
        Some(previous) if previous < LAST => Ok(previous + 1),
        Some(_) => Err(PacketError::Blocked),
    }
}

/// Signs `data` as the packet of `key` with a sequence in µs.
pub fn make(key: &Keypair, data: &[u8], sequence: u64) -> Result<SignedPacket, PacketError> {
    let too_large = |_| PacketError::TooLarge;
    let null = NULL::new(data).map_err(|_| PacketError::TooLarge)?;
    let apex = Name::new(".").map_err(|_| PacketError::TooLarge)?;
    SignedPacket::builder()
        .rdata(apex, RData::NULL(10, null), TTL)
        .timestamp(Timestamp::from(sequence))
        .sign(key)
        .map_err(too_large)
}

/// The data of a packet whose signature was checked, if it is exactly one NULL
/// record at the apex and nothing else. pkarr checks none of this.
pub fn data(packet: &SignedPacket) -> Option<Vec<u8>> {
    let bytes = packet.encoded_packet();
    let (head, data) = bytes.split_at_checked(DATA)?;
    let mut expected = Vec::with_capacity(DATA);
    // Id 0, a reply, no questions, one answer, no other sections.
    expected.extend([0, 0, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
    expected.push(52);
    expected.extend(packet.public_key().to_z32().bytes());
    // Root; type NULL; class IN.
    expected.extend([0, 0, 10, 0, 1]);
    let length = u16::try_from(data.len()).ok()?.to_be_bytes();
    let fits = head.starts_with(&expected) && head.ends_with(&length);
    fits.then(|| data.to_vec())
}

/// A packet from its signed form `signature ‖ sequence ‖ DNS packet`; the
/// signature is checked against `address`.
pub fn from_payload(address: &Address, payload: &[u8]) -> Option<SignedPacket> {
    let key = PublicKey::try_from(address).ok()?;
    SignedPacket::from_relay_payload(&key, &payload.to_vec().into()).ok()
}

/// A packet's sequence in µs; `None` outside of 0 ≤ seq < 2⁶³.
pub fn sequence(packet: &SignedPacket) -> Option<u64> {
    Some(packet.timestamp().as_u64()).filter(|seq| i64::try_from(*seq).is_ok())
}

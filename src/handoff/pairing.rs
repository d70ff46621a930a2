//! Pairing: a device gives its key to another one of its owner, who reads four
//! words from one screen and types them on the other.
//!
//! From the words follow three addresses. The old device leaves an *offer* at the
//! first, the new one its *request* with a one-time key at the second, and the
//! *answer* at the third opens with that one-time key alone. Whoever hears the words
//! can ask too; six words that follow from the one-time key tell who does.

#[cfg(test)]
mod tests;

use std::fmt;

use age::x25519;
use chrono::{DateTime, Utc};
use curve25519_dalek::MontgomeryPoint;
use pkarr::{Keypair, SignedPacket};
use sha2::{Digest, Sha256};

use super::derive::{Secret, expand};
use super::hidden::Hidden;
use super::keys::Identity;
use super::mailbox::{Address, address};
use super::packet;
use super::pin::{Pin, WORDS, argon2id};
use super::seal::{self, MAX_PAYLOAD, PacketKind, SealError};
use super::standing::{MakeError, Trace, json, read_trace};

/// How long a code can be used, in seconds; the salt turns as often.
pub const LIFE: u64 = 600;
/// Words that both screens show.
const CHECK_WORDS: usize = 6;
/// Bits of one word of the list.
const BITS: usize = 11;

/// The four words of one pairing, in the spelling of a PIN.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(Pin);

impl Code {
    /// Four random words: 44 bits.
    pub fn generate(random: &mut dyn FnMut(&mut [u8])) -> Self {
        Self(Pin::generate(random))
    }

    /// As typed; `None` where that is anything but four words of the list.
    pub fn new(typed: &str) -> Option<Self> {
        Pin::four_words(typed).map(Self)
    }

    /// As it is shown and typed.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

/// In which ten minutes a code was made.
pub fn window(unix_seconds: i64) -> u32 {
    u64::try_from(unix_seconds).ok().and_then(|now| u32::try_from(now / LIFE).ok()).unwrap_or(0)
}

/// The windows that whoever types the code tries: its own, the last, the next.
pub fn candidate_windows(unix_seconds: i64) -> [u32; 3] {
    let own = window(unix_seconds);
    [own, own.saturating_sub(1), own.saturating_add(1)]
}

/// One of the three addresses of a pairing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Where the old device says that it waits.
    Offer,
    /// Where the new one asks.
    Request,
    /// Where the key lies for it.
    Answer,
}

impl At {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Offer, Self::Request, Self::Answer];

    fn info(self) -> &'static [u8] {
        match self {
            Self::Offer => b"offer",
            Self::Request => b"request",
            Self::Answer => b"answer",
        }
    }

    fn kind(self) -> PacketKind {
        match self {
            Self::Offer => PacketKind::Offer,
            Self::Request => PacketKind::Request,
            Self::Answer => PacketKind::Answer,
        }
    }
}

/// The X25519 point that an answer is sealed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipient([u8; 32]);

impl Recipient {
    /// From its raw bytes; a point of small order, to which anybody could open, is
    /// none.
    pub fn from_bytes(point: [u8; 32]) -> Option<Self> {
        let any = MontgomeryPoint(point).mul_clamped([0; 32]);
        (any.to_bytes() != [0; 32]).then_some(Self(point))
    }

    /// The raw bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The key of one request. It never leaves the memory of the device that asks.
pub struct OneTimeKey(Secret);

impl OneTimeKey {
    /// From 32 random bytes.
    pub fn new(random: Secret) -> Self {
        Self(random)
    }

    /// Its public half.
    pub fn recipient(&self) -> Recipient {
        Recipient(MontgomeryPoint::mul_base_clamped(*self.0).to_bytes())
    }
}

impl fmt::Debug for OneTimeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeKey(…)")
    }
}

/// A device that asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// To whom the answer is sealed.
    pub recipient: Recipient,
    /// Its name and time: foreign text.
    pub who: Trace,
}

/// The key that was given.
pub struct Given {
    /// The seed of the identity.
    pub seed: Secret,
    /// Who gave it: foreign text.
    pub who: Trace,
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Given({})", Identity::from_seed(&self.seed).public())
    }
}

/// What lies at one of the addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lying<T> {
    /// Who ended it. That is final, whatever lies beside it.
    pub ended: Option<Trace>,
    /// What was left there, newest first, each once.
    pub items: Vec<T>,
}

/// Everything that follows from the words: the addresses, and the lock of what lies
/// there.
#[derive(Clone)]
pub struct Pairing(Secret);

impl Pairing {
    /// Argon2id over the words, salted by the window. Takes 0.1 to 0.2 s and 64 MiB:
    /// call it on a blocking thread.
    pub fn new(code: &Code, window: u32) -> Self {
        let salt = Sha256::new().chain_update(b"cclink/1 pair").chain_update(window.to_be_bytes()).finalize();
        Self(argon2id(code.as_str().as_bytes(), &salt))
    }

    /// From the stretched words.
    pub fn from_secret(secret: Secret) -> Self {
        Self(secret)
    }

    /// The stretched words.
    pub fn secret(&self) -> &Secret {
        &self.0
    }

    /// Where packets of this kind lie.
    pub fn address(&self, at: At) -> Address {
        address(&self.key(at))
    }

    fn key(&self, at: At) -> Keypair {
        Keypair::from_secret_key(&expand(&self.0, &[at.info()]))
    }

    /// What seals and opens everything at the three addresses.
    pub fn lock(&self) -> x25519::Identity {
        seal::age_identity(&expand(&self.0, &[b"lock"]))
    }

    /// The six words that both devices show: 66 bits.
    pub fn check_words(&self, recipient: &Recipient) -> String {
        let hash = Sha256::new()
            .chain_update(b"cclink/1 pair check")
            .chain_update(recipient.0)
            .chain_update(self.0.as_slice())
            .finalize();
        let bit = |at: usize| usize::from(hash[at / 8] >> (7 - at % 8) & 1);
        let word = |number: usize| {
            let from = number * BITS;
            WORDS[(from..from + BITS).fold(0, |index, at| index << 1 | bit(at))]
        };
        (0..CHECK_WORDS).map(word).collect::<Vec<_>>().join(" ")
    }

    /// Says that a device waits.
    pub fn make_offer(&self, who: &Trace, sequence: u64) -> Result<SignedPacket, MakeError> {
        self.sealed(At::Offer, PacketKind::Offer, &json(who), sequence)
    }

    /// Asks for the key.
    pub fn make_request(&self, request: &Request, sequence: u64) -> Result<SignedPacket, MakeError> {
        let payload = [&request.recipient.0[..], &json(&request.who)].concat();
        self.sealed(At::Request, PacketKind::Request, &payload, sequence)
    }

    /// Gives the key to the device that asked.
    pub fn make_answer(
        &self,
        identity: &Identity,
        to: &Recipient,
        who: &Trace,
        sequence: u64,
    ) -> Result<SignedPacket, MakeError> {
        let mut plain = Hidden::new(Vec::with_capacity(MAX_PAYLOAD));
        plain.extend_from_slice(identity.seed());
        plain.extend_from_slice(&json(who));
        let recipient = seal::age_recipient(&to.0).ok_or(SealError::Failed)?;
        let file = seal::seal_within(&recipient, &plain, MAX_PAYLOAD)?;
        self.sealed(At::Answer, PacketKind::Answer, &file, sequence)
    }

    /// Ends what lies at an address.
    pub fn make_end(&self, at: At, who: &Trace, sequence: u64) -> Result<SignedPacket, MakeError> {
        self.sealed(at, PacketKind::Burned, &json(who), sequence)
    }

    /// Whether a packet is an end.
    pub fn is_end(&self, packet: &SignedPacket) -> bool {
        self.open(packet).is_some_and(|opened| read_end(&opened).is_some())
    }

    /// Who offers the key.
    pub fn read_offers(&self, packets: &[SignedPacket]) -> Lying<Trace> {
        self.read(At::Offer, packets, read_trace)
    }

    /// Who asks for it; each device once.
    pub fn read_requests(&self, packets: &[SignedPacket]) -> Lying<Request> {
        let mut lying = self.read(At::Request, packets, read_request);
        let mut seen: Vec<Recipient> = Vec::new();
        lying.items.retain(|request| {
            let is_new = !seen.contains(&request.recipient);
            seen.push(request.recipient);
            is_new
        });
        lying
    }

    /// The sealed answers, for [`open_answer`].
    pub fn read_answers(&self, packets: &[SignedPacket]) -> Lying<Vec<u8>> {
        self.read(At::Answer, packets, |payload| Some(payload.to_vec()))
    }

    fn sealed(
        &self,
        at: At,
        kind: PacketKind,
        payload: &[u8],
        sequence: u64,
    ) -> Result<SignedPacket, MakeError> {
        let file = seal::seal(&self.lock().to_public(), kind, payload)?;
        Ok(packet::make(&self.key(at), &file, sequence)?)
    }

    fn open(&self, packet: &SignedPacket) -> Option<seal::Opened> {
        packet::sequence(packet)?;
        seal::open(&self.lock(), &packet::data(packet)?).ok()
    }

    fn read<T: PartialEq>(
        &self,
        at: At,
        packets: &[SignedPacket],
        decode: impl Fn(&[u8]) -> Option<T>,
    ) -> Lying<T> {
        let mut lying = Lying { ended: None, items: Vec::new() };
        for opened in packets.iter().filter_map(|packet| self.open(packet)) {
            lying.ended = lying.ended.or_else(|| read_end(&opened));
            if opened.kind == at.kind() {
                lying.items.extend(decode(&opened.payload).filter(|item| !lying.items.contains(item)));
            }
        }
        lying
    }
}

impl fmt::Debug for Pairing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pairing(…)")
    }
}

fn read_end(opened: &seal::Opened) -> Option<Trace> {
    (opened.kind == PacketKind::Burned).then(|| read_trace(&opened.payload)).flatten()
}

fn read_request(payload: &[u8]) -> Option<Request> {
    let (recipient, who) = payload.split_first_chunk::<32>()?;
    Some(Request { recipient: Recipient::from_bytes(*recipient)?, who: read_trace(who)? })
}

/// Opens an answer; `None` for one that was sealed to another request, or is damaged.
pub fn open_answer(key: &OneTimeKey, sealed: &[u8]) -> Option<Given> {
    if sealed.len() > MAX_PAYLOAD {
        return None;
    }
    let plain = Hidden::new(age::decrypt(&seal::age_identity(&key.0), sealed).ok()?);
    let (seed, who) = plain.split_first_chunk::<32>()?;
    Some(Given { seed: Hidden::new(*seed), who: read_trace(who)? })
}

/// Who is at work on a pairing, and when.
pub fn who(hostname: &str, at: DateTime<Utc>) -> Trace {
    Trace { at, hostname: hostname.to_owned(), id: None }
}

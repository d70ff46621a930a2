//! Identities and public keys.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use super::derive::{Secret, extract_and_expand};
use super::hidden::Hidden;
use super::z32;

/// What every signature of ours starts with.
const DOMAIN: &[u8] = b"cclink/1 ";

/// An Ed25519 public key that is a full-strength point: the name of a creator.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublicKey([u8; 32]);

/// Why bytes or text are not a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Wrong length or alphabet.
    #[error("a public key is 52 characters of a-z and 1-9 (z-base-32), with or without `pk:`")]
    Malformed,
    /// Not a point of the curve, or one of small order.
    #[error("these 52 characters are not a usable public key")]
    Weak,
}

impl PublicKey {
    /// From its 32 raw bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let point = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::Weak)?;
        // A non-canonical encoding would give one key two names.
        if point.is_weak() || point.to_edwards().compress().as_bytes() != bytes {
            return Err(KeyError::Weak);
        }
        Ok(Self(*bytes))
    }

    /// The 32 raw bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 52 characters of z-base-32.
    pub fn z32(&self) -> String {
        z32::encode(&self.0)
    }

    /// `pk:abcd…wxyz`, for where the whole key has no room.
    pub fn short(&self) -> String {
        let z32 = self.z32();
        format!("pk:{}…{}", &z32[..6], &z32[z32.len() - 4..])
    }

    /// The same key as an age recipient: sealing to it needs no secret.
    pub fn age_recipient(&self) -> Option<age::x25519::Recipient> {
        let point = VerifyingKey::from_bytes(&self.0).ok()?.to_montgomery();
        super::seal::age_recipient(&point.to_bytes())
    }

    /// Checks this key's signature over a packet's `kind`, where it lies, and
    /// its JSON bytes as sent.
    pub fn verify(&self, kind: u8, address: &[u8; 32], json: &[u8], signature: &[u8; 64]) -> bool {
        VerifyingKey::from_bytes(&self.0).is_ok_and(|key| {
            key.verify_strict(&signed_bytes(kind, address, json), &Signature::from_bytes(signature)).is_ok()
        })
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    /// With or without `pk:`, in any case, white space ignored.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let text = z32::squeeze(text).ok_or(KeyError::Malformed)?;
        let z32 = text.strip_prefix("pk:").unwrap_or(&text);
        let bytes = z32::decode::<32>(z32).ok_or(KeyError::Malformed)?;
        Self::from_bytes(&bytes)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pk:{}", self.z32())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The user's key pair. Never a DHT address; it signs every record.
#[derive(Clone)]
pub struct Identity(SigningKey);

impl Identity {
    /// From the 32-byte seed of the key file. `SigningKey` wipes itself.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The seed again, for another device of its owner.
    pub(super) fn seed(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs a packet's `kind`, where it lies, and its JSON bytes as sent.
    pub fn sign(&self, kind: u8, address: &[u8; 32], json: &[u8]) -> [u8; 64] {
        self.0.sign(&signed_bytes(kind, address, json)).to_bytes()
    }

    /// The secret `G` that my devices share. Devices that hold one identity
    /// are one group for now; pairing will hand over another `G`.
    pub fn devices_secret(&self) -> Secret {
        extract_and_expand(self.0.as_bytes(), &[b"cclink/1 devices secret"])
    }

    /// What this identity and `other` alone can compute: X25519 between the
    /// Ed25519 keys mapped to Montgomery form. `None` where the result does
    /// not depend on this identity (a low-order key).
    pub fn shared_secret(&self, other: &PublicKey) -> Option<Secret> {
        let scalar = Hidden::new(self.0.to_scalar_bytes());
        let point = VerifyingKey::from_bytes(&other.0).ok()?.to_montgomery();
        let shared = Hidden::new(point.mul_clamped(*scalar).to_bytes());
        (*shared != [0; 32]).then_some(shared)
    }

    /// Opens what was sealed to [`PublicKey::age_recipient`]: secrets that the
    /// journal keeps.
    pub fn age_identity(&self) -> age::x25519::Identity {
        super::seal::age_identity(&Hidden::new(self.0.to_scalar_bytes()))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.public())
    }
}

/// `"cclink/1 " ‖ kind ‖ 0x00 ‖ address ‖ JSON`.
pub fn signed_bytes(kind: u8, address: &[u8; 32], json: &[u8]) -> Vec<u8> {
    [DOMAIN, &[kind, 0], address, json].concat()
}

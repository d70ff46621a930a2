//! A mailbox: the place that one audience of one creator can find. Everything
//! follows from its secret; nothing below asks which audience that came from.

use pkarr::Keypair;

use super::derive::{Secret, expand, extract_and_expand};
use super::keys::{Identity, PublicKey};
use super::link::LinkSecret;
use super::pin::Pin;
use super::seal;
use super::token::{AudienceKind, Token, TokenBytes};

/// Where something lies on the DHT: a packet key's public half.
pub type Address = [u8; 32];

/// The place of one audience of one creator.
#[derive(Clone)]
pub struct Mailbox {
    /// Which audience it serves: the letter that its tokens show.
    pub audience: AudienceKind,
    secret: Secret,
}

impl Mailbox {
    /// From a secret that was computed before (the journal keeps it sealed).
    pub fn from_secret(audience: AudienceKind, secret: Secret) -> Self {
        Self { audience, secret }
    }

    /// My own devices', from the secret that they share.
    pub fn devices(group: &Secret) -> Self {
        Self::from_secret(AudienceKind::Devices, extract_and_expand(group.as_slice(), &[b"cclink/1 devices"]))
    }

    /// What `creator` shares with `recipient`, one of whom is `me`. `None` for
    /// keys that share no secret.
    pub fn share(me: &Identity, creator: &PublicKey, recipient: &PublicKey) -> Option<Self> {
        let other = if *creator == me.public() { recipient } else { creator };
        let shared = me.shared_secret(other)?;
        let info: [&[u8]; 3] = [b"cclink/1 share", creator.as_bytes(), recipient.as_bytes()];
        Some(Self::from_secret(AudienceKind::Share, extract_and_expand(shared.as_slice(), &info)))
    }

    /// Of a PIN and a week. Slow on purpose: see [`Pin::stretch`].
    pub fn pin(creator: &PublicKey, pin: &Pin, week: u32) -> Self {
        let stretched = pin.stretch(creator, week);
        let info: [&[u8]; 2] = [b"cclink/1 pin", creator.as_bytes()];
        Self::from_secret(AudienceKind::Pin, extract_and_expand(stretched.as_slice(), &info))
    }

    /// Of a link's secret.
    pub fn link(creator: &PublicKey, secret: &LinkSecret) -> Self {
        let info: [&[u8]; 2] = [b"cclink/1 link", creator.as_bytes()];
        Self::from_secret(AudienceKind::Link, extract_and_expand(&secret.0, &info))
    }

    /// The secret itself, to be kept sealed.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The token of a link handoff follows from its secret.
    pub fn link_token(&self) -> Token {
        let derived = expand(&self.secret, &[b"token"]);
        let mut bytes = TokenBytes::default();
        bytes.copy_from_slice(&derived[..8]);
        Token { audience: AudienceKind::Link, bytes }
    }

    /// Key of the list of tokens.
    pub fn index_key(&self) -> Keypair {
        self.key(&[b"index"])
    }

    /// Key of one record and of what replaces it.
    pub fn record_key(&self, token: &Token) -> Keypair {
        self.key(&[b"record", &token.bytes])
    }

    /// Key of the reader's receipt.
    pub fn receipt_key(&self, token: &Token) -> Keypair {
        self.key(&[b"receipt", &token.bytes])
    }

    fn key(&self, info: &[&[u8]]) -> Keypair {
        Keypair::from_secret_key(&expand(&self.secret, info))
    }

    /// What seals and opens everything in this mailbox.
    pub fn lock(&self) -> age::x25519::Identity {
        seal::age_identity(&expand(&self.secret, &[b"lock"]))
    }
}

impl std::fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mailbox({:?})", self.audience)
    }
}

/// The public half of a packet key.
pub fn address(key: &Keypair) -> Address {
    key.public_key().to_bytes()
}

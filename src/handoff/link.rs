//! Links: what one person gives to another, or scans.
//!
//! `pk:<creator>/cclink/<letter><token>`; a link handoff carries a 16-byte
//! secret in the token's place. A web link carries the same behind its last
//! `#`: `<page>#<CREATOR>/<LETTER…>`.

use std::fmt;
use std::str::FromStr;

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::keys::{KeyError, PublicKey};
use super::token::{AudienceKind, Token};
use super::z32::{self, squeeze};

/// The random bytes that only the link carries.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct LinkSecret(pub [u8; 16]);

impl fmt::Debug for LinkSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkSecret(…)")
    }
}

/// What follows the creator in a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkTarget {
    /// A handoff of the devices, share or PIN audience.
    Token(Token),
    /// The secret of a link handoff.
    Secret(LinkSecret),
}

/// A link to one handoff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Who made it: whose signature the record must bear.
    pub creator: PublicKey,
    /// Which handoff.
    pub target: LinkTarget,
}

/// Which part of a link is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It does not start like a link of ours.
    #[error("not a cclink link: it starts with `pk:` and contains `/cclink/`, or a `#` and a key")]
    Form,
    /// It ends with the key, or within it.
    #[error("this link is cut off, or not one of cclink's: the part after its key is missing")]
    CutOff,
    /// The creator's key.
    #[error("the key in this link is damaged: {0}")]
    Creator(KeyError),
    /// The letter before the token.
    #[error("the part after the key should start with d, s, p or l; a newer cclink may have made this link")]
    Letter,
    /// The token or secret.
    #[error(
        "the last part of this link is damaged or cut off: {expected} characters of a-z and 1-9 should follow \
         its `{letter}`"
    )]
    Target {
        /// The audience letter read.
        letter: char,
        /// Characters that belong behind it.
        expected: usize,
    },
}

impl Link {
    /// Whether a text is meant as a link, well-formed or not.
    pub fn looks_like_one(text: &str) -> bool {
        text.contains(['/', '#'])
    }

    /// The plain form without what only the link's holder may know: `None` for
    /// a link handoff, which has no such form.
    pub fn without_secret(&self) -> Option<String> {
        matches!(self.target, LinkTarget::Token(_)).then(|| self.to_string())
    }

    /// The web form on `page`, upper case behind the `#` so that a QR packs it
    /// in alphanumeric mode.
    pub fn web(&self, page: &str) -> String {
        format!("{page}#{}", format!("{}/{}", self.creator.z32(), self.tail()).to_ascii_uppercase())
    }

    fn tail(&self) -> String {
        match &self.target {
            LinkTarget::Token(token) => token.to_string(),
            LinkTarget::Secret(secret) => format!("l{}", z32::encode(&secret.0)),
        }
    }
}

impl FromStr for Link {
    type Err = LinkError;

    /// In any case, white space anywhere (links wrap when they are copied).
    fn from_str(text: &str) -> Result<Self, LinkError> {
        let text = squeeze(text).ok_or(LinkError::Form)?;
        let (creator, tail) = if let Some((_, fragment)) = text.rsplit_once('#') {
            fragment.split_once('/').ok_or(LinkError::CutOff)?
        } else {
            let rest = text.strip_prefix("pk:").ok_or(LinkError::Form)?;
            rest.split_once("/cclink/").ok_or(LinkError::CutOff)?
        };
        let creator = z32::decode::<32>(creator)
            .ok_or(KeyError::Malformed)
            .and_then(|bytes| PublicKey::from_bytes(&bytes))
            .map_err(LinkError::Creator)?;
        Ok(Self { creator, target: parse_target(tail)? })
    }
}

fn parse_target(tail: &str) -> Result<LinkTarget, LinkError> {
    let mut chars = tail.chars();
    let letter = chars.next().ok_or(LinkError::CutOff)?;
    let audience = AudienceKind::from_letter(letter).ok_or(LinkError::Letter)?;
    if audience == AudienceKind::Link {
        let secret = z32::decode(chars.as_str()).ok_or(LinkError::Target { letter, expected: 26 })?;
        return Ok(LinkTarget::Secret(LinkSecret(secret)));
    }
    let bytes = z32::decode(chars.as_str()).ok_or(LinkError::Target { letter, expected: 13 })?;
    Ok(LinkTarget::Token(Token { audience, bytes }))
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/cclink/{}", self.creator, self.tail())
    }
}

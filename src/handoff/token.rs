//! Audiences and tokens: what a handoff is called.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::z32;

/// Who may read a handoff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AudienceKind {
    /// My own devices.
    Devices,
    /// One recipient.
    Share,
    /// Anyone with the PIN.
    Pin,
    /// Anyone with the link.
    Link,
}

impl AudienceKind {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Devices, Self::Share, Self::Pin, Self::Link];

    /// The letter that tokens and links carry.
    pub fn letter(self) -> char {
        match self {
            Self::Devices => 'd',
            Self::Share => 's',
            Self::Pin => 'p',
            Self::Link => 'l',
        }
    }

    /// The audience of a letter.
    pub fn from_letter(letter: char) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.letter() == letter)
    }
}

/// The 8 random bytes that name a handoff within its mailbox.
pub type TokenBytes = [u8; 8];

/// A handoff's name: an audience letter and 13 z-base-32 characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token {
    /// Whose letter it shows.
    pub audience: AudienceKind,
    /// What makes it unique.
    pub bytes: TokenBytes,
}

/// The text is not a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token is one of d, s, p, l and 13 characters of a-z and 1-9; 4 characters are enough")]
pub struct TokenError;

impl Token {
    /// How much of a token has to be typed at least, letter included.
    pub const SHORTEST_PREFIX: usize = 4;

    /// Checks the form of a token or a prefix of one, and gives it in lower
    /// case.
    pub fn prefix(text: &str) -> Result<String, TokenError> {
        let text = z32::squeeze(text).ok_or(TokenError)?;
        let fits = (Self::SHORTEST_PREFIX..=14).contains(&text.len())
            && text.chars().next().and_then(AudienceKind::from_letter).is_some()
            && text.bytes().all(|b| {
                matches!(b, b'a'..=b'k' | b'm'..=b'u' | b'w'..=b'z' | b'1' | b'3'..=b'9') || b == b'l'
            });
        // `l` is an audience letter, but no z-base-32 character.
        if !fits || text[1..].contains('l') {
            return Err(TokenError);
        }
        Ok(text)
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let mut chars = text.chars();
        let audience = chars.next().and_then(AudienceKind::from_letter).ok_or(TokenError)?;
        let bytes = z32::decode(chars.as_str()).ok_or(TokenError)?;
        Ok(Self { audience, bytes })
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.audience.letter(), z32::encode(&self.bytes))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

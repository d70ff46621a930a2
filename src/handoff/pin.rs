//! PINs: one spelling, judged when publishing, stretched by Argon2id.

use std::sync::LazyLock;

use argon2::{Algorithm, Argon2, Params, Version};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use super::derive::Secret;
use super::hidden::Hidden;
use super::keys::PublicKey;

/// Seconds of a week; the salt turns with it, so no dictionary serves for ever.
const WEEK: i64 = 604_800;
/// A reader within an hour of the turn tries the coming week too.
const TURN: i64 = 3600;
/// Argon2id memory in KiB (64 MiB), passes and lanes.
const COST: (u32, u32, u32) = (64 * 1024, 3, 1);
const MIN_CHARACTERS: usize = 8;
const MIN_GUESSES_LOG10: f64 = 10.0;
/// Longer input is refused, so that nobody can make us chew on megabytes.
const MAX_BYTES: usize = 256;

/// The BIP-39 list of English words: 2048 of them, in order, 11 bits each.
pub(super) static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| include_str!("words.txt").lines().collect());

/// A PIN in the one spelling that is used.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin(Hidden<String>);

/// Why a PIN cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// Nothing there.
    #[error("the PIN is empty")]
    Empty,
    /// Over 256 bytes.
    #[error("the PIN is over {MAX_BYTES} bytes long")]
    TooLong,
    /// Under 8 characters.
    #[error("a PIN needs at least {MIN_CHARACTERS} characters")]
    TooShort,
    /// Fewer than 10¹⁰ guesses.
    #[error("this PIN is too easy to guess")]
    Weak,
}

impl Pin {
    /// As typed, to the one spelling: NFC; exactly four words of the BIP-39
    /// English list, separated by spaces or hyphens in any ASCII case, become
    /// those words in lower case with single hyphens; else one line end at the
    /// end is dropped.
    pub fn new(typed: &str) -> Result<Self, PinError> {
        if typed.len() > MAX_BYTES {
            return Err(PinError::TooLong);
        }
        let nfc = Hidden::new(typed.nfc().collect::<String>());
        let line = nfc.strip_suffix('\n').map_or(nfc.as_str(), |l| l.strip_suffix('\r').unwrap_or(l));
        if line.is_empty() {
            return Err(PinError::Empty);
        }
        Ok(Self(four_words(line).unwrap_or_else(|| Hidden::new(line.to_owned()))))
    }

    /// Four random words of 11 bits each: 44 bits.
    pub fn generate(random: &mut dyn FnMut(&mut [u8])) -> Self {
        let mut bytes = Hidden::new([0; 8]);
        random(bytes.as_mut_slice());
        let picked: Vec<&str> = bytes
            .chunks_exact(2)
            .map(|pair| WORDS[usize::from(u16::from_be_bytes([pair[0], pair[1]])) % WORDS.len()])
            .collect();
        Self(Hidden::new(picked.join("-")))
    }

    /// The same where anything but four words of the list is refused.
    pub(super) fn four_words(typed: &str) -> Option<Self> {
        Self::new(typed).ok().filter(|pin| four_words(&pin.0).is_some())
    }

    /// Judges it for publishing; a reader's PIN is never judged.
    pub fn check_strength(&self) -> Result<(), PinError> {
        if self.0.chars().count() < MIN_CHARACTERS {
            return Err(PinError::TooShort);
        }
        let strong = four_words(&self.0).is_some()
            || zxcvbn::zxcvbn(&self.0, &["cclink", "claude"]).guesses_log10() >= MIN_GUESSES_LOG10;
        if strong { Ok(()) } else { Err(PinError::Weak) }
    }

    /// As it is shown and typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Argon2id over the PIN, salted by creator and week. Takes 0.1 to 0.2 s
    /// and 64 MiB: call it on a blocking thread.
    pub fn stretch(&self, creator: &PublicKey, week: u32) -> Secret {
        let salt = Sha256::new()
            .chain_update(b"cclink/1 pin")
            .chain_update(creator.as_bytes())
            .chain_update(week.to_be_bytes())
            .finalize();
        argon2id(self.0.as_bytes(), &salt)
    }
}

/// Argon2id with the cost of everything that people type; of the salt's hash the
/// first 16 bytes count.
pub(super) fn argon2id(typed: &[u8], salt: &[u8]) -> Secret {
    let (memory, passes, lanes) = COST;
    let mut out = Hidden::new([0; 32]);
    let done = Params::new(memory, passes, lanes, Some(32)).and_then(|params| {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(
            typed,
            &salt[..16],
            out.as_mut_slice(),
        )
    });
    match done {
        Ok(()) => out,
        Err(_) => unreachable!("the parameters are constant and valid"),
    }
}

impl std::fmt::Debug for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pin(…)")
    }
}

fn four_words(text: &str) -> Option<Hidden<String>> {
    let lower = Hidden::new(text.to_ascii_lowercase());
    let words: Vec<&str> = lower.split([' ', '-']).filter(|word| !word.is_empty()).collect();
    let known = words.len() == 4 && words.iter().all(|word| WORDS.binary_search(word).is_ok());
    known.then(|| Hidden::new(words.join("-")))
}

/// The week a handoff was published in: ⌊unix seconds / 604800⌋.
pub fn week(unix_seconds: i64) -> u32 {
    u32::try_from(unix_seconds.div_euclid(WEEK)).unwrap_or(0)
}

/// The weeks a reader tries: this one, the last, and the next within an hour
/// of the turn.
pub fn candidate_weeks(now: i64) -> Vec<u32> {
    let mut weeks = vec![week(now), week(now - WEEK)];
    if week(now + TURN) != week(now) {
        weeks.push(week(now + TURN));
    }
    weeks
}

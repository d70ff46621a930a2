//! z-base-32, the alphabet of keys, tokens and links.

/// Longest text that is looked at: a web link with a long page address.
const LONGEST: usize = 2048;

/// ASCII text in lower case without white space; `None` for anything else.
/// (Unicode lower-casing would turn U+212A into `k`.)
pub fn squeeze(text: &str) -> Option<String> {
    let squeezed = text.chars().filter(|c| !matches!(c, ' ' | '\t' | '\r' | '\n'));
    let squeezed: String = squeezed.map(|c| c.to_ascii_lowercase()).take(LONGEST + 1).collect();
    (squeezed.len() <= LONGEST && squeezed.is_ascii()).then_some(squeezed)
}

/// Lower-case z-base-32 without padding.
pub fn encode(bytes: &[u8]) -> String {
    base32::encode(base32::Alphabet::Z, bytes)
}

/// Bytes of any length, from what [`encode`] made.
pub fn decode_any(text: &str) -> Option<Vec<u8>> {
    text.is_ascii().then(|| base32::decode(base32::Alphabet::Z, text)).flatten()
}

/// Exactly `N` bytes from canonical lower-case z-base-32: decoded, encoded
/// again and compared, for the alphabet has aliases.
pub fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() > 2 * N || !text.is_ascii() {
        return None;
    }
    let bytes: [u8; N] = base32::decode(base32::Alphabet::Z, text)?.try_into().ok()?;
    (encode(&bytes) == text).then_some(bytes)
}

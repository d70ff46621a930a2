//! Text that a window's edge has torn, or that JSON readers stumble over.

use std::borrow::Cow;

use memchr::memmem;

/// Longest piece of a string that is taken out of a torn line, in bytes as
/// written; a title shows 200 characters.
const PIECE: usize = 4096;

/// Bytes of a transcript as text. Invalid UTF-8 becomes U+FFFD as in Claude's
/// reader, and so does half a surrogate pair (`\ud83d` alone, which Claude
/// writes when it cuts a prompt in the middle of an emoji): serde would refuse
/// the whole line for it.
pub(crate) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let text = text(bytes);
    if contains(&text, r"\ud") || contains(&text, r"\uD") {
        Cow::Owned(text.split_inclusive('\n').map(mend).collect())
    } else {
        text
    }
}

/// Bytes as text; invalid UTF-8 becomes U+FFFD. Asks for valid text first: that
/// is looked at in words, while `from_utf8_lossy` goes byte by byte.
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

fn mend(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, from)) = rest.find('\\').and_then(|at| rest.split_at_checked(at)) {
        out.push_str(before);
        let length = match unit(from) {
            Some(0xd800..=0xdbff) => {
                let low = from.get(6..).and_then(unit);
                if low.is_some_and(|low| (0xdc00..=0xdfff).contains(&low)) { 12 } else { 0 }
            }
            Some(0xdc00..=0xdfff) => 0,
            Some(_) => 6,
            None => 1 + from.chars().nth(1).map_or(0, char::len_utf8),
        };
        let (kept, after) = if length == 0 {
            (r"\ufffd", from.get(6..))
        } else {
            (from.get(..length).unwrap_or(from), from.get(length..))
        };
        out.push_str(kept);
        rest = after.unwrap_or_default();
    }
    out + rest
}

/// The UTF-16 unit of a `\uXXXX` at the start of `text`.
fn unit(text: &str) -> Option<u16> {
    u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

/// Where the value of string member `key` starts, the first or last time.
fn value<'a>(text: &'a str, key: &str, last: bool) -> Option<&'a str> {
    [format!("\"{key}\":\""), format!("\"{key}\": \"")]
        .iter()
        .filter_map(|needle| {
            let mut hits = memmem::find_iter(text.as_bytes(), needle.as_bytes());
            let at = if last { hits.last() } else { hits.next() }?;
            text.get(at + needle.len()..)
        })
        // What is left after the first hit is longest, after the last shortest.
        .max_by_key(|rest| if last { rest.len().wrapping_neg() } else { rest.len() })
}

/// The string member `key` of a torn line, the last one, when its end is there.
pub(crate) fn whole(text: &str, key: &str) -> Option<String> {
    let (raw, closed) = raw(value(text, key, true)?, PIECE);
    closed.then(|| unescape(raw)).flatten()
}

/// The first string member `key` of a torn line, as far as it goes.
pub(crate) fn start(text: &str, key: &str) -> Option<String> {
    unescape(raw(value(text, key, false)?, PIECE).0)
}

/// Whether the member `key` is `true` somewhere in a torn line.
pub(crate) fn is_true(text: &str, key: &str) -> bool {
    contains(text, &format!("\"{key}\":true")) || contains(text, &format!("\"{key}\": true"))
}

/// As `str::contains`, on torn lines of 64 KiB many times as fast.
pub(crate) fn contains(text: &str, needle: &str) -> bool {
    memmem::find(text.as_bytes(), needle.as_bytes()).is_some()
}

/// The beginning of the prompt in the start of a torn line, raw; `None` when
/// the line is another's, or no prompt as far as that can be seen.
pub(crate) fn prompt(text: &str) -> Option<String> {
    // Claude writes role and type before what a person said; another writer may
    // write them behind, torn off.
    let named = value(text, "role", false).or_else(|| value(text, "type", false));
    let is_user = named.map_or(contains(text, "\"message\":"), |kind| kind.starts_with("user\""));
    if !is_user
        || contains(text, "\"tool_result\"")
        || is_true(text, "isMeta")
        || is_true(text, "isCompactSummary")
    {
        return None;
    }
    start(text, "content").or_else(|| start(text, "text"))
}

/// The inside of a JSON string up to its closing quote (then `true`), or to the
/// last whole character within `limit` bytes.
fn raw(text: &str, limit: usize) -> (&str, bool) {
    let mut chars = text.char_indices();
    let mut end = 0;
    while let Some((at, c)) = chars.next() {
        let escaped = match c {
            '"' => return (text.get(..at).unwrap_or_default(), true),
            '\\' => match chars.next() {
                Some((_, 'u')) => chars.nth(3).map(|(at, c)| at + c.len_utf8()),
                Some((at, c)) => Some(at + c.len_utf8()),
                None => None,
            },
            c => Some(at + c.len_utf8()),
        };
        match escaped {
            Some(to) if to <= limit => end = to,
            _ => break,
        }
    }
    (text.get(..end).unwrap_or_default(), false)
}

fn unescape(raw: &str) -> Option<String> {
    serde_json::from_str(&format!("\"{}\"", mend(raw))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_surrogate_pair_does_not_spoil_its_line() {
        let text = decode(br#"{"a":"x\ud83d","b":"\ud83d\ude00 \\ud83d \udc00"}"#);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        assert_eq!(value["a"], "x\u{fffd}");
        assert_eq!(value["b"], "😀 \\ud83d \u{fffd}");
        assert_eq!(decode(b"caf\xe9"), "caf\u{fffd}");
    }

    #[test]
    fn members_are_cut_out_of_torn_lines() {
        let torn = r#"itle","customTitle":"a \"b\" é","x":1}"#;
        assert_eq!(whole(torn, "customTitle").as_deref(), Some("a \"b\" é"));
        assert_eq!(whole(r#"{"customTitle":"never close"#, "customTitle"), None);
        assert_eq!(start(r#"{"content":"line\none\u00e"#, "content").as_deref(), Some("line\none"));
        assert_eq!(start(r#"{"content": "one \"#, "content").as_deref(), Some("one "));
        assert_eq!(whole(r#""k":"1","k": "2""#, "k").as_deref(), Some("2"));
        assert_eq!(start(r#""k": "1","k":"2""#, "k").as_deref(), Some("1"));
    }
}

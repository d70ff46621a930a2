//! Words for people, and foreign text made safe to show.
//!
//! Whatever comes from the network, a transcript or a file passes through
//! [`clean`] (or [`clean_lines`]) once, before it reaches a terminal.

mod ability;
mod clipboard;
mod prose;

use std::fmt::Write;
use std::iter::Peekable;
use std::path::Path;
use std::str::Chars;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serializer;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

pub use ability::{Ability, LEAST_SCREEN};
pub use clipboard::Clipboards;
pub use prose::prose;

const ELLIPSIS: &str = "…";
/// Columns of a notification at most: more is cut by most desktops anyway.
const NOTIFICATION: usize = 120;

/// Foreign text as one safe line: escape sequences go whole, control,
/// bidirectional and invisible characters go, a tab or line end becomes a
/// space. ZWJ and variation selectors stay, so emoji keep their shape.
pub fn clean(text: &str) -> String {
    scrub(text, false).trim().to_owned()
}

/// As [`clean`], but line ends stay (a CR LF counts as one).
pub fn clean_lines(text: &str) -> String {
    scrub(text, true)
}

fn scrub(text: &str, keep_lines: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\u{9b}' => skip_control_sequence(&mut chars),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => skip_string(&mut chars),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' | '\r' | '\u{2028}' | '\u{2029}' | '\u{85}' => {
                out.push(if keep_lines { '\n' } else { ' ' });
            }
            '\t' => out.push_str(if keep_lines { "    " } else { " " }),
            c if is_unsafe(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// Characters that move, hide or reorder others, or that nobody sees: C0, C1 and
/// DEL, the bidirectional marks and overrides, and what Unicode lets a reader
/// ignore (tags spell whole sentences) but joiners and variation selectors.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e00ff}'
            | '\u{e01f0}'..='\u{e0fff}')
}

/// True when [`clean`] would leave the text as it is.
pub fn is_clean(text: &str) -> bool {
    !text.chars().any(is_unsafe)
}

fn skip_escape(chars: &mut Peekable<Chars<'_>>) {
    match chars.peek() {
        Some('[') => {
            chars.next();
            skip_control_sequence(chars);
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            chars.next();
            skip_string(chars);
        }
        _ => {
            while chars.next_if(|c| ('\u{20}'..='\u{2f}').contains(c)).is_some() {}
            chars.next_if(|c| ('\u{30}'..='\u{7e}').contains(c));
        }
    }
}

fn skip_control_sequence(chars: &mut Peekable<Chars<'_>>) {
    while chars.next_if(|c| ('\u{20}'..='\u{3f}').contains(c)).is_some() {}
    chars.next_if(|c| ('\u{40}'..='\u{7e}').contains(c));
}

/// An OSC, DCS, SOS, PM or APC string, to its terminator. One that is never
/// closed ends with its line, so it cannot swallow a whole conversation.
fn skip_string(chars: &mut Peekable<Chars<'_>>) {
    while let Some(c) = chars.next_if(|c| !matches!(c, '\n' | '\r')) {
        match c {
            '\u{7}' | '\u{9c}' => return,
            '\u{1b}' if chars.next_if_eq(&'\\').is_some() => return,
            _ => {}
        }
    }
}

/// Columns that `text` takes on a terminal.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The same with its first letter as a sentence begins.
pub fn capitalised(text: &str) -> String {
    let (first, rest) = text.split_at(text.chars().next().map_or(0, char::len_utf8));
    format!("{}{rest}", first.to_uppercase())
}

/// `text` cut to at most `columns` terminal columns, with an ellipsis where
/// something was cut; never in the middle of a grapheme.
pub fn fit(text: &str, columns: usize) -> String {
    cut(text, columns, UnicodeWidthStr::width, 1)
}

/// `text` cut to at most `bytes` bytes, the ellipsis (3 bytes) included.
pub fn fit_bytes(text: &str, bytes: usize) -> String {
    cut(text, bytes, str::len, ELLIPSIS.len())
}

fn cut(text: &str, room: usize, measure: fn(&str) -> usize, ellipsis: usize) -> String {
    if measure(text) <= room {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = ellipsis;
    for grapheme in text.graphemes(true) {
        used += measure(grapheme);
        if used > room {
            break;
        }
        out.push_str(grapheme);
    }
    if ellipsis <= room {
        out.truncate(out.trim_end().len());
        out.push_str(ELLIPSIS);
    }
    out
}

/// `text` padded with spaces, or cut, to exactly `columns` columns.
pub fn pad(text: &str, columns: usize) -> String {
    let mut out = fit(text, columns);
    out.extend(std::iter::repeat_n(' ', columns.saturating_sub(width(&out))));
    out
}

/// Seconds left as a countdown: `2d 3h 4m 5s`, `7h 48m 12s`, `41s`.
pub fn countdown(seconds: i64) -> String {
    let s = seconds.max(0);
    let (d, h, m, s) = (s / 86_400, s / 3600 % 24, s / 60 % 60, s % 60);
    match (d, h, m) {
        (0, 0, 0) => format!("{s}s"),
        (0, 0, _) => format!("{m}m {s:02}s"),
        (0, ..) => format!("{h}h {m:02}m {s:02}s"),
        _ => format!("{d}d {h}h {m:02}m {s:02}s"),
    }
}

/// A length of time in its two largest units, without zeros: `8h`, `1h 30m`,
/// `2d`, `1m`.
pub fn span(seconds: i64) -> String {
    let mut rest = seconds.max(0);
    let mut parts = Vec::new();
    for (unit, name) in [(86_400, "d"), (3600, "h"), (60, "m"), (1, "s")] {
        if rest >= unit {
            parts.push(format!("{}{name}", rest / unit));
            rest %= unit;
        }
    }
    parts.truncate(2);
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

/// How long ago `then` was, seen from `now`: `just now`, `12 min ago`,
/// `3 h ago`, `5 d ago`; a time ahead is `in the future`.
pub fn ago(then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    match (now - then).num_seconds() {
        i64::MIN..=-60 => "in the future".to_owned(),
        -59..=59 => "just now".to_owned(),
        s @ 60..=3599 => format!("{} min ago", s / 60),
        s @ 3600..=86_399 => format!("{} h ago", s / 3600),
        s => format!("{} d ago", s / 86_400),
    }
}

/// A path with the home folder as `~`.
pub fn with_tilde(path: &str, home: Option<&Path>) -> String {
    let inside = home
        .filter(|home| home.parent().is_some())
        .and_then(|home| path.strip_prefix(home.to_str()?.trim_end_matches('/')))
        .filter(|rest| rest.is_empty() || rest.starts_with('/'));
    inside.map_or_else(|| path.to_owned(), |rest| format!("~{rest}"))
}

/// A path in JSON, which is in UTF-8 whatever the path is in.
pub fn serialize_path<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}

/// Seconds until [`ago`] says something else.
pub fn ago_changes_in(then: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
    match (now - then).num_seconds() {
        s @ ..=-60 => -59 - s,
        s @ -59..=59 => 60 - s,
        s @ 60..=3599 => 60 - s % 60,
        s @ 3600..=86_399 => 3600 - s % 3600,
        s => 86_400 - s % 86_400,
    }
}

/// Bytes in lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A number with its thousands apart: `10,000`.
pub fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// How long something took, in two digits or so: `0.2 ms`, `14 ms`, `1.4 s`.
pub fn took(time: Duration) -> String {
    match time.as_micros() {
        us @ ..=9949 => format!("{}.{} ms", (us + 50) / 1000, (us + 50) / 100 % 10),
        us @ ..=999_499 => format!("{} ms", (us + 500) / 1000),
        us => format!("{}.{} s", (us + 50_000) / 1_000_000, (us + 50_000) / 100_000 % 10),
    }
}

/// What makes a terminal ring: the bell, and a desktop notification as two
/// families of terminals know it; others pass over what they do not know.
pub fn notification(words: &str) -> String {
    let words = fit(&clean(words), NOTIFICATION);
    let field = words.replace(';', ",");
    format!("\u{7}\u{1b}]9;cclink: {words}\u{7}\u{1b}]777;notify;cclink;{field}\u{7}")
}

/// ` and 3 more`, behind the first that is named; nothing behind the only one.
pub fn and_more(more: usize) -> String {
    if more > 0 { format!(" and {} more", count(more)) } else { String::new() }
}

/// A file size: `812 B`, `12.8 KB`, `3.1 MB` (powers of 1024).
pub fn bytes(size: u64) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    if size < 1024 {
        return format!("{size} B");
    }
    #[allow(clippy::cast_precision_loss)] // one decimal is shown
    let mut value = size as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_and_times_read_easily() {
        assert_eq!(hex(&[0, 10, 255]), "000aff");
        assert_eq!([0, 999, 1000, 12_345_678].map(count), ["0", "999", "1,000", "12,345,678"]);
        let shown =
            [0, 149, 150, 9_949, 9_950, 999_499, 999_500, 61_000_000].map(Duration::from_micros).map(took);
        assert_eq!(shown, ["0.0 ms", "0.1 ms", "0.2 ms", "9.9 ms", "10 ms", "999 ms", "1.0 s", "61.0 s"]);
    }

    #[test]
    fn escape_sequences_go_whole() {
        for (foreign, shown) in [
            ("a\u{1b}[31mred\u{1b}[0m b", "ared b"),
            ("t\u{1b}]0;title\u{7}x", "tx"),
            ("t\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "tlink"),
            ("c1 \u{9b}2Jx \u{9d}52;c;AAAA\u{9c}y", "c1 x y"),
            ("open \u{1b}]52;c;never closed", "open"),
            ("charset\u{1b}(B!", "charset!"),
            ("rtl \u{202e}abc\u{2066}\u{200b}\u{feff}", "rtl abc"),
            ("tab\tand\r\nline\u{2028}end", "tab and line end"),
        ] {
            assert_eq!(clean(foreign), shown, "{foreign:?}");
        }
        assert_eq!(clean("👩‍👩‍👧‍👦 🇯🇵 ❤️"), "👩‍👩‍👧‍👦 🇯🇵 ❤️");
        assert_eq!(clean_lines("a\r\nb\u{1b}]0;x\nc"), "a\nb\nc");
    }

    #[test]
    fn a_notification_holds_no_sequence_of_its_text() {
        let sent = notification("Arrived: “\u{1b}]52;c;AAAA\u{7}x;\u{9d}y\u{7}z”");
        assert_eq!(sent.matches('\u{1b}').count(), 2, "{sent:?}");
        assert_eq!(sent.matches('\u{7}').count(), 3, "{sent:?}");
        assert!(sent.contains("]777;notify;cclink;Arrived: “x,") && !sent.contains("AAAA"), "{sent:?}");
        assert!(notification(&"long ".repeat(100)).len() < 300);
    }

    #[test]
    fn times_and_sizes_read_well() {
        assert_eq!(countdown(7 * 3600 + 48 * 60 + 12), "7h 48m 12s");
        assert_eq!(countdown(-5), "0s");
        assert_eq!(span(60), "1m");
        assert_eq!(span(8 * 3600), "8h");
        assert_eq!(span(5400), "1h 30m");
        assert_eq!(span(0), "0s");
        assert_eq!(bytes(812), "812 B");
        assert_eq!(bytes(13_107), "12.8 KB");
    }

    #[test]
    fn the_home_folder_is_a_tilde() {
        let home = Some(Path::new("/home/dana"));
        assert_eq!(with_tilde("/home/dana/src/x", home), "~/src/x");
        assert_eq!(with_tilde("/home/dana", home), "~");
        assert_eq!(with_tilde("/home/danae/x", home), "/home/danae/x");
        assert_eq!(with_tilde("/x", Some(Path::new("/"))), "/x");
        assert_eq!(with_tilde("/x", None), "/x");
    }

    proptest! {
        #[test]
        fn an_age_changes_exactly_when_it_is_said_to(age in -200i64..400_000) {
            let then = DateTime::<Utc>::UNIX_EPOCH;
            let at = |s: i64| then + chrono::Duration::seconds(s);
            let wait = ago_changes_in(then, at(age));
            prop_assert!(wait > 0);
            prop_assert_eq!(ago(then, at(age)), ago(then, at(age + wait - 1)));
            prop_assert_ne!(ago(then, at(age)), ago(then, at(age + wait)));
        }

        #[test]
        fn nothing_unseen_is_left(
            hidden in prop::sample::select(vec!['\u{ad}', '\u{2061}', '\u{2064}', '\u{2065}', '\u{206a}', '\u{206f}',
                '\u{180e}', '\u{3164}', '\u{fff9}', '\u{e0001}', '\u{e0041}', '\u{e007f}', '\u{e0fff}']),
            tags in "[\u{e0020}-\u{e007e}]{0,20}",
            words in "[a-z👩👨é外\u{200d}\u{200c}\u{fe0f}\u{fe0e}]{1,20}",
        ) {
            let (head, tail) = (format!("a{words}"), "z");
            prop_assert_eq!(clean(&format!("{head}{hidden}{tags}{tail}")), format!("{head}{tail}"));
            prop_assert_eq!(clean_lines(&format!("{tags}{head}{hidden}")), head);
        }

        #[test]
        fn clean_text_has_nothing_unsafe(text in ".*") {
            prop_assert!(is_clean(&clean(&text)));
            prop_assert_eq!(clean(&clean(&text)), clean(&text));
        }

        #[test]
        fn cutting_never_exceeds_the_room(text in "(\\PC|👩‍👩‍👧|外|é){0,40}", room in 0usize..30) {
            prop_assert!(width(&fit(&text, room)) <= room);
            prop_assert!(fit_bytes(&text, room).len() <= room);
            prop_assert_eq!(width(&pad(&text, room)), room);
        }
    }
}

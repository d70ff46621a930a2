//! The pre-filter of a search: which places of a file are worth reading.
//!
//! It looks at raw bytes, where text stands as JSON writes it: `"` and `\` behind
//! a backslash, a line end as `\n`, and what is no ASCII either as it is or as
//! `\u00e9`, whole or taken apart. So it looks for a short piece that can be
//! written in few ways, in all of them, and never misses a place where a word
//! stands. Letters and digits no writer of JSON escapes; but other characters may
//! fold to them (`ß`, the Kelvin sign): a piece with such a letter is looked for
//! together with every one of those.

use std::fmt::Write as _;

use aho_corasick::{AhoCorasick, packed};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::fold::{DOT, that_fold_to};

/// Length of the piece of ASCII that is looked for: 8 ways to write three letters.
const PIECE: usize = 3;
/// How often one character that is no ASCII stands in a text, in the measure of
/// [`weight`]: more often than the rarest three letters, less than the commonest.
const OTHER: u32 = 60;
/// How much more a piece costs that other characters fold to: they are looked for
/// with it.
const FOLDED: u32 = 6;
/// Length of `\u00e9`.
const ESCAPE: usize = 6;
/// More ways to write one character than this are not looked for at once.
const MOST_WAYS: usize = 24;

/// Finds where a query's rarest part stands.
#[derive(Debug)]
pub(crate) struct Gate {
    finder: Finder,
    /// The run of ASCII around the piece, folded, and where the piece is in it.
    run: Vec<u8>,
    at: usize,
}

#[derive(Debug)]
enum Finder {
    /// Every line may be one.
    Open,
    Packed(Box<packed::Searcher>),
    /// Where the processor knows no packed search.
    Automaton(Box<AhoCorasick>),
}

/// What a gate could look for: how often it occurs, and in which spellings.
struct Choice {
    weight: u32,
    spellings: Vec<Vec<u8>>,
    run: Vec<u8>,
    at: usize,
}

impl Gate {
    /// The gate of words that have been folded.
    pub(crate) fn new(words: &[String]) -> Self {
        let choices = words.iter().flat_map(|word| ascii(word).into_iter().chain(other(word)));
        let best = choices.min_by_key(|choice| choice.weight);
        let Some(Choice { spellings, run, at, .. }) = best else {
            return Self { finder: Finder::Open, run: Vec::new(), at: 0 };
        };
        let packed = packed::Config::new().builder().extend(&spellings).build();
        let finder = match (packed, AhoCorasick::new(&spellings)) {
            (Some(packed), _) => Finder::Packed(Box::new(packed)),
            (None, Ok(automaton)) => Finder::Automaton(Box::new(automaton)),
            (None, Err(_)) => Finder::Open,
        };
        Self { finder, run, at }
    }

    /// The first place at or after `from` where a word may stand.
    pub(crate) fn find(&self, bytes: &[u8], mut from: usize) -> Option<usize> {
        loop {
            let found = match &self.finder {
                Finder::Open => return (from < bytes.len()).then_some(from),
                Finder::Packed(packed) => packed
                    .find_in(bytes, aho_corasick::Span { start: from.min(bytes.len()), end: bytes.len() })?,
                Finder::Automaton(automaton) => {
                    automaton.find(aho_corasick::Input::new(bytes).range(from.min(bytes.len())..))?
                }
            };
            if self.holds(bytes, found.start()) {
                return Some(found.start());
            }
            from = found.start() + 1;
        }
    }

    /// Whether the rest of the run may stand around the piece; yes where the bytes
    /// end before that can be told, and where no ASCII stands or an escape.
    fn holds(&self, bytes: &[u8], piece: usize) -> bool {
        if self.run.is_empty() {
            return true;
        }
        let Some(start) = piece.checked_sub(self.at) else { return true };
        let Some(there) = bytes.get(start..start + self.run.len()) else { return true };
        if there.eq_ignore_ascii_case(&self.run) {
            return true;
        }
        // What was found may be another character that folds to the piece.
        if there.get(self.at).is_none_or(|first| !is_plain(*first)) {
            return true;
        }
        let differs = |(there, run): (&u8, &u8)| !there.eq_ignore_ascii_case(run);
        if let Some(at) = there.iter().zip(&self.run).skip(self.at).position(differs) {
            return bytes.get(piece + at).is_some_and(|byte| !byte.is_ascii() || *byte == b'\\');
        }
        let Some(at) = there.iter().zip(&self.run).take(self.at).rposition(differs) else { return true };
        // The end of an escape looks like letters.
        let around = bytes.get((start + at + 1).saturating_sub(ESCAPE)..=start + at).unwrap_or_default();
        around.last().is_some_and(|byte| !byte.is_ascii()) || around.contains(&b'\\')
    }
}

/// How often a character stands in transcripts, roughly, from 1 to 10.
fn weight(byte: u8) -> u32 {
    match byte {
        b'e' => 10,
        b't' | b'a' | b':' | b',' => 8,
        b'o' | b'i' | b'n' | b's' | b'r' => 7,
        b'-' => 6,
        b'l' | b'h' | b'd' | b'c' | b'.' => 5,
        b'f' | b'g' | b'y' | b'b' => 3,
        b'w' | b'v' | b'k' => 2,
        b'x' | b'j' | b'q' | b'z' => 1,
        _ => 4,
    }
}

/// Written as it is by every writer of JSON.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.,:;=+*()[]{}!?@#$%^|~".contains(&byte)
}

/// The rarest piece of plain ASCII in a word; of a word with two letters these.
fn ascii(word: &str) -> Option<Choice> {
    let runs = word.as_bytes().split(|byte| !is_plain(*byte)).filter(|run| run.len() >= 2);
    let pieces = runs.flat_map(|run| {
        let piece = run.len().min(PIECE);
        run.windows(piece).enumerate().map(move |(at, piece)| {
            // A shorter piece occurs more often.
            let short = 9u32.pow(u32::try_from(PIECE - piece.len()).unwrap_or(0));
            let folded = if others(piece).next().is_some() { FOLDED } else { 1 };
            (piece.iter().map(|byte| weight(*byte)).product::<u32>() * short * folded, run, at, piece)
        })
    });
    let (weight, run, at, piece) = pieces.min_by_key(|(weight, ..)| *weight)?;
    let mut spellings = cases(piece);
    spellings.extend(others(piece).flat_map(written));
    spellings.sort_unstable();
    spellings.dedup();
    Some(Choice { weight, spellings, run: run.to_vec(), at })
}

/// What is no ASCII and folds to a letter of the piece, or vanishes behind one:
/// where the piece is not written as it is, one of these is.
fn others(piece: &[u8]) -> impl Iterator<Item = char> + '_ {
    let dot = piece.contains(&b'i').then_some(DOT);
    piece.iter().flat_map(|byte| that_fold_to(char::from(*byte)).iter().copied()).chain(dot)
}

/// A piece in upper and lower case, letter by letter.
fn cases(piece: &[u8]) -> Vec<Vec<u8>> {
    piece.iter().fold(vec![Vec::new()], |ways, byte| {
        let mut both = vec![byte.to_ascii_lowercase(), byte.to_ascii_uppercase()];
        both.dedup();
        let with = |way: &Vec<u8>, byte: &u8| way.iter().chain([byte]).copied().collect();
        ways.iter().flat_map(|way| both.iter().map(move |byte| with(way, byte))).collect()
    })
}

/// The character of a word, not ASCII, that can be written in the fewest ways.
fn other(word: &str) -> Option<Choice> {
    let next = word.chars().skip(1).map(Some).chain([None]);
    // With a mark behind it, a character may stand in a text as one of those that
    // are taken apart for good (`ড়`): that is not looked for.
    let chars = word
        .chars()
        .zip(next)
        .filter(|(_, next)| !next.is_some_and(is_combining_mark))
        .map(|(c, _)| c)
        .filter(|c| !c.is_ascii() && !is_combining_mark(*c) && !c.is_whitespace());
    let written = chars.take(8).map(spellings).filter(|spellings| spellings.len() <= MOST_WAYS);
    let spellings = written.min_by_key(Vec::len)?;
    Some(Choice { weight: OTHER, spellings, run: Vec::new(), at: 0 })
}

/// Every way in which `c`, folded, may stand in a file: its upper cases; where it
/// can be taken apart, any of the marks behind its base (a text that does not
/// have it in one piece has one of those standing alone); all of these as
/// UTF-8 and escaped.
fn spellings(c: char) -> Vec<Vec<u8>> {
    let mut chars = vec![c];
    chars.extend(that_fold_to(c));
    let taken_apart: Vec<char> = chars.iter().flat_map(|c| std::iter::once(*c).nfd().skip(1)).collect();
    chars.extend(taken_apart);
    chars.sort_unstable();
    chars.dedup();
    chars.iter().flat_map(|c| written(*c)).collect()
}

fn written(c: char) -> [Vec<u8>; 3] {
    let mut units = [0; 2];
    let escaped = c.encode_utf16(&mut units).iter().fold(String::new(), |mut all, unit| {
        let _ = write!(all, "\\u{unit:04x}");
        all
    });
    let upper: String = units_upper(&escaped);
    [c.to_string().into_bytes(), escaped.into_bytes(), upper.into_bytes()]
}

fn units_upper(escaped: &str) -> String {
    escaped.chars().map(|c| if c == 'u' { c } else { c.to_ascii_uppercase() }).collect()
}

/// Longest spelling: an escaped surrogate pair.
pub(crate) const LONGEST: usize = 12;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[allow(clippy::format_collect)] // a test may take its time
mod tests {
    use super::super::fold::fold;
    use super::*;
    use proptest::prelude::*;

    fn passes(words: &[&str], raw: &str) -> bool {
        let words: Vec<String> = words.iter().map(|word| fold(word)).collect();
        Gate::new(&words).find(raw.as_bytes(), 0).is_some()
    }

    #[test]
    fn every_spelling_passes_and_other_text_does_not() {
        for (word, raw) in [
            ("jitter", "with JiTTer"),
            ("café", "caf\\u00e9"),
            ("é", "É"),
            ("é", "\\u00C9"),
            ("é", "e\\u0301"),
            ("é", "e\u{301}"),
            ("한", "\u{1112}\u{1161}\u{11ab}"),
            ("日本", "\\u65E5\\u672c"),
            ("😀", "\\ud83d\\ude00"),
            ("σ", "Σ"),
            ("å", "\u{212b}"),
            ("\u{9dc}", "\u{9dc}"),
            ("ß", "ẞ"),
            ("ß", "SS"),
            ("strasse", "straße"),
            ("strasse", "stra\\u00DFe"),
            ("istanbul", "İSTANBUL"),
            ("istanbul", "i\u{307}stanbul"),
            ("kelvin", "\u{212a}elvin"),
            ("mk", "m\\u212A"),
            ("sister", "\u{17f}i\\u017fter"),
            ("7vi", "i\\u03077vi"),
            ("say\"hi", "say\\\"hi"),
            ("a", "a"),
        ] {
            assert!(passes(&[word], raw), "{word} in {raw}");
        }
        assert!(!passes(&["jitter"], "jit ter jitte, and more"));
        assert!(!passes(&["日本"], "{\"type\":\"user\"}"));
        // The rarest of all words decides.
        assert!(!passes(&["the", "quux"], "the rest"));
    }

    proptest! {
        #[test]
        fn no_place_where_a_word_stands_is_missed(
            before in "\\PC{0,9}", word in "(\\PC|[a-zA-Z]{1,3}|é|e\u{301}|각|日|\"|\\\\|😀|Σ|ẞ|ſ|\u{212a}|İ|i\u{307}|ﬁ|ﬆ|ŉ|ss|k){1,5}", after in "\\PC{0,9}",
            escaped in any::<bool>(), apart in any::<bool>(), upper in any::<bool>(),
        ) {
            let mut text = format!("{before}|{word}|{after}");
            if upper { text = text.chars().map(|c| { let mut u = c.to_uppercase(); if u.len() == 1 { u.next().unwrap() } else { c } }).collect(); }
            if apart { text = text.nfd().collect(); }
            let mut raw = serde_json::to_string(&text).unwrap();
            if escaped {
                raw = raw.chars().map(|c| if c.is_ascii() { c.to_string() } else {
                    let mut units = [0; 2];
                    c.encode_utf16(&mut units).iter().map(|u| format!("\\u{u:04x}")).collect()
                }).collect();
            }
            if fold(&text).contains(&fold(&word)) {
                prop_assert!(passes(&[&word], &raw), "{:?} in {:?}", word, raw);
            }
        }
    }
}

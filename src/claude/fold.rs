//! Text as it is compared: without case, and composed where the writer's
//! system took characters apart. Knows where each character came from.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// A text made comparable.
#[derive(Debug, Default)]
pub(super) struct Folded {
    text: String,
    /// Where each grapheme ends, in `text` and in the original. Empty when every
    /// byte stands where it stood.
    ends: Vec<(usize, usize)>,
}

/// Comparable text alone.
pub(super) fn fold(text: &str) -> String {
    Folded::new(text, false).text
}

impl Folded {
    /// Folds `text`; with `spaces`, any run of white space counts as one space.
    pub(super) fn new(text: &str, spaces: bool) -> Self {
        if text.is_ascii() && !spaces {
            return Self { text: text.to_ascii_lowercase(), ends: Vec::new() };
        }
        let mut folded =
            Self { text: String::with_capacity(text.len()), ends: Vec::with_capacity(text.len()) };
        for (at, grapheme) in text.grapheme_indices(true) {
            if spaces && grapheme.chars().all(char::is_whitespace) {
                if !folded.text.ends_with(' ') {
                    folded.text.push(' ');
                }
            } else {
                fold_grapheme(grapheme, &mut folded.text);
            }
            folded.ends.push((folded.text.len(), at + grapheme.len()));
        }
        folded
    }

    /// The comparable text.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// Whether `word`, folded, is in it.
    pub(super) fn contains(&self, word: &str) -> bool {
        memchr::memmem::find(self.text.as_bytes(), word.as_bytes()).is_some()
    }

    /// Where `word`, folded, stands in the original: whole graphemes.
    pub(super) fn find<'a>(&'a self, word: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
        self.text.match_indices(word).map(|(at, hit)| self.original(at..at + hit.len()))
    }

    fn original(&self, range: Range<usize>) -> Range<usize> {
        if self.ends.is_empty() {
            return range;
        }
        // The grapheme that holds the first byte, and the one that holds the last.
        let first = self.ends.partition_point(|(end, _)| *end <= range.start);
        let last = self.ends.partition_point(|(end, _)| *end < range.end);
        let start = first.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |(_, end)| *end);
        let end = self.ends.get(last).map_or(start, |(_, end)| *end);
        start..end.max(start)
    }
}

fn fold_grapheme(grapheme: &str, out: &mut String) {
    let mut chars = grapheme.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => fold_char(c, out),
        _ if grapheme.is_ascii() => out.extend(grapheme.chars().map(|c| c.to_ascii_lowercase())),
        _ => {
            let composed: String = grapheme.nfc().collect();
            let was_none = !grapheme.starts_with(|c: char| c.is_ascii());
            let composed =
                if was_none && composed.contains(|c: char| c.is_ascii()) { grapheme } else { &composed };
            let mut lower = String::with_capacity(composed.len());
            for c in composed.chars() {
                fold_char(c, &mut lower);
            }
            if was_none { out.push_str(&lower) } else { out.extend(lower.nfc()) }
        }
    }
}

/// Lower case. What is no ASCII stays none (the Kelvin sign is no `k`), so that
/// ASCII in a folded text was ASCII in the original.
fn fold_char(c: char, out: &mut String) {
    if c.is_ascii() {
        out.push(c.to_ascii_lowercase());
    } else if c == 'ς' {
        out.push('σ');
    } else if c.to_lowercase().any(|lower| lower.is_ascii()) {
        out.push(c);
    } else {
        out.extend(c.to_lowercase());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hits(text: &str, word: &str) -> Vec<String> {
        let folded = Folded::new(text, word.contains(' '));
        let word = fold(word);
        folded.find(&word).map(|range| text.get(range).unwrap_or("torn").to_owned()).collect()
    }

    #[test]
    fn case_and_composition_do_not_matter_and_the_hit_is_the_original() {
        for (text, word, hit) in [
            ("Retry with JITTER", "jitter", "JITTER"),
            ("ein CAFÉ hier", "café", "CAFÉ"),
            ("ein cafe\u{301} hier", "CAFÉ", "cafe\u{301}"),
            ("ein Café hier", "cafe\u{301}", "Café"),
            ("ΟΔΟΣ ΣΟΦΙΑ", "οδος", "ΟΔΟΣ"),
            ("外주 앱의 로그인", "앱의", "앱의"),
            ("외주 \u{110b}\u{1162}\u{11b8}의", "앱", "\u{110b}\u{1162}\u{11b8}"),
            ("İstanbul", "stan", "stan"),
            ("one\n  two", "one two", "one\n  two"),
            ("👩‍👩‍👧‍👦 ok", "ok", "ok"),
            ("👩‍👩‍👧‍👦 ok", "👧", "👩‍👩‍👧‍👦"),
            ("STRASSE straße", "straße", "straße"),
        ] {
            assert_eq!(hits(text, word), [hit], "{word} in {text}");
        }
        assert_eq!(hits("cafe\u{301}", "e"), [""; 0]);
        assert_eq!(hits("5 \u{212a}", "k"), [""; 0]);
        assert_eq!(hits("aXa xA", "xa").len(), 2);
    }

    proptest! {
        #[test]
        fn ranges_are_whole_characters_and_a_text_holds_its_parts(
            text in "(\\PC|é|e\u{301}|İ|\u{212a}|ǅ|각|👩‍👩‍👧|\u{1ec7}|[a-z ]){0,20}", at in 0usize..20, len in 1usize..6,
        ) {
            let graphemes: Vec<&str> = text.graphemes(true).collect();
            let word = graphemes.iter().skip(at).take(len).copied().collect::<String>();
            let folded = Folded::new(&text, false);
            let fold = fold(&word);
            prop_assert!(folded.contains(&fold), "{:?} in {:?}", word, text);
            for range in folded.find(&fold).filter(|_| !fold.is_empty()) {
                prop_assert!(text.get(range.clone()).is_some_and(|hit| !hit.is_empty()), "{:?}", range);
            }
        }
    }
}

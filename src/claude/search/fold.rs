//! Text as it is compared: without case, and composed where the writer's
//! system took characters apart. Knows where each character came from.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// A text made comparable.
#[derive(Debug, Default)]
pub(crate) struct Folded {
    text: String,
    /// Where each grapheme ends, in `text` and in the original. Empty when every
    /// byte stands where it stood.
    ends: Vec<(usize, usize)>,
}

/// Comparable text alone.
pub(crate) fn fold(text: &str) -> String {
    Folded::new(text, false).text
}

impl Folded {
    /// Folds `text`; with `spaces`, any run of white space counts as one space.
    pub(crate) fn new(text: &str, spaces: bool) -> Self {
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
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// Whether `word`, folded, is in it.
    pub(crate) fn contains(&self, word: &str) -> bool {
        memchr::memmem::find(self.text.as_bytes(), word.as_bytes()).is_some()
    }

    /// Where `word`, folded, stands in the original: whole graphemes.
    pub(crate) fn find<'a>(&'a self, word: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
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
        (Some(c), None) if c.is_ascii() => out.push(c.to_ascii_lowercase()),
        (Some(c), None) => match KNOWN.folds.get(&c) {
            Some(folded) => out.push_str(folded),
            None => out.push(c),
        },
        _ if grapheme.is_ascii() => out.extend(grapheme.chars().map(|c| c.to_ascii_lowercase())),
        _ => out.push_str(&fold_whole(grapheme)),
    }
}

/// Unicode's full case folding, composed; `İ` counts as `i`, which it is the
/// capital of where both are written.
fn fold_whole(text: &str) -> String {
    let mut before = None;
    let folded = text.nfd().default_case_fold().collect::<String>();
    let kept = folded.nfd().filter(|c| before.replace(*c) != Some('i') || *c != DOT);
    kept.nfc().collect()
}

/// The mark that is left of `İ` in lower case.
pub(crate) const DOT: char = '\u{307}';

/// Characters that no folding changes, and there are many of them.
const PLAIN: [std::ops::RangeInclusive<char>; 3] =
    ['\u{3400}'..='\u{9fff}', '\u{ac00}'..='\u{d7a3}', '\u{20000}'..='\u{2f7ff}'];
/// Behind the last character that folding changes.
const LAST: char = '\u{2fa1f}';

/// What folding does to single characters, worked out once.
struct Known {
    folds: HashMap<char, String>,
    from: HashMap<char, Vec<char>>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let (mut folds, mut from) = (HashMap::new(), HashMap::<char, Vec<char>>::new());
    for c in ('\u{80}'..=LAST).filter(|c| PLAIN.iter().all(|plain| !plain.contains(c))) {
        let mut own = [0; 4];
        let own = c.encode_utf8(&mut own);
        let folded = fold_whole(own);
        if folded != *own {
            for to in folded.chars() {
                from.entry(to).or_default().push(c);
            }
            folds.insert(c, folded);
        }
    }
    Known { folds, from }
});

/// Characters other than `c` and its own upper case in ASCII of which folding
/// makes `c`, alone or with others.
pub(crate) fn that_fold_to(c: char) -> &'static [char] {
    KNOWN.from.get(&c).map_or(&[], Vec::as_slice)
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
            ("İSTANBUL gezisi", "istanbul", "İSTANBUL"),
            ("istanbul", "İstanbul", "istanbul"),
            ("I\u{307}stanbul", "İSTANBUL", "I\u{307}stanbul"),
            ("one\n  two", "one two", "one\n  two"),
            ("👩‍👩‍👧‍👦 ok", "ok", "ok"),
            ("👩‍👩‍👧‍👦 ok", "👧", "👩‍👩‍👧‍👦"),
            ("5 \u{212a}", "k", "\u{212a}"),
            ("Meſſer", "MESSER", "Meſſer"),
            ("der ﬁrſt", "first", "ﬁrſt"),
            ("\u{212b}ngström", "Ångström", "\u{212b}ngström"),
            ("\u{2126}", "ω", "\u{2126}"),
            ("\u{f900}", "豈", "\u{f900}"),
            ("\u{958}", "क\u{93c}", "\u{958}"),
            ("ᾳ", "αι", "ᾳ"),
        ] {
            assert_eq!(hits(text, word), [hit], "{word} in {text}");
        }
        assert_eq!(hits("cafe\u{301}", "e"), [""; 0]);
        assert_eq!(hits("STRASSE straße", "straße"), ["STRASSE", "straße"]);
        assert_eq!(hits("ısı", "i"), [""; 0]);
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

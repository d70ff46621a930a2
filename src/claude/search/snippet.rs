//! The part of a message that a search found, as one line.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::fold::Folded;

/// Characters before the match, and in all.
const BEFORE: usize = 36;
const LONGEST: usize = 160;
const ELLIPSIS: &str = "…";

/// The surroundings of the longest word's first match in `clean`, a text of one
/// line, and where in them words match: byte ranges, in order, none overlaps.
pub(crate) fn around(clean: &str, folded: &Folded, words: &[String]) -> (String, Vec<Range<usize>>) {
    let longest = words.iter().max_by_key(|word| word.len());
    let anchor = longest.and_then(|word| folded.find(word).next()).map_or(0, |hit| hit.start);
    let (before, after) = clean.split_at_checked(anchor).unwrap_or(("", clean));
    let start = before.grapheme_indices(true).rev().take(BEFORE).last().map_or(anchor, |(at, _)| at);
    let shown = clean.get(start..).unwrap_or(after);
    let end = shown.grapheme_indices(true).nth(LONGEST).map_or(clean.len(), |(at, _)| start + at);
    let shown = clean.get(start..end).unwrap_or_default();
    let start = end - shown.trim_start().len();
    let shown = shown.trim();
    let end = start + shown.len();

    let mut snippet = String::with_capacity(shown.len() + 2 * ELLIPSIS.len());
    if start > 0 {
        snippet.push_str(ELLIPSIS);
    }
    let shift = snippet.len();
    snippet.push_str(shown);
    if end < clean.len() {
        snippet.push_str(ELLIPSIS);
    }
    (snippet, matches(folded, words, start..end, shift))
}

/// Where words match in what is shown of a text: byte ranges of it, moved by
/// `shift`, in order, none overlaps.
pub(crate) fn matches(
    folded: &Folded,
    words: &[String],
    shown: Range<usize>,
    shift: usize,
) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for word in words {
        let hits = folded.find(word).skip_while(|hit| hit.start < shown.start);
        let hits = hits.take_while(|hit| hit.start < shown.end);
        found.extend(hits.map(|hit| {
            let end = hit.end.min(shown.end);
            hit.start - shown.start + shift..end - shown.start + shift
        }));
    }
    found.sort_unstable_by_key(|hit| (hit.start, hit.end));
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(found.len());
    for hit in found {
        match merged.last_mut() {
            Some(last) if hit.start <= last.end => last.end = last.end.max(hit.end),
            _ => merged.push(hit),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::super::fold::fold;
    use super::*;
    use proptest::prelude::*;

    fn show(text: &str, words: &[&str]) -> (String, Vec<String>) {
        let words: Vec<String> = words.iter().map(|word| fold(word)).collect();
        let (snippet, ranges) = around(text, &Folded::new(text, false), &words);
        let hits = ranges.into_iter().map(|range| snippet.get(range).unwrap_or("torn").to_owned()).collect();
        (snippet, hits)
    }

    #[test]
    fn a_snippet_shows_the_match_in_its_surroundings() {
        let (snippet, hits) = show("Add retry with jitter", &["JIT", "retry"]);
        assert_eq!(
            (snippet.as_str(), &hits[..]),
            ("Add retry with jitter", &["retry".to_owned(), "jit".to_owned()][..])
        );
        let long = format!("{} the jitter grows {}", "word ".repeat(50), "tail ".repeat(50));
        let (snippet, hits) = show(&long, &["jitter"]);
        assert!(
            snippet.starts_with('…') && snippet.ends_with('…') && snippet.contains("the jitter grows"),
            "{snippet}"
        );
        assert_eq!(hits, ["jitter"]);
        assert_eq!(show("aaaa", &["aa", "aaa"]).1, ["aaaa"]);
    }

    proptest! {
        #[test]
        fn any_text_any_words(
            text in "(\\PC|é|e\u{301}|👩‍👩‍👧|a|b| ){0,300}", words in prop::collection::vec("(\\PC|a|é){1,3}", 1..3),
        ) {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let (snippet, hits) = show(&text, &words);
            prop_assert!(snippet.graphemes(true).count() <= LONGEST + 2);
            prop_assert!(hits.iter().all(|hit| hit != "torn" && !hit.is_empty()));
        }
    }
}

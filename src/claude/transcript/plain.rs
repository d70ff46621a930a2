//! Markdown as plain words, for a row that has one line.

use std::borrow::Cow;
use std::fmt::Write;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// A row shows less than that, in bytes.
const MOST: usize = 640;

/// The beginning of a text without the marks of Markdown. `_` stays: in what is
/// said here it is part of a name more often than not.
pub(crate) fn plain(raw: &str) -> Cow<'_, str> {
    let start = raw.get(..raw.floor_char_boundary(MOST)).unwrap_or_default();
    let is_mark = |byte: &u8| {
        matches!(byte, b'*' | b'#' | b'`' | b'[' | b'>' | b'~' | b'|' | b'-' | b'+' | b'&' | b'\\')
    };
    if !start.as_bytes().iter().any(is_mark) {
        return Cow::Borrowed(raw);
    }
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let (mut words, mut numbers) = (String::with_capacity(start.len()), Vec::new());
    for (event, source) in Parser::new_ext(start, options).into_offset_iter() {
        let low = start.as_bytes().get(source.start) == Some(&b'_');
        match event {
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => {
                words.push_str(&text);
            }
            Event::Start(Tag::Emphasis) | Event::End(TagEnd::Emphasis) if low => words.push('_'),
            Event::Start(Tag::Strong) | Event::End(TagEnd::Strong) if low => words.push_str("__"),
            Event::Start(Tag::List(first)) => {
                space(&mut words);
                numbers.push(first);
            }
            Event::End(TagEnd::List(_)) => drop(numbers.pop()),
            Event::Start(Tag::Item) => {
                if let Some(Some(next)) = numbers.last_mut() {
                    let _ = write!(words, "{next}. ");
                    *next = next.saturating_add(1);
                }
            }
            Event::SoftBreak
            | Event::HardBreak
            | Event::End(
                TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item | TagEnd::TableCell | TagEnd::CodeBlock,
            ) => space(&mut words),
            _ => {}
        }
    }
    // Where nothing but marks was said, that is said.
    if words.trim().is_empty() { Cow::Borrowed(raw) } else { Cow::Owned(words) }
}

fn space(words: &mut String) {
    if !words.ends_with([' ', '\n']) {
        words.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claude::transcript::prompt::one_line;

    #[test]
    fn a_row_shows_words_and_no_marks() {
        for (raw, shown) in [
            ("## Done\n\n**All** `14` tests *pass*:\n- one\n- two", "Done All 14 tests pass: one two"),
            ("## Done - **all** of it", "Done - all of it"),
            ("1. first\n2. second", "1. first 2. second"),
            ("see [the docs](https://example.org/a) & `x`", "see the docs & x"),
            ("```rust\nfn a() {}\n```\nthen", "fn a() {} then"),
            ("| a | b |\n|---|---|\n| 1 | 2 |", "a b 1 2"),
            ("fix __init__.py and my_long_name", "fix __init__.py and my_long_name"),
            ("2 * 3 * 4 > 5, #42", "2 * 3 * 4 > 5, #42"),
            ("> quoted\n\n- [x] done", "quoted done"),
            ("---", "---"),
            ("plain words", "plain words"),
        ] {
            assert_eq!(one_line(&plain(raw)), shown, "{raw:?}");
        }
    }
}

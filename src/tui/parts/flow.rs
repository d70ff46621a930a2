//! Text of several looks, broken into rows of a terminal.

use std::ops::Range;

use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation;

use super::NARROW;
use super::theme::{Theme, Tint};
use crate::text;

/// A tint and emphasis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ink {
    /// What it is.
    pub tint: Tint,
    /// How it stands out.
    pub modifier: Modifier,
}

impl Ink {
    /// Without emphasis.
    pub const fn of(tint: Tint) -> Self {
        Self { tint, modifier: Modifier::empty() }
    }

    /// The same with more emphasis.
    #[must_use]
    pub fn with(self, modifier: Modifier) -> Self {
        Self { modifier: self.modifier | modifier, ..self }
    }

    fn style(self, theme: &Theme, base: Style) -> Style {
        base.patch(theme.tint(self.tint)).add_modifier(self.modifier)
    }
}

/// Text of one look within a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// What it says.
    pub text: String,
    /// How it looks.
    pub ink: Ink,
    /// It was searched for.
    pub lit: bool,
}

impl Piece {
    /// Text that nobody searched for.
    pub fn new(text: impl Into<String>, ink: Ink) -> Self {
        Self { text: text.into(), ink, lit: false }
    }
}

/// A row of the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row(pub Vec<Piece>);

impl Row {
    /// A row of one piece.
    pub fn of(text: impl Into<String>, ink: Ink) -> Self {
        Self(vec![Piece::new(text, ink)])
    }

    /// The same further to the right.
    #[must_use]
    pub fn indented(mut self, columns: usize) -> Self {
        self.0.insert(0, Piece::new(" ".repeat(columns), Ink::default()));
        self
    }

    /// Whether something was searched for in it.
    pub fn is_lit(&self) -> bool {
        self.0.iter().any(|piece| piece.lit)
    }

    /// Its text.
    #[cfg(test)]
    pub fn text(&self) -> String {
        self.0.iter().map(|piece| piece.text.as_str()).collect()
    }

    /// As it is drawn, over a style that it stands on.
    pub fn line(&self, base: Style, theme: &Theme) -> Line<'_> {
        let spans = self.0.iter().map(|piece| {
            let style = piece.ink.style(theme, base);
            Span::styled(piece.text.as_str(), if piece.lit { style.patch(theme.accent) } else { style })
        });
        spans.collect()
    }
}

/// Text to be broken into rows: its looks, and where what was searched for is.
#[derive(Clone, Debug, Default)]
pub struct Flow {
    /// All of it.
    pub text: String,
    /// Where each look ends, in order.
    pub runs: Vec<(usize, Ink)>,
    lit: Vec<Range<usize>>,
}

impl Flow {
    /// Words as they were typed; `lit` are ranges of them.
    pub fn plain(words: &str, lit: &[Range<usize>]) -> Self {
        let mut flow = Self::default();
        flow.push(words, Ink::default(), 0..words.len(), lit);
        flow
    }

    /// Adds some text that stands at `source` in the text in which `lit` are ranges.
    pub fn push(&mut self, words: &str, ink: Ink, source: Range<usize>, lit: &[Range<usize>]) {
        let start = self.text.len();
        // Names of characters become such; none of these may pass.
        if words.split('\n').all(text::is_clean) {
            self.text.push_str(words);
        } else {
            self.text.push_str(&text::clean_lines(words));
        }
        let end = self.text.len();
        let is_exact = end - start == source.len();
        let touches =
            |range: &&Range<usize>| !range.is_empty() && range.start < source.end && range.end > source.start;
        for range in lit.iter().filter(touches) {
            let at = |place: usize| start + place.clamp(source.start, source.end) - source.start;
            let own = if is_exact { at(range.start)..at(range.end) } else { start..end };
            self.lit.push(own);
        }
        self.tint(end, ink);
    }

    /// Adds text of ours.
    pub fn add(&mut self, words: &str, ink: Ink) {
        self.push(words, ink, 0..0, &[]);
    }

    /// Adds all of another.
    pub fn join(&mut self, other: Self) {
        let start = self.text.len();
        self.text.push_str(&other.text);
        other.runs.into_iter().for_each(|(end, ink)| self.tint(start + end, ink));
        self.lit.extend(other.lit.into_iter().map(|lit| start + lit.start..start + lit.end));
    }

    fn tint(&mut self, end: usize, ink: Ink) {
        match self.runs.last_mut() {
            Some((last, held)) if *held == ink => *last = end,
            _ => self.runs.push((end, ink)),
        }
    }

    /// Broken into rows of at most `columns`, never inside a grapheme.
    pub fn rows(&self, columns: usize) -> Vec<Row> {
        let cut = |(indent, range): (usize, Range<usize>)| {
            let mut pieces = self.cut(range);
            if indent > 0 {
                pieces.insert(0, Piece::new(" ".repeat(indent), Ink::default()));
            }
            Row(pieces)
        };
        broken(&self.text, columns).into_iter().map(cut).collect()
    }

    /// The pieces of a range.
    fn cut(&self, range: Range<usize>) -> Vec<Piece> {
        let (mut pieces, mut at) = (Vec::new(), range.start);
        let mut run = self.runs.partition_point(|(end, _)| *end <= at);
        let mut lit = self.lit.partition_point(|lit| lit.end <= at);
        while at < range.end {
            while self.runs.get(run).is_some_and(|(end, _)| *end <= at) {
                run += 1;
            }
            while self.lit.get(lit).is_some_and(|lit| lit.end <= at) {
                lit += 1;
            }
            let (run_end, ink) = self.runs.get(run).copied().unwrap_or((range.end, Ink::default()));
            let (lit_end, is_lit) = match self.lit.get(lit) {
                Some(lit) if lit.start <= at => (lit.end, true),
                Some(lit) => (lit.start, false),
                None => (range.end, false),
            };
            let end = run_end.min(lit_end).min(range.end);
            let text = self.text.get(at..end).unwrap_or_default().to_owned();
            pieces.push(Piece { text, ink, lit: is_lit });
            at = end;
        }
        pieces
    }
}

/// How wide one line of text is: most is ASCII.
fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text::width(text) }
}

/// The rows of a text: how far each is indented, and which part it shows. What is
/// indented stays so as far as there is room.
fn broken(text: &str, columns: usize) -> Vec<(usize, Range<usize>)> {
    let (mut rows, mut from) = (Vec::new(), 0);
    for paragraph in text.split('\n') {
        let flush = paragraph.trim_start_matches(' ');
        let spaces = paragraph.len() - flush.len();
        let indent = if spaces + NARROW > columns { 0 } else { spaces };
        let first = rows.len();
        break_flush(text, from + spaces..from + paragraph.len(), columns - indent, &mut rows);
        rows.iter_mut().skip(first).for_each(|(held, _)| *held = indent);
        from += paragraph.len() + 1;
    }
    rows
}

fn break_flush(text: &str, part: Range<usize>, columns: usize, rows: &mut Vec<(usize, Range<usize>)>) {
    let words = text.get(part.clone()).unwrap_or_default();
    let (mut line, mut used): (Option<Range<usize>>, usize) = (None, 0);
    let mut at = part.start;
    for word in words.split(' ') {
        let (start, end, wide) = (at, at + word.len(), width(word));
        at = end + 1;
        match &mut line {
            Some(line) if used + (start - line.end) + wide <= columns => {
                used += start - line.end + wide;
                line.end = end;
                continue;
            }
            Some(line) if !word.is_empty() => rows.push((0, line.clone())),
            Some(_) => continue,
            None if word.is_empty() => continue,
            None => {}
        }
        let rest = break_word(text, start..end, wide, columns, rows);
        used = width(text.get(rest.clone()).unwrap_or_default());
        line = Some(rest);
    }
    rows.push((0, line.unwrap_or(part.end..part.end)));
}

/// Full rows of an overlong word; gives back the rest of it.
fn break_word(
    text: &str,
    word: Range<usize>,
    wide: usize,
    columns: usize,
    rows: &mut Vec<(usize, Range<usize>)>,
) -> Range<usize> {
    if wide <= columns {
        return word;
    }
    let (mut from, mut used) = (word.start, 0);
    for (at, grapheme) in text.get(word.clone()).unwrap_or_default().grapheme_indices(true) {
        let (at, wide) = (word.start + at, width(grapheme));
        if used + wide > columns && used > 0 {
            rows.push((0, from..at));
            (from, used) = (at, 0);
        }
        used += wide;
    }
    from..word.end
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_lit_stays_on_its_characters_when_rows_break() {
        let words = "Uploads  fail when the network drops:\nmake them retry";
        let rows = Flow::plain(words, &[0..7, 23..30, 48..53]).rows(20);
        let lit: Vec<&str> = rows
            .iter()
            .flat_map(|row| row.0.iter().filter(|piece| piece.lit).map(|piece| piece.text.as_str()))
            .collect();
        assert_eq!(lit, ["Uploads", "network", "retry"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn rows_fit_and_lose_nothing(
            words in "(\\PC|外| |  |👩‍👩‍👧|\n){0,60}", cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
            columns in 2usize..40,
        ) {
            let mut bounds: Vec<usize> =
                cuts.iter().map(|cut| words.floor_char_boundary(cut.index(words.len() + 1))).collect();
            bounds.sort_unstable();
            let lit: Vec<Range<usize>> = bounds.chunks_exact(2).map(|pair| pair[0]..pair[1]).collect();
            let rows = Flow::plain(&words, &lit).rows(columns);
            let letters = |text: &str| text.chars().filter(|c| !matches!(c, ' ' | '\n')).collect::<String>();
            let shown: String = rows.iter().map(Row::text).collect();
            prop_assert_eq!(letters(&shown), letters(&text::clean_lines(&words)));
            for row in &rows {
                let text = row.text();
                let one = text.trim_start_matches(' ').graphemes(true).count() == 1;
                prop_assert!(text::width(&text) <= columns || one, "{text:?}");
            }
        }
    }
}

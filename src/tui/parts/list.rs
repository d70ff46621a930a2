//! A list with one selected row, and rows whose title is never squeezed out.

use std::ops::Range;

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation;

use crate::text;
use crate::tui::message::Intent;
use crate::tui::parts::theme::Theme;

/// Which row is selected, and which is the first one shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The selected row.
    pub at: usize,
    /// The first row on the screen.
    pub top: usize,
}

impl Cursor {
    /// Moves as asked among `len` rows of which `page` are shown; `false` when
    /// the intent is not one that moves.
    pub fn handle(&mut self, intent: Intent, len: usize, page: usize) -> bool {
        let last = len.saturating_sub(1);
        self.at = match intent {
            Intent::Up => self.at.saturating_sub(1),
            Intent::Down => (self.at + 1).min(last),
            Intent::PageUp => self.at.saturating_sub(page.max(1)),
            Intent::PageDown => (self.at + page.max(1)).min(last),
            Intent::First => 0,
            Intent::Last => last,
            _ => return false,
        };
        self.hold(len, page);
        true
    }

    /// Keeps the selection inside the list and on the screen.
    pub fn hold(&mut self, len: usize, page: usize) {
        let page = page.max(1);
        self.at = self.at.min(len.saturating_sub(1));
        self.top = self.top.clamp((self.at + 1).saturating_sub(page), self.at).min(len.saturating_sub(page));
    }
}

/// A line scrolled to, in text longer than its room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scroll(pub usize);

impl Scroll {
    /// Moves as asked in `len` lines of which `page` are shown.
    pub fn handle(&mut self, intent: Intent, len: usize, page: usize) -> bool {
        let last = len.saturating_sub(page);
        self.0 = match intent {
            Intent::Up => self.0.min(last).saturating_sub(1),
            Intent::Down => (self.0 + 1).min(last),
            Intent::PageUp => self.0.min(last).saturating_sub(page.max(1)),
            Intent::PageDown => (self.0 + page.max(1)).min(last),
            Intent::First => 0,
            Intent::Last => last,
            _ => return false,
        };
        true
    }
}

/// One quiet thing at the right of a row. Those that come first give way first.
pub struct Meta {
    /// What it says.
    pub text: String,
    /// Its column's width, so that rows line up.
    pub width: usize,
    /// How it looks.
    pub style: Style,
    /// It does not give way to a title.
    firm: bool,
    /// It gives way down to so many columns, and no further.
    least: usize,
}

impl Meta {
    /// Something that gives way to a title, unless it is the last.
    pub fn new(text: impl Into<String>, width: usize, style: Style) -> Self {
        Self { text: text.into(), width, style, firm: false, least: 0 }
    }

    /// The same, shortened rather than left out.
    #[must_use]
    pub fn shortened(self, least: usize) -> Self {
        Self { least: least.min(self.width), ..self }
    }

    /// Gives up to so many columns away; how many.
    fn shrink(&mut self, by: usize) -> usize {
        let gone = by.min(self.width - self.least);
        self.width -= gone;
        gone
    }

    /// The same, giving way to no title.
    #[must_use]
    pub fn firm(self) -> Self {
        Self { firm: true, ..self }
    }
}

/// The selected row's mark, also without colour.
pub fn mark(selected: bool) -> &'static str {
    if selected { "▌ " } else { "  " }
}

/// The same as it stands in a row.
fn marked(selected: bool, theme: &Theme) -> Span<'static> {
    let style = if selected { theme.chosen } else { theme.accent };
    Span::styled(mark(selected), style)
}

/// A row: mark, title, and what fits at the right of it. `lit` are the
/// graphemes of the title to light up.
pub fn row(
    title: &str,
    lit: &[u32],
    metas: Vec<Meta>,
    width: u16,
    style: Style,
    selected: bool,
    theme: &Theme,
) -> Line<'static> {
    let width = usize::from(width);
    let mut room = width.saturating_sub(2);
    let wanted: usize = metas.iter().map(|meta| meta.width + 2).sum();
    // half of the row is the title's, whatever its length: so all rows line up
    let mut excess = (wanted + room / 2).saturating_sub(room);
    let mut kept: Vec<Meta> = Vec::new();
    let last = metas.len().saturating_sub(1);
    for (at, mut meta) in metas.into_iter().enumerate() {
        if excess > 0 && meta.least > 0 {
            excess -= meta.shrink(excess);
        }
        if excess > 0 && at < last && !meta.firm && meta.least == 0 {
            excess = excess.saturating_sub(meta.width + 2);
        } else {
            room = room.saturating_sub(meta.width + 2);
            kept.push(meta);
        }
    }
    // a longer title takes more, one column after the other; what is left still
    // lines up with the other rows
    while text::width(title) > room && kept.len() > 1 && !kept[0].firm {
        if kept[0].least > 0 {
            room += kept[0].shrink(text::width(title) - room);
            break;
        }
        room += kept.remove(0).width + 2;
    }
    // a selected row is of one piece: colours on a reversed one read badly
    let (base, style) = if selected { (theme.chosen, Style::new()) } else { (Style::new(), style) };
    let mut spans = vec![marked(selected, theme)];
    spans.extend(lighten(&text::pad(title, room), lit, base.patch(style), theme));
    for meta in kept {
        spans.push(Span::styled("  ", base));
        let gap = meta.width.saturating_sub(text::width(&meta.text));
        spans.push(Span::styled(
            format!("{}{}", " ".repeat(gap), text::fit(&meta.text, meta.width)),
            if selected { base } else { base.patch(meta.style) },
        ));
    }
    Line::from(spans)
}

/// Rows of the screen that an entry takes: two where there is room, also beside the
/// notes at the foot.
pub fn row_height(room: Rect) -> u16 {
    if room.height >= 16 { 2 } else { 1 }
}

/// The second row of an entry: quiet words, some of whose graphemes are lit up,
/// and something at their right.
pub fn under(
    words: &str,
    lit: &[u32],
    right: Vec<Span<'static>>,
    width: u16,
    selected: bool,
    theme: &Theme,
) -> Line<'static> {
    let taken: usize = right.iter().map(Span::width).sum();
    let gap = if taken > 0 { 2 } else { 0 };
    let room = usize::from(width).saturating_sub(4 + taken + gap);
    // a selected entry is of one piece, both its rows
    let (base, style) = if selected { (theme.chosen, theme.chosen) } else { (Style::new(), theme.quiet) };
    let mut spans = vec![marked(selected, theme), Span::styled("  ", base)];
    spans.extend(lighten(&text::pad(words, room), lit, style, theme));
    spans.push(Span::styled(" ".repeat(gap), base));
    spans.extend(right.into_iter().map(|span| if selected { span.style(base) } else { span }));
    Line::from(spans)
}

/// The same of short facts, the weightiest first: what does not fit is left out whole.
pub fn under_facts(
    facts: &[String],
    right: Vec<Span<'static>>,
    width: u16,
    selected: bool,
    theme: &Theme,
) -> Line<'static> {
    const DOT: &str = " · ";
    let taken: usize = right.iter().map(Span::width).sum();
    let room = usize::from(width).saturating_sub(4 + if taken > 0 { taken + 2 } else { 0 });
    let mut words = String::new();
    for fact in facts {
        if words.is_empty() {
            words.push_str(fact);
        } else if text::width(&words) + text::width(DOT) + text::width(fact) <= room {
            words = words + DOT + fact;
        }
    }
    under(&words, &[], right, width, selected, theme)
}

/// The graphemes of a text that some byte ranges touch; the ranges in order.
pub fn graphemes(text: &str, ranges: &[Range<usize>]) -> Vec<u32> {
    let touched = |at: usize, grapheme: &str| {
        let next = ranges.partition_point(|range| range.end <= at);
        ranges.get(next).is_some_and(|range| range.start < at + grapheme.len())
    };
    let places = text.grapheme_indices(true).zip(0..);
    places.filter(|((at, grapheme), _)| touched(*at, grapheme)).map(|(_, place)| place).collect()
}

/// A thin line of which so much is full.
pub fn bar(part: i64, whole: i64, columns: u16, full: Style, rest: Style) -> Vec<Span<'static>> {
    let columns = usize::from(columns);
    let part = usize::try_from(part.clamp(0, whole.max(1))).unwrap_or(0);
    let whole = usize::try_from(whole.max(1)).unwrap_or(1);
    // something is left until nothing is
    let filled = (part * columns).div_ceil(whole).min(columns);
    vec![Span::styled("━".repeat(filled), full), Span::styled("╌".repeat(columns - filled), rest)]
}

/// Text with some of its graphemes lit up; `lit` in order.
pub fn lighten(shown: &str, lit: &[u32], style: Style, theme: &Theme) -> Vec<Span<'static>> {
    if lit.is_empty() {
        return vec![Span::styled(shown.to_owned(), style)];
    }
    let mut spans: Vec<Span<'static>> = Vec::new();
    let mut run = String::new();
    let mut run_lit = false;
    for (at, grapheme) in shown.graphemes(true).enumerate() {
        let is_lit = u32::try_from(at).is_ok_and(|at| lit.binary_search(&at).is_ok());
        if is_lit != run_lit && !run.is_empty() {
            spans.push(Span::styled(
                std::mem::take(&mut run),
                if run_lit { style.patch(theme.accent) } else { style },
            ));
        }
        run_lit = is_lit;
        run.push_str(grapheme);
    }
    spans.push(Span::styled(run, if run_lit { style.patch(theme.accent) } else { style }));
    spans
}

/// The row of a list that a click at `row` hits, where each takes `height`.
pub fn hit(area: Rect, row: u16, height: u16, cursor: &Cursor, len: usize) -> Option<usize> {
    let below = row.checked_sub(area.y)?;
    let at = cursor.top + usize::from(below / height.max(1));
    (row < area.bottom() && at < len).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_stays_inside() {
        let mut cursor = Cursor::default();
        for intent in
            [Intent::Up, Intent::Last, Intent::PageDown, Intent::Down, Intent::First, Intent::PageUp]
        {
            cursor.handle(intent, 0, 5);
            assert_eq!(cursor, Cursor::default());
        }
        cursor.handle(Intent::Last, 20, 5);
        assert_eq!(cursor, Cursor { at: 19, top: 15 });
        cursor.hold(8, 5);
        assert_eq!(cursor, Cursor { at: 7, top: 3 });
    }

    #[test]
    fn facts_are_shown_whole_or_not_at_all() {
        let theme = Theme::sixteen();
        let facts = ["from anna", "one-time", "webshop on desk", "now"].map(str::to_owned);
        for (width, shown) in [
            (80, "from anna · one-time · webshop on desk · now"),
            (38, "from anna · one-time · now"),
            (20, "from anna · now"),
            (10, "from…"),
        ] {
            let line = under_facts(&facts, Vec::new(), width, false, &theme);
            let text: String = line.spans.iter().map(|span| span.content.as_ref()).collect();
            assert_eq!(text.trim(), shown, "{width}");
        }
    }

    #[test]
    fn the_title_outlives_what_stands_beside_it() {
        let theme = Theme::sixteen();
        for width in 0..80u16 {
            let metas = [("3.1 MB", 8), ("main", 10), ("webshop", 12), ("2 h ago", 10)]
                .map(|(text, width)| Meta::new(text, width, Style::new()));
            let line = row(
                "外주 👩‍👩‍👧‍👦 a title of some length",
                &[1, 2],
                metas.into(),
                width,
                Style::new(),
                true,
                &theme,
            );
            assert!(line.width() <= usize::from(width).max(14), "{width}: {line}");
            if width > 40 {
                assert!(
                    line.to_string().contains("a title") && line.to_string().contains("2 h ago"),
                    "{line}"
                );
            }
        }
    }
}

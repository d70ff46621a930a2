//! What panes are made of. Parts know no pane.

mod code;
pub mod confirm;
pub mod dialog;
pub mod flow;
pub mod form;
pub mod help;
pub mod list;
pub mod markdown;
pub mod palette;
pub mod search;
pub mod theme;
pub mod toast;
mod typed;

use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear};

use super::message::{Context, Effect, Intent, Now, Report};
use crate::text;
use theme::Theme;

/// What drawing may look at beside the state itself.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// The clocks of this turn.
    pub now: Now,
    /// How things look.
    pub theme: &'a Theme,
    /// The user's home folder.
    pub home: Option<&'a std::path::Path>,
}

impl Look<'_> {
    /// A path of this machine as people write it: the home folder is `~`.
    pub fn path(&self, path: &str) -> String {
        text::with_tilde(path, self.home)
    }

    /// Words in which a path of this machine may stand.
    pub fn words(&self, words: &str) -> String {
        let home = self.home.and_then(std::path::Path::to_str).filter(|home| home.len() > 1);
        home.map_or_else(|| words.to_owned(), |home| words.replace(&format!("{home}/"), "~/"))
    }

    /// The spinner's frame for this moment.
    pub fn spinner(&self) -> &'static str {
        const FRAMES: [&str; 8] = ["⠋", "⠙", "⠸", "⢰", "⣠", "⣄", "⡆", "⠇"];
        let at = self.now.since.as_millis() / SPIN.as_millis();
        FRAMES[usize::try_from(at % 8).unwrap_or_default()]
    }
}

/// How long each frame of the spinner stands.
pub const SPIN: Duration = Duration::from_millis(120);

/// A part of the screen that takes keys and draws itself: a pane, or something
/// that lies over one. Focus comes from its state, never from what was drawn.
pub trait View {
    /// Whose keys hold.
    fn context(&self) -> Context;

    /// Whether the focused field is a choice.
    fn choosing(&self) -> bool {
        false
    }

    /// Whether there is something now that this could be done with; what is not
    /// offered stands in no footer.
    fn offers(&self, _intent: Intent) -> bool {
        true
    }

    /// Whether Esc would leave something here.
    fn can_leave(&self) -> bool {
        true
    }

    /// Whether a second click at this place does what Enter does.
    fn is_row(&self, _column: u16, _row: u16) -> bool {
        false
    }

    /// How many things wait in it, for its tab.
    fn count(&self) -> usize {
        0
    }

    /// Does what a key asked for.
    fn handle(&mut self, intent: Intent, now: &Now) -> Vec<Effect>;

    /// A key that is not bound: text, where text is typed.
    fn typed(&mut self, _key: KeyEvent, _now: &Now) -> Vec<Effect> {
        Vec::new()
    }

    /// Pasted text, its line ends included: no field takes one.
    fn paste(&mut self, _text: &str, _now: &Now) -> Vec<Effect> {
        Vec::new()
    }

    /// An Enter that came with a burst of characters and was not obeyed.
    fn burst(&mut self) {}

    /// Something the background found out that is not its own.
    fn report(&mut self, _report: &Report, _now: &Now) -> Vec<Effect> {
        Vec::new()
    }

    /// The same of what it owns.
    fn receive(&mut self, _report: Report, _now: &Now) -> Vec<Effect> {
        Vec::new()
    }

    /// A click at a place inside the view's area.
    fn click(&mut self, _column: u16, _row: u16, _now: &Now) -> Vec<Effect> {
        Vec::new()
    }

    /// The wheel was turned over a place inside the view's area.
    fn wheel(&mut self, _column: u16, up: bool, now: &Now) -> Vec<Effect> {
        self.handle(if up { Intent::Up } else { Intent::Down }, now)
    }

    /// The room it will be drawn in.
    fn set_room(&mut self, _room: Rect) {}

    /// Called once before a draw: work that follows from where the state came
    /// to rest, such as reading the preview of the row that is selected now.
    fn settle(&mut self) -> Vec<Effect> {
        Vec::new()
    }

    /// How long until something that it shows changes by itself.
    fn changes(&self, _now: &Now) -> Option<Duration> {
        None
    }

    /// Draws itself.
    fn draw(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>);
}

/// The time until `seconds` whole ones more have passed on the wall clock.
pub fn whole_seconds(seconds: i64, now: &Now) -> Duration {
    let into = Duration::from_nanos(u64::from(now.local.timestamp_subsec_nanos()));
    Duration::from_secs(u64::try_from(seconds.max(1)).unwrap_or(1)).saturating_sub(into)
}

/// From this width on, a list has its detail beside it.
pub const TWO_PANES: u16 = 100;

/// A list's area and, where the width allows, its detail's.
pub fn split(area: Rect) -> (Rect, Option<Rect>) {
    if area.width < TWO_PANES {
        return (area, None);
    }
    let [list, _, detail] =
        Layout::horizontal([Constraint::Percentage(54), Constraint::Length(3), Constraint::Fill(1)])
            .areas(area);
    (list, Some(detail))
}

/// Draws the line between a list and its detail, where they stand side by side.
pub fn rule(frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
    let (list, Some(_)) = split(area) else { return };
    let x = list.right() + 1;
    for y in area.top()..area.bottom() {
        frame.render_widget(Span::styled("│", look.theme.quiet), Rect { x, y, width: 1, height: 1 });
    }
}

/// Where a detail stands: beside its list, or in its place with a margin.
pub fn detail_area(area: Rect) -> Rect {
    split(area).1.unwrap_or_else(|| inset(area))
}

/// An area without its first and last column.
pub fn inset(area: Rect) -> Rect {
    Rect { x: area.x + 1.min(area.width), width: area.width.saturating_sub(2), ..area }
}

/// An area of at most this size in the middle of another.
pub fn centred(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect::new(area.x + (area.width - width) / 2, area.y + (area.height - height) / 2, width, height)
}

/// Takes the room for a box over what is there, with a title in its border;
/// gives the area inside.
pub fn boxed(frame: &mut Frame<'_>, area: Rect, title: &str, style: Style) -> Rect {
    let title = format!(" {} ", text::fit(title, usize::from(area.width.saturating_sub(6))));
    let block = Block::bordered().border_type(BorderType::Rounded).border_style(style).title(title);
    let inner = block.inner(area);
    uncover(frame, area);
    frame.render_widget(Clear, area);
    frame.render_widget(block, area);
    Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
}

/// A wide character that reaches into the box from its left would hide its
/// border: it goes.
fn uncover(frame: &mut Frame<'_>, area: Rect) {
    let Some(left) = area.x.checked_sub(1) else { return };
    let buffer = frame.buffer_mut();
    for y in area.top()..area.bottom() {
        if let Some(cell) = buffer.cell_mut((left, y)).filter(|cell| text::width(cell.symbol()) > 1) {
            cell.set_symbol(" ");
        }
    }
}

/// Draws lines from the top of an area, as many as fit.
pub fn lines(frame: &mut Frame<'_>, area: Rect, lines: &[Line<'_>]) {
    for (at, line) in lines.iter().take(usize::from(area.height)).enumerate() {
        let row = Rect { y: area.y + u16::try_from(at).unwrap_or(u16::MAX), height: 1, ..area };
        frame.render_widget(line, row);
    }
}

/// In fewer columns nothing is indented.
const NARROW: usize = 12;

/// Words broken into lines of at most `columns`, never inside a grapheme. What
/// is indented stays so, as far as there is room: code reads badly without.
pub fn wrap(words: &str, columns: usize) -> Vec<String> {
    let mut out = Vec::new();
    for paragraph in words.split('\n') {
        let flush = paragraph.trim_start_matches(' ');
        let indent = paragraph.len() - flush.len();
        if indent == 0 || indent + NARROW > columns {
            wrap_flush(flush, columns, &mut out);
            continue;
        }
        let from = out.len();
        wrap_flush(flush, columns - indent, &mut out);
        out.iter_mut().skip(from).for_each(|line| line.insert_str(0, &" ".repeat(indent)));
    }
    out
}

fn wrap_flush(paragraph: &str, columns: usize, out: &mut Vec<String>) {
    let mut line = String::new();
    for word in paragraph.split(' ') {
        let space = usize::from(!line.is_empty());
        if text::width(&line) + space + text::width(word) <= columns {
            if space == 1 {
                line.push(' ');
            }
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            out.push(std::mem::take(&mut line));
        }
        line = break_word(word, columns, out);
    }
    out.push(line);
}

/// Puts all full lines of an overlong word into `out` and gives back the rest.
fn break_word(word: &str, columns: usize, out: &mut Vec<String>) -> String {
    use unicode_segmentation::UnicodeSegmentation;
    let mut line = String::new();
    let mut used = 0;
    for grapheme in word.graphemes(true) {
        let wide = text::width(grapheme);
        if used + wide > columns && used > 0 {
            out.push(std::mem::take(&mut line));
            used = 0;
        }
        used += wide;
        line.push_str(grapheme);
    }
    line
}

/// A label and its value, for details.
pub fn fact<'a>(label: &'static str, value: impl Into<String>, look: &Look<'_>) -> Line<'a> {
    Line::from(vec![
        Span::styled(text::pad(label, 11), look.theme.quiet),
        Span::styled(value.into(), look.theme.text),
    ])
}

/// As [`fact`], its value wrapped to the room there is.
pub fn long_fact<'a>(label: &'static str, value: &str, width: u16, look: &Look<'_>) -> Vec<Line<'a>> {
    wrap(value, usize::from(width).saturating_sub(11).max(1))
        .into_iter()
        .enumerate()
        .map(|(at, line)| fact(if at == 0 { label } else { "" }, line, look))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn wrapped_lines_fit_and_lose_nothing(words in "(\\PC|外| |👩‍👩‍👧|\n){0,60}", columns in 2usize..40) {
            let lines = wrap(&words, columns);
            for line in &lines {
                // one grapheme can be wider than all the room there is
                let shown = line.trim_start_matches(' ');
                let one = unicode_segmentation::UnicodeSegmentation::graphemes(shown, true).count() == 1;
                prop_assert!(text::width(line) <= columns || one, "{line:?}");
            }
            let first = |text: &str| text.chars().take_while(|c| *c == ' ').count();
            let indent = first(words.split('\n').next().unwrap_or_default());
            prop_assert!(indent + NARROW > columns || lines.first().is_some_and(|line| first(line) == indent));
            let letters = |text: &str| text.chars().filter(|c| !matches!(c, ' ' | '\n')).collect::<String>();
            prop_assert_eq!(letters(&lines.concat()), letters(&words));
        }
    }
}

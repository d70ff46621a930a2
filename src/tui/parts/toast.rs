//! Notes at the foot of the screen, in rows of their own: they cover nothing. Most
//! go by themselves; what failed stays until it is put away, and can be tried again.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

use super::{Look, wrap};
use crate::text;
use crate::tui::message::{Action, Note, Now, Tone};

const SHORT: Duration = Duration::from_secs(5);
const LONG: Duration = Duration::from_secs(12);
/// Notes that are kept.
const MOST: usize = 4;
/// Rows that the newest one may take; an older one has one.
const NEWEST: usize = 5;

/// What a key does while its note is shown.
#[derive(Debug)]
pub enum Offer {
    /// `r`: repeat it.
    Again(Box<Action>),
    /// `u`: the handoffs with these tokens are not revoked after all.
    Undo(Vec<String>),
}

impl Offer {
    fn words(&self) -> &'static str {
        match self {
            Self::Again(_) => "r tries again",
            Self::Undo(_) => "u undoes",
        }
    }
}

#[derive(Debug)]
struct Shown {
    note: Note,
    /// When it goes; `None`: when it is put away.
    until: Option<Duration>,
    /// Until when it may stand in the row of something else.
    news: Option<Duration>,
    offer: Option<Offer>,
}

impl Shown {
    /// Which keys it is answered with.
    fn keys(&self) -> String {
        let stays = self.until.is_none().then_some("Esc closes");
        let keys: Vec<&str> = self.offer.as_ref().map(Offer::words).into_iter().chain(stays).collect();
        keys.join(" · ")
    }

    fn mark(&self, look: &Look<'_>) -> Span<'static> {
        let (mark, style) = match self.note.tone {
            Tone::Good => ("✓ ", look.theme.good),
            Tone::Plain => ("• ", look.theme.accent),
            Tone::Bad => ("✗ ", look.theme.bad),
        };
        Span::styled(mark, style)
    }

    /// All of it, with this between its lines.
    fn joined(&self, by: &str) -> String {
        let lines = std::iter::once(&self.note.title).chain(&self.note.lines);
        lines.map(String::as_str).collect::<Vec<_>>().join(by)
    }

    /// As much of it as fits one row: whole lines, but of why something failed any part
    /// is better than none.
    fn in_a_row(&self, columns: usize) -> String {
        let mut words = text::fit(&self.note.title, columns);
        for line in &self.note.lines {
            let more = format!("{words} {line}");
            if text::width(&more) > columns {
                return if self.note.tone == Tone::Bad { text::fit(&more, columns) } else { words };
            }
            words = more;
        }
        words
    }

    /// Its rows, of at most `most`; the last ends in its keys.
    fn rows(&self, columns: usize, most: usize) -> Vec<String> {
        let (words, keys) = (self.joined(" "), self.keys());
        let tail = if keys.is_empty() { 0 } else { text::width(&keys) + 2 };
        if most <= 1 || text::width(&words) + tail <= columns {
            return vec![text::fit(&words, columns.saturating_sub(tail))];
        }
        // its lines apart, where there is room
        let mut rows = wrap(&self.joined("\n"), columns);
        if rows.len() > most {
            rows = wrap(&words, columns);
        }
        let fits = |rows: &[String]| rows.last().is_none_or(|last| text::width(last) + tail <= columns);
        if rows.len() < most && !fits(&rows) {
            rows.push(String::new());
        }
        if rows.len() > most || !fits(&rows) {
            let rest = rows.split_off(most.min(rows.len()) - 1).join(" ");
            rows.push(text::fit(&rest, columns.saturating_sub(tail)));
        }
        rows
    }
}

/// The notes on the screen, oldest first.
#[derive(Debug, Default)]
pub struct Toasts {
    shown: Vec<Shown>,
}

impl Toasts {
    /// Shows a note; it replaces its older self and one on the same topic. What
    /// failed stays.
    pub fn say(&mut self, note: Note, now: &Now) {
        let stays = note.stays || note.tone == Tone::Bad;
        let time = if note.lines.is_empty() { SHORT } else { LONG };
        self.show(note, (!stays).then_some(time), None, now);
    }

    /// The same of something that can be tried again.
    pub fn say_failed(&mut self, note: Note, again: Action, now: &Now) {
        self.show(note, None, Some(Offer::Again(Box::new(again))), now);
    }

    /// The same of what is revoked after so long.
    pub fn say_revoking(&mut self, note: Note, tokens: Vec<String>, time: Duration, now: &Now) {
        self.show(note, Some(time), Some(Offer::Undo(tokens)), now);
    }

    fn show(&mut self, note: Note, time: Option<Duration>, offer: Option<Offer>, now: &Now) {
        let is_same = |shown: &Note| shown.title == note.title && shown.lines == note.lines;
        let replaces = |shown: &Note| note.topic.is_some() && shown.topic == note.topic;
        self.shown.retain(|shown| !is_same(&shown.note) && !replaces(&shown.note));
        let until = time.map(|time| now.since + time);
        self.shown.push(Shown { note, until, news: Some(now.since + LONG), offer });
        if self.shown.len() > MOST {
            let goes = self.shown.iter().position(|shown| shown.until.is_some()).unwrap_or(0);
            self.shown.remove(goes);
        }
    }

    /// Takes away those whose time is over.
    pub fn sweep(&mut self, now: &Now) {
        self.shown.retain(|shown| shown.until.is_none_or(|until| until > now.since));
        for shown in &mut self.shown {
            shown.news = shown.news.filter(|until| *until > now.since);
        }
    }

    /// When the next one goes, or is no news any more.
    pub fn next(&self) -> Option<Duration> {
        self.shown.iter().flat_map(|shown| [shown.until, shown.news]).flatten().min()
    }

    /// Takes away the newest that stays until dismissed, or with `any` the newest of all,
    /// but none that a revoke is undone by: it goes soon.
    pub fn dismiss(&mut self, any: bool) -> bool {
        let goes =
            |shown: &Shown| shown.until.is_none() || any && !matches!(shown.offer, Some(Offer::Undo(_)));
        let at = self.shown.iter().rposition(goes);
        at.map(|at| self.shown.remove(at)).is_some()
    }

    /// Where the newest failure is that can be tried again.
    fn failure(&self) -> Option<usize> {
        self.shown.iter().rposition(|shown| matches!(shown.offer, Some(Offer::Again(_))))
    }

    /// Where the newest revoke is that can be undone.
    fn revoke(&self) -> Option<usize> {
        self.shown.iter().rposition(|shown| matches!(shown.offer, Some(Offer::Undo(_))))
    }

    /// Whether the newest failure can be tried again.
    pub fn can_try_again(&self) -> bool {
        self.failure().is_some()
    }

    /// Whether something can be undone.
    pub fn can_undo(&self) -> bool {
        self.revoke().is_some()
    }

    /// What failed last, to be tried again; its note goes.
    pub fn try_again(&mut self) -> Option<Action> {
        match self.shown.remove(self.failure()?).offer {
            Some(Offer::Again(action)) => Some(*action),
            _ => None,
        }
    }

    /// What is to be revoked last, to be kept; its note goes.
    pub fn undo(&mut self) -> Option<Vec<String>> {
        match self.shown.remove(self.revoke()?).offer {
            Some(Offer::Undo(tokens)) => Some(tokens),
            _ => None,
        }
    }

    /// Each note's rows, oldest first, in at most so many rows: where they are too
    /// few, the newest are told.
    fn laid_out(&self, width: u16, most: u16) -> Vec<(&Shown, Vec<String>)> {
        let columns = usize::from(width).saturating_sub(4).max(8);
        let mut left = usize::from(most);
        let mut out: Vec<(&Shown, Vec<String>)> = Vec::new();
        for (at, shown) in self.shown.iter().rev().enumerate() {
            let rows = shown.rows(columns, if at == 0 { NEWEST.min(left) } else { 1 });
            if rows.len() > left {
                break;
            }
            left -= rows.len();
            out.insert(0, (shown, rows));
        }
        out
    }

    /// Rows that the notes take of at most so many.
    pub fn height(&self, width: u16, most: u16) -> u16 {
        let rows = self.laid_out(width, most).iter().map(|(_, rows)| rows.len()).sum::<usize>();
        u16::try_from(rows).unwrap_or(most)
    }

    /// Draws the notes, the newest at the foot.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let mut y = area.y;
        for (shown, rows) in self.laid_out(area.width, area.height) {
            let last = rows.len() - 1;
            for (at, row) in rows.into_iter().enumerate() {
                let mark = if at == 0 { shown.mark(look) } else { Span::raw("  ") };
                let gap = if row.is_empty() { "" } else { "  " };
                let mut spans = vec![Span::raw(" "), mark, Span::styled(row, look.theme.text)];
                if at == last {
                    spans.push(Span::styled(format!("{gap}{}", shown.keys()), look.theme.quiet));
                }
                frame.render_widget(Line::from(spans), Rect { y, height: 1, ..area });
                y += 1;
            }
        }
    }

    /// Draws the newest note in a row that is something else's, while it is news;
    /// whether there is one.
    pub fn draw_news(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) -> bool {
        let Some(shown) = self.shown.iter().rev().find(|shown| shown.news.is_some()) else { return false };
        let words = shown.in_a_row(usize::from(area.width).saturating_sub(4));
        // nothing of what stood here may shine through
        frame.render_widget(Clear, area);
        frame.render_widget(
            Line::from(vec![Span::raw(" "), shown.mark(look), Span::styled(words, Style::new())]),
            area,
        );
        true
    }
}

//! Notes that stack in a corner and go by themselves, but for those that hold
//! what is not shown again.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{Look, boxed, lines, wrap};
use crate::text;
use crate::tui::message::{Note, Now, Tone};

const SHORT: Duration = Duration::from_secs(5);
const LONG: Duration = Duration::from_secs(12);
const MOST: usize = 4;

/// The notes on the screen, oldest first.
#[derive(Debug, Default)]
pub struct Toasts {
    shown: Vec<(Note, Option<Duration>)>,
}

impl Toasts {
    /// Shows a note; it replaces its older self and one on the same topic.
    pub fn say(&mut self, note: Note, now: &Now) {
        let time = if note.tone == Tone::Bad || !note.lines.is_empty() { LONG } else { SHORT };
        let until = (!note.stays).then_some(now.since + time);
        let is_same = |shown: &Note| shown.title == note.title && shown.lines == note.lines;
        let replaces = |shown: &Note| note.topic.is_some() && shown.topic == note.topic;
        self.shown.retain(|(shown, _)| !is_same(shown) && !replaces(shown));
        self.shown.push((note, until));
        if self.shown.len() > MOST
            && let Some(at) = self.shown.iter().position(|(note, _)| !note.stays)
        {
            self.shown.remove(at);
        }
    }

    /// Takes away those whose time is over; whether any went.
    pub fn sweep(&mut self, now: &Now) -> bool {
        let before = self.shown.len();
        self.shown.retain(|(_, until)| until.is_none_or(|until| until > now.since));
        self.shown.len() != before
    }

    /// When the next one goes.
    pub fn next(&self) -> Option<Duration> {
        self.shown.iter().filter_map(|(_, until)| *until).min()
    }

    /// Takes away the newest that stays until dismissed.
    pub fn dismiss(&mut self) -> bool {
        let at = self.shown.iter().rposition(|(note, _)| note.stays);
        at.map(|at| self.shown.remove(at)).is_some()
    }

    /// Draws the newest note's first line in a single row.
    pub fn draw_newest(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let Some((note, _)) = self.shown.iter().rev().find(|(note, _)| !note.stays) else { return };
        let words = text::pad(&format!(" {}", note.title), usize::from(area.width));
        frame.render_widget(Line::styled(words, look.theme.strong), area);
    }

    /// Draws the notes upwards from the bottom right corner of `area`: the
    /// newest, those that stay, and others while half of it is left.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let width = area.width.min(76);
        let (mut bottom, middle) = (area.bottom(), area.y + area.height / 2);
        for (at, (note, _)) in self.shown.iter().rev().enumerate() {
            let content = content(note, width, look);
            let height = u16::try_from(content.len()).unwrap_or(u16::MAX).saturating_add(2);
            if bottom.saturating_sub(area.y) < height.min(3) {
                return;
            }
            let height = height.min(bottom - area.y);
            if at > 0 && !note.stays && bottom - height < middle {
                continue;
            }
            bottom -= height;
            let place = Rect::new(area.right() - width, bottom, width, height);
            let style = match note.tone {
                Tone::Good => look.theme.good,
                Tone::Plain => look.theme.quiet,
                Tone::Bad => look.theme.bad,
            };
            let title = match note.tone {
                Tone::Good => "done",
                Tone::Plain => "note",
                Tone::Bad => "failed",
            };
            let inner = boxed(frame, place, title, style);
            lines(frame, inner, &content);
        }
    }
}

fn content(note: &Note, width: u16, look: &Look<'_>) -> Vec<Line<'static>> {
    let columns = usize::from(width.saturating_sub(4)).max(1);
    let mut out: Vec<Line<'static>> =
        wrap(&note.title, columns).into_iter().map(|line| Line::styled(line, look.theme.strong)).collect();
    for line in &note.lines {
        out.extend(wrap(line, columns).into_iter().map(|line| Line::styled(line, look.theme.text)));
    }
    if note.stays {
        out.push(Line::styled(text::fit("Esc puts this away", columns), look.theme.quiet));
    }
    out
}

//! All keys, grouped; the group that holds now comes first.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::list::Scroll;
use super::{Look, View, boxed, centred, lines};
use crate::text;
use crate::tui::message::{Context, Effect, Intent, Now};

/// A group of keys: its name, and each row's keys and words.
pub type Group = (String, Vec<(String, String)>);

/// Width of one column with its border.
const COLUMN: u16 = 64;

/// The help overlay.
#[derive(Debug)]
pub struct Help {
    groups: Vec<Group>,
    scroll: Scroll,
    room: Rect,
}

impl Help {
    /// Help of these groups.
    pub fn new(groups: Vec<Group>) -> Self {
        Self { groups, scroll: Scroll::default(), room: Rect::default() }
    }

    fn len(&self) -> usize {
        self.groups.iter().map(|(_, rows)| rows.len() + 2).sum()
    }

    /// Columns of text side by side: more where the width allows.
    fn columns(&self) -> u16 {
        let needed = self.len().div_ceil(usize::from(self.room.height.saturating_sub(2)).max(1));
        (self.room.width / COLUMN).clamp(1, u16::try_from(needed).unwrap_or(1).max(1))
    }

    fn page(&self) -> usize {
        usize::from(self.room.height.saturating_sub(2)) * usize::from(self.columns())
    }
}

impl View for Help {
    fn context(&self) -> Context {
        Context::Help
    }

    fn handle(&mut self, intent: Intent, _now: &Now) -> Vec<Effect> {
        let (len, page) = (self.len(), self.page());
        if self.scroll.handle(intent, len, page) {
            return Vec::new();
        }
        match intent {
            Intent::Back | Intent::Help => vec![Effect::Close],
            _ => Vec::new(),
        }
    }

    fn set_room(&mut self, room: Rect) {
        self.room = room;
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let inner =
            boxed(frame, centred(area, COLUMN * self.columns(), area.height), "Keys", look.theme.accent);
        let column = inner.width / self.columns().max(1);
        let mut all = Vec::new();
        for (name, rows) in &self.groups {
            all.push(Line::styled(name.clone(), look.theme.strong));
            for (keys, words) in rows {
                all.push(Line::from(vec![
                    Span::styled(text::pad(&format!("  {keys}"), 20), look.theme.accent),
                    Span::styled(text::fit(words, usize::from(column.saturating_sub(21))), look.theme.text),
                ]));
            }
            all.push(Line::default());
        }
        let (height, page) = (usize::from(inner.height).max(1), self.page());
        let from = self.scroll.0.min(all.len().saturating_sub(page));
        for (at, part) in (0..self.columns()).zip(all[from..].chunks(height)) {
            lines(frame, Rect { x: inner.x + at * column, width: column, ..inner }, part);
        }
    }
}

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

    fn page(&self) -> usize {
        usize::from(self.room.height.saturating_sub(2))
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
        let inner = boxed(frame, centred(area, 64, area.height), "Keys", look.theme.accent);
        let mut all = Vec::new();
        for (name, rows) in &self.groups {
            all.push(Line::styled(name.clone(), look.theme.strong));
            for (keys, words) in rows {
                all.push(Line::from(vec![
                    Span::styled(text::pad(&format!("  {keys}"), 20), look.theme.accent),
                    Span::styled(
                        text::fit(words, usize::from(inner.width.saturating_sub(20))),
                        look.theme.text,
                    ),
                ]));
            }
            all.push(Line::default());
        }
        let from = self.scroll.0.min(all.len().saturating_sub(usize::from(inner.height)));
        lines(frame, inner, &all[from..]);
    }
}

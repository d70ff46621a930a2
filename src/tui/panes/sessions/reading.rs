//! Reading a conversation: where it stands, how much of it is shown, what is found in it.

use ratatui::layout::Rect;

use super::Sessions;
use super::conversation::{Room, Tools};
use super::detail;
use super::find::Find;
use crate::tui::message::{Effect, Note, Tone};
use crate::tui::parts::{TWO_PANES, detail_area, inset, split};

impl Sessions {
    pub(super) fn turn_tools(&mut self) -> Vec<Effect> {
        let (level, words) = match self.tools {
            Tools::None => (Tools::Lines, "Tool calls: one line each."),
            Tools::Lines => (Tools::Brief, "Tool calls: in brief, with edits and the end of output."),
            Tools::Brief => (Tools::Whole, "Tool calls: all of their text."),
            Tools::Whole => (Tools::None, "Tool calls: hidden."),
        };
        self.tools = level;
        vec![Effect::Say(Note::new(Tone::Plain, words).on("tools"))]
    }

    /// The room that the conversation has.
    pub(super) fn talk_room(&self) -> Room {
        let area = self.talk_area(self.room);
        Room {
            columns: usize::from(area.width.saturating_sub(2)).max(8),
            rows: usize::from(detail::conversation_height(area)),
            tools: self.tools,
        }
    }

    /// Where the conversation and what is known of it stand.
    pub(super) fn talk_area(&self, room: Rect) -> Rect {
        if self.covers_list() { inset(room) } else { detail_area(room) }
    }

    /// Whether the list is not seen because something is read.
    pub(super) fn covers_list(&self) -> bool {
        self.reading && (self.full || split(self.room).1.is_none())
    }

    pub(super) fn toggle_full(&mut self) -> Vec<Effect> {
        if split(self.room).1.is_none() {
            let words = format!("The list fits beside it from {TWO_PANES} columns on.");
            return vec![Effect::Say(Note::new(Tone::Plain, words).on("width"))];
        }
        self.full = !self.full;
        Vec::new()
    }

    /// Types what to find in the conversation that is read.
    pub(super) fn open_find(&mut self) -> Vec<Effect> {
        let is_there = !self.talk.told.is_empty();
        self.find = self.selected().filter(|_| is_there).map(Find::new);
        Vec::new()
    }

    pub(super) fn ask_find(&mut self) -> Vec<Effect> {
        let Some(session) = self.selected().cloned() else { return Vec::new() };
        self.find.as_mut().map(|find| find.ask(&session)).unwrap_or_default()
    }

    pub(super) fn turn_hit(&mut self, older: bool) -> Vec<Effect> {
        if let Some(find) = &mut self.find {
            find.turn(older);
            return Vec::new();
        }
        let page = self.page();
        self.search.as_mut().map(|search| search.turn(older, page)).unwrap_or_default()
    }

    /// Reads the selected session where the words were said.
    pub(super) fn open_hit(&mut self) -> Vec<Effect> {
        let Some(search) = &mut self.search else { return Vec::new() };
        search.typing = false;
        self.reading = search.selected().is_some();
        search.open(false)
    }
}

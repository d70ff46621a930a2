//! What comes to the front by itself: help and palette, and what the mouse hits.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::{App, draw};
use crate::tui::keymap::{self, Told};
use crate::tui::message::{Context, Effect, Intent, Note, Now, PaneId, Tone};
use crate::tui::parts::{View, help::Help, palette::Command, palette::Palette};

impl App {
    pub(super) fn open_help(&mut self) {
        let here = self.contexts()[0];
        let told = [Told::Footer, Told::Palette, Told::Help];
        let mut groups = Vec::new();
        for (name, contexts) in keymap::GROUPS {
            let rows = keymap::rows(contexts, &told)
                .iter()
                .map(|row| (row.all_keys(), row.words.to_owned()))
                .collect();
            let at = if contexts.contains(&here) { 0 } else { groups.len() };
            groups.insert(at, ((*name).to_owned(), rows));
        }
        let mut help = Help::new(groups);
        help.set_room(draw::overlay_area(self.size, Context::Help));
        self.overlays.push(Box::new(help));
    }

    /// Every command: those that hold here, then those of the other panes.
    pub(super) fn open_palette(&mut self) {
        let told = [Told::Footer, Told::Palette];
        let here = self.contexts();
        let mut commands = Vec::new();
        for row in keymap::rows(here, &told) {
            // a question is answered by its own keys only
            let other =
                matches!(row.intent, Intent::Palette | Intent::NextField | Intent::NextChoice | Intent::No)
                    || row.intent.is_answer();
            if !other {
                let (words, key) = (row.words.to_owned(), row.key());
                commands.push(Command { words, key, pane: None, intent: row.intent });
            }
        }
        // from a form, going elsewhere would lose what was typed
        let may_go =
            self.overlays.iter().all(|view| view.context().is_qr() || view.context() == Context::Help);
        let others = PaneId::ALL.into_iter().filter(|pane| may_go && *pane != self.at);
        for (pane, context) in others.map(|pane| (pane, context_of(pane))) {
            let digit = PaneId::ALL.iter().position(|other| *other == pane).unwrap_or(0) + 1;
            for row in keymap::rows(&[context], &told) {
                let words = format!("{}: {}", pane.words(), row.words);
                let key = format!("{digit} {}", row.key());
                commands.push(Command { words, key, pane: Some(pane), intent: row.intent });
            }
        }
        let mut palette = Palette::new(commands);
        palette.set_room(draw::overlay_area(self.size, Context::Palette));
        self.overlays.push(Box::new(palette));
    }

    /// What the keycap of the footer asks for that is drawn in this column.
    fn keycap_at(&self, column: u16) -> Option<Intent> {
        let caps = self.keycaps(self.size.width);
        caps.into_iter().find(|cap| cap.columns.contains(&column)).map(|cap| cap.row.intent)
    }

    pub(super) fn toggle_mouse(&mut self, now: &Now) {
        self.mouse = !self.mouse;
        self.effects.push(Effect::Mouse(self.mouse));
        let words = if self.mouse {
            "The mouse clicks and scrolls here again."
        } else {
            "The mouse is yours: select text. m takes it back."
        };
        self.toasts.say(Note::new(Tone::Plain, words).on("mouse"), now);
    }

    pub(super) fn click(&mut self, mouse: MouseEvent, now: &Now) {
        let effects = match mouse.kind {
            MouseEventKind::ScrollUp => self.top_mut().wheel(mouse.column, true, now),
            MouseEventKind::ScrollDown => self.top_mut().wheel(mouse.column, false, now),
            MouseEventKind::Down(MouseButton::Left) if mouse.row + 1 == self.size.height => {
                // nor does a click answer a question
                if let Some(intent) = self.keycap_at(mouse.column).filter(|intent| !intent.is_answer()) {
                    self.intend(intent, now);
                }
                Vec::new()
            }
            MouseEventKind::Down(MouseButton::Left) if self.overlays.is_empty() && mouse.row == 0 => {
                if let Some(pane) = draw::tab_at(self.size, mouse.column) {
                    self.go(pane, now);
                }
                Vec::new()
            }
            MouseEventKind::Down(MouseButton::Left) => self.top_mut().click(mouse.column, mouse.row, now),
            _ => Vec::new(),
        };
        self.apply(effects, now);
    }
}

fn context_of(pane: PaneId) -> Context {
    match pane {
        PaneId::Sessions => Context::Sessions,
        PaneId::Handoffs => Context::Handoffs,
        PaneId::Pickup => Context::Inbox,
    }
}

//! What comes to the front by itself: help and palette, and what the mouse hits.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, MouseButton, MouseEvent, MouseEventKind};

use super::{App, draw};
use crate::tui::keymap::{self, Told};
use crate::tui::message::{Context, Effect, Intent, Note, Now, PaneId, Tone};
use crate::tui::parts::{View, help::Help, palette::Command, palette::Palette};

/// Two clicks within this are a double one.
const DOUBLE: Duration = Duration::from_millis(400);

impl App {
    pub(super) fn open_help(&mut self) {
        let here = self.contexts();
        let told = [Told::Footer, Told::Palette, Told::Help];
        let mut groups: Vec<_> = keymap::GROUPS.iter().collect();
        // nearest first, in the order in which keys are looked up; then the others
        groups.sort_by_key(|(_, contexts)| {
            here.iter().position(|context| contexts.contains(context)).unwrap_or(usize::MAX)
        });
        let keys = |contexts| {
            let rows = keymap::rows(contexts, &told).into_iter();
            rows.map(|row| (row.all_keys(), row.words.to_owned())).collect()
        };
        let groups =
            groups.into_iter().map(|(name, contexts)| ((*name).to_owned(), keys(contexts))).collect();
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
            let other = !self.top().offers(row.intent)
                || matches!(
                    row.intent,
                    Intent::Palette | Intent::NextField | Intent::NextChoice | Intent::No
                )
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
            "Mouse on: click and scroll."
        } else {
            "Mouse off: select text. Press m to turn it on."
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
                if let Some(pane) = self.tab_at(mouse.column) {
                    self.go(pane, now);
                }
                Vec::new()
            }
            MouseEventKind::Down(MouseButton::Left) => {
                let twice = self.is_double(mouse, now) && self.top().is_row(mouse.column, mouse.row);
                let mut effects = self.top_mut().click(mouse.column, mouse.row, now);
                let enter = keymap::intent(self.contexts(), KeyEvent::from(KeyCode::Enter));
                if let Some(intent) = enter.filter(|_| twice) {
                    self.apply(std::mem::take(&mut effects), now);
                    self.intend(intent, now);
                }
                effects
            }
            _ => Vec::new(),
        };
        self.apply(effects, now);
    }

    /// Whether the row that was clicked last was clicked again, soon.
    fn is_double(&mut self, mouse: MouseEvent, now: &Now) -> bool {
        let last = self.last_click.replace((mouse.column, mouse.row, now.since));
        let is_double = last.is_some_and(|(column, row, at)| {
            row == mouse.row && column.abs_diff(mouse.column) <= 1 && now.since.saturating_sub(at) < DOUBLE
        });
        if is_double {
            // a third click begins anew
            self.last_click = None;
        }
        is_double
    }
}

fn context_of(pane: PaneId) -> Context {
    match pane {
        PaneId::Sessions => Context::Sessions,
        PaneId::Handoffs => Context::Handoffs,
        PaneId::Pickup => Context::Inbox,
    }
}

//! Every command that holds here, found by a few letters of its words.

use crossterm::event::KeyEvent;
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::form::{Field, Form};
use super::list::{Cursor, Meta, row};
use super::{Look, View, boxed, centred};
use crate::tui::message::{Context, Effect, Intent, Now, PaneId};

/// A command.
#[derive(Clone, Debug)]
pub struct Command {
    /// What it does.
    pub words: String,
    /// Its key; from elsewhere, that of its pane first.
    pub key: String,
    /// The pane it belongs to, when that is not the one in view.
    pub pane: Option<PaneId>,
    /// What it asks for.
    pub intent: Intent,
}

/// The palette overlay.
#[derive(Debug)]
pub struct Palette {
    commands: Vec<Command>,
    form: Form,
    found: Vec<(usize, Vec<u32>)>,
    cursor: Cursor,
    room: Rect,
}

impl Palette {
    /// A palette of these commands.
    pub fn new(commands: Vec<Command>) -> Self {
        let form = Form::new(vec![Field::typed("command", "").placeholder("type to filter commands")]);
        let mut palette =
            Self { commands, form, found: Vec::new(), cursor: Cursor::default(), room: Rect::default() };
        palette.search();
        palette
    }

    fn search(&mut self) {
        let mut matcher = Matcher::new(Config::DEFAULT);
        let pattern = Pattern::parse(self.form.fields[0].text(), CaseMatching::Smart, Normalization::Smart);
        let mut scored: Vec<(u32, usize, Vec<u32>)> = Vec::new();
        for (at, command) in self.commands.iter().enumerate() {
            let (mut buffer, mut lit) = (Vec::new(), Vec::new());
            if let Some(score) =
                pattern.indices(Utf32Str::new(&command.words, &mut buffer), &mut matcher, &mut lit)
            {
                lit.sort_unstable();
                lit.dedup();
                scored.push((score, at, lit));
            }
        }
        scored.sort_by_key(|(score, at, _)| (std::cmp::Reverse(*score), *at));
        self.found = scored.into_iter().map(|(_, at, lit)| (at, lit)).collect();
        self.cursor = Cursor::default();
    }

    fn place(&self, area: Rect) -> Rect {
        let height = u16::try_from(self.page().min(self.commands.len())).unwrap_or(16) + 3;
        centred(area, 60, height)
    }

    fn page(&self) -> usize {
        usize::from(self.room.height.saturating_sub(3)).clamp(1, 16)
    }
}

impl View for Palette {
    fn context(&self) -> Context {
        Context::Palette
    }

    fn handle(&mut self, intent: Intent, _now: &Now) -> Vec<Effect> {
        if self.cursor.handle(intent, self.found.len(), self.page()) {
            return Vec::new();
        }
        match intent {
            Intent::Accept => match self.found.get(self.cursor.at) {
                Some((at, _)) => {
                    let command = &self.commands[*at];
                    vec![Effect::Close, Effect::Intend(command.pane, command.intent)]
                }
                None => Vec::new(),
            },
            Intent::Back | Intent::Palette => vec![Effect::Close],
            _ => Vec::new(),
        }
    }

    fn typed(&mut self, key: KeyEvent, _now: &Now) -> Vec<Effect> {
        if self.form.typed(key) {
            self.search();
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, _now: &Now) -> Vec<Effect> {
        if self.form.paste(text) {
            self.search();
        }
        Vec::new()
    }

    fn set_room(&mut self, room: Rect) {
        self.room = room;
        self.cursor.hold(self.found.len(), self.page());
    }

    fn click(&mut self, _column: u16, row: u16, now: &Now) -> Vec<Effect> {
        // the box has a border, and the typed line is its first
        let first = self.place(self.room).y + 2;
        let at = row.checked_sub(first).map(|row| self.cursor.top + usize::from(row));
        let Some(at) = at.filter(|at| *at < self.found.len()) else { return Vec::new() };
        self.cursor.at = at;
        self.handle(Intent::Accept, now)
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let inner = boxed(frame, self.place(area), "Commands", look.theme.accent);
        self.form.draw(frame, Rect { height: inner.height.min(1), ..inner }, true, look);
        let rows = self.found.iter().enumerate().skip(self.cursor.top);
        for ((at, (command, lit)), y) in rows.zip(inner.y + 1..inner.bottom()) {
            let Command { words, key, .. } = &self.commands[*command];
            let meta = Meta::new(key.clone(), 9, look.theme.quiet);
            let line =
                row(words, lit, vec![meta], inner.width, look.theme.text, at == self.cursor.at, look.theme);
            frame.render_widget(line, Rect { y, height: 1, ..inner });
        }
        if self.found.is_empty() && inner.height > 1 {
            let none = Line::styled("no matching command", look.theme.quiet);
            frame.render_widget(none, Rect { y: inner.y + 1, height: 1, ..inner });
        }
    }
}

//! All keys, grouped; the groups that hold now come first. What is typed leaves
//! those rows that have it in their words, their keys or their group's name.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::form::{Field, Form};
use super::list::Scroll;
use super::{Look, View, boxed, centred, lines, wrap};
use crate::text;
use crate::tui::message::{Context, Effect, Intent, Now};

/// A group of keys: its name, and each row's keys and words.
pub type Group = (String, Vec<(String, String)>);

/// The widest that the box makes sense.
const WIDEST: u16 = 116;
/// In fewer columns there is one column of text, not two.
const TWO: u16 = 76;
/// Columns of the keys.
const KEYS: usize = 18;

/// The help overlay.
#[derive(Debug)]
pub struct Help {
    groups: Vec<Group>,
    form: Form,
    scroll: Scroll,
    room: Rect,
}

/// A line of it.
enum Row {
    Group(String),
    Key(String, String),
    Empty,
}

impl Help {
    /// Help of these groups.
    pub fn new(groups: Vec<Group>) -> Self {
        let form = Form::new(vec![Field::typed("find", "").placeholder("type a word or a key")]);
        Self { groups, form, scroll: Scroll::default(), room: Rect::default() }
    }

    /// The groups, with the rows that are wanted.
    fn found(&self) -> Vec<Group> {
        let wanted = self.form.fields[0].text().trim().to_lowercase();
        let has = |text: &str| text.to_lowercase().contains(&wanted);
        let left = |(name, rows): &Group| {
            let whole = has(name);
            let rows = rows.iter().filter(|(keys, words)| whole || has(words) || keys.split(' ').any(has));
            (name.clone(), rows.cloned().collect::<Vec<_>>())
        };
        self.groups.iter().map(left).filter(|(_, rows)| !rows.is_empty()).collect()
    }

    fn columns(&self) -> u16 {
        if self.room.width >= TWO { 2 } else { 1 }
    }

    /// Columns of one column of text.
    fn width(&self) -> usize {
        let inner = self.room.width.min(WIDEST).saturating_sub(4);
        usize::from(inner / self.columns()).saturating_sub(1)
    }

    /// Rows of the box that hold keys.
    fn height(&self) -> usize {
        usize::from(self.room.height.saturating_sub(4)).max(1)
    }

    /// All lines, one column below the other.
    fn rows(&self) -> Vec<Row> {
        let words_width = self.width().saturating_sub(KEYS).max(8);
        let mut out = Vec::new();
        for (name, rows) in self.found() {
            out.push(Row::Group(name));
            for (keys, words) in rows {
                for (at, line) in wrap(&words, words_width).into_iter().enumerate() {
                    out.push(Row::Key(if at == 0 { keys.clone() } else { String::new() }, line));
                }
            }
            out.push(Row::Empty);
        }
        out.pop();
        out
    }

    fn page(&self) -> usize {
        self.height() * usize::from(self.columns())
    }

    fn typed_text(&mut self, changed: bool) -> Vec<Effect> {
        if changed {
            self.scroll = Scroll::default();
        }
        Vec::new()
    }
}

impl View for Help {
    fn context(&self) -> Context {
        Context::Help
    }

    fn handle(&mut self, intent: Intent, _now: &Now) -> Vec<Effect> {
        let (len, page) = (self.rows().len(), self.page());
        if self.scroll.handle(intent, len, page) {
            return Vec::new();
        }
        match intent {
            // what was typed goes first
            Intent::Back if !self.form.fields[0].text().is_empty() => {
                self.form.fields[0].set_text("");
                self.typed_text(true)
            }
            Intent::Back | Intent::Help => vec![Effect::Close],
            _ => Vec::new(),
        }
    }

    fn typed(&mut self, key: KeyEvent, _now: &Now) -> Vec<Effect> {
        // the key that opened it closes it
        if key.code == KeyCode::Char('?') && self.form.fields[0].text().is_empty() {
            return vec![Effect::Close];
        }
        let changed = self.form.typed(key);
        self.typed_text(changed)
    }

    fn paste(&mut self, text: &str, _now: &Now) -> Vec<Effect> {
        let changed = self.form.paste(text);
        self.typed_text(changed)
    }

    fn set_room(&mut self, room: Rect) {
        self.room = room;
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let place = centred(area, area.width.min(WIDEST), area.height);
        let inner = boxed(frame, place, "Keys", look.theme.accent);
        self.form.draw(frame, Rect { height: inner.height.min(1), ..inner }, true, look);
        let body = Rect { y: inner.y + inner.height.min(2), height: inner.height.saturating_sub(2), ..inner };
        let rows = self.rows();
        if rows.is_empty() {
            lines(frame, body, &[Line::styled("No key does that.", look.theme.quiet)]);
        }
        let all: Vec<Line<'_>> = rows.into_iter().map(|row| row.line(look)).collect();
        let from = self.scroll.0.min(all.len().saturating_sub(self.page()));
        let width = inner.width / self.columns();
        for (at, part) in (0..self.columns()).zip(all[from..].chunks(self.height())) {
            lines(frame, Rect { x: inner.x + at * width, width: width.saturating_sub(1), ..body }, part);
        }
    }
}

impl Row {
    fn line(self, look: &Look<'_>) -> Line<'static> {
        match self {
            Self::Empty => Line::default(),
            Self::Group(name) => Line::styled(name, look.theme.strong),
            Self::Key(keys, words) => Line::from(vec![
                Span::styled(text::pad(&format!("  {keys}"), KEYS), look.theme.accent),
                Span::styled(words, look.theme.text),
            ]),
        }
    }
}

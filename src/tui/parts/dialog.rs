//! A form in a box over a pane. Typing, pasting, choosing, an Enter that looked
//! pasted, and what stands at the foot are the same for all; what is its own,
//! each dialog says.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::form::Form;
use super::{Look, View, boxed, centred, lines, wrap};
use crate::tui::message::{Context, Effect, Intent, Now, Report};

/// What a dialog looks like beside its fields.
pub struct Face {
    /// In the border.
    pub title: String,
    /// Over the fields, one a row.
    pub head: Vec<String>,
    /// Columns of the box, border included, where there are as many.
    pub width: u16,
    /// Rows under the fields.
    pub foot: u16,
}

impl Face {
    fn head_rows(&self) -> u16 {
        u16::try_from(self.head.len()).unwrap_or(u16::MAX)
    }
}

/// Words and how they are meant.
pub type Said = (String, Style);

/// What each dialog has of its own.
pub trait Dialog {
    /// Whose keys hold.
    const KEYS: Context;
    /// What Enter does, as a verb.
    const VERB: &'static str;

    /// Its fields.
    fn form(&self) -> &Form;

    /// Its fields, to be changed.
    fn form_mut(&mut self) -> &mut Form;

    /// Enter.
    fn accept(&mut self, now: &Now) -> Vec<Effect>;

    /// Esc.
    fn back(&mut self) -> Vec<Effect> {
        vec![Effect::Close]
    }

    /// Whether there is something now that this could be done with.
    fn offers(&self, _intent: Intent) -> bool {
        true
    }

    /// A value changed: what follows from it, and what is wrong with it.
    fn edited(&mut self) {}

    /// Something the background found out.
    fn heard(&mut self, _report: &Report) -> Vec<Effect> {
        Vec::new()
    }

    /// How it looks.
    fn face(&self, area: Rect, now: &Now) -> Face;

    /// How a line over its fields is drawn, by its row.
    fn head_style(&self, _row: usize, look: &Look<'_>) -> Style {
        look.theme.quiet
    }

    /// What is said before anything that is wrong with a field: what it is busy
    /// with, or why it failed.
    fn first(&self, _look: &Look<'_>) -> Option<Said> {
        None
    }

    /// What Enter would bring, where nothing is wrong.
    fn sentence(&self, look: &Look<'_>) -> Said;

    /// What to know beside that.
    fn notes(&self, _now: &Now) -> Vec<String> {
        Vec::new()
    }
}

/// Where its box stands.
fn place(dialog: &impl Dialog, area: Rect, face: &Face) -> Rect {
    let rows = face.head_rows().saturating_add(dialog.form().height()).saturating_add(face.foot);
    centred(area, face.width, rows.saturating_add(3))
}

/// What stands at the foot.
fn said<D: Dialog>(dialog: &D, look: &Look<'_>) -> Said {
    let form = dialog.form();
    let wrong = || form.error().map(|error| (error.to_owned(), look.theme.warn));
    let burst = || form.burst_words(D::VERB).map(|words| (words, look.theme.warn));
    dialog.first(look).or_else(wrong).or_else(burst).unwrap_or_else(|| dialog.sentence(look))
}

impl<D: Dialog> View for D {
    fn context(&self) -> Context {
        Self::KEYS
    }

    fn choosing(&self) -> bool {
        self.form().choosing()
    }

    fn offers(&self, intent: Intent) -> bool {
        Dialog::offers(self, intent)
    }

    fn handle(&mut self, intent: Intent, now: &Now) -> Vec<Effect> {
        match intent {
            Intent::Accept => return self.accept(now),
            Intent::Back => return self.back(),
            other if self.form_mut().handle(other) => self.edited(),
            _ => {}
        }
        Vec::new()
    }

    fn typed(&mut self, key: KeyEvent, _now: &Now) -> Vec<Effect> {
        if self.form_mut().typed(key) {
            self.edited();
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, _now: &Now) -> Vec<Effect> {
        if self.form_mut().paste(text) {
            self.edited();
        }
        Vec::new()
    }

    fn burst(&mut self) {
        self.form_mut().burst();
    }

    fn click(&mut self, _column: u16, row: u16, now: &Now) -> Vec<Effect> {
        let area = self.form().room;
        let face = self.face(area, now);
        let first = place(self, area, &face).y.saturating_add(1).saturating_add(face.head_rows());
        let field = row.checked_sub(first).and_then(|row| self.form().field_at(row));
        if let Some(at) = field {
            self.form_mut().focus = at;
        }
        Vec::new()
    }

    fn set_room(&mut self, room: Rect) {
        self.form_mut().room = room;
    }

    fn report(&mut self, report: &Report, _now: &Now) -> Vec<Effect> {
        self.heard(report)
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let face = self.face(area, &look.now);
        let inner = boxed(frame, place(self, area, &face), &face.title, look.theme.accent);
        let head = face.head.iter().enumerate();
        let head: Vec<Line<'_>> =
            head.map(|(row, line)| Line::styled(line.as_str(), self.head_style(row, look))).collect();
        lines(frame, inner, &head);
        let below = |row: u16| {
            let row = row.min(inner.height);
            Rect { y: inner.y + row, height: inner.height - row, ..inner }
        };
        let (head, fields) = (face.head_rows(), self.form().height());
        let form = below(head);
        self.form().draw(frame, Rect { height: form.height.min(fields), ..form }, true, look);
        let columns = usize::from(inner.width).max(8);
        let (words, style) = said(self, look);
        let mut foot: Vec<Line<'_>> =
            wrap(&words, columns).into_iter().map(|line| Line::styled(line, style)).collect();
        let notes = self.notes(&look.now);
        let notes = notes.iter().flat_map(|note| wrap(note, columns));
        foot.extend(notes.map(|note| Line::styled(note, look.theme.quiet)));
        lines(frame, below(head.saturating_add(fields).saturating_add(1)), &foot);
    }
}

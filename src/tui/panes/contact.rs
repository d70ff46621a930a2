//! A small form: give the owner of a key a name.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::text;
use crate::tui::message::{Action, Context, Effect, Intent, Now};
use crate::tui::parts::form::{Field, Form};
use crate::tui::parts::{Look, View, boxed, centred, foot};

/// The form's state.
#[derive(Debug)]
pub struct Contact {
    key: String,
    form: Form,
}

impl Contact {
    /// The form for a public key.
    pub fn new(key: String) -> Self {
        let form = Form::new(vec![
            Field::typed("name", "").placeholder("as you call them"),
            Field::choice("is", &["somebody else", "me, on another key"]),
        ]);
        Self { key, form }
    }

    fn name(&self) -> &str {
        self.form.fields[0].text().trim()
    }
}

impl View for Contact {
    fn context(&self) -> Context {
        Context::ContactForm
    }

    fn choosing(&self) -> bool {
        self.form.choosing()
    }

    fn handle(&mut self, intent: Intent, _now: &Now) -> Vec<Effect> {
        match intent {
            Intent::Accept if self.name().is_empty() => {
                self.form.fields[0].error = Some("A contact needs a name.".to_owned());
                Vec::new()
            }
            Intent::Accept => {
                let mine = self.form.fields[1].chosen() == 1;
                vec![
                    Effect::Close,
                    Effect::Run(Action::AddContact(self.name().to_owned(), self.key.clone(), mine)),
                ]
            }
            Intent::Back => vec![Effect::Close],
            other => {
                self.form.handle(other);
                Vec::new()
            }
        }
    }

    fn typed(&mut self, key: KeyEvent, _now: &Now) -> Vec<Effect> {
        self.form.typed(key);
        self.form.fields[0].error = None;
        Vec::new()
    }

    fn paste(&mut self, text: &str, _now: &Now) -> Vec<Effect> {
        self.form.paste(text);
        Vec::new()
    }

    fn burst(&mut self) {
        self.form.burst();
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let inner = boxed(frame, centred(area, 70, 8), "Add a contact", look.theme.accent);
        let key = Line::styled(text::fit(&self.key, usize::from(inner.width)), look.theme.quiet);
        frame.render_widget(key, Rect { height: inner.height.min(1), ..inner });
        let form = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1).min(2), ..inner };
        self.form.draw(frame, form, true, look);
        let (words, style) = match self.form.error() {
            Some(error) => (error.to_owned(), look.theme.warn),
            None => match self.form.burst_words("add") {
                Some(words) => (words, look.theme.warn),
                None => ("Handoffs from this key then show up in your inbox.".to_owned(), look.theme.quiet),
            },
        };
        foot(frame, inner, 4, &words, style);
    }
}

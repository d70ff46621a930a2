//! A small form: where a handoff's project is on this machine, or that it is to be
//! cloned.

use std::path::PathBuf;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::text;
use crate::tui::message::{Action, CloneOffer, Context, Effect, Found, Intent, Now};
use crate::tui::parts::form::{Field, Form};
use crate::tui::parts::{Look, View, boxed, centred, lines, wrap};

/// The form's state.
#[derive(Debug)]
pub struct Folder {
    found: Found,
    offer: Option<CloneOffer>,
    form: Form,
}

impl Folder {
    /// The form for a found handoff; `offer`: how its project can be cloned.
    pub fn new(found: Found, offer: Option<CloneOffer>) -> Self {
        let mut fields =
            vec![Field::typed("folder", "").placeholder("/home/you/its-folder, or ~/its-folder")];
        if offer.is_some() {
            fields.push(Field::choice("or", &["it is there", "clone it"]));
        }
        Self { found, offer, form: Form::new(fields) }
    }

    fn clones(&self) -> Option<&CloneOffer> {
        self.offer.as_ref().filter(|_| self.form.fields.get(1).is_some_and(|field| field.chosen() == 1))
    }

    fn accept(&mut self) -> Vec<Effect> {
        let found = Box::new(self.found.clone());
        if let Some(offer) = self.clones() {
            let then = Action::Place(found, offer.into.clone());
            return vec![
                Effect::Close,
                Effect::StepAside(Box::new(offer.plan.clone()), Some(Box::new(then))),
            ];
        }
        let folder = self.form.fields[0].text().trim().to_owned();
        if folder.is_empty() {
            self.form.fields[0].error = Some("Type the folder.".to_owned());
            return Vec::new();
        }
        vec![Effect::Close, Effect::Run(Action::Place(found, PathBuf::from(folder)))]
    }
}

impl View for Folder {
    fn context(&self) -> Context {
        Context::FolderForm
    }

    fn choosing(&self) -> bool {
        self.form.choosing()
    }

    fn handle(&mut self, intent: Intent, _now: &Now) -> Vec<Effect> {
        match intent {
            Intent::Accept => self.accept(),
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
        let inner = boxed(frame, centred(area, 70, 9), "Where is it on this machine?", look.theme.accent);
        let project = text::fit(&text::clean(&self.found.pickup.project), usize::from(inner.width));
        let head = Line::styled(project, look.theme.quiet);
        frame.render_widget(head, Rect { height: inner.height.min(1), ..inner });
        let form = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1).min(2), ..inner };
        self.form.draw(frame, form, true, look);
        let (words, style) = match (self.form.error(), self.clones()) {
            (Some(error), _) => (error.to_owned(), look.theme.warn),
            (None, _) if self.form.saw_burst() => {
                ("That looked pasted. Press Enter again.".to_owned(), look.theme.warn)
            }
            (None, Some(offer)) => (format!("Enter runs: {}", offer.plan.shell), look.theme.accent),
            (None, None) => ("It is remembered for this project.".to_owned(), look.theme.quiet),
        };
        let foot: Vec<Line<'_>> = wrap(&words, usize::from(inner.width).max(8))
            .into_iter()
            .map(|line| Line::styled(line, style))
            .collect();
        lines(frame, Rect { y: inner.y + 4, height: inner.height.saturating_sub(4), ..inner }, &foot);
    }
}

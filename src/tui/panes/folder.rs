//! A small form: where a handoff's project is on this machine, or where it is to
//! be cloned.

use std::path::{Path, PathBuf};

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::text;
use crate::tui::message::{Action, CloneOffer, Context, Effect, Found, Intent, Now};
use crate::tui::parts::form::{Field, Form};
use crate::tui::parts::{Look, View, boxed, centred, foot};

const FOLDER: usize = 0;
const HOW: usize = 1;
const EXAMPLE: &str = "/home/you/its-folder, or ~/its-folder";

/// The form's state.
#[derive(Debug)]
pub struct Folder {
    found: Found,
    form: Form,
}

impl Folder {
    /// The form for a found handoff.
    pub fn new(found: Found) -> Self {
        let mut fields = vec![Field::typed("folder", "").placeholder(EXAMPLE)];
        if found.clone_offer.is_some() {
            fields.push(Field::choice("project", &["is there", "clone it there"]));
        }
        Self { found, form: Form::new(fields) }
    }

    fn typed_folder(&self) -> &str {
        self.form.fields[FOLDER].text().trim()
    }

    /// The clone that is chosen: into the typed folder, else where it was offered.
    fn clones(&self) -> Option<CloneOffer> {
        let chosen = self.form.fields.get(HOW).is_some_and(|field| field.chosen() == 1);
        let offer = self.found.clone_offer.as_ref().filter(|_| chosen)?;
        let typed = self.typed_folder();
        Some(if typed.is_empty() { offer.clone() } else { offer.elsewhere(Path::new(typed)) })
    }

    fn edited(&mut self) {
        let example = match (self.clones(), &self.found.clone_offer) {
            (Some(_), Some(offer)) => offer.into.display().to_string(),
            _ => EXAMPLE.to_owned(),
        };
        let field = &mut self.form.fields[FOLDER];
        (field.placeholder, field.error) = (text::clean(&example), None);
    }

    fn accept(&mut self) -> Vec<Effect> {
        let found = Box::new(self.found.clone());
        if let Some(CloneOffer { into, plan, .. }) = self.clones() {
            let then = Box::new(Action::Place(found, into));
            return vec![Effect::Close, Effect::StepAside(Box::new(plan), Some(then))];
        }
        let folder = PathBuf::from(self.typed_folder());
        if folder.as_os_str().is_empty() {
            self.form.focus = FOLDER;
            self.form.fields[FOLDER].error = Some("Type the folder.".to_owned());
            return Vec::new();
        }
        vec![Effect::Close, Effect::Run(Action::Place(found, folder))]
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
            Intent::Accept => return self.accept(),
            Intent::Back => return vec![Effect::Close],
            other if self.form.handle(other) => self.edited(),
            _ => {}
        }
        Vec::new()
    }

    fn typed(&mut self, key: KeyEvent, _now: &Now) -> Vec<Effect> {
        if self.form.typed(key) {
            self.edited();
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, _now: &Now) -> Vec<Effect> {
        if self.form.paste(text) {
            self.edited();
        }
        Vec::new()
    }

    fn burst(&mut self) {
        self.form.burst();
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let inner = boxed(frame, centred(area, 70, 10), "Where is it on this machine?", look.theme.accent);
        let project = text::fit(&text::clean(&self.found.pickup.project), usize::from(inner.width));
        let head = Line::styled(project, look.theme.quiet);
        frame.render_widget(head, Rect { height: inner.height.min(1), ..inner });
        let form = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1).min(2), ..inner };
        self.form.draw(frame, form, true, look);
        let wrong = self.form.error().map(ToOwned::to_owned).or_else(|| self.form.burst_words("go on"));
        let (words, style) = match (wrong, self.clones()) {
            (Some(wrong), _) => (wrong, look.theme.warn),
            (None, Some(offer)) => (format!("Enter runs: {}", offer.plan.shell), look.theme.accent),
            (None, None) => ("It is remembered for this project.".to_owned(), look.theme.quiet),
        };
        foot(frame, inner, 4, &words, style);
    }
}

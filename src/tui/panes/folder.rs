//! A small form: where a handoff's project is on this machine, or where it is to
//! be cloned.

use std::path::{Path, PathBuf};

use ratatui::layout::Rect;

use crate::text;
use crate::tui::message::{Action, CloneOffer, Context, Effect, Found, Now};
use crate::tui::parts::Look;
use crate::tui::parts::dialog::{Dialog, Face, Said};
use crate::tui::parts::form::{Field, Form};

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
}

impl Dialog for Folder {
    const KEYS: Context = Context::FolderForm;
    const VERB: &'static str = "go on";

    fn form(&self) -> &Form {
        &self.form
    }

    fn form_mut(&mut self) -> &mut Form {
        &mut self.form
    }

    fn accept(&mut self, _now: &Now) -> Vec<Effect> {
        let found = Box::new(self.found.clone());
        if let Some(CloneOffer { into, plan, .. }) = self.clones() {
            let then = Box::new(Action::Place(found, into));
            return vec![Effect::Close, Effect::StepAside(Box::new(plan), Some(then))];
        }
        let folder = PathBuf::from(self.typed_folder());
        if folder.as_os_str().is_empty() {
            self.form.focus = FOLDER;
            self.form.fields[FOLDER].error = Some("Enter a folder.".to_owned());
            return Vec::new();
        }
        vec![Effect::Close, Effect::Run(Action::Place(found, folder))]
    }

    fn edited(&mut self) {
        let example = match (self.clones(), &self.found.clone_offer) {
            (Some(_), Some(offer)) => offer.into.display().to_string(),
            _ => EXAMPLE.to_owned(),
        };
        let field = &mut self.form.fields[FOLDER];
        (field.placeholder, field.error) = (text::clean(&example), None);
    }

    fn face(&self, area: Rect, _now: &Now) -> Face {
        let columns = usize::from(area.width.min(70).saturating_sub(4));
        let project = text::fit(&text::clean(&self.found.pickup.project), columns);
        Face { title: "Where is it on this machine?".to_owned(), head: vec![project], width: 70, foot: 4 }
    }

    fn sentence(&self, look: &Look<'_>) -> Said {
        match self.clones() {
            Some(offer) => (format!("Enter runs: {}", offer.plan.shell), look.theme.accent),
            None => ("Remembered for this project.".to_owned(), look.theme.quiet),
        }
    }
}

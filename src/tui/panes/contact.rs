//! A small form: give the owner of a key a name.

use ratatui::layout::Rect;

use crate::text;
use crate::tui::message::{Action, Context, Effect, Now, unfit_name};
use crate::tui::parts::Look;
use crate::tui::parts::dialog::{Dialog, Face, Said};
use crate::tui::parts::form::{Field, Form};

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
            Field::typed("name", "").placeholder("a name of your choice"),
            Field::choice("is", &["someone else", "me, with another key"]),
        ]);
        Self { key, form }
    }

    fn name(&self) -> &str {
        self.form.fields[0].text().trim()
    }
}

impl Dialog for Contact {
    const KEYS: Context = Context::ContactForm;
    const VERB: &'static str = "add";

    fn form(&self) -> &Form {
        &self.form
    }

    fn form_mut(&mut self) -> &mut Form {
        &mut self.form
    }

    fn accept(&mut self, _now: &Now) -> Vec<Effect> {
        let name = self.name().to_owned();
        if name.is_empty() {
            self.form.fields[0].error = Some("A contact needs a name.".to_owned());
            return Vec::new();
        }
        if let Some(why) = unfit_name(&name) {
            self.form.fields[0].error = Some(format!("{}.", text::capitalised(why)));
            return Vec::new();
        }
        let mine = self.form.fields[1].chosen() == 1;
        vec![Effect::Close, Effect::Run(Action::AddContact(name, self.key.clone(), mine))]
    }

    fn edited(&mut self) {
        self.form.fields[0].error = None;
    }

    fn face(&self, area: Rect, _now: &Now) -> Face {
        let key = text::fit(&self.key, usize::from(area.width.min(70).saturating_sub(4)));
        Face { title: "Add a contact".to_owned(), head: vec![key], width: 70, foot: 2 }
    }

    fn sentence(&self, look: &Look<'_>) -> Said {
        ("Handoffs from this key will show up under Pick up.".to_owned(), look.theme.quiet)
    }
}

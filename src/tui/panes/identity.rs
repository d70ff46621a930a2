//! The user's key: unlocking it, getting the first one, giving it to another device.

mod joining;
mod pair;
mod welcome;

use ratatui::layout::Rect;

use crate::text;
use crate::tui::message::{Action, Context, Effect, ErrorKind, Hidden, Now, PairCheck, Report, Verb};
use crate::tui::parts::Look;
use crate::tui::parts::dialog::{Dialog, Face, Said};
use crate::tui::parts::form::{Field, Form};

pub use pair::Pair;
pub use welcome::Welcome;

/// Words in each row of those that are compared: both devices show them alike.
const IN_A_ROW: usize = 3;

/// Columns that another device's name takes at most: it must not push away what is to
/// be compared.
const NAME: usize = 32;

/// What is compared with another device, its name cut to the room there is.
fn compared(check: &PairCheck) -> PairCheck {
    PairCheck { hostname: text::fit(&check.hostname, NAME), check: check.check.clone() }
}

/// The six words of a pairing, in rows.
fn check_rows(check: &str) -> Vec<String> {
    let words: Vec<&str> = check.split(' ').collect();
    let row = |row: &[&str]| row.iter().map(|word| text::pad(word, 10)).collect::<String>();
    words.chunks(IN_A_ROW).map(|words| row(words).trim_end().to_owned()).collect()
}

/// Asks for the passphrase; what waited for the key goes on after it.
#[derive(Debug)]
pub struct Unlock {
    form: Form,
    waiting: Option<Action>,
    busy: bool,
    error: Option<String>,
}

impl Unlock {
    /// Asks on behalf of `waiting`.
    pub fn new(waiting: Option<Action>) -> Self {
        let form = Form::new(vec![Field::masked("passphrase")]);
        Self { form, waiting, busy: false, error: None }
    }
}

impl Dialog for Unlock {
    const KEYS: Context = Context::Unlock;
    const VERB: &'static str = "unlock";

    fn form(&self) -> &Form {
        &self.form
    }

    fn form_mut(&mut self) -> &mut Form {
        &mut self.form
    }

    fn accept(&mut self, _now: &Now) -> Vec<Effect> {
        if std::mem::replace(&mut self.busy, true) {
            return Vec::new();
        }
        self.error = None;
        vec![Effect::Run(Action::Unlock(Hidden::new(self.form.fields[0].text().to_owned())))]
    }

    fn heard(&mut self, report: &Report) -> Vec<Effect> {
        match report {
            Report::Unlocked(_) => {
                let mut effects = vec![Effect::Close];
                effects.extend(self.waiting.take().map(Effect::Run));
                effects
            }
            Report::Failed(Verb::Unlock, error) => {
                self.busy = false;
                self.error = (error.kind != ErrorKind::Cancelled)
                    .then(|| format!("{} {}", error.message, error.advice));
                self.form.fields[0].set_text("");
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn face(&self, _area: Rect, _now: &Now) -> Face {
        Face { title: "Your key is locked".to_owned(), head: Vec::new(), width: 62, foot: 4 }
    }

    fn first(&self, look: &Look<'_>) -> Option<Said> {
        if self.busy {
            return Some((format!("{} unlocking …", look.spinner()), look.theme.quiet));
        }
        self.error.clone().map(|error| (error, look.theme.bad))
    }

    fn sentence(&self, look: &Look<'_>) -> Said {
        let why = "Asked once, and kept in memory until you quit. Esc: not now.";
        (why.to_owned(), look.theme.quiet)
    }
}

//! First run: what cclink does in four lines, and a key made or brought.

use std::path::PathBuf;

use ratatui::layout::Rect;
use ratatui::style::Style;
use zeroize::Zeroizing;

use crate::tui::message::{Action, Context, Effect, IdentityState, Note, Now, Report, Tone, Verb};
use crate::tui::parts::dialog::{Dialog, Face, Said};
use crate::tui::parts::form::{Field, Form};
use crate::tui::parts::{Look, wrap};

const WELCOME: [&str; 4] = [
    "cclink moves a session to the device where you are now.",
    "Your key signs what you send and opens what you receive.",
    "It stays here; every device with a copy of it is yours.",
    "The conversation stays here too, unless you include it.",
];

/// Said where no passphrase is typed yet: for a new key, and for one that is
/// brought.
const NO_PASSPHRASE: &str = "none: the file's permissions protect it";
const OF_THE_FILE: &str = "the file's, if it has one";

const KEY: usize = 0;
const FILE: usize = 1;
const PASSPHRASE: usize = 2;
const AGAIN: usize = 3;

/// The welcome.
#[derive(Debug)]
pub struct Welcome {
    form: Form,
    home: Option<PathBuf>,
    waiting: Option<Action>,
    busy: bool,
    error: Option<String>,
}

impl Welcome {
    /// The welcome; `waiting` goes on when the key is there. A `~` means `home`.
    pub fn new(waiting: Option<Action>, home: Option<PathBuf>) -> Self {
        let form = Form::new(vec![
            Field::choice("key", &["create a new one", "bring one from a file"]),
            Field::typed("file", "")
                .placeholder("secret_key of your other device (~/.pubky/secret_key there)"),
            Field::masked("passphrase"),
            Field::masked("again").placeholder("repeat it"),
        ]);
        let mut welcome = Self { form, home, waiting, busy: false, error: None };
        welcome.edited();
        welcome
    }

    fn brings(&self) -> bool {
        self.form.fields[KEY].chosen() == 1
    }

    /// The path as typed or dropped onto the terminal.
    fn file(&self) -> PathBuf {
        let typed = self.form.fields[FILE].text().trim().trim_matches(['\'', '"']);
        match (typed.strip_prefix("~/"), &self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(typed),
        }
    }
}

impl Dialog for Welcome {
    const KEYS: Context = Context::Welcome;
    const VERB: &'static str = "go on";

    fn form(&self) -> &Form {
        &self.form
    }

    fn form_mut(&mut self) -> &mut Form {
        &mut self.form
    }

    fn accept(&mut self, _now: &Now) -> Vec<Effect> {
        if self.busy {
            return Vec::new();
        }
        let wrong = self.form.fields.iter().position(|field| field.shown && field.error.is_some());
        if let Some(at) = wrong {
            self.form.focus = at;
            return Vec::new();
        }
        (self.busy, self.error) = (true, None);
        let passphrase = Zeroizing::new(self.form.fields[PASSPHRASE].text().to_owned());
        let file = self.brings().then(|| self.file());
        vec![Effect::Run(Action::CreateIdentity(file, passphrase))]
    }

    fn edited(&mut self) {
        let brings = self.brings();
        let typed = !self.form.fields[PASSPHRASE].text().is_empty();
        let same = self.form.fields[PASSPHRASE].text() == self.form.fields[AGAIN].text();
        let fields = &mut self.form.fields;
        (fields[FILE].shown, fields[AGAIN].shown) = (brings, typed);
        fields[FILE].error = (brings && fields[FILE].text().trim().is_empty())
            .then(|| "Which file? The key of your other device. Paste or type its path (Tab).".to_owned());
        let whose = if brings { OF_THE_FILE } else { NO_PASSPHRASE };
        whose.clone_into(&mut fields[PASSPHRASE].placeholder);
        fields[AGAIN].error =
            (typed && !same).then(|| "Type the same passphrase once more (Tab).".to_owned());
        self.error = None;
    }

    fn heard(&mut self, report: &Report) -> Vec<Effect> {
        match report {
            Report::Unlocked(state) => {
                let key = if let IdentityState::Unlocked(key) = state { key.as_str() } else { "" };
                let note = Note::new(Tone::Good, "Key created.").line(key);
                let mut effects = vec![Effect::Close, Effect::Say(note)];
                effects.extend(self.waiting.take().map(Effect::Run));
                effects
            }
            Report::Failed(Verb::CreateIdentity, error) => {
                self.busy = false;
                self.error = Some(format!("{} {}", error.message, error.advice));
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn face(&self, area: Rect, _now: &Now) -> Face {
        let columns = usize::from(area.width.min(76).saturating_sub(4)).max(8);
        let mut head: Vec<String> = WELCOME.iter().flat_map(|line| wrap(line, columns)).collect();
        head.push(String::new());
        Face { title: "Welcome to cclink".to_owned(), head, width: 76, foot: 2 }
    }

    fn head_style(&self, look: &Look<'_>) -> Style {
        look.theme.text
    }

    fn first(&self, look: &Look<'_>) -> Option<Said> {
        if self.busy {
            let doing = if self.brings() { "taking over your key" } else { "creating your key" };
            return Some((format!("{} {doing} …", look.spinner()), look.theme.quiet));
        }
        self.error.clone().map(|error| (error, look.theme.warn))
    }

    fn sentence(&self, look: &Look<'_>) -> Said {
        let words = if self.brings() {
            "Enter imports it: this device is then one of yours. Esc: look around first."
        } else {
            "Enter creates the key. Esc: look around first."
        };
        (words.to_owned(), look.theme.quiet)
    }
}

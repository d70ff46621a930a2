//! No key yet: it comes from another device, is made, or is in a file. What it was
//! wanted for goes on after it.

use std::path::PathBuf;

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::joining::Joining;
use crate::tui::message::{
    Action, Context, Effect, Error, ErrorKind, Hidden, IdentityState, Intent, Note, Now, Pairing, Report,
    Tone, Verb,
};
use crate::tui::parts::dialog::{Dialog, Face, Said};
use crate::tui::parts::form::{Field, Form};
use crate::tui::parts::{Look, wrap};

const WELCOME: [&str; 2] = [
    "Your key signs what you send and opens what you receive.",
    "It stays on your devices; every device with it is yours.",
];

/// Said where no passphrase is typed yet: for a new key, and for one that is
/// brought.
const NO_PASSPHRASE: &str = "none: the file's permissions protect it";
const OF_THE_FILE: &str = "the file's, if it has one";

/// From where the key comes, in the order of the choice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    Device,
    New,
    File,
}

const FROM: [(From, &str); 3] =
    [(From::Device, "I have cclink on another device"), (From::New, "new here"), (From::File, "key file")];

const KEY: usize = 0;
const WORDS: usize = 1;
const FILE: usize = 2;
const PASSPHRASE: usize = 3;
const AGAIN: usize = 4;

/// The fields once a key came.
const SAME: usize = 0;
const RECEIVED_PASSPHRASE: usize = 1;
const RECEIVED_AGAIN: usize = 2;
const NOT_SAME: &str = "Compare the keys first: → for yes. If they differ, press Esc.";

/// The form.
#[derive(Debug)]
pub struct Welcome {
    form: Form,
    /// The form to go back to, while the pairing has one of its own.
    first: Option<Form>,
    joining: Option<Joining>,
    /// What happens meanwhile.
    meanwhile: Option<String>,
    home: Option<PathBuf>,
    waiting: Option<Effect>,
    busy: bool,
    error: Option<String>,
}

impl Welcome {
    /// The form; `waiting` goes on when the key is there. A `~` means `home`.
    pub fn new(waiting: Option<Effect>, home: Option<PathBuf>) -> Self {
        let form = Form::new(vec![
            Field::choice("key", &FROM.map(|(_, words)| words)),
            Field::typed("words", "").placeholder("the four words that it shows"),
            Field::typed("file", "")
                .placeholder("secret_key of your other device (~/.pubky/secret_key there)"),
            Field::masked("passphrase"),
            Field::masked("again").placeholder("repeat it"),
        ]);
        let mut welcome = Self {
            form,
            first: None,
            joining: None,
            meanwhile: None,
            home,
            waiting,
            busy: false,
            error: None,
        };
        welcome.edited();
        welcome
    }

    fn from(&self) -> From {
        let form = self.first.as_ref().unwrap_or(&self.form);
        FROM.get(form.fields[KEY].chosen()).map_or(From::Device, |(from, _)| *from)
    }

    /// The path as typed or dropped onto the terminal.
    fn file(&self) -> PathBuf {
        let typed = self.form.fields[FILE].text().trim().trim_matches(['\'', '"']);
        match (typed.strip_prefix("~/"), &self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(typed),
        }
    }

    /// Looks for the device that shows the typed words.
    fn join(&mut self) -> Vec<Effect> {
        let words = Hidden::new(self.form.fields[WORDS].text().trim().to_owned());
        self.form.focus = WORDS;
        if words.is_empty() {
            return Vec::new();
        }
        (self.joining, self.meanwhile) = (Some(Joining::Looking), None);
        vec![Effect::Run(Action::TakeKey(words))]
    }

    /// Makes a key, or takes over that of the file.
    fn create(&mut self, file: Option<PathBuf>) -> Vec<Effect> {
        let passphrase = Hidden::new(self.form.fields[PASSPHRASE].text().to_owned());
        self.busy = true;
        vec![Effect::Run(Action::CreateIdentity(file, passphrase))]
    }

    /// Enter while a pairing goes on: it stores the key that came.
    fn store(&mut self) {
        if let Some(Joining::Received { hostname, reply, .. }) = &self.joining {
            reply.give(Hidden::new(self.form.fields[RECEIVED_PASSPHRASE].text().to_owned()));
            let hostname = hostname.clone();
            self.show(Form::new(Vec::new()));
            self.joining = Some(Joining::Storing { hostname });
        }
    }

    /// Shows another form in the place of this one.
    fn show(&mut self, form: Form) {
        let room = self.form.room;
        let before = std::mem::replace(&mut self.form, form);
        self.form.room = room;
        self.first.get_or_insert(before);
    }

    /// Back to what was asked first, with a word on why.
    fn start_again(&mut self, why: Option<&Error>) {
        let room = self.form.room;
        self.form = self.first.take().unwrap_or_else(|| self.form.clone());
        self.form.room = room;
        (self.joining, self.meanwhile, self.busy) = (None, None, false);
        self.error = why
            .filter(|why| why.kind != ErrorKind::Cancelled)
            .map(|why| format!("{} {}", why.message, why.advice));
    }

    fn follow(&mut self, report: &Pairing) {
        if let Pairing::Doing(words) = report {
            self.meanwhile = Some(words.clone());
        }
        let Some(next) = self.joining.as_ref().and_then(|joining| joining.follow(report)) else { return };
        self.meanwhile = None;
        let fields = match next {
            Joining::Received { .. } => vec![
                // An Enter that was typed ahead is no yes.
                Field::choice("same key", &["not compared", "yes"]),
                Field::masked("passphrase").placeholder(NO_PASSPHRASE),
                Field::masked("again").placeholder("repeat it"),
            ],
            _ => Vec::new(),
        };
        self.show(Form::new(fields));
        self.joining = Some(next);
        self.edited();
    }

    /// It did not work. Where another process made a key meanwhile, that one is looked at.
    fn failed(&mut self, error: &Error) -> Vec<Effect> {
        self.start_again(Some(error));
        let is_there = error.kind == ErrorKind::Exists;
        is_there.then_some(Effect::Run(Action::Identity)).into_iter().collect()
    }

    /// The key is there: what waited for it goes on.
    fn go_on(&mut self, note: Option<Note>) -> Vec<Effect> {
        let note = note.map(Effect::Say);
        std::iter::once(Effect::Close).chain(note).chain(self.waiting.take()).collect()
    }

    fn made_note(&self, state: &IdentityState) -> Note {
        let key = if let IdentityState::Unlocked(key) = state { key.as_str() } else { "" };
        let words = if self.joining.is_some() { "This device has your key now." } else { "Key created." };
        Note::new(Tone::Good, words).line(key)
    }
}

/// Whether a passphrase was typed; where it was, the same is asked for again.
fn ask_again(form: &mut Form, passphrase: usize, again: usize) {
    let typed = form.fields[passphrase].text();
    let (shown, same) = (!typed.is_empty(), typed == form.fields[again].text());
    let field = &mut form.fields[again];
    field.shown = shown;
    field.error = (shown && !same).then(|| "Type the same passphrase once more (Tab).".to_owned());
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
        self.error = None;
        if self.joining.is_some() {
            let is_asked = matches!(self.joining, Some(Joining::Received { .. }));
            if is_asked && self.form.fields[SAME].chosen() == 0 {
                self.form.focus = SAME;
                self.error = Some(NOT_SAME.to_owned());
                return Vec::new();
            }
            self.store();
            return Vec::new();
        }
        match self.from() {
            From::Device => self.join(),
            From::New => self.create(None),
            From::File => self.create(Some(self.file())),
        }
    }

    /// A pairing is left first: it is ended on the network.
    fn back(&mut self) -> Vec<Effect> {
        match self.joining {
            None => vec![Effect::Close],
            // Too late: it is not cut in half.
            Some(Joining::Storing { .. }) => Vec::new(),
            Some(_) => {
                self.start_again(None);
                vec![Effect::Stop(Verb::TakeKey)]
            }
        }
    }

    fn offers(&self, intent: Intent) -> bool {
        let is_text = !self.form.fields.is_empty();
        match intent {
            Intent::Reveal => self.form.fields.iter().any(|field| field.shown && field.is_masked()),
            Intent::Accept | Intent::NextField => is_text,
            _ => true,
        }
    }

    fn edited(&mut self) {
        self.error = None;
        match &self.joining {
            Some(Joining::Received { .. }) => {
                return ask_again(&mut self.form, RECEIVED_PASSPHRASE, RECEIVED_AGAIN);
            }
            Some(_) => return,
            None => {}
        }
        let from = self.from();
        ask_again(&mut self.form, PASSPHRASE, AGAIN);
        let fields = &mut self.form.fields;
        fields[WORDS].shown = from == From::Device;
        fields[FILE].shown = from == From::File;
        fields[PASSPHRASE].shown = from != From::Device;
        fields[AGAIN].shown &= from != From::Device;
        fields[FILE].error = (from == From::File && fields[FILE].text().trim().is_empty())
            .then(|| "Which file? The key of your other device. Paste or type its path (Tab).".to_owned());
        let whose = if from == From::File { OF_THE_FILE } else { NO_PASSPHRASE };
        whose.clone_into(&mut fields[PASSPHRASE].placeholder);
    }

    fn heard(&mut self, report: &Report) -> Vec<Effect> {
        match report {
            Report::Pairing(pairing) => self.follow(pairing),
            Report::Unlocked(state) => {
                let note = self.made_note(state);
                return self.go_on(Some(note));
            }
            // Another process was faster.
            Report::Identity(IdentityState::Unlocked(_) | IdentityState::Locked, _) if !self.busy => {
                return self.go_on(None);
            }
            Report::Failed(Verb::CreateIdentity, error) => return self.failed(error),
            Report::Failed(Verb::TakeKey, error) if self.joining.is_some() => return self.failed(error),
            _ => {}
        }
        Vec::new()
    }

    fn face(&self, area: Rect, _now: &Now) -> Face {
        let columns = usize::from(area.width.min(76).saturating_sub(4)).max(8);
        let joining = self.joining.as_ref().filter(|_| self.first.is_some());
        if let Some(joining) = joining {
            return Face { title: joining.title(), head: joining.head(columns), width: 76, foot: 3 };
        }
        let mut head: Vec<String> = WELCOME.iter().flat_map(|line| wrap(line, columns)).collect();
        head.push(String::new());
        Face { title: "This device has no key yet".to_owned(), head, width: 76, foot: 3 }
    }

    /// What is to be compared stands out.
    fn head_style(&self, row: usize, look: &Look<'_>) -> Style {
        let columns = usize::from(self.form.room.width.min(76).saturating_sub(4)).max(8);
        let head = self.joining.as_ref().map(|joining| joining.head(columns)).unwrap_or_default();
        let is_compared = head.iter().take(row).any(String::is_empty);
        if is_compared { look.theme.strong } else { look.theme.text }
    }

    fn first(&self, look: &Look<'_>) -> Option<Said> {
        let doing = match (&self.joining, self.busy) {
            (Some(joining), _) => joining.busy(),
            (None, true) if self.from() == From::File => Some("taking over your key …"),
            (None, true) => Some("creating your key …"),
            (None, false) => None,
        };
        if let Some(doing) = doing {
            return Some((format!("{} {doing}", look.spinner()), look.theme.quiet));
        }
        self.error.clone().map(|error| (error, look.theme.warn))
    }

    fn sentence(&self, look: &Look<'_>) -> Said {
        let words = match (&self.joining, self.from()) {
            (Some(joining), _) => return (joining.sentence(), look.theme.text),
            (None, From::Device) if self.form.focus == KEY => {
                "On the other device: `:pair` in cclink, or run `cclink pair`. Type its four words here. No \
                 other device? → for a new key."
            }
            (None, From::Device) => {
                "On the other device: `:pair` in cclink, or run `cclink pair`. Type its four words here. No \
                 other device? ↑, then → for a new key."
            }
            (None, From::File) => "Enter imports it: this device is then one of yours. Esc: not now.",
            (None, From::New) => "Enter creates the key. Esc: not now.",
        };
        (words.to_owned(), look.theme.quiet)
    }

    fn notes(&self, _now: &Now) -> Vec<String> {
        self.meanwhile.iter().map(|words| format!("({words})")).collect()
    }
}

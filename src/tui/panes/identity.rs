//! The user's key: making the first one, and unlocking it.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use zeroize::Zeroizing;

use crate::tui::message::{Action, Context, Effect, ErrorKind, Intent, Now, Report, Verb};
use crate::tui::parts::form::{Field, Form};
use crate::tui::parts::{Look, View, boxed, centred, lines, wrap};

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

impl View for Unlock {
    fn context(&self) -> Context {
        Context::Unlock
    }

    fn handle(&mut self, intent: Intent, _now: &Now) -> Vec<Effect> {
        match intent {
            Intent::Accept if !self.busy => {
                (self.busy, self.error) = (true, None);
                let passphrase = Zeroizing::new(self.form.fields[0].text().to_owned());
                return vec![Effect::Run(Action::Unlock(passphrase))];
            }
            Intent::Back => return vec![Effect::Close],
            other => {
                self.form.handle(other);
            }
        }
        Vec::new()
    }

    fn typed(&mut self, key: KeyEvent, _now: &Now) -> Vec<Effect> {
        self.form.typed(key);
        Vec::new()
    }

    fn paste(&mut self, text: &str, _now: &Now) -> Vec<Effect> {
        self.form.paste(text);
        Vec::new()
    }

    fn burst(&mut self) {
        self.form.burst();
    }

    fn report(&mut self, report: &Report, _now: &Now) -> Vec<Effect> {
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

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let inner = boxed(frame, centred(area, 62, 8), "Your key is locked", look.theme.accent);
        self.form.draw(frame, Rect { height: inner.height.min(1), ..inner }, true, look);
        let (words, style) = if self.busy {
            (format!("{} unlocking …", look.spinner()), look.theme.quiet)
        } else if let Some(error) = &self.error {
            (error.clone(), look.theme.bad)
        } else if self.form.saw_burst() {
            ("That looked pasted. Press Enter again to unlock.".to_owned(), look.theme.warn)
        } else {
            let why = "It is asked for once, and kept in memory only until you quit. Esc: not now.";
            (why.to_owned(), look.theme.quiet)
        };
        let foot: Vec<Line<'_>> = wrap(&words, usize::from(inner.width).max(8))
            .into_iter()
            .map(|line| Line::styled(line, style))
            .collect();
        lines(frame, Rect { y: inner.y + 2, height: inner.height.saturating_sub(2), ..inner }, &foot);
    }
}

const WELCOME: [&str; 4] = [
    "cclink hands a session over to the device you are at.",
    "A key signs what you give, and opens what you get.",
    "It is made and kept here; copies of it make devices yours.",
    "The conversation stays here too, unless you say so.",
];

/// First run: explains, and makes a key.
#[derive(Debug)]
pub struct Welcome {
    form: Form,
    waiting: Option<Action>,
    busy: bool,
    error: Option<String>,
}

impl Welcome {
    /// The welcome; `waiting` goes on when the key is made.
    pub fn new(waiting: Option<Action>) -> Self {
        let form = Form::new(vec![
            Field::masked("passphrase").placeholder("none: the file's permissions protect it"),
            Field::masked("again").placeholder("the same once more"),
        ]);
        let mut welcome = Self { form, waiting, busy: false, error: None };
        welcome.validate();
        welcome
    }

    fn validate(&mut self) {
        let typed = !self.form.fields[0].text().is_empty();
        self.form.fields[1].shown = typed;
        let same = self.form.fields[0].text() == self.form.fields[1].text();
        self.form.fields[1].error =
            (typed && !same).then(|| "Type the same passphrase once more (Tab).".to_owned());
        self.error = None;
    }
}

impl View for Welcome {
    fn context(&self) -> Context {
        Context::Welcome
    }

    fn handle(&mut self, intent: Intent, _now: &Now) -> Vec<Effect> {
        match intent {
            Intent::Accept if self.form.error().is_some() => self.form.focus = 1,
            Intent::Accept if !self.busy => {
                (self.busy, self.error) = (true, None);
                let passphrase = Zeroizing::new(self.form.fields[0].text().to_owned());
                return vec![Effect::Run(Action::CreateIdentity(passphrase))];
            }
            Intent::Back => return vec![Effect::Close],
            other => {
                self.form.handle(other);
            }
        }
        Vec::new()
    }

    fn typed(&mut self, key: KeyEvent, _now: &Now) -> Vec<Effect> {
        if self.form.typed(key) {
            self.validate();
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, _now: &Now) -> Vec<Effect> {
        if self.form.paste(text) {
            self.validate();
        }
        Vec::new()
    }

    fn burst(&mut self) {
        self.form.burst();
    }

    fn report(&mut self, report: &Report, _now: &Now) -> Vec<Effect> {
        match report {
            Report::Unlocked(_) => {
                let mut effects = vec![Effect::Close];
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

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let width = area.width.min(76);
        let columns = usize::from(width.saturating_sub(4)).max(8);
        let mut content: Vec<Line<'_>> = WELCOME
            .iter()
            .flat_map(|line| wrap(line, columns))
            .map(|line| Line::styled(line, look.theme.text))
            .collect();
        content.push(Line::default());
        let told = u16::try_from(content.len()).unwrap_or(u16::MAX);
        let inner = boxed(frame, centred(area, width, told + 7), "Welcome to cclink", look.theme.accent);
        lines(frame, inner, &content);
        let form = Rect {
            y: inner.y + told.min(inner.height),
            height: inner.height.saturating_sub(told).min(2),
            ..inner
        };
        self.form.draw(frame, form, true, look);
        let (words, style) = if self.busy {
            (format!("{} making your key …", look.spinner()), look.theme.quiet)
        } else if let Some(error) = self.error.as_deref().or(self.form.error()) {
            (error.to_owned(), look.theme.warn)
        } else if self.form.saw_burst() {
            ("That looked pasted. Press Enter again to make the key.".to_owned(), look.theme.warn)
        } else {
            ("Enter makes the key. Esc: look at the sessions first. To bring a key of yours: cclink init --import FILE".to_owned(), look.theme.quiet)
        };
        let foot: Vec<Line<'_>> =
            wrap(&words, columns).into_iter().map(|line| Line::styled(line, style)).collect();
        lines(
            frame,
            Rect { y: form.bottom() + 1, height: inner.bottom().saturating_sub(form.bottom() + 1), ..inner },
            &foot,
        );
    }
}

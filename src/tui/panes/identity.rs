//! The user's key: unlocking it, and getting the first one.

mod welcome;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use zeroize::Zeroizing;

use crate::tui::message::{Action, Context, Effect, ErrorKind, Intent, Now, Report, Verb};
use crate::tui::parts::form::{Field, Form};
use crate::tui::parts::{Look, View, boxed, centred, foot};

pub use welcome::Welcome;

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
        } else if let Some(words) = self.form.burst_words("unlock") {
            (words, look.theme.warn)
        } else {
            let why = "It is asked for once, and kept in memory only until you quit. Esc: not now.";
            (why.to_owned(), look.theme.quiet)
        };
        foot(frame, inner, 2, &words, style);
    }
}

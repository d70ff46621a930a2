//! What comes from the terminal: keys, pastes, clicks, and which of them are an
//! answer to what the user has read.

use std::time::Duration;

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::App;
use crate::tui::keymap;
use crate::tui::message::{Context, Effect, Intent, Note, Now, Tone, Verb};
use crate::tui::parts::{View, form};

/// An Enter that follows a character by less than this was pasted, not pressed.
const BURST: Duration = Duration::from_millis(20);
/// Nobody has read a question sooner than this after it was shown.
const REFLEX: Duration = Duration::from_millis(100);
/// Six words are not compared sooner, and a key that is held repeats faster.
const COMPARED: Duration = Duration::from_secs(1);

/// Whether the question that has the keys is on the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// There is none, or it was not drawn yet.
    No,
    /// In the picture that is being written.
    Drawn,
    /// It can be read since then.
    Since(Duration),
}

impl App {
    /// Folds in what one read of the terminal held. Text behind text goes in as
    /// one: pasted where pastes are not marked, it may be long. What follows a
    /// way out of the screen was typed for nobody.
    pub fn inputs(&mut self, inputs: Vec<Input>, now: &Now) {
        let mut inputs = inputs.into_iter().peekable();
        while let Some(input) = inputs.next() {
            let is_text = self.text_of(&input).is_some();
            self.input(input, now);
            if self.leaves() {
                return;
            }
            let mut text = String::new();
            while let Some(c) = inputs.peek().filter(|_| is_text).and_then(|next| self.text_of(next)) {
                // pasted text loses the space around it, and this is no whole one
                if c == ' ' && (text.is_empty() || text.ends_with(' ')) {
                    break;
                }
                text.push(c);
                inputs.next();
            }
            let spaced = text.ends_with(' ');
            if !text.is_empty() {
                self.last_char = Some(now.since);
                self.paste(&text, now);
            }
            if spaced {
                self.input(Input::Key(KeyCode::Char(' ').into()), now);
            }
        }
    }

    /// The character that this types into a field.
    fn text_of(&self, input: &Input) -> Option<char> {
        let context = self.top().context();
        let types =
            takes_text(context) || matches!(context, Context::Filter | Context::Search | Context::Find);
        match input {
            Input::Key(key) if types && key.kind != KeyEventKind::Release => match key.code {
                KeyCode::Char(c) if keymap::intent(self.contexts(), *key).is_none() && is_plain(*key) => {
                    Some(c)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether the terminal is about to be somebody else's.
    pub fn leaves(&self) -> bool {
        let leaves =
            |effect: &Effect| matches!(effect, Effect::StepAside(..) | Effect::Suspend | Effect::Quit);
        self.effects.iter().any(leaves)
    }

    /// Folds one input in.
    pub fn input(&mut self, input: Input, now: &Now) {
        match input {
            Input::Key(key) if key.kind != KeyEventKind::Release => {
                self.key(key, now);
                self.last_input = Some(now.since);
            }
            Input::Paste(text) => {
                self.last_input = Some(now.since);
                self.paste_told(&text, now);
            }
            Input::Mouse(mouse) => self.click(mouse, now),
            Input::FocusGained if !self.jobs.runs(Verb::Scan) => {
                let scan = self.sessions.handle(Intent::Refresh, now);
                self.apply(scan, now);
            }
            Input::Resize(width, height) => self.resize(width, height),
            _ => return,
        }
        self.dirty = true;
    }

    /// A paste, and a word about what a field does not hold of it.
    fn paste_told(&mut self, pasted: &str, now: &Now) {
        let cut = pasted.char_indices().nth(form::MOST).map(|(at, _)| &pasted[..at]);
        self.paste(cut.unwrap_or(pasted), now);
        if cut.is_some() && self.text_of(&Input::Key(KeyCode::Char('a').into())).is_some() {
            let words = format!("Only the first {} characters were pasted.", form::MOST);
            self.toasts.say(Note::new(Tone::Plain, words).line("A field holds no more.").on("paste"), now);
        }
    }

    fn paste(&mut self, text: &str, now: &Now) {
        let effects = self.top_mut().paste(text, now);
        self.apply(effects, now);
        self.dirty = true;
    }

    fn key(&mut self, key: KeyEvent, now: &Now) {
        let burst = self.last_char.is_some_and(|at| now.since.saturating_sub(at) < BURST);
        if matches!(key.code, KeyCode::Char(_)) && is_plain(key) {
            self.last_char = Some(now.since);
        }
        if key.code == KeyCode::Enter && burst && takes_text(self.top().context()) {
            self.last_char = Some(now.since);
            self.top_mut().burst();
            return;
        }
        let note = keymap::intent(self.note_contexts(), key);
        if let Some(intent) = note.or_else(|| keymap::intent(self.contexts(), key)) {
            return self.intend(intent, now);
        }
        let effects = self.top_mut().typed(key, now);
        self.apply(effects, now);
    }

    /// A picture of this state is on its way to the terminal.
    pub fn drawn(&mut self) {
        let asks = self.top().context().is_question() && !self.too_small();
        self.asked = match self.asked {
            _ if !asks => Asked::No,
            Asked::No => Asked::Drawn,
            drawn => drawn,
        };
    }

    /// The picture that was drawn last is on the terminal.
    pub fn shown(&mut self, now: &Now) {
        if self.asked == Asked::Drawn {
            self.asked = Asked::Since(now.since);
        }
    }

    /// Whether a key of now answers what was read: not one that was pressed
    /// before the question could be, nor one of many at once, which were pasted.
    pub(super) fn answers(&self, now: &Now) -> bool {
        let (gap, rest) = match self.top().context() {
            // What this gives away does not come back.
            Context::PairAsked => (COMPARED, COMPARED),
            _ => (BURST, REFLEX),
        };
        let alone = self.last_input.is_none_or(|last| now.since.saturating_sub(last) >= gap);
        alone && matches!(self.asked, Asked::Since(shown) if now.since >= shown + rest)
    }
}

/// Whether nothing but Shift is held.
fn is_plain(key: KeyEvent) -> bool {
    !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT)
}

/// Where an Enter could be the end of a pasted line.
pub(super) fn takes_text(context: Context) -> bool {
    matches!(
        context,
        Context::PublishForm
            | Context::ExtendForm
            | Context::PickupForm
            | Context::ContactForm
            | Context::FolderForm
            | Context::Palette
            | Context::Help
            | Context::Unlock
            | Context::Welcome
    )
}

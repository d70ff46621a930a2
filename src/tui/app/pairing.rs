//! The key, where it is missing or given to another device: asked for before the deed
//! that needs it, and no pairing outlives its view.

use super::App;
use crate::tui::message::{Action, Context, Effect, IdentityState, Note, Now, Pairing, Report, Tone, Verb};
use crate::tui::panes::identity::{Pair, Unlock, Welcome};

impl App {
    /// Whether this device has no key yet, as far as is known.
    pub(super) fn lacks_key(&self) -> bool {
        self.identity == Some(IdentityState::None)
    }

    /// Asks for the first key; `waiting` goes on once it is there.
    pub(super) fn ask_for_first_key(&mut self, waiting: Option<Effect>, now: &Now) {
        self.lay(Box::new(Welcome::new(waiting, self.setup.home.clone())));
        // It may have been made in another window since.
        self.start(Action::Identity, true, now);
    }

    /// Gives the key to another device; a locked one is unlocked first.
    pub(super) fn give_key(&mut self, now: &Now) {
        match &self.identity {
            Some(IdentityState::Locked) => self.lay(Box::new(Unlock::new(Some(Action::GiveKey)))),
            Some(IdentityState::None) => self.ask_for_first_key(None, now),
            Some(IdentityState::Damaged(error)) => self.toasts.say(Note::error(error), now),
            Some(IdentityState::Unlocked(_)) | None => {
                self.lay(Box::new(Pair::new()));
                self.start(Action::GiveKey, false, now);
            }
        }
    }

    /// Words are shown, here or there: from now on somebody's user is waited for.
    pub(super) fn hush_pairing(&mut self, report: &Report) {
        match report {
            Report::Pairing(Pairing::Code(..)) => self.jobs.hush(Verb::GiveKey),
            Report::Pairing(Pairing::Check(_)) => self.jobs.hush(Verb::TakeKey),
            _ => {}
        }
    }

    /// A pairing lives no longer than its view.
    pub(super) fn end_pairing(&mut self, now: &Now) {
        let is_open = |is: fn(Context) -> bool| self.overlays.iter().any(|view| is(view.context()));
        let (gives, takes) = (is_open(Context::is_pairing), is_open(|context| context == Context::Welcome));
        for (verb, is_open) in [(Verb::GiveKey, gives), (Verb::TakeKey, takes)] {
            if !is_open {
                let ending = self.jobs.wind_up(verb, "pairing", now.since);
                self.effects.extend(ending.map(Effect::Cancel));
            }
        }
    }
}

/// What is said where the key was given.
pub(super) fn given_note(pairing: &Pairing) -> Option<Note> {
    let Pairing::Given(paired) = pairing else { return None };
    let [words, rest] = paired.words();
    let note = Note::new(Tone::Good, words).line(rest);
    // Whoever pairs looks at the other device meanwhile.
    Some(note.stay())
}

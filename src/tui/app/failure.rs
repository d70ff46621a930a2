//! What failed, by the name of the deed, and what can be tried again or undone.

use std::time::Duration;

use super::App;
use super::input::takes_text;
use crate::text;
use crate::tui::message::{Action, Context, Error, ErrorKind, Note, Now, Tone, Verb};

impl App {
    /// The keys of the notes that are shown: none while something lies in front or
    /// text is typed.
    pub(super) fn note_contexts(&self) -> &'static [Context] {
        let context = self.top().context();
        if !self.overlays.is_empty() || takes_text(context) || types_words(context) {
            return &[];
        }
        match (self.toasts.can_undo(), self.toasts.can_try_again()) {
            (true, true) => &[Context::Undo, Context::Failed],
            (true, false) => &[Context::Undo],
            (false, true) => &[Context::Failed],
            (false, false) => &[],
        }
    }

    pub(super) fn try_again(&mut self, now: &Now) {
        if let Some(action) = self.toasts.try_again() {
            self.ask_or_start(action, now);
        }
    }

    pub(super) fn undo_revoke(&mut self, now: &Now) {
        if let Some(tokens) = self.toasts.undo() {
            self.start(Action::UndoRevoke(tokens), false, now);
        }
    }

    /// What a failed job was to do, why it could not, and what to do next.
    pub(super) fn say_failed(&mut self, action: Action, error: &Error, now: &Now) {
        let why = Note::error(error);
        let Some(deed) = deed(&action) else { return self.toasts.say(why, now) };
        let note = Note { title: format!("Could not {deed}."), lines: Vec::new(), ..why.clone() };
        let note = note.line(why.title);
        self.toasts.say_failed(why.lines.into_iter().fold(note, Note::line), action, now);
    }

    /// That handoffs are about to be revoked, and for how long that can be undone.
    pub(super) fn say_revoking(&mut self, tokens: Vec<String>, time: Duration, now: &Now) {
        // nobody waits for it, and Esc is no undo
        self.jobs.hush(Verb::Revoke);
        let what = match tokens.as_slice() {
            [one] => self.handoffs.name_of(one).unwrap_or_else(|| one.clone()),
            many => format!("{} handoffs", many.len()),
        };
        let words = format!("Revoking {what} in {} seconds.", time.as_secs());
        self.toasts.say_revoking(Note::new(Tone::Plain, words), tokens, time, now);
    }

    /// Whether the network answered when it was asked last.
    pub(super) fn note_network(&mut self, verb: Verb, result: Result<(), &Error>) {
        let asks = matches!(
            verb,
            Verb::Publish | Verb::List | Verb::Inbox | Verb::Find | Verb::Announce | Verb::Extend
        );
        match result {
            Err(error) if error.kind == ErrorKind::Unreachable => self.offline = true,
            Ok(()) if asks => self.offline = false,
            _ => {}
        }
    }
}

/// Whether words are typed that narrow a list.
pub(super) fn types_words(context: Context) -> bool {
    matches!(context, Context::Filter | Context::Search)
}

/// What was to be done, as a user would say it.
fn deed(action: &Action) -> Option<String> {
    let called = |title: Option<&str>| match title.filter(|title| !title.is_empty()) {
        Some(title) => format!("“{}”", text::fit(title, 40)),
        None => "the handoff".to_owned(),
    };
    Some(match action {
        Action::Publish(request, _) => {
            let title = request.title.as_deref().unwrap_or(&request.session.title);
            format!("publish {}", called(Some(title)))
        }
        Action::Revoke(tokens) if tokens.len() == 1 => format!("revoke {}", tokens[0]),
        Action::Revoke(tokens) => format!("revoke {} handoffs", tokens.len()),
        Action::UndoRevoke(_) => "undo the revoke".to_owned(),
        Action::Announce(token) => format!("announce {token}"),
        Action::Extend(token, _) => format!("extend {token}"),
        Action::PhonePass(_) => "make a phone pass".to_owned(),
        Action::List(_) => "check your handoffs".to_owned(),
        Action::Inbox => "read your inbox".to_owned(),
        Action::Find(_) => "find the handoff".to_owned(),
        Action::PickUp(found, _) => format!("pick up {}", called(found.pickup.title.as_deref())),
        Action::Place(..) => "use this folder".to_owned(),
        Action::EndLive(..) => "end what has the session open".to_owned(),
        Action::AddContact(name, ..) => format!("add {}", text::fit(name, 24)),
        Action::ResumeHere(session) => format!("resume {}", called(Some(&session.title))),
        Action::Search(_) => "search".to_owned(),
        _ => return None,
    })
}

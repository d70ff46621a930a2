//! What is done with the selected session.

use super::Sessions;
use crate::tui::message::{Action, Effect, Intent, Note, Open, PublishRequest, Tone};
use crate::tui::parts::list::hit;

/// Whether this is done with a session.
pub(super) fn needs_row(intent: Intent) -> bool {
    matches!(
        intent,
        Intent::Publish | Intent::ToPhone | Intent::ResumeHere | Intent::CopyId | Intent::ShowDetail
    )
}

impl Sessions {
    pub(super) fn act(&self, intent: Intent) -> Vec<Effect> {
        let Some(session) = self.selected() else {
            let note = Note::new(Tone::Plain, "No session is selected.");
            return needs_row(intent).then_some(Effect::Say(note)).into_iter().collect();
        };
        match intent {
            Intent::Publish | Intent::ToPhone if !session.resumable => {
                let why = session.why_not.as_deref().unwrap_or("it contains no conversation");
                let words = format!("It could not be resumed elsewhere, nor here: {why}.");
                vec![Effect::Say(Note::new(Tone::Plain, words))]
            }
            Intent::Publish => {
                vec![Effect::Open(Open::Publish(Box::new(PublishRequest::proposed(session.clone()))))]
            }
            Intent::ToPhone => {
                let request = PublishRequest::proposed(session.clone());
                vec![Effect::Run(Action::Publish(Box::new(request), true))]
            }
            Intent::ResumeHere => vec![Effect::Run(Action::ResumeHere(Box::new(session.clone())))],
            Intent::CopyId => vec![Effect::Copy(session.session_id.clone().into(), "The session's id")],
            _ => Vec::new(),
        }
    }

    /// The place of the session in this row of the screen.
    pub(super) fn row_at(&self, row: u16) -> Option<usize> {
        let (cursor, len) = match &self.search {
            Some(search) => (&search.cursor, search.shown.len()),
            None => (&self.cursor, self.shown.len()),
        };
        hit(self.list_area(), row, self.row_height(), cursor, len)
    }
}

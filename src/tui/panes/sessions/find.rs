//! Looking inside the one conversation that is read.

use std::path::{Path, PathBuf};

use super::conversation::Spot;
use crate::text;
use crate::tui::message::{Action, Effect, Hit, Note, Session, Tone};
use crate::tui::parts::form::{Field, Form};

/// What is looked for, and what came of it.
#[derive(Debug)]
pub(super) struct Find {
    pub form: Form,
    pub typing: bool,
    path: PathBuf,
    /// What was asked for last.
    query: String,
    /// Every match, oldest first, and which of them the user is at.
    hits: Vec<Hit>,
    at: usize,
}

impl Find {
    pub fn new(session: &Session) -> Self {
        Self {
            form: Form::new(vec![Field::typed("find", "").placeholder("words in this conversation")]),
            typing: true,
            path: session.path.clone(),
            query: String::new(),
            hits: Vec::new(),
            at: 0,
        }
    }

    /// Looks for what was typed.
    pub fn ask(&mut self, session: &Session) -> Vec<Effect> {
        let typed = self.form.fields.first().map_or("", |field| field.text()).trim();
        if typed.is_empty() {
            return Vec::new();
        }
        typed.clone_into(&mut self.query);
        self.typing = false;
        self.hits.clear();
        vec![Effect::Run(Action::Hits(Box::new(session.clone()), self.query.clone()))]
    }

    /// Takes what was found: the newest is gone to.
    pub fn found(&mut self, path: &Path, hits: Vec<Hit>) -> Vec<Effect> {
        if path != self.path {
            return Vec::new();
        }
        if hits.is_empty() {
            self.typing = true;
            let words = format!("No message here contains “{}”.", self.query);
            return vec![Effect::Say(Note::new(Tone::Plain, words).on("find"))];
        }
        self.at = hits.len() - 1;
        self.hits = hits;
        Vec::new()
    }

    /// To the next match, older or newer; from the last one to the first.
    pub fn turn(&mut self, older: bool) {
        let of = self.hits.len().max(1);
        self.at = if older { (self.at + of - 1) % of } else { (self.at + 1) % of };
    }

    /// Where the match is that the user is at.
    pub fn spot(&self) -> Option<Spot> {
        self.hits.get(self.at).map(|hit| (hit.line.clone(), self.query.clone()))
    }

    /// "match 2 of 7", the newest first.
    pub fn place(&self) -> Option<String> {
        let of = self.hits.len();
        let at = text::count(of - self.at.min(of));
        (of > 0).then(|| format!("match {at} of {}", text::count(of)))
    }
}

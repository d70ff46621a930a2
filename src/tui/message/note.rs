//! What the user is told for a while.

use std::fmt;

use super::Error;

/// How a note is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It worked.
    Good,
    /// Good to know.
    Plain,
    /// It did not work.
    Bad,
}

/// Something to tell the user, shown for a while over the pane.
#[derive(Clone, PartialEq, Eq)]
pub struct Note {
    /// How it is meant.
    pub tone: Tone,
    /// What happened, in one line.
    pub title: String,
    /// Why, and what to do next.
    pub lines: Vec<String>,
    /// Stays until dismissed, because it holds what is not shown again.
    pub stays: bool,
    /// A newer note of the same topic takes its place.
    pub topic: Option<&'static str>,
}

/// Its lines are for the user alone: one may be the PIN that was made.
impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Note({:?}, {:?}, {} lines)", self.tone, self.title, self.lines.len())
    }
}

impl Note {
    /// A note that goes by itself.
    pub fn new(tone: Tone, title: impl Into<String>) -> Self {
        Self { tone, title: title.into(), lines: Vec::new(), stays: false, topic: None }
    }

    /// The same with one more line; an empty one is left out.
    #[must_use]
    pub fn line(mut self, line: impl Into<String>) -> Self {
        let line = line.into();
        if !line.is_empty() {
            self.lines.push(line);
        }
        self
    }

    /// The same, staying until dismissed.
    #[must_use]
    pub fn stay(mut self) -> Self {
        self.stays = true;
        self
    }

    /// The same, in place of an older one on this.
    #[must_use]
    pub fn on(mut self, topic: &'static str) -> Self {
        self.topic = Some(topic);
        self
    }

    /// An error of the service: what failed, why, and what to do next.
    pub fn error(error: &Error) -> Self {
        Self::new(Tone::Bad, error.message.clone()).line(error.advice.clone())
    }
}

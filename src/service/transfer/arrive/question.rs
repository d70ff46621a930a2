//! What only the user can decide while a session arrives.

use std::sync::Arc;

use chrono::{DateTime, Local, Utc};

use crate::claude::Parting;
use crate::service::{Plan, Result};

/// Answers a question; may wait for a person.
pub type Ask = Arc<dyn Fn(&Question) -> Result<Answer> + Send + Sync>;

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Claude is at work in it, where it lives.
    TurnThere {
        /// That machine, clean.
        host: String,
        /// Until when it can be had whole.
        until: Option<DateTime<Utc>>,
        /// The way there, where there is one.
        there: Option<Plan>,
    },
    /// A claude on this machine has it open.
    OpenHere {
        /// Which process.
        pid: u32,
        /// Whether it can be ended without cutting a turn.
        idle: bool,
        /// Its window.
        window: Option<Plan>,
    },
    /// A machine or container that shares Claude's folder may have it open.
    PerhapsOpen,
    /// It went on here, and there.
    BothWentOn(Parting),
}

/// What the user decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To the machine where it lives, instead.
    GoThere,
    /// Until the turn has ended.
    Wait,
    /// Up to the last complete turn.
    WholeTurns,
    /// To the window where it is open, instead.
    GoToWindow,
    /// End the claude that has it open, and go on.
    EndIt,
    /// As a session of its own, beside the other.
    Beside,
    /// Nobody has it open.
    NotOpen,
    /// What is here becomes a session of its own.
    KeepBoth,
}

impl Question {
    /// What is the matter, in a sentence.
    pub fn words(&self) -> String {
        match self {
            Self::TurnThere { host, .. } => format!("Claude is in the middle of a turn on {host}."),
            Self::OpenHere { pid, .. } => {
                format!("This session is open in a running claude on this machine (process {pid}).")
            }
            Self::PerhapsOpen => {
                "This session may be open on another machine or in a container that shares Claude's folder."
                    .to_owned()
            }
            Self::BothWentOn(Parting { at, ours, theirs }) => {
                let until =
                    at.map_or_else(|| "from the start".to_owned(), |at| format!("since {}", clock(at)));
                let messages = if *ours == 1 { "message" } else { "messages" };
                format!(
                    "The session continued on both machines {until}: {ours} {messages} here, {theirs} there."
                )
            }
        }
    }

    /// The answers in words, the one that is proposed first.
    pub fn answers(&self) -> Vec<(Answer, String)> {
        let mut all = Vec::new();
        match self {
            Self::TurnThere { host, until, there } => {
                all.push((Answer::Wait, "wait until the turn ends".to_owned()));
                if there.is_some() {
                    all.push((Answer::GoThere, format!("continue on {host} over SSH")));
                }
                let until = until.map_or_else(|| "the last complete turn".to_owned(), clock);
                all.push((Answer::WholeTurns, format!("take it up to {until}")));
            }
            Self::OpenHere { idle, window, .. } => {
                if window.is_some() {
                    all.push((Answer::GoToWindow, "go to its window".to_owned()));
                }
                all.push((Answer::Beside, "keep the copy as a separate session".to_owned()));
                if *idle {
                    all.push((Answer::EndIt, "end that claude and bring the session here".to_owned()));
                }
            }
            Self::PerhapsOpen => {
                all.push((Answer::Beside, "keep the copy as a separate session".to_owned()));
                all.push((Answer::NotOpen, "nobody has it open: bring it here".to_owned()));
            }
            Self::BothWentOn(_) => {
                all.push((Answer::KeepBoth, "keep both: what is here becomes a separate session".to_owned()));
                all.push((Answer::Beside, "keep both: what arrives becomes a separate session".to_owned()));
            }
        }
        all
    }

    /// What `--yes` means: the answer that loses nothing and ends nothing.
    pub fn unasked(&self) -> (Answer, String) {
        let wanted = match self {
            Self::TurnThere { .. } => Answer::WholeTurns,
            Self::OpenHere { .. } | Self::PerhapsOpen => Answer::Beside,
            Self::BothWentOn(_) => Answer::KeepBoth,
        };
        let words = self.answers().into_iter().find(|(answer, _)| *answer == wanted);
        words.unwrap_or((wanted, String::new()))
    }
}

/// `14:02`, with the day when it is not today.
fn clock(time: DateTime<Utc>) -> String {
    let time = time.with_timezone(&Local);
    let today = time.date_naive() == Local::now().date_naive();
    time.format(if today { "%H:%M" } else { "%Y-%m-%d %H:%M" }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_has_an_answer_that_loses_nothing() {
        let parting = Parting { at: None, ours: 1, theirs: 11 };
        for question in [
            Question::TurnThere { host: "desk".to_owned(), until: None, there: None },
            Question::OpenHere { pid: 7, idle: false, window: None },
            Question::PerhapsOpen,
            Question::BothWentOn(parting),
        ] {
            let (answer, words) = question.unasked();
            assert!(
                question.answers().contains(&(answer, words.clone())) && !words.is_empty(),
                "{question:?}"
            );
            assert!(!matches!(answer, Answer::EndIt | Answer::NotOpen));
        }
        let words = Question::BothWentOn(parting).words();
        assert!(words.contains("1 message here, 11 there"), "{words}");
    }
}

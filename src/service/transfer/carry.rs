//! The conversation as a sealed file: made of what lies in Claude's folder, and
//! arriving from one like any other session.

mod fetch;
mod open;
mod seal;
mod ship;

use std::path::PathBuf;

use crate::carry::Part;
use crate::claude::Beside;
use crate::service::Draft;
use crate::store::CarryWay;

pub use open::Sealed;
pub(crate) use seal::Sealing;
pub(crate) use ship::Shipped;

/// As what a part of a session stands in a sealed file.
fn part_of(beside: Beside) -> Part {
    match beside {
        Beside::Session => Part::Session,
        Beside::History => Part::History,
        Beside::Plans => Part::Plans,
        Beside::Tasks => Part::Tasks,
        Beside::Memory => Part::Memory,
    }
}

/// How the conversation of a handoff goes along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarryTo {
    /// Where its sealed file goes.
    pub to: Destination,
    /// The project's memory comes along.
    pub with_memory: bool,
    /// Work that is not committed or not pushed comes along.
    pub with_changes: bool,
    /// The owner agrees to what it means that it lies there.
    pub agrees: bool,
    /// Somebody is at the terminal and can answer git or ssh.
    pub asks: bool,
}

/// Where a sealed file goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Out of this process.
    Stdout,
    /// A file, which must not be there yet.
    File(PathBuf),
    /// To where both machines reach.
    Way(CarryWay),
    /// Where the draft proposes, if anywhere.
    Proposed,
    /// Nowhere: the user wants it to stay.
    Stays,
}

impl CarryTo {
    /// What is meant for this draft; `None`: it stays.
    pub fn meant(&self, draft: &Draft) -> Option<Self> {
        Some(match &self.to {
            Destination::Stays => return None,
            Destination::Proposed => Self {
                to: Destination::Way(draft.carry.chosen?),
                with_changes: self.with_changes || draft.carry.changes,
                ..self.clone()
            },
            _ => self.clone(),
        })
    }

    /// There, with nothing agreed to.
    pub fn to(to: Destination) -> Self {
        Self { to, with_memory: false, with_changes: false, agrees: false, asks: false }
    }
}

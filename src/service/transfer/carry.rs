//! The conversation as a sealed file: made of what lies in Claude's folder, and
//! arriving from one like any other session.

mod open;
mod seal;

use std::path::PathBuf;

use crate::carry::Part;
use crate::claude::Beside;

pub(crate) use seal::{Kept, Sealing};

/// As what a part of a session stands in a sealed file.
fn part_of(beside: Beside) -> Part {
    match beside {
        Beside::Session => Part::Session,
        Beside::History => Part::History,
        Beside::Plans => Part::Plans,
        Beside::Memory => Part::Memory,
    }
}

/// Where the sealed file of a handoff goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarryTo {
    /// A file, which must not be there yet; `None` is stdout.
    pub file: Option<PathBuf>,
    /// The project's memory comes along.
    pub with_memory: bool,
    /// Work that is not committed or not pushed comes along.
    pub with_changes: bool,
}

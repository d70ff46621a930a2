//! The conversation as a sealed file: made of what lies in Claude's folder, and
//! arriving from one like any other session.

mod open;
mod seal;

use std::path::PathBuf;

pub(super) use seal::{Kept, Sealing};

/// Where the sealed file of a handoff goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarryTo {
    /// A file, which must not be there yet; `None` is stdout.
    pub file: Option<PathBuf>,
    /// The project's memory comes along.
    pub with_memory: bool,
}

//! Plans to resume a session, and their commands as values; runs nothing.

use std::path::PathBuf;

use serde::Serialize;

/// How a session can be resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PlanKind {
    /// The session file is on this machine.
    Here,
    /// Just the command, to be run where the session lives.
    Command,
}

/// One way to go on with a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Which way.
    pub kind: PlanKind,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Where to run it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<PathBuf>,
    /// The same for a POSIX shell, quoted.
    pub shell: String,
    /// Whether it can be run here and now.
    pub ready: bool,
    /// Why it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why_not: Option<String>,
}

//! Plans to resume a session, and their commands as values; runs nothing.

use std::path::{Path, PathBuf};

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

impl Plan {
    /// `claude --resume ID` in `directory` on this machine. The directory
    /// matters: older claudes look for the session in its project folder only.
    pub fn here(claude: &str, session_id: &str, directory: Option<PathBuf>, why_not: Option<String>) -> Self {
        Self::new(PlanKind::Here, claude, session_id, directory, why_not)
    }

    /// The same as text, for the machine where the session lives.
    pub fn command(session_id: &str, project: &str) -> Self {
        Self::new(PlanKind::Command, "claude", session_id, Some(PathBuf::from(project)), None)
    }

    fn new(
        kind: PlanKind,
        claude: &str,
        id: &str,
        directory: Option<PathBuf>,
        why_not: Option<String>,
    ) -> Self {
        let command = vec![claude.to_owned(), "--resume".to_owned(), id.to_owned()];
        let shell = shell_line(&command, directory.as_deref());
        Self { kind, command, directory, shell, ready: why_not.is_none(), why_not }
    }
}

/// One line for a POSIX shell: `cd DIR && COMMAND…`, every word quoted.
fn shell_line(command: &[String], directory: Option<&Path>) -> String {
    let quote =
        |word: &str| shlex::try_quote(word).map_or_else(|_| "''".to_owned(), std::borrow::Cow::into_owned);
    let line = command.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ");
    match directory {
        // `--` so that a folder named `-x` is no option.
        Some(dir) => format!("cd -- {} && {line}", quote(&dir.to_string_lossy())),
        None => line,
    }
}

/// Variables that describe the claude session around us, or hold a secret of
/// ours. A claude that inherits the first would save no transcript.
const NOT_INHERITED: [&str; 18] = [
    "AI_AGENT",
    "CCLINK_PASSPHRASE",
    "CCLINK_PIN",
    "CLAUDECODE",
    "CLAUDE_CODE_CHILD_NOTES_DIR",
    "CLAUDE_CODE_CHILD_SESSION",
    "CLAUDE_CODE_ENTRYPOINT",
    "CLAUDE_CODE_EXECPATH",
    "CLAUDE_CODE_MESSAGING_SOCKET",
    "CLAUDE_CODE_MESSAGING_TOKEN",
    "CLAUDE_CODE_SESSION_ATTENDED",
    "CLAUDE_CODE_SESSION_ID",
    "CLAUDE_CODE_SSE_PORT",
    "CLAUDE_EFFORT",
    "CLAUDE_PID",
    "CLAUDE_PLUGIN_DATA",
    "CLAUDE_PLUGIN_ROOT",
    "CLAUDE_PROJECT_DIR",
];

/// The variables to take out of a resumed claude's environment. The user's own
/// settings (`CLAUDE_CONFIG_DIR`, `CLAUDE_CODE_USE_BEDROCK` …) stay.
pub fn not_inherited() -> &'static [&'static str] {
    &NOT_INHERITED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_quoted() {
        let plan = Plan::command("11111111-2222-4333-8444-555555555555", "/tmp/a b'; rm -rf ~ #");
        assert_eq!(
            shlex::split(&plan.shell).unwrap(),
            [
                "cd",
                "--",
                "/tmp/a b'; rm -rf ~ #",
                "&&",
                "claude",
                "--resume",
                "11111111-2222-4333-8444-555555555555"
            ]
        );
        let local = Plan::here("claude", "x", Some("/home/dana/wx".into()), None);
        assert_eq!(local.shell, "cd -- /home/dana/wx && claude --resume x");
        assert!(local.ready);
    }
}

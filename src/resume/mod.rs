//! Plans to resume a session, and their commands as values; runs nothing.

mod ssh;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::handoff::Hidden;
use serde::Serialize;
pub use ssh::{CONNECT, SshWay, There, quote_for_any_shell, remote_command};

/// How a session can be resumed; as `--plan` and JSON name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, strum::IntoStaticStr, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum PlanKind {
    /// Resume it here: this machine has its conversation
    Here,
    /// Go to its tmux window on this machine, where it runs
    Attach,
    /// Resume it over SSH, on its own machine
    Ssh,
    /// Copy its conversation here over SSH, then resume it here
    Bring,
    /// Fetch the conversation that is included (`--carry`), then resume it here
    Carried,
    /// Print the command to run on its machine
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
    /// What should be known before it is run, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The command as people know it, for a line: `ssh ada@dev`.
    #[serde(skip)]
    pub brief: String,
    /// The process on this machine that has the session open, idle: not ready, but
    /// it can be ended first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends: Option<u32>,
    /// Nobody knows the project's folder here.
    #[serde(skip)]
    pub lacks_folder: bool,
    /// That somebody goes on with it elsewhere, as a sentence: asked before it is run.
    #[serde(skip)]
    pub went_on: Option<String>,
    /// A variable that its process is given.
    #[serde(skip)]
    pub handed: Option<Secret>,
}

/// A variable whose value is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    pub name: &'static str,
    pub value: Hidden<String>,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({})", self.name)
    }
}

impl Plan {
    /// `claude --resume ID` in `directory` on this machine. The directory
    /// matters: older claudes look for the session in its project folder only.
    pub fn here(claude: &str, session_id: &str, directory: Option<PathBuf>, why_not: Option<String>) -> Self {
        let command = words([claude, "--resume", session_id]);
        Self::new(PlanKind::Here, command, directory, why_not)
    }

    /// The same in the worktree that claude made for the session.
    pub fn in_worktree(claude: &str, worktree: &str, session_id: &str, directory: PathBuf) -> Self {
        let command = words([claude, "--worktree", worktree, "--resume", session_id]);
        Self::new(PlanKind::Here, command, Some(directory), None)
    }

    /// The same as a copy with an id of its own, beside a session that is open
    /// elsewhere.
    pub fn fork(claude: &str, session_id: &str, directory: Option<PathBuf>) -> Self {
        let command = words([claude, "--resume", session_id, "--fork-session"]);
        Self::new(PlanKind::Here, command, directory, None)
            .note("a copy of the conversation with its own id: what you say here does not appear there")
    }

    /// The window of tmux (`session:window.pane`) in which it runs.
    pub fn attach(window: &str, inside_tmux: bool) -> Self {
        let verb = if inside_tmux { "switch-client" } else { "attach-session" };
        Self::new(PlanKind::Attach, words(["tmux", verb, "-t", window]), None, None)
    }

    /// The same from a terminal whose `TMUX` names another server, or one that is
    /// gone: tmux itself would refuse.
    pub fn attach_from_another_tmux(window: &str) -> Self {
        let command = words(["env", "-u", "TMUX", "tmux", "attach-session", "-t", window]);
        Self::new(PlanKind::Attach, command, None, None)
            .note("if this terminal is inside another tmux, press the prefix twice to reach the inner one")
    }

    /// A session that claude runs in the background, by the short id that claude
    /// takes for it.
    pub fn attach_background(claude: &str, short_id: &str) -> Self {
        Self::new(PlanKind::Attach, words([claude, "attach", short_id]), None, None)
    }

    /// A terminal on the machine where it lives.
    pub fn ssh(way: &SshWay<'_>, there: &There<'_>) -> Self {
        let plan = Self::new(PlanKind::Ssh, way.command(&remote_command(there)), None, None);
        Self { brief: way.line(&[]), ..plan }
    }

    /// `cclink pickup HANDOFF --plan bring`, or `carried`: this program fetches it.
    pub fn fetching(kind: PlanKind, cclink: &str, handoff: &[&str]) -> Self {
        let command = [&[cclink, "pickup"], handoff, &["--plan", kind.into()]].concat();
        let command = command.into_iter().map(str::to_owned).collect();
        Self::new(kind, command, None, None)
    }

    /// From a sealed file: `cclink pickup HANDOFF --from FILE`.
    pub fn from_file(cclink: &str, handoff: &str, file: &str) -> Self {
        Self::new(PlanKind::Carried, words([cclink, "pickup", handoff, "--from", file]), None, None)
    }

    /// The same plan with a variable of its process that nobody sees.
    #[must_use]
    pub fn handed_by(mut self, name: &'static str, value: Hidden<String>) -> Self {
        self.handed = Some(Secret { name, value });
        self
    }

    /// A clone of a repository, by the user's own git. It tells how far it is
    /// wherever it writes, which is not worth a word of the line that is shown.
    pub fn git_clone(remote: &str, into: &Path) -> Self {
        let into = into.to_string_lossy();
        let shown = Self::new(PlanKind::Command, words(["git", "clone", "--", remote, &into]), None, None);
        Self { command: words(["git", "clone", "--progress", "--", remote, &into]), ..shown }
    }

    /// The same plan, not ready for want of the project's folder.
    #[must_use]
    pub fn lacks_folder(mut self, why: impl Into<String>) -> Self {
        self.lacks_folder = true;
        self.not_ready(why)
    }

    /// As text, for the machine where the session lives.
    pub fn command(session_id: &str, project: &str) -> Self {
        let command = words(["claude", "--resume", session_id]);
        Self::new(PlanKind::Command, command, Some(PathBuf::from(project)), None)
    }

    /// The same plan, for after the end of this process, which holds the session.
    #[must_use]
    pub fn after_the_end_of(mut self, process: u32) -> Self {
        self.ends = Some(process);
        self
    }

    /// What a person would type for it: the folder is worth a word only where it is
    /// all there is.
    pub fn typed(&self) -> &String {
        if self.kind == PlanKind::Command && !self.is_clone() { &self.shell } else { &self.brief }
    }

    /// Whether it opens a session that claude runs in the background.
    pub fn is_in_background(&self) -> bool {
        self.command.get(1).is_some_and(|word| word == "attach")
    }

    /// Whether it clones a repository.
    pub fn is_clone(&self) -> bool {
        self.command.get(1).is_some_and(|word| word == "clone")
    }

    /// The other ways that are open, of all there are.
    pub fn others<'a>(&self, all: &'a [Self]) -> impl Iterator<Item = PlanKind> + use<'a> {
        let own = self.kind;
        all.iter().filter(move |other| other.ready && other.kind != own).map(|other| other.kind)
    }

    /// Whether it goes on in a copy, beside a session that is open elsewhere.
    pub fn is_copy(&self) -> bool {
        self.command.iter().any(|word| word == "--fork-session")
    }

    /// The same plan with something to know before it is run.
    #[must_use]
    pub fn note(mut self, words: impl Into<String>) -> Self {
        self.notes.push(words.into());
        self
    }

    /// The same plan, not ready for this reason.
    #[must_use]
    pub fn not_ready(mut self, why: impl Into<String>) -> Self {
        self.ready = false;
        self.why_not = Some(why.into());
        self
    }

    fn new(
        kind: PlanKind,
        command: Vec<String>,
        directory: Option<PathBuf>,
        why_not: Option<String>,
    ) -> Self {
        let shell = shell_line(&command, directory.as_deref());
        let brief = shell_line(&by_name(&command), None);
        let ready = why_not.is_none();
        let notes = Vec::new();
        Self {
            kind,
            command,
            directory,
            shell,
            ready,
            why_not,
            notes,
            brief,
            ends: None,
            lacks_folder: false,
            went_on: None,
            handed: None,
        }
    }
}

/// The same with the program's name in place of its path.
fn by_name(command: &[String]) -> Vec<String> {
    let mut words = command.to_vec();
    if let Some(program) = words.first_mut() {
        let name = Path::new(program.as_str()).file_name().map(|name| name.to_string_lossy().into_owned());
        *program = name.unwrap_or_else(|| program.clone());
    }
    words
}

fn words<const N: usize>(all: [&str; N]) -> Vec<String> {
    all.map(str::to_owned).to_vec()
}

/// One line for a POSIX shell: `cd DIR && COMMAND…`, every word quoted.
fn shell_line(command: &[String], directory: Option<&Path>) -> String {
    let line = command.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ");
    match directory {
        // `--` so that a folder named `-x` is no option.
        Some(dir) => format!("cd -- {} && {line}", quote(&dir.to_string_lossy())),
        None => line,
    }
}

/// A word for a POSIX shell. (Only NUL cannot be quoted, and no path or
/// argument of a process holds one.)
pub(crate) fn quote(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| "''".to_owned(), Cow::into_owned)
}

/// Variables that describe the claude session around us. A claude that inherits
/// them would believe that it runs inside another one, and save no transcript.
const OF_A_SESSION: [&str; 17] = [
    "AI_AGENT",
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
    "CLAUDE_ENV_FILE",
    "CLAUDE_PID",
    "CLAUDE_PLUGIN_DATA",
    "CLAUDE_PLUGIN_ROOT",
    "CLAUDE_PROJECT_DIR",
];

/// Variables that hold a secret of ours.
const SECRETS: [&str; 3] = ["CCLINK_HANDED", "CCLINK_PASSPHRASE", "CCLINK_PIN"];

/// Names a file for the error that a process of ours ends with: the screen that
/// started it shows that once it is back.
pub const ERROR_FILE: &str = "CCLINK_ERROR_FILE";

/// The variables that no other program inherits from us. The user's own settings
/// (`CLAUDE_CONFIG_DIR`, `CLAUDE_CODE_USE_BEDROCK` …) stay.
pub fn not_inherited() -> impl Iterator<Item = &'static str> {
    OF_A_SESSION.into_iter().chain(SECRETS).chain([ERROR_FILE])
}

/// The variables that another process of ours does not inherit: it needs what
/// opens the key.
pub fn not_inherited_by_us() -> impl Iterator<Item = &'static str> {
    OF_A_SESSION.into_iter()
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

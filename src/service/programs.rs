//! Other programs: how each is started, and short questions to git, tmux, ps and
//! tailscale. None may hold us up, and none has to be there.

pub(super) mod aside;
pub(super) mod autostart;
pub(super) mod signals;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::claude;
use crate::handoff::Git;
use crate::resume::{Plan, not_inherited, not_inherited_by_us};
use crate::text;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Answers are short; more than this is none.
const LONGEST: usize = 4 * 1024 * 1024;
/// Digits of a commit's hash that travel: enough to be unique.
const COMMIT: usize = 12;

/// What git is told so that a repository runs nothing of its own: no monitor of
/// files, no hooks.
const GIT: [&str; 4] = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"];
/// What keeps git, its ssh and its helpers from asking, where nobody can answer.
pub(super) const ASKS_NOTHING: [(&str, &str); 4] = [
    ("GIT_TERMINAL_PROMPT", "0"),
    ("SSH_ASKPASS", "false"),
    ("SSH_ASKPASS_REQUIRE", "force"),
    ("GCM_INTERACTIVE", "never"),
];
/// Where a git above us says its own repository is.
const OF_ANOTHER_GIT: [&str; 5] =
    ["GIT_COMMON_DIR", "GIT_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_WORK_TREE"];

/// Another program, to be started without our secrets and without the variables
/// of a claude session around us. Every child begins here.
pub fn child(program: impl AsRef<OsStr>) -> Command {
    begun(program, not_inherited())
}

/// This program once more: without the variables of a claude session around us,
/// with what opens the key.
pub fn child_of_ours(program: impl AsRef<OsStr>) -> Command {
    begun(program, not_inherited_by_us())
}

fn begun(program: impl AsRef<OsStr>, not_inherited: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let mut command = Command::new(program);
    for name in not_inherited {
        command.env_remove(name);
    }
    // It may start in another folder, where a relative path is another place.
    let env = |name: &str| std::env::var_os(name);
    if let Some(dir) = env("CLAUDE_CONFIG_DIR").and_then(|_| claude::config_dir(&env, None)) {
        command.env("CLAUDE_CONFIG_DIR", dir);
    }
    command
}

/// git as the user asked for it: it may ask them something, but runs no program
/// that a repository names, and writes nowhere but where it is told to.
pub(super) fn own_git(program: impl AsRef<OsStr>) -> Command {
    let mut command = child(program);
    command.args(GIT);
    for name in OF_ANOTHER_GIT {
        command.env_remove(name);
    }
    command
}

/// git in a directory, unasked: it takes no lock that its user would meet, and
/// asks nothing.
pub(super) fn git(directory: &Path) -> Command {
    let mut command = own_git("git");
    command.current_dir(directory).env("GIT_OPTIONAL_LOCKS", "0").env("GIT_TERMINAL_PROMPT", "0");
    command
}

/// A path as git prints it, which need not be in UTF-8.
pub(super) fn path_of(bytes: &[u8]) -> PathBuf {
    #[cfg(unix)]
    return PathBuf::from(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes));
    #[cfg(not(unix))]
    return PathBuf::from(String::from_utf8_lossy(bytes).into_owned());
}

/// A folder of objects as one entry of git's list with colons between.
pub(super) fn as_alternate(folder: &Path) -> OsString {
    let mut quoted = OsString::from("\"");
    let bytes = folder.as_os_str().as_encoded_bytes();
    let mut at = 0;
    for (end, byte) in bytes.iter().enumerate() {
        let escaped = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            _ => continue,
        };
        quoted.push(path_of(&bytes[at..end]));
        quoted.push(escaped);
        at = end + 1;
    }
    quoted.push(path_of(&bytes[at..]));
    quoted.push("\"");
    quoted
}

/// Whether this is the whole hash of an object of git and no option, name or path.
pub(super) fn is_object(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// What git prints in a directory, when it succeeds in time.
pub(super) async fn ask_git(directory: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = git(directory);
    command.args(arguments);
    answer(command).await
}

/// What a program prints, when it succeeds in time.
pub(super) async fn ask<S: AsRef<OsStr>>(program: &str, arguments: &[S]) -> Option<String> {
    ask_within(PATIENCE, program, arguments).await
}

/// The same of a program that may take longer to start.
pub(super) async fn ask_within<S: AsRef<OsStr>>(
    limit: Duration,
    program: &str,
    arguments: &[S],
) -> Option<String> {
    let mut command = child(program);
    command.args(arguments);
    answer_within(limit, command).await
}

async fn answer(command: Command) -> Option<String> {
    answer_within(PATIENCE, command).await
}

async fn answer_within(limit: Duration, mut command: Command) -> Option<String> {
    command.stdin(Stdio::null()).stderr(Stdio::null()).env("LC_ALL", "C").kill_on_drop(true);
    let output = tokio::time::timeout(limit, command.output()).await.ok()?.ok()?;
    (output.status.success() && output.stdout.len() <= LONGEST).then_some(())?;
    String::from_utf8(output.stdout).ok()
}

/// A repository as it stands.
pub(super) struct Status {
    /// Branch, remote (without credentials), commit, and whether tracked files
    /// were changed.
    pub git: Git,
    /// How many of them were.
    pub changed: usize,
    /// Commits that the branch is ahead of its upstream; `None` without one.
    pub ahead: Option<usize>,
}

/// The repository around a directory as it stands, for a record.
pub(super) async fn repository(directory: &Path) -> Option<Git> {
    Some(status(directory).await?.git)
}

/// The repository around a directory as it stands.
pub(super) async fn status(directory: &Path) -> Option<Status> {
    let status = ["status", "--porcelain=v2", "--branch", "--untracked-files=no"];
    let remote = ["config", "--get", "remote.origin.url"];
    let (status, remote) = tokio::join!(ask_git(directory, &status), ask_git(directory, &remote));
    let status = status?;
    let header = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        (!line.starts_with('(')).then(|| line.to_owned())
    };
    let changed = status.lines().filter(|line| !line.starts_with('#')).count();
    let git = Git {
        branch: header("# branch.head ").map(|branch| text::fit_bytes(&text::clean(&branch), 80)),
        remote: remote.as_deref().and_then(public_remote),
        commit: header("# branch.oid ").map(|oid| oid.chars().take(COMMIT).collect()),
        dirty: Some(changed > 0),
    };
    let ahead = header("# branch.ab +").and_then(|ab| ab.split(' ').next()?.parse().ok());
    Some(Status { git, changed, ahead })
}

/// A remote's address without a password in it.
pub(super) fn public_remote(remote: &str) -> Option<String> {
    let remote = text::clean(remote);
    match url::Url::parse(&remote) {
        Ok(mut url) if url.has_host() => {
            if url.password().is_some() || matches!(url.scheme(), "http" | "https") {
                url.set_password(None).ok()?;
                url.set_username("").ok()?;
            }
            Some(url.to_string())
        }
        _ => (!remote.is_empty()).then_some(remote),
    }
}

/// Whether two addresses name the same repository: `git@host:a/b.git`,
/// `ssh://git@host/a/b` and `https://host/a/b` do.
pub(super) fn same_remote(a: &str, b: &str) -> bool {
    let plain = |remote: &str| {
        let rest = remote.split_once("://").map_or(remote, |(_, rest)| rest);
        let rest = rest.split_once('@').map_or(rest, |(_, rest)| rest);
        rest.trim_end_matches('/').trim_end_matches(".git").replacen(':', "/", 1).to_ascii_lowercase()
    };
    plain(a) == plain(b)
}

/// A window of tmux, and how it is reached from here.
pub(super) struct Window {
    /// `session:window.pane`.
    name: String,
    /// In the tmux around us.
    around: bool,
    /// `TMUX` names another server than the window's, or one that is gone.
    astray: bool,
}

impl Window {
    /// The plan that goes there.
    pub fn plan(&self) -> Plan {
        if self.astray {
            return Plan::attach_from_another_tmux(&self.name);
        }
        Plan::attach(&self.name, self.around)
    }
}

/// The window that a process runs in: of the tmux around us (`TMUX`), else of the
/// user's own server.
pub(super) async fn tmux_window(process: u32, around: Option<&str>) -> Option<Window> {
    let processes = ask("ps", &["-A", "-o", "pid=,ppid="]).await?;
    if let Some(name) = window_of(process, &processes, child("tmux")).await {
        return Some(Window { name, around: around.is_some(), astray: false });
    }
    around?;
    let mut own = child("tmux");
    own.env_remove("TMUX");
    let name = window_of(process, &processes, own).await?;
    Some(Window { name, around: false, astray: true })
}

async fn window_of(process: u32, processes: &str, mut tmux: Command) -> Option<String> {
    tmux.args(["list-panes", "-a", "-F", "#{pane_pid} #{session_name}:#{window_index}.#{pane_index}"]);
    let panes = answer(tmux).await?;
    let parent_of = |child: u32| {
        processes.lines().find_map(|line| {
            let mut numbers = line.split_whitespace().map(|number| number.parse::<u32>().ok());
            (numbers.next()?? == child).then(|| numbers.next())??
        })
    };
    let mut process = process;
    // A process tree is shallow; a damaged answer could go round in circles.
    for _ in 0..64 {
        let window = panes.lines().find_map(|line| {
            let (pid, window) = line.split_once(' ')?;
            (pid.parse() == Ok(process)).then(|| window.to_owned())
        });
        if window.is_some() {
            return window;
        }
        process = parent_of(process).filter(|parent| *parent > 1)?;
    }
    None
}

/// This machine's name in the user's Tailscale network.
pub(super) async fn tailscale_name() -> Option<String> {
    let status = ask("tailscale", &["status", "--json"]).await?;
    let status: serde_json::Value = serde_json::from_str(&status).ok()?;
    let name = status.get("Self")?.get("DNSName")?.as_str()?.trim_end_matches('.');
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remotes_lose_their_credentials_and_are_compared_by_what_they_name() {
        assert_eq!(
            public_remote("https://dana:token@example.org/a/b.git\n").unwrap(),
            "https://example.org/a/b.git"
        );
        assert_eq!(public_remote("git@example.org:a/b.git").unwrap(), "git@example.org:a/b.git");
        assert!(same_remote("git@example.org:a/b.git", "https://example.org/a/b"));
        assert!(same_remote("ssh://git@example.org/a/b/", "https://Example.org/a/b.git"));
        assert!(!same_remote("https://example.org/a/b", "https://example.org/a/c"));
    }

    #[test]
    fn no_child_has_a_secret_or_a_session_around_us() {
        let removed = |command: &Command| -> Vec<String> {
            let all = command.as_std().get_envs().filter(|(_, value)| value.is_none());
            all.map(|(name, _)| name.to_string_lossy().into_owned()).collect()
        };
        let other = removed(&child("true"));
        for name in
            ["CCLINK_PASSPHRASE", "CCLINK_PIN", "CLAUDE_PROJECT_DIR", "CLAUDE_CODE_SSE_PORT", "CLAUDECODE"]
        {
            assert!(other.iter().any(|gone| gone == name), "{name} stays");
        }
        assert!(!other.iter().any(|name| name == "CLAUDE_CONFIG_DIR" || name == "CLAUDE_CODE_USE_BEDROCK"));
        let ours = removed(&child_of_ours("true"));
        assert!(ours.iter().any(|name| name == "CLAUDE_CODE_SESSION_ID"));
        assert!(!ours.iter().any(|name| name.starts_with("CCLINK_")));
        assert!(removed(&git(Path::new("/"))).iter().any(|name| name == "GIT_DIR"));
    }

    #[tokio::test]
    async fn a_repository_runs_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let run = |arguments: &[&str]| {
            let mut command = git(dir.path()).into_std();
            command.args(["-c", "user.name=t", "-c", "user.email=t@example.org"]).args(arguments);
            command.stdout(Stdio::null()).status().is_ok_and(|status| status.success())
        };
        if !run(&["init", "-q"]) {
            // git is not installed here
            return;
        }
        let monitor = at("monitor");
        std::fs::write(&monitor, format!("#!/bin/sh\ntouch '{}'\n", at("ran").display())).unwrap();
        std::fs::set_permissions(&monitor, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        assert!(run(&["config", "core.fsmonitor", &monitor.display().to_string()]));
        std::fs::write(at("file"), "x").unwrap();
        assert!(run(&["add", "file"]) && run(&["commit", "-qm", "one"]));
        assert!(repository(dir.path()).await.is_some_and(|git| git.dirty == Some(false)));
        assert!(!at("ran").exists(), "the repository's own program ran");
    }

    #[tokio::test]
    async fn a_missing_program_is_no_answer() {
        assert_eq!(ask("cclink-no-such-program", &["x"]).await, None);
        assert_eq!(ask("sh", &["-c", "echo out; exit 3"]).await, None);
        assert_eq!(ask("sh", &["-c", "echo out"]).await.as_deref(), Some("out\n"));
        assert_eq!(ask("sh", &["-c", "sleep 30"]).await, None);
    }
}

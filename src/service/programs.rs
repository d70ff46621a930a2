//! Short questions to other programs: git, tmux, ps, tailscale. None may hold
//! us up, and none has to be there.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::handoff::Git;
use crate::text;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Answers are short; more than this is none.
const LONGEST: usize = 4 * 1024 * 1024;
/// Digits of a commit's hash that travel: enough to be unique.
const COMMIT: usize = 12;

/// What a program prints, when it succeeds in time.
pub(super) async fn ask<S: AsRef<OsStr>>(
    program: &str,
    arguments: &[S],
    directory: Option<&Path>,
) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    // Looking at a repository takes no lock that its user would meet.
    command.env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C");
    if let Some(directory) = directory {
        command.current_dir(directory);
    }
    let output = tokio::time::timeout(PATIENCE, command.output()).await.ok()?.ok()?;
    (output.status.success() && output.stdout.len() <= LONGEST).then_some(())?;
    String::from_utf8(output.stdout).ok()
}

/// The repository of a directory as it stands: branch, remote (without
/// credentials), commit, and whether tracked files were changed.
pub(super) async fn repository(directory: &Path) -> Option<Git> {
    let status = ["status", "--porcelain=v2", "--branch", "--untracked-files=no"];
    let remote = ["config", "--get", "remote.origin.url"];
    let (status, remote) =
        tokio::join!(ask("git", &status, Some(directory)), ask("git", &remote, Some(directory)));
    let status = status?;
    let header = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        (!line.starts_with('(')).then(|| line.to_owned())
    };
    Some(Git {
        branch: header("# branch.head ").map(|branch| text::fit_bytes(&text::clean(&branch), 80)),
        remote: remote.as_deref().and_then(public_remote),
        commit: header("# branch.oid ").map(|oid| oid.chars().take(COMMIT).collect()),
        dirty: Some(status.lines().any(|line| !line.starts_with('#'))),
    })
}

/// A remote's address without a password in it.
fn public_remote(remote: &str) -> Option<String> {
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

/// The window of tmux (`session:window.pane`) that a process runs in.
pub(super) async fn tmux_window(process: u32) -> Option<String> {
    let format = "#{pane_pid} #{session_name}:#{window_index}.#{pane_index}";
    let list_panes = ["list-panes", "-a", "-F", format];
    let list_processes = ["-A", "-o", "pid=,ppid="];
    let (panes, processes) = tokio::join!(ask("tmux", &list_panes, None), ask("ps", &list_processes, None));
    let (panes, processes) = (panes?, processes?);
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
    let status = ask("tailscale", &["status", "--json"], None).await?;
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

    #[tokio::test]
    async fn a_missing_program_is_no_answer() {
        assert_eq!(ask("cclink-no-such-program", &["x"], None).await, None);
        assert_eq!(ask("sh", &["-c", "echo out; exit 3"], None).await, None);
        assert_eq!(ask("sh", &["-c", "echo out"], None).await.as_deref(), Some("out\n"));
        assert_eq!(ask("sh", &["-c", "sleep 30"], None).await, None);
    }
}

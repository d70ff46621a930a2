//! The real Claude Code, where `CCLINK_TEST_CLAUDE` names it (several, with `:`
//! between): it resumes what cclink brings, agrees on what can be resumed, and
//! hands over from inside. It is never logged in, and reaches nothing but this
//! machine.

mod inside;
mod resumes;
mod round_trip;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::until;
use serde_json::json;

/// A large program, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Those that are named; none, and said, without.
fn claudes() -> Vec<PathBuf> {
    let named = std::env::var_os("CCLINK_TEST_CLAUDE").unwrap_or_default();
    let all: Vec<PathBuf> =
        std::env::split_paths(&named).filter(|path| !path.as_os_str().is_empty()).collect();
    if all.is_empty() {
        println!("skipped: CCLINK_TEST_CLAUDE names no claude");
    }
    for path in &all {
        assert!(path.is_file(), "CCLINK_TEST_CLAUDE: {} is no file", path.display());
        println!("with {} {}", path.display(), version(path));
    }
    all
}

fn version(claude: &Path) -> String {
    let out = Command::new(claude).arg("--version").stdin(Stdio::null()).output().unwrap();
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

/// A folder of its own for claude: it must not sweep old transcripts, nor ask
/// what it asks at its first start.
fn settle(config: &Path, cwd: &Path) {
    fs::create_dir_all(config).unwrap();
    fs::write(config.join("settings.json"), "{\"cleanupPeriodDays\":3650}\n").unwrap();
    let known = json!({
        "hasCompletedOnboarding": true, "theme": "dark",
        "customApiKeyResponses": {"approved": [KEY], "rejected": []},
        "projects": {cwd.to_str().unwrap(): {"hasTrustDialogAccepted": true}},
    });
    fs::write(config.join(".claude.json"), known.to_string()).unwrap();
}

/// No key of anybody's, and short enough to be approved as it is.
const KEY: &str = "no-key-of-anybody";

/// What every claude of these tests is told: to reach nobody but this machine.
fn env(config: &Path, home: &Path) -> Vec<(String, String)> {
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    [
        ("PATH", std::env::var("PATH").unwrap_or_default()),
        ("HOME", text(home)),
        ("CLAUDE_CONFIG_DIR", text(config)),
        ("TERM", "xterm-256color".to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1".to_owned()),
        ("DISABLE_AUTOUPDATER", "1".to_owned()),
        ("HTTPS_PROXY", "http://127.0.0.1:9".to_owned()),
        ("NO_PROXY", "127.0.0.1".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// Whether this claude finds the session when it is started in `cwd`. It asks
/// for a login then, and writes nothing.
#[track_caller]
fn finds(claude: &Path, config: &Path, cwd: &Path, id: &str) -> bool {
    let home = tempfile::tempdir().unwrap();
    // Without any network, where the system allows that.
    let alone = Command::new("unshare").args(["-rn", "true"]).stderr(Stdio::null()).status();
    let mut command = if alone.is_ok_and(|status| status.success()) {
        let mut command = Command::new("unshare");
        command.arg("-rn").arg(claude);
        command
    } else {
        Command::new(claude)
    };
    let (stdout, stderr) = (home.path().join("stdout"), home.path().join("stderr"));
    let mut child = command
        .args(["--resume", id, "-p", "hi", "--no-session-persistence"])
        .env_clear()
        .envs(env(config, home.path()))
        .current_dir(cwd)
        .stdin(Stdio::null())
        .stdout(fs::File::create(&stdout).unwrap())
        .stderr(fs::File::create(&stderr).unwrap())
        .spawn()
        .unwrap();
    until("claude's answer", PATIENCE, || child.try_wait().unwrap());
    let (said, error) = (fs::read_to_string(stdout).unwrap(), fs::read_to_string(stderr).unwrap());
    let not_found = error.contains("No conversation found with session ID");
    let found = said.contains("Not logged in");
    assert!(found != not_found, "{} {id}: {said:?} {error:?}", claude.display());
    found
}

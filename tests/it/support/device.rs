//! A device: its own key and state, its own Claude Code folder, its own claude.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::output::Output;
use super::ring::Ring;
use super::session::{self, Session};
use super::text;

/// One `CCLINK_HOME` with all that belongs to it, in a folder of its own.
pub struct Device {
    root: TempDir,
    /// `CCLINK_HOME`.
    pub home: PathBuf,
    /// `CLAUDE_CONFIG_DIR`.
    pub claude: PathBuf,
    /// Where this device's projects lie.
    pub projects: PathBuf,
    /// `CCLINK_BOOTSTRAP`.
    pub bootstrap: String,
}

/// What the fake claude saw.
#[derive(Debug)]
pub struct Started {
    pub cwd: PathBuf,
    pub args: Vec<String>,
    pub env: Vec<String>,
}

impl Started {
    pub fn has_env(&self, name: &str) -> bool {
        self.env.iter().any(|line| line.split_once('=').is_some_and(|(key, _)| key == name))
    }
}

impl Device {
    /// A device without a key, on the ring that all tests share.
    pub fn bare() -> Self {
        Self::bare_on(Ring::shared())
    }

    /// A device without a key, on a network of the test's own.
    pub fn bare_on(bootstrap: &str) -> Self {
        let root = tempfile::Builder::new().prefix("cclink-test-").tempdir().unwrap();
        // Links in the temporary folder's own path would show in `project`.
        let base = root.path().canonicalize().unwrap();
        let device = Self {
            home: base.join("home"),
            claude: base.join("claude"),
            projects: base.join("src"),
            bootstrap: bootstrap.to_owned(),
            root,
        };
        for dir in [&device.claude, &device.projects, &device.path("bin"), &device.path("user")] {
            fs::create_dir_all(dir).unwrap();
        }
        let script = format!(
            "#!/bin/sh\n[ \"$1\" = --version ] && {{ echo '2.1.330 (Claude Code)'; exit 0; }}\n\
             {{ printf 'cwd=%s\\n' \"$(pwd -P)\"\n\
             for a in \"$@\"; do printf 'arg=%s\\n' \"$a\"; done\n\
             env | sed 's/^/env=/'; }} > '{}'\nexit \"${{FAKE_EXIT:-0}}\"\n",
            device.record().display()
        );
        let program = device.fake_claude();
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        device
    }

    /// A device with a new key without a passphrase.
    pub fn new() -> Self {
        Self::on(Ring::shared())
    }

    /// The same on a network of the test's own.
    pub fn on(bootstrap: &str) -> Self {
        let device = Self::bare_on(bootstrap);
        device.cmd(&["init", "--no-passphrase"]).ok();
        device
    }

    /// Another device of the same person: a copy of the key.
    pub fn copy_of(other: &Self) -> Self {
        let device = Self::bare_on(&other.bootstrap);
        let key = other.key_file();
        device.cmd(&["init", "--no-passphrase", "--import"]).arg(&key).ok();
        device
    }

    /// The same machine under the same key, but with cclink state of its own:
    /// what is published by one can be resumed by the other.
    pub fn beside(other: &Self) -> Self {
        let mut device = Self::copy_of(other);
        device.claude.clone_from(&other.claude);
        device
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().canonicalize().unwrap().join(name)
    }

    pub fn fake_claude(&self) -> PathBuf {
        self.path("bin").join("claude")
    }

    fn record(&self) -> PathBuf {
        self.path("claude-was-started")
    }

    /// What the fake claude saw when it was last started, if it was.
    pub fn claude_started(&self) -> Option<Started> {
        let record = fs::read_to_string(self.record()).ok()?;
        let all =
            |prefix: &str| record.lines().filter_map(|l| l.strip_prefix(prefix)).map(str::to_owned).collect();
        let cwd: Vec<String> = all("cwd=");
        Some(Started { cwd: PathBuf::from(cwd.first()?), args: all("arg="), env: all("env=") })
    }

    /// The environment of every command; nothing of the tests' own leaks in.
    pub fn env(&self) -> Vec<(String, String)> {
        let path = |p: &Path| p.to_string_lossy().into_owned();
        let mut env = vec![
            ("PATH".to_owned(), std::env::var("PATH").unwrap_or_default()),
            ("HOME".to_owned(), path(&self.path("user"))),
            ("LANG".to_owned(), "C.UTF-8".to_owned()),
            ("TERM".to_owned(), "xterm-256color".to_owned()),
            ("CCLINK_HOME".to_owned(), path(&self.home)),
            ("CLAUDE_CONFIG_DIR".to_owned(), path(&self.claude)),
            ("CCLINK_CLAUDE".to_owned(), path(&self.fake_claude())),
            ("CCLINK_BOOTSTRAP".to_owned(), self.bootstrap.clone()),
        ];
        // Where coverage or a sanitizer is asked for, the child takes part.
        env.extend(std::env::vars().filter(|(key, _)| key.starts_with("LLVM_PROFILE")));
        env
    }

    /// A command of this device, without a terminal.
    pub fn cmd(&self, args: &[&str]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cclink"));
        command.env_clear().envs(self.env()).current_dir(&self.projects).args(args);
        Run { command, stdin: String::new(), within: Duration::from_mins(1) }
    }

    /// A command for which the modes of files count, even where the tests run
    /// as root: without root's privileges, which reads whatever it likes.
    pub fn cmd_without_privileges(&self, args: &[&str]) -> Run {
        if rustix::process::geteuid().is_root() {
            self.cmd_by(&["setpriv", "--bounding-set=-all"], args)
        } else {
            self.cmd(args)
        }
    }

    /// A command that another program starts.
    pub fn cmd_by(&self, starter: &[impl AsRef<OsStr>], args: &[&str]) -> Run {
        let mut command = Command::new(&starter[0]);
        command.args(&starter[1..]).arg(env!("CARGO_BIN_EXE_cclink")).args(args);
        command.env_clear().envs(self.env()).current_dir(&self.projects);
        Run { command, ..self.cmd(args) }
    }

    /// The value of a command that must succeed.
    #[track_caller]
    pub fn json(&self, args: &[&str]) -> Value {
        self.cmd(args).arg("--json").ok().json()
    }

    #[track_caller]
    pub fn public_key(&self) -> String {
        text(&self.json(&["whoami"]), "public_key").to_owned()
    }

    #[track_caller]
    pub fn key_file(&self) -> PathBuf {
        PathBuf::from(text(&self.json(&["whoami"]), "path"))
    }

    /// A project folder of this device.
    pub fn project(&self, name: &str) -> PathBuf {
        let path = self.projects.join(name);
        fs::create_dir_all(&path).unwrap();
        path
    }

    /// A new session in a project of this device.
    pub fn session(&self, project: &str, title: &str) -> Session {
        session::write_session(&self.claude, &self.project(project), title, "2026-11-20T10:00:05.000Z")
    }

    /// Says, as claude does, that `process` holds a session.
    pub fn hold(&self, session: &Session, process: u32, status: &str, kind: &str) {
        let state = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
        let begun = state.rsplit(')').next().unwrap().split_whitespace().nth(19).unwrap().to_owned();
        let record = serde_json::json!({
            "pid": process, "sessionId": session.id, "cwd": session.project, "procStart": begun,
            "kind": kind, "status": status,
        });
        fs::create_dir_all(self.claude.join("sessions")).unwrap();
        fs::write(self.claude.join(format!("sessions/{process}.json")), record.to_string()).unwrap();
    }

    /// Publishes a new session with these options.
    #[track_caller]
    pub fn publish(&self, options: &[&str]) -> Value {
        let session = self.session("uploader", "Retry with jitter");
        self.publish_session(&session, options)
    }

    #[track_caller]
    pub fn publish_session(&self, session: &Session, options: &[&str]) -> Value {
        self.cmd(&["publish", &session.id, "--json"]).args(options).ok().json()
    }

    /// Every file under `CCLINK_HOME`.
    pub fn files(&self) -> Vec<PathBuf> {
        walk(&self.home).into_iter().filter(|path| path.is_file()).collect()
    }
}

/// Every path under `dir`, `dir` itself first.
pub fn walk(dir: &Path) -> Vec<PathBuf> {
    let mut all = vec![dir.to_owned()];
    let mut at = 0;
    while at < all.len() {
        if all[at].is_dir() && !all[at].is_symlink() {
            all.extend(fs::read_dir(&all[at]).unwrap().map(|entry| entry.unwrap().path()));
        }
        at += 1;
    }
    all
}

/// A command that has not run yet.
pub struct Run {
    command: Command,
    stdin: String,
    within: Duration,
}

impl Run {
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub fn args(mut self, args: &[&str]) -> Self {
        self.command.args(args);
        self
    }

    pub fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    pub fn without(mut self, key: &str) -> Self {
        self.command.env_remove(key);
        self
    }

    pub fn pin(self, pin: &str) -> Self {
        self.env("CCLINK_PIN", pin)
    }

    /// This device's clock is `seconds` ahead (behind, when negative).
    pub fn clock(self, seconds: i64) -> Self {
        self.env("CCLINK_TEST_CLOCK_OFFSET", seconds.to_string())
    }

    pub fn stdin(mut self, text: impl Into<String>) -> Self {
        self.stdin = text.into();
        self
    }

    pub fn cwd(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Killed, and so failed, when it takes longer.
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = limit;
        self
    }

    pub fn output(self) -> Output {
        let mut what = String::from("cclink");
        for arg in self.command.get_args() {
            what.push(' ');
            what.push_str(&arg.to_string_lossy());
        }
        let start = Instant::now();
        let output = assert_cmd::Command::from_std(self.command)
            .write_stdin(self.stdin)
            .timeout(self.within)
            .output()
            .expect("the program starts");
        Output {
            what,
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("UTF-8 on stdout"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8 on stderr"),
            took: start.elapsed(),
        }
    }

    /// Runs it; it must succeed.
    #[track_caller]
    pub fn ok(self) -> Output {
        self.output().exits(&[0])
    }

    /// Runs it; it must fail with this code.
    #[track_caller]
    pub fn fails(self, code: i32) -> Output {
        self.output().exits(&[code])
    }
}

//! A command that is talked with: a line of JSON out, a line in.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{Device, text, until};

/// Some looks at the network, on a busy machine.
const SOON: Duration = Duration::from_secs(40);

/// A running `cclink … --json`.
pub struct Talk {
    child: Child,
    lines: Receiver<String>,
    stderr: Option<JoinHandle<String>>,
}

impl Talk {
    pub fn start(device: &Device, args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cclink"))
            .args(args)
            .arg("--json")
            .env_clear()
            .envs(device.env())
            .envs(env.iter().copied())
            .current_dir(&device.projects)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || stdout.lines().map_while(Result::ok).all(|line| send.send(line).is_ok()));
        let mut stderr = child.stderr.take().unwrap();
        let stderr = thread::spawn(move || {
            let mut said = String::new();
            stderr.read_to_string(&mut said).unwrap();
            said
        });
        Self { child, lines, stderr: Some(stderr) }
    }

    /// The next line of its answer.
    #[track_caller]
    pub fn line(&mut self) -> Value {
        let Ok(line) = self.lines.recv_timeout(SOON) else { panic!("no line; {:?}", self.kill()) };
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// A field of the next line.
    #[track_caller]
    pub fn text(&mut self, field: &str) -> String {
        text(&self.line(), field).to_owned()
    }

    pub fn types(&mut self, line: &str) {
        writeln!(self.child.stdin.as_ref().unwrap(), "{line}").unwrap();
    }

    pub fn closes_stdin(&mut self) {
        drop(self.child.stdin.take());
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap(), signal).unwrap();
    }

    /// `kill -9`; what it said on stderr.
    pub fn kill(&mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.said()
    }

    fn said(&mut self) -> String {
        self.stderr.take().unwrap().join().unwrap()
    }

    /// Waits for its end, which has this code; what it said on stderr.
    #[track_caller]
    pub fn ends_with(&mut self, code: i32) -> String {
        let status = until("its end", SOON, || self.child.try_wait().unwrap());
        let said = self.said();
        assert!(!said.contains("panicked"), "{said}");
        assert_eq!(status.code(), Some(code), "{said}");
        said
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! `hook`: what Claude Code's hooks call. Every field on stdin is foreign; no
//! exit code is ever 2, which would hold back what the user typed.

mod prompt;
mod session_end;

use std::ffi::OsString;
use std::io::{Read, Write};
use std::process::ExitCode;

use serde::Deserialize;
use serde_json::Value;

use crate::cli::HookEvent;
use crate::service::Result;

/// The longest input that is looked at.
const LONGEST: u64 = 1024 * 1024;
/// How much more is read and thrown away, so that whoever writes it is not cut
/// off: a long paste is no failure.
const OVERFLOW: u64 = 64 * 1024 * 1024;

/// Answers one hook.
pub fn run(event: &HookEvent, env: &dyn Fn(&str) -> Option<OsString>) -> ExitCode {
    match event {
        HookEvent::Prompt => prompt::run(env),
        HookEvent::SessionEnd { carry } => session_end::run(*carry, env),
        HookEvent::Worker { wait } => session_end::work(*wait, env),
    }
}

/// An error goes to stderr, where Claude Code shows it.
fn told(result: Result<()>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    let _ = writeln!(std::io::stderr(), "cclink: {} {}", error.message, error.advice);
    ExitCode::FAILURE
}

/// What a hook is told; whatever type a field has.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Input {
    session_id: Value,
    transcript_path: Value,
    prompt: Value,
    reason: Value,
}

impl Input {
    /// From stdin; `None` for what is too long or no JSON object.
    fn read() -> Option<Self> {
        let mut stdin = std::io::stdin().lock();
        let mut content = Vec::new();
        stdin.by_ref().take(LONGEST + 1).read_to_end(&mut content).ok()?;
        if content.len() as u64 > LONGEST {
            let _ = std::io::copy(&mut stdin.take(OVERFLOW), &mut std::io::sink());
            return None;
        }
        serde_json::from_slice(&content).ok()
    }
}

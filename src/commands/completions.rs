//! `completions`, and what the shell asks while somebody types: with the tokens,
//! sessions and contacts of this device. Asks no network, starts nothing, and is
//! silent where something is wrong.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::CommandFactory;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::{CompleteEnv, Shells};

use super::Printer;
use crate::cli::{Cli, Shell};
use crate::service::{Error, Result, Service, Settings, Suggestion};
use crate::text;

/// What tells this program that a shell asks, and which one.
const ASKED: &str = "CCLINK_COMPLETE";
/// Columns of what is said of a candidate.
const HELP: usize = 50;

/// Answers a shell that asks; whether one did.
pub fn complete(args: &[OsString]) -> bool {
    if std::env::var_os(ASKED).is_none_or(|asked| asked.is_empty() || asked == "0") {
        return false;
    }
    let cwd = std::env::current_dir().ok();
    // What goes wrong is no business of who types.
    let _ = CompleteEnv::with_factory(grammar).var(ASKED).try_complete(args, cwd.as_deref());
    true
}

/// The script that a shell reads at its start.
pub fn script(printer: Printer, shell: Shell) -> Result<()> {
    let name = shell.name();
    let completer = Shells::builtins();
    let completer =
        completer.completer(name).ok_or_else(|| Error::failed(format!("{name} is not supported.")))?;
    let mut script = Vec::new();
    completer
        .write_registration(ASKED, "cclink", "cclink", &own_program(), &mut script)
        .map_err(|error| Error::failed(error.to_string()))?;
    let script = String::from_utf8_lossy(&script);
    printer.value(&serde_json::json!({ "shell": name, "script": script }));
    printer.exactly(&script);
    printer.check()
}

/// By its name, so that an update is found, where the name finds this program.
fn own_program() -> String {
    let this = std::env::current_exe().ok();
    let by_name = which::which("cclink").ok();
    match this {
        Some(this) if by_name.as_deref().and_then(real) != real(&this) => this.to_string_lossy().into_owned(),
        _ => "cclink".to_owned(),
    }
}

fn real(path: &Path) -> Option<std::path::PathBuf> {
    path.canonicalize().ok()
}

/// The grammar, with what is on this device for the words that name it.
fn grammar() -> clap::Command {
    let with = |command: clap::Command, arg: &'static str, names: Names| {
        command.mut_arg(arg, move |arg| {
            arg.add(ArgValueCompleter::new(move |typed: &OsStr| candidates(names, typed)))
        })
    };
    let publish = |command: clap::Command| {
        let command = with(command, "session", Service::suggest_sessions);
        with(command, "share", Service::suggest_recipients)
    };
    // Beside the commands sessions would bury them.
    let begun: Names = |service, typed| {
        if typed.is_empty() { Vec::new() } else { service.suggest_sessions(typed) }
    };
    let bare = with(Cli::command(), "session", begun);
    with(bare, "share", Service::suggest_recipients)
        .mut_subcommand("publish", publish)
        .mut_subcommand("bundle", publish)
        .mut_subcommand("resume", |command| with(command, "session", Service::suggest_sessions))
        .mut_subcommand("revoke", |command| with(command, "tokens", Service::suggest_tokens))
        .mut_subcommand("pickup", |command| with(command, "target", Service::suggest_targets))
        .mut_subcommand("contacts", |command| {
            command.mut_subcommand("remove", |command| with(command, "name", Service::suggest_contacts))
        })
}

/// What there is of something, that begins with a word.
type Names = fn(&Service, &str) -> Vec<Suggestion>;

fn candidates(names: Names, typed: &OsStr) -> Vec<CompletionCandidate> {
    let (Some(typed), Ok(settings)) = (typed.to_str(), Settings::from_env(&|name| std::env::var_os(name)))
    else {
        return Vec::new();
    };
    let suggested = names(&Service::new(settings), typed);
    let candidate = |(order, one): (usize, Suggestion)| {
        let help = text::fit(&one.about, HELP);
        CompletionCandidate::new(one.word).help(Some(help.into())).display_order(Some(order))
    };
    suggested.into_iter().enumerate().map(candidate).collect()
}

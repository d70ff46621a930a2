//! One file a command: ask the service, print words or JSON.

mod bring;
mod bundle;
mod completions;
mod config;
mod contacts;
mod diff;
mod doctor;
mod folder;
mod go_on;
mod handoffs;
mod hook;
mod identity;
mod keep;
mod log;
mod man;
mod output;
mod pair;
mod pickup;
mod plugin;
mod progress;
mod prompt;
mod publish;
mod published;
mod resume;
mod secret;
mod sessions;
mod several;
mod stdout;
mod table;
mod watch;
mod web;

use std::ffi::OsString;
use std::path::Path;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::cli::Command;
pub use crate::commands::completions::{complete, script as completions};
pub use crate::commands::hook::run as hook;
pub use crate::commands::man::run as man;
pub use crate::commands::output::Printer;
pub use crate::service::{Error, Result};
use crate::service::{ErrorKind, IdentityState, Job, Service, Settings};

/// Tries to unlock a key on a terminal, as ssh does.
const PASSPHRASE_TRIES: u32 = 3;

/// What a command needs besides the service.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub service: &'a Service,
    /// Prints words or JSON.
    pub printer: Printer,
    /// Where the command was started; empty where that directory is gone.
    pub cwd: &'a Path,
    /// Reads the environment.
    pub env: &'a dyn Fn(&str) -> Option<OsString>,
}

/// The service as the environment describes it; opens no socket.
pub fn open(env: &dyn Fn(&str) -> Option<OsString>) -> Result<Service> {
    let service = Service::new(Settings::from_env(env)?);
    service.tidy();
    Ok(service)
}

/// The same for who looks and changes nothing, whatever the configuration holds.
pub fn open_to_look(env: &dyn Fn(&str) -> Option<OsString>) -> Result<Service> {
    Ok(Service::new(Settings::even_if_damaged(env)?))
}

/// Runs a command of the service; those that need none are run by the program itself.
/// Wrong usage is told before everything else, and gives its exit code.
pub async fn run(context: &Context<'_>, command: Command) -> Result<ExitCode> {
    let result = match command {
        Command::Publish(args) => publish::run(context, args).await,
        Command::Bundle(args) => Box::pin(bundle::run(context, args)).await,
        Command::Pickup(args) => Box::pin(pickup::run(context, args)).await,
        Command::List { all } => handoffs::list(context, all).await,
        Command::Revoke { tokens, all, yes } => handoffs::revoke(context, &tokens, all, yes).await,
        Command::Whoami => identity::whoami(context).await,
        Command::Init { import, no_passphrase, yes } => {
            identity::init(context, import, no_passphrase, yes).await
        }
        Command::Pair { words, no_passphrase, yes } => pair::run(context, &words, no_passphrase, yes).await,
        Command::Contacts { action } => contacts::run(context, action),
        Command::Resume { session, fork, print } => resume::run(context, &session, fork, print).await,
        Command::Config => config::run(context),
        Command::Watch { every } => watch::run(context, every).await,
        Command::Log { since } => log::run(context, since.as_deref()),
        Command::Doctor { fix, yes } => doctor::run(context, fix, yes).await,
        Command::Keep { once, while_alive, install, remove, yes } => {
            keep::run(context, keep::Args { once, while_alive, install, remove, yes }).await
        }
        Command::Plugin { action } => plugin::run(context, &action),
        Command::Sessions { search, all } => sessions::run(context, search.as_deref(), all),
        Command::Web { relays, out, check } => web::run(context, web::Args { relays, out, check }).await,
        Command::Testnet { .. }
        | Command::Hook { .. }
        | Command::Completions { .. }
        | Command::Man { .. } => Err(Error::usage("This command is internal.")),
    };
    // Its own failure tells more than that its words were lost.
    let result = result.and_then(|()| context.printer.check());
    // What goes on behind an answer ends before the process does.
    if !context.service.finish().await {
        context
            .printer
            .note("Some writes to the network did not finish in time; `cclink list` shows what arrived.");
    }
    let result = match result {
        Err(error) if error.kind == ErrorKind::Usage && !context.printer.is_json() => {
            context.printer.last_words(&error);
            Ok(ExitCode::from(error.exit_code()))
        }
        result => result.map(|()| ExitCode::SUCCESS),
    };
    // With --json a failure's stderr is one JSON value.
    if result.is_ok() || !context.printer.is_json() {
        for warning in context.service.take_warnings() {
            context.printer.note(&warning);
        }
    }
    result
}

/// How many wait for what ends the program: see [`Listener`].
static LISTENERS: AtomicUsize = AtomicUsize::new(0);

/// Somebody who waits for what ends the program, while it lives.
struct Listener;

impl Listener {
    fn new() -> Self {
        LISTENERS.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        LISTENERS.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Whether anybody waits for what ends the program.
fn is_heard() -> bool {
    LISTENERS.load(Ordering::SeqCst) > 0
}

/// Waits for Ctrl-C or a polite end.
pub async fn stopped() {
    stopped_by().await;
}

/// As [`stopped`]; gives the number of the signal.
pub async fn stopped_by() -> i32 {
    let _listener = Listener::new();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let (Ok(mut term), Ok(mut hup)) = (signal(SignalKind::terminate()), signal(SignalKind::hangup())) {
            return tokio::select! {
                _ = tokio::signal::ctrl_c() => SignalKind::interrupt(),
                _ = term.recv() => SignalKind::terminate(),
                _ = hup.recv() => SignalKind::hangup(),
            }
            .as_raw_value();
        }
    }
    let _ = tokio::signal::ctrl_c().await;
    2
}

/// Does the work of a job; Ctrl-C and a polite end cancel it, and are heard before
/// anything begins.
async fn until_stopped<T>(job: &Job, mut work: Pin<Box<impl Future<Output = Result<T>>>>) -> Result<T> {
    tokio::select! {
        biased;
        () = stopped() => job.cancel.cancel(),
        done = &mut work => return done,
    }
    // What it still has to put right.
    work.await
}

/// Unlocks the identity, asking for the passphrase on a terminal.
async fn unlock(context: &Context<'_>) -> Result<()> {
    if context.service.identity_state() != IdentityState::Locked
        || (context.env)("CCLINK_PASSPHRASE").is_some_and(|given| !given.is_empty())
    {
        return Ok(());
    }
    for _ in 0..PASSPHRASE_TRIES {
        let passphrase =
            secret::secret("Passphrase of your key: ")?.ok_or_else(|| context.service.locked())?;
        let service = context.service.clone();
        let unlocked = tokio::task::spawn_blocking(move || service.unlock(&passphrase)).await;
        match unlocked.map_err(|error| Error::failed(error.to_string()))? {
            Ok(_) => return Ok(()),
            Err(error) => context.printer.note(&error.message),
        }
    }
    Err(context.service.locked())
}

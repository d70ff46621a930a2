//! `hook session-end`: a session ended. Claude waits for this hook, and kills
//! it after 1.5 s: the session is written down, and a worker that survives us
//! publishes it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use super::Input;
use crate::service::{Error, IdentityState, Result, Service, child_of_ours};

/// Ends after which the session is left; after `clear` and `resume` the person
/// still sits there.
const EXITS: [&str; 3] = ["prompt_input_exit", "logout", "other"];

pub(super) fn run(carry: bool, env: &dyn Fn(&str) -> Option<OsString>) -> ExitCode {
    let Some(input) = Input::read() else { return ExitCode::SUCCESS };
    if !input.reason.as_str().is_some_and(|reason| EXITS.contains(&reason)) {
        return ExitCode::SUCCESS;
    }
    super::told(spool(&input, carry, env))
}

fn spool(input: &Input, carry: bool, env: &dyn Fn(&str) -> Option<OsString>) -> Result<()> {
    let service = super::super::open(env)?;
    let id = input.session_id.as_str().unwrap_or_default();
    if let Err(error) = can_publish(&service, env) {
        // Nobody reads what a hook says at the end: `plugin status` shows it.
        let _ = service.spool_refused(id, &error);
        return Err(error);
    }
    let transcript = input.transcript_path.as_str().map(PathBuf::from);
    service.spool_session(id, transcript, carry)?;
    detach(&["hook", "worker"]).map_err(|error| {
        Error::failed(format!("The worker could not be started: {error}."))
            .advise("The session will be published when the next one ends.")
    })
}

fn can_publish(service: &Service, env: &dyn Fn(&str) -> Option<OsString>) -> Result<()> {
    match service.identity_state() {
        IdentityState::Locked if env("CCLINK_PASSPHRASE").is_none_or(|given| given.is_empty()) => {
            Err(service.locked().advise(
                "Hooks cannot ask for a passphrase: set CCLINK_PASSPHRASE, or run `cclink plugin install` \
                 without --on-exit.",
            ))
        }
        IdentityState::None => Err(Error::failed("There is no key yet.").advise("Run `cclink init`.")),
        IdentityState::Damaged(error) => Err(error),
        _ => Ok(()),
    }
}

/// Starts this program: in a process group of its own, so that it is not killed
/// with ours, and with nothing of ours open.
fn detach(args: &[&str]) -> std::io::Result<()> {
    let mut command = child_of_ours(std::env::current_exe()?).into_std();
    command.args(args);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().map(drop)
}

/// `hook worker`: publishes what waits.
pub(super) fn work(wait: u64, env: &dyn Fn(&str) -> Option<OsString>) -> ExitCode {
    let worked = super::super::open(env).and_then(|service| {
        let runtime = tokio::runtime::Runtime::new().map_err(|error| Error::failed(format!("{error}.")))?;
        let worked = runtime.block_on(async {
            // The terminal that is closed behind claude does not end us.
            #[cfg(unix)]
            let _deaf = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup());
            let worked = service.hand_over_spooled(Duration::from_secs(wait)).await;
            service.finish().await;
            // What was handed over lasts as long as it says; nobody else may be there
            // to keep it. Without a keeper it is as before: for about two hours.
            let _ = detach(&["keep", "--while-alive"]);
            worked
        });
        runtime.shutdown_background();
        worked
    });
    super::told(worked)
}

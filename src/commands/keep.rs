//! `keep`: announces what is alive, once or until Ctrl-C; `--install` has the
//! system start it.

use chrono::Local;

use super::{Context, prompt};
use crate::service::{Autostart, Did, Error, ErrorKind, Keeping, Kept, Result};

/// The options of the command.
pub(super) struct Args {
    pub once: bool,
    pub while_alive: bool,
    pub install: bool,
    pub remove: bool,
    pub yes: bool,
}

pub(super) async fn run(context: &Context<'_>, args: Args) -> Result<()> {
    match args {
        Args { install: true, yes, .. } => install(context, yes).await,
        Args { remove: true, yes, .. } => remove(context, yes).await,
        Args { once: true, .. } => once(context).await,
        Args { while_alive: true, .. } => {
            // The terminal that is closed behind claude does not end us.
            #[cfg(unix)]
            let _deaf = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup());
            context.service.keep(Keeping::WhileAlive, |_| {}).await
        }
        _ => keep(context).await,
    }
}

async fn once(context: &Context<'_>) -> Result<()> {
    let kept = context.service.keep_once().await?;
    context.printer.value(&kept);
    if kept.is_empty() {
        context.printer.say("This device has no active handoffs.");
    }
    for one in kept.iter().filter(|one| one.did != Did::Failed) {
        context.printer.tell(&words(one));
    }
    match failures(&kept) {
        Some(failures) => {
            Err(Error::new(ErrorKind::Unreachable, failures).advise("Run it again once you are online."))
        }
        None => Ok(()),
    }
}

async fn keep(context: &Context<'_>) -> Result<()> {
    let printer = context.printer;
    if context.service.is_kept() {
        printer.note("Another cclink is keeping your handoffs; this one takes over when it exits.");
    } else {
        printer.note("Announcing your handoffs about once an hour; Ctrl-C stops.");
    }
    let tell = |kept: &[Kept]| {
        let at = Local::now().format("%H:%M:%S");
        printer.line(&kept);
        for one in kept.iter().filter(|one| one.did != Did::Failed) {
            printer.tell(&format!("{at} {}", words(one)));
        }
        if let Some(failures) = failures(kept) {
            printer.tell(&format!("{at} {failures}"));
        }
    };
    tokio::select! {
        ended = context.service.keep(Keeping::Always, tell) => ended,
        () = super::stopped() => Ok(()),
    }
}

fn words(kept: &Kept) -> String {
    let token = &kept.token;
    match (kept.did, kept.copies.unwrap_or(0)) {
        (Did::Announced, 1) => format!("{token}  announced: 1 node holds it"),
        (Did::Announced, copies) => format!("{token}  announced: {copies} nodes hold it"),
        (Did::Ended, _) => format!("{token}  ended: it was picked up or revoked"),
        (Did::Lost, _) => {
            format!("{token}  not found; it may have been picked up, otherwise publish the session again")
        }
        (Did::Failed, _) => format!("{token}  {}", why(kept)),
    }
}

fn why(kept: &Kept) -> &str {
    kept.error.as_deref().unwrap_or("failed")
}

/// What could not be done, with each reason once.
fn failures(kept: &[Kept]) -> Option<String> {
    let failed: Vec<&Kept> = kept.iter().filter(|one| one.did == Did::Failed).collect();
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for one in &failed {
        match reasons.iter_mut().find(|(reason, _)| *reason == why(one)) {
            Some((_, tokens)) => tokens.push(&one.token),
            None => reasons.push((why(one), vec![&one.token])),
        }
    }
    let told: Vec<String> =
        reasons.iter().map(|(reason, tokens)| format!("{}: {reason}", tokens.join(", "))).collect();
    match failed.as_slice() {
        [] => None,
        [only] => Some(words(only)),
        many => Some(format!("{} of {} handoffs failed: {}", many.len(), kept.len(), told.join("\n"))),
    }
}

async fn install(context: &Context<'_>, yes: bool) -> Result<()> {
    let start = start(context).await?;
    agreed(context, &start, yes, "install")?;
    start.install().await?;
    context.printer.tell("Installed. Your handoffs stay on the network while this machine runs.");
    Ok(())
}

async fn remove(context: &Context<'_>, yes: bool) -> Result<()> {
    let start = start(context).await.map_err(|error| {
        error.advise("Run `cclink keep --remove` in the login session where it was installed.")
    })?;
    if !start.is_installed() {
        context.printer.say("Nothing is installed.");
        return Ok(());
    }
    agreed(context, &start, yes, "remove")?;
    start.remove().await?;
    context.printer.say("Removed.");
    Ok(())
}

async fn start(context: &Context<'_>) -> Result<Autostart> {
    let env = |name: &str| (context.env)(name).and_then(|value| value.into_string().ok());
    context.service.autostart(&env).await
}

/// Shows what is about to change, and asks.
fn agreed(context: &Context<'_>, start: &Autostart, yes: bool, verb: &str) -> Result<()> {
    context.printer.say(&start.shown());
    if yes {
        return Ok(());
    }
    if !prompt::can_ask() {
        return Err(Error::usage(format!("Cannot ask for confirmation here; pass --yes to {verb} it.")));
    }
    if prompt::confirm(&format!("Continue and {verb} it?"), false)? {
        return Ok(());
    }
    Err(Error::failed("Nothing was changed."))
}

//! `pickup`: show a handoff, and resume its session here or print the command.

use std::io::IsTerminal;

use zeroize::Zeroizing;

use super::{Context, prompt};
use crate::cli::{PIN_ADVICE, PickupArgs};
use crate::service::{
    Error, Found, IdentityState, Job, Kind, Pickup, Plan, PlanKind, Result, Target, not_inherited,
};
use crate::text;

/// A link is short, however it wraps.
const MAX_LINK: u64 = 4096;

pub(super) async fn run(context: &Context<'_>, args: PickupArgs) -> Result<()> {
    let on_terminal = prompt::can_ask() && std::io::stdout().is_terminal() && !context.printer.is_json();
    let asks = on_terminal && !args.print && !args.exec && !args.yes;
    let target = target(context, &args)?;
    // PIN and link handoffs need no identity; whatever does says so itself.
    if context.service.identity_state() == IdentityState::Locked && needs_identity(context, &target) {
        super::unlock(context).await?;
    }
    let mut found = context.service.find(&target, &Job::quiet()).await.map_err(|error| hint(&args, error))?;
    let chosen = if asks && found.len() > 1 { choose(context, &found)? } else { 0 };
    let found = found.swap_remove(chosen);
    if args.qr {
        print_qr(context, &found);
    }
    if args.exec {
        return exec(context, &found).await;
    }
    if asks || (args.yes && on_terminal && !args.print) {
        return interactive(context, &found, asks).await;
    }
    let pickup = context.service.pick_up(&found, &Job::quiet()).await?;
    context.printer.value(&pickup);
    print(context, &pickup, &found.signed_by);
    Ok(())
}

fn target(context: &Context<'_>, args: &PickupArgs) -> Result<Target> {
    let text = match args.target.as_deref() {
        None => None,
        Some("-") => {
            let read = prompt::stdin(MAX_LINK)?;
            Some(String::from_utf8(read.to_vec()).map_err(|_| Error::usage("What stdin holds is no link."))?)
        }
        Some(text) => Some(text.to_owned()),
    };
    let Some(text) = text else {
        if args.pin.is_some() {
            return Err(Error::usage("A PIN alone names no handoff.").advise(
                "Give the public key of whoever published it as well: `cclink pickup PUBKEY --pin`.",
            ));
        }
        return Ok(Target::Newest);
    };
    let recognised = context.service.recognise(&text).map_err(|error| hint(args, error))?;
    let pin = pin(context, args, recognised.wants_pin)?;
    Ok(Target::Text(text, pin))
}

/// Behind `--pin=`, in `CCLINK_PIN`, or asked for.
fn pin(context: &Context<'_>, args: &PickupArgs, wanted: bool) -> Result<Option<Zeroizing<String>>> {
    match &args.pin {
        Some(Some(pin)) => return Ok(Some(Zeroizing::new(pin.clone()))),
        None if !wanted => return Ok(None),
        Some(None) | None => {}
    }
    if let Some(pin) =
        (context.env)("CCLINK_PIN").and_then(|pin| pin.into_string().ok()).filter(|p| !p.is_empty())
    {
        return Ok(Some(Zeroizing::new(pin)));
    }
    prompt::secret("PIN: ")?.map(Some).ok_or_else(|| {
        Error::usage("This handoff is protected by a PIN, and nobody can be asked for it here.")
            .advise("Set CCLINK_PIN, or write --pin=PIN.")
    })
}

fn needs_identity(context: &Context<'_>, target: &Target) -> bool {
    match target {
        Target::Text(text, pin) => match context.service.recognise(text) {
            Ok(recognised) => {
                !(recognised.wants_pin || pin.is_some() || recognised.words.starts_with("a link, "))
            }
            Err(_) => false,
        },
        _ => true,
    }
}

/// A usage error where a word followed a bare `--pin` says how to write it.
fn hint(args: &PickupArgs, error: Error) -> Error {
    let spaced = args.pin == Some(None) && error.kind == Kind::Usage && args.target.is_some();
    if spaced { error.advise(PIN_ADVICE) } else { error }
}

fn choose(context: &Context<'_>, found: &[Found]) -> Result<usize> {
    let printer = context.printer;
    for (number, one) in found.iter().enumerate() {
        let title = one.pickup.title.as_deref().unwrap_or(&one.pickup.session_id);
        printer.note(&format!("{:>3}  {}  ({})", number + 1, printer.bold(title), one.signed_by));
    }
    let answer = prompt::line("Which one? [1] ")?;
    if answer.is_empty() {
        return Ok(0);
    }
    match answer.parse::<usize>() {
        Ok(number) if (1..=found.len()).contains(&number) => Ok(number - 1),
        _ => Err(Error::usage(format!("{answer:?} is none of 1 to {}.", found.len()))
            .advise("Nothing was picked up.")),
    }
}

/// Shows it, asks, and runs the best plan.
async fn interactive(context: &Context<'_>, found: &Found, ask: bool) -> Result<()> {
    print(context, &found.pickup, &found.signed_by);
    let ready = found.pickup.plans.iter().find(|plan| plan.kind == PlanKind::Here && plan.ready);
    let once = if found.pickup.burn_after_read { " It can be picked up once." } else { "" };
    let question = match ready {
        Some(_) => format!("Resume it here?{once}"),
        None if found.pickup.burn_after_read => format!("Pick it up?{once}"),
        None => return take(context, found).await.map(drop),
    };
    if ask && !prompt::confirm(&question, true)? {
        context.printer.note("Nothing was picked up; it stays where it is.");
        return Ok(());
    }
    let pickup = take(context, found).await?;
    match pickup.plans.into_iter().find(|plan| plan.kind == PlanKind::Here && plan.ready) {
        Some(plan) => replace_process(context, &plan).await,
        None => Ok(()),
    }
}

/// `--exec`: no question, but nothing is taken before it can be resumed.
async fn exec(context: &Context<'_>, found: &Found) -> Result<()> {
    let here = found.pickup.plans.iter().find(|plan| plan.kind == PlanKind::Here);
    let ready = here.filter(|plan| plan.ready).cloned().ok_or_else(|| {
        let why = here.and_then(|plan| plan.why_not.clone());
        Error::failed(format!(
            "It cannot be resumed on this machine: {}.",
            why.unwrap_or_else(|| format!("the session lives on {}", text::clean(&found.pickup.hostname)))
        ))
        .advise("Nothing was picked up. `cclink pickup --print` prints the command to run where it lives.")
    })?;
    let pickup = take(context, found).await?;
    let plan =
        pickup.plans.into_iter().find(|plan| plan.kind == PlanKind::Here && plan.ready).unwrap_or(ready);
    replace_process(context, &plan).await
}

async fn take(context: &Context<'_>, found: &Found) -> Result<Pickup> {
    context.service.pick_up(found, &Job::quiet()).await
}

/// claude takes this process's place, in the project's folder and without the
/// variables of a session around us.
async fn replace_process(context: &Context<'_>, plan: &Plan) -> Result<()> {
    context.service.finish().await;
    let [program, arguments @ ..] = plan.command.as_slice() else {
        return Err(Error::failed("There is no command to run."));
    };
    let mut command = std::process::Command::new(program);
    command.args(arguments);
    if let Some(directory) = &plan.directory {
        command.current_dir(directory);
    }
    for name in not_inherited() {
        command.env_remove(name);
    }
    #[cfg(unix)]
    let error = std::os::unix::process::CommandExt::exec(&mut command);
    #[cfg(not(unix))]
    let error = match command.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => error,
    };
    Err(Error::failed(format!("{program} could not be started: {error}."))
        .advise(format!("Run it yourself: {}", plan.shell)))
}

fn print_qr(context: &Context<'_>, found: &Found) {
    match &found.pickup.link {
        Some(link) => context.printer.qr(&link.to_ascii_uppercase()),
        None => context.printer.note("No QR code: the link of this handoff carries its secret."),
    }
}

fn print(context: &Context<'_>, pickup: &Pickup, signed_by: &str) {
    let printer = context.printer;
    let title = pickup.title.as_deref().unwrap_or(&pickup.session_id);
    printer.say(&printer.bold(title));
    printer.say(&format!("{}{}", signed_by[..1].to_uppercase(), &signed_by[1..]));
    printer.say(&format!("Session:  {}", pickup.session_id));
    printer.say(&format!("Project:  {} on {}", text::clean(&pickup.project), text::clean(&pickup.hostname)));
    if let Some(branch) = pickup.git.as_ref().and_then(|git| git.branch.as_ref()) {
        printer.say(&format!("Branch:   {branch}"));
    }
    if let Some(ssh) = &pickup.ssh {
        printer.say(&format!("SSH:      {ssh}"));
    }
    if let Some(note) = &pickup.note {
        printer.say(&format!("Note:     {note}"));
    }
    if pickup.burned {
        printer.say("It is yours alone now: nobody else can pick it up.");
    }
    for plan in &pickup.plans {
        let label = match plan.kind {
            PlanKind::Here => "Here:    ".to_owned(),
            PlanKind::Command => format!("On {}:", text::clean(&pickup.hostname)),
        };
        match &plan.why_not {
            None => printer.say(&format!("{label} {}", plan.shell)),
            Some(why) => printer.say(&printer.dim(&format!("{label} not ready: {why}"))),
        }
    }
}

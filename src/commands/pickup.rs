//! `pickup`: show a handoff, and resume its session here or print the command.

use std::io::IsTerminal;

use zeroize::Zeroizing;

use super::{Context, prompt};
use crate::cli::{PIN_ADVICE, PickupArgs, Way};
use crate::service::{Error, Found, IdentityState, Job, Kind, Pickup, Plan, PlanKind, Result, Target};
use crate::text;

/// A link is short, however it wraps.
const MAX_LINK: u64 = 4096;

pub(super) async fn run(context: &Context<'_>, args: PickupArgs) -> Result<()> {
    let on_terminal = prompt::can_ask() && std::io::stdout().is_terminal() && !context.printer.is_json();
    let goes_on = !args.print && (args.exec || args.plan.is_some_and(|way| way != Way::Command));
    let asks = on_terminal && !args.print && !goes_on && !args.yes;
    let target = target(context, &args)?;
    // PIN and link handoffs need no identity; whatever does says so itself.
    if context.service.identity_state() == IdentityState::Locked && needs_identity(context, &target) {
        super::unlock(context).await?;
    }
    let mut found = context.service.find(&target, &Job::quiet()).await.map_err(|error| hint(&args, error))?;
    let chosen = if asks && found.len() > 1 { choose(context, &found)? } else { 0 };
    let found = found.swap_remove(chosen);
    if args.print && !context.printer.is_json() {
        return print_command(context, &args, &found).await;
    }
    if args.qr {
        print_qr(context, &found);
    }
    if goes_on {
        let plan = chosen_plan(&found, args.plan)?;
        return go_on(context, &found, plan, args.yes).await;
    }
    if asks || (args.yes && on_terminal && !args.print) {
        return interactive(context, found, asks).await;
    }
    let pickup = context.service.pick_up(&found, &Job::quiet()).await?;
    context.printer.value(&pickup);
    print(context, &pickup, &found.signed_by);
    Ok(())
}

/// The command alone on stdout, for `$(…)`; everything for people on stderr.
async fn print_command(context: &Context<'_>, args: &PickupArgs, found: &Found) -> Result<()> {
    let aside = Context { printer: context.printer.aside(), ..*context };
    if args.qr {
        print_qr(&aside, found);
    }
    let chosen = args.plan.map(|way| chosen_plan(found, Some(way))).transpose()?;
    let pickup = take(context, found).await?;
    print(&aside, &pickup, &found.signed_by);
    let best = chosen.or_else(|| pickup.plans.iter().find(|plan| plan.ready).cloned());
    let best = best.ok_or_else(|| Error::failed("There is no way to go on with it from this machine."))?;
    context.printer.say(&best.shell);
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
async fn interactive(context: &Context<'_>, mut found: Found, ask: bool) -> Result<()> {
    print(context, &found.pickup, &found.signed_by);
    if ask && found.pickup.plans.iter().all(|plan| !plan.ready || plan.kind == PlanKind::Command) {
        found = ask_for_folder(context, found).await?;
    }
    let once = if found.pickup.burn_after_read { " It can be picked up once." } else { "" };
    let best = found.pickup.plans.iter().find(|plan| plan.ready && plan.kind != PlanKind::Command).cloned();
    let question = match best.as_ref().map(|plan| plan.kind) {
        Some(PlanKind::Here) => format!("Resume it here?{once}"),
        Some(PlanKind::Attach) => format!("Go to its window in tmux?{once}"),
        Some(PlanKind::Ssh) => format!("Resume it over SSH?{once}"),
        Some(PlanKind::Bring) => format!("Bring it here?{once}"),
        Some(PlanKind::Command) | None if found.pickup.burn_after_read => format!("Pick it up?{once}"),
        Some(PlanKind::Command) | None => return take(context, &found).await.map(drop),
    };
    if ask && !prompt::confirm(&question, true)? {
        context.printer.note("Nothing was picked up; it stays where it is.");
        return Ok(());
    }
    match best {
        Some(plan) => go_on(context, &found, plan, false).await,
        None => take(context, &found).await.map(drop),
    }
}

/// The session is here, but not its project's folder: asked once, remembered.
async fn ask_for_folder(context: &Context<'_>, found: Found) -> Result<Found> {
    let missing = found.pickup.plans.iter().any(|plan| {
        matches!(plan.kind, PlanKind::Here | PlanKind::Bring)
            && plan.why_not.as_deref().is_some_and(|why| why.contains("folder"))
    });
    if !missing {
        return Ok(found);
    }
    let project = text::clean(&found.pickup.project);
    let answer = prompt::line(&format!("Where is {project} on this machine? (Enter: nowhere) "))?;
    if answer.is_empty() {
        return Ok(found);
    }
    context.service.remember_place(&found.pickup.project, std::path::Path::new(&answer))?;
    Ok(context.service.plan_again(found).await)
}

/// The plan that was asked for, or the best that is ready.
fn chosen_plan(found: &Found, way: Option<Way>) -> Result<Plan> {
    let plans = &found.pickup.plans;
    let kind = way.map(|way| match way {
        Way::Here => PlanKind::Here,
        Way::Attach => PlanKind::Attach,
        Way::Ssh => PlanKind::Ssh,
        Way::Bring => PlanKind::Bring,
        Way::Command => PlanKind::Command,
    });
    let fits = |plan: &&Plan| kind.map_or(plan.kind != PlanKind::Command, |kind| plan.kind == kind);
    if let Some(ready) = plans.iter().filter(fits).find(|plan| plan.ready) {
        return Ok(ready.clone());
    }
    let why = plans.iter().filter(fits).find_map(|plan| plan.why_not.clone());
    let why = why.unwrap_or_else(|| match kind {
        Some(PlanKind::Ssh | PlanKind::Bring) => {
            "the handoff does not say where it can be reached".to_owned()
        }
        Some(PlanKind::Attach) => "it does not run in tmux on this machine".to_owned(),
        _ => format!("the session lives on {}", text::clean(&found.pickup.hostname)),
    });
    Err(Error::failed(format!("It cannot be resumed on this machine: {why}."))
        .advise("Nothing was picked up. `cclink pickup --print` prints the command to run where it lives."))
}

/// Takes the handoff and goes on with it. Nothing is taken before it is sure
/// that the way is open.
async fn go_on(context: &Context<'_>, found: &Found, plan: Plan, yes: bool) -> Result<()> {
    for note in &plan.notes {
        context.printer.note(&format!("Note: {note}."));
    }
    let plan = match plan.kind {
        PlanKind::Bring => super::bring::bring(context, found, yes).await?,
        PlanKind::Ssh if found.pickup.burn_after_read => {
            check_ssh(&plan).await?;
            plan
        }
        _ => plan,
    };
    take(context, found).await?;
    super::go_on::replace_process(context, &plan).await
}

/// A burning handoff is taken only once its machine answered.
async fn check_ssh(plan: &Plan) -> Result<()> {
    let [program, arguments @ .., _remote] = plan.command.as_slice() else {
        return Err(Error::failed("There is no command to run."));
    };
    let mut check = tokio::process::Command::new(program);
    check.args(arguments.iter().filter(|word| *word != "-t")).arg("true").stdin(std::process::Stdio::null());
    if check.status().await.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    Err(Error::failed("The machine where it lives does not answer over SSH.")
        .advise("Nothing was picked up. Is that machine awake?"))
}

async fn take(context: &Context<'_>, found: &Found) -> Result<Pickup> {
    context.service.pick_up(found, &Job::quiet()).await
}

fn print_qr(context: &Context<'_>, found: &Found) {
    match &found.pickup.link {
        Some(link) => drop(context.printer.qr(&link.to_ascii_uppercase())),
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
        super::go_on::print_plan(context, plan, &pickup.hostname);
    }
}

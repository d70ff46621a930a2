//! `pickup`: show a handoff, and resume its session here or print the command.

use std::io::IsTerminal;

use super::bring::Bringing;
use super::go_on::go_on;
use super::secret::secret;
use super::{Context, prompt};
use crate::cli::{PIN_ADVICE, PickupArgs};
use crate::service::{
    Error, ErrorKind, Found, HANDED, Handed, Hidden, IdentityState, Job, Next, Pickup, Plan, PlanKind,
    Result, Service, Target, Wanted, choose,
};
use crate::text;

/// A link is short; a mail around it is not.
const MAX_LINK: u64 = 64 * 1024;

pub(super) async fn run(context: &Context<'_>, mut args: PickupArgs) -> Result<()> {
    args.plan = match (args.plan, &args.from) {
        (None, Some(_)) => Some(PlanKind::Carried),
        (Some(way), Some(_)) if way != PlanKind::Carried => {
            return Err(
                Error::usage("`--from` goes with `--plan carried` only.").advise("Leave `--plan` out.")
            );
        }
        (plan, _) => plan,
    };
    args.ssh.as_deref().map_or(Ok(()), Service::check_address)?;
    let on_terminal = prompt::can_ask() && std::io::stdout().is_terminal() && !context.printer.is_json();
    let goes_on = !args.print && args.plan != Some(PlanKind::Command) && (args.exec || args.plan.is_some());
    let asks = on_terminal && !args.print && !goes_on && !args.yes;
    let target = target(context, &args)?;
    // PIN and link handoffs need no identity; whatever does says so itself.
    if context.service.identity_state() == IdentityState::Locked && target.needs_key() {
        super::unlock(context).await?;
    }
    let found = match args.plan {
        Some(PlanKind::Bring | PlanKind::Carried) => {
            context.service.find_to_bring(&target, &Job::quiet()).await
        }
        _ => context.service.find(&target, &Job::quiet()).await,
    };
    let mut found = found.map_err(|error| hint(&args, error))?;
    let chosen = if asks && found.len() > 1 { which(context, &found)? } else { 0 };
    let mut found = found.swap_remove(chosen);
    if let Some(address) = &args.ssh {
        found = context.service.reached_at(found, address).await?;
    }
    found = super::folder::said(context, found, &args).await?;
    if args.print && !context.printer.is_json() {
        return print_command(context, &args, &found).await;
    }
    if args.qr {
        print_qr(context, &found);
    }
    if let Some(file) = &args.from {
        let how = Bringing::from(&args);
        let plan = context.service.plan_from_file(&found, file);
        return go_on(context, &found, plan, how).await;
    }
    if goes_on {
        let wanted = args.plan.map_or(Wanted::Best, Wanted::Only);
        if prompt::can_ask() && !args.exec && !args.yes && lacks_folder(&found, wanted) {
            found = super::folder::ask(context, found).await?;
        }
        let again = args.plan.and_then(|kind| context.service.bring_again(&found, kind));
        let plan = match again {
            Some(plan) => plan,
            None => decide(&found, wanted, prompt::can_ask() && !args.exec, args.yes)?,
        };
        return go_on(context, &found, plan, Bringing::from(&args)).await;
    }
    if asks || (args.yes && on_terminal && !args.print) {
        return interactive(context, found, asks, Bringing::from(&args)).await;
    }
    let pickup = context.service.pick_up(&found, &Job::quiet()).await?;
    context.printer.value(&pickup);
    print(context, &pickup, &found.signed_by);
    written(context, &found)
}

/// The command alone on stdout, for `$(…)`; everything for people on stderr.
async fn print_command(context: &Context<'_>, args: &PickupArgs, found: &Found) -> Result<()> {
    let aside = Context { printer: context.printer.aside(), ..*context };
    if args.qr {
        print_qr(&aside, found);
    }
    let best = match (args.plan, choose(&found.pickup.plans, Wanted::Best, None)) {
        (None, Next::Run(plan)) => *plan,
        (None, Next::Nowhere(_)) => decide(found, Wanted::Only(PlanKind::Command), false, false)?,
        (way, _) => decide(found, way.map_or(Wanted::Best, Wanted::Only), false, args.yes)?,
    };
    let pickup = context.service.pick_up(found, &Job::quiet()).await?;
    print(&aside, &pickup, &found.signed_by);
    context.printer.say(&best.shell);
    written(context, found)
}

fn target(context: &Context<'_>, args: &PickupArgs) -> Result<Target> {
    if let Some(handed) = (context.env)(HANDED).and_then(|handed| handed.into_string().ok()) {
        return Ok(Target::Handed(Handed::given(handed)));
    }
    let text = match args.target.as_deref().map(String::as_str) {
        None => None,
        Some("-") => {
            let read = prompt::stdin(MAX_LINK)?;
            Some(
                String::from_utf8(read.to_vec())
                    .map_err(|_| Error::usage("stdin does not contain a link."))?,
            )
        }
        Some(text) => Some(text.to_owned()),
    };
    let Some(text) = text else {
        if args.pin.is_some() {
            return Err(Error::usage("A PIN alone doesn't identify a handoff.")
                .advise("Pass the publisher's public key, too: `cclink pickup PUBKEY --pin`."));
        }
        return Ok(Target::Newest);
    };
    let target = context.service.recognise(&text).map_err(|error| hint(args, error))?;
    let pin = pin(context, args, target.wants_pin())?;
    Ok(target.with_pin(pin))
}

/// Behind `--pin=`, in `CCLINK_PIN`, or asked for.
fn pin(context: &Context<'_>, args: &PickupArgs, wanted: bool) -> Result<Option<Hidden<String>>> {
    match &args.pin {
        Some(Some(pin)) => return Ok(Some(pin.clone())),
        None if !wanted => return Ok(None),
        Some(None) | None => {}
    }
    if let Some(pin) =
        (context.env)("CCLINK_PIN").and_then(|pin| pin.into_string().ok()).filter(|p| !p.is_empty())
    {
        return Ok(Some(Hidden::new(pin)));
    }
    secret("PIN: ")?.map(Some).ok_or_else(|| {
        Error::usage("This handoff needs a PIN, and it cannot be asked for here.")
            .advise("Set CCLINK_PIN, or pass --pin=PIN.")
    })
}

/// A usage error where a word followed a bare `--pin` says how to write it.
fn hint(args: &PickupArgs, error: Error) -> Error {
    let spaced = args.pin == Some(None) && error.kind == ErrorKind::Usage && args.target.is_some();
    if spaced { error.advise(PIN_ADVICE) } else { error }
}

fn which(context: &Context<'_>, found: &[Found]) -> Result<usize> {
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
        _ => Err(Error::usage(format!("Enter a number from 1 to {}.", found.len()))
            .advise("Nothing was picked up.")),
    }
}

/// Once everything that was taken is written out nothing of it can be lost; a
/// reader that went away did not get it.
fn written(context: &Context<'_>, found: &Found) -> Result<()> {
    if context.printer.written()? {
        let _ = context.service.settle(found);
    }
    Ok(())
}

/// Shows it, asks, and runs the best plan.
async fn interactive(context: &Context<'_>, mut found: Found, ask: bool, how: Bringing) -> Result<()> {
    print(context, &found.pickup, &found.signed_by);
    let told: Vec<String> = notes_of(&found.pickup).cloned().collect();
    if ask && lacks_folder(&found, Wanted::Best) {
        found = super::folder::ask(context, found).await?;
    }
    let once = if found.pickup.burn_after_read {
        " It is one-time: nobody else can pick it up after you."
    } else {
        ""
    };
    let nothing = || {
        context.printer.note("Nothing was picked up; the handoff is unchanged.");
        Ok(())
    };
    let next = choose(&found.pickup.plans, Wanted::Best, Some(&found.pickup.hostname));
    let (question, plan) = match next {
        Next::Run(plan) => {
            let question = match plan.kind {
                PlanKind::Here => "Resume it here?",
                PlanKind::Attach if plan.is_in_background() => "Attach to it in the background?",
                PlanKind::Attach => "Go to its window in tmux?",
                PlanKind::Ssh => "Resume it over SSH?",
                PlanKind::Bring | PlanKind::Carried => "Bring it here?",
                PlanKind::Command => "Pick it up?",
            };
            (question, Some(*plan))
        }
        Next::Ask { why, question, plan, instead, .. } if ask => {
            let chosen = super::go_on::ask(&format!("{why} {question}{once}"), *plan, instead)?;
            return match chosen {
                Some(plan) => go_on(context, &found, untold(plan, &told), how).await,
                None => nothing(),
            };
        }
        Next::Ask { plan, .. } => return go_on(context, &found, untold(*plan, &told), how).await,
        Next::Nowhere(_) if found.pickup.burn_after_read => ("Pick it up?", None),
        Next::Nowhere(_) => return take(context, &found).await,
    };
    if ask && !prompt::confirm(&format!("{question}{once}"), true)? {
        return nothing();
    }
    match plan {
        Some(plan) => go_on(context, &found, untold(plan, &told), how).await,
        None => take(context, &found).await,
    }
}

/// What the ways that are shown say besides.
fn notes_of(pickup: &Pickup) -> impl Iterator<Item = &String> {
    pickup.plans.iter().filter(|plan| plan.ready).flat_map(|plan| &plan.notes)
}

/// A plan with what was not read of it yet.
fn untold(mut plan: Plan, told: &[String]) -> Plan {
    plan.notes.retain(|note| !told.contains(note));
    plan
}

/// Whether the way that is meant only wants for the project's folder.
fn lacks_folder(found: &Found, wanted: Wanted) -> bool {
    let plans = found.pickup.plans.iter();
    let kinds = [PlanKind::Here, PlanKind::Bring, PlanKind::Carried];
    match wanted {
        Wanted::Only(kind) => plans.filter(|plan| plan.kind == kind).any(|plan| plan.lacks_folder),
        _ => {
            plans.clone().any(|plan| plan.lacks_folder && kinds.contains(&plan.kind))
                && !plans
                    .filter(|plan| plan.ready && !plan.lacks_folder)
                    .any(|plan| plan.kind != PlanKind::Command)
        }
    }
}

/// The plan that is run, or why there is none.
fn decide(found: &Found, wanted: Wanted, asks: bool, yes: bool) -> Result<Plan> {
    let advice = "Nothing was picked up. Pass `--yes` to resume it as a copy with its own id.";
    match choose(&found.pickup.plans, wanted, Some(&found.pickup.hostname)) {
        Next::Nowhere(why) => {
            let print =
                "Nothing was picked up. `cclink pickup --print` prints the command to run where it is.";
            let advice =
                if lacks_folder(found, wanted) { super::folder::advice(found) } else { print.to_owned() };
            Err(Error::failed(format!("It cannot be resumed on this machine: {why}.")).advise(advice))
        }
        next => super::go_on::decide(next, asks, yes, advice),
    }
}

/// Takes what was shown already.
async fn take(context: &Context<'_>, found: &Found) -> Result<()> {
    context.service.pick_up(found, &Job::quiet()).await?;
    written(context, found)
}

fn print_qr(context: &Context<'_>, found: &Found) {
    match &found.pickup.link {
        Some(link) => drop(context.printer.qr(&link.to_ascii_uppercase())),
        None => context.printer.note("No QR code: the link of this handoff contains its secret."),
    }
}

fn print(context: &Context<'_>, pickup: &Pickup, signed_by: &str) {
    let printer = context.printer;
    let title = pickup.title.as_deref().unwrap_or(&pickup.session_id);
    printer.say(&printer.bold(title));
    printer.tell(&format!("{}{}", signed_by[..1].to_uppercase(), &signed_by[1..]));
    printer.say(&format!("Session:  {}", pickup.session_id));
    printer.say(&format!("Project:  {} on {}", text::clean(&pickup.project), text::clean(&pickup.hostname)));
    if let Some(branch) = pickup.git.as_ref().and_then(|git| git.branch.as_ref()) {
        printer.say(&format!("Branch:   {branch}"));
    }
    if let Some(ssh) = &pickup.ssh {
        printer.say(&format!("SSH:      {ssh}"));
    }
    if let Some(note) = &pickup.note {
        printer.tell_behind(("Note:     ", 10), note);
    }
    if pickup.burned {
        printer.tell("It is yours now: nobody else can pick it up.");
    }
    for plan in &pickup.plans {
        super::go_on::print_plan(context, plan, &pickup.hostname);
    }
}

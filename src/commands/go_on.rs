//! Going on with a session: showing a way, and another program in this one's
//! place.

use super::bring::{Bringing, Came, bring};
use super::{Context, Listener, prompt, until_stopped};
use crate::service::{
    Ended, Error, Found, Job, LineModes, Next, Plan, PlanKind, Result, Signals, command_of, once_held,
    wait_for,
};
use crate::text;

/// Said where a handoff that burned did not reach its reader yet.
const OURS: &str = "It is yours now: `cclink pickup` shows it again on this device.";

/// Columns of most ways' labels.
const BEHIND: usize = 10;

/// One way to go on, in a line or two.
pub(super) fn print_plan(context: &Context<'_>, plan: &Plan, hostname: &str) {
    let printer = context.printer;
    let label = match plan.kind {
        PlanKind::Here => "Here:    ".to_owned(),
        PlanKind::Attach if plan.is_in_background() => "Background:".to_owned(),
        PlanKind::Attach => "In tmux: ".to_owned(),
        PlanKind::Ssh => "By SSH:  ".to_owned(),
        PlanKind::Bring => "Bring it:".to_owned(),
        PlanKind::Carried => "Included:".to_owned(),
        PlanKind::Command => format!("On {}:", text::clean(hostname)),
    };
    match &plan.why_not {
        None => printer.say(&format!("{label} {}", plan.shell)),
        Some(why) => {
            printer.tell_behind((&format!("{label} "), BEHIND), &printer.dim(&format!("not ready: {why}")));
        }
    }
    for note in plan.notes.iter().filter(|_| plan.ready) {
        printer.tell_behind((&" ".repeat(BEHIND), BEHIND), &printer.dim(&format!("({note})")));
    }
}

/// The plan to run, asking where it must be asked; `yes` answers. `advice` says
/// what helps where nobody can be asked.
pub(super) fn decide(next: Next, asks: bool, yes: bool, advice: &str) -> Result<Plan> {
    match next {
        Next::Run(plan) => Ok(*plan),
        Next::Ask { plan, .. } if yes => Ok(*plan),
        Next::Ask { why, question, plan, instead, .. } if asks => {
            ask(&format!("{why} {question}"), *plan, instead)?.ok_or_else(Error::cancelled)
        }
        Next::Ask { why, .. } => Err(Error::failed(why).advise(advice)),
        Next::Nowhere(why) => Err(Error::failed(format!("This session cannot be resumed: {why}."))),
    }
}

/// Asks about a plan that is no matter of course, and offers the one that ends
/// what is in its way; `None`: neither.
pub(super) fn ask(question: &str, plan: Plan, instead: Option<Box<Plan>>) -> Result<Option<Plan>> {
    let more = if instead.is_some() { "; e ends it there and continues here" } else { "" };
    let answer = prompt::line(&format!("{question} [y/N{more}] "))?.to_ascii_lowercase();
    Ok(match (answer.as_str(), instead) {
        ("y" | "yes", _) => Some(plan),
        ("e", Some(instead)) => Some(*instead),
        _ => None,
    })
}

/// Takes a handoff and goes on with it. Nothing is taken before it is sure that
/// the way is open, and it is settled only when it was gone.
pub(super) async fn go_on(context: &Context<'_>, found: &Found, plan: Plan, how: Bringing) -> Result<()> {
    let (service, printer) = (context.service, context.printer);
    for note in &plan.notes {
        printer.note(&format!("Note: {note}."));
    }
    let came = match plan.kind {
        PlanKind::Bring => {
            let brought = bring(context, found, &how).await?;
            service.remember_address(found);
            brought
        }
        PlanKind::Carried => super::bring::take_from(context, found, &how).await?,
        _ => Came { plan, is_here: false },
    };
    let plan = came.plan;
    service.check_way(found, &plan).await.map_err(|error| other_ways(found, &plan, error))?;
    let job = Job::quiet();
    let taken = until_stopped(&job, Box::pin(service.pick_up(found, &job))).await?;
    if job.cancel.is_cancelled() {
        let error = Error::cancelled();
        return Err(if taken.burned { kept(found, error) } else { error });
    }
    if taken.burned && came.is_here {
        service.was_taken(found);
    }
    // Only now: had another reader been faster, there would be nothing to end it for.
    service.end_live(&plan, &Job::quiet()).await.map_err(|error| kept(found, error))?;
    if found.pickup.burn_after_read {
        let title = found.pickup.title.as_deref().unwrap_or("(untitled)");
        printer.note(&format!("Picked up: {title} ({}).", found.pickup.session_id));
    }
    if plan.kind == PlanKind::Here {
        // A receipt cannot be taken back.
        service.can_start(&plan).map_err(|error| kept(found, not_started(&plan, &error)))?;
        let settled = service.settle(found);
        let ended = replace_process(context, &plan).await;
        service.unsettle(settled);
        return ended.map_err(|error| kept(found, error));
    }
    let mut gone = false;
    let ended = once_held(run_aside(&plan), service.way_holds(plan.kind), || {
        gone = true;
        reached(context, found);
    })
    .await?;
    if gone {
        // it was while it ran, however it ended
    } else if matches!(ended, Ended::Exited(status) if status.success()) {
        reached(context, found);
    } else if found.pickup.burn_after_read {
        printer.note(OURS);
    } else {
        printer.note("Nothing was picked up; the handoff is unchanged.");
    }
    leave_with(context, ended).await
}

/// The same error with the ways that are left, as they are asked for here.
fn other_ways(found: &Found, plan: &Plan, error: Error) -> Error {
    let others: Vec<String> =
        plan.others(&found.pickup.plans).map(|kind| format!("`--plan {}`", <&str>::from(kind))).collect();
    if others.is_empty() {
        return error;
    }
    let advice = format!("{} Other ways: {}.", error.advice, others.join(", "));
    error.advise(advice)
}

/// An error after it was taken.
fn kept(found: &Found, error: Error) -> Error {
    if !found.pickup.burn_after_read {
        return error;
    }
    let advice = format!("{} {OURS}", error.advice);
    error.advise(advice)
}

/// The way on was gone: what was taken is its reader's, and the address worked.
fn reached(context: &Context<'_>, found: &Found) {
    let _ = context.service.settle(found);
    context.service.remember_address(found);
}

/// Ends as a child did that ran in our place, or as what ended both.
async fn leave_with(context: &Context<'_>, ended: Ended) -> Result<()> {
    let code = match ended {
        Ended::Exited(status) if status.success() => return Ok(()),
        Ended::Exited(status) => status.code().unwrap_or(1),
        Ended::Signalled(number) => 128 + number,
    };
    context.service.finish().await;
    std::process::exit(code);
}

/// Runs a plan in this terminal and waits for it. What ends us ends it.
async fn run_aside(plan: &Plan) -> Result<Ended> {
    let failed = |error: std::io::Error| not_started(plan, &error);
    // From here on a closed window or a signal ends us in order.
    let _listener = Listener::new();
    let mut signals = Signals::listen().map_err(failed)?;
    let modes = LineModes::read();
    let started = command_of(plan).and_then(|mut command| command.kill_on_drop(true).spawn());
    let ended = wait_for(&mut started.map_err(failed)?, &mut signals).await;
    modes.restore();
    ended.map_err(failed)
}

fn not_started(plan: &Plan, error: &std::io::Error) -> Error {
    let program = plan.command.first().map_or("the command", String::as_str);
    Error::failed(format!("{program} could not be started: {error}."))
        .advise(format!("Run it yourself: `{}`", plan.shell))
}

/// Another program takes this process's place, in its folder and without the
/// variables of a claude session around us.
pub(super) async fn replace_process(context: &Context<'_>, plan: &Plan) -> Result<()> {
    context.service.finish().await;
    let failed = |error: std::io::Error| not_started(plan, &error);
    let mut command = command_of(plan).map_err(failed)?.into_std();
    #[cfg(unix)]
    let error = std::os::unix::process::CommandExt::exec(&mut command);
    #[cfg(not(unix))]
    let error = match command.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => error,
    };
    Err(failed(error))
}

//! Going on with a session: showing a way, and another program in this one's
//! place.

use std::process::ExitStatus;
use std::time::{Duration, Instant};

use super::bring::{Bringing, bring};
use super::{Context, prompt};
use crate::service::{Error, Found, Job, Next, Plan, PlanKind, Result, child, went_on};
use crate::text;

/// One way to go on, in a line or two.
pub(super) fn print_plan(context: &Context<'_>, plan: &Plan, hostname: &str) {
    let printer = context.printer;
    let label = match plan.kind {
        PlanKind::Here => "Here:    ".to_owned(),
        PlanKind::Attach if plan.is_in_background() => "Attach:  ".to_owned(),
        PlanKind::Attach => "In tmux: ".to_owned(),
        PlanKind::Ssh => "By SSH:  ".to_owned(),
        PlanKind::Bring => "Bring it:".to_owned(),
        PlanKind::Command => format!("On {}:", text::clean(hostname)),
    };
    match &plan.why_not {
        None => printer.say(&format!("{label} {}", plan.shell)),
        Some(why) => printer.say(&printer.dim(&format!("{label} not ready: {why}"))),
    }
    for note in plan.notes.iter().filter(|_| plan.ready) {
        printer.say(&printer.dim(&format!("          ({note})")));
    }
}

/// The plan to run, asking where it must be asked; `yes` answers. `advice` says
/// what helps where nobody can be asked.
pub(super) fn decide(next: Next, asks: bool, yes: bool, advice: &str) -> Result<Plan> {
    match next {
        Next::Run(plan) => Ok(*plan),
        Next::Ask { plan, .. } if yes => Ok(*plan),
        Next::Ask { why, question, plan, instead, .. } if asks => {
            let more = if instead.is_some() { "; e ends it there and goes on here" } else { "" };
            let answer = prompt::line(&format!("{why} {question} [y/N{more}] "))?.to_ascii_lowercase();
            match (answer.as_str(), instead) {
                ("y" | "yes", _) => Ok(*plan),
                ("e", Some(instead)) => Ok(*instead),
                _ => Err(Error::cancelled()),
            }
        }
        Next::Ask { why, .. } => Err(Error::failed(why).advise(advice)),
        Next::Nowhere(why) => Err(Error::failed(format!("This session cannot be resumed: {why}."))),
    }
}

/// Takes a handoff and goes on with it. Nothing is taken before it is sure that
/// the way is open, and it is settled only when it was gone.
pub(super) async fn go_on(context: &Context<'_>, found: &Found, plan: Plan, how: Bringing) -> Result<()> {
    let (service, printer) = (context.service, context.printer);
    for note in &plan.notes {
        printer.note(&format!("Note: {note}."));
    }
    let plan = if plan.kind == PlanKind::Bring {
        let brought = bring(context, found, how).await?;
        service.remember_address(found);
        brought
    } else {
        plan
    };
    service.check_way(found, &plan).await?;
    service.end_live(&plan, &Job::quiet()).await?;
    service.pick_up(found, &Job::quiet()).await?;
    if found.pickup.burn_after_read {
        let title = found.pickup.title.as_deref().unwrap_or("(untitled)");
        printer.note(&format!("Picked up: {title} ({}).", found.pickup.session_id));
    }
    if plan.kind == PlanKind::Here {
        let settled = service.settle(found);
        let ended = replace_process(context, &plan).await;
        service.unsettle(settled);
        return ended;
    }
    let (status, lasted) = run_aside(&plan).await?;
    if went_on(status, lasted) {
        let _ = service.settle(found);
        service.remember_address(found);
    } else if found.pickup.burn_after_read {
        printer.note("It is yours: `cclink pickup` shows it again on this device.");
    } else {
        printer.note("Nothing was picked up; it stays where it is.");
    }
    leave_with(context, status).await
}

/// Ends as a child did that ran in our place.
async fn leave_with(context: &Context<'_>, status: ExitStatus) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    context.service.finish().await;
    std::process::exit(status.code().unwrap_or(1));
}

/// Runs a plan in this terminal and waits for it; how long that took, too. What
/// ends us ends it.
async fn run_aside(plan: &Plan) -> Result<(ExitStatus, Duration)> {
    let [program, arguments @ ..] = plan.command.as_slice() else {
        return Err(Error::failed("There is no command to run."));
    };
    let begun = Instant::now();
    let started = child(program).args(arguments).kill_on_drop(true).spawn();
    let mut running = started.map_err(|error| not_started(plan, &error))?;
    loop {
        tokio::select! {
            status = running.wait() => {
                let status = status.map_err(|error| Error::failed(format!("{program}: {error}.")))?;
                return Ok((status, begun.elapsed()));
            }
            // Ctrl-C reaches it as well: it decides.
            _ = tokio::signal::ctrl_c() => {}
        }
    }
}

fn not_started(plan: &Plan, error: &std::io::Error) -> Error {
    let program = plan.command.first().map_or("the command", String::as_str);
    Error::failed(format!("{program} could not be started: {error}."))
        .advise(format!("Run it yourself: {}", plan.shell))
}

/// Another program takes this process's place, in its folder and without the
/// variables of a claude session around us.
pub(super) async fn replace_process(context: &Context<'_>, plan: &Plan) -> Result<()> {
    context.service.finish().await;
    let [program, arguments @ ..] = plan.command.as_slice() else {
        return Err(Error::failed("There is no command to run."));
    };
    let mut command = child(program).into_std();
    command.args(arguments);
    if let Some(directory) = &plan.directory {
        command.current_dir(directory);
    }
    #[cfg(unix)]
    let error = std::os::unix::process::CommandExt::exec(&mut command);
    #[cfg(not(unix))]
    let error = match command.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => error,
    };
    Err(not_started(plan, &error))
}

//! `resume`, and what every way of going on ends in: another program in this
//! one's place.

use std::io::{IsTerminal, Write};
use std::sync::Arc;

use super::{Context, pickup, prompt};
use crate::service::{Error, Found, Job, Kind, Plan, PlanKind, Result, Step, not_inherited};

pub(super) async fn run(context: &Context<'_>, session: &str, fork: bool, print: bool) -> Result<()> {
    let mut plans = context.service.resume_plans(session).await?;
    if fork {
        plans = vec![context.service.fork_plan(session).await?];
    }
    if print || context.printer.is_json() {
        context.printer.value(&plans);
        for plan in &plans {
            pickup::print_plan(context, plan, "this machine");
        }
        return Ok(());
    }
    let plan = choose(&plans, fork)?;
    for note in &plan.notes {
        context.printer.note(&format!("Note: {note}."));
    }
    replace_process(context, &plan).await
}

/// The best plan; a copy of a session that is open elsewhere only when the user
/// says so.
fn choose(plans: &[Plan], fork: bool) -> Result<Plan> {
    let is_fork = |plan: &Plan| plan.command.iter().any(|word| word == "--fork-session");
    if let Some(plan) = plans.iter().find(|plan| plan.ready && (fork || !is_fork(plan))) {
        return Ok(plan.clone());
    }
    let why =
        plans.iter().find_map(|plan| plan.why_not.clone()).unwrap_or_else(|| "there is no way".to_owned());
    if let Some(copy) = plans.iter().find(|plan| plan.ready && is_fork(plan)) {
        if prompt::can_ask()
            && prompt::confirm(
                &format!("This session cannot be resumed: {why}. Resume a copy of it?"),
                false,
            )?
        {
            return Ok(copy.clone());
        }
        return Err(Error::failed(format!("This session cannot be resumed: {why}."))
            .advise("`--fork` resumes a copy of it, with an id of its own."));
    }
    Err(Error::failed(format!("This session cannot be resumed: {why}.")))
}

/// Brings a session here, asking before a copy of this machine is replaced;
/// gives the plan to resume it.
pub(super) async fn bring(context: &Context<'_>, found: &Found, yes: bool) -> Result<Plan> {
    let printer = context.printer;
    let job = progress();
    let asks = prompt::can_ask();
    let brought = match context.service.bring(found, asks, yes, &job).await {
        Err(error) if error.kind == Kind::Exists && asks => {
            let question = format!("{} Replace it? It is kept beside the new one.", error.message);
            if !prompt::confirm(&question, false)? {
                return Err(Error::cancelled());
            }
            context.service.bring(found, asks, true, &job).await?
        }
        result => result?,
    };
    printer.note(&format!("Brought to {}.", brought.path.display()));
    for note in &brought.notes {
        printer.note(&format!("Note: {note}."));
    }
    let plans = context.service.resume_plans(&found.pickup.session_id).await?;
    let ready = plans.iter().find(|plan| plan.ready && plan.kind == PlanKind::Here).cloned();
    ready.ok_or_else(|| {
        let why = plans.iter().find_map(|plan| plan.why_not.clone()).unwrap_or_default();
        Error::failed(format!("It was brought, but cannot be resumed here: {why}."))
    })
}

/// A job that tells on a terminal how far it is, on one line.
fn progress() -> Job {
    let mut job = Job::quiet();
    if std::io::stderr().is_terminal() {
        job.tell = Arc::new(|step| {
            if let Step::Doing(words) = step {
                let _ = write!(std::io::stderr().lock(), "\r\u{1b}[K{words}\r");
            }
        });
    }
    job
}

/// Another program takes this process's place, in its folder and without the
/// variables of a claude session around us.
pub(super) async fn replace_process(context: &Context<'_>, plan: &Plan) -> Result<()> {
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

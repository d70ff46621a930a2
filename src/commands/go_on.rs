//! Going on with a session: showing a way, bringing its file here, and another
//! program in this one's place.

use std::io::{IsTerminal, Write};
use std::sync::Arc;

use super::{Context, prompt};
use crate::service::{Error, Found, Job, Kind, Plan, PlanKind, Result, Step, not_inherited};
use crate::text;

/// One way to go on, in a line or two.
pub(super) fn print_plan(context: &Context<'_>, plan: &Plan, hostname: &str) {
    let printer = context.printer;
    let label = match plan.kind {
        PlanKind::Here => "Here:    ".to_owned(),
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

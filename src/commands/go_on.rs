//! Going on with a session: showing a way, and another program in this one's
//! place.

use super::Context;
use crate::service::{Error, Plan, PlanKind, Result, not_inherited};
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

//! `resume`.

use super::{Context, go_on, prompt};
use crate::service::{Error, Plan, Result};

pub(super) async fn run(context: &Context<'_>, session: &str, fork: bool, print: bool) -> Result<()> {
    let mut plans = context.service.resume_plans(session).await?;
    if fork {
        plans = vec![context.service.fork_plan(session).await?];
    }
    context.printer.value(&plans);
    if context.printer.is_json() {
        return Ok(());
    }
    if print {
        // The command alone on stdout, for `$(…)`.
        let aside = Context { printer: context.printer.aside(), ..*context };
        for plan in &plans {
            go_on::print_plan(&aside, plan, "this machine");
        }
        context.printer.say(&choose(&plans, fork, false)?.shell);
        return Ok(());
    }
    let plan = choose(&plans, fork, prompt::can_ask())?;
    for note in &plan.notes {
        context.printer.note(&format!("Note: {note}."));
    }
    go_on::replace_process(context, &plan).await
}

/// The best plan; a copy of a session that is open elsewhere only when the user
/// says so.
fn choose(plans: &[Plan], fork: bool, ask: bool) -> Result<Plan> {
    let is_fork = |plan: &Plan| plan.command.iter().any(|word| word == "--fork-session");
    if let Some(plan) = plans.iter().find(|plan| plan.ready && (fork || !is_fork(plan))) {
        return Ok(plan.clone());
    }
    let why =
        plans.iter().find_map(|plan| plan.why_not.clone()).unwrap_or_else(|| "there is no way".to_owned());
    if let Some(copy) = plans.iter().find(|plan| plan.ready && is_fork(plan)) {
        if ask
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

//! `resume`.

use super::{Context, go_on, prompt};
use crate::service::{Job, Result, Wanted, choose};

/// What helps where nobody can be asked.
const FORK: &str = "`--fork` resumes a copy of it with its own id.";

pub(super) async fn run(context: &Context<'_>, session: &str, fork: bool, print: bool) -> Result<()> {
    let mut plans = context.service.resume_plans(session).await?;
    if fork {
        plans = vec![context.service.fork_plan(session).await?];
    }
    context.printer.value(&plans);
    if context.printer.is_json() {
        return Ok(());
    }
    if print || !prompt::can_ask() {
        // Said with the plan; nobody is asked.
        for plan in &mut plans {
            plan.went_on = None;
        }
    }
    let wanted = if fork { Wanted::Copy } else { Wanted::Best };
    let next = choose(&plans, wanted, None);
    if print {
        // The command alone on stdout, for `$(…)`.
        let aside = Context { printer: context.printer.aside(), ..*context };
        for plan in &plans {
            go_on::print_plan(&aside, plan, "this machine");
        }
        context.printer.say(&go_on::decide(next, false, false, FORK)?.shell);
        return Ok(());
    }
    let plan = go_on::decide(next, prompt::can_ask(), false, FORK)?;
    for note in &plan.notes {
        context.printer.note(&format!("Note: {note}."));
    }
    context.service.end_live(&plan, &Job::quiet()).await?;
    go_on::replace_process(context, &plan).await
}

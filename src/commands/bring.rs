//! Bringing a session here, and the questions that come with it.

use std::io::{IsTerminal, Write};
use std::sync::Arc;

use super::{Context, prompt};
use crate::service::{Error, Found, Job, Kind, Plan, PlanKind, Result, Step};

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

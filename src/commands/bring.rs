//! Bringing a session here, and the questions that come with it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::output::broken;
use super::progress::{end_progress, progress};
use super::{Context, prompt, until_stopped};
use crate::cli::PickupArgs;
use crate::service::{
    Answer, Arrived, Ask, Error, ErrorKind, Found, Plan, PlanKind, Question, Result, Sealed, Wishes,
};

/// What the command line says about bringing.
#[derive(Clone, Debug)]
pub(super) struct Bringing {
    /// Every question is answered so that nothing is lost.
    pub yes: bool,
    /// The project's memory comes along.
    pub with_memory: bool,
    /// The sealed file to take it from; `-` is stdin.
    pub from: Option<PathBuf>,
}

impl From<&PickupArgs> for Bringing {
    fn from(args: &PickupArgs) -> Self {
        Self { yes: args.yes, with_memory: args.with_memory, from: args.from.clone() }
    }
}

/// How it is gone on with what was to come.
pub(super) struct Came {
    pub plan: Plan,
    /// It is in its place; else another way was chosen.
    pub is_here: bool,
}

/// Brings a session here; gives the plan to resume it, or the one that was
/// chosen instead. Stopped, it lets go of the other machine, and keeps what came.
pub(super) async fn bring(context: &Context<'_>, found: &Found, how: &Bringing) -> Result<Came> {
    let (job, wishes) = (progress(), how.wishes());
    let arrived = until_stopped(&job, Box::pin(context.service.bring(found, &wishes, &job))).await;
    end_progress();
    resume_arrived(context, arrived?).await
}

/// The same from a sealed file.
pub(super) async fn take_from(context: &Context<'_>, found: &Found, how: &Bringing) -> Result<Came> {
    let file = match how.from.as_deref() {
        None => Sealed::Carried,
        Some(file) if file == Path::new("-") => Sealed::Stdin,
        Some(file) => Sealed::File(file),
    };
    let (job, wishes) = (progress(), how.wishes());
    let arrived = until_stopped(&job, Box::pin(context.service.take_from(found, file, &wishes, &job))).await;
    end_progress();
    resume_arrived(context, arrived?).await
}

impl Bringing {
    fn wishes(&self) -> Wishes {
        Wishes { asks: prompt::can_ask(), with_memory: self.with_memory, ask: answers(self.yes) }
    }
}

async fn resume_arrived(context: &Context<'_>, arrived: Arrived) -> Result<Came> {
    let printer = context.printer;
    let placed = match arrived {
        Arrived::Placed(placed) => placed,
        Arrived::Instead(plan) => return Ok(Came { plan, is_here: false }),
    };
    printer.note(&format!("Brought to {}.", placed.path.display()));
    for note in &placed.notes {
        printer.note(&format!("Note: {note}."));
    }
    let plans = context.service.resume_plans(&placed.session_id).await?;
    let ready = plans.iter().find(|plan| plan.ready && plan.kind == PlanKind::Here).cloned();
    ready.map(|plan| Came { plan, is_here: true }).ok_or_else(|| {
        let why = plans.iter().find_map(|plan| plan.why_not.clone()).unwrap_or_default();
        Error::failed(format!("It was brought, but cannot be resumed here: {why}."))
    })
}

/// Who answers: `--yes`, the person at the terminal, or nobody.
fn answers(yes: bool) -> Ask {
    Arc::new(move |question| {
        let (answer, words) = question.unasked();
        if yes {
            Ok(answer)
        } else if prompt::can_ask() {
            choose(question)
        } else {
            Err(Error::new(ErrorKind::Exists, question.words())
                .advise(format!("Nothing was changed. Pass --yes to {words}.")))
        }
    })
}

/// Shows the answers by number; Enter takes the first.
fn choose(question: &Question) -> Result<Answer> {
    let answers = question.answers();
    let mut stderr = std::io::stderr();
    end_progress();
    let _ = writeln!(stderr, "{}", broken(&question.words()));
    for (number, (_, words)) in answers.iter().enumerate() {
        let _ = writeln!(stderr, "{:>3}  {words}", number + 1);
    }
    let answer = prompt::line("Which one? [1, q to cancel] ")?;
    if answer.is_empty() {
        return answers.first().map(|(answer, _)| *answer).ok_or_else(Error::cancelled);
    }
    let chosen = answer.parse::<usize>().ok().and_then(|number| answers.get(number.checked_sub(1)?));
    chosen.map(|(answer, _)| *answer).ok_or_else(|| match answer.as_str() {
        "q" | "n" | "no" => Error::cancelled(),
        _ => Error::usage(format!("Enter a number from 1 to {}.", answers.len()))
            .advise("Nothing was changed."),
    })
}

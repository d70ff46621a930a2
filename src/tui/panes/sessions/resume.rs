//! Going on with a session of this machine.

use crate::tui::message::{
    Action, END_THERE, Effect, Next, Note, Open, Plan, Question, Tone, Wanted, choose,
};

/// What to do with the plans of a session that is to be resumed here.
pub(super) fn resume(plans: &[Plan]) -> Vec<Effect> {
    match choose(plans, Wanted::Best, None) {
        Next::Run(plan) => vec![Effect::StepAside(plan, None)],
        Next::Ask { why, question, yes, plan, instead } => {
            vec![Effect::Open(Open::Confirm(Box::new(Question {
                title: question.to_owned(),
                lines: std::iter::once(why).chain(plan.notes.iter().cloned()).collect(),
                yes,
                then: Box::new(run(plan)),
                instead: instead.map(|plan| (END_THERE, Box::new(run(plan)))),
                otherwise: None,
            })))]
        }
        Next::Nowhere(why) => {
            let shell = plans.first().map(|plan| plan.shell.clone()).unwrap_or_default();
            vec![Effect::Say(
                Note::new(Tone::Bad, "This session cannot be resumed here.").line(why).line(shell),
            )]
        }
    }
}

/// A plan, behind the end of what is in its way.
fn run(plan: Box<Plan>) -> Effect {
    match plan.ends {
        Some(_) => Effect::Run(Action::EndLive(plan, None)),
        None => Effect::StepAside(plan, None),
    }
}

//! A session that is open and idle in another terminal of this machine: a copy is
//! offered, and to end it there and go on here.

use std::time::Duration;

use crossterm::event::{Event as Input, KeyCode};

use super::{Play, sample};
use crate::tui::message::{Action, Effect, Found, Plan, PlanKind, Report, Verb};

/// A copy, which can be had, and the session itself, behind the end of who has it.
fn open_and_idle() -> Vec<Plan> {
    let mut copy = sample::plan(PlanKind::Here, true);
    copy.command.push("--fork-session".to_owned());
    let mut ends = sample::plan(PlanKind::Here, false);
    ends.why_not = Some("it is open in a running claude on this machine (process 7)".to_owned());
    ends.ends = Some(7);
    vec![copy, ends]
}

fn found() -> Found {
    let mut taken = sample::taken(true);
    taken.plans.splice(..1, open_and_idle());
    Found::sample(taken, "signed by you, from framework-desktop", true)
}

fn offered() -> Play {
    let mut play = Play::full(100, 30);
    play.text("3").press(KeyCode::Enter);
    play.done(Verb::Find, Ok(Report::Found(vec![found()])));
    play
}

#[test]
fn r_offers_to_end_it_there() {
    let mut play = Play::full(100, 30);
    play.text("r");
    play.done(Verb::ResumeHere, Ok(Report::Plans(open_and_idle())));
    for words in ["Resume a copy of it?", "e end it there, continue here", "n leave it as it is"] {
        assert!(play.shows(words), "{words}: {}", play.screen());
    }
    // the picture of it is shown with the next key
    play.press(KeyCode::Down).text("e");
    let Some((_, Action::EndLive(way, None))) = play.last(Verb::EndLive) else { panic!("it ends it") };
    assert_eq!(way.ends, Some(7));
    play.done(Verb::EndLive, Ok(Report::EndedLive(way.clone(), None)));
    assert!(matches!(play.other.last(), Some(Effect::StepAside(aside, None)) if *aside == way));
}

#[test]
fn a_key_that_came_before_the_question_ends_nothing() {
    let mut play = offered();
    let key = |code: KeyCode| Input::Key(code.into());
    play.inputs(vec![key(KeyCode::Enter), key(KeyCode::Char('e'))]);
    assert!(play.shows("e end it there") && play.last(Verb::PickUp).is_none());
    play.wait(Duration::from_millis(50)).input(key(KeyCode::Char('e')));
    assert!(play.last(Verb::PickUp).is_none(), "sooner than anybody reads");
    play.text("e");
    assert!(play.last(Verb::PickUp).is_some());
}

#[test]
fn a_pickup_ends_it_there_and_is_settled() {
    let mut play = offered();
    play.press(KeyCode::Enter).text("e");
    let Some((_, Action::PickUp(_, way))) = play.last(Verb::PickUp) else { panic!("it is taken first") };
    assert_eq!(way.ends, Some(7));
    let taken = Box::new(found().pickup);
    play.done(Verb::PickUp, Ok(Report::Taken(taken, way)));
    let Some(Effect::StepAside(aside, Some(then))) = play.other.last() else { panic!("it goes on") };
    assert!(aside.ends == Some(7) && matches!(**then, Action::Settle(_)));
}

#[test]
fn what_is_taken_already_is_settled_behind_the_end_too() {
    let mut play = offered();
    // taken by copying the command
    play.text("G").press(KeyCode::Enter);
    let Some((_, Action::PickUp(_, way))) = play.last(Verb::PickUp) else { panic!("it is taken") };
    play.done(Verb::PickUp, Ok(Report::Taken(Box::new(found().pickup), way)));
    play.press(KeyCode::Up).press(KeyCode::Enter);
    assert!(play.shows("End it there and continue here?"), "{}", play.screen());
    play.text("y");
    let Some((_, Action::EndLive(way, Some(found)))) = play.last(Verb::EndLive) else { panic!("it ends it") };
    play.done(Verb::EndLive, Ok(Report::EndedLive(way, Some(found))));
    assert!(
        matches!(play.other.last(), Some(Effect::StepAside(_, Some(then))) if matches!(**then, Action::Settle(_)))
    );
}

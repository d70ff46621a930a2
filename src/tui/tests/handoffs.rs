//! What was published: revoked, extended, counting down.

use std::time::Duration;

use crossterm::event::KeyCode;

use super::{Play, sample};
use crate::tui::message::{Action, AudienceKind, Error, Report, State, Step, Verb};

#[test]
fn revoking_asks_first_and_a_reflex_is_no_answer() {
    let mut play = Play::full(80, 24);
    play.text("2").burst("dy");
    assert!(play.last(Verb::Revoke).is_none() && play.shows("Revoke this handoff?"));
    play.text("n");
    assert!(!play.shows("Revoke this handoff?"));
    play.text("d").text("y");
    let Some((_, Action::Revoke(tokens))) = play.last(Verb::Revoke) else { panic!("it revokes") };
    assert_eq!(tokens, [sample::handoffs()[0].token.clone()]);
}

#[test]
fn the_countdown_wakes_each_second_only_while_it_is_seen() {
    let mut play = Play::full(80, 24);
    while let Some((_, action)) = play.jobs.last().cloned() {
        play.done(action.verb(), Err(Error::cancelled()));
    }
    play.wait(Duration::from_mins(1));
    play.app.tick(&play.now.clone());
    // the youngest session is some minutes old: its age is said in minutes
    assert_eq!(play.app.next_wake(&play.now), Some(Duration::from_mins(1)), "asleep");
    play.text("2");
    for verb in [Verb::Journal, Verb::List] {
        play.done(verb, Ok(Report::Listed(sample::handoffs(), true)));
    }
    assert!(play.shows("7h 47m 40s"), "{}", play.screen());
    let wake = play.app.next_wake(&play.now).unwrap();
    assert!(wake <= Duration::from_secs(1));
    play.wait(wake);
    play.app.tick(&play.now.clone());
    assert!(play.shows("7h 47m 39s") || play.shows("7h 47m 40s"));
    play.text("1");
    assert!(play.app.next_wake(&play.now).unwrap() > Duration::from_secs(50));
}

#[test]
fn a_published_row_shows_at_once_and_extending_asks_for_a_time() {
    let mut play = Play::full(80, 24);
    play.text("2e");
    play.ctrl('u').text("3x");
    assert!(play.shows("not a duration"));
    play.press(KeyCode::Enter);
    assert!(play.last(Verb::Extend).is_none());
    play.press(KeyCode::Backspace).text("h").press(KeyCode::Enter);
    assert!(play.shows("It lives until") && play.last(Verb::Extend).is_none(), "that would be shorter");
    play.ctrl('u').text("9h").press(KeyCode::Enter);
    assert!(matches!(play.last(Verb::Extend), Some((_, Action::Extend(_, ttl))) if ttl.seconds() == 32_400));
    let row = sample::listed(9, Some("Brand new"), AudienceKind::Devices, State::Live, 900);
    play.step(Verb::List, Report::Step(Step::Listed(Box::new(row))));
    assert!(play.shows("Brand new"));
}

#[test]
fn what_became_of_one_row_starts_no_look_at_the_others() {
    for announced in [true, false] {
        let mut play = Play::full(120, 40);
        play.text("2");
        for verb in [Verb::Journal, Verb::List] {
            play.done(verb, Ok(Report::Listed(sample::handoffs(), true)));
        }
        let mut row = sample::handoffs().remove(0);
        (row.copies, row.expires_at) = (Some(41), row.expires_at + chrono::TimeDelta::hours(2));
        let report = if announced {
            play.text("k");
            Report::Announced(Box::new(row))
        } else {
            play.text("e").ctrl('u').text("9h").press(KeyCode::Enter);
            Report::Extended(Box::new(row))
        };
        play.jobs.retain(|(_, action)| matches!(action.verb(), Verb::Announce | Verb::Extend));
        let (_, action) = play.jobs.last().cloned().expect("it was asked for");
        play.done(action.verb(), Ok(report));
        assert!(play.shows("41 copies") && play.shows("9h 4"), "{}", play.screen());
        assert!(play.jobs.is_empty(), "{:?}", play.jobs);
    }
}

#[test]
fn what_ended_and_is_told_first_takes_no_selection() {
    let mut play = Play::open(100, 30);
    play.done(Verb::Journal, Ok(Report::Listed(Vec::new(), false)));
    play.text("2");
    let [mut ended, alive] = [0, 1].map(|at| sample::handoffs().remove(at));
    ended.state = State::Revoked;
    let token = alive.token.clone();
    for row in [ended.clone(), alive.clone()] {
        play.step(Verb::List, Report::Step(Step::Listed(Box::new(row))));
    }
    assert!(!play.shows(&ended.token), "{}", play.screen());
    play.text("d");
    assert!(play.shows("Revoke this handoff?") && play.shows(&token), "{}", play.screen());
}

//! What was published: revoked, extended, counting down.

use std::time::Duration;

use crossterm::event::KeyCode;

use super::{Play, sample};
use crate::tui::message::{
    Action, AudienceKind, CarriedBy, CarriedState, CarryWay, Effect, Error, Listed, Report, State, Step, Verb,
};

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
    assert!(
        play.shows("It already lasts until") && play.last(Verb::Extend).is_none(),
        "that would be shorter"
    );
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
            play.text("u");
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

/// The handoffs, of which this is the only one.
fn only(width: u16, height: u16, row: Listed) -> Play {
    let mut play = Play::full(width, height);
    play.text("2");
    play.done(Verb::Journal, Ok(Report::Listed(vec![row], true)));
    play
}

#[test]
fn a_pin_that_was_made_is_told_again_and_a_phones_link_is_copied() {
    let row = Listed {
        pin: Some("velvet-orbit-cactus-lamp".into()),
        web_link: Some("https://handoff.example.org/#PK/P".into()),
        ..sample::listed(5, Some("Shared"), AudienceKind::Pin, State::Live, 9000)
    };
    let mut play = only(120, 40, row);
    assert!(play.shows("velvet-orbit-cactus-lamp"), "{}", play.screen());
    play.text("y");
    let copied = "https://handoff.example.org/#PK/P";
    assert!(matches!(play.other.last(), Some(Effect::Copy(text, "The web link")) if text.as_str() == copied));
    play.press(KeyCode::Enter);
    assert!(play.shows("PIN velvet-orbit-cactus-lamp"), "{}", play.screen());
}

#[test]
fn the_detail_tells_what_happened_to_this_handoff_alone() {
    let mut play = Play::full(120, 40);
    play.text("2");
    play.step(Verb::List, Report::Log(sample::log()));
    assert!(play.shows("25 Nov 10:29  published for 8h") && !play.shows("extended"), "{}", play.screen());
    play.press(KeyCode::Down);
    for words in
        ["25 Nov 10:37  picked up by pixel-9", "25 Nov 10:34  extended to 1h 12m", "published for 1h"]
    {
        assert!(play.shows(words), "{words}: {}", play.screen());
    }
    // Nothing is asked for to draw it, and a newer log takes the older one's place.
    play.step(Verb::List, Report::Log(sample::log().into_iter().skip(3).collect()));
    assert!(play.shows("published for 1h") && !play.shows("extended"), "{}", play.screen());
}

#[test]
fn more_than_there_is_room_for_names_the_command() {
    let mut play = Play::full(120, 40);
    play.text("2").press(KeyCode::Down);
    let event = sample::log().remove(0);
    play.step(Verb::List, Report::Log(vec![event; 50]));
    assert!(play.shows(" more: cclink log") && play.shows("picked up by pixel-9"), "{}", play.screen());
}

#[test]
fn a_row_says_that_its_conversation_is_included() {
    for (state, shown) in
        [(None, true), (Some(CarriedState::There), true), (Some(CarriedState::TakenAway), false)]
    {
        let row = Listed {
            carry: Some(CarriedBy { way: CarryWay::Git, bytes: 120_000, state }),
            ..sample::listed(5, Some("Some work"), AudienceKind::Devices, State::Live, 9000)
        };
        let play = only(120, 40, row);
        assert_eq!(play.shows("conversation included"), shown, "{}", play.screen());
        assert!(play.shows("included   conversation, "), "{}", play.screen());
    }
}

#[test]
fn the_smallest_screen_says_for_whom() {
    let mut play = Play::full(60, 16);
    play.text("2");
    for words in ["devices", "anna", "link"] {
        assert!(play.shows(words), "{words}: {}", play.screen());
    }
}

#[test]
fn what_was_taken_counts_down_no_more() {
    for (width, height) in [(60, 16), (80, 24), (120, 40)] {
        let row = sample::listed(5, Some("Taken"), AudienceKind::Devices, State::PickedUp, 9000);
        let mut play = only(width, height, row);
        assert!(play.shows("4 min ago") && !play.shows("2h 30m"), "{}", play.screen());
        while let Some((_, action)) = play.jobs.last().cloned() {
            play.done(action.verb(), Err(Error::cancelled()));
        }
        play.wait(Duration::from_mins(1));
        play.app.tick(&play.now.clone());
        assert!(play.app.next_wake(&play.now).is_none_or(|wake| wake > Duration::from_secs(2)));
    }
}

#[test]
fn time_is_drawn_as_a_line_only_once_little_is_left() {
    // published 12 minutes ago
    for (left, drawn) in [(7 * 3600, false), (200, true)] {
        let row = sample::listed(5, Some("Some time"), AudienceKind::Devices, State::Live, left);
        let play = only(120, 40, row);
        assert_eq!(play.shows("━"), drawn, "{}", play.screen());
    }
}

#[test]
fn an_empty_pane_offers_nothing_that_needs_a_row() {
    let mut play = Play::open(120, 40);
    play.done(Verb::Scan, Ok(Report::Scanned));
    for words in ["Enter publish", "r resume", "y copy id", "P to my phone", "→ read"] {
        assert!(!play.shows(words), "{words}: {}", play.screen());
    }
    play.text("2");
    play.done(Verb::Journal, Ok(Report::Listed(Vec::new(), true)));
    for words in ["Enter QR", "copy link", "extend", "announce", "d revoke", "revoke all"] {
        assert!(!play.shows(words), "{words}: {}", play.screen());
    }
    play.text("3");
    for words in ["Enter open", "open", "add contact"] {
        assert!(!play.shows(words), "{words}: {}", play.screen());
    }
    assert!(play.shows("i link or key"), "{}", play.screen());
}

#[test]
fn tabs_count() {
    let play = Play::full(80, 24);
    assert!(play.shows("2 Handoffs (4)  3 Pick up (3)"), "{}", play.screen());
}

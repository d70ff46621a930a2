//! Notes: a line each, the newest at the foot; they cover nothing. What failed
//! stays, names the deed, and can be tried again.

use std::time::Duration;

use crossterm::event::KeyCode;

use super::{Play, sample};
use crate::tui::message::{Action, AudienceKind, Error, ErrorKind, Report, Revoked, State, Step, Verb};

fn away() -> Error {
    Error::new(ErrorKind::Unreachable, "The network cannot be reached.")
        .advise("Check that you are online, then try again.")
}

/// The row of the screen that holds these words.
fn row_of(play: &Play, words: &str) -> Option<usize> {
    play.screen().lines().position(|line| line.contains(words))
}

fn press(play: &mut Play, keys: &str) {
    for c in keys.chars() {
        play.press(if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) });
    }
}

#[test]
fn they_cover_nothing_that_asks() {
    for (width, height) in [(60, 16), (80, 24), (120, 40)] {
        let questions = [
            ("2d", vec!["y revoke it", "n cancel", "╰"]),
            ("\n", vec!["Your devices can pick", "╰"]),
            ("?", vec!["▸ find", "╰"]),
            (":", vec!["▸ command", "╰"]),
        ];
        for (keys, shown) in questions {
            let mut play = Play::full(width, height);
            play.text("ytm");
            press(&mut play, keys);
            for words in shown {
                assert!(play.shows(words), "{words} at {width}x{height}\n{}", play.screen());
            }
        }
        let mut play = Play::full(width, height);
        play.text("ytm3i");
        assert!(play.shows("▸ link or key") && play.shows("  PIN"), "{}", play.screen());
    }
}

#[test]
fn each_is_a_line_and_the_newest_is_at_the_foot() {
    let mut play = Play::full(120, 40);
    play.text("y").text("t").text("m");
    let rows = ["id was sent", "Tool calls: ", "Mouse off"].map(|words| row_of(&play, words));
    let [Some(first), Some(second), Some(third)] = rows else { panic!("{}", play.screen()) };
    assert_eq!((second, third), (first + 1, first + 2), "{}", play.screen());
    assert_eq!(third, 37, "right over what runs\n{}", play.screen());
}

#[test]
fn a_failure_stays_names_the_deed_and_is_tried_again() {
    for (width, height) in [(60, 16), (80, 24), (120, 40)] {
        let mut play = Play::full(width, height);
        play.press(KeyCode::Enter).press(KeyCode::Enter);
        play.done(Verb::Publish, Err(away()));
        play.wait(Duration::from_hours(1));
        play.app.tick(&play.now.clone());
        for words in ["Could not publish “Retry failed uploads", "r tries again · Esc closes"] {
            assert!(play.shows(words), "{words} at {width}x{height}\n{}", play.screen());
        }
        assert!(play.last(Verb::Publish).is_none());
        play.text("r");
        let Some((_, Action::Publish(request, false))) = play.last(Verb::Publish) else { panic!("again") };
        assert_eq!(request.session, sample::sessions()[1]);
        assert!(!play.shows("Could not publish"), "{}", play.screen());
        // Put away, its key is what it was.
        play.done(Verb::Publish, Err(away()));
        play.press(KeyCode::Esc);
        assert!(!play.shows("Could not publish"), "{}", play.screen());
        play.text("r");
        assert!(play.last(Verb::Publish).is_none() && play.last(Verb::ResumeHere).is_some());
    }
}

#[test]
fn esc_puts_any_note_away_where_it_leaves_nothing() {
    let mut play = Play::full(80, 24);
    play.text("ym");
    assert!(play.shows("id was sent") && play.shows("Mouse off"), "{}", play.screen());
    play.press(KeyCode::Esc);
    assert!(play.shows("id was sent") && !play.shows("Mouse off"), "{}", play.screen());
    play.press(KeyCode::Esc);
    assert!(!play.shows("id was sent"), "{}", play.screen());
    // What there is to leave comes first.
    play.text("/up").press(KeyCode::Enter).text("m").press(KeyCode::Esc);
    assert!(play.shows("Mouse") && !play.shows("filter        up"), "{}", play.screen());
    play.press(KeyCode::Esc);
    assert!(!play.shows("Mouse"), "{}", play.screen());
    // A revoke can be undone as long as its note says.
    play.text("2dy");
    let Some((_, Action::Revoke(tokens))) = play.last(Verb::Revoke) else { panic!("it revokes") };
    play.step(Verb::Revoke, Report::Step(Step::Revoking(tokens, Duration::from_secs(5))));
    play.press(KeyCode::Esc);
    assert!(play.shows("u undo"), "{}", play.screen());
}

#[test]
fn its_keys_are_text_where_text_is_typed() {
    let mut play = Play::full(120, 40);
    play.press(KeyCode::Enter).press(KeyCode::Enter);
    play.done(Verb::Publish, Err(away()));
    play.text("/r");
    assert!(play.last(Verb::Publish).is_none() && play.shows("filter        r"), "{}", play.screen());
}

#[test]
fn nothing_shines_through_the_note_over_a_code() {
    let mut play = Play::full(80, 24);
    play.text("2").press(KeyCode::End).press(KeyCode::Enter).text("f");
    assert!(play.shows("No QR code for this one."), "{}", play.screen());
    let buffer = play.buffer();
    let foot = (0..80).map(|x| &buffer[(x, 23)]);
    let words: Vec<_> = foot.skip(3).collect();
    assert!(words.iter().all(|cell| cell.style() == words[0].style()), "{words:?}");
}

#[test]
fn a_revoke_is_undone_while_its_note_is_shown() {
    let mut play = Play::full(80, 24);
    play.text("2").text("d").text("y");
    let Some((_, Action::Revoke(tokens))) = play.last(Verb::Revoke) else { panic!("it revokes") };
    play.step(Verb::Revoke, Report::Step(Step::Revoking(tokens.clone(), Duration::from_secs(5))));
    assert!(play.shows("Revoking “Retry failed uploads") && play.shows("u undo"), "{}", play.screen());
    assert!(!play.shows("revoking ·") && !play.shows("u announce now"), "{}", play.screen());
    // From any pane.
    play.text("1u");
    assert!(matches!(play.last(Verb::UndoRevoke), Some((_, Action::UndoRevoke(undone))) if undone == tokens));
    play.done(Verb::UndoRevoke, Ok(Report::Unrevoked(1)));
    play.done(Verb::Revoke, Ok(Report::Revoked(Revoked::default())));
    assert!(play.shows("Not revoked.") && !play.shows("Revoked 0"), "{}", play.screen());
    // Once the note is gone, `u` announces again.
    play.text("2u");
    assert!(play.last(Verb::Announce).is_some());
}

#[test]
fn the_network_is_named_only_while_it_does_not_answer() {
    let mut play = Play::full(120, 40);
    assert!(!play.shows("127.0.0.1"), "{}", play.screen());
    play.text("2");
    play.done(Verb::List, Err(away()));
    for verb in [Verb::Journal, Verb::Inbox] {
        while play.last(verb).is_some() {
            play.done(verb, Err(Error::cancelled()));
        }
    }
    assert!(play.shows("no answer from the network: private network of 127.0.0.1"), "{}", play.screen());
    play.text("R");
    play.done(Verb::List, Ok(Report::Listed(sample::handoffs(), true)));
    play.done(Verb::Journal, Ok(Report::Listed(sample::handoffs(), false)));
    assert!(!play.shows("127.0.0.1"), "{}", play.screen());
}

#[test]
fn what_could_not_be_revoked_is_told() {
    let mut play = Play::full(80, 24);
    play.text("2").text("d").text("y");
    play.done(Verb::Revoke, Err(away()));
    assert!(play.shows("Could not revoke d"), "{}", play.screen());
    let row = sample::listed(9, Some("Brand new"), AudienceKind::Devices, State::Live, 900);
    play.step(Verb::List, Report::Step(Step::Listed(Box::new(row))));
    assert!(play.shows("Could not revoke d"), "{}", play.screen());
}

//! What was just published: shown with all that its reader needs, and selected
//! wherever it is listed.

use crossterm::event::KeyCode;

use super::{Play, sample};
use crate::tui::message::{
    Action, AudienceChoice, AudienceKind, Destination, Effect, Listed, Published, Report, Step, Verb,
};

/// Published by two Enters, and acknowledged.
fn publish(play: &mut Play, published: &Published) {
    play.press(KeyCode::Enter).press(KeyCode::Enter);
    play.step(Verb::Publish, Report::Step(Step::Acknowledged(Box::new(published.clone()))));
    play.done(Verb::Publish, Ok(Report::Published(Box::new(published.clone()), false)));
}

/// The list with what was just published.
fn with(published: &Published) -> Vec<Listed> {
    let mut rows = sample::handoffs();
    rows.push(Listed {
        created_at: sample::now().to_utc(),
        title: Some("Brand new".into()),
        ..published.row()
    });
    rows
}

#[test]
fn it_is_selected_as_soon_as_it_is_listed() {
    let published = sample::published(AudienceKind::Link, None);
    let mut play = Play::full(80, 24);
    play.text("2").press(KeyCode::Down).text("1");
    publish(&mut play, &published);
    play.text("2");
    play.done(Verb::Journal, Ok(Report::Listed(with(&published), false)));
    assert!(play.shows("▌ Brand new"), "{}", play.screen());
    play.press(KeyCode::Enter);
    assert!(play.shows("Brand new") && play.shows("for anyone with the link"), "{}", play.screen());
    // Once: after that the selection is the user's.
    play.press(KeyCode::Esc).press(KeyCode::Down);
    play.done(Verb::List, Ok(Report::Listed(with(&published), true)));
    assert!(!play.shows("▌ Brand new"), "{}", play.screen());
}

#[test]
fn a_code_names_title_audience_expiry_and_session_at_every_size() {
    for (width, height) in [(60, 16), (80, 24), (120, 40), (200, 50)] {
        let mut play = Play::full(width, height);
        play.text("2").press(KeyCode::Enter);
        for words in ["Retry failed uploads", "for my devices", "until", "18:", "session 00000001"] {
            assert!(play.shows(words), "{words} at {width}x{height}\n{}", play.screen());
        }
    }
}

#[test]
fn publishing_ends_in_what_its_reader_needs() {
    let published = sample::published(AudienceKind::Pin, Some("velvet-orbit-cactus-lamp"));
    for (width, height) in [(60, 16), (80, 24), (120, 40)] {
        let mut play = Play::full(width, height);
        publish(&mut play, &published);
        for words in ["Published.", "PIN velvet-orbit-cactus-lamp", "Enter done", "y copy"] {
            assert!(play.shows(words), "{words} at {width}x{height}\n{}", play.screen());
        }
        play.text("y");
        assert!(matches!(play.other.last(), Some(Effect::Copy(text, _)) if text == &published.link));
        play.press(KeyCode::Enter);
        assert!(play.shows("Enter publish") && !play.shows("velvet"), "{}", play.screen());
    }
}

#[test]
fn where_the_user_is_at_something_else_a_note_tells() {
    let ways: [fn(&mut Play); 4] = [
        |play| {
            play.text("2");
        },
        |play| {
            play.press(KeyCode::Down).press(KeyCode::Enter);
        },
        |play| {
            play.text("/abc");
        },
        |play| {
            play.text("3i");
        },
    ];
    for way in ways {
        let mut play = Play::full(120, 40);
        play.press(KeyCode::Enter).press(KeyCode::Enter);
        way(&mut play);
        let published = sample::published(AudienceKind::Pin, Some("velvet-orbit-cactus-lamp"));
        play.done(Verb::Publish, Ok(Report::Published(Box::new(published), false)));
        assert!(play.shows("Published.") && play.shows("PIN velvet-orbit-cactus-lamp"), "{}", play.screen());
        assert!(!play.shows("Enter done"), "{}", play.screen());
    }
}

#[test]
fn to_my_phone_publishes_and_shows_the_pass() {
    let mut play = Play::set_up(120, 40, |setup| setup.web = Some("https://handoff.example.org/".to_owned()));
    play.fill();
    play.text("P");
    let Some((_, Action::Publish(request, true))) = play.last(Verb::Publish) else { panic!("it publishes") };
    assert_eq!((&request.audience, request.ttl, request.burn), (&AudienceChoice::Devices, None, false));
    assert_eq!(request.carry.map(|carry| carry.to), Some(Destination::Proposed));
    let published = sample::published(AudienceKind::Devices, None);
    play.done(Verb::Publish, Ok(Report::Published(Box::new(published.clone()), true)));
    assert!(matches!(play.last(Verb::PhonePass), Some((_, Action::PhonePass(of))) if of == published.token));
    assert!(play.shows("making a phone pass"), "{}", play.screen());
    // Without a page no phone could open it: that is said, and nothing is published.
    let mut play = Play::full(120, 40);
    play.text("P");
    assert!(play.last(Verb::Publish).is_none() && play.shows("Phones need the cclink page"));
}

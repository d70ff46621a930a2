//! What was found, and the ways to go on with it.

use crossterm::event::KeyCode;

use super::{Play, sample};
use crate::tui::message::{
    Action, ContactView, Effect, Error, ErrorKind, Note, Report, Step, Target, Tone, Verb,
};

#[test]
fn a_handoff_goes_from_the_inbox_to_claude_in_two_enters() {
    let mut play = Play::full(80, 24);
    play.text("3").press(KeyCode::Enter);
    assert!(matches!(play.last(Verb::Find), Some((_, Action::Find(Target::Entry(_))))));
    play.done(Verb::Find, Ok(Report::Found(vec![sample::found(true, true)])));
    assert!(play.shows("✓ signed by you, from framework-desktop"));
    play.press(KeyCode::Enter);
    play.done(Verb::PickUp, Ok(super::taken(true)));
    assert!(matches!(play.other.last(), Some(Effect::StepAside(_, Some(_)))));
}

#[test]
fn the_best_way_is_selected_until_the_user_chooses() {
    for chooses in [false, true] {
        let mut play = Play::full(80, 24);
        play.text("3").press(KeyCode::Enter);
        play.step(Verb::Find, Report::Step(Step::Found(Box::new(sample::found(false, false)))));
        assert!(play.shows("▌  The command"), "{}", play.screen());
        if chooses {
            play.press(KeyCode::Up).press(KeyCode::Down);
        }
        play.done(Verb::Find, Ok(Report::Found(vec![sample::found(true, true)])));
        assert_eq!(play.shows("▌  The command"), chooses, "{}", play.screen());
    }
}

#[test]
fn a_wrong_pin_is_said_at_the_pin() {
    let mut play = Play::full(80, 24);
    let typed = format!("{}/cclink/pyyyoryarywdyq", sample::CREATOR);
    play.text("3i").text(&typed).press(KeyCode::Enter);
    assert!(play.last(Verb::Find).is_none() && play.shows("Enter the PIN."), "{}", play.screen());
    play.text("velvet-orbit").press(KeyCode::Enter);
    let Some((_, Action::Find(Target::Link(link, Some(pin))))) = play.last(Verb::Find) else {
        panic!("it looks")
    };
    assert_eq!((link.to_string(), pin.as_str()), (typed, "velvet-orbit"));
    assert!(!play.shows("velvet"));
    play.done(Verb::Find, Err(Error::new(ErrorKind::NotForYou, "Nothing opens with this PIN.")));
    assert!(play.shows("Nothing opens with this PIN."));
    play.ctrl('r');
    assert!(play.shows("velvet-orbit"), "Ctrl-R shows it");
}

#[test]
fn an_offer_that_is_not_checked_any_more_says_so() {
    let mut play = Play::full(120, 40);
    play.text("3").press(KeyCode::Enter);
    play.step(Verb::Find, Report::Step(Step::Found(Box::new(sample::found(true, false)))));
    assert!(play.shows("checking for anything newer"), "{}", play.screen());
    play.press(KeyCode::Esc);
    play.done(Verb::Find, Err(Error::cancelled()));
    assert!(play.shows("found, but not checked for anything newer"), "{}", play.screen());
}

#[test]
fn a_contact_is_known_by_its_name_once_contacts_are_read() {
    let mut play = Play::full(120, 40);
    play.text("3i").text("anna");
    assert!(!play.shows("no link, public key, contact or token"), "{}", play.screen());
    let anna = ContactView { name: "anna".into(), public_key: sample::CREATOR.into(), mine: false };
    play.done(Verb::Contacts, Ok(Report::Contacts(vec![anna])));
    assert!(play.shows("✓ everything from anna"), "{}", play.screen());
    play.press(KeyCode::Enter);
    let Some((_, Action::Find(Target::Key(key, None)))) = play.last(Verb::Find) else { panic!("it looks") };
    assert_eq!(key.to_string(), sample::CREATOR);
}

#[test]
fn what_is_typed_is_read_at_once_and_asks_nobody() {
    let mut play = Play::full(120, 40);
    play.text("3i");
    let before = play.jobs.len();
    play.text("dybndrfg");
    assert!(play.shows("✓ the handoff dybndrfg…"), "{}", play.screen());
    assert_eq!(play.jobs.len(), before);
}

#[test]
fn back_from_a_way_what_is_here_now_is_offered_first() {
    let mut play = Play::full(80, 24);
    play.text("3").press(KeyCode::Enter);
    play.done(Verb::Find, Ok(Report::Found(vec![sample::found(false, true)])));
    assert!(play.shows("▌  The command"), "{}", play.screen());
    let note = Note::new(Tone::Good, "Back from the session.");
    play.app.returned(note, None, &play.now);
    play.collect();
    play.done(Verb::Plan, Ok(Report::Found(vec![sample::found(true, true)])));
    assert!(play.shows("▌  Continue here"), "{}", play.screen());
    // Where nothing is offered, nothing is asked.
    play.press(KeyCode::Esc);
    let note = Note::new(Tone::Good, "Back from the session.");
    play.app.returned(note, None, &play.now);
    play.collect();
    assert!(play.last(Verb::Plan).is_none());
}

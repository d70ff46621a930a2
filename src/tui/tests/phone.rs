//! The phone pass: offered in the QR of what needs a key, and no longer alive
//! than it is shown.

use super::*;
use crate::tui::message::{AudienceKind, ErrorKind, Listed, PassEnd, Published, State, Step};

/// A screen whose page for phones is served.
fn with_page(width: u16, height: u16) -> Play {
    let page = "https://handoff.example.org/cclink/";
    let mut play = Play::set_up(width, height, |setup| setup.web = Some(page.to_owned()));
    play.fill();
    play
}

/// The QR of a handoff to my devices, at this size.
fn qr(width: u16, height: u16) -> Play {
    let mut play = with_page(width, height);
    play.text("2").press(KeyCode::Enter);
    assert!(play.shows("p phone pass"), "{}", play.screen());
    play
}

fn pass() -> Published {
    let mut pass = sample::published(AudienceKind::Link, None);
    let creator = sample::CREATOR.trim_start_matches("pk:").to_uppercase();
    pass.web_link =
        Some(format!("https://handoff.example.org/cclink/#{creator}/LPYRSSF7R4Q9PTYNCP6KHYQ81XW").into());
    pass.expires_at = play_time() + chrono::TimeDelta::minutes(15);
    pass
}

fn play_time() -> chrono::DateTime<chrono::Utc> {
    sample::now().to_utc()
}

/// The row of [`pass`], picked up or not.
fn pass_row(state: State) -> Listed {
    let mut row = sample::listed(9, Some("Retry failed uploads"), AudienceKind::Link, state, 900);
    row.picked_up = (state == State::Burned)
        .then(|| crate::service::PickedUp { at: play_time(), hostname: "pixel-9".to_owned() });
    Listed { token: pass().token, phone_pass: true, burn_after_read: true, ..row }
}

/// The same with its pass.
fn with_pass(width: u16, height: u16) -> Play {
    let mut play = qr(width, height);
    play.text("p");
    let Some((_, Action::PhonePass(of))) = play.last(Verb::PhonePass) else { panic!("no pass is made") };
    play.step(Verb::PhonePass, Report::PhonePass(of, Box::new(pass())));
    play
}

/// The job that was cancelled, if it is the pass.
fn is_ending(play: &Play) -> bool {
    play.last(Verb::PhonePass).is_some_and(|(id, _)| play.cancelled.contains(&id))
}

#[test]
fn a_pass_is_offered_made_and_shown() {
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        let mut play = qr(width, height);
        insta::assert_snapshot!(format!("pass_offered_{width}x{height}"), play.screen());
        play.text("p");
        assert!(play.shows("making a phone pass"), "{}", play.screen());
        let play = with_pass(width, height);
        insta::assert_snapshot!(format!("pass_{width}x{height}"), play.screen());
        assert!(!play.shows("needs"), "the code has room: {}", play.screen());
    }
}

#[test]
fn the_screen_sleeps_while_a_pass_is_shown() {
    let mut play = with_pass(120, 40);
    play.done(Verb::List, Ok(Report::Listed(sample::handoffs(), true)));
    assert_eq!(play.app.next_wake(&play.now), None);
}

#[test]
fn it_ends_with_its_view_whichever_way_that_goes() {
    let ways: [fn(&mut Play); 2] = [
        |play| {
            play.press(KeyCode::Esc);
        },
        // from the palette to another pane
        |play| {
            play.text(":Sessions: filter").press(KeyCode::Enter);
        },
    ];
    for way in ways {
        let mut play = with_pass(120, 40);
        way(&mut play);
        assert!(is_ending(&play), "{}", play.screen());
        assert!(play.shows("ending the phone pass"), "{}", play.screen());
        play.done(Verb::PhonePass, Ok(Report::PassEnded(pass().token, PassEnd::Revoked)));
        assert!(play.shows("The phone pass is revoked: no phone used it."), "{}", play.screen());
    }
}

#[test]
fn one_that_is_still_being_made_is_not_made_when_its_view_goes() {
    let mut play = qr(120, 40);
    play.text("p").press(KeyCode::Esc);
    assert!(is_ending(&play));
    play.done(Verb::PhonePass, Err(Error::cancelled()));
    assert!(play.shows("Cancelled: making a phone pass."), "{}", play.screen());
}

#[test]
fn what_lies_over_the_code_ends_no_pass() {
    let mut play = with_pass(120, 40);
    play.text("?").press(KeyCode::Esc).press(KeyCode::Tab);
    assert!(!is_ending(&play));
    assert!(play.shows("2 of 3"), "{}", play.screen());
    play.text("p");
    assert!(play.shows("The phone pass") || play.shows("1 of 3"), "{}", play.screen());
}

#[test]
fn a_phone_that_took_it_is_told_once_and_the_code_goes() {
    let mut play = with_pass(120, 40);
    play.done(Verb::Journal, Ok(Report::Listed(vec![pass_row(State::Live)], false)));
    play.step(Verb::List, Report::Step(Step::Listed(Box::new(pass_row(State::Burned)))));
    assert!(is_ending(&play), "its end is looked at");
    play.done(
        Verb::PhonePass,
        Ok(Report::PassEnded(pass().token, PassEnd::Used(Box::new(pass_row(State::Burned))))),
    );
    assert!(!play.shows("handoff.example.org"), "{}", play.screen());
    assert!(play.shows("p makes a phone pass"));
    assert!(play.shows("Picked up by pixel-9"), "{}", play.screen());
}

#[test]
fn a_locked_key_is_asked_for_first() {
    let mut play = qr(120, 40);
    play.text("p");
    play.done(Verb::PhonePass, Err(Error::new(ErrorKind::Locked, "The key is locked.")));
    assert!(play.shows("passphrase"), "{}", play.screen());
    play.text("secret").press(KeyCode::Enter);
    let state = IdentityState::Unlocked(sample::CREATOR.to_owned());
    play.done(Verb::Unlock, Ok(Report::Unlocked(state)));
    assert!(play.last(Verb::PhonePass).is_some(), "the pass is made after all");
    assert!(play.shows("making a phone pass"), "{}", play.screen());
}

#[test]
fn without_a_page_it_is_said_what_is_missing() {
    let mut play = Play::full(120, 40);
    play.text("2").press(KeyCode::Enter).text("p");
    assert!(play.last(Verb::PhonePass).is_none());
    assert!(play.shows("Phones need the cclink page"), "{}", play.screen());
}

#[test]
fn what_a_phone_can_open_itself_needs_none() {
    let mut play = with_page(120, 40);
    play.text("2").press(KeyCode::End).press(KeyCode::Enter);
    assert!(!play.shows("phone pass"), "{}", play.screen());
    play.text("p");
    assert!(play.last(Verb::PhonePass).is_none());
}

#[test]
fn it_is_shown_as_such_among_the_handoffs() {
    let mut play = Play::full(120, 40);
    play.text("2");
    play.done(Verb::List, Ok(Report::Listed(vec![pass_row(State::Live)], true)));
    assert!(play.shows("phone pass") && play.shows("the phone that scans it"), "{}", play.screen());
}

#[test]
fn the_end_of_an_earlier_pass_takes_no_new_one_away() {
    let mut play = with_pass(120, 40);
    play.done(Verb::PhonePass, Ok(Report::PassEnded("l-of-an-earlier-view".into(), PassEnd::Revoked)));
    assert!(play.shows("or until you close this"), "{}", play.screen());
}

#[test]
fn a_link_that_becomes_known_is_shown_in_the_code_that_is_open() {
    let row = sample::listed(5, Some("Retry failed uploads"), AudienceKind::Pin, State::Live, 900);
    let mut play = Play::full(80, 24);
    let unknown = Listed { link: None, ssh: Some("dana@desk.example.org".to_owned()), ..row.clone() };
    play.text("2");
    play.done(Verb::Journal, Ok(Report::Listed(vec![unknown], false)));
    play.press(KeyCode::Enter).press(KeyCode::Tab);
    assert!(play.shows("2 of 3"), "{}", play.screen());
    let known = Listed { ssh: Some("dana@desk.example.org".to_owned()), ..row };
    play.step(Verb::List, Report::Step(Step::Listed(Box::new(known))));
    assert!(play.shows("2 of 4"), "what is looked at stays: {}", play.screen());
}

//! The key goes to another device, or comes from one: what each of the two screens
//! shows, and what ends it.

use std::time::Duration;

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};

use super::screens::check;
use super::{Play, sample};
use crate::service::{PairCheck, Paired, PairingCode};
use crate::tui::message::{Action, Error, Hidden, IdentityState, Pairing, Reply, Report, Verb};
use crate::tui::parts::theme::Theme;

const SIZES: [(u16, u16); 2] = [(80, 24), (60, 16)];
/// So long six words are compared.
const COMPARED: Duration = Duration::from_secs(1);
const KEY: &str = "pk:8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo";
/// As long as words of the list can be.
const CODE: &str = "abstract-accident-zoo-birthday";
const CHECK: &str = "abstract accident acoustic announce zoo birthday";

fn told(pairing: Pairing) -> Report {
    Report::Pairing(pairing)
}

fn compared(hostname: &str) -> PairCheck {
    PairCheck { hostname: hostname.to_owned(), check: CHECK.to_owned() }
}

fn code() -> Report {
    let expires_at = sample::now().to_utc() + chrono::Duration::seconds(593);
    told(Pairing::Code(PairingCode { code: Hidden::new(CODE.to_owned()), expires_at }, KEY.to_owned()))
}

impl Play {
    /// `:pair` on a device with a key.
    fn giving(width: u16, height: u16) -> Self {
        let mut play = Self::full(width, height);
        play.text(":pair").press(KeyCode::Enter);
        play
    }

    /// The same once another device asks; what is answered comes out.
    fn asked(width: u16, height: u16) -> (Self, impl FnOnce() -> Option<bool>) {
        let mut play = Self::giving(width, height);
        play.step(Verb::GiveKey, code());
        let (reply, awaited) = Reply::new();
        play.step(Verb::GiveKey, told(Pairing::Asked(compared("framework-laptop"), reply)));
        play.app.drawn();
        play.app.shown(&play.now);
        (play, move || awaited.answer().ok())
    }

    /// Enter on a session without a key, and the words typed.
    fn joining(width: u16, height: u16) -> Self {
        let mut play = Self::without_key(width, height);
        play.press(KeyCode::Enter).press(KeyCode::Enter).text(CODE).press(KeyCode::Enter);
        play
    }

    /// The same once both compare.
    fn comparing(width: u16, height: u16) -> Self {
        let mut play = Self::joining(width, height);
        play.step(Verb::TakeKey, told(Pairing::Check(compared("framework-desktop"))));
        play
    }

    /// The same once the key came; the passphrase comes out.
    fn received(width: u16, height: u16) -> (Self, impl FnOnce() -> Option<String>) {
        let mut play = Self::comparing(width, height);
        let (reply, awaited) = Reply::new();
        play.step(Verb::TakeKey, told(Pairing::Received(KEY.to_owned(), reply)));
        (play, move || awaited.answer().ok().map(|phrase: Hidden<String>| phrase.as_str().to_owned()))
    }

    fn snapshot(&self, name: &str) {
        check(self);
        insta::assert_snapshot!(format!("{name}_{}x{}", self.size.0, self.size.1), self.screen());
    }
}

#[test]
fn each_state_of_the_device_that_gives() {
    for (width, height) in SIZES {
        let mut play = Play::giving(width, height);
        play.snapshot("pair_making");
        play.step(Verb::GiveKey, code());
        play.snapshot("pair_words");
        play.step(Verb::GiveKey, told(Pairing::Doing("the network cannot be reached; still trying".into())));
        play.snapshot("pair_away");
        let (mut play, _) = Play::asked(width, height);
        play.snapshot("pair_asked");
        play.wait(COMPARED).press(KeyCode::Char('y'));
        play.snapshot("pair_agreed");
        let paired = Paired { paired: true, hostname: "framework-laptop".to_owned() };
        play.done(Verb::GiveKey, Ok(told(Pairing::Given(paired))));
        play.snapshot("pair_given");
        let (mut play, _) = Play::asked(width, height);
        play.wait(COMPARED).press(KeyCode::Char('n'));
        play.snapshot("pair_refused");
    }
}

#[test]
fn each_state_of_the_device_that_gets() {
    for (width, height) in SIZES {
        let mut play = Play::joining(width, height);
        play.snapshot("join_looking");
        let error = Error::gone("No device is waiting with these words.").advise(
            "They work once and for 10 minutes. Run `cclink pair` (or :pair on its screen) on the device that \
             has your key for new ones.",
        );
        play.done(Verb::TakeKey, Err(error));
        play.snapshot("join_wrong");
        let play = Play::comparing(width, height);
        play.snapshot("join_comparing");
        let (mut play, _) = Play::received(width, height);
        play.snapshot("join_received");
        play.press(KeyCode::Right).press(KeyCode::Tab).text("x").press(KeyCode::Enter);
        play.snapshot("join_again");
        let (mut play, _) = Play::received(width, height);
        play.press(KeyCode::Right).press(KeyCode::Enter);
        play.snapshot("join_storing");
        play.done(Verb::TakeKey, Ok(Report::Unlocked(IdentityState::Unlocked(KEY.to_owned()))));
        play.snapshot("join_going_on");
    }
}

#[test]
fn without_colour_the_words_stand_out() {
    let mut play = Play::with(80, 24, Theme::plain());
    play.fill();
    play.text(":pair").press(KeyCode::Enter);
    play.step(Verb::GiveKey, code());
    let buffer = play.buffer();
    let bold = buffer.content.iter().filter(|cell| cell.modifier.contains(ratatui::style::Modifier::BOLD));
    let bold: String = bold.map(ratatui::buffer::Cell::symbol).collect();
    assert!(bold.contains("abstract    accident    zoo    birthday"), "{bold}");
}

#[test]
fn yes_is_a_key_that_was_pressed_after_the_words_were_read() {
    let key = |c| Input::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
    let (mut play, answer) = Play::asked(80, 24);
    // too soon to have read anything, then in the same read as other keys
    play.input(key('y'));
    play.press(KeyCode::Char('z')).inputs(vec![key('x'), key('y')]);
    assert!(play.shows("y yes, give it my key"), "{}", play.screen());
    play.press(KeyCode::Enter);
    assert!(play.shows("y yes, give it my key"), "Enter is no yes");
    // A key that is held, however long.
    for _ in 0..200 {
        play.wait(Duration::from_millis(30)).input(key('y'));
    }
    assert!(play.shows("y yes, give it my key"), "{}", play.screen());
    play.wait(COMPARED).press(KeyCode::Char('y'));
    assert!(play.shows("Giving your key to framework-laptop"), "{}", play.screen());
    assert_eq!(answer(), Some(true));
}

#[test]
fn a_long_name_hides_nothing() {
    let name = "framework ".repeat(30);
    let mut play = Play::giving(60, 16);
    play.step(Verb::GiveKey, code());
    play.step(Verb::GiveKey, told(Pairing::Asked(compared(&name), Reply::new().0)));
    for words in ["abstract  accident  acoustic", "announce  zoo       birthday", KEY, "n no, refuse"] {
        assert!(play.shows(words), "{}", play.screen());
    }
    let mut play = Play::joining(60, 16);
    play.step(Verb::TakeKey, told(Pairing::Check(compared(&name))));
    assert!(
        play.shows("announce  zoo       birthday") && play.shows("Nothing is stored"),
        "{}",
        play.screen()
    );
    play.step(Verb::TakeKey, told(Pairing::Received(KEY.to_owned(), Reply::new().0)));
    assert!(play.shows(KEY) && play.shows("someone else may"), "{}", play.screen());
}

#[test]
fn no_gives_nothing_and_is_said() {
    let (mut play, answer) = Play::asked(80, 24);
    play.wait(COMPARED).press(KeyCode::Char('n'));
    assert_eq!(answer(), Some(false));
    play.done(Verb::GiveKey, Err(Error::failed("You refused framework-laptop. It did not get your key.")));
    assert!(play.shows("You refused framework-laptop.") && !play.shows("Pair another device"));
}

#[test]
fn escape_and_q_end_it_wherever_it_is() {
    for key in [KeyCode::Esc, KeyCode::Char('q')] {
        let mut play = Play::giving(80, 24);
        let (id, _) = play.last(Verb::GiveKey).unwrap();
        play.press(key);
        assert!(play.cancelled.contains(&id) && !play.shows("Pair another device"), "{}", play.screen());
        let (mut play, answer) = Play::asked(80, 24);
        let (id, _) = play.last(Verb::GiveKey).unwrap();
        play.press(key);
        assert!(play.cancelled.contains(&id) && play.other.is_empty());
        assert_eq!(answer(), None, "whoever waits for an answer is told that none comes");
        assert!(play.shows("stopping: pairing"), "{}", play.screen());
        play.done(Verb::GiveKey, Err(Error::cancelled()));
        assert!(play.shows("Cancelled: pairing."), "{}", play.screen());
    }
    for stage in [Play::joining, Play::comparing, |width, height| Play::received(width, height).0] {
        let mut play = stage(80, 24);
        let (id, _) = play.last(Verb::TakeKey).unwrap();
        play.press(KeyCode::Esc);
        assert!(play.cancelled.contains(&id), "{}", play.screen());
        assert!(play.shows("▸ words") && play.shows(CODE), "what was typed stays: {}", play.screen());
        play.done(Verb::TakeKey, Err(Error::cancelled()));
        play.press(KeyCode::Esc);
        assert!(!play.shows("no key yet") && play.other.is_empty(), "{}", play.screen());
    }
}

#[test]
fn what_goes_wrong_is_said_with_advice() {
    let error = || {
        Error::failed("Two devices asked: someone else may know these words. The pairing was ended.")
            .advise("Start again with new words, and keep them to yourself.")
    };
    let (mut play, _) = Play::asked(80, 24);
    play.done(Verb::GiveKey, Err(error()));
    assert!(play.shows("Two devices asked") && play.shows("Start again") && !play.shows("give it my key"));
    let (mut play, phrase) = Play::received(80, 24);
    play.done(Verb::TakeKey, Err(error()));
    assert!(play.shows("Two devices asked") && play.shows("Start again"), "{}", play.screen());
    assert!(play.shows("▸ words") && play.last(Verb::Publish).is_none());
    assert_eq!(phrase(), None);
}

#[test]
fn the_deed_goes_on_once_the_key_came() {
    let (mut play, phrase) = Play::received(80, 24);
    // Typed ahead, it is no yes.
    play.press(KeyCode::Enter).press(KeyCode::Enter);
    assert!(play.shows("Compare the keys first"), "{}", play.screen());
    play.press(KeyCode::Right).press(KeyCode::Tab).text("sesame").press(KeyCode::Enter);
    assert!(play.shows("once more") && play.shows("▸ again"), "{}", play.screen());
    play.text("sesame").press(KeyCode::Enter);
    assert_eq!(phrase().as_deref(), Some("sesame"));
    play.done(Verb::TakeKey, Ok(Report::Unlocked(IdentityState::Unlocked(KEY.to_owned()))));
    assert!(play.shows("Publish: Retry failed uploads") && play.last(Verb::Inbox).is_some());
    assert!(play.shows("This device has your key now."), "{}", play.screen());
    play.press(KeyCode::Enter);
    assert!(play.last(Verb::Publish).is_some());
}

#[test]
fn a_pasted_code_is_taken_and_runs_nothing() {
    let mut play = Play::without_key(80, 24);
    play.press(KeyCode::Enter).press(KeyCode::Enter);
    play.input(Input::Paste(format!("{}\n", CODE.replace('-', " "))));
    assert!(play.last(Verb::TakeKey).is_none());
    play.press(KeyCode::Enter);
    let Some((_, Action::TakeKey(words))) = play.last(Verb::TakeKey) else { panic!("it asks") };
    assert_eq!(words.as_str(), CODE.replace('-', " "));
    // nothing can be typed while both compare
    play.step(Verb::TakeKey, told(Pairing::Check(compared("framework-desktop"))));
    play.text("y q").press(KeyCode::Enter).press(KeyCode::Tab);
    assert!(play.shows("accident") && play.other.is_empty(), "{}", play.screen());
}

#[test]
fn a_key_that_cannot_be_given_says_why() {
    let mut play = Play::open(80, 24);
    play.done(Verb::Identity, Ok(Report::Identity(IdentityState::Locked, String::new())));
    play.text(":pair").press(KeyCode::Enter);
    assert!(play.shows("Your key is locked") && play.last(Verb::GiveKey).is_none());
    play.text("x").press(KeyCode::Enter);
    play.done(Verb::Unlock, Ok(Report::Unlocked(IdentityState::Unlocked(KEY.to_owned()))));
    assert!(play.last(Verb::GiveKey).is_some() && play.shows("Pair another device"));
    let mut play = Play::without_key(80, 24);
    play.text(":pair").press(KeyCode::Enter);
    assert!(play.shows("This device has no key yet") && play.last(Verb::GiveKey).is_none());
}

#[test]
fn it_wakes_once_a_second_for_the_countdown_alone() {
    let mut play = Play::giving(80, 24);
    play.step(Verb::GiveKey, code());
    play.wait(std::time::Duration::from_mins(1));
    play.app.tick(&play.now.clone());
    let wake = play.app.next_wake(&play.now).expect("it counts down");
    assert!(wake > std::time::Duration::from_millis(500), "{wake:?}");
    assert!(play.shows("for 8:51 more"), "{}", play.screen());
    let play = Play::comparing(80, 24);
    let wake = play.app.next_wake(&play.now);
    assert!(wake.is_none_or(|wake| wake > std::time::Duration::from_millis(900)), "{wake:?}");
}

//! The user's key: made, brought, unlocked, damaged.

use crossterm::event::{Event as Input, KeyCode};
use ratatui::style::Modifier;

use super::{Play, sample};
use crate::tui::message::{Action, Error, ErrorKind, IdentityState, Progress, Report, Verb};

#[test]
fn a_locked_key_is_asked_for_and_what_waited_goes_on() {
    let mut play = Play::open(80, 24);
    play.done(Verb::Identity, Ok(Report::Identity(IdentityState::Locked, String::new())));
    play.step(Verb::Scan, Report::Sessions(sample::sessions(), Progress::default()));
    play.press(KeyCode::Enter).press(KeyCode::Enter);
    play.done(Verb::Publish, Err(Error::new(ErrorKind::Locked, "The key is locked.")));
    play.text("open sesame").press(KeyCode::Enter);
    let Some((_, Action::Unlock(phrase))) = play.last(Verb::Unlock) else { panic!("it unlocks") };
    assert_eq!(phrase.as_str(), "open sesame");
    play.done(Verb::Unlock, Ok(Report::Unlocked(IdentityState::Unlocked("pk:x".into()))));
    assert!(play.last(Verb::Publish).is_some() && play.last(Verb::Inbox).is_some());
}

#[test]
fn a_damaged_key_is_never_offered_to_be_made_anew() {
    let mut play = Play::open(110, 30);
    let error =
        Error::failed("The key /k is damaged: it is a damaged age file.").advise("It was left alone.");
    play.done(Verb::Identity, Ok(Report::Identity(IdentityState::Damaged(error), String::new())));
    assert!(play.shows("/k is damaged") && play.shows("It was left alone."), "{}", play.screen());
    assert!(!play.shows("Welcome"), "{}", play.screen());
    play.text("3");
    assert!(play.last(Verb::Inbox).is_none() && !play.shows("no key yet"), "{}", play.screen());
    play.text("2");
    assert!(play.shows("cannot be used") && !play.shows("no key yet"), "{}", play.screen());
}

#[test]
fn looking_again_unlocks_the_key_and_then_looks() {
    let mut play = Play::open(80, 24);
    play.done(Verb::Identity, Ok(Report::Identity(IdentityState::Locked, String::new())));
    play.text("2");
    assert!(play.last(Verb::List).is_none() && play.shows("your key is locked"));
    play.text("R").text("x").press(KeyCode::Enter);
    play.done(Verb::Unlock, Ok(Report::Unlocked(IdentityState::Unlocked("pk:x".into()))));
    assert!(play.last(Verb::List).is_some() && !play.shows("Your key is locked"));
}

#[test]
fn the_first_key_is_made_or_put_off() {
    let mut play = Play::without_key(80, 24);
    assert!(play.shows("Write the release notes") && !play.shows("no key yet"), "the sessions are first");
    play.press(KeyCode::Enter);
    assert!(play.shows("This device has no key yet"), "{}", play.screen());
    play.press(KeyCode::Esc);
    assert!(!play.shows("no key yet"));
    play.press(KeyCode::Enter).press(KeyCode::Right).press(KeyCode::Enter);
    assert!(
        matches!(play.last(Verb::CreateIdentity), Some((_, Action::CreateIdentity(None, phrase))) if phrase.is_empty())
    );
    play.done(Verb::CreateIdentity, Ok(Report::Unlocked(IdentityState::Unlocked("pk:x".into()))));
    assert!(play.shows("Publish: Retry failed uploads"), "what was asked for goes on: {}", play.screen());
    play.press(KeyCode::Enter);
    assert!(play.last(Verb::Publish).is_some());
}

#[test]
fn what_needs_a_key_goes_on_after_it() {
    let unlocked = || Ok(Report::Unlocked(IdentityState::Unlocked("pk:x".into())));
    let mut play = Play::set_up(80, 24, |setup| setup.web = Some("https://example.org".to_owned()));
    play.know_no_key();
    play.text("P");
    assert!(play.shows("no key yet") && play.last(Verb::Publish).is_none());
    play.press(KeyCode::Right).press(KeyCode::Enter);
    play.done(Verb::CreateIdentity, unlocked());
    assert!(matches!(play.last(Verb::Publish), Some((_, Action::Publish(_, true)))));
    // before anything is known of the key, the form opens, and the job finds out
    let mut play = Play::open(80, 24);
    play.step(Verb::Scan, Report::Sessions(sample::sessions(), Progress::default()));
    play.press(KeyCode::Enter).press(KeyCode::Enter);
    play.done(Verb::Publish, Err(Error::new(ErrorKind::NoIdentity, "No key yet.")));
    play.press(KeyCode::Right).press(KeyCode::Enter);
    play.done(Verb::CreateIdentity, unlocked());
    assert!(play.last(Verb::Publish).is_some());
}

#[test]
fn a_key_that_another_process_made_is_used() {
    for state in [IdentityState::Unlocked("pk:x".into()), IdentityState::Locked] {
        let mut play = Play::without_key(80, 24);
        play.press(KeyCode::Enter);
        play.done(Verb::Identity, Ok(Report::Identity(state, String::new())));
        assert!(
            !play.shows("no key yet") && play.shows("Publish: Retry failed uploads"),
            "{}",
            play.screen()
        );
    }
}

#[test]
fn a_key_is_brought_from_a_file() {
    let mut play = Play::without_key(80, 24);
    play.press(KeyCode::Enter).press(KeyCode::Left).press(KeyCode::Enter);
    assert!(play.shows("Which file?") && play.shows("▸ file"), "{}", play.screen());
    play.input(Input::Paste("'~/keys/secret_key'\n".into()));
    play.press(KeyCode::Tab).text("open").press(KeyCode::Enter);
    assert!(play.shows("once more") && play.shows("▸ again"));
    play.text("open").press(KeyCode::Enter);
    let Some((_, Action::CreateIdentity(Some(path), phrase))) = play.last(Verb::CreateIdentity) else {
        panic!("it is imported")
    };
    assert_eq!((path.to_str(), phrase.as_str()), (Some("/home/dana/keys/secret_key"), "open"));
    play.done(Verb::CreateIdentity, Err(Error::usage("This is no key.")));
    assert!(play.shows("This is no key.") && play.shows("no key yet"));
    play.press(KeyCode::Enter);
    play.done(Verb::CreateIdentity, Ok(Report::Unlocked(IdentityState::Unlocked("pk:x".into()))));
    assert!(!play.shows("no key yet") && play.shows("Key created."));
}

#[test]
fn without_a_key_every_pane_says_what_changes_that() {
    let mut play = Play::open(80, 24);
    play.done(Verb::Identity, Ok(Report::Identity(IdentityState::None, String::new())));
    let missing = Error::failed("There is no Claude Code folder at /home/dana/.claude.");
    play.done(Verb::Scan, Err(missing));
    play.press(KeyCode::Esc);
    assert!(play.shows("folder at ~/.claude") && play.shows("3 for handoffs"), "{}", play.screen());
    play.press(KeyCode::Enter);
    assert!(play.shows("No session is selected"), "a key of the footer is answered");
    play.text("2");
    play.done(Verb::Journal, Ok(Report::Listed(Vec::new(), false)));
    assert!(play.last(Verb::List).is_none() && play.shows("this device has no key yet; R sets one up"));
    for key in ["y", "d", "D", "e", "k"] {
        play.text(key);
    }
    assert!(play.shows("No handoff here"));
    play.text("3");
    assert!(play.shows("R sets one up."), "{}", play.screen());
    play.text("R");
    play.done(Verb::Inbox, Err(Error::new(ErrorKind::NoIdentity, "No key yet.")));
    assert!(play.shows("This device has no key yet"));
}

#[test]
fn the_welcome_is_to_be_read_and_a_note_under_a_form_is_quiet() {
    let mut play = Play::without_key(110, 30);
    play.press(KeyCode::Enter).press(KeyCode::Right);
    assert!(!play.is_dim("Your key signs"));
    assert!(play.is_dim("Enter creates the key"));
}

impl Play {
    /// A device with sessions and without a key.
    pub(super) fn without_key(width: u16, height: u16) -> Self {
        let mut play = Self::open(width, height);
        play.know_no_key();
        play
    }

    fn know_no_key(&mut self) {
        self.done(Verb::Identity, Ok(Report::Identity(IdentityState::None, "public network".into())));
        self.step(Verb::Scan, Report::Sessions(sample::sessions(), Progress::default()));
        self.done(Verb::Scan, Ok(Report::Scanned));
    }

    /// Whether these words are drawn dimly.
    fn is_dim(&self, words: &str) -> bool {
        let buffer = self.buffer();
        let mut lines = buffer.content().chunks(usize::from(self.size.0));
        let found = lines.find_map(|line| {
            let text: String = line.iter().map(ratatui::buffer::Cell::symbol).collect();
            let at = text[..text.find(words)?].chars().count();
            Some(line[at].modifier.contains(Modifier::DIM))
        });
        found.expect("it is on the screen")
    }
}

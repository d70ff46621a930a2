//! Picking up: where what is typed or pasted lands, and how a plan is shown.

use crossterm::event::{Event as Input, KeyCode};

use super::{Play, sample};
use crate::tui::message::{Action, Found, Plan, PlanKind, Report, Signer, Verb};

const LINK: &str = "pk:yb4b3uq6wckh9zcu8k9gin8pp1pq3y3q9bi1kywcic3x6zdbtrco/cclink/djsgxhd35fnr36";
const OTHER: &str = "pk:yb4b3uq6wckh9zcu8k9gin8pp1pq3y3q9bi1kywcic3x6zdbtrco/cclink/pjsgxhd35fnr36";

fn paste(play: &mut Play, text: &str) {
    play.input(Input::Paste(text.to_owned()));
}

#[test]
fn a_link_pasted_after_a_pin_is_no_pin() {
    let mut play = Play::full(200, 50);
    play.text("3i");
    paste(&mut play, OTHER);
    play.press(KeyCode::Tab).text("1234");
    assert!(play.shows("▸ PIN") && play.shows("••••"), "{}", play.screen());
    // Pasted where the PIN is typed.
    paste(&mut play, LINK);
    assert!(play.shows("▸ link or key") && play.shows(LINK), "{}", play.screen());
    assert!(!play.shows("•") && !play.shows(OTHER), "{}", play.screen());
    // From the inbox, and by its key.
    for back in [true, false] {
        play.press(KeyCode::Tab).press(KeyCode::Esc);
        if back {
            play.text("i");
            assert!(play.shows("▸ link or key"), "{}", play.screen());
        }
        paste(&mut play, OTHER);
        assert!(play.shows("▸ link or key") && play.shows(OTHER), "{}", play.screen());
        assert!(!play.shows(LINK), "it takes the other's place: {}", play.screen());
        paste(&mut play, LINK);
    }
}

#[test]
fn a_plan_shows_what_a_person_types_and_v_all_of_it() {
    let mut ssh = sample::plan(PlanKind::Ssh, true);
    ssh.brief = "ssh ada@dev".to_owned();
    ssh.shell = format!("ssh -t -- ada@dev 'sh -c {}END'", "long words ".repeat(40));
    let mut taken = sample::taken(true);
    taken.plans = vec![ssh.clone(), sample::plan(PlanKind::Command, true)];
    let mut play = Play::full(120, 40);
    play.text("3").press(KeyCode::Enter);
    let found = Found::sample(taken, "signed by you, from dev", true);
    play.done(Verb::Find, Ok(Report::Found(vec![found])));
    assert!(play.shows("ssh ada@dev") && !play.shows("long words"), "{}", play.screen());
    play.text("v");
    assert!(play.shows("long words") && play.shows("END'"), "{}", play.screen());
    play.text("v");
    assert!(!play.shows("long words"), "{}", play.screen());
    play.text("y");
    let copied = play
        .other
        .iter()
        .any(|effect| matches!(effect, crate::tui::message::Effect::Copy(text, _) if **text == ssh.shell));
    assert!(copied, "y copies all of it");
}

#[test]
fn a_program_is_shown_by_its_name() {
    let plan = Plan::here("/home/dana/.local/bin/claude", "0000", Some("/home/dana/shop".into()), None);
    assert_eq!(plan.typed(), "claude --resume 0000");
    assert!(plan.shell.contains("/home/dana/.local/bin/claude"));
    let there = Plan::command("0000", "/home/dana/shop");
    assert_eq!(there.typed(), "cd -- /home/dana/shop && claude --resume 0000");
}

#[test]
fn a_contact_is_added_only_of_a_key_without_a_name() {
    let shown = |signer: Signer| {
        let mut play = Play::full(120, 40);
        play.text("3").press(KeyCode::Enter);
        let mut found = sample::found(true, true);
        found.signer = signer;
        play.done(Verb::Find, Ok(Report::Found(vec![found])));
        play.shows("a add contact")
    };
    assert!(!shown(Signer::Me));
    assert!(!shown(Signer::Contact("anna".into(), "8pin…ewo".into())));
    assert!(shown(Signer::Key("8pin…ewo".into())));
    let mut play = Play::full(120, 40);
    play.text("3");
    assert!(!play.shows("a add contact"), "the first one is mine: {}", play.screen());
}

#[test]
fn a_name_that_no_contact_can_have_is_said_in_the_form() {
    let mut play = Play::full(120, 40);
    play.text("3").press(KeyCode::Enter);
    let mut found = sample::found(true, true);
    found.signer = Signer::Key("8pin…ewo".into());
    play.done(Verb::Find, Ok(Report::Found(vec![found])));
    play.text("a").text("a/b").press(KeyCode::Enter);
    assert!(play.shows("A contact's name has no `/`") && play.last(Verb::AddContact).is_none());
    play.press(KeyCode::Backspace).press(KeyCode::Backspace).press(KeyCode::Enter);
    assert!(matches!(play.last(Verb::AddContact), Some((_, Action::AddContact(name, ..))) if name == "a"));
}

#[test]
fn what_is_wrong_with_a_link_is_said_while_it_is_typed() {
    let mut play = Play::full(120, 40);
    play.text("3i");
    play.done(Verb::Contacts, Ok(Report::Contacts(Vec::new())));
    play.text("pk:abc").press(KeyCode::Enter);
    assert!(play.shows("! pk:abc") && play.shows("public key"), "{}", play.screen());
    play.press(KeyCode::Esc);
    assert!(play.shows("pk:abc") && !play.shows("! pk:abc"), "{}", play.screen());
    assert!(!play.shows("not a public key") && !play.shows("Invalid"), "{}", play.screen());
}

#[test]
fn what_was_picked_up_here_no_longer_waits() {
    let mut play = Play::full(80, 24);
    play.text("3");
    let mut entries = sample::inbox();
    entries[0].picked_up = true;
    play.done(Verb::Inbox, Ok(Report::Inbox(entries)));
    assert!(play.shows("2 for you · 1 picked up here"), "{}", play.screen());
    assert!(play.shows("· picked up here") && play.shows("Pick up (2)"), "{}", play.screen());
    // at once, without another look
    let token = sample::inbox()[2].token.clone();
    play.text("R");
    play.step(Verb::Inbox, Report::Settled(token));
    assert!(play.shows("1 for you · 2 picked up here"), "{}", play.screen());
}

#[test]
fn a_device_without_sessions_opens_where_something_waits() {
    let open = |touched: bool| {
        let mut play = Play::open(80, 24);
        if touched {
            play.press(KeyCode::Down);
        }
        let state = crate::tui::message::IdentityState::Unlocked(sample::CREATOR.to_owned());
        play.done(Verb::Identity, Ok(Report::Identity(state, "public network".into())));
        play.done(Verb::Scan, Ok(Report::Scanned));
        play.done(Verb::Inbox, Ok(Report::Inbox(sample::inbox())));
        play.shows("3 for you")
    };
    assert!(open(false));
    assert!(!open(true), "not under somebody's hands");
}

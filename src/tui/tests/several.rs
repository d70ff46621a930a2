//! What went out to several people: one row, one question, one form.

use crossterm::event::KeyCode;

use super::{Play, sample};
use crate::tui::message::{
    Action, AudienceChoice, AudienceKind, ContactView, Effect, Error, ErrorKind, GroupView, Listed, Member,
    Report, State, Step, Verb,
};

/// The rows of a group of three, one of whom picked hers up, and one of nobody else.
fn rows(states: [State; 3]) -> Vec<Listed> {
    let mut rows: Vec<Listed> = (5..8)
        .zip(states)
        .zip(["anna", "ben", "carl"])
        .map(|((at, state), name)| {
            let mut row = sample::listed(at, Some("Plan the move"), AudienceKind::Share, state, 28_000);
            row.audience.name = Some(name.to_owned());
            row
        })
        .collect();
    let member = |row: &Listed| Member {
        name: row.audience.name.clone().unwrap_or_default(),
        token: row.token.clone(),
        link: row.link.clone(),
        state: row.state,
        picked_up: row.picked_up.clone(),
    };
    let group = GroupView {
        id: "g".to_owned(),
        name: "backend".to_owned(),
        of: 3,
        picked_up: rows.iter().filter(|row| row.picked_up.is_some()).count(),
        members: rows.iter().map(member).collect(),
    };
    for row in &mut rows {
        row.group = Some(group.clone());
    }
    rows
}

fn shown(width: u16, height: u16, states: [State; 3]) -> Play {
    let mut play = Play::full(width, height);
    play.text("2");
    let mut all = rows(states);
    all.push(sample::handoffs().remove(0));
    play.done(Verb::Journal, Ok(Report::Listed(all, true)));
    play.press(KeyCode::Home);
    play
}

const ONE_TAKEN: [State; 3] = [State::PickedUp, State::Live, State::Live];

#[test]
fn a_group_is_one_row_and_its_detail_tells_each() {
    let play = shown(120, 30, ONE_TAKEN);
    insta::assert_snapshot!(play.screen());
    for (width, height) in [(60, 16), (80, 24)] {
        let play = shown(width, height, ONE_TAKEN);
        assert!(play.shows("1 of 3 picked up"), "{}", play.screen());
        assert_eq!(play.screen().matches("Plan the move").count(), 1, "{}", play.screen());
    }
}

#[test]
fn one_question_revokes_all_of_it() {
    let mut play = shown(100, 30, ONE_TAKEN);
    play.text("d");
    for words in ["Revoke all 3 handoffs for backend?", "anna, s", "ben, s", "carl, s"] {
        assert!(play.shows(words), "{words}\n{}", play.screen());
    }
    play.text("y");
    let Some((_, Action::Revoke(tokens))) = play.last(Verb::Revoke) else { panic!("it revokes") };
    assert_eq!(tokens, [rows(ONE_TAKEN)[0].token.clone()], "any of them stands for all");
    let mut play = shown(100, 30, ONE_TAKEN);
    play.text("D");
    assert!(play.shows("Revoke all 4 handoffs?"), "{}", play.screen());
}

#[test]
fn a_group_lives_as_long_as_one_of_it() {
    let states = [State::Burned, State::Live, State::Failed];
    let mut play = shown(100, 30, states);
    assert!(play.shows("2 active"), "{}", play.screen());
    // The first has ended: another one stands for it.
    play.text("e").ctrl('u').text("9h").press(KeyCode::Enter);
    let Some((_, Action::Extend(token, _))) = play.last(Verb::Extend) else { panic!("it extends") };
    assert_eq!(token, rows(states)[1].token);
    play.text("y");
    let Some(Effect::Copy(links, _)) = play.other.last() else { panic!("it copies") };
    assert!(links.starts_with("ben: pk:") && links.lines().count() == 1, "{}", **links);
    play.press(KeyCode::Enter);
    assert!(play.shows("y copies all"), "{}", play.screen());
}

#[test]
fn what_becomes_of_one_is_counted_at_once() {
    let mut play = shown(100, 30, [State::Live; 3]);
    assert!(play.shows("0 of 3 picked up"), "{}", play.screen());
    let row = rows([State::Live, State::PickedUp, State::Live]).remove(1);
    play.step(Verb::List, Report::Step(Step::Listed(Box::new(row))));
    assert!(play.shows("1 of 3 picked up"), "{}", play.screen());
    assert_eq!(play.screen().matches("for backend").count(), 0, "still one row: {}", play.screen());
}

#[test]
fn the_form_offers_teams_beside_the_contacts() {
    let mut play = Play::set_up(100, 30, |setup| setup.teams = vec![("backend".to_owned(), 3)]);
    play.fill();
    play.press(KeyCode::Enter).press(KeyCode::Left);
    assert!(
        play.shows("team backend (3)") && play.shows("Each of backend (3) can pick this up"),
        "{}",
        play.screen()
    );
    play.press(KeyCode::Enter);
    let Some((_, Action::Publish(request, false))) = play.last(Verb::Publish) else { panic!("it publishes") };
    assert_eq!(request.audience, AudienceChoice::Share("backend".to_owned()));
    play.done(Verb::Publish, Ok(Report::PublishedAll(Box::new(sample::published_all(None)))));
    assert!(play.shows("Published. backend (2 of 2) can pick it up until"), "{}", play.screen());
    // Who did not get it comes first.
    play.press(KeyCode::Enter).press(KeyCode::Left).press(KeyCode::Enter);
    let why = Error::new(ErrorKind::Unreachable, "It was not published: no node stored it in time.");
    play.done(Verb::Publish, Ok(Report::PublishedAll(Box::new(sample::published_all(Some(why))))));
    assert!(play.shows("1 of 3 could not be published. carl: It was not"), "{}", play.screen());
}

#[test]
fn several_names_are_typed_in_the_form_too() {
    let mut play = Play::set_up(100, 30, |setup| setup.teams = vec![("backend".to_owned(), 3)]);
    play.fill();
    play.press(KeyCode::Enter);
    let contact = |name: &str| ContactView {
        name: name.to_owned(),
        public_key: sample::CREATOR.to_owned(),
        mine: false,
    };
    play.done(Verb::Contacts, Ok(Report::Contacts(vec![contact("anna"), contact("ben")])));
    play.press(KeyCode::Right).press(KeyCode::Tab).text("anna, carl").press(KeyCode::Enter);
    assert!(play.shows("No contact by that name") && play.last(Verb::Publish).is_none(), "{}", play.screen());
    play.ctrl('u').text("anna, backend").press(KeyCode::Enter);
    let Some((_, Action::Publish(request, false))) = play.last(Verb::Publish) else { panic!("it publishes") };
    assert_eq!(request.audience, AudienceChoice::Share("anna, backend".to_owned()));
}

#[test]
fn the_service_asks_what_is_replaced_of_a_team() {
    let mut play = Play::set_up(80, 24, |setup| setup.teams = vec![("backend".to_owned(), 3)]);
    play.fill();
    play.press(KeyCode::Enter);
    let mut draft = sample::draft();
    // One of the team's rows is known to the form; not all need be.
    let mut row = rows([State::Live; 3]).remove(1);
    row.burn_after_read = true;
    draft.alive = vec![row];
    play.drafted(draft);
    play.press(KeyCode::Left).press(KeyCode::Enter);
    let Some((_, Action::Publish(request, false))) = play.last(Verb::Publish) else { panic!("it publishes") };
    assert!(!request.replace, "nobody agreed to all of them");
    let named = "This session already has 2 one-time handoffs. New ones replace them, and their links stop \
                 working: anna (s1, published 2 min ago), ben (s2, published 2 min ago).";
    play.done(Verb::Publish, Err(Error::new(ErrorKind::Exists, named)));
    play.inputs(Vec::new()).inputs(Vec::new());
    for words in ["Replace what is published?", "anna (s1,", "ben (s2,"] {
        assert!(play.shows(words), "{words}: {}", play.screen());
    }
}

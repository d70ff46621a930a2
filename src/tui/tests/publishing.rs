//! The form that publishes: it shows what the service proposes, and says only
//! what the user changed.

use std::time::Duration;

use crossterm::event::KeyCode;

use super::{Play, sample};
use crate::tui::message::{Action, Draft, PublishRequest, Ttl, Verb};

fn published_by_enter(play: &mut Play) -> PublishRequest {
    play.press(KeyCode::Enter);
    let Some((_, Action::Publish(request))) = play.last(Verb::Publish) else {
        panic!("it publishes: {}", play.screen())
    };
    *request
}

/// What is not typed over is left to the service, which made the proposal.
#[test]
fn the_form_says_only_what_differs_from_the_proposal() {
    let draft = || Draft { ttl: "3h".parse().unwrap(), title: "As proposed".to_owned(), ..sample::draft() };
    let mut play = Play::full(80, 24);
    play.press(KeyCode::Enter);
    play.drafted(draft());
    assert!(play.shows("lives for    3h") && play.shows("As proposed"), "{}", play.screen());
    assert!(play.shows("SSH (guess)") && play.shows("dana@framework-desktop"), "{}", play.screen());
    assert!(play.shows("2 files changed, 1 commit not pushed: they stay on this machine."));
    assert!(play.shows("Replaces its handoff of 12 min ago."), "{}", play.screen());
    let request = published_by_enter(&mut play);
    assert_eq!((request.ttl, request.title, request.ssh, request.replace), (None, None, None, false));

    // What was typed before the proposal came stays.
    let mut play = Play::full(80, 24);
    play.press(KeyCode::Enter);
    for _ in 0..3 {
        play.press(KeyCode::Tab);
    }
    play.text("Mine");
    play.drafted(draft());
    assert!(play.shows("Mine") && !play.shows("As proposed"), "{}", play.screen());
    play.press(KeyCode::BackTab).press(KeyCode::BackTab).ctrl('u').text("20m");
    let request = published_by_enter(&mut play);
    assert_eq!(request.ttl.map(Ttl::seconds), Some(1200));
    assert_eq!((request.title.as_deref(), request.ssh), (Some("Mine"), None));

    // An emptied field sends none.
    let mut play = Play::full(80, 24);
    play.press(KeyCode::Enter);
    play.drafted(draft());
    play.press(KeyCode::BackTab).ctrl('u');
    assert!(!play.shows("SSH (guess)") && !play.shows("is a guess"), "{}", play.screen());
    let request = published_by_enter(&mut play);
    assert_eq!((request.ssh.as_deref(), request.title), (Some(""), None));
}

#[test]
fn a_handoff_that_burns_is_replaced_after_a_question() {
    let mut play = Play::full(80, 24);
    play.press(KeyCode::Enter);
    let mut draft = sample::draft();
    draft.alive[0].burn_after_read = true;
    play.drafted(draft);
    assert!(play.shows("which burns"), "{}", play.screen());
    play.press(KeyCode::Enter);
    assert!(
        play.last(Verb::Publish).is_none() && play.shows("Replace a handoff that burns?"),
        "{}",
        play.screen()
    );
    play.wait(Duration::from_secs(2)).text("y");
    let Some((_, Action::Publish(request))) = play.last(Verb::Publish) else { panic!("it publishes") };
    assert!(request.replace);
    // For another audience nothing is replaced.
    let mut play = Play::full(80, 24);
    play.press(KeyCode::Enter);
    let mut draft = sample::draft();
    draft.alive[0].burn_after_read = true;
    play.drafted(draft);
    play.press(KeyCode::Right).press(KeyCode::Right).press(KeyCode::Right);
    assert!(!play.shows("Replaces"), "{}", play.screen());
    assert!(!published_by_enter(&mut play).replace);
}

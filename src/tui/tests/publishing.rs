//! The form that publishes: it shows what the service proposes, and says only
//! what the user changed.

use std::time::Duration;

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};

use super::{Play, sample};
use crate::tui::message::{
    Action, AudienceChoice, AudienceKind, CarryOffer, CarryOption, CarryTo, CarryWay, ContactView,
    Destination, Draft, Error, ErrorKind, Named, PublishRequest, Published, Report, Ttl, Verb,
};

#[test]
fn two_enters_publish_to_my_devices_for_eight_hours() {
    let mut play = Play::full(80, 24);
    assert!(play.shows("▌ ● Retry failed uploads"), "the session of this directory is selected");
    play.press(KeyCode::Enter);
    assert!(play.shows("Your devices can pick this up until 18:41 today."), "{}", play.screen());
    play.input(Input::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)));
    let Some((_, Action::Publish(request, false))) = play.last(Verb::Publish) else { panic!("it publishes") };
    assert_eq!(request.session, sample::sessions()[1]);
    assert_eq!((request.audience, request.ttl, request.burn), (AudienceChoice::Devices, None, false));
    assert!(!play.shows("Publish:"), "the form closes at once");
}

#[test]
fn a_time_is_chosen_or_typed_over() {
    let mut play = Play::full(80, 24);
    play.press(KeyCode::Enter).press(KeyCode::Tab);
    assert!(play.shows("‹8h›") && play.shows("until 18:41 today"));
    play.press(KeyCode::Right);
    assert!(play.shows("‹24h›") && play.shows("until 10:41 tomorrow"), "{}", play.screen());
    play.text("1h3m");
    assert!(play.shows("expires in    1h3m"), "a preset that is typed may go on: {}", play.screen());
    play.ctrl('u').text("90m");
    assert!(play.shows("expires in    90m") && play.shows("until 12:11 today"), "{}", play.screen());
    play.press(KeyCode::Right);
    assert!(play.shows("‹1h›"));
    play.press(KeyCode::Enter);
    let Some((_, Action::Publish(request, false))) = play.last(Verb::Publish) else { panic!("it publishes") };
    assert_eq!(request.ttl.map(Ttl::seconds), Some(3600));
}

#[test]
fn escape_cancels_the_running_job_and_the_number_returns_to_zero() {
    let mut play = Play::full(80, 24);
    play.press(KeyCode::Enter).press(KeyCode::Enter);
    let (id, _) = play.last(Verb::Publish).unwrap();
    assert!(play.shows("publishing · 0 s"));
    play.press(KeyCode::Esc);
    assert_eq!(play.cancelled.last(), Some(&id));
    assert!(play.shows("stopping: publishing"));
    play.done(Verb::Publish, Err(Error::cancelled()));
    for verb in [Verb::Journal, Verb::Contacts, Verb::Draft, Verb::Preview, Verb::Follow] {
        while play.last(verb).is_some() {
            play.done(verb, Err(Error::cancelled()));
        }
    }
    assert_eq!(play.app.running(), 0);
    assert!(play.shows("Cancelled: publishing."));
}

#[test]
fn what_became_of_a_cancelled_publishing_is_said() {
    let mut play = Play::full(80, 24);
    play.press(KeyCode::Enter).press(KeyCode::Enter).press(KeyCode::Esc);
    let words = "Cancelled. What was on its way was called back.";
    play.done(Verb::Publish, Err(Error::new(ErrorKind::Cancelled, words)));
    assert!(play.shows(words), "{}", play.screen());
}

#[test]
fn a_contact_that_nobody_is_called_is_said_before_the_form_goes() {
    let mut play = Play::full(120, 40);
    play.press(KeyCode::Enter).press(KeyCode::Right);
    let anna = ContactView { name: "anna".into(), public_key: sample::CREATOR.into(), mine: false };
    play.done(Verb::Contacts, Ok(Report::Contacts(vec![anna])));
    play.press(KeyCode::Tab).text("nobody");
    assert!(play.shows("No contact by that name. Contacts: anna"), "{}", play.screen());
    play.press(KeyCode::Enter);
    assert!(play.last(Verb::Publish).is_none(), "{}", play.screen());
    play.ctrl('u').text("anna").press(KeyCode::Enter);
    assert!(play.last(Verb::Publish).is_some(), "{}", play.screen());
}

fn published_by_enter(play: &mut Play) -> PublishRequest {
    play.press(KeyCode::Enter);
    let Some((_, Action::Publish(request, false))) = play.last(Verb::Publish) else {
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
    assert!(play.shows("expires in    3h") && play.shows("As proposed"), "{}", play.screen());
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
    assert!(play.shows("one-time"), "{}", play.screen());
    play.press(KeyCode::Enter);
    assert!(
        play.last(Verb::Publish).is_none() && play.shows("Replace a one-time handoff?"),
        "{}",
        play.screen()
    );
    play.wait(Duration::from_secs(2)).text("y");
    let Some((_, Action::Publish(request, false))) = play.last(Verb::Publish) else { panic!("it publishes") };
    assert!(request.replace);
    // Each of them is named.
    let mut play = Play::full(80, 24);
    play.press(KeyCode::Enter);
    let mut draft = sample::draft();
    draft.alive[0].burn_after_read = true;
    let other = crate::tui::message::Listed { token: "dother2222222".to_owned(), ..draft.alive[0].clone() };
    draft.alive.push(other);
    let first = draft.alive[0].token.clone();
    play.drafted(draft);
    play.press(KeyCode::Enter);
    for words in ["Replace 2 one-time handoffs?", &first, "dother2222222", "Their links will stop"] {
        assert!(play.shows(words), "{words}: {}", play.screen());
    }
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

#[test]
fn one_that_burns_and_only_the_network_knows_is_asked_about() {
    let mut play = Play::full(80, 24);
    play.press(KeyCode::Enter);
    play.drafted(sample::draft());
    assert!(!published_by_enter(&mut play).replace);
    let words = "This session has a handoff for the same audience that burns when it is picked up.";
    let exists = Error::new(ErrorKind::Exists, words).advise("`--yes` replaces it.");
    play.done(Verb::Publish, Err(exists));
    // It is drawn, and there is time to read it.
    play.inputs(Vec::new()).inputs(Vec::new());
    assert!(play.shows("Replace what is published?") && !play.shows("--yes"), "{}", play.screen());
    play.wait(Duration::from_secs(2)).text("y");
    let Some((_, Action::Publish(request, false))) = play.last(Verb::Publish) else { panic!("it publishes") };
    assert!(request.replace);
    let replaced = vec!["dybndrfg8ejk01".to_owned()];
    let published = Published { replaced, ..sample::published(AudienceKind::Devices, None) };
    play.done(Verb::Publish, Ok(Report::Published(Box::new(published), false)));
    assert!(play.shows("It replaces dybndrfg8ejk01"), "{}", play.screen());
}

#[test]
fn what_was_named_is_proposed_again_for_the_same_audience() {
    let mut play = Play::full(80, 24);
    play.press(KeyCode::Enter);
    let mut draft = sample::draft();
    draft.alive[0].named = Named { title: Some(String::new()), ssh: Some("ada@desk:2222".to_owned()) };
    play.drafted(draft);
    assert!(play.shows("ada@desk:2222") && play.shows("no title is sent"), "{}", play.screen());
    assert!(!play.shows("SSH (guess)"), "{}", play.screen());
    // For anyone with the link it is another one, and back.
    play.press(KeyCode::Right).press(KeyCode::Right).press(KeyCode::Right);
    assert!(play.shows("dana@framework-desktop") && !play.shows("ada@desk"), "{}", play.screen());
    play.press(KeyCode::Left).press(KeyCode::Left).press(KeyCode::Left);
    assert!(play.shows("ada@desk:2222"), "{}", play.screen());
    let request = published_by_enter(&mut play);
    assert_eq!((request.title, request.ssh), (None, None), "the service makes the same proposal");
}

/// A draft whose conversation can go along in a git remote and in a folder.
fn can_carry(chosen: Option<CarryWay>) -> Draft {
    let option = |way, words: &str| CarryOption { way, words: words.to_owned() };
    let ways = vec![
        option(CarryWay::Git, "included, in the git remote origin"),
        option(CarryWay::Folder, "included, in ~/Dropbox/cclink"),
    ];
    Draft { carry: CarryOffer { ways, chosen, changes: false, said: chosen.is_some() }, ..sample::draft() }
}

#[test]
fn the_conversation_stays_until_a_way_is_chosen_and_goes_by_it_again() {
    let mut play = Play::full(80, 24);
    play.press(KeyCode::Enter);
    assert!(!play.shows("conversation"), "{}", play.screen());
    play.drafted(can_carry(None));
    assert!(play.shows("conversation") && play.shows("stays here"), "{}", play.screen());
    play.press(KeyCode::Tab).press(KeyCode::Tab).press(KeyCode::Tab).press(KeyCode::Right);
    assert!(play.shows("‹included, in the git remote origin›"), "{}", play.screen());
    let words = play.screen().replace([' ', '\n', '│'], "");
    assert!(words.contains("conversationincluded,evenwhenthismachineisoff."), "{}", play.screen());
    let carry = |play: &mut Play| published_by_enter(play).carry.map(|carry| carry.to);
    assert_eq!(carry(&mut play), Some(Destination::Way(CarryWay::Git)));

    // Chosen last, it is chosen again, and may be left.
    let mut play = Play::full(80, 24);
    play.press(KeyCode::Enter);
    play.drafted(can_carry(Some(CarryWay::Folder)));
    assert!(play.shows("‹included, in ~/Dropbox/cclink›"), "{}", play.screen());
    play.press(KeyCode::Tab).press(KeyCode::Tab).press(KeyCode::Tab).press(KeyCode::Right);
    assert_eq!(carry(&mut play), Some(Destination::Stays));

    // Enter Enter, before anything is known: as it will be proposed.
    let mut play = Play::full(80, 24);
    play.press(KeyCode::Enter).press(KeyCode::Enter);
    let Some((_, Action::Publish(request, false))) = play.last(Verb::Publish) else { panic!("it publishes") };
    assert_eq!(request.carry, Some(CarryTo::to(Destination::Proposed)));
}

#[test]
fn what_it_means_is_asked_once_and_yes_publishes() {
    for kind in [ErrorKind::Agree, ErrorKind::Public] {
        let mut play = Play::full(80, 24);
        play.press(KeyCode::Enter);
        play.drafted(can_carry(Some(CarryWay::Git)));
        published_by_enter(&mut play);
        let words = "The sealed conversation is pushed to the git remote origin (https://example.org/x.git).";
        play.done(Verb::Publish, Err(Error::new(kind, words).advise("`--yes` agrees.")));
        play.inputs(Vec::new()).inputs(Vec::new());
        assert!(
            play.shows("Store the sealed conversation there?") && !play.shows("--yes"),
            "{}",
            play.screen()
        );
        play.wait(Duration::from_secs(2)).text("y");
        let Some((_, Action::Publish(request, false))) = play.last(Verb::Publish) else {
            panic!("it publishes")
        };
        assert!(request.carry.unwrap().agrees);
        // Or without the conversation.
        play.done(Verb::Publish, Err(Error::new(kind, words)));
        play.inputs(Vec::new()).inputs(Vec::new()).wait(Duration::from_secs(2)).text("e");
        let Some((_, Action::Publish(request, false))) = play.last(Verb::Publish) else {
            panic!("it publishes")
        };
        assert_eq!(request.carry, Some(CarryTo::to(Destination::Stays)));
    }
}

#[test]
fn changes_travel_only_with_the_conversation_and_when_asked_for() {
    let mut play = Play::full(80, 24);
    play.press(KeyCode::Enter);
    play.drafted(can_carry(None));
    assert!(!play.shows("changes ") && play.shows("they stay on this machine"), "{}", play.screen());
    play.press(KeyCode::Tab).press(KeyCode::Tab).press(KeyCode::Tab).press(KeyCode::Right);
    assert!(play.shows("‹stay here›  include (2 files changed, 1 commit not pushed)"), "{}", play.screen());
    assert!(play.shows("they stay on this machine"), "{}", play.screen());
    play.press(KeyCode::Tab).press(KeyCode::Right);
    assert!(play.shows("conversation and changes") && !play.shows("on this machine."), "{}", play.screen());
    assert!(published_by_enter(&mut play).carry.unwrap().with_changes);
}

#[test]
fn a_long_title_is_shown_from_its_beginning() {
    let mut play = Play::full(80, 24);
    play.press(KeyCode::Enter);
    let title = format!("The beginning {}and the tail", "of a long title ".repeat(8));
    play.drafted(Draft { title, ..sample::draft() });
    assert!(play.shows("The beginning of a long") && !play.shows("the tail"), "{}", play.screen());
}

#[test]
fn whoever_does_not_agree_is_back_in_the_form_with_what_was_typed() {
    for answer in [KeyCode::Char('n'), KeyCode::Esc] {
        let mut play = Play::full(80, 24);
        play.press(KeyCode::Enter);
        play.drafted(can_carry(None));
        play.press(KeyCode::Tab).press(KeyCode::Right).press(KeyCode::Tab).press(KeyCode::Right);
        play.press(KeyCode::Tab).press(KeyCode::Right).press(KeyCode::Tab).press(KeyCode::Right);
        play.press(KeyCode::Tab).text(", for tonight").press(KeyCode::Tab).text("the tests are red");
        let typed = published_by_enter(&mut play);
        assert!(typed.burn && typed.ttl.is_some() && typed.carry.as_ref().unwrap().with_changes);
        play.done(Verb::Publish, Err(Error::new(ErrorKind::Agree, "It would be stored there.")));
        play.inputs(Vec::new()).inputs(Vec::new()).wait(Duration::from_secs(2)).press(answer);
        assert!(play.shows("the tests are red") && play.shows(", for tonight"), "{}", play.screen());
        play.drafted(can_carry(None));
        assert_eq!(format!("{:?}", published_by_enter(&mut play)), format!("{typed:?}"));
    }
}

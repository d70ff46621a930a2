//! What keys do, from the first to what the loop is asked for.

use std::time::Duration;

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::{Play, sample};
use crate::tui::app::Deed;
use crate::tui::keymap::{self, Told};
use crate::tui::message::{
    Action, AudienceChoice, AudienceKind, ContactView, Context, Error, ErrorKind, IdentityState, Intent,
    Progress, Report, State, Target, Ttl, Verb,
};

#[test]
fn two_enters_publish_to_my_devices_for_eight_hours() {
    let mut play = Play::full(80, 24);
    assert!(play.shows("▌ ● Retry failed uploads"), "the session of this directory is selected");
    play.press(KeyCode::Enter);
    assert!(play.shows("Your devices can pick this up until 18:41 today."), "{}", play.screen());
    play.input(Input::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)));
    let Some((_, Action::Publish(request))) = play.last(Verb::Publish) else { panic!("it publishes") };
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
    assert!(play.shows("lives for    1h3m"), "a preset that is typed may go on: {}", play.screen());
    play.ctrl('u').text("90m");
    assert!(play.shows("lives for    90m") && play.shows("until 12:11 today"), "{}", play.screen());
    play.press(KeyCode::Right);
    assert!(play.shows("‹1h›"));
    play.press(KeyCode::Enter);
    let Some((_, Action::Publish(request))) = play.last(Verb::Publish) else { panic!("it publishes") };
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
fn the_selection_follows_the_directory_until_the_user_moves() {
    let mut play = Play::open(80, 24);
    let all = sample::sessions();
    play.step(Verb::Scan, Report::Sessions(all[2..].to_vec(), Progress::default()));
    assert!(play.shows("▌ Why is the build slow"), "the newest here that can be resumed: {}", play.screen());
    play.step(Verb::Scan, Report::Sessions(all[1..2].to_vec(), Progress::default()));
    assert!(play.shows("▌ ● Retry"));
    play.press(KeyCode::Down);
    play.step(Verb::Scan, Report::Sessions(all[..1].to_vec(), Progress::default()));
    assert!(play.shows("▌ 외주 앱의"), "{}", play.screen());
}

#[test]
fn a_refresh_keeps_the_selection() {
    let mut play = Play::full(80, 24);
    play.press(KeyCode::Down).press(KeyCode::Down).text("R");
    play.step(Verb::Scan, Report::Sessions(sample::sessions(), Progress::default()));
    play.done(Verb::Scan, Ok(Report::Scanned));
    assert!(play.shows("▌ 👩‍👩‍👧‍👦"), "{}", play.screen());
}

#[test]
fn the_filter_finds_by_title_and_takes_any_character() {
    let mut play = Play::full(80, 24);
    play.text("/2.4");
    assert!(play.shows("▌ Write the release notes") && play.shows("1 of 8"), "{}", play.screen());
    play.text("?q");
    assert!(play.shows("No session matches"));
    play.press(KeyCode::Esc);
    assert!(play.shows("8 of 8"));
}

#[test]
fn only_this_project_narrows_and_widens_by_itself() {
    let mut play = Play::full(80, 24);
    play.text("o");
    assert!(play.shows("this project · 3 of 8"), "{}", play.screen());
    play.text("o");
    assert!(play.shows("everywhere · 8 of 8"));
}

#[test]
fn resuming_here_steps_aside_for_claude() {
    let mut play = Play::full(80, 24);
    play.text("r");
    let plans = vec![sample::plan(crate::tui::message::PlanKind::Here, true)];
    play.done(Verb::ResumeHere, Ok(Report::Plans("x".into(), plans)));
    assert!(matches!(play.other.last(), Some(Deed::StepAside(aside, None)) if aside.ready));
}

#[test]
fn revoking_asks_first_and_a_reflex_is_no_answer() {
    let mut play = Play::full(80, 24);
    play.text("2").burst("dy");
    assert!(play.last(Verb::Revoke).is_none() && play.shows("Revoke this handoff?"));
    play.text("n");
    assert!(!play.shows("Revoke this handoff?"));
    play.text("d").text("y");
    let Some((_, Action::Revoke(tokens))) = play.last(Verb::Revoke) else { panic!("it revokes") };
    assert_eq!(tokens, [sample::handoffs()[0].token.clone()]);
}

#[test]
fn the_countdown_wakes_each_second_only_while_it_is_seen() {
    let mut play = Play::full(80, 24);
    while let Some((_, action)) = play.jobs.last().cloned() {
        play.done(action.verb(), Err(Error::cancelled()));
    }
    play.wait(Duration::from_mins(1));
    play.app.tick(&play.now.clone());
    // the youngest session is some minutes old: its age is said in minutes
    assert_eq!(play.app.next_wake(&play.now), Some(Duration::from_mins(1)), "asleep");
    play.text("2");
    for verb in [Verb::Journal, Verb::List] {
        play.done(verb, Ok(Report::Listed(sample::handoffs(), true)));
    }
    assert!(play.shows("7h 47m 40s"), "{}", play.screen());
    let wake = play.app.next_wake(&play.now).unwrap();
    assert!(wake <= Duration::from_secs(1));
    play.wait(wake);
    play.app.tick(&play.now.clone());
    assert!(play.shows("7h 47m 39s") || play.shows("7h 47m 40s"));
    play.text("1");
    assert!(play.app.next_wake(&play.now).unwrap() > Duration::from_secs(50));
}

#[test]
fn an_age_is_told_anew_exactly_when_it_changes() {
    let mut play = Play::full(80, 24);
    while let Some((_, action)) = play.jobs.last().cloned() {
        play.done(action.verb(), Err(Error::cancelled()));
    }
    play.wait(Duration::from_millis(12_250));
    assert!(play.shows("3 min ago"));
    let wake = play.app.next_wake(&play.now).unwrap();
    play.wait(wake.saturating_sub(Duration::from_millis(1)));
    assert!(play.shows("3 min ago"));
    play.wait(Duration::from_millis(1));
    assert!(play.shows("4 min ago"));
}

#[test]
fn sessions_are_never_missed_while_they_are_looked_for() {
    let mut play = Play::open(80, 24);
    assert!(play.shows("Looking for sessions") && !play.shows("no session"));
    play.step(Verb::Scan, Report::Sessions(Vec::new(), Progress { read: 0, of: 9000 }));
    assert!(play.shows("scanning 0 of 9,000") && play.shows("Looking for sessions"));
    play.text("o");
    play.step(
        Verb::Scan,
        Report::Sessions(sample::sessions()[..1].to_vec(), Progress { read: 64, of: 9000 }),
    );
    assert!(play.shows("this project · ") && play.shows("None yet of those"), "{}", play.screen());
    play.done(Verb::Scan, Ok(Report::Scanned));
    assert!(play.shows("everywhere · 1 of 1") && play.shows("No session belongs to this folder"));
}

#[test]
fn hidden_sessions_are_shown_by_a_key() {
    let mut play = Play::open(80, 24);
    let mut all = sample::sessions();
    all[2].hidden = true;
    play.step(Verb::Scan, Report::Sessions(all, Progress::default()));
    play.done(Verb::Scan, Ok(Report::Scanned));
    assert!(play.shows("7 of 7 · 1 hidden") && !play.shows("외주"), "{}", play.screen());
    play.text(".");
    assert!(play.shows("8 of 8 · 1 of them usually hidden") && play.shows("외주"));
    play.text("..");
    assert!(play.shows("외주"));
}

#[test]
fn tool_calls_go_through_three_levels_of_detail() {
    let mut play = Play::full(120, 40);
    assert!(play.shows("· Bash cargo test upload (+2 lines)") && !play.shows("14 passed"));
    play.text("t");
    assert!(play.shows("· Bash cargo test upload (+2 lines)") && play.shows("    14 passed"));
    play.text("t");
    assert!(!play.shows("Bash cargo"));
    play.text("t");
    assert!(play.shows("Bash cargo") && !play.shows("14 passed"));
}

#[test]
fn a_handoff_goes_from_the_inbox_to_claude_in_two_enters() {
    let mut play = Play::full(80, 24);
    play.text("3").press(KeyCode::Enter);
    assert!(matches!(play.last(Verb::Find), Some((_, Action::Find(Target::Entry(_))))));
    play.done(Verb::Find, Ok(Report::Found(vec![sample::found(true, true)])));
    assert!(play.shows("✓ signed by you, from framework-desktop"));
    play.press(KeyCode::Enter);
    play.done(Verb::PickUp, Ok(super::taken(true)));
    assert!(matches!(play.other.last(), Some(Deed::StepAside(_, Some(_)))));
}

#[test]
fn the_best_way_is_selected_until_the_user_chooses() {
    for chooses in [false, true] {
        let mut play = Play::full(80, 24);
        play.text("3").press(KeyCode::Enter);
        play.step(Verb::Find, Report::FirstFound(Box::new(sample::found(false, false))));
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
    play.text("3i").text("pk:x").press(KeyCode::Tab).text("velvet-orbit").press(KeyCode::Enter);
    let Some((_, Action::Find(Target::Text(text, Some(pin))))) = play.last(Verb::Find) else {
        panic!("it looks")
    };
    assert_eq!((text.as_str(), pin.as_str()), ("pk:x", "velvet-orbit"));
    assert!(!play.shows("velvet"));
    play.done(Verb::Find, Err(Error::new(ErrorKind::NotForYou, "Nothing opens with this PIN.")));
    assert!(play.shows("Nothing opens with this PIN."));
    play.ctrl('r');
    assert!(play.shows("velvet-orbit"), "Ctrl-R shows it");
}

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
fn clicks_choose_panes_rows_and_fields() {
    use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
    let click = |column, row| {
        let kind = MouseEventKind::Down(MouseButton::Left);
        Input::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
    };
    let mut play = Play::full(80, 24);
    play.input(click(5, 6));
    assert!(play.shows("▌ 외주 앱의"), "{}", play.screen());
    play.press(KeyCode::Enter);
    let row = play.screen().lines().position(|line| line.contains("  note ")).unwrap();
    play.input(click(20, u16::try_from(row).unwrap()));
    assert!(play.shows("▸ note"), "{}", play.screen());
    play.press(KeyCode::Esc).input(click(25, 0));
    assert!(play.shows("4 alive"));
    play.text("m");
    assert!(matches!(play.other.last(), Some(Deed::Mouse(false))));
}

#[test]
fn keycaps_palette_and_plans_can_be_clicked() {
    use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
    let mouse =
        |kind, column, row| Input::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
    let click = |column, row| mouse(MouseEventKind::Down(MouseButton::Left), column, row);
    let find = |play: &Play, words: &str| {
        let screen = play.screen();
        let (row, line) = screen.lines().enumerate().find(|(_, line)| line.contains(words)).unwrap();
        let column = crate::text::width(line.split(words).next().unwrap());
        (u16::try_from(column).unwrap(), u16::try_from(row).unwrap())
    };
    let mut play = Play::full(120, 40);
    let (column, row) = find(&play, "/ filter");
    play.input(click(column + 3, row));
    assert!(play.shows("▸ filter"));
    let (column, row) = find(&play, "Esc back");
    play.input(click(column, row));
    assert!(!play.shows("▸ filter"));
    let (column, row) = find(&play, "? help");
    play.input(click(column, row));
    assert!(play.shows("╭ Keys "));
    play.press(KeyCode::Esc).text(":revoke all");
    let (column, row) = find(&play, "Handoffs: revoke all");
    play.input(click(column, row));
    assert!(play.shows("Revoke all 4 handoffs?"), "{}", play.screen());
    play.press(KeyCode::Esc).text("3").press(KeyCode::Enter);
    play.done(Verb::Find, Ok(Report::Found(vec![sample::found(true, true)])));
    let (column, row) = find(&play, "The command, to run");
    play.input(click(column, row));
    assert!(play.shows("▌  The command, to run"), "{}", play.screen());
    // the wheel scrolls what it is over
    play.press(KeyCode::Esc).text("1");
    play.input(mouse(MouseEventKind::ScrollDown, 10, 10));
    assert!(play.shows("▌ 외주"));
}

#[test]
fn the_palette_reaches_every_pane() {
    let mut play = Play::full(120, 40);
    play.text(":");
    let told = [Told::Footer, Told::Palette];
    let all = [Context::Sessions, Context::Handoffs, Context::Inbox, Context::Browse, Context::Common];
    let wanted: Vec<_> = keymap::rows(&all, &told).iter().map(|row| row.words).collect();
    for words in wanted.into_iter().filter(|words| *words != "commands") {
        play.text(words);
        let screen = play.screen();
        assert!(
            screen.lines().any(|line| line.contains("│ ▌ ") && line.contains(words)),
            "{words}\n{screen}"
        );
        play.ctrl('u');
    }
    play.text("extend").press(KeyCode::Enter);
    assert!(play.shows("4 alive") && play.shows("More time for Retry failed"), "{}", play.screen());
}

#[test]
fn the_first_key_is_made_or_put_off() {
    let mut play = Play::open(80, 24);
    play.done(Verb::Identity, Ok(Report::Identity(IdentityState::None, String::new())));
    play.press(KeyCode::Esc);
    assert!(!play.shows("Welcome"));
    play.step(Verb::Scan, Report::Sessions(sample::sessions(), Progress::default()));
    play.press(KeyCode::Enter).press(KeyCode::Enter);
    play.done(Verb::Publish, Err(Error::new(ErrorKind::NoIdentity, "No key yet.")));
    play.press(KeyCode::Enter);
    assert!(
        matches!(play.last(Verb::CreateIdentity), Some((_, Action::CreateIdentity(phrase))) if phrase.is_empty())
    );
    play.done(Verb::CreateIdentity, Ok(Report::Unlocked(IdentityState::Unlocked("pk:x".into()))));
    assert!(play.last(Verb::Publish).is_some(), "what waited goes on");
}

#[test]
fn a_key_is_brought_from_a_file() {
    let mut play = Play::open(80, 24);
    play.done(Verb::Identity, Ok(Report::Identity(IdentityState::None, String::new())));
    play.press(KeyCode::Right).press(KeyCode::Enter);
    assert!(play.shows("Which file?") && play.shows("▸ file"), "{}", play.screen());
    play.input(Input::Paste("'~/keys/secret_key'\n".into()));
    play.press(KeyCode::Tab).text("open").press(KeyCode::Enter);
    assert!(play.shows("once more") && play.shows("▸ again"));
    play.text("open").press(KeyCode::Enter);
    let Some((_, Action::ImportIdentity(path, phrase))) = play.last(Verb::CreateIdentity) else {
        panic!("it is imported")
    };
    assert_eq!((path.to_str(), phrase.as_str()), (Some("/home/dana/keys/secret_key"), "open"));
    play.done(Verb::CreateIdentity, Err(Error::usage("This is no key.")));
    assert!(play.shows("This is no key.") && play.shows("Welcome"));
    play.press(KeyCode::Enter);
    play.done(Verb::CreateIdentity, Ok(Report::Unlocked(IdentityState::Unlocked("pk:x".into()))));
    assert!(!play.shows("Welcome") && play.shows("This device has a key now."));
}

#[test]
fn without_a_key_every_pane_says_what_changes_that() {
    let mut play = Play::open(80, 24);
    play.done(Verb::Identity, Ok(Report::Identity(IdentityState::None, String::new())));
    let missing = Error::failed("There is no Claude Code folder at /home/dana/.claude.");
    play.done(Verb::Scan, Err(missing));
    play.press(KeyCode::Esc);
    assert!(play.shows("folder at ~/.claude") && play.shows("press 3"), "{}", play.screen());
    play.press(KeyCode::Enter);
    assert!(play.shows("There is no session here"), "a key of the footer is answered");
    play.text("2");
    play.done(Verb::Journal, Ok(Report::Listed(Vec::new(), false)));
    assert!(play.last(Verb::List).is_none() && play.shows("this device has no key yet; R makes"));
    for key in ["y", "d", "D", "e", "k"] {
        play.text(key);
    }
    assert!(play.shows("There is no handoff here"));
    play.text("3");
    assert!(play.shows("R makes or brings one."), "{}", play.screen());
    play.text("R");
    play.done(Verb::Inbox, Err(Error::new(ErrorKind::NoIdentity, "No key yet.")));
    assert!(play.shows("Welcome to cclink"));
}

#[test]
fn notes_stack_and_go() {
    let mut play = Play::full(80, 24);
    play.text("y").text("t").text("m");
    for words in ["id was sent to the terminal", "Tool calls are shown", "The mouse is yours"] {
        assert!(play.shows(words), "{words}");
    }
    let later = Duration::from_secs(6);
    play.wait(later);
    play.app.tick(&play.now.clone());
    assert!(!play.shows("The mouse is yours") && play.shows("id was sent to the terminal"));
    play.wait(later);
    play.app.tick(&play.now.clone());
    assert!(!play.shows("id was sent") && !play.shows("╭"));
}

#[test]
fn a_released_key_is_no_key() {
    let mut play = Play::full(80, 24);
    let mut key = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE);
    key.kind = KeyEventKind::Release;
    play.input(Input::Key(key));
    assert!(play.other.is_empty());
    play.text("q");
    assert!(matches!(play.other.last(), Some(Deed::Quit)));
}

#[test]
fn the_panic_switch_is_off_unless_asked_for() {
    let mut play = Play::full(80, 24);
    play.press(KeyCode::F(12));
    assert!(play.other.is_empty());
}

#[test]
fn a_published_row_shows_at_once_and_extending_asks_for_a_time() {
    let mut play = Play::full(80, 24);
    play.text("2e");
    play.ctrl('u').text("3x");
    assert!(play.shows("no length of time"));
    play.press(KeyCode::Enter);
    assert!(play.last(Verb::Extend).is_none());
    play.press(KeyCode::Backspace).text("h").press(KeyCode::Enter);
    assert!(play.shows("It lives until") && play.last(Verb::Extend).is_none(), "that would be shorter");
    play.ctrl('u').text("9h").press(KeyCode::Enter);
    assert!(matches!(play.last(Verb::Extend), Some((_, Action::Extend(_, ttl))) if ttl.seconds() == 32_400));
    let row = sample::listed(9, Some("Brand new"), AudienceKind::Devices, State::Live, 900);
    play.step(Verb::List, Report::Row(Box::new(row)));
    assert!(play.shows("Brand new"));
}

/// Every key that a footer shows does something that can be seen or counted.
#[test]
fn every_key_of_a_footer_is_answered() {
    type Place = (Context, fn(&mut Play));
    let places: [Place; 8] = [
        (Context::KeyedQr, |play| {
            play.text("2").press(KeyCode::Enter);
        }),
        (Context::Qr, |play| {
            play.text("2").press(KeyCode::End).press(KeyCode::Enter);
        }),
        (Context::Sessions, |_| {}),
        (Context::Handoffs, |play| {
            play.text("2");
        }),
        (Context::Inbox, |play| {
            play.text("3");
        }),
        (Context::Qr, |play| {
            play.text("2").press(KeyCode::Enter);
        }),
        (Context::PickupForm, |play| {
            play.text("3i");
        }),
        (Context::PublishForm, |play| {
            play.press(KeyCode::Enter);
        }),
    ];
    for (context, go) in places {
        for row in keymap::rows(keymap::chain(context, context == Context::PublishForm), &[Told::Footer]) {
            let mut play = Play::full(120, 40);
            go(&mut play);
            let before = (play.buffer(), play.jobs.len(), play.other.len());
            play.wait(Duration::from_millis(300));
            let now = play.now;
            play.app.intend_for_test(row.intent, &now);
            play.collect();
            let after = (play.buffer(), play.jobs.len(), play.other.len());
            let quiet = matches!(row.intent, Intent::Reveal);
            assert!(quiet || before != after, "{:?} in {context:?} does nothing", row.intent);
        }
    }
}

#[test]
fn escape_always_finds_its_way_back() {
    let ways = ["2", "2\n", "2d", "2e", "3i", "3\n", "?", ":", "/x", "\n", "2\n?"];
    for way in ways {
        let mut play = Play::full(80, 24);
        for c in way.chars() {
            play.press(if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) });
        }
        for _ in 0..20 {
            play.press(KeyCode::Esc);
            let cancelled = std::mem::take(&mut play.cancelled);
            for id in cancelled {
                if let Some((_, action)) = play.jobs.iter().find(|(job, _)| *job == id).cloned() {
                    play.done(action.verb(), Err(Error::cancelled()));
                }
            }
        }
        play.wait(Duration::from_mins(1));
        play.app.tick(&play.now.clone());
        play.text("1");
        assert!(play.shows("▌ ● Retry") && play.shows("publish"), "{way:?}\n{}", play.screen());
    }
}

#[test]
fn a_contact_that_nobody_is_called_is_said_before_the_form_goes() {
    let mut play = Play::full(120, 40);
    play.press(KeyCode::Enter).press(KeyCode::Right);
    let anna = ContactView { name: "anna".into(), public_key: sample::CREATOR.into(), mine: false };
    play.done(Verb::Contacts, Ok(Report::Contacts(vec![anna])));
    play.press(KeyCode::Tab).text("nobody");
    assert!(play.shows("Nobody is called that. Contacts: anna"), "{}", play.screen());
    play.press(KeyCode::Enter);
    assert!(play.last(Verb::Publish).is_none(), "{}", play.screen());
    play.ctrl('u').text("anna").press(KeyCode::Enter);
    assert!(play.last(Verb::Publish).is_some(), "{}", play.screen());
}

#[test]
fn what_cannot_be_resumed_opens_no_form() {
    let mut play = Play::full(120, 40);
    let mut session = sample::sessions().remove(0);
    (session.resumable, session.why_not) = (false, Some("there is no conversation in it".into()));
    play.text("R");
    play.step(Verb::Scan, Report::Sessions(vec![session], Progress::default()));
    play.done(Verb::Scan, Ok(Report::Scanned));
    play.press(KeyCode::Enter);
    assert!(play.shows("It could not be resumed elsewhere") && !play.shows("Publish:"), "{}", play.screen());
}

#[test]
fn remarks_on_one_thing_take_each_others_place() {
    let mut play = Play::full(120, 40);
    play.text("ttt");
    assert!(play.shows("a line each") && !play.shows("not shown"), "{}", play.screen());
}

#[test]
fn the_keys_of_reading_are_shown_while_one_reads() {
    let mut play = Play::full(120, 40);
    play.press(KeyCode::Right);
    assert!(play.shows("t tool calls") && !play.shows("→ read"), "{}", play.screen());
    play.press(KeyCode::Left);
    assert!(play.shows("→ read"), "{}", play.screen());
}

#[test]
fn what_is_there_letter_by_letter_is_found_first() {
    let mut play = Play::full(120, 40);
    let mut sessions = sample::sessions();
    sessions.truncate(2);
    sessions[0].title = "The checkout test fails on Tuesdays, or so it seems to me".into();
    sessions[1].title = "A hostile title".into();
    play.text("R");
    play.step(Verb::Scan, Report::Sessions(sessions, Progress::default()));
    play.done(Verb::Scan, Ok(Report::Scanned));
    play.text("/hostile");
    assert!(play.shows("▌ ● A hostile title"), "{}", play.screen());
}

#[test]
fn an_offer_that_is_not_checked_any_more_says_so() {
    let mut play = Play::full(120, 40);
    play.text("3").press(KeyCode::Enter);
    play.step(Verb::Find, Report::FirstFound(Box::new(sample::found(true, false))));
    assert!(play.shows("checking for anything newer"), "{}", play.screen());
    play.press(KeyCode::Esc);
    play.done(Verb::Find, Err(Error::cancelled()));
    assert!(play.shows("found, but not checked for anything newer"), "{}", play.screen());
}

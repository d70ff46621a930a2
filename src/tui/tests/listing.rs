//! The list of sessions, and what is read of one.

use std::time::Duration;

use crossterm::event::KeyCode;

use super::{Play, sample};
use crate::tui::message::{Effect, Elsewhere, Error, Progress, Report, Verb};

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
    play.done(Verb::ResumeHere, Ok(Report::Plans(plans)));
    assert!(matches!(play.other.last(), Some(Effect::StepAside(aside, None)) if aside.ready));
}

#[test]
fn one_that_goes_on_elsewhere_says_so_and_asks_first() {
    let mut play = Play::full(80, 24);
    let session = &sample::sessions()[0];
    let elsewhere = |minutes| Elsewhere {
        session_id: session.session_id.clone(),
        hostname: "laptop".to_owned(),
        at: sample::now().to_utc() - chrono::TimeDelta::minutes(minutes),
    };
    play.step(Verb::Follow, Report::Elsewhere(vec![elsewhere(4)]));
    assert!(!play.shows("continues on"), "something was said here since: {}", play.screen());
    play.step(Verb::Follow, Report::Elsewhere(vec![elsewhere(2)]));
    assert!(
        play.shows("↪ Write the release notes") && play.shows("continues on laptop since 10:39"),
        "{}",
        play.screen()
    );
    play.text("r");
    let mut here = sample::plan(crate::tui::message::PlanKind::Here, true);
    here.went_on = Some("It continues on laptop since 10:39.".to_owned());
    play.done(Verb::ResumeHere, Ok(Report::Plans(vec![here])));
    play.inputs(Vec::new()).inputs(Vec::new());
    assert!(play.shows("Resume it here anyway?") && play.other.is_empty(), "{}", play.screen());
    play.wait(Duration::from_secs(2)).text("y");
    assert!(matches!(play.other.last(), Some(Effect::StepAside(aside, None)) if aside.ready));
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
    assert!(play.shows("Looking for Claude Code sessions") && !play.shows("No Claude"));
    play.step(Verb::Scan, Report::Sessions(Vec::new(), Progress { read: 0, of: 9000 }));
    assert!(play.shows("scanning 0 of 9,000") && play.shows("Looking for Claude Code sessions"));
    play.text("o");
    play.step(
        Verb::Scan,
        Report::Sessions(sample::sessions()[..1].to_vec(), Progress { read: 64, of: 9000 }),
    );
    assert!(play.shows("this project · ") && play.shows("No matches yet"), "{}", play.screen());
    play.done(Verb::Scan, Ok(Report::Scanned));
    assert!(play.shows("everywhere · 1 of 1") && play.shows("No sessions in this folder"));
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
    assert!(play.shows("8 of 8 · 1 of them hidden by default") && play.shows("외주"));
    play.text("..");
    assert!(play.shows("외주"));
}

#[test]
fn tool_calls_go_through_four_levels_of_detail() {
    let mut play = Play::full(120, 40);
    let (line, end, all) = ("· Bash cargo test upload", "    14 passed", "    running 15 tests");
    assert!(play.shows(line) && play.shows(end) && !play.shows(all), "{}", play.screen());
    play.text("t");
    assert!(play.shows(line) && play.shows(end) && play.shows(all));
    play.text("t");
    assert!(!play.shows("Bash cargo"));
    play.text("t");
    assert!(play.shows(line) && !play.shows(end));
    play.text("t");
    assert!(play.shows(end) && !play.shows(all));
}

#[test]
fn what_cannot_be_resumed_opens_no_form() {
    let mut play = Play::full(120, 40);
    let mut session = sample::sessions().remove(0);
    (session.resumable, session.why_not) = (false, Some("it contains no conversation".into()));
    play.text("R");
    play.step(Verb::Scan, Report::Sessions(vec![session], Progress::default()));
    play.done(Verb::Scan, Ok(Report::Scanned));
    play.press(KeyCode::Enter);
    assert!(play.shows("It could not be resumed elsewhere") && !play.shows("Publish:"), "{}", play.screen());
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

//! Reading conversations, and searching inside them.

use std::time::Duration;

use crossterm::event::{Event as Input, KeyCode};

use super::{Play, sample};
use crate::tui::message::{
    Action, Changed, Error, ErrorKind, Excerpt, Page, Progress, Report, Searching, Verb,
};

/// The screen reads the conversation of the session that is selected.
fn answer_preview(play: &mut Play, page: Page) {
    let Some((_, Action::Preview(session, place, _))) = play.last(Verb::Preview) else {
        panic!("none is asked for")
    };
    play.done(Verb::Preview, Ok(Report::Preview(session.path, place, page)));
}

fn numbered(turns: std::ops::Range<u64>, size: u64) -> Page {
    let (start, end) = (turns.start * 10, turns.end * 10);
    Page {
        turns: turns.map(|at| sample::turn(&format!("turn number {at}"))).collect(),
        marked: 0..0,
        start,
        end,
        size,
    }
}

#[test]
fn a_session_that_changes_while_all_are_read_is_one_row() {
    let mut play = Play::full(120, 40);
    let (rows, all) = (sample::sessions(), play.screen().lines().nth(1).unwrap().to_owned());
    play.text("R");
    let files = rows.iter().map(|row| row.path.clone()).collect();
    play.step(Verb::Follow, Report::Changed(Changed { rows: rows.clone(), files, scan: false }));
    play.step(Verb::Scan, Report::Sessions(rows, Progress::default()));
    play.done(Verb::Scan, Ok(Report::Scanned));
    assert_eq!(play.screen().lines().nth(1).unwrap(), all);
}

#[test]
fn what_is_being_read_stays_when_more_is_said() {
    let mut play = Play::full(80, 24);
    let mut changed = sample::sessions()[2].clone();
    play.press(KeyCode::Down);
    answer_preview(&mut play, numbered(0..40, 400));
    play.press(KeyCode::Right).press(KeyCode::PageUp).press(KeyCode::Up);
    let line = |play: &Play| {
        play.screen().lines().find(|line| line.contains("turn number")).unwrap().trim().to_owned()
    };
    let seen = line(&play);
    changed.updated_at += chrono::Duration::minutes(300);
    let files = [changed.path.clone()].into();
    play.step(Verb::Follow, Report::Changed(Changed { rows: vec![changed], files, scan: false }));
    let Some((_, Action::Preview(_, place, _))) = play.last(Verb::Preview) else { panic!() };
    assert_eq!(place, Excerpt::After(400), "only what was said since");
    answer_preview(&mut play, numbered(40..45, 450));
    assert_eq!(line(&play), seen);
    assert!(play.shows("lines ") && play.shows(" of 134"), "{}", play.screen());
    play.press(KeyCode::End);
    assert!(play.shows("turn number 44"));
    play.press(KeyCode::Home);
    assert!(play.shows("turn number 0"));
    play.press(KeyCode::Esc);
    assert!(play.screen().lines().nth(2).unwrap().contains("외주"), "it moved up: {}", play.screen());
}

#[test]
fn scrolling_back_reads_earlier_pages() {
    let mut play = Play::full(80, 24);
    play.press(KeyCode::Down);
    answer_preview(&mut play, numbered(60..100, 1000));
    assert!(play.last(Verb::Preview).is_none(), "nobody scrolled yet");
    play.press(KeyCode::Right).press(KeyCode::Home);
    assert!(play.shows("turn number 60") && play.shows("read so far"), "{}", play.screen());
    answer_preview(&mut play, numbered(20..60, 1000));
    assert!(play.shows("turn number 60"), "what is read stays: {}", play.screen());
    play.press(KeyCode::Home);
    answer_preview(&mut play, numbered(0..20, 1000));
    play.press(KeyCode::Home);
    assert!(play.shows("turn number 0") && !play.shows("read so far"));
    assert!(play.last(Verb::Preview).is_none());
}

/// Types a query and answers it.
fn search(play: &mut Play, text: &str) {
    play.ctrl('f').text(text);
    let found = sample::matched();
    play.step(Verb::Search, Report::Searching(Searching::Progress { files: 12, of: 10_000 }));
    for one in found {
        play.step(Verb::Search, Report::Searching(Searching::Found(Box::new(one))));
    }
    play.wait(Duration::from_millis(12));
    let Some((_, Action::Search(asked))) = play.last(Verb::Search) else { panic!() };
    assert_eq!(asked.text, text);
    play.done(Verb::Search, Ok(Report::Searched(asked)));
}

#[test]
fn a_search_streams_in_and_its_hit_is_read() {
    let mut play = Play::full(120, 40);
    search(&mut play, "network?/q");
    assert!(play.shows("2 of 10,000 · 12 ms"), "{}", play.screen());
    // the one that was written last is first, though it was found last
    assert!(play.screen().find("Write the release").unwrap() < play.screen().find("Retry failed").unwrap());
    assert!(play.shows("claude: release notes: the network code"));
    let Some((_, Action::Preview(_, place, query))) = play.last(Verb::Preview) else { panic!() };
    assert_eq!((place, &*query), (Excerpt::Around(40..140), "network?/q"));
    play.press(KeyCode::Down);
    let Some((_, Action::Preview(_, place, _))) = play.last(Verb::Preview) else { panic!() };
    assert_eq!(place, Excerpt::Around(700..800));
    play.press(KeyCode::Enter);
    answer_preview(&mut play, sample::page_around());
    assert!(
        play.shows("▌ Uploads fail when the network drops") && play.shows("hit 1 of 2 in it"),
        "{}",
        play.screen()
    );
    let Some((_, Action::Hits(session, _))) = play.last(Verb::Hits) else { panic!() };
    play.done(Verb::Hits, Ok(Report::Hits(session.path, sample::matched()[0].hits.clone())));
    play.text("n");
    let Some((_, Action::Preview(_, place, _))) = play.last(Verb::Preview) else { panic!() };
    assert_eq!(place, Excerpt::Around(0..100));
    answer_preview(&mut play, sample::page_around());
    assert!(play.shows("hit 2 of 2 in it"));
    play.text("nN");
    answer_preview(&mut play, sample::page_around());
    assert!(play.shows("hit 1 of 2 in it"));
    play.text("N");
    answer_preview(&mut play, sample::page_around());
    assert!(play.shows("the only hit in it"), "{}", play.screen());
    play.press(KeyCode::Enter);
    assert!(play.shows("Publish"), "{}", play.screen());
    play.press(KeyCode::Esc).press(KeyCode::Esc).press(KeyCode::Esc);
    assert!(play.shows("8 of 8") && play.shows("▌ Write the release notes"), "{}", play.screen());
}

#[test]
fn the_next_hit_is_gone_to_before_it_is_known() {
    let mut play = Play::full(120, 40);
    search(&mut play, "network");
    play.press(KeyCode::Down).press(KeyCode::Enter).text("n");
    let Some((_, Action::Hits(session, _))) = play.last(Verb::Hits) else { panic!() };
    play.done(Verb::Hits, Ok(Report::Hits(session.path, sample::matched()[0].hits.clone())));
    let Some((_, Action::Preview(_, place, _))) = play.last(Verb::Preview) else { panic!() };
    assert_eq!(place, Excerpt::Around(0..100));
}

#[test]
fn coming_from_older_hits_the_oldest_is_first_and_keys_run_ahead() {
    let mut play = Play::full(120, 40);
    let mut found = sample::matched();
    found[1].count = 2; // the newer session is gone on to from the older one
    play.ctrl('f').text("network");
    for one in found.clone() {
        play.step(Verb::Search, Report::Searching(Searching::Found(Box::new(one))));
    }
    play.press(KeyCode::Down).press(KeyCode::Enter);
    let hits = |play: &mut Play, of: usize| {
        let Some((_, Action::Hits(session, _))) = play.last(Verb::Hits) else { panic!() };
        play.done(Verb::Hits, Ok(Report::Hits(session.path, found[of].hits.clone())));
    };
    hits(&mut play, 0);
    play.text("NN");
    let mut more = found[1].clone();
    more.hits.insert(0, sample::matched()[0].hits[0].clone());
    let Some((_, Action::Hits(session, _))) = play.last(Verb::Hits) else { panic!() };
    play.done(Verb::Hits, Ok(Report::Hits(session.path, more.hits)));
    let Some((_, Action::Preview(_, place, _))) = play.last(Verb::Preview) else { panic!() };
    assert_eq!(place, Excerpt::Around(40..140), "one newer than the oldest");
}

#[test]
fn the_next_key_cancels_a_search_and_narrows_what_it_found() {
    let mut play = Play::full(80, 24);
    search(&mut play, "net");
    play.text("w");
    let Some((first, Action::Search(asked))) = play.last(Verb::Search) else { panic!() };
    let (before, files) = &*asked.before.clone().unwrap();
    assert_eq!((&**before, files.len()), ("net", 2));
    assert!(play.shows("Retry failed"), "what was found stays until there is something new");
    play.text("o");
    assert!(play.cancelled.contains(&first));
    play.press(KeyCode::Backspace);
    let Some((_, Action::Search(asked))) = play.last(Verb::Search) else { panic!() };
    play.done(Verb::Search, Ok(Report::Searched(asked)));
    assert!(play.shows("Nobody said that in one message"), "{}", play.screen());
    let error = Error::new(ErrorKind::Usage, "`since:x` cannot be read.");
    play.text(" ").done(Verb::Search, Err(error));
    assert!(play.shows("`since:x` cannot be read."), "{}", play.screen());
    // leaving stops what still runs
    play.text("a");
    let (last, _) = play.last(Verb::Search).unwrap();
    play.press(KeyCode::Esc);
    assert!(play.cancelled.contains(&last) && play.shows("8 of 8"));
}

#[test]
fn coming_back_to_the_terminal_looks_again() {
    let mut play = Play::full(80, 24);
    assert!(play.last(Verb::Scan).is_none() && play.last(Verb::Follow).is_some());
    play.input(Input::FocusGained);
    assert!(play.last(Verb::Scan).is_some());
}

#[test]
fn escape_leaves_what_is_read_and_not_the_look_behind_it() {
    let mut play = Play::full(120, 40);
    play.text("2").text("1"); // the screen looks at the handoffs by itself
    play.press(KeyCode::Right).press(KeyCode::Esc);
    assert!(play.cancelled.is_empty() && play.shows("→ read"), "{}", play.screen());
    play.press(KeyCode::Esc);
    assert!(!play.cancelled.is_empty(), "at rest it stops what runs");
}

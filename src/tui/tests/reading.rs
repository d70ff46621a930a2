//! Reading conversations, and searching inside them.

use std::time::Duration;

use crossterm::event::{Event as Input, KeyCode};

use super::{Play, sample};
use crate::tui::message::{
    Action, Changed, Error, ErrorKind, Excerpt, Page, Progress, Report, Role, Searching, Turn, Verb,
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
        start,
        end,
        size,
        ..Page::default()
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
fn nothing_of_the_list_shows_through_what_is_read() {
    let mut play = Play::full(120, 40);
    play.press(KeyCode::Down);
    answer_preview(&mut play, numbered(0..40, 400));
    assert!(play.screen().contains('│'), "a rule beside the list: {}", play.screen());
    play.press(KeyCode::Right);
    assert!(!play.screen().contains('│'), "{}", play.screen());
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
    assert!(play.shows(" of 134 lines"), "{}", play.screen());
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
    assert!(play.shows("turn number 60") && play.shows("lines so far"), "{}", play.screen());
    answer_preview(&mut play, numbered(20..60, 1000));
    assert!(play.shows("turn number 60"), "what is read stays: {}", play.screen());
    play.press(KeyCode::Home);
    answer_preview(&mut play, numbered(0..20, 1000));
    play.press(KeyCode::Home);
    assert!(play.shows("turn number 0") && !play.shows("lines so far"));
    assert!(play.last(Verb::Preview).is_none());
}

#[test]
fn reading_takes_the_whole_width_and_z_gives_it_back() {
    let mut play = Play::full(120, 40);
    play.press(KeyCode::Right);
    let wide = |play: &Play| !play.shows("Write the release notes");
    assert!(wide(&play) && play.shows("five times, with a pause that doubles."), "{}", play.screen());
    play.text("z");
    assert!(!wide(&play) && play.shows("five times, with a pause that\n"), "{}", play.screen());
    play.text("z");
    assert!(wide(&play));
    play.press(KeyCode::Esc);
    assert!(!wide(&play), "{}", play.screen());
    let mut narrow = Play::full(80, 24);
    narrow.press(KeyCode::Right).text("z");
    assert!(wide(&narrow) && narrow.shows("from 100 columns on"), "{}", narrow.screen());
}

#[test]
fn what_is_typed_is_found_in_the_conversation_that_is_read() {
    let mut play = Play::full(120, 40);
    play.press(KeyCode::Right).text("/network q");
    assert!(play.shows("find") && play.shows("network q"), "{}", play.screen());
    play.press(KeyCode::Enter);
    let Some((_, Action::Hits(session, query))) = play.last(Verb::Hits) else { panic!() };
    assert_eq!(query, "network q");
    play.done(Verb::Hits, Ok(Report::Hits(session.path, Vec::new())));
    assert!(play.shows("No message here contains “network q”."), "{}", play.screen());
    play.press(KeyCode::Backspace).press(KeyCode::Backspace).press(KeyCode::Enter);
    let Some((_, Action::Hits(session, _))) = play.last(Verb::Hits) else { panic!() };
    play.done(Verb::Hits, Ok(Report::Hits(session.path, sample::matched()[0].hits.clone())));
    let asked = |play: &Play| match play.last(Verb::Preview) {
        Some((_, Action::Preview(_, place, query))) => (place, query),
        _ => panic!("nothing is read"),
    };
    assert_eq!(asked(&play), (Excerpt::Around(700..800), "network".to_owned()));
    answer_preview(&mut play, sample::page_around());
    assert!(play.shows("match 1 of 2") && play.shows("▌ Uploads fail when"), "{}", play.screen());
    play.text("n");
    assert_eq!(asked(&play).0, Excerpt::Around(0..100));
    answer_preview(&mut play, sample::page_around());
    play.text("n");
    assert_eq!(asked(&play).0, Excerpt::Around(700..800), "from the oldest to the newest");
    answer_preview(&mut play, sample::page_around());
    // Esc leaves what was found, not the place.
    play.press(KeyCode::Esc);
    assert!(play.last(Verb::Preview).is_none() && !play.shows("match 1"), "{}", play.screen());
    play.press(KeyCode::Esc);
    assert!(play.shows("8 of 8"), "{}", play.screen());
}

#[test]
fn brackets_go_from_prompt_to_prompt() {
    let mut play = Play::full(80, 24);
    play.press(KeyCode::Down);
    let turns = (0..20).flat_map(|n| {
        let prompt = Turn::new(Role::User, format!("prompt {n}"));
        [prompt, sample::turn("one\n\n- two\n- three\n\nfour\n\nfive\n\nsix\n\nseven\n\neight\n\nnine")]
    });
    answer_preview(&mut play, Page { turns: turns.collect(), end: 400, size: 400, ..Page::default() });
    let top = |play: &Play| {
        let screen = play.screen();
        screen
            .lines()
            .skip(7)
            .find(|line| line.contains("prompt"))
            .unwrap_or_else(|| panic!("{screen}"))
            .trim()
            .to_owned()
    };
    play.press(KeyCode::Right).text("[[[");
    assert_eq!(top(&play), "prompt 17");
    play.text("]");
    assert_eq!(top(&play), "prompt 18");
    play.text("tz");
    assert_eq!(top(&play), "prompt 18");
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
        play.shows("▌ Uploads fail when the network drops") && play.shows("match 1 of 2"),
        "{}",
        play.screen()
    );
    let Some((_, Action::Hits(session, _))) = play.last(Verb::Hits) else { panic!() };
    play.done(Verb::Hits, Ok(Report::Hits(session.path, sample::matched()[0].hits.clone())));
    play.text("n");
    let Some((_, Action::Preview(_, place, _))) = play.last(Verb::Preview) else { panic!() };
    assert_eq!(place, Excerpt::Around(0..100));
    answer_preview(&mut play, sample::page_around());
    assert!(play.shows("match 2 of 2"));
    play.text("nN");
    answer_preview(&mut play, sample::page_around());
    assert!(play.shows("match 1 of 2"));
    play.text("N");
    answer_preview(&mut play, sample::page_around());
    assert!(play.shows("the only match"), "{}", play.screen());
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
    assert!(play.shows("No message contains all these words"), "{}", play.screen());
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

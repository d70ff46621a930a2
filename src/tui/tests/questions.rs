//! A question that destroys is answered by a key that was pressed after it
//! could be read, and by nothing else.

use std::time::Duration;

use crossterm::event::{
    Event as Input, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use super::Play;
use crate::tui::message::Verb;

fn key(c: char) -> Input {
    Input::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE))
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// The handoffs, with nothing asked yet.
fn handoffs() -> Play {
    let mut play = Play::full(100, 30);
    play.text("2").wait(ms(500));
    play
}

/// Whether the question was answered with yes.
fn revoked(play: &Play) -> bool {
    play.last(Verb::Revoke).is_some()
}

#[test]
fn not_by_a_key_of_the_same_read() {
    for question in ['d', 'D'] {
        let mut play = handoffs();
        play.inputs(vec![key(question), key('y')]);
        assert!(!revoked(&play) && play.shows("cancel"));
        play.press(KeyCode::Char('y'));
        assert!(revoked(&play));
    }
}

#[test]
fn not_by_a_key_that_came_before_it_was_on_the_terminal() {
    let mut play = handoffs();
    // opened, and however long ago: it was never drawn
    play.app.inputs(vec![key('d')], &play.now);
    play.wait(ms(900));
    play.app.inputs(vec![key('y')], &play.now);
    play.collect();
    assert!(!revoked(&play));
    // drawn, but the terminal has not taken it
    play.app.drawn();
    play.wait(ms(900));
    play.app.inputs(vec![key('y')], &play.now);
    play.collect();
    assert!(!revoked(&play));
    // the one that was read while it was being written
    let read = play.now;
    play.wait(ms(300));
    play.app.shown(&play.now);
    play.app.inputs(vec![key('y')], &read);
    play.collect();
    assert!(!revoked(&play));
    // sooner than anybody reads
    play.wait(ms(50)).input(key('y'));
    assert!(!revoked(&play));
    play.wait(ms(60)).input(key('y'));
    assert!(revoked(&play));
}

#[test]
fn not_in_a_row_of_keys_that_nobody_types() {
    let mut play = handoffs();
    play.press(KeyCode::Char('d')).wait(ms(500));
    play.inputs("what? y".chars().map(key).collect());
    assert!(!revoked(&play) && play.shows("cancel"));
    play.wait(ms(10)).input(key('y'));
    assert!(!revoked(&play));
    play.press(KeyCode::Char('y'));
    assert!(revoked(&play));
}

#[test]
fn not_by_a_click_a_paste_or_the_palette() {
    let mut play = handoffs();
    play.press(KeyCode::Char('d')).wait(ms(500));
    for column in 0..100 {
        let kind = MouseEventKind::Down(MouseButton::Left);
        let click = MouseEvent { kind, column, row: 29, modifiers: KeyModifiers::NONE };
        play.wait(ms(500)).input(Input::Mouse(click));
        assert!(!revoked(&play), "{column}");
        if !play.shows("cancel") {
            play.press(KeyCode::Char('d'));
        }
    }
    play.wait(ms(500)).input(Input::Paste("y".into()));
    assert!(!revoked(&play));
    play.wait(ms(500)).ctrl('p');
    play.text("yes");
    play.press(KeyCode::Enter);
    assert!(!revoked(&play));
}

#[test]
fn not_where_there_was_no_room_for_it() {
    let mut play = handoffs();
    play.resize(40, 10).press(KeyCode::Char('d'));
    play.press(KeyCode::Char('y'));
    assert!(!revoked(&play), "it could not be read");
    play.resize(100, 30).press(KeyCode::Char('y'));
    assert!(revoked(&play));
}

#[test]
fn what_is_typed_behind_a_way_out_is_for_nobody() {
    let mut play = Play::full(100, 30);
    play.inputs(vec![key('q'), key('2'), key('d')]);
    assert!(play.other.len() == 1 && !play.shows("cancel"));
    assert!(play.shows("Enter publish"));
}

#[test]
fn text_of_one_read_goes_in_as_it_was_typed() {
    for (words, shown) in [("/two  words here ", "two  words here"), ("/a b", "a b"), ("/ x", "x")] {
        let mut play = Play::full(100, 30);
        play.inputs(words.chars().map(key).collect());
        play.wait(ms(300)).input(key('!'));
        let typed = format!("{}!", &words[1..]);
        assert!(play.shows(&typed), "{shown}: {}", play.screen());
    }
}

//! The list follows what claude writes, and a conversation is found by what was
//! said in it.

use crate::support::{Device, Session};
use crate::terminal::{Terminal, until};

/// Someone says something in a session, as claude writes it.
fn say(session: &Session, words: &str, time: &str) {
    session.grows(|more| more.at(time).says(words));
}

/// In which order the list shows these titles.
fn order(terminal: &Terminal, titles: [&str; 2]) -> Option<bool> {
    let text = terminal.text();
    let row = |title| text.lines().position(|line| line.get(..60).unwrap_or(line).contains(title));
    Some(row(titles[0])? < row(titles[1])?)
}

#[test]
fn a_session_moves_up_while_one_looks_at_it() {
    let device = Device::new();
    let (first, second) = (device.session("webshop", "The first"), device.session("blog", "The second"));
    say(&second, "It is newer", "2026-11-20T11:00:00.000Z");
    let mut terminal = Terminal::of(&device, &[]);
    terminal.shows("2 of 2");
    until("the newer one to be first", || order(&terminal, ["The second", "The first"]).filter(|is| *is));
    // At once, whether or not it is watched already.
    say(&first, "Where the pelican is", "2026-11-21T10:00:00.000Z");
    until("the other one to move up", || order(&terminal, ["The first", "The second"]).filter(|is| *is));
    let third = device.session("a new one", "The third");
    say(&third, "Hello", "2026-11-22T10:00:00.000Z");
    terminal.shows("3 of 3");
    std::fs::remove_file(&third.path).unwrap();
    terminal.shows("2 of 2");
    terminal.types("q");
    assert_eq!(terminal.code(), 0);
    assert_eq!(terminal.modes(), "");
}

#[test]
fn what_was_said_is_found_and_read_there() {
    let device = Device::new();
    let session = device.session("webshop", "Feed the birds");
    device.session("blog", "Something else");
    say(&session, "Where is the PÉLICAN?", "2026-11-21T10:00:00.000Z");
    for n in 0..300 {
        say(&session, &format!("filler {n}"), "2026-11-21T11:00:00.000Z");
    }
    say(&session, "Ask the pélican again", "2026-11-21T12:00:00.000Z");
    let mut terminal = Terminal::of(&device, &[]);
    terminal.shows("2 of 2");
    terminal.types("\u{6}pél");
    terminal.shows("1 of 2 · ");
    terminal.types("ican"); // narrows what was found; the count is still of all
    terminal.shows("search        pélican ");
    terminal.shows("1 of 2 · ");
    terminal.shows("you: Ask the pélican again");
    terminal.types("\r");
    terminal.shows("▌ Ask the pélican again");
    terminal.shows("match 1 of 2");
    terminal.types("n");
    terminal.shows("▌ Where is the PÉLICAN?");
    terminal.shows("match 2 of 2");
    terminal.types("\u{1b}");
    terminal.shows("open it there");
    terminal.types("\u{1b}");
    terminal.shows("2 of 2");
    terminal.types("q");
    assert_eq!(terminal.code(), 0);
}

//! The terminal rings when a handoff arrives, and when one is picked up.

use crate::support::{Device, text};
use crate::terminal::{Terminal, until};

/// How often the terminal was rung, and asked for a notification in both forms.
fn rings(terminal: &Terminal) -> [usize; 3] {
    let all = String::from_utf8_lossy(&terminal.since(0)).into_owned();
    ["\u{7}\u{1b}]9;cclink: ", "\u{1b}]9;", "\u{1b}]777;notify;cclink;"].map(|part| all.matches(part).count())
}

#[test]
fn what_arrives_and_what_is_picked_up_rings_once() {
    for env in [&[][..], &[("NO_COLOR", "1")]] {
        let a = Device::new();
        let b = Device::copy_of(&a);
        b.session("webshop", "Move the database");
        a.publish(&["--title", "It waits"]);
        let mut terminal = Terminal::of(&b, env);
        terminal.shows("Move the database");
        terminal.types("3");
        terminal.shows("1 for you");
        assert_eq!(rings(&terminal), [0; 3], "what waits at the start is no news");
        a.publish(&["--title", "It \u{1b}]9;forged\u{7}arrives"]);
        terminal.types("R");
        terminal.shows("Arrived: “It arrives” from you");
        until("the ring", || (rings(&terminal) == [1; 3]).then_some(()));
        a.publish(&["--title", "The third"]);
        terminal.types("R");
        terminal.shows("Arrived: “The third” from you");
        until("the second ring", || (rings(&terminal) == [2; 3]).then_some(()));
        // One's own, once somebody took it.
        let own = b.publish(&[]);
        terminal.types("2");
        terminal.shows("Retry with jitter");
        terminal.hides("checking your handoffs");
        assert_eq!(rings(&terminal), [2; 3]);
        a.json(&["pickup", text(&own, "token")]);
        terminal.types("R");
        terminal.shows("Picked up by");
        until("the third ring", || (rings(&terminal) == [3; 3]).then_some(()));
        terminal.types("R");
        a.publish(&["--title", "The last"]);
        terminal.types("3R");
        terminal.shows("Arrived: “The last” from you");
        until("the last ring", || (rings(&terminal) == [4; 3]).then_some(()));
        terminal.types("q");
        assert_eq!(terminal.code(), 0);
        assert_eq!(terminal.modes(), "");
    }
}

#[test]
fn it_looks_by_itself_where_that_is_wanted() {
    let a = Device::new();
    let b = Device::copy_of(&a);
    std::fs::write(b.home.join("config.toml"), "look_every = \"5s\"\n").unwrap();
    let mut terminal = Terminal::of(&b, &[]);
    terminal.types("3");
    terminal.shows("Nothing is waiting for you");
    let own = b.publish(&[]);
    a.json(&["pickup", text(&own, "token")]);
    a.publish(&["--title", "It arrives"]);
    terminal.shows("Arrived: “It arrives” from you");
    terminal.shows("Picked up by");
    until("both rings", || (rings(&terminal) == [2; 3]).then_some(()));
    terminal.types("q");
    assert_eq!(terminal.code(), 0);
}

#[test]
fn it_can_be_told_to_be_quiet() {
    let a = Device::new();
    let b = Device::copy_of(&a);
    std::fs::write(b.home.join("config.toml"), "notices = false\n").unwrap();
    let mut terminal = Terminal::of(&b, &[]);
    terminal.types("3");
    terminal.shows("Nothing is waiting for you");
    a.publish(&["--title", "It arrives"]);
    terminal.types("R");
    terminal.shows("Arrived: “It arrives” from you");
    terminal.types("q");
    terminal.code();
    assert_eq!(rings(&terminal), [0; 3]);
}

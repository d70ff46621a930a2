//! Much at once: pastes of any length, marked or not, that end or never do.

use std::time::{Duration, Instant};

use crate::support::Device;
use crate::terminal::{Terminal, until};

fn open() -> (Device, Terminal) {
    let device = Device::new();
    device.session("garden", "Mend the gate");
    let terminal = Terminal::of(&device, &[]);
    terminal.shows("Mend the gate");
    (device, terminal)
}

/// On a busy machine; it was minutes.
const SOON: Duration = Duration::from_secs(15);

#[test]
fn a_large_paste_is_cut_to_what_the_field_holds_and_that_is_said() {
    let (_device, mut terminal) = open();
    for field in ["/", "\x06", ":"] {
        terminal.types(field);
        terminal.shows(if field == ":" { "run" } else { "Enter" });
        let start = Instant::now();
        terminal.types(&format!("\x1b[200~{}\x1b[201~", "x".repeat(300_000)));
        terminal.shows("Only the first 4096 characters were pasted.");
        assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
        until("the list", || {
            // Esc as it cannot be taken for a beginning
            terminal.types("\x1b[27u");
            let text = terminal.text();
            (text.contains("Enter publish") && !text.contains("xxxx")).then_some(())
        });
    }
    terminal.types("\x03");
    assert_eq!(terminal.code(), 0);
}

#[test]
fn a_flood_of_keys_is_taken_in_time_and_signals_do_not_wait_for_it() {
    let (_device, mut terminal) = open();
    terminal.types("/");
    terminal.shows("keep the filter");
    let start = Instant::now();
    terminal.types(&"x".repeat(300_000));
    terminal.shows("xxxxxxxx");
    terminal.types("\x03");
    assert_eq!(terminal.code(), 0);
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}

#[test]
fn a_paste_that_never_ends_lets_go_of_the_keys() {
    let (_device, mut terminal) = open();
    // A Ctrl-C is one at once.
    terminal.types("/");
    terminal.shows("keep the filter");
    terminal.types("\x1b[200~some words");
    until("Ctrl-C", || {
        terminal.types("\x03");
        terminal.modes().is_empty().then_some(())
    });
    assert_eq!(terminal.code(), 0);
    // And after a moment without a byte it is over by itself.
    let (_device, mut terminal) = open();
    terminal.types("/");
    terminal.shows("keep the filter");
    terminal.types("\x1b[200~some words");
    terminal.shows("some words");
    terminal.types("!");
    terminal.shows("some words!");
    terminal.types("\x03");
    assert_eq!(terminal.code(), 0);
    // A signal does not care.
    let device = Device::new();
    device.session("garden", "Mend the gate");
    let mut terminal = Terminal::shell_of(&device, "\"$0\"; exit $?", &[]);
    terminal.shows("Mend the gate");
    terminal.types("\x1b[200~some words");
    terminal.signal("TERM");
    assert_eq!(terminal.code(), 143);
    assert_eq!(terminal.modes(), "");
}

//! The main job on the screen: publish on one device, pick up on the other.

use crate::support::tool_is_missing;
use crate::terminal::{Terminal, until, zbarimg};

const DOWN: &str = "\x1b[B";

/// The token that the detail of a handoff shows.
fn token(screen: &str) -> Option<String> {
    let line = screen.lines().find(|line| line.contains(" token "))?;
    line.split_whitespace().last().map(str::to_owned)
}

/// The first countdown on the screen, in seconds.
fn countdown(screen: &str) -> Option<u64> {
    let line = screen.lines().find(|line| line.contains("7h 5"))?;
    let from = line.find("7h 5")?;
    let mut parts = line[from..].split_whitespace();
    let mut number = |unit: char| parts.next()?.trim_end_matches(unit).parse::<u64>().ok();
    Some(number('h')? * 3600 + number('m')? * 60 + number('s')?)
}

#[test]
fn a_session_is_handed_over_with_arrows_and_enter() {
    let mut terminal = Terminal::demo();
    terminal.types(DOWN);
    terminal.shows("▌ Split the tokenizer");
    terminal.types("\r");
    terminal.shows("Publish: Split the tokenizer");
    terminal.types("\r");
    terminal.shows("Published. Your devices");
    terminal.types("2");
    terminal.shows("expires in");
    // It counts down by the second.
    let first = until("a countdown", || countdown(&terminal.text()));
    until("three steps of it", || countdown(&terminal.text()).filter(|now| *now <= first - 3));
    let token = until("the token", || token(&terminal.text()));
    assert!(token.starts_with('d') && token.len() == 14, "{token}");
    terminal.types("\r");
    terminal.shows("the link, for cclink");
    if !tool_is_missing("zbarimg") {
        let read = zbarimg(&terminal.picture(0), terminal.home.path());
        assert!(read.to_lowercase().ends_with(&format!("/cclink/{token}")), "read {read:?}");
    }
    terminal.types("\x1b");
    terminal.hides("the link, for cclink");
    terminal.types("3");
    terminal.shows("2 for you");
    terminal.shows("▌ Prices are off");
    terminal.types("\r");
    terminal.shows("signed by dana");
    terminal.shows("The command to run on its machine");
    terminal.types("q");
    assert_eq!(terminal.code(), 0);
    assert_eq!(terminal.modes(), "");
}

#[test]
fn the_conversation_of_the_other_device_comes_along() {
    let scratch = tempfile::tempdir().unwrap();
    let tmp = scratch.path().to_str().unwrap();
    let mut terminal = Terminal::shell("exec \"$0\" --demo", &[("TMPDIR", tmp)]);
    terminal.shows("13 of 13");
    assert!(!terminal.text().contains("Prices are off"), "it lives elsewhere:\n{}", terminal.text());
    terminal.types("3");
    terminal.shows("▌ Prices are off");
    terminal.types("\r");
    terminal.shows("Fetch its conversation, then continue here");
    terminal.shows("~/Sync");
    terminal.types("\r");
    // What stands in for claude is on the terminal, in the project's folder on this device.
    terminal.shows("Claude Code would continue session");
    terminal.shows("/travel-laptop/src/shop.");
    terminal.types("\r");
    terminal.shows("Back from the session.");
    // The same offer once more: all of it is here.
    terminal.shows("▌  Continue here, on this machine");
    terminal.types("\r");
    terminal.shows("Enter goes back");
    terminal.types("\r");
    terminal.hides("Enter goes back");
    terminal.shows("▌  Continue here, on this machine");
    terminal.types(DOWN);
    terminal.shows("▌  Fetch its conversation");
    terminal.types("\r");
    terminal.shows("it was already here, complete");
    terminal.shows("Enter goes back");
    terminal.types("\r");
    terminal.hides("Enter goes back");
    terminal.shows("Back from the session.");
    terminal.types("1");
    terminal.shows("14 of 14");
    terminal.shows("Prices are off by one cent");
    // It is resumed like any other.
    while !terminal.text().contains("▌ Prices are off") {
        let at = terminal.text();
        terminal.types(DOWN);
        until("the next row", || (terminal.text() != at).then_some(()));
    }
    terminal.shows("Totals are sometimes one cent too high");
    terminal.types("r");
    terminal.shows("Claude Code would continue session");
    terminal.types("\r");
    terminal.shows("Back from claude.");
    terminal.types("q");
    assert_eq!(terminal.code(), 0);
    assert_eq!(terminal.modes(), "");
    assert_eq!(std::fs::read_dir(tmp).unwrap().count(), 0, "nothing stays");
    assert_eq!(std::fs::read_dir(terminal.home.path()).unwrap().count(), 0, "nothing of the user's");
}

#[test]
fn the_folder_of_both_devices_is_a_way_to_publish() {
    let mut terminal = Terminal::demo();
    terminal.types(DOWN);
    terminal.shows("▌ Split the tokenizer");
    terminal.types("\r");
    terminal.shows("‹stays here›  included, in ~/Sync");
    terminal.types("\t\t\t\x1b[C");
    terminal.shows("‹included, in ~/Sync");
    // What it means was agreed to: nothing is asked.
    terminal.types("\r");
    terminal.shows("Published. Your devices");
    terminal.types("q");
    assert_eq!(terminal.code(), 0);
}

#[test]
fn a_qr_is_read_at_80_by_24_and_with_gaps_between_rows() {
    if tool_is_missing("zbarimg") {
        return;
    }
    let mut terminal = Terminal::demo();
    terminal.resize(80, 24);
    terminal.types("\r");
    terminal.shows("Publish: ");
    terminal.types("\r");
    terminal.shows("Published.");
    terminal.types("2");
    terminal.shows("1 active");
    terminal.types("\r");
    terminal.shows("/cclink/d");
    let half = until("the QR to be read", || {
        Some(zbarimg(&terminal.picture(0), terminal.home.path())).filter(|r| !r.is_empty())
    });
    assert!(half.starts_with("PK:"), "{half}");
    // Full cells need more room, and bridge the gaps.
    terminal.resize(120, 50);
    terminal.types("f");
    let full = until("the QR in full cells", || {
        Some(zbarimg(&terminal.picture(2), terminal.home.path())).filter(|read| !read.is_empty())
    });
    assert_eq!(full, half);
    terminal.types("q");
    terminal.code();
}

#[test]
fn every_code_is_read_without_colours_too() {
    if tool_is_missing("zbarimg") {
        return;
    }
    for env in [&[][..], &[("NO_COLOR", "1")], &[("TERM", "xterm")]] {
        let mut terminal = Terminal::shell("exec \"$0\" --demo", env);
        terminal.shows("Retry with jitter for the uploader");
        terminal.resize(80, 24);
        terminal.types("\r");
        terminal.shows("Publish: ");
        terminal.types("\r");
        terminal.shows("Published.");
        terminal.types("2");
        terminal.shows("1 active");
        terminal.types("\r");
        for (place, starts) in [("1 of 2", "PK:"), ("2 of 2", "cclink pickup d")] {
            terminal.shows(place);
            let read = until("the code to be read", || {
                Some(zbarimg(&terminal.picture(0), terminal.home.path())).filter(|read| !read.is_empty())
            });
            assert!(read.starts_with(starts), "{env:?}: {read}");
            terminal.types("\t");
        }
        terminal.types("q");
        terminal.code();
    }
}

#[test]
fn resizing_while_a_job_runs_loses_nothing() {
    let mut terminal = Terminal::demo();
    // by arrows: an Enter right behind a character would look pasted
    terminal.types(DOWN);
    terminal.shows("▌ Split the tokenizer");
    terminal.types("\r");
    terminal.shows("Publish: Split the tokenizer");
    terminal.types("\r");
    for step in 0..30u16 {
        terminal.resize(60 + step * 5 % 140, 16 + step * 3 % 44);
    }
    terminal.resize(100, 30);
    terminal.types("2");
    terminal.shows("1 active");
    terminal.shows("Split the tokenizer");
    terminal.types("q");
    assert_eq!(terminal.code(), 0);
    assert_eq!(terminal.modes(), "");
}

#[test]
fn the_demo_leaves_nothing_behind() {
    let scratch = tempfile::tempdir().unwrap();
    let tmp = scratch.path().to_str().unwrap().to_owned();
    for signal in [None, Some("TERM"), Some("HUP")] {
        let mut terminal = Terminal::shell("\"$0\" --demo; true", &[("TMPDIR", &tmp)]);
        terminal.shows("Retry with jitter for the uploader");
        assert_eq!(std::fs::read_dir(&tmp).unwrap().count(), 1, "it lives below TMPDIR");
        match signal {
            None => terminal.types("q"),
            Some(name) => terminal.signal(name),
        }
        terminal.code();
        let left: Vec<_> = std::fs::read_dir(&tmp).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "after {signal:?}: {left:?}");
        // The user's own home was neither read nor written.
        assert_eq!(std::fs::read_dir(terminal.home.path()).unwrap().count(), 0);
    }
}

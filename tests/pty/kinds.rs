//! Terminals of other kinds: of lines only, of long ago, of any size, and those
//! that nobody reads.

use std::fs;
use std::time::Instant;

use crate::support::Device;
use crate::terminal::{Terminal, until};

fn device() -> Device {
    let device = Device::new();
    device.session("garden", "Mend the gate");
    device
}

#[test]
fn where_there_are_only_lines_the_commands_are_named() {
    let device = Device::new();
    let session = device.session("garden", "Mend the gate");
    let publish = format!("exec \"$0\" publish {} --qr", session.id);
    for term in ["dumb", ""] {
        for line in ["exec \"$0\"", "exec \"$0\" --demo"] {
            let mut terminal = Terminal::shell_of(&device, line, &[("TERM", term)]);
            assert_eq!(terminal.code(), 2, "{line}");
            let said = String::from_utf8(terminal.since(0)).unwrap();
            assert!(said.contains("cclink publish") && !said.contains('\x1b'), "{said:?}");
        }
        let mut terminal = Terminal::shell_of(&device, &publish, &[("TERM", term)]);
        assert_eq!(terminal.code(), 0);
        let said = String::from_utf8(terminal.since(0)).unwrap();
        assert!(said.contains("No QR code") && !said.contains('\x1b'), "{said:?}");
    }
}

#[test]
fn a_vt100_gets_nothing_that_it_does_not_know() {
    let device = device();
    let mut terminal = Terminal::shell_of(&device, "exec \"$0\"", &[("TERM", "vt100")]);
    terminal.shows("Mend the gate");
    terminal.types("?");
    terminal.shows("╭ Keys");
    terminal.types("\x1b");
    terminal.hides("╭ Keys");
    terminal.types("q");
    assert_eq!(terminal.code(), 0);
    let written = String::from_utf8(terminal.since(0)).unwrap();
    for sequence in written.split('\x1b').skip(1) {
        let Some(control) = sequence.strip_prefix('[') else {
            assert!(sequence.starts_with(['7', '8']), "{sequence:?}");
            continue;
        };
        let (params, rest) = control.split_at(control.find(|c: char| c.is_ascii_alphabetic()).unwrap());
        let known = match &rest[..1] {
            "H" => params.split(';').all(|n| n.is_empty() || n.parse::<u16>().is_ok()),
            "J" | "K" => matches!(params, "" | "2"),
            "m" => params.split(';').all(|n| matches!(n, "" | "0" | "1" | "4" | "7")),
            _ => false,
        };
        assert!(known, "{control:?}");
    }
    assert!(!written.contains('\u{7}'));
}

#[test]
fn no_size_takes_all_the_memory() {
    let device = device();
    let mut terminal = Terminal::of(&device, &[]);
    terminal.shows("Mend the gate");
    for (columns, rows) in [(9999, 9999), (65535, 65535), (1, 65535), (65535, 1)] {
        terminal.claims(columns, rows);
        let before = terminal.written();
        terminal.types("\x0c");
        until("a picture", || (terminal.written() > before).then_some(()));
    }
    let status = fs::read_to_string(format!("/proc/{}/status", terminal.own_pid())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 400_000, "{peak} kB");
    terminal.claims(120, 40);
    terminal.types("q");
    assert_eq!(terminal.code(), 0);
}

#[test]
fn a_terminal_that_nobody_reads_holds_nothing_up() {
    let device = device();
    for signal in ["TERM", "INT"] {
        let mut terminal = Terminal::shell_of(&device, "\"$0\"; exit $?", &[]);
        terminal.shows("Mend the gate");
        terminal.reads(false);
        // More than the pipe between the two holds.
        for _ in 0..60 {
            terminal.types("\x0c");
            let asked = Instant::now();
            until("a moment", || (asked.elapsed().as_millis() > 20).then_some(()));
        }
        let asked = Instant::now();
        terminal.signal(signal);
        let pid = terminal.own_pid();
        // Only the program: the end of the output is not read here.
        until("its end", || {
            let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
            children.map_or(true, |children| children.trim().is_empty()).then_some(())
        });
        println!("{signal}: {:?}", asked.elapsed());
        assert!(asked.elapsed().as_secs() < 5, "{:?}", asked.elapsed());
        terminal.reads(true);
        assert_eq!(terminal.code(), if signal == "TERM" { 143 } else { 130 });
        assert_eq!(terminal.modes(), "");
    }
}

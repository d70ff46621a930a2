//! What a terminal answers to somebody is nothing that a user typed.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::{Device, session};
use crate::terminal::{Terminal, until};

/// Answers that terminals give, with letters in them that are keys of the screen.
const ANSWERS: [&[u8]; 14] = [
    b"\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\",
    b"\x1b]10;rgb:ffff/ffff/ffff\x07",
    b"\x1b]4;1;rgb:ffff/0000/0000\x07",
    b"\x1b]52;c;cXEKcnIKeQ==\x07",
    b"\x1b]7501;r\x1b\\",
    b"\x1bP>|kitty yr(0.35.2)\x1b\\",
    b"\x1bP1$r0m\x1b\\",
    b"\x1bP1+r536d756c78=71\x1b\\",
    b"\x1b_Gi=31;OK r q\x1b\\",
    b"\x1b^r\r\x1b\\",
    b"\x9d11;rgb:ffff\x9c",
    b"\x1b[>41;354;0c",
    b"\x1b[?62;4;22c",
    b"\x1b[?2026;2$y",
];

/// A claude that marks its start, and ends when it is told to.
const CLAUDE: &str = r#"#!/bin/sh
[ "$1" = --version ] && { echo '2.1.330 (Claude Code)'; exit 0; }
echo started >> "$CLAUDE_CONFIG_DIR/started"
until [ -e "$CLAUDE_CONFIG_DIR/end" ]; do sleep 0.05; done
"#;

fn device() -> Device {
    let device = Device::new();
    fs::write(device.fake_claude(), CLAUDE).unwrap();
    fs::set_permissions(device.fake_claude(), fs::Permissions::from_mode(0o755)).unwrap();
    // one after the other: what came last stays the first row, however it is read
    for (hour, title) in ["Move the database", "Mend the gate", "Water the plants"].iter().enumerate() {
        let time = format!("2026-11-20T1{hour}:00:05.000Z");
        session::write_session(&device.claude, &device.project("garden"), title, &time);
    }
    device
}

fn starts(device: &Device) -> usize {
    fs::read_to_string(device.claude.join("started")).map_or(0, |text| text.lines().count())
}

/// Help comes and goes: every key before it was taken.
fn settle(terminal: &mut Terminal) {
    terminal.types("?");
    terminal.shows("╭ Keys");
    terminal.types("?");
    terminal.hides("╭ Keys");
}

#[test]
fn answers_press_no_key_however_they_are_cut() {
    let device = device();
    let mut terminal = Terminal::of(&device, &[]);
    terminal.shows("Mend the gate");
    // the one between says how far the reading is, which goes on by itself
    let rows = |terminal: &Terminal| {
        let text = terminal.text();
        text.lines().take(1).chain(text.lines().skip(2).take(6)).map(str::to_owned).collect::<Vec<_>>()
    };
    terminal.shows("3 of 3");
    terminal.hides("reading …");
    settle(&mut terminal);
    let before = rows(&terminal);
    for answer in ANSWERS {
        terminal.sends(answer);
        for byte in answer {
            terminal.sends(&[*byte]);
        }
        settle(&mut terminal);
        assert_eq!(rows(&terminal), before, "{}", answer.escape_ascii());
    }
    assert_eq!(starts(&device), 0, "claude was started by an answer");
    terminal.types("q");
    assert_eq!(terminal.code(), 0);
}

#[test]
fn answers_to_a_claude_that_is_gone_press_no_key() {
    let device = device();
    let mut terminal = Terminal::of(&device, &[]);
    terminal.shows("Mend the gate");
    terminal.types("r");
    until("claude", || (starts(&device) == 1).then_some(()));
    // It never reads what it asked for, nor what is typed meanwhile.
    terminal.sends(b"r\r1e1e/1e1e/2e2e\x1b\\");
    terminal.sends(&ANSWERS.concat());
    fs::write(device.claude.join("end"), "").unwrap();
    terminal.shows("Back from claude.");
    terminal.sends(&ANSWERS.concat());
    settle(&mut terminal);
    assert!(terminal.text().contains("Enter publish"), "{}", terminal.text());
    terminal.types("q");
    assert_eq!(terminal.code(), 0);
    assert_eq!(starts(&device), 1);
}

#[test]
fn an_answer_without_an_end_keeps_no_claude_waiting() {
    let device = device();
    let mut terminal = Terminal::of(&device, &[]);
    terminal.shows("Mend the gate");
    terminal.types("r");
    until("claude", || {
        terminal.sends(b"\x1b]11;rgb:1e1e");
        (starts(&device) == 1).then_some(())
    });
    fs::write(device.claude.join("end"), "").unwrap();
    terminal.shows("Back from claude.");
    settle(&mut terminal);
    terminal.types("q");
    assert_eq!(terminal.code(), 0);
    assert_eq!(starts(&device), 1);
}

#[test]
fn a_question_is_answered_by_a_key_that_followed_it() {
    let device = device();
    device.publish(&["--title", "Stays alive"]);
    let mut terminal = Terminal::of(&device, &[]);
    terminal.types("2");
    terminal.shows("1 active");
    // An unmarked paste: the question and its answer in one go.
    terminal.types("dy");
    terminal.shows("cancel");
    terminal.sends(&ANSWERS.concat());
    terminal.types("\x1b[200~y\x1b[201~");
    // a click on "y yes", which the last row shows
    let row = terminal.text().lines().count();
    terminal.types(&format!("\x1b[<0;2;{row}M\x1b[<0;2;{row}m"));
    terminal.types("n");
    terminal.hides("cancel");
    let rows = device.json(&["list"]);
    assert_eq!(rows.as_array().unwrap().len(), 1, "{rows}");
    terminal.types("d");
    terminal.shows("cancel");
    // a user reads, and presses it again where it came too soon
    until("its end", || {
        terminal.types("y");
        (!terminal.text().contains("cancel")).then_some(())
    });
    terminal.shows("Revoked 1 handoff");
    terminal.types("q");
    assert_eq!(terminal.code(), 0);
}

//! The screen steps aside for a claude that talks with the user, and comes back
//! as it was, however that one ended.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::{Device, session};
use crate::terminal::{Terminal, until};

/// A claude that reads a line from the terminal and does what it says.
const CLAUDE: &str = r#"#!/bin/sh
[ "$1" = --version ] && { echo '2.1.330 (Claude Code)'; exit 0; }
stty -g > "$CLAUDE_CONFIG_DIR/modes"
printf '\n\n\n\n\n\n\n\nthe fake claude asks: '
IFS= read -r line
printf '%s\n' "$line" > "$CLAUDE_CONFIG_DIR/heard"
leave_all_on() {
    printf '\033[?1049h\033[?1003h\033[?1006h\033[?1004h\033[?25l\033[?1h\033=\033[5;10r\033(0\033[7;31m\033[?7l'
    stty raw -echo
}
case $line in
    fail*) exit 7 ;;
    die*) kill -KILL $$ ;;
    'leave raw'*) leave_all_on; exit 0 ;;
    'die raw'*) leave_all_on; kill -KILL $$ ;;
esac
"#;

/// The program between two looks at the modes of the line.
const BETWEEN: &str = "before=$(stty -g); \"$0\"; code=$?; after=$(stty -g); \
     [ \"$before\" = \"$after\" ] && echo \"same modes\" || echo \"other modes\"; echo \"$before\"; echo \"code $code.\"";

fn device() -> Device {
    let device = Device::new();
    fs::write(device.fake_claude(), CLAUDE).unwrap();
    fs::set_permissions(device.fake_claude(), fs::Permissions::from_mode(0o755)).unwrap();
    device
}

/// Says `line` to the claude that has the terminal now.
fn say(terminal: &mut Terminal, device: &Device, line: &str) {
    terminal.shows("the fake claude asks:");
    assert_eq!(terminal.modes(), "", "the terminal is all its own");
    terminal.types(line);
    terminal.types("\n");
    let heard = until("what it heard", || {
        fs::read_to_string(device.claude.join("heard")).ok().filter(|heard| heard.ends_with('\n'))
    });
    assert_eq!(heard, format!("{line}\n"), "every key reached it");
    fs::remove_file(device.claude.join("heard")).unwrap();
}

/// The row that is selected.
fn selected(terminal: &Terminal) -> Option<String> {
    terminal.text().lines().find_map(|line| line.split_once('▌')).map(|(_, row)| row[..20].to_owned())
}

#[test]
fn it_comes_back_unharmed_however_claude_ended() {
    let device = device();
    // one after the other: what came last stays the first row, however it is read
    for (hour, title) in ["Move the database", "Mend the gate", "Water the plants"].iter().enumerate() {
        let time = format!("2026-11-20T1{hour}:00:05.000Z");
        session::write_session(&device.claude, &device.project("garden"), title, &time);
    }
    for (line, said) in [
        ("hello, 외주 q", "Back from claude."),
        ("fail", "claude failed with exit code 7."),
        ("die", "claude was killed (signal 9)."),
        ("leave raw", "Back from claude."),
        ("die raw", "claude was killed (signal 9)."),
    ] {
        let mut terminal = Terminal::shell_of(&device, BETWEEN, &[]);
        terminal.shows("3 of 3");
        terminal.types("G");
        let row = until("the last row", || selected(&terminal).filter(|row| !row.contains("Water")));
        terminal.types("r");
        say(&mut terminal, &device, line);
        terminal.shows(said);
        assert_eq!(selected(&terminal), Some(row.clone()), "{line}: the same row");
        assert!(terminal.text().contains("Enter publish"), "{line}: the same pane: {}", terminal.text());
        assert!(
            terminal.modes().contains("alternate screen") && terminal.modes().contains("mouse"),
            "{line}"
        );
        // Keys are keys again, and the picture has all of the screen.
        terminal.types("\x1b[A");
        until("another row", || selected(&terminal).filter(|now| *now != row));
        terminal.types("q");
        terminal.code();
        let end = until("the end", || Some(terminal.text()).filter(|text| text.contains("code 0.")));
        assert!(end.contains("same modes"), "{line}: {end}");
        // What claude wrote stays, and the shell goes on below it.
        let [asked, below] = ["the fake claude asks:", "same modes"].map(|words| end.find(words));
        assert!(asked.is_some() && asked < below, "{line}: {end}");
        let inside = fs::read_to_string(device.claude.join("modes")).unwrap();
        assert!(end.contains(inside.trim()), "{line}: claude had the modes of the shell: {inside} in {end}");
        assert_eq!(terminal.modes(), "", "{line} leaves modes behind");
    }
}

#[test]
fn a_pickup_comes_back_to_where_it_was() {
    let device = device();
    let other = Device::beside(&device);
    other.publish(&["--title", "Mend the gate"]);
    let mut terminal = Terminal::of(&device, &[]);
    terminal.types("3");
    terminal.shows("1 for you");
    terminal.types("\r");
    terminal.shows("Go on here, on this machine");
    terminal.types("\r");
    say(&mut terminal, &device, "fail");
    terminal.shows("claude failed with exit code 7.");
    assert!(terminal.text().contains("Mend the gate"), "{}", terminal.text());
    // the note goes first, then what was found
    terminal.types("\x1b");
    terminal.hides("claude failed");
    terminal.types("\x1b");
    terminal.shows("look at it");
    terminal.types("q");
    assert_eq!(terminal.code(), 0);
    assert_eq!(terminal.modes(), "");
}

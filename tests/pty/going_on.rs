//! Going on from the screen: nothing is taken before it is sure that claude works,
//! and what a child says reaches the screen.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::{Device, row, text};
use crate::terminal::{Terminal, until};

fn started(device: &Device) -> Option<Vec<String>> {
    let started = device.claude_started().map(|started| started.args);
    if started.is_some() {
        fs::remove_file(device.path("claude-was-started")).unwrap();
    }
    started
}

#[test]
fn a_claude_that_fails_takes_nothing_in_the_screen() {
    let device = Device::new();
    let other = Device::beside(&device);
    let published = other.publish(&["--title", "Mend the gate", "--burn"]);
    let token = text(&published, "token");
    let broken = "#!/bin/sh\necho 'the licence of this claude is lost' >&2\nexit 3\n";
    let whole = fs::read_to_string(device.fake_claude()).unwrap();
    fs::write(device.fake_claude(), broken).unwrap();
    fs::set_permissions(device.fake_claude(), fs::Permissions::from_mode(0o755)).unwrap();
    let state = || text(row(&other.json(&["list", "--all"]), token).expect("listed"), "state").to_owned();
    let mut terminal = Terminal::of(&device, &[]);
    terminal.types("3");
    terminal.shows("1 for you");
    terminal.types("\r");
    terminal.shows("Go on here, on this machine");
    terminal.types("\r");
    terminal.shows("the licence of this claude is lost");
    terminal.shows("Nothing was picked up");
    assert_eq!(state(), "live");
    // The same row again, once it works.
    fs::write(device.fake_claude(), whole).unwrap();
    terminal.types("\x1b\r");
    terminal.shows("Go on here, on this machine");
    terminal.types("\r");
    until("claude", || started(&device));
    terminal.shows("picked up");
    assert_eq!(state(), "burned");
    terminal.types("q");
    assert_eq!(terminal.code(), 0);
}

#[test]
fn what_ssh_says_is_shown_and_its_script_is_not() {
    let device = Device::new();
    let other = Device::copy_of(&device);
    let published = other.publish(&["--title", "Mend the gate", "--ssh", "ada@127.0.0.1:1"]);
    let mut terminal = Terminal::of(&device, &[]);
    terminal.types("3");
    terminal.shows("1 for you");
    terminal.types("\r");
    terminal.shows("Go on over SSH, where it");
    terminal.types("\r");
    terminal.shows("ssh failed with exit code 255");
    terminal.shows("Connection refused");
    terminal.shows("ssh -p 1 ada@127.0.0.1");
    let note = terminal.text();
    assert!(!note.contains("✓ picked up"), "{note}");
    let listed = other.json(&["list", "--all"]);
    assert!(row(&listed, text(&published, "token")).unwrap()["picked_up"].is_null(), "{listed:#}");
    terminal.types("q");
    assert_eq!(terminal.code(), 0);
}

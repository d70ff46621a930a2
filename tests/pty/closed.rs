//! The window is closed, or the line is cut: what must be finished is, without
//! a terminal to say so.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::{Device, text};
use crate::terminal::{Terminal, until};

/// Its own words go to a file: with the window they would be gone.
const LOGGED: &str = "exec \"$0\" 2> \"$CCLINK_HOME/said\"";

/// It ends as a shell counts SIGHUP, and nothing went wrong, whether its words
/// can be written or not.
fn ends_in_order(device: &Device, terminal: &mut Terminal) {
    terminal.hang_up();
    assert_eq!(terminal.code(), 129);
    let said = fs::read_to_string(device.home.join("said")).unwrap_or_default();
    assert_eq!(said, "");
}

#[test]
fn a_closed_window_ends_it_in_order() {
    let device = Device::new();
    device.session("garden", "Mend the gate");
    for line in [LOGGED, "exec \"$0\""] {
        for keys in ["", "2", "\r", "?", "/abc", "3"] {
            let mut terminal = Terminal::shell_of(&device, line, &[]);
            terminal.shows("Mend the gate");
            terminal.types(keys);
            ends_in_order(&device, &mut terminal);
        }
    }
}

#[test]
fn the_phone_pass_goes_with_the_window() {
    let (device, phone) = (Device::new(), Device::new());
    fs::write(device.home.join("config.toml"), "web = \"https://example.org/cclink/\"\n").unwrap();
    device.publish(&[]);
    for (line, keys) in [(LOGGED, ""), ("exec \"$0\"", ""), (LOGGED, "q"), (LOGGED, "\x1b")] {
        let mut terminal = Terminal::shell_of(&device, line, &[]);
        terminal.types("2");
        terminal.shows("1 active");
        terminal.types("\r");
        terminal.shows("p makes a phone pass");
        terminal.types("p");
        terminal.shows("or until you close this");
        let rows = device.json(&["list", "--all"]);
        let row = rows
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["audience"]["kind"] == "link" && row["state"] == "live");
        let link = text(row.expect("the pass is listed"), "link").to_owned();
        // also while it is on its way out already
        terminal.types(keys);
        terminal.hang_up();
        let code = terminal.code();
        assert!(code == 129 || keys == "q" && code == 0, "{code}");
        let refused = phone.cmd(&["pickup", &link]).fails(3);
        assert!(refused.stderr.contains("revoked"), "{}", refused.stderr);
    }
}

#[test]
fn a_publish_on_its_way_is_no_half_one() {
    let device = Device::new();
    let other = Device::copy_of(&device);
    for at in 0..4 {
        device.session("garden", &format!("Mend gate {at}"));
        let mut terminal = Terminal::shell_of(&device, LOGGED, &[]);
        terminal.shows(&format!("Mend gate {at}"));
        terminal.types("\r");
        terminal.shows("Publish: ");
        terminal.types("\r");
        until("its beginning", || (!terminal.text().contains("Publish: ")).then_some(()));
        ends_in_order(&device, &mut terminal);
        // What is told of it is so: it is there for the other device, or not at all.
        let rows = device.json(&["list"]);
        for row in rows.as_array().unwrap().iter().filter(|row| row["state"] != "picked_up") {
            assert_eq!(row["state"], "live", "{row}");
            other.cmd(&["pickup", text(row, "token"), "--print"]).ok();
        }
    }
}

#[test]
fn the_folder_of_the_demo_goes_with_the_window() {
    let device = Device::bare();
    let temp = device.path("temp");
    fs::create_dir(&temp).unwrap();
    let name = temp.to_str().unwrap().to_owned();
    for shown in [true, false] {
        let line = "exec \"$0\" --demo";
        let mut terminal = Terminal::shell_of(&device, line, &[("TMPDIR", &name)]);
        if shown {
            terminal.shows("Retry with jitter for the uploader");
        } else {
            until("the folder", || fs::read_dir(&temp).unwrap().next().map(drop));
        }
        assert!(fs::read_dir(&temp).unwrap().next().is_some(), "its folder is there");
        terminal.hang_up();
        assert_eq!(terminal.code(), 129, "shown: {shown}");
        assert_eq!(fs::read_dir(&temp).unwrap().count(), 0, "shown: {shown}");
    }
}

#[test]
fn a_child_that_has_the_terminal_is_ended_with_it() {
    let device = Device::new();
    device.session("garden", "Mend the gate");
    let script = "#!/bin/sh\n[ \"$1\" = --version ] && { echo '2.1.330 (Claude Code)'; exit 0; }\n\
        trap '' HUP\necho $$ > \"$CLAUDE_CONFIG_DIR/pid\"\nwhile :; do sleep 0.1; done\n";
    fs::write(device.fake_claude(), script).unwrap();
    fs::set_permissions(device.fake_claude(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut terminal = Terminal::shell_of(&device, LOGGED, &[]);
    terminal.shows("Mend the gate");
    terminal.types("r");
    let pid = until("claude", || {
        fs::read_to_string(device.claude.join("pid")).ok().filter(|pid| pid.ends_with('\n'))
    });
    ends_in_order(&device, &mut terminal);
    until("the end of claude", || (!std::path::Path::new("/proc").join(pid.trim()).exists()).then_some(()));
}

#[test]
fn its_memory_is_written_to_no_file_and_read_by_nobody() {
    use std::os::unix::fs::MetadataExt;
    let device = Device::new();
    device.session("garden", "Mend the gate");
    let mut terminal = Terminal::shell_of(&device, "ulimit -Sc unlimited; exec \"$0\"", &[]);
    terminal.shows("Mend the gate");
    let process = std::path::Path::new("/proc").join(terminal.own_pid().to_string());
    let limits = fs::read_to_string(process.join("limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    // The system gives the files of such a process to root, whoever runs it.
    let memory = fs::metadata(process.join("mem")).unwrap();
    assert_eq!(memory.uid(), 0);
    terminal.types("q");
    assert_eq!(terminal.code(), 0);
}

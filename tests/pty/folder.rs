//! The question where a project is, asked in the screen; and that what a child
//! ends with is there to be read when the screen is back.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::Device;
use crate::support::repository::Reached;
use crate::terminal::{Terminal, until};

/// Opens the only handoff, and selects the way behind the first; by an arrow, for
/// an Enter right behind a letter looks pasted to the form that opens.
fn second_way(terminal: &mut Terminal) {
    terminal.types("3");
    terminal.shows("1 for you");
    terminal.types("\r");
    terminal.shows("Bring it to this machine");
    terminal.hides("checking for anything newer");
    terminal.types("\x1b[B");
}

/// Types words and Enter.
fn enters(terminal: &mut Terminal, words: &str) {
    terminal.types(words);
    terminal.shows(&format!("▸ folder        {words}"));
    terminal.types("\r");
}

#[test]
fn it_is_cloned_into_the_folder_that_was_typed() {
    let Some(Reached { a: _a, b, sshd }) = Reached::start("uploader") else { return };
    let (ssh, open) = (b.path("bin/ssh-of-git"), b.path("open"));
    let script = format!(
        "#!/bin/sh\n[ -e '{}' ] || {{ echo 'the door is shut' >&2; exit 255; }}\nexec {} \"$@\"\n",
        open.display(),
        sshd.ssh_command()
    );
    fs::write(&ssh, script).unwrap();
    fs::set_permissions(&ssh, fs::Permissions::from_mode(0o755)).unwrap();
    let mut terminal =
        Terminal::of(&b, &[("GIT_SSH_COMMAND", ssh.to_str().unwrap()), ("GIT_SSH_VARIANT", "ssh")]);
    second_way(&mut terminal);
    for shut in [true, false] {
        terminal.types("\r");
        terminal.shows("Where is it on this machine?");
        terminal.types("deep/mine");
        terminal.shows("deep/mine");
        terminal.types("\t");
        terminal.types("\x1b[C");
        terminal.shows("Enter runs: git clone --");
        terminal.shows("src/deep/mine");
        if !shut {
            fs::write(&open, "").unwrap();
        }
        terminal.types("\r");
        terminal.shows(if shut { "git failed with exit code 128" } else { "Cloned into" });
        if shut {
            let note = terminal.text();
            assert!(note.contains("the door is shut"), "{note}");
            assert!(!b.projects.join("deep/mine").exists());
        }
    }
    let clone = b.projects.join("deep/mine").canonicalize().unwrap();
    assert!(clone.join("file").exists() && !b.projects.join("uploader").exists());
    // The way is open now, and is gone.
    terminal.hides("no folder of this machine is known");
    let started = until("claude", || {
        terminal.types("\r");
        b.claude_started()
    });
    assert_eq!(started.cwd, clone, "{}", sshd.log());
    terminal.shows("Back from");
    assert_eq!(terminal.ends_by("q"), 0);
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let device = Device::new();
    let other = Device::copy_of(&device);
    let session = other.session("uploader", "Mend the gate");
    other.publish_session(&session, &["--ssh", "ada@127.0.0.1:1"]);
    fs::remove_dir_all(&session.project).unwrap();
    let mine = device.project("mine").canonicalize().unwrap();
    let mut terminal = Terminal::of(&device, &[]);
    second_way(&mut terminal);
    terminal.types("\r");
    terminal.shows("Where is it on this machine?");
    terminal.types("\r");
    terminal.shows("Enter a folder.");
    enters(&mut terminal, "nowhere/at/all");
    terminal.shows("There is no folder nowhere/at/all on this machine.");
    terminal.types("\r");
    terminal.shows("Where is it on this machine?");
    enters(&mut terminal, "mine");
    terminal.hides("no folder of this machine is known");
    terminal.types("q");
    assert_eq!(terminal.code(), 0);
    let state: String = device.files().iter().filter_map(|file| fs::read_to_string(file).ok()).collect();
    assert!(state.contains(&format!("{:?}", mine.to_str().unwrap())), "{state}");
}

#[test]
fn what_bringing_ends_with_is_shown() {
    let device = Device::new();
    let other = Device::copy_of(&device);
    other.publish(&["--title", "Mend the gate", "--ssh", "ada@127.0.0.1:1"]);
    let mut terminal = Terminal::of(&device, &[]);
    second_way(&mut terminal);
    terminal.types("\r");
    terminal.shows("cclink failed with exit code");
    let note = terminal.text();
    assert!(note.contains("Connection refused"), "{note}");
    assert!(note.contains("To try it by hand:"), "{note}");
    terminal.types("q");
    assert_eq!(terminal.code(), 0);
}

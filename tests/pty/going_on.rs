//! Which plan is run is one rule: of Enter, `r`, `pickup --exec` and `resume`; and
//! what a child says reaches the screen.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::{Device, Session, Sshd, row, text};
use crate::terminal::{Terminal, until};

struct Situation {
    name: &'static str,
    prepare: fn(&Device, &Session),
    /// The arguments that claude is started with by all four; `None`: all ask, or
    /// say why not, with these words.
    runs: Option<fn(&Session) -> Vec<String>>,
    says: &'static str,
    /// The selected way of a pickup.
    way: &'static str,
}

const SITUATIONS: [Situation; 4] = [
    Situation {
        name: "closed",
        prepare: |_, _| {},
        runs: Some(|session| vec!["--resume".to_owned(), session.id.clone()]),
        says: "",
        way: "Continue here, on this machine",
    },
    Situation {
        name: "in the background",
        prepare: |device, session| device.hold(session, std::process::id(), "idle", "bg"),
        runs: Some(|session| vec!["attach".to_owned(), session.id[..8].to_owned()]),
        says: "",
        way: "Attach to it in the background",
    },
    Situation {
        name: "open",
        prepare: |device, session| device.hold(session, std::process::id(), "busy", "interactive"),
        runs: None,
        says: "is open in a running",
        way: "Continue here in a copy of it",
    },
    Situation {
        name: "without claude",
        prepare: |device, _| fs::remove_file(device.fake_claude()).unwrap(),
        runs: None,
        says: "was not found",
        way: "The command to run",
    },
];

fn started(device: &Device) -> Option<Vec<String>> {
    let started = device.claude_started().map(|started| started.args);
    if started.is_some() {
        fs::remove_file(device.path("claude-was-started")).unwrap();
    }
    started
}

#[test]
fn all_four_do_the_same() {
    for Situation { name, prepare, runs, says, way } in SITUATIONS {
        let device = Device::new();
        let other = Device::beside(&device);
        let session = device.session("garden", "Mend the gate");
        other.publish_session(&session, &[]);
        prepare(&device, &session);
        let wanted = runs.map(|runs| runs(&session));
        for args in [&["resume", &session.id][..], &["pickup", "--exec"]] {
            let out = device.cmd(args).output();
            assert_eq!(started(&device), wanted, "{name}: {args:?}: {}", out.said());
            assert!(out.said().contains(says), "{name}: {args:?}: {}", out.said());
            assert_eq!(out.code == 0, wanted.is_some(), "{name}: {args:?}: {}", out.said());
        }
        let mut terminal = Terminal::of(&device, &[]);
        terminal.shows("Mend the gate");
        for keys in ["r", "\r"] {
            if keys == "\r" {
                terminal.types("3");
                // it was picked up here before, or could not be
                terminal.shows("from your device");
                terminal.types("\r");
                terminal.shows("signed by you");
                terminal.shows(way);
                if wanted.is_none() && name != "open" {
                    // Without a way here the command is what is offered.
                    terminal.shows(says);
                    break;
                }
            }
            terminal.types(keys);
            if let Some(wanted) = &wanted {
                let seen = until("claude", || started(&device));
                assert_eq!(seen, *wanted, "{name}: {keys:?}");
                terminal.shows("Back from");
                continue;
            }
            terminal.shows(says);
            if name == "open" {
                terminal.shows("Resume a copy of it?");
                terminal.types("n");
                terminal.hides("Resume a copy of it?");
            }
            assert_eq!(started(&device), None, "{name}: {keys:?}");
        }
        if name == "open" {
            terminal.types("\r");
            terminal.shows("Resume a copy of it?");
            // A yes that comes too soon after the question is none.
            let seen = until("claude", || {
                terminal.types("y");
                started(&device)
            });
            assert_eq!(seen, ["--resume", &session.id, "--fork-session"], "{name}");
            terminal.shows("Back from");
        }
        assert_eq!(terminal.ends_by("q"), 0, "{name}");
    }
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
    terminal.shows("Continue here, on this machine");
    terminal.types("\r");
    terminal.shows("the licence of this claude is lost");
    terminal.shows("Nothing was picked up");
    assert_eq!(state(), "live");
    // The same row again, once it works.
    fs::write(device.fake_claude(), whole).unwrap();
    terminal.types("\x1b\r");
    terminal.shows("Continue here, on this machine");
    terminal.types("\r");
    until("claude", || started(&device));
    terminal.shows("✓ picked up");
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
    terminal.shows("Continue over SSH, on");
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

#[test]
fn a_way_that_holds_is_settled_before_the_window_is_closed() {
    // Only a debug program can be told to count a way as held so soon.
    if std::env::var_os("CCLINK_TEST_PROGRAM").is_some() {
        println!("skipped: the program under test keeps to the real time, three minutes");
        return;
    }
    let device = Device::new();
    let other = Device::copy_of(&device);
    let published = other.publish(&["--title", "Mend the gate", "--burn", "--ssh", "ada@desk"]);
    let token = text(&published, "token");
    let bin = device.path("ssh-bin");
    fs::create_dir_all(&bin).unwrap();
    let script =
        "#!/bin/sh\ncase \"$*\" in *' true') exit 0 ;; esac\necho 'a shell on the desk'\nexec sleep 600\n";
    fs::write(bin.join("ssh"), script).unwrap();
    fs::set_permissions(bin.join("ssh"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut terminal = Terminal::of(&device, &[("PATH", &path), ("CCLINK_TEST_WAY_HOLDS", "1")]);
    terminal.types("3");
    terminal.shows("1 for you");
    terminal.types("\r");
    terminal.shows("Continue over SSH, on");
    terminal.types("\r");
    terminal.shows("a shell on the desk");
    let journal = || fs::read_to_string(device.home.join("journal.json")).unwrap_or_default();
    until("it is settled", || journal().contains("\"settled\": true").then_some(()));
    terminal.hang_up();
    assert_eq!(terminal.code(), 129);
    device.cmd(&["pickup", token]).fails(3).says(&["already picked up"]);
}

#[test]
fn an_idle_claude_is_ended_from_the_screen() {
    let device = Device::new();
    let other = Device::beside(&device);
    let session = device.session("garden", "Mend the gate");
    let published = other.publish_session(&session, &[]);
    for keys in ["r", "3"] {
        let mut holder = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        device.hold(&session, holder.id(), "idle", "interactive");
        let mut terminal = Terminal::of(&device, &[]);
        terminal.shows("Mend the gate");
        terminal.types(keys);
        if keys == "3" {
            terminal.shows("1 for you");
            terminal.types("\r");
            terminal.shows("Continue here in a copy of it");
            terminal.types("\r");
        }
        terminal.shows("e end it there, continue here");
        let ended = until("its end", || {
            terminal.types("e");
            holder.try_wait().unwrap()
        });
        assert!(!ended.success());
        assert_eq!(until("claude", || started(&device)), ["--resume", &session.id], "{keys}");
        terminal.shows("Back from");
        let has_receipt = || {
            let listed = other.json(&["list", "--all"]);
            !row(&listed, text(&published, "token")).unwrap()["picked_up"].is_null()
        };
        // It is sent behind the answer.
        if keys == "3" {
            until("the receipt", || has_receipt().then_some(()));
        }
        assert_eq!(terminal.ends_by("q"), 0);
        assert_eq!(has_receipt(), keys == "3", "{keys}");
    }
}

#[test]
fn a_link_is_brought_from_the_screen() {
    let origin = Device::new();
    std::os::unix::fs::symlink(&origin.claude, origin.path("user/.claude")).unwrap();
    let Some(sshd) = Sshd::start(&origin.path("user")) else { return };
    let device = Device::new();
    sshd.configure(&device, "");
    let session = origin.session("garden", "Mend the gate");
    let published = origin.publish_session(&session, &["--link", "--ssh", &sshd.address()]);
    let mut terminal = Terminal::of(&device, &[]);
    terminal.types("3");
    terminal.shows("link or key");
    terminal.types("i");
    terminal.types(&format!("\x1b[200~{}\x1b[201~", text(&published, "link")));
    terminal.shows("a link, from");
    terminal.types("\r");
    terminal.shows("Bring it to this machine");
    terminal.types("j\r");
    assert_eq!(until("claude", || started(&device)), ["--resume", &session.id]);
    terminal.shows("Back from");
    assert_eq!(terminal.ends_by("q"), 0);
}

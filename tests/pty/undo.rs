//! A revoke waits a moment in which it can be undone; however the screen ends
//! meanwhile, it is not lost.

use crate::support::{Device, text};
use crate::terminal::{Terminal, until};

/// The only handoff, about to be revoked.
fn revoking(device: &Device) -> Terminal {
    // below a shell, so that a signal has somebody to go to
    let mut terminal = Terminal::shell_of(device, "\"$0\"; exit $?", &[]);
    terminal.types("2");
    // Its title stands among the sessions, too.
    terminal.shows("1 active");
    terminal.types("d");
    terminal.shows("Revoke this handoff?");
    // an answer that came before the question could be read would be none
    until("the answer", || {
        terminal.types("y");
        terminal.text().contains("u undoes").then_some(())
    });
    terminal
}

#[test]
fn u_keeps_the_handoff() {
    let device = Device::new();
    let other = Device::copy_of(&device);
    let published = device.publish(&[]);
    let mut terminal = revoking(&device);
    terminal.types("u");
    terminal.shows("Not revoked.");
    terminal.types("q");
    assert_eq!(terminal.code(), 0);
    other.cmd(&["pickup", text(&published, "token"), "--print"]).ok();
}

#[test]
fn leaving_within_the_moment_revokes() {
    type End = fn(&mut Terminal);
    let ends: [(&str, End); 3] = [
        ("q", |terminal| terminal.types("q")),
        ("SIGTERM", |terminal| terminal.signal("TERM")),
        ("a closed window", |terminal| terminal.hang_up()),
    ];
    for (how, end) in ends {
        let device = Device::new();
        let other = Device::copy_of(&device);
        let published = device.publish(&[]);
        let mut terminal = revoking(&device);
        end(&mut terminal);
        terminal.code();
        let token = text(&published, "token");
        // the shell may go before the program that it started
        let refused = until("the end", || {
            let refused = other.cmd(&["pickup", token, "--print"]).output();
            (refused.code == 3).then_some(refused)
        });
        assert!(refused.stderr.contains("revoked"), "{how}: {}", refused.stderr);
    }
}

#[test]
fn a_kill_within_the_moment_loses_no_revoke() {
    let device = Device::new();
    let published = device.publish(&[]);
    let mut terminal = revoking(&device);
    terminal.signal("KILL");
    terminal.code();
    // Whoever looks next, once the moment is over, sees to it.
    until("its end", || {
        device.cmd(&["keep", "--once"]).ok();
        let rows = device.json(&["list", "--all"]);
        let row = rows.as_array().unwrap().iter().find(|row| row["token"] == published["token"]).cloned();
        (row.expect("it is listed")["state"] == "revoked").then_some(())
    });
}

//! `cclink watch`: says when a handoff arrives and what becomes of one's own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use crate::support::{Device, Pty, Ring, hostname, text, until};
use serde_json::Value;

const SOON: Duration = Duration::from_secs(40);

/// A running `cclink watch`; stopped as by Ctrl-C.
struct Watching {
    child: Child,
    lines: Receiver<String>,
}

impl Watching {
    fn start(device: &Device, args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cclink"))
            .args(["watch", "--every", "5"])
            .args(args)
            .env_clear()
            .envs(device.env())
            .current_dir(&device.projects)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        Self { child, lines }
    }

    #[track_caller]
    fn line(&self) -> String {
        self.lines.recv_timeout(SOON).expect("a line in time")
    }

    #[track_caller]
    fn event(&self, event: &str) -> Value {
        let line = self.line();
        let value: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"));
        assert_eq!(value["event"], event, "{value:#}");
        value
    }

    fn stop(mut self) -> Option<i32> {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        until("the end of watch", SOON, || self.child.try_wait().unwrap()).code()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_arrives_is_said_once() {
    let a = Device::new();
    let b = Device::copy_of(&a);
    let waiting = a.publish(&[]);
    let (json, words) = (Watching::start(&b, &["--json"]), Watching::start(&b, &[]));
    let event = json.event("waiting");
    assert_eq!(event["token"], waiting["token"]);
    assert!(words.line().contains("Waiting for you: “Retry with jitter” from you"));
    assert!(words.line().contains(text(&waiting, "token")));
    let arrived = a.publish(&["--title", "With a \u{1b}]52;c;AAAA\u{7}sequence"]);
    let event = json.event("arrived");
    assert_eq!(event["token"], arrived["token"]);
    assert_eq!((text(&event, "from"), text(&event, "hostname")), ("you", &*hostname()));
    let said = words.line();
    assert!(said.contains("Arrived: “With a sequence”") && !said.contains('\u{1b}'), "{said:?}");
    assert!(words.line().contains(text(&arrived, "token")));
    // One's own is no news; the next line is the third's.
    b.publish(&[]);
    let third = a.publish(&[]);
    assert_eq!(json.event("arrived")["token"], third["token"]);
    assert_eq!((json.stop(), words.stop()), (Some(0), Some(0)));
}

#[test]
fn what_becomes_of_ones_own_is_said() {
    let a = Device::new();
    let b = Device::copy_of(&a);
    let watching = Watching::start(&a, &["--json"]);
    let published = a.publish(&[]);
    b.json(&["pickup"]);
    let event = watching.event("picked_up");
    assert_eq!((&event["token"], text(&event, "hostname")), (&published["token"], &*hostname()));
    let once = a.publish(&["--burn"]);
    b.json(&["pickup", text(&once, "token")]);
    assert_eq!(watching.event("burned")["token"], once["token"]);
    assert_eq!(watching.stop(), Some(0));
}

#[test]
fn an_end_by_time_is_said() {
    let a = Device::new();
    // A minute is the shortest life: the watching clock is ahead by most of it.
    let published = a.publish(&["--ttl", "1m"]);
    let ahead = Command::new(env!("CARGO_BIN_EXE_cclink"))
        .args(["watch", "--every", "5", "--json"])
        .env_clear()
        .envs(a.env())
        .env("CCLINK_TEST_CLOCK_OFFSET", "45")
        .current_dir(&a.projects)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut watching = Watching { child: ahead, lines: channel().1 };
    let mut line = String::new();
    BufReader::new(watching.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let event: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&event["event"], &event["token"]), (&Value::from("expired"), &published["token"]));
}

#[test]
fn a_network_that_goes_away_is_said_once() {
    let ring = Ring::start();
    let a = Device::on(&ring.bootstrap);
    let b = Device::copy_of(&a);
    let waiting = a.publish(&[]);
    let watching = Watching::start(&b, &["--json"]);
    assert_eq!(watching.event("waiting")["token"], waiting["token"]);
    drop(ring);
    assert!(text(&watching.event("network_away"), "message").contains("network"));
    // It stays away for two more looks: nothing more is said, and it lives.
    assert!(watching.lines.recv_timeout(Duration::from_secs(12)).is_err());
    assert_eq!(watching.stop(), Some(0));
    // Away from the start it is no failure either.
    let words = Watching::start(&b, &[]);
    assert!(words.line().contains("keeps trying"));
    assert_eq!(words.stop(), Some(0));
}

#[test]
fn a_network_that_comes_back_is_said() {
    let mut net = Command::new(env!("CARGO_BIN_EXE_cclink"))
        .arg("testnet")
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(net.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let net = Watching { child: net, lines: channel().1 };
    let a = Device::on(line.trim().strip_prefix("bootstrap=").unwrap());
    let b = Device::copy_of(&a);
    a.publish(&[]);
    let watching = Watching::start(&b, &["--json"]);
    watching.event("waiting");
    // It holds its breath, and goes on.
    let pid = rustix::process::Pid::from_raw(i32::try_from(net.child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    watching.event("network_away");
    rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
    watching.event("network_back");
    let arrived = a.publish(&[]);
    assert_eq!(watching.event("arrived")["token"], arrived["token"]);
}

#[test]
fn a_terminal_is_rung() {
    let a = Device::new();
    let b = Device::copy_of(&a);
    let mut pty = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &["watch", "--every", "5"], &b.env(), &b.projects);
    assert!(pty.waits_for(&["Ctrl-C"]));
    let published = a.publish(&[]);
    assert!(pty.waits_for(&["Arrived"]), "{}", pty.said());
    assert!(pty.waits_for(&[text(&published, "token")]), "{}", pty.said());
    assert!(pty.waits_for(&["\u{7}\u{1b}]9;cclink: Arrived"]), "{}", pty.said());
    assert!(pty.waits_for(&["\u{1b}]777;notify;cclink;Arrived"]), "{}", pty.said());
    pty.types("\u{3}");
    assert_eq!(pty.code(), 0);
}

#[test]
fn what_waiting_does_not_mend_ends_it() {
    let bare = Device::bare();
    bare.cmd(&["watch"]).fails(1).says(&["cclink init"]);
    bare.cmd(&["watch", "--every", "1"]).fails(2);
    let locked = Device::bare();
    locked.cmd(&["init"]).env("CCLINK_PASSPHRASE", "correct horse").ok();
    locked.cmd(&["watch", "--json"]).fails(1).error();
}

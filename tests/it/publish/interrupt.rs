//! Ctrl-C and a polite end while something goes out: called back, and said.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::support::ring::nowhere;
use crate::support::{Device, Session, until};

const SOON: Duration = Duration::from_secs(30);

fn start(device: &Device, session: &Session, to: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_cclink"))
        .args(["publish", &session.id, "--share", to])
        .env_clear()
        .envs(device.env())
        .current_dir(&device.projects)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn send(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    // It may have ended already.
    let _ = kill_process(pid, signal);
}

/// At whatever moment: either it is out and said to be, or nobody can have it.
#[test]
fn what_is_interrupted_is_out_and_said_or_nowhere() {
    let (a, b) = (Device::new(), Device::new());
    let (from, to) = (a.public_key(), b.public_key());
    let (mut out, mut stopped) = (0, 0);
    for round in 0..24u64 {
        let session = a.session("uploader", "Retry with jitter");
        let child = start(&a, &session, &to);
        std::thread::sleep(Duration::from_millis(round * 15));
        send(&child, if round % 2 == 0 { Signal::INT } else { Signal::TERM });
        let output = child.wait_with_output().unwrap();
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        let list = a.json(&["list"]);
        let alive = list.as_array().unwrap().iter().any(|row| row["session_id"] == json!(session.id));
        if output.status.success() {
            out += 1;
            assert!(alive && said.contains("Token:"), "round {round}: {said}");
        } else {
            stopped += 1;
            assert!(!alive, "round {round}: {said} {list:#}");
            // Before it can hear, the signal ends it, and nothing has begun.
            assert!(output.status.code().is_none() || said.contains("ancelled"), "round {round}: {said}");
        }
        a.cmd(&["revoke", "--all", "--yes"]).output();
        b.cmd(&["pickup", &from, "--print"]).fails(3);
    }
    println!("{out} went out, {stopped} did not");
}

#[test]
fn without_an_answer_it_ends_soon_and_says_so() {
    let mut a = Device::new();
    a.bootstrap = nowhere();
    let session = a.session("uploader", "Retry with jitter");
    let mut child = start(&a, &session, &Device::new().public_key());
    until("the journal's intent", SOON, || a.home.join("journal.json").exists().then_some(()));
    send(&child, Signal::INT);
    until("its end", Duration::from_secs(10), || child.try_wait().unwrap());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("Cancelled") && said.contains("cclink revoke"), "{said}");
}

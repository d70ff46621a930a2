//! A network namespace of a test's own, with nothing but a loopback: for what
//! listens on every address of its machine, and for ports known beforehand.

use std::process::Command;

use crate::support::tool_is_missing;

const INSIDE: &str = "CCLINK_TEST_IN_NAMESPACE";

/// Runs this very test again in a namespace of its own; false where this
/// already is that run.
pub fn elsewhere(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return false;
    }
    let can = Command::new("unshare").args(["-rn", "sh", "-c", "ip link set lo up"]).output();
    if !can.is_ok_and(|out| out.status.success()) {
        tool_is_missing("unshare -rn with ip");
        return true;
    }
    let this = std::env::current_exe().unwrap();
    let script = "ip link set lo up && exec \"$0\" --exact --nocapture \"$1\"";
    let out = Command::new("unshare")
        .args(["-rn", "sh", "-c", script])
        .arg(this)
        .arg(test)
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stdout);
    assert!(
        out.status.success() && said.contains("1 passed"),
        "{said}\n{}",
        String::from_utf8_lossy(&out.stderr)
    );
    // What it measured, for whoever asked with `--nocapture`.
    println!("{said}");
    true
}

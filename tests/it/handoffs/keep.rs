//! `cclink keep`: once, as a process of its own, and as what the system starts.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::support::{Device, text, until};

const SOON: Duration = Duration::from_secs(30);
const HINT: &str = "cclink keep";

#[test]
fn once_announces_all_that_is_alive() {
    let a = Device::new();
    assert_eq!(a.json(&["keep", "--once"]), Value::Array(Vec::new()));
    let published = a.publish(&[]);
    let kept = a.json(&["keep", "--once"]);
    assert_eq!(
        (kept[0]["token"].clone(), kept[0]["did"].clone()),
        (published["token"].clone(), "announced".into())
    );
    assert!(kept[0]["copies"].as_u64().unwrap() > 0, "{kept:#}");
    a.cmd(&["keep", "--once"]).ok().says(&[text(&published, "token"), "nodes hold it"]);
}

#[test]
fn a_keeper_is_known_and_another_stands_by() {
    let a = Device::new();
    let session = a.session("uploader", "Retry with jitter");
    a.cmd(&["publish", &session.id]).ok().says(&[HINT]);
    a.cmd(&["publish", &session.id, "--ttl", "1h"]).ok().hides(&[HINT]);
    let mut keeper = Command::new(env!("CARGO_BIN_EXE_cclink"))
        .arg("keep")
        .env_clear()
        .envs(a.env())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("the keeper", SOON, || a.home.join("keep.lock").exists().then_some(()));
    until("a publish without the hint", SOON, || {
        let out = a.cmd(&["publish", &session.id]).ok();
        (!out.said().contains(HINT)).then_some(())
    });
    keeper.kill().unwrap();
    keeper.wait().unwrap();
    a.cmd(&["publish", &session.id]).ok().says(&[HINT]);
}

/// A program of that name that notes how it was started and what it was given.
fn program(device: &Device, name: &str, script: &str) {
    let path = device.path("fakes").join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let log = device.path("log");
    std::fs::write(&path, format!("#!/bin/sh\necho \"{name} $*\" >> '{}'\n{script}\n", log.display()))
        .unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
}

fn path(device: &Device) -> String {
    format!("{}:{}", device.path("fakes").display(), std::env::var("PATH").unwrap_or_default())
}

#[test]
fn systemd_starts_it_and_it_can_be_taken_away() {
    let a = Device::new();
    program(&a, "systemctl", "exit 0");
    let run = |args: &[&str]| a.cmd(args).env("PATH", path(&a)).env("XDG_CONFIG_HOME", a.path("config"));
    let unit = a.path("config/systemd/user/cclink-keep.service");
    run(&["keep", "--install"]).fails(2).says(&["--yes", "ExecStart"]);
    assert!(!unit.exists());
    run(&["keep", "--install", "--yes"]).ok().says(&["Installed"]);
    let content = std::fs::read_to_string(&unit).unwrap();
    let home = format!("CCLINK_HOME={}", a.home.display());
    assert!(content.contains("keep\n") && content.contains(&home), "{content}");
    run(&["keep", "--remove", "--yes"]).ok().says(&["Removed"]);
    assert!(!unit.exists());
    run(&["keep", "--remove", "--yes"]).ok().says(&["Nothing is installed"]);
    let log = std::fs::read_to_string(a.path("log")).unwrap();
    assert!(log.contains("enable --now cclink-keep.service"), "{log}");
    assert!(log.contains("disable --now cclink-keep.service"), "{log}");
}

#[test]
fn without_systemd_cron_does_and_other_lines_stay() {
    let a = Device::new();
    program(&a, "systemctl", "exit 1");
    let table = a.path("crontab");
    let script = format!("case $1 in -l) cat '{0}' ;; -) cat > '{0}' ;; esac", table.display());
    program(&a, "crontab", &script);
    let before = "MAILTO=ada\n0 1 * * * backup\n";
    std::fs::write(&table, before).unwrap();
    let run = |args: &[&str]| a.cmd(args).env("PATH", path(&a));
    // Twice is once.
    for _ in 0..2 {
        run(&["keep", "--install", "--yes"]).ok();
    }
    let content = std::fs::read_to_string(&table).unwrap();
    assert!(content.starts_with(before), "{content}");
    assert_eq!(content.matches("keep --once").count(), 1, "{content}");
    run(&["keep", "--remove", "--yes"]).ok();
    assert_eq!(std::fs::read_to_string(&table).unwrap(), before);
}

//! README's commands: each block is run as it stands there.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::repository::git;
use crate::support::{Device, tool_is_missing};

/// The blocks of README, and where each is run.
const BLOCKS: [(&str, &str); 9] = [
    ("cargo run --release -- --demo", "the terminal's tests"),
    ("cargo install --path .", "by whoever installs it"),
    ("cargo test", "this"),
    ("cclink init", "pairing"),
    ("cclink publish --carry=git", "here"),
    ("cclink web --out index.html", "here"),
    ("cclink plugin install", "here"),
    ("cclink testnet > /tmp/network &", "here"),
    ("[hosts]", "here"),
];

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// What stands between fences, comments left out.
fn blocks() -> Vec<Vec<String>> {
    let readme = readme();
    let pieces: Vec<&str> = readme.split("```").collect();
    let fenced = pieces.iter().skip(1).step_by(2);
    let line = |line: &str| line.split_once(" #").map_or(line, |(command, _)| command).trim().to_owned();
    fenced.map(|block| block.lines().skip(1).map(line).filter(|line| !line.is_empty()).collect()).collect()
}

fn block(first: &str) -> Vec<String> {
    blocks()
        .into_iter()
        .find(|block| block[0] == first)
        .unwrap_or_else(|| panic!("no block starts with {first}"))
}

/// Runs lines in a shell of this device, in a folder.
fn run(device: &Device, directory: &Path, lines: &str) {
    let own = Path::new(env!("CARGO_BIN_EXE_cclink")).parent().unwrap();
    let path = format!("{}:{}", own.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("bash");
    shell.args(["-euc", lines]).current_dir(directory).env_clear().envs(device.env()).env("PATH", path);
    let out = shell.output().unwrap();
    let said = [out.stdout, out.stderr].concat();
    assert!(out.status.success(), "{lines}\n{}", String::from_utf8_lossy(&said));
}

#[test]
fn every_block_is_run_somewhere() {
    let blocks = blocks();
    let mut firsts: Vec<&str> = blocks.iter().map(|block| block[0].as_str()).collect();
    let mut known: Vec<&str> = BLOCKS.iter().map(|(first, _)| *first).collect();
    firsts.sort_unstable();
    known.sort_unstable();
    assert_eq!(firsts, known);
}

#[test]
fn the_first_handoff_goes_as_it_says() {
    if tool_is_missing("git") || tool_is_missing("bash") {
        return;
    }
    let a = Device::new();
    let b = Device::copy_of(&a);
    let session = a.session("uploader", "Take me along");
    let remote = a.path("remote.git");
    git(&a.projects, &["init", "-q", "--bare", remote.to_str().unwrap()]);
    git(&session.project, &["init", "-q"]);
    git(&session.project, &["commit", "-q", "--allow-empty", "-m", "one"]);
    git(&session.project, &["remote", "add", "origin", remote.to_str().unwrap()]);
    git(&session.project, &["push", "-q", "origin", "HEAD"]);
    git(&b.projects, &["clone", "-q", remote.to_str().unwrap(), "uploader"]);
    let lines = block("cclink publish --carry=git");
    // Nobody is there to answer.
    run(&a, &session.project, &format!("{} --yes", lines[0]));
    run(&b, &b.projects.join("uploader"), &format!("{} --exec", lines[1]));
    assert_eq!(b.claude_started().unwrap().args, ["--resume", &session.id]);
}

#[test]
fn two_devices_on_one_machine_go_as_it_says() {
    if tool_is_missing("bash") {
        return;
    }
    let a = Device::bare();
    let session = a.session("uploader", "Take me along");
    let own = a.path("two");
    fs::create_dir(&own).unwrap();
    let lines =
        block("cclink testnet > /tmp/network &").join("\n").replace("/tmp/", &format!("{}/", own.display()));
    let ends = format!("{lines} --exec");
    let started = Instant::now();
    run(&a, &session.project, &format!("trap 'kill $(jobs -p) 2> /dev/null' EXIT\n{ends}"));
    assert!(started.elapsed() < Duration::from_mins(2));
    assert_eq!(a.claude_started().unwrap().args, ["--resume", &session.id]);
}

#[test]
fn page_plugin_and_configuration_are_as_it_says() {
    if tool_is_missing("bash") {
        return;
    }
    let a = Device::new();
    for line in block("cclink web --out index.html").iter().filter(|line| !line.starts_with("scp ")) {
        run(&a, &a.projects, line);
    }
    for line in block("cclink plugin install") {
        let yes = if line.ends_with("status") { "" } else { " --yes" };
        run(&a, &a.projects, &format!("{line}{yes}"));
    }
    fs::write(a.home.join("config.toml"), block("[hosts]").join("\n")).unwrap();
    run(&a, &a.projects, "cclink config");
}

#[test]
fn the_keys_are_told_by_help() {
    let a = Device::bare();
    let keys = a.cmd(&["--help", "keys"]).ok();
    for words in ["Sessions\n", "  Enter             publish\n", "Everywhere\n", "quit\n"] {
        assert!(keys.stdout.contains(words), "{words}\n{}", keys.stdout);
    }
}

//! What the README shows of a phone, taken from the real page.
//!
//! `CCLINK_WRITE_PICTURES=1 cargo test --test it picture` makes it anew.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::{Stage, not_here};
use crate::page::web::root;
use crate::support::{Device, session};

const PAPERS: [&str; 2] = ["light", "dark"];

fn path(paper: &str) -> PathBuf {
    root().join("assets").join(format!("phone-{paper}.png"))
}

/// Publishes on a machine of another name than this one.
fn published(device: &Device) -> Value {
    let project = Path::new("/home/dana/src/uploader");
    let title = "Retry failed uploads with a growing pause";
    let written = session::write_session(&device.claude, project, title, "2026-11-20T10:00:05.000Z");
    let script = "hostname workstation && exec \"$@\"";
    let program = env!("CARGO_BIN_EXE_cclink");
    let out = Command::new("unshare")
        .args(["-u", "sh", "-c", script, "-", program, "publish", &written.id, "--json", "--link"])
        .args(["--ssh", "dana@dev.example.org", "--note", "Only the last test is left"])
        .env_clear()
        .envs(device.env())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

fn make() {
    let stage = Stage::new();
    let published = published(&stage.device);
    let into: Vec<Value> =
        PAPERS.iter().map(|paper| json!({ "paper": paper, "path": path(paper) })).collect();
    stage.browse("readme", &[&stage.relay()], json!({ "link": published["web_link"], "into": into }));
}

#[test]
fn the_phone_is_in_the_readme() {
    let is_written = std::env::var_os("CCLINK_WRITE_PICTURES").is_some();
    if is_written && !not_here("picture::the_phone_is_in_the_readme") {
        make();
    }
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    for paper in PAPERS {
        let picture = std::fs::read(path(paper)).unwrap();
        assert!(picture.starts_with(b"\x89PNG"), "{paper}");
        assert!(picture.len() < 120_000, "{paper}: {} bytes", picture.len());
        assert!(readme.contains(&format!("assets/phone-{paper}.png")), "{paper}");
    }
}

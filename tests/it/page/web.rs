//! `cclink web`: the page for a static host. What a browser makes of it is
//! tested in `network::inside::browser`.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use crate::support::{Device, text, tool_is_missing};

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn committed() -> String {
    fs::read_to_string(root().join("assets/web/cclink.html")).unwrap()
}

/// Node with the page's packages; without them a test says why it does nothing.
pub fn node_is_missing() -> bool {
    if tool_is_missing("node") {
        return true;
    }
    let there = root().join("assets/web/node_modules").is_dir();
    if !there {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "CI must run `npm ci` in assets/web");
        println!("skipped: `npm ci` was not run in assets/web");
    }
    !there
}

/// Runs node on files of this repository.
#[track_caller]
pub fn node(args: &[&str]) {
    let out = Command::new("node").args(args).current_dir(root()).output().unwrap();
    assert!(
        out.status.success(),
        "{}{}",
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    );
}

#[test]
fn the_committed_page_is_what_its_sources_make() {
    if !node_is_missing() {
        node(&["assets/web/build.mjs", "--check"]);
    }
}

#[test]
fn the_page_meets_the_vectors() {
    if !node_is_missing() {
        node(&["--test", "tests/web/"]);
    }
}

#[test]
fn the_page_is_one_file_of_bounded_size() {
    let page = committed();
    assert!(page.len() <= 100_000, "{} bytes", page.len());
    for elsewhere in ["src=", "@import", "url(", "import("] {
        assert!(!page.contains(elsewhere), "the page names another file: {elsewhere}");
    }
    assert!(page.contains("The MIT License") || page.contains("under the MIT License"));
    let lock = fs::read_to_string(root().join("assets/web/package-lock.json")).unwrap();
    assert!(!lock.contains("\"resolved\""), "the lock file names a registry");
}

#[test]
fn it_is_written_for_any_host() {
    let a = Device::bare();
    let page = a.cmd(&["web"]).ok();
    assert_eq!(page.stdout, committed());
    assert_eq!(page.stderr, "");
    let out = a.path("index.html");
    a.cmd(&["web", "--relay", "https://relay.example.org", "--relay", "http://127.0.0.1:7/x/", "--out"])
        .arg(&out)
        .ok()
        .says(&["SHA-256", "https://relay.example.org http://127.0.0.1:7/x"]);
    let written = fs::read_to_string(&out).unwrap();
    assert!(written.contains("content=\"https://relay.example.org http://127.0.0.1:7/x\""));
    assert!(written.contains("connect-src https://relay.example.org http://127.0.0.1:7; base-uri"));
    assert!(!written.contains("pubky"), "other relays are gone");
    for bad in ["https://x.example/;script-src", "ftp://x", "relay"] {
        a.cmd(&["web", "--relay", bad]).fails(2).says(&["not the address of a relay"]);
    }
}

#[test]
fn a_changed_page_is_told_from_ours() {
    let a = Device::bare();
    let path = a.path("index.html");
    a.cmd(&["web", "--relay", "https://relay.example.org", "--out"]).arg(&path).ok();
    let name = path.to_str().unwrap();
    a.cmd(&["web", "--check", name]).ok().says(&["byte for byte", "https://relay.example.org"]);
    // Other relays than I meant are another page.
    a.cmd(&["web", "--check", name, "--relay", "https://mine.example"]).fails(1);
    let page = fs::read_to_string(&path).unwrap();
    fs::write(&path, page.replacen("cclink", "cc1ink", 1)).unwrap();
    let changed = a.cmd(&["web", "--check", name]).fails(1).says(&["Not the same page"]);
    assert!(changed.stdout.contains("SHA-256"), "{}", changed.stdout);
    a.cmd(&["web", "--check", "no-such-file"]).fails(1);
    assert_eq!(a.cmd(&["web", "--check", name, "--json"]).fails(1).json()["same"], false);
}

/// Serves `body` once on loopback.
fn host(body: String) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/cclink/", listener.local_addr().unwrap());
    let served = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = vec![0; 4096];
        let length = stream.read(&mut asked).unwrap();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        String::from_utf8_lossy(&asked[..length]).into_owned()
    });
    (address, served)
}

#[test]
fn a_hosted_page_is_compared_without_telling_the_secret() {
    let a = Device::bare();
    let (address, served) = host(committed());
    let out = a.cmd(&["web", "--check", &format!("{address}#SECRET/LSECRET")]).ok().says(&["byte for byte"]);
    assert!(!out.said().contains("SECRET"), "{}", out.said());
    let asked = served.join().unwrap();
    assert!(asked.starts_with("GET /cclink/ ") && !asked.contains("SECRET"), "{asked}");
    a.cmd(&["web", "--check", "http://page.example.org/"]).fails(2).says(&["https"]);
}

#[test]
fn pickup_takes_the_link_that_a_phone_opens() {
    let a = Device::new();
    let config = a.home.join("config.toml");
    fs::write(&config, "web = \"https://x.example/c/\"\n").unwrap();
    let published = a.publish(&["--link"]);
    let link = text(&published, "web_link");
    assert!(link.starts_with("https://x.example/c/#"), "{link}");
    let b = Device::bare();
    assert_eq!(b.json(&["pickup", link])["token"], published["token"]);
    // As a phone's share sheet wraps it.
    let (start, end) = link.split_at(60);
    let picked = b.cmd(&["pickup", "-", "--json"]).stdin(format!("{start}\r\n  {end}\n")).ok().json();
    assert_eq!(picked["token"], published["token"]);
    let published = a.cmd(&["publish", "--pin", "--json"]).arg(text(&published, "session_id")).ok().json();
    let out = b.cmd(&["pickup", text(&published, "web_link"), "--json"]).pin(text(&published, "pin")).ok();
    assert_eq!(out.json()["token"], published["token"]);
}

//! The page in a real browser, against a real relay: what a phone shows of a
//! handoff. `tests/web/browser.mjs` drives the browser. Each test has a network
//! of its own, so its ports are free, and nothing it does can leave the machine.

use std::path::PathBuf;
use std::time::Duration;

use pkarr_relay::Relay;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::namespace::elsewhere;
use crate::support::{Device, Ring, hostname, text, tool_is_missing};
use crate::web::{node_is_missing, root};

/// Where the page is served.
const PAGE: u16 = 8080;
/// The target on loopback is 300 ms; a busy machine may be slower.
const SHOWN_WITHIN_MS: f64 = 3000.0;
const CHECKED: &str = "Checked: nothing newer is there.";

/// Whether a test has nothing to do here: no browser, or another run does it.
fn not_here(test: &str) -> bool {
    node_is_missing() || tool_is_missing("chromium") || elsewhere(&format!("inside::browser::{test}"))
}

/// A relay on the ring, a device that publishes, and the page for that relay.
struct Stage {
    relay: Relay,
    /// Drives the relay while a test waits for the browser.
    _runtime: Runtime,
    device: Device,
}

impl Stage {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let relay = runtime.block_on(Relay::run_test(&[Ring::shared()])).unwrap();
        let device = Device::new();
        std::fs::write(device.home.join("config.toml"), format!("web = \"http://127.0.0.1:{PAGE}/\"\n"))
            .unwrap();
        Self { relay, _runtime: runtime, device }
    }

    fn relay(&self) -> String {
        format!("http://127.0.0.1:{}", self.relay.relay_address().port())
    }

    /// Writes the page for these relays.
    fn page(&self, relays: &[&str]) -> PathBuf {
        let path = self.device.path("index.html");
        let mut run = self.device.cmd(&["web", "--out"]).arg(&path);
        for relay in relays {
            run = run.args(&["--relay", relay]);
        }
        run.ok();
        path
    }

    /// Runs one case of the driver with the page for these relays.
    #[track_caller]
    fn browse(&self, case: &str, relays: &[&str], mut request: Value) -> Value {
        request["case"] = json!(case);
        request["port"] = json!(PAGE);
        request["page"] = json!(self.page(relays));
        request["shots"] = json!(env!("CARGO_TARGET_TMPDIR"));
        let out = assert_cmd::Command::new("node")
            .arg(root().join("tests/web/browser.mjs"))
            .arg(request.to_string())
            .timeout(Duration::from_mins(3))
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let seen: Value = serde_json::from_slice(&out.stdout).unwrap();
        assert!(!seen.to_string().contains("\"too_wide\":true"), "scrolls sideways: {seen:#}");
        seen
    }
}

#[test]
fn a_link_shows_its_handoff() {
    if not_here("a_link_shows_its_handoff") {
        return;
    }
    let stage = Stage::new();
    let published = stage.device.publish(&[
        "--link",
        "--ssh",
        "ada@dev.example.org:2222",
        "--note",
        "Only the tests are left",
    ]);
    let answer = stage.browse("link", &[&stage.relay()], json!({ "link": published["web_link"] }));
    let seen = &answer["seen"];
    let ms = seen["shown_ms"].as_f64().unwrap();
    println!("shown {ms:.0} ms after the page was asked for");
    assert!(ms <= SHOWN_WITHIN_MS, "{ms} ms");
    assert_eq!(seen["title"], published["title"]);
    assert!(text(seen, "body").contains(CHECKED));
    let facts = &seen["facts"];
    assert_eq!(facts["From"], hostname());
    assert_eq!(facts["Project"], published["project"]);
    assert_eq!(facts["Note"], "Only the tests are left");
    let key = stage.device.public_key();
    let (start, end) = text(facts, "Signed by").split_once('…').unwrap();
    assert!(key.starts_with(start) && key.ends_with(end), "{start}…{end} is not {key}");
    // The secret is out of the address bar.
    assert_eq!(seen["address"], format!("http://127.0.0.1:{PAGE}/"));
    assert_eq!(seen["errors"], json!([]));
    assert_eq!(seen["links"][0], "ssh://ada@dev.example.org:2222");
    // What is copied is what is shown, and works where cclink is.
    let command = text(seen, "copied");
    assert_eq!(seen["commands"][0], command);
    let token = command.strip_prefix("cclink pickup ").unwrap().strip_suffix(" --exec").unwrap();
    assert!(text(&published, "token").starts_with(token), "{command}");
    assert_eq!(answer["narrow"]["title"], published["title"]);
}

//! What the binary makes the page reads, and the other way round, with the
//! page's own code in node (`tests/web/crossing.mjs`).

mod odd;

use cclink::handoff::{Link, LinkTarget, Mailbox, Pin, Token, mailbox, packet};
use cclink::network::{Network, NetworkConfig};
use cclink::text::hex;
use chrono::Utc;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::bytes::vectors::bytes;
use crate::page::web::{node_is_missing, root};
use crate::support::{Device, Ring, seconds, text};

/// Runs a case of the driver.
#[track_caller]
fn page(case: &str, input: &Value) -> Value {
    let out = assert_cmd::Command::new("node")
        .arg(root().join("tests/web/crossing.mjs"))
        .arg(case)
        .write_stdin(input.to_string())
        .output()
        .unwrap();
    assert!(out.status.success(), "{case}: {}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

/// The ring, below the program.
struct Wire {
    runtime: Runtime,
    network: Network,
}

impl Wire {
    fn new() -> Self {
        let config = NetworkConfig::parse(Some(Ring::shared()), None).unwrap();
        Self { runtime: Runtime::new().unwrap(), network: Network::new(config) }
    }

    /// What lies at a handoff's address, as a relay would give it.
    fn at(&self, mailbox: &Mailbox, token: &Token) -> Value {
        let address = mailbox::address(&mailbox.record_key(token));
        let seen = self.runtime.block_on(self.network.lookup(&address, &mut |_| {})).unwrap();
        let packet = seen.newest().expect("it lies there").to_relay_payload();
        json!({ "address": hex(&address), "payload": hex(&packet) })
    }

    fn put(&self, address: &[u8], payload: &[u8]) {
        let packet = packet::from_payload(address.try_into().unwrap(), payload).expect("a packet");
        assert!(self.runtime.block_on(self.network.put(&packet, None)).unwrap() > 0);
    }
}

/// The mailbox and token of a link handoff.
fn place(link: &str) -> (Mailbox, Token) {
    let link: Link = link.parse().unwrap();
    let LinkTarget::Secret(secret) = &link.target else { panic!("no link handoff") };
    let mailbox = Mailbox::link(&link.creator, secret);
    let token = mailbox.link_token();
    (mailbox, token)
}

/// Both read the same of one handoff.
#[track_caller]
fn same_fields(record: &Value, picked: &Value) {
    for field in [
        "session_id",
        "hostname",
        "project",
        "title",
        "note",
        "git",
        "ssh",
        "transcript",
        "created_at",
        "ttl",
        "burn_after_read",
        "pin_protected",
    ] {
        assert_eq!(record[field], picked[field], "{field}");
    }
}

#[test]
fn the_page_reads_what_the_binary_publishes() {
    if node_is_missing() {
        return;
    }
    let (a, b, wire) = (Device::new(), Device::new(), Wire::new());
    let more = ["--title", "“Größe” 👩‍👩‍👧 \\ \"x\"", "--note", "it's\tleft", "--ssh", "ada@[::1]:2222"];

    let published = a.publish(&[&["--link"], &more[..]].concat());
    let (mailbox, token) = place(text(&published, "link"));
    let seen = page("open", &json!({ "link": published["link"], "at": wire.at(&mailbox, &token) }));
    assert_eq!((&seen["is"], &seen["confirmed"]), (&json!("found"), &json!("yes")), "{seen:#}");
    assert_eq!(seen["token"], published["token"]);
    same_fields(&seen["record"], &b.json(&["pickup", text(&published, "link")]));

    let published = a.publish(&[&["--pin"], &more[..]].concat());
    let (link, pin) = (text(&published, "link"), text(&published, "pin"));
    let parsed: Link = link.parse().unwrap();
    let LinkTarget::Token(token) = parsed.target else { panic!("{link}") };
    let week = u32::try_from(seconds(&published, "created_at") / 604_800).unwrap();
    let mailbox = Mailbox::pin(&parsed.creator, &Pin::new(pin).unwrap(), week);
    let input = json!({ "link": link, "pin": pin.replace('-', " "), "at": wire.at(&mailbox, &token) });
    let seen = page("open", &input);
    assert_eq!(seen["is"], "found", "{seen:#}");
    same_fields(&seen["record"], &b.cmd(&["pickup", link, "--json"]).pin(pin).ok().json());

    // The other two are for who holds a key: a browser says so, and asks nobody.
    for (audience, options) in [("devices", vec![]), ("share", vec!["--share".to_owned(), b.public_key()])] {
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let seen = page("open", &json!({ "link": a.publish(&options)["link"] }));
        assert_eq!((&seen["is"], &seen["audience"]), (&json!("not for a phone"), &json!(audience)));
    }
}

#[test]
fn the_binary_reads_that_a_browser_took_it() {
    if node_is_missing() {
        return;
    }
    let (a, wire) = (Device::new(), Wire::new());
    let published = a.publish(&["--link", "--burn"]);
    let link = text(&published, "link");
    let (mailbox, token) = place(link);
    let at = wire.at(&mailbox, &token);
    let seen = page("open", &json!({ "link": link, "take": true, "at": at }));
    assert_eq!(seen["is"], "taken", "{seen:#}");
    wire.put(&bytes(&at, "address"), &bytes(&seen, "wrote"));
    Device::bare().cmd(&["pickup", link]).fails(3).says(&["already picked up", "a browser"]);
    let listed = a.json(&["list", "--all"])[0].clone();
    assert_eq!((&listed["state"], &listed["picked_up"]["hostname"]), (&json!("burned"), &json!("a browser")));
}

fn record() -> Value {
    json!({
        "session_id": "11111111-2222-4333-8444-555555555555", "hostname": "elsewhere",
        "project": "/home/ada/it's mine", "title": "Made in JavaScript", "note": null,
        "git": { "branch": "main", "dirty": true }, "ssh": "ada@host",
        "transcript": { "bytes": 4711, "tail": "0123456789abcdef" },
        "created_at": Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string(), "ttl": 3600,
        "burn_after_read": true, "pin_protected": false, "from a newer cclink": [1],
    })
}

#[test]
fn the_binary_picks_up_what_the_pages_code_published() {
    if node_is_missing() {
        return;
    }
    let wire = Wire::new();
    let [key, secret] = [(); 2].map(|()| hex(uuid::Uuid::new_v4().as_bytes()));
    let input = json!({
        "seed": key.repeat(2), "secret": secret, "record": record(), "sequence": Utc::now().timestamp_micros(),
    });
    let made = page("publish", &input);
    wire.put(&bytes(&made, "address"), &bytes(&made, "payload"));
    let link = text(&made, "link");
    let picked = Device::bare().json(&["pickup", link]);
    assert_eq!((&picked["token"], &picked["burned"]), (&made["token"], &json!(true)));
    same_fields(&record_without_new(&picked), &picked);
    // And the page reads that it was picked up.
    let (mailbox, token) = place(link);
    let seen = page("open", &json!({ "link": link, "at": wire.at(&mailbox, &token) }));
    assert_eq!(seen["is"], "burned", "{seen:#}");
}

/// What was published, with the time that it was published at.
fn record_without_new(picked: &Value) -> Value {
    let mut record = record();
    record["created_at"] = picked["created_at"].clone();
    record
}

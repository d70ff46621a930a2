//! What publishing and picking up cost, as whole processes, against a bare put and
//! a bare complete lookup by mainline's own client, interleaved in one run on a
//! ring of ten: `cargo bench --bench network`.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

#[allow(dead_code)]
#[path = "../it/support/session.rs"]
mod session;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use cclink::demo::Ring;
use cclink::handoff::{Identity, Mailbox, mailbox, packet};
use cclink::network::Network;
use futures::stream::StreamExt;
use mainline::async_dht::AsyncDht;
use mainline::{Dht, MutableItem, SigningKey};
use serde_json::Value;

/// Rounds; the medians count.
const ROUNDS: u8 = 15;

#[tokio::main]
async fn main() {
    let ring = Ring::start(10).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (dir.path().join("a"), dir.path().join("b"));
    let project = dir.path().join("uploader");
    std::fs::create_dir_all(&project).unwrap();
    let on = |home: &Path, args: &[&str]| cclink(&ring, home, &project, args);
    on(&a, &["init", "--no-passphrase"]);
    on(&b, &["init", "--no-passphrase", "--import", a.join("secret_key").to_str().unwrap()]);

    let names =
        ["bare put", "bare lookup", "put", "lookup", "publish", "pick up by token", "pick up the newest"];
    let mut took: [Vec<Duration>; 7] = Default::default();
    for round in 0..ROUNDS {
        let session = session::write_session(&a.join("claude"), &project, "x", "2026-11-20T10:00:05.000Z");
        let published = on(&a, &["publish", &session.id, "--ssh=", "--json"]);
        let token = published["token"].as_str().unwrap().to_owned();
        let again = ["publish", session.id.as_str(), "--ssh=", "--json", "--link"];
        let (bare, own) = (round, round + 100);
        took[0].push(time(bare_put(&ring, bare)).await);
        took[1].push(time(bare_lookup(&ring, bare)).await);
        took[2].push(time(own_put(&ring, own)).await);
        took[3].push(time(own_lookup(&ring, own)).await);
        took[4].push(time(async { drop(on(&a, &again)) }).await);
        took[5].push(time(async { drop(on(&b, &["pickup", &token, "--json"])) }).await);
        took[6].push(time(async { drop(on(&b, &["pickup", "--json"])) }).await);
    }
    let medians = took.map(median);
    for (name, median) in names.iter().zip(medians) {
        let floor = if name.contains("pick up") || name.contains("lookup") { medians[1] } else { medians[0] };
        let ratio = median.as_secs_f64() / floor.as_secs_f64();
        println!("{name:<20} {:>7.1} ms {ratio:>6.2}", median.as_secs_f64() * 1e3);
    }
}

async fn time(work: impl Future<Output = ()>) -> Duration {
    let start = Instant::now();
    work.await;
    start.elapsed()
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort_unstable();
    all[all.len() / 2]
}

/// A client that nobody used before, as a process has it.
fn client(ring: &Ring) -> AsyncDht {
    let mut client = Dht::builder();
    client.bootstrap(&ring.bootstrap()).bind_address(std::net::Ipv4Addr::LOCALHOST);
    client.build().unwrap().as_async()
}

async fn bare_put(ring: &Ring, seed: u8) {
    let item = MutableItem::new(SigningKey::from_bytes(&[seed; 32]), &[7; 1000], 1, None);
    client(ring).put_mutable(item, None).await.unwrap();
}

async fn bare_lookup(ring: &Ring, seed: u8) {
    let key = SigningKey::from_bytes(&[seed; 32]).verifying_key().to_bytes();
    let client = client(ring);
    let mut found = client.get_mutable_detailed(&key, None, None);
    assert!(found.items.next().await.is_some());
    while found.items.next().await.is_some() {}
    found.outcome.recv().await;
}

fn key(seed: u8) -> pkarr::Keypair {
    Mailbox::devices(&Identity::from_seed(&[seed; 32]).devices_secret()).index_key()
}

async fn own_put(ring: &Ring, seed: u8) {
    let packet = packet::make(&key(seed), &[7; 900], 1).unwrap();
    Network::new(ring.network()).put(&packet, None).await.unwrap();
}

async fn own_lookup(ring: &Ring, seed: u8) {
    let address = mailbox::address(&key(seed));
    let found = Network::new(ring.network()).lookup(&address, &mut |_| {}).await.unwrap();
    assert!(found.is_complete() && found.newest().is_some());
}

/// A whole process; what it said.
fn cclink(ring: &Ring, home: &Path, project: &Path, args: &[&str]) -> Value {
    let out = Command::new(env!("CARGO_BIN_EXE_cclink"))
        .args(args)
        .current_dir(project)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home.join("user"))
        .env("CCLINK_HOME", home)
        .env("CLAUDE_CONFIG_DIR", home.join("claude"))
        .env("CCLINK_BOOTSTRAP", ring.bootstrap().join(","))
        .output()
        .unwrap();
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap_or_default()
}

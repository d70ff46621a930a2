//! What others see: the DHT's own nodes, and whoever else writes under the key.

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::sync::{Arc, Mutex};

use mainline::async_dht::AsyncDht;
use mainline::{Dht, MutableItem, RequestFilter, RequestSpecific, ServerSettings, SigningKey};
use pkarr::{Keypair, SignedPacket};
use serde_json::Value;

use crate::support::{Device, Ring, hostname, text};

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// What a node would be asked, as one text: byte strings are lists of numbers.
#[derive(Clone, Debug, Default)]
struct Ear(Arc<Mutex<Vec<String>>>);

impl RequestFilter for Ear {
    fn allow_request(&self, request: &RequestSpecific, _: SocketAddrV4) -> bool {
        self.0.lock().unwrap().push(format!("{request:?}"));
        true
    }
}

/// Ten nodes that write down everything they are asked.
fn listening_ring() -> (Vec<Dht>, String, Ear) {
    let ear = Ear::default();
    let sockets: Vec<UdpSocket> = (0..10).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
    let ports: Vec<u16> = sockets.iter().map(|s| s.local_addr().unwrap().port()).collect();
    drop(sockets);
    let nodes = ports
        .iter()
        .map(|port| {
            let others: Vec<String> =
                ports.iter().filter(|p| *p != port).map(|p| format!("127.0.0.1:{p}")).collect();
            let settings = ServerSettings { filter: Box::new(ear.clone()), ..ServerSettings::default() };
            Dht::builder()
                .server_mode()
                .server_settings(settings)
                .bind_address(Ipv4Addr::LOCALHOST)
                .port(*port)
                .bootstrap(&others)
                .build()
                .expect("a node")
        })
        .collect::<Vec<_>>();
    for node in &nodes {
        block_on(node.clone().as_async().bootstrapped());
    }
    (nodes, format!("127.0.0.1:{}", ports[0]), ear)
}

/// Bytes as they stand in what an [`Ear`] wrote down.
fn spelled(bytes: &[u8]) -> String {
    bytes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The lists behind `field: [`.
fn lists<'a>(request: &'a str, field: &str) -> Vec<&'a str> {
    request
        .match_indices(&format!("{field}: ["))
        .map(|(at, found)| request[at + found.len()..].split(']').next().unwrap())
        .collect()
}

#[test]
fn nothing_of_identity_is_in_the_dht() {
    let (_nodes, bootstrap, ear) = listening_ring();
    let a = Device::on(&bootstrap);
    let b = Device::on(&bootstrap);
    let session = a.session("secret-project", "A title that nobody may see");
    let pin = "tree-lamp 42 under the stairs";
    let handoffs = [
        a.publish_session(&session, &["--note", "a note for me"]),
        a.publish_session(&session, &["--share", &b.public_key(), "--burn"]),
        a.publish_session(&session, &[&format!("--pin={pin}")]),
        a.publish_session(&session, &["--link"]),
    ];
    Device::copy_of(&a).json(&["pickup"]);
    b.json(&["pickup", text(&handoffs[1], "link")]);
    b.cmd(&["pickup", text(&handoffs[2], "link"), "--pin"]).pin(pin).ok();
    b.json(&["pickup", text(&handoffs[3], "link")]);
    a.json(&["list"]);
    a.cmd(&["revoke", "--all", "--yes"]).ok();

    let heard = ear.0.lock().unwrap().clone();
    let puts: Vec<&String> = heard.iter().filter(|r| r.contains("PutMutable(")).collect();
    assert!(puts.len() > 20, "only {} puts were heard of {} requests", puts.len(), heard.len());

    let keys: Vec<[u8; 32]> = [&a, &b].iter().map(|d| public_bytes(&d.public_key())).collect();
    let mut needles = Vec::new();
    for key in &keys {
        // As a key, as an address, as the text of a DNS name.
        needles.push(spelled(key));
        needles.push(format!("{}", MutableItem::target_from_key(key, None)));
    }
    let (host, project) = (hostname(), session.project.to_string_lossy().into_owned());
    let words =
        [&session.title, &session.id, "secret-project", "a note for me", &host, &project, "cclink", "claude"];
    let tokens: Vec<&str> = handoffs.iter().map(|h| text(h, "token")).collect();
    let own = [a.public_key()[3..].to_owned(), b.public_key()[3..].to_owned()];
    for word in words.iter().copied().chain(tokens).chain(own.iter().map(String::as_str)) {
        // Too short a name would be found by chance.
        if word.len() >= 6 {
            needles.push(spelled(word.as_bytes()));
        }
    }
    for request in &heard {
        for needle in &needles {
            assert!(!request.contains(needle.as_str()), "a node was told {needle}: {request}");
        }
    }

    // What is put looks alike, whatever it is: one NULL record of an age file
    // whose content has one size.
    for put in puts {
        let value = lists(put, " v").first().copied().unwrap_or_else(|| panic!("{put}"));
        let value: Vec<u8> = value.split(", ").map(|n| n.parse().unwrap()).collect();
        assert!(value.len() <= 1000, "{} bytes", value.len());
        let age = value.windows(21).position(|w| w == b"age-encryption.org/v1").expect("an age file");
        let file = &value[age..];
        let body = file.windows(5).position(|w| w == b"\n--- ").expect("the end of the header") + 1;
        let end = body + file[body..].iter().position(|b| *b == b'\n').unwrap() + 1;
        assert_eq!(file.len() - end, 16 + 672 + 16, "nonce, 672 bytes, tag");
        assert!(put.contains("salt: None"), "{put}");
    }
}

fn public_bytes(key: &str) -> [u8; 32] {
    pkarr::PublicKey::try_from(&key[3..]).expect("a z-base-32 key").to_bytes()
}

fn client(bootstrap: &str) -> AsyncDht {
    Dht::builder().bootstrap(&[bootstrap]).bind_address(Ipv4Addr::LOCALHOST).build().unwrap().as_async()
}

#[test]
fn a_packet_under_the_key_stays() {
    // A Pubky user keeps a homeserver record there.
    let ring = Ring::start();
    let seed: [u8; 32] =
        [uuid::Uuid::new_v4().into_bytes(), uuid::Uuid::new_v4().into_bytes()].concat().try_into().unwrap();
    let keypair = Keypair::from_secret_key(&seed);
    let a = Device::bare_on(&ring.bootstrap);
    let hex = seed.iter().fold(String::new(), |s, b| s + &format!("{b:02x}"));
    a.cmd(&["init", "--no-passphrase", "--import", "-"]).stdin(hex).ok();
    assert_eq!(a.public_key(), format!("pk:{}", keypair.to_z32()));

    let packet = SignedPacket::builder()
        .txt("_pubky".try_into().unwrap(), "homeserver=example".try_into().unwrap(), 3600)
        .sign(&keypair)
        .unwrap();
    let seq = i64::try_from(packet.timestamp().as_u64()).unwrap();
    let item = MutableItem::new(SigningKey::from_bytes(&seed), &packet.encoded_packet(), seq, None);
    block_on(async {
        client(&ring.bootstrap).put_mutable(item.clone(), None).await.expect("the homeserver record")
    });

    let (b, c) = (Device::copy_of(&a), Device::on(&ring.bootstrap));
    let published = a.publish(&["--burn"]);
    b.json(&["pickup"]);
    let shared = a.publish(&["--share", &c.public_key()]);
    c.json(&["pickup", text(&shared, "link")]);
    a.publish(&["--link"]);
    a.publish(&["--pin"]);
    a.json(&["list"]);
    a.cmd(&["revoke", "--all", "--yes"]).ok();
    b.cmd(&["pickup", text(&published, "link")]).fails(3);

    let dht = client(&ring.bootstrap);
    let key = keypair.public_key().to_bytes();
    let found = block_on(async { dht.get_mutable_most_recent(&key, None).await }).expect("still there");
    assert_eq!(found.value(), item.value(), "the same bytes");
    assert_eq!(found.seq(), item.seq(), "not even written again");
    // The contact's key, which held nothing, holds nothing.
    let other = public_bytes(&c.public_key());
    assert!(block_on(async { dht.get_mutable_most_recent(&other, None).await }).is_none());
}

#[test]
fn the_testnet_stays_on_loopback() {
    let ring = Ring::start();
    let address: SocketAddrV4 = ring.bootstrap.parse().expect("an address and a port");
    assert_eq!(*address.ip(), Ipv4Addr::LOCALHOST);
    // On a Linux machine the sockets of every process are listed: none of ours
    // may be bound to all interfaces.
    let Ok(sockets) = std::fs::read_to_string("/proc/net/udp") else { return };
    let port = format!(":{:04X} ", address.port());
    let bound: Vec<&str> = sockets.lines().filter(|l| l.contains(&port)).collect();
    assert!(bound.iter().any(|l| l.contains("0100007F")), "{bound:?}");
    assert!(bound.iter().all(|l| !l.contains(&format!("00000000{port}"))), "{bound:?}");
}

#[test]
fn a_small_ring_works_and_says_how_few_copies_there_are() {
    let a = Device::new();
    let published = a.publish(&[]);
    let copies = published["copies"].as_u64().unwrap();
    assert!((1..=10).contains(&copies), "{copies} copies on a ring of ten");
    let listed = a.json(&["list"])[0]["copies"].clone();
    assert!(listed.as_u64().is_some_and(|n| (1..=20).contains(&n)), "{listed}");
    assert_ne!(listed, Value::Null);
}

//! A relay that answers without end, lies about numbers or stands alone with
//! what it says.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cclink::handoff::{Identity, Mailbox, mailbox, packet};
use cclink::network::{Network, NetworkConfig, NetworkError};
use cclink::service::AudienceChoice;

use super::{Inside, ring};
use crate::support::ring::nowhere;

/// What sockets may hold of an answer that nobody reads.
const IN_BUFFERS: usize = 32 << 20;

/// Answers each request with `head`, then for ever with zeros, if `endless`; how
/// many bytes it could send.
fn relay(head: &'static str, endless: bool) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let sent = Arc::new(AtomicUsize::new(0));
    let all = sent.clone();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let sent = sent.clone();
            thread::spawn(move || answer(stream, head, endless, &sent));
        }
    });
    (url, all)
}

fn answer(mut stream: TcpStream, head: &str, endless: bool, sent: &AtomicUsize) {
    // Until the request's own end: its body, if any, comes in one piece.
    let _ = stream.read(&mut [0; 4096]);
    let _ = stream.write_all(head.as_bytes());
    let zeros = vec![0; 1 << 16];
    while endless && stream.write_all(&zeros).is_ok() {
        sent.fetch_add(zeros.len(), Ordering::SeqCst);
    }
}

/// A DHT that is not there, and this relay.
fn only(relay: &str) -> NetworkConfig {
    NetworkConfig { bootstrap: Some(vec![nowhere()]), relays: vec![relay.parse().unwrap()] }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_end_is_not_read() {
    for status in ["200 OK", "304 Not Modified", "429 Too Many Requests", "500 Oh No"] {
        let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n\r\n");
        let (url, sent) = relay(head.leak(), true);
        let start = Instant::now();
        let looked = Network::new(only(&url)).lookup(&mailbox::address(&a_key()), &mut |_| {}).await;
        assert_eq!(looked.err(), Some(NetworkError::Unreachable), "{status}");
        assert!(start.elapsed() < Duration::from_secs(6), "{status}: {:?}", start.elapsed());
        let sent = sent.load(Ordering::SeqCst);
        println!("{status}: {sent} bytes in {:?}", start.elapsed());
        assert!(sent < IN_BUFFERS, "{status}: {sent} bytes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_relay_stores_on_a_million_nodes() {
    for (header, copies) in [
        ("Pkarr-Dht-Stored-Nodes: 4294967295\r\n", 100),
        ("Pkarr-Dht-Stored-Nodes: 99999999999999\r\n", 1),
        ("Pkarr-Dht-Stored-Nodes: 12\r\n", 12),
        ("", 1),
    ] {
        let head = format!("HTTP/1.1 204 No Content\r\n{header}Connection: close\r\n\r\n");
        let (url, _) = relay(head.leak(), false);
        let me = Identity::from_seed(&[5; 32]);
        let key = Mailbox::devices(&me.devices_secret()).index_key();
        let packet = packet::make(&key, b"anything", 1).unwrap();
        let put = Network::new(only(&url)).put(&packet, None).await;
        assert_eq!(put, Ok(copies), "{header}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_alone_never_says_that_nothing_is_there() {
    let (url, _) = relay("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", false);
    let ring = ring().await;
    let a = Inside::new(&ring.network());
    let published = a.publish(AudienceChoice::Devices, false).await.unwrap();
    let b = Inside::copy_of(&a, &only(&url));
    for text in [published.token.as_str(), &published.token[..6]] {
        let error = b.find(text).await.unwrap_err();
        assert!(error.exit_code() == 5 && error.message.contains("it may be there"), "{text}: {error}");
    }
    let error = b.service.inbox(&cclink::service::Job::quiet()).await.unwrap_err();
    assert_eq!(error.exit_code(), 5, "{error}");
    // Beside a DHT that answers it says nothing either way.
    let mut both = ring.network();
    both.relays = only(&url).relays;
    let c = Inside::copy_of(&a, &both);
    assert_eq!(c.pick_up(&published.token).await.unwrap().token, published.token);
    let nothing = Network::new(both).lookup(&mailbox::address(&a_key()), &mut |_| {}).await.unwrap();
    assert!(nothing.absence().is_ok() && nothing.newest().is_none());
}

/// Where nothing lies.
fn a_key() -> pkarr::Keypair {
    Mailbox::devices(&Identity::from_seed(&[9; 32]).devices_secret()).index_key()
}

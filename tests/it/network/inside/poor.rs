//! A poor network: nodes that are silent, slow or mad, requests and answers that
//! are lost. What is there is found, or its absence is not claimed.

use std::time::{Duration, Instant};

use cclink::handoff::{Identity, Mailbox, mailbox};
use cclink::network::{Network, NetworkConfig, NetworkError};
use cclink::service::{AudienceChoice, Job, State};

use super::Inside;
use super::namespace::elsewhere;
use super::rough::{RoughRing, Way};
use crate::support::ring::nowhere;

/// Rounds of each kind; more of them where `CCLINK_TEST_ROUNDS` says so.
fn rounds() -> usize {
    std::env::var("CCLINK_TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(2)
}

/// The time that the middle one of five lookups took.
async fn median(network: &Network, address: &[u8; 32]) -> Duration {
    let mut all = Vec::new();
    for _ in 0..5 {
        let start = Instant::now();
        let seen = network.lookup(address, &mut |_| {}).await.unwrap();
        assert!(seen.newest().is_some() && seen.is_complete(), "{seen:?}");
        all.push(start.elapsed());
    }
    all.sort_unstable();
    all[2]
}

fn some_key() -> pkarr::Keypair {
    Mailbox::devices(&Identity::from_seed(&[3; 32]).devices_secret()).index_key()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_slow_silent_or_mad_is_not_waited_for() {
    let ring = RoughRing::start(20).await;
    let key = some_key();
    let packet = cclink::handoff::packet::make(&key, b"anything", 1).unwrap();
    assert_eq!(Network::new(ring.network()).put(&packet, None).await, Ok(20));
    for way in [Way::Garbage, Way::Huge, Way::Late(Duration::from_millis(900)), Way::Silent] {
        ring.set(4, way);
        let network = Network::new(ring.network());
        let took = median(&network, &mailbox::address(&key)).await;
        println!("{way:?}: {took:?}");
        assert!(took < Duration::from_millis(450), "{way:?}: {took:?}");
        // Nor when something is put.
        let start = Instant::now();
        let copies = network.put(&packet, None).await.unwrap();
        assert!(start.elapsed() < Duration::from_millis(450) && copies >= 14, "{way:?}: {copies}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_is_it_is_said_within_three_seconds() {
    // Where no packet leaves the machine, one that is meant for another is lost.
    if elsewhere("network::inside::poor::where_nobody_is_it_is_said_within_three_seconds") {
        return;
    }
    for at in ["192.0.2.1:9".to_owned(), nowhere()] {
        let network = Network::new(NetworkConfig { bootstrap: Some(vec![at]), relays: Vec::new() });
        let packet = cclink::handoff::packet::make(&some_key(), b"anything", 1).unwrap();
        let start = Instant::now();
        let looked = network.lookup(&mailbox::address(&some_key()), &mut |_| {}).await;
        assert_eq!(looked.err(), Some(NetworkError::Unreachable));
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
        let start = Instant::now();
        assert_eq!(network.put(&packet, None).await, Err(NetworkError::Unreachable));
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_answers_are_no_absence() {
    let ring = RoughRing::start(20).await;
    let a = Inside::new(&ring.network());
    let published = a.publish(AudienceChoice::Devices, false).await.unwrap();
    let reader = || Inside::copy_of(&a, &ring.network());
    let nothing = "d".to_owned() + &published.token[1..].chars().rev().collect::<String>();
    let nothing =
        if nothing.parse::<cclink::handoff::Token>().is_ok() { nothing } else { "dyyyyyyyyyyyyy".into() };
    assert_eq!(reader().find(&nothing).await.unwrap_err().exit_code(), 3);
    (0..14).for_each(|number| ring.set(number, Way::Silent));
    for text in [nothing.as_str(), &nothing[..6]] {
        let error = reader().find(text).await.unwrap_err();
        assert_eq!(error.exit_code(), 5, "{error}");
        assert!(error.message.contains("Only 6 of 20 nodes answered; it may be there."), "{error}");
    }
    // What is there is found, on however few.
    assert_eq!(reader().find(&published.token).await.unwrap().pickup.token, published.token);
    // Where none has it the row says so, and the inbox does not say "nothing".
    (14..20).for_each(|number| ring.set(number, Way::Silent));
    (0..6).for_each(|number| ring.set(number, Way::Smooth));
    let error = Inside::new(&ring.network()).service.inbox(&Job::quiet()).await.unwrap_err();
    assert_eq!(error.exit_code(), 5, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_which_too_few_nodes_answer_is_unknown() {
    let ring = RoughRing::start(20).await;
    let a = Inside::new(&ring.network());
    // Only six nodes have it, and these then fall silent.
    (6..20).for_each(|number| ring.set(number, Way::Silent));
    let published = a.publish(AudienceChoice::Link, false).await.unwrap();
    assert_eq!(published.copies, 6);
    ring.set_all(Way::Silent);
    (6..14).for_each(|number| ring.set(number, Way::Smooth));
    let here = a.beside(&ring.network(), |_| {});
    let rows = here.list(false, &Job::quiet()).await.unwrap();
    assert_eq!((rows.len(), rows[0].state, rows[0].copies), (1, State::Unknown, None));
    ring.set_all(Way::Smooth);
    let here = a.beside(&ring.network(), |_| {});
    let rows = here.list(false, &Job::quiet()).await.unwrap();
    assert_ne!(rows[0].state, State::Unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_alive_is_found_or_unknown_however_much_is_lost() {
    let ring = RoughRing::start(20).await;
    let publishing = Inside::new(&ring.network());
    for percent in [10, 30, 60] {
        ring.set_all(Way::Loses(percent));
        let (mut found, mut unknown) = (0, 0);
        for _ in 0..rounds() {
            let published = match publishing.publish(AudienceChoice::Link, false).await {
                Ok(published) => published,
                Err(error) => {
                    assert!(percent > 30 && error.exit_code() == 5, "{percent} % lost: {error}");
                    continue;
                }
            };
            match Inside::new(&ring.network()).find(&published.link).await {
                Ok(one) => {
                    assert_eq!(one.pickup.token, published.token);
                    found += 1;
                }
                Err(error) => {
                    assert_eq!(error.exit_code(), 5, "{percent} % lost: {error}");
                    unknown += 1;
                }
            }
        }
        println!("{percent} % lost: {found} found, {unknown} unknown");
        assert!(percent > 30 || unknown == 0, "{percent} % lost: {unknown} unknown");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publishing_that_failed_is_called_back_when_the_network_is_back() {
    let ring = RoughRing::start(10).await;
    let a = Inside::new(&ring.network());
    ring.set_all(Way::Mute);
    let failed = a.publish(AudienceChoice::Devices, false).await.unwrap_err();
    assert!(failed.exit_code() == 5 && failed.advice.contains("revoke that automatically"), "{failed:?}");
    assert!(a.service.finish().await);
    ring.set_all(Way::Smooth);
    let token = a.service.journal_list(true).unwrap()[0].token.clone();
    // The nodes have it although nobody said so: whoever looks next ends it.
    let reader = Inside::copy_of(&a, &ring.network());
    let here = a.beside(&ring.network(), |_| {});
    let rows = here.list(true, &Job::quiet()).await.unwrap();
    assert_eq!((rows.len(), rows[0].state), (1, State::Failed));
    assert_eq!(here.journal_list(true).unwrap()[0].state, State::Failed);
    let error = reader.find(&token).await.unwrap_err();
    assert!(error.exit_code() == 3, "{error}");
    let journal = cclink::store::Journal::new(&a.dir.path().join("home"));
    assert_eq!(journal.load().unwrap().0.handoffs[0].ending, None, "nothing is owed any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keeper_without_the_key_ends_what_failed() {
    let ring = RoughRing::start(10).await;
    let a = Inside::new(&ring.network());
    ring.set_all(Way::Mute);
    a.publish(AudienceChoice::Link, false).await.unwrap_err();
    assert!(a.service.finish().await);
    ring.set_all(Way::Smooth);
    let keyless = a.beside(&ring.network(), |settings| settings.paths.key = a.dir.path().join("nowhere"));
    let kept = keyless.keep_once().await.unwrap();
    assert_eq!((kept.len(), kept[0].did), (1, cclink::service::Did::Ended), "{kept:?}");
    assert!(keyless.keep_once().await.unwrap().is_empty(), "nothing is owed any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_that_is_not_certain_is_said_and_made_up_for() {
    let ring = RoughRing::start(20).await;
    let a = Inside::new(&ring.network());
    let published = a.publish(AudienceChoice::Link, false).await.unwrap();
    (0..12).for_each(|number| ring.set(number, Way::Silent));
    let revoked = a.service.revoke(std::slice::from_ref(&published.token), &Job::quiet()).await.unwrap();
    assert!(revoked.revoked.is_empty(), "{revoked:?}");
    assert_eq!(revoked.failed[0].code, 5, "{revoked:?}");
    ring.set_all(Way::Smooth);
    let here = a.beside(&ring.network(), |_| {});
    let rows = here.list(true, &Job::quiet()).await.unwrap();
    assert_eq!(rows[0].state, State::Revoked);
    let error = Inside::new(&ring.network()).find(&published.link).await.unwrap_err();
    assert!(error.message.contains("revoked"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_asked_twice_is_one_copy() {
    let ring = RoughRing::start(4).await;
    let network = Network::new(ring.network());
    network.lookup(&mailbox::address(&some_key()), &mut |_| {}).await.unwrap();
    // One answers each of its requests while the others are waited for.
    for (number, ms) in [(1, 250), (2, 700), (3, 700)] {
        ring.set(number, Way::Late(Duration::from_millis(ms)));
    }
    let packet = cclink::handoff::packet::make(&some_key(), b"anything", 1).unwrap();
    let copies = network.put(&packet, None).await.unwrap();
    assert!((3..=4).contains(&copies), "{copies} copies on 4 nodes");
}

//! Nodes that leave and come: copies, stale packets, a network that goes away.

use std::net::SocketAddrV4;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cclink::demo::{Demo, Ring};
use cclink::handoff::{Identity, Mailbox, mailbox};
use cclink::network::Network;
use cclink::service::{AudienceChoice, Job, PlanKind, State};
use mainline::{RequestFilter, RequestSpecific, ServerSettings};

use super::{Inside, ring};

/// Nodes that take no writes while `deaf` is set: what they hold gets stale.
#[derive(Clone, Debug, Default)]
struct Deaf(Arc<AtomicBool>);

impl Deaf {
    fn set(&self, deaf: bool) {
        self.0.store(deaf, Ordering::SeqCst);
    }
}

impl RequestFilter for Deaf {
    fn allow_request(&self, request: &RequestSpecific, _from: SocketAddrV4) -> bool {
        // The kinds of request have no public names; their debug form does.
        !(self.0.load(Ordering::SeqCst) && format!("{:?}", request.request_type).starts_with("Put"))
    }
}

/// A ring of ten in which the last `count` nodes can be made deaf to writes.
async fn ring_with_deaf(count: usize) -> (Ring, Deaf) {
    let deaf = Deaf::default();
    let ring = Ring::start_with(10, |number, node| {
        if number >= 10 - count {
            let filter = Box::new(deaf.clone());
            node.server_settings(ServerSettings { filter, ..ServerSettings::default() });
        }
    });
    (ring.await.unwrap(), deaf)
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_are_what_a_lookup_finds() {
    let mut ring = ring().await;
    let a = Inside::new(&ring.network());
    a.publish(AudienceChoice::Devices, false).await.unwrap();
    Inside::copy_of(&a, &ring.network()).lists_copies(10).await;
    ring.stop(5);
    let reader = Inside::copy_of(&a, &ring.network());
    let left = reader.service.list(false, &Job::quiet()).await.unwrap()[0].copies.unwrap();
    assert!((1..=5).contains(&left), "{left} copies on 5 nodes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_copy_on_a_third_of_the_nodes_does_not_bring_a_burned_handoff_back() {
    let (ring, deaf) = ring_with_deaf(3).await;
    let a = Inside::new(&ring.network());
    let b = Inside::copy_of(&a, &ring.network());
    let published = a.publish(AudienceChoice::Devices, true).await.unwrap();
    let seed = std::fs::read_to_string(a.dir.path().join("home/secret_key")).unwrap();
    let seed = cclink::store::identity::parse_seed(seed.as_bytes()).unwrap();
    let mailbox = Mailbox::devices(&Identity::from_seed(&seed).devices_secret());
    let address = mailbox::address(&mailbox.record_key(&published.token.parse().unwrap()));
    let network = Network::new(ring.network());
    let stale = network.lookup(&address, &mut |_| {}).await.unwrap().packets().remove(0);
    deaf.set(true);
    assert!(b.pick_up(&published.token).await.unwrap().burned);
    deaf.set(false);
    let sighting = network.lookup(&address, &mut |_| {}).await.unwrap();
    assert_eq!(sighting.copies(&stale), 3, "these nodes never heard of the end");
    // A device that never saw the end, and one that announces what it stored.
    let c = Inside::copy_of(&a, &ring.network());
    let error = c.pick_up(&published.token).await.unwrap_err();
    assert!(error.exit_code() == 3 && error.message.contains("already picked up"), "{error}");
    let again = a.service.announce(&published.token, &Job::quiet()).await.unwrap();
    assert_eq!(again.state, State::Burned);
    let d = Inside::copy_of(&a, &ring.network());
    let error = d.pick_up(&published.token).await.unwrap_err();
    assert!(error.message.contains("already picked up"), "{error}");
    let sighting = network.lookup(&address, &mut |_| {}).await.unwrap();
    assert_eq!(sighting.copies(&stale), 0, "the announcement was the end, not the stale copy");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_half_of_the_nodes_take_no_mark_it_is_unknown_until_they_do() {
    let (ring, deaf) = ring_with_deaf(5).await;
    let a = Inside::new(&ring.network());
    let (b, c) = (Inside::copy_of(&a, &ring.network()), Inside::copy_of(&a, &ring.network()));
    let published = a.publish(AudienceChoice::Devices, true).await.unwrap();
    deaf.set(true);
    let error = b.pick_up(&published.token).await.unwrap_err();
    assert!(error.exit_code() == 5 && error.advice.contains("again on this device"), "{error:?}");
    deaf.set(false);
    // Whoever tried first has it: nobody else, but nobody for good neither.
    assert_eq!(c.pick_up(&published.token).await.unwrap_err().exit_code(), 3);
    assert!(b.pick_up(&published.token).await.unwrap().burned);
}

#[tokio::test(flavor = "multi_thread")]
async fn announcing_brings_a_handoff_to_new_nodes() {
    let (ring, deaf) = ring_with_deaf(8).await;
    let a = Inside::new(&ring.network());
    deaf.set(true);
    let published = a.publish(AudienceChoice::Devices, false).await.unwrap();
    assert!(published.copies == 2 && published.warnings[0].contains("2 nodes"), "{published:?}");
    deaf.set(false);
    let row = a.service.announce(&published.token, &Job::quiet()).await.unwrap();
    assert!(row.copies > Some(2), "{row:?}");
    Inside::copy_of(&a, &ring.network()).lists_copies(10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_key_the_newest_is_announced_beside_older_copies() {
    let (ring, deaf) = ring_with_deaf(3).await;
    let a = Inside::new(&ring.network());
    let reader = Inside::copy_of(&a, &ring.network());
    let published = a.publish(AudienceChoice::Devices, false).await.unwrap();
    deaf.set(true);
    a.service.extend(&published.token, "2d".parse().unwrap(), &Job::quiet()).await.unwrap();
    deaf.set(false);
    reader.lists_copies(7).await;
    let keyless = a.beside(&ring.network(), |settings| settings.paths.key = a.dir.path().join("nowhere"));
    let kept = keyless.keep_once().await.unwrap();
    assert!(kept.len() == 1 && kept[0].copies > Some(7), "{kept:?}");
    reader.lists_copies(10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handoff_can_live_longer() {
    let ring = ring().await;
    let a = Inside::new(&ring.network());
    let b = Inside::copy_of(&a, &ring.network());
    let published = a.publish(AudienceChoice::Devices, false).await.unwrap();
    let longer = a.service.extend(&published.token, "2d".parse().unwrap(), &Job::quiet()).await.unwrap();
    assert!(longer.expires_at > published.expires_at);
    let picked = b.pick_up(&published.token).await.unwrap();
    assert_eq!(picked.expires_at, longer.expires_at);
    let shorter = a.service.extend(&published.token, "1h".parse().unwrap(), &Job::quiet()).await;
    assert_eq!(shorter.unwrap_err().exit_code(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_few_nodes_took_does_not_live_longer() {
    let (ring, deaf) = ring_with_deaf(8).await;
    let a = Inside::new(&ring.network());
    let published = a.publish(AudienceChoice::Devices, false).await.unwrap();
    deaf.set(true);
    let longer = a.service.extend(&published.token, "2d".parse().unwrap(), &Job::quiet()).await;
    assert!(longer.is_err(), "two of ten nodes have it: {longer:?}");
    deaf.set(false);
    let longer = a.service.extend(&published.token, "3d".parse().unwrap(), &Job::quiet()).await.unwrap();
    assert!(longer.copies > Some(2), "{longer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_has_two_devices_and_a_ring_that_can_go_away() {
    let mut demo = Demo::start().await.unwrap();
    let sessions = demo.service.sessions(&demo.cwd, false).unwrap();
    let projects: std::collections::BTreeSet<_> = sessions.iter().map(|s| s.project.clone()).collect();
    assert!(sessions.len() >= 12 && projects.len() == 4, "{} over {projects:?}", sessions.len());
    assert!(sessions.iter().all(|session| session.resumable));
    demo.publish_from_other().await.unwrap();
    let inbox = demo.service.inbox(&Job::quiet()).await.unwrap();
    assert_eq!(inbox.len(), 2, "{inbox:?}");
    assert!(inbox.iter().all(|entry| entry.hostname == "framework-desktop" && entry.from.name() == "dana"));
    // The conversation of the newest comes along, and nothing more has to be said.
    let newest = demo.service.recognise(&inbox[0].token).unwrap();
    let found = demo.service.find(&newest, &Job::quiet()).await.unwrap();
    let best = &found[0].pickup.plans[0];
    assert!(best.kind == PlanKind::Carried && best.ready, "{best:?}");
    demo.stop_ring();
    let error = demo.service.inbox(&Job::quiet()).await.unwrap_err();
    assert_eq!(error.exit_code(), 5, "{error}");
}

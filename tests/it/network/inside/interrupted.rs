//! Writes whose answer was lost, processes that died in the middle, and packets
//! that come back later than they should.

use cclink::handoff::z32;
use cclink::handoff::{Identity, Index, Mailbox, Standing, Token, Trace, mailbox};
use cclink::network::Network;
use cclink::service::{AudienceChoice, Job, State};
use cclink::store::journal::Taking;
use cclink::store::{Journal, Stage};
use chrono::{TimeDelta, Utc};
use pkarr::SignedPacket;

use super::{Inside, ring};

/// The mailbox of a device's own devices.
fn devices(device: &Inside) -> (Identity, Mailbox) {
    let seed = std::fs::read(device.dir.path().join("home/secret_key")).unwrap();
    let identity = Identity::from_seed(&cclink::store::identity::parse_seed(&seed).unwrap());
    let mailbox = Mailbox::devices(&identity.devices_secret());
    (identity, mailbox)
}

fn journal(device: &Inside) -> Journal {
    Journal::new(&device.dir.path().join("home"))
}

async fn packets(network: &Network, mailbox: &Mailbox, token: &Token) -> Vec<SignedPacket> {
    network.lookup(&mailbox::address(&mailbox.record_key(token)), &mut |_| {}).await.unwrap().packets()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pickup_that_died_after_taking_is_finished_by_the_next_one() {
    let ring = ring().await;
    let a = Inside::new(&ring.network());
    let b = Inside::copy_of(&a, &ring.network());
    let published = a.publish(AudienceChoice::Devices, true).await.unwrap();
    let token: Token = published.token.parse().unwrap();
    let (_, mailbox) = devices(&a);
    let network = Network::new(ring.network());
    let record = packets(&network, &mailbox, &token).await.remove(0);
    // What B had done when its process was killed: noted, written, not shown.
    let trace = Trace::mark(Utc::now(), "inside").unwrap();
    let burned = mailbox.make_burned(&token, &trace, record.timestamp().as_u64() + 1).unwrap();
    let taking = Taking {
        burned: z32::encode(&burned.to_relay_payload()),
        record: z32::encode(&record.to_relay_payload()),
        settled: false,
        won: false,
        until: Utc::now() + TimeDelta::days(1),
        unknown: serde_json::Map::new(),
    };
    let address = z32::encode(&mailbox::address(&mailbox.record_key(&token)));
    journal(&b).update(Utc::now(), |book| drop(book.taking.insert(address, taking))).unwrap();
    network.put(&burned, None).await.unwrap();
    // Nobody else can have it; B gets it, once.
    let c = Inside::copy_of(&a, &ring.network());
    assert_eq!(c.pick_up(&published.token).await.unwrap_err().exit_code(), 3);
    let picked = b.pick_up(&published.token).await.unwrap();
    assert!(picked.burned && picked.session_id == published.session_id);
    let again = b.pick_up(&published.token).await.unwrap_err();
    assert!(again.message.contains("already picked up"), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_but_is_there_is_listed_and_revoked() {
    let ring = ring().await;
    let a = Inside::new(&ring.network());
    let published = a.publish(AudienceChoice::Link, false).await.unwrap();
    // The nodes had it; their answers were lost.
    let token: Token = published.token.parse().unwrap();
    journal(&a).update(Utc::now(), |book| book.entry(&token).unwrap().stage = Stage::Failed).unwrap();
    let rows = a.service.list(false, &Job::quiet()).await.unwrap();
    assert_eq!((rows.len(), rows[0].state), (1, State::Live));
    journal(&a).update(Utc::now(), |book| book.entry(&token).unwrap().stage = Stage::Failed).unwrap();
    let revoked = a.service.revoke_all(&Job::quiet()).await.unwrap();
    assert_eq!(revoked.revoked, [published.token]);
}

#[tokio::test(flavor = "multi_thread")]
async fn announcing_a_later_record_does_not_undo_an_end() {
    let ring = ring().await;
    let a = Inside::new(&ring.network());
    let b = Inside::copy_of(&a, &ring.network());
    let published = a.publish(AudienceChoice::Devices, true).await.unwrap();
    let token: Token = published.token.parse().unwrap();
    let (identity, mailbox) = devices(&a);
    let network = Network::new(ring.network());
    let real = packets(&network, &mailbox, &token).await;
    let Standing::Record { record, .. } = mailbox.judge(&token, &[identity.public()], &real) else {
        panic!()
    };
    assert!(b.pick_up(&published.token).await.unwrap().burned);
    // A's bytes are later than the end, as of an extension that few nodes heard.
    let later = u64::try_from(Utc::now().timestamp_micros()).unwrap() + 60_000_000;
    let packet = mailbox.make_record(&identity, &token, *record, later).unwrap();
    let payload = z32::encode(&packet.to_relay_payload());
    journal(&a).update(Utc::now(), |book| book.entry(&token).unwrap().packet = payload).unwrap();
    assert_eq!(a.service.announce(&published.token, &Job::quiet()).await.unwrap().state, State::Burned);
    // Even where a member put that record back, the end is made anew above it.
    network.put(&packet, None).await.unwrap();
    assert_eq!(a.service.announce(&published.token, &Job::quiet()).await.unwrap().state, State::Burned);
    let c = Inside::copy_of(&a, &ring.network());
    assert_eq!(c.pick_up(&published.token).await.unwrap_err().exit_code(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_readers_receipt_stands_whatever_the_clocks() {
    let ring = ring().await;
    let a = Inside::new(&ring.network());
    let published = a.publish(AudienceChoice::Devices, false).await.unwrap();
    for (hostname, offset) in [("ahead", 600), ("last", 0)] {
        let reader = Inside::copy_with(&a, &ring.network(), |settings| {
            settings.hostname = hostname.to_owned();
            settings.clock_offset = offset;
        });
        reader.pick_up(&published.token).await.unwrap();
        assert!(reader.service.finish().await);
    }
    let rows = a.service.list(false, &Job::quiet()).await.unwrap();
    assert_eq!(rows[0].picked_up.as_ref().unwrap().hostname, "last");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_lost_an_entry_is_mended_by_its_publisher() {
    let ring = ring().await;
    let a = Inside::new(&ring.network());
    let published = a.publish(AudienceChoice::Devices, false).await.unwrap();
    // A device whose clock was days ahead took out what it believed expired.
    let (_, mailbox) = devices(&a);
    let network = Network::new(ring.network());
    let list = network.lookup(&mailbox::address(&mailbox.index_key()), &mut |_| {}).await.unwrap();
    let empty = mailbox.make_index(&Index::default(), list.highest().unwrap() + 1).unwrap();
    network.put(&empty, None).await.unwrap();
    let listed = async || {
        let reader = Inside::copy_of(&a, &ring.network());
        let rows = reader.service.list(true, &Job::quiet()).await.unwrap();
        rows.iter().any(|row| row.token == published.token)
    };
    assert!(!listed().await, "it went missing");
    a.service.list(false, &Job::quiet()).await.unwrap();
    assert!(listed().await, "and came back");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_contact_cannot_hide_what_others_share() {
    let ring = ring().await;
    let (honest, hostile) = (Inside::new(&ring.network()), Inside::new(&ring.network()));
    let b = Inside::new(&ring.network());
    let key = |device: &Inside| devices(device).0.public();
    for (name, other) in [("honest", &honest), ("hostile", &hostile)] {
        b.service.add_contact(name, &key(other).to_string(), false).unwrap();
    }
    let to_b = || AudienceChoice::Share(key(&b).to_string());
    let published = honest.publish(to_b(), false).await.unwrap();
    // A list of a version that B does not know.
    let (identity, _) = devices(&hostile);
    let between = Mailbox::share(&identity, &identity.public(), &key(&b)).unwrap();
    let sealed = std::iter::repeat_with(|| age::encrypt(&between.lock().to_public(), &[2; 672]).unwrap())
        .find(|file| file.len() <= cclink::handoff::seal::MAX_SEALED)
        .unwrap();
    let newer = cclink::handoff::packet::make(&between.index_key(), &sealed, 1).unwrap();
    Network::new(ring.network()).put(&newer, None).await.unwrap();
    let inbox = b.service.inbox(&Job::quiet()).await.unwrap();
    assert_eq!(inbox.len(), 1);
    assert!(b.service.take_warnings().iter().any(|words| words.contains("hostile")));
    let found = b.service.find(&cclink::service::Target::Newest, &Job::quiet()).await.unwrap();
    assert_eq!(found[0].pickup.token, published.token);
    assert_eq!(b.pick_up(&published.token[..6]).await.unwrap().token, published.token);
}

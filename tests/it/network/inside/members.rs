//! What a member of an audience can do to the others, or a device whose clock is
//! wrong: floods, dates of choice, records that are wrapped anew.

use cclink::handoff::index::{CAPACITY, IndexEntry, Span};
use cclink::handoff::{Identity, Index, Link, LinkTarget, Mailbox, Token, mailbox, packet, seal};
use cclink::network::Network;
use cclink::service::{AudienceChoice, Job, Target};

use super::rough::{RoughRing, Way};
use super::{Inside, ring};

fn devices(device: &Inside) -> Mailbox {
    let seed = std::fs::read(device.dir.path().join("home/secret_key")).unwrap();
    let identity = Identity::from_seed(&cclink::store::identity::parse_seed(&seed).unwrap());
    Mailbox::devices(&identity.devices_secret())
}

fn now() -> u32 {
    u32::try_from(chrono::Utc::now().timestamp()).unwrap()
}

async fn newest(device: &Inside) -> Result<String, cclink::service::Error> {
    let found = device.service.find(&Target::Newest, &Job::quiet()).await?;
    Ok(found[0].pickup.token.clone())
}

/// Puts a list in the place of the one that is there.
async fn put_list(network: &Network, mailbox: &Mailbox, change: impl FnOnce(&mut Index)) {
    let seen = network.lookup(&mailbox::address(&mailbox.index_key()), &mut |_| {}).await.unwrap();
    let mut index = mailbox.read_index(&seen.packets()).unwrap();
    change(&mut index);
    let list = mailbox.make_index(&index, seen.expected() + 1).unwrap();
    network.put(&list, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_tokens_that_lead_nowhere_is_bounded() {
    const NODES: usize = 6;
    let ring = RoughRing::start(NODES).await;
    let a = Inside::new(&ring.network());
    let published = a.publish(AudienceChoice::Devices, false).await.unwrap();
    let mailbox = devices(&a);
    // Each node has another list, full of what is not there.
    for number in 0..NODES {
        ring.set_all(Way::Silent);
        ring.set(number, Way::Smooth);
        let mut index = Index::default();
        for dead in 0..CAPACITY {
            let token = [u8::try_from(number + 1).unwrap(), u8::try_from(dead).unwrap(), 0, 0, 0, 0, 0, 0];
            index.insert(IndexEntry { token, span: Span { created: now() - 3600, expires: now() + 3600 } });
        }
        let far = u64::try_from(chrono::Utc::now().timestamp_micros()).unwrap();
        let list = mailbox.make_index(&index, far).unwrap();
        assert_eq!(Network::new(ring.network()).put(&list, None).await, Ok(1));
    }
    ring.set_all(Way::Smooth);
    let b = Inside::copy_of(&a, &ring.network());
    ring.asked();
    let error = newest(&b).await.unwrap_err();
    let asked = ring.asked();
    println!("{asked} gets of {NODES} nodes");
    assert!(asked <= 70 * NODES, "{asked} gets");
    // It may be behind them, and is for who knows its name.
    assert_eq!(error.exit_code(), 5, "{error}");
    assert_eq!(b.find(&published.token).await.unwrap().pickup.token, published.token);
    // What is nowhere is not asked for twice: after some questions none is left.
    for _ in 0..4 {
        let _ = b.service.inbox(&Job::quiet()).await;
    }
    ring.asked();
    b.service.inbox(&Job::quiet()).await.unwrap();
    let asked = ring.asked();
    assert!(asked <= 4 * NODES, "{asked} gets");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_signed_time_decides_what_is_newest() {
    let ring = ring().await;
    let a = Inside::new(&ring.network());
    let older = a.publish(AudienceChoice::Devices, false).await.unwrap();
    std::fs::remove_dir_all(a.dir.path().join("claude")).unwrap();
    a.invent_session();
    let newer = a.publish(AudienceChoice::Devices, false).await.unwrap();
    assert_ne!(older.token, newer.token);
    let (mailbox, network) = (devices(&a), Network::new(ring.network()));
    let token: Token = older.token.parse().unwrap();
    for created in [u32::MAX, now() + 600] {
        put_list(&network, &mailbox, |index| {
            index.insert(IndexEntry { token: token.bytes, span: Span { created, expires: now() + 86_400 } });
        })
        .await;
        assert_eq!(newest(&Inside::copy_of(&a, &ring.network())).await.unwrap(), newer.token, "{created}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_whose_clock_is_days_ahead_takes_nothing_away_and_blocks_nobody() {
    let ring = ring().await;
    let a = Inside::new(&ring.network());
    let first = a.publish(AudienceChoice::Devices, false).await.unwrap();
    let fast = Inside::copy_with(&a, &ring.network(), |settings| settings.clock_offset = 2 * 86_400);
    fast.invent_session();
    // It may be warned, and its own may not be believed; that is all.
    let _ = fast.publish(AudienceChoice::Devices, false).await;
    let b = Inside::copy_of(&a, &ring.network());
    assert_eq!(newest(&b).await.unwrap(), first.token);
    b.invent_session();
    let second = b.publish(AudienceChoice::Devices, false).await.unwrap();
    assert!(second.warnings.iter().all(|words| !words.contains("list")), "{:?}", second.warnings);
    let rows = Inside::copy_of(&a, &ring.network()).service.list(false, &Job::quiet()).await.unwrap();
    for token in [&first.token, &second.token] {
        assert!(rows.iter().any(|row| row.token == *token), "{rows:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_member_wraps_anew_above_a_revocation_is_ended_again() {
    let ring = ring().await;
    let a = Inside::new(&ring.network());
    let network = Network::new(ring.network());
    let published = a.publish(AudienceChoice::Link, false).await.unwrap();
    let link: Link = published.link.parse().unwrap();
    let LinkTarget::Secret(secret) = &link.target else { panic!("no link handoff") };
    let mailbox = Mailbox::link(&link.creator, secret);
    let token = mailbox.link_token();
    let address = mailbox::address(&mailbox.record_key(&token));
    let record = network.lookup(&address, &mut |_| {}).await.unwrap().packets().remove(0);
    let revoke = async || {
        let tokens = std::slice::from_ref(&published.token);
        a.service.revoke(tokens, &Job::quiet()).await.unwrap()
    };
    assert_eq!(revoke().await.revoked.len(), 1);
    // The creator's signature does not cover the sequence.
    let opened = seal::open(&mailbox.lock(), &packet::data(&record).unwrap()).unwrap();
    let sealed = seal::seal(&mailbox.lock().to_public(), opened.kind, &opened.payload).unwrap();
    let later = network.lookup(&address, &mut |_| {}).await.unwrap().expected() + 5;
    let again = packet::make(&mailbox.record_key(&token), &sealed, later).unwrap();
    network.put(&again, None).await.unwrap();
    let reader = || Inside::new(&ring.network());
    assert!(reader().find(&published.link).await.is_ok(), "for a fresh reader it is alive again");
    // Not what this device remembers, but what is there decides.
    assert_eq!(revoke().await.revoked.len(), 1);
    let error = reader().find(&published.link).await.unwrap_err();
    assert!(error.exit_code() == 3 && error.message.contains("revoked"), "{error}");
}

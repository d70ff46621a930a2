//! What a member of an audience can try, knowing its secret: forging a record,
//! moving one, putting a stale one back.

use cclink::handoff::{Identity, Link, LinkTarget, Mailbox, Standing, Token, mailbox, packet, seal};
use cclink::network::Network;
use cclink::service::{AudienceChoice, Job};
use pkarr::SignedPacket;

use super::{Inside, ring};

/// The mailbox and token of a link handoff, as anyone with the link knows them.
fn place(link: &str) -> (Link, Mailbox, Token) {
    let link: Link = link.parse().unwrap();
    let LinkTarget::Secret(secret) = &link.target else { panic!("no link handoff") };
    let mailbox = Mailbox::link(&link.creator, secret);
    let token = mailbox.link_token();
    (link, mailbox, token)
}

async fn packets_at(network: &Network, mailbox: &Mailbox, token: &Token) -> Vec<SignedPacket> {
    network.lookup(&mailbox::address(&mailbox.record_key(token)), &mut |_| {}).await.unwrap().packets()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_forged_with_the_right_secret_is_refused() {
    let ring = ring().await;
    let (a, b) = (Inside::new(&ring.network()), Inside::new(&ring.network()));
    let network = Network::new(ring.network());
    let published = a.publish(AudienceChoice::Link, false).await.unwrap();
    let (link, mailbox, token) = place(&published.link);
    let real = packets_at(&network, &mailbox, &token).await;
    let Standing::Record { record, .. } = mailbox.judge(&token, &[link.creator], &real) else {
        panic!("the record stands")
    };
    let thief = Identity::from_seed(&[66; 32]);
    let mut forged = *record;
    forged.project = "/home/dana/trap".to_owned();
    let later = real[0].timestamp().as_u64() + 1;
    let forged = mailbox.make_record(&thief, &token, forged, later).unwrap();
    assert!(network.put(&forged, None).await.unwrap() > 0, "the network itself takes it");
    // The real one is overwritten on every node; the forgery is not believed.
    let error = b.pick_up(&published.link).await.unwrap_err();
    assert_eq!(error.exit_code(), 3, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_moved_to_another_address_is_refused() {
    let ring = ring().await;
    let (a, b) = (Inside::new(&ring.network()), Inside::new(&ring.network()));
    let network = Network::new(ring.network());
    let first = a.publish(AudienceChoice::Link, false).await.unwrap();
    let second = a.publish(AudienceChoice::Link, false).await.unwrap();
    let (_, from, from_token) = place(&first.link);
    let (_, to, to_token) = place(&second.link);
    let real = packets_at(&network, &from, &from_token).await.remove(0);
    let opened = seal::open(&from.lock(), &packet::data(&real).unwrap()).unwrap();
    let sealed = seal::seal(&to.lock().to_public(), opened.kind, &opened.payload).unwrap();
    let later = packets_at(&network, &to, &to_token).await[0].timestamp().as_u64() + 1;
    let moved = packet::make(&to.record_key(&to_token), &sealed, later).unwrap();
    assert!(network.put(&moved, None).await.unwrap() > 0);
    assert_eq!(b.pick_up(&second.link).await.unwrap_err().exit_code(), 3);
    assert_eq!(b.pick_up(&first.link).await.unwrap().token, first.token, "the original is untouched");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_cannot_revoke_in_the_creators_name() {
    let ring = ring().await;
    let (a, b) = (Inside::new(&ring.network()), Inside::new(&ring.network()));
    let network = Network::new(ring.network());
    let published = a.publish(AudienceChoice::Link, false).await.unwrap();
    let (_, mailbox, token) = place(&published.link);
    let later = packets_at(&network, &mailbox, &token).await[0].timestamp().as_u64() + 1;
    let thief = Identity::from_seed(&[66; 32]);
    let revoked = mailbox.make_revoked(&thief, &token, chrono::Utc::now(), later).unwrap();
    network.put(&revoked, None).await.unwrap();
    let error = b.pick_up(&published.link).await.unwrap_err();
    assert!(!error.message.contains("revoked"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sequence_from_the_future_blocks_nothing_and_the_last_one_is_said() {
    let ring = ring().await;
    let a = Inside::new(&ring.network());
    let network = Network::new(ring.network());
    let published = a.publish(AudienceChoice::Link, false).await.unwrap();
    let (_, mailbox, token) = place(&published.link);
    let key = mailbox.record_key(&token);
    let far = u64::try_from(chrono::Utc::now().timestamp_micros()).unwrap() + 3 * 86_400_000_000;
    network.put(&packet::make(&key, b"noise", far).unwrap(), None).await.unwrap();
    let revoke =
        async || a.service.revoke(std::slice::from_ref(&published.token), &Job::quiet()).await.unwrap();
    assert_eq!(revoke().await.revoked, std::slice::from_ref(&published.token));
    assert_eq!(packets_at(&network, &mailbox, &token).await[0].timestamp().as_u64(), far + 1);
    network.put(&packet::make(&key, b"noise", 1 << 62).unwrap(), None).await.unwrap();
    let revoked = revoke().await;
    assert!(revoked.failed[0].error.contains("the last one"), "{revoked:?}");
}

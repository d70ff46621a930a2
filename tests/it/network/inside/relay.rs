//! Relays beside the DHT: a real `pkarr-relay`. It listens on every address of
//! its machine, so it runs in a network namespace that has only a loopback.

use cclink::network::NetworkConfig;
use cclink::service::AudienceChoice;
use pkarr_relay::Relay;

use super::namespace::elsewhere;
use super::{Inside, ring};

/// A DHT that is not there, and a relay.
fn only(relay: &Relay) -> NetworkConfig {
    NetworkConfig { bootstrap: Some(vec!["127.0.0.1:1".to_owned()]), relays: vec![relay.local_url()] }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_serves_where_udp_does_not() {
    if elsewhere("network::inside::relay::a_relay_serves_where_udp_does_not") {
        return;
    }
    let ring = ring().await;
    let relay = Relay::run_test(&ring.bootstrap()).await.unwrap();
    let a = Inside::new(&only(&relay));
    let b = Inside::copy_of(&a, &only(&relay));
    let published = a.publish(AudienceChoice::Devices, false).await.unwrap();
    assert!(published.warnings.is_empty(), "{published:?}");
    assert_eq!(b.pick_up(&published.link).await.unwrap().token, published.token);
    // What went through the relay lies on the DHT, and the other way round.
    let c = Inside::copy_of(&a, &ring.network());
    assert_eq!(c.pick_up(&published.token).await.unwrap().token, published.token);
    // A relay that is gone is not "not found".
    relay.shutdown();
    let error = b.pick_up(&published.link).await.unwrap_err();
    assert_eq!(error.exit_code(), 5, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_relay_does_not_hold_the_dht_up() {
    if elsewhere("network::inside::relay::a_dead_relay_does_not_hold_the_dht_up") {
        return;
    }
    let ring = ring().await;
    let mut network = ring.network();
    network.relays = vec!["http://127.0.0.1:1/".parse().unwrap()];
    let a = Inside::new(&network);
    let published = a.publish(AudienceChoice::Link, true).await.unwrap();
    let b = Inside::new(&network);
    assert!(b.pick_up(&published.link).await.unwrap().burned);
    assert_eq!(b.pick_up(&published.link).await.unwrap_err().exit_code(), 3);
}

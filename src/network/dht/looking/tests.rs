//! The client in simulated networks.

use std::time::Duration;

use super::super::world::{Weather, World};
use super::*;
use crate::handoff::{Identity, Mailbox, mailbox, packet};
use crate::network::{Network, NetworkConfig, NetworkError, Sighting};

fn at(text: &str) -> SocketAddrV4 {
    text.parse().unwrap()
}

fn network(world: &World) -> Network {
    Network::new(NetworkConfig { bootstrap: Some(vec![world.bootstrap()]), relays: Vec::new() })
}

fn key(number: u8) -> pkarr::Keypair {
    Mailbox::devices(&Identity::from_seed(&[number; 32]).devices_secret()).index_key()
}

fn address(number: u8) -> Address {
    mailbox::address(&key(number))
}

async fn look(network: &Network, number: u8) -> Result<Sighting, NetworkError> {
    network.lookup(&address(number), &mut |_| {}).await
}

async fn put(network: &Network, number: u8) -> Result<u32, NetworkError> {
    network.put(&packet::make(&key(number), &[7; 900], 1).unwrap(), None).await
}

#[test]
fn nobody_outside_leads_into_this_machine_or_its_network() {
    let (outside, inside, here) = (at("84.124.73.14:6881"), at("192.168.1.7:6881"), at("127.0.0.1:6881"));
    for private in
        ["10.0.0.1:80", "172.16.0.1:1", "192.168.1.1:53", "169.254.1.1:1", "100.64.0.1:1", "127.0.0.1:22"]
    {
        assert!(!can_be(outside, at(private)), "{private}");
    }
    assert!(can_be(inside, at("10.0.0.1:80")) && can_be(here, here) && !can_be(inside, here));
    for nobody in ["0.0.0.0:1", "0.1.2.3:1", "224.0.0.1:1", "255.255.255.255:1", "240.0.0.1:1", "1.2.3.4:0"] {
        assert!(!can_be(outside, at(nobody)) && !can_be(here, at(nobody)), "{nobody}");
    }
    assert!(can_be(outside, at("1.2.3.4:5")) && can_be(here, outside));
}

#[tokio::test(start_paused = true)]
async fn many_lookups_within_a_minute_leave_room_to_put() {
    let world = World::enter(1, 20, Weather::FINE);
    let network = network(&world);
    for number in 0..70 {
        look(&network, number).await.unwrap();
    }
    assert_eq!(put(&network, 100).await, Ok(20));
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_died_is_replaced() {
    let world = World::enter(2, 20, Weather::FINE);
    let network = network(&world);
    assert_eq!(put(&network, 1).await, Ok(20));
    world.break_sockets();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(look(&network, 1).await.is_ok_and(|seen| seen.newest().is_some()));
}

#[tokio::test(start_paused = true)]
async fn nodes_are_not_forgotten_while_the_network_is_away() {
    let world = World::enter(3, 20, Weather::FINE);
    let network = network(&world);
    put(&network, 1).await.unwrap();
    world.set_weather(Weather { lost: 1_000, ..Weather::FINE });
    for _ in 0..5 {
        assert_eq!(look(&network, 1).await.err(), Some(NetworkError::Unreachable));
    }
    world.set_weather(Weather::FINE);
    let dht = network.0.dht.get().unwrap();
    let known = dht.memory().known.len();
    let guides = dht.memory().guides.len();
    // What the bootstrap's names led to is asked for anew.
    assert_eq!((known, guides), (20, 0));
    assert!(look(&network, 1).await.unwrap().newest().is_some());
}

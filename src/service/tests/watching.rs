//! What watching costs, and that it misses nothing for it.

use std::time::Duration;

use tokio::time::sleep;

use super::super::{Job, NewsKind, Watch};
use super::devices::{Device, seed};
use crate::handoff::{Token, Ttl};
use crate::network::world::{Weather, World};

const MINUTE: Duration = Duration::from_mins(1);
const HANDOFFS: u64 = 30;

/// Looks once, a minute after the last time: what happened.
async fn round(device: &Device, watch: &mut Watch) -> Vec<NewsKind> {
    sleep(MINUTE).await;
    let news = device.service.news(watch, MINUTE, &Job::quiet()).await.unwrap();
    news.iter().map(|news| news.event).collect()
}

/// Two devices, of which one has published thirty handoffs.
async fn thirty(number: u64) -> (World, [Device; 2], Vec<Token>) {
    let world = World::enter(number, 20, Weather::FINE);
    let [a, b] = [(); 2].map(|()| Device::new(&world, &seed(number)));
    let mut tokens = Vec::new();
    for number in 0..HANDOFFS {
        let published = a.publish(&a.session(number), number == 0, Ttl::DEFAULT).await.unwrap();
        tokens.push(published.token.parse().unwrap());
    }
    (world, [a, b], tokens)
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_watching_thirty_costs_little() {
    let (world, devices, _) = thirty(21).await;
    for (device, whose) in devices.iter().zip(["one's own", "others'"]) {
        let mut watch = Watch::default();
        round(device, &mut watch).await;
        let before = world.requests();
        for _ in 0..60 {
            round(device, &mut watch).await;
        }
        let each = (world.requests() - before) / HANDOFFS;
        println!("{whose}: {each} requests a handoff and hour");
        assert!(each <= 60, "{each}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_happens_is_seen_soon_enough() {
    let (_world, [a, b], tokens) = thirty(22).await;
    let mut watch = Watch::default();
    for _ in 0..40 {
        round(&a, &mut watch).await;
    }
    // What is new, by the next round.
    let found = b.publish(&b.session(99), false, Ttl::DEFAULT).await.unwrap();
    assert_eq!(round(&a, &mut watch).await, [NewsKind::Arrived], "{}", found.token);
    for _ in 0..30 {
        assert_eq!(round(&a, &mut watch).await, []);
    }
    // What became of an old one, within a quarter of an hour.
    b.take(tokens[0]).await.unwrap();
    let mut rounds = 1;
    while round(&a, &mut watch).await != [NewsKind::Burned] {
        rounds += 1;
        assert!(rounds <= 16, "it is not seen");
    }
    // Who asks, knows it at once.
    b.revoke(tokens[7]).await.unwrap();
    let rows = a.service.list(true, &Job::quiet()).await.unwrap();
    let row = rows.iter().find(|row| row.token == tokens[7].to_string()).unwrap();
    assert_eq!(row.state, super::super::State::Revoked);
}

//! How often the network is asked by one pickup.

use std::time::Duration;

use super::super::{ErrorKind, Job};
use super::devices::{Device, seed};
use crate::handoff::Ttl;
use crate::network::world::{Weather, World};

#[tokio::test(start_paused = true)]
async fn what_was_just_found_is_taken_without_another_lookup_unless_it_burns() {
    for (burns, waits, looks) in [(false, 0, false), (false, 4, true), (true, 0, true)] {
        let world = World::enter(5, 20, Weather::FINE);
        let [a, b] = [(); 2].map(|()| Device::new(&world, &seed(5)));
        let published = a.publish(&a.session(1), burns, Ttl::DEFAULT).await.unwrap();
        let found = b.find(published.token.parse().unwrap()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(waits)).await;
        let before = world.requests();
        let taken = b.service.pick_up(&found, &Job::quiet()).await.unwrap();
        assert_eq!((taken.token == published.token, taken.burned), (true, burns));
        assert_eq!(world.requests() > before, looks, "burns: {burns}, after {waits} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_all_nodes_took_is_not_read_back() {
    let world = World::enter(6, 20, Weather::FINE);
    let key = seed(6);
    let cost = async |lost: u64, number: u64| {
        let device = Device::new(&world, &key);
        world.set_weather(Weather { lost, ..Weather::FINE });
        let before = world.requests();
        device.publish(&device.session(number), false, Ttl::DEFAULT).await.unwrap();
        device.service.finish().await;
        world.requests() - before
    };
    // One walk and one round of puts for the record and the list each, and one to begin.
    for number in 1..4 {
        let asked = cost(0, number).await;
        println!("a publish asks {asked} times");
        // What others published is looked at beside it.
        assert!(asked <= 82 + 20 * (number - 1), "{asked}");
    }
    // Where a node may have missed it, it is.
    assert!(cost(300, 4).await > 82 + 60);
}

#[tokio::test(start_paused = true)]
async fn what_was_tried_and_has_gone_to_another_is_not_shown() {
    let world = World::enter(7, 20, Weather::FINE);
    let [a, b, c] = [(); 3].map(|()| Device::new(&world, &seed(7)));
    let published = a.publish(&a.session(1), true, Ttl::DEFAULT).await.unwrap();
    let token = published.token.parse().unwrap();
    let found = b.find(token).await.unwrap();
    world.set_weather(Weather { lost: 1_000, ..Weather::FINE });
    let tried = b.service.pick_up(&found, &Job::quiet()).await.map(drop);
    assert_eq!(tried.unwrap_err().kind, ErrorKind::Unreachable);
    world.set_weather(Weather::FINE);
    assert!(b.find(token).await.is_ok(), "nobody has it yet");
    c.take(token).await.unwrap();
    assert_eq!(b.find(token).await.map(drop).unwrap_err().kind, ErrorKind::Gone);
    assert_eq!(b.take(token).await.unwrap_err().kind, ErrorKind::Gone);
    assert!(c.find(token).await.is_ok(), "it is shown again by who has it");
}

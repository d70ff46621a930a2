//! How often the network is asked by one pickup.

use std::time::Duration;

use super::super::Job;
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

//! Poor networks, counted: a living handoff is found, or it is said that this cannot
//! be known; what failed to go out is called back, or confirmed, once it can be.

use std::time::Duration;

use tokio::time::sleep;

use super::super::{ErrorKind, Job, State};
use super::devices::{Device, seed};
use crate::handoff::Ttl;
use crate::network::world::{Weather, World};

/// Of each kind of network; `CCLINK_TEST_POOR` says otherwise.
const READS: usize = 24;

fn reads() -> usize {
    std::env::var("CCLINK_TEST_POOR").ok().and_then(|value| value.parse().ok()).unwrap_or(READS)
}

fn networks() -> impl Iterator<Item = Weather> {
    [100, 300, 600]
        .into_iter()
        .flat_map(|lost| [(1, 2), (180, 220)].map(|takes| Weather { lost, takes, ..Weather::FINE }))
}

#[tokio::test(start_paused = true)]
async fn nothing_that_is_alive_is_called_gone() {
    for weather in networks() {
        let world = World::enter(weather.lost, 20, Weather::FINE);
        let [a, mut b] = [(); 2].map(|()| Device::new(&world, &seed(weather.lost)));
        let session = a.session(1);
        let (mut found, mut unknown) = (0, 0);
        let published = a.publish(&session, false, Ttl::DEFAULT).await.unwrap();
        let token = published.token.parse().unwrap();
        world.set_weather(weather);
        for _ in 0..reads() {
            // Each as a program of its own, which knows no node.
            b.restarts(&world);
            match b.find(token).await {
                Ok(_) => found += 1,
                Err(error) if error.kind == ErrorKind::Unreachable => unknown += 1,
                Err(error) => panic!("{weather:?}: {error:?}"),
            }
        }
        println!("{} ‰ lost, {:?} ms: found {found}, unknown {unknown}", weather.lost, weather.takes);
        assert!(found > unknown || weather.lost == 600, "{weather:?}: found {found}, unknown {unknown}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_failed_to_go_out_is_known_once_the_network_is_back() {
    for weather in networks() {
        let world = World::enter(weather.lost + 1, 20, weather);
        let [a, b] = [(); 2].map(|()| Device::new(&world, &seed(weather.lost)));
        let (mut out, mut failed) = (0, 0);
        for number in 0..reads() / 4 {
            let session = a.session(number as u64);
            let published = a.publish(&session, false, Ttl::DEFAULT).await;
            let rows = a.service.journal_list(true).unwrap();
            let row = rows.iter().max_by_key(|row| row.created_at).unwrap();
            let token = row.token.parse().unwrap();
            sleep(Duration::from_secs(5)).await;
            world.set_weather(Weather::FINE);
            a.service.finish().await;
            let _ = a.service.keep_once().await;
            let listed = a.service.list(true, &Job::quiet()).await.unwrap();
            let state = listed.iter().find(|row| row.token == format!("{token}")).unwrap().state;
            let there = b.find(token).await.is_ok();
            if published.is_ok() {
                out += 1;
                assert!(there, "{weather:?}: acknowledged, and not there");
            } else {
                failed += 1;
                // Never alive behind its owner's back.
                let is_known = matches!(state, State::Live | State::Fading | State::PickedUp);
                assert_eq!(there, is_known, "{weather:?}: it is {state:?}");
            }
            a.revoke(token).await.ok();
            world.set_weather(weather);
        }
        println!("{} ‰ lost, {:?} ms: published {out}, failed {failed}", weather.lost, weather.takes);
    }
}

#[tokio::test(start_paused = true)]
async fn one_program_publishes_many() {
    let world = World::enter(105, 20, Weather::FINE);
    let a = Device::new(&world, &seed(5));
    // More than a list holds and a question may cost: nodes that missed a list once must
    // not keep for hours what has left it.
    for number in 0..120 {
        world.set_weather(Weather { lost: 100, ..Weather::FINE });
        let published = a.publish(&a.session(number), false, Ttl::DEFAULT).await;
        let published = published.unwrap_or_else(|error| panic!("the {number}th: {error:?}"));
        world.set_weather(Weather::FINE);
        // What has ended makes room in the list of 41.
        a.revoke(published.token.parse().unwrap()).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_revoked_without_a_network_is_not_made_to_live_longer() {
    let world = World::enter(106, 20, Weather::FINE);
    let a = Device::new(&world, &seed(6));
    let token = a.publish(&a.session(1), false, Ttl::DEFAULT).await.unwrap().token;
    world.set_weather(Weather { lost: 1_000, ..Weather::FINE });
    assert!(a.revoke(token.parse().unwrap()).await.is_err());
    world.set_weather(Weather::FINE);
    let job = Job::quiet();
    for promised in [a.service.extend(&token, Ttl::MAX, &job).await, a.service.announce(&token, &job).await] {
        assert!(promised.unwrap_err().message.contains("You revoked this handoff"));
    }
    a.service.list(true, &job).await.unwrap();
    let found = a.find(token.parse().unwrap()).await.map(drop);
    assert_eq!(found.unwrap_err().kind, ErrorKind::Gone);
}

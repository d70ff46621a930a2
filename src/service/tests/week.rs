//! Seven days in a network whose nodes come, go and forget.

use std::time::Duration;

use tokio::time::sleep;

use super::devices::{Device, seed};
use crate::handoff::Ttl;
use crate::network::world::{Weather, World};

const HOUR: Duration = Duration::from_hours(1);

/// Whether a handoff of seven days is there at the end of each day, with its keeper
/// or without.
async fn a_week(kept: bool) -> Vec<bool> {
    let world = World::enter(11, 24, Weather { lost: 30, ..Weather::FINE });
    let [a, b] = [(); 2].map(|()| Device::new(&world, &seed(1)));
    let session = a.session(1);
    let published = a.publish(&session, false, Ttl::MAX).await.unwrap();
    let token = published.token.parse().unwrap();
    let mut days = Vec::new();
    for hour in 1..7 * 24 {
        sleep(HOUR).await;
        // Half of all nodes are others after a day.
        world.replace_node();
        if kept {
            a.service.keep_once().await.unwrap();
        }
        if hour % 24 == 0 {
            days.push(b.find(token).await.is_ok());
        }
    }
    days
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_is_there_for_a_week_of_churn() {
    assert_eq!(a_week(true).await, [true; 6]);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_keeps_is_gone_after_hours() {
    assert_eq!(a_week(false).await, [false; 6]);
}

//! Who gets a handoff that burns, on a network that loses requests and beside
//! nodes that are silent.

use std::net::SocketAddrV4;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use cclink::demo::Ring;
use cclink::service::{AudienceChoice, Error, Pickup};
use mainline::{RequestFilter, RequestSpecific, ServerSettings};

use super::Inside;

/// Drops so many of a hundred requests; at 100 a node is silent.
#[derive(Clone, Debug, Default)]
struct Loss(Arc<AtomicU32>);

impl Loss {
    fn set(&self, percent: u32) {
        self.0.store(percent, Ordering::SeqCst);
    }
}

impl RequestFilter for Loss {
    fn allow_request(&self, _request: &RequestSpecific, _from: SocketAddrV4) -> bool {
        let mut byte = [0];
        getrandom::fill(&mut byte).unwrap();
        u32::from(byte[0]) * 100 / 256 >= self.0.load(Ordering::SeqCst)
    }
}

/// A ring in which the last `silent` nodes can be made silent, and all the
/// others poor.
async fn ring_with(live: usize, silent: usize) -> (Ring, Loss, Loss) {
    let (poor, gone) = (Loss::default(), Loss::default());
    let ring = Ring::start_with(live + silent, |number, node| {
        let filter = Box::new(if number < live { poor.clone() } else { gone.clone() });
        node.server_settings(ServerSettings { filter, ..ServerSettings::default() });
    });
    (ring.await.unwrap(), poor, gone)
}

/// Two readers at once, then again where it was not known; how often it was had.
async fn race(ring: &Ring, poor: &Loss, percent: u32) -> usize {
    let a = Inside::new(&ring.network());
    let published = a.publish(AudienceChoice::Devices, true).await.unwrap();
    let readers = [Inside::copy_of(&a, &ring.network()), Inside::copy_of(&a, &ring.network())];
    poor.set(percent);
    let [b, c] = &readers;
    let (first, second) = tokio::join!(b.pick_up(&published.token), c.pick_up(&published.token));
    poor.set(0);
    let mut had = 0;
    for (reader, result) in readers.iter().zip([first, second]) {
        had += usize::from(
            got_it(&result) || is_unknown(&result) && got_it(&reader.pick_up(&published.token).await),
        );
    }
    had
}

fn got_it(result: &Result<Pickup, Error>) -> bool {
    matches!(result, Ok(picked) if picked.burned)
}

fn is_unknown(result: &Result<Pickup, Error>) -> bool {
    matches!(result, Err(error) if error.exit_code() == 5)
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_silent_nodes_one_of_two_readers_gets_it() {
    let (ring, poor, gone) = ring_with(20, 6).await;
    gone.set(100);
    for round in 0..2 {
        assert_eq!(race(&ring, &poor, 0).await, 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_requests_are_lost_one_of_two_readers_gets_it() {
    let (ring, poor, _) = ring_with(20, 0).await;
    for (round, percent) in [10, 30, 50].into_iter().enumerate() {
        assert_eq!(race(&ring, &poor, percent).await, 1, "round {round}, {percent} % lost");
    }
}

//! A copy that lacks what another device published is said to.

use super::super::Job;
use super::devices::{Device, seed};
use crate::handoff::Ttl;
use crate::network::world::{Weather, World};

#[tokio::test(start_paused = true)]
async fn a_copy_that_lacks_what_waits_is_said_to() {
    let world = World::enter(31, 20, Weather::FINE);
    let [a, b] = [(); 2].map(|()| Device::new(&world, &seed(31)));
    let (there, here) = (a.session(1), b.session(1));
    let more = std::fs::read_to_string(&there.path).unwrap();
    std::fs::write(&there.path, format!("{more}{more}")).unwrap();
    a.publish(&there, false, Ttl::DEFAULT).await.unwrap();
    let entries = b.service.inbox(&Job::quiet()).await.unwrap();
    assert!(entries[0].outdates && b.service.elsewhere().len() == 1, "{entries:?}");
    let draft = b.service.draft(&here).await.unwrap();
    assert!(draft.went_on.is_some_and(|words| words.contains("pick it up")));
    // Once it is here there is nothing to say.
    std::fs::copy(&there.path, &here.path).unwrap();
    assert!(!b.service.inbox(&Job::quiet()).await.unwrap()[0].outdates && b.service.elsewhere().is_empty());
    // A session that is not here at all needs no word.
    a.publish(&a.session(2), false, Ttl::DEFAULT).await.unwrap();
    assert!(b.service.inbox(&Job::quiet()).await.unwrap().iter().all(|entry| !entry.outdates));
}

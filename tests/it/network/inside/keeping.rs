//! What is kept outlives the nodes it was published to.

use std::time::Duration;

use cclink::demo::Ring;
use cclink::service::{AudienceChoice, Did, Job, Keeping, State};
use tokio::sync::mpsc::unbounded_channel;

use super::{Inside, ring};

const SOON: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_there_when_every_node_was_replaced() {
    let mut ring = Ring::start(10).await.unwrap();
    let unkept = Inside::new(&ring.network());
    let a = Inside::copy_with(&unkept, &ring.network(), |settings| {
        settings.keep_every = Duration::from_secs(2);
    });
    a.invent_session();
    let kept = a.publish(AudienceChoice::Link, false).await.unwrap();
    let lost = unkept.publish(AudienceChoice::Link, false).await.unwrap();
    let (tell, mut told) = unbounded_channel();
    let service = a.service.clone();
    let keeper = tokio::spawn(async move {
        service.keep(Keeping::Always, |round| round.iter().for_each(|one| drop(tell.send(one.clone())))).await
    });
    for _ in 0..2 {
        ring.replace(5).await.unwrap();
        while told.try_recv().is_ok() {}
        let announced = async {
            // The first may have begun before.
            for _ in 0..2 {
                while told.recv().await.is_some_and(|one| one.did != Did::Announced) {}
            }
        };
        tokio::time::timeout(SOON, announced).await.unwrap();
    }
    let reader = Inside::copy_of(&unkept, &ring.network());
    assert_eq!(reader.find(&kept.link).await.unwrap().pickup.session_id, kept.session_id);
    assert_eq!(reader.find(&lost.link).await.unwrap_err().exit_code(), 3);
    assert!(a.service.is_kept());
    keeper.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_is_adopted_and_what_burned_is_never_brought_back() {
    let mut ring = ring().await;
    let a = Inside::new(&ring.network());
    let b = Inside::copy_of(&a, &ring.network());
    let burning = a.publish(AudienceChoice::Devices, true).await.unwrap();
    assert!(b.pick_up(&burning.token).await.unwrap().burned);
    let kept = a.service.keep_once().await.unwrap();
    assert_eq!((kept.len(), kept[0].did), (1, Did::Ended), "{kept:?}");
    assert_eq!(a.service.journal_list(true).unwrap()[0].state, State::Burned);
    // Its end is announced from now on, and is no news.
    assert_eq!(a.service.keep_once().await.unwrap(), []);

    let other = a.publish(AudienceChoice::Link, true).await.unwrap();
    ring.replace(10).await.unwrap();
    let moved = Inside::copy_of(&a, &ring.network());
    std::fs::copy(a.dir.path().join("home/journal.json"), moved.dir.path().join("home/journal.json"))
        .unwrap();
    let kept = moved.service.keep_once().await.unwrap();
    let it = kept.iter().find(|one| one.token == other.token).unwrap();
    assert_eq!(it.did, Did::Lost, "{kept:?}");
    assert_eq!(moved.find(&other.link).await.unwrap_err().exit_code(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_finds_few_copies_announces_at_once() {
    let mut ring = ring().await;
    let a = Inside::new(&ring.network());
    let published = a.publish(AudienceChoice::Devices, false).await.unwrap();
    ring.replace(6).await.unwrap();
    let rows = a.service.list(false, &Job::quiet()).await.unwrap();
    assert!(rows[0].copies.unwrap() <= 4, "{rows:?}");
    assert!(a.service.finish().await);
    let reader = Inside::copy_of(&a, &ring.network());
    reader.lists_copies(10).await;
    assert!(reader.find(&published.token).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_is_shown_again_when_every_node_forgot_it() {
    let mut ring = ring().await;
    let a = Inside::new(&ring.network());
    let b = Inside::copy_of(&a, &ring.network());
    let published = a.publish(AudienceChoice::Link, true).await.unwrap();
    let found = b.find(&published.link).await.unwrap();
    // Taken, and killed before anything was shown.
    assert!(b.service.pick_up(&found, &Job::quiet()).await.unwrap().burned);
    ring.replace(10).await.unwrap();
    let later = Inside::copy_of(&b, &ring.network());
    std::fs::copy(b.dir.path().join("home/journal.json"), later.dir.path().join("home/journal.json"))
        .unwrap();
    let again = later.pick_up(&published.link).await.unwrap();
    assert_eq!((again.burned, again.session_id), (true, published.session_id));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_keeper_stands_by_in_the_background_and_goes_on_when_the_screen_ends() {
    let ring = ring().await;
    let a = Inside::new(&ring.network());
    let published = a.publish(AudienceChoice::Devices, false).await.unwrap();
    let on_screen = a.service.clone();
    let screen = tokio::spawn(async move { on_screen.keep(Keeping::Always, |_| {}).await });
    let moment = || tokio::time::sleep(Duration::from_millis(20));
    let kept = async {
        while !a.service.is_kept() {
            moment().await;
        }
    };
    tokio::time::timeout(SOON, kept).await.unwrap();
    // As the end of a session starts it.
    let behind = a.beside(&ring.network(), |settings| settings.keep_every = Duration::from_secs(2));
    let second = a.beside(&ring.network(), |_| {});
    let (tell, mut told) = unbounded_channel();
    let background = tokio::spawn(async move {
        behind
            .keep(Keeping::WhileAlive, |round| round.iter().for_each(|one| drop(tell.send(one.clone()))))
            .await
    });
    let only = async {
        // Another one is not needed.
        while !a.dir.path().join("home/keep-behind.lock").exists() {
            moment().await;
        }
        second.keep(Keeping::WhileAlive, |_| {}).await
    };
    tokio::time::timeout(SOON, only).await.unwrap().unwrap();
    assert!(!background.is_finished(), "it stands by");
    screen.abort();
    let one = tokio::time::timeout(SOON, told.recv()).await.unwrap().unwrap();
    assert_eq!((one.token, one.did), (published.token, Did::Announced));
    background.abort();
}

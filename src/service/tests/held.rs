//! Revocations that can be undone for a moment, and PINs that are told again.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::super::{AudienceChoice, ErrorKind, Job, PublishRequest, Published, Revoked};
use super::devices::{Device, seed};
use crate::handoff::{Hidden, Token, Ttl};
use crate::network::world::{Weather, World};

/// Two devices of one person, and what the first one published.
async fn published(at: u64) -> (World, [Device; 2], Published) {
    let world = World::enter(at, 20, Weather::FINE);
    let devices = [(); 2].map(|()| Device::new(&world, &seed(at)));
    let published = devices[0].publish(&devices[0].session(1), false, Ttl::DEFAULT).await.unwrap();
    (world, devices, published)
}

async fn is_gone(device: &Device, published: &Published) -> bool {
    let token: Token = published.token.parse().unwrap();
    match device.find(token).await {
        Ok(_) => false,
        Err(error) => {
            assert_eq!(error.kind, ErrorKind::Gone, "{}", error.message);
            true
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_revoke_is_undone_within_its_moment_and_not_after() {
    let (_world, [a, b], published) = published(11).await;
    let tokens = [published.token.clone()];
    let undo = async {
        sleep(Duration::from_secs(3)).await;
        assert!(!is_gone(&b, &published).await, "it waits");
        a.service.undo_revoke(&tokens).unwrap()
    };
    let job = Job::quiet();
    let (revoked, kept) = tokio::join!(a.service.revoke_soon(&tokens, &job), undo);
    assert_eq!((revoked.unwrap(), kept), (Revoked::default(), 1));
    sleep(Duration::from_mins(2)).await;
    a.service.keep_once().await.unwrap();
    assert!(!is_gone(&b, &published).await, "nobody revokes it later");

    let revoked = a.service.revoke_soon(&tokens, &Job::quiet()).await.unwrap();
    assert_eq!(revoked.revoked, tokens);
    assert!(is_gone(&b, &published).await);
    assert_eq!(a.service.undo_revoke(&tokens).unwrap(), 0, "too late");
}

#[tokio::test(start_paused = true)]
async fn what_is_revoked_again_has_a_moment_of_its_own() {
    let (_world, [a, b], published) = published(16).await;
    let tokens = [published.token.clone()];
    let job = Job::quiet();
    let again = async {
        sleep(Duration::from_secs(1)).await;
        assert_eq!(a.service.undo_revoke(&tokens).unwrap(), 1);
        sleep(Duration::from_secs(2)).await;
        let undo = async {
            sleep(Duration::from_secs(4)).await;
            a.service.undo_revoke(&tokens).unwrap()
        };
        tokio::join!(a.service.revoke_soon(&tokens, &job), undo)
    };
    let (first, (second, kept)) = tokio::join!(a.service.revoke_soon(&tokens, &job), again);
    assert_eq!((first.unwrap(), second.unwrap(), kept), (Revoked::default(), Revoked::default(), 1));
    assert!(!is_gone(&b, &published).await, "undone twice");
}

#[tokio::test(start_paused = true)]
async fn quitting_within_the_moment_revokes_at_once() {
    let (_world, [a, b], published) = published(12).await;
    let job = Job::quiet();
    let quit = async {
        sleep(Duration::from_secs(1)).await;
        job.cancel.cancel();
    };
    let tokens = [published.token.clone()];
    let soon = timeout(Duration::from_secs(4), a.service.revoke_soon(&tokens, &job));
    let (revoked, ()) = tokio::join!(soon, quit);
    assert_eq!(revoked.unwrap().unwrap().revoked, tokens);
    assert!(is_gone(&b, &published).await);
}

#[tokio::test(start_paused = true)]
async fn a_kill_within_the_moment_loses_no_revoke() {
    let (world, [mut a, b], published) = published(13).await;
    let tokens = [published.token.clone()];
    let killed = timeout(Duration::from_secs(2), a.service.revoke_soon(&tokens, &Job::quiet())).await;
    assert!(killed.is_err());
    a.restarts(&world);
    // Another process that looks within the moment leaves it alone.
    a.service.keep_once().await.unwrap();
    a.service.list(false, &Job::quiet()).await.unwrap();
    assert!(!is_gone(&b, &published).await);
    sleep(Duration::from_secs(10)).await;
    a.service.keep_once().await.unwrap();
    assert!(is_gone(&b, &published).await, "who comes next sees to it");
}

#[tokio::test(start_paused = true)]
async fn what_no_journal_would_remember_is_revoked_right_away() {
    let (_world, [a, b], published) = published(14).await;
    let before = tokio::time::Instant::now();
    let tokens = [published.token.clone()];
    assert_eq!(b.service.revoke_soon(&tokens, &Job::quiet()).await.unwrap().revoked, tokens);
    assert!(before.elapsed() < Duration::from_secs(5), "{:?}", before.elapsed());
    assert!(is_gone(&a, &published).await);
}

#[tokio::test(start_paused = true)]
async fn a_pin_that_was_made_is_told_again_until_its_handoff_ends() {
    let world = World::enter(15, 20, Weather::FINE);
    let mut a = Device::new(&world, &seed(15));
    let publish = async |device: &Device, number, pin: Option<&str>| {
        let audience = AudienceChoice::Pin(pin.map(|pin| Hidden::new(pin.to_owned())));
        let request = PublishRequest { audience, ..PublishRequest::proposed(device.session(number)) };
        device.service.publish(request, &Job::quiet()).await.unwrap()
    };
    let made = publish(&a, 1, None).await;
    let pin = made.pin.clone().unwrap();
    let typed = publish(&a, 2, Some("tree-lamp 42 under the stairs")).await;
    let journal = std::fs::read_to_string(a.dir.path().join("home/journal.json")).unwrap();
    assert!(!journal.contains(pin.as_str()), "it is sealed");
    // Whoever knows the key is told, another time too; without it nobody is.
    a.restarts(&world);
    let told = |device: &Device, token: &str| {
        let rows = device.service.journal_list(true).unwrap();
        rows.into_iter().find(|row| row.token == token).unwrap().pin
    };
    assert_eq!(told(&a, &made.token), None);
    a.service.identity().await.unwrap();
    assert_eq!(told(&a, &made.token), Some(pin));
    assert_eq!(told(&a, &typed.token), None, "what the user typed is not kept");
    a.revoke(made.token.parse().unwrap()).await.unwrap();
    assert_eq!(told(&a, &made.token), None);
}

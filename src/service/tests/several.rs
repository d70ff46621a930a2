//! Handoffs to several people: stopped on the way none is left, and what is done to one
//! is done to all.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::super::publish::OPENED;
use super::super::{AudienceChoice, ErrorKind, Job, Outcome, PublishRequest, Result, Step, Ttl};
use super::devices::{Device, seed};
use crate::handoff::Identity;
use crate::network::world::{Weather, World};

/// More than go out at the same time.
const PEOPLE: u8 = 6;

async fn publish_to_all(a: &Device, job: &Job) -> Result<Outcome> {
    let names: Vec<String> = (1..=PEOPLE).map(|number| format!("p{number}")).collect();
    for (number, name) in (1..=PEOPLE).zip(&names) {
        let key = Identity::from_seed(&[number; 32]).public().to_string();
        a.service.add_contact(name, &key, false).unwrap();
    }
    let audience = AudienceChoice::Share(names.join(","));
    let request = PublishRequest { audience, carry: None, ..PublishRequest::proposed(a.session(1)) };
    a.service.publish_to_all(request, job).await
}

/// Publishes to all of them, and ends that once a handoff of theirs is out.
async fn none_is_left(number: u64, end: impl Fn(&Device, &Job, String)) {
    let world = World::enter(number, 20, Weather::FINE);
    let a = Device::new(&world, &seed(number));
    let (told, mut out) = mpsc::unbounded_channel();
    let mut job = Job::quiet();
    job.tell = Arc::new(move |step| {
        if let Step::Acknowledged(published) = step {
            let _ = told.send(published.token);
        }
    });
    let ends = async {
        end(&a, &job, out.recv().await.unwrap());
        std::future::pending::<()>().await;
    };
    let error = tokio::select! {
        published = publish_to_all(&a, &job) => published.map(drop).unwrap_err(),
        () = ends => unreachable!("it waits"),
    };
    assert_eq!(error.kind, ErrorKind::Cancelled, "{error:?}");
    assert!(a.service.finish().await);
    let left = a.service.list(false, &Job::quiet()).await.unwrap();
    assert!(left.is_empty(), "{left:#?}");
}

#[tokio::test(start_paused = true)]
async fn stopped_on_the_way_none_is_left() {
    none_is_left(71, |_, job, _| job.cancel.cancel()).await;
}

#[tokio::test(start_paused = true)]
async fn revoked_while_it_goes_out_none_is_left() {
    none_is_left(73, |a, _, token| {
        let service = a.service.clone();
        tokio::spawn(async move { service.revoke(&[token], &Job::quiet()).await });
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn more_time_is_given_to_all_of_them() {
    let world = World::enter(72, 20, Weather::FINE);
    let a = Device::new(&world, &seed(72));
    let Outcome::Several(all) = publish_to_all(&a, &Job::quiet()).await.unwrap() else {
        panic!("several were named")
    };
    assert_eq!((all.handoffs.len(), all.failed.len()), (usize::from(PEOPLE), 0));
    let longer = Ttl::from_seconds(2 * 86_400).unwrap();
    let row = a.service.extend(&all.handoffs[2].token, longer, &Job::quiet()).await.unwrap();
    let group = row.group.unwrap();
    assert_eq!((group.of, group.members.len()), (usize::from(PEOPLE), usize::from(PEOPLE)));
    let rows = a.service.list(false, &Job::quiet()).await.unwrap();
    assert_eq!(rows.len(), usize::from(PEOPLE));
    for row in rows {
        assert!((row.expires_at - row.created_at).num_hours() >= 47, "{row:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_lasts_long_enough_holds_nobody_up() {
    let world = World::enter(74, 20, Weather::FINE);
    let a = Device::new(&world, &seed(74));
    let Outcome::Several(all) = publish_to_all(&a, &Job::quiet()).await.unwrap() else {
        panic!("several were named")
    };
    let (first, week) = (&all.handoffs[0].token, Ttl::from_seconds(7 * 86_400).unwrap());
    a.service.extend_one(first, week, &Job::quiet()).await.unwrap();
    assert_eq!(a.service.extend_one(first, week, &Job::quiet()).await.unwrap_err().kind, ErrorKind::Usage);
    a.service.extend(first, week, &Job::quiet()).await.unwrap();
    for row in a.service.list(false, &Job::quiet()).await.unwrap() {
        assert!((row.expires_at - row.created_at).num_hours() >= 167, "{row:#?}");
    }
}

/// Each is asked what a new one replaces of those to that person: as many secrets are
/// opened as there are people, not as many times as the journal is long.
#[tokio::test(start_paused = true)]
async fn what_went_to_others_is_not_opened_for_each() {
    let world = World::enter(75, 20, Weather::FINE);
    let a = Device::new(&world, &seed(75));
    let opened = async || {
        OPENED.with(|opened| opened.set(0));
        let Outcome::Several(all) = publish_to_all(&a, &Job::quiet()).await.unwrap() else {
            panic!("several were named")
        };
        assert_eq!(all.handoffs.len(), usize::from(PEOPLE));
        let replaced = all.handoffs.iter().map(|published| published.replaced.len()).sum::<usize>();
        (OPENED.with(std::cell::Cell::get), replaced)
    };
    assert_eq!(opened().await, (0, 0), "nothing is there to replace");
    let (opened, replaced) = opened().await;
    assert_eq!(replaced, usize::from(PEOPLE));
    // Twice for each: before anything goes out, and when its own goes out; and its place.
    assert!(opened <= 5 * usize::from(PEOPLE), "{opened} were opened");
}

//! Two at the same moment, again and again.

use crate::support::{Device, at_once, rounds, text, tokens};

#[test]
fn two_publish_into_an_empty_mailbox() {
    // The first cclink told both "Published!" and lost one.
    rounds(20, 4, |round| {
        let a = Device::new();
        let b = Device::copy_of(&a);
        let (one, other) = (a.session("uploader", "one"), b.session("uploader", "other"));
        let (first, second) =
            at_once(a.cmd(&["publish", &one.id, "--json"]), b.cmd(&["publish", &other.id, "--json"]));
        let mut wanted: Vec<String> = [first, second]
            .into_iter()
            .map(|out| text(&out.exits(&[0]).json(), "token").to_owned())
            .collect();
        wanted.sort();
        let elsewhere = Device::copy_of(&a);
        assert_eq!(tokens(&elsewhere.json(&["list"])), wanted, "round {round}");
    });
}

#[test]
fn two_burn_the_same_handoff() {
    rounds(4, 4, |worker| {
        let a = Device::new();
        let (b, c) = (Device::copy_of(&a), Device::copy_of(&a));
        for round in 0..5 {
            let published = a.publish(&["--burn"]);
            let link = text(&published, "link");
            let (first, second) =
                at_once(b.cmd(&["pickup", link, "--json"]), c.cmd(&["pickup", link, "--json"]));
            let name = format!("worker {worker}, round {round}");
            let mut codes = [first.code, second.code];
            codes.sort_unstable();
            assert_eq!(codes, [0, 3], "{name}: {}\n{}", first.said(), second.said());
            for out in [first, second] {
                if out.code == 0 {
                    assert_eq!(out.json()["burned"], true, "{name}");
                } else {
                    assert_eq!(out.stdout, "", "{name}: the loser learns nothing");
                    out.says(&["already picked up"]).hides(&[text(&published, "session_id")]);
                }
            }
        }
    });
}

#[test]
fn two_publish_on_one_device() {
    // One journal, two processes.
    rounds(3, 1, |round| {
        let a = Device::new();
        let (one, other) = (a.session("uploader", "one"), a.session("uploader", "other"));
        let (first, second) = at_once(
            a.cmd(&["publish", &one.id, "--json"]),
            a.cmd(&["publish", &other.id, "--link", "--json"]),
        );
        let mut wanted: Vec<String> = [first, second]
            .into_iter()
            .map(|out| text(&out.exits(&[0]).json(), "token").to_owned())
            .collect();
        wanted.sort();
        assert_eq!(tokens(&a.json(&["list"])), wanted, "round {round}");
    });
}

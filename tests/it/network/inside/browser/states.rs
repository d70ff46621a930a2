//! The states that a phone seldom shows: each is held until its pictures are
//! taken.

use serde_json::json;

use super::{PAGE, PROXY, Stage, not_here};
use crate::support::text;

#[test]
fn a_failure_of_the_page_is_no_verdict() {
    if not_here("states::a_failure_of_the_page_is_no_verdict") {
        return;
    }
    let stage = Stage::new();
    let published = stage.device.publish(&["--pin"]);
    let request = json!({ "link": published["web_link"], "pin": published["pin"] });
    let answer = stage.browse("cramped", &[&stage.relay()], request);
    assert!(text(&answer["failed"], "body").contains("64 MB"), "{answer:#}");
    assert_eq!(answer["right"]["title"], published["title"]);

    let (plain, burning) = (stage.device.publish(&["--link"]), stage.device.publish(&["--link", "--burn"]));
    let (relay, proxy) = (stage.relay(), format!("http://127.0.0.1:{PROXY}"));
    let request = json!({ "proxy": { "port": PROXY, "to": relay }, "visits": [
        { "link": plain["web_link"], "broken": "atob", "until": "Something went wrong", "name": "failed" },
        {
            "link": burning["web_link"], "broken": "getRandomValues", "name": "failed-burn", "until": "Something went wrong",
            "presses": ["Pick up (one use only)", "Yes, pick it up"],
        },
    ] });
    // Of two relays, so that the first answer is read while the second is waited for.
    let answer = stage.browse("visits", &[&proxy, &relay], request);
    for seen in answer["seen"].as_array().unwrap() {
        assert_eq!(seen["errors"], json!([]), "{seen:#}");
        let body = text(seen, "body");
        assert!(body.contains("on a computer") && body.contains("Try again"), "{seen:#}");
        assert!(!body.contains("64 MB"), "{seen:#}");
    }
}

#[test]
fn each_state_says_what_to_do_next() {
    if not_here("states::each_state_says_what_to_do_next") {
        return;
    }
    let stage = Stage::new();
    let (relay, proxy) = (stage.relay(), format!("http://127.0.0.1:{PROXY}"));
    let published = stage.device.publish(&["--link"]);
    let others = stage.device.publish(&[]);
    let link = text(&published, "web_link");
    let for_devices = format!(
        "http://127.0.0.1:{PAGE}/#{}",
        text(&others, "link").trim_start_matches("pk:").replace("/cclink/", "/")
    );
    let request = json!({
        "proxy": { "port": PROXY, "to": relay },
        "visits": [
            { "link": format!("http://127.0.0.1:{PAGE}/opening"), "until": "Opening the handoff", "name": "opening" },
            { "link": link, "hold": "asking", "until": "Looking for the handoff", "name": "asking" },
            { "link": link, "hold": "checking", "until": "Found. Checking", "name": "checking" },
            { "link": link, "newer": true, "until": "Made by a newer cclink", "name": "newer" },
            { "link": &link[..link.len() - 3], "until": "This link is damaged", "name": "broken" },
            { "link": for_devices, "until": "This handoff is not for a phone", "name": "not-for-a-phone" },
        ],
    });
    let answer = stage.browse("visits", &[&proxy], request);
    let titles = [
        "Opening the handoff",
        "Looking for the handoff",
        text(&published, "title"),
        "Made by a newer cclink",
        "This link is damaged",
        "This handoff is not for a phone",
    ];
    let seen = answer["seen"].as_array().unwrap();
    assert_eq!(seen.iter().map(|one| text(one, "title")).collect::<Vec<_>>(), titles);
    // What was found is of use before it is confirmed.
    assert_eq!(seen[2]["commands"].as_array().unwrap().len(), 2, "{:#}", seen[2]);
    for ended in &seen[3..] {
        assert_eq!(ended["commands"], json!([]), "{ended:#}");
    }
}

#[test]
fn what_no_relay_confirms_is_shown_as_such() {
    if not_here("states::what_no_relay_confirms_is_shown_as_such") {
        return;
    }
    let stage = Stage::new();
    // Long words in each place: none may make the page scroll sideways.
    let host = format!("ada@{}.example.org:22022", "a-machine-".repeat(5).trim_end_matches('-'));
    let (title, note) = ("Reticulating".repeat(5), format!("{} and the rest", "x".repeat(80)));
    let plain = stage.device.publish(&["--link", "--title", &title, "--note", &note, "--ssh", &host]);
    let burning = stage.device.publish(&["--link", "--burn"]);
    let proxy = format!("http://127.0.0.1:{PROXY}");
    let given = json!({ "port": PROXY, "to": stage.relay() });
    let request = json!({ "proxy": given, "link": plain["web_link"] });
    let seen = &stage.browse("unconfirmed", &[&proxy], request)["seen"];
    assert_eq!((&seen["title"], &seen["facts"]["Note"]), (&plain["title"], &json!(note)));
    assert_eq!(seen["facts"]["SSH"], host);

    let request = json!({ "proxy": given, "visits": [{
        "link": burning["web_link"], "fail": "checking", "name": "not-taken", "until": "Not picked up",
        "presses": ["Pick up (one use only)", "Yes, pick it up"],
    }] });
    let seen = &stage.browse("visits", &[&proxy], request)["seen"][0];
    assert!(text(seen, "body").contains("nothing was changed"), "{seen:#}");
    assert_eq!(seen["commands"], json!([]));
}

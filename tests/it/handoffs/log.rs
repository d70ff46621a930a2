//! `log`: what happened to handoffs, newest first, and no secret in it.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Device, hostname, seconds, text};

/// What happened to a handoff, newest first.
fn events(log: &Value, token: &str) -> Vec<String> {
    let all = log.as_array().expect("a list").iter();
    all.filter(|event| event["token"] == token).map(|event| text(event, "event").to_owned()).collect()
}

#[test]
fn what_happened_is_told_newest_first() {
    let a = Device::new();
    let b = Device::copy_of(&a);
    assert_eq!(a.json(&["log"]), json!([]));
    a.cmd(&["log"]).ok().says(&["Nothing happened yet"]);
    let taken = a.publish(&["--project", "the uploader"]);
    let burned = a.publish(&["--burn", "--link", "--ttl", "2h"]);
    let revoked = a.publish(&["--link"]);
    let [taken, burned, revoked] = [taken, burned, revoked]
        .map(|published| (text(&published, "token").to_owned(), text(&published, "link").to_owned()));
    b.cmd(&["pickup", &taken.0, "--print"]).ok();
    b.cmd(&["pickup", &burned.1, "--print"]).ok();
    a.cmd(&["revoke", &revoked.0, "--yes"]).ok();
    a.json(&["list", "--all"]);
    let log = a.json(&["log"]);
    assert_eq!(events(&log, &taken.0), ["picked_up", "published"], "{log:#}");
    assert_eq!(events(&log, &burned.0), ["burned", "published"], "{log:#}");
    assert_eq!(events(&log, &revoked.0), ["revoked", "published"], "{log:#}");
    let all = log.as_array().unwrap();
    assert!(all.windows(2).all(|two| seconds(&two[0], "at") >= seconds(&two[1], "at")), "{log:#}");
    for event in all {
        assert_eq!((&event["title"], event["session_id"].is_string()), (&json!("Retry with jitter"), true));
        let by = if event["event"] == "picked_up" || event["event"] == "burned" {
            json!(hostname())
        } else {
            Value::Null
        };
        assert_eq!((&event["by"], &event["from"]), (&by, &Value::Null), "{event:#}");
    }
    assert_eq!(all.iter().find(|event| event["ttl"] == 7200).unwrap()["token"], json!(burned.0));
    a.cmd(&["log"]).ok().says(&[
        &taken.0,
        "the uploader",
        &format!("picked up by {}", hostname()),
        "published for 2h",
        "revoked",
        "my devices",
    ]);
    // The device that picked up tells that, and from whom.
    let there = b.json(&["log"]);
    assert_eq!(events(&there, &taken.0), ["picked_up"], "{there:#}");
    assert_eq!(events(&there, &burned.0), ["burned"], "{there:#}");
    assert!(there.as_array().unwrap().iter().all(|event| event["from"] == "you"), "{there:#}");
}

#[test]
fn since_takes_a_span_or_a_date() {
    let a = Device::new();
    a.publish(&[]);
    for since in ["1h", "30d", "2w", "today", "yesterday", "2026-01-01"] {
        let log = a.json(&["log", "--since", since]);
        // Around midnight what was today is yesterday.
        assert!(log.as_array().unwrap().len() == 1 || since == "today", "{since}: {log:#}");
    }
    assert_eq!(a.cmd(&["log", "--since", "1h", "--json"]).clock(7200).ok().json(), json!([]));
    a.cmd(&["log", "--since", "1h"]).clock(7200).ok().says(&["Nothing happened since then"]);
    for bad in ["soon", "2", "", "-1d", "2026-13-01"] {
        a.cmd(&["log", "--json", &format!("--since={bad}")]).fails(2).error();
    }
}

#[test]
fn no_secret_is_in_it() {
    let a = Device::new();
    let pin = "velvet-orbit-77";
    let link = text(&a.publish(&["--link"]), "link").to_owned();
    let id = a.session("uploader", "x").id;
    a.cmd(&["publish", &id, "--pin", "--json"]).pin(pin).ok();
    let (_, secret) = link.split_once("/cclink/l").expect("a secret");
    let log = a.cmd(&["log", "--json"]).ok().hides(&[secret, pin]);
    assert_eq!(log.json().as_array().unwrap().len(), 2);
    let journal: Value = serde_json::from_slice(&fs::read(a.home.join("journal.json")).unwrap()).unwrap();
    let noted = journal["log"].to_string();
    assert!(!noted.contains(secret) && !noted.contains(pin), "{noted}");
}

#[test]
fn a_journal_of_an_older_or_a_newer_cclink_is_read() {
    let a = Device::new();
    let token = text(&a.publish(&[]), "token").to_owned();
    let path = a.home.join("journal.json");
    let mut journal: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let mut log = journal.as_object_mut().unwrap().remove("log").unwrap();
    fs::write(&path, journal.to_string()).unwrap();
    assert_eq!(events(&a.json(&["log"]), &token), ["published"]);
    // What a newer one notes is kept, though not told.
    let newer = json!({"at": "2026-11-29T10:00:00Z", "event": "renamed", "token": token});
    log.as_array_mut().unwrap().push(newer.clone());
    log[0]["mood"] = json!("good");
    journal["log"] = log;
    fs::write(&path, journal.to_string()).unwrap();
    a.publish(&["--link"]);
    let log = a.json(&["log"]);
    assert_eq!(log.as_array().unwrap().len(), 2, "{log:#}");
    let journal: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let noted = journal["log"].as_array().unwrap();
    assert!(noted.contains(&newer) && noted[0]["mood"] == "good", "{noted:#?}");
}

#[test]
fn it_asks_no_network_and_needs_no_key() {
    let mut a = Device::new();
    a.publish(&[]);
    a.bootstrap = crate::support::ring::nowhere();
    fs::remove_file(a.key_file()).unwrap();
    let out = a.cmd(&["log", "--json"]).ok();
    assert_eq!(out.json().as_array().unwrap().len(), 1);
}

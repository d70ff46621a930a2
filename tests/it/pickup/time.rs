//! Time to live, and clocks that are off.

use crate::support::{Device, row, seconds, text};

const HOUR: i64 = 3600;

#[test]
fn a_time_to_live_is_read_and_shown_in_words() {
    let a = Device::new();
    let session = a.session("uploader", "x");
    for (typed, wanted, shown) in [
        ("1m", 60, "1m"),
        ("90m", 5400, "1h 30m"),
        ("4h", 14_400, "4h"),
        ("2d", 172_800, "2d"),
        ("7d", 604_800, "7d"),
    ] {
        let published = a.publish_session(&session, &["--ttl", typed]);
        assert_eq!(published["ttl"], wanted, "{typed}");
        assert_eq!(seconds(&published, "expires_at") - seconds(&published, "created_at"), wanted, "{typed}");
        // The first cclink showed a minute as "0h".
        let out = a.cmd(&["publish", &session.id, "--ttl", typed]).ok().hides(&[" 0h", "0d"]);
        let said = out.said();
        assert!(said.contains(shown) || said.contains(&shown.replace(' ', "")), "{typed}: {said}");
    }
}

#[test]
fn other_times_are_refused_and_nothing_goes_out() {
    let a = Device::new();
    let session = a.session("uploader", "x");
    for bad in ["60", "0", "0m", "59s", "8d", "x", "-1h", "1.5.5h", "", "99999999999999999999h", "604801s"] {
        a.cmd(&["publish", &session.id, "--json", &format!("--ttl={bad}")]).fails(2).error();
    }
    a.cmd(&["publish", &session.id, "--ttl", "60"]).fails(2).says(&["60", "90m"]);
    assert_eq!(a.json(&["list", "--all"]), serde_json::json!([]));
}

#[test]
fn it_expires_by_the_readers_clock() {
    let a = Device::new();
    let b = Device::copy_of(&a);
    let published = a.publish(&["--ttl", "1h"]);
    let (link, token) = (text(&published, "link"), text(&published, "token"));
    b.cmd(&["pickup", link]).clock(HOUR - 120).ok();
    // The grace is two minutes here.
    b.cmd(&["pickup", link]).clock(HOUR + 60).ok();
    b.cmd(&["pickup", link]).clock(HOUR + 300).fails(3).says(&["expired"]);
    b.cmd(&["pickup", token, "--json"]).clock(HOUR + 300).fails(3).says(&["expired"]).error();
    b.cmd(&["pickup"]).clock(HOUR + 300).fails(3);
    let list = b.cmd(&["list", "--json"]).clock(HOUR + 300).ok().json();
    assert!(row(&list, token).is_none(), "{list:#}");
    let all = a.cmd(&["list", "--all", "--json"]).clock(HOUR + 300).ok().json();
    assert_eq!(row(&all, token).expect("the publisher remembers it")["state"], "expired");
    // Looking from the future destroyed nothing.
    b.cmd(&["pickup", link]).ok();
    assert_eq!(a.json(&["list"])[0]["state"], "picked_up");
}

#[test]
fn an_expired_burning_handoff_is_not_burned() {
    let a = Device::new();
    let b = Device::copy_of(&a);
    let published = a.publish(&["--ttl", "1h", "--burn"]);
    b.cmd(&["pickup", text(&published, "link")]).clock(2 * HOUR).fails(3).says(&["expired"]);
    assert_eq!(b.json(&["pickup"])["burned"], true);
}

#[test]
fn a_clock_hours_behind_is_named() {
    // A laptop that slept (WSL#8204): the reader's clock is behind, or the
    // sender's ahead. Neither is "expired" nor "not found".
    let a = Device::new();
    let b = Device::copy_of(&a);
    let published = a.publish(&[]);
    let link = text(&published, "link");
    let out = b.cmd(&["pickup", link]).clock(-3 * HOUR).fails(1).says(&["clock"]);
    out.hides(&["expired", "not found"]);
    b.cmd(&["pickup", link, "--json"]).clock(-3 * HOUR).fails(1).error();
    // Within the hour it is believed.
    b.cmd(&["pickup", link]).clock(-HOUR / 2).ok();
    b.cmd(&["pickup", link]).ok();

    let ahead = Device::new();
    let session = ahead.session("uploader", "x");
    let published = ahead.cmd(&["publish", &session.id, "--json"]).clock(3 * HOUR).ok().json();
    let reader = Device::copy_of(&ahead);
    reader.cmd(&["pickup", text(&published, "link")]).fails(1).says(&["clock"]).hides(&["expired"]);
}

#[test]
fn a_clock_that_is_off_destroys_no_entry() {
    // A writer whose clock is days ahead merges the index and keeps what lives.
    let a = Device::new();
    let kept = a.publish(&["--ttl", "1d"]);
    let b = Device::copy_of(&a);
    let session = b.session("uploader", "x");
    b.cmd(&["publish", &session.id]).clock(36 * HOUR).output().exits(&[0, 1]);
    let list = Device::copy_of(&a).json(&["list"]);
    assert!(row(&list, text(&kept, "token")).is_some(), "{list:#}");
}

#[test]
fn a_clock_that_cannot_be_right_is_refused_or_said() {
    let a = Device::new();
    let id = a.session("uploader", "x").id;
    let since_1970 = crate::support::now();
    for offset in [-since_1970 + 60, -since_1970 - 86_400, -3 * since_1970] {
        let out = a.cmd(&["publish", &id, "--json"]).clock(offset).fails(1);
        assert!(text(&out.error(), "message").contains("clock says"), "{}", out.stderr);
        a.cmd(&["list"]).clock(offset).output().exits(&[0, 1]);
        a.cmd(&["pickup"]).clock(offset).output().exits(&[1, 3]);
    }
    a.cmd(&["publish", &id, "--json"]).clock(13 * 365 * 86_400).ok().says(&["clock says 20"]);
    // A day behind: a laptop that slept. Our own files are from later than that.
    let c = Device::new();
    let id = c.session("uploader", "x").id;
    let said = c.cmd(&["publish", &id, "--json"]).clock(-25 * HOUR).ok().says(&["already", "clock"]);
    assert!(said.json()["warnings"][0].as_str().is_some_and(|words| words.contains("clock says")));
    c.cmd(&["publish", &id, "--json"]).ok().hides(&["clock"]);
    // Hours ahead: another device that publishes then hears of it.
    c.cmd(&["publish", &id]).clock(3 * HOUR).ok();
    let d = Device::copy_of(&c);
    let id = d.session("uploader", "y").id;
    d.cmd(&["publish", &id]).ok().says(&["one of the two clocks is wrong"]);
    // An expired one names the clock that says so.
    let b = Device::copy_of(&Device::new());
    let published = b.publish(&["--ttl", "1h"]);
    let out = b.cmd(&["pickup", text(&published, "token")]).clock(3 * 3600).fails(3);
    out.says(&["expired", "a clock is wrong", "here it is"]);
}

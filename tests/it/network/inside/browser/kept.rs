//! What a tab keeps: a handoff outlives a reload and the way back, and nothing
//! outlives its end or whoever closes it.

use serde_json::{Value, json};

use super::{PAGE, PROXY, Stage, not_here};
use crate::support::text;

/// Nothing is kept in the tab, nor anywhere else.
#[track_caller]
fn nothing_kept(held: &Value) {
    assert_eq!(held["tab"], json!({}), "{held:#}");
    only_in_the_tab(held);
}

#[track_caller]
fn only_in_the_tab(held: &Value) {
    assert_eq!(held["elsewhere"], json!([0, "", 0]), "{held:#}");
    assert_eq!(
        (&held["address"], &held["state"]),
        (&json!(format!("http://127.0.0.1:{PAGE}/")), &json!(null))
    );
}

/// The link as the page keeps it.
fn kept_link(web_link: &Value) -> String {
    web_link.as_str().unwrap().split_once('#').unwrap().1.to_lowercase()
}

#[test]
fn a_reload_loses_nothing_until_it_is_closed() {
    if not_here("kept::a_reload_loses_nothing_until_it_is_closed") {
        return;
    }
    let stage = Stage::new();
    let published = stage.device.publish(&["--link"]);
    let answer = stage.browse("reload", &[&stage.relay()], json!({ "link": published["web_link"] }));
    let kept = text(&answer["first"]["tab"], "cclink");
    assert!(kept.ends_with(&format!(" {}", kept_link(&published["web_link"]))), "{kept}");
    only_in_the_tab(&answer["first"]);
    assert_eq!(answer["seen"]["title"], published["title"]);
    assert_eq!(answer["seen"]["commands"].as_array().unwrap().len(), 2);
    assert_eq!(answer["seen"]["errors"], json!([]));
    assert!(text(&answer["closed"], "body").contains("forgotten"), "{answer:#}");
    nothing_kept(&answer["after"]);
}

#[test]
fn a_pin_is_not_kept() {
    if not_here("kept::a_pin_is_not_kept") {
        return;
    }
    let stage = Stage::new();
    let published = stage.device.publish(&["--pin"]);
    let request = json!({ "link": published["web_link"], "pin": published["pin"] });
    let first = &stage.browse("pinned", &[&stage.relay()], request)["first"];
    assert!(text(&first["tab"], "cclink").ends_with(&kept_link(&published["web_link"])), "{first:#}");
    assert!(!first.to_string().contains(text(&published, "pin")), "{first:#}");
    only_in_the_tab(first);
}

#[test]
fn what_was_picked_up_is_shown_again_without_the_network() {
    if not_here("kept::what_was_picked_up_is_shown_again_without_the_network") {
        return;
    }
    let stage = Stage::new();
    let published = stage.device.publish(&["--link", "--burn"]);
    let other = stage.device.publish(&["--link"]);
    let request = json!({
        "link": published["web_link"], "other": other["web_link"],
        "proxy": { "port": PROXY, "to": stage.relay() },
    });
    let answer = stage.browse("taken", &[&format!("http://127.0.0.1:{PROXY}")], request);
    only_in_the_tab(&answer["first"]);
    let reloaded = &answer["reloaded"];
    assert_eq!(reloaded["title"], published["title"]);
    assert!(reloaded["commands"].to_string().contains(text(&published, "session_id")), "{reloaded:#}");
    assert_eq!((&reloaded["facts"]["Project"], &reloaded["errors"]), (&published["project"], &json!([])));
    assert!(text(reloaded, "body").contains("Kept in this tab for"), "{reloaded:#}");
    // Nothing was asked, so nothing was claimed twice.
    assert_eq!((&answer["quiet"], &answer["written"]), (&json!(true), &json!(1)));
    // It exists nowhere else: another link, and closing, ask first.
    assert!(text(&answer["another"], "body").contains(text(&published, "title")), "{answer:#}");
    assert_eq!(answer["cancelled"], answer["before"]);
    nothing_kept(&answer["after"]);
}

#[test]
fn a_reload_while_it_is_taken_takes_it_all_the_same() {
    if not_here("kept::a_reload_while_it_is_taken_takes_it_all_the_same") {
        return;
    }
    let stage = Stage::new();
    let published = stage.device.publish(&["--link", "--burn"]);
    let other = stage.device.publish(&["--link"]);
    let request = json!({
        "link": published["web_link"], "other": other["web_link"],
        "proxy": { "port": PROXY, "to": stage.relay() },
    });
    let answer = stage.browse("halfway", &[&format!("http://127.0.0.1:{PROXY}")], request);
    assert!(answer["seen"]["commands"].to_string().contains(text(&published, "session_id")), "{answer:#}");
    assert_eq!(answer["written"], 1);
}

#[test]
fn what_others_put_in_its_place_is_thrown_away() {
    if not_here("kept::what_others_put_in_its_place_is_thrown_away") {
        return;
    }
    let stage = Stage::new();
    let published = stage.device.publish(&["--link", "--burn"]);
    let stranger = crate::support::Device::new();
    let other = stranger.publish(&["--link"]);
    let other = text(&other, "link").trim_start_matches("pk:").replace("/cclink/", "/");
    let request = json!({ "link": published["web_link"], "other": other });
    let answer = stage.browse("hostile", &[&stage.relay()], request);
    assert_eq!((&answer["faults"], &answer["errors"]), (&json!([]), &json!([])), "{answer:#}");
    assert!(answer["tried"].as_u64().unwrap() > 25);
}

#[test]
fn a_browser_that_keeps_nothing_says_so() {
    if not_here("kept::a_browser_that_keeps_nothing_says_so") {
        return;
    }
    let stage = Stage::new();
    let published = stage.device.publish(&["--link", "--burn"]);
    let answer = stage.browse("unkept", &[&stage.relay()], json!({ "link": published["web_link"] }));
    let body = text(&answer["seen"], "body");
    assert!(body.contains("Keep this page open") && body.contains("Expires in"), "{body}");
    assert_eq!(answer["seen"]["errors"], json!([]));
}

#[test]
fn nothing_is_kept_beyond_its_end() {
    if not_here("kept::nothing_is_kept_beyond_its_end") {
        return;
    }
    let stage = Stage::new();
    let published = stage.device.publish(&["--link", "--ttl", "1h"]);
    let request = json!({ "link": published["web_link"], "seconds": 3700 });
    nothing_kept(&stage.browse("ends", &[&stage.relay()], request)["after"]);

    let burning = stage.device.publish(&["--link", "--burn", "--ttl", "1h"]);
    let request = json!({ "link": burning["web_link"], "seconds": 3700 });
    let answer = stage.browse("endsTaken", &[&stage.relay()], request);
    assert_eq!(answer["seen"]["commands"].as_array().unwrap().len(), 2, "{answer:#}");
    nothing_kept(&answer["after"]);
    nothing_kept(&answer["slept"]);
    assert!(!text(&answer["slept"], "body").contains(text(&burning, "session_id")), "{answer:#}");
}

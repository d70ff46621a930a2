//! Fingers, eyes and patience: taps that come too soon, large text, slow
//! relays, writing from the right. That text of twice the size fits is looked
//! at in every picture that the driver takes.

use serde_json::json;

use super::{PROXY, Stage, not_here};
use crate::support::text;

/// A second proxy.
const SECOND: u16 = 8082;

#[test]
fn two_taps_in_one_place_pick_nothing_up() {
    if not_here("hands::two_taps_in_one_place_pick_nothing_up") {
        return;
    }
    let stage = Stage::new();
    let published = stage.device.publish(&["--link", "--burn"]);
    let request = json!({ "link": published["web_link"], "proxy": { "port": PROXY, "to": stage.relay() } });
    let answer = stage.browse("twice", &[&format!("http://127.0.0.1:{PROXY}")], request);
    assert_eq!(answer["overlaps"], json!([false, false, false, false, false, false]));
    assert_eq!((&answer["deaf"], &answer["written"]), (&json!(true), &json!(0)));
    // The keyboard stands on the question, then again on what asked it.
    assert!(text(&answer, "focused").ends_with("after that."), "{answer:#}");
    assert_eq!(answer["back"], true);
}

#[test]
fn that_it_was_copied_stands_in_the_button() {
    if not_here("hands::that_it_was_copied_stands_in_the_button") {
        return;
    }
    let stage = Stage::new();
    let published = stage.device.publish(&["--link", "--ssh", "ada@dev.example.org"]);
    let answer = stage.browse("copied", &[&stage.relay()], json!({ "link": published["web_link"] }));
    assert_eq!(answer["seen"], json!([true, true, true, true, true, true]));
    assert!(text(&answer["failed"], "body").contains("press and hold"), "{answer:#}");
}

#[test]
fn whoever_waits_for_a_slow_relay_is_told_so() {
    if not_here("hands::whoever_waits_for_a_slow_relay_is_told_so") {
        return;
    }
    let stage = Stage::new();
    let published = stage.device.publish(&["--link"]);
    let (relay, link) = (stage.relay(), &published["web_link"]);
    let (slow, second) = (format!("http://127.0.0.1:{PROXY}"), format!("http://127.0.0.1:{SECOND}"));
    let request = json!({
        "link": link, "proxy": { "port": PROXY, "to": relay }, "second": { "port": SECOND, "to": relay },
    });
    let said = stage.browse("slow", &[&slow, &second], request)["said"].clone();
    // Nothing for the moment that it usually takes.
    assert_eq!(said[0]["card"], "");
    for (at, tried) in [(1, "no answer yet"), (2, "no answer yet, try 2 of 3")] {
        let card = text(&said[at], "card");
        let lines =
            [format!("127.0.0.1:{PROXY}: {tried}"), format!("127.0.0.1:{SECOND}: answered, has nothing")];
        assert!(lines.iter().all(|line| card.contains(line)), "{card}");
        assert!(card.contains("s so far") && card.contains("gives up"), "{card}");
        assert_eq!(said[at]["status"], lines.join(". "));
    }

    let request = json!({ "link": link, "proxy": { "port": PROXY, "to": relay } });
    let seen = &stage.browse("slowToConfirm", &[&slow], request)["seen"];
    assert!(text(seen, "body").contains(&format!("127.0.0.1:{PROXY}: no answer yet")), "{seen:#}");
    assert_eq!(seen["commands"].as_array().unwrap().len(), 2);
}

#[test]
fn what_others_wrote_has_its_own_direction() {
    if not_here("hands::what_others_wrote_has_its_own_direction") {
        return;
    }
    let stage = Stage::new();
    let long = "👩‍👩‍👧‍👦".repeat(6);
    let rows = [
        ("rtl", "תקן את ההעלאה ב-main", "اقرأ README أولاً", ["rtl", "rtl"]),
        ("emoji", &long, "Only the tests are left", ["ltr", "ltr"]),
    ];
    for (name, title, note, [titled, noted]) in rows {
        let published = stage.device.publish(&["--link", "--title", title, "--note", note]);
        let request = json!({ "link": published["web_link"], "name": name });
        let answer = stage.browse("directions", &[&stage.relay()], request);
        let wanted =
            json!({ "title": titled, "note": noted, "from": "ltr", "command": "ltr", "button": "ltr" });
        assert_eq!((&answer["directions"], &answer["seen"]["title"]), (&wanted, &published["title"]));
    }
}

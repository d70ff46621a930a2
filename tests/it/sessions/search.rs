//! `sessions --search`: what was said, in every session of this machine.

use serde_json::{Value, json};

use crate::support::session::Transcript;
use crate::support::{Device, acts_on_a_terminal, text};

/// A session in which these two things were said.
fn said(a: &Device, project: &str, question: &str, answer: &str) -> String {
    Transcript::new(&a.project(project)).says(question).answers(answer).write(&a.claude).id
}

fn ids(found: &Value) -> Vec<&str> {
    let mut ids: Vec<&str> = found.as_array().unwrap().iter().map(|row| text(row, "session_id")).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn conversations_are_searched() {
    let a = Device::new();
    let session = a.session("uploader", "Retry with jitter");
    a.session("other", "Another");
    let found = a.json(&["sessions", "--search", "refactor the PARSER"]);
    assert_eq!(found.as_array().unwrap().len(), 2);
    assert_eq!(a.json(&["sessions", "--search", "no such words anywhere"]), json!([]));
    let row = found.as_array().unwrap().iter().find(|row| row["session_id"] == session.id).expect("found");
    assert_eq!(row["matches"][0]["role"], "user");
    assert!(text(&row["matches"][0], "snippet").contains("Refactor the parser"));
    a.cmd(&["sessions", "--search", "PURPLE elephant"]).ok().says(&["claude: ", "PURPLE-ELEPHANT"]);
}

#[test]
fn every_spelling_is_found_and_only_what_was_said() {
    let a = Device::new();
    let id = said(&a, "p", "Der Straßen-Café-Test \"quoted\"\nand the next line", "Fertig: ΣΊΣΥΦΟΣ, 日本語.");
    for query in ["straßen", "CAFÉ", "cafe\u{301}", "\"quoted\"", "next café", "σίσυφος", "日本語"]
    {
        assert_eq!(ids(&a.json(&["sessions", "--search", query])), [&id], "{query}");
    }
    // Names of JSON's fields, ids and times are nobody's words.
    for query in ["sessionId", "claude-opus-4-8", "tokens", "quoted Fertig", &id] {
        assert_eq!(a.json(&["sessions", "--search", query]), json!([]), "{query}");
    }
}

#[test]
fn filters_narrow_it() {
    let a = Device::new();
    let (one, two) = (said(&a, "parser", "same words", "x"), said(&a, "uploader", "same words", "x"));
    let mut both = [one.as_str(), two.as_str()];
    both.sort_unstable();
    assert_eq!(ids(&a.json(&["sessions", "--search", "same words"])), both);
    assert_eq!(ids(&a.json(&["sessions", "--search", "same project:parser"])), [&one]);
    assert_eq!(ids(&a.json(&["sessions", "--search", "words branch:main since:2026-11-01"])), both);
    assert_eq!(a.json(&["sessions", "--search", "words since:2027-01-01"]), json!([]));
    a.cmd(&["sessions", "--search", "words since:soonish"]).fails(2).says(&["since:"]);
}

#[test]
fn what_is_shown_of_a_match_is_inert() {
    let a = Device::new();
    said(&a, "p", "before \u{1b}]52;c;AAAA\u{7}needle\u{1b}[31m after \u{202e}x", "y");
    let out = a.cmd(&["sessions", "--search", "needle"]).ok();
    assert!(out.stdout.contains("needle") && !out.stdout.contains("52;c"), "{:?}", out.stdout);
    assert!(!out.stdout.chars().any(acts_on_a_terminal), "{:?}", out.stdout);
}

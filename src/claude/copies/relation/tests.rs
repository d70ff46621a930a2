#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn said(who: &str, text: &str, minute: usize) -> String {
    format!(
        r#"{{"type":"{who}","uuid":"u","timestamp":"2026-11-20T14:{minute:02}:00.000Z","message":{{"role":"{who}","content":"{text}"}}}}"#
    )
}

fn relate(ours: &[u8], theirs: &[u8]) -> Relation {
    let dir = tempfile::tempdir().unwrap();
    let [a, b] = ["a", "b"].map(|name| dir.path().join(name));
    std::fs::write(&a, ours).unwrap();
    std::fs::write(&b, theirs).unwrap();
    relation(&a, &b).unwrap()
}

/// The words of the relation, without where it parts.
fn kind(relation: &Relation) -> &'static str {
    match relation {
        Relation::Same => "same",
        Relation::Longer => "longer",
        Relation::Shorter => "shorter",
        Relation::Parted(_) => "parted",
    }
}

fn opposite(kind: &str) -> &str {
    match kind {
        "longer" => "shorter",
        "shorter" => "longer",
        other => other,
    }
}

#[test]
fn where_both_went_on_it_says_where_and_how_much() {
    let both = format!("{}\n{}\n", said("user", "one", 1), said("assistant", "two", 2));
    let ours = format!("{both}{}\n", said("user", "only here", 3));
    let theirs = format!(
        "{both}{}\n{}\n{}\n",
        said("user", "only there", 4),
        r#"{"type":"user","uuid":"u","message":{"content":[{"type":"tool_result","content":"x"}]}}"#,
        said("assistant", "an answer", 5)
    );
    let at = DateTime::parse_from_rfc3339("2026-11-20T14:02:00Z").unwrap().to_utc();
    assert_eq!(
        relate(ours.as_bytes(), theirs.as_bytes()),
        Relation::Parted(Parting { at: Some(at), ours: 1, theirs: 2 })
    );
    let nothing = relate(said("user", "a", 1).as_bytes(), said("user", "b", 1).as_bytes());
    assert_eq!(nothing, Relation::Parted(Parting { at: None, ours: 1, theirs: 1 }));
}

#[test]
fn what_nobody_said_is_no_going_on() {
    let both = format!("{}\n{}\n", said("user", "one", 1), r#"{"type":"custom-title","customTitle":"T"}"#);
    let more = format!("{both}{}\n", said("user", "more", 2));
    let bridge = r#"{"type":"bridge-session","sessionId":"x","bridgeSessionId":"y"}"#;
    for tail in [
        String::new(),
        "{\"half".to_owned(),
        "\n\n  \n".to_owned(),
        format!("{bridge}\n"),
        format!("{}\n{{\"half", " ".repeat(90)),
        "{\"type\":\"mode\",\"mode\":\"normal\"}\n{\"type\":\"last-prompt\",\"lastPrompt\":\"one\"}\n"
            .to_owned(),
        "{\"type\":\"custom-title\",\"customTitle\":\"T\"}\n".to_owned(),
    ] {
        let ours = format!("{both}{tail}");
        for ours in [ours.clone(), ours.replace('\n', "\r\n")] {
            assert_eq!(relate(ours.as_bytes(), more.as_bytes()), Relation::Longer, "{ours:?}");
            assert_eq!(relate(more.as_bytes(), ours.as_bytes()), Relation::Shorter, "{ours:?}");
        }
    }
    // What the user set, or said, is.
    for tail in [
        "{\"type\":\"custom-title\",\"customTitle\":\"Another\"}\n".to_owned(),
        "{\"type\":\"file-history-snapshot\",\"messageId\":\"m\"}\n".to_owned(),
        "{\"type\":\"never-heard-of\"}\n".to_owned(),
        // Whole, although its line never ended.
        said("user", "more", 3),
    ] {
        let ours = format!("{both}{tail}");
        assert_eq!(kind(&relate(ours.as_bytes(), more.as_bytes())), "parted", "{tail}");
    }
}

#[test]
fn more_repeated_settings_than_a_user_has_count_as_going_on() {
    let title = |n: usize| format!("{{\"type\":\"custom-title\",\"customTitle\":\"T{n}\"}}\n");
    let long = format!("{{\"type\":\"custom-title\",\"customTitle\":\"{}\"}}\n", "x".repeat(SHORT));
    let titles = |count: usize| (0..count).map(title).collect::<String>();
    for (repeated, wanted) in
        [(titles(REPEATED), "longer"), (titles(REPEATED + 1), "parted"), (long, "parted")]
    {
        let both = format!("{}\n{repeated}", said("user", "one", 1));
        let (ours, theirs) = (format!("{both}{repeated}"), format!("{both}{}\n", said("user", "more", 2)));
        assert_eq!(kind(&relate(ours.as_bytes(), theirs.as_bytes())), wanted, "{} bytes", repeated.len());
    }
}

#[test]
fn a_large_transcript_is_compared_by_its_bytes() {
    let line = said("user", &"word ".repeat(40_000), 1) + "\n";
    let both = line.repeat(100);
    let ours = format!("{both}{}\n", said("user", "here", 2));
    let theirs = format!("{both}{}\n", said("user", "there", 2));
    assert_eq!(kind(&relate(ours.as_bytes(), theirs.as_bytes())), "parted");
    assert_eq!(relate(both.as_bytes(), theirs.as_bytes()), Relation::Longer);
    assert_eq!(relate(both.as_bytes(), both.as_bytes()), Relation::Same);
}

proptest! {
    #[test]
    fn any_two_histories_are_told_apart(
        both in prop::collection::vec(0..9usize, 0..6),
        ours in prop::collection::vec(10..13usize, 0..4),
        theirs in prop::collection::vec(20..23usize, 0..4),
        crlf: bool,
        torn: bool,
        noise in 0..4usize,
    ) {
        let text = |more: &[usize], noise: &str| -> String {
            let line = |n: &usize| said("user", &format!("w{n}"), n % 60) + "\n" + noise;
            both.iter().chain(more).map(line).collect()
        };
        let noise = ["", "\n", "   \n", "{\"type\":\"bridge-session\",\"bridgeSessionId\":\"z\"}\n"][noise];
        let mut a = text(&ours, noise);
        if torn { a += "{\"type\":\"user\",\"mess"; }
        if crlf { a = a.replace('\n', "\r\n"); }
        let b = text(&theirs, "");
        let found = relate(a.as_bytes(), b.as_bytes());
        let wanted = match (ours.is_empty(), theirs.is_empty()) {
            (true, true) => "same",
            (true, false) => "longer",
            (false, true) => "shorter",
            (false, false) => "parted",
        };
        prop_assert_eq!(kind(&found), wanted);
        prop_assert_eq!(kind(&relate(b.as_bytes(), a.as_bytes())), opposite(wanted));
        if let Relation::Parted(parting) = found {
            prop_assert_eq!((parting.ours, parting.theirs), (ours.len() as u64, theirs.len() as u64));
        }
    }

    #[test]
    fn no_bytes_stop_it(a: Vec<u8>, b: Vec<u8>) {
        prop_assert_eq!(kind(&relate(&a, &a)), "same");
        prop_assert_eq!(kind(&relate(&b, &a)), opposite(kind(&relate(&a, &b))));
    }
}

//! Odd records, packets and words that no vector holds. Where the binary and
//! the page disagree on one, a reader of one of them can be fooled.

use std::collections::BTreeMap;

use cclink::handoff::seal::{self, PacketKind};
use cclink::handoff::{Age, Identity, Link, LinkSecret, LinkTarget, Record, Standing, mailbox, packet};
use cclink::resume::Plan;
use cclink::text::{clean, hex};
use chrono::Utc;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::json;

use super::{page, place, record};
use crate::page::web::node_is_missing;
use crate::support::now;

/// Values that a field may have, as JSON texts; most belong to no field.
const VALUES: [&str; 44] = [
    "null",
    "true",
    "[]",
    "{}",
    "[{}]",
    "0",
    "-0",
    "1",
    "60",
    "59",
    "60.0",
    "6e1",
    "604800",
    "604801",
    "01",
    "1.",
    "1e999",
    "-1e999",
    "18446744073709551615",
    "18446744073709551616",
    "1e-400",
    r#""""#,
    r#"" ""#,
    r#""x""#,
    r#""-x""#,
    r#""ada@-x""#,
    r#""a@b@c""#,
    r#""[::1]:22""#,
    r#""\u0000""#,
    r#""\u202e""#,
    r#""\ud83d\ude00""#,
    r#""\ud800""#,
    r#""\udc00\ud800""#,
    r#""\x""#,
    r#""\/\b\f""#,
    "\"\t\"",
    "\"\u{feff}\"",
    "\"\u{80}\"",
    r#""2026-02-30T00:00:00Z""#,
    r#""2026-11-25T24:00:00Z""#,
    r#""0000-01-01T00:00:00Z""#,
    r#""9999-12-31T23:59:59Z""#,
    r#""ffffffffffffffff""#,
    r#""11111111222243338444555555555555""#,
];

/// One record in many ways, most of them wrong.
fn odd_records() -> Vec<Vec<u8>> {
    let plain = record();
    let fields: Vec<&str> = plain.as_object().unwrap().keys().map(String::as_str).collect();
    let with = |name: &str, value: &str| {
        let mut parts: Vec<String> = Vec::new();
        for field in &fields {
            let value = if *field == name { value.to_owned() } else { plain[*field].to_string() };
            parts.push(format!("{}:{value}", json!(field)));
        }
        format!("{{{}}}", parts.join(","))
    };
    let mut all = Vec::new();
    for field in &fields {
        all.extend(VALUES.iter().map(|value| with(field, value)));
        // Named twice; not there.
        all.push(with(field, &format!("{0},{1}:{0}", plain[*field], json!(field))));
        let mut without = plain.clone();
        without.as_object_mut().unwrap().remove(*field);
        all.push(without.to_string());
        for length in [64, 65, 80, 81, 100, 101, 160, 161, 200, 201] {
            all.push(with(field, &json!("é".repeat(length / 2) + &"x".repeat(length % 2)).to_string()));
        }
    }
    for value in VALUES {
        all.push(value.to_owned());
        all.push(with("git", &format!(r#"{{"branch":{value},"dirty":{value}}}"#)));
        all.push(with("git", &format!(r#"{{"dirty":{value},"new":{value},"new":{value}}}"#)));
        all.push(with("transcript", &format!(r#"{{"bytes":{value},"tail":"0123456789abcdef"}}"#)));
        all.push(with("transcript", &format!(r#"{{"bytes":1,"tail":{value},"x":{value}}}"#)));
    }
    for depth in [1, 100, 125, 126, 127, 128, 129] {
        all.push(with("from a newer cclink", &format!("{}{}", "[".repeat(depth), "]".repeat(depth))));
        all.push(with("from a newer cclink", &format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth))));
    }
    let text = plain.to_string();
    for (start, end) in
        [(" \t\r\n", " "), ("\u{feff}", ""), ("", "x"), ("", "\0"), ("\u{c}", ""), ("[", "]"), ("", ",")]
    {
        all.push(format!("{start}{text}{end}"));
    }
    all.push(text.replacen(',', ",,", 1));
    all.push(text.replacen('}', ",}", 1));
    all.push(text.replacen(':', " :\n", 3));
    all.push(text.replacen("hostname", "host\\u006eame", 1));
    let mut all: Vec<Vec<u8>> = all.into_iter().map(String::into_bytes).collect();
    // No UTF-8, where it is read and where it is not.
    let newer = text.replacen("[1]", r#""unread""#, 1);
    for near in ["elsewhere", "from a newer", "Made in", "unread"] {
        let mut broken = newer.clone().into_bytes();
        broken[newer.find(near).unwrap()] = 0xff;
        all.push(broken);
    }
    all
}

#[test]
fn odd_records_mean_the_same_to_both() {
    if node_is_missing() {
        return;
    }
    let texts = odd_records();
    let theirs = page("records", &json!({ "texts": texts.iter().map(|text| hex(text)).collect::<Vec<_>>() }));
    let mut wrong = Vec::new();
    let mut read = 0;
    for (text, theirs) in texts.iter().zip(theirs.as_array().unwrap()) {
        let ours = Record::decode(text).ok();
        read += usize::from(ours.is_some());
        let mut ours = serde_json::to_value(ours).unwrap();
        if let Some(over) = ours["transcript"]["bytes"].as_u64().filter(|bytes| *bytes >= 1 << 53) {
            ours["transcript"]["bytes"] = json!(over.to_string());
        }
        if ours != *theirs {
            wrong.push(format!("{}\n  binary {ours}\n  page   {theirs}", String::from_utf8_lossy(text)));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), texts.len(), wrong.join("\n"));
    assert!(read > 100 && texts.len() - read > 500, "{read} of {} are records", texts.len());
}

#[test]
fn hostile_packets_get_one_verdict() {
    if node_is_missing() {
        return;
    }
    let creator = Identity::from_seed(&[7; 32]);
    let link = Link { creator: creator.public(), target: LinkTarget::Secret(LinkSecret([9; 16])) };
    let (mailbox, token) = place(&link.to_string());
    let (key, lock) = (mailbox.record_key(&token), mailbox.lock().to_public());
    let address = mailbox::address(&key);
    let sequence = u64::try_from(Utc::now().timestamp_micros()).unwrap();
    let sealed = |kind: PacketKind, payload: &[u8], sequence: u64| {
        let file = seal::seal(&lock, kind, payload).unwrap();
        packet::make(&key, &file, sequence).unwrap().to_relay_payload().to_vec()
    };
    let signed =
        |kind: PacketKind, json: &[u8]| [&creator.sign(kind as u8, &address, json)[..], json].concat();
    let body = record().to_string().into_bytes();
    let real = sealed(PacketKind::Record, &signed(PacketKind::Record, &body), sequence);

    let mut payloads = vec![real.clone(), Vec::new(), real[..71].to_vec(), real[..72].to_vec()];
    // One bit of it, all over; and where it was cut or grew.
    for at in (0..real.len()).step_by(23) {
        let mut flipped = real.clone();
        flipped[at] ^= 1 << (at % 8);
        payloads.push(flipped);
    }
    payloads.extend([real[..real.len() - 1].to_vec(), [&real[..], b"\0"].concat()]);
    for kind in
        [PacketKind::Record, PacketKind::Index, PacketKind::Burned, PacketKind::Revoked, PacketKind::Receipt]
    {
        for json in [
            &body[..],
            br#"{"at":"2026-11-25T12:00:00Z","hostname":"x","more":1}"#,
            br#"{"at":"2026-11-25T12:00:00Z"}"#,
            br#"{"at":"2026-11-25T12:00:00Z","at":"2026-11-25T12:00:00Z","hostname":"x"}"#,
            br#"["2026-11-25T12:00:00Z","x"]"#,
            br#"{"at":"2026-11-25T12:00:60Z","hostname":"x"}"#,
            b"",
        ] {
            for payload in [json.to_vec(), signed(kind, json), signed(PacketKind::Record, json)] {
                payloads.push(sealed(kind, &payload, sequence));
            }
        }
    }
    let long = json!({ "at": "2026-11-25T12:00:00Z", "hostname": "x".repeat(65) }).to_string();
    payloads.push(sealed(PacketKind::Burned, long.as_bytes(), sequence));
    for far in [0, 1 << 62, (1 << 63) - 1, 1 << 63, u64::MAX] {
        payloads.push(sealed(PacketKind::Record, &signed(PacketKind::Record, &body), far));
    }

    let input = json!({
        "link": link.to_string(), "now": now(), "payloads": payloads.iter().map(|payload| hex(payload)).collect::<Vec<_>>(),
    });
    let theirs = page("judge", &input);
    let mut met = BTreeMap::new();
    for (payload, theirs) in payloads.iter().zip(theirs.as_array().unwrap()) {
        let packets: Vec<_> = packet::from_payload(&address, payload).into_iter().collect();
        let ours = match mailbox.judge(&token, &[creator.public()], &packets) {
            Standing::Record { record, .. } if record.age(Utc::now()) != Age::Alive => "another age",
            Standing::Record { .. } => "record",
            Standing::Refused(_) => "refused",
            Standing::Burned { .. } => "burned",
            Standing::Revoked { .. } => "revoked",
            Standing::Newer => "newer",
            Standing::Absent => "absent",
        };
        assert_eq!(ours, theirs, "{}", hex(payload));
        *met.entry(ours).or_insert(0) += 1;
    }
    assert!(met["absent"] > 60 && met.len() == 5, "{met:?}");
}

#[test]
fn foreign_words_are_shown_and_quoted_alike() {
    if node_is_missing() {
        return;
    }
    // What matters in between anything else.
    let piece = proptest::sample::select(vec![
        "\u{1b}",
        "\u{9b}",
        "\u{9d}",
        "\u{90}",
        "[",
        "]",
        "P",
        "(",
        "\\",
        "\u{7}",
        "\u{9c}",
        "31m",
        "0;x",
        "\r",
        "\n",
        "\r\n",
        "\t",
        " ",
        "\u{a0}",
        "\u{85}",
        "\u{2028}",
        "\u{202e}",
        "\u{2066}",
        "\u{200b}",
        "\u{200d}",
        "\u{fe0f}",
        "\u{feff}",
        "\u{ad}",
        "\u{2061}",
        "\u{206a}",
        "\u{3164}",
        "\u{fffa}",
        "\u{e0041}",
        "\u{e0100}",
        "\u{1d173}",
        "\u{0}",
        "\u{7f}",
        "'",
        "\"",
        "`",
        "$(x)",
        "!",
        "~",
        "#",
        "-",
        "=",
        "%",
        "é",
        "外",
        "👩",
        "a",
        "{b,c}",
        "*",
        "?",
        "&",
        ";",
        "|",
        "<",
        "^",
    ]);
    let mut runner = TestRunner::deterministic();
    let strategy = proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat());
    let texts: Vec<String> = (0..3000).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect();
    let theirs = page("words", &json!({ "texts": texts }));
    for (text, theirs) in texts.iter().zip(theirs.as_array().unwrap()) {
        assert_eq!(json!(clean(text)), theirs["shown"], "{text:?}");
        // A path of a record holds neither.
        if text.contains('\0') || text.is_empty() {
            continue;
        }
        let plan = Plan::command("11111111-2222-4333-8444-555555555555", text);
        let line = theirs["command"].as_str().unwrap();
        assert_eq!(shlex::split(line), shlex::split(&plan.shell), "{text:?}: {line}");
        assert!(shlex::split(line).unwrap().contains(text), "{text:?}: {line}");
    }
}

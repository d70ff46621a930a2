//! Properties of the protocol: merge laws, seal and open, parse and print, and
//! that no parser panics.

use chrono::{DateTime, TimeDelta, Utc};
use pkarr::SignedPacket;
use proptest::prelude::*;

use super::index::{CAPACITY, IndexEntry, Span};
use super::record::{MAX_JSON, RecordError};
use super::seal::{self, OpenError, PacketKind};
use super::*;

fn identity(byte: u8) -> Identity {
    Identity::from_seed(&[byte; 32])
}

fn noon() -> DateTime<Utc> {
    time::parse("2026-11-25T12:00:00Z").unwrap()
}

fn record() -> Record {
    Record {
        session_id: "11111111-2222-4333-8444-555555555555".to_owned(),
        hostname: "framework-desktop".to_owned(),
        project: "/home/dana/src/uploader".to_owned(),
        label: None,
        title: Some("Retry with jitter".to_owned()),
        note: None,
        git: Some(Git { branch: Some("main".to_owned()), ..Git::default() }),
        ssh: None,
        claude: None,
        claude_dir: None,
        transcript: Transcript { bytes: 4711, tail: "0123456789abcdef".to_owned() },
        carry: None,
        created_at: noon(),
        ttl: Ttl::DEFAULT,
        burn_after_read: false,
        pin_protected: false,
    }
}

fn devices(identity: &Identity) -> Mailbox {
    Mailbox::devices(&identity.devices_secret())
}

const TOKEN: Token = Token { audience: AudienceKind::Devices, bytes: [7; 8] };

#[test]
fn the_four_audiences_meet_at_the_same_place() {
    let (a, b, c) = (identity(1), identity(2), identity(3));
    let from = Mailbox::share(&a, &a.public(), &b.public()).unwrap();
    let to = Mailbox::share(&b, &a.public(), &b.public()).unwrap();
    let other = Mailbox::share(&c, &a.public(), &c.public()).unwrap();
    let back = Mailbox::share(&a, &b.public(), &a.public()).unwrap();
    assert_eq!(from.secret(), to.secret());
    assert!(from.secret() != other.secret() && from.secret() != back.secret());
    assert_ne!(devices(&a).secret(), devices(&b).secret());
    let secret = LinkSecret([9; 16]);
    assert_eq!(
        Mailbox::link(&a.public(), &secret).link_token(),
        Mailbox::link(&a.public(), &secret).link_token()
    );
    assert_ne!(
        Mailbox::link(&a.public(), &secret).link_token(),
        Mailbox::link(&b.public(), &secret).link_token()
    );
}

#[test]
fn weak_keys_are_refused() {
    let mut identity_point = [0; 32];
    identity_point[0] = 1;
    assert!(PublicKey::from_bytes(&[0; 32]).is_err());
    assert!(PublicKey::from_bytes(&identity_point).is_err());
    let z32 = z32::encode(&identity_point);
    assert_eq!(z32.parse::<PublicKey>(), Err(keys::KeyError::Weak));
    assert!(matches!(
        format!("pk:{z32}/cclink/l{}", "y".repeat(26)).parse::<Link>(),
        Err(link::LinkError::Creator(_))
    ));
}

#[test]
fn two_thousand_records_with_a_long_path_seal_without_a_failure() {
    let creator = identity(1);
    let mailbox = devices(&creator);
    let mut long = record();
    long.project = format!("/{}", "p".repeat(109));
    long.title = Some("A title of ordinary length that travels along".to_owned());
    for number in 0..2000 {
        let packet = mailbox.make_record(&creator, &TOKEN, long.clone(), number).unwrap();
        assert!(packet.encoded_packet().len() <= 1000);
    }
}

#[test]
fn only_the_expected_signature_at_the_expected_place_counts() {
    let (me, thief) = (identity(1), identity(2));
    let mailbox = devices(&me);
    let expected = [me.public()];
    let real = mailbox.make_record(&me, &TOKEN, record(), 5).unwrap();
    assert!(matches!(mailbox.judge(&TOKEN, &expected, std::slice::from_ref(&real)), Standing::Record { .. }));
    // The right secret, another identity's signature.
    let forged = mailbox.make_record(&thief, &TOKEN, record(), 6).unwrap();
    assert!(matches!(mailbox.judge(&TOKEN, &expected, &[forged]), Standing::Absent));
    // The real payload, sealed and signed again for another token.
    let opened = seal::open(&mailbox.lock(), &packet::data(&real).unwrap()).unwrap();
    let elsewhere = Token { bytes: [8; 8], ..TOKEN };
    let sealed = seal::seal(&mailbox.lock().to_public(), PacketKind::Record, &opened.payload).unwrap();
    let moved = packet::make(&mailbox.record_key(&elsewhere), &sealed, 7).unwrap();
    assert!(matches!(mailbox.judge(&elsewhere, &expected, &[moved]), Standing::Absent));
    // A revocation by somebody who only knows the secret.
    let revoked = mailbox.make_revoked(&thief, &TOKEN, noon(), 8).unwrap();
    assert!(matches!(mailbox.judge(&TOKEN, &expected, &[real, revoked]), Standing::Record { .. }));
}

#[test]
fn ends_are_final_whatever_the_sequence() {
    let me = identity(1);
    let mailbox = devices(&me);
    let expected = [me.public()];
    let trace = |hostname: &str| Trace { at: noon(), hostname: hostname.to_owned(), id: None };
    let record_9 = mailbox.make_record(&me, &TOKEN, record(), 9).unwrap();
    let burned_3 = mailbox.make_burned(&TOKEN, &trace("early"), 3).unwrap();
    let burned_4 = mailbox.make_burned(&TOKEN, &trace("late"), 4).unwrap();
    let revoked_2 = mailbox.make_revoked(&me, &TOKEN, noon(), 2).unwrap();
    let judge = |packets: &[SignedPacket]| mailbox.judge(&TOKEN, &expected, packets);
    let orders = [[0, 1, 2], [2, 1, 0], [1, 0, 2], [2, 0, 1]];
    for order in orders {
        let all = [&record_9, &burned_3, &burned_4];
        let packets: Vec<SignedPacket> = order.iter().map(|at| all[*at].clone()).collect();
        let Standing::Burned { trace, .. } = judge(&packets) else { panic!("burned stands") };
        assert_eq!(trace.hostname, "late");
        let mut revoked = packets;
        revoked.insert(1, revoked_2.clone());
        assert!(matches!(judge(&revoked), Standing::Revoked { .. }));
    }
    // An older record that a member put back over an extended one.
    let mut longer = record();
    longer.ttl = Ttl::MAX;
    let extended = mailbox.make_record(&me, &TOKEN, longer, 5).unwrap();
    let Standing::Record { record, .. } = judge(&[extended, record_9]) else { panic!("a record stands") };
    assert_eq!(record.ttl, Ttl::MAX);
}

#[test]
fn a_newer_packet_is_never_taken_for_a_damaged_one() {
    let me = identity(1);
    let mailbox = devices(&me);
    let mut plain = seal::plaintext(PacketKind::Record, b"x").unwrap();
    plain[0] = 2;
    plain.push(1);
    assert_eq!(seal::parse_plaintext(&plain), Err(OpenError::Newer));
    let mut unknown = seal::plaintext(PacketKind::Record, b"x").unwrap();
    unknown[1] = 99;
    assert_eq!(seal::parse_plaintext(&unknown), Err(OpenError::Newer));
    let sealed = std::iter::repeat_with(|| age::encrypt(&mailbox.lock().to_public(), &unknown).unwrap())
        .find(|file| file.len() <= seal::MAX_SEALED)
        .unwrap();
    let packet = packet::make(&mailbox.record_key(&TOKEN), &sealed, 1).unwrap();
    assert!(matches!(mailbox.judge(&TOKEN, &[me.public()], &[packet]), Standing::Newer));
}

#[test]
fn hostile_fields_refuse_the_record() {
    let edits: [fn(&mut Record); 9] = [
        |r| r.hostname = "-oProxyCommand=reboot".to_owned(),
        |r| r.hostname = "h\u{1b}[31m".to_owned(),
        |r| r.project = "/tmp/\u{202e}x".to_owned(),
        |r| r.project = "/tmp/a\nb".to_owned(),
        |r| r.session_id = "../../etc/passwd".to_owned(),
        |r| r.session_id = r.session_id.to_uppercase().replace('1', "A"),
        |r| r.ssh = Some("dana@$(reboot)".to_owned()),
        |r| r.ssh = Some("dana@-oProxyCommand".to_owned()),
        |r| r.transcript.tail = "0".repeat(15),
    ];
    for edit in edits {
        let mut hostile = record();
        edit(&mut hostile);
        let json = serde_json::to_vec(&hostile).unwrap();
        assert!(Record::decode(&json).is_err(), "{hostile:?}");
    }
    let json = String::from_utf8(serde_json::to_vec(&record()).unwrap()).unwrap();
    let lenient = json.replacen('{', "{\"from_the_future\":[1],\"note\":null,", 1);
    assert_eq!(Record::decode(lenient.as_bytes()).unwrap(), record());
    for (from, to) in [
        ("28800", "59"),
        ("28800", "604801"),
        ("12:00:00Z", "12:00:00+00:00"),
        ("12:00:00Z", "12:00:60Z"),
        ("2026-", "+262142-"),
        ("2026-", "-0001-"),
        ("2026-", "12026-"),
        ("12:00:00Z", "12:00:00.5Z"),
    ] {
        assert_eq!(Record::decode(json.replace(from, to).as_bytes()), Err(RecordError::Form), "{to}");
    }
}

#[test]
fn fields_without_their_names_are_no_record() {
    let value: serde_json::Value = serde_json::from_slice(&record().encode().unwrap()).unwrap();
    let unnamed: Vec<_> = value.as_object().unwrap().values().collect();
    let unnamed = serde_json::to_vec(&unnamed).unwrap();
    assert_eq!(Record::decode(&unnamed), Err(RecordError::Form));
    let mut nested = value;
    nested["git"] = serde_json::json!(["main", null, null]);
    assert_eq!(Record::decode(nested.to_string().as_bytes()), Err(RecordError::Form));
    // Nor an end: a list of its fields ends nothing.
    let end = r#"{"at": "2026-11-25T12:00:00Z", "hostname": "laptop"}"#;
    assert!(json::named::<Trace>(end.as_bytes(), &[]).is_some());
    assert!(json::named::<Trace>(br#"["2026-11-25T12:00:00Z", "laptop"]"#, &[]).is_none());
}

#[test]
fn what_does_not_fit_is_shortened_in_order() {
    let mut long = record();
    long.title = Some("t".repeat(160));
    long.note = Some("n".repeat(120));
    long.claude = Some(format!("/{}", "c".repeat(60)));
    long.project = format!("/{}", "p".repeat(110));
    let json = long.clone().encode().unwrap();
    let sent = Record::decode(&json).unwrap();
    assert!(json.len() <= MAX_JSON);
    assert_eq!(sent, long.clone().fitted().unwrap());
    assert!(sent.title.unwrap().ends_with('…') && sent.note.is_some());
    long.project = format!("/{}", "p".repeat(200));
    let sent = Record::decode(&long.clone().encode().unwrap()).unwrap();
    assert!(sent.note.is_none() && sent.claude.is_none());
    assert!(sent.title.unwrap().chars().count() >= 24);
    long.project = format!("/{}", "p".repeat(500));
    assert!(matches!(long.encode(), Err(RecordError::TooLarge(over)) if over > 0));
}

#[test]
fn clocks_are_judged_with_grace() {
    let short = Record { ttl: Ttl::MIN, ..record() };
    let after = |seconds: i64| noon() + TimeDelta::seconds(seconds);
    assert_eq!(short.age(after(66)), Age::Alive);
    assert_eq!(short.age(after(67)), Age::Expired);
    assert_eq!(record().age(after(28_800 + 120)), Age::Alive);
    assert_eq!(record().age(after(28_800 + 121)), Age::Expired);
    assert_eq!(record().age(after(-3600)), Age::Alive);
    assert_eq!(record().age(after(-3601)), Age::FromTheFuture);
}

#[test]
fn a_sequence_follows_and_never_runs_away() {
    assert_eq!(packet::next_sequence(None, 5), Ok(5));
    assert_eq!(packet::next_sequence(Some(9), 5), Ok(10));
    // By one, whether the last clock was behind or days ahead.
    assert_eq!(packet::next_sequence(Some(9), 500), Ok(10));
    let day = 86_400_000_000;
    assert_eq!(packet::next_sequence(Some(9 * day), 5), Ok(9 * day + 1));
    assert!(packet::next_sequence(Some(1 << 62), 5).is_err());
    assert!(packet::next_sequence(Some(u64::MAX), 5).is_err());
}

#[test]
fn pins_have_one_spelling() {
    for (typed, spelled) in [
        ("Crane  ABANDON zoo-wolf", "crane-abandon-zoo-wolf"),
        ("abandon ability able", "abandon ability able"),
        ("cafe\u{301} au lait 17\n", "café au lait 17"),
        (" spaces stay ", " spaces stay "),
    ] {
        assert_eq!(Pin::new(typed).unwrap().as_str(), spelled);
    }
    assert!(Pin::new("").is_err() && Pin::new("\n").is_err() && Pin::new(&"x".repeat(300)).is_err());
    for weak in ["4821", "1234567", "password", "12345678", "qwertyuiop"] {
        assert!(Pin::new(weak).unwrap().check_strength().is_err(), "{weak}");
    }
    let mut byte = 0;
    let generated = Pin::generate(&mut |buffer| {
        byte += 1;
        buffer.iter_mut().enumerate().for_each(|(at, b)| *b = byte + u8::try_from(at).unwrap() * 29);
    });
    assert_eq!(generated.as_str().split('-').count(), 4);
    assert!(generated.check_strength().is_ok());
    assert_eq!(Pin::new(generated.as_str()).unwrap(), generated);
}

#[test]
fn weeks_overlap_at_their_turn() {
    let turn = 2951 * 604_800;
    assert_eq!(pin::candidate_weeks(turn), [2951, 2950]);
    assert_eq!(pin::candidate_weeks(turn - 1), [2950, 2949, 2951]);
    assert_eq!(pin::candidate_weeks(turn - 3601), [2950, 2949]);
}

#[test]
fn links_wrap_and_shout_but_have_no_aliases() {
    let link = Link { creator: identity(1).public(), target: LinkTarget::Token(TOKEN) };
    let text = link.to_string();
    let half = text.len() / 2;
    let wrapped = format!("  {}\r\n\t{}\n", &text[..half], &text[half..]);
    for variant in [wrapped, text.to_uppercase(), link.web("https://x.example/c")] {
        assert_eq!(variant.parse::<Link>().unwrap(), link, "{variant}");
    }
    // `l` and `v` are no characters of z-base-32; the last one of a token
    // carries one bit that has to be zero.
    for broken in [
        text.replace("pk:", "pk"),
        text.replace("/cclink/", "/other/"),
        text[..text.len() - 1].to_owned(),
        format!("{text}y"),
        text.replace("/cclink/d", "/cclink/x"),
        text.replace("/cclink/d", "/cclink/l"),
        text.replace('k', "\u{212a}"),
        String::new(),
        "https://x.example/".to_owned(),
    ] {
        assert!(broken.parse::<Link>().is_err(), "{broken}");
    }
}

fn entries() -> impl Strategy<Value = Vec<IndexEntry>> {
    let entry = (0u8..12, any::<u32>(), any::<u32>()).prop_map(|(token, created, expires)| IndexEntry {
        token: [token; 8],
        span: Span { expires, created },
    });
    prop::collection::vec(entry, 0..60)
}

fn index_of(entries: &[IndexEntry]) -> Index {
    let mut index = Index::default();
    for entry in entries {
        index.insert(*entry);
    }
    index
}

fn union(a: &Index, b: &Index) -> Index {
    let mut union = a.clone();
    union.merge(b);
    union
}

proptest! {
    #[test]
    fn merging_is_a_union(a in entries(), b in entries(), c in entries()) {
        let (a, b, c) = (index_of(&a), index_of(&b), index_of(&c));
        prop_assert_eq!(union(&a, &b), union(&b, &a));
        prop_assert_eq!(union(&union(&a, &b), &c), union(&a, &union(&b, &c)));
        prop_assert_eq!(&union(&a, &a), &a);
        prop_assert!(union(&a, &b).covers(&a) && union(&a, &b).covers(&b));
    }

    #[test]
    fn an_index_reads_back(entries in entries()) {
        let index = index_of(&entries);
        prop_assert!(index.len() <= CAPACITY);
        prop_assert_eq!(Index::decode(&index.encode()).unwrap(), index);
    }

    #[test]
    fn open_undoes_seal(payload in prop::collection::vec(any::<u8>(), 0..=seal::MAX_PAYLOAD)) {
        let lock = devices(&identity(1)).lock();
        let sealed = seal::seal(&lock.to_public(), PacketKind::Receipt, &payload).unwrap();
        prop_assert!(sealed.len() <= seal::MAX_SEALED);
        prop_assert_eq!(seal::open(&lock, &sealed).unwrap().payload, payload);
        prop_assert_eq!(seal::open(&devices(&identity(2)).lock(), &sealed), Err(OpenError::Damaged));
    }

    #[test]
    fn links_and_tokens_read_back(bytes: [u8; 8], secret: [u8; 16], seed: [u8; 32], kind in 0usize..3) {
        let token = Token { audience: AudienceKind::ALL[kind], bytes };
        prop_assert_eq!(token.to_string().parse::<Token>().unwrap(), token);
        prop_assert_eq!(Token::prefix(&token.to_string()[..6]).unwrap(), token.to_string()[..6].to_owned());
        let creator = Identity::from_seed(&seed).public();
        prop_assert_eq!(creator.to_string().parse::<PublicKey>().unwrap(), creator);
        for target in [LinkTarget::Token(token), LinkTarget::Secret(LinkSecret(secret))] {
            let link = Link { creator, target };
            prop_assert_eq!(&link.to_string().parse::<Link>().unwrap(), &link);
            prop_assert_eq!(&link.web("https://a.b/#old").parse::<Link>().unwrap(), &link);
        }
    }

    #[test]
    fn nothing_panics_on_bytes(bytes in prop::collection::vec(any::<u8>(), 0..1100), text in ".*") {
        let me = identity(1);
        let mailbox = devices(&me);
        let _ = seal::open(&mailbox.lock(), &bytes);
        let _ = seal::parse_plaintext(&bytes);
        let _ = Index::decode(&bytes);
        let _ = Record::decode(&bytes);
        let _ = Record::decode(text.as_bytes());
        let _ = packet::from_payload(me.public().as_bytes(), &bytes);
        let _ = (text.parse::<Link>(), text.parse::<Token>(), text.parse::<PublicKey>(), Pin::new(&text));
        let _ = (Token::prefix(&text), time::parse(&text), z32::decode_any(&text));
        if let Ok(packet) = packet::make(&mailbox.record_key(&TOKEN), &bytes, 1) {
            prop_assert_eq!(packet::data(&packet), Some(bytes));
            prop_assert!(matches!(mailbox.judge(&TOKEN, &[me.public()], &[packet]), Standing::Absent));
        }
    }

    #[test]
    fn damaged_plaintexts_do_not_panic(at in 0usize..700, byte: u8, length in 0usize..700) {
        let mut plain = seal::plaintext(PacketKind::Record, &[1; 100]).unwrap();
        if let Some(place) = plain.get_mut(at) {
            *place = byte;
        }
        plain.truncate(length);
        let _ = seal::parse_plaintext(&plain);
    }

    #[test]
    fn a_record_reads_back_whatever_its_words(title in "\\PC{0,200}", note in "\\PC{0,60}", path in "/[a-zA-Z0-9 ._é外-]{1,80}") {
        let mut any = record();
        (any.title, any.note, any.project) = (Some(title), Some(note), path);
        if let Ok(json) = any.encode() {
            prop_assert!(json.len() <= MAX_JSON);
            prop_assert!(Record::decode(&json).is_ok());
        }
    }
}

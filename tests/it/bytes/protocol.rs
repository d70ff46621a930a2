//! Our protocol against the vectors that Python made from the page alone.

use std::collections::HashMap;

use cclink::carry::Key;
use cclink::handoff::index::{IndexEntry, Span};
use cclink::handoff::keys::signed_bytes;
use cclink::handoff::record::Record;
use cclink::handoff::seal::{self, PacketKind};
use cclink::handoff::{
    Age, AudienceKind, Identity, Index, Link, LinkSecret, LinkTarget, Mailbox, Pin, PublicKey, Secret,
    Standing, Token, mailbox, packet,
};
use chrono::{DateTime, Utc};
use pkarr::SignedPacket;
use serde_json::Value;

use crate::bytes::vectors::{bytes, rows, vectors};
use crate::support::text;

fn array<const N: usize>(row: &Value, field: &str) -> [u8; N] {
    bytes(row, field).try_into().unwrap()
}

fn key(row: &Value, field: &str) -> PublicKey {
    PublicKey::from_bytes(&array(row, field)).unwrap()
}

fn secret(row: &Value, field: &str) -> Secret {
    Secret::new(array(row, field))
}

fn identities(all: &Value) -> HashMap<&str, Identity> {
    rows(all, "identities").iter().map(|r| (text(r, "pk"), Identity::from_seed(&array(r, "seed")))).collect()
}

fn audience(row: &Value) -> AudienceKind {
    *AudienceKind::ALL.iter().find(|kind| text(row, "audience").starts_with(kind.letter())).unwrap()
}

fn boxes(all: &Value) -> HashMap<&str, (Mailbox, Token)> {
    rows(all, "mailboxes")
        .iter()
        .map(|row| {
            let audience = audience(row);
            let token = Token { audience, bytes: array(row, "token") };
            (text(row, "name"), (Mailbox::from_secret(audience, secret(row, "S")), token))
        })
        .collect()
}

fn kind(row: &Value) -> PacketKind {
    let kinds =
        [PacketKind::Record, PacketKind::Index, PacketKind::Burned, PacketKind::Revoked, PacketKind::Receipt];
    *kinds.iter().find(|kind| row["kind"] == **kind as u8).unwrap()
}

fn lying(row: &Value) -> Option<SignedPacket> {
    packet::from_payload(&array(row, "address"), &bytes(row, "relay"))
}

fn expected(row: &Value) -> Vec<PublicKey> {
    row["expected"].as_array().unwrap().iter().map(|pk| key(&serde_json::json!({"pk": pk}), "pk")).collect()
}

#[test]
fn identities_map_to_the_same_curve() {
    let all = vectors();
    for row in rows(&all, "identities") {
        let identity = Identity::from_seed(&array(row, "seed"));
        assert_eq!(identity.public(), key(row, "pk"));
        assert_eq!(identity.public().z32(), text(row, "z32"));
        assert_eq!(text(row, "z32").parse::<PublicKey>().unwrap(), identity.public());
        // As an age identity it is the X25519 scalar and point.
        let scalar = seal::age_identity(&secret(row, "x25519_scalar"));
        let own = identity.public().age_recipient().unwrap().to_string();
        assert_eq!(identity.age_identity().to_public().to_string(), own);
        assert_eq!(scalar.to_public().to_string(), own);
    }
    for row in rows(&all, "keys_refused") {
        assert!(PublicKey::from_bytes(&array(row, "pk")).is_err(), "{}", row["why"]);
        assert!(text(row, "z32").parse::<PublicKey>().is_err(), "{}", row["why"]);
    }
}

#[test]
fn every_mailbox_follows_from_its_inputs() {
    let all = vectors();
    let people = identities(&all);
    for row in rows(&all, "mailboxes") {
        let name = text(row, "name");
        let creator = &people[text(row, "creator")];
        let made = match audience(row) {
            AudienceKind::Devices => {
                assert_eq!(creator.devices_secret(), secret(row, "G"), "{name}");
                Mailbox::devices(&creator.devices_secret())
            }
            AudienceKind::Share => {
                let recipient = &people[text(row, "recipient_pk")];
                let mine = Mailbox::share(creator, &creator.public(), &recipient.public()).unwrap();
                let theirs = Mailbox::share(recipient, &creator.public(), &recipient.public()).unwrap();
                assert_eq!(mine.secret(), theirs.secret(), "{name}");
                mine
            }
            AudienceKind::Pin => {
                let pin = Pin::new(text(row, "pin")).unwrap();
                assert_eq!(pin.as_str(), text(row, "pin_meant"), "{name}");
                let week = u32::try_from(row["week"].as_u64().unwrap()).unwrap();
                assert_eq!(pin.stretch(&creator.public(), week), secret(row, "argon2id"), "{name}");
                Mailbox::pin(&creator.public(), &pin, week)
            }
            AudienceKind::Link => {
                let made = Mailbox::link(&creator.public(), &LinkSecret(array(row, "secret")));
                assert_eq!(made.link_token().bytes, array::<8>(row, "token"), "{name}");
                made
            }
        };
        assert_eq!(*made.secret(), secret(row, "S"), "{name}");
        let token = Token { audience: audience(row), bytes: array(row, "token") };
        assert_eq!(token.to_string(), text(row, "token_shown"), "{name}");
        assert_eq!(text(row, "token_shown").parse::<Token>().unwrap(), token, "{name}");
        for (field, made) in [
            ("index", made.index_key()),
            ("record", made.record_key(&token)),
            ("receipt", made.receipt_key(&token)),
        ] {
            assert_eq!(mailbox::address(&made), array::<32>(row, field), "{name}: {field}");
        }
        assert_eq!(made.lock().to_public().to_string(), text(row, "recipient"), "{name}");
    }
}

#[test]
fn pins_have_one_spelling() {
    for row in rows(&vectors(), "pin_forms") {
        assert_eq!(Pin::new(text(row, "typed")).unwrap().as_str(), text(row, "meant"), "{row}");
    }
}

#[test]
fn plaintexts_and_signatures_are_byte_for_byte() {
    let all = vectors();
    let creator = &identities(&all)[text(&rows(&all, "identities")[0], "pk")];
    let (mailbox, token) = &boxes(&all)["link"];
    let at = mailbox::address(&mailbox.record_key(token));
    for row in rows(&all, "packets") {
        let name = text(row, "name");
        let plain = seal::plaintext(kind(row), &bytes(row, "payload")).unwrap();
        assert_eq!(plain, bytes(row, "plain"), "{name}");
        let opened = seal::parse_plaintext(&plain).unwrap();
        assert_eq!((opened.kind, opened.payload), (kind(row), bytes(row, "payload")), "{name}");
        if row.get("signature").is_some() {
            let (number, json) = (kind(row) as u8, text(row, "json").as_bytes());
            assert_eq!(signed_bytes(number, &at, json), bytes(row, "signed_bytes"), "{name}");
            assert_eq!(creator.sign(number, &at, json).to_vec(), bytes(row, "signature"), "{name}");
            assert!(creator.public().verify(number, &at, json, &array(row, "signature")), "{name}");
        }
    }
    let dns = &all["dns"][0];
    let sequence = dns["seq"].as_u64().unwrap();
    let made = packet::make(&mailbox.index_key(), &bytes(dns, "rdata"), sequence).unwrap();
    assert_eq!(made.encoded_packet().to_vec(), bytes(dns, "value"));
    assert_eq!(made.signature().to_bytes().to_vec(), bytes(dns, "signature"));
    assert_eq!(packet::data(&made).unwrap(), bytes(dns, "rdata"));
    for row in rows(&all, "indexes") {
        let mut index = Index::default();
        let number = |entry: &Value, field: &str| u32::try_from(entry[field].as_u64().unwrap()).unwrap();
        for entry in rows(row, "entries") {
            let span = Span { expires: number(entry, "expires"), created: number(entry, "created") };
            index.insert(IndexEntry { token: array(entry, "token"), span });
        }
        assert_eq!(index.encode(), bytes(row, "payload"));
        assert_eq!(Index::decode(&bytes(row, "payload")).unwrap(), index);
    }
}

#[test]
fn all_of_a_sealed_file_follows_from_its_key() {
    let all = vectors();
    assert_eq!(rows(&all, "carried").len(), 3);
    for row in rows(&all, "carried") {
        let key = Key::from_bytes(array(row, "k"));
        assert_eq!((key.to_text().as_str(), key.name()), (text(row, "text"), text(row, "name").to_owned()));
        assert_eq!(Key::parse(text(row, "text")), Some(key.clone()));
        let identity: age::x25519::Identity = text(row, "identity").parse().unwrap();
        assert_eq!(key.lock().to_public().to_string(), identity.to_public().to_string());
    }
}

#[test]
fn links_are_printed_and_read_alike() {
    let all = vectors();
    for row in rows(&all, "links") {
        let link: Link = text(row, "link").parse().unwrap();
        assert_eq!(link.creator, key(row, "creator"));
        match &link.target {
            LinkTarget::Token(token) => assert_eq!(token.bytes, array::<8>(row, "token")),
            LinkTarget::Secret(secret) => assert_eq!(secret.0, array::<16>(row, "secret")),
        }
        assert_eq!(link.to_string(), text(row, "link"));
        assert_eq!(link.web("https://x.example/c"), text(row, "web"));
        let drawn = link.without_secret().map(|plain| Value::from(plain.to_uppercase()));
        assert_eq!(drawn.as_ref(), row.get("qr"), "a link's secret is never drawn");
        let others = row["read"].as_array().unwrap().iter().map(|form| form.as_str().unwrap());
        for form in others.chain([text(row, "web")]).chain(row["qr"].as_str()) {
            assert_eq!(form.parse::<Link>().as_ref(), Ok(&link), "{form:?}");
        }
    }
    for row in rows(&all, "links_refused") {
        assert!(text(row, "text").parse::<Link>().is_err(), "{}: {}", row["why"], row["text"]);
    }
}

#[test]
fn what_python_sealed_opens() {
    let all = vectors();
    let boxes = boxes(&all);
    let creators: Vec<PublicKey> = rows(&all, "identities").iter().map(|row| key(row, "pk")).collect();
    for row in rows(&all, "sealed") {
        let name = text(row, "name");
        let (mailbox, token) = &boxes[text(row, "mailbox")];
        let opened =
            seal::open(&mailbox.lock(), &bytes(row, "age")).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!((opened.kind, opened.payload), (kind(row), bytes(row, "payload")), "{name}");
        let packets = [lying(row).unwrap_or_else(|| panic!("{name}: not a packet"))];
        match kind(row) {
            PacketKind::Record => {
                let Standing::Record { record, creator, .. } = mailbox.judge(token, &creators, &packets)
                else {
                    panic!("{name}: no record");
                };
                let json: Value = serde_json::from_str(text(row, "json")).unwrap();
                assert_eq!(record.session_id, text(&json, "session_id"), "{name}");
                assert_eq!(record.title.as_deref(), json["title"].as_str(), "{name}");
                assert_eq!(creator, creators[usize::from(name.contains("by b"))], "{name}");
            }
            PacketKind::Index => {
                let index = mailbox.read_index(&packets).unwrap();
                assert_eq!(index.encode(), bytes(row, "payload"), "{name}");
            }
            PacketKind::Burned => {
                let standing = mailbox.judge(token, &creators, &packets);
                assert!(
                    matches!(&standing, Standing::Burned { trace, .. } if trace.hostname == "pocket"),
                    "{name}"
                );
            }
            PacketKind::Revoked => {
                let standing = mailbox.judge(token, &creators, &packets);
                assert!(matches!(standing, Standing::Revoked { .. }), "{name}: {standing:?}");
            }
            PacketKind::Receipt => {
                assert_eq!(mailbox.read_receipt(&packets).expect(name).hostname, "pocket", "{name}");
            }
            PacketKind::Offer | PacketKind::Request | PacketKind::Answer => panic!("{name}: in a mailbox"),
        }
    }
}

fn now(all: &Value) -> DateTime<Utc> {
    DateTime::from_timestamp(all["now"].as_i64().unwrap(), 0).unwrap()
}

/// A standing in the words of the vectors.
fn verdict(standing: &Standing, now: DateTime<Utc>) -> &'static str {
    match standing {
        Standing::Record { record, .. } if record.age(now) == Age::FromTheFuture => "clock",
        Standing::Record { .. } | Standing::Burned { .. } | Standing::Revoked { .. } => "opens",
        Standing::Newer => "newer",
        Standing::Absent | Standing::Refused(_) => "absent",
    }
}

#[test]
fn what_is_hostile_gets_its_verdict() {
    let all = vectors();
    let boxes = boxes(&all);
    let mut wrong = Vec::new();
    for row in rows(&all, "hostile") {
        let (mailbox, token) = &boxes[text(row, "mailbox")];
        let ours = match lying(row) {
            // Refused with its signature or as no packet at all.
            None => "absent",
            Some(packet) if row["at"] == "index" => match mailbox.read_index(&[packet]) {
                Ok(index) if index.is_empty() => "absent",
                Ok(_) => "opens",
                Err(seal::OpenError::Newer) => "newer",
                Err(seal::OpenError::Damaged) => "absent",
            },
            Some(packet) => verdict(&mailbox.judge(token, &expected(row), &[packet]), now(&all)),
        };
        let wanted = if row["verdict"] == "no item" { "absent" } else { text(row, "verdict") };
        if ours != wanted {
            wrong.push(format!("{}: {ours}, not {wanted}: {}", row["name"], row["why"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn of_several_the_right_one_stands_in_any_order() {
    let all = vectors();
    let boxes = boxes(&all);
    for row in rows(&all, "contests") {
        let (mailbox, token) = &boxes[text(row, "mailbox")];
        let items = rows(row, "items");
        let winner = items.iter().find(|item| item["name"] == row["winner"]).unwrap();
        let mut packets: Vec<SignedPacket> = items.iter().map(|item| lying(item).unwrap()).collect();
        for _ in 0..packets.len() {
            packets.rotate_left(1);
            for packets in [packets.clone(), packets.iter().rev().cloned().collect()] {
                let stands = match mailbox.judge(token, &expected(row), &packets) {
                    Standing::Record { packet, .. }
                    | Standing::Burned { packet, .. }
                    | Standing::Revoked { packet, .. } => packet,
                    other => panic!("{}: {other:?}", row["why"]),
                };
                assert_eq!(stands.to_relay_payload().to_vec(), bytes(winner, "relay"), "{}", row["why"]);
            }
        }
    }
}

#[test]
fn what_an_index_does_not_show_is_kept() {
    let all = vectors();
    let row = rows(&all, "hostile").iter().find(|r| r["name"] == "index entry that lives too long").unwrap();
    let (mailbox, _) = &boxes(&all)["devices"];
    let index = mailbox.read_index(&[lying(row).unwrap()]).unwrap();
    let now = u32::try_from(all["now"].as_u64().unwrap()).unwrap();
    assert_eq!(index.len(), 2);
    assert_eq!(index.shown(now).len(), 1);
}

#[test]
fn a_record_survives_its_own_encoding() {
    let all = vectors();
    for row in rows(&all, "sealed").iter().filter(|row| row["kind"] == 1) {
        let record = Record::decode(text(row, "json").as_bytes()).unwrap();
        assert_eq!(Record::decode(&record.clone().encode().unwrap()).unwrap(), record);
    }
}

//! The vectors themselves: made anew by Python, equal to those of a third
//! implementation, and read alike by the crates we build on. What our own code
//! makes of them is tested in `protocol`.

use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::Command;

use pkarr::{Keypair, PublicKey, SignedPacket};
use serde_json::Value;

use crate::support::{text, tool_is_missing};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

/// `tests/vectors/vectors.json`; its README says what each part is.
pub fn vectors() -> Value {
    serde_json::from_slice(&fs::read(folder().join("vectors.json")).unwrap()).unwrap()
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
}

pub fn bytes(value: &Value, field: &str) -> Vec<u8> {
    unhex(text(value, field))
}

pub fn rows<'a>(value: &'a Value, part: &str) -> &'a Vec<Value> {
    value[part].as_array().unwrap()
}

fn mailboxes(value: &Value) -> HashMap<&str, &Value> {
    rows(value, "mailboxes").iter().map(|row| (text(row, "name"), row)).collect()
}

fn packet(row: &Value) -> Option<SignedPacket> {
    let address = PublicKey::try_from(bytes(row, "address").as_slice()).unwrap();
    SignedPacket::from_relay_payload(&address, &bytes(row, "relay").into()).ok()
}

#[test]
fn python_derives_the_committed_vectors_again() {
    if tool_is_missing("python3") {
        return;
    }
    let has = Command::new("python3").args(["-c", "import cryptography, argon2"]).output().unwrap();
    if !has.status.success() {
        assert!(
            std::env::var_os("CI").is_none_or(|ci| ci != "true"),
            "CI must have tests/vectors/requirements.txt"
        );
        println!("skipped: python3 lacks the packages of tests/vectors/requirements.txt");
        return;
    }
    let out =
        Command::new("python3").arg("-B").arg(folder().join("derive.py")).arg("--check").output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{said}{}", String::from_utf8_lossy(&out.stderr));
}

#[test]
fn they_equal_those_of_a_third_implementation() {
    let all = vectors();
    let boxes = mailboxes(&all);
    let named = |part: &str, name: &str| rows(&all, part).iter().find(|r| r["name"] == name).unwrap().clone();
    let mut compared = 0;
    for line in fs::read_to_string(folder().join("design.txt")).unwrap().lines() {
        let Some((name, wanted)) = line.split_once(' ').filter(|_| !line.starts_with('#')) else {
            continue;
        };
        let ours = match name.split_once('.') {
            Some(("revoked", "payload")) => named("packets", "revoked")["payload"].clone(),
            Some(("revoked", _)) => named("packets", "revoked")["plain_sha256"].clone(),
            Some(("index", _)) => all["indexes"][0]["payload"].clone(),
            Some(("packet", field)) => all["dns"][0][field].clone(),
            Some((mailbox, field)) => boxes[mailbox][field].clone(),
            None if name == "G" => boxes["devices"]["G"].clone(),
            None if name == "web_link" => named("links", "link")["web"].clone(),
            None => match name.split_once('_') {
                Some(("pk", who)) => {
                    let row = named("identities", who);
                    Value::from(format!("{} {}", text(&row, "pk"), text(&row, "z32")))
                }
                Some(("link", audience)) => named("links", audience)["link"].clone(),
                _ => panic!("design.txt has a line that nothing here knows: {line}"),
            },
        };
        assert_eq!(ours, Value::from(wanted.trim_end()), "{name}");
        compared += 1;
    }
    assert_eq!(compared, 50);
}

#[test]
fn pkarr_builds_the_same_packet() {
    let all = vectors();
    let row = &all["dns"][0];
    let boxes = mailboxes(&all);
    let seed: [u8; 32] = bytes(boxes["link"], "index_seed").try_into().unwrap();
    let data = pkarr::dns::rdata::NULL::new(&bytes(row, "rdata")).unwrap().into_owned();
    let packet = SignedPacket::builder()
        .rdata(".".try_into().unwrap(), pkarr::dns::rdata::RData::NULL(10, data), 300)
        .timestamp(row["seq"].as_u64().unwrap().into())
        .sign(&Keypair::from_secret_key(&seed))
        .unwrap();
    assert_eq!(packet.encoded_packet().to_vec(), bytes(row, "value"));
    assert_eq!(packet.signature().to_bytes().to_vec(), bytes(row, "signature"));
}

#[test]
fn pkarr_and_age_open_what_python_sealed() {
    let all = vectors();
    let boxes = mailboxes(&all);
    for row in rows(&all, "sealed") {
        let name = text(row, "name");
        let packet = packet(row).unwrap_or_else(|| panic!("{name}: pkarr does not take it"));
        let records: Vec<_> = packet.all_resource_records().collect();
        let [record] = records.as_slice() else { panic!("{name}: {} records", records.len()) };
        let pkarr::dns::rdata::RData::NULL(_, file) = &record.rdata else { panic!("{name}: {record:?}") };
        assert_eq!(file.get_data(), bytes(row, "age"), "{name}");
        assert!(file.get_data().len() <= 924, "{name}");
        let lock: age::x25519::Identity = text(boxes[text(row, "mailbox")], "lock_identity").parse().unwrap();
        let mut plain = Vec::new();
        age::Decryptor::new(file.get_data())
            .and_then(|d| d.decrypt(std::iter::once(&lock as &dyn age::Identity)))
            .unwrap_or_else(|e| panic!("{name}: {e}"))
            .read_to_end(&mut plain)
            .unwrap();
        assert_eq!(plain, bytes(row, "plain"), "{name}");
        assert_eq!(plain.len(), 672, "{name}");
    }
}

#[test]
fn each_hostile_packet_differs_in_what_it_says_it_does() {
    // Only the signature of the packet itself is pkarr's to judge, and what is
    // no DNS packet at all; everything else must get as far as our own checks.
    let all = vectors();
    for row in rows(&all, "hostile") {
        let refused_by_pkarr = packet(row).is_none();
        let name = text(row, "name");
        let expected = row["verdict"] == "no item"
            || ["cut short", "question count", "header only", "11 bytes"].contains(&name);
        assert_eq!(refused_by_pkarr, expected, "{name}: {}", row["why"]);
    }
    for contest in rows(&all, "contests") {
        for row in rows(contest, "items") {
            assert!(packet(row).is_some(), "{}: {}", contest["why"], row["name"]);
        }
    }
}

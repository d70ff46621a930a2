//! Pairing against the vectors that Python made from the page alone.

use cclink::handoff::pairing::{
    At, Code, OneTimeKey, Pairing, Recipient, candidate_windows, open_answer, window,
};
use cclink::handoff::{Identity, Secret, packet};
use pkarr::SignedPacket;
use serde_json::Value;

use crate::bytes::vectors::{bytes, rows, vectors};
use crate::support::text;

fn array(row: &Value, field: &str) -> [u8; 32] {
    bytes(row, field).try_into().unwrap()
}

fn lying(pairing: &Pairing, row: &Value) -> SignedPacket {
    let at = *At::ALL.iter().find(|at| format!("{at:?}").to_lowercase() == text(row, "at")).unwrap();
    assert_eq!(pairing.address(at), array(row, "address"), "{}", row["name"]);
    packet::from_payload(&array(row, "address"), &bytes(row, "relay")).unwrap()
}

fn named(pairing: &Pairing, row: &Value, name: &str) -> [SignedPacket; 1] {
    [lying(pairing, rows(row, "packets").iter().find(|packet| packet["name"] == name).unwrap())]
}

#[test]
fn everything_follows_from_the_words() {
    for row in rows(&vectors(), "pairings") {
        let code = Code::new(text(row, "typed")).unwrap();
        assert_eq!(code.as_str(), text(row, "code"));
        let created = row["created"].as_i64().unwrap();
        assert_eq!(u64::from(window(created)), row["window"].as_u64().unwrap());
        assert!([-600, 0, 600].iter().all(|off| candidate_windows(created + off).contains(&window(created))));
        let pairing = Pairing::new(&code, window(created));
        assert_eq!(**pairing.secret(), array(row, "R"));
        for (at, name) in At::ALL.iter().zip(["offer", "request", "answer"]) {
            assert_eq!(pairing.address(*at), array(row, name));
        }
        let lock: age::x25519::Identity = text(row, "lock_identity").parse().unwrap();
        assert_eq!(pairing.lock().to_public().to_string(), lock.to_public().to_string());
        let key = OneTimeKey::new(Secret::new(array(row, "one_time")));
        assert_eq!(Some(key.recipient()), Recipient::from_bytes(array(row, "recipient")));
        assert_eq!(pairing.check_words(&key.recipient()), text(row, "check"));
    }
}

#[test]
fn what_python_left_there_is_read() {
    for row in rows(&vectors(), "pairings") {
        let pairing = Pairing::from_secret(Secret::new(array(row, "R")));
        let key = OneTimeKey::new(Secret::new(array(row, "one_time")));
        let offers = pairing.read_offers(&named(&pairing, row, "offer"));
        assert_eq!(offers.items[0].hostname, text(&row["hostname"], "old"));
        let requests = pairing.read_requests(&named(&pairing, row, "request"));
        assert_eq!(requests.items[0].who.hostname, text(&row["hostname"], "new"));
        assert_eq!(requests.items[0].recipient, key.recipient());
        let answers = pairing.read_answers(&named(&pairing, row, "answer"));
        let given = open_answer(&key, &answers.items[0]).unwrap();
        assert_eq!(*given.seed, array(row, "seed"));
        assert_eq!(given.who.hostname, text(&row["hostname"], "old"));
        for at in ["offer", "request", "answer"] {
            assert!(pairing.is_end(&named(&pairing, row, &format!("end of the {at}"))[0]));
        }
    }
}

#[test]
fn what_is_refused_counts_as_nothing() {
    for row in rows(&vectors(), "pairings") {
        let pairing = Pairing::from_secret(Secret::new(array(row, "R")));
        for refused in rows(row, "refused") {
            let packet = [lying(&pairing, refused)];
            let is_nothing = match text(refused, "at") {
                "offer" => pairing.read_offers(&packet) == pairing.read_offers(&[]),
                _ => pairing.read_requests(&packet) == pairing.read_requests(&[]),
            };
            assert!(is_nothing && !pairing.is_end(&packet[0]), "{}", refused["name"]);
        }
    }
}

#[test]
fn what_we_answer_opens_with_the_one_time_key() {
    for row in rows(&vectors(), "pairings") {
        let pairing = Pairing::from_secret(Secret::new(array(row, "R")));
        let me = Identity::from_seed(&array(row, "seed"));
        let key = OneTimeKey::new(Secret::new(array(row, "one_time")));
        let offer = pairing.read_offers(&named(&pairing, row, "offer")).items.remove(0);
        let answer = pairing.make_answer(&me, &key.recipient(), &offer, 1).unwrap();
        assert!(answer.encoded_packet().len() <= 1000);
        let sealed = pairing.read_answers(&[answer]).items.remove(0);
        assert!(sealed.len() <= 668);
        assert_eq!(*open_answer(&key, &sealed).unwrap().seed, array(row, "seed"));
    }
}

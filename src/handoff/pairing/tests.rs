//! Properties of pairing: no bytes panic, no other words open, no other device's
//! words match.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::handoff::time;

fn pairing(words: &str) -> Pairing {
    Pairing::new(&Code::new(words).unwrap(), 7)
}

fn here() -> Trace {
    who("framework-desktop", time::parse("2026-11-25T12:00:00Z").unwrap())
}

fn one_time(byte: u8) -> OneTimeKey {
    OneTimeKey::new(Hidden::new([byte; 32]))
}

#[test]
fn the_key_goes_from_one_device_to_the_other() {
    let (old, new) = (pairing("zoo-zone zero ZEBRA"), pairing("zoo zone zero zebra"));
    let (me, key) = (Identity::from_seed(&[7; 32]), one_time(1));
    assert_eq!(new.read_offers(&[old.make_offer(&here(), 1).unwrap()]).items, [here()]);
    let request = Request { recipient: key.recipient(), who: here() };
    let asked = old.read_requests(&[new.make_request(&request, 2).unwrap()]).items;
    assert_eq!(asked, [request]);
    assert_eq!(old.check_words(&asked[0].recipient), new.check_words(&key.recipient()));
    let answer = old.make_answer(&me, &asked[0].recipient, &here(), 3).unwrap();
    let sealed = new.read_answers(&[answer]).items;
    assert_eq!(*open_answer(&key, &sealed[0]).unwrap().seed, [7; 32]);
    assert!(open_answer(&one_time(2), &sealed[0]).is_none(), "only the key that asked");
}

#[test]
fn other_words_and_another_window_open_nothing() {
    let (old, offer) = (pairing("zoo zone zero zebra"), |pairing: &Pairing| pairing.make_offer(&here(), 1));
    let others =
        [pairing("zoo zone zebra zero"), Pairing::new(&Code::new("zoo zone zero zebra").unwrap(), 8)];
    for other in others {
        assert!(At::ALL.iter().all(|at| other.address(*at) != old.address(*at)));
        assert!(other.read_offers(&[offer(&old).unwrap()]).items.is_empty());
        assert_ne!(other.check_words(&one_time(1).recipient()), old.check_words(&one_time(1).recipient()));
    }
}

#[test]
fn an_end_is_final_and_each_device_counts_once() {
    let pairing = pairing("zoo zone zero zebra");
    let ask = |byte, sequence| {
        let request = Request { recipient: one_time(byte).recipient(), who: here() };
        pairing.make_request(&request, sequence).unwrap()
    };
    let end = pairing.make_end(At::Request, &here(), 1).unwrap();
    assert!(pairing.is_end(&end) && !pairing.is_end(&ask(1, 2)));
    let lying = pairing.read_requests(&[ask(2, 9), ask(1, 8), ask(1, 7), end]);
    assert!(lying.ended.is_some() && lying.items.len() == 2);
}

#[test]
fn nothing_secret_is_printed() {
    let code = Code::new("zoo zone zero zebra").unwrap();
    let given = Given { seed: Hidden::new([7; 32]), who: here() };
    let said = format!("{code:?} {:?} {:?} {given:?}", pairing("zoo zone zero zebra"), one_time(7));
    assert!(!said.contains("zebra") && !said.contains('7'.to_string().repeat(3).as_str()), "{said}");
}

#[test]
fn a_code_is_four_words_of_the_list() {
    let mut byte = 0;
    let made = Code::generate(&mut |bytes| bytes.iter_mut().for_each(|b| (*b, byte) = (byte, byte + 31)));
    assert_eq!(Code::new(&made.as_str().to_uppercase().replace('-', "  ")), Some(made));
    for typed in ["", "zoo zone zero", "zoo zone zero zoo zoo", "zoo zone zero zebraa", "longer than any PIN"]
    {
        assert_eq!(Code::new(typed), None, "{typed}");
    }
    assert_eq!(Code::new(&"zoo ".repeat(100_000)), None);
    assert_eq!(candidate_windows(599), [0, 0, 1]);
    assert_eq!(candidate_windows(i64::MIN / 2), [0, 0, 1]);
}

#[test]
fn the_largest_answer_fits() {
    // A name of ours is clean: this is what its JSON can grow to.
    let long = who(&"\"".repeat(64), here().at);
    let pairing = pairing("zoo zone zero zebra");
    for number in 0..100 {
        let to = one_time(1).recipient();
        assert!(pairing.make_answer(&Identity::from_seed(&[7; 32]), &to, &long, number).is_ok());
    }
}

static PAIRING: LazyLock<Pairing> = LazyLock::new(|| pairing("zoo zone zero zebra"));

proptest! {
    #[test]
    fn no_bytes_panic(payload in prop::collection::vec(any::<u8>(), 0..668), kind in 0usize..4) {
        let (at, kind) = [
            (At::Offer, PacketKind::Offer),
            (At::Request, PacketKind::Request),
            (At::Answer, PacketKind::Answer),
            (At::Request, PacketKind::Burned),
        ][kind];
        let packet = [PAIRING.sealed(at, kind, &payload, 1).unwrap()];
        let _ = (PAIRING.read_offers(&packet), PAIRING.is_end(&packet[0]));
        for request in PAIRING.read_requests(&packet).items {
            prop_assert!(PAIRING.make_answer(&Identity::from_seed(&[7; 32]), &request.recipient, &here(), 1).is_ok());
        }
        for answer in PAIRING.read_answers(&packet).items {
            prop_assert!(open_answer(&one_time(1), &answer).is_none());
        }
    }

    #[test]
    fn what_was_sealed_for_the_key_and_says_something_else_is_refused(plain in prop::collection::vec(any::<u8>(), 0..200)) {
        let key = one_time(1);
        let recipient = seal::age_recipient(key.recipient().as_bytes()).unwrap();
        let sealed = seal::seal_within(&recipient, &plain, 924).unwrap();
        prop_assert!(open_answer(&key, &sealed).is_none());
    }

    #[test]
    fn check_words_differ_for_another_device(one in any::<[u8; 32]>(), other in any::<[u8; 32]>()) {
        let words = |bytes| PAIRING.check_words(&OneTimeKey::new(Hidden::new(bytes)).recipient());
        prop_assert_eq!(words(one).split(' ').count(), 6);
        // Clamping makes one key of some.
        let is_one = OneTimeKey::new(Hidden::new(one)).recipient() == OneTimeKey::new(Hidden::new(other)).recipient();
        prop_assert_eq!(words(one) == words(other), is_one);
    }
}

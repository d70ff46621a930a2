//! The filter looks only among what the key before left.

use proptest::prelude::*;

use super::sample;
use crate::tui::parts::search::Narrowing;

proptest! {
    #[test]
    fn key_by_key_the_same_are_left_as_at_once(keys in prop::collection::vec("[a-eR!^$' é]|<", 0..12)) {
        let sessions = sample::sessions();
        let places: Vec<usize> = (0..sessions.len()).collect();
        let (mut narrowing, mut query) = (Narrowing::default(), String::new());
        for key in keys {
            if key == "<" {
                query.pop();
            } else {
                query.push_str(&key);
            }
            let left = narrowing.filter(&sessions, &places, &query);
            let at_once = Narrowing::default().filter(&sessions, &places, &query);
            prop_assert_eq!(left, at_once, "{:?}", query);
        }
    }
}

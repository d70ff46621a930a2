use super::*;
use crate::tui::tests::sample::session;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn batches_merge_into_what_sorting_all_of_them_gives(
        batches in prop::collection::vec(prop::collection::vec((0u8..40, 0i64..8), 0..12), 0..6),
        gone in 0u8..40,
    ) {
        let gone = HashSet::from([session(gone, "", "", 0).path]);
        let (mut merged, mut sorted) = (Vec::new(), Vec::new());
        for batch in batches {
            let mut rows: Vec<Session> =
                batch.into_iter().map(|(at, minutes)| session(at, "", "", minutes)).collect();
            rows.sort_by(|a, b| a.path.cmp(&b.path));
            rows.dedup_by(|a, b| a.path == b.path);
            sorted.retain(|known: &Session| {
                !gone.contains(&known.path) && rows.iter().all(|row| row.path != known.path)
            });
            sorted.extend(rows.clone());
            sorted.sort_by_key(|row| Reverse(row.updated_at));
            merge(&mut merged, rows, &gone);
            let paths = |list: &[Session]| list.iter().map(|row| row.path.clone()).collect::<Vec<_>>();
            prop_assert_eq!(paths(&merged), paths(&sorted));
        }
    }
}

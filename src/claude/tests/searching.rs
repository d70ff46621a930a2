//! What a search tells while it goes on.

use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use super::*;

/// The files told of at last: those known, and all; with the files that matched.
fn search(home: &Home, text: &str, among: Option<&[PathBuf]>) -> (usize, usize, Vec<PathBuf>) {
    let told = Mutex::new((0, 0, Vec::new()));
    let sink = |event| {
        let mut told = told.lock().unwrap();
        match event {
            Searching::Progress { files, of } => (told.0, told.1) = (files.max(told.0), of),
            Searching::Found(found) => told.2.push(found.session.path),
        }
    };
    home.store.search(&Query::parse(text), among, &sink, &AtomicBool::new(false)).unwrap();
    told.into_inner().unwrap()
}

#[test]
fn the_count_of_all_files_stays_however_the_query_narrows() {
    let home = Home::new();
    let one = home.put("-home-dana-wx", ID, chain("user", &json!("where the pélican is"), &json!({})));
    home.put("-home-dana-wx", OTHER, chain("user", &json!("something else"), &json!({})));
    let (files, of, found) = search(&home, "pél", None);
    assert_eq!((files, of, &found), (2, 2, &vec![one]));
    assert_eq!(search(&home, "pélican", Some(&found)), (2, 2, found.clone()));
    assert_eq!(search(&home, "pélicans", Some(&found)), (2, 2, Vec::new()));
    assert_eq!(search(&home, "nothing", Some(&[])), (2, 2, Vec::new()));
    assert_eq!(search(&home, "pél since:2100-01-01", None), (2, 2, Vec::new()), "none is that young");
}

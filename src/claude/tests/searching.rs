//! What a search tells while it goes on.

use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use caseless::Caseless;
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;

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

/// The plainest way to compare without case: of whole texts, with no gate.
fn plain_fold(text: &str) -> String {
    let lower: String = text.nfd().default_case_fold().collect::<String>().nfd().collect();
    lower.replace("i\u{307}", "i").nfc().collect()
}

/// Characters that are written in several ways, or become others without case.
fn odd_text(longest: usize) -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "İ",
        "ı",
        "i",
        "I",
        "i\u{307}",
        "I\u{307}",
        "ß",
        "ẞ",
        "ss",
        "SS",
        "s",
        "S",
        "ſ",
        "K",
        "k",
        "\u{212a}",
        "å",
        "Å",
        "\u{212b}",
        "a\u{30a}",
        "Ω",
        "\u{2126}",
        "ω",
        "Σ",
        "σ",
        "ς",
        "ﬁ",
        "fi",
        "ﬆ",
        "st",
        "ŉ",
        "ʼn",
        "é",
        "e\u{301}",
        "É",
        "ệ",
        "ê\u{323}",
        "e\u{323}\u{302}",
        "豈",
        "\u{f900}",
        "각",
        "\u{1100}\u{1161}\u{11a8}",
        "ᾳ",
        "αι",
        "\u{958}",
        "Ꭰ",
        "ꭰ",
        "x",
        "q",
        "7",
        "-",
        "\"",
        "\\",
        "日",
    ]);
    prop::collection::vec(odd, 1..longest).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]
    #[test]
    fn the_search_finds_what_plain_comparing_finds(
        before in odd_text(6), word in odd_text(5), after in odd_text(6),
        hidden in any::<bool>(), escaped in any::<bool>(), other in any::<bool>(),
    ) {
        let said = if hidden { format!("{before}{after}") } else if other {
            format!("{before}{}{after}", word.to_uppercase())
        } else { format!("{before}{}{after}", word.nfd()) };
        let mut raw = json!({"type": "user", "message": {"content": said}}).to_string();
        if escaped {
            let unit = |c: char| if c.is_ascii() { c.to_string() } else { format!("\\u{:04X}", u32::from(c)) };
            raw = raw.chars().map(unit).collect();
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.jsonl");
        fs::write(&path, raw).unwrap();
        let query = Query { words: vec![word.clone()], ..Query::default() };
        let (_, count) = search_one(&path, &query, &AtomicBool::new(false)).unwrap();
        let found = plain_fold(&crate::text::clean(&said)).contains(&plain_fold(&word));
        prop_assert_eq!(count > 0, found, "{:?} in {:?}", word, said);
    }
}

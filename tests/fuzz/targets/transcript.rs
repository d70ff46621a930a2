//! Any bytes as a session's file, through everything that reads one. They may
//! say nothing at all, but they may stop, fool or flood nobody.
//!
//! ```sh
//! mkdir -p tests/fuzz/corpus/transcript
//! TMPDIR=/dev/shm RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir tests/fuzz transcript \
//!   tests/fuzz/corpus/transcript tests/fuzz/seeds/transcript \
//!   -- -dict=tests/fuzz/transcript.dict -max_len=16384 -max_total_time=600
//! ```
#![no_main]

use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{LazyLock, Mutex};

use cclink::claude::{
    Found, Hit, MOST_HITS, Page, Excerpt, Query, Role, Searching, Session, Store, Turn, lit, preview,
    search_one,
};
use cclink::text::is_clean;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

const ID: &str = "11111111-2222-4333-8444-555555555555";
const CWD: &str = "/home/dana/wx";
/// Turns of a page: small, so that even short files have several.
const PAGE: usize = 3;
/// Longest text of a turn, of a title and of a snippet, with an ellipsis or two.
const TURN: usize = 16_384;
const TITLE: usize = 1001;
const SNIPPET: usize = 162;

/// Claude's folder with one session, made once and written anew each time.
struct Home {
    _dir: TempDir,
    store: Store,
    path: PathBuf,
}

static HOME: LazyLock<Home> = LazyLock::new(|| {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let folder = dir.path().join("projects/-home-dana-wx");
    std::fs::create_dir_all(&folder).expect("a project's folder");
    Home { store: Store::new(dir.path()), path: folder.join(format!("{ID}.jsonl")), _dir: dir }
});

/// A digit in front asks for a long line in the middle that says nothing: what
/// the edges of a window, of a page and of a chunk tear is found with short
/// inputs, too.
fn padded(bytes: &[u8]) -> Cow<'_, [u8]> {
    let (more, bytes) = match bytes.split_first() {
        Some((b'1', rest)) => (65_000, rest),
        Some((b'2', rest)) => (140_000, rest),
        Some((b'3', rest)) => (300_000, rest),
        _ => return Cow::Borrowed(bytes),
    };
    let line = format!("{{\"type\":\"api-request-blob\",\"data\":\"{}\"}}\n", "x".repeat(more));
    let half = bytes[..bytes.len() / 2].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let (before, behind) = bytes.split_at(half);
    Cow::Owned([before, line.as_bytes(), behind].concat())
}

fuzz_target!(|bytes: &[u8]| {
    let bytes = &*padded(bytes);
    let home = &*HOME;
    std::fs::write(&home.path, bytes).expect("the session is written");
    let session = listed(&home.store, bytes);
    let turns = read(&home.path, bytes.len() as u64);
    for query in queries(&session, &turns) {
        searched(home, &query, bytes);
    }
});

/// The row: always there, and safe to show.
fn listed(store: &Store, bytes: &[u8]) -> Session {
    let mut all = store.list(Path::new(CWD)).expect("a list");
    assert_eq!(all.len(), 1, "a session vanished");
    let session = all.remove(0);
    assert_eq!(session.session_id, ID);
    assert_eq!(session.size, bytes.len() as u64);
    assert_eq!(session.resumable, session.why_not.is_none());
    assert!(!session.title.is_empty());
    let texts =
        [&session.git_branch, &session.model, &session.last_words, &session.tag, &session.pull_request];
    for text in texts.into_iter().flatten().chain([&session.title, &session.project]) {
        assert!(is_clean(text), "not safe to show: {text:?}");
    }
    for text in [&session.last_words, &session.tag, &session.pull_request].into_iter().flatten() {
        assert!(text.chars().count() <= TITLE, "too long: {text:?}");
    }
    assert!(session.title.chars().count() <= TITLE, "too long a title");
    session
}

/// The conversation from its end to its start and from its start to its end:
/// each page gets on. Answers the turns of the second way.
fn read(path: &Path, size: u64) -> Vec<Turn> {
    let page = |place: Excerpt| {
        let page = preview(path, &place, PAGE).expect("a page");
        check(&page, size);
        page
    };
    let mut back = page(Excerpt::Last);
    while back.start > 0 {
        let before = page(Excerpt::Before(back.start, back.above));
        assert!(before.start < back.start, "no way back from {}", back.start);
        assert_eq!(before.end, back.start);
        back = before;
    }
    let (mut turns, mut at) = (Vec::new(), 0);
    loop {
        let after = page(Excerpt::After(at));
        if after.end == at {
            assert!(after.turns.is_empty(), "the same turns for ever at {at}");
            return turns;
        }
        assert!(after.end > at);
        at = after.end;
        turns.extend(after.turns);
    }
}

fn check(page: &Page, size: u64) {
    assert_eq!(page.size, size);
    assert!(page.start <= page.end && page.end <= size, "{}..{} of {size}", page.start, page.end);
    for turn in &page.turns {
        let clean = |text: &str| text.split('\n').all(is_clean);
        let all = [&turn.text, &turn.brief, &turn.detail];
        assert!(all.iter().all(|text| clean(text)), "not safe to show: {turn:?}");
        assert!(all.iter().all(|text| text.len() <= TURN), "too long: {} bytes", turn.text.len());
        assert!(turn.role == Role::Tool || turn.brief.is_empty() && turn.detail.is_empty());
    }
}

/// What people look for: a word, a phrase with filters, and what stands in this
/// very conversation, in whatever script.
fn queries(session: &Session, turns: &[Turn]) -> Vec<Query> {
    let mut all: Vec<Query> = ["re", "\"e r\" since:1w project:wx"].map(Query::parse).into();
    let said = turns.iter().find(|turn| turn.role != Role::Tool).map(|turn| turn.text.as_str());
    for text in said.into_iter().chain([session.title.as_str()]) {
        let text: String = text.chars().take(40).collect();
        all.push(Query::parse(&text));
    }
    all
}

fn searched(home: &Home, query: &Query, bytes: &[u8]) {
    let cancel = AtomicBool::new(false);
    let found = Mutex::new(Vec::new());
    let sink = |event| match event {
        Searching::Found(one) => found.lock().expect("no other thread").push(one),
        Searching::Progress { files, of } => assert!(files <= of && of == 1),
    };
    let ended = home.store.search(query, None, &sink, &cancel).expect("a search");
    let found: Vec<Box<Found>> = found.into_inner().expect("no other thread");
    assert_eq!(ended.found, found.len());
    assert!(!ended.cancelled && found.len() <= 1);
    let (all, count) = search_one(&home.path, query, &cancel).expect("a search in one");
    assert!(count >= all.len());
    hits(&all, query, bytes);
    for one in found {
        assert!(one.hits.len() <= MOST_HITS && one.count >= one.hits.len());
        assert!(query.words.is_empty() || !one.hits.is_empty());
        assert!(query.words.is_empty() || one.hits.iter().all(|hit| all.iter().any(|a| a.line == hit.line)));
        hits(&one.hits, query, bytes);
    }
    // A hit opens where it says.
    if let Some(hit) = all.first() {
        let page = preview(&home.path, &Excerpt::Around(hit.line.clone()), PAGE).expect("a page");
        check(&page, bytes.len() as u64);
        assert!(page.marked.start <= page.marked.end && page.marked.end <= page.turns.len());
        for turn in &page.turns {
            ranges(&lit(query, &turn.text), &turn.text);
        }
    }
}

/// Each is safe to show and stands in the file, in order.
fn hits(hits: &[Hit], query: &Query, bytes: &[u8]) {
    for hit in hits {
        assert!(is_clean(&hit.snippet), "not safe to show: {hit:?}");
        assert!(hit.snippet.chars().count() <= SNIPPET || !hit.snippet.is_ascii(), "too long: {hit:?}");
        assert!(hit.line.start < hit.line.end && hit.line.end <= bytes.len() as u64, "{hit:?}");
        assert!(hit.line.start == 0 || bytes[hit.line.start as usize - 1] == b'\n', "{hit:?}");
        assert!(query.words.is_empty() || !hit.matches.is_empty(), "nothing is lit in {hit:?}");
        ranges(&hit.matches, &hit.snippet);
    }
    assert!(hits.is_sorted_by_key(|hit| hit.line.start));
}

/// On character boundaries, in order, none overlaps.
fn ranges(ranges: &[Range<usize>], text: &str) {
    let mut from = 0;
    for range in ranges {
        assert!(range.start >= from && range.end > range.start, "{ranges:?} in {text:?}");
        assert!(text.get(range.clone()).is_some(), "{ranges:?} in {text:?}");
        from = range.end;
    }
}

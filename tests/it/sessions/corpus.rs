//! Invented sessions of every kind: the list agrees with what claude's rules say
//! of each, which was worked out when they were written.

#[path = "../../bench/corpus/mod.rs"]
pub mod invented;

use std::collections::BTreeMap;
use std::path::Path;

use cclink::claude::{Session, Store};

use self::invented::{Sizes, expected, generate};
use crate::support::session;

/// `CCLINK_TEST_SESSIONS` asks for more of them.
fn count() -> usize {
    std::env::var("CCLINK_TEST_SESSIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(300)
}

#[test]
fn every_session_is_listed_as_claude_would() {
    let dir = tempfile::tempdir().unwrap();
    generate(dir.path(), 20_261_125, count(), Sizes::Small);
    let expected = expected(dir.path());
    assert!(expected.len() >= count());
    let store = Store::new(dir.path());
    let listed = store.list(Path::new("/nowhere")).unwrap();
    let projects = dir.path().join("projects");
    let mut rows: BTreeMap<&Path, &Session> =
        listed.iter().map(|row| (row.path.strip_prefix(&projects).unwrap(), row)).collect();
    let mut wrong = Vec::new();
    for one in &expected {
        let Some(row) = rows.remove(&*one.path) else {
            wrong.push(format!("{} is not listed", one.path.display()));
            continue;
        };
        let seen = (
            &row.title,
            row.cwd.as_deref().map(|cwd| cwd.to_str().unwrap().to_owned()),
            &row.git_branch,
            !row.hidden,
            row.resumable,
            &row.session_id,
        );
        let right = (&one.title, one.cwd.clone(), &one.branch, one.visible, one.resumable, &one.id);
        if seen != right {
            wrong.push(format!("{}\n   seen {seen:?}\n  right {right:?}", one.path.display()));
        }
    }
    // A link is hidden, as from claude's picker: by its name claude resumes it.
    rows.retain(|_, row| !row.path.is_symlink() || !row.hidden);
    assert!(rows.is_empty(), "listed, though no session: {:?}", rows.keys());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), expected.len(), wrong.join("\n"));
}

//! What killed brings have left goes at the next start, whoever's it was.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Pair, put, say};
use crate::support::session::new_id;
use crate::support::until;

/// Makes it as old as so many days.
fn age(path: &Path, days: u64) {
    let time = SystemTime::now() - Duration::from_hours(24 * days);
    fs::File::open(path).unwrap().set_modified(time).unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let entries = folder.read_dir().into_iter().flatten();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_bring_that_ended_well_leaves_nothing() {
    let Some(pair) = Pair::new() else { return };
    let folder = pair.b.home.join("bring");
    assert!(names(&folder).is_empty(), "{:?}", names(&folder));
    pair.bring(&[]).ok().says(&["it was already here"]);
    assert!(names(&folder).is_empty(), "{:?}", names(&folder));
    say(&pair.session.path, &pair.session, "LONELY-HERON", 30);
    say(&pair.here, &pair.session, "QUIET-BADGER", 40);
    pair.bring(&[]).fails(1);
    pair.bring(&["--yes"]).ok();
    assert!(names(&folder).is_empty(), "{:?}", names(&folder));
}

#[test]
fn what_others_left_is_tidied_by_any_start() {
    let Some(pair) = Pair::new() else { return };
    let (old, late) = (new_id(), new_id());
    let folder = pair.b.home.join("bring");
    let of = |id: &str, ending: &str| folder.join(format!("{id}{ending}"));
    // Half-way on another file system, put beside another session and its own copy.
    let litter: Vec<PathBuf> = [&old, &late]
        .into_iter()
        .flat_map(|id| {
            let name = format!(".cclink-{id}-77.tmp");
            let projects = pair.here.parent().unwrap();
            [
                projects.join(&name),
                projects.join(new_id()).join("subagents").join(&name),
                pair.b.claude.join("file-history").join(new_id()).join(&name),
            ]
        })
        .collect();
    for (id, days) in [(&old, 8), (&late, 1)] {
        put(&of(id, ".part"), "x");
        put(&of(id, ".lock"), "");
        put(&of(id, "/session/tool-results/x.txt"), "x");
        for ending in [".part", ".lock", ""] {
            age(&of(id, ending), days);
        }
    }
    for path in &litter {
        put(path, "half");
    }
    until("the next starts to tidy", Duration::from_secs(20), || {
        pair.b.cmd(&["sessions"]).ok();
        let over = !of(&old, ".part").exists() && !of(&late, ".lock").exists();
        over.then_some(())
    });
    assert!(litter.iter().all(|path| !path.exists()), "{litter:?}");
    // What came lately waits for its next try.
    let mut left = names(&folder);
    left.sort();
    assert_eq!(left, [late.clone(), format!("{late}.part")]);
}

//! What was left in the folder of state by processes that were killed while they put a
//! sealed file somewhere, got one, or took one away.

use std::collections::BTreeSet;
use std::path::Path;

use super::git;
use crate::service::transfer::arrive::Lock;

/// Removes it, where nobody uses it any more. Locks of these `owed` files, which are to
/// be taken away, are left to who does that.
pub(crate) fn tidy(state: &Path, owed: impl FnOnce() -> BTreeSet<String>) {
    git::tidy(state);
    let entries = state.join("bring").read_dir().into_iter().flatten().flatten();
    let names =
        entries.filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".lock")?.to_owned()));
    let names: BTreeSet<String> = names.filter(|name| git::is_name(name)).collect();
    // The journal is not read for nothing.
    let owed = if names.is_empty() { BTreeSet::new() } else { owed() };
    for lock in names.difference(&owed).filter_map(|name| Lock::at_once(state, name, false)) {
        lock.done();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Job;

    #[tokio::test]
    async fn only_locks_that_nobody_holds_or_will_go() {
        let dir = tempfile::tempdir().unwrap();
        let name = |letter: &str| letter.repeat(26);
        for letter in ["y", "b"] {
            drop(Lock::take(dir.path(), &name(letter), &Job::quiet()).await.unwrap());
        }
        let held = Lock::take(dir.path(), &name("n"), &Job::quiet()).await.unwrap();
        std::fs::write(dir.path().join("bring/else.lock"), "").unwrap();
        let is_there = |name: &str| dir.path().join(format!("bring/{name}.lock")).exists();
        // A program that another test starts holds it until it runs.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while is_there(&name("y")) && std::time::Instant::now() < deadline {
            tidy(dir.path(), || BTreeSet::from([name("b")]));
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let there = [name("y"), name("b"), name("n"), "else".to_owned()].map(|name| is_there(&name));
        assert_eq!(there, [false, true, true, true]);
        held.done();
    }
}

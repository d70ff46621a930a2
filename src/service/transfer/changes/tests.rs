//! What a stranger can have sealed, on trees of real repositories: nothing outside of
//! the tree changes, and inside of it nothing but what was meant.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::check::are_free;
use super::put::put_all;
use super::untracked::{choose, is_tangled};
use super::*;
use crate::carry::{COMMITS, Changes, PATCH, UNTRACKED};
use crate::service::programs;

const ID: &str = "5f0c1b1e-1111-4222-8333-444455556666";

/// A repository with one commit, and what came for it.
struct Place {
    dir: TempDir,
    head: String,
}

fn run(dir: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = programs::git(dir).into_std();
    command.args(["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]);
    let output = command.args(arguments).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

fn write(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// A patch that makes a new file of one line.
fn new(name: &str, mode: &str, line: &str) -> String {
    format!(
        "diff --git a/{name} b/{name}\nnew file mode {mode}\n--- /dev/null\n+++ b/{name}\n@@ -0,0 +1 \
         @@\n+{line}\n\\ No newline at end of file\n"
    )
}

impl Place {
    /// `None` where git is not installed.
    fn new() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().join("top");
        write(&top.join("file"), "one\n");
        write(&dir.path().join("outside/file"), "one\n");
        symlink("../outside", top.join("out")).unwrap();
        run(&top, &["init", "-q"])?;
        run(&top, &["add", "-A"])?;
        run(&top, &["commit", "-qm", "first"])?;
        let head = run(&top, &["rev-parse", "HEAD"])?.trim().to_owned();
        Some(Self { dir, head })
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn came(&self, name: &str, content: &str) {
        write(&self.at("came").join(name), content);
    }

    /// Everything but git's own folder and what came.
    fn seen(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut folders = vec![self.at("top"), self.at("outside")];
        let mut seen = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().flatten() {
                let (path, kind) = (entry.path(), entry.file_type().unwrap());
                if kind.is_dir() && !path.ends_with(".git") {
                    folders.push(path.clone());
                }
                let content = if kind.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
                seen.push((path, content));
            }
        }
        seen.extend(["config", "HEAD"].map(|name| {
            let path = self.at("top/.git").join(name);
            (path.clone(), fs::read(path).unwrap())
        }));
        seen.push((self.at("top/.git/hooks/x"), Vec::new()));
        seen.sort();
        assert!(!self.at("top/.git/hooks/x").exists());
        seen
    }

    async fn arrive(&self, head: &str, branch: Option<&str>) -> String {
        let changes = Changes { head: head.to_owned(), branch: branch.map(str::to_owned), unpushed: 1 };
        let arriving = Arriving {
            folder: self.at("came"),
            directory: self.at("top"),
            changes: Some(changes),
            beside: self.at("state/changes").join(ID),
            is_ours: true,
        };
        arriving.arrive().await.unwrap().unwrap()
    }

    /// It waits beside, and nothing else happened.
    async fn refuses(&self, words: &str) {
        let before = self.seen();
        let said = self.arrive(&self.head, Some("main")).await;
        assert!(said.contains("were not applied") && said.contains(words), "{words}: {said}");
        assert!(self.seen() == before, "{said}");
        fs::remove_dir_all(self.at("state")).unwrap();
    }
}

#[tokio::test]
async fn no_patch_leads_out_of_its_tree() {
    let Some(place) = Place::new() else { return };
    let change = |name: &str| {
        format!("diff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n@@ -1 +1 @@\n-one\n+two\n")
    };
    for (words, patch) in [
        ("../x", new("../x", "100644", "x")),
        ("x", new("/tmp/cclink-no-such-place/x", "100644", "x")),
        (".git/hooks/x", new(".git/hooks/x", "100755", "x")),
        (".GIT/hooks/x", new(".GIT/hooks/x", "100755", "x")),
        ("git~1/hooks/x", new("git~1/hooks/x", "100755", "x")),
        ("symbolic link", new("out/x", "100644", "x")),
        ("out/file", change("out/file")),
        ("symbolic link", [new("l", "120000", "../outside"), new("l/x", "100644", "x")].concat()),
        ("symbolic link", [new("l", "120000", ".git"), new("l/hooks/x", "100755", "x")].concat()),
        (
            "",
            "diff --git a/file b/.git/config\nsimilarity index 100%\nrename from file\nrename to .git/config\n"
                .to_owned(),
        ),
        ("", "no patch\n".to_owned()),
        ("", change("file").replace("-one", "-other")),
        // Half of it would do.
        ("", [change("file"), change("other")].concat()),
    ] {
        place.came(PATCH, &patch);
        place.refuses(words).await;
    }
    // A file of this machine alone, which git would change like any other.
    write(&place.at("top/own"), "one\n");
    place.came(PATCH, &change("own"));
    place.refuses("own: does not exist in index").await;
    // And one that is as it should be.
    place.came(PATCH, &change("file"));
    let said = place.arrive(&place.head, None).await;
    assert_eq!(said, "your changes were applied: 1 file");
    assert_eq!(fs::read_to_string(place.at("top/file")).unwrap(), "two\n");
    assert_eq!(fs::read_to_string(place.at("outside/file")).unwrap(), "one\n");
}

#[tokio::test]
async fn no_file_goes_through_a_link_or_over_another() {
    let Some(place) = Place::new() else { return };
    let none = BTreeSet::new();
    let free = |name: &str| are_free(&place.at("top"), &[PathBuf::from(name)], &none, &none);
    for name in ["out/x", "out", "file", "file/x", "new/../x", "/tmp/x", ".git/x", "new/.GIT/x"] {
        assert!(free(name).is_err(), "{name}");
    }
    assert!(free("new/x").is_ok());
    for name in ["out/x", "file", "file/x"] {
        place.came(&format!("{UNTRACKED}/{name}"), "theirs");
        place.refuses("here").await;
        fs::remove_dir_all(place.at("came")).ok();
    }
    // The patch makes a link, and a file would go through it.
    for (link, file) in [("l", "l/x"), ("l/x", "l"), ("l", "l")] {
        place.came(PATCH, &new(link, "120000", "../outside"));
        place.came(&format!("{UNTRACKED}/{file}"), "theirs");
        place.refuses("is there twice").await;
        fs::remove_dir_all(place.at("came")).ok();
    }
}

#[test]
fn files_are_put_all_or_none_and_never_through_a_link() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    for name in ["from/a/b/x", "from/c", "from/l/x", "outside/file"] {
        write(&at(name), "x");
    }
    fs::create_dir(at("top")).unwrap();
    symlink("../outside", at("top/l")).unwrap();
    symlink("../outside/new", at("top/dangling")).unwrap();
    write(&at("from/dangling"), "x");
    let names = |all: &[&str]| all.iter().map(PathBuf::from).collect::<Vec<_>>();
    for last in ["l/x", "dangling", "gone"] {
        put_all(&at("from"), &names(&["a/b/x", "c", last]), &at("top")).unwrap_err();
        let mut left: Vec<_> = fs::read_dir(at("top")).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["dangling", "l"], "{last}");
        assert_eq!(fs::read_dir(at("outside")).unwrap().count(), 1, "{last}");
    }
    let all = names(&["a/b/x", "c"]);
    put_all(&at("from"), &all, &at("top")).unwrap();
    put_all(&at("from"), &all, &at("top")).unwrap_err();
    assert!(at("top/a/b/x").exists(), "what was there before stays");
    write(&at("top/a/own"), "x");
    put::take_all(&all, &at("top"));
    assert!(!at("top/a/b").exists() && !at("top/c").exists() && at("top/a/own").exists());
}

#[tokio::test]
async fn what_names_no_commit_reaches_no_git() {
    let Some(place) = Place::new() else { return };
    let cut = &place.head[..39];
    let upper = place.head.to_uppercase();
    for head in ["", "HEAD", "--upload-pack=touch x", "main", cut, &upper] {
        place.came(&format!("{UNTRACKED}/x"), "x");
        let said = place.arrive(head, Some("main")).await;
        assert!(said.contains("name no commit"), "{head}: {said}");
        assert!(!said.contains("switch") && !place.at("top/x").exists(), "{said}");
    }
}

#[tokio::test]
async fn a_bundle_that_is_none_or_another_changes_nothing() {
    let Some(place) = Place::new() else { return };
    let (top, other) = (place.at("top"), place.at("other"));
    run(place.dir.path(), &["clone", "-q", "top", "other"]).unwrap();
    write(&other.join("file"), "two\n");
    run(&other, &["commit", "-qam", "second"]).unwrap();
    let head = run(&other, &["rev-parse", "HEAD"]).unwrap().trim().to_owned();
    let refs = || run(&top, &["for-each-ref"]).unwrap();
    let objects = || run(&top, &["count-objects", "-v"]).unwrap();
    let (before, count) = (refs(), objects());
    place.came(COMMITS, "no bundle");
    let said = place.arrive(&head, Some("main")).await;
    assert!(
        said.contains("were not applied") && said.contains(&format!("git switch -c cclink-{}", &head[..8])),
        "{said}"
    );
    let bundle = |name: &str| {
        fs::create_dir_all(place.at("came")).unwrap();
        let file = place.at("came").join(COMMITS);
        run(&other, &["bundle", "create", "-q", file.to_str().unwrap(), name, "--not", "--remotes"]).unwrap();
    };
    // Another ref than the one that was meant, another commit, another branch.
    for (name, of, branch, words) in [
        ("main", &*head, "main", "not the ones they name"),
        ("HEAD", &"0".repeat(40), "main", "not the ones they name"),
        ("HEAD", &*head, "topic", "main is checked out here"),
    ] {
        bundle(name);
        let said = place.arrive(of, Some(branch)).await;
        assert!(said.contains(words), "{said}");
        assert!(refs() == before && objects() == count);
    }
    // What comes with it does not fit: its commits stay out, too.
    bundle("HEAD");
    place.came(&format!("{UNTRACKED}/out/x"), "x");
    let said = place.arrive(&head, Some("main")).await;
    assert!(said.contains("out is not a folder here"), "{said}");
    bundle("HEAD");
    place.came(PATCH, "diff --git a/file b/file\n--- a/file\n+++ b/file\n@@ -1 +1 @@\n-one\n+three\n");
    assert!(place.arrive(&head, Some("main")).await.contains("were not applied"));
    assert!(refs() == before && objects() == count);
    bundle("HEAD");
    let said = place.arrive(&head, Some("main")).await;
    assert_eq!(said, "your changes were applied: 1 commit");
    assert_eq!(fs::read_to_string(top.join("file")).unwrap(), "two\n");
}

#[tokio::test]
async fn without_a_repository_they_wait() {
    let Some(place) = Place::new() else { return };
    fs::remove_dir_all(place.at("top/.git")).unwrap();
    place.came(&format!("{UNTRACKED}/x y"), "x");
    let said = place.arrive(&place.head, None).await;
    assert!(said.contains("the folder here is not a git repository"), "{said}");
    let command = said.split('`').nth(1).unwrap();
    let (top, beside) = (place.at("top"), place.at("state/changes").join(ID));
    assert_eq!(command, format!("cd -- {} && cp -Rn {}/untracked/. .", top.display(), beside.display()));
}

#[tokio::test]
async fn wherever_a_repository_is_it_is_read_and_nothing_else() {
    let Some(place) = Place::new() else { return };
    let (top, odd) = (place.at("top"), place.at("odd: \"na\\me\" "));
    fs::rename(&top, &odd).unwrap();
    let aside = place.at("aside");
    run(&odd, &["worktree", "add", "-q", aside.to_str().unwrap()]).unwrap();
    for tree in [&odd, &aside] {
        write(&tree.join("file"), "two\n");
        write(&tree.join("meant"), "to be\n");
        run(tree, &["add", "--intent-to-add", "meant"]).unwrap();
        symlink("file", tree.join("link")).unwrap();
        write(&tree.join("sub/new"), "new\n");
        let state = || {
            let files = crate::claude::files_below(&odd.join(".git")).unwrap();
            files.into_iter().map(|name| fs::read(odd.join(".git").join(name)).unwrap()).collect::<Vec<_>>()
        };
        let before = state();
        // From a folder below, too.
        let gathered = gather(Some(&tree.join("sub")), Some(place.dir.path())).await.unwrap();
        assert!(state() == before);
        assert_eq!(gathered.words, "Changes included: 4 files.");
        let names: Vec<_> = gathered.files.iter().map(|(name, ..)| name.path.to_str().unwrap()).collect();
        assert_eq!(names, [PATCH, "untracked/sub/new"]);
        assert_eq!(gathered.changes.unwrap().head, place.head);
        // No remote tells what is pushed.
        assert_eq!(gathered.left_out.len(), 1);
    }
    // A home folder under git: what git does not know in it is no work.
    let gathered = gather(Some(&odd), Some(&odd.join("sub"))).await.unwrap();
    assert_eq!(gathered.files.len(), 1);
    assert!(gathered.left_out.iter().any(|left| left.why == "the repository is the whole home folder"));
    run(&odd, &["symbolic-ref", "HEAD", "refs/heads/new"]).unwrap();
    let gathered = gather(Some(&odd), None).await.unwrap();
    assert!(gathered.words.contains("no commit yet") && gathered.changes.is_none());
    assert!(gather(None, None).await.unwrap().words.contains("not a git repository"));
}

#[test]
fn the_command_is_quoted() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("it's here");
    write(&place.join(COMMITS), "");
    write(&place.join(PATCH), "");
    let branch = beside::Branch { name: "cclink-1".to_owned(), at: "abc", is_known: false, fetches: true };
    let words = beside::command(&place, Path::new("/a b"), Some(&branch));
    let quoted = |name: &str| crate::resume::quote(place.join(name).to_str().unwrap());
    assert_eq!(
        words,
        format!(
            "cd -- '/a b' && git fetch --all && git fetch {} HEAD && git switch -c cclink-1 abc && git apply {}",
            quoted(COMMITS),
            quoted(PATCH)
        )
    );
}

#[test]
fn how_a_file_travels_follows_from_its_name_and_kind() {
    let dir = tempfile::tempdir().unwrap();
    let names = ["a b", "A B", "deep/1/2/3/4/5/6/7/8/x", "nl\n", "x:y", ".GIT/config", "old/x", "kept"];
    for name in names {
        write(&dir.path().join(name), "x");
    }
    symlink("kept", dir.path().join("link")).unwrap();
    let all: Vec<PathBuf> = names.iter().chain(&["link", "gone"]).map(PathBuf::from).collect();
    let changed = BTreeSet::from(["old".into(), "other/y".into()]);
    let chosen = choose(dir.path(), &all, &changed);
    let plain: Vec<_> =
        chosen.plain.iter().map(|(name, ..)| name.path.to_string_lossy().into_owned()).collect();
    let twin = usize::from(plain.contains(&"untracked/A B".to_owned()));
    assert_eq!(plain, [["untracked/a b", "untracked/A B"][twin], "untracked/kept"]);
    let patched: BTreeSet<_> = chosen.by_patch.iter().map(|path| path.to_str().unwrap()).collect();
    let other = ["A B", "a b"][twin];
    assert_eq!(patched, BTreeSet::from([other, "deep/1/2/3/4/5/6/7/8/x", "nl\n", "x:y", "old/x", "link"]));
    let left: Vec<_> = chosen.left_out.iter().map(|left| (left.what.as_str(), left.why.as_str())).collect();
    assert_eq!(left, [("uncommitted: .GIT/config", "its name is not portable")]);
    for (path, tangled) in
        [("old", true), ("old/x", true), ("other", true), ("other.y", false), ("others", false)]
    {
        assert_eq!(is_tangled(Path::new(path), &changed), tangled, "{path}");
    }
}

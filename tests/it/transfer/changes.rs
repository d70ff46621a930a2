//! Uncommitted work in the sealed file: from a tree on one device into the tree of
//! another, or beside it; with real repositories.

mod strange;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::support::device::walk;
use crate::support::repository::git;
use crate::support::{Device, Output, Session, tool_is_missing};
use crate::transfer::arrive::put;

/// Two devices of one owner, each with a clone of the same repository, and a session
/// in the first one's.
struct Both {
    a: Device,
    b: Device,
    session: Session,
    /// The trees.
    here: PathBuf,
    there: PathBuf,
}

/// What git prints, without a lock.
fn ask(dir: &Path, args: &[&str]) -> String {
    let out =
        Command::new("git").env("GIT_OPTIONAL_LOCKS", "0").args(args).current_dir(dir).output().unwrap();
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

/// What a shell does with a command.
fn shell(dir: &Path, command: &str) {
    let out = Command::new("sh").args(["-ec", command]).current_dir(dir).output().unwrap();
    assert!(out.status.success(), "{command}: {}", String::from_utf8_lossy(&out.stderr));
}

fn program(path: &Path, script: &str) {
    put(path, script);
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

impl Both {
    /// `None` where git is missing.
    fn start() -> Option<Self> {
        if tool_is_missing("git") {
            return None;
        }
        let a = Device::new();
        let b = Device::copy_of(&a);
        let (bare, here, there) = (a.path("app.git"), a.projects.join("app"), b.projects.join("app"));
        git(&a.projects, &["init", "-q", "--bare", bare.to_str().unwrap()]);
        git(&a.projects, &["clone", "-q", bare.to_str().unwrap(), "app"]);
        for (name, content) in [
            ("one", "1\n2\n3\n"),
            ("two", "2\n"),
            ("old name", "same\n"),
            ("deep/er/x", "x"),
            ("folder/x", "x"),
        ] {
            put(&here.join(name), content);
        }
        program(&here.join("run"), "#!/bin/sh\n");
        symlink("one", here.join("link")).unwrap();
        fs::write(here.join("bin"), [0, 1, 2, 255]).unwrap();
        put(&here.join(".gitignore"), "ignored\n");
        git(&here, &["add", "-A"]);
        git(&here, &["commit", "-q", "-m", "first"]);
        git(&here, &["push", "-q", "origin", "HEAD:main"]);
        git(&here, &["branch", "-q", "-u", "origin/main"]);
        git(&b.projects, &["clone", "-q", bare.to_str().unwrap(), "app"]);
        for dir in [&here, &there] {
            git(dir, &["config", "user.name", "t"]);
            git(dir, &["config", "user.email", "t@example.org"]);
        }
        let session = a.session("app", "Half done");
        Some(Self { a, b, session, here, there })
    }

    /// All kinds of changes.
    fn change(&self) {
        let at = |name: &str| self.here.join(name);
        put(&at("one"), "1\nstaged\n3\n");
        git(&self.here, &["add", "one"]);
        put(&at("one"), "1\nstaged\n3\nand not\n");
        fs::remove_file(at("two")).unwrap();
        put(&at("two/inside"), "where a file was\n");
        fs::remove_dir_all(at("folder")).unwrap();
        put(&at("folder"), "where a folder was\n");
        git(&self.here, &["mv", "old name", "new name"]);
        fs::set_permissions(at("run"), fs::Permissions::from_mode(0o644)).unwrap();
        fs::write(at("bin"), [0, 9, 255, 0]).unwrap();
        fs::remove_file(at("link")).unwrap();
        symlink("new name", at("link")).unwrap();
        put(&at("added"), "staged\n");
        git(&self.here, &["add", "added"]);
        put(&at("deep/new/a b"), "space\n");
        put(&at("line\nend"), "odd\n");
        put(&at("back\\slash: ü"), "odder\n");
        put(&at("1/2/3/4/5/6/7/8/9"), "deep\n");
        put(&at("empty"), "");
        fs::write(at("blob"), [0, 200, 10, 13]).unwrap();
        program(&at("deep/tool"), "#!/bin/sh\nexit 1\n");
        symlink("/nowhere/at all", at("astray")).unwrap();
        put(&at("ignored"), "stays\n");
        // Git is to forget it; it is still there.
        git(&self.here, &["rm", "-q", "--cached", "deep/er/x"]);
    }

    /// Seals; gives the token and the file.
    fn seal(&self, options: &[&str]) -> (String, PathBuf, Output) {
        let file = self.b.path("talk.cclink");
        let _ = fs::remove_file(&file);
        let args = ["bundle", &self.session.id, "-o", file.to_str().unwrap(), "--with-changes"];
        let out = self.a.cmd(&args).args(options).ok();
        let line = out.said();
        let token = line.lines().find_map(|line| line.split("cclink pickup ").nth(1)).unwrap();
        (token.split(' ').next().unwrap().to_owned(), file, out)
    }

    fn take(&self, token: &str, file: &Path) -> Output {
        self.b.cmd(&["pickup", token, "--from", file.to_str().unwrap()]).cwd(&self.there).ok()
    }

    /// Where changes wait that could not be applied.
    fn beside(&self) -> PathBuf {
        self.b.home.join("changes").join(&self.session.id)
    }
}

/// The command in the words about what waits beside.
fn command(out: &Output) -> String {
    let said = out.said();
    let line = said.lines().find(|line| line.contains("changes were not applied")).expect("it waits");
    line.split('`').nth(1).unwrap().to_owned()
}

/// A tree without its repository: modes, links and contents.
fn tree(dir: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let inside =
        |path: &PathBuf| !path.starts_with(dir.join(".git")) && (path.is_symlink() || path.is_file());
    let one = |path: PathBuf| {
        let content = match path.read_link() {
            Ok(to) => to.into_os_string().into_encoded_bytes(),
            Err(_) => fs::read(&path).unwrap(),
        };
        let mode = path.symlink_metadata().unwrap().permissions().mode();
        (path.strip_prefix(dir).unwrap().to_owned(), (mode, content))
    };
    walk(dir).into_iter().filter(inside).map(one).collect()
}

/// All that a repository holds, byte for byte, and what git says of it.
fn facts(dir: &Path) -> (BTreeMap<PathBuf, Vec<u8>>, [String; 3]) {
    let said = [&["status", "--porcelain=v2"][..], &["for-each-ref"], &["count-objects", "-v"]];
    let said = said.map(|args| ask(dir, args));
    let files = walk(&dir.join(".git")).into_iter().filter(|path| path.is_file());
    (files.map(|path| (path.clone(), fs::read(path).unwrap())).collect(), said)
}

/// The same tree, but for what is ignored.
#[track_caller]
fn assert_same(one: &Path, other: &Path) {
    let (mut one, other) = (tree(one), tree(other));
    one.remove(Path::new("ignored"));
    let differs: Vec<_> =
        one.keys().chain(other.keys()).filter(|name| one.get(*name) != other.get(*name)).collect();
    assert!(differs.is_empty(), "{differs:?}");
}

#[test]
fn the_tree_there_becomes_the_tree_here() {
    let Some(both) = Both::start() else { return };
    both.change();
    let (before, repository) = (facts(&both.here), facts(&both.there));
    let (token, file, out) = both.seal(&[]);
    out.says(&["Changes included: 19 files."]).hides(&["not in the sealed file"]);
    assert!(facts(&both.here) == before, "the repository that was read is another now");
    both.take(&token, &file).says(&["your changes were applied: 19 files."]);
    assert_same(&both.here, &both.there);
    let after = facts(&both.there);
    assert!(after.0 == repository.0, "more than the tree was changed");
    assert_eq!(after.1[1..], repository.1[1..]);
    // Once more: nothing to do.
    both.take(&token, &file).says(&["your changes were already applied"]);
    assert_same(&both.here, &both.there);
    assert!(!both.beside().exists());
    assert!(both.b.claude_started().is_some());
}

#[test]
fn commits_that_are_not_pushed_come_along() {
    let Some(both) = Both::start() else { return };
    put(&both.here.join("one"), "committed\n");
    git(&both.here, &["commit", "-qam", "second"]);
    put(&both.here.join("three"), "committed\n");
    git(&both.here, &["add", "-A"]);
    git(&both.here, &["commit", "-qm", "third"]);
    both.change();
    let before = facts(&both.here);
    let (token, file, out) = both.seal(&[]);
    out.says(&["2 commits."]);
    assert!(facts(&both.here) == before);
    let refs = ask(&both.there, &["for-each-ref", "refs/remotes", "refs/tags"]);
    both.take(&token, &file).says(&["your changes were applied", "files, 2 commits"]);
    assert_same(&both.here, &both.there);
    let head = |dir: &Path| ask(dir, &["rev-parse", "HEAD"]);
    assert_eq!(head(&both.there), head(&both.here));
    assert_eq!(ask(&both.there, &["symbolic-ref", "HEAD"]), "refs/heads/main\n");
    assert_eq!(ask(&both.there, &["for-each-ref", "--count=9"]).lines().count(), refs.lines().count() + 1);
    assert_eq!(ask(&both.there, &["for-each-ref", "refs/remotes", "refs/tags"]), refs);
    assert!(!both.there.join(".git/FETCH_HEAD").exists());
    assert_eq!(ask(&both.there, &["fsck", "--no-dangling"]), "");
    both.take(&token, &file).says(&["already applied"]);
}

#[test]
fn where_it_does_not_fit_nothing_is_touched_and_a_command_is_said() {
    let Some(both) = Both::start() else { return };
    both.change();
    let (token, file, _) = both.seal(&[]);
    // Changes there.
    put(&both.there.join("one"), "mine\n");
    let (state, content) = (facts(&both.there), tree(&both.there));
    let unchanged = || facts(&both.there) == state && tree(&both.there) == content;
    let out = both.take(&token, &file);
    assert!(unchanged());
    let apply = command(&out);
    out.says(&["there are uncommitted changes here", "commit or stash those, then"]);
    assert_eq!(both.beside().metadata().unwrap().permissions().mode() & 0o777, 0o700);
    // Once more: they wait there already.
    both.take(&token, &file).says(&["were not applied"]);
    assert!(unchanged());
    assert_eq!(fs::read_dir(both.beside().parent().unwrap()).unwrap().count(), 1);
    git(&both.there, &["stash", "-q"]);
    shell(&both.b.projects, &apply);
    for name in walk(&both.beside().join("untracked")).iter().filter(|path| path.is_file()) {
        let name = both.there.join(name.strip_prefix(both.beside().join("untracked")).unwrap());
        fs::set_permissions(name, fs::Permissions::from_mode(0o644)).unwrap();
    }
    assert_same(&both.here, &both.there);
    // Found there by the next, what waited goes.
    both.take(&token, &file).says(&["already applied"]);
    assert!(!both.beside().exists());
}

#[test]
fn on_another_commit_nothing_is_touched_and_a_command_is_said() {
    let Some(both) = Both::start() else { return };
    put(&both.there.join("own"), "own\n");
    git(&both.there, &["add", "own"]);
    git(&both.there, &["commit", "-qm", "own"]);
    let (state, content) = (facts(&both.there), tree(&both.there));
    put(&both.here.join("one"), "changed\n");
    let (token, file, _) = both.seal(&[]);
    both.take(&token, &file).says(&[
        "the repository here is at",
        "git switch -c cclink-",
        "were not applied",
    ]);
    // With commits of both.
    git(&both.here, &["commit", "-qam", "second"]);
    both.change();
    let (token, file, _) = both.seal(&[]);
    let out = both.take(&token, &file);
    assert!(facts(&both.there) == state && tree(&both.there) == content);
    let apply = command(&out);
    out.says(&["the branch here has commits they do not build on"]);
    shell(&both.b.projects, &apply);
    assert_eq!(tree(&both.there).keys().len(), tree(&both.here).keys().len() - 1, "but for the ignored one");
    assert_eq!(fs::read_to_string(both.there.join("one")).unwrap(), "1\nstaged\n3\nand not\n");
    // Where what was pushed is not fetched yet.
    let late = both.b.projects.join("late");
    git(&both.b.projects, &["clone", "-q", both.a.path("app.git").to_str().unwrap(), "late"]);
    git(&both.here, &["push", "-q", "origin", "HEAD:main"]);
    git(&both.here, &["commit", "-qm", "third", "--allow-empty"]);
    let (token, file, _) = both.seal(&[]);
    let run = both.b.cmd(&["pickup", &token, "--from", file.to_str().unwrap()]).cwd(&late).ok();
    let apply = command(&run);
    run.says(&["the repository here lacks commits they build on", "git fetch --all && git fetch"]);
    shell(&both.b.projects, &apply);
    assert_eq!(tree(&late).keys().len(), tree(&both.here).keys().len() - 1);
    // On another branch.
    git(&both.there, &["stash", "-qu"]);
    git(&both.there, &["switch", "-qc", "else", "origin/main"]);
    both.take(&token, &file).says(&["else is checked out here, and they were made on main"]);
}

#[test]
fn what_is_in_the_way_stays_as_it_is() {
    let Some(both) = Both::start() else { return };
    put(&both.here.join("notes/a"), "theirs\n");
    put(&both.here.join("one"), "changed\n");
    let (token, file, _) = both.seal(&[]);
    for (name, words) in [("notes/a", "notes/a already exists here"), ("notes", "notes is not a folder here")]
    {
        put(&both.there.join(name), "mine\n");
        let content = tree(&both.there);
        both.take(&token, &file).says(&["were not applied", words]);
        assert!(tree(&both.there) == content, "{name}");
        let _ = fs::remove_dir_all(both.there.join("notes"));
    }
    fs::remove_file(both.there.join("notes")).unwrap();
    symlink(both.b.projects.join("outside"), both.there.join("notes")).unwrap();
    fs::create_dir(both.b.projects.join("outside")).unwrap();
    both.take(&token, &file).says(&["notes is not a folder here"]);
    assert_eq!(fs::read_dir(both.b.projects.join("outside")).unwrap().count(), 0);
}

#[test]
fn much_that_stays_and_much_that_is_nothing_can_be_read_there() {
    let Some(both) = Both::start() else { return };
    for number in 0..4000 {
        put(&both.here.join(format!("modules/{}/{number}", "long ".repeat(20))), "x");
    }
    // The newest go first.
    let zeros = fs::File::create(both.here.join("zeros")).unwrap();
    zeros.set_len(64 * 1024 * 1024).unwrap();
    zeros.set_modified(SystemTime::now() + Duration::from_hours(1)).unwrap();
    let (token, file, out) = both.seal(&[]);
    out.says(&["Changes included: 1 file.", "uncommitted: modules/", "and 3,999 more (too large)"]);
    both.take(&token, &file).says(&["your changes were applied: 1 file.", "and 100 more"]);
    assert_eq!(both.there.join("zeros").metadata().unwrap().len(), 64 * 1024 * 1024);
}

#[test]
fn what_cannot_come_along_is_said() {
    let Some(both) = Both::start() else { return };
    both.seal(&[]).2.says(&["No changes included: everything is committed"]);
    let large = fs::File::create(both.here.join("large")).unwrap();
    large.set_len(65 * 1024 * 1024).unwrap();
    both.seal(&[]).2.says(&["No changes included.", "uncommitted: large (too large)"]);
    fs::remove_file(both.here.join("large")).unwrap();
    git(&both.here, &["init", "-q", "nested"]);
    put(&both.here.join("nested/x"), "x");
    both.seal(&[]).2.says(&["uncommitted: nested/ (a repository of its own)"]);
    fs::remove_dir_all(both.here.join("nested")).unwrap();
    // The pointer of a submodule stays, and what is changed in it.
    let (module, from) = (both.here.join("module"), both.a.path("app.git"));
    let allow = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add"];
    git(&both.here, &[&allow[..], &[from.to_str().unwrap(), "module"]].concat());
    git(&both.here, &["commit", "-qm", "module"]);
    git(&both.here, &["push", "-q", "origin", "HEAD:main"]);
    git(&both.there, &["pull", "-q", "--ff-only"]);
    git(&module, &["commit", "-q", "--allow-empty", "-m", "inside"]);
    put(&module.join("one"), "inside\n");
    put(&both.here.join("two"), "changed\n");
    let before = (facts(&both.here), facts(&both.there));
    let (token, file, out) = both.seal(&[]);
    out.says(&["Changes included: 1 file.", "uncommitted: module (a submodule)"]);
    both.take(&token, &file).says(&["applied: 1 file.", "not copied: uncommitted: module (a submodule)"]);
    assert!(facts(&both.here) == before.0 && facts(&both.there).0 == before.1.0);
    assert_eq!(fs::read_to_string(both.there.join("two")).unwrap(), "changed\n");
    // Without a remote nothing tells which commits the other machine lacks.
    git(&both.here, &["remote", "remove", "origin"]);
    both.seal(&[]).2.says(&["Changes included: 1 file", "not in the sealed file", "and 1 more"]);
    fs::remove_dir_all(both.here.join(".git")).unwrap();
    both.seal(&[]).2.says(&["not a git repository"]);
}

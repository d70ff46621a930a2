//! The conversation goes along by a git remote, a folder, or a machine that is always
//! on, and arrives when nothing is left of where it came from.

mod kills;
mod remotes;
mod sequences;
mod strangers;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::bundle::{belongings, origin};
use crate::support::repository::git;
use crate::support::session::append;
use crate::support::{Device, Session, Sshd, text, tool_is_missing};
use crate::transfer::arrive::say;

/// What git prints.
fn asked(dir: &Path, args: &[&str]) -> String {
    let out = Command::new("git").args(args).current_dir(dir).output().unwrap();
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// What of a repository must be the same before and after.
fn state(dir: &Path) -> Vec<String> {
    let all: [&[&str]; 4] = [
        &["status", "--porcelain=v2", "--branch"],
        &["for-each-ref"],
        &["count-objects", "-v"],
        &["config", "--list", "--local"],
    ];
    let mut all: Vec<String> = all.iter().map(|args| asked(dir, args)).collect();
    all.push(format!("{}", dir.join(".git/FETCH_HEAD").exists()));
    all
}

/// Which refs of ours a remote has.
fn sealed_in(bare: &Path) -> usize {
    asked(bare, &["for-each-ref", "refs/cclink/"]).lines().count()
}

/// A session in a repository with a remote, and a clone of that on another device.
pub struct Pair {
    pub a: Device,
    pub b: Device,
    pub session: Session,
    bare: PathBuf,
    pub clone: PathBuf,
}

impl Pair {
    /// `None` without git.
    pub fn new() -> Option<Self> {
        if tool_is_missing("git") {
            return None;
        }
        let (a, b, session) = origin();
        let bare = a.path("bare.git");
        let project = session.project.clone();
        git(&project, &["init", "-q"]);
        fs::write(project.join("file"), "one").unwrap();
        // A hook that must not run.
        let hook = project.join(".git/hooks/pre-push");
        fs::write(&hook, "#!/bin/sh\ntouch hook-ran\nexit 1\n").unwrap();
        fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        git(&project, &["add", "file"]);
        git(&project, &["commit", "-q", "-m", "one"]);
        git(&a.projects, &["clone", "-q", "--bare", project.to_str().unwrap(), bare.to_str().unwrap()]);
        git(&project, &["remote", "add", "origin", &format!("file://{}", bare.display())]);
        git(&project, &["fetch", "-q"]);
        fs::remove_file(project.join(".git/FETCH_HEAD")).unwrap();
        let clone = b.projects.join("uploader");
        fs::remove_dir_all(&clone).unwrap();
        git(&b.projects, &["clone", "-q", &format!("file://{}", bare.display()), "uploader"]);
        Some(Self { a, b, session, bare, clone })
    }

    pub fn publish(&self, more: &[&str]) -> Value {
        self.a.json(&[&["publish", &self.session.id], more].concat())
    }

    /// Nothing of the origin is left: its home, its Claude, its project.
    pub fn origin_is_gone(&self) {
        for path in [&self.a.claude, &self.a.home, &self.session.project] {
            fs::rename(path, path.with_extension("gone")).unwrap();
        }
    }
}

#[test]
fn it_travels_in_the_git_remote_and_leaves_both_repositories_alone() {
    let Some(pair) = Pair::new() else { return };
    let Pair { a, b, session, bare, clone } = &pair;
    let (here, there) = (state(&session.project), state(clone));
    // What it means is said once, and nothing goes out before it is agreed to.
    let asked = a.cmd(&["publish", &session.id, "--carry=git"]).fails(1);
    asked.says(&["pushed to the git remote origin", "see that a sealed file is there", "--yes"]);
    assert_eq!((sealed_in(bare), a.json(&["list"])), (0, json!([])));
    let published = pair.publish(&["--carry=git", "--yes"]);
    assert_eq!(published["carry"]["way"], "git");
    assert_eq!(sealed_in(bare), 1);
    assert_eq!(state(&session.project), here);
    assert!(!session.project.join("hook-ran").exists());
    let row = &a.json(&["list"])[0];
    assert_eq!(row["carry"], json!({"way": "git", "bytes": published["carry"]["bytes"], "state": "there"}));
    a.cmd(&["list"]).ok().says(&["Conversation", "git "]);
    // Chosen once, it is proposed again; what is replaced is taken away.
    let published = pair.publish(&[]);
    assert_eq!(published["carry"]["way"], "git");
    assert_eq!(sealed_in(bare), 1);

    let all = belongings(a);
    pair.origin_is_gone();
    let pickup = |args: &[&str]| b.cmd(args).cwd(clone);
    let picked = pickup(&["pickup", "--json"]).ok().json();
    assert_eq!(picked["carry"]["bytes"], published["carry"]["bytes"]);
    let plans: Vec<&str> =
        picked["plans"].as_array().unwrap().iter().map(|plan| text(plan, "kind")).collect();
    assert_eq!(plans[0], "carried", "{picked:#}");
    pickup(&["pickup", "--exec"]).ok().says(&["1 sub-agent", "1 large output", "1 checkpoint", "1 plan"]);
    let started = b.claude_started().expect("it is resumed");
    assert_eq!((started.args, started.cwd), (vec!["--resume".to_owned(), session.id.clone()], clone.clone()));
    assert_eq!(state(clone), there);
    // Equal but for the transcript, of which a line is blanked, and where it lies.
    let came: Vec<String> = belongings(b).into_iter().map(|(_, hash)| hash).collect();
    let same = all.iter().filter(|(_, hash)| came.contains(hash)).count();
    assert!(same >= 4, "{all:?} {came:?}");
    // Once it is here it need not be fetched, but can be.
    let plans = pickup(&["pickup", "--json"]).ok().json();
    assert_eq!((&plans["plans"][0]["kind"], &plans["plans"][1]["kind"]), (&json!("here"), &json!("carried")));
    pickup(&["pickup", "--plan", "carried"]).ok().says(&["it was already here, complete"]);
}

#[test]
fn it_is_taken_away_when_it_is_revoked_burned_or_expired() {
    let Some(pair) = Pair::new() else { return };
    let Pair { a, b, bare, .. } = &pair;
    let published = pair.publish(&["--carry=git", "--yes"]);
    a.cmd(&["revoke", "--yes", text(&published, "token")]).ok();
    assert_eq!(sealed_in(bare), 0);
    assert_eq!(a.json(&["list", "--all"])[0]["carry"]["state"], "taken_away");
    a.cmd(&["list", "--all"]).ok().says(&["Conversation", "removed"]);

    let published = pair.publish(&["--burn"]);
    assert_eq!(sealed_in(bare), 1);
    b.cmd(&["pickup", text(&published, "token"), "--exec"]).ok();
    assert_eq!(sealed_in(bare), 0, "who took it for good took it away");

    pair.publish(&["--ttl", "1m"]);
    assert_eq!(sealed_in(bare), 1);
    a.cmd(&["list"]).ok();
    assert_eq!(sealed_in(bare), 1);
    a.cmd(&["list"]).env("CCLINK_TEST_CLOCK_OFFSET", "120").ok();
    assert_eq!(sealed_in(bare), 0);
}

#[test]
fn it_travels_in_a_folder() {
    let (a, b, session) = origin();
    let folder = a.path("shared/cclink");
    let carry = format!("[carry]\nway = \"folder\"\nfolder = {:?}\n", folder.display().to_string());
    for device in [&a, &b] {
        fs::write(device.home.join("config.toml"), &carry).unwrap();
    }
    let missing = a.cmd(&["publish", &session.id, "--yes"]).fails(1);
    missing.says(&["does not exist", "Mount or create it"]);
    assert_eq!(a.json(&["list"]), json!([]));
    fs::create_dir(folder.parent().unwrap()).unwrap();
    let published = a.json(&["publish", &session.id, "--yes"]);
    let files = || fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let [file] = &files()[..] else { panic!("{:?}", files()) };
    assert_eq!(published["carry"], json!({"way": "folder", "bytes": fs::metadata(file).unwrap().len()}));
    fs::rename(&a.claude, a.path("gone")).unwrap();
    // Half of it is there so far.
    let whole = fs::read(file).unwrap();
    fs::write(file, &whole[..whole.len() / 2]).unwrap();
    b.cmd(&["pickup", "--plan", "carried"]).fails(1).says(&["not in", "Nothing was picked up"]);
    assert_eq!(belongings(&b), []);
    // Another file of the same length.
    let mut other = whole.clone();
    other[whole.len() / 2] ^= 1;
    fs::write(file, &other).unwrap();
    b.cmd(&["pickup", "--plan", "carried"]).fails(1).says(&["not in"]);
    fs::write(file, &whole).unwrap();
    b.cmd(&["pickup", "--plan", "carried"]).ok();
    assert_eq!(b.claude_started().unwrap().args, ["--resume", &session.id]);
}

#[test]
fn it_travels_by_a_machine_that_is_always_on() {
    let (a, b, session) = origin();
    let nas = a.path("nas");
    fs::create_dir(&nas).unwrap();
    let Some(sshd) = Sshd::start(&nas) else { return };
    let carry = format!("[carry]\nway = \"ssh\"\nssh = \"{}/sealed/here\"\n", sshd.address());
    for device in [&a, &b] {
        sshd.configure(device, &carry);
    }
    let published = a.json(&["publish", &session.id, "--yes"]);
    assert_eq!(published["carry"]["way"], "ssh");
    let files = || fs::read_dir(nas.join("sealed/here")).unwrap().count();
    assert_eq!(files(), 1);
    fs::rename(&a.claude, a.path("gone")).unwrap();
    b.cmd(&["pickup", "--exec"]).ok();
    assert_eq!(b.claude_started().unwrap().args, ["--resume", &session.id]);
    a.cmd(&["revoke", "--yes", text(&published, "token")]).ok();
    assert_eq!(files(), 0);
}

#[test]
fn both_ways_and_home_again_nothing_is_lost() {
    let Some(pair) = Pair::new() else { return };
    let Pair { a, b, session, .. } = &pair;
    pair.publish(&["--carry=git", "--yes"]);
    b.cmd(&["pickup", "--exec"]).ok();
    let there = b.claude.join("projects").join(a_folder(b)).join(format!("{}.jsonl", session.id));
    say(&there, session, "QUIET-BADGER", 40);
    // By the way by which it came: nothing is chosen, nothing asked.
    let published = b.json(&["publish", &session.id]);
    assert_eq!(published["carry"]["way"], "git");
    a.cmd(&["pickup", text(&published, "token"), "--plan", "carried"]).ok();
    for (device, words) in [(a, "QUIET-BADGER"), (b, "QUIET-BADGER")] {
        assert_ne!(device.json(&["sessions", "--search", words]), json!([]));
    }
    // Both go on: asked, and both stay.
    say(&session.path, session, "LONELY-HERON", 50);
    say(&there, session, "SILVER-OTTER", 60);
    let published = b.json(&["publish", &session.id]);
    let token = text(&published, "token");
    a.cmd(&["pickup", token, "--plan", "carried"]).fails(1).says(&["continued on both machines", "--yes"]);
    a.cmd(&["pickup", token, "--plan", "carried", "--yes"]).ok();
    for words in ["QUIET-BADGER", "LONELY-HERON", "SILVER-OTTER"] {
        assert_ne!(a.json(&["sessions", "--search", words]), json!([]), "{words}");
    }
}

/// The one folder of projects of a device.
fn a_folder(device: &Device) -> PathBuf {
    let mut folders = fs::read_dir(device.claude.join("projects")).unwrap();
    folders.next().unwrap().unwrap().file_name().into()
}

#[test]
fn a_remote_that_refuses_is_told_and_not_offered_again() {
    let Some(pair) = Pair::new() else { return };
    let Pair { a, session, bare, .. } = &pair;
    git(bare, &["config", "receive.hideRefs", "refs/cclink"]);
    a.cmd(&["publish", &session.id, "--carry=git", "--yes"])
        .fails(1)
        .says(&["does not accept sealed files", "hidden ref"]);
    assert_eq!(a.json(&["list", "--all"]), json!([]));
    a.cmd(&["publish", &session.id, "--carry"]).fails(2).says(&["No place is set up"]);
    // Who names it tries it again.
    git(bare, &["config", "--unset", "receive.hideRefs"]);
    pair.publish(&["--carry=git"]);
    assert_eq!(pair.publish(&["--carry"])["carry"]["way"], "git");
    // Away is another matter.
    let other = Pair::new().unwrap();
    fs::rename(&other.bare, other.bare.with_extension("away")).unwrap();
    other
        .a
        .cmd(&["publish", &other.session.id, "--carry=git", "--yes"])
        .fails(1)
        .says(&["git could not use"]);
    fs::rename(other.bare.with_extension("away"), &other.bare).unwrap();
    assert_eq!(other.publish(&["--carry=git"])["carry"]["way"], "git");
}

/// What is said of resuming it here.
fn resume_says(device: &Device, session: &Session) -> String {
    device.json(&["resume", &session.id])[0]["notes"].to_string()
}

#[test]
fn its_origin_says_where_it_goes_on() {
    let Some(pair) = Pair::new() else { return };
    let Pair { a, b, session, .. } = &pair;
    pair.publish(&["--carry=git", "--yes"]);
    assert!(!resume_says(a, session).contains("continues on"));
    // On this machine all hosts have one name: the reader is told to be another.
    b.cmd(&["pickup", "--exec"]).ok();
    a.cmd(&["list"]).ok();
    let journal = a.home.join("journal.json");
    let text = fs::read_to_string(&journal).unwrap();
    let mut book: Value = serde_json::from_str(&text).unwrap();
    let trace = &mut book["handoffs"][0]["picked_up"];
    assert!(trace["hostname"].is_string(), "{book:#}");
    trace["hostname"] = json!("laptop");
    fs::write(&journal, book.to_string()).unwrap();
    assert!(resume_says(a, session).contains("continues on laptop since"));
    a.cmd(&["resume", &session.id]).ok().says(&["continues on laptop"]);
    let later = session.more().at("2099-01-01T00:00:00.000Z").says("SILVER-OTTER");
    append(&session.path, later);
    assert!(!resume_says(a, session).contains("continues on"), "it goes on here as well");
}

#[test]
fn changes_come_also_where_the_conversation_is_already() {
    let Some(pair) = Pair::new() else { return };
    let Pair { b, session, clone, .. } = &pair;
    pair.publish(&["--carry=git", "--yes"]);
    b.cmd(&["pickup", "--exec"]).cwd(clone).ok();
    fs::write(session.project.join("file"), "two").unwrap();
    pair.publish(&["--with-changes"]);
    b.cmd(&["pickup", "--exec"]).cwd(clone).ok().says(&["it was already here, complete"]);
    assert_eq!(fs::read_to_string(clone.join("file")).unwrap(), "two");
}

#[test]
fn the_plan_says_before_what_keeps_changes_out_of_the_tree() {
    let Some(pair) = Pair::new() else { return };
    let Pair { b, session, clone, .. } = &pair;
    fs::write(session.project.join("file"), "two").unwrap();
    git(&session.project, &["commit", "-q", "-am", "two"]);
    fs::write(session.project.join("file"), "three").unwrap();
    pair.publish(&["--carry=git", "--yes", "--with-changes"]);
    fs::write(clone.join("file"), "mine").unwrap();
    let plan = b.cmd(&["pickup", "--json"]).cwd(clone).ok().json()["plans"][0].clone();
    assert_eq!(plan["kind"], "carried");
    let notes = plan["notes"].to_string();
    for words in [
        "published at",
        "is not in the repository here",
        "here has uncommitted changes",
        "where it was published",
    ] {
        assert!(notes.contains(words), "{words}: {notes}");
    }
    b.cmd(&["pickup", "--exec"]).cwd(clone).ok().says(&["were not applied and are kept in"]);
    assert_eq!(fs::read_to_string(clone.join("file")).unwrap(), "mine");
}

//! What cclink brings or calls resumable, the real claude resumes.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{claudes, finds, settle};
use crate::sessions::corpus::invented::{Sizes, generate};
use crate::support::session::{Transcript, slug};
use crate::support::{Device, Sshd, text};
use crate::transfer::carry::Pair;

#[test]
fn what_was_brought_over_ssh_is_resumed() {
    for claude in claudes() {
        let a = Device::new();
        symlink(&a.claude, a.path("user/.claude")).unwrap();
        let Some(sshd) = Sshd::start(&a.path("user")) else { return };
        let b = Device::copy_of(&a);
        let paths = format!("[paths]\n{:?} = {:?}\n", a.projects.display(), b.projects.display());
        sshd.configure(&b, &paths);
        let session = a.session("it's; a project", "Bring me");
        let here = b.project("it's; a project");
        settle(&b.claude, &here);
        let published = a.publish_session(&session, &["--ssh", &sshd.address()]);
        assert!(!finds(&claude, &b.claude, &here, &session.id), "not before it is brought");
        b.cmd(&["pickup", text(&published, "token"), "--plan", "bring"]).ok();
        // Where, and with which id, cclink started its own claude.
        let started = b.claude_started().expect("claude was started");
        assert_eq!(started.args, ["--resume", &session.id]);
        let path = PathBuf::from(text(&b.json(&["sessions"])[0], "path"));
        let before = fs::read(&path).unwrap();
        assert!(finds(&claude, &b.claude, &started.cwd, &session.id), "{}", claude.display());
        assert_eq!(fs::read(&path).unwrap(), before, "asking wrote nothing");
    }
}

#[test]
fn what_came_in_a_sealed_file_is_resumed() {
    for claude in claudes() {
        let a = Device::new();
        let b = Device::copy_of(&a);
        let session = a.session("it's; a project", "Take me along");
        let here = b.project("it's; a project");
        settle(&b.claude, &here);
        let file = b.path("talk.cclink");
        let published = a.json(&["bundle", &session.id, "-o", file.to_str().unwrap()]);
        fs::rename(&a.claude, a.path("gone")).unwrap();
        b.cmd(&["pickup", text(&published, "token"), "--from", file.to_str().unwrap()]).ok();
        let started = b.claude_started().expect("claude was started");
        assert_eq!(started.args, ["--resume", &session.id]);
        assert!(finds(&claude, &b.claude, &started.cwd, &session.id), "{}", claude.display());
    }
}

/// The sessions of a folder of Claude Code, as `sessions --json` lists them.
fn listed(config: &Path) -> Vec<Value> {
    let mut device = Device::bare();
    config.clone_into(&mut device.claude);
    device.json(&["sessions", "--all"]).as_array().unwrap().clone()
}

/// Copies one transcript into the folder of `cwd` in a new configuration.
fn alone(path: &Path, cwd: &Path) -> tempfile::TempDir {
    let config = tempfile::tempdir().unwrap();
    settle(config.path(), cwd);
    let folder = config.path().join("projects").join(slug(cwd));
    fs::create_dir_all(&folder).unwrap();
    let copy = folder.join(path.file_name().unwrap());
    fs::copy(path, &copy).unwrap();
    let sidecar = path.with_extension("");
    if sidecar.is_dir() {
        fs::create_dir_all(copy.with_extension("")).unwrap();
    }
    config
}

/// Twenty of those that can be resumed, others each time unless
/// `CCLINK_TEST_SEED` says which, and every one that cannot.
fn chosen(rows: &[Value]) -> Vec<&Value> {
    let seed = std::env::var("CCLINK_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| u64::from(uuid::Uuid::new_v4().as_fields().0));
    println!("CCLINK_TEST_SEED={seed}");
    let rank = |row: &&Value| {
        let id = text(row, "path")
            .bytes()
            .fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3).rotate_left(5));
        (row["resumable"] == true, id)
    };
    let mut all: Vec<&Value> = rows.iter().collect();
    all.sort_by_key(rank);
    let not = all.iter().filter(|row| row["resumable"] == false).count();
    assert!(not > 5 && all.len() > not + 20, "{not} of {}", all.len());
    all.truncate(not + 20);
    all
}

#[test]
fn cclink_and_claude_agree_on_what_can_be_resumed() {
    let claudes = claudes();
    if claudes.is_empty() {
        return;
    }
    let corpus = tempfile::tempdir().unwrap();
    generate(corpus.path(), 20_261_125, 300, Sizes::Small);
    by_hand(corpus.path());
    let rows = listed(corpus.path());
    let cwd = tempfile::tempdir().unwrap();
    let cwd = cwd.path().canonicalize().unwrap();
    let chosen = chosen(&rows);
    for claude in claudes {
        let mut seen = BTreeMap::from([(true, 0), (false, 0)]);
        let mut wrong = Vec::new();
        for row in &chosen {
            let config = alone(Path::new(text(row, "path")), &cwd);
            let found = finds(&claude, config.path(), &cwd, text(row, "session_id"));
            *seen.entry(found).or_default() += 1;
            if row["resumable"] != json!(found) {
                wrong.push(format!("claude finds it: {found}; {row:#}"));
            }
        }
        println!("{}: found {}, not found {}", claude.display(), seen[&true], seen[&false]);
        assert!(wrong.is_empty(), "{}:\n{}", claude.display(), wrong.join("\n"));
    }
}

/// Files in which nobody speaks, beside those that are invented.
fn by_hand(config: &Path) {
    let cwd = Path::new("/home/dana/by-hand");
    let new = || Transcript::new(cwd);
    new().state("mode", "mode", "normal").state("custom-title", "customTitle", "Only a title").write(config);
    new().aside().says("look around").write(config);
    let snapshot = json!({"type": "file-history-snapshot", "messageId": new().id, "snapshot": {}});
    new().line(&snapshot).write(config);
}

#[test]
fn what_came_by_a_git_remote_is_resumed_when_its_origin_is_gone() {
    for claude in claudes() {
        let Some(pair) = Pair::new() else { return };
        let Pair { b, session, clone, .. } = &pair;
        settle(&b.claude, clone);
        pair.publish(&["--carry=git", "--yes"]);
        pair.origin_is_gone();
        b.cmd(&["pickup", "--exec"]).cwd(clone).ok();
        let started = b.claude_started().expect("claude was started");
        assert_eq!((&started.cwd, &started.args[1]), (clone, &session.id));
        assert!(finds(&claude, &b.claude, &started.cwd, &session.id), "{}", claude.display());
    }
}

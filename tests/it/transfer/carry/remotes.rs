//! Remotes and clones of every kind: the repository is after as it was before, nobody
//! is asked anything, and the reader gets it.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Pair, asked, sealed_in, state};
use crate::support::device::walk;
use crate::support::repository::git;
use crate::support::session::write_session;
use crate::support::{Device, Sshd, text};

/// All of a repository that must be the same before and after; git itself refreshes
/// its index when it is asked how things stand.
fn repository(dir: &Path) -> Vec<String> {
    let mut all = state(dir);
    let common = asked(dir, &["rev-parse", "--path-format=absolute", "--git-common-dir"]);
    let files = walk(Path::new(common.trim())).into_iter();
    let files = files.filter(|path| path.is_file() && !path.ends_with("index"));
    all.extend(files.map(|path| format!("{} {}", path.display(), fs::metadata(&path).unwrap().len())));
    all.sort();
    all
}

fn url(pair: &Pair) -> String {
    format!("file://{}", pair.bare.display())
}

impl Pair {
    /// The same with other clones, made by `make` in the folder of projects of each
    /// device; its project is in `below` of what that gives.
    fn cloned(below: &str, make: impl Fn(&Pair, &Device) -> PathBuf) -> Option<Self> {
        let mut pair = Self::new()?;
        git(&pair.session.project, &["commit", "-q", "--allow-empty", "-m", "two"]);
        git(&pair.session.project, &["push", "-q", "--no-verify", "origin", "HEAD:refs/heads/main"]);
        let (here, there) = (make(&pair, &pair.a).join(below), make(&pair, &pair.b).join(below));
        for dir in [&here, &there] {
            fs::create_dir_all(dir).unwrap();
        }
        pair.session = write_session(&pair.a.claude, &here, "In another clone", "2026-11-20T10:00:05.000Z");
        pair.clone = there;
        Some(pair)
    }

    /// The same, by `git clone` with these options, then `git config` with those.
    fn cloned_with(options: &[&str], settings: &[&[&str]]) -> Option<Self> {
        Self::cloned("", |pair, device| clone(pair, device, options, settings))
    }

    /// Publishes, picks up and revokes; `store` is where it lies meanwhile.
    #[track_caller]
    fn goes_and_comes(&self, store: &Path) {
        let Self { a, b, session, clone, .. } = self;
        let before = (repository(&session.project), repository(clone));
        let is_as_before = || {
            assert_eq!(repository(&session.project), before.0, "the publisher's");
            assert_eq!(repository(clone), before.1, "the reader's");
        };
        let published = a.json(&["publish", &session.id, "--carry=git", "--yes"]);
        assert_eq!(published["carry"]["way"], "git");
        assert_eq!(sealed_in(store), 1);
        is_as_before();
        let token = text(&published, "token");
        b.cmd(&["pickup", token, "--plan", "carried"]).cwd(clone).ok();
        is_as_before();
        let here = walk(&b.claude).into_iter().find(|path| path.ends_with(format!("{}.jsonl", session.id)));
        assert_eq!(fs::read(here.unwrap()).unwrap(), fs::read(&session.path).unwrap());
        // What is replaced is taken away as well.
        let token = text(&a.json(&["publish", &session.id]), "token").to_owned();
        assert_eq!(sealed_in(store), 1);
        a.cmd(&["revoke", "--yes", &token]).ok();
        assert_eq!(sealed_in(store), 0);
        is_as_before();
        let fsck = asked(&session.project, &["fsck", "--full", "--no-dangling"]);
        assert_eq!(fsck, "", "{fsck}");
    }
}

fn clone(pair: &Pair, device: &Device, options: &[&str], settings: &[&[&str]]) -> PathBuf {
    let into = device.projects.join("we: \"ird");
    let from = url(pair);
    let args = [&["clone", "-q"], options, &[&from, into.to_str().unwrap()]].concat();
    git(&device.projects, &args);
    for setting in settings {
        git(&into, &[&["config"], *setting].concat());
    }
    into
}

#[test]
fn a_clone_with_a_strange_path_is_one_like_others() {
    let Some(pair) = Pair::cloned_with(&[], &[]) else { return };
    pair.goes_and_comes(&pair.bare);
}

#[test]
fn a_remote_with_a_strange_path_is_one_like_others() {
    let Some(mut pair) = Pair::cloned_with(&[], &[]) else { return };
    let strange = pair.a.path("a b: c/it's \"bare\".git");
    fs::create_dir_all(strange.parent().unwrap()).unwrap();
    fs::rename(&pair.bare, &strange).unwrap();
    for dir in [&pair.session.project, &pair.clone] {
        git(dir, &["remote", "set-url", "origin", strange.to_str().unwrap()]);
    }
    pair.bare = strange;
    pair.goes_and_comes(&pair.bare);
}

#[test]
fn a_project_below_its_repository_is_one_like_others() {
    let pair = Pair::cloned("deep/in it", |pair, device| clone(pair, device, &[], &[]));
    let Some(pair) = pair else { return };
    pair.goes_and_comes(&pair.bare);
    // The folder itself, not the repository around it, is where it is looked from.
    let paths = format!("[paths]\n{:?} = {:?}\n", pair.session.project, pair.clone);
    fs::write(pair.b.home.join("config.toml"), paths).unwrap();
    let published = pair.publish(&[]);
    fs::rename(&pair.session.project, pair.session.project.with_extension("gone")).unwrap();
    fs::remove_dir_all(pair.b.claude.join("projects")).unwrap();
    pair.b.cmd(&["pickup", text(&published, "token"), "--plan", "carried"]).ok();
    assert_eq!(pair.b.claude_started().unwrap().cwd, pair.clone);
}

#[test]
fn a_linked_worktree_is_one_like_others() {
    let pair = Pair::cloned("", |pair, device| {
        let main = clone(pair, device, &[], &[]);
        git(&main, &["worktree", "add", "-q", "../linked", "-b", "side"]);
        device.projects.join("linked")
    });
    let Some(pair) = pair else { return };
    pair.goes_and_comes(&pair.bare);
}

#[test]
fn a_clone_that_borrows_its_objects_is_one_like_others() {
    let pair = Pair::cloned("", |pair, device| {
        let all = clone(pair, device, &[], &[]);
        let borrows = device.projects.join("borrows");
        git(&all, &["clone", "-q", "--shared", ".", borrows.to_str().unwrap()]);
        git(&borrows, &["remote", "set-url", "origin", &url(pair)]);
        borrows
    });
    let Some(pair) = pair else { return };
    pair.goes_and_comes(&pair.bare);
}

#[test]
fn a_shallow_clone_is_one_like_others() {
    let Some(pair) = Pair::cloned_with(&["--depth=1"], &[]) else { return };
    assert!(pair.clone.join(".git/shallow").exists());
    pair.goes_and_comes(&pair.bare);
}

#[test]
fn a_partial_clone_is_one_like_others() {
    let pair = Pair::cloned("", |pair, device| {
        for key in ["uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"] {
            git(&pair.bare, &["config", key, "true"]);
        }
        clone(pair, device, &["--filter=blob:none"], &[])
    });
    let Some(pair) = pair else { return };
    pair.goes_and_comes(&pair.bare);
}

#[test]
fn no_ref_is_made_where_the_remote_is_fetched_whole() {
    let all = ["--add", "remote.origin.fetch", "+refs/*:refs/remotes/origin/*"];
    let Some(pair) = Pair::cloned_with(&[], &[&all]) else { return };
    pair.goes_and_comes(&pair.bare);
}

#[test]
fn settings_for_pushes_and_fetches_are_for_the_users_own() {
    let settings: [&[&str]; 9] = [
        &["push.default", "matching"],
        &["push.followTags", "true"],
        &["push.recurseSubmodules", "on-demand"],
        &["fetch.prune", "true"],
        &["fetch.pruneTags", "true"],
        &["remote.origin.tagOpt", "--tags"],
        &["transfer.fsckObjects", "true"],
        &["submodule.recurse", "true"],
        &["core.logAllRefUpdates", "always"],
    ];
    let Some(pair) = Pair::cloned_with(&[], &settings) else { return };
    for dir in [&pair.session.project, &pair.clone] {
        git(dir, &["tag", "-a", "-m", "own", "only-here"]);
    }
    pair.goes_and_comes(&pair.bare);
    assert_eq!(asked(&pair.bare, &["tag"]), "");
}

#[test]
fn a_mirror_is_pushed_nothing_but_the_file() {
    let Some(pair) = Pair::cloned_with(&[], &[&["remote.origin.mirror", "true"]]) else { return };
    git(&pair.session.project, &["branch", "only-here"]);
    pair.goes_and_comes(&pair.bare);
    assert!(!asked(&pair.bare, &["for-each-ref"]).contains("only-here"));
}

#[test]
fn it_goes_where_pushes_go_and_nowhere_else() {
    let pair = Pair::cloned("", |pair, device| {
        let dir = clone(pair, device, &[], &[]);
        for name in ["one.git", "two.git"] {
            let path = pair.a.path(name);
            if !path.exists() {
                git(&pair.bare, &["clone", "-q", "--bare", ".", path.to_str().unwrap()]);
            }
            git(&dir, &["config", "--add", "remote.origin.pushurl", &format!("file://{}", path.display())]);
        }
        dir
    });
    let Some(pair) = pair else { return };
    let published = pair.a.json(&["publish", &pair.session.id, "--carry=git", "--yes"]);
    let refs = |name: &str| sealed_in(&pair.a.path(name));
    assert_eq!((sealed_in(&pair.bare), refs("one.git"), refs("two.git")), (0, 1, 0));
    pair.a.cmd(&["revoke", "--yes", text(&published, "token")]).ok();
    pair.goes_and_comes(&pair.a.path("one.git"));
    assert_eq!((sealed_in(&pair.bare), refs("one.git"), refs("two.git")), (0, 0, 0));
}

#[test]
fn a_rewritten_address_works_as_it_does_for_git() {
    let pair = Pair::cloned("", |pair, device| {
        let dir = clone(pair, device, &[], &[]);
        let above = pair.bare.parent().unwrap().display();
        git(&dir, &["config", &format!("url.file://{above}/.insteadOf"), "work:"]);
        git(&dir, &["remote", "set-url", "origin", "work:bare.git"]);
        dir
    });
    let Some(pair) = pair else { return };
    pair.goes_and_comes(&pair.bare);
}

#[test]
fn it_is_taken_away_from_where_it_was_put_though_the_remote_moved() {
    let Some(pair) = Pair::cloned_with(&[], &[]) else { return };
    let published = pair.a.json(&["publish", &pair.session.id, "--carry=git", "--yes"]);
    let other = pair.a.path("other.git");
    git(&pair.bare, &["clone", "-q", "--bare", ".", other.to_str().unwrap()]);
    git(&pair.session.project, &["remote", "set-url", "origin", other.to_str().unwrap()]);
    assert_eq!(sealed_in(&pair.bare), 1);
    pair.a.cmd(&["revoke", "--yes", text(&published, "token")]).ok();
    assert_eq!(sealed_in(&pair.bare), 0);
}

#[test]
fn a_remote_over_ssh_is_reached_as_the_repository_says() {
    let Some(pair) = Pair::cloned_with(&[], &[]) else { return };
    let Some(sshd) = Sshd::start(&pair.a.path("user")) else { return };
    for dir in [&pair.session.project, &pair.clone] {
        git(dir, &["config", "core.sshCommand", &sshd.ssh_command()]);
        let url = format!("ssh://{}{}", sshd.address(), pair.bare.display());
        git(dir, &["remote", "set-url", "origin", &url]);
    }
    pair.goes_and_comes(&pair.bare);
    // Nobody is asked for a password where the key is not taken.
    let other = Sshd::start(&pair.a.path("user")).unwrap();
    git(&pair.session.project, &["config", "core.sshCommand", &other.ssh_command()]);
    let publish = pair.a.cmd(&["publish", &pair.session.id, "--carry=git"]);
    publish.within(Duration::from_secs(30)).fails(1).says(&["git could not use"]);
}

#[test]
fn a_remote_that_wants_a_password_asks_nobody() {
    let Some(pair) = Pair::new() else { return };
    let Pair { a, session, .. } = &pair;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(
                b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\
                  Connection: close\r\n\r\n",
            );
        }
    });
    git(&session.project, &["remote", "set-url", "origin", &format!("http://{at}/bare.git")]);
    let (asks, asked) = (a.path("asks"), a.path("asked"));
    fs::write(&asks, format!("#!/bin/sh\ntouch '{}'\n", asked.display())).unwrap();
    fs::set_permissions(&asks, PermissionsExt::from_mode(0o755)).unwrap();
    git(&session.project, &["config", "core.askPass", asks.to_str().unwrap()]);
    let publish = a.cmd(&["publish", &session.id, "--carry=git", "--yes"]);
    let publish = publish.env("GIT_ASKPASS", &asks).env("SSH_ASKPASS", &asks).env("DISPLAY", ":99");
    let said = publish.within(Duration::from_secs(30)).fails(1);
    let said = said.says(&["git could not use", "could not read Username"]);
    assert!(!said.stderr.contains("taken away"), "nothing was put there: {}", said.stderr);
    assert!(!asked.exists());
    assert_eq!(a.json(&["list", "--all"]), serde_json::json!([]));
}

#[test]
fn a_repository_with_longer_hashes_is_one_like_others() {
    let pair = Pair::cloned("", |pair, device| {
        let bare = pair.a.path("long.git");
        if !bare.exists() {
            let long = "--object-format=sha256";
            git(&pair.a.projects, &["init", "-q", "--bare", long, bare.to_str().unwrap()]);
            git(&pair.a.projects, &["init", "-q", long, "seed"]);
            let seed = pair.a.projects.join("seed");
            git(&seed, &["commit", "-q", "--allow-empty", "-m", "one"]);
            git(&seed, &["push", "-q", bare.to_str().unwrap(), "HEAD:refs/heads/main"]);
        }
        git(&device.projects, &["clone", "-q", bare.to_str().unwrap(), "long"]);
        device.projects.join("long")
    });
    let Some(pair) = pair else { return };
    pair.goes_and_comes(&pair.a.path("long.git"));
}

#[test]
fn a_reader_without_a_clone_asks_the_remote_by_its_address() {
    let Some(pair) = Pair::new() else { return };
    let Pair { a, b, session, bare, .. } = &pair;
    let Some(sshd) = Sshd::start(&a.path("user")) else { return };
    git(&session.project, &["config", "core.sshCommand", &sshd.ssh_command()]);
    let url = format!("ssh://{}{}", sshd.address(), bare.display());
    git(&session.project, &["remote", "set-url", "origin", &url]);
    let plain = b.project("plain");
    let paths = format!("[paths]\n{:?} = {:?}\n", session.project, plain);
    fs::write(b.home.join("config.toml"), paths).unwrap();
    // Bare repositories that are only found are forbidden there.
    let ssh = format!("[core]\nsshCommand = \"{}\"\n[safe]\nbareRepository = explicit\n", sshd.ssh_command());
    fs::write(b.path("user/.gitconfig"), ssh).unwrap();
    let published = pair.publish(&["--carry=git", "--yes"]);
    pair.origin_is_gone();
    b.cmd(&["pickup", text(&published, "token"), "--plan", "carried"]).cwd(&plain).ok();
    assert_eq!(b.claude_started().unwrap().args, ["--resume", &session.id]);
    assert_eq!(walk(&plain), std::slice::from_ref(&plain));
}

#[test]
fn without_a_remote_the_way_is_not_there() {
    let Some(pair) = Pair::new() else { return };
    let (a, plain) = (&pair.a, pair.a.session("plain", "Without git"));
    let says = ["no git remote that accepts sealed files"];
    a.cmd(&["publish", &plain.id, "--carry=git", "--yes"]).fails(2).says(&says);
    git(&plain.project, &["init", "-q"]);
    a.cmd(&["publish", &plain.id, "--carry=git", "--yes"]).fails(2).says(&says);
    assert_eq!(a.json(&["list", "--all"]), serde_json::json!([]));
    // A remote is enough, without a commit.
    git(&plain.project, &["remote", "add", "origin", &url(&pair)]);
    let published = a.json(&["publish", &plain.id, "--carry=git", "--yes"]);
    assert_eq!(sealed_in(&pair.bare), 1);
    a.cmd(&["revoke", "--yes", text(&published, "token")]).ok();
    assert_eq!(sealed_in(&pair.bare), 0);
}

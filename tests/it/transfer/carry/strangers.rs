//! Readers on other keys, and readers that have no folder for it.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use super::{Pair, asked, sealed_in};
use crate::support::repository::git;
use crate::support::{Device, Sshd, text};

/// Another person, with a clone of the same remote.
fn stranger(pair: &Pair) -> (Device, PathBuf) {
    let other = Device::new();
    git(&other.projects, &["clone", "-q", &format!("file://{}", pair.bare.display()), "theirs"]);
    let clone = other.projects.join("theirs");
    (other, clone)
}

#[test]
fn whoever_may_pick_it_up_gets_it_from_a_remote_that_both_reach() {
    let Some(pair) = Pair::new() else { return };
    let (other, clone) = stranger(&pair);
    let share = format!("--share={}", other.public_key());
    for audience in [&share, "--pin=otter-lunar-37-velvet", "--link"] {
        let published = pair.publish(&[audience, "--carry=git", "--yes"]);
        let pickup = other.cmd(&["pickup", text(&published, "link"), "--plan", "carried"]);
        pickup.pin("otter-lunar-37-velvet").cwd(&clone).ok();
        let folder = other.claude.join("projects");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "{audience}");
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(sealed_in(&pair.bare), 1, "{audience}");
        pair.a.cmd(&["revoke", "--yes", text(&published, "token")]).ok();
        assert_eq!(sealed_in(&pair.bare), 0, "{audience}");
    }
}

#[test]
fn what_a_stranger_took_for_good_is_taken_away_by_its_publisher() {
    let Some(pair) = Pair::new() else { return };
    let (other, clone) = stranger(&pair);
    let published = pair.publish(&["--link", "--burn", "--carry=git", "--yes"]);
    let pickup = other.cmd(&["pickup", text(&published, "link"), "--plan", "carried"]);
    pickup.cwd(&clone).ok();
    // A record of somebody else's may name a file that belongs to another handoff.
    assert_eq!(sealed_in(&pair.bare), 1);
    pair.a.cmd(&["list"]).ok();
    assert_eq!(sealed_in(&pair.bare), 1, "its taker has an hour");
    pair.a.cmd(&["list"]).clock(3700).ok();
    assert_eq!(sealed_in(&pair.bare), 0);
}

#[test]
fn nothing_runs_in_a_folder_that_only_a_stranger_named() {
    let Some(pair) = Pair::new() else { return };
    let (other, _) = stranger(&pair);
    let published = pair.publish(&["--link", "--carry=git", "--yes"]);
    // As if somebody had unpacked it where their handoff says that its project is.
    let ran = pair.a.path("ran");
    let program = format!("touch {}; git-upload-pack", ran.display());
    git(&pair.session.project, &["config", "remote.origin.uploadpack", &program]);
    let link = text(&published, "link");
    other.cmd(&["pickup", link]).ok().says(&["no place to fetch it from is set up"]);
    other.cmd(&["pickup", link, "--plan", "carried"]).fails(1);
    assert!(!ran.exists());
}

#[test]
fn a_project_that_is_nowhere_is_cloned_and_the_conversation_comes_with_it() {
    let Some(pair) = Pair::new() else { return };
    let Pair { a, b, session, bare, clone } = &pair;
    let Some(sshd) = Sshd::start(&a.path("user")) else { return };
    let ssh = format!("[core]\nsshCommand = \"{}\"\n", sshd.ssh_command());
    fs::write(b.path("user/.gitconfig"), &ssh).unwrap();
    git(&session.project, &["config", "core.sshCommand", &sshd.ssh_command()]);
    let url = format!("ssh://{}{}", sshd.address(), bare.display());
    git(&session.project, &["remote", "set-url", "origin", &url]);
    let published = pair.publish(&["--carry=git", "--yes"]);
    pair.origin_is_gone();
    fs::remove_dir_all(clone).unwrap();
    let args = ["pickup", text(&published, "token"), "--plan", "carried"];
    b.cmd(&args).fails(1).says(&["--clone"]);
    b.cmd(&args).args(&["--clone"]).ok();
    let started = b.claude_started().unwrap();
    assert_eq!(
        (started.cwd, started.args),
        (b.projects.join("uploader"), vec!["--resume".into(), session.id.clone()])
    );
    assert_eq!(sealed_in(bare), 1);
}

#[test]
fn a_password_in_a_remotes_address_is_on_no_command_line_of_ours() {
    let Some(pair) = Pair::new() else { return };
    let Pair { a, session, .. } = &pair;
    let (real, bin, log) = (which::which("git").unwrap(), a.path("bin"), a.path("log"));
    fs::create_dir_all(&bin).unwrap();
    let script = format!("#!/bin/sh\necho \"$@\" >>'{}'\nexec '{}' \"$@\"\n", log.display(), real.display());
    fs::write(bin.join("git"), script).unwrap();
    fs::set_permissions(bin.join("git"), PermissionsExt::from_mode(0o755)).unwrap();
    // Nothing listens there: what matters is what git is called with.
    let url = "http://ada:s3cret@127.0.0.1:9/shop.git";
    git(&session.project, &["remote", "set-url", "origin", url]);
    git(&session.project, &["config", "remote.origin.proxy", "http://proxy:s3cret@127.0.0.1:9"]);
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let publish = a.cmd(&["publish", &session.id, "--carry=git", "--yes"]);
    let said = publish.env("PATH", &path).fails(1).says(&["git could not use http://127.0.0.1:9/shop.git"]);
    assert!(!said.stderr.contains("s3cret"), "{}", said.stderr);
    let called = fs::read_to_string(&log).unwrap();
    assert!(called.contains("push") && !called.contains("s3cret"), "{called}");
}

#[test]
fn a_fetch_ends_where_more_comes_than_the_handoff_says() {
    let Some(pair) = Pair::new() else { return };
    let Pair { a, b, bare, clone, .. } = &pair;
    let published = pair.publish(&["--carry=git", "--yes"]);
    let reference = asked(bare, &["for-each-ref", "--format=%(refname)", "refs/cclink/"]);
    let mut noise = 1_u32;
    let big: Vec<u8> = std::iter::repeat_with(|| {
        noise ^= noise << 13;
        noise ^= noise >> 17;
        noise ^= noise << 5;
        noise.to_le_bytes()
    })
    .take(2_000_000)
    .flatten()
    .collect();
    let seed = a.project("seed");
    git(&seed, &["init", "-q"]);
    fs::write(seed.join("000"), big).unwrap();
    git(&seed, &["add", "000"]);
    git(&seed, &["commit", "-q", "-m", "big"]);
    git(&seed, &["push", "-q", "-f", bare.to_str().unwrap(), &format!("HEAD:{}", reference.trim())]);
    // Then it trickles, for minutes.
    let slow = b.path("slow");
    let script = "#!/bin/sh\nexec 3>&1\ngit-upload-pack \"$@\" | { dd bs=4096 count=700; \
        while kill -0 $PPID && ! dd bs=2000 count=1 2>&1 >&3 | grep -q '^0+0'; do sleep 0.2; done; } 2>/dev/null\n";
    fs::write(&slow, script).unwrap();
    fs::set_permissions(&slow, PermissionsExt::from_mode(0o755)).unwrap();
    git(clone, &["config", "remote.origin.uploadpack", slow.to_str().unwrap()]);
    let pickup = b.cmd(&["pickup", text(&published, "token"), "--plan", "carried"]);
    pickup.cwd(clone).within(Duration::from_mins(1)).fails(1).says(&["more comes than the handoff says"]);
    let folder = b.home.join("state/carry");
    let left = fs::read_dir(&folder).map_or(0, Iterator::count);
    assert_eq!(left, 0, "{folder:?}");
}

/// A git host by HTTP that answers whoever sends `key`, or everybody.
fn host(key: Option<&'static str>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..read]);
            let refs = format!("{}\trefs/heads/main\n", "1".repeat(40));
            let answer = match key {
                Some(key) if !request.contains(key) => {
                    "401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\""
                }
                _ if request.contains("/info/refs") => "200 OK\r\nContent-Type: text/plain",
                _ => "404 Not Found",
            };
            let body = if answer.starts_with("200") { refs } else { String::new() };
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {answer}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
        }
    });
    at
}

#[test]
fn a_remote_that_only_its_users_settings_open_is_not_called_public() {
    let Some(pair) = Pair::new() else { return };
    let Pair { a, session, .. } = &pair;
    let asked_with = |key: Option<&'static str>, settings: &dyn Fn(SocketAddr) -> String| {
        let at = host(key);
        fs::write(a.path("user/.gitconfig"), settings(at)).unwrap();
        git(&session.project, &["remote", "set-url", "origin", &format!("http://{at}/shop.git")]);
        a.cmd(&["publish", &session.id, "--carry=git"]).fails(1).stderr
    };
    let (open, closed) = ("This remote can be read without a password", "Everyone who can read that remote");
    let said = asked_with(None, &|_| String::new());
    assert!(said.contains(open), "{said}");
    // Base64 of ada:t0ken
    let key = "Basic YWRhOnQwa2Vu";
    let rewritten = |at| format!("[url \"http://ada:t0ken@{at}/\"]\n\tinsteadOf = http://{at}/\n");
    let header = |_| format!("[http]\n\textraHeader = Authorization: {key}\n");
    for settings in [&rewritten as &dyn Fn(SocketAddr) -> String, &header] {
        let said = asked_with(Some(key), settings);
        assert!(said.contains(closed) && !said.contains("t0ken"), "{said}");
    }
}

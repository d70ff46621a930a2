//! Repositories of git, and a session in one that another machine never had.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Device, Session, Sshd, tool_is_missing};

pub fn git(dir: &Path, args: &[&str]) {
    let who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"];
    let out = Command::new("git").args(who).args(args).current_dir(dir).output().unwrap();
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
}

/// A repository with one commit, and this remote under this name.
pub fn repository(device: &Device, name: &str, remote: (&str, &str)) -> PathBuf {
    let dir = device.project(name);
    git(&dir, &["init", "-q"]);
    git(&dir, &["remote", "add", remote.0, remote.1]);
    fs::write(dir.join("file"), name).unwrap();
    git(&dir, &["add", "file"]);
    git(&dir, &["commit", "-q", "-m", name]);
    dir.canonicalize().unwrap()
}

/// Takes a session's project away, as on a machine that never had it.
pub fn elsewhere(session: &Session) {
    fs::remove_dir_all(&session.project).unwrap();
}

/// A session published on `a`, which `b` reaches over SSH; its repository can be
/// cloned from there, and is nowhere on `b`.
pub struct Reached {
    pub a: Device,
    pub b: Device,
    pub sshd: Sshd,
}

impl Reached {
    /// `None` where a tool is missing.
    pub fn start(project: &str) -> Option<Self> {
        if tool_is_missing("git") {
            return None;
        }
        let a = Device::new();
        let bare = a.path("user/bare.git");
        let sshd = Sshd::start(&a.path("user"))?;
        let b = Device::copy_of(&a);
        sshd.configure(&b, "");
        let remote = format!("ssh://{}{}", sshd.address(), bare.display());
        let dir = repository(&a, project, ("origin", &remote));
        git(&a.projects, &["clone", "-q", "--bare", dir.to_str().unwrap(), bare.to_str().unwrap()]);
        let session = a.session(project, "To be cloned");
        a.publish_session(&session, &["--ssh", &sshd.address()]);
        elsewhere(&session);
        Some(Self { a, b, sshd })
    }
}

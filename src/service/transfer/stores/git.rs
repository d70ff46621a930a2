//! A ref of a git remote, by the user's own git: with the credentials, proxies and
//! rewritten addresses that work for it today.
//!
//! The user's repository is read, never written: objects go to a folder of ours that
//! has the repository's as an alternate, and no ref, tag or `FETCH_HEAD` is made. What
//! lies in the remote is an orphan commit whose tree holds the file in parts.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::{Put, unusable};
use crate::service::programs::{ASKS_NOTHING, git, own_git, public_remote};
use crate::service::{Error, Job, Result};
use crate::store::files;
use crate::text;

/// Bytes of a part: git hosts refuse blobs of 50 or 100 MB.
const PART: u64 = 45 * 1024 * 1024;
/// More parts than any sealed file has.
const MOST_PARTS: usize = 100;
/// What git prints besides a blob is short.
const LONGEST: u64 = 64 * 1024;
/// Beside what every git of ours is told: nothing but what it is asked for goes out, and
/// what is sealed is not compressed once more.
const ALSO: [&str; 20] = [
    "-c",
    "push.followTags=false",
    "-c",
    "push.recurseSubmodules=no",
    "-c",
    "push.gpgSign=false",
    "-c",
    "protocol.ext.allow=never",
    "-c",
    "gc.auto=0",
    "-c",
    "maintenance.auto=false",
    "-c",
    "fetch.writeCommitGraph=false",
    "-c",
    "core.compression=0",
    "-c",
    "core.bigFileThreshold=1m",
    "-c",
    "fetch.unpackLimit=1",
];
/// The same commit for the same parts.
const NOBODY: [(&str, &str); 6] = [
    ("GIT_AUTHOR_NAME", "cclink"),
    ("GIT_AUTHOR_EMAIL", "cclink@localhost"),
    ("GIT_AUTHOR_DATE", "1767225600 +0000"),
    ("GIT_COMMITTER_NAME", "cclink"),
    ("GIT_COMMITTER_EMAIL", "cclink@localhost"),
    ("GIT_COMMITTER_DATE", "1767225600 +0000"),
];

/// A git that reaches a remote.
pub(super) struct Git {
    /// Where it runs.
    directory: PathBuf,
    /// The repository's own objects, where there is one.
    alternate: Option<PathBuf>,
    /// Where new objects go; gone with this.
    objects: TempDir,
    remote: String,
    /// The remote's address without a password, for people.
    shown: String,
    asks: bool,
}

impl Git {
    /// In a repository that knows the remote by name, else anywhere by its address.
    pub async fn open(
        state: &Path,
        directory: Option<&Path>,
        remote: &str,
        url: &str,
        asks: bool,
    ) -> Result<Self> {
        let folder = state.join("carry");
        files::private_dir(&folder).map_err(Error::from)?;
        let objects = tempfile::Builder::new().prefix(".git-").tempdir_in(&folder);
        let objects = objects.map_err(|error| unusable(&folder, &error))?;
        let shown = public_remote(url).unwrap_or_else(|| remote.to_owned());
        let mut git = Self {
            directory: objects.path().to_owned(),
            alternate: None,
            objects,
            remote: url.to_owned(),
            shown,
            asks,
        };
        if let Some(directory) = directory.filter(|directory| directory.is_dir())
            && let Some(own) = git.own_objects(directory).await
            && git.knows(directory, remote).await
        {
            (git.directory, git.alternate, git.remote) = (directory.to_owned(), Some(own), remote.to_owned());
            return Ok(git);
        }
        let init = git.plain(&["init", "--bare", "--quiet", "."]);
        git.run(init, None).await?;
        Ok(git)
    }

    /// Where a repository's objects are; `None` for what is none.
    async fn own_objects(&self, directory: &Path) -> Option<PathBuf> {
        let mut git = self.plain(&["rev-parse", "--git-path", "objects"]);
        git.current_dir(directory);
        let said = self.run(git, None).await.ok()?;
        let path = directory.join(String::from_utf8(said).ok()?.trim_end_matches('\n'));
        std::path::absolute(path).ok()
    }

    async fn knows(&self, directory: &Path, remote: &str) -> bool {
        let mut git = self.plain(&["remote", "get-url", "--", remote]);
        git.current_dir(directory);
        self.run(git, None).await.is_ok()
    }

    /// Puts a file there.
    pub async fn put(&self, name: &str, file: &Path) -> Result<Put> {
        let commit = self.commit(file).await?;
        let to = format!("{commit}:{}", reference(name)?);
        match self.talk(&["push", "--no-verify", "--porcelain", "--quiet", "--", &self.remote, &to]).await {
            Ok(_) => Ok(Put::Done),
            Err(said) if is_refusal(&said) => Ok(Put::Refused(said)),
            Err(said) => Err(self.unreached(&said)),
        }
    }

    /// Gets it into `into`; whether it is there.
    pub async fn get(&self, name: &str, into: &Path, bytes: u64, job: &Job) -> Result<bool> {
        let Some(commit) = self.lies_there(name).await? else { return Ok(false) };
        job.doing(format!("fetching it from {}: {}", text::clean(&self.shown), text::bytes(bytes)));
        let fetch = [
            "fetch",
            "--quiet",
            "--no-write-fetch-head",
            "--no-tags",
            "--no-recurse-submodules",
            "--no-auto-maintenance",
            "--no-filter",
            "--refmap=",
            "--",
            &self.remote,
            &reference(name)?,
        ];
        self.talk(&fetch).await.map_err(|said| self.unreached(&said))?;
        self.write_parts(&commit, into, bytes).await
    }

    /// Takes it away.
    pub async fn take_away(&self, name: &str) -> Result<()> {
        if self.lies_there(name).await?.is_none() {
            return Ok(());
        }
        let gone = format!(":{}", reference(name)?);
        let push = ["push", "--no-verify", "--quiet", "--", &self.remote, &gone];
        self.talk(&push).await.map(drop).map_err(|said| self.unreached(&said))
    }

    /// The commit that lies there under a name.
    async fn lies_there(&self, name: &str) -> Result<Option<String>> {
        let reference = reference(name)?;
        let said = self.talk(&["ls-remote", "--quiet", "--", &self.remote, &reference]).await;
        let said = said.map_err(|said| self.unreached(&said))?;
        let said = String::from_utf8_lossy(&said);
        let mut lines = said.lines().filter_map(|line| line.split_once('\t'));
        let found = lines.find(|(id, named)| *named == reference && is_id(id));
        Ok(found.map(|(id, _)| id.to_owned()))
    }

    /// An orphan commit that holds the file in parts.
    async fn commit(&self, file: &Path) -> Result<String> {
        let failed = |error: std::io::Error| unusable(file, &error);
        let mut content = File::open(file).await.map_err(failed)?;
        let mut left = content.metadata().await.map_err(failed)?.len();
        let mut tree = String::new();
        for number in 0.. {
            let part = left.min(PART);
            let blob = self.id(&["hash-object", "-w", "--stdin"], Some((&mut content, part))).await?;
            let _ = writeln!(tree, "100644 blob {blob}\t{number:03}");
            left -= part;
            if left == 0 {
                break;
            }
        }
        let mut listed = tempfile::tempfile_in(self.objects.path()).map_err(failed)?;
        std::io::Write::write_all(&mut listed, tree.as_bytes()).map_err(failed)?;
        std::io::Seek::rewind(&mut listed).map_err(failed)?;
        let tree = self.id(&["mktree"], Some((&mut File::from_std(listed), tree.len() as u64))).await?;
        self.id(&["commit-tree", "-m", "cclink", &tree], None).await
    }

    /// The id that a git command prints.
    async fn id(&self, arguments: &[&str], input: Option<(&mut File, u64)>) -> Result<String> {
        let said = self.run(self.command(arguments), input).await?;
        let said = String::from_utf8_lossy(&said).trim().to_owned();
        if is_id(&said) { Ok(said) } else { Err(self.unreached(&said)) }
    }

    /// Writes the parts of a commit one after the other, at most `bytes`.
    async fn write_parts(&self, commit: &str, into: &Path, bytes: u64) -> Result<bool> {
        let listed = self.run(self.command(&["ls-tree", "-z", commit]), None).await?;
        let listed = String::from_utf8_lossy(&listed);
        let parts: Vec<&str> = listed.split('\0').filter(|line| !line.is_empty()).collect();
        if parts.len() > MOST_PARTS {
            return Ok(false);
        }
        let failed = |error: std::io::Error| unusable(into, &error);
        let mut out = OpenOptions::new();
        let mut out = out.create(true).write(true).truncate(true).open(into).await.map_err(failed)?;
        let mut left = bytes;
        for (number, part) in parts.into_iter().enumerate() {
            let blob = part.split_once('\t').filter(|(_, name)| *name == format!("{number:03}"));
            let blob = blob.and_then(|(blob, _)| blob.strip_prefix("100644 blob "));
            let Some(blob) = blob.filter(|id| is_id(id)) else { return Ok(false) };
            let mut git = self.command(&["cat-file", "blob", blob]);
            git.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
            let mut child = git.spawn().map_err(|error| not_started(&error))?;
            let Some(stdout) = child.stdout.take() else { return Ok(false) };
            let copied = tokio::io::copy(&mut stdout.take(left.saturating_add(1)), &mut out).await;
            let Some(rest) = left.checked_sub(copied.map_err(failed)?) else { return Ok(false) };
            left = rest;
        }
        out.flush().await.map_err(failed)?;
        Ok(left == 0)
    }

    /// git in its folder, with our options and none of our objects.
    fn plain(&self, arguments: &[&str]) -> Command {
        let mut command = if self.asks {
            let mut command = own_git("git");
            command.current_dir(&self.directory);
            command
        } else {
            let mut command = git(&self.directory);
            command.envs(ASKS_NOTHING).env("GIT_ASKPASS", "false");
            command
        };
        command.args(ALSO).args(arguments).env("LC_ALL", "C").envs(NOBODY).kill_on_drop(true);
        command
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.plain(arguments);
        if let Some(own) = &self.alternate {
            command.env("GIT_OBJECT_DIRECTORY", self.objects.path());
            command.env("GIT_ALTERNATE_OBJECT_DIRECTORIES", quoted(own));
        }
        command
    }

    /// What a git that talks to the remote prints; else what it says about it.
    async fn talk(&self, arguments: &[&str]) -> std::result::Result<Vec<u8>, String> {
        self.run(self.command(arguments), None).await.map_err(|error| error.message)
    }

    /// What a git prints; an error has its words.
    async fn run(&self, mut git: Command, input: Option<(&mut File, u64)>) -> Result<Vec<u8>> {
        git.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
        git.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = git.spawn().map_err(|error| not_started(&error))?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let feed = async {
            if let (Some(mut stdin), Some((file, bytes))) = (stdin, input) {
                let _ = tokio::io::copy(&mut file.take(bytes), &mut stdin).await;
            }
        };
        let ((), said, words) = tokio::join!(feed, all(stdout), all(stderr));
        let status = child.wait().await.map_err(|error| not_started(&error))?;
        if status.success() { Ok(said) } else { Err(Error::failed(self.words(&said, &words))) }
    }

    /// What git says about a failure, in a line.
    fn words(&self, said: &[u8], words: &[u8]) -> String {
        let both = [said, b"\n", words].concat();
        let both = text::clean_lines(&String::from_utf8_lossy(&both)).replace(&self.remote, &self.shown);
        let lines: Vec<&str> = both.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let telling = |line: &&&str| line.contains("rejected") || line.contains("hidden ref");
        let fatal = |line: &&&str| line.starts_with("fatal: ") || line.starts_with("error: ");
        let line = lines.iter().find(telling).or_else(|| lines.iter().find(fatal)).or(lines.last());
        line.map_or_else(|| "it says nothing".to_owned(), |line| text::fit(line, 200))
    }

    fn unreached(&self, said: &str) -> Error {
        let remote = text::clean(&self.shown);
        Error::failed(format!("git could not use {remote}: {}.", said.trim_end_matches('.')))
            .advise("Try `git ls-remote` there yourself; another way is chosen with `--carry`.")
    }
}

/// All of what a program writes there that is kept; the rest is read and forgotten.
async fn all(from: Option<impl tokio::io::AsyncRead + Unpin>) -> Vec<u8> {
    let mut said = Vec::new();
    if let Some(mut from) = from {
        let _ = (&mut from).take(LONGEST).read_to_end(&mut said).await;
        let _ = tokio::io::copy(&mut from, &mut tokio::io::sink()).await;
    }
    said
}

fn not_started(error: &std::io::Error) -> Error {
    Error::failed(format!("git could not be started: {error}."))
}

/// The ref of a file. An empty name would be another ref, and delete what nobody named.
fn reference(name: &str) -> Result<String> {
    let is_name =
        name.len() == 26 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if is_name {
        Ok(format!("refs/cclink/{name}"))
    } else {
        Err(Error::failed("That is no name of a sealed file."))
    }
}

/// A whole commit's or object's id.
fn is_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a remote says that it takes no such refs.
fn is_refusal(said: &str) -> bool {
    ["hidden ref", "remote rejected", "hook declined"].iter().any(|words| said.contains(words))
}

/// A path for a list that `:` divides.
fn quoted(path: &Path) -> std::ffi::OsString {
    match path.to_str() {
        Some(text) if text.contains([':', '"', '\\']) => {
            format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")).into()
        }
        _ => path.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_names_are_refs() {
        assert!(reference("").is_err() && reference("abc").is_err());
        assert!(reference("../heads/main/aaaaaaaaaaaa").is_err());
        assert_eq!(reference(&"y".repeat(26)).unwrap(), format!("refs/cclink/{}", "y".repeat(26)));
    }

    #[test]
    fn refusals_are_told_from_failures() {
        assert!(is_refusal("! [remote rejected] x -> refs/cclink/y (deny updating a hidden ref)"));
        assert!(!is_refusal("fatal: unable to access 'https://example.org/': Could not resolve host"));
    }
}

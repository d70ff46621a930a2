//! A ref of a git remote, by the user's own git: with the credentials, proxies and
//! rewritten addresses that work for it today.
//!
//! The user's repository is read, never written: objects go to a folder of ours that
//! has the repository's as an alternate, and no ref, tag or `FETCH_HEAD` is made. What
//! lies in the remote is an orphan commit whose tree holds the file in parts.

mod progress;

use std::fmt::Write;
use std::fs::{self, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use self::progress::{Tell, heard};
use super::{Put, unusable};
use crate::service::programs::{ASKS_NOTHING, as_alternate, git, is_object, own_git, public_remote};
use crate::service::{Error, Job, Result};
use crate::store::files;
use crate::text;

/// How long one exchange with a remote may take where nobody waits for it.
const PATIENCE: Duration = Duration::from_mins(10);
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

/// What git calls the address here. It may hold a password, and everybody on the machine
/// can read a command line: git is told it in the environment, since 2.31. What git then
/// calls its own helper with is git's, as for the user's own pushes.
const THERE: &str = "cclink-there";
/// Settings of a remote that count for a push to its address, too.
const OF_REMOTE: [&str; 2] = ["proxy", "receivepack"];
/// What a fetch may bring beside the file: git's own headers, the tree, the commit.
const BESIDE: u64 = 1024 * 1024;

/// A git that reaches a remote.
pub(super) struct Git {
    /// Where it runs.
    directory: PathBuf,
    /// The repository's own objects, where there is one.
    alternate: Option<PathBuf>,
    /// Where new objects go; gone with this.
    objects: TempDir,
    /// Held as long as they are in use; no file system has to have locks.
    _lock: Option<fs::File>,
    /// What is read from: a remote by its name, or [`THERE`].
    remote: String,
    /// What [`THERE`] is, and all that is written to: always an address. By the
    /// remote's name more than was said would happen: its other addresses and its
    /// mirror, and a ref made here of ours there.
    address: String,
    /// What a push by the remote's name would have taken from its settings: they are
    /// those of [`THERE`].
    of_remote: Vec<(&'static str, String)>,
    /// The remote's address without a password, for people.
    shown: String,
    asks: bool,
    /// Bytes of a part.
    part: u64,
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
        let (objects, lock) = own_folder(&folder).map_err(|error| unusable(&folder, &error))?;
        let shown = public_remote(url).unwrap_or_else(|| remote.to_owned());
        let mut git = Self {
            directory: objects.path().to_owned(),
            alternate: None,
            objects,
            _lock: lock,
            remote: THERE.to_owned(),
            address: url.to_owned(),
            of_remote: Vec::new(),
            shown,
            asks,
            part: PART,
        };
        if let Some(directory) = directory.filter(|directory| directory.is_dir())
            && let Some(own) = git.own_objects(directory).await
        {
            (git.directory, git.alternate) = (directory.to_owned(), Some(own));
            git.by_name(remote, url).await;
            return Ok(git);
        }
        let init = git.plain(&["init", "--bare", "--quiet", "--template=", "."]);
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

    /// What the repository knows the remote by, where that is still the same place: its
    /// address with what opens it, its name, and its settings.
    async fn by_name(&mut self, remote: &str, url: &str) {
        let reads = self.said(&["remote", "get-url", "--", remote]).await;
        let writes = self.said(&["remote", "get-url", "--push", "--", remote]).await;
        let is_meant = |address: &&String| {
            **address == url || public_remote(address).is_some_and(|address| address == url)
        };
        let read = reads.as_ref().filter(is_meant);
        if let Some(address) = writes.as_ref().filter(is_meant).or(read) {
            self.address.clone_from(address);
            if read.is_some() {
                remote.clone_into(&mut self.remote);
            }
            for name in OF_REMOTE {
                let value = self.said(&["config", "--get", &format!("remote.{remote}.{name}")]).await;
                self.of_remote.extend(value.map(|value| (name, value)));
            }
        }
    }

    /// A line that git prints, if it does.
    async fn said(&self, arguments: &[&str]) -> Option<String> {
        let said = self.run(self.plain(arguments), None).await.ok()?;
        let line = String::from_utf8(said).ok()?.trim_end_matches('\n').to_owned();
        (!line.is_empty()).then_some(line)
    }

    /// Puts a file there.
    pub async fn put(&self, name: &str, file: &Path, job: &Job) -> Result<Put> {
        let commit = self.commit(file).await?;
        let to = format!("{commit}:{}", reference(name)?);
        let bytes = file.metadata().map_or(0, |file| file.len());
        match self.push(&to, &mut self.tells("pushing the sealed file to", bytes, job)).await {
            Ok(_) => Ok(Put::Done),
            Err(said) if is_refusal(&said) => Ok(Put::Refused(said)),
            Err(said) => Err(self.unreached(&said)),
        }
    }

    /// Gets it into `into`; whether it is there.
    pub async fn get(&self, name: &str, into: &Path, bytes: u64, job: &Job) -> Result<bool> {
        let Some(commit) = self.lies_there(&self.remote, name).await? else { return Ok(false) };
        let mut shows = self.tells("fetching it from", bytes, job);
        shows(0)?;
        // Whoever can write there decides what comes.
        let mut tell = |came| {
            shows(came)?;
            let fits = came <= bytes.saturating_add(BESIDE);
            fits.then_some(()).ok_or_else(|| Error::failed("more comes than the handoff says"))
        };
        let fetch = [
            "fetch",
            "--progress",
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
        self.talk(&fetch, &mut tell).await.map_err(|said| self.unreached(&said))?;
        self.write_parts(&commit, into, bytes).await
    }

    /// Takes it away; whether it was there.
    pub async fn take_away(&self, name: &str) -> Result<bool> {
        if self.lies_there(THERE, name).await?.is_none() {
            return Ok(false);
        }
        let gone = format!(":{}", reference(name)?);
        self.push(&gone, &mut |_| Ok(())).await.map(|_| true).map_err(|said| self.unreached(&said))
    }

    /// Tells how much of a file has moved.
    fn tells<'a>(
        &self,
        verb: &str,
        all: u64,
        job: &'a Job,
    ) -> impl FnMut(u64) -> Result<()> + Send + use<'a> {
        let what = format!("{verb} {}", text::clean(&self.shown));
        // git counts its own headers, too.
        move |bytes| {
            job.so_far(&what, bytes.min(all), all);
            Ok(())
        }
    }

    async fn push(&self, what: &str, tell: Tell<'_>) -> std::result::Result<Vec<u8>, String> {
        let arguments = ["push", "--no-verify", "--porcelain", "--progress", "--", THERE, what];
        self.talk(&arguments, tell).await
    }

    /// The commit that lies there under a name.
    async fn lies_there(&self, there: &str, name: &str) -> Result<Option<String>> {
        let reference = reference(name)?;
        let said = self.talk(&["ls-remote", "--quiet", "--", there, &reference], &mut |_| Ok(())).await;
        let said = said.map_err(|said| self.unreached(&said))?;
        let said = String::from_utf8_lossy(&said);
        let mut lines = said.lines().filter_map(|line| line.split_once('\t'));
        let found = lines.find(|(id, named)| *named == reference && is_object(id));
        Ok(found.map(|(id, _)| id.to_owned()))
    }

    /// An orphan commit that holds the file in parts.
    async fn commit(&self, file: &Path) -> Result<String> {
        let failed = |error: std::io::Error| unusable(file, &error);
        let mut content = File::open(file).await.map_err(failed)?;
        let mut left = content.metadata().await.map_err(failed)?.len();
        let mut tree = String::new();
        for number in 0.. {
            let part = left.min(self.part);
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
        if is_object(&said) { Ok(said) } else { Err(self.unreached(&said)) }
    }

    /// Writes the parts of a commit one after the other, at most `bytes`.
    async fn write_parts(&self, commit: &str, into: &Path, bytes: u64) -> Result<bool> {
        let listed = self.run(self.command(&["ls-tree", "--full-tree", "-z", commit]), None).await?;
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
            let Some(blob) = blob.filter(|id| is_object(id)) else { return Ok(false) };
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
            command.envs(ASKS_NOTHING).env("GIT_ASKPASS", "");
            command
        };
        command.args(ALSO).args(arguments).env("LC_ALL", "C").envs(NOBODY).kill_on_drop(true);
        command
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.plain(arguments);
        if let Some(own) = &self.alternate {
            command.env("GIT_OBJECT_DIRECTORY", self.objects.path());
            command.env("GIT_ALTERNATE_OBJECT_DIRECTORIES", as_alternate(own));
        } else {
            // Not found by looking for it: the user may have forbidden that for bare ones.
            command.env("GIT_DIR", self.objects.path());
        }
        let address = ("url", self.address.clone());
        let settings = std::iter::once(&address).chain(&self.of_remote);
        told_in_the_environment(
            &mut command,
            settings.map(|(name, value)| (format!("remote.{THERE}.{name}"), value)),
        );
        command
    }

    /// What a git that talks to the remote prints; else what it says about it. A person
    /// at the terminal may take their time; nobody else waits for ever.
    async fn talk(&self, arguments: &[&str], tell: Tell<'_>) -> std::result::Result<Vec<u8>, String> {
        let talk = self.follow(self.command(arguments), None, tell);
        let talk = async { talk.await.map_err(|error| error.message) };
        if self.asks {
            return talk.await;
        }
        let silent = |_| Err(format!("it takes longer than {} minutes", PATIENCE.as_secs() / 60));
        tokio::time::timeout(PATIENCE, talk).await.unwrap_or_else(silent)
    }

    /// What a git prints; an error has its words.
    async fn run(&self, git: Command, input: Option<(&mut File, u64)>) -> Result<Vec<u8>> {
        self.follow(git, input, &mut |_| Ok(())).await
    }

    /// The same, and how far it is.
    async fn follow(
        &self,
        mut git: Command,
        input: Option<(&mut File, u64)>,
        tell: Tell<'_>,
    ) -> Result<Vec<u8>> {
        git.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
        git.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = git.spawn().map_err(|error| not_started(&error))?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let feed = async {
            if let (Some(mut stdin), Some((file, bytes))) = (stdin, input) {
                let _ = tokio::io::copy(&mut file.take(bytes), &mut stdin).await;
            }
            Ok(())
        };
        // Where one gives up the others are dropped, and git with them.
        let said = async { Ok(all(stdout).await) };
        let ((), said, words) = tokio::try_join!(feed, said, heard(stderr, tell))?;
        let status = child.wait().await.map_err(|error| not_started(&error))?;
        if status.success() { Ok(said) } else { Err(Error::failed(self.words(&said, &words))) }
    }

    /// What git says about a failure, in a line.
    fn words(&self, said: &[u8], words: &[u8]) -> String {
        let both = [said, b"\n", words].concat();
        let both = text::clean_lines(&String::from_utf8_lossy(&both)).replace(&self.address, &self.shown);
        let both = both.replace(THERE, &self.shown);
        let lines: Vec<&str> = both.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let telling = |line: &&&str| line.contains("rejected") || line.contains("hidden ref");
        let fatal = |line: &&&str| line.starts_with("fatal: ") || line.starts_with("error: ");
        let line = lines.iter().find(telling).or_else(|| lines.iter().find(fatal)).or(lines.last());
        line.map_or_else(|| "it gave no reason".to_owned(), |line| text::fit(line, 200))
    }

    fn unreached(&self, said: &str) -> Error {
        let remote = text::clean(&self.shown);
        Error::failed(format!("git could not use {remote}: {}.", said.trim_end_matches('.')))
            .advise("Try `git ls-remote` there yourself, or choose another place for the conversation.")
    }
}

/// Adds settings to those that the user's own environment gives git.
fn told_in_the_environment<'a>(command: &mut Command, settings: impl Iterator<Item = (String, &'a String)>) {
    const COUNT: &str = "GIT_CONFIG_COUNT";
    let mut count: usize = std::env::var(COUNT).ok().and_then(|count| count.parse().ok()).unwrap_or(0);
    for (key, value) in settings {
        command.env(format!("GIT_CONFIG_KEY_{count}"), key).env(format!("GIT_CONFIG_VALUE_{count}"), value);
        count += 1;
    }
    command.env(COUNT, count.to_string());
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
    if is_name(name) {
        Ok(format!("refs/cclink/{name}"))
    } else {
        Err(Error::failed("Not the name of a sealed file."))
    }
}

/// Whether it can be the name of a sealed file.
pub(super) fn is_name(name: &str) -> bool {
    name.len() == 26 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// Whether a remote says that it takes no such refs; a full disk there passes.
fn is_refusal(said: &str) -> bool {
    let says = |words: &[&str]| words.iter().any(|words| said.contains(words));
    says(&["hidden ref", "remote rejected", "hook declined"])
        && !says(&["unpacker error", "failed to update ref", "cannot lock ref", "Internal Server Error"])
}

/// How a folder for git begins.
const FOLDER: &str = ".git-";
/// The file in it that is locked while it is in use.
const LOCK: &str = "in-use";

/// A folder for one git, so that [`tidy`] knows it from the rest of a process that was
/// killed.
fn own_folder(folder: &Path) -> io::Result<(TempDir, Option<fs::File>)> {
    loop {
        let own = tempfile::Builder::new().prefix(FOLDER).tempdir_in(folder)?;
        let lock = match fs::File::create_new(own.path().join(LOCK)) {
            Ok(lock) => lock,
            // Another process tidied it up at once.
            Err(_) if !own.path().is_dir() => continue,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(error),
        };
        match lock.try_lock() {
            Ok(()) if own.path().join(LOCK).exists() => return Ok((own, Some(lock))),
            Ok(()) | Err(TryLockError::WouldBlock) => {}
            // Without locks nothing is tidied either.
            Err(TryLockError::Error(_)) => return Ok((own, None)),
        }
    }
}

/// Removes the folders for git of processes that were killed.
pub(super) fn tidy(state: &Path) {
    for entry in state.join("carry").read_dir().into_iter().flatten().flatten() {
        let is_ours = entry.file_name().as_encoded_bytes().starts_with(FOLDER.as_bytes());
        if !is_ours || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let mut lock = fs::File::options();
        let lock = lock.create(true).truncate(false).write(true).open(entry.path().join(LOCK));
        // The lock is held until it is gone.
        if let Ok(lock) = lock
            && lock.try_lock().is_ok()
        {
            let _ = fs::remove_dir_all(entry.path());
        }
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

    #[tokio::test]
    async fn a_file_of_many_parts_comes_back_whole() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let made = git(dir.path()).args(["init", "--bare", "--quiet", "there"]).status().await;
        if !made.is_ok_and(|status| status.success()) {
            // git is not installed here
            return;
        }
        let (name, url) = ("y".repeat(26), format!("file://{}", at("there").display()));
        for (number, bytes) in [0_usize, 1, 999, 1000, 1001, 5000, 9876].into_iter().enumerate() {
            let content: Vec<u8> = (0..bytes).map(|at| u8::try_from(at * 31 % 251).unwrap()).collect();
            fs::write(at("file"), &content).unwrap();
            let mut git = Git::open(&at("state"), None, &url, &url, false).await.unwrap();
            git.part = 1000;
            assert!(!git.get(&name, &at("back"), bytes as u64, &Job::quiet()).await.unwrap());
            assert_eq!(git.put(&name, &at("file"), &Job::quiet()).await.unwrap(), Put::Done, "{number}");
            let reader = Git::open(&at("state"), None, &url, &url, false).await.unwrap();
            assert!(reader.get(&name, &at("back"), bytes as u64, &Job::quiet()).await.unwrap());
            assert_eq!(fs::read(at("back")).unwrap(), content);
            assert!(!reader.get(&name, &at("back"), bytes as u64 + 1, &Job::quiet()).await.unwrap());
            assert!(git.take_away(&name).await.unwrap() && !git.take_away(&name).await.unwrap());
        }
        // What is in use stays, what a killed one left goes.
        let used = Git::open(&at("state"), None, &url, &url, false).await.unwrap();
        let left = at("state").join("carry/.git-left/objects/pack");
        fs::create_dir_all(&left).unwrap();
        tidy(&at("state"));
        let names = || at("state").join("carry").read_dir().unwrap().count();
        assert!(used.objects.path().is_dir());
        assert_eq!(names(), 1);
        drop(used);
        assert_eq!(names(), 0);
    }

    #[test]
    fn refusals_are_told_from_failures() {
        assert!(is_refusal("! [remote rejected] x -> refs/cclink/y (deny updating a hidden ref)"));
        assert!(!is_refusal("! [remote rejected] x -> refs/cclink/y (unpacker error)"));
        assert!(!is_refusal("fatal: unable to access 'https://example.org/': Could not resolve host"));
    }
}

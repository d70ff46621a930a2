//! git on work that travels: it writes nowhere but where it is told to, and runs
//! nothing that a repository or its attributes name.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::Command;

use super::path_of;
use crate::service::programs::{as_alternate, git, is_object};
use crate::text;

/// Beside what [`git`] always says: no path that some system takes for `.git`, no
/// index in two files, no work behind anybody's back or in submodules, and no program
/// for the refs of another repository.
const QUIET: [&str; 8] = [
    "core.protectHFS=true",
    "core.protectNTFS=true",
    "core.splitIndex=false",
    "core.alternateRefsCommand=true",
    "fetch.writeCommitGraph=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
];
/// Nothing is fetched for it, and no commit stands for another.
const ENV: [(&str, &str); 3] = [("GIT_NO_LAZY_FETCH", "1"), ("GIT_NO_REPLACE_OBJECTS", "1"), ("LC_ALL", "C")];
/// What changes how git prints differences.
const NOT_OURS: [&str; 3] = ["GIT_EXTERNAL_DIFF", "GIT_DIFF_OPTS", "GIT_ALTERNATE_OBJECT_DIRECTORIES"];

/// A repository with a tree.
pub(super) struct Repo {
    /// Where its tree begins.
    pub top: PathBuf,
    index: PathBuf,
    objects: PathBuf,
    /// The programs through which some files pass, by their names.
    filters: BTreeSet<OsString>,
}

/// An index and objects of ours: what git writes there, the repository never has.
pub(super) struct Scratch {
    dir: TempDir,
    alternate: OsString,
}

impl Repo {
    /// The one around a directory; `None` where git knows none.
    pub async fn around(directory: &Path) -> Option<Self> {
        let one = async |arguments: &[&str]| -> Option<PathBuf> {
            let answer = done(quiet(directory).args(arguments)).await.ok()?;
            let path = path_of(answer.strip_suffix(b"\n")?);
            path.is_absolute().then_some(path)
        };
        let absolute = ["rev-parse", "--path-format=absolute"];
        let top = one(&[&absolute[..], &["--show-toplevel"]].concat()).await?;
        let index = one(&[&absolute[..], &["--git-path", "index"]].concat()).await?;
        let objects = one(&[&absolute[..], &["--git-path", "objects"]].concat()).await?;
        let names = ["config", "-z", "--name-only", "--get-regexp", r"^filter\."];
        // It fails where there are none.
        let filters = done(quiet(directory).args(names)).await.unwrap_or_default();
        let filters = filters.split(|byte| *byte == 0).filter_map(filter_name).collect();
        Some(Self { top, index, objects, filters })
    }

    /// git in its tree.
    pub fn git<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = quiet(&self.top);
        command.args(arguments);
        self.without_filters(&mut command);
        command
    }

    /// The same where files are checked out: through the filters of this machine, as
    /// whenever its user does that.
    pub fn git_with_filters<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = quiet(&self.top);
        command.args(arguments);
        command
    }

    /// The same on an index of ours, and what it writes goes to objects of ours.
    pub fn aside<S: AsRef<OsStr>>(
        &self,
        scratch: &Scratch,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = self.git(arguments);
        command.env("GIT_INDEX_FILE", scratch.path("index"));
        command.env("GIT_OBJECT_DIRECTORY", scratch.path("objects"));
        command.env("GIT_ALTERNATE_OBJECT_DIRECTORIES", &scratch.alternate);
        command
    }

    /// A filter without commands does nothing. In the environment, for a name may hold
    /// any character.
    fn without_filters(&self, command: &mut Command) {
        let before = std::env::var("GIT_CONFIG_COUNT").ok().and_then(|count| count.parse().ok());
        let mut count: usize = before.unwrap_or(0);
        for name in &self.filters {
            for (key, value) in [("clean", ""), ("smudge", ""), ("process", ""), ("required", "false")] {
                let mut whole = OsString::from("filter.");
                whole.push(name);
                whole.push(".");
                whole.push(key);
                command.env(format!("GIT_CONFIG_KEY_{count}"), whole);
                command.env(format!("GIT_CONFIG_VALUE_{count}"), value);
                count += 1;
            }
        }
        command.env("GIT_CONFIG_COUNT", count.to_string());
    }

    /// Whether this filter is one of its programs.
    pub fn has_filter(&self, name: &OsStr) -> bool {
        self.filters.contains(name)
    }

    /// The last commit's whole hash.
    pub async fn head(&self) -> Option<String> {
        let answer = done(&mut self.git(["rev-parse", "--verify", "-q", "HEAD^{commit}"])).await.ok()?;
        let head = String::from_utf8(answer).ok()?.trim_end().to_owned();
        is_object(&head).then_some(head)
    }

    /// Whether it has this commit, whose whole hash it is.
    pub async fn has(&self, commit: &str) -> bool {
        done(&mut self.git(["cat-file", "-e", &format!("{commit}^{{commit}}")])).await.is_ok()
    }

    /// The branch that is checked out.
    pub async fn branch(&self) -> Option<String> {
        let answer = done(&mut self.git(["symbolic-ref", "-q", "HEAD"])).await.ok()?;
        let name = String::from_utf8(answer).ok()?;
        name.trim_end_matches('\n').strip_prefix("refs/heads/").map(str::to_owned)
    }

    /// An index that begins as the repository's own, and no objects yet.
    pub fn scratch(&self) -> io::Result<Scratch> {
        let scratch = Scratch { dir: tempfile::tempdir()?, alternate: as_alternate(&self.objects) };
        std::fs::create_dir(scratch.path("objects"))?;
        let written = match File::open(&self.index) {
            Ok(mut from) => {
                let mut to = File::create_new(scratch.path("index"))?;
                io::copy(&mut from, &mut to)?;
                // By its time git knows which of its files may have changed unseen.
                to.set_modified(from.metadata()?.modified()?)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        };
        written.map(|()| scratch)
    }
}

impl Scratch {
    /// A file of it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

/// git in a directory, that asks nothing, and that Ctrl-C does not reach: it is
/// stopped, or not, by whoever waits for it.
fn quiet(directory: &Path) -> Command {
    let mut command = git(directory);
    for setting in QUIET {
        command.args(["-c", setting]);
    }
    for name in NOT_OURS {
        command.env_remove(name);
    }
    command.envs(ENV).stdin(Stdio::null()).kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    command
}

/// `lfs` of `filter.lfs.clean`.
fn filter_name(key: &[u8]) -> Option<OsString> {
    let rest = key.strip_prefix(b"filter.")?;
    let end = rest.iter().rposition(|byte| *byte == b'.')?;
    Some(path_of(&rest[..end]).into_os_string())
}

/// What git prints, or what it says of why not.
pub(super) async fn done(command: &mut Command) -> Result<Vec<u8>, String> {
    let output = command.output().await.map_err(|error| format!("git could not be started: {error}"))?;
    if output.status.success() { Ok(output.stdout) } else { Err(why(&output.stderr)) }
}

/// The same for what goes into a new file.
pub(super) async fn done_into(command: &mut Command, file: &Path) -> Result<(), String> {
    let to = File::create_new(file).map_err(|error| error.to_string())?;
    let child = command.stdout(to).stderr(Stdio::piped()).spawn();
    let output =
        child.map_err(|error| format!("git could not be started: {error}"))?.wait_with_output().await;
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(why(&output.stderr)) }
}

/// The same for one that is given a list of paths, with NUL behind each.
pub(super) async fn done_with(command: &mut Command, paths: &[PathBuf]) -> Result<Vec<u8>, String> {
    let list = || -> io::Result<File> {
        // Not through a pipe: git might wait for us to read meanwhile.
        let mut list = tempfile::tempfile()?;
        let mut buffer = io::BufWriter::new(&mut list);
        for path in paths {
            buffer.write_all(path.as_os_str().as_encoded_bytes())?;
            buffer.write_all(&[0])?;
        }
        buffer.flush()?;
        drop(buffer);
        list.rewind()?;
        Ok(list)
    };
    let list = list().map_err(|error| error.to_string())?;
    done(command.stdin(list)).await
}

/// What git said last, in a few words of one line.
fn why(stderr: &[u8]) -> String {
    let said = String::from_utf8_lossy(stderr);
    let line = said
        .lines()
        .map(str::trim)
        .find(|line| ["error: ", "fatal: "].iter().any(|start| line.starts_with(start)));
    let line = line.or_else(|| said.lines().map(str::trim).rfind(|line| !line.is_empty()));
    let line = line.unwrap_or("it failed").trim_start_matches("error: ").trim_start_matches("fatal: ");
    text::fit(&text::clean(line).replace('`', "'"), 200)
}

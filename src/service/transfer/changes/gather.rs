//! Gathering: what of a project's tree is in no remote, in files of ours.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::check::paths_of;
use super::git::{Repo, Scratch, done, done_into, done_with};
use super::untracked::{choose, left_out};
use super::{counted, path_of};
use crate::carry::{COMMITS, Changes, LeftOut, Name, PATCH, Part};
use crate::service::{Error, Result, blocking};

/// A longer patch stays.
const MOST_PATCH: u64 = 256 * 1024 * 1024;
/// And more commits than this.
const MOST_COMMITS: u64 = 512 * 1024 * 1024;
/// Files that a filter makes and that are left out one by one; with more of them the
/// patch stays.
const MOST_FILTERED: usize = 500;
/// How git is asked for the differences, so that no setting of the user's changes how
/// they are written, and no program has a part in it.
const DIFF: [&str; 12] = [
    "diff-index",
    "-p",
    "--binary",
    "--full-index",
    "--no-renames",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--ignore-submodules=all",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--unified=3",
];

/// What comes along, and what does not.
pub(crate) struct Gathered {
    /// What it is based on; `None` where nothing comes along.
    pub changes: Option<Changes>,
    /// In their order in the sealed file: name, path here, length.
    pub files: Vec<(Name, PathBuf, u64)>,
    pub left_out: Vec<LeftOut>,
    /// All of it in a sentence.
    pub words: String,
    /// Where some of the files lie.
    _scratch: Option<Scratch>,
}

impl Gathered {
    fn nothing(words: &str) -> Self {
        let words = words.to_owned();
        Self { changes: None, files: Vec::new(), left_out: Vec::new(), words, _scratch: None }
    }
}

/// Gathers the work in the tree around a directory. The repository is as it was
/// before, whatever happens. `home` is the user's folder, whose files are no work.
pub(crate) async fn gather(directory: Option<&Path>, home: Option<&Path>) -> Result<Gathered> {
    let repo = match directory {
        Some(directory) => Repo::around(directory).await,
        None => None,
    };
    let Some(repo) = repo else {
        return Ok(Gathered::nothing("No changes included: the project's folder is not a git repository."));
    };
    let Some(head) = repo.head().await else {
        return Ok(Gathered::nothing("No changes included: the repository has no commit yet."));
    };
    let scratch = repo.scratch().map_err(|error| unread(&error.to_string()))?;
    // What only its time tells from what was committed is not changed.
    let _ = done(&mut repo.aside(&scratch, ["update-index", "-q", "--refresh"])).await;
    let home = home.and_then(|home| home.canonicalize().ok());
    let is_home = home.is_some_and(|home| home.starts_with(&repo.top));
    let state = State::read(&repo, &scratch, is_home).await.map_err(|why| unread(&why))?;
    let mut stays = state.left_out;
    if is_home {
        let what = "untracked files".to_owned();
        stays.push(LeftOut { what, bytes: 0, why: "the repository is the whole home folder".to_owned() });
    }
    let (top, untracked, known) = (repo.top.clone(), state.untracked, state.changed.clone());
    let chosen = blocking(move || choose(&top, &untracked, &known)).await?;
    stays.extend(chosen.left_out);
    let mut files = Vec::new();
    let branch = repo.branch().await;
    let mut unpushed = 0;
    match commits(&repo, &scratch).await {
        Ok(None) => {}
        Ok(Some((number, bytes))) => {
            unpushed = number;
            add(&mut files, COMMITS, scratch.path(COMMITS), bytes);
        }
        Err(left) => stays.push(left),
    }
    let mut patched =
        Patched::of(&repo, &state.changed, chosen.by_patch).await.map_err(|why| unread(&why))?;
    stays.extend(patched.filtered.iter().map(|path| left_out(path, 0, "a filter of git makes it")));
    stays.extend(patched.know(&repo, &scratch).await);
    let mut in_patch = 0;
    match patched.write(&repo, &scratch, &head).await {
        Ok(0) => {}
        Ok(bytes) => {
            in_patch = paths_of(&repo, &scratch.path(PATCH)).await.map_or(0, |paths| paths.len());
            add(&mut files, PATCH, scratch.path(PATCH), bytes);
        }
        Err((bytes, why)) => {
            stays.push(LeftOut { what: "what differs from the last commit".to_owned(), bytes, why });
        }
    }
    let number = in_patch + chosen.plain.len();
    files.extend(chosen.plain);
    if repo.head().await.as_ref() != Some(&head) {
        return Err(unread("a commit was made just now"));
    }
    let words = match (files.is_empty(), stays.is_empty()) {
        (false, _) => format!("Changes included: {}.", counted(number, unpushed)),
        (true, true) => "No changes included: everything is committed and pushed.".to_owned(),
        (true, false) => "No changes included.".to_owned(),
    };
    let changes = (!files.is_empty()).then_some(Changes { head, branch, unpushed });
    Ok(Gathered { changes, files, left_out: stays, words, _scratch: Some(scratch) })
}

fn unread(why: &str) -> Error {
    Error::failed(format!("The changes in the project's folder cannot be read: {why}."))
        .advise("Nothing was published. Try again, or leave the changes out.")
}

fn add(files: &mut Vec<(Name, PathBuf, u64)>, name: &str, path: PathBuf, bytes: u64) {
    files.extend(Name::of(Part::Changes, Path::new(name)).map(|name| (name, path, bytes)));
}

/// The tree as it stands.
#[derive(Default)]
struct State {
    /// Files that git knows, changed or gone.
    changed: BTreeSet<PathBuf>,
    /// Those that it does not know, and that are not ignored.
    untracked: Vec<PathBuf>,
    /// Repositories in this one.
    left_out: Vec<LeftOut>,
}

impl State {
    async fn read(repo: &Repo, scratch: &Scratch, only_known: bool) -> std::result::Result<Self, String> {
        let untracked = if only_known { "--untracked-files=no" } else { "--untracked-files=all" };
        let status = ["status", "--porcelain=v2", "-z", "--no-renames", "--ignored=no", untracked];
        Ok(Self::parse(&done(&mut repo.aside(scratch, status)).await?))
    }

    fn parse(answer: &[u8]) -> Self {
        let mut state = Self::default();
        let mut lines = answer.split(|byte| *byte == 0);
        while let Some(line) = lines.next() {
            // `1 XY SUB mH mI mW hH hI PATH`, renames and conflicts with more before it.
            let (fields, other) = match line.first() {
                Some(b'1') => (9, false),
                Some(b'2') => (10, true),
                Some(b'u') => (11, false),
                Some(b'?') => {
                    state.unknown(path_of(line.get(2..).unwrap_or_default()));
                    continue;
                }
                _ => continue,
            };
            let fields: Vec<&[u8]> = line.splitn(fields, |byte| *byte == b' ').collect();
            let Some(path) = fields.last().map(|path| path_of(path)) else { continue };
            if fields.get(2).is_some_and(|sub| sub.starts_with(b"S")) {
                state.left_out.push(left_out(&path, 0, "a submodule"));
            } else {
                state.changed.insert(path);
            }
            if other {
                state.changed.extend(lines.next().map(path_of));
            }
        }
        state
    }

    fn unknown(&mut self, path: PathBuf) {
        if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
            self.left_out.push(left_out(&path, 0, "a repository of its own"));
        } else {
            self.untracked.push(path);
        }
    }
}

/// Bundles the commits that no branch of a remote has: how many, and its length.
/// `None`: there are none.
async fn commits(repo: &Repo, scratch: &Scratch) -> std::result::Result<Option<(u64, u64)>, LeftOut> {
    let stay = |bytes, why: String| LeftOut { what: "commits that are not pushed".to_owned(), bytes, why };
    let remotes = ["for-each-ref", "--count=1", "--format=%(objectname)", "refs/remotes"];
    let any = done(&mut repo.git(remotes)).await.map_err(|why| stay(0, why))?;
    if any.is_empty() {
        return Err(stay(0, "no remote branch tells which ones".to_owned()));
    }
    let ours = ["HEAD", "--not", "--remotes"];
    let count = done(repo.git(["rev-list", "--count"]).args(ours)).await.map_err(|why| stay(0, why))?;
    let count = String::from_utf8_lossy(&count).trim().parse().unwrap_or(0);
    if count == 0 {
        return Ok(None);
    }
    let file = scratch.path(COMMITS);
    let mut bundle = repo.aside(scratch, ["bundle", "create", "-q"]);
    done(bundle.arg(&file).args(ours)).await.map_err(|why| stay(0, why))?;
    let bytes = file.metadata().map_or(0, |meta| meta.len());
    if bytes > MOST_COMMITS { Err(stay(bytes, "too large".to_owned())) } else { Ok(Some((count, bytes))) }
}

/// What goes into the patch.
struct Patched {
    changed: usize,
    /// Files that git does not know, and that go into it all the same.
    unknown: Vec<PathBuf>,
    /// Files that git knows in another form than they have here: made by a program.
    filtered: Vec<PathBuf>,
}

impl Patched {
    async fn of(
        repo: &Repo,
        changed: &BTreeSet<PathBuf>,
        unknown: Vec<PathBuf>,
    ) -> std::result::Result<Self, String> {
        let all: Vec<PathBuf> = changed.iter().chain(&unknown).cloned().collect();
        let mut filtered = Vec::new();
        if !all.is_empty() {
            let answer = done_with(&mut repo.git(["check-attr", "-z", "--stdin", "filter"]), &all).await?;
            let fields: Vec<&[u8]> = answer.split(|byte| *byte == 0).collect();
            // Path, attribute, value.
            let those = fields.chunks_exact(3).filter(|field| repo.has_filter(path_of(field[2]).as_os_str()));
            filtered.extend(those.map(|field| path_of(field[0])));
        }
        let gone: BTreeSet<&PathBuf> = filtered.iter().collect();
        let stays = changed.iter().filter(|path| gone.contains(path)).count();
        let unknown = unknown.into_iter().filter(|path| !gone.contains(path)).collect();
        Ok(Self { changed: changed.len() - stays, unknown, filtered })
    }

    /// Makes the unknown files known to our index: then they are in the difference.
    /// Gives what git refuses to know, and why.
    async fn know(&mut self, repo: &Repo, scratch: &Scratch) -> Vec<LeftOut> {
        if self.unknown.is_empty() {
            return Vec::new();
        }
        let know = ["add", "--intent-to-add", "--pathspec-from-file=-", "--pathspec-file-nul"];
        let mut command = repo.aside(scratch, know);
        match done_with(command.env("GIT_LITERAL_PATHSPECS", "1"), &self.unknown).await {
            Ok(_) => Vec::new(),
            Err(why) => self.unknown.drain(..).map(|path| left_out(&path, 0, &why)).collect(),
        }
    }

    /// Writes the patch; gives its length, or why there is none.
    async fn write(
        &self,
        repo: &Repo,
        scratch: &Scratch,
        head: &str,
    ) -> std::result::Result<u64, (u64, String)> {
        if self.changed + self.unknown.len() == 0 {
            return Ok(0);
        }
        if self.filtered.len() > MOST_FILTERED {
            return Err((0, "a filter of git makes many of its files".to_owned()));
        }
        let file = scratch.path(PATCH);
        let mut command = repo.aside(scratch, DIFF);
        command.args([head, "--"]).args(self.filtered.iter().map(|path| {
            let mut excluded = OsString::from(":(exclude,literal)");
            excluded.push(path);
            excluded
        }));
        done_into(&mut command, &file).await.map_err(|why| (0, why))?;
        let bytes = file.metadata().map_or(0, |meta| meta.len());
        if bytes > MOST_PATCH { Err((bytes, "too large".to_owned())) } else { Ok(bytes) }
    }
}

//! Changes that came with a session: put into the tree where it is as the other
//! machine's was at its last commit, else kept beside it. Everything is looked at
//! first; then it is done.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::beside::{self, Branch};
use super::check::{
    APPLY, are_free, are_new, are_there, fits, fits_commit, is_clean, is_there, leads_to, paths_of,
};
use super::counted;
use super::git::{Repo, Scratch, done, done_with};
use super::put::{put_all, take_all};
use crate::carry::{COMMITS, Changes, PATCH, UNTRACKED};
use crate::claude::files_below;
use crate::service::programs::is_object;
use crate::service::{Error, Result, blocking};
use crate::text;

/// Digits of a commit that are shown.
const SHOWN: usize = 12;
/// How a bundle's commits come into a repository: objects alone, each looked at.
const FETCH: [&str; 9] = [
    "-c",
    "fetch.fsckObjects=true",
    "fetch",
    "--quiet",
    "--no-write-fetch-head",
    "--no-tags",
    "--no-prune",
    "--no-auto-maintenance",
    "--no-recurse-submodules",
];
/// How a branch goes on to them: nothing that is here is written over, and nobody is
/// asked.
const FORWARD: [&str; 7] = [
    "merge",
    "--ff-only",
    "--quiet",
    "--no-stat",
    "--no-autostash",
    "--no-verify-signatures",
    "--no-overwrite-ignore",
];

/// Changes that came along.
pub(crate) struct Arriving {
    /// Where they were unpacked.
    pub folder: PathBuf,
    /// Its project on this machine.
    pub directory: PathBuf,
    /// What they are based on, as the sealed file says.
    pub changes: Option<Changes>,
    /// Where they wait when they cannot be applied.
    pub beside: PathBuf,
    /// Whether the handoff goes between devices of one owner. Changes of others go into
    /// no tree by themselves: claude starts in it, and runs what its settings there name.
    pub is_ours: bool,
}

/// Why the changes stay out of the tree.
struct Stay {
    why: String,
    /// What to do before the command.
    first: Option<&'static str>,
    /// The branch has its new commits already.
    forwarded: bool,
}

impl From<String> for Stay {
    fn from(why: String) -> Self {
        Self { why, first: None, forwarded: false }
    }
}

impl Stay {
    fn first(why: impl Into<String>, first: &'static str) -> Self {
        Self { first: Some(first), ..Self::from(why.into()) }
    }
}

/// What became of them.
enum Put {
    /// So many files and commits came.
    New(usize, u64),
    /// All of it is there.
    Before,
}

impl Arriving {
    /// Applies them, or keeps them beside; says which, in words. `None`: none came.
    pub async fn arrive(self) -> Result<Option<String>> {
        let folder = self.folder.clone();
        let names = blocking(move || files_below(&folder)).await?.map_err(|error| self.unkept(&error))?;
        if names.is_empty() {
            return Ok(None);
        }
        let whose = if self.is_ours { "your changes" } else { "the changes" };
        let repo = Repo::around(&self.directory).await;
        let applied = match &repo {
            Some(repo) => self.apply(repo, &names).await,
            None => Err(Stay::from("the folder here is not a git repository".to_owned())),
        };
        let stay = match applied {
            Ok(put) => {
                beside::forget(&self.folder, &self.beside);
                return Ok(Some(match put {
                    Put::New(files, commits) => {
                        format!("{whose} were applied: {}", counted(files, commits))
                    }
                    Put::Before => format!("{whose} were already applied"),
                }));
            }
            Err(stay) => stay,
        };
        let (folder, place) = (self.folder.clone(), self.beside.clone());
        let place = blocking(move || beside::keep(&folder, &place)).await?;
        let place = place.map_err(|error| self.unkept(&error))?;
        let command = self.command(&place, repo.as_ref(), &stay).await;
        let (shown, why) = (text::clean(&place.to_string_lossy()), text::clean(&stay.why));
        let forwarded = if stay.forwarded { "; its commits are on your branch" } else { "" };
        let first = stay.first.map_or_else(String::new, |first| format!("{first}, then "));
        Ok(Some(format!(
            "{whose} were not applied and are kept in {shown} ({why}{forwarded}): {first}`{command}`"
        )))
    }

    fn unkept(&self, error: &std::io::Error) -> Error {
        let place = text::clean(&self.beside.to_string_lossy());
        Error::failed(format!("The changes that came along cannot be kept in {place}: {error}."))
            .advise("The conversation is already here. Free some space, then pick it up again.")
    }

    async fn command(&self, place: &Path, repo: Option<&Repo>, stay: &Stay) -> String {
        let (Some(repo), Ok(head)) = (repo, self.head()) else {
            return beside::command(place, repo.map_or(&self.directory, |repo| &repo.top), None);
        };
        if stay.forwarded || repo.head().await.as_deref() == Some(head) {
            return beside::command(place, &repo.top, None);
        }
        let (is_known, commits) = (repo.has(head).await, place.join(COMMITS));
        let fetches = !is_known && (!commits.exists() || lacks_before(repo, &commits).await);
        let name = format!("cclink-{}", &head[..8]);
        beside::command(place, &repo.top, Some(&Branch { name, at: head, is_known, fetches }))
    }

    /// The commit that they are based on: nothing else reaches git.
    fn head(&self) -> std::result::Result<&str, Stay> {
        let head = self.changes.as_ref().map(|changes| changes.head.as_str());
        let none = || Stay::from("they name no commit they are based on".to_owned());
        head.filter(|head| is_object(head)).ok_or_else(none)
    }

    fn file(&self, name: &str, names: &[PathBuf]) -> Option<PathBuf> {
        names.iter().any(|other| other == Path::new(name)).then(|| self.folder.join(name))
    }

    async fn apply(&self, repo: &Repo, names: &[PathBuf]) -> std::result::Result<Put, Stay> {
        let head = self.head()?;
        if !self.is_ours {
            return Err(Stay::first("the handoff was not for your devices alone", "look at them"));
        }
        let at = repo.head().await.ok_or_else(|| "the repository here has no commit yet".to_owned())?;
        let untracked: Vec<PathBuf> =
            names.iter().filter_map(|name| Some(name.strip_prefix(UNTRACKED).ok()?.to_owned())).collect();
        let (patch, commits) = (self.file(PATCH, names), self.file(COMMITS, names));
        let work = Work { repo, folder: self.folder.join(UNTRACKED), patch, untracked };
        let scratch = repo.scratch().map_err(|error| error.to_string())?;
        if leads_to(repo, &scratch, head, &at).await && work.is_there().await {
            return Ok(Put::Before);
        }
        if !is_clean(repo).await? {
            let why = "there are uncommitted changes here";
            return Err(Stay::first(why, "commit or stash those"));
        }
        let patched = work.patched().await?;
        let files = patched.len() + work.untracked.len();
        let number = match commits {
            _ if at == head => 0,
            Some(commits) => self.forward_to(repo, &scratch, &commits, &at, head).await?,
            None => return Err(Stay::from(elsewhere(&at, head))),
        };
        let known = fits_commit(repo, &scratch, head, work.patch.as_deref()).await?;
        are_free(&repo.top, &work.untracked, &patched, &known)?;
        are_new(&repo.top, &patched, &known)?;
        if at != head {
            let commits = self.folder.join(COMMITS);
            done(repo.git(FETCH).arg(&commits).arg("HEAD")).await?;
            done(repo.git_with_filters(FORWARD).arg(head)).await?;
        }
        let run = work.run(&patched, &known).await;
        run.map_err(|stay| Stay { forwarded: at != head, ..stay })?;
        Ok(Put::New(files, number))
    }

    /// Whether the branch here goes on to the commits of a bundle, which are looked at
    /// in objects of ours; gives how many are new.
    async fn forward_to(
        &self,
        repo: &Repo,
        scratch: &Scratch,
        commits: &Path,
        at: &str,
        head: &str,
    ) -> std::result::Result<u64, Stay> {
        let theirs = self.changes.as_ref().and_then(|changes| changes.branch.as_deref());
        let ours = repo.branch().await;
        if theirs.is_none() || ours.as_deref() != theirs {
            let shown = |branch: Option<&str>| branch.map_or("no branch".to_owned(), text::clean);
            let (ours, theirs) = (shown(ours.as_deref()), shown(theirs));
            return Err(Stay::from(format!("{ours} is checked out here, and they were made on {theirs}")));
        }
        if lacks_before(repo, commits).await {
            return Err(Stay::from("the repository here lacks commits they build on".to_owned()));
        }
        let heads = done(repo.aside(scratch, ["bundle", "list-heads"]).arg(commits)).await?;
        if heads != format!("{head} HEAD\n").as_bytes() {
            return Err(Stay::from("their commits are not the ones they name".to_owned()));
        }
        done(repo.aside(scratch, FETCH).arg(commits).arg("HEAD")).await?;
        if !leads_to(repo, scratch, at, head).await {
            return Err(Stay::from("the branch here has commits they do not build on".to_owned()));
        }
        let between = format!("{at}..{head}");
        let number = done(&mut repo.aside(scratch, ["rev-list", "--count", &between])).await?;
        Ok(String::from_utf8_lossy(&number).trim().parse().unwrap_or(0))
    }
}

/// Whether a repository has not what the commits of a bundle are based on.
async fn lacks_before(repo: &Repo, commits: &Path) -> bool {
    done(repo.git(["bundle", "verify", "--quiet"]).arg(commits)).await.is_err()
}

fn elsewhere(at: &str, head: &str) -> String {
    let short = |commit: &str| commit.chars().take(SHOWN).collect::<String>();
    format!("the repository here is at {}, and they are based on {}", short(at), short(head))
}

/// What changes the tree.
struct Work<'a> {
    repo: &'a Repo,
    /// The untracked files.
    folder: PathBuf,
    untracked: Vec<PathBuf>,
    patch: Option<PathBuf>,
}

impl Work<'_> {
    /// Whether the tree holds all of it.
    async fn is_there(&self) -> bool {
        let patched = match &self.patch {
            Some(patch) => is_there(self.repo, patch).await,
            None => true,
        };
        let (folder, names, top) = (self.folder.clone(), self.untracked.clone(), self.repo.top.clone());
        patched && blocking(move || are_there(&folder, &names, &top)).await.unwrap_or(false)
    }

    async fn patched(&self) -> std::result::Result<BTreeSet<PathBuf>, String> {
        match &self.patch {
            Some(patch) => paths_of(self.repo, patch).await,
            None => Ok(BTreeSet::new()),
        }
    }

    /// Does it: first the files, which can be taken back, then the patch. The tree is
    /// clean, so all that it names can be put back, too.
    async fn run(
        &self,
        patched: &BTreeSet<PathBuf>,
        known: &BTreeSet<PathBuf>,
    ) -> std::result::Result<(), Stay> {
        if let Some(patch) = &self.patch {
            fits(self.repo, patch).await?;
        }
        let (folder, names, top) = (self.folder.clone(), self.untracked.clone(), self.repo.top.clone());
        let put =
            blocking(move || put_all(&folder, &names, &top)).await.map_err(|error| error.to_string())?;
        put.map_err(|error| format!("a file could not be put into the tree: {error}"))?;
        let Some(patch) = &self.patch else { return Ok(()) };
        let Err(why) = done(self.repo.git(APPLY).arg(patch)).await else { return Ok(()) };
        take_all(&self.untracked, &self.repo.top);
        let new: Vec<PathBuf> = patched.difference(known).cloned().collect();
        take_all(&new, &self.repo.top);
        let old: Vec<PathBuf> = patched.intersection(known).cloned().collect();
        let back = ["checkout-index", "--force", "--quiet", "-z", "--stdin"];
        match done_with(&mut self.repo.git_with_filters(back), &old).await {
            Ok(_) => Err(Stay::from(why)),
            Err(_) => Err(Stay::first(
                format!("git stopped halfway: {why}"),
                "free some space and restore the tree with \"git restore .\"",
            )),
        }
    }
}

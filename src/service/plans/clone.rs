//! Cloning what a handoff's project is a clone of: offered, shown, and run by the
//! user's own git only when the user says so.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::service::programs::ASKS_NOTHING;
use crate::service::{Error, Found, Plan, Result, Service, command_of};
use crate::text;

/// How to get a project that is nowhere on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloneOffer {
    /// Where it would be put.
    pub into: PathBuf,
    /// What is run, and where.
    pub plan: Plan,
    remote: String,
    home: Option<PathBuf>,
}

impl CloneOffer {
    pub(crate) fn new(remote: &str, into: PathBuf, home: Option<PathBuf>) -> Self {
        Self { plan: Plan::git_clone(remote, &into), into, remote: remote.to_owned(), home }
    }

    /// The same into another folder, as the user typed it.
    #[must_use]
    pub fn elsewhere(&self, typed: &Path) -> Self {
        let here = self.into.parent().unwrap_or(Path::new("/"));
        let into = here.join(expanded(typed, self.home.as_deref()));
        Self::new(&self.remote, into, self.home.clone())
    }

    /// Clones it. `asks`: a user is at the terminal and can answer git.
    pub async fn run(&self, asks: bool) -> Result<()> {
        let failed = |why: String| Error::failed(why).advise("Nothing was picked up.");
        let not_started = |error: std::io::Error| failed(format!("git could not be started: {error}."));
        let mut git = command_of(&self.plan).map_err(not_started)?;
        if !asks {
            git.envs(ASKS_NOTHING).stdin(Stdio::null());
        }
        match git.stdout(Stdio::null()).kill_on_drop(true).status().await {
            Ok(status) if status.success() => Ok(()),
            Ok(_) => Err(failed("git could not clone it.".to_owned())),
            Err(error) => Err(not_started(error)),
        }
    }
}

impl Service {
    /// Cloning a found handoff's repository, into a new folder beside where the
    /// user is unless they name one; `None` where it names none, or one that is no
    /// plain address.
    pub(crate) fn clone_offer(&self, found: &Found) -> Option<CloneOffer> {
        let here = std::env::current_dir().ok()?;
        let record = &found.place.record;
        let remote = record.git.as_ref()?.remote.as_deref().filter(|remote| is_plain_remote(remote))?;
        let name = text::clean(record.project.rsplit(['/', '\\']).find(|part| !part.is_empty())?);
        let fits = !name.starts_with(['-', '.']) && !name.contains(':');
        let name = if fits { name } else { "project".to_owned() };
        let others = (2..100).map(|number| format!("{name}-{number}"));
        let mut folders = std::iter::once(name.clone()).chain(others).map(|name| here.join(name));
        let into = folders.find(|folder| !folder.exists())?;
        Some(CloneOffer::new(remote, into, self.0.settings.home.clone()))
    }

    /// The plans of a found handoff once more, now that its project is in this
    /// folder, which is remembered.
    pub async fn place(&self, found: Found, directory: &Path) -> Result<Found> {
        let directory = expanded(directory, self.0.settings.home.as_deref());
        let shown = |path: &Path| text::clean(&path.display().to_string());
        let directory = directory.canonicalize().ok().filter(|path| path.is_dir()).ok_or_else(|| {
            Error::usage(format!("There is no folder {} on this machine.", shown(&directory)))
                .advise("Nothing was picked up.")
        })?;
        let place = directory.clone();
        self.journal(|book| drop(book.places.insert(found.pickup.project.clone(), place)))?;
        let record = &found.place.record;
        let copy = self.best_copy(&record.session_id, Some(record)).await;
        // what is nearer than an answer of once: see `folder`
        match self.directory(copy.as_ref(), Some(record)).await {
            Some(other) if other.canonicalize().ok().as_ref() != Some(&directory) => {
                let project = text::clean(&record.project);
                Err(Error::usage(format!("{project} is in {} on this machine already.", shown(&other)))
                    .advise("Nothing was picked up. Pick it up without `--folder`."))
            }
            _ => Ok(self.planned(found).await),
        }
    }
}

/// A `~` that no shell has taken yet.
pub(crate) fn expanded(path: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

/// An address over https, ssh or git; never an option, a program (`ext::`) or a
/// folder of this machine.
pub(crate) fn is_plain_remote(remote: &str) -> bool {
    if remote.starts_with('-') || remote.contains("::") || text::clean(remote) != remote {
        return false;
    }
    if let Some((scheme, rest)) = remote.split_once("://") {
        return matches!(scheme, "https" | "http" | "ssh" | "git")
            && !rest.starts_with('-')
            && !rest.is_empty();
    }
    // `git@host:path`, as git reads it: a colon before any slash.
    remote.split_once(':').is_some_and(|(host, path)| {
        host.len() > 1 && !path.is_empty() && crate::handoff::record::is_ssh_address(host)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_cloned_into_the_folder_that_was_typed() {
        let offer = CloneOffer::new("host:app", "/home/ada/src/app".into(), Some("/home/ada".into()));
        for (typed, into) in [
            ("other", "/home/ada/src/other"),
            ("a/b", "/home/ada/src/a/b"),
            ("~/app", "/home/ada/app"),
            ("/srv/app", "/srv/app"),
        ] {
            let there = offer.elsewhere(Path::new(typed));
            assert_eq!(there.into, Path::new(into));
            assert_eq!(there.plan.shell, format!("git clone -- host:app {into}"));
            assert_eq!(there.plan.command.last().unwrap(), into);
        }
    }

    #[test]
    fn only_a_plain_address_is_cloned() {
        for fine in [
            "https://example.org/a/b.git",
            "git@example.org:a/b.git",
            "ssh://git@example.org:22/a/b",
            "host:a",
        ] {
            assert!(is_plain_remote(fine), "{fine}");
        }
        for bad in [
            "--upload-pack=touch x",
            "-oProxyCommand=x",
            "ext::sh -c touch% x",
            "file:///etc",
            "/home/ada/repo",
            "../repo",
            "ssh://-oProxyCommand=x/a",
            "fd::17",
            "git@example.org",
            "C:\\repo",
            "https://",
            "-x@host:a",
        ] {
            assert!(!is_plain_remote(bad), "{bad}");
        }
    }
}

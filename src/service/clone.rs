//! Cloning what a handoff's project is a clone of: offered, shown, and run by the
//! user's own git only when the user says so.

use std::path::Path;

use super::{Error, Found, Plan, Result, Service};
use crate::text;

/// How to get a project that is nowhere on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloneOffer {
    /// Where it would be put.
    pub into: std::path::PathBuf,
    /// What is run, and where.
    pub plan: Plan,
}

impl Service {
    /// Cloning a found handoff's repository into a folder beside where the user
    /// is; `None` where it names none, or one that is no plain address.
    pub(super) fn clone_offer(found: &Found) -> Option<CloneOffer> {
        let here = std::env::current_dir().ok()?;
        let record = &found.place.record;
        let remote = record.git.as_ref()?.remote.as_deref().filter(|remote| is_plain_remote(remote))?;
        let name = text::clean(record.project.rsplit(['/', '\\']).find(|part| !part.is_empty())?);
        let fits = !name.starts_with(['-', '.']) && !name.contains(':');
        let name = if fits { name } else { "project".to_owned() };
        let into = here.join(&name);
        (!into.exists()).then(|| CloneOffer { plan: Plan::git_clone(remote, &into), into })
    }

    /// The plans of a found handoff once more, now that its project is in this
    /// folder, which is remembered.
    pub async fn place(&self, found: Found, directory: &Path) -> Result<Found> {
        let directory = expanded(directory, self.0.settings.home.as_deref());
        let directory = std::path::absolute(&directory).map_err(|error| Error::usage(format!("{error}.")))?;
        self.remember_place(&found.pickup.project, &directory)?;
        Ok(self.planned(found).await)
    }
}

/// A `~` that no shell has taken yet.
fn expanded(path: &Path, home: Option<&Path>) -> std::path::PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

/// An address over https, ssh or git; never an option, a program (`ext::`) or a
/// folder of this machine.
fn is_plain_remote(remote: &str) -> bool {
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

//! Which stores there are from here, and what using one means.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::handoff::{AudienceKind, Record, Token};
use crate::service::plans::clone::{expanded, is_plain_remote};
use crate::service::programs::{ASKS_NOTHING, ask_git, child, public_remote};
use crate::service::{CarryOption, CarryWay, Draft, Error, ErrorKind, Result, Service};
use crate::store::CarryStore;
use crate::text;

/// Remotes of a repository that are asked for a file at most.
const MOST_REMOTES: usize = 8;
/// A folder without anybody's settings.
const NOWHERE: &str = "/dev/null";
/// How long a remote may take to say whether it answers everybody.
const PATIENCE: Duration = Duration::from_secs(5);

impl Service {
    /// The stores that are offered here, for the project of a directory: not those that
    /// said that they take no such files.
    pub(crate) async fn stores_offered(&self, directory: Option<&Path>) -> Vec<CarryStore> {
        let known = self.0.journal.load().map(|(book, _)| book.stores).unwrap_or_default();
        let refused =
            |store: &CarryStore| known.get(&store.key()).is_some_and(|store| store.refused.is_some());
        let mut stores = self.stores_for(directory).await;
        stores.retain(|store| !refused(store));
        stores
    }

    /// The stores that work from here, for the project of a directory.
    pub(crate) async fn stores_for(&self, directory: Option<&Path>) -> Vec<CarryStore> {
        let git = match directory.filter(|directory| directory.is_dir()) {
            Some(directory) => self.push_remote(directory).await,
            None => None,
        };
        git.into_iter().chain(self.set_stores()).collect()
    }

    /// The stores in which the file of a handoff may lie, as this machine knows them.
    /// Where a git is to be asked for, only the user's own handoffs say.
    pub(crate) async fn stores_with(&self, record: &Record, token: &Token) -> Vec<CarryStore> {
        let directory = self.trusted_directory(record, token).await;
        self.stores_in(directory.as_deref(), record, token).await
    }

    /// The same for whoever knows the project's folder, which this machine itself knows.
    pub(crate) async fn stores_in(
        &self,
        directory: Option<&Path>,
        record: &Record,
        token: &Token,
    ) -> Vec<CarryStore> {
        let mut stores = Vec::new();
        if let Some(directory) = directory.filter(|directory| directory.is_dir()) {
            let names = ask_git(directory, &["remote"]).await.unwrap_or_default();
            for name in names.lines().take(MOST_REMOTES) {
                // It was put where the other machine pushes to.
                for which in [&["--"][..], &["--push", "--"]] {
                    let url = ask_git(directory, &[&["remote", "get-url"], which, &[name]].concat()).await;
                    let store = url.map(|url| in_git(Some(directory), name, url.trim()));
                    stores.extend(store.filter(|store| !stores.contains(store)));
                }
            }
        }
        let named = record.git.as_ref().and_then(|git| git.remote.as_deref());
        if let Some(url) = named.filter(|url| {
            stores.is_empty() && token.audience == AudienceKind::Devices && is_plain_remote(url)
        }) {
            stores.push(in_git(None, url, url));
        }
        stores.extend(self.set_stores());
        stores
    }

    /// The stores that the user set.
    pub(crate) fn set_stores(&self) -> impl Iterator<Item = CarryStore> {
        let carry = &self.0.settings.config.carry;
        let folder = carry.folder.as_deref().map(|folder| CarryStore::Folder {
            path: expanded(Path::new(folder), self.0.settings.home.as_deref()),
        });
        let ssh = carry.ssh.clone().map(|at| CarryStore::Ssh { address: at.address, folder: at.folder });
        folder.into_iter().chain(ssh)
    }

    /// The one remote that the branch is pushed to.
    async fn push_remote(&self, directory: &Path) -> Option<CarryStore> {
        let set = self.0.settings.config.carry.remote.clone();
        let name = if let Some(name) = set { name } else { pushed_to(directory).await };
        let url = ask_git(directory, &["remote", "get-url", "--push", "--", &name]).await?;
        Some(in_git(Some(directory), &name, url.trim()))
    }

    /// The first way from here that the owner agreed to.
    pub(crate) async fn agreed_way(&self, draft: &Draft) -> Option<CarryWay> {
        let (book, _) = self.0.journal.load().ok()?;
        let directory = self.workplace(&draft.session).await.ok()?;
        let stores = self.stores_offered(directory.as_deref()).await;
        let agreed = |store: &CarryStore| book.stores.get(&store.key()).is_some_and(|known| known.agreed);
        stores.iter().find(|store| agreed(store)).map(CarryStore::way)
    }

    /// What the places mean that are set for all projects, where that was not agreed to.
    pub fn places_to_agree(&self) -> Vec<String> {
        let known = self.0.journal.load().map(|(book, _)| book.stores).unwrap_or_default();
        let new = |store: &CarryStore| !known.get(&store.key()).is_some_and(|known| known.agreed);
        self.set_stores().filter(new).map(|store| meaning(&store, false)).collect()
    }

    /// Agrees to them.
    pub fn agree_to_places(&self) {
        let keys: Vec<String> = self.set_stores().map(|store| store.key()).collect();
        self.note(|book| keys.into_iter().for_each(|key| book.stores.entry(key).or_default().agreed = true));
    }

    /// Whether the owner agreed to what lies there; an error asks.
    pub(crate) async fn agreed(&self, store: &CarryStore, agrees: bool) -> Result<()> {
        let key = store.key();
        let (book, _) = self.0.journal.load()?;
        if book.stores.get(&key).is_some_and(|known| known.agreed) {
            return Ok(());
        }
        if agrees {
            self.note(|book| book.stores.entry(key).or_default().agreed = true);
            return Ok(());
        }
        let public = is_public(store).await;
        let kind = if public { ErrorKind::Public } else { ErrorKind::Agree };
        Err(Error::new(kind, meaning(store, public)).advise(
            "Nothing was published. Pass `--yes` to agree, or `--carry=no` to keep the conversation here.",
        ))
    }
}

/// What git calls the remote that the branch is pushed to.
async fn pushed_to(directory: &Path) -> String {
    let branch =
        ask_git(directory, &["symbolic-ref", "--quiet", "--short", "HEAD"]).await.unwrap_or_default();
    let branch = branch.trim();
    let own = [format!("branch.{branch}.pushRemote"), format!("branch.{branch}.remote")];
    for key in [&own[0], "remote.pushDefault", &own[1]] {
        let value = ask_git(directory, &["config", "--get", key]).await.unwrap_or_default();
        if !matches!(value.trim(), "" | ".") {
            return value.trim().to_owned();
        }
    }
    "origin".to_owned()
}

impl CarryOption {
    /// A store as a choice.
    pub(crate) fn of(store: &CarryStore, home: Option<&Path>) -> Self {
        Self { way: store.way(), words: format!("included, {}", place(store, home)) }
    }
}

/// Where it is, in words: "in the git remote origin".
pub(crate) fn place(store: &CarryStore, home: Option<&Path>) -> String {
    match store {
        CarryStore::Git { remote, .. } => format!("in the git remote {}", text::clean(remote)),
        CarryStore::Folder { path } => {
            let short = home.and_then(|home| path.strip_prefix(home).ok());
            let short = short
                .map_or_else(|| path.to_string_lossy().into_owned(), |rest| format!("~/{}", rest.display()));
            format!("in {}", text::clean(&short))
        }
        CarryStore::Ssh { address, .. } => format!("on {}", text::clean(address)),
    }
}

/// What putting a sealed file there means, before it is done for the first time.
fn meaning(store: &CarryStore, public: bool) -> String {
    let goes =
        "cclink removes it the next time it runs after the handoff is burned, replaced, revoked or expired";
    let opens = "Only those who can pick up the handoff can open it.";
    match store {
        CarryStore::Git { remote, url, .. } => {
            let (remote, url) = (text::clean(remote), text::clean(url));
            let who = if public {
                "This remote can be read without a password: anyone can"
            } else {
                "Everyone who can read that remote can"
            };
            format!(
                "The sealed conversation is pushed to the git remote {remote} ({url}), as a ref next to the \
                 branches. {who} see that a sealed file is there, its size and its date. {opens} {goes}. A \
                 git host may keep deleted objects for a while; without the handoff nobody can open them."
            )
        }
        CarryStore::Folder { path } => format!(
            "The sealed conversation is put into {}. Everyone who can read that folder can see the file, its \
             size and its date. {opens} {goes}.",
            text::clean(&path.to_string_lossy())
        ),
        CarryStore::Ssh { address, folder } => format!(
            "The sealed conversation is put on {address}, into the folder {}. {opens} {goes}.",
            text::clean(folder)
        ),
    }
}

/// Whether a store answers who says no name and no password.
async fn is_public(store: &CarryStore) -> bool {
    let CarryStore::Git { url, .. } = store else { return false };
    let web = url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https" | "git"));
    if !web {
        return false;
    }
    let mut git = child("git");
    git.args(["ls-remote", "--quiet", "--", url, "HEAD"]).current_dir(std::env::temp_dir());
    // Nobody's settings: the user's may hold what opens it, as a rewritten address, a
    // header, a helper, a netrc.
    for (name, _) in std::env::vars_os() {
        let bytes = name.as_encoded_bytes();
        if bytes.starts_with(b"GIT_") && !bytes.starts_with(b"GIT_SSL_") {
            git.env_remove(name);
        }
    }
    for name in ["HOME", "XDG_CONFIG_HOME"] {
        git.env(name, NOWHERE);
    }
    git.env("GIT_CONFIG_NOSYSTEM", "1").envs(ASKS_NOTHING).env("GIT_ASKPASS", "");
    git.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    matches!(tokio::time::timeout(PATIENCE, git.status()).await, Ok(Ok(status)) if status.success())
}

fn in_git(directory: Option<&Path>, remote: &str, url: &str) -> CarryStore {
    // What is written down has no password in it.
    let url = public_remote(url).unwrap_or_else(|| url.to_owned());
    CarryStore::Git { directory: directory.map(Path::to_owned), remote: remote.to_owned(), url }
}

//! Where sealed files lie so that both machines reach them: put there, got, taken
//! away. What lies there is looked at by nobody but who holds its key, and believed
//! only when length and hash are those of the signed record.

mod folder;
mod git;
mod leftovers;
mod offer;
mod ssh;
mod taken_away;

use std::path::Path;

pub(crate) use self::leftovers::tidy;
pub(crate) use self::offer::place;
use crate::carry::Claim;
use crate::service::{Error, Job, Result, Service};
use crate::store::CarryStore;
use crate::text;

/// How putting a file somewhere ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// It lies there.
    Done,
    /// The place takes no such files, for this reason; it will not tomorrow either.
    Refused(String),
}

/// A file on its way to or from a store.
#[derive(Clone, Copy)]
pub(crate) struct Shipment<'a> {
    /// What it is called there.
    pub name: &'a str,
    /// The file here.
    pub file: &'a Path,
    /// Somebody is at the terminal and can answer git or ssh.
    pub asks: bool,
}

impl Service {
    /// Puts a file somewhere.
    pub(crate) async fn put_into(&self, store: &CarryStore, it: Shipment<'_>, job: &Job) -> Result<Put> {
        let state = &self.0.settings.paths.state;
        match store {
            CarryStore::Git { directory, remote, url } => {
                job.doing(format!("pushing the sealed file to {}", text::clean(remote)));
                let git = git::Git::open(state, directory.as_deref(), remote, url, it.asks).await?;
                git.put(it.name, it.file, job).await
            }
            CarryStore::Folder { path } => folder::put(path, it.name, it.file, job).await.map(|()| Put::Done),
            CarryStore::Ssh { address, folder } => {
                let what = format!("writing the sealed file to {address}");
                job.doing(what.as_str());
                let remote = self.always_on(address, it.asks).await?;
                let all = it.file.metadata().map_or(0, |file| file.len());
                let mut tell = |done| job.so_far(&what, done, all);
                ssh::put(&remote, folder, it.name, it.file, &mut tell).await.map(|()| Put::Done)
            }
        }
    }

    /// Gets a file from somewhere; whether it was there, whole. Where something else
    /// brings it, it is waited for while `waits`.
    pub(crate) async fn get_from(
        &self,
        store: &CarryStore,
        claim: &Claim,
        it: Shipment<'_>,
        waits: bool,
        job: &Job,
    ) -> Result<bool> {
        let state = &self.0.settings.paths.state;
        let came = match store {
            CarryStore::Git { directory, remote, url } => {
                job.doing(format!("looking for it in {}", text::clean(remote)));
                let git = git::Git::open(state, directory.as_deref(), remote, url, it.asks).await?;
                git.get(it.name, it.file, claim.bytes, job).await?
            }
            CarryStore::Folder { path } => folder::get(path, claim, it, waits, job).await?,
            CarryStore::Ssh { address, folder } => {
                job.doing(format!("looking for it on {address}"));
                let remote = self.always_on(address, it.asks).await?;
                ssh::get(&remote, folder, it.name, it.file, claim.bytes, job).await?
            }
        };
        Ok(came && folder::is_whole(it.file, claim).await?)
    }

    /// Takes a file away; one that is not there is no error. Whether it was there.
    pub(crate) async fn take_from_store(&self, store: &CarryStore, name: &str) -> Result<bool> {
        let state = &self.0.settings.paths.state;
        match store {
            CarryStore::Git { directory, remote, url } => {
                git::Git::open(state, directory.as_deref(), remote, url, false).await?.take_away(name).await
            }
            CarryStore::Folder { path } => folder::take_away(path, name).await,
            CarryStore::Ssh { address, folder } => {
                let remote = self.always_on(address, false).await?;
                ssh::take_away(&remote, folder, name).await
            }
        }
    }

    /// Whether the machine that is always on answers, unasked.
    pub(crate) async fn reaches(&self, address: &str) -> Result<()> {
        self.always_on(address, false).await.map(drop)
    }

    async fn always_on(&self, address: &str, asks: bool) -> Result<super::sftp::Remote> {
        super::sftp::Remote::open(&self.ssh_way(address), asks, self.0.settings.stall).await
    }
}

/// That a file of ours on the way failed.
fn unusable(path: &Path, error: &std::io::Error) -> Error {
    Error::failed(format!("{} cannot be used: {error}.", text::clean(&path.to_string_lossy())))
}

//! Getting a sealed file from wherever it was put, and taking it away when it was taken
//! for good.

use std::path::{Path, PathBuf};

use futures::StreamExt;
use futures::stream::FuturesUnordered;

use crate::carry::Claim;
use crate::handoff::{Record, Token};
use crate::service::transfer::stores::{Shipment, place};
use crate::service::{AudienceKind, Error, Found, Job, Result, Service};
use crate::store::journal::Book;
use crate::store::{CarryChoice, CarryStore};
use crate::text;

impl Service {
    /// Asks every place that this machine reaches, at once: the first whole file wins,
    /// and lies in `folder` then. Gives it, and where it was.
    pub(super) async fn fetch_sealed(
        &self,
        found: &Found,
        claim: &Claim,
        folder: &Path,
        asks: bool,
        job: &Job,
    ) -> Result<(PathBuf, CarryStore)> {
        let (record, token) = (&found.place.record, &found.place.place.token);
        let stores = job.run(async { Ok(self.stores_with(record, token).await) }).await?;
        if stores.is_empty() {
            return Err(Error::failed(
                "This machine has no place set up to fetch the sealed conversation from.",
            )
            .advise(
                "Nothing was picked up. Set `[carry]` in the configuration, or pass the file with \
                    `--from`.",
            ));
        }
        let name = claim.key.name();
        let mut asked: FuturesUnordered<_> = (0_usize..)
            .zip(&stores)
            .map(|(number, store)| {
                // Each place has a file of its own.
                let (name, file) = (&name, folder.join(number.to_string()));
                async move {
                    let it = Shipment { name, file: &file, asks };
                    let got = self.get_from(store, claim, it, asks, job).await;
                    (store, file, got)
                }
            })
            .collect();
        let mut said = Vec::new();
        let home = self.0.settings.home.as_deref();
        while let Some((store, file, got)) = job.run(async { Ok(asked.next().await) }).await? {
            match got {
                Ok(true) => return Ok((file, store.clone())),
                Ok(false) => said.push(format!("not {}", place(store, home))),
                Err(error) => said.push(error.message.trim_end_matches('.').to_owned()),
            }
        }
        let host = text::clean(&record.hostname);
        Err(Error::failed(format!("The sealed conversation was not found: {}.", said.join("; "))).advise(format!(
            "Nothing was picked up. The folder may still be syncing; does {host} use another remote or folder?"
        )))
    }

    /// What came by a way goes home by the same one: it is proposed for the project where
    /// neither was chosen for it before nor is set for all. To a remote at the very address
    /// of the other device's its owner agreed there, as to the places that are set here.
    pub(super) fn goes_home_by(&self, store: &CarryStore, record: &Record, directory: &Path) {
        if self.0.settings.config.carry.way.is_some() {
            return;
        }
        let there = record.git.as_ref().and_then(|git| git.remote.as_deref());
        let is_agreed = match store {
            CarryStore::Git { url, .. } => there == Some(url),
            CarryStore::Folder { .. } | CarryStore::Ssh { .. } => true,
        };
        let choice = CarryChoice { way: Some(store.way()), changes: false };
        self.note(|book| {
            if is_agreed {
                book.stores.entry(store.key()).or_default().agreed = true;
            }
            for project in [&*record.project, &*directory.to_string_lossy()] {
                book.carry.entry(project.to_owned()).or_insert(choice);
            }
        });
    }

    /// Takes a handoff's file away, behind everything else: it was taken for good, and
    /// its conversation is here. Who published it does it otherwise.
    pub fn was_taken(&self, found: &Found) {
        self.take_away_of(found.place.record.clone(), found.place.place.token);
    }

    /// Takes the file of a handoff away that ended, as far as this machine reaches it.
    /// Only my devices' own: another's record may name a file that is not its own.
    pub(crate) fn take_away_of(&self, record: Record, token: Token) {
        let Some(claim) = record.carry.as_ref().and_then(Claim::of) else { return };
        let name = claim.key.name();
        let ours = |(book, _): (Book, _)| book.carried.get(&name).is_some_and(|file| file.token != token);
        if token.audience != AudienceKind::Devices || self.0.journal.load().is_ok_and(ours) {
            return;
        }
        let service = self.clone();
        drop(self.0.chores.spawn(async move {
            for store in service.stores_with(&record, &token).await {
                let _ = service.take_from_store(&store, &name).await;
            }
        }));
    }
}

//! A sealed file on its way to where it is to lie, and back when its handoff does not
//! go out.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;

use age::secrecy::SecretString;
use serde_json::Map;

use super::seal::{Sealing, there_already, unwritten};
use super::{CarryTo, Destination};
use crate::handoff::Token;
use crate::service::transfer::arrive::Lock;
use crate::service::transfer::stores::{Put, Shipment};
use crate::service::{CarriedBy, CarryWay, Draft, Error, Job, Result, Service};
use crate::store::{CarriedFile, CarryStore};

/// A sealed file that lies where it is to; gone again unless its handoff went out.
pub(crate) struct Shipped {
    /// By which way, and how long it is.
    pub by: CarriedBy,
    key: SecretString,
    file: Option<PathBuf>,
    /// Nobody else takes it away while this is held.
    lock: Option<Lock>,
    service: Service,
}

impl Service {
    /// Where a request's sealed file goes, agreed to; `None` for a file of the owner's.
    pub(crate) async fn store_of(
        &self,
        to: &CarryTo,
        draft: &Draft,
        job: &Job,
    ) -> Result<Option<CarryStore>> {
        let Destination::Way(way) = to.to else { return Ok(None) };
        let directory = job.run(self.workplace(&draft.session)).await?;
        let stores = job.run(async { Ok(self.stores_for(directory.as_deref()).await) }).await?;
        let store = stores.into_iter().find(|store| store.way() == way).ok_or_else(|| nowhere(way))?;
        job.run(self.agreed(&store, to.agrees)).await?;
        Ok(Some(store))
    }

    /// Gives a sealed file its place: whole, or not at all. What goes to a store is noted
    /// before, so that it is taken away whatever happens.
    pub(crate) async fn ship(
        &self,
        sealing: Sealing,
        store: Option<CarryStore>,
        to: &CarryTo,
        token: &Token,
        job: &Job,
    ) -> Result<Shipped> {
        let Sealing { claim, made, .. } = sealing;
        let way = store.as_ref().map_or(CarryWay::File, CarryStore::way);
        let by = CarriedBy { way, bytes: claim.bytes, state: None };
        let key = claim.key.lock().to_string();
        let mut shipped = Shipped { by, key, file: None, lock: None, service: self.clone() };
        let noted = CarriedFile {
            token: *token,
            store: store.clone(),
            bytes: claim.bytes,
            taken_away: false,
            at: self.now(),
            unknown: Map::new(),
        };
        let name = claim.key.name();
        match (store, made) {
            (Some(store), Some(made)) => {
                self.fits(claim.bytes)?;
                let state = &self.0.settings.paths.state;
                shipped.lock = Some(Lock::take(state, &name, job).await?);
                self.journal(|book| drop(book.carried.insert(name.clone(), noted)))?;
                let it = Shipment { name: &name, file: made.path(), asks: to.asks };
                match Box::pin(job.run(self.put_into(&store, it, job))).await? {
                    Put::Done => self.note(|book| {
                        if let Some(known) = book.stores.get_mut(&store.key()) {
                            known.refused = None;
                        }
                    }),
                    Put::Refused(why) => {
                        self.note(|book| {
                            book.carried.remove(&name);
                            book.stores.entry(store.key()).or_default().refused = Some(why.clone());
                        });
                        return Err(refused(&store, &why));
                    }
                }
            }
            (_, made) => {
                if let (Destination::File(path), Some(made)) = (&to.to, made) {
                    made.persist_noclobber(path).map_err(|error| match error.error.kind() {
                        io::ErrorKind::AlreadyExists => there_already(path),
                        _ => unwritten(path, &error.error),
                    })?;
                    if let Some(folder) = path.parent().and_then(|folder| File::open(folder).ok()) {
                        let _ = folder.sync_all();
                    }
                    shipped.file = Some(path.clone());
                }
                self.note(|book| drop(book.carried.insert(name, noted)));
            }
        }
        Ok(shipped)
    }

    /// Whether a sealed file is as small as the user wants it.
    fn fits(&self, bytes: u64) -> Result<()> {
        let Some(most) = self.0.settings.config.carry.limit else { return Ok(()) };
        if bytes <= most.saturating_mul(1_000_000) {
            return Ok(());
        }
        let is = crate::text::bytes(bytes);
        Err(Error::failed(format!(
            "The sealed conversation is {is}; `limit` in the configuration is {most} MB."
        ))
        .advise("Nothing was published. Raise `limit`, or publish without the conversation."))
    }
}

impl Shipped {
    /// Its handoff is out: the file stays. Gives what opens it.
    pub fn stays(mut self) -> SecretString {
        self.file = None;
        if let Some(lock) = self.lock.take() {
            lock.done();
        }
        self.key.clone()
    }
}

impl Drop for Shipped {
    fn drop(&mut self) {
        if let Some(path) = &self.file {
            let _ = fs::remove_file(path);
        }
        if let Some(lock) = self.lock.take() {
            lock.done();
            self.service.take_away_ended();
        }
    }
}

fn nowhere(way: CarryWay) -> Error {
    let (why, help) = match way {
        CarryWay::Git => (
            "This project has no git remote that accepts sealed files.",
            "Add one (`git remote add origin …`), or name one as `remote` under `[carry]`.",
        ),
        CarryWay::Folder => {
            ("No folder for sealed files is set.", "Set `folder` under `[carry]` (`cclink config`).")
        }
        CarryWay::Ssh => {
            ("No machine for sealed files is set.", "Set `ssh` under `[carry]` (`cclink config`).")
        }
        CarryWay::File => ("A file needs a name.", "Use `cclink bundle -o FILE`."),
    };
    Error::usage(why).advise(format!("Nothing was published. {help}"))
}

fn refused(store: &CarryStore, why: &str) -> Error {
    let remote = match store {
        CarryStore::Git { remote, .. } => crate::text::clean(remote),
        other => other.key(),
    };
    Error::failed(format!("The git remote {remote} does not accept sealed files: {why}."))
        .advise("Nothing was published; it is not offered again. Choose another place, or publish without the conversation.")
}

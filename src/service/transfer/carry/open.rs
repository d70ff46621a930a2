//! A session that arrives in a sealed file.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::super::arrive::{Arrived, Decided, Lock, Parcel, unwritten};
use super::super::bring::is_published;
use super::super::changes::Arriving;
use super::part_of;
use crate::carry::{CarryError, Claim, Manifest, Part, Targets, unpack};
use crate::claude::{self, Beside};
use crate::service::{AudienceKind, Error, Found, Job, Plan, Result, Service, Wishes, blocking};
use crate::text;

impl Service {
    /// The plan to take a found handoff's session from its sealed file.
    pub fn plan_from_file(&self, found: &Found, file: &Path) -> Plan {
        Plan::from_file(&self.own_program(), &found.pickup.token, &file.to_string_lossy())
    }

    /// Puts the session of a found handoff in its place, from its sealed file. As with
    /// [`Service::bring`], whatever stops it leaves Claude's folder as it was.
    pub async fn take_from(
        &self,
        found: &Found,
        file: Sealed<'_>,
        wishes: &Wishes,
        job: &Job,
    ) -> Result<Arrived> {
        let record = &found.place.record;
        let claim = record.carry.as_ref().and_then(Claim::of).ok_or_else(|| {
            Error::failed("This handoff has no sealed file.").advise(
                "Run `cclink bundle` on the machine with the session: it publishes the handoff and \
                    writes the file.",
            )
        })?;
        let directory = self.directory_of(record).await?;
        let state = self.0.settings.paths.state.clone();
        let lock = job.run(Lock::take(&state, &record.session_id, job)).await?;
        self.sweep(&record.session_id).await?;
        let mut parcel = Parcel::empty(&state, &record.session_id)?;
        let mut decided = Decided::default();
        if let Some(instead) = self.until_free(&record.session_id, &mut decided, &wishes.ask, job).await? {
            return Ok(Arrived::Instead(instead));
        }
        let (file, store) = match file {
            Sealed::Stdin => (None, None),
            Sealed::File(file) => (Some(file.to_owned()), None),
            Sealed::Carried => {
                let into = parcel.sealed()?;
                match self.fetch_sealed(found, &claim, &into, wishes.asks, job).await {
                    Ok((file, store)) => (Some(file), Some(store)),
                    Err(error) => {
                        parcel.clear();
                        lock.done();
                        return Err(error);
                    }
                }
            }
        };
        job.doing("opening the sealed file");
        let opened = Opening { parcel: parcel.clone(), claim, with_memory: wishes.with_memory };
        let cancel = job.cancel.clone();
        let (own, mark) = (parcel.clone(), record.transcript.clone());
        // Cancelled, it ends by itself: nothing is written behind our back.
        let opened = blocking(move || {
            let manifest = opened.run(file.as_deref(), &mut |_| !cancel.is_cancelled())?;
            is_published(&own.transcript(), &mark, &own.id)?;
            unbind(&own.transcript())?;
            remove_foreign(&own).map(|foreign| (manifest, foreign))
        });
        let (manifest, foreign) = match opened.await? {
            Ok(opened) => opened,
            Err(error) => {
                parcel.clear();
                lock.done();
                return Err(error);
            }
        };
        if let Some(first) = foreign.first() {
            parcel.leaves(format!("{first}{} (not this session's)", text::and_more(foreign.len() - 1)));
        }
        for left in manifest.left_out.iter().take(1) {
            let more = text::and_more(manifest.left_out.len() - 1);
            parcel.leaves(format!("{}{more} ({})", text::clean(&left.what), text::clean(&left.why)));
        }
        let mut arrived = self.arrive(&parcel, &directory, decided, &wishes.ask, job).await?;
        if let Arrived::Placed(placed) = &mut arrived {
            self.remember_place(record, &directory);
            let is_ours = found.place.place.token.audience == AudienceKind::Devices;
            if let (Some(store), true) = (store, is_ours) {
                self.goes_home_by(&store, record, &directory);
            }
            job.doing("applying the changes");
            let changes = Arriving {
                folder: parcel.changes(),
                directory,
                changes: manifest.changes,
                beside: state.join("changes").join(&parcel.id),
                is_ours,
            };
            // Not to be cut in half.
            let applied = Box::pin(changes.arrive()).await;
            parcel.clear();
            lock.done();
            placed.notes.extend(applied?);
        }
        Ok(arrived)
    }
}

/// Where a sealed file is read.
#[derive(Clone, Copy, Debug)]
pub enum Sealed<'a> {
    /// From stdin.
    Stdin,
    /// From a file of the user's.
    File(&'a Path),
    /// From wherever it was put and this machine reaches.
    Carried,
}

struct Opening {
    parcel: Parcel,
    claim: Claim,
    with_memory: bool,
}

impl Opening {
    fn run(self, file: Option<&Path>, tell: &mut dyn FnMut(u64) -> bool) -> Result<Manifest> {
        let shown = file.map_or_else(|| "stdin".into(), |file| text::clean(&file.to_string_lossy()));
        let file = match file {
            // A pipe would hold us up for ever.
            Some(file) if fs::metadata(file).is_ok_and(|meta| !meta.is_file()) => {
                Err(io::Error::other("it is not a regular file"))
            }
            Some(file) => File::open(file),
            None => spooled(self.claim.bytes),
        };
        let file = file.map_err(|error| {
            Error::failed(format!("{shown} cannot be read: {error}.")).advise("Nothing was picked up.")
        })?;
        let parcel = &self.parcel;
        let wanted = Beside::ALL.into_iter().filter(|part| self.with_memory || *part != Beside::Memory);
        let folders = wanted.map(|part| (part_of(part), parcel.folder(part)));
        let folders = folders.chain([(Part::Changes, parcel.changes())]).collect();
        let targets = Targets { transcript: parcel.transcript(), folders };
        unpack(BufReader::new(file), &self.claim, &parcel.id, &targets, tell).map_err(|error| match error {
            CarryError::Cancelled => Error::cancelled(),
            CarryError::NotThis(_) => {
                Error::failed(format!("{shown} does not belong to this handoff: {error}."))
                    .advise("Copy it again, completely; each handoff has its own file.")
            }
            CarryError::Newer => Error::failed(format!("{shown} was rejected: {error}."))
                .advise("Update cclink on this machine."),
            CarryError::Io(error) => Error::failed(format!("{shown} could not be unpacked: {error}."))
                .advise("Nothing here was changed. Free some space, then try again."),
            error => Error::failed(format!("{shown} was rejected: {error}."))
                .advise("Nothing here was changed. Ask for another one."),
        })
    }
}

/// Whoever sealed it may have left the lines in it that bind it to a process.
fn unbind(part: &Path) -> Result<()> {
    let file = File::options().read(true).write(true).open(part);
    file.and_then(|mut file| claude::blank_bindings(&mut file)).map_err(|error| unwritten(part, &error))
}

/// Takes out what would come to belong to another session, or to claude: a plan that this
/// one does not name, a cache. Gives their names, cleaned.
fn remove_foreign(parcel: &Parcel) -> Result<Vec<String>> {
    let transcript = parcel.transcript();
    let failed = |error| unwritten(&transcript, &error);
    let plans = claude::plan_names(&transcript).map_err(failed)?;
    let mut foreign = Vec::new();
    for part in Beside::ALL {
        let folder = parcel.folder(part);
        for name in claude::files_below(&folder).map_err(failed)? {
            let file = name.file_name().unwrap_or_default().to_string_lossy();
            if !part.holds(&file, &plans) {
                fs::remove_file(folder.join(&name)).map_err(failed)?;
                foreign.push(text::clean(&file));
            }
        }
    }
    Ok(foreign)
}

/// What stdin holds, at most a byte more than is expected, in a file without a name.
fn spooled(most: u64) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut io::stdin().lock().take(most.saturating_add(1)), &mut file)?;
    file.flush()?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

//! Fetching what belongs to a session beside its transcript.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::super::arrive::Parcel;
use super::super::sftp::{CHUNK, Listing, RemoteEntry, Shape};
use super::left::{DEEPEST, Left, MOST_BYTES, MOST_FILES, Why};
use super::origin::Origin;
use crate::claude::{self, Beside};
use crate::service::{Error, Result, blocking};
use crate::store::files;
use crate::text;

/// What is here of a session that is here already, whole.
pub(super) struct Here<'a> {
    pub transcript: &'a Path,
    /// Claude's folder.
    pub root: &'a Path,
}

/// Fetches side folder, checkpoints, plans and, where it is wanted, memory into
/// the parcel; of a session that is `here` only what is missing. Resuming needs
/// none of it: what cannot be had is noted, by its kind.
pub(super) async fn fetch(
    origin: &Origin,
    parcel: &mut Parcel,
    here: Option<Here<'_>>,
    with_memory: bool,
) -> Result<()> {
    let transcript = here.as_ref().map_or_else(|| parcel.transcript(), |here| here.transcript.to_owned());
    let plans = blocking(move || claude::plan_names(&transcript).unwrap_or_default()).await?;
    let (left, came) = (Left::default(), BTreeSet::new());
    let mut taking = Taking { origin, parcel, left, came, files: MOST_FILES, bytes: MOST_BYTES };
    for part in Beside::ALL {
        let from = part.folder(&origin.claude, &origin.transcript);
        match part {
            Beside::Plans if plans.is_empty() => continue,
            Beside::Memory if !with_memory => {
                if holds_something(&origin.remote.list(&from).await?) {
                    taking.parcel.leaves("the project's memory (`--with-memory` takes it along)");
                }
                continue;
            }
            _ => {}
        }
        // What this machine's project remembers is merged file by file.
        let here = here.as_ref().filter(|_| part != Beside::Memory);
        let ours = here.map(|here| part.folder(here.root, here.transcript));
        let folder = Folder { what: part.words(), from, to: taking.parcel.folder(part), ours };
        taking.folder(&folder, &|name| part.holds(name, &plans)).await?;
    }
    taking.parcel.keep_only(&taking.came)?;
    for words in taking.left.words() {
        taking.parcel.leaves(words);
    }
    Ok(())
}

/// Whether there is anything in a folder, as far as it lets itself be seen.
fn holds_something(listing: &Listing) -> bool {
    let is_something = |entry: &RemoteEntry| entry.shape != Shape::File || entry.size > 0;
    listing.no.is_some() || listing.entries.iter().any(is_something)
}

/// A folder there, and where it goes.
struct Folder {
    /// In words.
    what: &'static str,
    from: PathBuf,
    to: PathBuf,
    /// Where what need not be fetched again would be.
    ours: Option<PathBuf>,
}

struct Taking<'a> {
    origin: &'a Origin,
    parcel: &'a mut Parcel,
    left: Left,
    /// Where in the parcel what came is, now or with an earlier try.
    came: BTreeSet<PathBuf>,
    /// What may still be taken.
    files: usize,
    bytes: u64,
}

impl Taking<'_> {
    /// Fetches a folder's regular files whose names are `wanted`. An error is one
    /// of this machine, or of the connection.
    async fn folder(&mut self, folder: &Folder, wanted: &(dyn Fn(&str) -> bool + Sync)) -> Result<()> {
        let mut folders = vec![PathBuf::new()];
        while let Some(below) = folders.pop() {
            let mut leaves = |why, name: &Path| self.left.note(why, folder.what, name);
            let Listing { entries, no, odd, more } =
                self.origin.remote.list(&folder.from.join(&below)).await?;
            if no.is_some() {
                leaves(Why::Unlisted, &below);
            }
            if more {
                leaves(Why::Crowded, &below);
            }
            for name in odd.iter().filter(|name| wanted(name)) {
                leaves(Why::Odd, &below.join(name));
            }
            for entry in entries {
                let name = below.join(&entry.name);
                match entry.shape {
                    Shape::Folder if name.components().count() <= DEEPEST => folders.push(name),
                    _ if !wanted(&entry.name) => {}
                    Shape::Folder => self.left.note(Why::Deep, folder.what, &name),
                    Shape::Link => self.left.note(Why::Link, folder.what, &name),
                    Shape::Other => self.left.note(Why::NoFile, folder.what, &name),
                    Shape::File => {
                        let ours = folder.ours.as_ref().map(|ours| ours.join(&name));
                        if !ours.is_some_and(|ours| is_here(&ours, &entry)) {
                            let to = folder.to.join(&name);
                            match self.file(&folder.from.join(&name), &to, &entry).await? {
                                Some(why) => self.left.note(why, folder.what, &name),
                                None => drop(self.came.insert(to)),
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// One file with its time; or why it cannot be had from there.
    async fn file(&mut self, from: &Path, to: &Path, entry: &RemoteEntry) -> Result<Option<Why>> {
        let io = |error: std::io::Error| {
            Error::failed(format!("{} cannot be written: {error}.", text::clean(&to.to_string_lossy())))
                .advise("The session here is unchanged. Free some space, then try again.")
        };
        if self.files == 0 {
            return Ok(Some(Why::Many));
        }
        if entry.size > self.bytes {
            return Ok(Some(Why::Large));
        }
        if is_here(to, entry) {
            // An earlier try has fetched it.
            self.files -= 1;
            self.bytes -= entry.size;
            return Ok(None);
        }
        let Ok(mut file) = self.origin.remote.read(from).await? else { return Ok(Some(Why::Unread)) };
        self.files -= 1;
        self.parcel.make_way(to)?;
        files::private_dir(to.parent().unwrap_or(to))?;
        let mut out = claude::private_file(to).map_err(io)?;
        loop {
            let why = match file.next(CHUNK).await? {
                Ok(None) => break,
                // It may grow while it is read, but not for ever.
                Ok(Some(chunk)) if chunk.len() as u64 <= self.bytes => {
                    self.bytes -= chunk.len() as u64;
                    out.write_all(&chunk).map_err(io)?;
                    continue;
                }
                Ok(Some(_)) => Why::Large,
                Err(_) => Why::Unread,
            };
            // Half of a file is none.
            let _ = fs::remove_file(to);
            return Ok(Some(why));
        }
        if let Some(time) = entry.modified {
            out.set_modified(time).map_err(io)?;
        }
        Ok(None)
    }
}

/// Whether a file is here as it is there: equally long, and written since.
fn is_here(ours: &Path, theirs: &RemoteEntry) -> bool {
    let Ok(here) = ours.symlink_metadata() else { return false };
    let since = here.modified().ok().zip(theirs.modified).is_some_and(|(here, there)| here >= there);
    here.is_file() && here.len() == theirs.size && since
}

//! A folder that both machines see: synchronised by something else, on a stick, or
//! shared.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{Shipment, unusable};
use crate::carry::{CarryError, Claim};
use crate::service::{Error, Job, Result, blocking};
use crate::store::files;
use crate::text;

/// Bytes that are copied before it is looked whether it was cancelled.
const CHUNK: u64 = 1024 * 1024;
/// How often it is looked whether a file has come.
const LOOK: Duration = Duration::from_millis(500);
/// How long one that is on its way is waited for.
const PATIENCE: Duration = Duration::from_mins(10);

/// A file's path there.
fn path_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.cclink"))
}

/// Where it is written. Known by name, so that the rest of a killed one is taken away by
/// whoever noted it, and by nobody else: on another machine it may be half of one that
/// is on its way, and locked for nobody.
fn part_of(path: &Path) -> PathBuf {
    path.with_extension("part")
}

/// Puts it there whole, or not at all; cancelled, it ends by itself.
pub(super) async fn put(folder: &Path, name: &str, file: &Path, job: &Job) -> Result<()> {
    let (folder, to, from) = (folder.to_owned(), path_of(folder, name), file.to_owned());
    let job = job.clone();
    let what = format!("writing the sealed file to {}", text::clean(&folder.to_string_lossy()));
    job.doing(what.as_str());
    blocking(move || {
        made(&folder)?;
        let part = part_of(&to);
        let copy = || -> io::Result<()> {
            let mut from = File::open(&from)?;
            let mut options = File::options();
            options.create_new(true).write(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut out = options.open(&part)?;
            let (all, mut done) = (from.metadata()?.len(), 0);
            while !job.cancel.is_cancelled() {
                let copied = io::copy(&mut (&mut from).take(CHUNK), &mut out)?;
                if copied == 0 {
                    break;
                }
                done += copied;
                job.so_far(&what, done, all);
            }
            out.sync_all()?;
            if job.cancel.is_cancelled() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            fs::rename(&part, &to)
        };
        copy().map_err(|error| {
            let _ = fs::remove_file(&part);
            unusable(&to, &error)
        })
    })
    .await?
}

/// The folder itself is made, the one it lies in is not: it would be on no machine
/// but this one.
fn made(folder: &Path) -> Result<()> {
    let is_there = |path: &Path| path.is_dir();
    if is_there(folder) {
        return Ok(());
    }
    let words = text::clean(&folder.to_string_lossy());
    if !folder.parent().is_some_and(is_there) {
        return Err(Error::failed(format!("The folder {words} does not exist."))
            .advise("Mount or create it, or set another one under `[carry]` (`cclink config`)."));
    }
    files::private_dir(folder).map_err(Error::from)
}

/// Copies it here when it is whole there; waits for one that is on its way.
pub(super) async fn get(
    folder: &Path,
    claim: &Claim,
    it: Shipment<'_>,
    waits: bool,
    job: &Job,
) -> Result<bool> {
    let there = path_of(folder, it.name);
    let started = Instant::now();
    loop {
        let (from, to, all) = (there.clone(), it.file.to_owned(), claim.bytes);
        let copied = blocking(move || copy_whole(&from, &to, all).map_err(|error| unusable(&from, &error)));
        let bytes = copied.await??;
        if bytes == Some(claim.bytes) && is_whole(it.file, claim).await? {
            return Ok(true);
        }
        if !waits || started.elapsed() > PATIENCE {
            return Ok(false);
        }
        let (folder, all) = (text::clean(&folder.to_string_lossy()), text::bytes(claim.bytes));
        job.doing(match bytes {
            Some(bytes) => format!("waiting for {folder}: {} of {all} are there", text::bytes(bytes)),
            None => format!("waiting for it to appear in {folder}"),
        });
        tokio::time::sleep(LOOK).await;
    }
}

/// Copies a file that is as long as it is to be, and never more of it; how long it is,
/// where it is there. Blocking.
fn copy_whole(from: &Path, to: &Path, all: u64) -> io::Result<Option<u64>> {
    // A pipe in its place would be waited for.
    let Some(meta) = fs::metadata(from).ok().filter(fs::Metadata::is_file) else { return Ok(None) };
    if meta.len() == all {
        io::copy(&mut File::open(from)?.take(all), &mut File::create(to)?)?;
    }
    Ok(Some(meta.len()))
}

/// Takes it away, and the half of one that did not get there; whether it was there.
pub(super) async fn take_away(folder: &Path, name: &str) -> Result<bool> {
    let path = path_of(folder, name);
    let remove = move || {
        let _ = fs::remove_file(part_of(&path));
        fs::remove_file(&path).map(|()| true).map_err(|error| (path, error))
    };
    match blocking(remove).await? {
        // A folder that is not mounted still holds it.
        Err((path, error))
            if error.kind() == io::ErrorKind::NotFound && path.parent().is_some_and(Path::is_dir) =>
        {
            Ok(false)
        }
        gone => gone.map_err(|(path, error)| unusable(&path, &error)),
    }
}

/// Whether a file here is the one that was signed.
pub(super) async fn is_whole(file: &Path, claim: &Claim) -> Result<bool> {
    let (file, claim) = (file.to_owned(), claim.clone());
    blocking(move || {
        match File::open(&file).map_err(CarryError::from).and_then(|mut it| claim.check(&mut it)) {
            Ok(()) => Ok(true),
            Err(CarryError::Io(error)) => Err(unusable(&file, &error)),
            Err(_) => Ok(false),
        }
    })
    .await?
}

//! A machine of the owner's that is always on, over SFTP.

use std::path::{Path, PathBuf};

use tokio::fs::OpenOptions;
use tokio::io::AsyncWriteExt;

use super::super::sftp::{CHUNK, Remote};
use super::unusable;
use crate::service::{Job, Result};

/// A file's path there, from the home folder on.
fn path_of(folder: &str, name: &str) -> PathBuf {
    Path::new(folder).join(format!("{name}.cclink"))
}

/// Puts it there whole, or not at all.
pub(super) async fn put(
    remote: &Remote,
    folder: &str,
    name: &str,
    file: &Path,
    tell: &mut (dyn FnMut(u64) + Send),
) -> Result<()> {
    let mut above = PathBuf::new();
    for part in Path::new(folder) {
        above.push(part);
        remote.make_folder(&above).await?;
    }
    remote.write(file, &path_of(folder, name), tell).await
}

/// Copies it here; whether it was there.
pub(super) async fn get(
    remote: &Remote,
    folder: &str,
    name: &str,
    into: &Path,
    bytes: u64,
    job: &Job,
) -> Result<bool> {
    let there = path_of(folder, name);
    if !matches!(remote.size(&there).await?, Ok(Some(size)) if size == bytes) {
        return Ok(false);
    }
    let mut reading = remote.read(&there).await?.map_err(|no| no.about(&there))?;
    let failed = |error: std::io::Error| unusable(into, &error);
    let mut options = OpenOptions::new();
    let mut out = options.create(true).write(true).truncate(true).open(into).await.map_err(failed)?;
    let mut done = 0;
    while let Some(chunk) = reading.next(CHUNK).await?.map_err(|no| no.about(&there))? {
        done += chunk.len() as u64;
        if done > bytes {
            return Ok(false);
        }
        out.write_all(&chunk).await.map_err(failed)?;
        job.so_far("fetching it", done, bytes);
    }
    out.flush().await.map_err(failed)?;
    Ok(done == bytes)
}

/// Takes it away, and the half of one that did not get there; whether it was there.
pub(super) async fn take_away(remote: &Remote, folder: &str, name: &str) -> Result<bool> {
    let path = path_of(folder, name);
    drop(remote.remove(&path.with_extension("part")).await?);
    let was_there = matches!(remote.size(&path).await?, Ok(Some(_)));
    remote.remove(&path).await?.map_err(|no| no.about(&path))?;
    Ok(was_there)
}

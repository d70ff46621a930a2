//! Fetching the transcript.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::super::arrive::{Parcel, unwritten};
use super::super::sftp::CHUNK;
use super::origin::{Origin, Turn};
use crate::claude;
use crate::handoff::{Record, Transcript};
use crate::service::{Error, Job, Result, blocking};
use crate::text;

/// Bytes of an interrupted copy that are compared before it goes on.
const OVERLAP: u64 = 64 * 1024;
/// How often progress is told.
const TELL: Duration = Duration::from_millis(200);

/// Fetches the transcript into the parcel and verifies it. Says what of it had
/// to stay there.
pub(super) async fn transcript(
    origin: &Origin,
    record: &Record,
    parcel: &Parcel,
    job: &Job,
) -> Result<Option<String>> {
    let part = parcel.transcript();
    fetch(origin, &part, job).await?;
    let (mark, id, turn) = (record.transcript.clone(), record.session_id.clone(), origin.turn);
    blocking(move || verify(&part, &mark, &id, turn)).await?
}

/// Copies it, going on behind what is there already.
async fn fetch(origin: &Origin, part: &Path, job: &Job) -> Result<()> {
    let io = |error: std::io::Error| unwritten(part, &error);
    let from = &origin.transcript;
    let mut file = origin.remote.read(from).await?.map_err(|no| no.about(from))?;
    let start = resume_point(part, origin).await?;
    check_room(part, origin.bytes - start)?;
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.open(part).map_err(io)?;
    out.set_len(start).map_err(io)?;
    out.seek(SeekFrom::End(0)).map_err(io)?;
    file.go_to(start);
    let (begun, mut told, mut done) = (Instant::now(), Instant::now(), start);
    while done < origin.bytes {
        let most = u32::try_from(origin.bytes - done).unwrap_or(u32::MAX).min(CHUNK);
        let Some(chunk) = file.next(most).await?.map_err(|no| no.about(from))? else { break };
        out.write_all(&chunk).map_err(io)?;
        done += chunk.len() as u64;
        if told.elapsed() >= TELL {
            told = Instant::now();
            job.doing(progress(done, start, origin.bytes, begun.elapsed()));
        }
    }
    out.sync_all().map_err(io)
}

/// How much of an interrupted copy can be kept: all of it when its end is what
/// is there, nothing otherwise. (One that was verified has lines blanked.)
async fn resume_point(part: &Path, origin: &Origin) -> Result<u64> {
    let Ok(length) = fs::metadata(part).map(|meta| meta.len()) else { return Ok(0) };
    let from = length.saturating_sub(OVERLAP);
    let Some(mut ours) = read_range(part, from, length).filter(|_| length <= origin.bytes) else {
        return Ok(0);
    };
    let mut theirs = origin.remote.range(&origin.transcript, from, length).await?;
    claude::blank(&mut ours);
    claude::blank(&mut theirs);
    Ok(if ours == theirs { length } else { 0 })
}

fn read_range(path: &Path, from: u64, to: u64) -> Option<Vec<u8>> {
    let mut file = File::open(path).ok()?;
    file.seek(SeekFrom::Start(from)).ok()?;
    let mut out = Vec::new();
    file.take(to - from).read_to_end(&mut out).ok()?;
    Some(out)
}

/// Says beforehand that a disk is too full, where the system tells.
fn check_room(part: &Path, needed: u64) -> Result<()> {
    #[cfg(unix)]
    if let Some(Ok(system)) = part.parent().map(rustix::fs::statvfs) {
        let free = system.f_bavail.saturating_mul(system.f_frsize);
        if free < needed {
            return Err(Error::failed(format!(
                "Not enough space in {}: {} needed, {} free.",
                part.parent().unwrap_or(part).display(),
                text::bytes(needed),
                text::bytes(free)
            ))
            .advise("Nothing here was changed. Free some space, then try again."));
        }
    }
    Ok(())
}

/// `12.3 MB of 60.0 MB, 4 s left`.
fn progress(done: u64, start: u64, all: u64, elapsed: Duration) -> String {
    let fetched = u128::from(done.saturating_sub(start).max(1));
    let left = elapsed.as_millis() * u128::from(all.saturating_sub(done)) / fetched;
    let left = text::span(i64::try_from(left / 1000).unwrap_or(i64::MAX));
    format!("{} of {}, {left} left", text::bytes(done), text::bytes(all))
}

/// Checks that a transcript is what was published.
pub(crate) fn is_published(part: &Path, mark: &Transcript, id: &str) -> Result<()> {
    let refuse = |why: &str| {
        Err(Error::failed(format!("What was brought is not what was published: {why}.")).advise(
            "Nothing was put in Claude's folder. Try again; another machine may answer at this address.",
        ))
    };
    if !claude::holds(part, mark).unwrap_or(false) {
        return refuse("its length or its last 64 KiB differ");
    }
    if !claude::names_session(part, id).unwrap_or(false) {
        return refuse("it belongs to another session");
    }
    Ok(())
}

/// Verifies a fetched transcript and makes it ready to arrive: whole lines (of
/// one in which a turn runs, whole turns), bound to no process.
fn verify(part: &Path, mark: &Transcript, id: &str, turn: Turn) -> Result<Option<String>> {
    is_published(part, mark, id).inspect_err(|_| drop(fs::remove_file(part)))?;
    let io = |error: std::io::Error| unwritten(part, &error);
    let whole = fs::metadata(part).map_err(io)?.len();
    let cut = matches!(turn, Turn::Running | Turn::Unknown);
    let bytes = claude::whole_turns(part, cut).map_err(io)?;
    let mut file = OpenOptions::new().read(true).write(true).open(part).map_err(io)?;
    file.set_len(bytes).map_err(io)?;
    claude::blank_bindings(&mut file).map_err(io)?;
    file.sync_all().map_err(io)?;
    Ok((bytes < whole && cut).then(|| {
        format!(
            "it is open there: everything after its last complete turn ({}) was left out",
            text::bytes(whole - bytes)
        )
    }))
}

//! Bring: a session's transcript from the machine where it lives to this one,
//! byte for byte, over the user's own SSH.
//!
//! It is fetched into the folder of state, so that an interrupted copy goes on
//! where it stopped and nothing half is ever in Claude's folder; verified; and
//! only then put in its place. Nothing there is overwritten.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::io::AsyncSeekExt;

use super::sftp::{Remote, failed};
use super::{Error, Found, Job, Kind, Result, Service, blocking};
use crate::claude;
use crate::handoff::{Record, Transcript};
use crate::store::files;
use crate::text;

/// Bytes asked for at once; the other side may give fewer.
const CHUNK: u32 = 256 * 1024;
/// Bytes of an interrupted copy that are compared before it goes on.
const OVERLAP: u64 = 64 * 1024;
/// How often progress is told.
const TELL: Duration = Duration::from_millis(200);
/// A live record is small.
const MAX_LIVE_RECORD: u64 = 256 * 1024;
/// Files and folders of a session's side folder.
const MOST_SIDE_FILES: usize = 5000;
/// A cache that Claude Code builds again by itself.
const NOT_TAKEN: &str = "resume-head.jsonl";

/// What was brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    /// Where the transcript lies now.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// What should be known of it, in words.
    pub notes: Vec<String>,
}

/// What lies at the origin.
struct Origin {
    remote: Remote,
    transcript: PathBuf,
    bytes: u64,
    live: bool,
}

impl Service {
    /// Copies a found handoff's transcript here. `asks`: somebody is at the
    /// terminal and can answer ssh. `replace`: a shorter copy of this machine
    /// may be put aside. Cancelled, it leaves nothing in Claude's folder; the
    /// next try goes on where this one stopped.
    pub async fn bring(&self, found: &Found, asks: bool, replace: bool, job: &Job) -> Result<Brought> {
        let record = &found.place.record;
        let address = record.ssh.clone().ok_or_else(|| {
            Error::failed("This handoff does not say where its session can be reached.")
                .advise("Publish it with `--ssh USER@HOST`, or set `ssh` in the configuration there.")
        })?;
        let directory = self.directory(None, Some(record)).await.ok_or_else(|| {
            Error::failed(format!("No folder of this machine is known for {}.", text::clean(&record.project)))
                .advise("Say which with `[paths]` in the configuration (`cclink config`).")
        })?;
        let local = self.best_copy(&record.session_id, None).await;
        let target = match &local {
            // The same id in two folders could not be resumed from a third.
            Some(copy) => copy.path.clone(),
            None => self.new_place(&directory, &record.session_id)?,
        };
        job.doing(format!("connecting to {address}"));
        let origin = job.run(self.origin(&address, record, asks)).await?;
        if let Some(done) = self.already_here(&target, record, origin.bytes).await {
            return Ok(done);
        }
        if local.is_some() && !replace {
            return Err(Error::new(
                Kind::Exists,
                format!("A copy of this session with less in it is here: {}.", target.display()),
            )
            .advise("Say so to replace it (`--yes`); the old one is kept beside it."));
        }
        let part = self.part_path(&record.session_id)?;
        job.run(fetch(&origin, &part, job)).await?;
        let (part, transcript, id) = (part.clone(), record.transcript.clone(), record.session_id.clone());
        let live = origin.live;
        let place = target.clone();
        let mut brought = blocking(move || settle(&part, &place, &transcript, &id, live)).await??;
        job.doing("taking what lies beside it");
        if let Some(note) = job.run(async { Ok(side_folder(&origin, &target).await) }).await? {
            brought.notes.push(note);
        }
        Ok(brought)
    }

    /// Where a session goes that is not here yet: the folder that claude uses
    /// for this directory.
    fn new_place(&self, directory: &Path, id: &str) -> Result<PathBuf> {
        let root = self
            .0
            .settings
            .claude_root
            .as_deref()
            .ok_or_else(|| Error::failed("There is no Claude Code folder."))?;
        Ok(claude::folder_for(root, directory).join(format!("{id}.jsonl")))
    }

    /// An interrupted copy lies here until it is whole.
    fn part_path(&self, id: &str) -> Result<PathBuf> {
        let folder = self.0.settings.paths.state.join("bring");
        files::private_dir(&folder)?;
        Ok(folder.join(format!("{id}.part")))
    }

    /// A copy of this machine that holds all of it makes bringing unnecessary.
    async fn already_here(&self, target: &Path, record: &Record, bytes: u64) -> Option<Brought> {
        let (path, mark) = (target.to_owned(), record.transcript.clone());
        let size = fs::metadata(target).ok()?.len();
        let holds = blocking(move || claude::holds(&path, &mark).unwrap_or(false)).await.ok()?;
        (holds && size >= bytes).then(|| Brought {
            path: target.to_owned(),
            bytes: size,
            notes: vec!["it was here already, whole".to_owned()],
        })
    }

    /// Connects and finds the transcript by its id, in whatever project folder.
    async fn origin(&self, address: &str, record: &Record, asks: bool) -> Result<Origin> {
        let remote = Remote::open(&self.ssh_way(address), asks).await?;
        let claude = match &record.claude_dir {
            Some(dir) => PathBuf::from(dir),
            None => remote.home().await?.join(".claude"),
        };
        let name = format!("{}.jsonl", record.session_id);
        let mut best: Option<(u64, PathBuf)> = None;
        for folder in remote.list(&claude.join("projects")).await.into_iter().filter(|entry| entry.is_dir) {
            let path = claude.join("projects").join(&folder.name).join(&name);
            if let Some(bytes) = remote.size(&path).await {
                best = best.max(Some((bytes, path)));
            }
        }
        let (bytes, transcript) = best.ok_or_else(|| {
            Error::gone(format!("The session is not in ~/.claude on {address} any more."))
                .advise("Claude Code deletes sessions that were not used for 30 days.")
        })?;
        if bytes < record.transcript.bytes {
            return Err(Error::failed(format!(
                "The session on {address} holds less than what was published."
            ))
            .advise("Is this the machine it was published from?"));
        }
        let live = is_live(&remote, &claude.join("sessions"), &record.session_id).await;
        Ok(Origin { remote, transcript, bytes, live })
    }
}

/// Whether a claude there says that it holds the session. (Whether it still
/// runs cannot be seen from here.) Never looks at the `.key` files beside.
async fn is_live(remote: &Remote, folder: &Path, id: &str) -> bool {
    let names = remote.list(folder).await.into_iter().filter(|entry| {
        entry.is_file && Path::new(&entry.name).extension().is_some_and(|ending| ending == "json")
    });
    for entry in names.take(64) {
        let Some(content) = remote.small(&folder.join(&entry.name), MAX_LIVE_RECORD).await else { continue };
        let record: serde_json::Value = serde_json::from_slice(&content).unwrap_or_default();
        if record.get("sessionId").and_then(serde_json::Value::as_str) == Some(id) {
            return true;
        }
    }
    false
}

/// Copies the transcript to `part`, going on behind what is there already.
async fn fetch(origin: &Origin, part: &Path, job: &Job) -> Result<()> {
    let io = |error: std::io::Error| Error::failed(format!("{} cannot be written: {error}.", part.display()));
    let mut file = origin.remote.read(&origin.transcript).await?;
    let start = resume_point(&mut file, part, origin).await?;
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.open(part).map_err(io)?;
    out.set_len(start).map_err(io)?;
    out.seek(SeekFrom::End(0)).map_err(io)?;
    file.seek(SeekFrom::Start(start)).await.map_err(io)?;
    let (begun, mut told, mut done) = (Instant::now(), Instant::now(), start);
    while done < origin.bytes {
        let most = u32::try_from(origin.bytes - done).unwrap_or(u32::MAX).min(CHUNK);
        let chunk = file
            .read(most, bytes::BytesMut::new())
            .await
            .map_err(|error| failed(&origin.transcript, &error))?;
        let Some(chunk) = chunk.filter(|chunk| !chunk.is_empty()) else { break };
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
/// lies there, nothing otherwise.
async fn resume_point(
    file: &mut openssh_sftp_client::file::File,
    part: &Path,
    origin: &Origin,
) -> Result<u64> {
    let Ok(length) = fs::metadata(part).map(|meta| meta.len()) else { return Ok(0) };
    let from = length.saturating_sub(OVERLAP);
    let Some(ours) = read_range(part, from, length).filter(|_| length <= origin.bytes) else { return Ok(0) };
    file.seek(SeekFrom::Start(from)).await.map_err(|error| Error::failed(error.to_string()))?;
    let mut theirs = Vec::new();
    while (theirs.len() as u64) < length - from {
        let most = u32::try_from(length - from - theirs.len() as u64).unwrap_or(CHUNK);
        match file
            .read(most, bytes::BytesMut::new())
            .await
            .map_err(|error| failed(&origin.transcript, &error))?
        {
            Some(chunk) if !chunk.is_empty() => theirs.extend_from_slice(&chunk),
            _ => break,
        }
    }
    Ok(if ours == theirs { length } else { 0 })
}

fn read_range(path: &Path, from: u64, to: u64) -> Option<Vec<u8>> {
    let mut file = File::open(path).ok()?;
    file.seek(SeekFrom::Start(from)).ok()?;
    let mut out = Vec::new();
    file.take(to - from).read_to_end(&mut out).ok()?;
    Some(out)
}

/// `12.3 MB of 60.0 MB, 4 s left`.
fn progress(done: u64, start: u64, all: u64, elapsed: Duration) -> String {
    let fetched = u128::from(done.saturating_sub(start).max(1));
    let left = elapsed.as_millis() * u128::from(all.saturating_sub(done)) / fetched;
    let left = text::span(i64::try_from(left / 1000).unwrap_or(i64::MAX));
    format!("{} of {}, {left} left", text::bytes(done), text::bytes(all))
}

/// Verifies a fetched transcript and puts it in its place.
fn settle(part: &Path, target: &Path, mark: &Transcript, id: &str, live: bool) -> Result<Brought> {
    let refuse = |why: &str| {
        let _ = fs::remove_file(part);
        Error::failed(format!("What was brought is not what was published: {why}.")).advise(
            "Nothing was put in Claude's folder. Try again; another machine may answer at this address.",
        )
    };
    if !claude::holds(part, mark).unwrap_or(false) {
        return Err(refuse("its length or its last 64 KiB differ"));
    }
    if !claude::names_session(part, id).unwrap_or(false) {
        return Err(refuse("it is another session's"));
    }
    let io =
        |error: std::io::Error| Error::failed(format!("{} cannot be written: {error}.", target.display()));
    let mut notes = Vec::new();
    let whole = fs::metadata(part).map_err(io)?.len();
    let bytes = claude::whole_turns(part, live).map_err(io)?;
    if bytes < whole {
        OpenOptions::new().write(true).open(part).and_then(|file| file.set_len(bytes)).map_err(io)?;
        notes.push(format!(
            "it is open where it lives: what follows its last complete turn ({}) stayed there",
            text::bytes(whole - bytes)
        ));
    }
    let folder = target.parent().unwrap_or(Path::new("."));
    files::private_dir(folder)?;
    if target.exists() {
        let kept = files::set_aside_as(target, "before")?;
        notes.push(format!("the copy that was here is kept at {}", kept.display()));
    }
    place(part, target).map_err(io)?;
    Ok(Brought { path: target.to_owned(), bytes, notes })
}

/// Moves a file to a place that must be free, with the time of now: Claude Code
/// sweeps transcripts by the time of their file.
fn place(part: &Path, target: &Path) -> std::io::Result<()> {
    let folder = target.parent().unwrap_or(Path::new("."));
    let mut aside = tempfile::Builder::new().prefix(".cclink-").suffix(".tmp").tempfile_in(folder)?;
    std::io::copy(&mut File::open(part)?, &mut aside)?;
    aside.as_file().sync_all()?;
    aside.persist_noclobber(target).map_err(|error| error.error)?;
    fs::remove_file(part)
}

/// The session's side folder (sub-agents, large tool results), where there is
/// one and none is here. Says what could not be taken; resuming needs none of it.
async fn side_folder(origin: &Origin, target: &Path) -> Option<String> {
    let (from, to) = (origin.transcript.with_extension(""), target.with_extension(""));
    if to.exists() || origin.remote.list(&from).await.is_empty() {
        return None;
    }
    let aside = tempfile::Builder::new().prefix(".cclink-").tempdir_in(to.parent()?).ok()?;
    match copy_folder(&origin.remote, &from, aside.path()).await {
        Ok(()) => match fs::rename(aside.path(), &to) {
            Ok(()) => {
                // Moved away: there is nothing left to clean up.
                let _ = aside.keep();
                None
            }
            Err(error) => Some(format!("its sub-agents and large outputs stayed there: {error}")),
        },
        Err(error) => Some(format!("its sub-agents and large outputs stayed there: {}", error.message)),
    }
}

async fn copy_folder(remote: &Remote, from: &Path, to: &Path) -> Result<()> {
    let mut folders = vec![(from.to_owned(), to.to_owned())];
    let mut files = 0;
    while let Some((from, to)) = folders.pop() {
        files::private_dir(&to)?;
        for entry in remote.list(&from).await {
            let (source, copy) = (from.join(&entry.name), to.join(&entry.name));
            files += 1;
            if files > MOST_SIDE_FILES {
                return Err(Error::failed("there are too many"));
            }
            if entry.is_dir {
                folders.push((source, copy));
            } else if entry.is_file && entry.name != NOT_TAKEN {
                copy_file(remote, &source, &copy).await?;
            }
        }
    }
    Ok(())
}

async fn copy_file(remote: &Remote, from: &Path, to: &Path) -> Result<()> {
    let io = |error: std::io::Error| Error::failed(format!("{} cannot be written: {error}", to.display()));
    let mut file = remote.read(from).await?;
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.open(to).map_err(io)?;
    while let Some(chunk) =
        file.read(CHUNK, bytes::BytesMut::new()).await.map_err(|error| failed(from, &error))?
    {
        if chunk.is_empty() {
            break;
        }
        out.write_all(&chunk).map_err(io)?;
    }
    Ok(())
}

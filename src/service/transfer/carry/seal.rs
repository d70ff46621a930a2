//! Making a sealed file.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use tempfile::NamedTempFile;

use super::super::changes::{Gathered, gather};
use super::{CarryTo, Destination, part_of};
use crate::carry::{CarryError, Claim, Item, Key, LeftOut, Manifest, Name, Part, pack};
use crate::claude::{self, Belongings, Blanked};
use crate::handoff::{Git, Transcript};
use crate::service::{Error, Job, Result, Service, Session, blocking};
use crate::store::files;
use crate::text;

/// A longer transcript is not carried.
const MOST_TRANSCRIPT: u64 = 512 * 1024 * 1024;
/// Checkpoints together, the newest first.
const MOST_HISTORY: u64 = 64 * 1024 * 1024;
/// Everything else together.
const MOST_BESIDE: u64 = 512 * 1024 * 1024;
/// Files beside the transcript: with those of a project fewer than a reader takes.
const MOST_FILES: usize = 9_000;
/// A file in a tar has one, and room to the next whole one.
const HEADER: u64 = 1024;
/// Where files lie that are on their way, in the folder of state.
pub(super) const OURS: &str = "carry";
/// So much of what stays behind is named in the file, each in so many columns.
const MOST_NOTED: usize = 100;
const NOTED: usize = 200;
/// How far it is, is told after so many bytes.
const TELL: u64 = 1024 * 1024;

/// A file that was made, and not yet kept.
pub(crate) struct Sealing {
    /// What a record says of it.
    pub claim: Claim,
    /// How much conversation is in it.
    pub transcript: Transcript,
    /// What did not come along.
    pub left_out: Vec<LeftOut>,
    /// Which changes did, in a sentence, where they were asked for.
    changes: Option<String>,
    /// What was made; `None`: it went out on stdout.
    pub(super) made: Option<NamedTempFile>,
}

impl Service {
    /// Seals a session into a file that is not yet under its name.
    pub(crate) async fn seal(
        &self,
        session: &Session,
        git: Option<&Git>,
        to: &CarryTo,
        at: DateTime<Utc>,
        job: &Job,
    ) -> Result<Sealing> {
        let root = self.claude_root()?;
        let changes = if to.with_changes {
            Some(Box::pin(job.run(self.changes_of(session, job))).await?)
        } else {
            None
        };
        let sealing = Seal {
            path: session.path.clone(),
            manifest: Manifest {
                version: 1,
                session_id: session.session_id.clone(),
                hostname: self.0.settings.hostname.clone(),
                project: session.project.clone(),
                created_at: at,
                claude: None,
                title: Some(session.title.clone()).filter(|title| !title.is_empty()),
                git: git.cloned(),
                changes: None,
                left_out: Vec::new(),
            },
            to: to.clone(),
            state: self.0.settings.paths.state.clone(),
            root,
            changes,
            job: job.clone(),
        };
        job.doing("sealing the conversation");
        // Cancelled, it ends by itself, and takes away what it began.
        blocking(move || sealing.run()).await?
    }

    async fn changes_of(&self, session: &Session, job: &Job) -> Result<Gathered> {
        job.doing("gathering what is not committed");
        let directory = self.workplace(session).await?;
        gather(directory.as_deref(), self.0.settings.home.as_deref()).await
    }
}

impl Sealing {
    /// Which changes come along, and that something stays behind, in words.
    pub fn words(&self) -> Vec<String> {
        let stays = self.left_out.split_first().map(|(first, more)| {
            let more = text::and_more(more.len());
            let (what, why) = (text::clean(&first.what), &first.why);
            format!("Not in the sealed file: {what}{more} ({why}).")
        });
        self.changes.clone().into_iter().chain(stays).collect()
    }
}

/// What is sealed, for another thread.
struct Seal {
    path: PathBuf,
    manifest: Manifest,
    to: CarryTo,
    /// Our folder of state.
    state: PathBuf,
    root: PathBuf,
    changes: Option<Gathered>,
    job: Job,
}

impl Seal {
    fn run(mut self) -> Result<Sealing> {
        let unread = |error: io::Error| {
            Error::failed(format!("The session's files cannot be read: {error}."))
                .advise("Nothing was published.")
        };
        let transcript = claude::mark(&self.path).map_err(unread)?;
        if transcript.bytes > MOST_TRANSCRIPT {
            let (is, most) = (text::bytes(transcript.bytes), text::bytes(MOST_TRANSCRIPT));
            return Err(Error::failed(format!("The conversation is {is}; at most {most} can be sealed."))
                .advise("Nothing was published. It can still be brought over SSH."));
        }
        self.manifest.claude = claude::version(&self.path).map_err(unread)?;
        let parts = claude::belongings(&self.root, &self.path, self.to.with_memory).map_err(unread)?;
        let (mut files, mut left_out) = chosen(&parts);
        let mut words = None;
        if let Some(changes) = &mut self.changes {
            let named = changes.files.drain(..);
            files.extend(named.map(|(name, path, bytes)| LocalFile { name, path, bytes }));
            left_out.append(&mut changes.left_out);
            self.manifest.changes = changes.changes.take();
            words = Some(std::mem::take(&mut changes.words));
        }
        self.manifest.left_out = noted(&left_out);
        let all = transcript.bytes + files.iter().map(|file| file.bytes).sum::<u64>();
        let (job, mut told) = (self.job.clone(), 0);
        let mut progress = |done: u64| {
            if done >= told + TELL {
                told = done;
                job.so_far("sealing the conversation", done, all);
            }
            !job.cancel.is_cancelled()
        };
        let path = self.path.clone();
        let talk = Item {
            name: Name::transcript(),
            bytes: transcript.bytes,
            open: Box::new(move || Ok(Box::new(Blanked::new(File::open(path)?)) as Box<dyn Read>)),
        };
        let count = files.len() as u64;
        let items = std::iter::once(talk).chain(files.into_iter().map(LocalFile::item));
        let key = Key::generate().map_err(|error| Error::failed(error.to_string()))?;
        let manifest = &self.manifest;
        let write = |out: &mut dyn Write| pack(BufWriter::new(out), key, manifest, items, &mut progress);
        let (claim, made) = match self.to.to.file(&self.state)? {
            None => {
                (write(&mut io::stdout().lock()).map_err(|error| failed(Path::new("stdout"), error))?, None)
            }
            Some((mut file, path)) => {
                let claim = write(file.as_file_mut()).map_err(|error| failed(&path, error))?;
                file.as_file().sync_all().map_err(|error| unwritten(&path, &error))?;
                (claim, Some(file))
            }
        };
        // Blocks and headers of the tar included.
        if all + 2 * HEADER * (count + 2) > claim.most() {
            return Err(Error::failed(
                "The conversation compresses too well: cclink would refuse to unpack it.",
            )
            .advise("Nothing was published. It can still be brought over SSH."));
        }
        Ok(Sealing { claim, transcript, left_out, changes: words, made })
    }
}

impl Destination {
    /// A temporary file to seal into, and what it is called in words: where it is to
    /// be, or among our own. `None`: stdout.
    fn file(&self, state: &Path) -> Result<Option<(NamedTempFile, PathBuf)>> {
        let path = match self {
            Self::Stdout => return Ok(None),
            Self::File(path) => path.clone(),
            Self::Way(_) | Self::Proposed | Self::Stays => {
                let folder = state.join(OURS);
                files::private_dir(&folder)?;
                folder.join("sealed")
            }
        };
        Ok(Some((beside(&path)?, path)))
    }
}

/// What a manifest, which is short, says of what stays.
fn noted(left_out: &[LeftOut]) -> Vec<LeftOut> {
    let (first, more) = left_out.split_at(left_out.len().min(MOST_NOTED));
    let short = |left: &LeftOut| LeftOut { what: text::fit(&text::clean(&left.what), NOTED), ..left.clone() };
    let more = (!more.is_empty()).then(|| LeftOut {
        what: format!("{} more", more.len()),
        bytes: more.iter().map(|left| left.bytes).sum(),
        why: "too many to name".to_owned(),
    });
    first.iter().map(short).chain(more).collect()
}

/// A temporary file where the whole one is to be; what an earlier try left when it was
/// killed goes.
fn beside(path: &Path) -> Result<NamedTempFile> {
    if path.symlink_metadata().is_ok() {
        return Err(there_already(path));
    }
    files::clean_up(path);
    files::aside(path).map_err(|error| unwritten(path, &error))
}

pub(super) fn there_already(path: &Path) -> Error {
    Error::failed(format!("{} already exists.", text::clean(&path.to_string_lossy())))
        .advise("Nothing was published. Give another name, or remove it.")
}

fn failed(path: &Path, error: CarryError) -> Error {
    match error {
        CarryError::Cancelled => Error::cancelled(),
        CarryError::Io(error) => match error.downcast::<CarryError>() {
            Ok(_) => Error::cancelled(),
            Err(error) => unwritten(path, &error),
        },
        other => Error::failed(format!("The conversation could not be sealed: {other}.")),
    }
}

pub(super) fn unwritten(path: &Path, error: &io::Error) -> Error {
    Error::failed(format!("{} cannot be written: {error}.", text::clean(&path.to_string_lossy())))
        .advise("Nothing was published.")
}

/// A file of this machine that is taken along.
struct LocalFile {
    name: Name,
    path: PathBuf,
    bytes: u64,
}

impl LocalFile {
    fn item(self) -> Item<'static> {
        let Self { name, path, bytes } = self;
        Item { name, bytes, open: Box::new(move || Ok(Box::new(File::open(path)?) as Box<dyn Read>)) }
    }
}

/// Which files come along, in the order of the file, and what does not.
fn chosen(parts: &[Belongings]) -> (Vec<LocalFile>, Vec<LeftOut>) {
    let (mut files, mut left_out) = (Vec::new(), Vec::new());
    let mut room = MOST_BESIDE;
    for Belongings { part, folder, files: names } in parts {
        let (part, what) = (part_of(*part), part.words());
        let mut those: Vec<_> = names
            .iter()
            .filter_map(|name| {
                let metadata = fs::symlink_metadata(folder.join(name)).ok()?;
                Some((name, metadata.len(), metadata.modified().ok()))
            })
            .collect();
        // The newest first, where not all can come.
        those.sort_by_key(|(name, _, written)| (std::cmp::Reverse(*written), (*name).clone()));
        let mut room_here = if part == Part::History { MOST_HISTORY.min(room) } else { room };
        for (name, bytes, _) in those {
            let why = match Name::of(part, name) {
                None => "its name is not portable",
                Some(_) if bytes > room_here => "too large",
                Some(_) if files.len() >= MOST_FILES => "too many files",
                Some(named) => {
                    room_here -= bytes;
                    room -= bytes;
                    files.push(LocalFile { name: named, path: folder.join(name), bytes });
                    continue;
                }
            };
            let what = format!("{what}: {}", name.display());
            left_out.push(LeftOut { what, bytes, why: why.to_owned() });
        }
    }
    files.sort_by(|a, b| (a.name.part, &a.name.path).cmp(&(b.name.part, &b.name.path)));
    (files, left_out)
}

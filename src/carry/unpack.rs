//! Unpacking, of what a stranger may have made: everything is checked before the
//! first byte leaves the folder of ours that it is unpacked into.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tar::{Archive, Entry, EntryType};

use super::file::opened;
use super::manifest::{self, Manifest};
use super::path::{Met, Name, Part};
use super::{BEHIND, CarryError, Claim, Tell};
use crate::text;

/// More entries than any session has.
const MOST_ENTRIES: usize = 20_000;
/// A longer name than ours can be.
const LONGEST_PAX: u64 = 4096;
/// Blocks of zeros that end a tar, at most. Of the two that must be there the first
/// was read as a header.
const END: usize = 64 * 1024;
const LEAST_END: usize = 512;

/// Where the parts go.
#[derive(Clone, Debug)]
pub struct Targets {
    pub transcript: PathBuf,
    /// The folder of each other part.
    pub folders: HashMap<Part, PathBuf>,
}

/// Unpacks a file that must be the one of `claim` and hold session `id`. Told are
/// sealed bytes while it is checked. What it wrote stays after a failure: the caller
/// removes its folder.
pub fn unpack(
    file: impl Read + Seek,
    claim: &Claim,
    id: &str,
    targets: &Targets,
    tell: &mut Tell<'_>,
) -> Result<Manifest, CarryError> {
    let (plain, same) = opened(file, claim, tell)?;
    let mut reading = Reading { targets, met: Met::default(), last: None, long: None, manifest: None, id };
    let mut archive = Archive::new(Bounded { inner: plain, left: claim.most(), tell, sealed: claim.bytes });
    let mut entries = 0;
    // Raw: no extension is understood but the one that [`Reading::long_name`] reads.
    for entry in archive.entries().map_err(unread)?.raw(true) {
        entries += 1;
        if entries > MOST_ENTRIES {
            return Err(CarryError::rule("it holds too many files"));
        }
        reading.entry(entry.map_err(unread)?)?;
    }
    finish(archive.into_inner())?;
    if !same.get() {
        return Err(CarryError::NotThis("it changed while it was read"));
    }
    match (reading.manifest, reading.last) {
        (Some(manifest), Some(last)) if last >= Part::Transcript && reading.long.is_none() => Ok(manifest),
        _ => Err(CarryError::rule("it contains no conversation")),
    }
}

/// Behind the end of the tar nothing but its zeros may follow: then the decompressor's
/// checksum and age's last chunk were read, too.
fn finish(mut rest: impl Read) -> Result<(), CarryError> {
    let mut more = Vec::new();
    rest.by_ref().take(END as u64 + 1).read_to_end(&mut more).map_err(unread)?;
    if more.len() > END || more.iter().any(|byte| *byte != 0) {
        return Err(CarryError::rule(BEHIND));
    }
    if more.len() < LEAST_END {
        return Err(CarryError::rule("it ends too early"));
    }
    Ok(())
}

/// An error of what was sealed, in whose words names may stand. One of ours passes
/// through.
fn unread(error: io::Error) -> CarryError {
    match error.downcast::<CarryError>() {
        Ok(ours) => ours,
        Err(error) => CarryError::rule(format!("it is damaged inside: {}", text::clean(&error.to_string()))),
    }
}

struct Reading<'a> {
    targets: &'a Targets,
    met: Met,
    /// The part of the entry before.
    last: Option<Part>,
    /// The name of the next entry, where its header has no room for it.
    long: Option<Vec<u8>>,
    manifest: Option<Manifest>,
    id: &'a str,
}

impl Reading<'_> {
    fn entry(&mut self, mut entry: Entry<'_, impl Read>) -> Result<(), CarryError> {
        // Of a size in base 256 each reader takes as many bits as it has room for.
        if entry.header().as_old().size[0] & 0x80 != 0 {
            return Err(strange());
        }
        match entry.header().entry_type() {
            EntryType::Regular => {}
            EntryType::XHeader if self.long.is_none() => {
                self.long = Some(long_name(&mut entry)?);
                return Ok(());
            }
            _ => return Err(CarryError::rule("it contains something that is not a plain file")),
        }
        let text = self.long.take().unwrap_or_else(|| entry.path_bytes().into_owned());
        let name = Name::parse(&text)?;
        let expected = match self.last {
            None => name.part == Part::Manifest,
            Some(Part::Manifest) => name.part == Part::Transcript,
            Some(last) => name.part >= last && name.part > Part::Transcript,
        };
        if !expected {
            return Err(CarryError::rule("its entries are not in order"));
        }
        self.met.add(&name)?;
        self.last = Some(name.part);
        if name.part == Part::Manifest {
            return self.manifest(&mut entry);
        }
        let to = match self.targets.folders.get(&name.part) {
            _ if name.part == Part::Transcript => self.targets.transcript.clone(),
            Some(folder) => folder.join(&name.path),
            // Nobody asked for it.
            None => return Ok(()),
        };
        write(&mut entry, &to, self.manifest.as_ref())
    }

    fn manifest(&mut self, entry: &mut Entry<'_, impl Read>) -> Result<(), CarryError> {
        let mut text = Vec::new();
        entry.take(manifest::LONGEST + 1).read_to_end(&mut text).map_err(unread)?;
        let none = || CarryError::rule("it does not say what it is");
        if text.len() as u64 > manifest::LONGEST {
            return Err(none());
        }
        let value: serde_json::Value = serde_json::from_slice(&text).map_err(|_| none())?;
        let version = value.get("version").and_then(serde_json::Value::as_u64).ok_or_else(none)?;
        if version > u64::from(manifest::VERSION) {
            return Err(CarryError::Newer);
        }
        let manifest: Manifest = serde_json::from_value(value).map_err(|_| none())?;
        if manifest.version != manifest::VERSION {
            return Err(none());
        }
        if manifest.session_id != self.id {
            return Err(CarryError::rule("it holds another session"));
        }
        self.manifest = Some(manifest);
        Ok(())
    }
}

fn strange() -> CarryError {
    CarryError::rule("it holds an extension that is none of ours")
}

/// The name in a pax extension, which may hold nothing else.
fn long_name(entry: &mut Entry<'_, impl Read>) -> Result<Vec<u8>, CarryError> {
    if entry.size() > LONGEST_PAX {
        return Err(strange());
    }
    let mut text = Vec::new();
    entry.read_to_end(&mut text).map_err(unread)?;
    let record = text.strip_suffix(b"\n").ok_or_else(strange)?;
    let space = record.iter().position(|byte| *byte == b' ').ok_or_else(strange)?;
    let is_whole = record[..space] == *text.len().to_string().as_bytes();
    let name = record[space + 1..].strip_prefix(b"path=").filter(|name| !name.contains(&b'\n'));
    name.filter(|_| is_whole).map(<[u8]>::to_vec).ok_or_else(strange)
}

/// Writes an entry where nothing is yet, as old as the file it came in, and never from
/// the future: it would be the newest for ever.
fn write(from: &mut impl Read, to: &Path, manifest: Option<&Manifest>) -> Result<(), CarryError> {
    let mut folders = fs::DirBuilder::new();
    folders.recursive(true);
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        std::os::unix::fs::DirBuilderExt::mode(&mut folders, 0o700);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    folders.create(to.parent().unwrap_or(to))?;
    let mut out = options.open(to)?;
    let mut chunk = vec![0; 128 * 1024];
    loop {
        let read = from.read(&mut chunk).map_err(unread)?;
        if read == 0 {
            break;
        }
        out.write_all(&chunk[..read])?;
    }
    if let Some(manifest) = manifest {
        out.set_modified(SystemTime::from(manifest.created_at).min(SystemTime::now()))?;
    }
    Ok(())
}

/// Ends with an error, not silently, where more than was meant comes out; and where
/// nobody wants it any more.
struct Bounded<'a, 'b, R> {
    inner: R,
    left: u64,
    tell: &'a mut Tell<'b>,
    /// All of the sealed bytes, which were checked by then.
    sealed: u64,
}

impl<R: Read> Read for Bounded<'_, '_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !(self.tell)(self.sealed) {
            return Err(io::Error::other(CarryError::Cancelled));
        }
        let read = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or_else(|| io::Error::other(CarryError::rule("it holds far more than was said")))?;
        Ok(read)
    }
}

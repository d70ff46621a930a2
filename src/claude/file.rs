//! Opening foreign files so that nothing waits.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use chrono::{DateTime, Utc};

/// Opens a transcript for reading, also one that a link leads to: claude resumes
/// those. Nothing but a regular file is opened.
pub(super) fn open(path: &Path) -> io::Result<(File, Metadata)> {
    match open_itself(path) {
        #[cfg(unix)]
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            open_itself(&path.canonicalize()?)
        }
        opened => opened,
    }
}

/// Opens a regular file for reading. A symbolic link is refused and a FIFO
/// does not block: Claude's own lists read with the same two flags.
fn open_itself(path: &Path) -> io::Result<(File, Metadata)> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    }
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() {
        Ok((file, metadata))
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"))
    }
}

/// At most `length` bytes from `start` on; fewer when the file ends before.
pub(super) fn read_at(mut file: &File, start: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    file.seek(SeekFrom::Start(start))?;
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Fills `buffer` from `start` on, as far as the file goes; answers how far that
/// was. Does not move where other reads of the file go on.
#[cfg(unix)]
pub(super) fn fill_at(file: &File, start: u64, buffer: &mut [u8]) -> io::Result<usize> {
    use std::os::unix::fs::FileExt;
    let mut filled = 0;
    while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
        match file.read_at(room, start + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// The same where reading moves the file's place.
#[cfg(not(unix))]
pub(super) fn fill_at(mut file: &File, start: u64, buffer: &mut [u8]) -> io::Result<usize> {
    file.seek(SeekFrom::Start(start))?;
    let mut filled = 0;
    while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
        match file.read(room) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// A small file's whole text, or `None` when it is larger than `limit` bytes,
/// not a regular file, or cannot be read.
pub(super) fn small(path: &Path, limit: u64) -> Option<Vec<u8>> {
    let (file, metadata) = open_itself(path).ok()?;
    (metadata.len() <= limit).then(|| read_at(&file, 0, limit).ok()).flatten()
}

/// When the file was last written. A time that no calendar holds (file systems
/// can store one) counts as 1970.
pub(super) fn modified(metadata: &Metadata) -> DateTime<Utc> {
    let nanos = metadata.modified().ok().and_then(|time| match time.duration_since(std::time::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).ok(),
        Err(before) => i64::try_from(before.duration().as_nanos()).ok().map(|n| -n),
    });
    DateTime::from_timestamp_nanos(nanos.unwrap_or(0))
}

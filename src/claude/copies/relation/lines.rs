//! A transcript's lines as a stream of hashes: no line is held, however long.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _, Seek, SeekFrom};
use std::path::Path;

use memchr::memmem;
use sha2::{Digest, Sha256};

use crate::claude::file;
use crate::claude::transcript::line::Line;
use crate::claude::transcript::{binding, partial_line};

const CHUNK: usize = 256 * 1024;
/// A last line without an end is read whole to see whether it is complete.
const UNENDED: usize = 16 * 1024 * 1024;

/// One line that counts.
pub(super) struct Read {
    /// Where it begins.
    pub start: u64,
    /// Its bytes without the end of the line.
    length: u64,
    /// SHA-256 of them.
    pub digest: [u8; 32],
}

/// A transcript that is read line by line.
pub(super) struct Lines {
    file: BufReader<File>,
    at: u64,
}

impl Lines {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Self::open_at(path, 0)
    }

    pub(super) fn open_at(path: &Path, at: u64) -> io::Result<Self> {
        let (file, _) = file::open(path)?;
        let mut lines = Self { file: BufReader::with_capacity(CHUNK, file), at: 0 };
        lines.go_to(at)?;
        Ok(lines)
    }

    fn go_to(&mut self, at: u64) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(at))?;
        self.at = at;
        Ok(())
    }

    /// The next line that counts: not blank, not bound to a process, not torn.
    pub(super) fn next_counting(&mut self) -> io::Result<Option<Read>> {
        while let Some((line, head, ended)) = self.next_line()? {
            let short = line.length == head.len() as u64;
            let blank = short && head.iter().all(u8::is_ascii_whitespace);
            if blank || (short && binding::is_binding(&head)) || (!ended && self.is_torn(&line)?) {
                continue;
            }
            return Ok(Some(line));
        }
        Ok(None)
    }

    /// The next line, its first bytes, and whether it has an end.
    fn next_line(&mut self) -> io::Result<Option<(Read, Vec<u8>, bool)>> {
        let (start, mut head, mut hash) = (self.at, Vec::new(), Sha256::new());
        let (mut length, mut carriage) = (0u64, false);
        loop {
            let buffer = self.file.fill_buf()?;
            if buffer.is_empty() {
                if self.at == start {
                    return Ok(None);
                }
                // A `\r` that no `\n` follows is part of the line.
                let digest = finish(hash, carriage);
                length += u64::from(carriage);
                return Ok(Some((Read { start, length, digest }, head, false)));
            }
            let end = memchr::memchr(b'\n', buffer);
            let mut piece = end.map_or(buffer, |end| &buffer[..end]);
            let used = end.map_or(buffer.len(), |end| end + 1);
            if carriage && !piece.is_empty() {
                hash.update(b"\r");
                length += 1;
                carriage = false;
            }
            if let Some(rest) = piece.strip_suffix(b"\r") {
                (piece, carriage) = (rest, true);
            }
            hash.update(piece);
            length += piece.len() as u64;
            head.extend_from_slice(&piece[..piece.len().min(binding::LONGEST - head.len())]);
            self.file.consume(used);
            self.at += used as u64;
            if end.is_some() {
                return Ok(Some((Read { start, length, digest: finish(hash, false) }, head, true)));
            }
        }
    }

    /// Whether a last line without an end is no JSON: then it was cut.
    fn is_torn(&mut self, line: &Read) -> io::Result<bool> {
        let bytes = self.content(line, UNENDED)?;
        let whole = bytes.len() as u64 == line.length;
        Ok(whole && Line::parse_without_words(&partial_line::decode(&bytes)).is_none())
    }

    /// A line's bytes, at most `limit`.
    pub(super) fn content(&mut self, line: &Read, limit: usize) -> io::Result<Vec<u8>> {
        let (at, mut bytes) = (self.at, Vec::new());
        self.go_to(line.start)?;
        self.file.by_ref().take(line.length.min(limit as u64)).read_to_end(&mut bytes)?;
        self.go_to(at)?;
        Ok(bytes)
    }
}

fn finish(mut hash: Sha256, carriage: bool) -> [u8; 32] {
    if carriage {
        hash.update(b"\r");
    }
    hash.finalize().into()
}

/// Moves both behind what they begin with, byte for byte, whole lines only:
/// comparing is faster than hashing.
pub(super) fn skip_equal(a: &mut Lines, b: &mut Lines) -> io::Result<()> {
    let (mut same, mut line) = (0u64, 0u64);
    loop {
        let (one, other) = (a.file.fill_buf()?, b.file.fill_buf()?);
        let length = one.len().min(other.len());
        let equal = if one[..length] == other[..length] {
            length
        } else {
            one.iter().zip(other).take_while(|(one, other)| one == other).count()
        };
        if let Some(end) = memchr::memrchr(b'\n', &one[..equal]) {
            line = same + end as u64 + 1;
        }
        if length == 0 || equal < length {
            break;
        }
        a.file.consume(equal);
        b.file.consume(equal);
        same += equal as u64;
    }
    a.go_to(line)?;
    b.go_to(line)
}

/// Whether a line stands somewhere in the first `end` bytes of a file.
pub(super) fn holds_before(path: &Path, end: u64, line: &[u8]) -> io::Result<bool> {
    let (file, _) = file::open(path)?;
    let mut file = file.take(end);
    let (finder, mut window) = (memmem::Finder::new(line), Vec::new());
    loop {
        let read = file.by_ref().take(CHUNK as u64).read_to_end(&mut window)?;
        if finder.find(&window).is_some() {
            return Ok(true);
        }
        if read == 0 {
            return Ok(false);
        }
        window.drain(..window.len().saturating_sub(line.len()));
    }
}

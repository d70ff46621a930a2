//! How much conversation there is: a transcript's length and a hash of its end.

use std::fs::File;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::binding;
use crate::claude::file;
use crate::handoff::Transcript;
use crate::text;

/// Bytes that are hashed, and read at once; the protocol's number.
const TAIL: u64 = 65_536;

/// The mark of a transcript. A file is live while claude appends to it, so only
/// whole lines count: `bytes` goes up to and including the last line end (to
/// the file's end when it has none). `tail` are the first 8 bytes, in hex, of
/// SHA-256 over the last 65,536 of those bytes, in which a line that binds the
/// transcript to its process counts as blank: so the mark holds for a copy, too.
///
/// # Errors
/// When the file cannot be opened or read, or is no regular file.
pub fn mark(path: &Path) -> io::Result<Transcript> {
    let (file, metadata) = file::open(path)?;
    let bytes = whole_lines(&file, metadata.len())?;
    Ok(Transcript { bytes, tail: tail(&file, bytes)? })
}

/// Whether the file begins with the conversation of `mark`: it has at least its
/// length, and the same bytes before that point.
///
/// # Errors
/// When the file cannot be opened or read, or is no regular file.
pub fn holds(path: &Path, mark: &Transcript) -> io::Result<bool> {
    let (file, metadata) = file::open(path)?;
    Ok(metadata.len() >= mark.bytes && tail(&file, mark.bytes)? == mark.tail)
}

/// How far before a transcript's end its mark can be made from.
pub const MARK_REACH: u64 = TAIL + 2 * binding::LONGEST as u64;

/// The mark of a transcript of which the bytes from `start` to its end are
/// known; `None` when they do not reach as far as a mark does.
pub fn mark_of_tail(mut tail: Vec<u8>, start: u64) -> Option<Transcript> {
    tail.truncate(memchr::memrchr(b'\n', &tail)? + 1);
    let bytes = start + tail.len() as u64;
    binding::blank(&mut tail);
    let from = tail.len().saturating_sub(usize::try_from(TAIL).ok()?);
    (start == 0 || from >= binding::LONGEST).then(|| Transcript { bytes, tail: hash(&tail[from..]) })
}

fn whole_lines(file: &File, size: u64) -> io::Result<u64> {
    let mut end = size;
    while end > 0 {
        let start = end.saturating_sub(TAIL);
        let chunk = file::read_at(file, start, end - start)?;
        if let Some(at) = memchr::memrchr(b'\n', &chunk) {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(size)
}

fn tail(file: &File, bytes: u64) -> io::Result<String> {
    let start = bytes.saturating_sub(TAIL);
    // From further before, so that no such line is met without its beginning.
    let from = start.saturating_sub(binding::LONGEST as u64);
    let mut last = file::read_at(file, from, bytes - from)?;
    if last.len() as u64 != bytes - from {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter"));
    }
    binding::blank(&mut last);
    let last = last.split_off(usize::try_from(start - from).unwrap_or(0));
    Ok(hash(&last))
}

fn hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    text::hex(digest.get(..8).unwrap_or(&digest))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_ends_with_the_last_whole_line_and_is_held_by_what_grows() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.jsonl");
        std::fs::write(&path, "abc\n{\"half").unwrap();
        let made = mark(&path).unwrap();
        // printf 'abc\n' | sha256sum
        assert_eq!(made, Transcript { bytes: 4, tail: "edeaaff3f1774ad2".to_owned() });
        assert!(holds(&path, &made).unwrap());
        std::fs::write(&path, "abc\n{\"half\":1}\n").unwrap();
        assert!(holds(&path, &made).unwrap());
        assert_eq!(mark(&path).unwrap().bytes, 15);
        std::fs::write(&path, "abd\n{\"half\":1}\n").unwrap();
        assert!(!holds(&path, &made).unwrap());
        std::fs::write(&path, "abc").unwrap();
        assert!(!holds(&path, &made).unwrap());
        assert_eq!(mark(&path).unwrap().bytes, 3);
        std::fs::write(&path, "").unwrap();
        assert_eq!(mark(&path).unwrap().tail, "e3b0c44298fc1c14");
        assert!(mark(dir.path()).is_err());
        assert!(mark(&dir.path().join("gone")).is_err());
    }

    #[test]
    fn a_mark_looks_through_lines_that_bind_to_a_process() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.jsonl");
        let line = "{\"type\":\"bridge-session\",\"sessionId\":\"x\",\"bridgeSessionId\":\"y\"}";
        // In the middle, at the end, and across the beginning of what is hashed.
        for filler in [10, 65_536 - 2 * line.len() + 20] {
            let whole = format!("{line}\n{}\n{line}\n", "x".repeat(filler));
            std::fs::write(&path, &whole).unwrap();
            let made = mark(&path).unwrap();
            std::fs::write(&path, whole.replace(line, &" ".repeat(line.len()))).unwrap();
            assert!(holds(&path, &made).unwrap());
            assert_eq!(mark(&path).unwrap(), made);
            let bytes = whole.into_bytes();
            let start = bytes.len().saturating_sub(usize::try_from(MARK_REACH).unwrap());
            assert_eq!(mark_of_tail(bytes[start..].to_vec(), start as u64), Some(made));
            assert_eq!(mark_of_tail(bytes[bytes.len() - 90..].to_vec(), 7), None);
        }
    }

    #[test]
    fn only_the_last_65536_bytes_are_hashed() {
        let dir = tempfile::tempdir().unwrap();
        let [one, two] = ["1", "2"].map(|name| dir.path().join(name));
        let line = "x".repeat(70_000) + "\n";
        std::fs::write(&one, format!("a{line}")).unwrap();
        std::fs::write(&two, format!("b{line}unfinished{}", "y".repeat(200_000))).unwrap();
        assert_eq!(mark(&one).unwrap(), mark(&two).unwrap());
        assert_eq!(mark(&one).unwrap().bytes, 70_002);
    }
}

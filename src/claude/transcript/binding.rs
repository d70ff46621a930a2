//! Lines that bind a transcript to the process that wrote it.
//!
//! `bridge-session` names the Remote Control session of a running claude; the
//! last one in a file counts, and a claude that resumes a copy of it takes that
//! session over. So a transcript that arrives has such lines blanked: spaces in
//! the place of each byte (claude skips a blank line). Every other byte stays
//! where it was, so lengths, marks and the rule of beginnings hold on both sides
//! as long as they look at both with these lines blanked.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;

use memchr::memmem;

use super::line::Line;
use super::partial_line;

const KIND: &str = "bridge-session";
/// Longest line that is one, in bytes; real ones have some 300.
pub(crate) const LONGEST: usize = 16 * 1024;
/// Bytes of a file that are looked at together.
const CHUNK: usize = 1024 * 1024;

/// Whether a line, with or without its end, is one.
pub(crate) fn is_binding(line: &[u8]) -> bool {
    line.len() <= LONGEST
        && memmem::find(line, KIND.as_bytes()).is_some()
        && Line::parse(&partial_line::decode(line)).is_some_and(|line| line.is(KIND))
}

/// Blanks those among the whole lines of `bytes`; one that is cut at the
/// beginning or end stays. Says whether there was one.
pub fn blank(bytes: &mut [u8]) -> bool {
    let found: Vec<Range<usize>> =
        lines_with_kind(bytes).filter(|line| is_binding(&bytes[line.clone()])).collect();
    for line in &found {
        bytes[line.clone()].fill(b' ');
    }
    !found.is_empty()
}

/// Lines, without their ends, in which the word stands.
fn lines_with_kind(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    memmem::find_iter(bytes, KIND.as_bytes()).map(|at| {
        let start = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |at| at + 1);
        let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length);
        let end = if end > start && bytes[end - 1] == b'\r' { end - 1 } else { end };
        start..end
    })
}

/// Blanks them in a file of ours.
///
/// # Errors
/// When the file cannot be read or written.
pub fn blank_bindings(file: &mut File) -> io::Result<()> {
    let (mut window, mut start) = (Vec::new(), 0u64);
    file.seek(SeekFrom::Start(0))?;
    loop {
        let read = Read::by_ref(file).take(CHUNK as u64).read_to_end(&mut window)?;
        if blank(&mut window) {
            file.seek(SeekFrom::Start(start))?;
            file.write_all(&window)?;
        }
        if read == 0 {
            return Ok(());
        }
        let keep = unfinished(&window);
        start += (window.len() - keep) as u64;
        window.drain(..window.len() - keep);
    }
}

/// A transcript as it travels: with those lines blanked.
pub struct Blanked<R> {
    inner: R,
    window: Vec<u8>,
    /// How much of the window is as it will be.
    ready: usize,
    at: usize,
    ended: bool,
}

impl<R: Read> Blanked<R> {
    /// Of a transcript that is read from its start.
    pub fn new(inner: R) -> Self {
        Self { inner, window: Vec::new(), ready: 0, at: 0, ended: false }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.window.drain(..self.ready);
        let read = self.inner.by_ref().take(CHUNK as u64).read_to_end(&mut self.window)?;
        blank(&mut self.window);
        self.ended = read == 0;
        let keep = if self.ended { 0 } else { unfinished(&self.window) };
        (self.ready, self.at) = (self.window.len() - keep, 0);
        Ok(())
    }
}

impl<R: Read> Read for Blanked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.ready && !self.ended {
            self.fill()?;
        }
        let ready = &self.window[self.at..self.ready];
        let given = ready.len().min(buffer.len());
        buffer[..given].copy_from_slice(&ready[..given]);
        self.at += given;
        Ok(given)
    }
}

/// Bytes of a line that goes on in what is read next; one that is longer than any of
/// those lines is none.
fn unfinished(window: &[u8]) -> usize {
    memchr::memrchr(b'\n', window).map_or(window.len(), |at| window.len() - at - 1).min(LONGEST)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::Write;

    const LINE: &str =
        r#"{"type":"bridge-session","sessionId":"x","bridgeSessionId":"session_01","lastSequenceNum":7}"#;

    #[test]
    fn only_lines_of_that_type_are_blanked_and_nothing_moves() {
        let talk = r#"{"type":"user","message":{"content":"\"type\":\"bridge-session\""},"toolUseResult":{"type":"bridge-session"}}"#;
        for end in ["\n", "\r\n"] {
            let filler = "x".repeat(CHUNK - 60);
            let before = format!("{LINE}{end}{talk}{end}{filler}{end}{LINE}{end}{talk}{end}{LINE}");
            let blank = " ".repeat(LINE.len());
            let after = format!("{blank}{end}{talk}{end}{filler}{end}{blank}{end}{talk}{end}{blank}");
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(before.as_bytes()).unwrap();
            blank_bindings(&mut file).unwrap();
            let mut now = String::new();
            file.seek(SeekFrom::Start(0)).unwrap();
            file.read_to_string(&mut now).unwrap();
            assert!(now == after);
            let mut travels = String::new();
            Blanked::new(before.as_bytes()).read_to_string(&mut travels).unwrap();
            assert!(travels == after);
            for short in ["", "x", LINE] {
                let mut travels = String::new();
                Blanked::new(short.as_bytes()).read_to_string(&mut travels).unwrap();
                assert_eq!(travels, if short == LINE { blank.as_str() } else { short });
            }
        }
    }
}

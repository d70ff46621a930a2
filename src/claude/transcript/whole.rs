//! Whether somebody speaks in a transcript whose two ends do not tell: it is read
//! from its start, a part at a time, up to the first line that somebody said.

use std::fs::File;
use std::io;

use memchr::memmem::find;

use super::partial_line;
use super::pieces::{self, LineKind};
use crate::claude::file;

/// Bytes read at once.
const CHUNK: usize = 256 * 1024;
/// Bytes after which a file without a word counts as a conversation.
const MOST: u64 = 64 * 1024 * 1024;
/// What is kept of a line: its start, which says what it is, and its end.
const START: usize = 64 * 1024;
const END: usize = 2048;

/// What was met in a file in which nobody speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Silent {
    /// A sub-agent's lines.
    pub side: bool,
    /// Lines that claude cannot read.
    pub damaged: bool,
}

/// `None` when somebody speaks, or the file is too large to say that nobody does.
pub(crate) fn silent(file: &File) -> io::Result<Option<Silent>> {
    let mut met = Silent::default();
    let (mut line, mut chunk, mut at) = (Kept::default(), vec![0; CHUNK], 0);
    while at < MOST {
        let read = file::fill_at(file, at, &mut chunk)?;
        at += read as u64;
        let mut rest = chunk.get(..read).unwrap_or_default();
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (own, behind) = rest.split_at_checked(end).unwrap_or_default();
            line.push(own);
            if line.take(&mut met) {
                return Ok(None);
            }
            rest = behind.get(1..).unwrap_or_default();
        }
        line.push(rest);
        if read < CHUNK {
            return Ok((!line.take(&mut met)).then_some(met));
        }
    }
    Ok(None)
}

/// A line, or the start and the end of a long one.
#[derive(Default)]
struct Kept {
    start: Vec<u8>,
    end: Vec<u8>,
}

impl Kept {
    fn push(&mut self, bytes: &[u8]) {
        let room = START.saturating_sub(self.start.len()).min(bytes.len());
        let (own, rest) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        self.start.extend_from_slice(own);
        self.end.extend_from_slice(rest.get(rest.len().saturating_sub(END)..).unwrap_or_default());
        self.end.drain(..self.end.len().saturating_sub(END));
    }

    /// Forgets the line; true when somebody said it.
    fn take(&mut self, met: &mut Silent) -> bool {
        let is_whole = self.end.is_empty();
        self.start.append(&mut self.end);
        let raw = self.start.strip_suffix(b"\r").unwrap_or(&self.start);
        let (talk, side) = said(raw, is_whole).unwrap_or_else(|| {
            met.damaged |= !pieces::is_blank(raw) || raw.contains(&0);
            (false, false)
        });
        met.side |= talk && side;
        self.start.clear();
        talk && !side
    }
}

/// Whether somebody said a line, and whether that was a sub-agent; `None` when it
/// is no object.
fn said(raw: &[u8], is_whole: bool) -> Option<(bool, bool)> {
    match pieces::told(raw) {
        Some((LineKind::Talk { .. }, side)) => Some((true, side)),
        Some((_, side)) if !is_whole || find(raw, pieces::GLUED).is_none() => Some((false, side)),
        None if !is_whole => long(raw),
        _ => {
            let said = |facts: pieces::Facts| (facts.talk, facts.side);
            let all = || pieces::objects(raw).filter_map(pieces::facts).map(said);
            pieces::facts(raw).map(said).or_else(|| all().max_by_key(|(talk, side)| (*talk, !*side)))
        }
    }
}

/// The same of a line of which the middle is missing.
fn long(raw: &[u8]) -> Option<(bool, bool)> {
    let text = partial_line::text(raw);
    let line = super::line::strip(&text);
    if !line.starts_with('{') || !line.ends_with('}') {
        return None;
    }
    let named = |kind: &str| {
        partial_line::contains(line, &format!("\"type\":\"{kind}\""))
            || partial_line::contains(line, &format!("\"type\": \"{kind}\""))
    };
    Some((named("user") || named("assistant"), partial_line::is_true(line, "isSidechain")))
}

//! A conversation a page at a time: its last turns, those before and behind any
//! place, and those around a search hit. Whatever the length of the file or of
//! a line, a bounded part of it is read.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;

use super::line::{Line, strip};
use super::pieces::Edges;
use super::window::Window;
use super::{Role, Turn, file, torn, turns};
use crate::text;

/// Bytes read at once, and the longest line that is read whole.
const CHUNK: u64 = 256 * 1024;
const LINE: u64 = 1024 * 1024;
/// Bytes looked through for a page that has turns already, and for its first.
const SOME: u64 = 2 * 1024 * 1024;
const MOST: u64 = 64 * 1024 * 1024;

/// Which part of a conversation to read. Places are byte offsets of line starts,
/// as a [`Page`] and a search hit name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Its end.
    Last,
    /// What stands before the place.
    Before(u64),
    /// What stands behind the place.
    After(u64),
    /// The line in this range, and what stands before and behind it.
    Around(Range<u64>),
}

/// Turns that follow each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Oldest first.
    pub turns: Vec<Turn>,
    /// Which of them are of the line that was asked for.
    pub marked: Range<usize>,
    /// What is earlier stands before this place; 0 when nothing is.
    pub start: u64,
    /// What is later stands behind this place; the file's end when nothing is
    /// yet: there claude goes on.
    pub end: u64,
    /// The file's size, in bytes.
    pub size: u64,
}

/// A page of a transcript: about `most` turns in each direction, as the turns of
/// one line stay together. Tool calls, thoughts, images and what claude itself
/// wrote are quiet [`Role::Tool`] lines; lines that cannot be read are passed
/// over, as Claude does. All text is cleaned. Of a message that is too large its
/// beginning is shown, and that it is.
///
/// # Errors
/// When the file cannot be opened or read, or is no regular file.
pub fn preview(path: &Path, place: &Place, most: usize) -> io::Result<Page> {
    let (file, metadata) = file::open(path)?;
    let size = metadata.len();
    let mut reader = Reader { side: is_of_agent(&file, size)?, file, size, seen: HashSet::new() };
    match place {
        Place::Last => reader.last(most),
        Place::Before(end) => reader.before((*end).min(size), most),
        Place::After(start) => reader.after((*start).min(size), most),
        Place::Around(line) => reader.around(line.start.min(size)..line.end.min(size), most),
    }
}

/// Bytes of the file's start that tell whose it is: Claude's own window.
const HEAD: u64 = 64 * 1024;

/// Whether the conversation is a sub-agent's own. In old files sub-agents' lines
/// stand among the others, and are left out.
fn is_of_agent(file: &File, size: u64) -> io::Result<bool> {
    let head = file::read_at(file, 0, HEAD.min(size))?;
    let head = Window::read(&head, Edges { start: false, end: size > HEAD });
    Ok(head.sidechain && !head.talk)
}

/// A part of a file.
enum Piece {
    /// Whole lines; the last one may lack its end.
    Lines(u64, Vec<u8>),
    /// One line longer than a chunk.
    Long(Range<u64>),
}

struct Reader {
    file: File,
    size: u64,
    /// Show a sub-agent's lines, and no others.
    side: bool,
    /// Damaged files hold the same lines twice.
    seen: HashSet<String>,
}

impl Reader {
    fn last(&mut self, most: usize) -> io::Result<Page> {
        let mut page = self.before(self.size, most)?;
        page.end = self.end_of_finished()?;
        if page.turns.is_empty() && most > 0 {
            // A first prompt that was never finished: its beginning.
            let head = file::read_at(&self.file, 0, CHUNK)?;
            page.turns.extend(cut_off(&torn::decode(&head)));
        }
        Ok(page)
    }

    fn around(&mut self, line: Range<u64>, most: usize) -> io::Result<Page> {
        let mut page = self.before(line.start, most)?;
        let from = page.turns.len();
        let own = self.line(&line)?;
        page.turns.extend(own);
        page.marked = from..page.turns.len();
        let after = self.after(line.end, most)?;
        page.turns.extend(after.turns);
        page.end = after.end;
        Ok(page)
    }

    fn before(&mut self, place: u64, most: usize) -> io::Result<Page> {
        let mut newest_first = Vec::new();
        let mut start = place;
        while start > 0 && newest_first.len() < most && !enough(place - start, &newest_first) {
            match self.piece_before(start)? {
                Piece::Lines(at, bytes) => {
                    start = at;
                    for (offset, raw) in lines(&bytes).into_iter().rev() {
                        newest_first.extend(self.turns(raw).into_iter().rev());
                        if newest_first.len() >= most {
                            start = at + offset;
                            break;
                        }
                    }
                }
                Piece::Long(range) => {
                    newest_first.extend(self.line(&range)?.into_iter().rev());
                    start = range.start;
                }
            }
        }
        newest_first.reverse();
        Ok(Page { turns: newest_first, start, end: place, size: self.size, ..Page::default() })
    }

    fn after(&mut self, place: u64, most: usize) -> io::Result<Page> {
        let mut turns = Vec::new();
        let mut end = place;
        while end < self.size && turns.len() < most && !enough(end - place, &turns) {
            match self.piece_after(end)? {
                Piece::Lines(at, bytes) => {
                    for (offset, raw) in lines(&bytes) {
                        if turns.len() >= most {
                            break;
                        }
                        let next = at + offset + raw.len() as u64;
                        let ended = bytes.len() as u64 > offset + raw.len() as u64;
                        if !ended && !is_line(raw) {
                            // Claude is writing it.
                            return Ok(self.page(turns, place, end));
                        }
                        turns.extend(self.turns(raw));
                        end = next + u64::from(ended);
                    }
                    if bytes.is_empty() {
                        break; // it became shorter
                    }
                }
                Piece::Long(range) => {
                    turns.extend(self.line(&range)?);
                    end = range.end;
                }
            }
        }
        Ok(self.page(turns, place, end))
    }

    fn page(&self, turns: Vec<Turn>, start: u64, end: u64) -> Page {
        Page { turns, start, end, size: self.size, ..Page::default() }
    }

    /// The file's end, or where the line begins that claude is writing.
    fn end_of_finished(&self) -> io::Result<u64> {
        Ok(match self.piece_before(self.size)? {
            Piece::Lines(at, bytes) => match lines(&bytes).last() {
                Some((offset, raw)) if !bytes.ends_with(b"\n") && !is_line(raw) => at + offset,
                _ => self.size,
            },
            Piece::Long(range) if file::read_at(&self.file, self.size.saturating_sub(1), 1)? != b"\n" => {
                range.start
            }
            Piece::Long(_) => self.size,
        })
    }

    fn piece_before(&self, end: u64) -> io::Result<Piece> {
        let from = end.saturating_sub(CHUNK);
        let mut bytes = file::read_at(&self.file, from, end - from)?;
        if from == 0 {
            return Ok(Piece::Lines(0, bytes));
        }
        // The line end that closes the last line begins none.
        let body = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        match memchr::memchr(b'\n', body) {
            Some(at) => {
                bytes.drain(..=at);
                Ok(Piece::Lines(from + at as u64 + 1, bytes))
            }
            None => Ok(Piece::Long(self.line_start(from)?..end)),
        }
    }

    fn piece_after(&self, start: u64) -> io::Result<Piece> {
        let mut bytes = file::read_at(&self.file, start, CHUNK)?;
        match memchr::memrchr(b'\n', &bytes) {
            Some(at) => {
                bytes.truncate(at + 1);
                Ok(Piece::Lines(start, bytes))
            }
            None if (bytes.len() as u64) < CHUNK => Ok(Piece::Lines(start, bytes)),
            None => Ok(Piece::Long(start..self.line_end(start)?)),
        }
    }

    /// Where the line that holds the byte before `from` begins, or the place
    /// [`MOST`] before it.
    fn line_start(&self, from: u64) -> io::Result<u64> {
        let mut at = from;
        while at > 0 && from - at < MOST {
            let start = at.saturating_sub(CHUNK);
            let bytes = file::read_at(&self.file, start, at - start)?;
            if let Some(found) = memchr::memrchr(b'\n', &bytes) {
                return Ok(start + found as u64 + 1);
            }
            at = start;
        }
        Ok(at)
    }

    /// Behind the first line end from `from` on, or the place [`MOST`] behind it.
    fn line_end(&self, from: u64) -> io::Result<u64> {
        let mut at = from;
        while at < self.size && at - from < MOST {
            let bytes = file::read_at(&self.file, at, CHUNK)?;
            match memchr::memchr(b'\n', &bytes) {
                Some(found) => return Ok(at + found as u64 + 1),
                None if bytes.is_empty() => break,
                None => at += bytes.len() as u64,
            }
        }
        Ok(at)
    }

    /// The turns of the line in this range.
    fn line(&mut self, range: &Range<u64>) -> io::Result<Vec<Turn>> {
        let length = range.end.saturating_sub(range.start);
        if length <= LINE {
            let bytes = file::read_at(&self.file, range.start, length)?;
            return Ok(self.turns(&bytes));
        }
        let start = file::read_at(&self.file, range.start, CHUNK)?;
        let start = torn::decode(&start);
        // No message: padding, which a crash of the system leaves.
        if !strip(&start).starts_with('{') || torn::is_true(&start, "isSidechain") != self.side {
            return Ok(Vec::new());
        }
        let note = format!("too large to show: {}", text::bytes(length));
        Ok(cut_off(&start).into_iter().chain([Turn::new(Role::Tool, note)]).collect())
    }

    fn turns(&mut self, raw: &[u8]) -> Vec<Turn> {
        let decoded = torn::decode(raw);
        let Some(line) = Line::parse(&decoded).filter(|line| line.sidechain == self.side) else {
            return Vec::new();
        };
        if line.uuid.as_deref().is_some_and(|uuid| !self.seen.insert(uuid.to_owned())) {
            return Vec::new();
        }
        turns::of(&line)
    }
}

/// Whether a page is not worth reading on for.
fn enough(read: u64, turns: &[Turn]) -> bool {
    read >= if turns.is_empty() { MOST } else { SOME }
}

fn is_line(raw: &[u8]) -> bool {
    Line::parse(&torn::decode(raw)).is_some()
}

/// The lines in some bytes, without their ends, and where each begins.
fn lines(bytes: &[u8]) -> Vec<(u64, &[u8])> {
    let mut at = 0;
    let pieces = bytes.split_inclusive(|byte| *byte == b'\n').map(|piece| {
        let start = at;
        at += piece.len() as u64;
        (start, piece.strip_suffix(b"\n").unwrap_or(piece))
    });
    pieces.collect()
}

/// A prompt larger than what was read of it, or never finished: its beginning.
fn cut_off(text: &str) -> Option<Turn> {
    let line = text.rsplit('\n').find(|line| !strip(line).is_empty())?;
    if Line::parse(line).is_some() {
        return None;
    }
    let start = torn::prompt(line)?;
    let text = text::clean_lines(&start);
    (!text.trim().is_empty()).then(|| Turn::new(Role::User, format!("{}…", text.trim_end())))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

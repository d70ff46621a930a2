//! The lines of a file that a gate lets pass, in a bounded part of memory.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use super::prefilter::{Gate, LONGEST};
use crate::claude::file::fill_at;

/// Bytes read at once; it stays in a core's cache.
const CHUNK: usize = 256 * 1024;
/// Bytes read again with the next chunk, so that nothing is cut in two.
const OVERLAP: usize = 2 * LONGEST;
/// Longest line that is read whole: the largest images. Of a longer one, its
/// start.
const LINE: u64 = 8 * 1024 * 1024;
const START: u64 = 64 * 1024;

/// Reads file after file.
#[derive(Debug, Default)]
pub(crate) struct Spots {
    chunk: Vec<u8>,
    line: Vec<u8>,
}

/// Receives a line: where it is, its bytes, and whether these are all of it.
type Each<'a> = dyn FnMut(Range<u64>, &[u8], bool) + 'a;

impl Spots {
    /// Gives every line of the first `size` bytes that passes the gate to
    /// `each`. A file that grows or shrinks meanwhile ends where it ends.
    pub(crate) fn each(
        &mut self,
        file: &File,
        size: u64,
        gate: &Gate,
        cancel: &AtomicBool,
        each: &mut Each<'_>,
    ) -> io::Result<()> {
        let mut base = 0; // where the chunk begins
        let mut line_start = 0; // and the line that holds its first byte
        while base < size && !cancel.load(Ordering::Relaxed) {
            let wanted = usize::try_from(size - base).unwrap_or(CHUNK).min(CHUNK);
            if self.chunk.len() < wanted {
                self.chunk.resize(wanted.next_power_of_two(), 0);
            }
            let Some(room) = self.chunk.get_mut(..wanted) else { break };
            let filled = fill_at(file, base, room)?;
            let bytes = self.chunk.get(..filled).unwrap_or_default();
            let end = base + filled as u64;
            let last = filled < wanted || end >= size;
            let mut from = 0;
            let mut read_to = base;
            while let Some(at) = gate.find(bytes, from) {
                let start = memchr::memrchr(b'\n', bytes.get(..at).unwrap_or_default());
                let start = start.map_or(line_start, |before| base + before as u64 + 1);
                let line_end = memchr::memchr(b'\n', bytes.get(at..).unwrap_or_default());
                let line_end = match line_end {
                    Some(length) => base + (at + length) as u64 + 1,
                    None if last => end,
                    None => line_end_from(file, end, size, &mut self.line, cancel)?,
                };
                let here = start.checked_sub(base).zip(line_end.checked_sub(base));
                let here =
                    here.and_then(|(a, b)| bytes.get(usize::try_from(a).ok()?..usize::try_from(b).ok()?));
                match here {
                    Some(line) => each(start..line_end, line, true),
                    None => read_line(file, start..line_end, &mut self.line, each)?,
                }
                read_to = line_end;
                if line_end >= end || cancel.load(Ordering::Relaxed) {
                    break;
                }
                from = usize::try_from(line_end - base).unwrap_or(usize::MAX);
            }
            if last {
                break;
            }
            if read_to >= end {
                (base, line_start) = (read_to, read_to);
                continue;
            }
            let step = filled.saturating_sub(OVERLAP).max(1);
            if let Some(before) = memchr::memrchr(b'\n', bytes.get(..step).unwrap_or_default()) {
                line_start = base + before as u64 + 1;
            }
            base += step as u64;
        }
        Ok(())
    }
}

/// Behind the line end at or after `from`.
fn line_end_from(
    file: &File,
    mut from: u64,
    size: u64,
    buffer: &mut Vec<u8>,
    cancel: &AtomicBool,
) -> io::Result<u64> {
    buffer.resize(CHUNK.max(buffer.len()), 0);
    while from < size && !cancel.load(Ordering::Relaxed) {
        let filled = fill_at(file, from, buffer.get_mut(..CHUNK).unwrap_or_default())?;
        if filled == 0 {
            break;
        }
        if let Some(at) = memchr::memchr(b'\n', buffer.get(..filled).unwrap_or_default()) {
            return Ok(from + at as u64 + 1);
        }
        from += filled as u64;
    }
    Ok(from)
}

fn read_line(file: &File, line: Range<u64>, buffer: &mut Vec<u8>, each: &mut Each<'_>) -> io::Result<()> {
    let length = line.end.saturating_sub(line.start);
    let whole = length <= LINE;
    let length = usize::try_from(if whole { length } else { START }).unwrap_or(0);
    buffer.resize(length.max(buffer.len()), 0);
    let filled = fill_at(file, line.start, buffer.get_mut(..length).unwrap_or_default())?;
    each(line, buffer.get(..filled).unwrap_or_default(), whole);
    // A file with one huge line does not hold its room until the search ends.
    buffer.truncate(CHUNK);
    buffer.shrink_to(CHUNK);
    Ok(())
}

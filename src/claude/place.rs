//! Where a transcript goes that is brought here, and whether it may.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use memchr::memmem;
use unicode_normalization::UnicodeNormalization;

use super::file;

/// Longest folder name before a hash takes the rest's place.
const LONGEST: usize = 200;
/// Bytes from a transcript's end in which a finished turn is looked for.
const TAIL: u64 = 4 * 1024 * 1024;
const CHUNK: usize = 1024 * 1024;

/// The project folder for sessions of `directory`. The only place where a name
/// is derived, by Claude Code's own rule: claude finds what lies there.
pub fn folder_for(root: &Path, directory: &Path) -> PathBuf {
    let real = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
    root.join("projects").join(folder_name(&real))
}

/// Every UTF-16 unit of the path (NFC) that is no ASCII letter or digit becomes
/// `-`; of a long one 200 stay, and a hash of the path.
fn folder_name(real: &Path) -> String {
    let path: String = real.to_string_lossy().nfc().collect();
    let unit = |unit: u16| match u8::try_from(unit) {
        Ok(byte) if byte.is_ascii_alphanumeric() => char::from(byte),
        _ => '-',
    };
    let name: String = path.encode_utf16().map(unit).collect();
    if name.len() <= LONGEST {
        return name;
    }
    let hash =
        path.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    format!("{}-{}", &name[..LONGEST], base36(hash.unsigned_abs()))
}

fn base36(mut number: u32) -> String {
    let mut digits = Vec::new();
    loop {
        digits.extend(char::from_digit(number % 36, 36));
        number /= 36;
        if number == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}

/// Whether a line of the transcript says that it belongs to session `id`.
///
/// # Errors
/// When the file cannot be read.
pub fn names_session(path: &Path, id: &str) -> io::Result<bool> {
    let needle = format!("\"sessionId\":\"{id}\"");
    let finder = memmem::Finder::new(&needle);
    let (mut file, _) = file::open(path)?;
    let mut window = Vec::new();
    loop {
        let read = file.by_ref().take(CHUNK as u64).read_to_end(&mut window)?;
        if finder.find(&window).is_some() {
            return Ok(true);
        }
        if read == 0 {
            return Ok(false);
        }
        // The needle may lie across two reads.
        window.drain(..window.len().saturating_sub(needle.len()));
    }
}

/// How much of a transcript consists of whole lines; of one that is open
/// (`live`), of whole turns: up to the last line with which claude ended one.
///
/// # Errors
/// When the file cannot be read.
pub fn whole_turns(path: &Path, live: bool) -> io::Result<u64> {
    let lines = super::mark(path)?.bytes;
    if !live {
        return Ok(lines);
    }
    let start = lines.saturating_sub(TAIL);
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    file.take(lines - start).read_to_end(&mut tail)?;
    let ends_turn = |line: &[u8]| {
        let has = |needle: &str| memmem::find(line, needle.as_bytes()).is_some();
        has("\"subtype\":\"turn_duration\"")
            || (has("\"type\":\"assistant\"") && has("\"stop_reason\":\"end_turn\""))
    };
    let mut end = tail.len();
    while end > 0 {
        let begin = memchr::memrchr(b'\n', &tail[..end - 1]).map_or(0, |at| at + 1);
        if ends_turn(&tail[begin..end]) {
            return Ok(start + end as u64);
        }
        end = begin;
    }
    // None in reach: whole lines are all that can be had.
    Ok(lines)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_named_as_claude_names_them() {
        for (path, name) in [
            ("/home/dana/enc/My Proj_v1.2", "-home-dana-enc-My-Proj-v1-2"),
            ("/home/dana/enc/ünïcödé", "-home-dana-enc--n-c-d-"),
            ("/home/dana/enc/日本語", "-home-dana-enc----"),
            ("/home/dana/enc/emoji😀x", "-home-dana-enc-emoji--x"),
        ] {
            assert_eq!(folder_name(Path::new(path)), name);
        }
        let long = format!("/home/dana/{}/{}", "a".repeat(120), "b".repeat(120));
        let name = folder_name(Path::new(&long));
        assert!(name.len() == 200 + 7 && name.ends_with("-vb67ld"), "{name}");
    }

    #[test]
    fn a_live_transcript_is_cut_at_its_last_turn() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.jsonl");
        let turn =
            "{\"type\":\"user\"}\n{\"type\":\"assistant\",\"message\":{\"stop_reason\":\"end_turn\"}}\n";
        let open =
            "{\"type\":\"user\"}\n{\"type\":\"assistant\",\"message\":{\"stop_reason\":\"tool_use\"}}\n";
        std::fs::write(&path, format!("{turn}{open}{{\"half")).unwrap();
        assert_eq!(whole_turns(&path, true).unwrap(), turn.len() as u64);
        assert_eq!(whole_turns(&path, false).unwrap(), (turn.len() + open.len()) as u64);
        std::fs::write(&path, open).unwrap();
        assert_eq!(whole_turns(&path, true).unwrap(), open.len() as u64);
        std::fs::write(&path, "").unwrap();
        assert_eq!(whole_turns(&path, true).unwrap(), 0);
    }

    #[test]
    fn a_session_is_known_by_its_own_lines() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.jsonl");
        let filler = "x".repeat(CHUNK - 10);
        std::fs::write(&path, format!("{filler}{{\"sessionId\":\"abc\"}}\n")).unwrap();
        assert!(names_session(&path, "abc").unwrap());
        assert!(!names_session(&path, "abd").unwrap());
    }
}

//! Where a transcript goes that is brought here, and whether it may.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use memchr::memmem;
use unicode_normalization::UnicodeNormalization;

use crate::claude::file;
use crate::claude::transcript::line::Line;
use crate::claude::transcript::partial_line;

/// Longest folder name before a hash takes the rest's place.
const LONGEST: usize = 200;
/// Bytes from a transcript's end in which a finished turn is looked for.
pub const TURN_TAIL: u64 = 4 * 1024 * 1024;
/// Longest name of a plan, and how many a session may have.
const LONGEST_SLUG: usize = 100;
const MOST_SLUGS: usize = 16;
/// Bytes behind a key in which a session's id ends, white space included.
const LONGEST_VALUE: usize = 64;
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
    let (key, value) = (b"\"sessionId\"", format!("\"{id}\""));
    let finder = memmem::Finder::new(key);
    // Claude Code writes no white space there; whoever rewrote the file may have.
    let names = |behind: &[u8]| {
        let behind = behind[..behind.len().min(LONGEST_VALUE)].trim_ascii_start();
        behind.strip_prefix(b":").is_some_and(|is| is.trim_ascii_start().starts_with(value.as_bytes()))
    };
    let (mut file, _) = file::open(path)?;
    let mut window = Vec::new();
    loop {
        let read = file.by_ref().take(CHUNK as u64).read_to_end(&mut window)?;
        if finder.find_iter(&window).any(|at| names(&window[at + key.len()..])) {
            return Ok(true);
        }
        if read == 0 {
            return Ok(false);
        }
        // It may lie across two reads.
        window.drain(..window.len().saturating_sub(key.len() + LONGEST_VALUE));
    }
}

/// The names (`slug`) under which a session's plans lie in `plans/`, as its
/// lines say; the first few.
///
/// # Errors
/// When the file cannot be read.
pub fn plan_names(path: &Path) -> io::Result<Vec<String>> {
    let needle = b"\"slug\":\"";
    let finder = memmem::Finder::new(needle);
    let (mut file, _) = file::open(path)?;
    let (mut names, mut window): (Vec<String>, _) = (Vec::new(), Vec::new());
    loop {
        let read = file.by_ref().take(CHUNK as u64).read_to_end(&mut window)?;
        for at in finder.find_iter(&window) {
            let rest = &window[at + needle.len()..];
            let Some(end) = memchr::memchr(b'"', &rest[..rest.len().min(LONGEST_SLUG + 1)]) else { continue };
            let plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-' || *byte == b'_';
            if end > 0
                && rest[..end].iter().all(plain)
                && let Ok(name) = std::str::from_utf8(&rest[..end])
                && names.len() < MOST_SLUGS
                && !names.iter().any(|known| known == name)
            {
                names.push(name.to_owned());
            }
        }
        if read == 0 {
            return Ok(names);
        }
        window.drain(..window.len().saturating_sub(needle.len() + LONGEST_SLUG + 1));
    }
}

/// Whether a file in `plans/` is one of a plan of this name, or of a sub-agent's.
pub fn is_plan(file: &str, slug: &str) -> bool {
    let rest = file.strip_prefix(slug).and_then(|rest| rest.strip_suffix(".md"));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("-agent-"))
}

/// Where the last turn ends that claude has finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnEnd {
    /// Behind its last line.
    pub at: usize,
    /// When it was.
    pub time: Option<DateTime<Utc>>,
}

/// The end of the last finished turn in a transcript's last bytes (some
/// [`TURN_TAIL`] of them); `None` when there is none.
pub fn last_turn(tail: &[u8]) -> Option<TurnEnd> {
    let ends_turn = |line: &[u8]| {
        let has = |needle: &str| memmem::find(line, needle.as_bytes()).is_some();
        has("\"subtype\":\"turn_duration\"")
            || (has("\"type\":\"assistant\"") && has("\"stop_reason\":\"end_turn\""))
    };
    let mut end = memchr::memrchr(b'\n', tail)? + 1;
    while end > 0 {
        let begin = memchr::memrchr(b'\n', &tail[..end - 1]).map_or(0, |at| at + 1);
        let line = &tail[begin..end];
        if ends_turn(line) {
            let line = partial_line::decode(line);
            let line = Line::parse_without_words(&line);
            let time = line.and_then(|line| DateTime::parse_from_rfc3339(line.timestamp.as_deref()?).ok());
            return Some(TurnEnd { at: end, time: time.map(|time| time.to_utc()) });
        }
        end = begin;
    }
    None
}

/// How much of a transcript consists of whole lines; of one in which a turn is
/// under way (`busy`), of whole turns.
///
/// # Errors
/// When the file cannot be read.
pub fn whole_turns(path: &Path, busy: bool) -> io::Result<u64> {
    let lines = crate::claude::transcript::mark(path)?.bytes;
    if !busy {
        return Ok(lines);
    }
    let start = lines.saturating_sub(TURN_TAIL);
    let (file, _) = file::open(path)?;
    let tail = file::read_at(&file, start, lines - start)?;
    // None in reach: whole lines are all that can be had.
    Ok(last_turn(&tail).map_or(lines, |turn| start + turn.at as u64))
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
    fn the_end_of_a_turn_has_a_time() {
        let turn = "{\"type\":\"assistant\",\"timestamp\":\"2026-11-20T19:34:00.000Z\",\"message\":{\"stop_reason\":\"end_turn\"}}\n";
        let found = last_turn(format!("{turn}{{\"type\":\"user\"}}\n{{\"half").as_bytes()).unwrap();
        assert_eq!(found.at, turn.len());
        assert_eq!(found.time.unwrap().to_rfc3339(), "2026-11-20T19:34:00+00:00");
        assert_eq!(last_turn(b"{}\n"), None);
        assert_eq!(last_turn(b""), None);
    }

    #[test]
    fn a_session_names_its_plans() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.jsonl");
        let names = ["calm-blue-otter", "../../etc/passwd", "", "a.b", "calm-blue-otter", "second_one"];
        let filler = "x".repeat(CHUNK - 12);
        let lines = names.map(|name| format!("{{\"slug\":\"{name}\"}}\n")).concat();
        std::fs::write(&path, format!("{filler}{lines}")).unwrap();
        assert_eq!(plan_names(&path).unwrap(), ["calm-blue-otter", "second_one"]);
        assert!(is_plan("a-b.md", "a-b") && is_plan("a-b-agent-1f.md", "a-b"));
        assert!(!is_plan("a-b-c.md", "a-b") && !is_plan("a-b", "a-b") && !is_plan("x.md", "a-b"));
    }

    #[test]
    fn a_session_is_known_by_its_own_lines() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.jsonl");
        let filler = "x".repeat(CHUNK - 10);
        std::fs::write(&path, format!("{filler}{{\"sessionId\":\"abc\"}}\n")).unwrap();
        assert!(names_session(&path, "abc").unwrap());
        assert!(!names_session(&path, "abd").unwrap() && !names_session(&path, "ab").unwrap());
        std::fs::write(&path, format!("{filler}{{\"sessionId\" : \"abc\"}}\n")).unwrap();
        assert!(names_session(&path, "abc").unwrap(), "written by another program");
    }
}

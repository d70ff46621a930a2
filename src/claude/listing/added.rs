//! Folders that were added to a session when it was started (`--add-dir`): a
//! resume does not add them again.

use std::path::{Path, PathBuf};

use memchr::memmem;
use serde::Deserialize;

use crate::claude::file;

/// How much of either end of a transcript is looked at, in bytes.
const WINDOW: u64 = 262_144;

/// Of a line what claude writes of where it works: at the start, and whenever
/// that changes.
#[derive(Deserialize)]
struct Line {
    attachment: Attachment,
}

#[derive(Deserialize)]
struct Attachment {
    #[serde(rename = "type")]
    kind: String,
    snapshot: Snapshot,
}

#[derive(Deserialize)]
struct Snapshot {
    #[serde(rename = "additionalWorkingDirectories")]
    added: Vec<PathBuf>,
}

/// The folders that a session had beside its own when claude last said so.
pub fn added_folders(transcript: &Path) -> Vec<PathBuf> {
    let Ok((file, metadata)) = file::open(transcript) else { return Vec::new() };
    let size = metadata.len();
    let ends = [size.saturating_sub(WINDOW), 0];
    let mut ends = ends.into_iter().filter_map(|from| file::read_at(&file, from, WINDOW).ok());
    ends.find_map(|bytes| last_word(&bytes)).unwrap_or_default()
}

fn last_word(bytes: &[u8]) -> Option<Vec<PathBuf>> {
    let names = |line: &&[u8]| memmem::find(line, b"\"additionalWorkingDirectories\":[").is_some();
    bytes.split(|byte| *byte == b'\n').rev().filter(names).find_map(|line| {
        let line: Line = serde_json::from_slice(line).ok()?;
        (line.attachment.kind == "environment").then_some(line.attachment.snapshot.added)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_on_added_folders_counts() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.jsonl");
        let of = |lines: &[&str]| {
            std::fs::write(&path, lines.join("\n")).unwrap();
            added_folders(&path)
        };
        // as 2.1.332 writes it
        let start = r#"{"attachment":{"type":"environment","snapshot":{"workingDirectory":"/p","additionalWorkingDirectories":["/extra","/b c"]}},"type":"attachment"}"#;
        let gone = r#"{"attachment":{"type":"environment","snapshot":{"additionalWorkingDirectories":[]},"changes":[{"field":"additionalWorkingDirectories","added":[],"removed":["/extra"]}]},"type":"attachment"}"#;
        let said = r#"{"type":"user","message":{"content":"\"additionalWorkingDirectories\":[\"/x\"]"}}"#;
        let extra = vec![PathBuf::from("/extra"), PathBuf::from("/b c")];
        assert_eq!(of(&[said]), Vec::<PathBuf>::new());
        assert_eq!(of(&[start, said]), extra);
        assert_eq!(of(&[start, gone]), Vec::<PathBuf>::new());
        let filler = format!("{{\"type\":\"x\",\"y\":\"{}\"}}", "z".repeat(1000));
        let long: Vec<&str> = std::iter::once(start).chain(std::iter::repeat_n(&*filler, 900)).collect();
        assert_eq!(of(&long), extra, "of a long one both ends are read");
        for odd in ["", r#"{"attachment":{"type":"environment","snapshot":{"additionalWorkingDirectories":["#]
        {
            assert_eq!(of(&[odd]), Vec::<PathBuf>::new(), "{odd}");
        }
        assert_eq!(added_folders(Path::new("/nowhere")), Vec::<PathBuf>::new());
    }
}

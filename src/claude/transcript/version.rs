//! Which Claude Code wrote a transcript's end.

use std::io;
use std::path::Path;

use serde::Deserialize;

use crate::claude::file;

/// Bytes that are looked at: Claude's own window.
const TAIL: u64 = 64 * 1024;
/// A longer version is none.
const LONGEST: usize = 40;

#[derive(Deserialize)]
struct Versioned {
    version: String,
}

/// The version that the last line names which names one, such as `2.1.332`; `None` when
/// none of the last lines does.
///
/// # Errors
/// When the file cannot be opened or read, or is no regular file.
pub fn version(path: &Path) -> io::Result<Option<String>> {
    let (file, metadata) = file::open(path)?;
    let start = metadata.len().saturating_sub(TAIL);
    let tail = file::read_at(&file, start, TAIL)?;
    let lines = tail.split(|byte| *byte == b'\n').rev();
    let mut named = lines.filter_map(|line| Some(serde_json::from_slice::<Versioned>(line).ok()?.version));
    Ok(named.find(|text| is_version(text)))
}

fn is_version(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+');
    !text.is_empty() && text.len() <= LONGEST && text.bytes().all(plain)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_that_names_one_tells() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.jsonl");
        let told = |text: &str| {
            std::fs::write(&path, text).unwrap();
            version(&path).unwrap()
        };
        let old = "{\"type\":\"user\",\"version\":\"2.1.112\"}\n";
        assert_eq!(told(&format!("{old}{{\"version\":\"2.1.332\"}}\n{{\"a\":1}}\n")).unwrap(), "2.1.332");
        assert_eq!(
            told(&format!("{old}{{\"version\":1}}\n{{\"version\":\"\\u001b[2J\"}}\n{{\"ver")).unwrap(),
            "2.1.112"
        );
        assert_eq!(told(&format!("{old}{{\"backup\":{{\"version\":\"9\"}}}}\n")).unwrap(), "2.1.112");
        assert_eq!(told(""), None);
    }
}

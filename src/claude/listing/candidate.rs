//! Files that have a session's name, and Claude's names for folders.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use unicode_normalization::UnicodeNormalization;

use crate::claude::file;

/// A file that has a session's name, known from `stat` alone.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub session_id: String,
    pub path: PathBuf,
    pub modified: DateTime<Utc>,
    pub size: u64,
    pub duplicate: bool,
    /// The file is elsewhere: claude resumes it, though its picker does not list it.
    pub linked: bool,
}

impl Candidate {
    /// The session of that id in the same folder as a transcript; `None` when
    /// there is no regular file of that name.
    pub(crate) fn beside(transcript: &Path, id: &str) -> Option<Self> {
        let path = transcript.with_file_name(format!("{id}.jsonl"));
        let metadata = path.symlink_metadata().ok().filter(std::fs::Metadata::is_file)?;
        let (modified, size) = (file::modified(&metadata), metadata.len());
        Some(Self { session_id: id.to_owned(), path, modified, size, duplicate: false, linked: false })
    }
}

/// Whether Claude's rule gives `cwd` this folder name: every UTF-16 unit that
/// is no ASCII letter or digit becomes `-`; after 200 a hash follows, which
/// differs between builds and is not looked at. Other directories may share the
/// name, so this only ever chooses among directories that were named.
pub(crate) fn is_folder_of(folder: &str, cwd: &str) -> bool {
    let dashed = |c: char| {
        let shown = if c.is_ascii_alphanumeric() { c } else { '-' };
        std::iter::repeat_n(shown, c.len_utf16())
    };
    let mut slug = cwd.nfc().flat_map(dashed);
    let start: String = slug.by_ref().take(200).collect();
    match slug.next() {
        None => folder == start,
        Some(_) => folder.strip_prefix(&*start).is_some_and(|hash| hash.starts_with('-')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_names_are_compared_by_claudes_rule() {
        for (cwd, folder) in [
            ("/home/dana/enc/My Proj_v1.2", "-home-dana-enc-My-Proj-v1-2"),
            ("/home/dana/enc/ünïcödé", "-home-dana-enc--n-c-d-"),
            ("/home/dana/enc/日本語", "-home-dana-enc----"),
            ("/home/dana/enc/emoji😀x", "-home-dana-enc-emoji--x"),
            ("C:\\Users\\bob\\my.proj", "C--Users-bob-my-proj"),
        ] {
            assert!(is_folder_of(folder, cwd), "{cwd}");
            assert!(!is_folder_of(folder, "/tmp"), "{cwd}");
        }
        let long = format!("/home/dana/{}/{}", "a".repeat(120), "b".repeat(120));
        let folder = format!("-home-dana-{}-{}", "a".repeat(120), "b".repeat(68));
        assert!(is_folder_of(&format!("{folder}-vb67ld"), &long));
        assert!(!is_folder_of(&folder, &long));
    }
}

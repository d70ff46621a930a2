//! What could not be copied from where a session lives, and why.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::sftp::MOST_ENTRIES;
use crate::text;

/// Files that are taken along at most.
pub(super) const MOST_FILES: usize = 5000;
/// Bytes of them together.
pub(super) const MOST_BYTES: u64 = 1024 * 1024 * 1024;
/// Folders in folders.
pub(super) const DEEPEST: usize = 6;
/// Columns of a name that is shown.
const MOST_SHOWN: usize = 120;

/// Why something is not copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    /// Its bytes are not given.
    Unread,
    /// The folder lets nobody look into it, or not to its end.
    Unlisted,
    /// With it there would be more than is taken.
    Large,
    /// So many others were.
    Many,
    /// It may lead anywhere, also out of Claude's folder.
    Link,
    /// A pipe, a socket, a device.
    NoFile,
    /// Its name cannot be one here.
    Odd,
    /// A folder in too many others.
    Deep,
    /// A folder of which not everything was looked at.
    Crowded,
}

impl Why {
    fn words(self) -> String {
        match self {
            Self::Unread => "cannot be read there".to_owned(),
            Self::Unlisted => "the folder cannot be read there".to_owned(),
            Self::Large => format!("more than {} together", text::bytes(MOST_BYTES)),
            Self::Many => format!("more than {} files", text::count(MOST_FILES)),
            Self::Link => "symbolic links are not followed".to_owned(),
            Self::NoFile => "not a regular file".to_owned(),
            Self::Odd => "the name is not in UTF-8".to_owned(),
            Self::Deep => format!("more than {DEEPEST} folders deep"),
            Self::Crowded => format!("more than {} entries in one folder", text::count(MOST_ENTRIES)),
        }
    }
}

/// All of it: of each kind the first name, and how many.
#[derive(Debug, Default)]
pub(super) struct Left(BTreeMap<Why, (String, usize)>);

impl Left {
    /// Notes something below a folder, which is named in words; the folder itself
    /// has no name.
    pub fn note(&mut self, why: Why, what: &str, name: &Path) {
        let (_, count) = self.0.entry(why).or_insert_with(|| {
            let name = text::fit(&text::clean(&name.to_string_lossy()), MOST_SHOWN);
            (if name.is_empty() { what.to_owned() } else { format!("{what}: {name}") }, 0)
        });
        *count += 1;
    }

    /// A line a kind.
    pub fn words(&self) -> Vec<String> {
        let line = |(why, (first, count)): (&Why, &(String, usize))| {
            let more = text::and_more(count - 1);
            format!("{first}{more} ({})", why.words())
        };
        self.0.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_one_clean_line() {
        let mut left = Left::default();
        for number in 0..1200 {
            left.note(Why::Link, "the plan", Path::new(&format!("a\u{1b}[2J/{number}")));
        }
        left.note(Why::Unlisted, "checkpoints", Path::new(""));
        left.note(Why::Odd, "memory", Path::new(&"x".repeat(5000)));
        let words = left.words();
        assert_eq!(words[0], "checkpoints (the folder cannot be read there)");
        assert_eq!(words[1], "the plan: a/0 and 1,199 more (symbolic links are not followed)");
        assert!(words[2].len() < 200, "{}", words[2]);
        assert_eq!(words.len(), 3);
        assert!(words.iter().all(|line| text::is_clean(line)));
    }
}

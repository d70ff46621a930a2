//! A copy of a session under an id of its own: what `claude --fork-session`
//! makes, made of files. Claude finds a session by its file's name and keeps
//! titles, costs and checkpoints by the `sessionId` of its lines, so both change.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use memchr::memmem;
use sha2::{Digest, Sha256};

use crate::claude::file;
use crate::handoff::Transcript;
use crate::text;

const CHUNK: usize = 1024 * 1024;

/// Copies `from` to `to`, each line of session `old` as one of session `new`.
/// Ids are equally long, so every other byte stays where it was. In text an id
/// that somebody quoted stays: its quotation marks are escaped there.
///
/// # Errors
/// When reading or writing fails.
pub fn copy_renamed(from: &Path, to: &mut File, old: &str, new: &str) -> io::Result<()> {
    let (needle, by) = (format!("\"sessionId\":\"{old}\""), format!("\"sessionId\":\"{new}\""));
    let finder = memmem::Finder::new(&needle);
    let (mut file, _) = file::open(from)?;
    let mut window = Vec::new();
    loop {
        let read = Read::by_ref(&mut file).take(CHUNK as u64).read_to_end(&mut window)?;
        let found: Vec<usize> = finder.find_iter(&window).collect();
        for at in found {
            window[at..at + by.len()].copy_from_slice(by.as_bytes());
        }
        // What is sought may lie across two reads.
        let done = if read == 0 { window.len() } else { window.len().saturating_sub(needle.len() - 1) };
        to.write_all(&window[..done])?;
        window.drain(..done);
        if read == 0 {
            return Ok(());
        }
    }
}

/// The id under which a copy of session `id` goes, as long as it is as `mark`
/// says: the same again for the same conversation, so that what was interrupted
/// is not copied twice. It has the form of a random UUID.
pub fn id_for_copy(id: &str, mark: &Transcript) -> String {
    let hash = text::hex(&Sha256::digest(format!("cclink copy\0{id}\0{}\0{}", mark.bytes, mark.tail)));
    let part = |from: usize, to: usize| hash.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(12, 15), part(15, 18), part(18, 30))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OLD: &str = "11111111-2222-4333-8444-555555555555";
    const NEW: &str = "99999999-2222-4333-8444-555555555555";

    fn renamed(content: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| dir.path().join(name));
        std::fs::write(&from, content).unwrap();
        copy_renamed(&from, &mut File::create(&to).unwrap(), OLD, NEW).unwrap();
        std::fs::read_to_string(to).unwrap()
    }

    #[test]
    fn its_lines_are_the_new_sessions_and_its_words_are_not_touched() {
        let line = |id: &str| {
            let quoted = format!(r#"it says \"sessionId\":\"{OLD}\" and {OLD}"#);
            format!(r#"{{"sessionId":"{id}","message":{{"content":"{quoted}"}}}}"#)
        };
        assert_eq!(renamed(&line(OLD)), line(NEW));
        let other = line("00000000-2222-4333-8444-555555555555");
        assert_eq!(renamed(&other), other);
    }

    #[test]
    fn a_copys_id_is_one_that_claude_takes_and_always_the_same() {
        let mark = |bytes| Transcript { bytes, tail: "0123456789abcdef".to_owned() };
        let id = id_for_copy(OLD, &mark(1));
        assert_eq!(crate::claude::session_id(&id).as_deref(), Some(id.as_str()));
        assert_eq!(uuid::Uuid::parse_str(&id).unwrap().get_version_num(), 4);
        assert_eq!(id, id_for_copy(OLD, &mark(1)));
        assert_ne!(id, id_for_copy(OLD, &mark(2)));
        assert_ne!(id, id_for_copy(NEW, &mark(1)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn wherever_an_id_stands_it_is_found(before in 0..200usize, count in 1..4usize) {
            let one = format!("{}\"sessionId\":\"{OLD}\"", "x".repeat(CHUNK - 100 + before));
            let content = one.repeat(count);
            prop_assert!(renamed(&content) == content.replace(OLD, NEW));
        }
    }
}

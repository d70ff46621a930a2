//! What a line of a transcript says in words of a person or of Claude: the text
//! that a search looks at, whole, where a preview would cut it.

use std::borrow::Cow;
use std::io;
use std::path::Path;

use crate::claude::transcript::line::{Content, Line};
use crate::claude::transcript::prompt::{self, tagged};
use crate::claude::transcript::{partial_line, turns};
use crate::claude::{Role, file};

/// Where more than this was written, somebody said something.
const MOST_READ: u64 = 4 * 1024 * 1024;

/// Whether words stand behind the first `bytes` of a transcript; `counts` says
/// which are some.
pub fn said_behind(path: &Path, bytes: u64, counts: impl Fn(Role, &str) -> bool) -> io::Result<bool> {
    let (file, metadata) = file::open(path)?;
    let length = metadata.len().saturating_sub(bytes);
    if length > MOST_READ {
        return Ok(true);
    }
    let rest = file::read_at(&file, bytes, length)?;
    let mut lines = rest.split(|byte| *byte == b'\n');
    Ok(lines.any(|line| {
        let line = partial_line::decode(line);
        Line::parse(&line).is_some_and(|line| of(&line).is_some_and(|(role, words)| counts(role, &words)))
    }))
}

/// Who said it, and what; several blocks of one message are lines of one text.
/// `None` for tools, thoughts, notes of the program and its state.
pub(crate) fn of<'a>(line: &'a Line<'_>) -> Option<(Role, Cow<'a, str>)> {
    match line.kind.as_deref()? {
        "user" if line.meta || line.compact_summary => None,
        "user" => Some((Role::User, join(&line.message.content, by_user)?)),
        "assistant" => {
            Some((Role::Assistant, join(&line.message.content, |text| Some(Cow::Borrowed(text)))?))
        }
        "attachment" if line.attachment.kind.as_deref() == Some("queued_command") => {
            Some((Role::User, by_user(line.attachment.prompt.as_deref()?)?))
        }
        "system" if line.is_spoken() || line.subtype.as_deref() == Some("local_command") => {
            Some((Role::User, by_user(line.content.as_deref()?)?))
        }
        _ => None,
    }
}

fn join<'a>(content: &'a Content<'_>, words: fn(&'a str) -> Option<Cow<'a, str>>) -> Option<Cow<'a, str>> {
    match content {
        Content::None => None,
        Content::Text(text) => words(text),
        Content::Blocks(blocks) => {
            let texts = blocks.iter().filter(|block| block.kind.as_deref() == Some("text"));
            let mut texts = texts.filter_map(|block| words(block.text.as_deref()?));
            let first = texts.next()?;
            Some(texts.fold(first, |all, text| Cow::Owned(format!("{all}\n{text}"))))
        }
    }
}

fn by_user(raw: &str) -> Option<Cow<'_, str>> {
    if !raw.contains('<') && !raw.contains('[') {
        return Some(Cow::Borrowed(raw));
    }
    if let Some(command) = tagged(raw, "command-name") {
        let args = tagged(raw, "command-args").unwrap_or_default();
        return Some(Cow::Owned(format!("{command} {args}")));
    }
    if let Some(command) = tagged(raw, "bash-input") {
        return Some(Cow::Owned(format!("! {command}")));
    }
    let program =
        ["bash-stdout", "bash-stderr", "local-command-stdout", "local-command-stderr", "task-notification"];
    let is_note = prompt::is_interruption(raw)
        || turns::is_for_the_model(raw)
        || program.iter().any(|tag| tagged(raw, tag).is_some());
    (!is_note).then_some(Cow::Borrowed(raw))
}

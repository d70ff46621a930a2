//! In which session a transcript says that it goes on.

use memchr::memmem;

use super::line::Line;
use super::{partial_line, prompt};

/// As claude writes it; it looks for nothing else.
const NAMED: &[u8] = b"\"type\":\"continued-in\"";

/// The session that the last `continued-in` of a file's end names, unless
/// somebody spoke behind it. `tail` is what claude's picker reads of the end.
pub(crate) fn named(tail: &[u8]) -> Option<String> {
    let first = memmem::find(tail, NAMED)?;
    let start = memchr::memrchr(b'\n', tail.get(..first)?).map_or(0, |at| at + 1);
    for raw in tail.get(start..)?.split(|byte| *byte == b'\n').rev() {
        let text = partial_line::decode(raw);
        let Some(line) = Line::parse(&text) else { continue };
        if line.is("continued-in") {
            return line.continued_in.as_deref().and_then(crate::claude::session_id);
        }
        if spoken(&line) {
            return None;
        }
    }
    None
}

/// A prompt of the person's, or a finished answer of the model's.
fn spoken(line: &Line<'_>) -> bool {
    let answered = line.is("assistant") && !line.api_error && line.message.stop_reason.is_some();
    answered || matches!(prompt::of(line), Some(prompt::Prompt::Words(_)))
}

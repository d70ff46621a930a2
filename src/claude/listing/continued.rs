//! Where a session went on: claude writes `continued-in` into the file that it
//! leaves, when a talk goes to the background or is compacted into another.

use std::collections::{HashMap, HashSet};

use memchr::memmem;

use super::metadata::{self, Candidate};
use crate::claude::live::registry::LiveRecord;
use crate::claude::transcript::line::Line;
use crate::claude::transcript::{partial_line, prompt};
use crate::claude::{Session, Store};

/// As claude writes it; it looks for nothing else.
const NAMED: &[u8] = b"\"type\":\"continued-in\"";

impl Store {
    /// The session in which claude goes on with this one: the end of the chain
    /// that the files tell of. `None` where it goes on in its own file: nobody
    /// said otherwise, the talk went on here afterwards, or what is named is not
    /// in the same folder or cannot be resumed.
    pub fn successor(&self, session: &Session) -> Option<Session> {
        successor(session, &self.live_sessions())
    }
}

/// As [`Store::successor`], with the registry read.
pub(crate) fn successor(session: &Session, live: &HashMap<String, LiveRecord>) -> Option<Session> {
    let mut seen = HashSet::from([session.path.clone()]);
    let mut last = None;
    let mut next = Candidate::beside(&session.path, session.continued_in.as_deref()?);
    while let Some(found) = next.and_then(|next| metadata::read_alone(&next, live, &mut Vec::new())) {
        if !found.resumable {
            break;
        }
        // A circle leads nowhere: each of its sessions stays to be seen.
        if !seen.insert(found.path.clone()) {
            return None;
        }
        next = found.continued_in.as_deref().and_then(|id| Candidate::beside(&found.path, id));
        last = Some(found);
    }
    last
}

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

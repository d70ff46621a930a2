//! A session's row: what its file's ends say, and whether claude goes on with it
//! elsewhere.

use std::collections::HashMap;

use super::candidate::Candidate;
use super::continued;
use super::metadata::{self, Room};
use crate::claude::Session;
use crate::claude::live::registry::LiveRecord;

/// Reads a session's metadata; `None` when the file has gone meanwhile.
pub(crate) fn read(
    candidate: &Candidate,
    live: &HashMap<String, LiveRecord>,
    room: &mut Room,
) -> Option<Session> {
    let mut session = glance(candidate, live, room)?;
    metadata::settle(&mut session);
    Some(session)
}

/// As [`read`] at the cost of the file's ends: where they do not tell whether a
/// conversation is in it, that is left to be [settled](metadata::settle).
pub(crate) fn glance(
    candidate: &Candidate,
    live: &HashMap<String, LiveRecord>,
    room: &mut Room,
) -> Option<Session> {
    let mut session = metadata::ends_of(candidate, live, room)?;
    // what is linked from elsewhere, or goes on in another file, stands in for that one
    session.hidden = session.hidden || candidate.linked || continued::successor(&session, live).is_some();
    Some(session)
}

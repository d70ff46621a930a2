//! Where a session went on: claude writes `continued-in` into the file that it
//! leaves, when a talk goes to the background or is compacted into another.

use std::collections::{HashMap, HashSet};

use super::candidate::Candidate;
use super::metadata;
use crate::claude::live::registry::LiveRecord;
use crate::claude::{Session, Store};

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

//! Search: what people and Claude said, in every session of this machine.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;

use serde::Serialize;

use super::{Error, Result, Role, Service, Session};
use crate::claude::{Found, Query, Searching};
use crate::text;

/// A session with what was found in it: its row, and the matching messages.
#[derive(Clone, Debug, Serialize)]
pub struct SessionMatches {
    /// The session.
    #[serde(flatten)]
    pub session: Session,
    /// Its newest matching messages.
    pub matches: Vec<Match>,
}

/// A message that matches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Match {
    /// Who said it.
    pub role: Role,
    /// The words around the match: one line, safe to show.
    pub snippet: String,
}

impl Service {
    /// Sessions in which all words of `query` occur in one message, those that
    /// were written last first; `all` takes in SDK runs and sidechains. A query
    /// can narrow by `project:`, `branch:` and `since:`. Blocking; `cancel` ends
    /// it early.
    pub fn search(&self, query: &str, all: bool, cancel: &AtomicBool) -> Result<Vec<SessionMatches>> {
        let parsed = Query::parse(query);
        if let Some(unread) = parsed.unread.first() {
            return Err(Error::usage(format!("`{}` cannot be read.", text::fit(&text::clean(unread), 60)))
                .advise("Filters are `project:NAME`, `branch:NAME` and `since:2d` or `since:2026-11-01`."));
        }
        let found: Mutex<Vec<Found>> = Mutex::new(Vec::new());
        let sink = |event| {
            if let Searching::Found(one) = event {
                found.lock().unwrap_or_else(PoisonError::into_inner).push(*one);
            }
        };
        self.store()?.search(&parsed, None, &sink, cancel)?;
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.retain(|one| all || !one.session.hidden);
        found.sort_by_key(|one| one.rank);
        let matches = |one: Found| SessionMatches {
            session: one.session,
            matches: one.hits.into_iter().map(|hit| Match { role: hit.role, snippet: hit.snippet }).collect(),
        };
        Ok(found.into_iter().map(matches).collect())
    }
}

//! Search: what people and Claude said, in every session of this machine.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::unreadable;
use crate::claude::{self, Query};
use crate::service::{Error, Hit, Matched, Result, Role, Searching, Service, Session};
use crate::text;

/// What a search is for, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The query.
    pub text: String,
    /// An earlier query with every file it found something in: where the new one
    /// only asks for more, it is looked for in those alone.
    pub before: Option<Arc<(String, Vec<PathBuf>)>>,
}

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
        let asked = Asked { text: query.to_owned(), before: None };
        let found: Mutex<Vec<Matched>> = Mutex::new(Vec::new());
        let sink = |event| {
            if let Searching::Found(one) = event {
                found.lock().unwrap_or_else(PoisonError::into_inner).push(*one);
            }
        };
        self.search_told(&asked, &sink, cancel)?;
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.retain(|one| all || !one.session.hidden);
        found.sort_by_key(|one| one.rank);
        let matches = |one: Matched| SessionMatches {
            session: one.session,
            matches: one.hits.into_iter().map(|hit| Match { role: hit.role, snippet: hit.snippet }).collect(),
        };
        Ok(found.into_iter().map(matches).collect())
    }

    /// As [`Service::search`], hidden sessions too, each told as it is found,
    /// from several threads; true when it came to its end.
    pub fn search_told(
        &self,
        asked: &Asked,
        tell: &(dyn Fn(Searching) + Sync),
        cancel: &AtomicBool,
    ) -> Result<bool> {
        let query = Query::parse(&asked.text);
        if let Some(unread) = query.unread.first() {
            return Err(Error::usage(format!("`{}` cannot be read.", text::fit(&text::clean(unread), 60)))
                .advise("Filters are `project:NAME`, `branch:NAME` and `since:2d` or `since:2026-11-01`."));
        }
        let before = asked.before.as_deref().filter(|(before, _)| query.narrows(&Query::parse(before)));
        let among = before.map(|(_, files)| files.as_slice());
        Ok(!self.store()?.search(&query, among, tell, cancel)?.cancelled)
    }

    /// Every message of a session that matches, oldest first. Blocking.
    pub fn hits(&self, session: &Session, query: &str, cancel: &AtomicBool) -> Result<Vec<Hit>> {
        let (mut hits, _) = claude::search_one(&session.path, &Query::parse(query), cancel)
            .map_err(|error| unreadable(session, &error))?;
        hits.retain(|hit| session.hidden || !hit.sidechain);
        Ok(hits)
    }
}

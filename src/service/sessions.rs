//! Local sessions: scan, preview, and which one is meant.

pub(super) mod follow;
pub(super) mod search;

use std::path::Path;

use super::{Error, Excerpt, Page, Progress, Result, Service, Session};
use crate::claude;
use crate::handoff::record::is_session_id;
use crate::text;

/// Turns that a preview shows.
const PREVIEW_TURNS: usize = 200;
/// Sessions that an ambiguous beginning is answered with.
const NAMED: usize = 5;

impl Service {
    /// Local sessions in batches as they are read, newest first, each with how
    /// far the scan has come. Blocking.
    pub fn scan_sessions(&self, cwd: &Path, batch: &mut dyn FnMut(Vec<Session>, Progress)) -> Result<()> {
        let skipped = self.store()?.scan_told(cwd, batch)?;
        self.tell_skipped(skipped);
        Ok(())
    }

    fn tell_skipped(&self, skipped: Vec<claude::Skipped>) {
        for skip in skipped {
            self.warn(format!("{} was skipped: {}.", skip.path.display(), skip.why));
        }
    }

    /// All of them, the current directory's first, then newest first; `all`
    /// takes in SDK runs and sidechains. Blocking.
    pub fn sessions(&self, cwd: &Path, all: bool) -> Result<Vec<Session>> {
        let mut sessions = Vec::new();
        match self.store()?.scan(cwd, &mut |batch| sessions.extend(batch)) {
            Ok(skipped) => self.tell_skipped(skipped),
            // Where Claude Code was never used there are no sessions.
            Err(error @ claude::ScanError::NoFolder(_)) => self.warn(Error::from(error).message),
            Err(error) => return Err(error.into()),
        }
        claude::order(&mut sessions, cwd);
        sessions.retain(|session| all || !session.hidden);
        let here = self.here(cwd);
        // A stable sort: within the project and outside of it, newest first.
        sessions.sort_by_key(|session| !here.is_of(session));
        Ok(sessions)
    }

    /// A directory as the project that it is in. Blocking.
    fn here(&self, cwd: &Path) -> claude::Here {
        claude::Here::new(cwd, self.home())
    }

    /// A part of a session's conversation; in the message that was asked for, the
    /// words of `query` are lit. Blocking.
    pub fn preview(&self, session: &Session, place: &Excerpt, query: &str) -> Result<Page> {
        let mut page = claude::preview(&session.path, place, PREVIEW_TURNS)
            .map_err(|error| unreadable(session, &error))?;
        let query = claude::Query::parse(query);
        for turn in page.turns.get_mut(page.marked.clone()).unwrap_or_default() {
            turn.lit = claude::lit(&query, &turn.text);
        }
        Ok(page)
    }

    /// Whether this is a session's id from its first to its last character.
    pub fn is_whole_id(id: &str) -> bool {
        is_session_id(&id.to_ascii_lowercase())
    }

    /// The session with this id, or a unique beginning of it. Blocking.
    pub fn session(&self, id: &str) -> Result<Session> {
        self.session_at(id, None)
    }

    /// The session with this id; where it lies in two folders, the copy at
    /// `path`, which is only compared and never opened. Blocking.
    pub fn session_at(&self, id: &str, path: Option<&Path>) -> Result<Session> {
        let wanted = id.to_ascii_lowercase();
        if !is_beginning(&wanted) {
            return Err(Error::usage(format!("`{}` is not a session id.", text::fit(&text::clean(id), 60)))
                .advise("`cclink sessions` lists them; 4 characters of an id are enough."));
        }
        let copies = self.store()?.find_all(&|found| found.starts_with(&wanted));
        one_session(&wanted, &copies)?;
        let best = copies
            .iter()
            .find(|copy| path == Some(&copy.path))
            .or_else(|| copies.iter().find(|copy| copy.resumable))
            .or(copies.first());
        best.cloned().ok_or_else(|| {
            let whole = if is_session_id(&wanted) { "" } else { "that starts with " };
            Error::gone(format!("There is no session {whole}{wanted} on this machine."))
                .advise("`cclink sessions` lists them.")
        })
    }

    /// The session to publish when none is named: the one around us inside
    /// Claude Code, else the newest of this project. Where others cannot be told
    /// from it, they follow: whoever can ask should. Blocking.
    pub fn current_sessions(&self, cwd: &Path, env: crate::store::paths::Env<'_>) -> Result<Vec<Session>> {
        if let Some(id) = claude::current_session_id(env) {
            return Ok(vec![self.session(&id)?]);
        }
        let store = self.store()?;
        let pid = env("CLAUDE_PID").and_then(|pid| pid.to_str()?.parse().ok());
        let inside = env("CLAUDECODE").is_some_and(|set| !set.is_empty());
        let open = pid
            .and_then(|pid| store.session_of_pid(pid))
            .or_else(|| inside.then(|| store.session_of_parents()).flatten());
        if let Some(id) = open {
            return Ok(vec![self.session(&id)?]);
        }
        let sessions = self.sessions(cwd, false)?;
        let found: Vec<Session> = self.here(cwd).candidates(&sessions).into_iter().cloned().collect();
        if found.is_empty() {
            return Err(Error::failed("No session of this directory can be resumed.").advise(
                "Run cclink in the project's folder, or name a session: `cclink sessions` lists them all.",
            ));
        }
        Ok(found)
    }

    /// Where a session went on under another id (in the background, after a
    /// compaction): that session, and the id asked for. Blocking.
    pub(super) fn continued(&self, session: Session) -> (Session, Option<String>) {
        match self.store().ok().and_then(|store| store.successor(&session)) {
            Some(next) => (next, Some(session.session_id)),
            None => (session, None),
        }
    }

    pub(super) fn store(&self) -> Result<claude::Store> {
        let root = self.0.settings.claude_root.clone();
        root.map(claude::Store::new).ok_or_else(|| {
            Error::failed("No home folder found to look for sessions in.").advise("Set CLAUDE_CONFIG_DIR.")
        })
    }
}

/// Whether an id can start like this: at least 4 characters of it.
fn is_beginning(text: &str) -> bool {
    const FORM: &str = "00000000-0000-4000-8000-000000000000";
    text.len() >= 4 && FORM.get(text.len()..).is_some_and(|rest| is_session_id(&format!("{text}{rest}")))
}

/// Copies of one session may be many; a beginning of two ids names neither.
fn one_session(wanted: &str, found: &[Session]) -> Result<()> {
    let mut ids: Vec<&Session> = Vec::new();
    for session in found {
        if ids.iter().all(|known| known.session_id != session.session_id) {
            ids.push(session);
        }
    }
    if ids.len() < 2 {
        return Ok(());
    }
    let mut named: Vec<String> = ids
        .iter()
        .take(NAMED)
        .map(|session| format!("\n  {}  {}", session.session_id, text::fit(&session.title, 40)))
        .collect();
    if ids.len() > NAMED {
        named.push(format!("\n  and {} more", ids.len() - NAMED));
    }
    let many = format!("`{wanted}` can mean {} sessions:{}", ids.len(), named.concat());
    Err(Error::usage(many).advise("Type more characters."))
}

/// That a transcript cannot be read.
pub(super) fn unreadable(session: &Session, error: &std::io::Error) -> Error {
    Error::failed(format!("{} cannot be read: {error}.", session.path.display()))
}

impl From<claude::ScanError> for Error {
    fn from(error: claude::ScanError) -> Self {
        let advice = match error {
            claude::ScanError::NoFolder(_) => {
                "Start `claude` once, or set CLAUDE_CONFIG_DIR to where it keeps its files."
            }
            claude::ScanError::Unreadable { .. } => "Check that the folder is yours.",
        };
        Self::failed(format!("Sessions cannot be listed: {error}.")).advise(advice)
    }
}

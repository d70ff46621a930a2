//! Which sessions come first, and which is the one of a directory.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::Session;

/// Sorts the newest first; of the same moment, those started in `cwd`.
pub fn order(sessions: &mut [Session], cwd: &Path) {
    sessions.sort_by(|a, b| {
        let here = |session: &Session| session.cwd.as_deref() == Some(cwd);
        b.updated_at.cmp(&a.updated_at).then_with(|| here(b).cmp(&here(a))).then_with(|| a.path.cmp(&b.path))
    });
}

/// Whether the session was started in `cwd` or in a directory above it. Both
/// are compared as they are named and, where they exist, with symbolic links
/// resolved.
pub fn belongs_to(session: &Session, cwd: &Path) -> bool {
    Places::new(cwd).above(session).is_some()
}

/// The session of a directory: the newest that can be resumed and is not
/// hidden, of `cwd` itself or else of the nearest directory above it that has
/// one.
pub fn current<'a>(sessions: &'a [Session], cwd: &Path) -> Option<&'a Session> {
    let mut places = Places::new(cwd);
    sessions
        .iter()
        .filter(|session| session.resumable && !session.hidden)
        .filter_map(|session| Some((places.above(session)?, session)))
        .min_by(|(near, a), (far, b)| near.cmp(far).then_with(|| b.updated_at.cmp(&a.updated_at)))
        .map(|(_, session)| session)
}

/// Resolves each directory once: 10,000 sessions name few.
struct Places<'a> {
    cwd: &'a Path,
    resolved_cwd: Option<PathBuf>,
    known: HashMap<PathBuf, Option<usize>>,
}

impl<'a> Places<'a> {
    fn new(cwd: &'a Path) -> Self {
        Self { cwd, resolved_cwd: cwd.canonicalize().ok(), known: HashMap::new() }
    }

    /// How many directories the session's lies above `cwd`.
    fn above(&mut self, session: &Session) -> Option<usize> {
        // A relative or empty path would be taken for one below our own.
        let from = session.cwd.as_deref().filter(|cwd| cwd.is_absolute())?;
        if let Some(known) = self.known.get(from) {
            return *known;
        }
        let resolved = from.canonicalize().ok();
        let found = steps(from, self.cwd)
            .or_else(|| steps(resolved.as_deref().unwrap_or(from), self.resolved_cwd.as_deref()?));
        self.known.insert(from.to_owned(), found);
        found
    }
}

fn steps(from: &Path, to: &Path) -> Option<usize> {
    Some(to.strip_prefix(from).ok()?.components().count())
}

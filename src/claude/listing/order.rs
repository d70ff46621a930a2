//! Which sessions come first, and which belong to a directory: the one rule for
//! the screen's scope, for lists, and for the session to publish.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::claude::Session;

/// Sorts the newest first; of the same moment, those started in `cwd`.
pub fn order(sessions: &mut [Session], cwd: &Path) {
    sessions.sort_by(|a, b| {
        let here = |session: &Session| session.cwd.as_deref() == Some(cwd);
        b.updated_at.cmp(&a.updated_at).then_with(|| here(b).cmp(&here(a))).then_with(|| a.path.cmp(&b.path))
    });
}

/// A directory, as the project that it is in. A session belongs to it when it
/// runs there or in a directory above, never in one below: from a project's
/// subfolder its sessions are seen, and from a folder of projects not all of
/// theirs. The home folder and what is above it are no projects: they count for
/// themselves alone.
#[derive(Clone, Debug, Default)]
pub struct Here {
    /// How many steps up a session's directory is.
    steps: HashMap<PathBuf, usize>,
}

impl Here {
    /// The directory `cwd` of somebody whose home folder is `home`; each as it
    /// is named, and with symbolic links resolved.
    pub fn new(cwd: &Path, home: Option<&Path>) -> Self {
        let both = |path: &Path| std::iter::once(path.to_owned()).chain(path.canonicalize());
        let homes: Vec<PathBuf> = home.into_iter().flat_map(both).collect();
        let mut steps = HashMap::new();
        for cwd in both(cwd).filter(|cwd| cwd.is_absolute()) {
            for (up, directory) in cwd.ancestors().enumerate() {
                let is_project =
                    directory.parent().is_some() && !homes.iter().any(|home| home.starts_with(directory));
                if up == 0 || is_project {
                    let known = steps.entry(directory.to_owned()).or_insert(up);
                    *known = up.min(*known);
                }
            }
        }
        Self { steps }
    }

    /// How far above the directory a session runs; `None` when it belongs to
    /// another project.
    pub fn steps(&self, session: &Session) -> Option<usize> {
        let named = session.cwd.as_ref().and_then(|cwd| self.steps.get(cwd));
        let found = session.real_cwd.as_ref().and_then(|cwd| self.steps.get(cwd));
        named.into_iter().chain(found).min().copied()
    }

    /// Whether a session belongs to the directory.
    pub fn is_of(&self, session: &Session) -> bool {
        self.steps(session).is_some()
    }

    /// The place of the directory's session among many: the newest that can be
    /// resumed and is not hidden, of the nearest directory that has one.
    pub fn current<'a>(&self, sessions: impl Iterator<Item = &'a Session>) -> Option<usize> {
        let mine = sessions.enumerate().filter_map(|(place, session)| {
            let steps = self.steps(session).filter(|_| session.resumable && !session.hidden)?;
            Some((steps, std::cmp::Reverse(session.updated_at), place))
        });
        mine.min().map(|(_, _, place)| place)
    }

    /// The directory's session and those that cannot be told from it: of the
    /// same directory, with their last message in the same second.
    pub fn candidates<'a>(&self, sessions: &'a [Session]) -> Vec<&'a Session> {
        let Some(best) = self.current(sessions.iter()).and_then(|place| sessions.get(place)) else {
            return Vec::new();
        };
        let is_twin = |session: &&Session| {
            session.path != best.path
                && session.resumable
                && !session.hidden
                && self.steps(session) == self.steps(best)
                && session.updated_at.timestamp() == best.updated_at.timestamp()
        };
        std::iter::once(best).chain(sessions.iter().filter(is_twin)).collect()
    }
}

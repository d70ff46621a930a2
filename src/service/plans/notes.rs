//! What should be known before a plan is run. None of it stops anything.

use std::path::{Path, PathBuf};

use super::{Folder, Hints};
use crate::claude;
use crate::handoff::{Git, Record};
use crate::service::programs::{ask_git, repository};
use crate::service::{Service, Session, blocking};
use crate::text;

/// Columns that a list of folders may take in a note.
const LONGEST: usize = 200;

impl Service {
    /// What to know before a session is resumed in this folder.
    pub(super) async fn notes(
        &self,
        folder: Option<&Folder>,
        copy: &Session,
        hints: Hints<'_>,
    ) -> Vec<String> {
        let mut notes = match folder {
            Some(folder) => self.place_notes(folder, hints.record).await,
            None => Vec::new(),
        };
        if copy.api_error {
            notes.push("its last turn ended in an error of the API".to_owned());
        }
        notes.extend(added_note(copy).await);
        notes.extend(self.summary_note(copy).await);
        notes.extend(self.login_note());
        notes
    }

    /// What to know of the folder, whether the session is here already or comes.
    pub(super) async fn place_notes(&self, folder: &Folder, record: Option<&Record>) -> Vec<String> {
        let mut notes: Vec<String> = folder.note.clone().into_iter().collect();
        let published = record.and_then(|record| record.git.as_ref());
        if let Some(published) = published.filter(|_| folder.known) {
            notes.extend(compared(&folder.path, published).await);
        }
        notes.extend(self.trust_note(&folder.path).await);
        notes
    }

    pub(super) fn login_note(&self) -> Option<String> {
        (!self.seems_logged_in()).then(|| {
            "claude seems not to be logged in on this machine: run `claude` once and /login".to_owned()
        })
    }

    /// By the files and variables that Claude Code uses; on macOS the keychain
    /// has it, which is not asked.
    pub(crate) fn seems_logged_in(&self) -> bool {
        let root = self.0.settings.claude_root.as_deref();
        cfg!(target_os = "macos")
            || self.0.settings.claude_key
            || root.is_some_and(|root| {
                root.join(".credentials.json").exists() || root.join("settings.json").exists()
            })
    }

    /// Claude's own state, which is beside its folder unless that was moved.
    pub(crate) fn claude_state(&self) -> Option<PathBuf> {
        let root = self.0.settings.claude_root.as_ref()?;
        let usual = self.0.settings.home.as_ref().filter(|home| home.join(".claude") == *root);
        Some(usual.unwrap_or(root).join(".claude.json"))
    }

    /// A folder that claude does not know yet meets a question whose Enter leaves.
    async fn trust_note(&self, folder: &Path) -> Option<String> {
        let (state, folder) = (self.claude_state()?, folder.to_owned());
        let trusted = blocking(move || claude::is_trusted(&state, &folder)).await.ok()?;
        (trusted == Some(false)).then(|| {
            "claude will first ask whether you trust this folder, with \"No, exit\" selected: choose \"Yes\""
                .to_owned()
        })
    }

    /// An old and large session may meet a menu whose Enter compacts it.
    async fn summary_note(&self, copy: &Session) -> Option<String> {
        let age = (self.now() - copy.updated_at).num_minutes();
        let (minutes, tokens) = self.0.settings.summary_from;
        if age < minutes {
            return None;
        }
        let (state, path) = (self.claude_state()?, copy.path.clone());
        let asks = move || {
            claude::asks_for_summary(&state) && claude::context_tokens(&path).is_some_and(|t| t >= tokens)
        };
        blocking(asks).await.ok()?.then(|| {
            "claude may ask whether to resume from a summary, with that selected: choose \"Resume full \
             session as-is\" to keep all of it"
                .to_owned()
        })
    }
}

/// Folders that claude worked in too, which a resume leaves out; which of claude's
/// options are given is the user's to say.
async fn added_note(copy: &Session) -> Option<String> {
    let path = copy.path.clone();
    let added = blocking(move || claude::added_folders(&path)).await.ok()?;
    if added.is_empty() {
        return None;
    }
    let folders: Vec<String> = added.iter().map(|path| text::clean(&path.to_string_lossy())).collect();
    Some(format!(
        "folders added with --add-dir are not part of a resume: {}; add them again with `/add-dir`",
        text::fit(&folders.join(", "), LONGEST)
    ))
}

/// How the repository here differs from what was published.
async fn compared(directory: &Path, published: &Git) -> Vec<String> {
    let mut notes = Vec::new();
    let Some(now) = repository(directory).await else {
        let words = "this folder is not a git repository; it was one where the session was published";
        return published.commit.iter().map(|_| words.to_owned()).collect();
    };
    let other_branch = match (&published.branch, &now.branch) {
        (Some(then), Some(branch)) if then != branch => Some(text::clean(then)),
        _ => None,
    };
    let same = |then: &str, commit: &str| commit.starts_with(then) || then.starts_with(commit);
    match (&published.commit, &now.commit) {
        (Some(then), Some(commit)) if !same(then, commit) => {
            let branch = published
                .branch
                .as_deref()
                .map_or_else(String::new, |name| format!(" on {}", text::clean(name)));
            let then = text::clean(then);
            notes.push(format!(
                "the repository here is at {commit}, the session was published at {then}{branch}"
            ));
            if ask_git(directory, &["cat-file", "-e", &format!("{then}^{{commit}}")]).await.is_none() {
                notes.push(format!(
                    "commit {then} is not in the repository here: fetch it, or push it there first"
                ));
            }
        }
        _ => {
            if let Some(then) = other_branch {
                notes.push(format!("the session was on branch {then}, the repository here is on another"));
            }
        }
    }
    if now.dirty == Some(true) {
        notes.push("the repository here has uncommitted changes".to_owned());
    }
    if published.dirty == Some(true) {
        notes.push("there were uncommitted changes where it was published".to_owned());
    }
    notes
}

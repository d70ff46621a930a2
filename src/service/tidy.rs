//! What is put in order, and looked at, when cclink starts.

use std::path::PathBuf;

use super::Service;
use super::transfer::{arrive, stores};
use crate::store::{Config, files};

impl Service {
    /// Removes what a killed process of ours left half-written (a whole key may
    /// be in it), and warns of files that others can change. Blocking, and fast.
    pub fn tidy(&self) {
        self.written_files().iter().for_each(|file| files::clean_up(file));
        self.tidy_brings();
        for path in self.open_to_all() {
            self.warn(format!(
                "Everyone on this machine can change {0}; fix that with `chmod go-w {0}`.",
                path.display()
            ));
        }
    }

    /// The files of ours beside which a killed process may have left a half of one.
    pub(super) fn written_files(&self) -> Vec<PathBuf> {
        let paths = &self.0.settings.paths;
        let mut all = vec![paths.key.clone()];
        all.extend(self.own_files());
        all.push(paths.state.join("spool").join("failure.json"));
        all.push(paths.state.join("carry").join("sealed"));
        all.extend(self.plugin_paths());
        all
    }

    /// What of ours everyone on this machine can change.
    pub(super) fn open_to_all(&self) -> Vec<PathBuf> {
        let paths = &self.0.settings.paths;
        let mut all = vec![paths.config.clone(), paths.state.clone()];
        all.dedup();
        all.extend(self.own_files());
        all.retain(|path| files::others_may_write(path));
        all
    }

    fn own_files(&self) -> [PathBuf; 3] {
        let paths = &self.0.settings.paths;
        [Config::path(&paths.config), paths.config.join("contacts.json"), self.0.journal.path().to_owned()]
    }

    /// What killed processes left of sessions that came or went may be large, and
    /// anywhere in Claude's folder: nothing waits for its end, and another start goes
    /// on with it.
    fn tidy_brings(&self) {
        let (state, root) = (self.0.settings.paths.state.clone(), self.0.settings.claude_root.clone());
        let service = self.clone();
        let work = move || {
            stores::tidy(&state, || service.to_be_taken_away());
            arrive::tidy(&state, root.as_deref());
        };
        // Where the system starts no thread, it is left for another time.
        let _ = std::thread::Builder::new().name("tidy".to_owned()).spawn(work);
    }

    /// The files of ours in Claude Code's folder.
    fn plugin_paths(&self) -> Vec<PathBuf> {
        let Some(root) = &self.0.settings.claude_root else { return Vec::new() };
        vec![root.join("settings.json"), root.join("commands").join("cclink").join("handoff.md")]
    }
}

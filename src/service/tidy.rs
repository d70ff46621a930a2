//! What is put in order, and looked at, when cclink starts.

use std::path::{Path, PathBuf};

use super::Service;
use super::transfer::{arrive, stores};
use crate::store::{Config, files};

impl Service {
    /// Removes what a killed process of ours left half-written (a whole key may
    /// be in it), and warns of files that others can change. Blocking, and fast.
    pub fn tidy(&self) {
        let paths = &self.0.settings.paths;
        let config = Config::path(&paths.config);
        let contacts = paths.config.join("contacts.json");
        let journal = paths.state.join("journal.json");
        let spooled = paths.state.join("spool").join("failure.json");
        for file in [&paths.key, &config, &contacts, &journal, &spooled] {
            files::clean_up(file);
        }
        files::clean_up(&paths.state.join("carry").join("sealed"));
        for file in self.plugin_paths() {
            files::clean_up(&file);
        }
        self.tidy_brings();
        let folders: [&Path; 2] = [&paths.config, &paths.state];
        for path in folders.into_iter().chain([contacts.as_path(), &config, &journal]) {
            if files::others_may_write(path) {
                self.warn(format!(
                    "Everyone on this machine can change {0}; fix that with `chmod go-w {0}`.",
                    path.display()
                ));
            }
        }
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

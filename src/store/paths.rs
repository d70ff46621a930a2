//! Where our files lie.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

/// Reads a variable of the environment; passed in, so that tests hold it still.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The places of one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The key file.
    pub key: PathBuf,
    /// Folder of contacts and settings.
    pub config: PathBuf,
    /// Folder of the journal.
    pub state: PathBuf,
}

impl Paths {
    /// Everything in one folder; two such folders make two devices.
    pub fn in_one(home: &Path) -> Self {
        Self { key: home.join("secret_key"), config: home.to_owned(), state: home.to_owned() }
    }

    /// `CCLINK_HOME`, or the key where Pubky tools keep it and the rest in the
    /// platform's own folders. `None` when there is no home folder.
    pub fn from_env(env: Env<'_>) -> Option<Self> {
        if let Some(home) = env("CCLINK_HOME").filter(|home| !home.is_empty()) {
            return Some(Self::in_one(Path::new(&home)));
        }
        let base = etcetera::base_strategy::choose_native_strategy().ok()?;
        Some(Self {
            key: base.home_dir().join(".pubky").join("secret_key"),
            config: base.config_dir().join("cclink"),
            state: base.state_dir().unwrap_or_else(|| base.data_dir()).join("cclink"),
        })
    }
}

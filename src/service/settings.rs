//! Everything that the environment decides, read once.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::{Error, Result};
use crate::claude;
use crate::handoff::Hidden;
use crate::handoff::pairing;
use crate::network::NetworkConfig;
use crate::store::paths::Env;
use crate::store::{Config, Paths};
use crate::text;

/// Nodes forget after about two hours.
pub const KEEP_EVERY: Duration = Duration::from_hours(1);
/// How long another machine may give nothing before it is given up.
pub const STALL: Duration = Duration::from_secs(30);
/// How long the words of a pairing can be used.
pub const PAIR_LIFE: Duration = Duration::from_secs(pairing::LIFE);

/// What a [`super::Service`] is built from.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where our files lie.
    pub paths: Paths,
    /// Which network to use.
    pub network: NetworkConfig,
    /// The user's home folder.
    pub home: Option<PathBuf>,
    /// Claude Code's folder; `None` when there is no home folder.
    pub claude_root: Option<PathBuf>,
    /// The claude command.
    pub claude: String,
    /// Where programs are looked for.
    pub search_path: Option<OsString>,
    /// Opens the key without asking.
    pub passphrase: Option<Hidden<String>>,
    /// This machine's name, clean, at most 64 bytes.
    pub hostname: String,
    /// Who is logged in, for an SSH address.
    pub user: Option<String>,
    /// The tmux that we run inside of, as `TMUX` says.
    pub tmux: Option<String>,
    /// Whether the environment holds a key for claude.
    pub claude_key: bool,
    /// From how many minutes of rest and how many tokens on claude may offer a
    /// summary in place of a session.
    pub summary_from: (i64, u64),
    /// What the user set in the configuration file.
    pub config: Config,
    /// Seconds that the demo moves the clock by, and tests, in debug builds only.
    pub clock_offset: i64,
    /// After how many seconds a way has held, for tests; debug builds only.
    pub way_holds: Option<u64>,
    /// How often what is alive is announced again; another in tests of debug
    /// builds only.
    pub keep_every: Duration,
    /// How long a machine from which a session is brought may give nothing; another
    /// in tests of debug builds only.
    pub stall: Duration,
    /// How long the words of a pairing can be used; shorter in tests of debug builds
    /// only.
    pub pair_life: Duration,
}

impl Settings {
    /// From the environment.
    pub fn from_env(env: Env<'_>) -> Result<Self> {
        let mut settings = Self::without_config(env)?;
        settings.config = Config::load(&settings.paths.config)?;
        Ok(settings)
    }

    /// The same for who goes on with the defaults where the configuration is damaged.
    pub fn even_if_damaged(env: Env<'_>) -> Result<Self> {
        let mut settings = Self::without_config(env)?;
        settings.config = Config::load(&settings.paths.config).unwrap_or_default();
        Ok(settings)
    }

    fn without_config(env: Env<'_>) -> Result<Self> {
        // A value that cannot be read must not silently mean another network.
        for name in ["CCLINK_BOOTSTRAP", "CCLINK_RELAYS", "CCLINK_PASSPHRASE", "CCLINK_CLAUDE"] {
            let is_blank = |text: &str| !text.is_empty() && text.trim().is_empty();
            if env(name).is_some_and(|value| value.to_str().is_none_or(is_blank)) {
                return Err(Error::usage(format!("{name} is blank, or not in UTF-8.")));
            }
        }
        let text =
            |name: &str| env(name).and_then(|value| value.into_string().ok()).filter(|v| !v.is_empty());
        let number = |name: &str| text(name).and_then(|text| text.parse::<u64>().ok());
        let paths = Paths::from_env(env).ok_or_else(|| {
            Error::failed("No home folder found to keep the key in.").advise("Set HOME or CCLINK_HOME.")
        })?;
        let network =
            NetworkConfig::parse(text("CCLINK_BOOTSTRAP").as_deref(), text("CCLINK_RELAYS").as_deref())
                .map_err(|error| Error::usage(error.to_string()))?;
        let home = etcetera::home_dir().ok();
        Ok(Self {
            paths,
            network,
            claude_root: claude::config_dir(env, home.as_deref()),
            home,
            claude: text("CCLINK_CLAUDE").unwrap_or_else(|| "claude".to_owned()),
            search_path: env("PATH"),
            passphrase: text("CCLINK_PASSPHRASE").map(Hidden::new),
            hostname: hostname(),
            user: text("USER").or_else(|| text("LOGNAME")),
            tmux: text("TMUX"),
            claude_key: ["ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN"]
                .iter()
                .any(|name| text(name).is_some()),
            summary_from: (
                number("CLAUDE_CODE_RESUME_THRESHOLD_MINUTES")
                    .and_then(|n| i64::try_from(n).ok())
                    .unwrap_or(70),
                number("CLAUDE_CODE_RESUME_TOKEN_THRESHOLD").unwrap_or(100_000),
            ),
            config: Config::default(),
            clock_offset: for_tests(text("CCLINK_TEST_CLOCK_OFFSET")).unwrap_or(0),
            way_holds: for_tests(text("CCLINK_TEST_WAY_HOLDS")),
            keep_every: for_tests(text("CCLINK_TEST_KEEP_EVERY")).map_or(KEEP_EVERY, Duration::from_secs),
            stall: for_tests(text("CCLINK_TEST_STALL")).map_or(STALL, Duration::from_secs),
            pair_life: for_tests(text("CCLINK_TEST_PAIR_LIFE")).map_or(PAIR_LIFE, Duration::from_secs),
        })
    }
}

/// This machine's name as it may stand in a record.
fn hostname() -> String {
    let name = text::clean(&gethostname::gethostname().to_string_lossy());
    let name = text::fit_bytes(name.trim_start_matches('-'), 64);
    if name.is_empty() { "unknown-host".to_owned() } else { name }
}

/// Lets tests move the time; a release build keeps to the real clock.
fn for_tests<T: std::str::FromStr>(text: Option<String>) -> Option<T> {
    text.filter(|_| cfg!(debug_assertions))?.parse().ok()
}

//! What this device of the demo has beside its sessions: settings, a folder that the
//! other one sees too, a stand-in for claude; and what a program that it starts is told.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::sessions::HOME_THERE;

/// The folder that both devices see, below this one's home.
const SHARED: &str = "Sync";
/// A real claude would ask for an account and for a network, and looks after itself in
/// the user's own folders.
const CLAUDE: &str = r#"#!/bin/sh
case "$1" in
--resume)
    printf '\n  Claude Code would continue session %s here,\n  in %s.\n\n' "$2" "$PWD"
    printf '  The demo starts no real one: Enter goes back. '
    read -r _
    ;;
esac
exit 0
"#;

/// The folder that both devices see.
pub(super) fn shared(home: &Path) -> PathBuf {
    home.join(SHARED)
}

/// Where a device keeps what is cclink's.
pub(super) fn own(home: &Path) -> PathBuf {
    home.join("cclink")
}

/// Where its claude keeps its sessions.
pub(super) fn claude_root(home: &Path) -> PathBuf {
    home.join("claude")
}

/// Puts it all into the home of this device. What stands in files is known to the
/// programs that are started there, too.
pub(super) fn furnish(home: &Path) -> io::Result<()> {
    for folder in [shared(home), own(home), claude_root(home), programs(home)] {
        fs::create_dir_all(folder)?;
    }
    // JSON quotes a text as TOML reads it.
    let quoted = Value::from(home.to_string_lossy());
    let config = format!("[paths]\n\"{HOME_THERE}\" = {quoted}\n\n[carry]\nfolder = \"~/{SHARED}\"\n");
    fs::write(own(home).join("config.toml"), config)?;
    // Somebody who uses claude has settings: nothing is said of a login.
    fs::write(claude_root(home).join("settings.json"), "{}\n")?;
    let claude = programs(home).join("claude");
    fs::write(&claude, CLAUDE)?;
    #[cfg(unix)]
    fs::set_permissions(&claude, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    Ok(())
}

fn programs(home: &Path) -> PathBuf {
    home.join("bin")
}

/// Where this device looks for programs: its own first.
pub(super) fn search_path(home: &Path) -> Option<OsString> {
    let all = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(programs(home)).chain(std::env::split_paths(&all))).ok()
}

/// What a program is told that this device starts, cclink itself among them: it is on
/// the same device, and finds nothing of the user's.
pub(super) fn told(home: &Path, bootstrap: &[String]) -> Vec<(&'static str, OsString)> {
    let told = vec![
        ("HOME", home.into()),
        ("CCLINK_HOME", own(home).into()),
        ("CCLINK_BOOTSTRAP", bootstrap.join(",").into()),
        ("CCLINK_RELAYS", "none".into()),
        ("CCLINK_CLAUDE", "claude".into()),
        ("CLAUDE_CONFIG_DIR", claude_root(home).into()),
    ];
    told.into_iter().chain(search_path(home).map(|path| ("PATH", path))).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::service::Settings;
    use crate::store::{Config, Paths};

    #[test]
    fn a_program_that_it_starts_is_on_the_same_device() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("a \"home\" \\ of 外");
        furnish(&home).unwrap();
        let told = told(&home, &["127.0.0.1:1".to_owned(), "127.0.0.1:2".to_owned()]);
        let env = |name: &str| told.iter().find(|(own, _)| *own == name).map(|(_, value)| value.clone());
        let settings = Settings::from_env(&env).unwrap();
        assert_eq!(settings.paths, Paths::in_one(&own(&home)));
        assert_eq!(settings.claude_root, Some(claude_root(&home)));
        assert_eq!(settings.network.bootstrap.unwrap().len(), 2);
        assert!(settings.network.relays.is_empty());
        let there = Config::load(&own(&home)).unwrap().paths;
        assert_eq!(there.get(HOME_THERE).map(String::as_str), home.to_str());
        let found = which::which_in("claude", env("PATH"), "/").unwrap();
        assert_eq!(found, home.join("bin/claude"));
    }
}

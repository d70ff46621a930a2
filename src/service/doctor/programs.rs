//! Other programs: ssh, tmux, git.

use super::{Check, Health, Surroundings};
use crate::service::Service;
use crate::service::programs::ask;
use crate::store::CarryRule;
use crate::text;

/// Columns of a version at most.
const LONGEST: usize = 40;

/// The first git that is told a remote's address in its environment
/// (`GIT_CONFIG_COUNT`): on a command line everybody could read it.
const OLDEST_GIT: (u32, u32) = (2, 31);

impl Service {
    pub(super) fn check_ssh(&self) -> Vec<Check> {
        const NAME: &str = "ssh";
        let config = &self.0.settings.config;
        if self.find_program("ssh").is_none() {
            let is_set = config.carry.ssh.is_some() || config.carry.way == Some(CarryRule::Ssh);
            let state = if is_set { Health::Fail } else { Health::Warn };
            return vec![Check::new(NAME, state, "not installed").advise(
                "Install OpenSSH's client: sessions are brought here, and resumed over there, by it.",
            )];
        }
        let reached = match &config.ssh {
            Some(address) => format!("installed; other machines reach this one at {}", text::clean(address)),
            None => {
                "installed; set `ssh` in the configuration to say where others reach this machine".to_owned()
            }
        };
        vec![Check::ok(NAME, reached)]
    }

    pub(super) async fn check_tmux(&self, around: &Surroundings<'_>) -> Vec<Check> {
        const NAME: &str = "tmux";
        let inside = around.is_set("TMUX");
        vec![match (version("tmux", "-V").await, inside) {
            (Some(version), true) => Check::ok(NAME, format!("{version}, around this terminal")),
            (Some(version), false) => Check::ok(NAME, version),
            (None, true) => Check::warn(NAME, "TMUX is set, but tmux does not answer")
                .advise("Running sessions cannot be attached to. Install tmux, or unset TMUX."),
            (None, false) => Check::ok(NAME, "not installed; only attaching to a running session needs it"),
        }]
    }

    pub(super) async fn check_git(&self) -> Vec<Check> {
        const NAME: &str = "git";
        let is_way = self.0.settings.config.carry.way == Some(CarryRule::Git);
        let state = if is_way { Health::Fail } else { Health::Warn };
        if let Some(version) = version("git", "--version").await {
            return vec![if is_older(&version, OLDEST_GIT) {
                let (major, minor) = OLDEST_GIT;
                Check::new(NAME, state, format!("{version} is older than {major}.{minor}")).advise(
                    "Update git: until then no conversation goes through a git remote. `--carry=folder` and \
                     `--carry=ssh` work without it.",
                )
            } else {
                Check::ok(NAME, version)
            }];
        }
        vec![Check::new(NAME, state, "not installed").advise(
            "Install git: without it no conversation goes through a git remote, and projects are not recognised.",
        )]
    }
}

async fn version(program: &str, option: &str) -> Option<String> {
    let said = ask(program, &[option]).await?;
    Some(text::fit(&text::clean(said.lines().next()?), LONGEST))
}

/// Whether a program that says `git version 2.30.2` is older than that; what says no
/// version is not called old.
fn is_older(said: &str, than: (u32, u32)) -> bool {
    let number = said.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()));
    let mut parts = number.into_iter().flat_map(|number| number.split('.')).map(str::parse::<u32>);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) < than,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_git_is_told_by_its_number() {
        for (said, is_old) in [
            ("git version 2.30.9", true),
            ("git version 1.8.3.1", true),
            ("git version 2.31.0", false),
            ("git version 2.31.rc0", false),
            ("git version 2.39.5 (Apple Git-154)", false),
            ("git version 2.5.0.windows.1", true),
            ("git version 2.47.1.windows.2", false),
            ("git version 3.0.0", false),
            ("git version 10.1", false),
            ("git", false),
            ("", false),
        ] {
            assert_eq!(is_older(said, OLDEST_GIT), is_old, "{said}");
        }
    }
}

//! Other programs: ssh, tmux, git.

use super::{Check, Health, Surroundings};
use crate::service::Service;
use crate::service::programs::ask;
use crate::store::CarryRule;
use crate::text;

/// Columns of a version at most.
const LONGEST: usize = 40;

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
        if let Some(version) = version("git", "--version").await {
            return vec![Check::ok(NAME, version)];
        }
        let is_way = self.0.settings.config.carry.way == Some(CarryRule::Git);
        let state = if is_way { Health::Fail } else { Health::Warn };
        vec![Check::new(NAME, state, "not installed").advise(
            "Install git: without it no conversation goes through a git remote, and projects are not recognised.",
        )]
    }
}

async fn version(program: &str, option: &str) -> Option<String> {
    let said = ask(program, &[option]).await?;
    Some(text::fit(&text::clean(said.lines().next()?), LONGEST))
}

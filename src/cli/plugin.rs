//! The plugin in Claude Code, and what Claude Code calls.

use clap::Subcommand;

/// The hooks of Claude Code that cclink answers; each reads its JSON on stdin.
#[derive(Clone, Debug, Subcommand)]
pub enum HookEvent {
    /// A prompt was submitted: `/cclink:handoff` publishes, others pass
    Prompt,
    /// A session ended: it is handed over by a worker
    SessionEnd {
        /// Include its conversation, where a place for it was agreed to
        #[arg(long)]
        carry: bool,
    },
    /// Hands over what waits
    Worker {
        /// Seconds before the second try; every later wait is three times longer
        #[arg(long, default_value_t = 5)]
        wait: u64,
    },
}

/// What to do with the plugin.
#[derive(Clone, Debug, Subcommand)]
pub enum PluginAction {
    /// Add the hook and the command for /cclink:handoff to Claude Code's settings
    Install {
        /// Also publish every session to your devices when it ends (without this: not, or no longer)
        #[arg(long)]
        on_exit: bool,
        /// With --on-exit: include its conversation, also for projects where you never did
        #[arg(long, requires = "on_exit")]
        carry: bool,
        /// Do not ask for confirmation
        #[arg(long, short = 'y')]
        yes: bool,
    },
    /// Remove what `install` added
    Remove {
        /// Do not ask for confirmation
        #[arg(long, short = 'y')]
        yes: bool,
    },
    /// Show what is installed, and whether it works
    Status,
}

//! What Claude Code calls.

use clap::Subcommand;

/// The hooks of Claude Code that cclink answers; each reads its JSON on stdin.
#[derive(Clone, Debug, Subcommand)]
pub enum HookEvent {
    /// A prompt was submitted: `/cclink:handoff` publishes, others pass
    Prompt,
    /// A session ended: it is handed over by a worker
    SessionEnd,
    /// Hands over what waits
    Worker {
        /// Seconds before the second try; every later wait is three times longer
        #[arg(long, default_value_t = 5)]
        wait: u64,
    },
}

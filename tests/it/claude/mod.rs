//! Claude Code itself: its hooks, its settings, its folder, the real program.

pub mod hook;
mod inside_claude;
mod plugin;
mod real_claude;
mod session_end;
mod untouched;

//! The list of sessions: each a row from the two ends of its file, in their order,
//! and what became of it since.

pub(super) mod added;
pub(super) mod candidate;
pub(super) mod continued;
mod hidden;
pub(super) mod metadata;
pub(super) mod order;
pub(super) mod row;
pub(super) mod scan;
pub(super) mod watch;
pub(super) mod worktree;

pub use added::added_folders;
pub use order::{Here, order};
pub use scan::{Progress, ScanError, Skipped};
pub use watch::{Change, Watching};
pub use worktree::{Worktree, named_worktree, worktree};

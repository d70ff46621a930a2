//! A transcript: its lines and windows, the branch that a resume continues, what
//! the person typed, and a conversation a page at a time.

pub(super) mod binding;
pub(super) mod branch;
pub(super) mod continued_in;
pub(super) mod line;
pub(super) mod mark;
pub(super) mod partial_line;
pub(super) mod pieces;
mod plain;
pub(super) mod preview;
pub(super) mod prompt;
mod quiet;
mod tools;
pub(super) mod turns;
pub(super) mod version;
pub(super) mod whole;
pub(super) mod window;

pub use binding::{Blanked, blank, blank_bindings};
pub use mark::{MARK_REACH, holds, mark, mark_of_tail};
pub use preview::{Excerpt, Page, preview};
pub(super) use tools::join;
pub use version::version;

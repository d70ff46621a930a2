//! Two copies of one session: how they belong together, and how one that arrives
//! takes its place in Claude's folder, whole or not at all.

pub(super) mod belongings;
pub(super) mod merge;
pub(super) mod place;
pub(super) mod put;
pub(super) mod relation;
pub(super) mod renamed;
pub(super) mod sweep;

pub use belongings::{Belongings, Beside, belongings};
pub use merge::{Merged, Prefer, files_below, merge, remove_folder};
pub use place::{TURN_TAIL, TurnEnd, folder_for, is_plan, last_turn, names_session, plan_names, whole_turns};
pub use put::{private_file, put};
pub use relation::{Parting, Relation, messages, relation};
pub use renamed::{copy_renamed, id_for_copy};
pub use sweep::sweep;

//! What was published, and what waits for me: looked at, listed, kept, extended,
//! revoked, watched.

pub(super) mod ending;
pub(super) mod extend;
mod groups;
pub(super) mod held;
pub(super) mod inbox;
pub(super) mod index;
pub(super) mod keeper;
pub(super) mod list;
pub(super) mod log;
pub(super) mod lookup;
pub(super) mod newest;
pub(super) mod phone;
pub(super) mod revoke;
pub(super) mod watch;

//! The session itself comes here: over the user's own SSH, or out of a sealed file;
//! one way in for both.

pub(super) mod arrive;
pub(super) mod bring;
pub(super) mod carry;
mod changes;
pub(super) mod sftp;
pub(super) mod stores;

//! The session itself: it goes out as a sealed file, to where both machines reach, and
//! comes here out of one or over the user's own SSH; one way in for both.

pub(super) mod arrive;
pub(super) mod bring;
pub(super) mod carry;
mod changes;
pub(super) mod sftp;
pub(super) mod stores;

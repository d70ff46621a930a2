//! Those that are out: listed, watched, kept, called back.

mod keep;
mod listing;
mod log;
mod revoke;
mod watch;

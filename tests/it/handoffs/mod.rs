//! Those that are out: listed, watched, kept, called back.

mod keep;
mod listing;
mod revoke;
mod watch;

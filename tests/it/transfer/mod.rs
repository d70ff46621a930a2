//! The session itself comes here, and meets one that is here.

pub mod arrive;
mod bundle;
pub mod carry;
mod changes;
mod hostile_bundle;
mod left;
mod reach;
mod silence;
pub mod ssh;
mod there_and_back;

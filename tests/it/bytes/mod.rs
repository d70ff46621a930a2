//! Bytes: the vectors, and what ours makes of them.

mod pairing;
mod protocol;
pub mod vectors;

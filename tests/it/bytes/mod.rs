//! Bytes: the vectors, and what ours makes of them.

mod protocol;
pub mod vectors;

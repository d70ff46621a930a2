//! What a release consists of, as `assets/release/make.sh` makes it; and that what we say of
//! Rust's version holds.

mod packages;
mod rust;
mod workflows;

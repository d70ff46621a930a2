//! The way on, on this machine: which folder, what is said beforehand, which claude.

mod beforehand;
mod exec;
mod folder;
mod live;

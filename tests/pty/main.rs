//! The built program in a real pseudo-terminal: what a user sees and types, and
//! that the terminal is left as it was found.
//!
//! `CCLINK_TEST_PROGRAM` names another binary to test, such as the release one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)] // a test may fail loudly

mod answers;
mod aside;
mod closed;
mod codes;
mod demo;
mod floods;
mod folder;
mod going_on;
mod kinds;
mod leaving;
mod notices;
mod pairing;
mod phone;
mod pictures;
mod reading;
mod screen;
#[allow(dead_code, unused_imports)] // shared with the other tests, which need all of it
#[path = "../it/support/mod.rs"]
mod support;
mod terminal;
mod undo;
mod untouched;

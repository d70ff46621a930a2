//! The program as such: its grammar, its words, its exits.

mod completions;
mod doctor;
mod grammar;
mod hostile;
mod log;
mod narrow;
mod readme;
mod unwritten;

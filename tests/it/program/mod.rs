//! The program as such: its grammar, its words, its exits.

mod completions;
mod doctor;
mod grammar;
mod hostile;
mod log;
mod readme;
mod unwritten;

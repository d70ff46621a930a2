//! The black-box suite: the built program, as its user meets it, on a private
//! DHT of real nodes. Nothing here stands in for the network.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)] // a test may fail loudly

mod bytes;
mod claude;
mod going_on;
mod handoffs;
mod house;
mod identity;
mod network;
mod page;
mod pairing;
mod pickup;
mod program;
mod publish;
mod release;
mod sessions;
mod store;
mod support;
mod transfer;

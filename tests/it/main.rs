//! The black-box suite: the built program, as its user meets it, on a private
//! DHT of real nodes. Nothing here stands in for the network.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)] // a test may fail loudly

mod arrive;
mod burn;
mod config;
mod contacts;
mod corpus;
mod crossing;
mod damage;
mod devices;
mod exec;
mod first_cclink;
mod grammar;
mod hook;
mod hostile;
mod house;
mod identity;
mod inside;
mod inside_claude;
mod link;
mod listing;
mod live;
mod offline;
mod passphrase;
mod pin;
mod plugin;
mod protocol;
mod race;
mod readme;
mod real_claude;
mod revoke;
mod search;
mod session_end;
mod sessions;
mod sessions_odd;
mod share;
mod ssh;
mod support;
mod time;
mod untouched;
mod unwritten;
mod vectors;
mod watch;
mod web;
mod wire;

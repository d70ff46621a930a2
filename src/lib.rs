//! cclink moves a Claude Code session to the device where its owner is now.
//!
//! The rooms, and who may name whom (`tests/it/house` reads every `crate::`
//! path and fails on an edge that is not listed below):
//!
//! | room | what lives there |
//! |---|---|
//! | [`cli`] | the grammar of the command line; executes nothing |
//! | [`commands`] | one file a command: ask the service, print words or JSON |
//! | [`tui`] | the screen: keys, panes, the loop, the background worker |
//! | [`service`] | a file a verb: publish, pick up, bring, list, revoke; which plan is run, how every other program is started; the one error type |
//! | [`network`] | the DHT and the relays: bounded, retried, fresh |
//! | [`store`] | files that are ours: identity, journal, contacts, configuration, spool, paths |
//! | [`claude`] | Claude Code's files: read (scan, metadata, preview, search, liveness), compared, and put in their place when a session arrives |
//! | [`carry`] | the conversation as one sealed file: packed, and unpacked by whoever trusts nobody |
//! | [`resume`] | plans and their commands as values; runs nothing |
//! | [`handoff`] | the protocol, without I/O: keys, records, mailboxes, links |
//! | [`text`] | words for people; foreign text made safe to show |
//! | [`qr`] | text to a grid of modules |
//! | [`demo`] | a private DHT and invented sessions |
#![doc = include_str!("architecture.md")]

pub mod carry;
pub mod claude;
pub mod cli;
pub mod commands;
pub mod demo;
pub mod handoff;
pub mod network;
pub mod qr;
pub mod resume;
pub mod service;
pub mod store;
pub mod text;
pub mod tui;

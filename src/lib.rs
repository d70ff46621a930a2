//! cclink moves a Claude Code session to the device where its owner is now.
//!
//! The rooms, who may name whom, and the flow of the screen:
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

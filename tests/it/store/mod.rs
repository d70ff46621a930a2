//! Files of ours.

mod config;
mod damage;
mod files;

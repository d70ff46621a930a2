//! The page for phones.

mod crossing;
pub mod web;

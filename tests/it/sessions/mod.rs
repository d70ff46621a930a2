//! The sessions of this machine.

mod continued;
pub mod corpus;
mod here;
mod list;
mod odd;
mod search;

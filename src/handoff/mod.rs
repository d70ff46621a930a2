//! The mailbox protocol, version 1: bytes into bytes, without I/O.
//!
//! A handoff lies at an address that only its audience can compute. From a
//! mailbox's secret follow the key of its [`Index`], the key of each record,
//! and the lock that seals them; see [`Mailbox`].
#![doc = include_str!("protocol.md")]
#![warn(missing_docs)]

pub(crate) mod burn;
mod derive;
pub(crate) mod hidden;
pub mod index;
mod json;
pub mod keys;
pub(crate) mod link;
pub mod mailbox;
pub mod packet;
pub mod pairing;
mod pasted;
pub(crate) mod pin;
pub mod record;
pub mod seal;
pub(crate) mod standing;
pub(crate) mod time;
mod token;
mod ttl;
pub mod z32;

pub use derive::{Secret, extract_and_expand};
pub use hidden::Hidden;
pub use index::Index;
pub use keys::{Identity, PublicKey};
pub use link::{Link, LinkSecret, LinkTarget};
pub use mailbox::{Address, Mailbox};
pub use pasted::{PastedError, link_in, links_on_one_line};
pub use pin::Pin;
pub use record::{Age, Carry, Git, Record, Transcript};
pub use standing::{Standing, Trace};
pub use token::{AudienceKind, Token, TokenBytes, TokenError};
pub use ttl::{Ttl, TtlError};

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

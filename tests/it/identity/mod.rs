//! Whose key it is, and whose others are.

mod contacts;
mod key;
mod passphrase;

//! Sending out: what is proposed, what is replaced, what is called back.

mod draft;
mod faces;
mod interrupt;
mod replace;
mod several;

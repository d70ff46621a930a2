//! Picking up: every way a token arrives, and who gets it once.

mod burn;
mod devices;
mod first_cclink;
mod link;
mod pin;
mod race;
mod settle;
mod share;
mod time;

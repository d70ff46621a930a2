//! `pair`: a second device gets the key by four words.

mod ended;
mod paired;
mod refused;
mod talk;

use self::talk::Talk;
use crate::support::Device;

/// A device that shows its words, and the words.
fn offering(device: &Device) -> (Talk, String) {
    let mut old = Talk::start(device, &["pair"], &[]);
    let code = old.text("code");
    (old, code)
}

/// A device that asks with these words, and the six that it shows.
fn asking(device: &Device, code: &str) -> (Talk, String) {
    let mut new = Talk::start(device, &["pair", code, "--no-passphrase"], &[]);
    let check = new.text("check");
    (new, check)
}

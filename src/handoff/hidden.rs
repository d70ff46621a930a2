//! What nobody else is to see: keys, passphrases, PINs, words, and links that open
//! something.

use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::{Serialize, Serializer};
use zeroize::{Zeroize, Zeroizing};

/// A secret: wiped when it is dropped, and never printed by `{:?}`, whatever it is a
/// part of. To show it to its owner takes its value by name.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Hidden<T: Zeroize>(Zeroizing<T>);

impl<T: Zeroize> Hidden<T> {
    /// Hides a value.
    pub fn new(value: T) -> Self {
        Self(Zeroizing::new(value))
    }
}

impl<T: Zeroize> fmt::Debug for Hidden<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl<T: Zeroize> Deref for Hidden<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> DerefMut for Hidden<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Zeroize> From<T> for Hidden<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl From<&str> for Hidden<String> {
    fn from(value: &str) -> Self {
        Self::new(value.to_owned())
    }
}

impl<T: Zeroize + AsRef<U>, U: ?Sized> AsRef<U> for Hidden<T> {
    fn as_ref(&self) -> &U {
        self.0.as_ref()
    }
}

/// A link, a PIN or words: in `--json` their owner asked for them. Keys have no such way.
impl Serialize for Hidden<String> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_not_printed_and_told_by_name() {
        let hidden: Hidden<String> = "velvet-orbit".into();
        assert_eq!(format!("{hidden:?} {:?} {:#?}", Some(&hidden), [&hidden]), "… Some(…) [\n    …,\n]");
        assert_eq!(hidden.as_str(), "velvet-orbit");
        assert_eq!(serde_json::to_string(&hidden).unwrap(), "\"velvet-orbit\"");
        assert_eq!(format!("{:?}", Hidden::new([7_u8; 32])), "…");
    }
}

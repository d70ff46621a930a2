//! A text that is typed, and may be a secret: a PIN, a passphrase, a link.

use std::fmt;
use std::ops::{Deref, DerefMut};

use tui_input::Input;
use zeroize::Zeroize;

/// So many bytes are typed before the text has to move: what it leaves behind then
/// cannot be wiped.
const ROOM: usize = 512;

/// It is wiped when it is dropped or replaced, and never printed by `{:?}`. What was cut
/// out of it (Ctrl-U, Ctrl-W) `tui-input` keeps where nobody else comes at it: that is
/// freed as it is. So is what the terminal's buffers hold of a text that is shown.
#[derive(Clone)]
pub(super) struct Typed(Input);

impl Typed {
    /// Starts with a text.
    pub fn new(text: &str) -> Self {
        let mut own = String::with_capacity(text.len().max(ROOM));
        own.push_str(text);
        Self(Input::new(own))
    }

    /// The same with the cursor elsewhere.
    pub fn with_cursor(mut self, cursor: usize) -> Self {
        self.0 = std::mem::take(&mut self.0).with_cursor(cursor);
        self
    }
}

impl Drop for Typed {
    fn drop(&mut self) {
        String::from(std::mem::take(&mut self.0)).zeroize();
    }
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Deref for Typed {
    type Target = Input;

    fn deref(&self) -> &Input {
        &self.0
    }
}

impl DerefMut for Typed {
    fn deref_mut(&mut self) -> &mut Input {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use tui_input::InputRequest;

    use super::*;

    #[test]
    fn what_is_wiped_is_what_was_typed_and_it_never_moved() {
        let mut typed = Typed::new("");
        let at = typed.value().as_ptr();
        for letter in "velvet-orbit-cactus-lamp".chars() {
            typed.handle(InputRequest::InsertChar(letter));
        }
        assert_eq!(format!("{typed:?}"), "…");
        let typed = typed.with_cursor(3);
        assert_eq!((typed.value(), typed.cursor()), ("velvet-orbit-cactus-lamp", 3));
        assert_eq!(typed.value().as_ptr(), at, "it left a copy behind");
        // As dropping it does.
        let mut typed = typed;
        let own = String::from(std::mem::take(&mut typed.0));
        assert_eq!(own.as_ptr(), at, "another text is wiped");
    }
}

//! What the terminal can do, by the name that `TERM` gives it.

use std::ffi::OsStr;

/// Columns and rows that the screen needs.
pub const LEAST_SCREEN: (u16, u16) = (60, 16);

/// How much of a terminal it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ability {
    /// Lines of text and nothing else: no place for a screen.
    None,
    /// What a VT100 could do: no colours, no screen of its own, no mouse.
    Plain,
    /// What they all can today, or pass over silently.
    #[default]
    Full,
}

impl Ability {
    /// By the value of `TERM`; without one there is no telling.
    pub fn of(term: Option<&OsStr>) -> Self {
        if cfg!(windows) {
            return Self::Full;
        }
        let name = term.and_then(OsStr::to_str).unwrap_or_default();
        match name {
            "" | "dumb" | "unknown" | "emacs" | "network" | "dialup" => Self::None,
            name if name.starts_with("vt52") => Self::None,
            name if ["vt1", "vt2", "vt3", "vt4", "vt5", "ansi"].iter().any(|old| name.starts_with(old)) => {
                Self::Plain
            }
            _ => Self::Full,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_by_the_name() {
        for (name, ability) in [
            ("dumb", Ability::None),
            ("", Ability::None),
            ("vt52", Ability::None),
            ("vt100", Ability::Plain),
            ("vt220-8bit", Ability::Plain),
            ("xterm-256color", Ability::Full),
            ("tmux", Ability::Full),
            ("linux", Ability::Full),
        ] {
            assert_eq!(Ability::of(Some(name.as_ref())), ability, "{name}");
        }
        assert_eq!(Ability::of(None), Ability::None);
    }
}

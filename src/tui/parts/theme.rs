//! Colours and emphasis, gathered by what they mean. The terminal's own 16
//! colours, or none at all; colour is never the only sign of anything.

use ratatui::style::{Color, Modifier, Style};

/// How each kind of thing looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Plain words.
    pub text: Style,
    /// Words that may be overlooked.
    pub quiet: Style,
    /// Headings and titles.
    pub strong: Style,
    /// What the eye should find first: keys, the active pane, matches.
    pub accent: Style,
    /// It is well.
    pub good: Style,
    /// It needs a look.
    pub warn: Style,
    /// It failed or is over.
    pub bad: Style,
    /// The row or field that has the focus.
    pub chosen: Style,
    /// The row that keeps its place while the focus is elsewhere.
    pub resting: Style,
}

impl Theme {
    /// The terminal's own 16 colours; dim and bold say the rest, so light and
    /// dark backgrounds both read well.
    pub fn sixteen() -> Self {
        let plain = Style::new();
        Self {
            text: plain,
            quiet: plain.add_modifier(Modifier::DIM),
            strong: plain.add_modifier(Modifier::BOLD),
            accent: plain.fg(Color::Cyan).add_modifier(Modifier::BOLD),
            good: plain.fg(Color::Green),
            warn: plain.fg(Color::Yellow),
            bad: plain.fg(Color::Red).add_modifier(Modifier::BOLD),
            chosen: plain.add_modifier(Modifier::REVERSED),
            resting: plain.add_modifier(Modifier::UNDERLINED),
        }
    }

    /// No colour at all (`NO_COLOR`, `TERM=dumb`): emphasis alone.
    pub fn plain() -> Self {
        let plain = Style::new();
        Self {
            accent: plain.add_modifier(Modifier::BOLD),
            good: plain,
            warn: plain.add_modifier(Modifier::BOLD),
            bad: plain.add_modifier(Modifier::BOLD),
            ..Self::sixteen()
        }
    }
}

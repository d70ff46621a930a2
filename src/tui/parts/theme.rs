//! Colours and emphasis, gathered by what they mean. The terminal's own 16
//! colours unless the user names another theme; colour is never the only sign
//! of anything.

use std::fmt;
use std::str::FromStr;

use ratatui::style::{Color, Modifier, Style};

/// What a piece of text is; the theme says how that looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tint {
    /// Words.
    #[default]
    Text,
    /// What may be overlooked: addresses, lines of a table, comments.
    Quiet,
    /// Code among words.
    Code,
    /// A word that the language knows.
    Keyword,
    /// A string.
    Quoted,
    /// A number.
    Number,
    /// A line that came.
    Added,
    /// A line that went.
    Removed,
}

/// A theme as the user names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThemeName {
    /// The terminal's own 16 colours.
    #[default]
    Terminal,
    /// For a dark background, where the 16 colours are ill chosen.
    Dark,
    /// For a light background.
    Light,
    /// White on black, and nothing dim.
    HighContrast,
    /// No colour at all.
    Plain,
}

impl ThemeName {
    /// All, in the order they are told in.
    pub const ALL: [Self; 5] = [Self::Terminal, Self::Dark, Self::Light, Self::HighContrast, Self::Plain];

    /// As written in the config.
    pub fn word(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::HighContrast => "high-contrast",
            Self::Plain => "plain",
        }
    }
}

impl fmt::Display for ThemeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What is no theme.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a theme: terminal, dark, light, high-contrast or plain")]
pub struct NoTheme(String);

impl FromStr for ThemeName {
    type Err = NoTheme;

    fn from_str(word: &str) -> Result<Self, NoTheme> {
        let found = Self::ALL.into_iter().find(|name| name.word() == word.trim());
        found.ok_or_else(|| NoTheme(word.to_owned()))
    }
}

/// How each kind of thing looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Under everything; most themes leave the terminal's own.
    pub page: Style,
    /// What lies behind an overlay.
    pub behind: Style,
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

impl Default for Theme {
    fn default() -> Self {
        Self::sixteen()
    }
}

impl Theme {
    /// The theme of this name.
    pub fn named(name: ThemeName) -> Self {
        match name {
            ThemeName::Terminal => Self::sixteen(),
            ThemeName::Dark => Self::inks([80, 114, 221, 210, 248], 238),
            ThemeName::Light => Self::inks([25, 22, 94, 124, 240], 254),
            ThemeName::HighContrast => Self::high_contrast(),
            ThemeName::Plain => Self::plain(),
        }
    }

    /// Of accent, good, warn, bad and quiet, and of the chosen row's paper, all
    /// from the fixed part of the 256 colours.
    fn inks([accent, good, warn, bad, quiet]: [u8; 5], paper: u8) -> Self {
        let ink = |at| Style::new().fg(Color::Indexed(at));
        Self {
            accent: ink(accent).add_modifier(Modifier::BOLD),
            good: ink(good),
            warn: ink(warn),
            bad: ink(bad).add_modifier(Modifier::BOLD),
            quiet: ink(quiet),
            chosen: Style::new().bg(Color::Indexed(paper)).add_modifier(Modifier::BOLD),
            ..Self::sixteen()
        }
    }

    /// How a piece of text looks that is no word of ours.
    pub fn tint(&self, tint: Tint) -> Style {
        let ink = |style: Style| Style { add_modifier: Modifier::empty(), ..style };
        match tint {
            Tint::Text => self.text,
            Tint::Quiet => self.quiet,
            // Without colours, emphasis has to do.
            Tint::Code | Tint::Keyword if self.accent.fg.is_none() => self.accent,
            Tint::Code | Tint::Keyword => ink(self.accent),
            Tint::Quoted | Tint::Added => ink(self.good),
            Tint::Number => ink(self.warn),
            Tint::Removed => ink(self.bad),
        }
    }

    fn high_contrast() -> Self {
        let page = Style::new().fg(Color::Indexed(231)).bg(Color::Indexed(16));
        let ink = |at: u8| Style::new().fg(Color::Indexed(at)).add_modifier(Modifier::BOLD);
        Self {
            page,
            behind: Style::new(),
            text: Style::new(),
            quiet: Style::new(),
            accent: ink(226),
            good: ink(120),
            warn: ink(226),
            bad: ink(217),
            chosen: Style::new().fg(Color::Indexed(16)).bg(Color::Indexed(231)).add_modifier(Modifier::BOLD),
            ..Self::sixteen()
        }
    }

    /// The terminal's own 16 colours; dim and bold say the rest, so light and
    /// dark backgrounds both read well.
    pub fn sixteen() -> Self {
        let plain = Style::new();
        Self {
            page: plain,
            behind: plain.add_modifier(Modifier::DIM),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The colour that every terminal shows for an index of the fixed part.
    fn rgb(color: Color) -> Option<[f64; 3]> {
        let Color::Indexed(at @ 16..) = color else { return None };
        let step = |level: u8| if level == 0 { 0.0 } else { f64::from(55 + 40 * level) };
        Some(match at {
            232.. => [f64::from(8 + 10 * (at - 232)); 3],
            _ => [step((at - 16) / 36), step((at - 16) / 6 % 6), step((at - 16) % 6)],
        })
    }

    fn luminance(rgb: [f64; 3]) -> f64 {
        let [r, g, b] = rgb.map(|part| {
            let part = part / 255.0;
            if part <= 0.03928 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// As WCAG asks of text: 4.5, and 7 where high contrast was asked for.
    #[test]
    fn every_ink_can_be_read_on_its_paper() {
        let (white, black, gray) = ([255.0; 3], [0.0; 3], [40.0; 3]);
        for (name, papers, least) in [
            (ThemeName::Light, vec![white, [253.0, 246.0, 227.0]], 4.5),
            (ThemeName::Dark, vec![black, gray], 4.5),
            (ThemeName::HighContrast, vec![black], 7.0),
        ] {
            let theme = Theme::named(name);
            let chosen = theme.chosen.bg.and_then(rgb).unwrap();
            for style in [theme.accent, theme.good, theme.warn, theme.bad, theme.quiet, theme.page] {
                let Some(ink) = style.fg.and_then(rgb) else { continue };
                for paper in &papers {
                    let found = contrast(ink, *paper);
                    assert!(found >= least, "{name}: {style:?} has {found:.1}");
                }
            }
            let ink =
                theme.chosen.fg.and_then(rgb).unwrap_or(if name == ThemeName::Light { black } else { white });
            assert!(contrast(ink, chosen) >= 7.0);
        }
    }

    #[test]
    fn themes_are_named_as_they_are_read() {
        for name in ThemeName::ALL {
            assert_eq!(name.to_string().parse(), Ok(name));
        }
        assert!("solarized".parse::<ThemeName>().unwrap_err().to_string().contains("high-contrast"));
    }
}

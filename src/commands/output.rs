//! Words and JSON: answers on stdout, everything else on stderr.

use std::fs::OpenOptions;
use std::io::{IsTerminal, Write};

use clap::builder::StyledStr;
use clap::builder::styling::{AnsiColor, Style};
use serde::Serialize;

use super::stdout;
use super::table::{self, Column};
use crate::cli::{Color, Output};
use crate::qr;
use crate::service::{ERROR_FILE, Error, Result};
use crate::text::{self, Ability};

/// Sentences are not broken into fewer columns.
const LEAST: usize = 20;

/// Prints the answers of one command.
#[derive(Clone, Copy, Debug)]
pub struct Printer {
    json: bool,
    color: bool,
    aside: bool,
}

impl Printer {
    /// As the options and `NO_COLOR` say.
    pub fn new(output: Output, env: &dyn Fn(&str) -> Option<std::ffi::OsString>) -> Self {
        let set = |name: &str| env(name).is_some_and(|value| !value.is_empty());
        let plain = set("NO_COLOR") || Ability::of(env("TERM").as_deref()) != Ability::Full;
        let color = match output.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => !plain && std::io::stdout().is_terminal(),
        };
        Self { json: output.json, color, aside: false }
    }

    /// The same with the words for people beside the answer, on stderr.
    #[must_use]
    pub fn aside(self) -> Self {
        Self { aside: true, color: self.color && std::io::stderr().is_terminal(), ..self }
    }

    /// Whether the one JSON value is wanted.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// A part of an answer, for people.
    pub fn say(self, line: &str) {
        match (self.json, self.aside) {
            (true, _) => {}
            (false, true) => self.note_exactly(line),
            (false, false) => write_out(line),
        }
    }

    /// The same of sentences: on a terminal they break at words.
    pub fn tell(self, words: &str) {
        self.tell_behind(("", 0), words);
    }

    /// The same behind a label, which takes so many columns.
    pub(super) fn tell_behind(self, (label, indent): (&str, usize), words: &str) {
        let columns =
            if self.aside { columns_of(&std::io::stderr()) } else { columns_of(&std::io::stdout()) };
        let room = columns.map_or(usize::MAX, |columns| columns.saturating_sub(indent).max(LEAST));
        let mut label = label.to_owned();
        for line in text::prose(words, room) {
            self.say(&format!("{label}{line}"));
            label = " ".repeat(indent);
        }
    }

    /// Progress, a warning, a question's context: never part of the answer. On a
    /// terminal it breaks at words.
    pub fn note(self, words: &str) {
        self.note_exactly(&broken(words));
    }

    /// The same for what is no sentence.
    #[allow(clippy::unused_self)] // reads like its siblings
    pub fn note_exactly(self, line: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }

    /// An answer that is a file: not a byte more.
    pub fn exactly(self, text: &str) {
        if !self.json {
            let _ = stdout::write(text.as_bytes());
        }
    }

    /// What clap answers: its help, its version.
    pub fn rendered(self, text: &StyledStr) {
        let text = if self.color { text.ansi().to_string() } else { text.to_string() };
        let _ = stdout::write(text.as_bytes());
    }

    /// What clap has against words.
    pub fn refused(self, error: &clap::Error) {
        if std::io::stderr().is_terminal() {
            let words = error.render();
            let words = if self.color { words.ansi().to_string() } else { words.to_string() };
            self.note(words.trim_end());
        } else {
            let _ = error.print();
        }
    }

    /// The command's value, where JSON is wanted.
    pub fn value(self, value: &impl Serialize) {
        if self.json {
            match serde_json::to_string_pretty(value) {
                Ok(json) => write_out(&json),
                Err(error) => stdout::failed(format!("it cannot be put into JSON ({error})")),
            }
        }
    }

    /// One value of many, on a line of its own, where JSON is wanted.
    pub fn line(self, value: &impl Serialize) {
        if self.json {
            match serde_json::to_string(value) {
                Ok(json) => write_out(&json),
                Err(error) => stdout::failed(format!("it cannot be put into JSON ({error})")),
            }
        }
    }

    /// Whether the whole answer so far was written: `false` where the reader
    /// went away (`| head`), an error where it could not be written. What was
    /// taken for the reader is let go of only after `true`.
    #[allow(clippy::unused_self)] // reads like its siblings
    pub fn written(self) -> Result<bool> {
        stdout::written()
    }

    /// An error if the answer could not be written; a reader that went away is
    /// none.
    pub fn check(self) -> Result<()> {
        self.written().map(drop)
    }

    /// An error that this program ends with, also for the screen that started it.
    pub fn last_words(self, error: &Error) {
        self.error(error);
        let Some(file) = std::env::var_os(ERROR_FILE) else { return };
        // the screen makes the file, and may be gone
        if let Ok(mut file) = OpenOptions::new().write(true).open(file) {
            let _ = write!(file, "{}\n{}", error.message, error.advice);
        }
    }

    /// An error: what happened, then what to do.
    pub fn error(self, error: &Error) {
        if self.json {
            self.note_exactly(&error.to_json().to_string());
            return;
        }
        self.note(&format!("cclink: {}", error.message));
        if !error.advice.is_empty() {
            self.note(&error.advice);
        }
    }

    /// `text` in bold.
    pub fn bold(self, text: &str) -> String {
        self.styled(Style::new().bold(), text)
    }

    /// `text` as something that went well.
    pub fn good(self, text: &str) -> String {
        self.styled(AnsiColor::Green.on_default(), text)
    }

    /// `text` as something that went wrong.
    pub fn bad(self, text: &str) -> String {
        self.styled(AnsiColor::Red.on_default().bold(), text)
    }

    /// `text` as something beside the point.
    pub fn dim(self, text: &str) -> String {
        self.styled(Style::new().dimmed(), text)
    }

    fn styled(self, style: Style, text: &str) -> String {
        if self.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// A table without lines; on a terminal within its width.
    pub(super) fn table(self, columns: &[Column], rows: Vec<Vec<String>>) {
        for line in table::lines(columns, rows, columns_of(&std::io::stdout())) {
            self.say(&line);
        }
    }

    /// A QR code, dark on light whatever the terminal's colours. Says by how
    /// much a terminal is too small instead of clipping it. Whether it was drawn.
    pub fn qr(self, text: &str) -> bool {
        if self.json {
            return false;
        }
        let on_terminal = std::io::stdout().is_terminal();
        if on_terminal && Ability::of(std::env::var_os("TERM").as_deref()) != Ability::Full {
            self.note("No QR code: this terminal cannot show its two colours.");
            return false;
        }
        let room = match crossterm::terminal::size() {
            Ok((columns, rows)) if on_terminal => qr::Room { columns: columns.into(), rows: rows.into() },
            _ => qr::Room { columns: usize::MAX, rows: usize::MAX },
        };
        match qr::fit(text, room, qr::Cells::Half) {
            Ok(grid) => draw(&grid).for_each(|line| self.say(&line)),
            Err(error) => {
                self.note(&format!("No QR code: {error}."));
                return false;
            }
        }
        true
    }
}

/// Half blocks in the palette's fixed black and white, not the theme's.
fn draw(grid: &qr::Grid) -> impl Iterator<Item = String> {
    (0..grid.side()).step_by(2).map(|row| {
        let cell = |column| match (grid.is_dark(column, row), grid.is_dark(column, row + 1)) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        };
        let line: String = (0..grid.side()).map(cell).collect();
        format!("\u{1b}[38;5;16;48;5;231m{line}\u{1b}[0m")
    })
}

/// Words as they go to stderr: on a terminal they break at words.
pub(super) fn broken(words: &str) -> String {
    match columns_of(&std::io::stderr()) {
        Some(columns) => text::prose(words, columns.max(LEAST)).join("\n"),
        None => words.to_owned(),
    }
}

/// How wide it is, where it is a terminal.
pub(super) fn columns_of(stream: &impl IsTerminal) -> Option<usize> {
    // without a terminal at all, its size would be asked of another program
    let size = stream.is_terminal().then(|| crossterm::terminal::size().ok()).flatten();
    size.map(|(columns, _)| usize::from(columns)).filter(|columns| *columns > 0)
}

/// A line to stdout; [`Printer::check`] tells what became of it.
fn write_out(line: &str) {
    let _ = stdout::write(format!("{line}\n").as_bytes());
}

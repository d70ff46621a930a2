//! The terminal: its modes as a thing that is entered and left, whatever ends
//! the program.
//!
//! Nothing is ever asked of the terminal: it may answer late, or never, and the
//! answer would come among the keys.

mod backend;
mod child;
mod clipboard;
mod input;
mod output;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::cursor::{RestorePosition, SavePosition};
use crossterm::queue;
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use ratatui::backend::Backend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Rect, Size};
use ratatui::{Frame, Terminal};

use crate::text::Ability;

use backend::Steady;
pub use child::{ending, run};
pub use clipboard::Clipboard;
pub use input::{Input, Read, forget_typed};
use output::Output;

/// The screen of its own, pastes in brackets, focus.
const ENTER: &str = "\x1b[?1049h\x1b[?2004h\x1b[?1004h";
/// All of it off, in the order that leaves nothing behind. A sequence that was
/// cut in half ends where the first of these begins.
const LEAVE: &str = "\x1b[?2026l\x1b[?1006l\x1b[?1000l\x1b[?1004l\x1b[?2004l\x1b[0m\x1b[?1049l\x1b[?25h";
/// Presses, releases and the wheel (1000), in the form that has no limit (1006);
/// not every motion (1003), which crossterm would ask for.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";
const BEGIN_PICTURE: &str = "\x1b[?2026h";
const END_PICTURE: &str = "\x1b[?2026l";
/// A VT100 has one screen: it is wiped before and after.
const WIPE: &str = "\x1b[m\x1b[H\x1b[J";
/// What a program that was killed may have left on: its own screen, other reports
/// of the mouse, focus, pastes and keys, a picture that never ends, a scrolling
/// region, another way of writing, line drawing for letters. The cursor stays where
/// it is, below what was written: hence 1047, and nothing for the origin mode, which
/// would move it.
const TIDY: &str = "\x1b[?2026l\x1b[?1047l\x1b[?1006l\x1b[?1003l\x1b[?1002l\x1b[?1000l\x1b[?1015l\x1b[?1005l\
    \x1b[?1004l\x1b[?2004l\x1b[=0u\x1b[>4;0m\x1b[?1l\x1b>\x1b7\x1b[r\x1b8\x1b[?7h\x1b[4l\x0f\x1b(B\x1b[0m\
    \x1b[?25h";
/// How long a terminal may take for the last words.
const LAST_WORDS: Duration = Duration::from_millis(800);

/// Whether the modes of the screen are on, for the panic hook.
static ENTERED: AtomicBool = AtomicBool::new(false);
/// Whether they are those of a VT100.
static PLAIN: AtomicBool = AtomicBool::new(false);

/// Restores the terminal before any panic is reported. To be called once,
/// after other hooks are installed and before the screen is entered.
pub fn install_panic_hook() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        restore();
        before(info);
    }));
}

/// Undoes all modes, once, straight on the terminal.
fn restore() {
    if !ENTERED.swap(false, Ordering::SeqCst) {
        return;
    }
    let words = if PLAIN.load(Ordering::SeqCst) { WIPE } else { LEAVE };
    output::write_within(words, LAST_WORDS);
    // nothing can be done about an error here
    let _ = disable_raw_mode();
}

/// The entered screen; leaving it is its end.
pub struct Screen {
    terminal: Terminal<Steady<Output>>,
    output: Output,
    plain: bool,
    mouse: bool,
    uneasy: BTreeMap<u16, Vec<Cell>>,
}

impl Screen {
    /// Enters the screen. Colours are given out even under `NO_COLOR`: there
    /// the theme has none, and crossterm would drop emphasis with them.
    pub fn enter(ability: Ability) -> io::Result<Self> {
        crossterm::style::force_color_output(true);
        let plain = ability != Ability::Full;
        PLAIN.store(plain, Ordering::SeqCst);
        let output = Output::start(&ENTERED)?;
        let terminal = Terminal::new(Steady::new(output.clone(), plain))?;
        let mut screen = Self { terminal, output, plain, mouse: true, uneasy: BTreeMap::new() };
        screen.set_modes()?;
        Ok(screen)
    }

    fn set_modes(&mut self) -> io::Result<()> {
        // a shell may have changed them while we were stopped: start from its own
        disable_raw_mode()?;
        enable_raw_mode()?;
        ENTERED.store(true, Ordering::SeqCst);
        if self.plain {
            return self.send(WIPE);
        }
        self.send(ENTER)?;
        self.send(if self.mouse { MOUSE_ON } else { MOUSE_OFF })
    }

    /// Comes back after the terminal belonged to somebody else.
    pub fn resume(&mut self) -> io::Result<()> {
        self.set_modes()?;
        self.redraw_all()
    }

    /// Gives the terminal to somebody else, once all is written.
    pub async fn pause(&mut self) {
        // a terminal that takes nothing gets nothing
        let _ = tokio::time::timeout(LAST_WORDS, self.output.written()).await;
        restore();
    }

    /// Undoes what a program before us may have left on. One that `broke_off`
    /// left the cursor anywhere: then the shell goes on below everything.
    pub fn tidy(&mut self, broke_off: bool) {
        let below = if broke_off { "\x1b[9999;1H\r\n" } else { "" };
        if !self.plain {
            output::write_within(&format!("{TIDY}{below}"), LAST_WORDS);
        }
    }

    /// Takes or releases the mouse.
    pub fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        self.send_if_able(if on { MOUSE_ON } else { MOUSE_OFF })
    }

    fn send(&mut self, sequence: &str) -> io::Result<()> {
        let backend = self.terminal.backend_mut();
        backend.write_all(sequence.as_bytes())?;
        Write::flush(backend)
    }

    /// Writes bytes that are no part of the picture, such as a clipboard's.
    pub fn send_if_able(&mut self, sequence: &str) -> io::Result<()> {
        if self.plain { Ok(()) } else { self.send(sequence) }
    }

    /// Rings, and asks the desktop to show these words.
    pub fn ring(&mut self, words: &str) -> io::Result<()> {
        if self.plain { self.send("\x07") } else { self.send(&crate::text::notification(words)) }
    }

    /// Forgets what is on the terminal, so the next draw draws all of it.
    pub fn redraw_all(&mut self) -> io::Result<()> {
        let size = self.terminal.size()?;
        self.uneasy.clear();
        self.terminal.resize(Rect::new(0, 0, size.width, size.height))
    }

    /// The terminal's size.
    pub fn size(&self) -> io::Result<Size> {
        self.terminal.size()
    }

    /// Whether the last picture is still being written.
    pub fn is_busy(&self) -> bool {
        self.output.is_busy()
    }

    /// Waits until all is written; an error when the terminal is gone.
    pub async fn written(&self) -> io::Result<()> {
        self.output.written().await
    }

    /// Draws one picture, shown at once where the terminal can do that.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        let (begin, end) = if self.plain { ("", "") } else { (BEGIN_PICTURE, END_PICTURE) };
        self.terminal.backend_mut().write_all(begin.as_bytes())?;
        let rows = rows_to_settle(self.terminal.draw(render)?.buffer, &self.uneasy);
        self.settle(rows)?;
        self.send(end)
    }

    /// Rows with joined characters are painted whole when they change: a
    /// terminal that shows these wider than they are leaves traces that a
    /// difference of cells does not cover.
    fn settle(&mut self, rows: BTreeMap<u16, Vec<Cell>>) -> io::Result<()> {
        let backend = self.terminal.backend_mut();
        let changed: Vec<_> = rows.iter().filter(|(y, cells)| self.uneasy.get(y) != Some(cells)).collect();
        if !changed.is_empty() {
            queue!(backend, SavePosition)?;
            for (y, cells) in changed {
                backend.draw(visible_cells(*y, cells))?;
            }
            queue!(backend, RestorePosition)?;
        }
        self.uneasy = rows.into_iter().filter(|(_, cells)| cells.iter().any(is_joined)).collect();
        Ok(())
    }
}

impl Drop for Screen {
    /// All that waited has been written before, or never will be.
    fn drop(&mut self) {
        restore();
        self.output.close();
    }
}

/// The rows that hold joined characters, or did in the last picture.
fn rows_to_settle(buffer: &Buffer, before: &BTreeMap<u16, Vec<Cell>>) -> BTreeMap<u16, Vec<Cell>> {
    let width = usize::from(buffer.area.width).max(1);
    let rows = (0..buffer.area.height).zip(buffer.content.chunks(width));
    rows.filter(|(y, cells)| before.contains_key(y) || cells.iter().any(is_joined))
        .map(|(y, cells)| (y, cells.to_vec()))
        .collect()
}

/// Several characters that make one wide picture: families, flags, skin tones.
fn is_joined(cell: &Cell) -> bool {
    let symbol = cell.symbol();
    symbol.len() > 4 && symbol.chars().nth(1).is_some() && crate::text::width(symbol) > 1
}

/// The cells of a row without those that a wide one before them covers.
fn visible_cells(y: u16, cells: &[Cell]) -> impl Iterator<Item = (u16, u16, &Cell)> {
    let mut covered = 0;
    cells.iter().zip(0..).filter_map(move |(cell, x)| {
        if covered > 0 {
            covered -= 1;
            return None;
        }
        covered = crate::text::width(cell.symbol()).saturating_sub(1);
        Some((x, y, cell))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_with_joined_characters_are_known() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 3));
        buffer.set_string(0, 1, "x 🇯🇵 👩‍👩‍👧‍👦 y", ratatui::style::Style::new());
        buffer.set_string(0, 2, "é 外주 plain", ratatui::style::Style::new());
        let rows = rows_to_settle(&buffer, &BTreeMap::new());
        assert_eq!(rows.keys().copied().collect::<Vec<_>>(), [1]);
        let shown: String = visible_cells(1, &rows[&1]).map(|(_, _, cell)| cell.symbol()).collect();
        assert_eq!(shown.trim_end(), "x 🇯🇵 👩‍👩‍👧‍👦 y");
    }
}

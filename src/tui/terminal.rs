//! The terminal: its modes as a thing that is entered and left, whatever ends
//! the program.
//!
//! `Terminal::clear` is never called: it asks the terminal for its cursor,
//! which freezes while an event stream is parked.

mod child;
mod clipboard;
mod signals;

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Stdout, Write, stdout};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::{RestorePosition, SavePosition, Show};
use crossterm::event::{DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange};
use crossterm::style::Print;
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect, Size};
use ratatui::{Frame, Terminal};

pub use child::{Ended, ending, run};
pub use clipboard::Clipboard;
pub use signals::{Signal, Signals, can_suspend, stop};

/// Presses, releases and the wheel (1000), in the form that has no limit (1006);
/// not every motion (1003), which crossterm would ask for.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";
const PLAIN: &str = "\x1b[0m";
/// What a program that was killed may have left on: its own screen, other reports
/// of the mouse, focus and keys, a scrolling region, another way of writing, line
/// drawing for letters. The cursor stays where it is, below what was written: hence
/// 1047, and nothing for the origin mode, which would move it.
const TIDY: &str = "\x1b[?1047l\x1b[?1003l\x1b[?1002l\x1b[?1015l\x1b[?1005l\x1b[?1004l\x1b[=0u\x1b[>4;0m\
    \x1b[?1l\x1b>\x1b7\x1b[r\x1b8\x1b[?7h\x1b[4l\x0f\x1b(B\x1b[0m";

/// Whether the modes of the screen are on, for the panic hook.
static ENTERED: AtomicBool = AtomicBool::new(false);

/// Restores the terminal before any panic is reported. To be called once,
/// after other hooks are installed and before the screen is entered.
pub fn install_panic_hook() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        restore();
        before(info);
    }));
}

/// Undoes all modes, once, straight on stdout.
fn restore() {
    if !ENTERED.swap(false, Ordering::SeqCst) {
        return;
    }
    // nothing can be done about an error here, and the rest is still worth trying
    let _ = execute!(
        stdout(),
        EndSynchronizedUpdate,
        Print(MOUSE_OFF),
        DisableFocusChange,
        DisableBracketedPaste,
        Print(PLAIN),
        LeaveAlternateScreen,
        Show
    );
    let _ = disable_raw_mode();
}

/// The entered screen; leaving it is its end.
pub struct Screen {
    terminal: Terminal<Steady<CrosstermBackend<BufWriter<Stdout>>>>,
    mouse: bool,
    uneasy: BTreeMap<u16, Vec<Cell>>,
}

impl Screen {
    /// Enters the screen. Colours are given out even under `NO_COLOR`: there
    /// the theme has none, and crossterm would drop emphasis with them.
    pub fn enter() -> io::Result<Self> {
        crossterm::style::force_color_output(true);
        let terminal =
            Terminal::new(Steady(CrosstermBackend::new(BufWriter::with_capacity(64 * 1024, stdout()))))?;
        let mut screen = Self { terminal, mouse: true, uneasy: BTreeMap::new() };
        screen.set_modes()?;
        Ok(screen)
    }

    fn set_modes(&mut self) -> io::Result<()> {
        // a shell may have changed them while we were stopped: start from its own
        disable_raw_mode()?;
        enable_raw_mode()?;
        ENTERED.store(true, Ordering::SeqCst);
        let mouse = if self.mouse { MOUSE_ON } else { MOUSE_OFF };
        execute!(
            self.terminal.backend_mut(),
            EnterAlternateScreen,
            EnableBracketedPaste,
            EnableFocusChange,
            Print(mouse)
        )
    }

    /// Comes back after the terminal belonged to somebody else.
    pub fn resume(&mut self) -> io::Result<()> {
        self.set_modes()?;
        self.redraw_all()
    }

    /// Gives the terminal to somebody else.
    pub fn pause(&mut self) -> io::Result<()> {
        Write::flush(self.terminal.backend_mut())?;
        restore();
        Ok(())
    }

    /// Undoes what a program before us may have left on. One that `broke_off`
    /// left the cursor anywhere: then the shell goes on below everything.
    pub fn tidy(&mut self, broke_off: bool) -> io::Result<()> {
        self.send(TIDY)?;
        if broke_off { self.send("\x1b[9999;1H\r\n") } else { Ok(()) }
    }

    /// Takes or releases the mouse.
    pub fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        execute!(self.terminal.backend_mut(), Print(if on { MOUSE_ON } else { MOUSE_OFF }))
    }

    /// Writes bytes that are no part of the picture, such as a clipboard's.
    pub fn send(&mut self, sequence: &str) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), Print(sequence))
    }

    /// Rings, and asks the desktop to show these words.
    pub fn ring(&mut self, words: &str) -> io::Result<()> {
        self.send(&crate::text::notification(words))
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

    /// Draws one picture, shown at once where the terminal can do that.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        let rows = rows_to_settle(self.terminal.draw(render)?.buffer, &self.uneasy);
        self.settle(rows)?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
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

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.pause();
    }
}

/// A backend that says where it writes after every character whose width
/// terminals disagree on, so that nothing right of it is shifted.
struct Steady<B>(B);

impl<B: Backend> Backend for Steady<B> {
    type Error = B::Error;

    fn draw<'a, I>(&mut self, content: I) -> Result<(), Self::Error>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        // each call of the inner one starts with a move of the cursor
        let mut run = Vec::new();
        for item in content {
            let ends = !item.2.symbol().is_ascii() && crate::text::width(item.2.symbol()) != 1;
            run.push(item);
            if ends {
                self.0.draw(run.drain(..))?;
            }
        }
        if run.is_empty() { Ok(()) } else { self.0.draw(run.into_iter()) }
    }

    fn hide_cursor(&mut self) -> Result<(), Self::Error> {
        self.0.hide_cursor()
    }

    fn show_cursor(&mut self) -> Result<(), Self::Error> {
        self.0.show_cursor()
    }

    fn get_cursor_position(&mut self) -> Result<Position, Self::Error> {
        self.0.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> Result<(), Self::Error> {
        self.0.set_cursor_position(position)
    }

    fn clear(&mut self) -> Result<(), Self::Error> {
        self.0.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> Result<(), Self::Error> {
        self.0.clear_region(clear_type)
    }

    fn size(&self) -> Result<Size, Self::Error> {
        self.0.size()
    }

    fn window_size(&mut self) -> Result<WindowSize, Self::Error> {
        self.0.window_size()
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        self.0.flush()
    }
}

impl<W: Write> Write for Steady<CrosstermBackend<W>> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Write::flush(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_doubtful_character_the_place_is_said_again() {
        let mut bytes = Vec::new();
        let cells: Vec<Cell> = ["a", "👩‍👩‍👧‍👦", "b", "c"].iter().map(|symbol| Cell::new(symbol)).collect();
        let places = [0, 1, 3, 4];
        Steady(CrosstermBackend::new(&mut bytes))
            .draw(places.into_iter().zip(&cells).map(|(x, cell)| (x, 0, cell)))
            .unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (_, after) = text.split_once("👩‍👩‍👧‍👦").unwrap();
        assert!(after.contains("\x1b[1;4Hbc"), "{text:?}");
    }

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

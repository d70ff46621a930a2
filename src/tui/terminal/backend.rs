//! What is drawn, as bytes that every terminal shows at the same place.

use std::io::{self, Write};

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::style::Modifier;

/// No picture is larger: a terminal may claim any size, and its memory is ours.
const MOST: Size = Size { width: 1000, height: 500 };
/// For a terminal that does not know its own.
const USUAL: Size = Size { width: 80, height: 24 };

/// A backend that says where it writes after every character whose width
/// terminals disagree on, so that nothing right of it is shifted.
pub struct Steady<W: Write> {
    inner: CrosstermBackend<W>,
    /// For a terminal that knows no more than a VT100.
    plain: bool,
}

impl<W: Write> Steady<W> {
    /// Draws to `writer`.
    pub fn new(writer: W, plain: bool) -> Self {
        Self { inner: CrosstermBackend::new(writer), plain }
    }

    /// Cells that follow each other, each with the place it is at.
    fn draw_plain<'a>(&mut self, content: impl Iterator<Item = (u16, u16, &'a Cell)>) -> io::Result<()> {
        let (mut next, mut look) = (None, None);
        for (x, y, cell) in content {
            if next != Some((x, y)) {
                write!(self.inner, "\x1b[{};{}H", y + 1, x + 1)?;
            }
            if look != Some(cell.modifier) {
                write!(self.inner, "\x1b[{}m", vt100_look(cell.modifier))?;
                look = Some(cell.modifier);
            }
            self.inner.write_all(cell.symbol().as_bytes())?;
            let certain = cell.symbol().is_ascii();
            next = certain.then_some((x + 1, y));
        }
        self.inner.write_all(b"\x1b[m")
    }
}

/// What a VT100 can show of it.
fn vt100_look(modifier: Modifier) -> String {
    let known = [(Modifier::BOLD, ";1"), (Modifier::UNDERLINED, ";4"), (Modifier::REVERSED, ";7")];
    known.iter().filter(|(one, _)| modifier.contains(*one)).map(|(_, code)| *code).collect::<String>()
}

/// Whether terminals disagree on how wide this is.
fn is_doubtful(cell: &Cell) -> bool {
    !cell.symbol().is_ascii() && crate::text::width(cell.symbol()) != 1
}

impl<W: Write> Backend for Steady<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        if self.plain {
            return self.draw_plain(content);
        }
        // each call of the inner one starts with a move of the cursor
        let mut run = Vec::new();
        for item in content {
            let ends = is_doubtful(item.2);
            run.push(item);
            if ends {
                self.inner.draw(run.drain(..))?;
            }
        }
        if run.is_empty() { Ok(()) } else { self.inner.draw(run.into_iter()) }
    }

    /// As the next one, part of the picture, and sent with it: `ratatui` shows
    /// the cursor when it ends, and complains on standard error, which is as dead
    /// as the terminal then.
    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.plain { Ok(()) } else { self.inner.write_all(b"\x1b[?25l") }
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if self.plain { Ok(()) } else { self.inner.write_all(b"\x1b[?25h") }
    }

    /// Never asked for: the answer would come among the keys.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(Position::ORIGIN)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let Position { x, y } = position.into();
        write!(self.inner, "\x1b[{};{}H", u32::from(y) + 1, u32::from(x) + 1)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.inner.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.inner.clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        let size = size_of_terminal()?;
        let known = if size.width == 0 || size.height == 0 { USUAL } else { size };
        Ok(Size { width: known.width.min(MOST.width), height: known.height.min(MOST.height) })
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size()?, pixels: Size::ZERO })
    }

    fn flush(&mut self) -> io::Result<()> {
        Write::flush(&mut self.inner)
    }
}

#[cfg(unix)]
fn size_of_terminal() -> io::Result<Size> {
    let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout())?;
    Ok(Size { width: size.ws_col, height: size.ws_row })
}

#[cfg(not(unix))]
fn size_of_terminal() -> io::Result<Size> {
    crossterm::terminal::size().map(|(width, height)| Size { width, height })
}

impl<W: Write> Write for Steady<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Write::flush(&mut self.inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(symbols: &[&'static str], places: &[u16], plain: bool) -> String {
        let mut bytes = Vec::new();
        let cells: Vec<Cell> = symbols.iter().map(|symbol| Cell::new(symbol)).collect();
        Steady::new(&mut bytes, plain)
            .draw(places.iter().zip(&cells).map(|(x, cell)| (*x, 0, cell)))
            .unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn after_a_doubtful_character_the_place_is_said_again() {
        let text = drawn(&["a", "👩‍👩‍👧‍👦", "b", "c"], &[0, 1, 3, 4], false);
        let (_, after) = text.split_once("👩‍👩‍👧‍👦").unwrap();
        assert!(after.contains("\x1b[1;4Hbc"), "{text:?}");
    }

    #[test]
    fn a_vt100_gets_no_more_than_it_knows() {
        let mut cell = Cell::new("b");
        cell.set_style(ratatui::style::Style::new().red().bold().italic());
        let mut bytes = Vec::new();
        Steady::new(&mut bytes, true).draw([(0, 0, &Cell::new("a")), (1, 0, &cell)].into_iter()).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), "\x1b[1;1H\x1b[ma\x1b[;1mb\x1b[m");
        let text = drawn(&["외", "b"], &[0, 2], true);
        assert!(text.contains("외\x1b[1;3H"), "{text:?}");
    }
}

//! Tables: columns side by side where there is room, else a line for each cell.

use pulldown_cmark::Alignment;

use crate::text;
use crate::tui::parts::flow::{Flow, Ink, Piece, Row};
use crate::tui::parts::theme::Tint;

const QUIET: Ink = Ink::of(Tint::Quiet);
/// Columns that no column of a table has less than, if it needs them.
const NARROWEST: usize = 6;
/// Columns of a name before its cell.
const LONGEST_LABEL: usize = 24;
const BETWEEN: &str = " │ ";

/// A table as it is read.
#[derive(Default)]
pub(super) struct Table {
    sides: Vec<Alignment>,
    /// The head is the first.
    rows: Vec<Vec<Flow>>,
    row: Vec<Flow>,
}

impl Table {
    pub(super) fn new(sides: Vec<Alignment>) -> Self {
        Self { sides, ..Self::default() }
    }

    pub(super) fn push(&mut self, cell: Flow) {
        self.row.push(cell);
    }

    pub(super) fn end_row(&mut self) {
        self.rows.push(std::mem::take(&mut self.row));
    }

    /// Laid out in so many columns.
    pub(super) fn rows(self, room: usize) -> Vec<Row> {
        match self.widths(room) {
            Some(widths) => self.beside(&widths),
            None => self.below(room),
        }
    }

    /// How wide each column is; `None` where there is no room for all of them.
    fn widths(&self, room: usize) -> Option<Vec<usize>> {
        let count = self.sides.len();
        let between = text::width(BETWEEN) * count.saturating_sub(1);
        let room = room.checked_sub(between).filter(|room| count > 0 && *room > 0)?;
        let mut widths = vec![1; count];
        for row in &self.rows {
            for (wide, cell) in widths.iter_mut().zip(row) {
                *wide = (*wide).max(text::width(&cell.text)).min(room);
            }
        }
        let least: usize = widths.iter().map(|wide| (*wide).min(NARROWEST)).sum();
        if least > room {
            return None;
        }
        // The widest gives way.
        while widths.iter().sum::<usize>() > room {
            let widest = widths.iter_mut().max()?;
            *widest -= 1;
        }
        Some(widths)
    }

    fn beside(&self, widths: &[usize]) -> Vec<Row> {
        let mut out = Vec::new();
        for (at, row) in self.rows.iter().enumerate() {
            let cells: Vec<Vec<Row>> = row.iter().zip(widths).map(|(cell, wide)| cell.rows(*wide)).collect();
            let height = cells.iter().map(Vec::len).max().unwrap_or(0);
            out.extend((0..height).map(|line| self.across(&cells, widths, line)));
            if at == 0 {
                let line: Vec<String> = widths.iter().map(|wide| "─".repeat(*wide)).collect();
                out.push(Row::of(line.join("─┼─"), QUIET));
            }
        }
        out
    }

    /// One line of the cells of a row.
    fn across(&self, cells: &[Vec<Row>], widths: &[usize], line: usize) -> Row {
        let mut pieces = Vec::new();
        for (at, (cell, wide)) in cells.iter().zip(widths).enumerate() {
            if at > 0 {
                pieces.push(Piece::new(BETWEEN, QUIET));
            }
            let shown = cell.get(line).map(|row| row.0.clone()).unwrap_or_default();
            let used: usize = shown.iter().map(|piece| text::width(&piece.text)).sum();
            let free = wide.saturating_sub(used);
            let before = match self.sides.get(at) {
                Some(Alignment::Right) => free,
                Some(Alignment::Center) => free / 2,
                _ => 0,
            };
            let space = |columns| Piece::new(" ".repeat(columns), Ink::default());
            pieces.push(space(before));
            pieces.extend(shown);
            pieces.push(space(free - before));
        }
        Row(pieces)
    }

    /// Each cell behind the name of its column.
    fn below(self, room: usize) -> Vec<Row> {
        let mut rows = self.rows.into_iter();
        let head: Vec<String> = rows.next().unwrap_or_default().into_iter().map(|cell| cell.text).collect();
        let mut out = Vec::new();
        out.extend(Flow::plain(&head.join(" · "), &[]).rows(room));
        for row in rows {
            out.push(Row::of("─".repeat(room.min(3)), QUIET));
            for (name, cell) in head.iter().zip(row) {
                if !cell.text.is_empty() {
                    let mut label = Flow::default();
                    // However long the name is: it is repeated with every row.
                    label.add(&format!("{}: ", text::fit(name, room.min(LONGEST_LABEL))), QUIET);
                    label.join(cell);
                    out.extend(label.rows(room));
                }
            }
        }
        out
    }
}

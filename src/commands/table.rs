//! Tables without lines, one line a row. An id or a token is never broken, so
//! that it can be copied: titles give way, then whole columns.

use unicode_segmentation::UnicodeSegmentation;

use crate::text;

/// Columns of a terminal between two columns of a table.
const GAP: usize = 2;

/// A column, and how it gives way where the terminal is narrow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    head: &'static str,
    least: usize,
    goes: u8,
    /// Its end is kept, not its beginning.
    ends: bool,
}

impl Column {
    /// One that is never cut.
    pub const fn whole(head: &'static str) -> Self {
        Self { head, least: usize::MAX, goes: 0, ends: false }
    }

    /// One that may be cut down to `least` columns of the terminal.
    pub const fn cut(head: &'static str, least: usize) -> Self {
        Self { head, least, goes: 0, ends: false }
    }

    /// The same for a path: its end says which one it is.
    pub const fn path(head: &'static str, least: usize) -> Self {
        Self { head, least, goes: 0, ends: true }
    }

    /// What stands above it.
    pub const fn head(&self) -> &'static str {
        self.head
    }

    /// Left out where nothing more can be cut; the greatest number goes first.
    pub const fn goes(self, goes: u8) -> Self {
        Self { goes, ..self }
    }
}

/// The table's lines within `room`; without one, everything in full.
pub(super) fn lines(columns: &[Column], rows: Vec<Vec<String>>, room: Option<usize>) -> Vec<String> {
    let heads = columns.iter().map(|column| column.head.to_owned()).collect();
    let rows: Vec<Vec<String>> = std::iter::once(heads)
        .chain(rows.into_iter().map(|row| row.iter().map(|cell| text::clean(cell)).collect()))
        .collect();
    let widths = widths(columns, &rows, room);
    rows.iter().map(|row| line(columns, row, &widths)).collect()
}

fn line(columns: &[Column], row: &[String], widths: &[usize]) -> String {
    let all = columns.iter().zip(row).zip(widths).filter(|(_, width)| **width > 0);
    let cells: Vec<String> = all
        .map(|((column, cell), width)| {
            let end = column.ends.then(|| end_of(cell, *width));
            text::pad(end.as_ref().unwrap_or(cell), *width)
        })
        .collect();
    cells.join(&" ".repeat(GAP)).trim_end().to_owned()
}

/// The end of a text that is too long, behind an ellipsis.
fn end_of(cell: &str, width: usize) -> String {
    if text::width(cell) <= width {
        return cell.to_owned();
    }
    let mut starts = cell.grapheme_indices(true).map(|(at, _)| at);
    let end = starts.find_map(|at| cell.get(at..).filter(|end| text::width(end) < width));
    format!("…{}", end.unwrap_or_default())
}

/// How wide each column is; 0 leaves it out.
fn widths(columns: &[Column], rows: &[Vec<String>], room: Option<usize>) -> Vec<usize> {
    let widest = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| text::width(cell)).max();
    let mut full: Vec<usize> = (0..columns.len()).map(|at| widest(at).unwrap_or(0)).collect();
    let Some(room) = room else { return full };
    for (at, width) in full.iter_mut().enumerate() {
        // A column that says nothing takes no room from those that do.
        if rows.iter().skip(1).all(|row| row.get(at).is_none_or(String::is_empty)) {
            *width = 0;
        }
    }
    loop {
        let widths = narrowed(columns, full.clone(), room);
        let last = (0..columns.len()).filter(|at| full[*at] > 0 && columns[*at].goes > 0);
        match last.max_by_key(|at| columns[*at].goes) {
            Some(at) if taken(&widths) > room => full[at] = 0,
            _ => return widths,
        }
    }
}

/// The widest column that may be cut loses one, until all fit or none can.
fn narrowed(columns: &[Column], mut widths: Vec<usize>, room: usize) -> Vec<usize> {
    while taken(&widths) > room {
        let can = (0..columns.len())
            .filter(|at| widths[*at] > columns[*at].least.max(text::width(columns[*at].head)));
        let Some(at) = can.max_by_key(|at| widths[*at]) else { break };
        widths[at] -= 1;
    }
    widths
}

fn taken(widths: &[usize]) -> usize {
    let shown = widths.iter().filter(|width| **width > 0);
    shown.map(|width| width + GAP).sum::<usize>().saturating_sub(GAP)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 5] = [
        Column::whole("Session"),
        Column::cut("Title", 16),
        Column::path("Project", 12).goes(1),
        Column::cut("Branch", 6).goes(2),
        Column::whole("Age"),
    ];
    const ID: &str = "5f0c2d1e-7a34-4b5c-9d6e-0123456789ab";

    fn table(room: Option<usize>) -> Vec<String> {
        let title = "Retry uploads with jitter, and tell how often that was";
        let row = [ID, title, "/home/dana/src/uploader", "feature/retries", "12 min ago"];
        lines(&COLUMNS, vec![row.map(str::to_owned).to_vec()], room)
    }

    #[test]
    fn an_id_is_whole_on_one_line_however_narrow_it_is() {
        for room in 40..200 {
            let lines = table(Some(room));
            assert_eq!(lines.len(), 2, "{room}: {lines:?}");
            assert!(lines[1].starts_with(ID), "{room}: {lines:?}");
            assert!(room < 66 || lines.iter().all(|line| text::width(line) <= room), "{room}: {lines:?}");
        }
        let eighty = table(Some(80));
        assert!(eighty[0].contains("Title") && eighty[0].contains("Age"), "{eighty:?}");
        assert!(eighty[1].contains("Retry uploads") && eighty[1].contains('…'), "{eighty:?}");
        assert!(eighty[1].ends_with("12 min ago"), "{eighty:?}");
        assert!(
            eighty[1].contains("  …") && eighty[1].contains("uploader  "),
            "a path by its end: {eighty:?}"
        );
    }

    #[test]
    fn where_there_is_room_nothing_is_cut() {
        assert!(!table(None)[1].contains('…') && table(None)[1].contains("feature/retries"));
        assert_eq!(table(Some(200)), table(None));
    }

    #[test]
    fn a_column_without_words_is_left_out_and_nothing_acts_on_the_terminal() {
        let row = ["a", "\u{1b}[31mred\nline", "", "", "now"].map(str::to_owned).to_vec();
        let lines = lines(&COLUMNS, vec![row], Some(80));
        assert_eq!(lines, ["Session  Title     Age", "a        red line  now"]);
    }
}

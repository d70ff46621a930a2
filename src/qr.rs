//! Text to a grid of modules, and how much room it takes on a terminal.

use qrcode::bits::Bits;
use qrcode::types::QrResult;
use qrcode::{Color, EcLevel, QrCode, Version};

/// Modules of light around the code, on each side.
pub const QUIET: usize = 4;

/// Columns and rows of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Columns.
    pub columns: usize,
    /// Rows.
    pub rows: usize,
}

/// How modules stand in cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cells {
    /// Two modules a cell, one above the other.
    Half,
    /// Two cells a module, side by side: for terminals with gaps between rows.
    Full,
}

/// A QR code with its quiet zone.
#[derive(Clone, PartialEq, Eq)]
pub struct Grid {
    side: usize,
    dark: Vec<bool>,
}

/// What it holds may open something.
impl std::fmt::Debug for Grid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Grid({})", self.side)
    }
}

/// Why there is no grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QrError {
    /// The terminal lacks so many columns and rows.
    #[error("the terminal lacks {columns} columns and {rows} rows")]
    TooSmall {
        /// Columns that are missing.
        columns: usize,
        /// Rows that are missing.
        rows: usize,
    },
    /// No QR code holds so much text.
    #[error("this text is too long for a QR code")]
    TooLong,
}

impl Grid {
    /// Modules on each side, the quiet zone included.
    pub fn side(&self) -> usize {
        self.side
    }

    /// Whether the module is dark; outside of the grid nothing is.
    pub fn is_dark(&self, column: usize, row: usize) -> bool {
        column < self.side && self.dark.get(row * self.side + column).copied().unwrap_or(false)
    }

    /// The room it takes.
    pub fn room(&self, cells: Cells) -> Room {
        match cells {
            Cells::Half => Room { columns: self.side, rows: self.side.div_ceil(2) },
            Cells::Full => Room { columns: self.side * 2, rows: self.side },
        }
    }

    fn new(code: &QrCode) -> Self {
        let inner = code.width();
        let side = inner + 2 * QUIET;
        let mut dark = vec![false; side * side];
        for (at, color) in code.to_colors().into_iter().enumerate() {
            dark[(at / inner + QUIET) * side + at % inner + QUIET] = color == Color::Dark;
        }
        Self { side, dark }
    }
}

/// The grid of `text` with the largest error correction that fits.
///
/// Upper-case text packs best; where letter case means nothing, give it in
/// capitals.
pub fn fit(text: &str, room: Room, cells: Cells) -> Result<Grid, QrError> {
    let mut smallest = None;
    for level in [EcLevel::H, EcLevel::Q, EcLevel::M, EcLevel::L] {
        let Some(code) = encode(text, level) else { continue };
        let grid = Grid::new(&code);
        let needs = grid.room(cells);
        if needs.columns <= room.columns && needs.rows <= room.rows {
            return Ok(grid);
        }
        smallest = Some(needs);
    }
    let needs = smallest.ok_or(QrError::TooLong)?;
    Err(QrError::TooSmall {
        columns: needs.columns.saturating_sub(room.columns),
        rows: needs.rows.saturating_sub(room.rows),
    })
}

/// The smallest code. The crate's own choice of segments goes astray where digits
/// and capitals mix, as in our links: two segments are tried as well, and the
/// better of both keeps every web link at 37 modules.
fn encode(text: &str, level: EcLevel) -> Option<QrCode> {
    let own = QrCode::with_error_correction_level(text, level).ok()?;
    let Version::Normal(largest) = own.version() else { return Some(own) };
    let smaller = (1..largest).find_map(|version| two_segments(text, Version::Normal(version), level).ok());
    Some(smaller.unwrap_or(own))
}

/// Bytes up to the last character that the alphanumeric mode lacks, and the rest
/// in that mode.
fn two_segments(text: &str, version: Version, level: EcLevel) -> QrResult<QrCode> {
    let alphanumeric =
        |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase() || b" $%*+-./:".contains(&byte);
    let start = text.bytes().rposition(|byte| !alphanumeric(byte)).map_or(0, |at| at + 1);
    let (bytes, capitals) = text.as_bytes().split_at(start);
    let mut bits = Bits::new(version);
    if !bytes.is_empty() {
        bits.push_byte_data(bytes)?;
    }
    if !capitals.is_empty() {
        bits.push_alphanumeric_data(capitals)?;
    }
    bits.push_terminator(level)?;
    QrCode::with_bits(bits, level)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "PK:8PINXXGQS41N4AIDIDENW5APQP1URFMZDZTR8JT4ABRKDN435EWO/DYBNDRFG8EJKMC";

    #[test]
    fn a_link_fits_80_by_24_with_room_for_its_words() {
        let grid = fit(LINK, Room { columns: 80, rows: 21 }, Cells::Half).unwrap();
        assert_eq!(grid.side(), 33 + 2 * QUIET);
        assert!(
            (0..QUIET)
                .all(|edge| (0..grid.side()).all(|at| !grid.is_dark(edge, at) && !grid.is_dark(at, edge)))
        );
        assert!(grid.is_dark(QUIET, QUIET));
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]
        #[test]
        fn every_web_link_fits_80_by_24(creator in "[13-9A-Z]{52}", secret in "[13-9A-Z]{26}") {
            let link = format!("https://example.org/cclink/#{creator}/L{secret}");
            fit(&link, Room { columns: 56, rows: 23 }, Cells::Half).unwrap();
        }
    }

    #[test]
    fn more_room_gives_more_correction() {
        let small = fit(LINK, Room { columns: 80, rows: 21 }, Cells::Half).unwrap();
        let large = fit(LINK, Room { columns: 200, rows: 60 }, Cells::Half).unwrap();
        assert!(large.side() > small.side());
    }

    #[test]
    fn it_says_how_much_room_is_missing() {
        let error = fit(LINK, Room { columns: 30, rows: 18 }, Cells::Half).unwrap_err();
        assert_eq!(error, QrError::TooSmall { columns: 7, rows: 1 });
        assert_eq!(
            fit(&"x".repeat(4000), Room { columns: 999, rows: 999 }, Cells::Half),
            Err(QrError::TooLong)
        );
    }
}

//! A screen as SVG: text as text, lines and blocks as shapes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::num::NonZeroU16;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;
use vt100::{Color, Parser};

/// A cell, in pixels; the width is that of the usual monospace fonts at 14.
const CELL: (f64, f64) = (8.43, 18.0);
const MARGIN: f64 = 12.0;
/// How dim words and lines are.
const FAINT: &str = " opacity=\".66\"";
const FONTS: &str = "'DejaVu Sans Mono',Menlo,Consolas,'Liberation Mono','Noto Sans Mono CJK SC','Noto Color Emoji',monospace";
/// Wide characters that stand for joined ones while the screen is read: a
/// terminal's model takes those apart.
const STAND_INS: std::ops::RangeInclusive<char> = '\u{2f800}'..='\u{2f8ff}';

/// What the picture is looked at on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paper {
    Dark,
    Light,
}

impl Paper {
    pub const ALL: [Self; 2] = [Self::Dark, Self::Light];

    pub fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
        }
    }

    /// Ink and paper.
    fn own(self) -> (&'static str, &'static str) {
        match self {
            Self::Dark => ("#d7dae0", "#16181d"),
            Self::Light => ("#24292f", "#ffffff"),
        }
    }

    fn color(self, color: Color, default: &str) -> String {
        const DARK: [&str; 8] =
            ["#3b4048", "#f07178", "#9ece6a", "#e5c07b", "#7aa2f7", "#c792ea", "#56c8d8", "#d7dae0"];
        const LIGHT: [&str; 8] =
            ["#24292f", "#b42318", "#1a7f37", "#8a5a00", "#0550ae", "#8250df", "#0b6e7f", "#57606a"];
        match color {
            Color::Default => default.to_owned(),
            Color::Idx(at @ ..16) => {
                let table = if self == Self::Dark { DARK } else { LIGHT };
                table[usize::from(at % 8)].to_owned()
            }
            Color::Idx(at @ 232..) => {
                let level = 8 + 10 * (at - 232);
                format!("#{level:02x}{level:02x}{level:02x}")
            }
            Color::Idx(at) => {
                let step = |part: u8| if part == 0 { 0 } else { 55 + 40 * part };
                let at = at - 16;
                format!("#{:02x}{:02x}{:02x}", step(at / 36), step(at / 6 % 6), step(at % 6))
            }
            Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Style {
    ink: Color,
    paper: Color,
    bold: bool,
    dim: bool,
    underline: bool,
    inverse: bool,
}

#[derive(Clone, Debug)]
struct Cell {
    text: String,
    columns: usize,
    style: Style,
}

/// A screen, cell by cell.
pub struct Sheet {
    rows: Vec<Vec<Cell>>,
    columns: usize,
}

impl Sheet {
    /// The screen after these bytes, on a terminal of this size.
    pub fn of(bytes: &[u8], (columns, rows): (u16, u16)) -> Self {
        let mut joined: Vec<String> = Vec::new();
        let mut simple = String::new();
        for grapheme in String::from_utf8_lossy(bytes).graphemes(true) {
            if grapheme.chars().nth(1).is_some() && grapheme.width() == 2 {
                let at = joined.iter().position(|known| known == grapheme).unwrap_or_else(|| {
                    joined.push(grapheme.to_owned());
                    joined.len() - 1
                });
                simple.push(STAND_INS.clone().nth(at).unwrap());
            } else {
                simple.push_str(grapheme);
            }
        }
        let [height, width] = [rows, columns].map(|n| NonZeroU16::new(n).unwrap());
        let mut parser = Parser::new(height, width, 0);
        parser.process(simple.as_bytes());
        let screen = parser.screen();
        let read = |row: u16| {
            let cells = (0..columns).map(|column| screen.cell(row, column).unwrap());
            let cells = cells.filter(|cell| !cell.is_wide_continuation());
            let cell = |cell: &vt100::Cell| {
                let first = cell.contents().chars().next().filter(|c| STAND_INS.contains(c));
                let at = first.map(|c| u32::from(c) - u32::from(*STAND_INS.start()));
                let text = at.map_or_else(
                    || cell.contents().to_owned(),
                    |at| joined[usize::try_from(at).unwrap()].clone(),
                );
                Cell {
                    text: if text.is_empty() { " ".to_owned() } else { text },
                    columns: if cell.is_wide() { 2 } else { 1 },
                    style: Style {
                        ink: cell.fgcolor(),
                        paper: cell.bgcolor(),
                        bold: cell.bold(),
                        dim: cell.dim(),
                        underline: cell.underline(),
                        inverse: cell.inverse(),
                    },
                }
            };
            cells.map(cell).collect()
        };
        Self { rows: (0..rows).map(read).collect(), columns: columns.into() }
    }

    /// The columns in which cells hold this text, row by row.
    pub fn columns_of(&self, text: &str) -> Vec<usize> {
        let mut found = Vec::new();
        for row in &self.rows {
            let mut column = 0;
            for cell in row {
                if cell.text == text {
                    found.push(column);
                }
                column += cell.columns;
            }
        }
        found
    }

    /// The picture, with words for those who cannot see it.
    pub fn svg(&self, paper: Paper, title: &str) -> String {
        format!("{}{}</svg>\n", self.head(paper, title), self.body(paper))
    }

    /// Its beginning: the paper.
    fn head(&self, paper: Paper, title: &str) -> String {
        let (ink, own_paper) = paper.own();
        #[allow(clippy::cast_precision_loss)] // a screen is small
        let (width, height) = (
            (self.columns as f64).mul_add(CELL.0, 2.0 * MARGIN),
            (self.rows.len() as f64).mul_add(CELL.1, 2.0 * MARGIN),
        );
        let edge = if paper == Paper::Dark { "#30343c" } else { "#d0d7de" };
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
             height=\"{height:.0}\" role=\"img\" font-family=\"{FONTS}\" font-size=\"14\" fill=\"{ink}\">\n\
             <title>{}</title>\n\
             <rect x=\".5\" y=\".5\" width=\"{:.0}\" height=\"{:.0}\" rx=\"8\" fill=\"{own_paper}\" stroke=\"{edge}\"/>\n",
            escape(title),
            width - 1.0,
            height - 1.0
        )
    }

    /// What is on it.
    fn body(&self, paper: Paper) -> String {
        let mut out = String::new();
        let mut layers = Layers::default();
        for (y, row) in self.rows.iter().enumerate() {
            let mut column = 0;
            let mut rest = row.as_slice();
            while let Some(first) = rest.first() {
                let len = run_of(rest);
                let (run, after) = rest.split_at(len);
                let columns = run.iter().map(|cell| cell.columns).sum::<usize>();
                layers.draw(paper, (column, y), columns, run, first.style);
                column += columns;
                rest = after;
            }
        }
        layers.write(&mut out);
        out
    }
}

/// Screens one after the other, each for so many seconds; whoever wants no motion sees
/// the first.
pub fn film(screens: &[(&Sheet, u32)], paper: Paper, title: &str) -> String {
    let Some((first, _)) = screens.first() else { return String::new() };
    let all: u32 = screens.iter().map(|(_, seconds)| seconds).sum();
    let mut out = first.head(paper, title);
    let (mut style, mut from) = (String::new(), 0);
    for (number, (_, seconds)) in screens.iter().enumerate() {
        let percent = |seconds: u32| f64::from(seconds) * 100.0 / f64::from(all);
        let (start, end) = (percent(from), percent(from + seconds));
        let _ = writeln!(
            style,
            "@keyframes k{number}{{0%{{opacity:{}}}{start:.2}%{{opacity:1}}{end:.2}%{{opacity:0}}100%{{opacity:{}}}}}",
            u8::from(number == 0),
            u8::from(number == 0),
        );
        let _ = writeln!(style, "#s{number}{{animation:k{number} {all}s step-end infinite}}");
        from += seconds;
    }
    let _ = writeln!(
        out,
        "<style>\ng{{opacity:0}}\n#s0{{opacity:1}}\n@media (prefers-reduced-motion:no-preference){{\n{style}}}\n</style>"
    );
    for (number, (sheet, _)) in screens.iter().enumerate() {
        let _ = writeln!(out, "<g id=\"s{number}\">\n{}</g>", sheet.body(paper));
    }
    out.push_str("</svg>\n");
    out
}

/// How many cells are drawn as one: of one style, one kind, and without gaps.
fn run_of(cells: &[Cell]) -> usize {
    let first = &cells[0];
    let kind = |cell: &Cell| (cell.columns, shape(&cell.text).is_some(), cell.text == " ");
    if first.columns > 1 {
        return 1;
    }
    let mut len = 1;
    while let Some(cell) = cells.get(len) {
        let space_inside = cell.text == " "
            && kind(first) == (1, false, false)
            && cells.get(len + 1).is_some_and(|next| kind(next) == (1, false, false));
        let same_shape = shape(&cell.text).is_none() || cell.text == first.text;
        if cell.style != first.style || !same_shape || !(kind(cell) == kind(first) || space_inside) {
            break;
        }
        len += 1;
    }
    len
}

/// Lines and blocks are drawn, so that they join whatever the font.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Part of the cell, in eighths: left, top, right, bottom.
    Block(u8, u8, u8, u8),
    /// A level line; thick; in two dashes a cell.
    Level {
        thick: bool,
        dashed: bool,
    },
    Upright,
    /// A round corner, open to the right, to the bottom.
    Corner(bool, bool),
}

fn shape(text: &str) -> Option<Shape> {
    Some(match text {
        "─" => Shape::Level { thick: false, dashed: false },
        "━" => Shape::Level { thick: true, dashed: false },
        "╌" => Shape::Level { thick: false, dashed: true },
        "│" => Shape::Upright,
        "╭" => Shape::Corner(true, true),
        "╮" => Shape::Corner(false, true),
        "╰" => Shape::Corner(true, false),
        "╯" => Shape::Corner(false, false),
        "▌" => Shape::Block(0, 0, 3, 8),
        "▀" => Shape::Block(0, 0, 8, 4),
        "▄" => Shape::Block(0, 4, 8, 8),
        "█" => Shape::Block(0, 0, 8, 8),
        _ => return None,
    })
}

/// What is drawn, gathered by how: grounds below shapes below words.
#[derive(Default)]
struct Layers {
    grounds: BTreeMap<String, String>,
    blocks: BTreeMap<(String, bool), String>,
    lines: BTreeMap<(String, bool, bool), String>,
    words: String,
}

/// The edge of a column, on a whole pixel, so that neighbours leave no seam.
#[allow(clippy::cast_precision_loss)] // a screen is small
fn edge(column: usize) -> f64 {
    (column as f64).mul_add(CELL.0, MARGIN).round()
}

#[allow(clippy::cast_precision_loss)] // a screen is small
fn top(row: usize) -> f64 {
    (row as f64).mul_add(CELL.1, MARGIN)
}

fn block(d: &mut String, left: f64, top: f64, right: f64, bottom: f64) {
    let (width, height) = (right - left, bottom - top);
    let _ = write!(d, "M{left} {top}h{width}v{height}h-{width}z");
}

impl Layers {
    fn draw(
        &mut self,
        paper: Paper,
        (column, row): (usize, usize),
        columns: usize,
        run: &[Cell],
        style: Style,
    ) {
        let (own_ink, own_paper) = paper.own();
        let (mut ink, mut ground) = (paper.color(style.ink, own_ink), paper.color(style.paper, own_paper));
        if style.inverse {
            std::mem::swap(&mut ink, &mut ground);
        }
        let (x, y) = (edge(column), top(row));
        if ground != own_paper {
            block(self.grounds.entry(ground).or_default(), x, y, edge(column + columns), y + CELL.1);
        }
        let words: String = run.iter().map(|cell| cell.text.as_str()).collect();
        if words.trim().is_empty() {
            return;
        }
        if let Some(shape) = shape(&run[0].text) {
            return self.shape(shape, (column, row), run.len(), &ink, style.dim);
        }
        let fill = if ink == own_ink { String::new() } else { format!(" fill=\"{ink}\"") };
        let bold = if style.bold { " font-weight=\"bold\"" } else { "" };
        let under = if style.underline { " text-decoration=\"underline\"" } else { "" };
        let faint = if style.dim { FAINT } else { "" };
        let (width, base) = (edge(column + columns) - x, y + 13.5);
        // the font of whoever looks may be wider or narrower
        let _ = writeln!(
            self.words,
            "<text x=\"{x}\" y=\"{base}\" textLength=\"{width}\" lengthAdjust=\"spacingAndGlyphs\" \
             xml:space=\"preserve\"{fill}{bold}{under}{faint}>{}</text>",
            escape(&words)
        );
    }

    fn shape(&mut self, shape: Shape, (column, row): (usize, usize), count: usize, ink: &str, dim: bool) {
        let (left, right, y) = (edge(column), edge(column + count), top(row));
        let (middle, below) = (y + CELL.1 / 2.0, y + CELL.1);
        match shape {
            Shape::Block(from, upper, to, lower) => {
                let d = self.blocks.entry((ink.to_owned(), dim)).or_default();
                let part = |eighths: u8| (f64::from(eighths) / 8.0 * CELL.1).round();
                if (from, to) == (0, 8) {
                    return block(d, left, y + part(upper), right, y + part(lower));
                }
                for at in column..column + count {
                    let wide = (f64::from(to) / 8.0 * CELL.0).round();
                    block(d, edge(at), y + part(upper), edge(at) + wide, y + part(lower));
                }
            }
            Shape::Level { thick, dashed: false } => {
                let d = self.lines.entry((ink.to_owned(), thick, dim)).or_default();
                let _ = write!(d, "M{left} {middle}H{right}");
            }
            Shape::Level { thick, dashed: true } => {
                let d = self.lines.entry((ink.to_owned(), thick, dim)).or_default();
                for at in column..column + count {
                    let x = edge(at);
                    let _ = write!(d, "M{} {middle}h2M{} {middle}h2", x + 1.0, x + 5.0);
                }
            }
            Shape::Upright => {
                let d = self.lines.entry((ink.to_owned(), false, dim)).or_default();
                for at in column..column + count {
                    let _ = write!(d, "M{} {y}V{below}", edge(at) + 4.0);
                }
            }
            Shape::Corner(to_right, to_bottom) => {
                let d = self.lines.entry((ink.to_owned(), false, dim)).or_default();
                let (x, end) = (left + 4.0, if to_right { right } else { left });
                let (start, bend) = if to_bottom { (below, middle + 4.0) } else { (y, middle - 4.0) };
                let _ = write!(d, "M{x} {start}V{bend}Q{x} {middle} {end} {middle}");
            }
        }
    }

    fn write(self, out: &mut String) {
        for (ground, d) in self.grounds {
            let _ = writeln!(out, "<path fill=\"{ground}\" shape-rendering=\"crispEdges\" d=\"{d}\"/>");
        }
        let faint = |dim| if dim { FAINT } else { "" };
        for ((ink, dim), d) in self.blocks {
            let faint = faint(dim);
            let _ = writeln!(out, "<path fill=\"{ink}\"{faint} shape-rendering=\"crispEdges\" d=\"{d}\"/>");
        }
        for ((ink, thick, dim), d) in self.lines {
            let (width, faint) = (if thick { 2 } else { 1 }, faint(dim));
            let _ = writeln!(
                out,
                "<path fill=\"none\" stroke=\"{ink}\" stroke-width=\"{width}\"{faint} d=\"{d}\"/>"
            );
        }
        out.push_str(&self.words);
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Whether tags are closed in order and nothing stands there unescaped.
pub fn check(svg: &str) -> Result<(), String> {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = svg;
    let mut tags = 0;
    while let Some(at) = rest.find('<') {
        let (text, tag) = rest.split_at(at);
        for piece in text.split('&').skip(1) {
            if !["amp;", "lt;", "gt;"].iter().any(|known| piece.starts_with(known)) {
                return Err(format!("a bare & in {text:?}"));
            }
        }
        let end = tag.find('>').ok_or("a tag that never ends")?;
        let (inside, after) = (&tag[1..end], &tag[end + 1..]);
        if inside.contains('<') || inside.matches('"').count() % 2 == 1 {
            return Err(format!("a broken tag <{inside}>"));
        }
        let name = inside.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        if inside.starts_with('/') {
            let last = open.pop();
            if last != Some(name) {
                return Err(format!("</{name}> closes {last:?}"));
            }
        } else if !inside.ends_with('/') {
            open.push(name);
        }
        tags += 1;
        rest = after;
    }
    if tags == 0 || !open.is_empty() || !svg.starts_with("<svg ") && !svg.starts_with("<svg>") {
        return Err(format!("still open: {open:?}"));
    }
    Ok(())
}

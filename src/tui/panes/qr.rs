//! What a phone opens: full screen, dark on light whatever the theme.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::Line;

use crate::qr::{Cells, Grid, QrError, Room, fit};
use crate::text;
use crate::tui::message::{AudienceKind, Context, Effect, Intent, Listed, Now};
use crate::tui::parts::{Look, View, lines, wrap};

/// One thing the QR can hold.
#[derive(Debug)]
struct Content {
    /// What it is.
    name: &'static str,
    /// As shown and copied.
    text: String,
    /// As encoded: capitals pack best where letter case means nothing. `None`:
    /// not to be drawn, and why.
    encoded: Result<String, &'static str>,
    /// What to do with it.
    hint: String,
}

/// The view's state.
#[derive(Debug)]
pub struct Qr {
    contents: Vec<Content>,
    at: usize,
    cells: Cells,
    room: Rect,
    grid: Option<Result<Grid, QrError>>,
}

impl Qr {
    /// The QR of a handoff.
    pub fn new(row: &Listed) -> Self {
        Self { contents: contents(row), at: 0, cells: Cells::Half, room: Rect::default(), grid: None }
    }

    fn content(&self) -> Option<&Content> {
        self.contents.get(self.at)
    }

    /// Builds the grid for the room and content there are; never in `draw`.
    fn build(&mut self) {
        let under = u16::try_from(self.words_under(self.room.width).len()).unwrap_or(0);
        let rows = usize::from(self.room.height.saturating_sub(under));
        let room = Room { columns: usize::from(self.room.width), rows };
        self.grid = self
            .content()
            .and_then(|content| content.encoded.as_ref().ok())
            .map(|text| fit(text, room, self.cells));
    }

    fn words_under(&self, width: u16) -> Vec<(bool, String)> {
        let Some(content) = self.content() else { return Vec::new() };
        let columns = usize::from(width).max(1);
        let mut out: Vec<(bool, String)> =
            wrap(&content.text, columns).into_iter().map(|line| (true, line)).collect();
        out.push((false, text::fit(&content.hint, columns)));
        out
    }

    fn draw_words(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let words = self.words_under(area.width);
        let shown: Vec<Line<'_>> = words
            .into_iter()
            .map(|(strong, line)| {
                Line::styled(line, if strong { look.theme.text } else { look.theme.quiet }).centered()
            })
            .collect();
        lines(frame, area, &shown);
    }

    /// Why nothing is drawn, with the text itself.
    fn draw_without(&self, frame: &mut Frame<'_>, area: Rect, why: &str, look: &Look<'_>) {
        let columns = usize::from(area.width.saturating_sub(4)).max(1);
        let name = self.content().map_or("", |content| content.name);
        let text = self.content().map_or("", |content| content.text.as_str());
        let mut out = vec![Line::styled(text::fit(name, columns), look.theme.strong), Line::default()];
        out.extend(wrap(text, columns).into_iter().map(|line| Line::styled(line, look.theme.accent)));
        out.push(Line::default());
        out.extend(wrap(why, columns).into_iter().map(|line| Line::styled(line, look.theme.quiet)));
        let inner = Rect { x: area.x + 2.min(area.width), width: area.width.saturating_sub(4), ..area };
        lines(frame, inner, &out);
    }
}

/// What the QR of this handoff can hold, first what a reader opens.
fn contents(row: &Listed) -> Vec<Content> {
    let mut out = Vec::new();
    let hint = match row.audience.kind {
        AudienceKind::Devices => "the link, for cclink on one of your devices",
        AudienceKind::Share => "the link, for cclink of the contact it is for",
        AudienceKind::Pin => "the link, for cclink; the PIN is asked for there",
        AudienceKind::Link => "anyone with this link can pick it up",
    };
    if let Some(link) = &row.link {
        let encoded = if row.audience.kind == AudienceKind::Link {
            Err(
                "This link holds its secret, which no phone's camera app should see. Set `web` in the config to an address \
                 where the cclink page is served, and it is drawn as a web link. Until then: y copies the link.",
            )
        } else {
            Ok(link.to_uppercase())
        };
        out.push(Content { name: "The link", text: link.clone(), encoded, hint: hint.to_owned() });
    }
    let command = format!("cclink pickup {}", row.token);
    let hint = "the command, for a terminal that has cclink".to_owned();
    out.push(Content { name: "The command", text: command.clone(), encoded: Ok(command), hint });
    out
}

/// Draws a grid with its top left corner at the area's. Indexed colours of its
/// own: the theme's black and white may be anything.
fn draw_grid(frame: &mut Frame<'_>, area: Rect, grid: &Grid, cells: Cells) {
    let color = |dark: bool| if dark { Color::Indexed(16) } else { Color::Indexed(231) };
    let buffer = frame.buffer_mut();
    for y in 0..area.height {
        for x in 0..area.width {
            let (column, row) = (usize::from(x), usize::from(y));
            let Some(cell) = buffer.cell_mut((area.x + x, area.y + y)) else { continue };
            match cells {
                Cells::Half => {
                    let (upper, lower) = (grid.is_dark(column, row * 2), grid.is_dark(column, row * 2 + 1));
                    cell.set_symbol("▀").set_style(Style::reset().fg(color(upper)).bg(color(lower)));
                }
                Cells::Full => {
                    let dark = grid.is_dark(column / 2, row);
                    cell.set_symbol(" ").set_style(Style::reset().fg(color(dark)).bg(color(dark)));
                }
            }
        }
    }
}

impl View for Qr {
    fn context(&self) -> Context {
        Context::Qr
    }

    fn handle(&mut self, intent: Intent, _now: &Now) -> Vec<Effect> {
        match intent {
            Intent::Back => return vec![Effect::Close],
            Intent::CopyText => {
                return self
                    .content()
                    .map(|content| Effect::Copy(content.text.clone(), content.name))
                    .into_iter()
                    .collect();
            }
            Intent::NextContent => self.at = (self.at + 1) % self.contents.len().max(1),
            Intent::FullCells => {
                self.cells = if self.cells == Cells::Half { Cells::Full } else { Cells::Half }
            }
            _ => return Vec::new(),
        }
        self.build();
        Vec::new()
    }

    fn set_room(&mut self, room: Rect) {
        self.room = room;
        self.build();
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let grid = match (&self.grid, self.content().map(|content| &content.encoded)) {
            (Some(Ok(grid)), _) => grid,
            (Some(Err(QrError::TooSmall { columns, rows })), _) => {
                let other = if self.cells == Cells::Full { " f draws it smaller." } else { "" };
                let why =
                    format!("To show this as a QR the terminal needs {}.{other}", missing(*columns, *rows));
                return self.draw_without(frame, area, &why, look);
            }
            (Some(Err(QrError::TooLong)), _) => {
                return self.draw_without(frame, area, "This text is too long for a QR.", look);
            }
            (None, Some(Err(why))) => return self.draw_without(frame, area, why, look),
            (None, _) => return self.draw_without(frame, area, "There is nothing to show.", look),
        };
        let room = grid.room(self.cells);
        let (width, height) =
            (u16::try_from(room.columns).unwrap_or(u16::MAX), u16::try_from(room.rows).unwrap_or(u16::MAX));
        let under = u16::try_from(self.words_under(area.width).len()).unwrap_or(0);
        let spare = area.height.saturating_sub(height + under);
        let place = Rect::new(
            area.x + area.width.saturating_sub(width) / 2,
            area.y + spare / 2,
            width.min(area.width),
            height.min(area.height),
        );
        draw_grid(frame, place, grid, self.cells);
        let words = Rect {
            y: place.bottom(),
            height: under.min(area.bottom().saturating_sub(place.bottom())),
            ..area
        };
        self.draw_words(frame, words, look);
    }
}

fn missing(columns: usize, rows: usize) -> String {
    let count = |n: usize, one: &str| format!("{n} more {one}{}", if n == 1 { "" } else { "s" });
    match (columns, rows) {
        (0, rows) => count(rows, "row"),
        (columns, 0) => count(columns, "column"),
        (columns, rows) => format!("{} and {}", count(columns, "column"), count(rows, "row")),
    }
}

//! What a phone opens: full screen, dark on light whatever the theme.

mod contents;
mod head;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::Line;

use self::contents::{Content, contents};
use self::head::Done;
use super::moment;
use crate::qr::{Cells, Grid, QrError, Room, fit};
use crate::text;
use crate::tui::message::{
    Action, AudienceKind, Context, Effect, Intent, Listed, Note, Now, Published, Report, State, Step, Tone,
    Verb,
};
use crate::tui::parts::{Look, View, lines, wrap};

/// How far the phone pass of the handoff has come.
#[derive(Debug, PartialEq, Eq)]
enum Pass {
    /// There is none.
    No,
    Making,
    /// It is the first of the contents, and has this token.
    Shown(String),
}

/// The view's state.
#[derive(Debug)]
pub struct Qr {
    /// The handoff.
    row: Listed,
    /// What was said of it when it was published; nothing for one that was
    /// opened from the list.
    done: Done,
    /// Where the page for phones is served.
    page: Option<String>,
    pass: Pass,
    contents: Vec<Content>,
    at: usize,
    cells: Cells,
    room: Rect,
    grid: Option<Result<Grid, QrError>>,
    /// The words stand beside the code: under it they have no room.
    beside: bool,
}

/// What a line of words is.
#[derive(Clone, Copy)]
enum Part {
    Text,
    Hint,
    Offer,
}

/// Columns that the words take at least when they stand beside the code.
const BESIDE: u16 = 24;

impl Qr {
    /// The QR of a handoff; `web` is where the page for phones is served.
    pub fn new(row: &Listed, web: Option<&str>) -> Self {
        Self {
            row: row.clone(),
            done: Done::new(),
            page: web.map(str::to_owned),
            pass: Pass::No,
            contents: contents(row, web),
            at: 0,
            cells: Cells::Half,
            room: Rect::default(),
            grid: None,
            beside: false,
        }
    }

    /// The same of one that was just published, with what to say of it.
    pub fn made(published: &Published, words: Vec<String>, web: Option<&str>) -> Self {
        Self { done: words, ..Self::new(&published.row(), web) }
    }

    /// Only a key opens it, so that a phone needs a pass.
    fn is_keyed(&self) -> bool {
        matches!(self.row.audience.kind, AudienceKind::Devices | AudienceKind::Share)
    }

    /// What is known of it by now. Opened without its link, which a locked key
    /// cannot tell, it shows that as soon as it can; what is looked at stays.
    fn complete(&mut self, row: &Listed) {
        if row.token != self.row.token {
            return;
        }
        let lacked_link = self.row.link.is_none();
        let link = row.link.clone().or_else(|| self.row.link.take());
        self.row = Listed { link, ..row.clone() };
        if !lacked_link || row.link.is_none() {
            return;
        }
        let name = self.content().map(|content| content.name);
        self.contents = contents(row, self.page.as_deref());
        self.at = self.contents.iter().position(|content| Some(content.name) == name).unwrap_or(0);
        self.build();
    }

    fn content(&self) -> Option<&Content> {
        self.contents.get(self.at)
    }

    /// Builds the grid for the room and content there are; never in `draw`.
    fn build(&mut self) {
        let under = self.rows_under(self.room.width).saturating_add(self.rows_over(self.room.width));
        let room = |columns: u16, rows: u16| Room { columns: columns.into(), rows: rows.into() };
        let text = self.content().and_then(|content| content.encoded.as_deref().ok());
        let below = room(self.room.width, self.room.height.saturating_sub(under));
        let grid = text.map(|text| fit(text, below, self.cells));
        let aside = room(self.room.width.saturating_sub(BESIDE), self.room.height);
        let other = text.map(|text| fit(text, aside, self.cells));
        self.beside = matches!(
            (&grid, &other),
            (Some(Err(_)), Some(Ok(_) | Err(QrError::TooSmall { columns: 0, .. })))
        );
        self.grid = if self.beside { other } else { grid };
    }

    fn rows_under(&self, width: u16) -> u16 {
        u16::try_from(self.words_under(width, "").len()).unwrap_or(0)
    }

    fn rows_over(&self, width: u16) -> u16 {
        u16::try_from(head::height(&self.row, &self.done, usize::from(width).max(1))).unwrap_or(0)
    }

    /// The words at the right of the code, as many as there is room for.
    fn draw_beside(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let Some(content) = self.content() else { return };
        let columns = usize::from(area.width).max(8);
        let place = format!("{} · {} of {}", content.name, self.at + 1, self.contents.len());
        let mut out = head::beside(&self.row, &self.done, columns, look);
        out.push(Line::default());
        out.push(Line::styled(text::fit(&place, columns), look.theme.strong));
        out.extend(wrap(&content.hint, columns).into_iter().map(|line| Line::styled(line, look.theme.quiet)));
        out.push(Line::default());
        out.extend(wrap(&content.text, columns).into_iter().map(|line| Line::styled(line, look.theme.text)));
        out.extend(self.offer_lines(columns, look));
        lines(frame, area, &out);
    }

    /// What a phone without a key can be given, where this is of no use to it.
    fn offer(&self, spinner: &str) -> Option<String> {
        match self.pass {
            Pass::No if self.is_keyed() && self.page.is_none() => {
                Some("p: how to open this on a phone".to_owned())
            }
            Pass::No if self.is_keyed() => {
                Some("p makes a phone pass: opens on any phone, once, within 15 min".to_owned())
            }
            Pass::Making => Some(format!("{spinner} making a phone pass · Esc cancels")),
            _ => None,
        }
    }

    /// The same under an empty line.
    fn offer_lines(&self, columns: usize, look: &Look<'_>) -> Vec<Line<'static>> {
        let Some(offer) = self.offer(look.spinner()) else { return Vec::new() };
        let told = wrap(&offer, columns).into_iter().map(|line| Line::styled(line, look.theme.accent));
        std::iter::once(Line::default()).chain(told).collect()
    }

    fn words_under(&self, width: u16, spinner: &str) -> Vec<(Part, String)> {
        let Some(content) = self.content() else { return Vec::new() };
        let columns = usize::from(width).max(1);
        let told = |part, words: &str| wrap(words, columns).into_iter().map(move |line| (part, line));
        let mut out: Vec<(Part, String)> = told(Part::Text, &content.text).collect();
        let place = if self.contents.len() > 1 {
            format!(" · {} of {}", self.at + 1, self.contents.len())
        } else {
            String::new()
        };
        out.extend(told(Part::Hint, &format!("{}{place}", content.hint)));
        if let Some(offer) = self.offer(spinner) {
            out.extend(told(Part::Offer, &offer));
        }
        out
    }

    fn draw_words(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let style = |part| match part {
            Part::Text => look.theme.text,
            Part::Hint => look.theme.quiet,
            Part::Offer => look.theme.accent,
        };
        let words = self.words_under(area.width, look.spinner());
        let shown: Vec<Line<'_>> =
            words.into_iter().map(|(part, line)| Line::styled(line, style(part)).centered()).collect();
        lines(frame, area, &shown);
    }

    /// Asks for a phone pass, or says why there is none to be had.
    fn ask_for_pass(&mut self) -> Vec<Effect> {
        let note = match self.pass {
            Pass::No if self.page.is_some() => {
                return vec![Effect::Run(Action::PhonePass(self.row.token.clone()))];
            }
            Pass::No => lacks_page(),
            Pass::Making => Note::new(Tone::Plain, "The phone pass is being made."),
            Pass::Shown(_) => {
                self.at = 0;
                self.build();
                return Vec::new();
            }
        };
        vec![Effect::Say(note)]
    }

    /// The pass is out: it is what is shown now.
    fn show_pass(&mut self, pass: &Published, now: &Now) {
        self.drop_pass();
        let until = moment((pass.expires_at - now.utc()).num_seconds(), now);
        if let Some(content) = Content::of_pass(pass, &until) {
            self.contents.insert(0, content);
            (self.pass, self.at) = (Pass::Shown(pass.token.clone()), 0);
        }
        self.build();
    }

    /// The pass is over, or was never made.
    fn drop_pass(&mut self) {
        if let Pass::Shown(_) = std::mem::replace(&mut self.pass, Pass::No) {
            self.contents.remove(0);
            self.at = self.at.saturating_sub(1);
        }
        self.build();
    }

    /// Whether this row says that a phone took the pass.
    fn is_used(&self, row: &Listed) -> bool {
        row.state == State::Burned && self.pass == Pass::Shown(row.token.clone())
    }

    /// Why nothing is drawn, with the text itself.
    fn draw_without(&self, frame: &mut Frame<'_>, area: Rect, why: &str, look: &Look<'_>) {
        let columns = usize::from(area.width.saturating_sub(4)).max(1);
        let name = self.content().map_or("", |content| content.name);
        let name = format!("{name} · {} of {}", self.at + 1, self.contents.len());
        let text = self.content().map_or("", |content| content.text.as_str());
        let mut out = head::beside(&self.row, &self.done, columns, look);
        out.push(Line::default());
        out.push(Line::styled(text::fit(&name, columns), look.theme.quiet));
        out.extend(wrap(text, columns).into_iter().map(|line| Line::styled(line, look.theme.accent)));
        out.push(Line::default());
        out.extend(wrap(why, columns).into_iter().map(|line| Line::styled(line, look.theme.quiet)));
        out.extend(self.offer_lines(columns, look));
        let inner = Rect { x: area.x + 2.min(area.width), width: area.width.saturating_sub(4), ..area };
        lines(frame, inner, &out);
    }
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
        if self.is_keyed() { Context::KeyedQr } else { Context::Qr }
    }

    fn offers(&self, intent: Intent) -> bool {
        match intent {
            Intent::NextContent => self.contents.len() > 1,
            Intent::FullCells => self.grid.is_some(),
            _ => true,
        }
    }

    fn handle(&mut self, intent: Intent, _now: &Now) -> Vec<Effect> {
        match intent {
            Intent::Back | Intent::Accept => return vec![Effect::Close],
            Intent::PhonePass => return self.ask_for_pass(),
            Intent::CopyText => {
                return self
                    .content()
                    .map(|content| Effect::Copy(content.text.clone(), content.name))
                    .into_iter()
                    .collect();
            }
            Intent::NextContent if self.contents.len() < 2 => {
                return vec![Effect::Say(Note::new(Tone::Plain, "Nothing else to show for this one."))];
            }
            Intent::FullCells if self.grid.is_none() => {
                return vec![Effect::Say(Note::new(Tone::Plain, "No QR code for this one."))];
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

    fn report(&mut self, report: &Report, now: &Now) -> Vec<Effect> {
        match report {
            Report::Started(Verb::PhonePass) => {
                self.pass = Pass::Making;
                self.build();
            }
            Report::PhonePass(of, pass) if *of == self.row.token => self.show_pass(pass, now),
            // one of an earlier view may still be ending
            Report::PassEnded(pass, _) if self.pass == Pass::Shown(pass.clone()) => self.drop_pass(),
            Report::Failed(Verb::PhonePass, _) if self.pass == Pass::Making => self.drop_pass(),
            // its end is looked at, and told
            Report::Step(Step::Listed(row)) if self.is_used(row) => {
                return vec![Effect::Stop(Verb::PhonePass)];
            }
            Report::Step(Step::Listed(row)) => self.complete(row),
            Report::Listed(rows, _) => rows.iter().for_each(|row| self.complete(row)),
            _ => {}
        }
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
                let other = if self.cells == Cells::Full { " f makes it smaller." } else { "" };
                let why = format!(
                    "Terminal too small for this QR code: it needs {}.{other}",
                    missing(*columns, *rows)
                );
                return self.draw_without(frame, area, &why, look);
            }
            (Some(Err(QrError::TooLong)), _) => {
                return self.draw_without(frame, area, "This text is too long for a QR code.", look);
            }
            (None, Some(Err(why))) => return self.draw_without(frame, area, why, look),
            (None, _) => return self.draw_without(frame, area, "Nothing to show.", look),
        };
        let room = grid.room(self.cells);
        let (width, height) =
            (u16::try_from(room.columns).unwrap_or(u16::MAX), u16::try_from(room.rows).unwrap_or(u16::MAX));
        if self.beside {
            let place = Rect::new(area.x, area.y, width.min(area.width), height.min(area.height));
            draw_grid(frame, place, grid, self.cells);
            let x = (place.right() + 2).min(area.right());
            return self.draw_beside(frame, Rect { x, width: area.right() - x, ..area }, look);
        }
        let (over, under) = (self.rows_over(area.width), self.rows_under(area.width));
        let spare = area.height.saturating_sub(height + under + over);
        let top = area.y + spare / 2;
        let columns = usize::from(area.width).max(1);
        let head = head::over(&self.row, &self.done, columns, look);
        let head: Vec<Line<'_>> = head.into_iter().map(Line::centered).collect();
        lines(frame, Rect { y: top, height: over.min(area.bottom().saturating_sub(top)), ..area }, &head);
        let place = Rect::new(
            area.x + area.width.saturating_sub(width) / 2,
            (top + over).min(area.bottom()),
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

/// What a phone pass lacks where no page is served.
pub fn lacks_page() -> Note {
    Note::new(Tone::Plain, "Phones need the cclink page.")
        .line("`cclink web` writes it; set `web` to its address. See “On a phone” in the README.")
}

fn missing(columns: usize, rows: usize) -> String {
    let count = |n: usize, one: &str| format!("{n} more {one}{}", if n == 1 { "" } else { "s" });
    match (columns, rows) {
        (0, rows) => count(rows, "row"),
        (columns, 0) => count(columns, "column"),
        (columns, rows) => format!("{} and {}", count(columns, "column"), count(rows, "row")),
    }
}

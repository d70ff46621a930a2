//! What a phone opens: full screen, dark on light whatever the theme.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::Line;

use crate::qr::{Cells, Grid, QrError, Room, fit};
use crate::text;
use crate::tui::message::{AudienceKind, Context, Effect, Intent, Listed, Note, Now, Tone};
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
    /// The words stand beside the code: under it they have no room.
    beside: bool,
}

/// Columns that the words take at least when they stand beside the code.
const BESIDE: u16 = 24;

impl Qr {
    /// The QR of a handoff; `web` is where the page for phones is served.
    pub fn new(row: &Listed, web: Option<&str>) -> Self {
        Self {
            contents: contents(row, web),
            at: 0,
            cells: Cells::Half,
            room: Rect::default(),
            grid: None,
            beside: false,
        }
    }

    fn content(&self) -> Option<&Content> {
        self.contents.get(self.at)
    }

    /// Builds the grid for the room and content there are; never in `draw`.
    fn build(&mut self) {
        let under = u16::try_from(self.words_under(self.room.width).len()).unwrap_or(0);
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

    /// The words at the right of the code, as many as there is room for.
    fn draw_beside(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let Some(content) = self.content() else { return };
        let columns = usize::from(area.width).max(8);
        let place = format!("{} · {} of {}", content.name, self.at + 1, self.contents.len());
        let mut out = vec![Line::styled(text::fit(&place, columns), look.theme.strong)];
        out.extend(wrap(&content.hint, columns).into_iter().map(|line| Line::styled(line, look.theme.quiet)));
        out.push(Line::default());
        out.extend(wrap(&content.text, columns).into_iter().map(|line| Line::styled(line, look.theme.text)));
        lines(frame, area, &out);
    }

    fn words_under(&self, width: u16) -> Vec<(bool, String)> {
        let Some(content) = self.content() else { return Vec::new() };
        let columns = usize::from(width).max(1);
        let mut out: Vec<(bool, String)> =
            wrap(&content.text, columns).into_iter().map(|line| (true, line)).collect();
        let place = if self.contents.len() > 1 {
            format!(" · {} of {}", self.at + 1, self.contents.len())
        } else {
            String::new()
        };
        let hint = wrap(&format!("{}{place}", content.hint), columns);
        out.extend(hint.into_iter().map(|line| (false, line)));
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

/// What the QR of this handoff can hold, first what a phone opens.
fn contents(row: &Listed, web: Option<&str>) -> Vec<Content> {
    let mut out = Vec::new();
    let drawn = |name, text: String, hint: String| Content { name, encoded: Ok(text.clone()), text, hint };
    let secret = row.audience.kind == AudienceKind::Link;
    if let Some(link) = &row.web_link {
        let once = if row.burn_after_read { ", once" } else { "" };
        let hint = match row.audience.kind {
            AudienceKind::Link => format!("opens in any phone's browser{once}"),
            AudienceKind::Pin => format!("opens in any phone's browser, which asks for the PIN{once}"),
            _ => "a web page; it opens where one of its readers' keys is".to_owned(),
        };
        out.push(drawn("The page", link.clone(), hint));
    }
    if let Some(address) = &row.ssh {
        let run = match row.audience.kind {
            AudienceKind::Devices => format!("{} --exec", pickup_command(row)),
            _ => format!("claude --resume {} in its project", row.session_id),
        };
        let hint = format!("opens an SSH app; then run {run}");
        out.push(drawn("The SSH address", format!("ssh://{address}"), hint));
        out.push(drawn("The SSH command", ssh_command(row, address), "for a terminal with SSH".to_owned()));
    }
    let link = row.link.as_ref().map(|link| {
        let hint = match row.audience.kind {
            AudienceKind::Devices => "the link, for cclink on one of your devices",
            AudienceKind::Share => "the link, for cclink of the contact it is for",
            AudienceKind::Pin => "the link, for cclink; the PIN is asked for there",
            AudienceKind::Link => "anyone with this link can pick it up",
        };
        let encoded =
            if secret { Err(why_no_secret(web, row.web_link.is_some())) } else { Ok(link.to_uppercase()) };
        Content { name: "The link", text: link.clone(), encoded, hint: hint.to_owned() }
    });
    if secret {
        // its command would hold the secret too
        out.extend(link);
        return out;
    }
    let hint = "the command, for a terminal that has cclink".to_owned();
    let command = drawn("The command", pickup_command(row), hint);
    // with nothing that a phone opens, the link comes first: it says whose it is
    if out.is_empty() {
        out.extend(link.into_iter().chain([command]));
    } else {
        out.extend([command].into_iter().chain(link));
    }
    out
}

/// A secret goes into no code but the page's.
fn why_no_secret(web: Option<&str>, has_page: bool) -> &'static str {
    if has_page {
        "The link holds its secret and is for cclink; a phone opens its page: Tab. y copies the link."
    } else if web.is_some() {
        "This link holds its secret; its page can be told when your key is unlocked. Until then: y copies the link."
    } else {
        "This link holds its secret, which no phone's camera app should see. Set `web` in the config (`cclink config`) to an \
         address where the cclink page is served, and it is drawn as a web link. Until then: y copies the link."
    }
}

/// What its reader types; a token alone is found by my own devices only.
fn pickup_command(row: &Listed) -> String {
    match (row.audience.kind, &row.link) {
        (AudienceKind::Share, Some(link)) => format!("cclink pickup {link}"),
        (AudienceKind::Pin, Some(link)) => format!("cclink pickup --pin {link}"),
        _ => format!("cclink pickup {}", row.token),
    }
}

/// Into the session where it lives: my own device picks up its own token, and
/// needs no key for what it gave to others.
fn ssh_command(row: &Listed, address: &str) -> String {
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => (host, format!("-p {port} ")),
        _ => (address, String::new()),
    };
    if row.audience.kind == AudienceKind::Devices {
        return format!("ssh -t {port}{host} cclink pickup {} --exec", row.token);
    }
    let resume = format!("claude --resume {}", row.session_id);
    let remote = shlex::try_quote(&row.project)
        .ok()
        .and_then(|project| shlex::try_quote(&format!("cd {project} && {resume}")).ok().map(Into::into));
    let remote: String = remote.unwrap_or(resume);
    format!("ssh -t {port}{host} {remote}")
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
            Intent::NextContent if self.contents.len() < 2 => {
                return vec![Effect::Say(Note::new(
                    Tone::Plain,
                    "There is nothing else to show of this one.",
                ))];
            }
            Intent::FullCells if self.grid.is_none() => {
                return vec![Effect::Say(Note::new(Tone::Plain, "There is no code here to draw."))];
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
        if self.beside {
            let place = Rect::new(area.x, area.y, width.min(area.width), height.min(area.height));
            draw_grid(frame, place, grid, self.cells);
            let x = (place.right() + 2).min(area.right());
            return self.draw_beside(frame, Rect { x, width: area.right() - x, ..area }, look);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::message::{AudienceView, State};

    const LINK: &str = "pk:8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo/dybndrfg8ejkmc";

    fn row(kind: AudienceKind) -> Listed {
        Listed {
            token: "dybndrfg8ejkmc".into(),
            audience: AudienceView { kind, name: None },
            session_id: "00000001-1111-4222-8333-444455556666".into(),
            project: "/home/dana/web shop".into(),
            label: None,
            title: None,
            state: State::Live,
            burn_after_read: false,
            created_at: chrono::DateTime::UNIX_EPOCH,
            expires_at: chrono::DateTime::UNIX_EPOCH,
            copies: None,
            link: Some(LINK.into()),
            picked_up: None,
            ssh: None,
            own: true,
            web_link: None,
        }
    }

    fn names(row: &Listed) -> Vec<&'static str> {
        contents(row, None).iter().map(|content| content.name).collect()
    }

    #[test]
    fn what_a_phone_opens_comes_first() {
        let plain = row(AudienceKind::Devices);
        assert_eq!(names(&plain), ["The link", "The command"]);
        let ssh = Listed { ssh: Some("dana@desk:2222".into()), ..plain.clone() };
        assert_eq!(names(&ssh), ["The SSH address", "The SSH command", "The command", "The link"]);
        assert_eq!(contents(&ssh, None)[0].text, "ssh://dana@desk:2222");
        assert_eq!(
            contents(&ssh, None)[1].text,
            "ssh -t -p 2222 dana@desk cclink pickup dybndrfg8ejkmc --exec"
        );
        let all = Listed { web_link: Some("https://x.example/#PK/L".into()), ..ssh };
        assert_eq!(names(&all)[0], "The page");
        assert_eq!(names(&all).len(), 5);
    }

    #[test]
    fn a_secret_goes_into_no_code_but_the_pages() {
        let secret = row(AudienceKind::Link);
        let all = contents(&secret, None);
        assert_eq!(all.len(), 1);
        assert!(all[0].encoded.as_ref().is_err_and(|why| why.contains("Set `web` in the config")));
        assert!(
            contents(&secret, Some("https://x"))[0].encoded.as_ref().is_err_and(|why| !why.contains("Set"))
        );
        let page = Listed { web_link: Some("https://x.example/#PK/LSECRET".into()), ..secret };
        let drawn: Vec<_> =
            contents(&page, None).into_iter().filter(|content| content.encoded.is_ok()).collect();
        assert_eq!(drawn.len(), 1);
        assert_eq!(drawn[0].name, "The page");
    }

    #[test]
    fn each_reader_is_told_a_command_that_works() {
        assert_eq!(pickup_command(&row(AudienceKind::Devices)), "cclink pickup dybndrfg8ejkmc");
        assert_eq!(pickup_command(&row(AudienceKind::Share)), format!("cclink pickup {LINK}"));
        assert_eq!(pickup_command(&row(AudienceKind::Pin)), format!("cclink pickup --pin {LINK}"));
        let words = shlex::split(&ssh_command(&row(AudienceKind::Pin), "dana@desk")).unwrap();
        assert_eq!(words[..3], ["ssh", "-t", "dana@desk"]);
        let remote = shlex::split(&words[3]).unwrap();
        assert_eq!(remote[..3], ["cd", "/home/dana/web shop", "&&"]);
    }
}

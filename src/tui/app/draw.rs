//! The frame around the panes: tabs above, what runs and the keys below.

use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Color;
use ratatui::text::{Line, Span};

use super::App;
use crate::text;
use crate::tui::keymap::{self, Binding, Told};
use crate::tui::message::{Context, Intent, Now, PaneId};
use crate::tui::parts::{Look, lines, rule, wrap};

/// The least room in which the screen makes sense.
pub(super) const LEAST: (u16, u16) = crate::text::LEAST_SCREEN;

/// Where things stand on the screen.
pub(super) struct Areas {
    tabs: Rect,
    pub(super) body: Rect,
    notes: Rect,
    status: Rect,
    keys: Rect,
}

/// `notes` are the rows that notes take from the body.
pub(super) fn areas(size: Rect, notes: u16) -> Areas {
    let at = |y: u16, height: u16| Rect {
        y: size.y + y.min(size.height),
        height: height.min(size.height),
        ..size
    };
    let all = size.height.saturating_sub(3);
    let notes = notes.min(all);
    let body = all - notes;
    Areas {
        tabs: at(0, 1),
        body: at(1, body),
        notes: at(1 + body, notes),
        status: at(1 + all, 1),
        keys: at(2 + all, 1),
    }
}

/// The room of an overlay: the QR takes all but the keys.
pub(super) fn overlay_area(size: Rect, context: Context) -> Rect {
    if context.is_qr() { Rect { height: size.height.saturating_sub(1), ..size } } else { areas(size, 0).body }
}

const NAME: &str = " cclink ";

impl App {
    /// A pane's key and name, and how many things are in it.
    fn tab_words(&self, at: usize, pane: PaneId) -> String {
        match self.pane_of(pane).count() {
            0 => format!(" {} {} ", at + 1, pane.words()),
            count => format!(" {} {} ({count}) ", at + 1, pane.words()),
        }
    }

    /// Which pane's tab a click in the first row hits.
    pub(super) fn tab_at(&self, column: u16) -> Option<PaneId> {
        let mut x = self.size.x + u16::try_from(NAME.len()).unwrap_or(0);
        for (at, pane) in PaneId::ALL.into_iter().enumerate() {
            let end = x + u16::try_from(self.tab_words(at, pane).len()).unwrap_or(0);
            if (x..end).contains(&column) {
                return Some(pane);
            }
            x = end;
        }
        None
    }

    /// Draws the whole screen.
    pub fn draw(&self, frame: &mut Frame<'_>, now: &Now) {
        self.draw_all(frame, now);
        let page = self.setup.theme.page;
        for cell in &mut frame.buffer_mut().content {
            cell.fg = if cell.fg == Color::Reset { page.fg.unwrap_or_default() } else { cell.fg };
            cell.bg = if cell.bg == Color::Reset { page.bg.unwrap_or_default() } else { cell.bg };
        }
    }

    fn draw_all(&self, frame: &mut Frame<'_>, now: &Now) {
        let look = Look { now: *now, theme: &self.setup.theme, home: self.setup.home.as_deref() };
        let size = frame.area();
        if size.width < LEAST.0 || size.height < LEAST.1 {
            return draw_request(frame, size, &look);
        }
        let areas = areas(size, self.note_rows);
        let full = self.overlays.last().is_some_and(|view| view.context().is_qr());
        if !full {
            self.draw_tabs(frame, areas.tabs, &look);
            rule(frame, areas.body, &look);
            self.pane().draw(frame, areas.body, &look);
            if self.overlays.is_empty() {
                self.toasts.draw(frame, areas.notes, &look);
            }
            self.draw_status(frame, areas.status, &look);
        }
        if !self.overlays.is_empty() && !full {
            // what lies behind steps back
            frame.buffer_mut().set_style(areas.body, look.theme.behind);
        }
        let below = self.overlays.iter().rposition(|view| view.context().is_qr()).unwrap_or(0);
        for view in self.overlays.iter().skip(below) {
            view.draw(frame, overlay_area(size, view.context()), &look);
        }
        self.draw_keys(frame, areas.keys, &look);
        if full {
            // nothing may lie over a code that is to be read
            self.toasts.draw_news(frame, areas.keys, &look);
        }
    }

    fn draw_tabs(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let mut spans = vec![Span::styled(NAME, look.theme.strong)];
        for (at, pane) in PaneId::ALL.into_iter().enumerate() {
            let style =
                if pane == self.at { look.theme.accent.patch(look.theme.chosen) } else { look.theme.quiet };
            spans.push(Span::styled(self.tab_words(at, pane), style));
        }
        let tabs = Line::from(spans);
        let used = u16::try_from(tabs.width()).unwrap_or(u16::MAX);
        frame.render_widget(tabs, area);
        let room = usize::from(area.width.saturating_sub(used + 2));
        let Some(demo) = &self.setup.demo else { return };
        let short = demo.split(':').next().unwrap_or(demo);
        let words = if text::width(demo) <= room { demo.clone() } else { text::fit(short, room) };
        let width = u16::try_from(text::width(&words)).unwrap_or(0);
        let place = Rect { x: area.right().saturating_sub(width + 1), width, ..area };
        frame.render_widget(Line::styled(words, look.theme.warn), place);
    }

    /// What runs, for how long, and how to stop it; else what is wrong with the
    /// network. While something lies over the body, notes are told here.
    fn draw_status(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let columns = usize::from(area.width);
        if self.leaving {
            let words =
                format!(" {} finishing what must not be cut in half; q leaves at once", look.spinner());
            return frame.render_widget(Line::styled(text::fit(&words, columns), look.theme.warn), area);
        }
        if !self.overlays.is_empty() && self.toasts.draw_news(frame, area, look) {
            return;
        }
        let mut told = self.jobs.told();
        let Some(job) = told.next() else {
            let words = format!(" ! no answer from the network: {}", self.network);
            let words = if self.offline { text::fit(&words, columns) } else { String::new() };
            return frame.render_widget(Line::styled(words, look.theme.warn), area);
        };
        let more = told.count();
        let stops = self.stops_with_esc().is_some_and(|auto| auto || !job.auto);
        let seconds = look.now.since.saturating_sub(job.started).as_secs();
        let verb = if job.stopping { "stopping: " } else { "" };
        let doing = job.words.as_deref().unwrap_or_default();
        let more = if more > 0 { format!(" · {more} more") } else { String::new() };
        let esc = if !job.stopping && stops { " · Esc cancels" } else { "" };
        let words = format!(" {} {verb}{doing} · {seconds} s{more}{esc}", look.spinner());
        frame.render_widget(Line::styled(text::fit(&words, columns), look.theme.accent), area);
    }

    /// The keys that hold now, as many as fit; help is the last to be cut.
    pub(super) fn keycaps(&self, width: u16) -> Vec<Keycap> {
        let contexts = self.contexts();
        let at_rest = matches!(contexts[0], Context::Sessions | Context::Handoffs | Context::Inbox);
        let mut rows = keymap::rows(self.note_contexts(), &[Told::Footer]);
        for row in keymap::rows(contexts, &[Told::Footer]) {
            // a key of a note means that, and nothing else meanwhile
            let taken = rows.iter().any(|other| other.keys[0] == row.keys[0]);
            if !taken && self.top().offers(row.intent) {
                rows.push(row);
            }
        }
        if !at_rest {
            // right after the main key: the way back matters more than the rest
            let esc = keymap::rows(&[Context::Always], &[Told::Help]);
            let esc = esc.into_iter().find(|row| row.intent == Intent::Back);
            let own = rows.len().min(1);
            rows.splice(own..own, esc);
        }
        let help = rows.iter().position(|row| row.intent == Intent::Help).map(|at| rows.remove(at));
        let size = |row: &Binding| text::width(&row.key()) + text::width(footer_words(row)) + 3;
        let mut room = usize::from(width.saturating_sub(1)).saturating_sub(help.map_or(0, size));
        let (mut caps, mut at) = (Vec::new(), 1);
        for row in rows.into_iter().chain(help) {
            if row.intent == Intent::Help {
                room += size(row);
            }
            let wanted = size(row);
            if wanted > room + 2 {
                continue;
            }
            room = room.saturating_sub(wanted);
            let end = at + u16::try_from(wanted).unwrap_or(0);
            caps.push(Keycap { row, columns: at..end - 2 });
            at = end;
        }
        caps
    }

    fn draw_keys(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let mut spans = vec![Span::raw(" ")];
        for cap in self.keycaps(area.width) {
            spans.push(Span::styled(cap.row.key(), look.theme.accent));
            spans.push(Span::styled(format!(" {}  ", footer_words(cap.row)), look.theme.quiet));
        }
        frame.render_widget(Line::from(spans), area);
    }
}

/// A key of the footer, and where it stands.
pub(super) struct Keycap {
    pub(super) row: &'static Binding,
    pub(super) columns: Range<u16>,
}

fn footer_words(row: &Binding) -> &'static str {
    if row.intent == Intent::Back { "back" } else { row.words }
}

/// Under the least size: a plain request for room, at any size.
fn draw_request(frame: &mut Frame<'_>, size: Rect, look: &Look<'_>) {
    let words = format!(
        "cclink needs {} columns and {} rows; here are {} and {}.",
        LEAST.0, LEAST.1, size.width, size.height
    );
    let content: Vec<Line<'_>> = wrap(&words, usize::from(size.width).max(1))
        .into_iter()
        .map(|line| Line::styled(line, look.theme.text))
        .collect();
    lines(frame, size, &content);
}

//! How the inbox and its form look.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{Phase, Pickup};
use crate::text;
use crate::tui::message::{AudienceKind, Found, InboxEntry, Signer};
use crate::tui::panes::{ONE_TIME, short_project};
use crate::tui::parts::list::{Cursor, Meta, row, row_height, under_facts};
use crate::tui::parts::{Look, detail_area, fact, lines, long_fact, split, wrap};

/// Where things stand in the pane.
pub(super) struct Areas {
    head: Rect,
    pub(super) inbox: Rect,
    pub(super) form: Rect,
    foot: Rect,
    detail: Option<Rect>,
}

/// The inbox above, the form at the bottom, the detail beside them.
pub(super) fn areas(room: Rect) -> Areas {
    let (left, detail) = split(room);
    let form = left.height.min(2);
    let foot = left.height.saturating_sub(form + 2).min(2);
    let head = left.height.saturating_sub(form + foot).min(1);
    let gap = left.height.saturating_sub(form + foot + head).min(1);
    let inbox = left.height.saturating_sub(form + foot + head + gap);
    let at = |y: u16, height: u16| Rect { y: left.y + y, height, ..left };
    Areas {
        head: at(0, head),
        inbox: at(head, inbox),
        form: at(head + inbox + gap, form),
        foot: at(head + inbox + gap + form, foot),
        detail,
    }
}

impl Pickup {
    pub(super) fn draw_all(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let areas = areas(area);
        let offered = matches!(self.stage, Phase::Which(..) | Phase::Offered(_));
        match areas.detail {
            Some(detail) => {
                self.draw_side(frame, detail, look);
                self.draw_inbox(frame, &areas, look);
            }
            None if offered || self.reading => self.draw_side(frame, detail_area(area), look),
            None => self.draw_inbox(frame, &areas, look),
        }
    }

    /// What the selected or found handoff is.
    fn draw_side(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        match &self.stage {
            Phase::Offered(offer) => offer.draw(frame, area, look),
            Phase::Which(found, cursor) => draw_which(frame, area, found, cursor, look),
            Phase::Finding => {
                let words = format!("{} looking for it on the network …", look.spinner());
                frame.render_widget(
                    Line::styled(words, look.theme.quiet),
                    Rect { height: area.height.min(1), ..area },
                );
            }
            Phase::Choosing => {
                if let Some(entry) = self.selected().filter(|_| !self.typing) {
                    draw_entry(frame, area, entry, look);
                }
            }
        }
    }

    fn draw_inbox(&self, frame: &mut Frame<'_>, areas: &Areas, look: &Look<'_>) {
        let width = usize::from(areas.head.width);
        frame.render_widget(Line::styled(text::fit(&self.head(), width), look.theme.quiet), areas.head);
        if self.entries.is_empty() {
            let empty: Vec<Line<'_>> = wrap(&look.words(&self.why_empty()), width.saturating_sub(4).max(8))
                .into_iter()
                .map(|line| Line::styled(format!("  {line}"), look.theme.quiet))
                .collect();
            let body = Rect {
                y: areas.inbox.y + areas.inbox.height.min(1),
                height: areas.inbox.height.saturating_sub(1),
                ..areas.inbox
            };
            lines(frame, body, &empty);
        }
        let rows = self.entries.iter().enumerate().skip(self.cursor.top);
        let (height, inbox) = (row_height(self.room), areas.inbox);
        let places =
            (inbox.top()..).step_by(usize::from(height)).take_while(|y| y + height <= inbox.bottom());
        for ((at, entry), y) in rows.zip(places) {
            let selected = at == self.cursor.at;
            let line = entry_row(entry, inbox.width, height == 1, (selected, self.typing), look);
            frame.render_widget(line, Rect { y, height: 1, ..inbox });
            if height == 2 {
                let line = second_row(entry, inbox.width, selected, look);
                frame.render_widget(line, Rect { y: y + 1, height: 1, ..inbox });
            }
        }
        self.form.draw(frame, areas.form, self.typing, look);
        let (words, style) = self.foot();
        let style = style(look);
        let foot: Vec<Line<'_>> = wrap(&words, width.saturating_sub(13).max(8))
            .into_iter()
            .map(|line| Line::styled(format!("{}{line}", " ".repeat(13)), style))
            .collect();
        lines(frame, areas.foot, &foot);
    }

    fn head(&self) -> String {
        let error = self.error.as_deref().filter(|_| !self.looking && !self.entries.is_empty());
        let more = error.map(|error| format!(" · {error}")).unwrap_or_default();
        let taken = self.entries.len() - self.waiting();
        let here = if taken > 0 { format!(" · {taken} picked up here") } else { String::new() };
        format!("  {} for you{here}{more}", self.waiting())
    }

    fn why_empty(&self) -> String {
        if let Some(error) = &self.error {
            return format!("{error}\n{} You can still pick up a link: press i.", self.again);
        }
        if self.looking || !self.loaded {
            return "Looking for handoffs from your devices and contacts …".to_owned();
        }
        "Nothing is waiting for you. Publish a session on another of your devices, then press R here. That \
         device needs the same key: compare `cclink whoami` on both. Press i to enter a link, a key or a PIN."
            .to_owned()
    }

    /// What was recognised, or what is wrong.
    fn foot(&self) -> (String, fn(&Look<'_>) -> ratatui::style::Style) {
        if let Some(error) = self.form.error() {
            return (error.to_owned(), |look| look.theme.bad);
        }
        if let Some(words) = self.form.burst_words("find") {
            return (words, |look| look.theme.warn);
        }
        match &self.recognised {
            Some(Ok(target)) => {
                let words = target.words(self.contacts.as_deref().unwrap_or_default());
                let pin = if target.wants_pin() { "; it needs a PIN" } else { "" };
                (format!("✓ {words}{pin}"), |look| look.theme.good)
            }
            Some(Err(error)) if self.typing => (error.message.clone(), |look| look.theme.warn),
            _ => (String::new(), |look| look.theme.quiet),
        }
    }
}

fn entry_title(entry: &InboxEntry) -> &str {
    entry.title.as_deref().filter(|title| !title.is_empty()).unwrap_or("(untitled)")
}

fn entry_row(
    entry: &InboxEntry,
    width: u16,
    alone: bool,
    (selected, resting): (bool, bool),
    look: &Look<'_>,
) -> Line<'static> {
    let left = (entry.expires_at - look.now.utc()).num_seconds();
    // the key behind a contact's name is for the detail
    let from = text::fit(if entry.from == Signer::Me { &entry.hostname } else { entry.from.name() }, 16);
    let quiet = look.theme.quiet;
    let once = if entry.burn_after_read { ONE_TIME } else { "" }.to_owned();
    let mut metas = vec![
        Meta::new(once, 8, look.theme.warn),
        Meta::new(short_project(&entry.project).to_owned(), 14, quiet).shortened(8),
        Meta::new(from, 16, look.theme.text),
    ];
    metas.retain(|_| alone);
    metas.push(Meta::new(left_words(left), 9, if left < 600 { look.theme.warn } else { quiet }));
    let mut theme = *look.theme;
    if resting {
        theme.chosen = theme.resting;
    }
    let style = if entry.picked_up { quiet } else { look.theme.text };
    row(entry_title(entry), &[], metas, width, style, selected, &theme)
}

/// Whose it is, and where it lives.
fn second_row(entry: &InboxEntry, width: u16, selected: bool, look: &Look<'_>) -> Line<'static> {
    let mut words = vec![if entry.from == Signer::Me {
        "from your device".to_owned()
    } else {
        format!("from {}", entry.from.name())
    }];
    words.extend(entry.burn_after_read.then(|| ONE_TIME.to_owned()));
    words.extend(entry.picked_up.then(|| "picked up here".to_owned()));
    words.push(format!("{} on {}", short_project(&entry.project), entry.hostname));
    words.push(text::ago(entry.created_at, look.now.utc()));
    under_facts(&words, Vec::new(), width, selected, look.theme)
}

/// Time left in whole minutes, so that nothing has to be redrawn each second.
fn left_words(seconds: i64) -> String {
    if seconds >= 60 { text::span(seconds - seconds % 60) } else { "< 1m".to_owned() }
}

fn draw_entry(frame: &mut Frame<'_>, area: Rect, entry: &InboxEntry, look: &Look<'_>) {
    let columns = usize::from(area.width);
    let room = columns.saturating_sub(11);
    let left = (entry.expires_at - look.now.utc()).num_seconds();
    let audience = if entry.audience == AudienceKind::Devices { "your devices" } else { "you" };
    let mut out = vec![Line::styled(text::fit(entry_title(entry), columns), look.theme.strong)];
    out.extend(long_fact("from", &entry.from.to_string(), area.width, look));
    out.extend(long_fact("machine", &entry.hostname, area.width, look));
    out.extend(long_fact("project", &look.path(&entry.project), area.width, look));
    out.push(fact("for", audience, look));
    out.push(fact("published", text::ago(entry.created_at, look.now.utc()), look));
    out.push(fact("expires in", left_words(left), look));
    if entry.burn_after_read {
        out.extend(long_fact("burn", "one-time: picking it up removes it", area.width, look));
    }
    out.push(fact("token", text::fit(&entry.token, room), look));
    out.push(Line::default());
    out.push(Line::styled("Press Enter to open it.", look.theme.quiet));
    lines(frame, area, &out);
}

fn draw_which(frame: &mut Frame<'_>, area: Rect, found: &[Found], cursor: &Cursor, look: &Look<'_>) {
    let head = Line::styled(format!("{} handoffs were found. Which one?", found.len()), look.theme.strong);
    frame.render_widget(head, Rect { height: area.height.min(1), ..area });
    let page = usize::from(area.height.saturating_sub(2) / 2).max(1);
    let top = (cursor.at + 1).saturating_sub(page);
    let mut y = area.y + 2;
    for (at, one) in found.iter().enumerate().skip(top) {
        if y + 2 > area.bottom() {
            break;
        }
        let title = one.pickup.title.as_deref().unwrap_or("(untitled)");
        let line = row(title, &[], Vec::new(), area.width, look.theme.text, at == cursor.at, look.theme);
        frame.render_widget(line, Rect { y, height: 1, ..area });
        let signed = Line::styled(
            text::fit(&format!("    {}", one.signed_by), usize::from(area.width)),
            look.theme.good,
        );
        frame.render_widget(signed, Rect { y: y + 1, height: 1, ..area });
        y += 2;
    }
}

//! The selected handoff: what is known of it, and what happened to it; of a group, who
//! picked it up and who did not.

use std::cmp::Reverse;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Handoffs, counts_down, person, remaining, state};
use crate::text;
use crate::tui::message::{CarriedBy, CarriedState, CarryWay, Listed, Logged, Member, State};
use crate::tui::panes::{moment, readers, title};
use crate::tui::parts::{Look, fact, lines, long_fact};

impl Handoffs {
    pub(super) fn draw_detail(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let Some(row) = self.selected() else { return };
        let columns = usize::from(area.width);
        let left = (row.expires_at - look.now.utc()).num_seconds();
        let mut out = vec![Line::styled(
            text::fit(&title(row), columns),
            if self.reading { look.theme.accent } else { look.theme.strong },
        )];
        out.push(fact("for", readers(row), look));
        out.extend(row.pin.iter().map(|pin| {
            Line::from(vec![
                Span::styled(text::pad("PIN", 11), look.theme.quiet),
                Span::styled((**pin).clone(), look.theme.accent),
            ])
        }));
        let (words, style) = state(row, true, look);
        out.push(Line::from(vec![
            Span::styled(text::pad("state", 11), look.theme.quiet),
            Span::styled(words, style),
        ]));
        if row.is_alive() && left > 0 {
            let until = moment(left, &look.now);
            out.push(if counts_down(row) {
                fact("expires in", format!("{} ({until})", text::countdown(left)), look)
            } else {
                fact("expires", until, look)
            });
            out.extend(bar(row, left, area.width, look));
        }
        let copies =
            row.copies.map_or("not asked yet".to_owned(), |copies| format!("{copies} on the network"));
        out.push(fact("copies", copies, look));
        if let Some(at) = row.announced_at {
            out.push(fact("announced", text::ago(at, look.now.utc()), look));
        }
        let burn = if row.burn_after_read { "one-time: the first pickup removes it" } else { "no" };
        out.extend(long_fact("burn", burn, area.width, look));
        if let Some(carry) = &row.carry {
            let words = format!("conversation, {}", carried(carry));
            out.extend(long_fact("included", &words, area.width, look));
        }
        if let Some(group) = &row.group {
            for (at, member) in group.members.iter().enumerate() {
                let label = if at == 0 { "people" } else { "" };
                out.extend(long_fact(label, &member_words(member, look), area.width, look));
            }
        } else if let Some(taken) = &row.picked_up {
            let words = format!(
                "by {}, {}, at {}",
                taken.hostname,
                text::ago(taken.at, look.now.utc()),
                moment((taken.at - look.now.utc()).num_seconds(), &look.now)
            );
            out.extend(long_fact("picked up", &words, area.width, look));
        }
        out.extend(long_fact("project", &look.path(&row.project), area.width, look));
        out.push(fact("published", text::ago(row.created_at, look.now.utc()), look));
        let stands_for = if row.group.is_some() { " (and the others: one each)" } else { "" };
        out.push(fact("token", format!("{}{stands_for}", row.token), look));
        out.push(fact("session", text::fit(&row.session_id, columns.saturating_sub(11)), look));
        out.extend(row.web_link.iter().flat_map(|link| long_fact("web link", link, area.width, look)));
        let link = match &row.group {
            Some(_) => "one each: y copies all of them",
            None => row.link.as_deref().map_or("shown when your key is unlocked", String::as_str),
        };
        out.extend(long_fact("link", link, area.width, look));
        let room = usize::from(area.height).saturating_sub(out.len());
        out.extend(self.log_of(row, room, area.width, look));
        lines(frame, area, &out);
    }

    /// What happened to it, newest first, in so many lines at most.
    fn log_of<'a>(&self, row: &Listed, room: usize, width: u16, look: &Look<'_>) -> Vec<Line<'a>> {
        let members = row.group.iter().flat_map(|group| group.members.iter());
        let others = members.map(|member| &member.token).filter(|token| **token != row.token);
        let tokens = std::iter::once(&row.token).chain(others);
        let mut events: Vec<&Logged> = tokens.filter_map(|token| self.log.get(token)).flatten().collect();
        events.sort_by_key(|event| Reverse(event.at));
        let line = |event: &&Logged| {
            let at = event.at.with_timezone(look.now.local.offset());
            let words = format!("{}  {}", at.format("%-d %b %H:%M"), event.words());
            text::fit(&words, usize::from(width).saturating_sub(11))
        };
        let mut told: Vec<String> = events.iter().map(line).collect();
        if told.len() > room {
            told.truncate(room.saturating_sub(1));
            told.push(format!("{} more: cclink log", events.len() - told.len()));
            told.truncate(room);
        }
        let label = |at: usize| if at == 0 { "log" } else { "" };
        told.into_iter().enumerate().map(|(at, words)| fact(label(at), words, look)).collect()
    }
}

/// One of a group, and whether they picked it up.
fn member_words(member: &Member, look: &Look<'_>) -> String {
    let what = match &member.picked_up {
        Some(taken) => {
            format!("picked up by {}, {}", taken.hostname, text::ago(taken.at, look.now.utc()))
        }
        None if member.state.is_alive() => "not picked up yet".to_owned(),
        None if member.state == State::Failed => "not published".to_owned(),
        None => member.state.words().to_owned(),
    };
    format!("{}: {what}", person(member))
}

/// The conversation that goes along, and where it is by now.
fn carried(carry: &CarriedBy) -> String {
    let place = match carry.way {
        CarryWay::File => "in a file of yours",
        CarryWay::Git => "in the git remote",
        CarryWay::Folder => "in the folder",
        CarryWay::Ssh => "on your machine that is always on",
    };
    let size = text::bytes(carry.bytes);
    match carry.state {
        Some(CarriedState::TakenAway) => format!("removed ({size})"),
        Some(CarriedState::Leaving) => format!("{size}, sealed, {place}: being removed"),
        Some(CarriedState::There) | None => format!("{size}, sealed, {place}"),
    }
}

/// The same for the detail.
fn bar<'a>(row: &Listed, left: i64, width: u16, look: &Look<'_>) -> Option<Line<'a>> {
    let bar = remaining(row, left, width.saturating_sub(11).min(40), look);
    let indent = Span::raw(" ".repeat(11));
    (!bar.is_empty()).then(|| std::iter::once(indent).chain(bar).collect())
}

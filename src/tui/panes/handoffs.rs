//! What I published: how long it still lives, where it stands, who took it.

mod detail;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{ONE_TIME, readers, title};
use crate::text;
use crate::tui::message::{
    Action, AudienceKind, CarriedState, Context, Effect, GroupView, Intent, Listed, Logged, Member, Note,
    Now, Open, Question, Report, State, Step, Tone, Verb,
};
use crate::tui::parts::list::{self, Cursor, Meta, hit, row, row_height, under_facts};
use crate::tui::parts::{Look, View, detail_area, lines, split, whole_seconds, wrap};

/// The pane's state.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // facts that have nothing to do with each other
pub struct Handoffs {
    rows: Vec<Listed>,
    /// What happened to each, by token, newest first.
    log: HashMap<String, Vec<Logged>>,
    loaded: bool,
    checking: bool,
    error: Option<String>,
    ended: bool,
    cursor: Cursor,
    /// The token of what was just published: selected as soon as it is listed,
    /// unless the user moves first.
    made: Option<String>,
    reading: bool,
    room: Rect,
}

impl Handoffs {
    /// What to ask the background when the pane comes into view.
    pub fn opening(&self) -> Vec<Action> {
        vec![Action::Journal(self.ended), Action::List(self.ended)]
    }

    /// Said in place of the check on the network, which needs the key.
    pub fn without_key(&mut self, why: &str) {
        self.error = Some(why.to_owned());
    }

    /// What a handoff is called, by its token.
    pub fn name_of(&self, token: &str) -> Option<String> {
        let row = &self.rows[self.place_of(token)?];
        Some(format!("“{}”", text::fit(&title(row), 40)))
    }

    fn selected(&self) -> Option<&Listed> {
        self.rows.get(self.cursor.at)
    }

    fn list_area(&self) -> Rect {
        let (list, _) = split(self.room);
        Rect { y: list.y + list.height.min(1), height: list.height.saturating_sub(1), ..list }
    }

    fn alive(&self) -> usize {
        self.rows.iter().filter(|row| row.is_alive()).count()
    }

    fn row_at(&self, row: u16) -> Option<usize> {
        hit(self.list_area(), row, row_height(self.room), &self.cursor, self.rows.len())
    }

    fn page(&self) -> usize {
        usize::from(self.list_area().height / row_height(self.room))
    }

    fn take(&mut self, mut rows: Vec<Listed>, checked: bool) {
        if !checked {
            // the journal does not know copies: keep what the network said
            for row in &mut rows {
                let known =
                    self.rows.iter().find(|known| known.token == row.token && known.state == row.state);
                row.copies = row.copies.or_else(|| known.and_then(|known| known.copies));
            }
        }
        let selected = self.selected().map(|row| row.token.clone());
        rows.sort_by_key(place);
        self.rows = Listed::one_a_group(rows);
        self.loaded = true;
        if let Some(at) = selected.and_then(|token| self.place_of(&token)) {
            self.cursor.at = at;
        }
        self.select_made();
    }

    fn take_log(&mut self, log: Vec<Logged>) {
        self.log.clear();
        for event in log {
            if let Some(token) = event.token.clone() {
                self.log.entry(token).or_default().push(event);
            }
        }
    }

    fn place_of(&self, token: &str) -> Option<usize> {
        let is_in = |group: &GroupView| group.members.iter().any(|member| member.token == token);
        self.rows.iter().position(|row| row.token == token || row.group.as_ref().is_some_and(is_in))
    }

    /// What was just published has the selection once it is there.
    fn select_made(&mut self) {
        if let Some(at) = self.made.as_deref().and_then(|token| self.place_of(token)) {
            (self.cursor.at, self.made) = (at, None);
        }
        self.cursor.hold(self.rows.len(), self.page());
    }

    fn take_row(&mut self, row: Listed) {
        let Some(row) = Listed::one_a_group(vec![row]).pop() else { return };
        if let Some(known) = self.place_of(&row.token).and_then(|at| self.rows.get_mut(at)) {
            if known.token == row.token || row.state.is_alive() && !known.state.is_alive() {
                *known = row;
            } else {
                // Another of its group: what all of them have come to.
                (known.group, known.picked_up) = (row.group, row.picked_up);
            }
            return;
        }
        // Told first, it would have the selection, and then go.
        if !self.ended && !row.is_alive() {
            return;
        }
        let at = self.rows.partition_point(|known| place(known) <= place(&row));
        self.rows.insert(at, row);
        self.loaded = true;
        // the selection stays on its row
        self.cursor.at += usize::from(at <= self.cursor.at && self.rows.len() > 1);
        self.select_made();
    }

    fn ask_revoke(&self) -> Vec<Effect> {
        let Some(row) = self.selected() else { return vec![nothing_here()] };
        if !row.is_alive() {
            let words = format!("This handoff is {} already.", row.state.words());
            return vec![Effect::Say(Note::new(Tone::Plain, words))];
        }
        let mut lines = vec![named(row)];
        let (title, yes, it) = match &row.group {
            Some(group) if row.count_alive() > 1 => {
                lines.extend(group.alive().map(|member| format!("  {}, {}", person(member), member.token)));
                let of = format!("Revoke all {} handoffs for {}?", row.count_alive(), readers(row));
                (of, "revoke all", "them")
            }
            _ => ("Revoke this handoff?".to_owned(), "revoke it", "it"),
        };
        lines.push(format!("Nobody will be able to pick {it} up. Your session is not affected."));
        vec![Effect::Open(Open::Confirm(Box::new(Question {
            title,
            lines,
            yes,
            then: Box::new(Effect::Run(Action::Revoke(vec![row.acted_on().to_owned()]))),
            instead: None,
            otherwise: None,
        })))]
    }

    fn ask_revoke_all(&self) -> Vec<Effect> {
        let alive: Vec<&Listed> = self.rows.iter().filter(|row| row.is_alive()).collect();
        if alive.is_empty() {
            return vec![Effect::Say(Note::new(Tone::Plain, "Nothing to revoke."))];
        }
        let mut lines: Vec<String> = alive.iter().take(6).map(|row| named(row)).collect();
        if alive.len() > 6 {
            lines.push(format!("and {} more", alive.len() - 6));
        }
        let (title, it, is) = match alive.iter().copied().map(Listed::count_alive).sum() {
            1 => ("Revoke the only handoff?".to_owned(), "it", "session is"),
            many => (format!("Revoke all {many} handoffs?"), "these", "sessions are"),
        };
        lines.push(format!("Nobody will be able to pick {it} up. Your {is} not affected."));
        vec![Effect::Open(Open::Confirm(Box::new(Question {
            title,
            lines,
            yes: "revoke all",
            then: Box::new(Effect::Run(Action::Revoke(
                alive.iter().map(|row| row.acted_on().to_owned()).collect(),
            ))),
            instead: None,
            otherwise: None,
        })))]
    }

    fn act(&self, intent: Intent) -> Vec<Effect> {
        let Some(row) = self.selected() else {
            let asked =
                matches!(intent, Intent::ShowQr | Intent::Announce | Intent::Extend | Intent::CopyLink);
            return asked.then(nothing_here).into_iter().collect();
        };
        let alive = row.is_alive();
        match intent {
            Intent::ShowQr | Intent::Announce | Intent::Extend if !alive => {
                let words =
                    format!("This handoff is {}; publish the session again instead.", row.state.words());
                vec![Effect::Say(Note::new(Tone::Plain, words))]
            }
            Intent::ShowQr if row.group.is_some() => {
                let words = "Each of them has a link of their own: y copies all, one a line.";
                vec![Effect::Say(Note::new(Tone::Plain, words))]
            }
            Intent::ShowQr => vec![Effect::Open(Open::Qr(Box::new(row.clone())))],
            Intent::Announce => vec![Effect::Run(Action::Announce(row.acted_on().to_owned()))],
            Intent::Extend => {
                let row = Listed { token: row.acted_on().to_owned(), ..row.clone() };
                vec![Effect::Open(Open::Extend(Box::new(row)))]
            }
            // what any phone opens, where there is such a page
            Intent::CopyLink if row.group.is_some() => {
                vec![Effect::Copy(links(row).into(), "Each one's link")]
            }
            Intent::CopyLink => match (&row.web_link, &row.link) {
                (Some(link), _) => vec![Effect::Copy(link.clone(), "The web link")],
                (None, Some(link)) => vec![Effect::Copy(link.clone(), "The link")],
                (None, None) => {
                    vec![Effect::Say(Note::new(Tone::Plain, "Unlock your key to see this link."))]
                }
            },
            _ => Vec::new(),
        }
    }

    fn draw_list(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        frame.render_widget(
            Line::styled(text::fit(&self.head(look), usize::from(area.width)), look.theme.quiet),
            Rect { height: area.height.min(1), ..area },
        );
        let body = Rect { y: area.y + area.height.min(1), height: area.height.saturating_sub(1), ..area };
        if self.rows.is_empty() {
            let words: Vec<Line<'_>> =
                wrap(&look.words(&self.why_empty()), usize::from(body.width.saturating_sub(4)).max(8))
                    .into_iter()
                    .map(|line| Line::styled(format!("  {line}"), look.theme.quiet))
                    .collect();
            lines(
                frame,
                Rect { y: body.y + body.height.min(1), height: body.height.saturating_sub(1), ..body },
                &words,
            );
            return;
        }
        let (height, columns) = (row_height(self.room), self.columns(look));
        let places = (body.top()..).step_by(usize::from(height)).take_while(|y| y + height <= body.bottom());
        for ((at, handoff), y) in self.rows.iter().enumerate().skip(self.cursor.top).zip(places) {
            let selected = at == self.cursor.at;
            let line = handoff_row(handoff, area.width, height == 1, (selected, columns), look);
            frame.render_widget(line, Rect { y, height: 1, ..body });
            if height == 2 {
                let line = second_row(handoff, area.width, selected, look);
                frame.render_widget(line, Rect { y: y + 1, height: 1, ..body });
            }
        }
    }

    /// The widths of state and time that fit the rows there are.
    fn columns(&self, look: &Look<'_>) -> (usize, usize) {
        let alone = row_height(self.room) == 1;
        let states = self.rows.iter().map(|row| state(row, alone, look).0.len());
        let days = self.rows.iter().any(|row| (row.expires_at - look.now.utc()).num_days() > 0);
        (states.max().unwrap_or(0).max(4), if days { 14 } else { 11 })
    }

    fn head(&self, look: &Look<'_>) -> String {
        let alive = self.alive();
        let mut words = vec![format!("  {alive} active")];
        if self.ended {
            words.push(format!("{} ended", self.rows.len() - alive));
        }
        if let Some(error) =
            self.error.as_ref().filter(|_| !(self.checking || self.loaded && self.rows.is_empty()))
        {
            words.push(format!("not checked: {}", look.words(error)));
        }
        words.join(" · ")
    }

    /// Why the list is empty, and which key changes that.
    fn why_empty(&self) -> String {
        if !self.loaded {
            return "Reading what was published from this device …".to_owned();
        }
        let unchecked =
            self.error.as_ref().map(|error| format!("Not checked: {error}\n")).unwrap_or_default();
        let ended = if self.ended { "" } else { " Press o to show ended ones." };
        format!(
            "{unchecked}You have no active handoffs. Press 1, choose a session and press Enter twice: your own \
             devices can then pick it up.{ended}"
        )
    }
}

/// Where it stands among the others: those that are alive first, then the newest.
fn place(row: &Listed) -> (bool, Reverse<DateTime<Utc>>) {
    (!row.is_alive(), Reverse(row.created_at))
}

/// One of a group, in a word.
fn person(member: &Member) -> String {
    let name = if member.name.starts_with("pk:") { 12 } else { 24 };
    text::fit(&member.name, name)
}

/// The links of a group, each with whose it is.
fn links(row: &Listed) -> String {
    let alive = row.group.iter().flat_map(GroupView::alive);
    let links =
        alive.filter_map(|member| Some(format!("{}: {}", person(member), member.link.as_ref()?.as_str())));
    links.collect::<Vec<_>>().join("\n")
}

fn nothing_here() -> Effect {
    let words = "No handoff here: press 1 and publish a session.";
    Effect::Say(Note::new(Tone::Plain, words))
}

fn named(row: &Listed) -> String {
    format!("• “{}” for {}, {}", text::fit(&title(row), 60), readers(row), row.token)
}

/// The same in a word.
fn short_readers(row: &Listed) -> String {
    if let Some(group) = &row.group {
        return group.name.clone();
    }
    if row.phone_pass {
        return "phone".to_owned();
    }
    match (row.audience.kind, &row.audience.name) {
        (AudienceKind::Devices, _) => "devices".to_owned(),
        (AudienceKind::Share, Some(name)) => name.clone(),
        (AudienceKind::Share, None) => "contact".to_owned(),
        (AudienceKind::Pin, _) => "PIN".to_owned(),
        (AudienceKind::Link, _) => "link".to_owned(),
    }
}

/// Where it stands, in words and colour; past its time it is expired, whatever
/// was known when it was last checked. `counted`: of a group, how many picked it up.
fn state(row: &Listed, counted: bool, look: &Look<'_>) -> (String, Style) {
    if row.is_alive() && row.expires_at <= look.now.utc() {
        return (State::Expired.words().to_owned(), look.theme.quiet);
    }
    let style = match row.state {
        State::Publishing | State::Fading | State::Unknown => look.theme.warn,
        State::Live | State::PickedUp => look.theme.good,
        State::Lost | State::Failed => look.theme.bad,
        State::Burned | State::Revoked | State::Expired => look.theme.quiet,
    };
    (if counted { row.state_words() } else { row.state.words().to_owned() }, style)
}

fn handoff_row(
    handoff: &Listed,
    width: u16,
    alone: bool,
    (selected, (state_width, time_width)): (bool, (usize, usize)),
    look: &Look<'_>,
) -> Line<'static> {
    let left = (handoff.expires_at - look.now.utc()).num_seconds();
    let alive = handoff.is_alive() && left > 0;
    let counts = counts_down(handoff) && left > 0;
    let at = handoff.picked_up.as_ref().map_or(handoff.created_at, |taken| taken.at);
    let time = if counts { text::countdown(left) } else { text::ago(at, look.now.utc()) };
    let copies = handoff.copies.map(|copies| format!("{copies} copies")).unwrap_or_default();
    let (words, style) = state(handoff, alone, look);
    let urgent = counts && left < 600;
    let mut metas = vec![
        Meta::new(copies, 9, look.theme.quiet),
        Meta::new(short_readers(handoff), 7, look.theme.quiet).firm(),
    ];
    metas.retain(|_| alone);
    metas.extend([
        Meta::new(words, state_width, style).firm(),
        Meta::new(time, time_width, if urgent { look.theme.warn } else { look.theme.text }),
    ]);
    let style = if alive { look.theme.text } else { look.theme.quiet };
    row(&title(handoff), &[], metas, width, style, selected, look.theme)
}

/// Who may read it or took it, how well it is kept, and what is left of its
/// time.
fn second_row(handoff: &Listed, width: u16, selected: bool, look: &Look<'_>) -> Line<'static> {
    let mut words = vec![match (&handoff.group, &handoff.picked_up) {
        (Some(group), _) => format!("{}: {}", readers(handoff), group.words()),
        (None, Some(taken)) => {
            format!("picked up by {}, {}", taken.hostname, text::ago(taken.at, look.now.utc()))
        }
        (None, None) if handoff.phone_pass => "phone pass".to_owned(),
        (None, None) => format!("for {}", readers(handoff)),
    }];
    if handoff.burn_after_read {
        words.push(ONE_TIME.to_owned());
    }
    if handoff.carry.is_some_and(|carry| carry.state != Some(CarriedState::TakenAway)) {
        words.push("conversation included".to_owned());
    }
    words.extend(handoff.copies.map(|copies| format!("{copies} copies")));
    let left = (handoff.expires_at - look.now.utc()).num_seconds();
    let counts = counts_down(handoff) && left > 0;
    let right = if counts { remaining(handoff, left, 14, look) } else { Vec::new() };
    under_facts(&words, right, width, selected, look.theme)
}

/// Whether its time is what matters: what was taken has done its work.
fn counts_down(row: &Listed) -> bool {
    row.is_alive() && row.picked_up.is_none()
}

/// What is left of its time, as a thin line, once that is little.
fn remaining(row: &Listed, left: i64, columns: u16, look: &Look<'_>) -> Vec<Span<'static>> {
    let whole = (row.expires_at - row.created_at).num_seconds();
    if left.saturating_mul(4) > whole {
        return Vec::new();
    }
    let full = if left < 600 { look.theme.warn } else { look.theme.good };
    list::bar(left, whole, columns, full, look.theme.quiet)
}

impl View for Handoffs {
    fn context(&self) -> Context {
        Context::Handoffs
    }

    fn offers(&self, intent: Intent) -> bool {
        match intent {
            Intent::ShowQr if self.selected().is_some_and(|row| row.group.is_some()) => false,
            Intent::ShowQr | Intent::CopyLink | Intent::Extend | Intent::Announce | Intent::Revoke => {
                self.selected().is_some_and(Listed::is_alive)
            }
            Intent::RevokeAll => self.alive() > 0,
            Intent::ShowDetail => self.selected().is_some(),
            _ => true,
        }
    }

    fn can_leave(&self) -> bool {
        self.reading
    }

    fn is_row(&self, column: u16, row: u16) -> bool {
        column < self.list_area().right() && self.row_at(row).is_some()
    }

    fn count(&self) -> usize {
        self.alive()
    }

    fn handle(&mut self, intent: Intent, _now: &Now) -> Vec<Effect> {
        if self.cursor.handle(intent, self.rows.len(), self.page()) {
            self.made = None;
            return Vec::new();
        }
        match intent {
            Intent::ShowDetail => self.reading = self.selected().is_some(),
            Intent::LeaveDetail | Intent::Back => self.reading = false,
            Intent::Revoke => return self.ask_revoke(),
            Intent::RevokeAll => return self.ask_revoke_all(),
            Intent::ShowEnded => {
                self.ended = !self.ended;
                return self.opening().into_iter().map(Effect::Run).collect();
            }
            Intent::Refresh => return self.opening().into_iter().map(Effect::Run).collect(),
            other => return self.act(other),
        }
        Vec::new()
    }

    fn report(&mut self, report: &Report, _now: &Now) -> Vec<Effect> {
        match report {
            Report::Started(Verb::List) => self.checking = true,
            Report::Step(Step::Acknowledged(published)) => {
                self.made = Some(published.token.clone());
                self.select_made();
            }
            Report::Failed(Verb::List, error) => {
                self.checking = false;
                self.error = Some(error.message.clone());
            }
            Report::Failed(Verb::Journal, error) => {
                self.loaded = true;
                self.error = Some(error.message.clone());
            }
            _ => {}
        }
        Vec::new()
    }

    fn receive(&mut self, report: Report, _now: &Now) -> Vec<Effect> {
        match report {
            Report::Listed(rows, checked) => {
                if checked {
                    (self.checking, self.error) = (false, None);
                }
                self.take(rows, checked);
            }
            Report::Log(log) => self.take_log(log),
            // what became of one row is known: no list has to be read for it
            Report::Step(Step::Listed(row)) | Report::Announced(row) | Report::Extended(row) => {
                self.take_row(*row);
            }
            _ => {}
        }
        Vec::new()
    }

    fn click(&mut self, _column: u16, row: u16, _now: &Now) -> Vec<Effect> {
        if let Some(at) = self.row_at(row) {
            (self.cursor.at, self.made) = (at, None);
        }
        Vec::new()
    }

    fn set_room(&mut self, room: Rect) {
        self.room = room;
        self.cursor.hold(self.rows.len(), self.page());
    }

    fn changes(&self, now: &Now) -> Option<Duration> {
        let counts = self.rows.iter().any(counts_down);
        let taken = self.rows.iter().filter_map(|row| row.picked_up.as_ref());
        let ages = taken.map(|taken| text::ago_changes_in(taken.at, now.utc()));
        let next = if counts { Some(1) } else { ages.min() };
        next.map(|seconds| whole_seconds(seconds, now))
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        match split(area) {
            (list, Some(detail)) => {
                self.draw_list(frame, list, look);
                self.draw_detail(frame, detail, look);
            }
            (whole, None) if self.reading => self.draw_detail(frame, detail_area(whole), look),
            (whole, None) => self.draw_list(frame, whole, look),
        }
    }
}

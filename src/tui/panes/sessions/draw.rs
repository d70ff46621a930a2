//! How the sessions look.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

use super::search::{Row, State};
use super::{Scan, Sessions};
use crate::text;
use crate::tui::message::{Live, Progress, Role, Session};
use crate::tui::panes::short_project;
use crate::tui::parts::list::{Meta, graphemes, row, under};
use crate::tui::parts::search::Finder;
use crate::tui::parts::{Look, lines, split, wrap};

/// Columns that a project keeps beside any title.
const PROJECT: usize = 8;

/// The widths of the columns beside the titles; 0: not shown at all.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Columns {
    pub project: usize,
    pub branch: usize,
    pub size: usize,
}

/// The widest project, branch and size, within bounds; no project where all are
/// of the same.
pub(super) fn columns(sessions: &[&Session]) -> Columns {
    let widest = |of: fn(&Session) -> usize, most| {
        sessions.iter().map(|session| of(session)).max().unwrap_or(0).min(most)
    };
    let first = sessions.first().map(|session| &session.project);
    let one = sessions.iter().all(|session| Some(&session.project) == first);
    Columns {
        project: if one { 0 } else { widest(|session| text::width(short_project(&session.project)), 16) },
        branch: widest(|session| session.git_branch.as_deref().map_or(0, text::width), 14),
        size: widest(|session| text::bytes(session.size).len(), 9),
    }
}

impl Sessions {
    pub(super) fn draw_all(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        match split(area) {
            _ if self.covers_list() => {
                // the rule beside a list is no part of it
                frame.render_widget(Clear, area);
                self.draw_detail(frame, self.talk_area(area), look);
            }
            (list, Some(detail)) => {
                self.draw_list(frame, list, look);
                self.draw_detail(frame, detail, look);
            }
            (whole, None) => self.draw_list(frame, whole, look),
        }
    }

    fn draw_list(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        self.draw_head(frame, Rect { height: area.height.min(1), ..area }, look);
        let body = Rect { y: area.y + area.height.min(1), height: area.height.saturating_sub(1), ..area };
        if self.at(0).is_none() {
            let why = self.search.as_ref().map_or_else(|| self.why_empty(), |search| why_none(&search.state));
            return draw_words(frame, body, &why, look);
        }
        let cursor = self.search.as_ref().map_or(self.cursor, |search| search.cursor);
        let mut finder = Finder::new(self.query()).filter(|_| self.search.is_none());
        let height = self.row_height();
        let mut y = body.y;
        for place in cursor.top.. {
            let Some(session) = self.at(place).filter(|_| y + height <= body.bottom()) else { break };
            let selected = place == cursor.at;
            let found = self.search.as_ref().and_then(|search| search.row(place));
            let lit = finder.as_mut().map(|finder| finder.lit(&session.title)).unwrap_or_default();
            let went_on = self.went_on(session).map(|elsewhere| elsewhere.words(&look.now.local));
            let mark = mark_of(session, went_on.is_some());
            let drawn = Drawn { width: area.width, selected, reading: self.reading };
            let line = session_row(session, mark, &lit, drawn, self.columns, look);
            frame.render_widget(line, Rect { y, height: 1, ..body });
            if height == 2 {
                let line = match found {
                    Some(row) => found_line(row, area.width, selected, look),
                    None => second_line(session, went_on.as_deref(), area.width, selected, look),
                };
                frame.render_widget(line, Rect { y: y + 1, height: 1, ..body });
            }
            y += height;
        }
    }

    /// What is typed, and at its right how many are left.
    fn draw_typed(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let (form, focused, count) = if let Some(search) = &self.search {
            let spins = search.state == State::Running;
            let spinner = if spins { format!("{} ", look.spinner()) } else { String::new() };
            (&search.form, search.typing, format!("{spinner}{}", search.count()))
        } else {
            let all = self.all.iter().filter(|session| self.counts(session)).count();
            (&self.filter, true, format!("{} of {}", text::count(self.shown.len()), text::count(all)))
        };
        form.draw(frame, area, focused, look);
        let width = u16::try_from(text::width(&count)).unwrap_or(0).min(area.width / 2);
        let place = Rect { x: area.right() - width, width, ..area };
        frame.render_widget(Line::styled(text::pad(&count, width.into()), look.theme.quiet), place);
    }

    fn draw_head(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        if self.filtering || self.search.is_some() {
            return self.draw_typed(frame, area, look);
        }
        let scope = if self.only_project { "this project" } else { "everywhere" };
        let hidden = self.all.iter().filter(|session| session.hidden).count();
        let count = match (&self.scan, self.progress) {
            (Scan::Running, Progress { of: 0, .. }) => format!("{} scanning", look.spinner()),
            (Scan::Running, Progress { read, of }) => {
                format!("{} scanning {} of {}", look.spinner(), text::count(read), text::count(of))
            }
            (Scan::Failed(_), _) if self.all.is_empty() => "none".to_owned(),
            _ => {
                let all = self.all.len() - if self.hidden { 0 } else { hidden };
                format!("{} of {}", text::count(self.shown.len()), text::count(all))
            }
        };
        let query = self.query();
        let filter =
            if query.is_empty() { String::new() } else { format!(" · filter “{query}”, Esc clears it") };
        let hidden = match (hidden, self.hidden) {
            (0, _) => String::new(),
            (_, true) => format!(" · {hidden} of them hidden by default"),
            (_, false) => format!(" · {hidden} hidden"),
        };
        let words = format!(" · {count}{filter}{hidden}");
        let room = usize::from(area.width).saturating_sub(scope.len() + 2);
        let head = Line::from(vec![
            Span::raw("  "),
            Span::styled(scope, look.theme.strong),
            Span::styled(text::fit(&words, room), look.theme.quiet),
        ]);
        frame.render_widget(head, area);
    }

    /// Why the list is empty, and which key changes that.
    fn why_empty(&self) -> String {
        match &self.scan {
            Scan::Running if self.all.is_empty() => {
                "Looking for Claude Code sessions on this machine …".to_owned()
            }
            Scan::Running => "No matches yet; still reading …".to_owned(),
            Scan::Failed(why) => {
                format!("{why}\nPress R to try again, or 3 for handoffs addressed to you.")
            }
            Scan::Done if !self.query().is_empty() => {
                format!("No session matches “{}”. Esc clears the filter.", self.query())
            }
            Scan::Done if self.only_project => "No sessions in this folder. o shows all.".to_owned(),
            Scan::Done => {
                "No Claude Code sessions on this machine yet. Start claude in a project, then press R \
                here. Press 3 for handoffs addressed to you."
                    .to_owned()
            }
        }
    }
}

/// How a row is drawn.
#[derive(Clone, Copy)]
struct Drawn {
    width: u16,
    selected: bool,
    /// The conversation beside it has the keys.
    reading: bool,
}

/// Whether it is open, or gone on with elsewhere.
fn mark_of(session: &Session, went_on: bool) -> &'static str {
    match session.live {
        Live::Yes => "● ",
        Live::Perhaps => "◐ ",
        Live::No if went_on => "↪ ",
        Live::No => "",
    }
}

/// Size, branch, project give way in this order; the age stays.
fn session_row(
    session: &Session,
    dot: &str,
    lit: &[u32],
    drawn: Drawn,
    columns: Columns,
    look: &Look<'_>,
) -> Line<'static> {
    let quiet = look.theme.quiet;
    let mut metas = vec![
        Meta::new(text::bytes(session.size), columns.size, quiet),
        Meta::new(session.git_branch.clone().unwrap_or_default(), columns.branch, quiet),
        Meta::new(short_project(&session.project).to_owned(), columns.project, quiet).shortened(PROJECT),
    ];
    metas.retain(|meta| meta.width > 0);
    metas.push(Meta::new(text::ago(session.updated_at, look.now.utc()), 10, age_style(session, look)));
    let shift = u32::try_from(dot.chars().count()).unwrap_or(0);
    let lit: Vec<u32> = lit.iter().map(|at| at + shift).collect();
    let mut theme = *look.theme;
    if drawn.reading {
        theme.chosen = theme.resting;
    }
    let style = if session.resumable && !session.hidden { look.theme.text } else { quiet };
    row(&format!("{dot}{}", session.title), &lit, metas, drawn.width, style, drawn.selected, &theme)
}

fn age_style(session: &Session, look: &Look<'_>) -> Style {
    match (look.now.utc() - session.updated_at).num_hours() {
        ..1 => look.theme.good,
        1..24 => look.theme.text,
        _ => look.theme.quiet,
    }
}

fn second_line(
    session: &Session,
    went_on: Option<&str>,
    width: u16,
    selected: bool,
    look: &Look<'_>,
) -> Line<'static> {
    let nothing = match (session.checking, session.resumable) {
        (true, _) => "checking whether it can be resumed",
        (_, true) => "",
        (_, false) => "nothing to resume",
    };
    let words = if let Some(words) = went_on {
        words
    } else if session.api_error {
        "last turn: API error"
    } else {
        session.last_words.as_deref().unwrap_or(nothing)
    };
    under(words, &[], Vec::new(), width, selected, look.theme)
}

/// Who said what was searched for, and the words around it.
fn found_line(found: &Row, width: u16, selected: bool, look: &Look<'_>) -> Line<'static> {
    let Some(hit) = &found.newest else { return second_line(&found.session, None, width, selected, look) };
    let who = if hit.role == Role::User { "you: " } else { "claude: " };
    let lit = graphemes(&hit.snippet, &hit.matches);
    let lit: Vec<u32> = lit.iter().map(|at| at + u32::try_from(who.len()).unwrap_or(0)).collect();
    let more = match found.count {
        0 | 1 => Vec::new(),
        count => vec![Span::styled(format!("{} hits", text::count(count)), look.theme.quiet)],
    };
    under(&format!("{who}{}", hit.snippet), &lit, more, width, selected, look.theme)
}

fn draw_words(frame: &mut Frame<'_>, area: Rect, words: &str, look: &Look<'_>) {
    let words: Vec<Line<'_>> = wrap(&look.words(words), usize::from(area.width.saturating_sub(4)).max(8))
        .into_iter()
        .map(|line| Line::styled(format!("  {line}"), look.theme.quiet))
        .collect();
    let below = Rect { y: area.y + area.height.min(1), height: area.height.saturating_sub(1), ..area };
    lines(frame, below, &words);
}

/// Why a search shows nothing, and what could be typed.
fn why_none(state: &State) -> String {
    match state {
        State::Idle => "Type words that you or claude used, in any order; \"quote\" a phrase. Filters: \
            project:NAME, branch:NAME, since:2d.\n\nAll conversations are searched each time; nothing is stored."
            .to_owned(),
        State::Running => "Looking …".to_owned(),
        State::Done(_) => {
            "No message contains all these words. Try fewer or shorter words; Esc goes back.".to_owned()
        }
        State::Failed(why) => why.clone(),
    }
}

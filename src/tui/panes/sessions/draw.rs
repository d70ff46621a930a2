//! How the sessions look.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{Columns, Said, Scan, Sessions, Tools};
use crate::text;
use crate::tui::message::{Live, Progress, Role, Session, Turn};
use crate::tui::panes::short_project;
use crate::tui::parts::list::{Meta, row, under};
use crate::tui::parts::{Look, detail_area, fact, lines, split, wrap};

/// Lines of facts above the conversation, and one empty line.
const FACTS: u16 = 6;

/// Rows that the conversation has in a detail of this size.
pub(super) fn conversation_height(area: Rect) -> u16 {
    area.height.saturating_sub(FACTS)
}

/// The conversation as lines: who, and what they said.
pub(super) fn conversation(turns: Option<&[Turn]>, tools: Tools, width: u16) -> Vec<Said> {
    let columns = usize::from(width.saturating_sub(2)).max(8);
    let mut out = Vec::new();
    for turn in turns.unwrap_or_default() {
        match turn.role {
            Role::Tool if tools == Tools::None => {}
            Role::Tool => {
                let line = format!("· {}", turn.text.replace('\n', " "));
                out.push((Role::Tool, false, text::fit(&line, columns)));
                if tools == Tools::Whole && !turn.detail.is_empty() {
                    let detail = wrap(&turn.detail, columns.saturating_sub(4).max(8));
                    out.extend(detail.into_iter().map(|line| (Role::Tool, false, format!("    {line}"))));
                }
            }
            role => {
                if !out.is_empty() {
                    out.push((role, false, String::new()));
                }
                out.push((role, true, if role == Role::User { "you" } else { "claude" }.to_owned()));
                out.extend(wrap(&turn.text, columns).into_iter().map(|line| (role, false, line)));
            }
        }
    }
    out
}

impl Sessions {
    pub(super) fn draw_all(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        match split(area) {
            (list, Some(detail)) => {
                self.draw_list(frame, list, look);
                self.draw_detail(frame, detail, look);
            }
            (whole, None) if self.reading => self.draw_detail(frame, detail_area(whole), look),
            (whole, None) => self.draw_list(frame, whole, look),
        }
    }

    fn draw_list(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        self.draw_head(frame, Rect { height: area.height.min(1), ..area }, look);
        let body = Rect { y: area.y + area.height.min(1), height: area.height.saturating_sub(1), ..area };
        if self.shown.is_empty() {
            let words: Vec<Line<'_>> =
                wrap(&self.why_empty(), usize::from(body.width.saturating_sub(4)).max(8))
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
        let height = self.row_height();
        let mut y = body.y;
        for (place, (at, lit)) in self.shown.iter().enumerate().skip(self.cursor.top) {
            if y + height > body.bottom() {
                break;
            }
            let session = &self.all[*at];
            let selected = place == self.cursor.at;
            let line = session_row(session, lit, area.width, selected, self.reading, self.columns, look);
            frame.render_widget(line, Rect { y, height: 1, ..body });
            if height == 2 {
                frame.render_widget(
                    second_line(session, area.width, selected, look),
                    Rect { y: y + 1, height: 1, ..body },
                );
            }
            y += height;
        }
    }

    fn draw_head(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        if self.filtering {
            self.filter.draw(frame, area, true, look);
            let all = self.all.iter().filter(|session| self.counts(session)).count();
            let count = format!("{} of {all}", self.shown.len());
            let width = u16::try_from(count.len()).unwrap_or(0).min(area.width);
            frame.render_widget(
                Line::styled(count, look.theme.quiet),
                Rect { x: area.right() - width, width, ..area },
            );
            return;
        }
        let scope = if self.only_project { "this project" } else { "everywhere" };
        let hidden = self.all.iter().filter(|session| session.hidden).count();
        let count = match (&self.scan, self.progress) {
            (Scan::Running, Progress { of: 0, .. }) => format!("{} scanning", look.spinner()),
            (Scan::Running, Progress { read, of }) => format!("{} scanning {read} of {of}", look.spinner()),
            _ => format!("{} of {}", self.shown.len(), self.all.len() - if self.hidden { 0 } else { hidden }),
        };
        let query = self.query();
        let filter =
            if query.is_empty() { String::new() } else { format!(" · filter “{query}”, Esc clears it") };
        let hidden = match (hidden, self.hidden) {
            (0, _) => String::new(),
            (_, true) => format!(" · {hidden} of them usually hidden"),
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
                "Looking for sessions of Claude Code on this machine …".to_owned()
            }
            Scan::Running => "None yet of those that were read; the others are being read …".to_owned(),
            Scan::Failed(why) => format!("{why}\nR looks again."),
            Scan::Done if !self.query().is_empty() => {
                format!("No session matches “{}”. Esc clears the filter.", self.query())
            }
            Scan::Done if self.only_project => "No session belongs to this folder. o shows all of them.".to_owned(),
            Scan::Done => "There is no session of Claude Code on this machine yet. Talk to claude in a project, then come \
                           back and press R. What others handed to you is under Pick up: press 3."
                .to_owned(),
        }
    }

    fn draw_detail(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let Some(session) = self.selected() else { return };
        let columns = usize::from(area.width);
        let title = if self.reading { look.theme.accent } else { look.theme.strong };
        let state = if session.resumable {
            Span::styled("can be resumed", look.theme.good)
        } else {
            let why = session.why_not.as_deref().unwrap_or("no conversation in it");
            Span::styled(
                text::fit(&format!("cannot be resumed: {why}"), columns.saturating_sub(11)),
                look.theme.warn,
            )
        };
        let live = match session.live {
            Live::Yes => Span::styled("● open in a claude now · ", look.theme.warn),
            Live::Perhaps => Span::styled("◐ perhaps open elsewhere · ", look.theme.warn),
            Live::No => Span::raw(""),
        };
        let branch = session.git_branch.as_deref().map(|branch| format!(" · {branch}")).unwrap_or_default();
        let model = session.model.as_deref().unwrap_or("not known");
        let room = columns.saturating_sub(11);
        let head = [
            Line::styled(text::fit(&session.title, columns), title),
            fact("project", text::fit(&format!("{}{branch}", look.path(&session.project)), room), look),
            fact(
                "last said",
                text::fit(
                    &format!(
                        "{} · {}",
                        text::ago(session.updated_at, look.now.utc()),
                        text::bytes(session.size)
                    ),
                    room,
                ),
                look,
            ),
            fact("model", text::fit(model, room), look),
            Line::from(vec![Span::styled(text::pad("state", 11), look.theme.quiet), live, state]),
        ];
        lines(frame, area, &head);
        if let Some(words) = oddity(session) {
            let below =
                Rect { y: area.y + 5.min(area.height), height: area.height.saturating_sub(5).min(1), ..area };
            frame.render_widget(Line::styled(text::fit(words, columns), look.theme.warn), below);
        }
        let body = Rect { y: area.y + area.height.min(FACTS), height: conversation_height(area), ..area };
        self.draw_conversation(frame, body, look);
    }

    /// Which lines of how many are shown, in the empty line above them.
    fn draw_place(
        &self,
        frame: &mut Frame<'_>,
        area: Rect,
        (from, end, len): (usize, usize, usize),
        look: &Look<'_>,
    ) {
        let Some(y) =
            area.y.checked_sub(1).filter(|_| self.selected().is_none_or(|session| oddity(session).is_none()))
        else {
            return;
        };
        let words = if self.reading {
            format!("lines {}–{end} of {len}", from + 1)
        } else {
            format!("the last {} of {len} lines · → reads", end - from)
        };
        let words = text::fit(&words, usize::from(area.width));
        let style = if self.reading { look.theme.accent } else { look.theme.quiet };
        frame.render_widget(Line::styled(words, style).right_aligned(), Rect { y, height: 1, ..area });
    }

    fn draw_conversation(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let told = &self.preview.told;
        if told.is_empty() {
            let words = match (&self.preview.error, &self.preview.turns) {
                (Some(error), _) => format!("It cannot be read: {error}"),
                (None, None) => "reading …".to_owned(),
                (None, Some(_)) => "Nothing has been said in it.".to_owned(),
            };
            frame.render_widget(
                Line::styled(text::fit(&words, usize::from(area.width)), look.theme.quiet),
                Rect { height: area.height.min(1), ..area },
            );
            return;
        }
        let page = usize::from(area.height);
        let up = self.preview.scroll.0.min(told.len().saturating_sub(page));
        let end = told.len() - up;
        let from = end.saturating_sub(page);
        if told.len() > page {
            self.draw_place(frame, area, (from, end, told.len()), look);
        }
        let shown: Vec<Line<'_>> =
            told[from..end].iter().map(|(role, head, line)| turn_line(*role, *head, line, look)).collect();
        lines(frame, area, &shown);
    }
}

/// What is odd about it, where the conversation can still be resumed.
fn oddity(session: &Session) -> Option<&'static str> {
    if session.damaged {
        return Some("Parts of its file are damaged; claude passes over them.");
    }
    if session.hidden {
        return Some("A run of the SDK or a sidechain: usually hidden.");
    }
    session.duplicate.then_some("The same session lies in another project folder too.")
}

fn turn_line<'a>(role: Role, head: bool, line: &'a str, look: &Look<'_>) -> Line<'a> {
    match (role, head) {
        (Role::Tool, _) => Line::styled(line, look.theme.quiet),
        (Role::User, true) => Line::styled(line, look.theme.accent),
        (Role::Assistant, true) => Line::styled(line, look.theme.strong),
        _ => Line::styled(format!("  {line}"), look.theme.text),
    }
}

/// Size, branch, project give way in this order; the age stays.
fn session_row(
    session: &Session,
    lit: &[u32],
    width: u16,
    selected: bool,
    reading: bool,
    columns: Columns,
    look: &Look<'_>,
) -> Line<'static> {
    let quiet = look.theme.quiet;
    let dot = match session.live {
        Live::Yes => "● ",
        Live::Perhaps => "◐ ",
        Live::No => "",
    };
    let mut metas = vec![
        Meta::new(text::bytes(session.size), columns.size, quiet),
        Meta::new(session.git_branch.clone().unwrap_or_default(), columns.branch, quiet),
        Meta::new(short_project(&session.project).to_owned(), columns.project, quiet),
    ];
    metas.retain(|meta| meta.width > 0);
    metas.push(Meta::new(text::ago(session.updated_at, look.now.utc()), 10, age_style(session, look)));
    let shift = u32::try_from(dot.chars().count()).unwrap_or(0);
    let lit: Vec<u32> = lit.iter().map(|at| at + shift).collect();
    let mut theme = *look.theme;
    if reading {
        theme.chosen = theme.resting;
    }
    let style = if session.resumable { look.theme.text } else { quiet };
    row(&format!("{dot}{}", session.title), &lit, metas, width, style, selected, &theme)
}

fn age_style(session: &Session, look: &Look<'_>) -> Style {
    match (look.now.utc() - session.updated_at).num_hours() {
        ..1 => look.theme.good,
        1..24 => look.theme.text,
        _ => look.theme.quiet,
    }
}

fn second_line(session: &Session, width: u16, selected: bool, look: &Look<'_>) -> Line<'static> {
    let words =
        session.last_words.as_deref().unwrap_or(if session.resumable { "" } else { "nothing to resume" });
    under(words, Vec::new(), width, selected, look.theme)
}

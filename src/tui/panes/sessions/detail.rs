//! The selected session: what is known of it, and its conversation.

use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::Sessions;
use super::conversation::Told;
use super::find::Find;
use super::search::Search;
use crate::text;
use crate::tui::message::{Live, Role, Session};
use crate::tui::parts::list::mark;
use crate::tui::parts::{Look, fact, lines};

/// Lines of facts above the conversation, and one empty line.
const FACTS: u16 = 6;

/// Rows that the conversation has in a detail of this size.
pub(super) fn conversation_height(area: Rect) -> u16 {
    area.height.saturating_sub(FACTS)
}

impl Sessions {
    pub(super) fn draw_detail(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let Some(session) = self.selected() else { return };
        let columns = usize::from(area.width);
        let title = if self.reading { look.theme.accent } else { look.theme.strong };
        let state = if session.checking {
            Span::styled("checking whether it can be resumed", look.theme.quiet)
        } else if session.resumable && session.api_error {
            Span::styled("resumable · last turn: API error", look.theme.warn)
        } else if session.resumable {
            Span::styled("resumable", look.theme.good)
        } else {
            let why = session.why_not.as_deref().unwrap_or("no conversation");
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
        let tag = session.tag.as_deref().map(|tag| format!(" · #{tag}")).unwrap_or_default();
        let request = session.pull_request.as_deref().map(|name| format!(" · {name}")).unwrap_or_default();
        let model = session.model.as_deref().unwrap_or("not known");
        let room = columns.saturating_sub(11);
        let head = [
            Line::styled(text::fit(&session.title, columns), title),
            fact(
                "project",
                text::fit(&format!("{}{branch}{tag}{request}", look.path(&session.project)), room),
                look,
            ),
            fact(
                "updated",
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
        let typing = self.find.as_ref().is_some_and(|find| find.typing);
        if let Some(words) = self.odd(session, look).filter(|_| !typing) {
            let below =
                Rect { y: area.y + 5.min(area.height), height: area.height.saturating_sub(5).min(1), ..area };
            frame.render_widget(Line::styled(text::fit(&words, columns), look.theme.warn), below);
        }
        let body = Rect { y: area.y + area.height.min(FACTS), height: conversation_height(area), ..area };
        self.draw_conversation(frame, body, look);
    }

    /// What is not as usual with a session.
    fn odd(&self, session: &Session, look: &Look<'_>) -> Option<String> {
        let went_on =
            self.went_on(session).map(|elsewhere| format!("It {}.", elsewhere.words(&look.now.local)));
        went_on.or_else(|| oddity(session).map(str::to_owned))
    }

    /// Which lines are shown and how to see others, in the empty line above them.
    fn draw_place(&self, frame: &mut Frame<'_>, area: Rect, shown: &Range<usize>, look: &Look<'_>) {
        if let Some(find) = self.find.as_ref().filter(|find| find.typing) {
            let row = Rect { y: area.y.saturating_sub(1), height: 1, ..area };
            return find.form.draw(frame, row, true, look);
        }
        let is_free = self.selected().is_none_or(|session| self.odd(session, look).is_none());
        let Some(y) = area.y.checked_sub(1).filter(|_| is_free) else { return };
        let len = self.talk.told.len();
        let found = self.find.as_ref().and_then(Find::place);
        let hit = found.or_else(|| self.search.as_ref().and_then(Search::place));
        let (end, of) = (text::count(shown.end), text::count(len));
        let lines = if self.talk.is_whole() {
            format!("{end} of {of} lines")
        } else {
            format!("{end} of {of} lines so far")
        };
        let words = match (hit, self.reading) {
            (Some(hit), true) => format!("{hit} · {lines}"),
            (Some(hit), false) => format!("{hit} · Enter to read"),
            (None, true) => lines,
            (None, false) if shown.len() == len && self.talk.is_whole() => return,
            (None, false) if self.talk.is_whole() => {
                format!("last {} of {of} lines · → to read all", shown.len())
            }
            (None, false) => format!("last {} lines · → to read all", shown.len()),
        };
        let words = text::fit(&words, usize::from(area.width));
        let style = if self.reading { look.theme.accent } else { look.theme.quiet };
        frame.render_widget(Line::styled(words, style).right_aligned(), Rect { y, height: 1, ..area });
    }

    fn draw_conversation(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let told = &self.talk.told;
        if told.is_empty() {
            let words = match &self.talk.error {
                Some(error) => format!("It cannot be read: {error}"),
                None if !self.talk.is_read() => "reading …".to_owned(),
                None => "It contains no messages.".to_owned(),
            };
            frame.render_widget(
                Line::styled(text::fit(&words, usize::from(area.width)), look.theme.quiet),
                Rect { height: area.height.min(1), ..area },
            );
            return;
        }
        let shown = self.talk.shown(usize::from(area.height));
        self.draw_place(frame, area, &shown, look);
        let shown: Vec<Line<'_>> =
            told.get(shown).unwrap_or_default().iter().map(|line| told_line(line, look)).collect();
        lines(frame, area, &shown);
    }
}

/// What is odd about it, where the conversation can still be resumed.
fn oddity(session: &Session) -> Option<&'static str> {
    if session.damaged {
        return Some("Parts of its file are damaged; claude skips them.");
    }
    if session.hidden {
        return Some("Usually hidden, as in Claude's own picker.");
    }
    session.duplicate.then_some("The same session is in another project folder, too.")
}

fn told_line<'a>(line: &'a Told, look: &Look<'_>) -> Line<'a> {
    let style = match (line.role, line.head) {
        (Some(Role::Tool), _) => look.theme.quiet,
        (Some(Role::User), true) => look.theme.accent,
        (Some(Role::Assistant), true) => look.theme.strong,
        _ => look.theme.text,
    };
    let mut shown = line.row.line(style, look.theme);
    if line.role != Some(Role::Tool) && !line.head {
        shown.spans.insert(0, Span::styled(mark(line.marked), look.theme.accent));
    }
    shown
}

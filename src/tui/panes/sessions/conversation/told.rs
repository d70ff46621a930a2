//! A turn as lines: who, and what they said or did.

use crate::text;
use crate::tui::message::{Role, Turn};
use crate::tui::parts::flow::{Flow, Ink, Row};
use crate::tui::parts::markdown;

/// Lines at most of what a tool did, where it is told in brief.
const BRIEF: usize = 16;
/// How far that is indented.
const INDENT: usize = 4;

/// How much is shown of what tools did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::tui::panes::sessions) enum Tools {
    None,
    Lines,
    /// A line each, and of those that changed or ran something what came of it.
    #[default]
    Brief,
    Whole,
}

/// The room that it is shown in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::tui::panes::sessions) struct Room {
    pub columns: usize,
    pub rows: usize,
    pub tools: Tools,
}

/// A line of the conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::tui::panes::sessions) struct Told {
    pub role: Option<Role>,
    /// It names who speaks.
    pub head: bool,
    pub row: Row,
    /// Of the message that a search found.
    pub marked: bool,
    /// The number of its turn.
    pub turn: i64,
}

/// A turn as lines; `first` of all that were read.
pub(super) fn tell(turn: &Turn, room: Room, first: bool) -> Vec<Told> {
    let line = |row: Row| Told { role: Some(turn.role), row, ..Told::default() };
    if turn.role == Role::Tool {
        return did(turn, room).into_iter().map(line).collect();
    }
    let who = if turn.role == Role::User { "you" } else { "claude" };
    let head = Told { head: true, ..line(Row::of(who, Ink::default())) };
    // A person's words stay as they were typed, as claude shows them.
    let rows = match turn.role {
        Role::User => Flow::plain(&turn.text, &turn.lit).rows(room.columns),
        _ => markdown::render(&turn.text, room.columns, &turn.lit),
    };
    let above = (!first).then(Told::default);
    above.into_iter().chain([head]).chain(rows.into_iter().map(line)).collect()
}

/// What a tool did.
fn did(turn: &Turn, room: Room) -> Vec<Row> {
    let (what, most) = match room.tools {
        Tools::None => return Vec::new(),
        Tools::Lines => ("", 0),
        Tools::Brief => (&*turn.brief, BRIEF),
        Tools::Whole => (if turn.detail.is_empty() { &*turn.brief } else { &*turn.detail }, usize::MAX),
    };
    let words = text::fit(&format!("· {}", turn.text.replace('\n', " ")), room.columns);
    let mut rows = vec![Row::of(words, Ink::default())];
    if what.is_empty() {
        return rows;
    }
    let below = markdown::render(what, room.columns.saturating_sub(INDENT).max(8), &[]);
    let is_cut = below.len() > most;
    rows.extend(below.into_iter().take(most).map(|row| row.indented(INDENT)));
    if is_cut {
        rows.push(Row::of("…", Ink::default()).indented(INDENT));
    }
    rows
}

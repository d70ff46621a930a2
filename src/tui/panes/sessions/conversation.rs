//! The conversation of the selected session, as far as it was read: a page at a
//! time, more when the user comes near to an end of it.

use std::ops::Range;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::text;
use crate::tui::message::{Excerpt, Intent, Page, Role, Session, Turn};
use crate::tui::parts::list::Scroll;
use crate::tui::parts::wrap;

/// A line of the file, and what was searched for.
pub(super) type Spot = (Range<u64>, String);

/// How much is shown of what tools did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tools {
    None,
    #[default]
    Lines,
    Whole,
}

/// A line of the conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub role: Option<Role>,
    /// It names who speaks.
    pub head: bool,
    pub text: String,
    /// Of the message that a search found.
    pub marked: bool,
    /// The words that were searched for: byte ranges.
    pub lit: Vec<Range<usize>>,
}

/// What is known of it.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    /// The file it is read from.
    path: PathBuf,
    /// Which state of it was asked for: last message, and size.
    at: (DateTime<Utc>, u64),
    /// The line of the file that a search found, and what was searched for.
    spot: Option<Spot>,
    /// Its turns so far; `None` while the first are read.
    turns: Option<Vec<Turn>>,
    marked: Range<usize>,
    /// What was read begins and ends at these places of the file.
    place: Range<u64>,
    /// More stands behind what was read.
    later: bool,
    /// A page is on its way.
    waiting: bool,
    /// Why there are none.
    pub error: Option<String>,
    /// The turns laid out for the room there is.
    pub told: Vec<Told>,
    /// Lines up from the end.
    pub scroll: Scroll,
}

/// The room that it is shown in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub columns: usize,
    pub rows: usize,
    pub tools: Tools,
}

impl Conversation {
    /// Which page to ask for now, when the user is at `session` (and at the hit
    /// `spot` in it); `reading` when the conversation has the keys.
    pub fn wants(
        &mut self,
        session: &Session,
        spot: Option<Spot>,
        rows: usize,
        reading: bool,
    ) -> Option<Excerpt> {
        let at = (session.updated_at, session.size);
        if session.path != self.path || spot != self.spot {
            let path = session.path.clone();
            *self = Self { path, at, spot, waiting: true, ..Self::default() };
            return Some(self.spot.clone().map_or(Excerpt::Last, |(line, _)| Excerpt::Around(line)));
        }
        if self.waiting || self.error.is_some() {
            return None;
        }
        let (above, below) = (self.told.len().saturating_sub(self.scroll.0 + rows), self.scroll.0);
        let place = if self.at != at {
            // More was said in it: what is shown stays until that is read.
            self.at = at;
            Excerpt::After(self.place.end)
        } else if self.place.start > 0 && above < rows && (reading || below > 0 || self.told.len() < rows) {
            Excerpt::Before(self.place.start)
        } else if self.later && below < rows {
            Excerpt::After(self.place.end)
        } else {
            return None;
        };
        self.waiting = true;
        Some(place)
    }

    /// Whether a page is of this conversation.
    pub fn is_of(&self, path: &Path) -> bool {
        self.path == path
    }

    /// Takes a page that was asked for.
    pub fn take(&mut self, place: &Excerpt, page: Page, room: Room) {
        self.waiting = false;
        let turns = self.turns.get_or_insert_default();
        match place {
            Excerpt::Before(_) => {
                let more = page.turns.len();
                turns.splice(0..0, page.turns);
                self.marked = self.marked.start + more..self.marked.end + more;
                self.place.start = page.start;
                // Lines are counted from the end: nothing moves.
                self.lay_out_only(room);
            }
            Excerpt::After(_) => {
                (self.place.end, self.later) = (page.end, page.end < page.size && !page.turns.is_empty());
                turns.extend(page.turns);
                self.lay_out(room);
            }
            Excerpt::Last | Excerpt::Around(_) => {
                *turns = page.turns;
                self.place = page.start..page.end;
                self.later = page.end < page.size && !page.marked.is_empty();
                self.marked = page.marked;
                self.lay_out_only(room);
                self.show_marked(room);
            }
        }
    }

    /// No page came.
    pub fn failed(&mut self, error: String) {
        (self.waiting, self.error) = (false, Some(error));
    }

    /// Scrolls to the words that a search found, with some lines above them.
    fn show_marked(&mut self, room: Room) {
        let lit = self.told.iter().position(|line| !line.lit.is_empty());
        let Some(at) = lit.or_else(|| self.told.iter().position(|line| line.marked)) else { return };
        let end = (at.saturating_sub(room.rows / 3) + room.rows).min(self.told.len());
        self.scroll.0 = self.told.len() - end;
    }

    /// Lays it out for the room there is; what is being read stays where it is.
    pub fn lay_out(&mut self, room: Room) {
        let before = self.told.len();
        self.lay_out_only(room);
        let (len, scroll) = (self.told.len(), &mut self.scroll.0);
        if *scroll > 0 && before > 0 {
            *scroll = (*scroll + len).saturating_sub(before).min(len.saturating_sub(room.rows));
        }
    }

    fn lay_out_only(&mut self, room: Room) {
        let turns = self.turns.as_deref().unwrap_or_default();
        let mut told = Vec::new();
        for (at, turn) in turns.iter().enumerate() {
            let from = told.len();
            tell(turn, room, &mut told);
            for line in told.get_mut(from..).unwrap_or_default() {
                line.marked = self.marked.contains(&at) && line.role.is_some();
            }
        }
        self.told = told;
    }

    /// Moves as asked; false when the intent is not one that moves.
    pub fn scroll(&mut self, intent: Intent, rows: usize) -> bool {
        // It is read from its end: up is further back.
        let turned = match intent {
            Intent::Up => Intent::Down,
            Intent::Down => Intent::Up,
            Intent::PageUp => Intent::PageDown,
            Intent::PageDown => Intent::PageUp,
            Intent::First => Intent::Last,
            Intent::Last => Intent::First,
            other => other,
        };
        self.scroll.handle(turned, self.told.len(), rows)
    }

    /// Which lines a room of so many rows shows.
    pub fn shown(&self, rows: usize) -> Range<usize> {
        let up = self.scroll.0.min(self.told.len().saturating_sub(rows));
        let end = self.told.len() - up;
        end.saturating_sub(rows)..end
    }

    /// Whether it is known from its start to its end.
    pub fn is_whole(&self) -> bool {
        self.place.start == 0 && !self.later
    }

    /// Whether its first page has come.
    pub fn is_read(&self) -> bool {
        self.turns.is_some()
    }
}

/// A turn as lines: who, and what they said.
fn tell(turn: &Turn, room: Room, out: &mut Vec<Told>) {
    let columns = room.columns;
    let line = |text: String| Told { role: Some(turn.role), text, ..Told::default() };
    if turn.role == Role::Tool {
        if room.tools == Tools::None {
            return;
        }
        out.push(line(text::fit(&format!("· {}", turn.text.replace('\n', " ")), columns)));
        if room.tools == Tools::Whole && !turn.detail.is_empty() {
            let detail = wrap(&turn.detail, columns.saturating_sub(4).max(8));
            out.extend(detail.into_iter().map(|text| line(format!("    {text}"))));
        }
        return;
    }
    if !out.is_empty() {
        out.push(Told::default());
    }
    let who = if turn.role == Role::User { "you" } else { "claude" };
    out.push(Told { head: true, ..line(who.to_owned()) });
    let mut from = 0;
    for text in wrap(&turn.text, columns) {
        // Breaking lines takes away and repeats white space, and nothing else.
        let rest = turn.text.get(from..).unwrap_or_default();
        let flush = text.trim_start_matches(' ');
        let indent = text.len() - flush.len();
        let start = from + rest.find(flush).unwrap_or(0);
        let end = start + flush.len();
        let lit = turn.lit.iter().filter(|lit| lit.start < end && lit.end > start);
        let place = |at: usize| at.clamp(start, end) - start + indent;
        let lit = lit.map(|lit| place(lit.start)..place(lit.end)).collect();
        from = end;
        out.push(Told { lit, ..line(text) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ROOM: Room = Room { columns: 20, rows: 5, tools: Tools::Lines };

    fn turn(role: Role, text: &str) -> Turn {
        Turn { role, text: text.to_owned(), detail: String::new(), lit: Vec::new() }
    }

    fn page(turns: Vec<Turn>, place: Range<u64>) -> Page {
        Page { turns, marked: 0..0, start: place.start, end: place.end, size: 100 }
    }

    #[test]
    fn what_is_lit_stays_on_its_characters_when_lines_break() {
        let mut one = turn(Role::User, "Uploads  fail when the network drops:\nmake them retry");
        one.lit = vec![0..7, 23..30, 48..53];
        let mut told = Vec::new();
        tell(&one, ROOM, &mut told);
        let lit: Vec<&str> =
            told.iter().flat_map(|line| line.lit.iter().map(|lit| &line.text[lit.clone()])).collect();
        assert_eq!(lit, ["Uploads", "network", "retry"]);
    }

    #[test]
    fn earlier_turns_come_in_above_and_later_ones_below() {
        let mut talk = Conversation::default();
        let five = |from: u32| (from..from + 5).map(|n| turn(Role::User, &n.to_string())).collect();
        talk.take(&Excerpt::Last, page(five(10), 50..100), ROOM);
        assert!(talk.scroll(Intent::PageUp, 5) && !talk.is_whole());
        let seen = |talk: &Conversation| talk.told[talk.shown(5)].to_vec();
        let before = seen(&talk);
        talk.take(&Excerpt::Before(50), page(five(5), 0..50), ROOM);
        assert!(talk.is_whole());
        assert_eq!(seen(&talk), before);
        talk.take(&Excerpt::After(100), page(five(15), 100..120), ROOM);
        assert_eq!(seen(&talk), before);
    }

    proptest! {
        #[test]
        fn any_lit_range_is_cut_where_the_lines_are(
            text in "(\\PC|外| |  |👩‍👩‍👧|\n){0,60}", cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
            columns in 8usize..30,
        ) {
            let mut bounds: Vec<usize> =
                cuts.iter().map(|cut| text.floor_char_boundary(cut.index(text.len() + 1))).collect();
            bounds.sort_unstable();
            let mut one = turn(Role::User, &text);
            one.lit = bounds.chunks_exact(2).map(|pair| pair[0]..pair[1]).collect();
            let mut told = Vec::new();
            tell(&one, Room { columns, ..ROOM }, &mut told);
            for line in &told {
                for lit in &line.lit {
                    prop_assert!(line.text.get(lit.clone()).is_some());
                }
            }
        }
    }
}

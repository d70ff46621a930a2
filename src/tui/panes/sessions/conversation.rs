//! The conversation of the selected session, as far as it was read: a page at a
//! time, more when the user comes near to an end of it. Of what was read, what is
//! near to the view is laid out, once for a width; drawing only takes it from there.

mod told;

use std::ops::Range;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use self::told::tell;
pub(super) use self::told::{Room, Told, Tools};
use crate::tui::message::{Excerpt, Intent, Page, Role, Session, Turn};
use crate::tui::parts::list::Scroll;

/// A line of the file, and what was searched for.
pub(super) type Spot = (Range<u64>, String);

/// Bytes of text that are laid out at once where nobody looks yet.
const AHEAD: usize = 64 * 1024;

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
    /// The first of them has this number: earlier ones, smaller ones.
    first: i64,
    marked: Range<i64>,
    /// What was read begins and ends at these places of the file.
    place: Range<u64>,
    /// The message that it goes on from there, where that is known.
    above: Option<String>,
    /// More stands behind what was read.
    later: bool,
    /// A page is on its way.
    waiting: bool,
    /// What the user said before is looked for.
    seeking: bool,
    /// Why there are none.
    pub error: Option<String>,
    /// What it is laid out for.
    room: Room,
    /// The last turns laid out.
    pub told: Vec<Told>,
    /// So many of the first turns are not laid out yet.
    rest: usize,
    /// Lines up from the end.
    pub scroll: Scroll,
    /// What was first when it was laid out last, and the scroll that showed it: while
    /// nobody moves, that stays the place, also where a level hides it.
    held: Option<(Anchor, usize)>,
}

/// A place in it: a turn, and how far down in so many lines of it.
type Anchor = (i64, usize, usize);

impl Conversation {
    /// Which page to ask for now, when the user is at `session` (and at the hit
    /// `spot` in it); `reading` when the conversation has the keys.
    pub fn wants(&mut self, session: &Session, spot: Option<Spot>, reading: bool) -> Option<Excerpt> {
        let at = (session.updated_at, session.size);
        // Who reads on after a hit stays there.
        let is_spot = spot == self.spot || (spot.is_none() && reading);
        if session.path != self.path || !is_spot {
            let path = session.path.clone();
            *self = Self { path, at, spot, room: self.room, waiting: true, ..Self::default() };
            return Some(self.spot.clone().map_or(Excerpt::Last, |(line, _)| Excerpt::Around(line)));
        }
        let rows = self.room.rows;
        self.fill(self.scroll.0 + 3 * rows);
        if self.waiting || self.error.is_some() {
            return None;
        }
        let (above, below) = (self.told.len().saturating_sub(self.scroll.0 + rows), self.scroll.0);
        let earlier = self.place.start > 0 && self.rest == 0;
        let place = if self.at != at {
            // More was said in it: what is shown stays until that is read.
            self.at = at;
            Excerpt::After(self.place.end)
        } else if earlier && above < rows && (reading || below > 0 || self.told.len() < rows) {
            Excerpt::Before(self.place.start, self.above.clone())
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
    pub fn take(&mut self, place: &Excerpt, page: Page) {
        self.waiting = false;
        let turns = self.turns.get_or_insert_default();
        match place {
            Excerpt::Before(..) => {
                let more = page.turns.len();
                self.first -= i64::try_from(more).unwrap_or(0);
                // The first of all has no empty line above it.
                if more > 0 && self.told.first().is_some_and(|line| line.head) {
                    self.told.insert(0, Told::default());
                }
                turns.splice(0..0, page.turns);
                self.rest += more;
                (self.place.start, self.above) = (page.start, page.above);
                // Lines are counted from the end: nothing moves.
                self.fill(self.scroll.0 + 3 * self.room.rows);
                if std::mem::take(&mut self.seeking) {
                    self.jump(true);
                }
            }
            Excerpt::After(_) => {
                (self.place.end, self.later) = (page.end, page.end < page.size && !page.turns.is_empty());
                turns.extend(page.turns);
                // What tools answered belongs to calls that were there before.
                Turn::join(turns);
                self.lay_out_anew();
            }
            Excerpt::Last | Excerpt::Around(_) => {
                *turns = page.turns;
                (self.place, self.above, self.first) = (page.start..page.end, page.above, 0);
                self.later = page.end < page.size && !page.marked.is_empty();
                let number = |at: usize| i64::try_from(at).unwrap_or(0);
                self.marked = number(page.marked.start)..number(page.marked.end);
                self.lay_out_anew();
                self.show_marked();
            }
        }
    }

    /// No page came.
    pub fn failed(&mut self, error: String) {
        (self.waiting, self.error) = (false, Some(error));
    }

    /// Scrolls to the words that a search found, with some lines above them.
    fn show_marked(&mut self) {
        let marked = usize::try_from(self.marked.start - self.first).unwrap_or(0);
        while self.rest > marked && !self.marked.is_empty() {
            self.fill(self.told.len() + 1);
        }
        let lit = self.told.iter().position(|line| line.row.is_lit());
        let Some(at) = lit.or_else(|| self.told.iter().position(|line| line.marked)) else { return };
        self.show_at_top(at.saturating_sub(self.room.rows / 3));
    }

    /// Scrolls so that a line is the first that is shown, as far as that goes.
    fn show_at_top(&mut self, line: usize) {
        self.scroll.0 = self.told.len().saturating_sub(line + self.room.rows);
    }

    /// Lays it out for the room there is; what is being read stays where it is.
    pub fn lay_out(&mut self, room: Room) {
        let same = (room.columns, room.tools) == (self.room.columns, self.room.tools);
        self.room.rows = room.rows;
        if !same {
            let anchor = self.anchor();
            self.room = room;
            self.lay_out_at(anchor);
        }
        self.scroll.0 = self.scroll.0.min(self.told.len().saturating_sub(room.rows));
    }

    fn lay_out_anew(&mut self) {
        let anchor = self.anchor();
        self.lay_out_at(anchor);
    }

    /// The first line that is shown; `None` at the end, which stays in view.
    fn anchor(&self) -> Option<Anchor> {
        if let Some((anchor, _)) = self.held.filter(|(_, scroll)| *scroll == self.scroll.0) {
            return Some(anchor);
        }
        if self.scroll.0 == 0 {
            return None;
        }
        let top = self.shown(self.room.rows).start;
        let turn = self.told.get(top)?.turn;
        let from = self.told.partition_point(|line| line.turn < turn);
        let to = self.told.partition_point(|line| line.turn <= turn);
        Some((turn, top - from, to - from))
    }

    fn lay_out_at(&mut self, anchor: Option<Anchor>) {
        self.told.clear();
        self.rest = self.turns.as_ref().map_or(0, Vec::len);
        let rows = self.room.rows;
        let Some((turn, down, of)) = anchor else {
            (self.scroll.0, self.held) = (0, None);
            return self.fill(3 * rows);
        };
        while self.rest > usize::try_from(turn - self.first).unwrap_or(0) {
            self.fill(self.told.len() + 1);
        }
        let from = self.told.partition_point(|line| line.turn < turn);
        let to = self.told.partition_point(|line| line.turn <= turn);
        self.show_at_top(from + down * (to - from) / of.max(1));
        self.held = Some(((turn, down, of), self.scroll.0));
        self.fill(self.scroll.0 + 3 * rows);
    }

    /// Lays out earlier turns until there are so many lines.
    fn fill(&mut self, lines: usize) {
        self.lay_out_more(lines, usize::MAX);
    }

    /// Lays out some that are further off.
    pub fn look_ahead(&mut self) {
        self.lay_out_more(usize::MAX, AHEAD);
    }

    /// Whether all that was read is laid out.
    pub fn is_laid_out(&self) -> bool {
        self.rest == 0
    }

    fn lay_out_more(&mut self, lines: usize, bytes: usize) {
        let Some(turns) = self.turns.as_deref() else { return };
        let (mut earlier, mut have, mut spent) = (Vec::new(), self.told.len(), 0);
        while have < lines && spent < bytes {
            let Some((at, turn)) = self.rest.checked_sub(1).and_then(|at| Some((at, turns.get(at)?))) else {
                break;
            };
            let number = self.first + i64::try_from(at).unwrap_or(0);
            let mut told = tell(turn, self.room, at == 0);
            for line in &mut told {
                line.turn = number;
                line.marked = self.marked.contains(&number) && line.role.is_some();
            }
            self.rest = at;
            have += told.len();
            spent += turn.text.len() + told.len() * 16;
            earlier.push(told);
        }
        if !earlier.is_empty() {
            self.told.splice(0..0, earlier.into_iter().rev().flatten());
        }
    }

    /// Moves as asked; false when the intent is not one that moves.
    pub fn scroll(&mut self, intent: Intent) -> bool {
        let rows = self.room.rows;
        // It is read from its end: up is further back.
        let turned = match intent {
            Intent::Up => Intent::Down,
            Intent::Down => Intent::Up,
            Intent::PageUp => Intent::PageDown,
            Intent::PageDown => Intent::PageUp,
            Intent::First => Intent::Last,
            Intent::Last => Intent::First,
            Intent::PreviousWords | Intent::NextWords => {
                self.jump(intent == Intent::PreviousWords);
                return true;
            }
            _ => return false,
        };
        self.fill(if intent == Intent::First { usize::MAX } else { self.scroll.0 + 3 * rows });
        self.scroll.handle(turned, self.told.len(), rows)
    }

    /// To what the user said before, or next.
    fn jump(&mut self, back: bool) {
        let top = self.shown(self.room.rows).start;
        let is_said = |line: &Told| line.head && line.role == Some(Role::User);
        if !back {
            let next = self.told.iter().skip(top + 1).position(is_said).map(|at| top + 1 + at);
            return self.show_at_top(next.unwrap_or(self.told.len()));
        }
        let mut above = top;
        loop {
            if let Some(at) = self.told.iter().take(above).rposition(is_said) {
                return self.show_at_top(at);
            }
            let before = self.told.len();
            if self.rest == 0 {
                break;
            }
            self.fill(before + 1);
            above = self.told.len() - before;
        }
        self.show_at_top(0);
        self.seeking = self.place.start > 0;
    }

    /// Which lines a room of so many rows shows.
    pub fn shown(&self, rows: usize) -> Range<usize> {
        let up = self.scroll.0.min(self.told.len().saturating_sub(rows));
        let end = self.told.len() - up;
        end.saturating_sub(rows)..end
    }

    /// Whether it is known from its start to its end.
    pub fn is_whole(&self) -> bool {
        self.place.start == 0 && !self.later && self.rest == 0
    }

    /// Whether its first page has come.
    pub fn is_read(&self) -> bool {
        self.turns.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Room = Room { columns: 20, rows: 5, tools: Tools::Brief };

    fn turn(role: Role, text: &str) -> Turn {
        Turn::new(role, text.to_owned())
    }

    fn page(turns: Vec<Turn>, place: Range<u64>) -> Page {
        Page { turns, start: place.start, end: place.end, size: 100, ..Page::default() }
    }

    fn said(numbers: Range<u32>) -> Vec<Turn> {
        numbers.map(|n| turn(Role::User, &n.to_string())).collect()
    }

    fn opened(turns: Vec<Turn>, place: Range<u64>) -> Conversation {
        let mut talk = Conversation::default();
        talk.lay_out(ROOM);
        talk.take(&Excerpt::Last, page(turns, place));
        talk
    }

    fn seen(talk: &Conversation) -> Vec<String> {
        talk.told[talk.shown(5)].iter().map(|line| line.row.text()).collect()
    }

    #[test]
    fn earlier_turns_come_in_above_and_later_ones_below() {
        let mut talk = opened(said(10..15), 50..100);
        assert!(talk.scroll(Intent::PageUp) && !talk.is_whole());
        let before = seen(&talk);
        talk.take(&Excerpt::Before(50, None), page(said(5..10), 0..50));
        talk.scroll(Intent::First);
        assert!(talk.is_whole());
        assert_eq!(seen(&talk)[..2], ["you", "5"]);
        talk.scroll(Intent::Last);
        talk.scroll(Intent::PageUp);
        assert_eq!(seen(&talk), before);
        talk.take(&Excerpt::After(100), page(said(15..20), 100..120));
        assert_eq!(seen(&talk), before);
    }

    #[test]
    fn only_what_is_near_is_laid_out() {
        let mut talk = opened(said(0..1000), 0..100);
        assert!(talk.told.len() < 20 && !talk.is_whole());
        while !talk.is_laid_out() {
            talk.look_ahead();
        }
        assert_eq!(talk.told.len(), 2999);
        assert!(talk.is_whole());
    }

    #[test]
    fn what_is_read_stays_when_width_and_tools_change() {
        let turns = (0..60).flat_map(|n| {
            let tool = Turn { brief: "```\na\nb\nc\n```".to_owned(), ..turn(Role::Tool, "Bash ls") };
            [turn(Role::User, &format!("number {n} and some more words that break")), tool]
        });
        let mut talk = opened(turns.collect(), 0..100);
        for _ in 0..20 {
            talk.scroll(Intent::PageUp);
        }
        let turn_at_top = |talk: &Conversation| talk.told[talk.shown(5).start].turn;
        let top = turn_at_top(&talk);
        for (columns, tools) in
            [(60, Tools::Brief), (60, Tools::Whole), (13, Tools::Lines), (20, Tools::Brief)]
        {
            talk.lay_out(Room { columns, tools, ..ROOM });
            assert_eq!(turn_at_top(&talk), top, "{columns} {tools:?}");
        }
        // What is hidden is stood for by what follows it, until it is shown again.
        talk.scroll(Intent::PreviousWords);
        while talk.told[talk.shown(5).start].role != Some(Role::Tool) {
            talk.scroll(Intent::Down);
        }
        let top = turn_at_top(&talk);
        talk.lay_out(Room { tools: Tools::None, ..ROOM });
        assert_eq!(turn_at_top(&talk), top + 1);
        talk.lay_out(ROOM);
        assert_eq!(turn_at_top(&talk), top);
    }

    #[test]
    fn jumps_go_from_prompt_to_prompt_and_read_on_for_the_next() {
        let talks = |numbers: Range<u32>| {
            let pair =
                |n| [turn(Role::User, &format!("ask {n}")), turn(Role::Assistant, "a\nb\nc\nd\ne\nf\ng\nh")];
            numbers.flat_map(pair).collect::<Vec<_>>()
        };
        let mut talk = opened(talks(10..20), 50..100);
        for n in (10..20).rev() {
            talk.scroll(Intent::PreviousWords);
            assert_eq!(seen(&talk)[1], format!("ask {n}"));
        }
        talk.scroll(Intent::PreviousWords);
        talk.take(&Excerpt::Before(50, None), page(talks(0..10), 0..50));
        assert_eq!(seen(&talk)[1], "ask 9", "it was looked for");
        talk.scroll(Intent::NextWords);
        assert_eq!(seen(&talk)[1], "ask 10");
        for _ in 0..20 {
            talk.scroll(Intent::NextWords);
        }
        assert_eq!(talk.scroll.0, 0);
    }
}

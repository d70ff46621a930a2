//! A conversation a page at a time: its last turns, those before and behind any
//! place, and those around a search hit. Whatever the length of the file or of
//! a line, a bounded part of it is read.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;

use super::branch::{self, Branches, Link};
use super::line::{Line, strip};
use super::pieces::{self, Edges};
use super::window::Window;
use super::{partial_line, tools, turns};
use crate::claude::{Role, Turn, file};
use crate::text;

/// Bytes read at once, and the longest line that is read whole.
const CHUNK: u64 = 256 * 1024;
const LINE: u64 = 1024 * 1024;
/// Bytes looked through for a page that has turns already, and for its first.
const SOME: u64 = 2 * 1024 * 1024;
const MOST: u64 = 64 * 1024 * 1024;

/// Which part of a conversation to read. Places are byte offsets of line starts,
/// as a [`Page`] and a search hit name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Excerpt {
    /// Its end.
    Last,
    /// What stands before the place, and leads to the message that a [`Page`] names;
    /// all branches where none is named.
    Before(u64, Option<String>),
    /// What stands behind the place.
    After(u64),
    /// The line in this range, and what stands before and behind it.
    Around(Range<u64>),
}

/// Turns that follow each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Oldest first.
    pub turns: Vec<Turn>,
    /// Which of them are of the line that was asked for.
    pub marked: Range<usize>,
    /// What is earlier stands before this place; 0 when nothing is.
    pub start: u64,
    /// The message before it that these turns hang on, where that is known: what
    /// leads to it is the conversation that claude goes on with.
    pub above: Option<String>,
    /// What is later stands behind this place; the file's end when nothing is
    /// yet: there claude goes on.
    pub end: u64,
    /// The file's size, in bytes.
    pub size: u64,
}

/// A page of a transcript: about `most` turns in each direction, as the turns of
/// one line stay together. Tool calls with what came of them, thoughts, images and
/// what claude itself wrote are quiet [`Role::Tool`] lines; lines that cannot be read
/// are passed over, as Claude does. All text is cleaned. Of a message that is too
/// large its beginning is shown, and that it is. The last page, and those before it
/// that name the message they lead to, are of the branch that claude goes on with.
///
/// # Errors
/// When the file cannot be opened or read, or is no regular file.
pub fn preview(path: &Path, place: &Excerpt, most: usize) -> io::Result<Page> {
    let (file, metadata) = file::open(path)?;
    let size = metadata.len();
    let mut reader = Reader { side: is_of_agent(&file, size)?, file, size, seen: HashSet::new() };
    match place {
        Excerpt::Last => reader.last(most),
        Excerpt::Before(end, None) => reader.before((*end).min(size), most, Branch::All),
        Excerpt::Before(end, Some(above)) => {
            reader.before((*end).min(size), most, Branch::Above(above.clone()))
        }
        Excerpt::After(start) => reader.after((*start).min(size), most),
        Excerpt::Around(line) => reader.around(line.start.min(size)..line.end.min(size), most),
    }
}

/// Bytes of the file's start that tell whose it is: Claude's own window.
const HEAD: u64 = 64 * 1024;

/// Whether the conversation is a sub-agent's own. In old files sub-agents' lines
/// stand among the others, and are left out.
fn is_of_agent(file: &File, size: u64) -> io::Result<bool> {
    let head = file::read_at(file, 0, HEAD.min(size))?;
    let head = Window::read(&head, Edges { start: false, end: size > HEAD });
    Ok(head.sidechain && !head.talk)
}

/// A part of a file.
enum Piece {
    /// Whole lines; the last one may lack its end.
    Lines(u64, Vec<u8>),
    /// One line longer than a chunk.
    Long(Range<u64>),
}

struct Reader {
    file: File,
    size: u64,
    /// Show a sub-agent's lines, and no others.
    side: bool,
    /// Damaged files hold the same lines twice.
    seen: HashSet<String>,
}

impl Reader {
    fn last(&mut self, most: usize) -> io::Result<Page> {
        let mut page = self.before(self.size, most, Branch::Newest)?;
        page.end = self.end_of_finished()?;
        if page.turns.is_empty() && most > 0 {
            // A first prompt that was never finished: its beginning.
            let head = file::read_at(&self.file, 0, CHUNK)?;
            page.turns.extend(cut_off(&partial_line::decode(&head)));
        }
        Ok(page)
    }

    fn around(&mut self, line: Range<u64>, most: usize) -> io::Result<Page> {
        let mut page = self.before(line.start, most, Branch::All)?;
        let from = page.turns.len();
        let own = self.line(&line)?;
        page.turns.extend(own.into_iter().flat_map(|(_, turns)| turns));
        page.marked = from..page.turns.len();
        let after = self.after(line.end, most)?;
        page.turns.extend(after.turns);
        page.end = after.end;
        Ok(page)
    }

    /// What stands before a place, of one branch or of all.
    fn before(&mut self, place: u64, most: usize, branch: Branch) -> io::Result<Page> {
        let mut read = Read { branch, ..Read::default() };
        let mut goal = Goal::new(most);
        let mut start = place;
        while start > 0 && !goal.reached && !(enough(place - start, read.count) && goal.is_sure(&read, start))
        {
            match self.piece_before(start)? {
                Piece::Lines(at, bytes) => {
                    start = at;
                    for (offset, raw) in lines(&bytes).into_iter().rev() {
                        read.push(self.turns(raw));
                        goal.look(&read, at + offset);
                        if goal.reached {
                            start = at + offset;
                            break;
                        }
                    }
                }
                Piece::Long(range) => {
                    let turns = self.line(&range)?;
                    read.push(turns);
                    start = range.start;
                    goal.look(&read, start);
                }
            }
        }
        // From its start, a file is known.
        if let Some((lines, at)) = goal.unsure.filter(|_| start > 0 && !read.left().1) {
            read.forget_behind(lines);
            start = at;
        }
        let Kept { turns, above, begins } = read.finish();
        // Before its begin, nothing is of this branch.
        Ok(Page { above, ..self.page(turns, if begins { 0 } else { start }, place) })
    }

    fn after(&mut self, place: u64, most: usize) -> io::Result<Page> {
        let mut turns = Vec::new();
        let mut end = place;
        while end < self.size && turns.len() < most && !enough(end - place, turns.len()) {
            match self.piece_after(end)? {
                Piece::Lines(at, bytes) => {
                    for (offset, raw) in lines(&bytes) {
                        if turns.len() >= most {
                            break;
                        }
                        let next = at + offset + raw.len() as u64;
                        let ended = bytes.len() as u64 > offset + raw.len() as u64;
                        if !ended && !is_line(raw) {
                            // Claude is writing it.
                            return Ok(self.page(turns, place, end));
                        }
                        turns.extend(self.turns(raw).into_iter().flat_map(|(_, turns)| turns));
                        end = next + u64::from(ended);
                    }
                    if bytes.is_empty() {
                        break; // it became shorter
                    }
                }
                Piece::Long(range) => {
                    turns.extend(self.line(&range)?.into_iter().flat_map(|(_, turns)| turns));
                    end = range.end;
                }
            }
        }
        Ok(self.page(turns, place, end))
    }

    fn page(&self, mut turns: Vec<Turn>, start: u64, end: u64) -> Page {
        tools::join(&mut turns);
        Page { turns, start, end, size: self.size, ..Page::default() }
    }

    /// The file's end, or where the line begins that claude is writing.
    fn end_of_finished(&self) -> io::Result<u64> {
        Ok(match self.piece_before(self.size)? {
            Piece::Lines(at, bytes) => match lines(&bytes).last() {
                Some((offset, raw)) if !bytes.ends_with(b"\n") && !is_line(raw) => at + offset,
                _ => self.size,
            },
            Piece::Long(range) if file::read_at(&self.file, self.size.saturating_sub(1), 1)? != b"\n" => {
                range.start
            }
            Piece::Long(_) => self.size,
        })
    }

    fn piece_before(&self, end: u64) -> io::Result<Piece> {
        let from = end.saturating_sub(CHUNK);
        let mut bytes = file::read_at(&self.file, from, end - from)?;
        if from == 0 {
            return Ok(Piece::Lines(0, bytes));
        }
        // The line end that closes the last line begins none.
        let body = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        match memchr::memchr(b'\n', body) {
            Some(at) => {
                bytes.drain(..=at);
                Ok(Piece::Lines(from + at as u64 + 1, bytes))
            }
            None => Ok(Piece::Long(self.line_start(from)?..end)),
        }
    }

    fn piece_after(&self, start: u64) -> io::Result<Piece> {
        let mut bytes = file::read_at(&self.file, start, CHUNK)?;
        match memchr::memrchr(b'\n', &bytes) {
            Some(at) => {
                bytes.truncate(at + 1);
                Ok(Piece::Lines(start, bytes))
            }
            None if (bytes.len() as u64) < CHUNK => Ok(Piece::Lines(start, bytes)),
            None => Ok(Piece::Long(start..self.line_end(start)?)),
        }
    }

    /// Where the line that holds the byte before `from` begins, or the place
    /// [`MOST`] before it.
    fn line_start(&self, from: u64) -> io::Result<u64> {
        let mut at = from;
        while at > 0 && from - at < MOST {
            let start = at.saturating_sub(CHUNK);
            let bytes = file::read_at(&self.file, start, at - start)?;
            if let Some(found) = memchr::memrchr(b'\n', &bytes) {
                return Ok(start + found as u64 + 1);
            }
            at = start;
        }
        Ok(at)
    }

    /// Behind the first line end from `from` on, or the place [`MOST`] behind it.
    fn line_end(&self, from: u64) -> io::Result<u64> {
        let mut at = from;
        while at < self.size && at - from < MOST {
            let bytes = file::read_at(&self.file, at, CHUNK)?;
            match memchr::memchr(b'\n', &bytes) {
                Some(found) => return Ok(at + found as u64 + 1),
                None if bytes.is_empty() => break,
                None => at += bytes.len() as u64,
            }
        }
        Ok(at)
    }

    /// The turns of the line in this range.
    fn line(&mut self, range: &Range<u64>) -> io::Result<Vec<Linked>> {
        let length = range.end.saturating_sub(range.start);
        if length <= LINE {
            let bytes = file::read_at(&self.file, range.start, length)?;
            return Ok(self.turns(&bytes));
        }
        let start = file::read_at(&self.file, range.start, CHUNK)?;
        let start = partial_line::decode(&start);
        // No message: padding, which a crash of the system leaves.
        if !strip(&start).starts_with('{') || partial_line::is_true(&start, "isSidechain") != self.side {
            return Ok(Vec::new());
        }
        let note = match media_type(&start) {
            // Nearly all of such a line is the image.
            Some(kind) => format!("image {kind} about {}", text::bytes(length / 4 * 3)),
            None => format!("too large to show: {}", text::bytes(length)),
        };
        let turns = cut_off(&start).into_iter().chain([Turn::new(Role::Tool, note)]).collect();
        Ok(vec![(None, turns)])
    }

    fn turns(&mut self, raw: &[u8]) -> Vec<Linked> {
        let decoded = partial_line::decode(raw);
        let mut all = Line::parse_all(&decoded);
        all.retain(|line| {
            line.sidechain == self.side
                && line.uuid.as_deref().is_none_or(|uuid| self.seen.insert(uuid.to_owned()))
        });
        all.iter().map(|line| (Link::of(line), turns::of(line))).collect()
    }
}

/// The turns of an object, and how it hangs on others.
type Linked = (Option<Link>, Vec<Turn>);

/// Which branch of a conversation is wanted.
#[derive(Default)]
enum Branch {
    #[default]
    All,
    /// The one that claude goes on with.
    Newest,
    /// The one that this message is of.
    Above(String),
}

/// Lines that were read backwards, the newest first.
#[derive(Default)]
struct Read {
    links: Vec<Option<Link>>,
    turns: Vec<Vec<Turn>>,
    /// Turns in all.
    count: usize,
    branch: Branch,
}

impl Read {
    fn push(&mut self, objects: Vec<Linked>) {
        for (link, turns) in objects.into_iter().rev() {
            self.count += turns.len();
            // A line that shows nothing still leads from one to another.
            if self.is_of_one() || !turns.is_empty() {
                self.links.push(link.filter(|_| self.is_of_one()));
                self.turns.push(turns);
            }
        }
    }

    fn is_of_one(&self) -> bool {
        !matches!(self.branch, Branch::All)
    }

    fn forget_behind(&mut self, lines: usize) {
        self.links.truncate(lines);
        self.turns.truncate(lines);
    }

    fn branches(&self) -> Branches {
        let oldest_first: Vec<Option<Link>> = self.links.iter().rev().cloned().collect();
        let from = if let Branch::Above(above) = &self.branch { Some(above.as_str()) } else { None };
        let mut branches = branch::branches(&oldest_first, from);
        branches.left.reverse();
        branches
    }

    /// Turns of branches that were left, and whether that is sure.
    fn left(&self) -> (usize, bool) {
        let branches = self.branches();
        let turns =
            branches.left.iter().zip(&self.turns).filter(|(left, _)| **left).map(|(_, turns)| turns.len());
        (turns.sum(), branches.sure)
    }

    /// What is wanted.
    fn finish(self) -> Kept {
        if !self.is_of_one() {
            return Kept {
                turns: self.turns.into_iter().rev().flatten().collect(),
                above: None,
                begins: false,
            };
        }
        let Branches { left, above, begins, .. } = self.branches();
        // One that was looked for in vain is lost.
        let above = above.filter(|above| !matches!(&self.branch, Branch::Above(from) if from == above));
        let kept = self.turns.into_iter().zip(left).rev().filter(|(_, left)| !left);
        Kept { turns: kept.flat_map(|(turns, _)| turns).collect(), above, begins }
    }
}

/// What is shown of the lines that were read.
struct Kept {
    /// Oldest first.
    turns: Vec<Turn>,
    /// The message that they hang on.
    above: Option<String>,
    /// The conversation begins with them.
    begins: bool,
}

/// When enough was read.
struct Goal {
    most: usize,
    wanted: usize,
    /// Lines after which the branches are looked at again.
    next: usize,
    /// Lines with enough turns, and where they begin; what is older only tells
    /// whether they are alive.
    unsure: Option<(usize, u64)>,
    reached: bool,
}

impl Goal {
    fn new(most: usize) -> Self {
        Self { most, wanted: most, next: 0, unsure: None, reached: most == 0 }
    }

    /// Looks whether that is enough, as far back as `start`.
    fn look(&mut self, read: &Read, start: u64) {
        if self.unsure.is_none() && read.count < self.wanted || read.links.len() < self.next {
            return;
        }
        if !read.is_of_one() {
            self.reached = true;
            return;
        }
        let (left, sure) = read.left();
        // Each look takes longer than the one before.
        self.next = read.links.len() + STEP.max(read.links.len() / 2);
        if sure {
            self.wanted = self.most.saturating_add(left);
            self.unsure = None;
            self.reached = read.count >= self.wanted;
        } else {
            let (_, from) = *self.unsure.get_or_insert((read.links.len(), start));
            self.reached = from - start >= UNSURE;
        }
    }

    /// Whether what was read can be shown; else only more of it tells what is alive.
    fn is_sure(&mut self, read: &Read, start: u64) -> bool {
        if self.unsure.is_none() && read.is_of_one() && !read.left().1 {
            self.unsure = Some((read.links.len(), start));
            self.next = read.links.len() + STEP;
        }
        self.unsure.is_none()
    }
}

/// Lines after which branches are looked at again, and bytes after which it is
/// given up: then the lines are shown, whatever branch they are of. A branch of some
/// turns has megabytes in the newest files.
const STEP: usize = 64;
const UNSURE: u64 = 16 * 1024 * 1024;

/// Whether a page is not worth reading on for.
fn enough(read: u64, turns: usize) -> bool {
    read >= if turns == 0 { MOST } else { SOME }
}

/// The kind of the image that a line begins with.
fn media_type(start: &str) -> Option<String> {
    let (_, rest) = start.split_once("\"media_type\":\"image/")?;
    rest.split_once('"').map(|(kind, _)| tools::kind_of(kind))
}

fn is_line(raw: &[u8]) -> bool {
    !Line::parse_all(&partial_line::decode(raw)).is_empty()
}

/// The lines in some bytes, without their ends, and where each begins. An object
/// that other programs wrote over several lines is one.
fn lines(bytes: &[u8]) -> Vec<(u64, &[u8])> {
    let (mut all, mut at) = (Vec::new(), 0);
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let end = match pieces::spread(rest) {
            Some(object) => {
                object.len()
                    + memchr::memchr(b'\n', rest.get(object.len()..).unwrap_or_default())
                        .unwrap_or(rest.len() - object.len())
            }
            None => memchr::memchr(b'\n', rest).unwrap_or(rest.len()),
        };
        all.push((at as u64, rest.get(..end).unwrap_or_default()));
        at += end + 1;
    }
    all
}

/// A prompt larger than what was read of it, or never finished: its beginning.
fn cut_off(text: &str) -> Option<Turn> {
    let line = text.rsplit('\n').find(|line| !strip(line).is_empty())?;
    if Line::parse(line).is_some() {
        return None;
    }
    let start = partial_line::prompt(line)?;
    let text = text::clean_lines(&start);
    (!text.trim().is_empty()).then(|| Turn::new(Role::User, format!("{}…", text.trim_end())))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

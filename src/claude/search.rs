//! Search inside all conversations, without an index: every file is read past a
//! gate that knows no JSON, and what passes is read as what someone said.

pub(super) mod fold;
pub(super) mod hits;
pub(super) mod messages;
pub(super) mod prefilter;
pub(super) mod query;
pub(super) mod snippet;

use std::collections::{HashMap, HashSet, VecDeque};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use chrono::Utc;
pub use messages::said_behind;
pub use query::{Query, Since};

use self::fold::{Folded, fold};
use self::hits::Spots;
use self::prefilter::Gate;
use super::listing::candidate::Candidate;
use super::listing::{metadata, row};
use super::live::registry::LiveRecord;
use super::transcript::line::Line;
use super::transcript::{partial_line, pieces};
use super::{Role, ScanError, Session, Store, file};
use crate::text;

/// Matches kept of one session, its newest; of the others only their number.
pub const MOST_HITS: usize = 10;
/// Matches kept when one session alone is searched.
const MOST_IN_ONE: usize = 10_000;
/// Files after which it is told how far the search has come.
const TELL: usize = 64;

/// A message that matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// [`Role::User`] or [`Role::Assistant`].
    pub role: Role,
    /// The words around the match: one line, safe to show.
    pub snippet: String,
    /// Where in the snippet words match: byte ranges on character boundaries,
    /// in order, none overlaps.
    pub matches: Vec<Range<usize>>,
    /// Where the message's line stands in the file: a preview can open at its
    /// `end` (behind the line end).
    pub line: Range<u64>,
    /// A sub-agent's, in a file that has both.
    pub sidechain: bool,
}

/// A session in which something was found.
#[derive(Clone, Debug)]
pub struct Matched {
    pub session: Session,
    /// Its newest matches, oldest first, at most [`MOST_HITS`]; none when the
    /// query has only filters.
    pub hits: Vec<Hit>,
    /// How many messages match.
    pub count: usize,
    /// Its place among all files, newest first: where the row belongs, though a
    /// file that is read faster overtakes another.
    pub rank: usize,
}

/// What a search tells while it goes on.
#[derive(Clone, Debug)]
pub enum Searching {
    /// Of so many files it is known what is in them.
    Progress {
        /// Searched, or ruled out unread: by their age, or by the query before.
        files: usize,
        /// All there are, whatever the query: the count does not jump as one types.
        of: usize,
    },
    /// A session with its matches.
    Found(Box<Matched>),
}

/// How a search ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Searched {
    /// Files that were searched.
    pub files: usize,
    /// Sessions in which something was found.
    pub found: usize,
    /// It was cancelled before its end.
    pub cancelled: bool,
}

impl Store {
    /// Looks for `query` in what people and Claude said, the most recently
    /// written files first, and gives each session with a match to `sink`, from
    /// any of as many threads as there are cores. With `among`, only in those
    /// files: the hits of a query that this one [narrows](Query::narrows).
    /// Hidden sessions are found, too. Blocks; `cancel` is asked often.
    ///
    /// # Errors
    /// As [`Store::scan`].
    pub fn search(
        &self,
        query: &Query,
        among: Option<&[PathBuf]>,
        sink: &(dyn Fn(Searching) + Sync),
        cancel: &AtomicBool,
    ) -> Result<Searched, ScanError> {
        if query.is_empty() {
            return Ok(Searched::default());
        }
        let (mut candidates, _) = self.candidates(&|_| true)?;
        let of = candidates.len();
        if let Some(among) = among {
            let among: HashSet<&Path> = among.iter().map(PathBuf::as_path).collect();
            candidates.retain(|candidate| among.contains(&*candidate.path));
        }
        // A message is not younger than its file.
        if let Some(earliest) = query.earliest(Utc::now()) {
            candidates.retain(|candidate| candidate.modified >= earliest);
        }
        let ruled_out = of - candidates.len();
        sink(Searching::Progress { files: ruled_out, of });
        let job = Job { query, words: Words::new(query), live: self.live_sessions(), cancel, sink };
        let (next, done, found) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        let work = || {
            let mut spots = Spots::default();
            while !cancel.load(Ordering::Relaxed) {
                let rank = next.fetch_add(1, Ordering::Relaxed);
                let Some(candidate) = candidates.get(rank) else { break };
                found.fetch_add(usize::from(job.search(candidate, rank, &mut spots)), Ordering::Relaxed);
                let files = done.fetch_add(1, Ordering::Relaxed) + 1;
                if files.is_multiple_of(TELL) || files == candidates.len() {
                    sink(Searching::Progress { files: ruled_out + files, of });
                }
            }
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for _ in 1..cores.min(candidates.len()) {
                scope.spawn(work);
            }
            work();
        });
        let [files, found] = [done, found].map(AtomicUsize::into_inner);
        Ok(Searched { files, found, cancelled: files < candidates.len() })
    }
}

/// Where the words of `query` stand in `text`: byte ranges on character
/// boundaries, in order, none overlaps.
pub fn lit(query: &Query, text: &str) -> Vec<Range<usize>> {
    let words = Words::new(query);
    snippet::matches(&Folded::new(text, words.phrase), &words.all, 0..text.len(), 0)
}

/// Every match in one file, oldest first, with the number of all when there are
/// more than can be kept: for going from one to the next in an open preview.
///
/// # Errors
/// When the file cannot be opened or read, or is no regular file.
pub fn search_one(path: &Path, query: &Query, cancel: &AtomicBool) -> io::Result<(Vec<Hit>, usize)> {
    let mut kept = Kept::new(MOST_IN_ONE);
    Words::new(query).search(path, &mut Spots::default(), cancel, &mut kept)?;
    Ok((kept.hits.into(), kept.count))
}

struct Job<'a> {
    query: &'a Query,
    words: Words,
    live: HashMap<String, LiveRecord>,
    cancel: &'a AtomicBool,
    sink: &'a (dyn Fn(Searching) + Sync),
}

impl Job<'_> {
    /// Whether something was found, and told.
    fn search(&self, candidate: &Candidate, rank: usize, spots: &mut Spots) -> bool {
        self.try_search(candidate, rank, spots).is_some()
    }

    fn try_search(&self, candidate: &Candidate, rank: usize, spots: &mut Spots) -> Option<()> {
        let mut session = None;
        if self.query.filters() {
            let read = row::read(candidate, &self.live, &mut metadata::Room::new())?;
            session = Some(read).filter(|session| self.query.admits(session, Utc::now()));
            session.as_ref()?;
        }
        let mut kept = Kept::new(MOST_HITS);
        if !self.words.all.is_empty() {
            // One that cannot be read has nothing that could be found.
            self.words.search(&candidate.path, spots, self.cancel, &mut kept).ok()?;
            if kept.hits.is_empty() {
                return None;
            }
        }
        let session = session.or_else(|| row::read(candidate, &self.live, &mut metadata::Room::new()))?;
        let Kept { mut hits, mut count, .. } = kept;
        if !session.hidden {
            hits.retain(|hit| !hit.sidechain);
            count = count.min(count.saturating_sub(kept.sidechains));
        }
        if hits.is_empty() && !self.words.all.is_empty() {
            return None;
        }
        (self.sink)(Searching::Found(Box::new(Matched { session, hits: hits.into(), count, rank })));
        Some(())
    }
}

/// The newest hits of a file.
struct Kept {
    hits: VecDeque<Hit>,
    count: usize,
    sidechains: usize,
    most: usize,
}

impl Kept {
    fn new(most: usize) -> Self {
        Self { hits: VecDeque::new(), count: 0, sidechains: 0, most }
    }

    fn take(&mut self, hit: Hit) {
        // Damaged files hold the same lines twice.
        if self
            .hits
            .iter()
            .rev()
            .take(MOST_HITS)
            .any(|held| held.role == hit.role && held.snippet == hit.snippet)
        {
            return;
        }
        self.count += 1;
        self.sidechains += usize::from(hit.sidechain);
        if self.hits.len() >= self.most {
            // Sub-agents do not push the conversation's own words out.
            let at = self.hits.iter().position(|held| held.sidechain);
            match at {
                None if hit.sidechain => return,
                at => drop(self.hits.remove(at.unwrap_or(0))),
            }
        }
        self.hits.push_back(hit);
    }
}

/// Words to look for, ready for use.
struct Words {
    /// Folded.
    all: Vec<String>,
    /// A phrase is among them: white space counts, but not how much.
    phrase: bool,
    gate: Gate,
}

impl Words {
    fn new(query: &Query) -> Self {
        let phrase = query.words.iter().any(|word| word.contains(char::is_whitespace));
        let mut words: Vec<String> = query
            .words
            .iter()
            .map(|word| if phrase { Folded::new(word, true).into_text() } else { fold(word) })
            .collect();
        words.sort_unstable();
        words.dedup();
        Self { gate: Gate::new(&words), all: words, phrase }
    }

    fn search(&self, path: &Path, spots: &mut Spots, cancel: &AtomicBool, kept: &mut Kept) -> io::Result<()> {
        let (file, metadata) = file::open(path)?;
        spots.each(&file, metadata.len(), &self.gate, cancel, &mut |line, raw, whole| {
            let hits = match spread_around(&file, &line, raw) {
                Some((line, object)) => self.hits(&object, true, &line),
                None => self.hits(raw, whole, &line),
            };
            for hit in hits {
                kept.take(hit);
            }
        })
    }

    /// The matches in a line; `whole` unless only its start was read.
    fn hits(&self, raw: &[u8], whole: bool, at: &Range<u64>) -> Vec<Hit> {
        if !may_be_talk(raw) {
            return Vec::new();
        }
        let decoded = partial_line::decode(raw);
        if !whole {
            let prompt = partial_line::prompt(&decoded);
            return prompt
                .and_then(|prompt| self.hit_in(Role::User, &prompt, at.clone(), false))
                .into_iter()
                .collect();
        }
        let lines = Line::parse_all(&decoded);
        let said = lines.iter().filter_map(|line| Some((line, messages::of(line)?)));
        said.filter_map(|(line, (role, said))| self.hit_in(role, &said, at.clone(), line.sidechain)).collect()
    }

    fn hit_in(&self, role: Role, said: &str, line: Range<u64>, sidechain: bool) -> Option<Hit> {
        let clean = text::clean(said);
        let folded = Folded::new(&clean, self.phrase);
        if !self.all.iter().all(|word| folded.contains(word)) {
            return None;
        }
        let (snippet, matches) = snippet::around(&clean, &folded, &self.all);
        Some(Hit { role, snippet, matches, line, sidechain })
    }
}

/// Bytes around a line in which the object is looked for that it is a part of.
const AROUND: u64 = 64 * 1024;

/// The object that a line is a part of, where a program wrote it over several
/// lines, and where that is.
fn spread_around(file: &File, line: &Range<u64>, raw: &[u8]) -> Option<(Range<u64>, Vec<u8>)> {
    if !raw.first()?.is_ascii_whitespace() || raw.trim_ascii_start().starts_with(b"{\"type\"") {
        return None;
    }
    let from = line.start.saturating_sub(AROUND);
    let bytes = file::read_at(file, from, line.end.saturating_sub(from) + AROUND).ok()?;
    let before = usize::try_from(line.start - from).ok()?;
    let start = memchr::memmem::rfind(bytes.get(..before)?, b"\n{").map_or(0, |at| at + 1);
    let object = pieces::spread(bytes.get(start..)?)?;
    let range = from + start as u64..from + (start + object.len()) as u64;
    (range.end > line.start).then(|| (range, object.to_vec()))
}

/// Whether someone may have said something in a line, by its first bytes as
/// Claude writes them: most of a file is recorded traffic and state.
fn may_be_talk(raw: &[u8]) -> bool {
    if let Some(kind) = raw.strip_prefix(b"{\"type\":\"") {
        return [&b"user\""[..], b"assistant\"", b"attachment\"", b"system\""]
            .iter()
            .any(|talk| kind.starts_with(talk))
            || memchr::memmem::find(raw, pieces::GLUED).is_some();
    }
    let start = raw.get(..raw.len().min(256)).unwrap_or(raw);
    let attachment = b"\"attachment\":{\"type\":\"";
    match memchr::memmem::find(start, attachment).and_then(|at| start.get(at + attachment.len()..)) {
        Some(kind) => kind.starts_with(b"queued_command\"") || !start.starts_with(b"{\"parentUuid\":"),
        None => true,
    }
}

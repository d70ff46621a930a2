//! Filtering of sessions: what is there letter by letter comes before what is
//! there more or less, and the title counts more than the path.
//!
//! A key must be answered at once among ten thousand: what matched is only
//! counted, and lit up where it is seen.

use std::cmp::Reverse;
use std::fmt::Write;

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::tui::message::Session;

/// Compares texts with what was typed.
pub struct Finder {
    pattern: Pattern,
    /// Finds the same words only in one piece each; none where the user says
    /// with signs (`'`, `^`, `!`) how each is meant.
    pieces: Option<Pattern>,
    matcher: Matcher,
    /// Room that is used again for each text.
    chars: Vec<char>,
    rest: String,
    /// What was typed, as it would stand in an id.
    id: String,
}

/// How well a session matches: every word in one piece, all in the title, and
/// how near they stand.
type Score = (bool, bool, u32);

impl Finder {
    /// `None` where nothing is looked for.
    pub fn new(query: &str) -> Option<Self> {
        (!query.trim().is_empty()).then(|| Self {
            pattern: Pattern::parse(query, CaseMatching::Smart, Normalization::Smart),
            pieces: only_narrows(query)
                .then(|| Pattern::new(query, CaseMatching::Smart, Normalization::Smart, AtomKind::Substring)),
            matcher: Matcher::new(Config::DEFAULT),
            chars: Vec::new(),
            rest: String::new(),
            id: query.trim().to_ascii_lowercase(),
        })
    }

    /// The graphemes of a title that match, in order.
    pub fn lit(&mut self, title: &str) -> Vec<u32> {
        let mut lit = Vec::new();
        let title = Utf32Str::new(title, &mut self.chars);
        for pattern in self.pieces.iter().chain([&self.pattern]) {
            if pattern.indices(title, &mut self.matcher, &mut lit).is_some() {
                break;
            }
            lit.clear();
        }
        lit.sort_unstable();
        lit.dedup();
        lit
    }

    fn score(&mut self, session: &Session) -> Option<Score> {
        let branch = session.git_branch.as_deref().unwrap_or_default();
        self.rest.clear();
        write!(self.rest, "{} {} {branch}", session.title, session.project).ok()?;
        for (whole, pattern) in [(true, self.pieces.as_ref()), (false, Some(&self.pattern))] {
            let Some(pattern) = pattern else { continue };
            for (in_title, text) in [(true, &session.title), (false, &self.rest)] {
                let text = Utf32Str::new(text, &mut self.chars);
                if let Some(score) = pattern.score(text, &mut self.matcher) {
                    return Some((whole, in_title, score));
                }
            }
        }
        // Of 32 hex digits some are always in the right order: of an id a piece counts.
        session.session_id.contains(&*self.id).then_some((false, false, 0))
    }
}

/// What was typed on the way to a query, and what each step left: the next key
/// looks only among those, and taking it away looks at nothing.
#[derive(Debug, Default)]
pub struct Narrowing(Vec<(String, Vec<usize>)>);

impl Narrowing {
    /// As [`filter`], as long as sessions and places stay the same.
    pub fn filter(&mut self, sessions: &[Session], places: &[usize], query: &str) -> Vec<usize> {
        while self.0.pop_if(|(before, _)| !query.starts_with(&**before) || !only_narrows(query)).is_some() {}
        let before = self.0.last();
        if let Some((_, shown)) = before.filter(|(before, _)| before == query) {
            return shown.clone();
        }
        let shown = filter(sessions, before.map_or(places, |(_, shown)| shown), query);
        self.0.push((query.to_owned(), shown.clone()));
        shown
    }
}

/// Whether each more character leaves fewer: signs that turn a word's meaning
/// round may not be in it.
fn only_narrows(query: &str) -> bool {
    !query.contains(['!', '^', '$', '\'', '\\'])
}

/// Sessions that a core compares by itself: fewer are not worth a thread.
const SHARE: usize = 1000;

/// Sessions that match, by place, best first.
fn filter(sessions: &[Session], places: &[usize], query: &str) -> Vec<usize> {
    if query.trim().is_empty() {
        return places.to_vec();
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = places.len().div_ceil(cores).max(SHARE);
    let mut scored = std::thread::scope(|scope| {
        let mut parts = places.chunks(share);
        let mine = parts.next().unwrap_or_default();
        let others: Vec<_> = parts.map(|part| scope.spawn(|| score(sessions, part, query))).collect();
        let mut scored = score(sessions, mine, query);
        for other in others {
            scored.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        scored
    });
    scored.sort_unstable();
    scored.into_iter().map(|(_, at)| at).collect()
}

fn score(sessions: &[Session], places: &[usize], query: &str) -> Vec<(Reverse<Score>, usize)> {
    let Some(mut finder) = Finder::new(query) else { return Vec::new() };
    places.iter().filter_map(|&at| Some((Reverse(finder.score(&sessions[at])?), at))).collect()
}

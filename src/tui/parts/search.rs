//! Fuzzy filtering of sessions: the title counts more than the path.
//!
//! A key must be answered at once among ten thousand: what matched is only
//! counted, and lit up where it is seen.

use std::cmp::Reverse;
use std::fmt::Write;

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::tui::message::Session;

/// Compares texts with what was typed.
pub struct Finder {
    pattern: Pattern,
    matcher: Matcher,
    /// Room that is used again for each text.
    chars: Vec<char>,
    rest: String,
    /// What was typed, as it would stand in an id.
    id: String,
}

impl Finder {
    /// `None` where nothing is looked for.
    pub fn new(query: &str) -> Option<Self> {
        (!query.trim().is_empty()).then(|| Self {
            pattern: Pattern::parse(query, CaseMatching::Smart, Normalization::Smart),
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
        if self.pattern.indices(title, &mut self.matcher, &mut lit).is_none() {
            lit.clear();
        }
        lit.sort_unstable();
        lit.dedup();
        lit
    }

    fn score(&mut self, session: &Session) -> Option<u32> {
        let title = Utf32Str::new(&session.title, &mut self.chars);
        if let Some(score) = self.pattern.score(title, &mut self.matcher) {
            return Some(score * 2 + 1);
        }
        let branch = session.git_branch.as_deref().unwrap_or_default();
        self.rest.clear();
        write!(self.rest, "{} {} {branch}", session.title, session.project).ok()?;
        let rest = self.pattern.score(Utf32Str::new(&self.rest, &mut self.chars), &mut self.matcher);
        // Of 32 hex digits some are always in the right order: of an id a piece counts.
        rest.or_else(|| session.session_id.contains(&*self.id).then_some(0))
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

fn score(sessions: &[Session], places: &[usize], query: &str) -> Vec<(Reverse<u32>, usize)> {
    let Some(mut finder) = Finder::new(query) else { return Vec::new() };
    places.iter().filter_map(|&at| Some((Reverse(finder.score(&sessions[at])?), at))).collect()
}

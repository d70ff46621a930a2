//! Fuzzy filtering of sessions: the title counts more than the path.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::tui::message::Session;

/// Sessions that match, by place, best first; with the graphemes of their
/// titles that matched.
pub fn filter(sessions: &[Session], places: &[usize], query: &str) -> Vec<(usize, Vec<u32>)> {
    if query.trim().is_empty() {
        return places.iter().map(|&at| (at, Vec::new())).collect();
    }
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::parse(query, CaseMatching::Smart, Normalization::Smart);
    let mut scored: Vec<(u32, usize, Vec<u32>)> = places
        .iter()
        .filter_map(|&at| score(&sessions[at], &pattern, &mut matcher).map(|(score, lit)| (score, at, lit)))
        .collect();
    scored.sort_by_key(|(score, at, _)| (std::cmp::Reverse(*score), *at));
    scored.into_iter().map(|(_, at, lit)| (at, lit)).collect()
}

fn score(session: &Session, pattern: &Pattern, matcher: &mut Matcher) -> Option<(u32, Vec<u32>)> {
    let (mut buffer, mut lit) = (Vec::new(), Vec::new());
    if let Some(score) = pattern.indices(Utf32Str::new(&session.title, &mut buffer), matcher, &mut lit) {
        lit.sort_unstable();
        lit.dedup();
        return Some((score * 2 + 1, lit));
    }
    let branch = session.git_branch.as_deref().unwrap_or_default();
    let rest = format!("{} {} {branch} {}", session.title, session.project, session.session_id);
    let score = pattern.score(Utf32Str::new(&rest, &mut buffer), matcher)?;
    Some((score, Vec::new()))
}

//! Quiet turns: one line of what was done, and what a reader may unfold of it.

use super::prompt;
use crate::claude::{Role, Turn};
use crate::text;

/// Longest quiet line, in columns.
pub(super) const QUIET: usize = 160;
/// Most that is kept of what a tool took or gave, in bytes.
pub(super) const DETAIL: usize = 4096;

/// One line: what it is, its first words, and how many lines there are more, which
/// its detail has.
pub(super) fn quiet(what: &str, detail: &str) -> Turn {
    let (text, whole) = quiet_line(what, detail);
    let detail = if whole { String::new() } else { head(detail) };
    Turn { detail, ..Turn::new(Role::Tool, text) }
}

/// The line alone, and whether it leaves nothing out.
pub(super) fn quiet_line(what: &str, detail: &str) -> (String, bool) {
    let mut lines = detail.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().map(prompt::one_line).unwrap_or_default();
    let more = lines.count();
    let mut line = text::fit(&format!("{what} {first}"), QUIET);
    line.truncate(line.trim_end().len());
    let whole = more == 0 && line.ends_with(&first) && !line.ends_with('…');
    (if more > 0 { format!("{line} (+{more} lines)") } else { line }, whole)
}

/// Text as it is in Markdown: its fence is longer than any in it.
pub(super) fn fenced(language: &str, text: &str) -> String {
    if text.trim().is_empty() {
        return String::new();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}", text.trim_end())
}

/// The beginning of it, cleaned.
pub(super) fn head(raw: &str) -> String {
    cut(text::clean_lines(&cut(raw.trim_matches('\n'), DETAIL)).trim_end(), DETAIL)
}

/// So many bytes of it at most, without a look at each grapheme of what may be much.
pub(super) fn cut(text: &str, most: usize) -> String {
    let start = text.get(..text.floor_char_boundary(most)).unwrap_or_default();
    if start.len() < text.len() { format!("{start}…") } else { text.to_owned() }
}

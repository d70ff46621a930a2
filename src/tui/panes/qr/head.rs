//! What stands over a code: whose it is, who may read it, how long, and what was
//! just done with it.

use ratatui::style::Style;
use ratatui::text::Line;

use crate::text;
use crate::tui::message::{Listed, Now};
use crate::tui::panes::{moment, readers, title};
use crate::tui::parts::{Look, wrap};

/// Characters of a session's id that people tell sessions apart by.
const SHORT: usize = 8;

/// What was just published, in words: what became of it, and what to know.
pub(super) type Done = Vec<String>;

/// Rows of the head where it stands over the code; the title and the facts take
/// one each.
pub(super) fn height(row: &Listed, done: &Done, columns: usize) -> usize {
    done.iter().map(|line| wrap(line, columns).len()).sum::<usize>() + 2 + usize::from(row.pin.is_some())
}

/// The head over the code.
pub(super) fn over(row: &Listed, done: &Done, columns: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let facts = text::fit(&facts(row, &look.now), columns);
    lines(row, done, columns, vec![facts], look)
}

/// The same beside the code, where every fact may take as many rows as it needs.
pub(super) fn beside(row: &Listed, done: &Done, columns: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let facts = wrap(&facts(row, &look.now), columns);
    lines(row, done, columns, facts, look)
}

fn lines(
    row: &Listed,
    done: &Done,
    columns: usize,
    facts: Vec<String>,
    look: &Look<'_>,
) -> Vec<Line<'static>> {
    let styled = |words: String, style: Style| Line::styled(words, style);
    let mut out = Vec::new();
    for (at, line) in done.iter().enumerate() {
        let style = if at == 0 { look.theme.good } else { look.theme.warn };
        out.extend(wrap(line, columns).into_iter().map(|line| styled(line, style)));
    }
    out.push(styled(text::fit(&title(row), columns), look.theme.strong));
    out.extend(facts.into_iter().map(|line| styled(line, look.theme.text)));
    out.extend(
        row.pin.iter().map(|pin| styled(text::fit(&format!("PIN {}", **pin), columns), look.theme.accent)),
    );
    out
}

/// "for my devices · until 18:41 today · session 00000001".
fn facts(row: &Listed, now: &Now) -> String {
    let until = moment((row.expires_at - now.utc()).num_seconds(), now);
    let session: String = row.session_id.chars().take(SHORT).collect();
    format!("for {} · until {until} · session {session}", readers(row))
}

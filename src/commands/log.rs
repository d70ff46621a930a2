//! `log`.

use chrono::Local;

use super::Context;
use super::table::Column;
use crate::service::{AudienceView, Logged, Result};
use crate::text;

/// Columns that a title or project takes in the table at most.
const WIDEST: usize = 40;

const COLUMNS: [Column; 6] = [
    Column::whole("When"),
    // what happened, and to whom, comes before where it was
    Column::cut("What", 40),
    Column::whole("Token"),
    Column::cut("Title", 12),
    Column::path("Project", 8).goes(2),
    Column::cut("For", 6).goes(1),
];

pub(super) fn run(context: &Context<'_>, since: Option<&str>) -> Result<()> {
    let printer = context.printer;
    let all = context.service.log(since)?;
    printer.value(&all);
    if printer.is_json() {
        return Ok(());
    }
    if all.is_empty() {
        printer.say(if since.is_some() { "Nothing happened since then." } else { "Nothing happened yet." });
        return Ok(());
    }
    printer.table(&COLUMNS, all.iter().map(row).collect());
    Ok(())
}

fn row(one: &Logged) -> Vec<String> {
    vec![
        one.at.with_timezone(&Local).format("%Y-%m-%d %H:%M").to_string(),
        one.words(),
        one.token.clone().unwrap_or_default(),
        text::fit(one.title.as_deref().unwrap_or_default(), WIDEST),
        text::fit(one.label.as_deref().or(one.project.as_deref()).unwrap_or_default(), WIDEST),
        one.audience.as_ref().map(AudienceView::words).unwrap_or_default(),
    ]
}

//! `sessions`.

use std::sync::atomic::AtomicBool;

use chrono::Utc;

use super::Context;
use super::table::Column;
use crate::service::{Live, Result, Role, Session};
use crate::text;

/// Columns that a title or path takes in the table at most.
const WIDEST: usize = 60;

const COLUMNS: [Column; 7] = [
    Column::whole("Session"),
    Column::cut("Title", 16),
    Column::path("Project", 10).goes(1),
    Column::cut("Branch", 6).goes(2),
    Column::whole("Age"),
    Column::whole("Size").goes(3),
    Column::cut("", 4),
];

pub(super) fn run(context: &Context<'_>, search: Option<&str>, all: bool) -> Result<()> {
    if let Some(query) = search {
        return find(context, query, all);
    }
    let sessions = context.service.sessions(context.cwd, all)?;
    let printer = context.printer;
    printer.value(&sessions);
    if sessions.is_empty() {
        let hint = if all { "" } else { " `--all` also shows SDK runs and sidechains." };
        printer.tell(&format!("No Claude Code sessions on this machine.{hint}"));
        return Ok(());
    }
    if !printer.is_json() {
        printer.table(&COLUMNS, sessions.iter().map(row).collect());
    }
    Ok(())
}

fn find(context: &Context<'_>, query: &str, all: bool) -> Result<()> {
    let found = context.service.search(query, all, &AtomicBool::new(false))?;
    let printer = context.printer;
    printer.value(&found);
    if found.is_empty() {
        printer.say("No matches.");
    }
    for one in found {
        let session = &one.session;
        let about = format!("{}  {}", session.project, text::ago(session.updated_at, Utc::now()));
        printer.say(&format!("{}  {}", printer.bold(&session.title), printer.dim(&about)));
        printer.say(&printer.dim(&format!("  {}", session.session_id)));
        for hit in &one.matches {
            let who = if hit.role == Role::User { "you" } else { "claude" };
            let label = format!("  {who}: ");
            printer.tell_behind((&label, label.len()), &hit.snippet);
        }
    }
    Ok(())
}

/// What is to be known of a session beside its facts.
fn state(session: &Session) -> String {
    if !session.resumable {
        return session.why_not.clone().unwrap_or_else(|| "cannot be resumed".to_owned());
    }
    let live = match session.live {
        Live::Yes => Some("live"),
        Live::Perhaps => Some("live elsewhere?"),
        Live::No => None,
    };
    let failed = session.api_error.then_some("last turn: API error");
    live.into_iter().chain(failed).collect::<Vec<_>>().join("; ")
}

fn row(session: &Session) -> Vec<String> {
    vec![
        session.session_id.clone(),
        text::fit(&session.title, WIDEST),
        text::fit(&session.project, WIDEST),
        session.git_branch.clone().unwrap_or_default(),
        text::ago(session.updated_at, Utc::now()),
        text::bytes(session.size),
        state(session),
    ]
}

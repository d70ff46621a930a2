//! `sessions`.

use chrono::Utc;

use super::Context;
use crate::service::{Live, Result, Session};
use crate::text;

/// Columns that a title or path takes in the table at most.
const WIDEST: usize = 60;

pub(super) fn run(context: &Context<'_>, all: bool) -> Result<()> {
    let sessions = context.service.sessions(context.cwd, all)?;
    let printer = context.printer;
    printer.value(&sessions);
    if sessions.is_empty() {
        let hint = if all { "" } else { " `--all` shows SDK runs and sidechains, too." };
        printer.say(&format!("No sessions of Claude Code on this machine.{hint}"));
        return Ok(());
    }
    if !printer.is_json() {
        printer.table(
            &["Session", "Title", "Project", "Branch", "Age", "Size", ""],
            sessions.iter().map(row).collect(),
        );
    }
    Ok(())
}

fn row(session: &Session) -> Vec<String> {
    let state = match (session.resumable, session.live) {
        (false, _) => session.why_not.clone().unwrap_or_else(|| "cannot be resumed".to_owned()),
        (true, Live::Yes) => "live".to_owned(),
        (true, Live::Perhaps) => "live elsewhere?".to_owned(),
        (true, Live::No) => String::new(),
    };
    vec![
        session.session_id.clone(),
        text::fit(&session.title, WIDEST),
        text::fit(&session.project, WIDEST),
        session.git_branch.clone().unwrap_or_default(),
        text::ago(session.updated_at, Utc::now()),
        text::bytes(session.size),
        state,
    ]
}

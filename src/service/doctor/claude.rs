//! Claude Code: its folder, the program, and who is logged in.

use std::time::Duration;

use super::{Check, Health};
use crate::claude::{Account, ScanError};
use crate::service::programs::ask_within;
use crate::service::{Error, Service, blocking};
use crate::text;

/// How long claude may take to say its version: it starts slowly on a busy machine.
const PATIENCE: Duration = Duration::from_secs(8);
/// Columns of a version at most.
const LONGEST: usize = 40;

impl Service {
    pub(super) async fn check_claude_code(&self) -> Vec<Check> {
        let (folder, program, login) =
            tokio::join!(self.check_folder(), self.check_program(), self.check_login());
        vec![folder, program, login]
    }

    async fn check_folder(&self) -> Check {
        const NAME: &str = "claude-folder";
        let store = match self.store() {
            Ok(store) => store,
            Err(error) => return Check::of(NAME, Health::Fail, error),
        };
        let root = store.root().display().to_string();
        match blocking(move || store.candidates(&|_| true)).await {
            Err(error) => Check::of(NAME, Health::Fail, error),
            Ok(Err(error @ ScanError::NoFolder(_))) => Check::of(NAME, Health::Warn, Error::from(error)),
            Ok(Err(error)) => Check::of(NAME, Health::Fail, Error::from(error)),
            Ok(Ok((_, skipped))) if !skipped.is_empty() => {
                let more = text::and_more(skipped.len() - 1);
                Check::warn(
                    NAME,
                    format!("{} cannot be read: {}{more}", skipped[0].path.display(), skipped[0].why),
                )
                .advise("Its sessions are missing from every list. Check whose it is (`ls -ld`).")
            }
            Ok(Ok((sessions, _))) => Check::ok(
                NAME,
                format!(
                    "{root}, {} session{}",
                    text::count(sessions.len()),
                    if sessions.len() == 1 { "" } else { "s" }
                ),
            ),
        }
    }

    async fn check_program(&self) -> Check {
        const NAME: &str = "claude";
        let named = text::clean(&self.0.settings.claude);
        let Some(program) = self.claude_program() else {
            return Check::fail(NAME, format!("`{named}` was not found"))
                .advise("Install Claude Code, add it to PATH, or set CCLINK_CLAUDE to where it is.");
        };
        let version = ask_within(PATIENCE, &program, &["--version"]).await;
        match version.as_deref().and_then(|said| said.lines().next()) {
            Some(said) => Check::ok(
                NAME,
                format!("{} {}", text::clean(&program), text::fit(&text::clean(said), LONGEST)),
            ),
            None => Check::warn(NAME, format!("`{} --version` gave no answer", text::clean(&program)))
                .advise("Run it yourself: sessions cannot be resumed here if it does not start."),
        }
    }

    async fn check_login(&self) -> Check {
        const NAME: &str = "login";
        if !self.seems_logged_in() {
            return Check::warn(NAME, "claude seems not to be logged in").advise("Run `claude` and /login.");
        }
        if self.0.settings.claude_key {
            return Check::ok(NAME, "by a key in the environment");
        }
        let state = self.claude_state();
        let account = blocking(move || state.and_then(|state| Account::here(&state))).await.ok().flatten();
        Check::ok(NAME, account.map_or_else(|| "yes".to_owned(), |account| text::clean(&account.name)))
    }
}

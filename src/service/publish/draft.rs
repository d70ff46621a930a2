//! The draft: what publishing a session proposes.

use std::path::{Path, PathBuf};

use super::super::programs::{ask_git, status, tailscale_name};
use super::super::{
    CarryOffer, CarryOption, Draft, Excerpt, LeftBehind, Listed, Named, Result, Role, Service, Session,
    SshAddress, SshSource, Turn, blocking,
};
use crate::claude;
use crate::handoff::record::is_ssh_address;
use crate::handoff::{Git, Record};
use crate::store::{CarryRule, TitleRule};
use crate::text;

/// Turns of a conversation's end in which a title or a message is looked for.
const TURNS: usize = 200;
/// The longest SSH address and title that a record takes, in bytes.
const SSH: usize = 100;
const TITLE: usize = 160;

impl Service {
    /// What publishing a session proposes.
    pub async fn draft(&self, session: &Session) -> Result<Draft> {
        let (service, asked) = (self.clone(), session.clone());
        let read = blocking(move || service.read_draft(asked));
        let (read, ssh) = tokio::join!(read, Box::pin(self.ssh_address()));
        let mut draft = read??;
        draft.ssh = ssh;
        let directory = self.workplace(&draft.session).await?;
        let git = async {
            match &directory {
                Some(directory) => Box::pin(repository(directory)).await,
                None => (None, LeftBehind::default()),
            }
        };
        let (git, carry) =
            tokio::join!(git, Box::pin(self.carry_offer(&draft.session, directory.as_deref())));
        ((draft.git, draft.left_behind), draft.carry) = (git, carry);
        let said =
            draft.session.git_branch.as_deref().map(|branch| text::fit_bytes(&text::clean(branch), 80));
        if let Some(branch) = said {
            draft.git.get_or_insert_default().branch.get_or_insert(branch);
        }
        Ok(draft)
    }

    /// The part of a draft that is read from this disk. Blocking.
    fn read_draft(&self, asked: Session) -> Result<Draft> {
        let (session, continues) = self.continued(asked);
        let alive = self.published_of(&session, continues.as_deref())?;
        let live = self.store()?.live_sessions();
        let went_on = self.went_on(&session).map(|words| {
            format!("It {words}: pick it up from there first, or both copies go their own way.")
        });
        let busy = live.get(&session.session_id).is_some_and(|record| record.doing().is_in_turn());
        Ok(Draft {
            title: self.usual_title(&session).unwrap_or_default(),
            label: None,
            continues,
            ttl: self.default_ttl(),
            ssh: None,
            named: Named::default(),
            git: None,
            left_behind: LeftBehind::default(),
            busy,
            went_on,
            alive,
            session,
            carry: CarryOffer::default(),
        })
    }

    /// The directory in which a session works, where it is there: its worktree, else its
    /// own, else the one that is here for that of another machine.
    pub(crate) async fn workplace(&self, session: &Session) -> Result<Option<PathBuf>> {
        let path = session.path.clone();
        let worktree = blocking(move || claude::worktree(&path)).await?;
        let known = session.cwd.as_deref().and_then(|cwd| {
            let (mut book, aside) = self.0.journal.load().ok()?;
            self.tell_aside(aside);
            book.places.remove(cwd.to_str()?)
        });
        let mut places = worktree.into_iter().chain(session.cwd.clone()).chain(known);
        Ok(places.find(|directory| directory.is_dir()))
    }

    /// The ways by which its conversation can go along, and the one that is proposed:
    /// as for this project before, else as it is set.
    async fn carry_offer(&self, session: &Session, directory: Option<&Path>) -> CarryOffer {
        let home = self.0.settings.home.as_deref();
        let ways: Vec<CarryOption> =
            self.stores_offered(directory).await.iter().map(|store| CarryOption::of(store, home)).collect();
        let project = session.cwd.as_deref().map_or(session.project.as_str().into(), Path::to_string_lossy);
        let before = self.0.journal.load().ok().and_then(|(book, _)| book.carry.get(&*project).copied());
        let set = self.0.settings.config.carry.way;
        let chosen = match before {
            Some(choice) => choice.way,
            None => set.and_then(CarryRule::way),
        };
        CarryOffer {
            chosen: chosen.filter(|way| ways.iter().any(|option| option.way == *way)),
            ways,
            changes: before.is_some_and(|choice| choice.changes),
            said: before.is_some() || set.is_some(),
        }
    }

    fn published_of(&self, session: &Session, continues: Option<&str>) -> Result<Vec<Listed>> {
        let mut rows = self.journal_list(false)?;
        rows.retain(|row| {
            !row.phone_pass && (row.session_id == session.session_id || Some(&*row.session_id) == continues)
        });
        Ok(rows)
    }

    /// Where this machine can be reached: as configured, else by its Tailscale
    /// name, else by its host name, which is a guess.
    async fn ssh_address(&self) -> Option<SshAddress> {
        let settings = &self.0.settings;
        if let Some(configured) = &settings.config.ssh {
            return Some(SshAddress { address: configured.clone(), source: SshSource::User });
        }
        let user = settings.user.as_deref()?;
        let (host, source) = match tailscale_name().await {
            Some(name) => (name, SshSource::Tailscale),
            None => (settings.hostname.clone(), SshSource::HostName),
        };
        let address = format!("{user}@{host}");
        (is_ssh_address(&address) && address.len() <= SSH).then_some(SshAddress { address, source })
    }

    /// The title to send unless the user says otherwise. Blocking.
    fn usual_title(&self, session: &Session) -> Option<String> {
        match self.0.settings.config.title {
            TitleRule::Session => session_title(session),
            TitleRule::Never => None,
        }
    }

    /// Whether anybody said anything in a session: after `/clear`, or with only
    /// `/exit` in it, there is nothing to hand over. Blocking.
    pub(crate) fn has_words(session: &Session) -> bool {
        let Ok(page) = claude::preview(&session.path, &Excerpt::Last, TURNS) else { return true };
        page.start > 0 || page.turns.iter().any(is_said)
    }
}

/// Whether somebody went on with a session since it was handed over. Blocking.
pub(crate) fn went_on_since(session: &Session, record: &Record) -> bool {
    let counts = |role: Role, words: &str| role == Role::Assistant || !is_lone_command(words);
    session.session_id != record.session_id
        || claude::said_behind(&session.path, record.transcript.bytes, counts).unwrap_or(true)
}

/// Somebody's words, or the summary of earlier ones.
fn is_said(turn: &Turn) -> bool {
    match turn.role {
        Role::Assistant => true,
        Role::User => !is_lone_command(&turn.text),
        Role::Tool => turn.text.starts_with("summary"),
    }
}

/// The state of the repository around a directory, and what is only there.
async fn repository(directory: &Path) -> (Option<Git>, LeftBehind) {
    let new = ["ls-files", "--others", "--exclude-standard", "--directory", "--no-empty-directory"];
    let commits = ["rev-list", "--count", "HEAD", "--not", "--remotes"];
    let (status, new, commits) =
        tokio::join!(status(directory), ask_git(directory, &new), ask_git(directory, &commits));
    let Some(status) = status else { return (None, LeftBehind::default()) };
    let unpushed = status.ahead.or_else(|| commits?.trim().parse().ok());
    let left_behind = LeftBehind {
        changed_files: status.changed,
        new_files: new.map_or(0, |names| names.lines().count()),
        unpushed_commits: unpushed.unwrap_or(0),
    };
    (Some(status.git), left_behind)
}

/// As Claude's picker titles it, unless that is a command: then what was asked
/// for last in words.
fn session_title(session: &Session) -> Option<String> {
    let fit =
        |title: &str| Some(text::fit_bytes(&text::clean(title), TITLE)).filter(|title| !title.is_empty());
    if !is_command(&session.title) {
        return fit(&session.title).filter(|title| title != "(session)");
    }
    let page = claude::preview(&session.path, &Excerpt::Last, TURNS).ok()?;
    let asked = page.turns.iter().rev().filter(|turn| turn.role == Role::User);
    let words = asked.map(|turn| turn.text.as_str()).find(|text| !is_command(text));
    fit(words.or_else(|| Some(session.title.as_str()).filter(|title| !is_lone_command(title)))?)
}

/// A `!` command, or a slash command with or without words behind it.
fn is_command(text: &str) -> bool {
    text.starts_with("! ") || slash_command(text).is_some()
}

/// The same where nothing is said with it.
fn is_lone_command(text: &str) -> bool {
    text.starts_with("! ") || slash_command(text).is_some_and(str::is_empty)
}

/// What stands behind a slash command; a path is none.
fn slash_command(text: &str) -> Option<&str> {
    let (name, rest) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
    let name = name.strip_prefix('/')?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.'));
    is_name.then(|| rest.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_from_words() {
        for (text, command, lone) in [
            ("/clear", true, true),
            ("/exit ", true, true),
            ("/cclink:handoff", true, true),
            ("/review the parser", true, false),
            ("! cclink", true, true),
            ("/etc/hosts is wrong", false, false),
            ("/ is full", false, false),
            ("!important", false, false),
            ("Fix /clear", false, false),
        ] {
            assert_eq!((is_command(text), is_lone_command(text)), (command, lone), "{text:?}");
        }
    }

    #[test]
    fn what_stays_is_said_in_one_sentence() {
        let words = |changed_files, new_files, unpushed_commits| {
            LeftBehind { changed_files, new_files, unpushed_commits }.words()
        };
        assert_eq!(words(0, 0, 0), None);
        assert_eq!(
            words(2, 0, 1).as_deref(),
            Some("2 files changed, 1 commit not pushed: they stay on this machine.")
        );
        assert_eq!(words(1, 0, 0).as_deref(), Some("1 file changed: it stays on this machine."));
        assert_eq!(
            words(0, 1, 2).as_deref(),
            Some("1 new file, 2 commits not pushed: they stay on this machine.")
        );
    }
}

//! Plans: every way to go on with a session from this machine, best first.

use std::path::{Path, PathBuf};

use super::programs::{ask_git, repository, same_remote, tmux_window};
use super::{Error, Found, Live, Plan, PlanKind, Result, Service, Session, blocking};
use crate::claude;
use crate::handoff::{Git, Record, Token};
use crate::resume::{SshWay, There};
use crate::text;

/// Projects of this machine that are asked for their remote at most.
const MOST_PROJECTS: usize = 200;

/// What is known of a session beyond its id.
#[derive(Clone, Copy, Default)]
struct Hints<'a> {
    record: Option<&'a Record>,
    token: Option<&'a Token>,
}

impl Service {
    /// The plans for a found handoff.
    pub(super) async fn planned(&self, mut found: Found) -> Found {
        let hints = Hints { record: Some(&found.place.record), token: Some(&found.place.place.token) };
        found.pickup.plans = self.plans(&found.place.record.session_id, hints).await;
        found
    }

    /// The plans for a session of this machine.
    pub async fn resume_plans(&self, session_id: &str) -> Result<Vec<Plan>> {
        let service = self.clone();
        let id = session_id.to_owned();
        let session = blocking(move || service.session(&id)).await??;
        Ok(self.plans(&session.session_id, Hints::default()).await)
    }

    /// A copy of a session, with an id of its own.
    pub async fn fork_plan(&self, session_id: &str) -> Result<Plan> {
        let (service, id) = (self.clone(), session_id.to_owned());
        let session_id = blocking(move || service.session(&id)).await??.session_id;
        let plans = self.resume_plans(&session_id).await?;
        let here = plans.iter().find(|plan| plan.kind == PlanKind::Here && plan.directory.is_some());
        if let (Some(here), Some(claude)) = (here, self.claude_program()) {
            Ok(Plan::fork(&claude, &session_id, here.directory.clone()))
        } else {
            let why = plans.iter().find_map(|plan| plan.why_not.clone()).unwrap_or_default();
            Err(Error::failed(format!("This session cannot be resumed: {why}.")))
        }
    }

    /// The plans of a found handoff once more, after something changed.
    pub async fn plan_again(&self, found: Found) -> Found {
        self.planned(found).await
    }

    /// Remembers where a project of another machine lies on this one.
    pub fn remember_place(&self, project: &str, directory: &Path) -> Result<()> {
        if !directory.is_absolute() || !directory.is_dir() {
            return Err(Error::usage(format!("{} is no folder of this machine.", directory.display())));
        }
        let directory = directory.to_owned();
        self.journal(|book| {
            book.places.insert(project.to_owned(), directory);
        })?;
        Ok(())
    }

    async fn plans(&self, session_id: &str, hints: Hints<'_>) -> Vec<Plan> {
        let mut plans = self.local_plans(session_id, hints).await;
        // Of the ways on this machine the ready ones first, in their order.
        plans.sort_by_key(|plan| !plan.ready);
        if let Some(record) = hints.record {
            plans.extend(self.ssh_plan(record));
            plans.extend(self.bring_plan(record, hints.token, &plans).await);
            plans.push(Plan::command(&record.session_id, &record.project));
        }
        plans
    }

    async fn local_plans(&self, session_id: &str, hints: Hints<'_>) -> Vec<Plan> {
        let Some(copy) = self.best_copy(session_id, hints.record).await else { return Vec::new() };
        let directory = self.directory(Some(&copy), hints.record).await;
        let claude = self.claude_program();
        let program = claude.clone().unwrap_or_else(|| self.0.settings.claude.clone());
        let why_not = if !copy.resumable {
            Some(copy.why_not.clone().unwrap_or_else(|| "there is no conversation in it".to_owned()))
        } else if !self.holds(&copy, hints.record).await {
            Some("the copy on this machine holds less than what was published".to_owned())
        } else if directory.is_none() {
            Some(format!("its project folder {} is not on this machine", text::clean(&copy.project)))
        } else if claude.is_none() {
            Some(format!(
                "`{}` was not found on this machine: install it, or set CCLINK_CLAUDE",
                text::clean(&self.0.settings.claude)
            ))
        } else {
            None
        };
        let mut here = Plan::here(&program, &copy.session_id, directory.clone(), why_not);
        here.notes =
            self.notes(directory.as_deref(), hints.record.and_then(|record| record.git.as_ref())).await;
        match copy.live {
            Live::Yes if here.ready => self.live_plans(here, &program, &copy, directory).await,
            Live::Perhaps if here.ready => {
                vec![here.note("it may be open on another machine or in a container that shares this folder")]
            }
            _ => vec![here],
        }
    }

    /// A session that is open here: its window, or a copy of it; never a second
    /// writer without a word.
    async fn live_plans(
        &self,
        here: Plan,
        program: &str,
        copy: &Session,
        directory: Option<PathBuf>,
    ) -> Vec<Plan> {
        let process = self.live_process(&copy.session_id).await;
        let who = process.map_or_else(String::new, |pid| format!(" (process {pid})"));
        let window = match process {
            Some(pid) => tmux_window(pid).await,
            None => None,
        };
        let mut plans = Vec::new();
        plans.extend(window.map(|window| Plan::attach(&window, self.0.settings.in_tmux)));
        plans.push(Plan::fork(program, &copy.session_id, directory));
        plans.push(
            here.not_ready(format!(
                "it is open in a running claude on this machine{who}: close it there first"
            )),
        );
        plans
    }

    async fn live_process(&self, session_id: &str) -> Option<u32> {
        let (root, id) = (self.0.settings.claude_root.clone()?, session_id.to_owned());
        let live = blocking(move || claude::Store::new(root).live_sessions()).await.ok()?;
        live.get(&id).filter(|record| record.live == Live::Yes).map(|record| record.pid)
    }

    /// Of the copies in several folders the one that can be resumed and holds
    /// what was published. Starting in its folder settles which one is meant.
    pub(super) async fn best_copy(&self, session_id: &str, record: Option<&Record>) -> Option<Session> {
        let (root, id) = (self.0.settings.claude_root.clone()?, session_id.to_owned());
        let transcript = record.map(|record| record.transcript.clone());
        blocking(move || {
            let copies = claude::Store::new(root).find(&id);
            let holds = |copy: &Session| {
                transcript.as_ref().is_none_or(|mark| claude::holds(&copy.path, mark).unwrap_or(false))
            };
            copies.into_iter().max_by_key(|copy| (copy.resumable && holds(copy), copy.resumable))
        })
        .await
        .ok()?
    }

    async fn holds(&self, copy: &Session, record: Option<&Record>) -> bool {
        let Some(mark) = record.map(|record| record.transcript.clone()) else { return true };
        let path = copy.path.clone();
        blocking(move || claude::holds(&path, &mark).unwrap_or(false)).await.unwrap_or(false)
    }

    /// Where a session is to be resumed on this machine. Of the folders that are
    /// known for it (where it ran, where it was published from, where the user's
    /// settings or an earlier answer put that) the one that its transcript's
    /// folder is named after, else the first that exists; else where the same
    /// repository lies.
    pub(super) async fn directory(&self, copy: Option<&Session>, record: Option<&Record>) -> Option<PathBuf> {
        let own = copy.and_then(|copy| copy.cwd.as_deref()?.to_str());
        let projects: Vec<&str> =
            own.into_iter().chain(record.map(|record| record.project.as_str())).collect();
        let (book, _) = self.0.journal.load().ok()?;
        let known = projects.iter().map(PathBuf::from);
        let known = known.chain(projects.iter().filter_map(|project| self.mapped(project)));
        let known = known.chain(projects.iter().filter_map(|project| book.places.get(*project).cloned()));
        let there: Vec<PathBuf> = known.filter(|dir| dir.is_absolute() && dir.is_dir()).collect();
        let folder = copy.and_then(|copy| copy.path.parent());
        let root = self.0.settings.claude_root.as_deref();
        let named_after =
            |dir: &&PathBuf| root.is_some_and(|root| Some(claude::folder_for(root, dir).as_path()) == folder);
        if let Some(dir) = there.iter().find(named_after).or(there.first()) {
            return Some(dir.clone());
        }
        let remote = record?.git.as_ref()?.remote.as_deref()?;
        self.same_repository(remote).await
    }

    /// A path of another machine, with the longest fitting prefix of `[paths]`
    /// replaced.
    fn mapped(&self, project: &str) -> Option<PathBuf> {
        let paths = &self.0.settings.config.paths;
        let fits = paths.iter().filter_map(|(from, to)| {
            let rest = Path::new(project).strip_prefix(from).ok()?;
            Some((from.len(), Path::new(to).join(rest)))
        });
        fits.max_by_key(|(length, _)| *length).map(|(_, path)| path)
    }

    /// A project of this machine whose repository has the same remote.
    async fn same_repository(&self, remote: &str) -> Option<PathBuf> {
        let service = self.clone();
        let sessions = blocking(move || service.sessions(Path::new("/"), false)).await.ok()?.ok()?;
        let mut projects: Vec<PathBuf> = Vec::new();
        for cwd in sessions.into_iter().filter_map(|session| session.cwd) {
            if projects.len() < MOST_PROJECTS && cwd.is_absolute() && !projects.contains(&cwd) && cwd.is_dir()
            {
                projects.push(cwd);
            }
        }
        for project in projects {
            let answer = ask_git(&project, &["config", "--get", "remote.origin.url"]).await;
            if answer.is_some_and(|found| same_remote(found.trim(), remote)) {
                return Some(project);
            }
        }
        None
    }

    /// What should be known before resuming here: another commit, changes, no
    /// login. None of it stops anything.
    async fn notes(&self, directory: Option<&Path>, published: Option<&Git>) -> Vec<String> {
        let mut notes = Vec::new();
        if let (Some(directory), Some(published)) = (directory, published)
            && published.commit.is_some()
            && let Some(now) = repository(directory).await
        {
            if let (Some(then), Some(commit)) = (&published.commit, &now.commit)
                && !commit.starts_with(then.as_str())
                && !then.starts_with(commit.as_str())
            {
                let branch = published
                    .branch
                    .as_deref()
                    .map_or_else(String::new, |name| format!(" on {}", text::clean(name)));
                notes.push(format!(
                    "the repository here is at {commit}, the session was published at {}{branch}",
                    text::clean(then)
                ));
            }
            if now.dirty == Some(true) {
                notes.push("the repository here has changes that are not committed".to_owned());
            }
            if published.dirty == Some(true) {
                notes.push("there were changes where it was published that are not committed".to_owned());
            }
        }
        if !self.seems_logged_in() {
            notes.push(
                "claude seems not to be logged in on this machine: run `claude` once and /login".to_owned(),
            );
        }
        notes
    }

    /// By the files and variables that Claude Code uses; on macOS the keychain
    /// has it, which is not asked.
    fn seems_logged_in(&self) -> bool {
        let root = self.0.settings.claude_root.as_deref();
        cfg!(target_os = "macos")
            || self.0.settings.claude_key
            || root.is_some_and(|root| {
                root.join(".credentials.json").exists() || root.join("settings.json").exists()
            })
    }

    fn ssh_plan(&self, record: &Record) -> Option<Plan> {
        let address = record.ssh.as_deref()?;
        let there = There {
            session_id: &record.session_id,
            project: &record.project,
            claude: record.claude.as_deref(),
            claude_dir: record.claude_dir.as_deref(),
        };
        let plan = Plan::ssh(&self.ssh_way(address), &there);
        let program = if self.0.settings.config.mosh { "mosh" } else { "ssh" };
        let plan = plan.note(
            "should claude say \"Not logged in\" there (a Mac's keychain is locked over SSH): /login once in that \
             session, or set CLAUDE_CODE_OAUTH_TOKEN there",
        );
        Some(match self.find_program(program) {
            Some(_) => plan,
            None => plan.not_ready(format!("`{program}` was not found on this machine")),
        })
    }

    /// How the record's address is reached.
    pub(super) fn ssh_way<'a>(&'a self, address: &'a str) -> SshWay<'a> {
        let config = &self.0.settings.config;
        SshWay { address, options: &config.ssh_options, mosh: config.mosh }
    }

    async fn bring_plan(&self, record: &Record, token: Option<&Token>, local: &[Plan]) -> Option<Plan> {
        record.ssh.as_ref()?;
        // What is here already need not be brought.
        if local.iter().any(|plan| plan.ready && plan.kind != PlanKind::Ssh) {
            return None;
        }
        let why_not = if self.find_program("ssh").is_none() {
            Some("`ssh` was not found on this machine".to_owned())
        } else if self.directory(None, Some(record)).await.is_none() {
            Some(format!(
                "no folder of this machine is known for {}: `[paths]` of the configuration can say which",
                text::clean(&record.project)
            ))
        } else if self.claude_program().is_none() {
            Some(format!("`{}` was not found on this machine", text::clean(&self.0.settings.claude)))
        } else {
            None
        };
        Some(
            Plan::bring(&self.own_program(), &token?.to_string(), why_not)
                .note("a transcript holds everything said and shown in it, secrets included"),
        )
    }

    /// The claude command, if it can be found: as it was given, for the shell
    /// line to stay short.
    fn claude_program(&self) -> Option<String> {
        let claude = &self.0.settings.claude;
        let found = self.find_program(claude)?;
        // A relative path would be looked for in the project's folder.
        let relative = claude.contains('/') && !Path::new(claude).is_absolute();
        if relative { found.to_str().map(str::to_owned) } else { Some(claude.clone()) }
    }

    /// The absolute path of the claude command, for the record.
    pub(super) fn claude_path(&self) -> Option<String> {
        self.find_program(&self.0.settings.claude)?.to_str().map(str::to_owned)
    }

    /// Claude's folder, for the record: only where it is another than `~/.claude`.
    pub(super) fn unusual_claude_dir(&self) -> Option<String> {
        let root = std::path::absolute(self.0.settings.claude_root.as_ref()?).ok()?;
        let usual = self.0.settings.home.as_ref().map(|home| home.join(".claude"));
        let dir = root.to_str().filter(|dir| dir.len() <= 255 && text::clean(dir) == *dir)?;
        (usual.as_deref() != Some(root.as_path())).then(|| dir.to_owned())
    }

    /// How this program is started: by its name where that finds it.
    pub(super) fn own_program(&self) -> String {
        let this = std::env::current_exe().ok();
        let by_name = self.find_program("cclink").is_some_and(|found| Some(found) == this);
        this.filter(|_| !by_name)
            .and_then(|path| path.to_str().map(str::to_owned))
            .unwrap_or_else(|| "cclink".to_owned())
    }

    fn find_program(&self, name: &str) -> Option<PathBuf> {
        let here = std::env::current_dir().unwrap_or_default();
        which::which_in(name, self.0.settings.search_path.as_ref(), here).ok()
    }
}

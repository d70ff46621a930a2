//! Plans: every way to go on with a session from this machine, best first.

pub(super) mod clone;
mod folder;
mod live;
mod notes;
pub(super) mod way;

use std::path::{Path, PathBuf};

use super::plans::way::no_address;
use super::transfer::stores::place;
use super::{AudienceKind, Error, Found, Live, Plan, PlanKind, Result, Service, Session, blocking};
use crate::claude;
use crate::handoff::record::is_ssh_address;
use crate::handoff::{Record, Token};
use crate::resume::{SshWay, There};
use crate::text;
use folder::Folder;

/// Where the claude command usually is, behind the home folder: a PATH does not
/// always have it.
const USUAL: [&str; 2] = [".local/bin/claude", ".claude/local/claude"];
/// The same for all users.
const USUAL_FOR_ALL: [&str; 2] = ["/usr/local/bin/claude", "/opt/homebrew/bin/claude"];

/// Where the address of a machine comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// `--ssh`.
    Said,
    /// `[hosts]`.
    Set,
    /// The handoff itself.
    Handoff,
    /// It worked before.
    Remembered,
}

impl Source {
    /// What is said of an address that is not the handoff's own.
    fn words(self, address: &str, found: &Found) -> Option<String> {
        let host = text::clean(&found.pickup.hostname);
        let from = match self {
            Self::Handoff => return None,
            Self::Said => "given with --ssh".to_owned(),
            Self::Set => format!("set for {host} under [hosts]"),
            Self::Remembered => format!("how {host} was reached before"),
        };
        let other = match &found.pickup.ssh {
            Some(own) if own != address => format!("; the handoff says {own}"),
            _ => String::new(),
        };
        Some(format!("{address} is {from}{other}"))
    }
}

/// What is known of a session beyond its id.
#[derive(Clone, Copy, Default)]
struct Hints<'a> {
    record: Option<&'a Record>,
    token: Option<&'a Token>,
    /// Where the address comes from, unless it is the record's own.
    whence: Option<&'a str>,
    /// The commands that fetch it: over SSH, and its sealed file.
    fetch: Option<&'a [Plan; 2]>,
}

/// Where a session is to come to on this machine, and what to know of it.
#[derive(Default)]
struct Goal {
    folder: Option<Folder>,
    notes: Vec<String>,
}

impl Hints<'_> {
    /// Whether only a stranger's word names its project.
    fn of_a_stranger(&self) -> bool {
        self.token.is_some_and(|token| token.audience != AudienceKind::Devices)
    }
}

impl Service {
    /// The plans for a found handoff, as things stand on this machine now.
    pub async fn planned(&self, mut found: Found) -> Found {
        let address = self.address(&found);
        let whence = address.as_ref().and_then(|(address, source)| source.words(address, &found));
        found.place.record.ssh = address.map(|(address, _)| address);
        let hints = Hints {
            record: Some(&found.place.record),
            token: Some(&found.place.place.token),
            whence: whence.as_deref(),
            fetch: Some(&[PlanKind::Bring, PlanKind::Carried].map(|kind| self.fetch_command(kind, &found))),
        };
        found.pickup.plans = self.plans(&found.place.record.session_id, hints).await;
        let lacks_folder = found.pickup.plans.iter().any(|plan| plan.lacks_folder);
        found.clone_offer = if lacks_folder { self.clone_offer(&found) } else { None };
        found
    }

    /// Whether a machine can be reached at such an address at all.
    pub fn check_address(address: &str) -> Result<()> {
        if !is_ssh_address(address) || address.len() > 100 {
            return Err(Error::usage(format!("`{}` is not of the form USER@HOST.", text::clean(address))));
        }
        Ok(())
    }

    /// A found handoff whose machine is reached at this address.
    pub async fn reached_at(&self, mut found: Found, address: &str) -> Result<Found> {
        Self::check_address(address)?;
        found.place.reached_at = Some(address.to_owned());
        Ok(self.planned(found).await)
    }

    /// How the machine of a handoff is reached: as the reader says now or has set,
    /// else as the handoff says, else as it worked before. By its host name only
    /// the user's own machines are known.
    fn address(&self, found: &Found) -> Option<(String, Source)> {
        if let Some(said) = &found.place.reached_at {
            return Some((said.clone(), Source::Said));
        }
        let host = &found.place.record.hostname;
        let ours = found.place.place.token.audience == AudienceKind::Devices;
        if let Some(set) = self.0.settings.config.hosts.get(host).filter(|_| ours) {
            return Some((set.clone(), Source::Set));
        }
        // its own word; what was found out from it may have changed the record's
        if let Some(address) = &found.pickup.ssh {
            return Some((address.clone(), Source::Handoff));
        }
        let (book, _) = self.0.journal.load().ok().filter(|_| ours)?;
        Some((book.hosts.get(host)?.clone(), Source::Remembered))
    }

    /// The address that the user gave worked: it is remembered for this host.
    pub fn remember_address(&self, found: &Found) {
        if let Some(address) = found.place.reached_at.clone() {
            let host = found.place.record.hostname.clone();
            self.note(|book| drop(book.hosts.insert(host, address)));
        }
    }

    /// The plans for a session of this machine.
    pub async fn resume_plans(&self, session_id: &str) -> Result<Vec<Plan>> {
        let service = self.clone();
        let id = session_id.to_owned();
        let session = blocking(move || service.session(&id)).await??;
        let mut plans = self.plans(&session.session_id, Hints::default()).await;
        if let (Some(words), Some(here)) =
            (self.went_on(&session), plans.iter_mut().find(|plan| plan.ready && plan.kind == PlanKind::Here))
        {
            here.went_on =
                Some(format!("It {words}. What you say here will not appear there; both copies are kept."));
            here.notes.push(format!("it {words}"));
        }
        Ok(plans)
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

    async fn plans(&self, session_id: &str, hints: Hints<'_>) -> Vec<Plan> {
        let mut plans = self.local_plans(session_id, hints).await;
        // Of the ways on this machine the ready ones first, in their order.
        plans.sort_by_key(|plan| !plan.ready);
        if let Some(record) = hints.record {
            let is_here = plans.iter().any(|plan| plan.ready);
            let comes = record.carry.is_some() || (record.ssh.is_some() && !is_here);
            let goal = if comes { self.goal(record, hints).await } else { Goal::default() };
            let carried = self.carried_plan(record, hints, &goal).await;
            if let Some(carried) = carried.filter(|plan| plan.ready || !is_here) {
                // What is here already need not come, but changes may come with it.
                let resumes = plans.first().is_some_and(|plan| plan.ready && plan.kind == PlanKind::Here);
                let changed = record.git.as_ref().is_some_and(|git| git.dirty == Some(true));
                let at = if resumes && changed { 0 } else { plans.len() };
                plans.insert(at, carried);
            }
            plans.extend(self.ssh_plan(record, hints));
            if !is_here {
                plans.extend(self.bring_plan(record, hints, &goal));
            }
            let command = Plan::command(&record.session_id, &record.project);
            // Without an address, and no way here, it is said what would help.
            let lost = record.ssh.is_none() && !plans.iter().any(|plan| plan.ready);
            plans.push(if lost { command.note(no_address(&record.hostname)) } else { command });
        }
        plans
    }

    async fn local_plans(&self, session_id: &str, hints: Hints<'_>) -> Vec<Plan> {
        let Some(copy) = self.best_copy(session_id, hints.record).await else { return Vec::new() };
        let claude = self.claude_program();
        let program = claude.clone().unwrap_or_else(|| self.0.settings.claude.clone());
        let mut why_not = if !copy.resumable {
            Some(copy.why_not.clone().unwrap_or_else(|| "it contains no conversation".to_owned()))
        } else if !self.holds(&copy, hints.record).await {
            Some("the copy on this machine lacks messages that were published".to_owned())
        } else if claude.is_none() {
            Some(format!(
                "`{}` was not found on this machine: install it, or set CCLINK_CLAUDE",
                text::clean(&self.0.settings.claude)
            ))
        } else {
            None
        };
        let mut folder = self.folder(Some(&copy), hints).await;
        let lacks_folder = folder.is_none() && why_not.is_none();
        if lacks_folder {
            folder = self.folder_instead(&copy, &program).await;
        }
        if lacks_folder && folder.is_none() {
            why_not =
                Some(format!("its project folder {} is not on this machine", text::clean(&copy.project)));
        }
        let directory = folder.as_ref().map(|folder| folder.path.clone());
        let mut here = match self.worktree(&copy).await.filter(|_| why_not.is_none()) {
            Some(tree) => Plan::in_worktree(&program, &tree.name, &copy.session_id, tree.of),
            None => Plan::here(&program, &copy.session_id, directory, why_not),
        };
        here.lacks_folder = lacks_folder;
        here.notes = self.notes(folder.as_ref(), &copy, hints).await;
        match copy.live {
            Live::Yes if here.ready => self.live_plans(here, &program, &copy).await,
            Live::Perhaps if here.ready => {
                vec![here.note("it may be open on another machine or in a container that shares this folder")]
            }
            _ => vec![here],
        }
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
            // Newest first; of equally good ones the last counts.
            copies.into_iter().rev().max_by_key(|copy| (copy.resumable && holds(copy), copy.resumable))
        })
        .await
        .ok()?
    }

    /// The worktree that claude made for a session, while it is there.
    async fn worktree(&self, copy: &Session) -> Option<claude::Worktree> {
        let path = copy.path.clone();
        blocking(move || claude::named_worktree(&path)).await.ok()?
    }

    pub(super) async fn holds(&self, copy: &Session, record: Option<&Record>) -> bool {
        let Some(mark) = record.map(|record| record.transcript.clone()) else { return true };
        let path = copy.path.clone();
        blocking(move || claude::holds(&path, &mark).unwrap_or(false)).await.unwrap_or(false)
    }

    /// A terminal on the machine where it is.
    fn ssh_plan(&self, record: &Record, hints: Hints<'_>) -> Option<Plan> {
        let address = record.ssh.as_deref()?;
        let there = There {
            session_id: &record.session_id,
            project: &record.project,
            // What runs on a machine of ours is not for somebody else to say.
            claude: record.claude.as_deref().filter(|_| !hints.of_a_stranger()),
            claude_dir: record.claude_dir.as_deref().filter(|_| !hints.of_a_stranger()),
        };
        let plan = Plan::ssh(&self.ssh_way(address), &there);
        let program = if self.0.settings.config.mosh { "mosh" } else { "ssh" };
        let plan = plan.note(
            "if claude says \"Not logged in\" there (a Mac's keychain is locked over SSH): /login once in that \
             session, or set CLAUDE_CODE_OAUTH_TOKEN there",
        );
        let plan = hints.whence.into_iter().fold(plan, Plan::note);
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

    fn bring_plan(&self, record: &Record, hints: Hints<'_>, goal: &Goal) -> Option<Plan> {
        record.ssh.as_ref()?;
        let [plan, _] = hints.fetch?.clone();
        let plan = match self.find_program("ssh") {
            Some(_) => plan,
            None => plan.not_ready("`ssh` was not found on this machine"),
        };
        let plan = hints.whence.into_iter().fold(plan, Plan::note);
        Some(self.arriving(plan, record, goal))
    }

    /// The sealed file that travels with it, from wherever this machine reaches one.
    async fn carried_plan(&self, record: &Record, hints: Hints<'_>, goal: &Goal) -> Option<Plan> {
        let carry = record.carry.as_ref()?;
        let [_, plan] = hints.fetch?.clone();
        let trusted = goal.folder.as_ref().filter(|folder| folder.known).map(|folder| folder.path.as_path());
        let stores = self.stores_in(trusted, record, hints.token?).await;
        let home = self.0.settings.home.as_deref();
        let places: Vec<String> = stores.iter().map(|store| place(store, home)).collect();
        let (size, at) = (text::bytes(carry.bytes), text::ago(record.created_at, self.now()));
        let plan = if places.is_empty() {
            plan.not_ready(format!(
                "its conversation is in a sealed file ({size}), but no place to fetch it from is set up on \
                 this machine: pass the file with `--from FILE`, or set `[carry]` in the configuration"
            ))
        } else {
            plan.note(format!("included: {size}, sealed, as of {at}, {}", places.join(", or ")))
        };
        Some(self.arriving(plan, record, goal))
    }

    /// Looked for once for all ways: it may take many questions to git.
    async fn goal(&self, record: &Record, hints: Hints<'_>) -> Goal {
        let folder = self.folder(None, hints).await;
        let notes = match &folder {
            Some(folder) => self.place_notes(folder, Some(record)).await,
            None => Vec::new(),
        };
        Goal { folder, notes }
    }

    /// What any way needs by which a session comes here, and what to know before.
    fn arriving(&self, plan: Plan, record: &Record, goal: &Goal) -> Plan {
        let plan = plan.note("a transcript contains everything said and shown, secrets included");
        if plan.ready && self.claude_program().is_none() {
            let claude = text::clean(&self.0.settings.claude);
            return plan.not_ready(format!("`{claude}` was not found on this machine"));
        }
        if plan.ready && goal.folder.is_none() {
            return plan.lacks_folder(format!(
                "no folder of this machine is known for {}: start cclink in a clone of it, or name one with \
                 `[paths]` in the configuration",
                text::clean(&record.project)
            ));
        }
        goal.notes.iter().cloned().chain(self.login_note()).fold(plan, Plan::note)
    }

    /// The claude command, if it can be found: as it was given, for the shell
    /// line to stay short; else where it usually is.
    pub(super) fn claude_program(&self) -> Option<String> {
        let claude = &self.0.settings.claude;
        let Some(found) = self.find_program(claude) else { return self.usual_claude() };
        // A relative path would be looked for in the project's folder.
        let relative = claude.contains('/') && !Path::new(claude).is_absolute();
        if relative { found.to_str().map(str::to_owned) } else { Some(claude.clone()) }
    }

    /// claude in one of its usual places, where the user named no other.
    fn usual_claude(&self) -> Option<String> {
        if self.0.settings.claude != "claude" {
            return None;
        }
        let home = self.0.settings.home.as_deref();
        let own = USUAL.iter().filter_map(|place| Some(home?.join(place)));
        let places = own.chain(USUAL_FOR_ALL.iter().map(PathBuf::from));
        let mut found = places.filter_map(|place| which::which_in(place, None::<&str>, "/").ok());
        found.find_map(|path| path.to_str().map(str::to_owned))
    }

    /// The absolute path of the claude command, for the record.
    pub(super) fn claude_path(&self) -> Option<String> {
        let found = self.find_program(&self.0.settings.claude);
        found.and_then(|path| path.to_str().map(str::to_owned)).or_else(|| self.usual_claude())
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

    pub(super) fn find_program(&self, name: &str) -> Option<PathBuf> {
        self.program_from(name, &std::env::current_dir().unwrap_or_default())
    }

    /// A program as a process that starts in this folder would find it.
    pub(super) fn program_from(&self, name: &str, folder: &Path) -> Option<PathBuf> {
        which::which_in(name, self.0.settings.search_path.as_ref(), folder).ok()
    }
}

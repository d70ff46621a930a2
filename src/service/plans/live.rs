//! A session that is open here: its window, its background process, or a copy of
//! it; never a second writer without a word.

use crate::claude::{self, Doing, LiveRecord};
use crate::service::programs::tmux_window;
use crate::service::{Error, Job, Live, Plan, Result, Service, Session, blocking};
use crate::text;

impl Service {
    /// The ways to a session that a claude of this machine has open; `here` is the
    /// plan that would write it a second time.
    pub(super) async fn live_plans(&self, here: Plan, program: &str, copy: &Session) -> Vec<Plan> {
        let record = self.live_record(&copy.session_id).await;
        let process = record.as_ref().map(|record| record.pid);
        let who = process.map_or_else(String::new, |pid| format!(" (process {pid})"));
        let doing = record.as_ref().map_or(Doing::Unknown, LiveRecord::doing);
        let background = record.as_ref().is_some_and(LiveRecord::is_in_background);
        let place = if background { "it is running in the background" } else { "it is open" };
        let state = match doing {
            Doing::Idle if background => place.to_owned(),
            Doing::Idle => "it is open and idle".to_owned(),
            Doing::Shell => format!("{place}, running a command"),
            Doing::Waiting => format!("{place}, in the middle of a turn and waiting for an answer"),
            Doing::Busy => format!("{place}, in the middle of a turn"),
            Doing::Unknown => place.to_owned(),
        };
        let window = match process {
            Some(pid) => tmux_window(pid, self.0.settings.tmux.as_deref()).await,
            None => None,
        };
        let mut plans = Vec::new();
        if background {
            let short = record.as_ref().and_then(|record| record.job.clone());
            let short = short.unwrap_or_else(|| copy.session_id.chars().take(8).collect());
            plans.push(Plan::attach_background(program, &short).note(state.clone()));
        }
        plans.extend(window.map(|window| window.plan().note(state)));
        let copied = Plan::fork(program, &copy.session_id, here.directory.clone());
        plans.push(if doing.is_in_turn() {
            copied.note("its last turn is not finished: a copy ends before that turn's answer")
        } else {
            copied
        });
        let open = format!("it is open in a running claude on this machine{who}: close it there first");
        let closed = here.not_ready(open);
        plans.push(match process.filter(|_| doing == Doing::Idle && !background) {
            Some(process) => closed.after_the_end_of(process),
            None => closed,
        });
        plans
    }

    /// Makes sure that what a plan ends first may still be ended, before anything
    /// is taken for it.
    pub(crate) async fn still_idle(&self, plan: &Plan) -> Result<()> {
        self.to_end(plan).await.map(drop)
    }

    /// Asks the process that holds a plan's session to end, and waits until it is
    /// gone. One that is at work by now is left alone.
    pub async fn end_live(&self, plan: &Plan, job: &Job) -> Result<()> {
        let Some((id, record)) = self.to_end(plan).await? else { return Ok(()) };
        self.can_start(plan).map_err(|error| {
            let program = plan.command.first().map(|program| text::clean(program)).unwrap_or_default();
            Error::failed(format!("{program} could not be started: {error}.")).advise("Nothing was ended.")
        })?;
        self.end(&id, &record, job).await?;
        // It may have begun to work in this moment, and was left alone then.
        match self.live_record(&id).await {
            None => Ok(()),
            Some(_) => Err(no_longer_idle()),
        }
    }

    /// The process that a plan ends first, while it is there; an error where it is
    /// another by now, or at work.
    async fn to_end(&self, plan: &Plan) -> Result<Option<(String, LiveRecord)>> {
        let (Some(process), Some(id)) = (plan.ends, plan.command.last()) else { return Ok(None) };
        let Some(record) = self.live_record(id).await else { return Ok(None) };
        if record.pid != process || record.doing() != Doing::Idle {
            return Err(no_longer_idle());
        }
        Ok(Some((id.clone(), record)))
    }

    async fn live_record(&self, session_id: &str) -> Option<LiveRecord> {
        let (root, id) = (self.0.settings.claude_root.clone()?, session_id.to_owned());
        let live = blocking(move || claude::Store::new(root).live_sessions()).await.ok()?;
        live.get(&id).filter(|record| record.live == Live::Yes).cloned()
    }
}

fn no_longer_idle() -> Error {
    Error::failed("The session is no longer idle.")
        .advise("Nothing was ended. Wait until its turn is over, or resume a copy of it.")
}

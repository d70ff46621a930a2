//! The way on: which plan is run, and that it can be, before anything is taken.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::resume::CONNECT;
use crate::service::programs::child;
use crate::service::{Error, Found, Plan, PlanKind, Result, Service};
use crate::text;

/// How long a claude may take to say its version.
const PATIENCE: Duration = Duration::from_secs(10);
/// A way that holds for so long is gone, however it ends then.
const HOLDS: Duration = Duration::from_mins(1);
/// The same over SSH: sooner, ssh may still be waiting for a host that is silent.
const HOLDS_OVER_SSH: Duration = Duration::from_mins(3);

/// What a plan does that ends what is in its way first, as a verb.
pub const END_THERE: &str = "end it there, continue here";

/// Which plan is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The best.
    Best,
    /// One of this kind.
    Only(PlanKind),
    /// A copy of the session, with an id of its own.
    Copy,
}

/// What is to be done: the screen, `pickup` and `resume` all do this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Run this plan.
    Run(Box<Plan>),
    /// Ask first: a yes runs this plan.
    Ask {
        /// Why it is asked, as a sentence.
        why: String,
        /// The question.
        question: &'static str,
        /// What yes does, as a verb.
        yes: &'static str,
        /// What is run then.
        plan: Box<Plan>,
        /// Another plan that ends what is in the way first, where that can be.
        instead: Option<Box<Plan>>,
    },
    /// There is no way, for this reason.
    Nowhere(String),
}

/// Decides which of these plans is run. A copy of a session that is open elsewhere
/// only when it was asked for, or after a question.
pub fn choose(plans: &[Plan], wanted: Wanted, lives_on: Option<&str>) -> Next {
    let fits = |plan: &&Plan| match wanted {
        Wanted::Best => plan.kind != PlanKind::Command,
        Wanted::Only(kind) => plan.kind == kind,
        Wanted::Copy => plan.is_copy(),
    };
    let ready = |plan: &&Plan| plan.ready || plan.kind == PlanKind::Command;
    let at_once = |plan: &&Plan| wanted == Wanted::Copy || !plan.is_copy();
    if let Some(plan) = plans.iter().filter(fits).filter(ready).find(at_once) {
        let plan = Box::new(plan.clone());
        return match &plan.went_on {
            Some(why) => Next::Ask {
                why: why.clone(),
                question: "Resume it here anyway?",
                yes: "continue here as well",
                plan,
                instead: None,
            },
            None => Next::Run(plan),
        };
    }
    let why = plans.iter().filter(fits).find_map(|plan| plan.why_not.clone());
    let why = why.unwrap_or_else(|| match (wanted, lives_on) {
        (Wanted::Only(PlanKind::Attach), _) => "it does not run in tmux on this machine".to_owned(),
        (Wanted::Only(PlanKind::Bring), Some(_))
            if plans.iter().any(|plan| plan.ready && plan.kind == PlanKind::Here) =>
        {
            "it is already on this machine".to_owned()
        }
        (Wanted::Only(PlanKind::Ssh | PlanKind::Bring), Some(host)) => no_address(host),
        (_, Some(host)) => format!("the session is on {}", text::clean(host)),
        (_, None) => "there is no way".to_owned(),
    });
    match plans.iter().filter(fits).find(ready) {
        Some(plan) => {
            let instead = plans.iter().filter(fits).find(|other| other.ends.is_some());
            ask(plan, Some(format!("This session cannot be resumed: {why}.")), instead)
        }
        None => Next::Nowhere(why),
    }
}

/// What is asked before a plan is run that is no matter of course; `why` it came
/// to that, where the plan itself does not say it.
fn ask(plan: &Plan, why: Option<String>, instead: Option<&Plan>) -> Next {
    let instead = instead.filter(|other| *other != plan).cloned().map(Box::new);
    let plan = Box::new(plan.clone());
    if plan.ends.is_some() {
        let why = "It is open and idle in another terminal of this machine.".to_owned();
        return Next::Ask { why, question: "End it there and continue here?", yes: END_THERE, plan, instead };
    }
    let why = why.unwrap_or_else(|| "It is open in a running claude on this machine.".to_owned());
    Next::Ask {
        why,
        question: "Resume a copy of it?",
        yes: "continue in a copy with its own id",
        plan,
        instead,
    }
}

/// Whether a plan that the user picked is run, or asked about first: what ends
/// something always is.
pub fn confirm(plan: &Plan) -> Next {
    if plan.ends.is_some() { ask(plan, None, None) } else { Next::Run(Box::new(plan.clone())) }
}

/// Why neither SSH nor bringing is offered, and what to do about it.
pub(crate) fn no_address(host: &str) -> String {
    format!(
        "the handoff has no SSH address for {}; if you can reach it, add `--ssh USER@HOST` to `cclink pickup`",
        text::clean(host)
    )
}

impl Service {
    /// How long a way of this kind runs until it is gone: what it is for has
    /// happened. `None` for what is only over when it succeeded.
    pub fn way_holds(&self, kind: PlanKind) -> Option<Duration> {
        let holds = match kind {
            PlanKind::Here | PlanKind::Attach => HOLDS,
            PlanKind::Ssh => HOLDS_OVER_SSH,
            PlanKind::Bring | PlanKind::Carried | PlanKind::Command => return None,
        };
        Some(self.0.settings.way_holds.map_or(holds, Duration::from_secs))
    }

    /// Makes sure that a plan can be run, before its handoff is taken: that its
    /// claude works; for one that burns, that its machine answers.
    pub async fn check_way(&self, found: &Found, plan: &Plan) -> Result<()> {
        match plan.kind {
            PlanKind::Here => match self.still_idle(plan).await {
                Ok(()) => self.check_claude(plan).await,
                no => no,
            },
            PlanKind::Ssh if found.pickup.burn_after_read => self.check_host(found).await,
            _ => Ok(()),
        }
        .map_err(|error| Error::new(error.kind, error.message).advise("Nothing was picked up."))
    }

    /// Whether a plan's program is there to be started: the last look before it
    /// takes our place.
    pub fn can_start(&self, plan: &Plan) -> std::io::Result<()> {
        let here = std::env::current_dir().unwrap_or_default();
        let directory = plan.directory.as_deref().unwrap_or(&here);
        let program = plan.command.first().and_then(|program| self.program_from(program, directory));
        if directory.is_dir() && program.is_some() {
            return Ok(());
        }
        Err(std::io::ErrorKind::NotFound.into())
    }

    async fn check_claude(&self, plan: &Plan) -> Result<()> {
        let Some(program) = plan.command.first() else {
            return Err(Error::failed("There is no command to run."));
        };
        let directory = plan.directory.clone().or_else(|| std::env::current_dir().ok()).unwrap_or_default();
        let found = self.program_from(program, &directory);
        let mut command = child(found.as_deref().unwrap_or(std::path::Path::new(program)));
        command.arg("--version");
        if let Some(directory) = &plan.directory {
            command.current_dir(directory);
        }
        let name = std::path::Path::new(program).file_name().and_then(|name| name.to_str());
        let shown = text::clean(name.unwrap_or(program));
        match tokio::time::timeout(PATIENCE, said(command)).await {
            Ok(Ok((true, _))) => Ok(()),
            Ok(Ok((false, words))) if words.is_empty() => {
                Err(Error::failed(format!("`{shown} --version` failed without any message.")))
            }
            Ok(Ok((false, words))) => Err(Error::failed(format!("`{shown} --version` failed: “{words}”."))),
            Ok(Err(error)) => Err(Error::failed(format!("`{shown}` could not be started: {error}."))),
            Err(_) => Err(Error::failed(format!("`{shown} --version` timed out."))),
        }
    }

    /// A host that refuses us only because nobody could be asked (for a password, a
    /// key's passphrase, whether it is the right one) answers all the same: its
    /// terminal asks.
    async fn check_host(&self, found: &Found) -> Result<()> {
        let address = found.place.record.ssh.clone().unwrap_or_default();
        let words = self.ssh_way(&address).ssh(&["-T", "-o", CONNECT, "-o", "BatchMode=yes"]);
        let mut command = child(&words[0]);
        command.args(&words[1..]).arg("true");
        match said(command).await {
            Ok((true, _)) => Ok(()),
            Ok((false, words)) if would_ask(&words) => Ok(()),
            Ok((false, words)) => {
                let words = if words.is_empty() { "no answer".to_owned() } else { words };
                Err(Error::failed(format!("{address} cannot be reached over SSH: {words}.")))
            }
            Err(error) => Err(Error::failed(format!("`ssh` could not be started: {error}."))),
        }
    }
}

/// Runs a program without a terminal: whether it succeeded, and the last line
/// that it said of an error.
async fn said(mut command: Command) -> std::io::Result<(bool, String)> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await?;
    let last = |bytes: &[u8]| {
        let all = text::clean_lines(&String::from_utf8_lossy(bytes));
        let line = all.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        text::fit(line.trim().trim_end_matches('.'), 200)
    };
    let words = Some(last(&output.stderr)).filter(|words| !words.is_empty());
    Ok((output.status.success(), words.unwrap_or_else(|| last(&output.stdout))))
}

fn would_ask(words: &str) -> bool {
    words.contains("Permission denied") || words.contains("Host key verification failed")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here(ready: bool) -> Plan {
        Plan::here("claude", "x", None, (!ready).then(|| "it is open in a running claude".to_owned()))
    }

    #[test]
    fn a_copy_is_never_run_unasked() {
        let open = [Plan::fork("claude", "x", None), here(false)];
        for wanted in [Wanted::Best, Wanted::Only(PlanKind::Here)] {
            let Next::Ask { why, plan, .. } = choose(&open, wanted, None) else { panic!("{wanted:?}") };
            assert!(plan.is_copy() && why.contains("open in a running claude"), "{why}");
        }
        assert!(matches!(choose(&open, Wanted::Copy, None), Next::Run(plan) if plan.is_copy()));
        let attach = [Plan::attach("w:0.0", false), Plan::fork("claude", "x", None), here(false)];
        assert!(
            matches!(choose(&attach, Wanted::Best, None), Next::Run(plan) if plan.kind == PlanKind::Attach)
        );
    }

    #[test]
    fn why_there_is_no_way_is_said() {
        let nowhere = |plans: &[Plan], wanted| match choose(plans, wanted, Some("dev")) {
            Next::Nowhere(why) => why,
            other => panic!("{other:?}"),
        };
        let command = [Plan::command("x", "/home/ada/p")];
        assert!(nowhere(&command, Wanted::Best).contains("the session is on dev"));
        assert!(nowhere(&command, Wanted::Only(PlanKind::Ssh)).contains("--ssh USER@HOST"));
        assert!(nowhere(&[here(false)], Wanted::Best).contains("open in a running claude"));
        assert!(matches!(choose(&command, Wanted::Only(PlanKind::Command), None), Next::Run(_)));
    }

    #[test]
    fn a_host_that_wants_a_password_answers() {
        assert!(would_ask("ada@dev: Permission denied (publickey,password)"));
        assert!(would_ask("ada@dev: Permission denied (publickey)"));
        assert!(would_ask("Host key verification failed."));
        assert!(!would_ask("ssh: connect to host dev port 22: Connection refused"));
    }
}

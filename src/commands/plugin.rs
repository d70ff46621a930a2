//! `plugin`: shows a change of Claude Code's files, asks, and makes it.

use chrono::Utc;
use serde_json::json;

use super::{Context, diff, prompt};
use crate::cli::PluginAction;
use crate::service::{Error, FileChange, PluginStatus, Result};
use crate::text;

/// What a hook cannot do with a key that has a passphrase, and the cure.
const LOCKED: &str = "Your key has a passphrase, and a hook can ask nobody: nothing is handed over until \
CCLINK_PASSPHRASE is set where `claude` is started (it is not set here), or the key has none.";

pub(super) fn run(context: &Context<'_>, action: &PluginAction) -> Result<()> {
    match action {
        PluginAction::Install { on_exit, carry, yes } => install(context, *on_exit, *carry, *yes),
        PluginAction::Remove { yes } => remove(context, *yes),
        PluginAction::Status => {
            status(context, &context.service.plugin_status()?);
            Ok(())
        }
    }
}

fn install(context: &Context<'_>, on_exit: bool, carry: bool, yes: bool) -> Result<()> {
    let program = std::env::current_exe().ok().filter(|program| program.is_file()).ok_or_else(|| {
        Error::failed("The path of this cclink cannot be told.")
            .advise("Was it replaced while it ran? Try again.")
    })?;
    let changes = context.service.plan_plugin(&program, on_exit, carry)?;
    if carry {
        may_carry(context, yes)?;
    }
    let done = make(context, &changes, yes, "Change Claude Code's files like this?")?;
    let printer = context.printer;
    printer.value(&json!({ "changed": done, "on_exit": on_exit, "carry": carry, "files": paths(&changes) }));
    if carry {
        context.service.agree_to_places();
    }
    if done {
        printer.say(&format!("{}: in sessions that start from now on", printer.good("Installed")));
        printer.say("/cclink:handoff publishes the session it is typed into, without a model call.");
        if on_exit {
            printer.say("A session that ends is handed over to your devices.");
        }
        if carry {
            printer.say(
                "Its conversation goes along, sealed, where you agreed to a place: in the folder or on the machine that is \
                 set under `[carry]`, in a git remote once you published there with `--carry=git`.",
            );
        }
    } else {
        printer.say("It is installed like this already; nothing was changed.");
    }
    if !context.service.has_identity() {
        printer.note("There is no key yet: run `cclink init` before you use it.");
    }
    let status = context.service.plugin_status()?;
    if status.locked {
        printer.note(LOCKED);
    }
    if status.hooks_disabled {
        printer.note("`disableAllHooks` is set in the settings: until it is not, no hook runs.");
    }
    Ok(())
}

/// What the places mean that are set is agreed to now: nobody can be asked when a
/// session ends.
fn may_carry(context: &Context<'_>, yes: bool) -> Result<()> {
    let places = context.service.places_to_agree();
    if places.is_empty() {
        return Ok(());
    }
    for place in &places {
        context.printer.note(place);
    }
    let agrees = yes || (prompt::can_ask() && prompt::confirm("Put conversations there?", true)?);
    if !agrees {
        return Err(Error::failed("Nothing was changed.").advise("`--yes` agrees; or leave `--carry` out."));
    }
    Ok(())
}

fn remove(context: &Context<'_>, yes: bool) -> Result<()> {
    let changes = context.service.plan_plugin_removal()?;
    let done = make(context, &changes, yes, "Take it away like this?")?;
    let printer = context.printer;
    printer.value(&json!({ "changed": done, "files": paths(&changes) }));
    printer.say(if done {
        "Removed. Sessions that run already may ask the hook until they end."
    } else {
        "It is not installed; nothing was changed."
    });
    Ok(())
}

/// Shows the change, asks, and makes it; false where there is none.
fn make(context: &Context<'_>, changes: &[FileChange], yes: bool, question: &str) -> Result<bool> {
    if changes.is_empty() {
        return Ok(false);
    }
    let printer = context.printer;
    if !printer.is_json() {
        for change in changes.iter().filter(|change| change.shown) {
            let name = change.path.display().to_string();
            for line in diff::lines(&name, change.before.as_deref(), change.after.as_deref()) {
                printer.note(&line);
            }
        }
    }
    if !yes && !prompt::can_ask() {
        return Err(Error::usage("This changes Claude Code's files, and nobody can answer here.")
            .advise("Say `--yes`. Nothing was changed."));
    }
    if !yes && !prompt::confirm(question, true)? {
        printer.note("Nothing was changed.");
        return Err(Error::cancelled());
    }
    context.service.change_plugin(changes)?;
    Ok(true)
}

fn paths(changes: &[FileChange]) -> Vec<String> {
    changes.iter().map(|change| change.path.display().to_string()).collect()
}

fn status(context: &Context<'_>, status: &PluginStatus) {
    let printer = context.printer;
    printer.value(status);
    if status.installed {
        printer.say(&format!("{} in {}", printer.good("Installed"), status.settings.display()));
    } else {
        printer.say("Not installed. `cclink plugin install` shows what it would change.");
    }
    for hook in &status.hooks {
        let when = if hook.event == "SessionEnd" { "When a session ends:" } else { "/cclink:handoff:" };
        printer.say(&format!("{when} {}", text::clean(&hook.command)));
        if !hook.exists {
            printer.say(&format!(
                "{} is not there any more, so this hook does nothing: `cclink plugin install` puts it right.",
                text::clean(&hook.program)
            ));
        }
    }
    if status.installed && !status.on_exit {
        printer.say("When a session ends: nothing (`cclink plugin install --on-exit` hands it over).");
    }
    match status.command {
        "current" => printer.say(&format!("Command: {}", status.command_file.display())),
        "missing" if status.installed => printer
            .say("Command: missing, so the menu does not show it: `cclink plugin install` puts it back."),
        "missing" => {}
        _ => printer.say(&format!(
            "Command: {}, of another version or changed; `cclink plugin install` renews it.",
            status.command_file.display()
        )),
    }
    if status.installed && status.locked {
        printer.say(LOCKED);
    }
    if status.hooks_disabled {
        printer.say("`disableAllHooks` is set in the settings: no hook runs.");
    }
    if status.waiting > 0 {
        printer.say(&format!("{} ended and wait to be handed over.", status.waiting));
    }
    if let Some(failure) = &status.failure {
        printer.say(&format!(
            "The session {} was not handed over when it ended, {}: {} `cclink publish {}` does it now.",
            failure.session_id,
            text::ago(failure.at, Utc::now()),
            text::clean(&failure.error),
            failure.session_id
        ));
    }
}

//! `plugin`: shows a change of Claude Code's files, asks, and makes it.

use chrono::Utc;
use serde_json::json;

use super::{Context, diff, prompt};
use crate::cli::PluginAction;
use crate::service::{Error, FileChange, PluginStatus, Result};
use crate::text;

/// What a hook cannot do with a key that has a passphrase, and the cure.
const LOCKED: &str = "Your key has a passphrase, and hooks cannot ask for it: nothing is published until \
    CCLINK_PASSPHRASE is set where `claude` starts (it is not set here), or the key has no passphrase.";

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
        Error::failed("The path of this cclink is unknown.")
            .advise("Was it replaced while running? Try again.")
    })?;
    let changes = context.service.plan_plugin(&program, on_exit, carry)?;
    if carry {
        may_carry(context, yes)?;
    }
    let done = make(context, &changes, yes, "Make these changes to Claude Code's files?")?;
    let printer = context.printer;
    printer.value(&json!({ "changed": done, "on_exit": on_exit, "carry": carry, "files": paths(&changes) }));
    if carry {
        context.service.agree_to_places();
    }
    if done {
        printer.say(&format!("{}: active in sessions you start from now on", printer.good("Installed")));
        printer.tell("/cclink:handoff publishes the session it is typed into, without a model call.");
        if on_exit {
            printer.tell("A session that ends is published to your devices.");
        }
        if carry {
            printer.tell(
                "Its conversation is included, sealed, once you agreed to a place: the folder or machine set \
                 under `[carry]`, or a git remote after you published there with `--carry=git`.",
            );
        }
    } else {
        printer.say("Already installed; nothing was changed.");
    }
    if !context.service.has_identity() {
        printer.note("There is no key yet: run `cclink init` before you use it.");
    }
    let status = context.service.plugin_status()?;
    if status.locked {
        printer.note(LOCKED);
    }
    if status.hooks_disabled {
        printer.note("`disableAllHooks` is set in the settings: no hook runs until it is removed.");
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
    let agrees = yes || (prompt::can_ask() && prompt::confirm("Store conversations there?", true)?);
    if !agrees {
        return Err(
            Error::failed("Nothing was changed.").advise("Pass `--yes` to agree, or leave `--carry` out.")
        );
    }
    Ok(())
}

fn remove(context: &Context<'_>, yes: bool) -> Result<()> {
    let changes = context.service.plan_plugin_removal()?;
    let done = make(context, &changes, yes, "Remove it?")?;
    let printer = context.printer;
    printer.value(&json!({ "changed": done, "files": paths(&changes) }));
    printer.tell(if done {
        "Removed. Running sessions may keep calling the hook until they exit."
    } else {
        "Not installed; nothing was changed."
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
                printer.note_exactly(&line);
            }
        }
    }
    if !yes && !prompt::can_ask() {
        return Err(
            Error::usage("Cannot ask for confirmation here; pass --yes.").advise("Nothing was changed.")
        );
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
        printer.tell("Not installed. `cclink plugin install` shows what it would change.");
    }
    for hook in &status.hooks {
        let when = if hook.event == "SessionEnd" { "When a session ends:" } else { "/cclink:handoff:" };
        printer.say(&format!("{when} {}", text::clean(&hook.command)));
        if !hook.exists {
            printer.tell(&format!(
                "{} no longer exists, so this hook does nothing: `cclink plugin install` fixes it.",
                text::clean(&hook.program)
            ));
        }
    }
    if status.installed && !status.on_exit {
        printer.tell("When a session ends: nothing (`cclink plugin install --on-exit` publishes it).");
    }
    match status.command {
        "current" => printer.say(&format!("Command: {}", status.command_file.display())),
        "missing" if status.installed => {
            printer.tell("Command: missing from Claude's menu; `cclink plugin install` restores it.");
        }
        "missing" => {}
        _ => printer.tell(&format!(
            "Command: {}, changed or from another version; `cclink plugin install` updates it.",
            status.command_file.display()
        )),
    }
    if status.installed && status.locked {
        printer.tell(LOCKED);
    }
    if status.hooks_disabled {
        printer.tell("`disableAllHooks` is set in the settings: no hook runs.");
    }
    if status.waiting > 0 {
        printer.say(&format!("{} ended and are waiting to be published.", status.waiting));
    }
    if let Some(failure) = &status.failure {
        printer.tell(&format!(
            "Session {} was not published when it ended, {}: {} `cclink publish {}` does it now.",
            failure.session_id,
            text::ago(failure.at, Utc::now()),
            text::clean(&failure.error),
            failure.session_id
        ));
    }
}

//! `doctor`: what could keep this device from publishing and picking up, line by line.

use std::io::IsTerminal;

use super::progress::{end_progress, progress};
use super::{Context, prompt};
use crate::service::{Check, Diagnosis, Error, Fix, Health, Result, Surroundings};
use crate::text;

/// Columns of the longest name.
const WIDEST: usize = 13;
/// Columns before what is said.
const INDENT: usize = WIDEST + 8;

pub(super) async fn run(context: &Context<'_>, fix: bool, yes: bool) -> Result<()> {
    let on_terminal = std::io::stdout().is_terminal();
    let terminal = on_terminal.then(|| crossterm::terminal::size().ok()).flatten();
    let around = Surroundings { env: context.env, terminal };
    let mut found = context.service.examine(&around, &progress()).await;
    end_progress();
    found.checks.iter().for_each(|check| print(context, check));
    if fix {
        mend(context, &mut found, yes).await?;
    }
    context.printer.value(&found);
    verdict(&found)
}

/// Asks, then mends what can be mended; what was found then says so.
async fn mend(context: &Context<'_>, found: &mut Diagnosis, yes: bool) -> Result<()> {
    let printer = context.printer;
    let fixes: Vec<Fix> = found.checks.iter().filter_map(|check| check.fix).collect();
    if fixes.is_empty() {
        printer.note("There is nothing to fix.");
        return Ok(());
    }
    if !yes && !prompt::can_ask() {
        return Err(Error::usage("Cannot ask for confirmation here; pass --yes to fix what can be fixed.")
            .advise("Nothing was changed."));
    }
    if !yes {
        printer.note("This will:");
        for fix in &fixes {
            printer.note(&format!("  {}", fix.words()));
        }
        if !prompt::confirm("Continue?", false)? {
            printer.note("Nothing was changed.");
            return Ok(());
        }
    }
    for check in &mut found.checks {
        let Some(fix) = check.fix else { continue };
        match context.service.mend(fix).await {
            Ok(done) => {
                (check.state, check.says, check.advice) = (Health::Ok, format!("fixed: {done}"), None);
            }
            Err(error) => check.says = format!("{}; not fixed: {}", check.says, error.message),
        }
        print(context, check);
    }
    Ok(())
}

/// A line, and one below it that says what to do.
fn print(context: &Context<'_>, Check { name, state, says, advice, .. }: &Check) {
    let printer = context.printer;
    let mark = match state {
        Health::Ok => printer.good("ok  "),
        Health::Warn => printer.bold("warn"),
        Health::Fail => printer.bad("FAIL"),
    };
    let head = format!("{mark}  {}  ", text::pad(name, WIDEST));
    printer.tell_behind((&head, INDENT), &text::clean(says));
    if let Some(advice) = advice {
        printer.tell_behind((&" ".repeat(INDENT), INDENT), &printer.dim(&text::clean(advice)));
    }
}

/// An error where something fails, with the names of what does.
fn verdict(found: &Diagnosis) -> Result<()> {
    let failed: Vec<&str> =
        found.checks.iter().filter(|check| check.state == Health::Fail).map(|check| check.name).collect();
    match failed.as_slice() {
        [] => Ok(()),
        [only] => Err(Error::failed(format!("One check failed: {only}."))),
        many => Err(Error::failed(format!("{} checks failed: {}.", many.len(), many.join(", ")))),
    }
}

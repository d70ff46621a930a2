//! `list` and `revoke`.

use chrono::{DateTime, Utc};

use super::table::Column;
use super::{Context, prompt};
use crate::service::{
    CarriedBy, CarriedState, CarryWay, Doomed, Error, ErrorKind, IdentityState, Job, Listed, Result, Revoked,
    Service, State,
};
use crate::text;

/// Columns that a title or project takes in the table at most.
const WIDEST: usize = 40;
/// Handoffs that an error names at most.
const NAMED: usize = 8;

/// The column of the conversation: only where one is included.
const CARRY: &str = "Conversation";

/// What is said where no handoff is active, and where only this device knows of none.
const NONE: &str = "You have no active handoffs.";
const NONE_KNOWN: &str = "This device knows of no active handoffs.";
/// As the screen says it above its list.
const NOT_CHECKED: &str = "not checked";

const COLUMNS: [Column; 10] = [
    Column::whole("Token"),
    Column::path("Project", 8).goes(2),
    Column::cut("Title", 12),
    Column::cut("For", 6),
    Column::whole("Age").goes(3),
    Column::whole("Left"),
    Column::whole("Burn").goes(1),
    Column::cut(CARRY, 4).goes(2),
    Column::whole("Copies").goes(4),
    Column::whole("State"),
];

pub(super) async fn list(context: &Context<'_>, all: bool) -> Result<()> {
    let service = context.service;
    super::unlock(context)
        .await
        .or_else(|error| if error.kind == ErrorKind::Locked { Ok(()) } else { Err(error) })?;
    match service.list(all, &Job::quiet()).await {
        Ok(rows) => {
            let is_locked = service.identity_state() == IdentityState::Locked;
            print(context, &rows, all, if is_locked { NONE_KNOWN } else { NONE });
            match rows.iter().filter(|row| row.state == State::Unknown).count() {
                0 => Ok(()),
                unknown => Err(Error::new(
                    ErrorKind::Unreachable,
                    format!("Too few nodes answered; unknown: {unknown} of these."),
                )
                .advise("Ask again a little later, or from another network. Nothing is lost.")),
            }
        }
        // What the journal knows is worth showing; the exit code says the rest.
        Err(error) if error.kind == ErrorKind::Unreachable => {
            print(context, &service.journal_list(all)?, all, NONE_KNOWN);
            Err(error)
        }
        Err(error) => Err(error),
    }
}

/// `none` is said where there are no rows.
fn print(context: &Context<'_>, rows: &[Listed], all: bool, none: &str) {
    let printer = context.printer;
    printer.value(&rows);
    if printer.is_json() {
        return;
    }
    if rows.is_empty() {
        let hint = if all { "" } else { " `--all` shows the ended ones." };
        printer.tell(&format!("{none}{hint}"));
        return;
    }
    let rows = Listed::one_a_group(rows.to_vec());
    let has_any = rows.iter().any(|row| row.carry.is_some());
    let is_shown = |column: &Column| has_any || column.head() != CARRY;
    let columns: Vec<Column> = COLUMNS.into_iter().filter(is_shown).collect();
    let cells = |listed: &Listed| {
        let cells = row(listed).into_iter().zip(&COLUMNS).filter(|(_, column)| is_shown(column));
        cells.map(|(cell, _)| cell).collect()
    };
    printer.table(&columns, rows.iter().map(cells).collect());
}

fn row(row: &Listed) -> Vec<String> {
    let now = Utc::now();
    let left = (row.expires_at - now).num_seconds();
    vec![
        row.token.clone(),
        text::fit(&text::clean(row.label.as_deref().unwrap_or(&row.project)), WIDEST),
        text::fit(&text::clean(row.title.as_deref().unwrap_or("")), WIDEST),
        audience(row),
        text::ago(row.created_at, now),
        if row.state.is_alive() { text::span(left) } else { String::new() },
        if row.burn_after_read { "one-time".to_owned() } else { String::new() },
        row.carry.as_ref().map(conversation).unwrap_or_default(),
        row.copies.map_or_else(|| "?".to_owned(), |copies| copies.to_string()),
        state(row, now),
    ]
}

/// Where it stands, and who took it; what only the network could confirm, and was not
/// asked about, is not called live.
fn state(row: &Listed, now: DateTime<Utc>) -> String {
    let is_checked = row.copies.is_some() || row.state != State::Live;
    match (&row.picked_up, &row.group) {
        (Some(by), None) => {
            let taken = format!("picked up by {} {}", text::clean(&by.hostname), text::ago(by.at, now));
            if row.state == State::PickedUp { taken } else { format!("{}, {taken}", row.state.words()) }
        }
        (_, None) if !is_checked => NOT_CHECKED.to_owned(),
        (_, Some(_)) if !is_checked => format!("{}, {NOT_CHECKED}", row.state_words()),
        _ => row.state_words(),
    }
}

/// Who can pick it up.
fn audience(row: &Listed) -> String {
    match &row.group {
        Some(group) => text::fit(&group.name, WIDEST),
        None if row.phone_pass => "phone".to_owned(),
        None => row.audience.words(),
    }
}

/// "git 120 kB", or what became of it.
fn conversation(carry: &CarriedBy) -> String {
    if carry.state == Some(CarriedState::TakenAway) {
        return "removed".to_owned();
    }
    let way = match carry.way {
        CarryWay::File => "file",
        CarryWay::Git => "git",
        CarryWay::Folder => "folder",
        CarryWay::Ssh => "ssh",
    };
    format!("{way} {}", text::bytes(carry.bytes))
}

pub(super) async fn revoke(context: &Context<'_>, tokens: &[String], all: bool, yes: bool) -> Result<()> {
    let service = context.service;
    if tokens.is_empty() && !all {
        return Err(which(&Listed::one_a_group(service.journal_list(false)?)));
    }
    Service::check_tokens(tokens)?;
    if !yes && !prompt::can_ask() {
        can_be_meant(context, tokens).await?;
        return Err(
            Error::usage("Cannot ask for confirmation here; pass --yes.").advise("Nothing was revoked.")
        );
    }
    super::unlock(context).await?;
    let revoked = if yes && all {
        service.revoke_all(&Job::quiet()).await?
    } else if yes {
        service.revoke(tokens, &Job::quiet()).await?
    } else {
        // Exactly what was shown, even if more was published meanwhile.
        match agreed(context, tokens).await?.as_slice() {
            [] => Revoked::default(),
            shown => service.revoke(shown, &Job::quiet()).await?,
        }
    };
    print_revoked(context, &revoked, all);
    match revoked.failed.as_slice() {
        [] => Ok(()),
        [only] if revoked.revoked.is_empty() => Err(only.to_error()),
        failed => {
            let (first, all) = (failed[0].to_error(), failed.len() + revoked.revoked.len());
            let is_one_reason = failed.iter().all(|other| other.code == failed[0].code);
            let kind = if is_one_reason { first.kind } else { ErrorKind::Failed };
            let words = format!("{} of {all} could not be revoked.", failed.len());
            let advice = if is_one_reason {
                first.advice
            } else {
                "`cclink list --all` shows their state.".to_owned()
            };
            Err(Error::new(kind, words).advise(advice))
        }
    }
}

/// What is wrong with the tokens is said before consent to it is asked for. What cannot
/// be known without the network or the key is left to who asks with `--yes`.
async fn can_be_meant(context: &Context<'_>, tokens: &[String]) -> Result<()> {
    if tokens.is_empty() {
        return Ok(());
    }
    match context.service.about_to_revoke(tokens, &Job::quiet()).await {
        Err(error) if matches!(error.kind, ErrorKind::Usage | ErrorKind::Gone) => Err(error),
        _ => Ok(()),
    }
}

/// What could be revoked, as this device knows it without the network.
fn which(rows: &[Listed]) -> Error {
    if rows.is_empty() {
        return Error::usage("No token was given, and this device has no active handoffs.")
            .advise("`cclink list` also asks the network for those of your other devices.");
    }
    let line = |row: &Listed| {
        let title =
            row.title.as_deref().map(|title| format!("“{}” ", text::fit(&text::clean(title), WIDEST)));
        format!("  {}  {}for {}", row.token, title.unwrap_or_default(), audience(row))
    };
    let mut advice: Vec<String> = rows.iter().take(NAMED).map(line).collect();
    if let more @ 1.. = rows.len().saturating_sub(NAMED) {
        advice.push(format!("  and {more} more: cclink list"));
    }
    advice.insert(0, "Name one or more of these, or pass --all:".to_owned());
    Error::usage("No token was given.").advise(advice.join("\n"))
}

/// Names what would be revoked, and asks: its tokens.
async fn agreed(context: &Context<'_>, tokens: &[String]) -> Result<Vec<String>> {
    let printer = context.printer;
    let doomed = context.service.about_to_revoke(tokens, &Job::quiet()).await?;
    let named = |one: &Doomed| {
        let what = match &one.title {
            Some(title) => {
                format!("{} ({})", printer.bold(&text::fit(&text::clean(title), WIDEST)), one.token)
            }
            None => one.token.clone(),
        };
        let who = one.group.as_ref().map(|(who, _)| format!(" for {}", text::fit(&text::clean(who), 24)));
        what + &who.unwrap_or_default()
    };
    let what = match doomed.as_slice() {
        [] => return Ok(Vec::new()),
        [only] => named(only),
        many => {
            for one in many {
                printer.note(&format!("  {}", named(one)));
            }
            format!("these {} handoffs{}", many.len(), of_one_group(many))
        }
    };
    let pronoun = if doomed.len() == 1 { "it" } else { "them" };
    let question = format!(
        "Revoke {what}? Nobody will be able to pick {pronoun} up; what was already picked up \
        stays."
    );
    if !prompt::confirm(&question, false)? {
        printer.note("Nothing was revoked.");
        return Err(Error::cancelled());
    }
    Ok(doomed.into_iter().map(|one| one.token).collect())
}

/// " for backend", where all of them are of that group.
fn of_one_group(doomed: &[Doomed]) -> String {
    let mut names = doomed.iter().map(|one| one.group.as_ref().map(|(_, name)| name));
    match names.next().flatten() {
        Some(name) if names.all(|other| other == Some(name)) => format!(" for {name}"),
        _ => String::new(),
    }
}

fn print_revoked(context: &Context<'_>, revoked: &Revoked, all: bool) {
    let printer = context.printer;
    printer.value(revoked);
    for token in &revoked.revoked {
        printer.say(&format!("{} {token}", printer.good("Revoked")));
    }
    // One that was named alone is the error of the command.
    let is_alone = !all && revoked.revoked.is_empty() && revoked.failed.len() == 1;
    let is_told = printer.is_json() || is_alone;
    for failure in revoked.failed.iter().filter(|_| !is_told) {
        printer.note(&format!("{}: {}", failure.token, failure.error));
    }
    if all && revoked.revoked.is_empty() && revoked.failed.is_empty() {
        printer.say("You have no active handoffs; nothing to revoke.");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_named_where_all_of_it_is_revoked_and_nothing_else() {
        let doomed = |group: Option<&str>| Doomed {
            token: "s1".to_owned(),
            title: None,
            group: group.map(|name| ("anna".to_owned(), name.to_owned())),
        };
        let team = || doomed(Some("backend"));
        assert_eq!(of_one_group(&[team(), team()]), " for backend");
        assert_eq!(of_one_group(&[team(), doomed(None)]), "");
        assert_eq!(of_one_group(&[doomed(None), doomed(None)]), "");
        assert_eq!(of_one_group(&[team(), doomed(Some("docs"))]), "");
    }
}

//! `hook prompt`: `/cclink:handoff` publishes the session it is typed into, and
//! Claude is not asked. Every other prompt passes at once: nothing is read from
//! the disk for it, nothing is sent.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;

use super::Input;
use crate::cli::PublishArgs;
use crate::cli::handoff::{HANDOFF, handoff_words, parse_handoff};
use crate::commands::published::who_until;
use crate::commands::{several, stdout};
use crate::service::{
    AudienceChoice, AudienceKind, Error, ErrorKind, Job, Outcome, PublishRequest, Published, PublishedAll,
    Result, Service, Session,
};
use crate::text;

/// Claude waits for 30 s (`hooks.json`); writes that must not be cut in half
/// may take 10 of them.
const LONGEST: Duration = Duration::from_secs(15);

pub(super) fn run(env: &dyn Fn(&str) -> Option<OsString>) -> ExitCode {
    let Some(input) = Input::read() else { return ExitCode::SUCCESS };
    let Some(words) = input.prompt.as_str().and_then(handoff_words) else { return ExitCode::SUCCESS };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            return block(&refusal(&Error::failed(format!("cclink could not start: {error}."))));
        }
    };
    let code = runtime.block_on(async {
        match super::super::open(env) {
            Ok(service) => {
                let code = match answer(&service, &input, words).await {
                    Ok(words) => block(&words),
                    Err(error) => block(&refusal(&error)),
                };
                service.finish().await;
                code
            }
            Err(error) => block(&refusal(&error)),
        }
    });
    runtime.shutdown_background();
    code
}

/// Claude Code shows the reason, keeps it in the transcript, and asks no model.
fn block(reason: &str) -> ExitCode {
    let answer = json!({ "decision": "block", "reason": reason });
    match stdout::write(format!("{answer}\n").as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            super::told(Err(Error::failed(format!("The answer could not be written to stdout: {error}."))))
        }
    }
}

fn refusal(error: &Error) -> String {
    let advice = if error.advice.is_empty() { String::new() } else { format!("\n{}", error.advice) };
    format!("cclink: nothing was published. {}{advice}", error.message)
}

async fn answer(service: &Service, input: &Input, words: &str) -> Result<String> {
    let args = parse_handoff(words).map_err(|why| {
        Error::usage(format!("{}: {}.", HANDOFF, text::clean(&why).trim_end_matches('.'))).advise(
            "It takes a note in plain words, and the options --ttl 2h, --burn, --share NAME, --project, \
             --title, --ssh.",
        )
    })?;
    let audience = audience(input, &args)?;
    let draft = service.draft(&session(service, input)?).await?;
    let request = PublishRequest {
        audience,
        ttl: args.ttl,
        burn: args.burn,
        label: args.project,
        title: args.title,
        note: args.note,
        ssh: args.ssh,
        replace: args.yes,
        ..draft.request()
    };
    let job = Job::quiet();
    let cancel = job.cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(LONGEST).await;
        cancel.cancel();
    });
    let published = Box::pin(service.publish_to_all(request, &job)).await.map_err(|error| match error.kind {
        ErrorKind::Cancelled => Error::new(ErrorKind::Unreachable, "The network is too slow to answer now.")
            .advise("Try again; `cclink list` in a terminal shows what arrived."),
        _ => error,
    });
    let warnings = service.take_warnings();
    Ok(match published? {
        Outcome::One(published) => reason(&published, warnings),
        Outcome::Several(all) => reason_of_all(&all, warnings),
    })
}

/// What is secret has no place here: the answer is written into the transcript.
fn audience(input: &Input, args: &PublishArgs) -> Result<AudienceChoice> {
    let id = input.session_id.as_str().map(text::clean).unwrap_or_default();
    let elsewhere = |option: &str| format!("In a terminal: cclink publish {} {option}", text::fit(&id, 40));
    match (&args.pin, &args.share) {
        (Some(Some(_)), _) => {
            Err(Error::usage("The PIN is now in Claude's history, so it must not be used.")
                .advise(format!("{} (it generates another one)", elsewhere("--pin"))))
        }
        (Some(None), _) => {
            Err(Error::usage("A PIN would be written into this conversation.").advise(elsewhere("--pin")))
        }
        _ if args.link => {
            Err(Error::usage("The link holds a secret, which would be written into this conversation.")
                .advise(elsewhere("--link")))
        }
        _ if args.qr => Err(Error::usage("QR codes cannot be shown here.").advise(elsewhere("--qr"))),
        (None, Some(to)) => Ok(AudienceChoice::Share(to.clone())),
        (None, None) => Ok(AudienceChoice::Devices),
    }
}

/// The session that the hook names, as the scan finds it.
fn session(service: &Service, input: &Input) -> Result<Session> {
    let Some(id) = input.session_id.as_str() else {
        return Err(Error::failed("Claude Code did not say which session this is.")
            .advise("Run `cclink` in a terminal, in the project's folder."));
    };
    let path = input.transcript_path.as_str().map(Path::new);
    service.session_at(id, path).map_err(|error| match error.kind {
        ErrorKind::Gone => {
            Error::gone("This conversation is not saved yet: Claude Code writes it with the first answer.")
                .advise(format!("Say something to Claude first, then {HANDOFF} again."))
        }
        _ => error,
    })
}

/// The same of several people; who did not get it is named first.
fn reason_of_all(all: &PublishedAll, on_the_side: Vec<String>) -> String {
    let title = all.title.as_deref().map_or_else(|| all.session_id.clone(), text::clean);
    let mut lines = vec![format!("cclink: published “{title}”."), several::who_until(all)];
    if let Some(error) = all.failure() {
        lines.extend([error.message, error.advice]);
    }
    let there = |one: &Published| format!("{}: cclink pickup {}", several::name(one), *one.link);
    lines.extend(all.handoffs.iter().map(there));
    lines.extend(all.handoffs.first().and_then(|first| first.left_behind.words()));
    lines.extend(all.notes().into_iter().chain(on_the_side));
    lines.join("\n")
}

fn reason(published: &Published, on_the_side: Vec<String>) -> String {
    let title = published.title.as_deref().map_or_else(|| published.session_id.clone(), text::clean);
    let there = match published.audience.kind {
        AudienceKind::Devices => "cclink pickup".to_owned(),
        _ => format!("cclink pickup {}", *published.link),
    };
    let mut lines = vec![
        format!("cclink: published “{title}”."),
        who_until(published),
        format!("Token:  {}", published.token),
        format!("There:  {there}"),
    ];
    lines.extend(published.replaced.iter().map(|token| format!("It replaces {token}, which was revoked.")));
    lines.extend(published.left_behind.words());
    if let (Some(address), true) = (&published.ssh, published.ssh_guessed) {
        lines.push(format!("SSH: {address} (guessed; set `ssh` in the configuration)"));
    }
    lines.extend(published.warnings.iter().cloned().chain(on_the_side));
    lines.join("\n")
}

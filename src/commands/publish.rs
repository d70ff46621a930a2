//! `publish`, and bare `cclink` where there is no terminal.

use std::io::IsTerminal;

use super::progress::{end_progress, progress};
use super::published::{note_unkept, say_replaced, who_until};
use super::secret::secret;
use super::{Context, prompt, several};
use crate::cli::{CarryArg, PIN_ADVICE, PublishArgs, command_advice};
use crate::service::{
    AudienceChoice, AudienceKind, CarryTo, CarryWay, Destination, Draft, Error, ErrorKind, Hidden, Outcome,
    PublishRequest, Published, Result, Service, Session,
};
use crate::text;

/// Sessions that are offered to choose from at most.
const MOST_ASKED: usize = 9;

pub(super) async fn run(context: &Context<'_>, args: PublishArgs) -> Result<()> {
    let wants = (args.qr, args.no_qr);
    match publish_asking(context, request(context, args, None).await?).await? {
        Outcome::One(published) => finish(context, &published, wants),
        Outcome::Several(all) => several::finish(context, &all, wants.0),
    }
}

/// Publishes with the conversation in a file, to one audience.
pub(super) async fn publish_into(
    context: &Context<'_>,
    args: PublishArgs,
    file: Destination,
) -> Result<Published> {
    if let Some(to) = args.share.as_deref()
        && context.service.is_several(to)?
    {
        let to = text::fit(&text::clean(to), 60);
        return Err(Error::usage(format!("`{to}` is several people, and a sealed file opens for one."))
            .advise(
                "Nothing was published. Run `cclink bundle` for each of them, or `cclink publish --carry`.",
            ));
    }
    let wants = (args.qr, args.no_qr);
    match publish_asking(context, request(context, args, Some(file)).await?).await? {
        Outcome::One(published) => finish(context, &published, wants).map(|()| *published),
        Outcome::Several(_) => Err(Error::failed("A sealed file opens for one person.")),
    }
}

/// What was asked for, with its conversation where that goes along: into a file, or as
/// is said.
async fn request(
    context: &Context<'_>,
    args: PublishArgs,
    file: Option<Destination>,
) -> Result<PublishRequest> {
    let audience = audience(&args);
    context.service.check_typed(
        &audience,
        args.project.as_deref(),
        args.note.as_deref(),
        args.ssh.as_deref(),
    )?;
    let session = session(context, &args)?;
    super::unlock(context).await?;
    let draft = context.service.draft(&session).await?;
    let draft = draft.toward(&context.service.audience_view(&audience)?);
    let to = file.map_or_else(|| carried(&draft, &args), Ok)?;
    let carry = CarryTo {
        to,
        with_memory: args.with_memory,
        with_changes: args.with_changes,
        agrees: args.yes,
        asks: prompt::can_ask(),
    };
    let meant = carry.meant(&draft);
    if (args.with_changes || args.with_memory) && meant.is_none() {
        return Err(Error::usage("`--with-changes` and `--with-memory` need `--carry`.")
            .advise("Nothing was published. Add `--carry`, or use `cclink bundle`."));
    }
    let takes_changes = meant.is_some_and(|carry| carry.with_changes);
    let notes = before(&draft, &args, takes_changes);
    let mut request = PublishRequest {
        audience,
        ttl: args.ttl,
        burn: args.burn,
        label: args.project,
        title: args.title,
        note: args.note,
        ssh: args.ssh,
        replace: args.yes,
        carry: Some(carry),
        ..draft.request()
    };
    context.service.check_request(&request)?;
    if args.pin == Some(None) {
        request.audience = AudienceChoice::Pin(ask_pin(context)?);
        context.service.check_request(&request)?;
    }
    for note in notes {
        context.printer.note(&note);
    }
    Ok(request)
}

/// Prints what is out: words, and a code where that is wanted.
fn finish(context: &Context<'_>, published: &Published, (qr, no_qr): (bool, bool)) -> Result<()> {
    let printer = context.printer;
    printer.value(published);
    print(context, published);
    for warning in &published.warnings {
        printer.note(warning);
    }
    note_unkept(context, published.ttl);
    printer.check().map_err(|error| {
        error.advise(format!(
            "The handoff {0} is published: `cclink list` shows it, `cclink revoke {0}` revokes it.",
            published.token
        ))
    })?;
    let terminal = std::io::stdout().is_terminal();
    let wanted = qr || (terminal && !no_qr);
    let drawn = wanted && draw_qr(context, published);
    if drawn && terminal {
        // The code may have pushed the words off the screen.
        print_essence(context, published);
    }
    Ok(())
}

/// Publishes, and asks what only the user can decide.
async fn publish_asking(context: &Context<'_>, mut request: PublishRequest) -> Result<Outcome> {
    loop {
        let error = match publish(context, request.clone()).await {
            Err(error) if prompt::can_ask() => error,
            published => return published,
        };
        let (question, usual) = match error.kind {
            ErrorKind::Exists => ("Replace?", false),
            ErrorKind::Agree => ("Store it there?", true),
            ErrorKind::Public => ("Store it there anyway?", false),
            _ => return Err(error),
        };
        context.printer.note(&error.message);
        if !prompt::confirm(question, usual)? {
            return Err(Error::failed("Nothing was published."));
        }
        match (error.kind, &mut request.carry) {
            (ErrorKind::Exists, _) => request.replace = true,
            (_, Some(to)) => to.agrees = true,
            (_, None) => return Err(error),
        }
    }
}

/// How the conversation goes along: as it is said, else as it is proposed.
fn carried(draft: &Draft, args: &PublishArgs) -> Result<Destination> {
    Ok(match args.carry {
        None => Destination::Proposed,
        Some(Some(CarryArg::No)) => Destination::Stays,
        Some(Some(CarryArg::Git)) => Destination::Way(CarryWay::Git),
        Some(Some(CarryArg::Folder)) => Destination::Way(CarryWay::Folder),
        Some(Some(CarryArg::Ssh)) => Destination::Way(CarryWay::Ssh),
        Some(None) => {
            let first = draft.carry.ways.first().map(|option| option.way);
            Destination::Way(draft.carry.chosen.or(first).ok_or_else(|| {
                Error::usage("No place is set up yet to store the sealed conversation.").advise(
                    "Nothing was published. Set `[carry]` in the configuration (`cclink config`), or add a git \
                     remote.",
                )
            })?)
        }
    })
}

/// What to know before anything goes out; where it goes is said with the rest.
fn before(draft: &Draft, args: &PublishArgs, takes_changes: bool) -> Vec<String> {
    let mut notes: Vec<String> = draft.busy_words().map(str::to_owned).into_iter().collect();
    // What of them stays all the same is said when they were gathered.
    notes.extend(draft.left_behind.words().filter(|_| !takes_changes));
    if args.ssh.is_none() {
        let ssh = draft.ssh.as_ref().filter(|ssh| ssh.is_guessed());
        notes.extend(ssh.map(|ssh| format!("SSH: {}", ssh.words())));
    }
    notes
}

/// Publishes; Ctrl-C and a polite end call back what went out already.
async fn publish(context: &Context<'_>, request: PublishRequest) -> Result<Outcome> {
    let job = progress();
    let published = super::until_stopped(&job, Box::pin(context.service.publish_to_all(request, &job))).await;
    end_progress();
    published
}

/// What a phone can do something with: the page, else the SSH address that the
/// user set, else (for another cclink) the plain link, which holds no secret. Whether
/// it was drawn.
fn draw_qr(context: &Context<'_>, published: &Published) -> bool {
    let printer = context.printer;
    if let Some(link) = &published.web_link {
        printer.qr(link)
    } else if let Some(ssh) = &published.user_ssh {
        let drawn = printer.qr(&format!("ssh://{ssh}"));
        printer.note(&format!("Then run there: `cclink pickup {} --exec`", published.token));
        drawn
    } else if published.audience.kind == AudienceKind::Link {
        printer.note(
            "No QR code: a phone would send this link, with the secret in it, to a web search. \
             With `web` set (`cclink config`) it is drawn as a web link.",
        );
        false
    } else {
        printer.qr(&published.link.to_ascii_uppercase())
    }
}

fn session(context: &Context<'_>, args: &PublishArgs) -> Result<Session> {
    match &args.session {
        // `--pin 4821` must never publish the session that starts with 4821.
        Some(id) if args.pin == Some(None) && !Service::is_whole_id(id) => {
            let id = text::fit(&text::clean(id), 60);
            Err(Error::usage(format!(
                "`{id}` is not a session id; together with `--pin` the whole id is needed."
            ))
            .advise(PIN_ADVICE))
        }
        Some(id) => context.service.session(id).map_err(|error| {
            let is_word = id.chars().any(|c| c.is_ascii_alphabetic() && !c.is_ascii_hexdigit());
            match error.kind {
                // `cclink piclup`: one word that is no command is taken for a session.
                ErrorKind::Usage if is_word => error.advise(command_advice(id)),
                _ => error,
            }
        }),
        None if context.cwd.as_os_str().is_empty() => {
            Err(Error::failed("The current directory was deleted or cannot be read.")
                .advise("Go to another one, or name the session: `cclink sessions` lists them."))
        }
        None => {
            let mut sessions = context.service.current_sessions(context.cwd, context.env)?;
            let at = if sessions.len() > 1 && prompt::can_ask() { which(context, &sessions)? } else { 0 };
            Ok(sessions.swap_remove(at))
        }
    }
}

/// Asks for one of several sessions that time does not tell apart.
fn which(context: &Context<'_>, sessions: &[Session]) -> Result<usize> {
    let printer = context.printer;
    printer.note("The last messages of these sessions are from the same second:");
    for (number, session) in sessions.iter().enumerate().take(MOST_ASKED) {
        let branch = session.git_branch.as_deref().map(|branch| format!("  {branch}")).unwrap_or_default();
        let (id, size) = (session.session_id.get(..8).unwrap_or_default(), text::bytes(session.size));
        let title = text::fit(&session.title, 50);
        printer.note(&format!("  {}  {title}{branch}  {size}  {id}", number + 1));
    }
    let most = sessions.len().min(MOST_ASKED);
    let answer = prompt::line("Which one? [1] ")?;
    let number = if answer.is_empty() { Some(1) } else { answer.parse().ok() };
    number.filter(|number| (1..=most).contains(number)).map(|number| number - 1).ok_or_else(|| {
        Error::usage(format!("Enter a number from 1 to {most}.")).advise("Or name the session by its id.")
    })
}

/// Who it is for; a PIN that was not given is not asked for yet.
fn audience(args: &PublishArgs) -> AudienceChoice {
    match (&args.pin, &args.share) {
        (Some(pin), _) => AudienceChoice::Pin(pin.clone()),
        (None, Some(to)) => AudienceChoice::Share(to.clone()),
        (None, None) if args.link => AudienceChoice::Link,
        (None, None) => AudienceChoice::Devices,
    }
}

/// `CCLINK_PIN`, or what is typed; nothing typed, and nobody to ask, makes up
/// four words.
fn ask_pin(context: &Context<'_>) -> Result<Option<Hidden<String>>> {
    if let Some(pin) = (context.env)("CCLINK_PIN").filter(|pin| !pin.is_empty()) {
        let pin = pin.into_string().map_err(|_| Error::usage("CCLINK_PIN is not in UTF-8."))?;
        return Ok(Some(Hidden::new(pin)));
    }
    let typed = secret("PIN (empty: four random words): ")?;
    Ok(typed.filter(|pin| !pin.is_empty()))
}

fn print(context: &Context<'_>, published: &Published) {
    let printer = context.printer;
    let title = published.title.as_deref().map_or_else(|| published.session_id.clone(), text::clean);
    printer.say(&format!("{} {}", printer.good("Published"), printer.bold(&title)));
    printer.tell(&who_until(published));
    if let Some(carry) = published.carry.filter(|carry| carry.way != CarryWay::File) {
        let reach = match published.audience.kind {
            AudienceKind::Devices => ", even when this machine is off",
            _ => ", for anyone who can also reach that place",
        };
        let size = text::bytes(carry.bytes);
        printer.tell(&format!("The conversation is included ({size}, sealed){reach}."));
    }
    say_replaced(printer, published.replaced.iter());
    printer.say(&format!("Token:  {}", published.token));
    printer.say(&format!("Link:   {}", *published.link));
    if let Some(link) = &published.web_link {
        printer.say(&format!("Web:    {}", **link));
    }
    if let Some(pin) = &published.pin {
        printer.say(&format!("PIN:    {}", printer.bold(pin)));
    }
    printer.say(&printer.dim(&format!("Copies: {} nodes hold it.", published.copies)));
    printer.say(&printer.dim(&format!("There:  {}", command_there(published))));
}

/// What must be typed on the other side, in one line: two would push the code
/// itself off a terminal of 24 rows. The link is in the code.
fn print_essence(context: &Context<'_>, published: &Published) {
    let printer = context.printer;
    let pin = published.pin.as_ref().map(|pin| format!("    PIN: {}", printer.bold(pin)));
    printer.say(&format!("Token: {}{}", published.token, pin.unwrap_or_default()));
}

fn command_there(published: &Published) -> String {
    match published.audience.kind {
        AudienceKind::Devices => "cclink pickup".to_owned(),
        AudienceKind::Share | AudienceKind::Link => format!("cclink pickup {}", *published.link),
        AudienceKind::Pin => format!("cclink pickup --pin {}", *published.link),
    }
}

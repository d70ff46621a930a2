//! `pair`: gives the key to another device, or takes it over there.

use std::sync::Arc;

use super::{Context, Printer, identity, prompt, until_stopped};
use crate::service::{
    Error, ErrorKind, Giving, Hidden, Job, LineModes, PairCheck, PairingCode, Result, Step, Taking,
};

/// Four words and what may stand around them.
const MAX_WORDS: u64 = 256;

pub(super) async fn run(
    context: &Context<'_>,
    words: &[Hidden<String>],
    no_passphrase: bool,
    yes: bool,
) -> Result<()> {
    if words.is_empty() && context.service.has_identity() && !yes && !no_passphrase {
        return give(context).await;
    }
    let typed = typed(words)?;
    // Said before anything is asked.
    context.service.check_pairing_words(&typed)?;
    let passphrase = identity::chosen_passphrase(context, no_passphrase)?;
    let replace = yes || may_replace(context)?;
    take(context, &typed, passphrase, replace).await
}

/// The words, from wherever they are said.
fn typed(words: &[Hidden<String>]) -> Result<Hidden<String>> {
    match words {
        [] if prompt::can_ask() => Ok(Hidden::new(prompt::line("The four words on the other device: ")?)),
        [] => Err(Error::usage("The four words are missing.").advise(
            "Run `cclink pair` on the device that has your key, then `cclink pair WORDS` or `cclink pair -` here.",
        )),
        [from] if from.as_str() == "-" => {
            let given = prompt::stdin(MAX_WORDS)?;
            Ok(Hidden::new(String::from_utf8_lossy(&given).trim().to_owned()))
        }
        words => {
            let words: Vec<&str> = words.iter().map(|word| word.as_str()).collect();
            Ok(Hidden::new(words.join(" ")))
        }
    }
}

/// A key that is here already is not replaced unasked.
fn may_replace(context: &Context<'_>) -> Result<bool> {
    if !context.service.has_identity() {
        return Ok(false);
    }
    let there = context.service.has_a_key();
    if !prompt::can_ask() {
        return Err(there);
    }
    context.printer.note(&there.message);
    let question = "Replace it with the other device's key? The old one is kept next to it.";
    if prompt::confirm(question, false)? { Ok(true) } else { Err(there) }
}

async fn give(context: &Context<'_>) -> Result<()> {
    super::unlock(context).await?;
    let (printer, job) = (context.printer, telling(context.printer));
    let own = context.service.whoami().await?.public_key;
    let giving = Giving {
        show: &|code| show_code(printer, code),
        ask: Arc::new(move |check| asked(printer, check, &own)),
    };
    let paired = until_stopped(&job, Box::pin(context.service.give_key(&giving, &job))).await?;
    printer.line(&paired);
    printer.tell(&paired.words().join(" "));
    Ok(())
}

async fn take(
    context: &Context<'_>,
    typed: &str,
    passphrase: Option<Hidden<String>>,
    replace: bool,
) -> Result<()> {
    let (printer, job) = (context.printer, telling(context.printer));
    let taking = Taking {
        show: &|check| show_check(printer, check),
        passphrase: Arc::new(move |public_key| {
            if !printer.is_json() {
                printer.note(&format!("Received {public_key}"));
                // Whoever heard the words could have put another key there.
                if !prompt::can_ask() {
                    printer.note("`cclink whoami` on the other device has to show the same key.");
                } else if !prompt::confirm("Does the other device show the same key?", false)? {
                    return Err(Error::failed("Someone else may have put this key there.").advise(
                        "Nothing was changed. Run `cclink pair` again on both, and keep the words to \
                            yourself.",
                    ));
                }
            }
            passphrase.clone().map_or_else(|| identity::ask_passphrase(printer), Ok)
        }),
    };
    // Stopped while a passphrase is typed, the terminal would stay without echo.
    let modes = LineModes::read();
    let taken = until_stopped(&job, Box::pin(context.service.take_key(typed, replace, &taking, &job))).await;
    if taken.is_err() {
        modes.restore();
    }
    let view = taken?;
    printer.line(&view);
    identity::print_view(context, &view);
    let stored = printer.check();
    stored.map_err(|error| error.advise("The key was stored: `cclink whoami` shows it."))
}

/// A job whose steps are lines beside the answer.
fn telling(printer: Printer) -> Job {
    let mut job = Job::quiet();
    job.tell = Arc::new(move |step| {
        if let Step::Doing(words) = step {
            printer.note(&format!("({words})"));
        }
    });
    job
}

fn show_code(printer: Printer, code: &PairingCode) {
    printer.line(code);
    // On its command line other users there could read the words.
    printer.tell("On your other device, run `cclink pair` and type these words:");
    printer.say("");
    printer.say(&format!("  {}", printer.bold(&code.code)));
    printer.say("");
    let until = code.expires_at.with_timezone(&chrono::Local).format("%H:%M");
    printer.tell(&printer.dim(&format!("The words work once, until {until}. Ctrl-C cancels.")));
}

fn show_check(printer: Printer, check: &PairCheck) {
    printer.line(check);
    printer.tell(&format!("{} is waiting. Compare these six words with the ones it shows:", check.hostname));
    show_words(printer, check);
    printer.tell(&printer.dim(&format!("If they match, confirm on {}. Ctrl-C cancels.", check.hostname)));
}

/// Whether the other device may have the key: where nobody can be asked, the six
/// words themselves have to come in on stdin.
fn asked(printer: Printer, check: &PairCheck, own: &str) -> Result<bool> {
    printer.line(check);
    printer.say("");
    printer.tell(&format!("{} asks for your key. It must show these six words:", check.hostname));
    show_words(printer, check);
    printer.tell(&printer.dim(&format!("It will then show your key: {own}")));
    if prompt::can_ask() {
        return match prompt::confirm(&format!("Does {} show exactly these?", check.hostname), false) {
            Err(error) if error.kind == ErrorKind::Cancelled => Ok(false),
            answer => answer,
        };
    }
    let given = prompt::given_line()?.to_ascii_lowercase();
    Ok(given.split([' ', '-']).filter(|word| !word.is_empty()).eq(check.check.split(' ')))
}

fn show_words(printer: Printer, check: &PairCheck) {
    printer.say("");
    printer.say(&format!("  {}", printer.bold(&check.check)));
    printer.say("");
}

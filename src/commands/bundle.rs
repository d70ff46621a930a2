//! `bundle`: publish, with the conversation in a sealed file.

use std::io::IsTerminal;
use std::path::Path;

use super::publish::publish_into;
use super::{Context, stdout};
use crate::cli::BundleArgs;
use crate::service::{Destination, Error, Result};
use crate::text;

pub(super) async fn run(context: &Context<'_>, args: BundleArgs) -> Result<()> {
    let to_stdout = args.file == Path::new("-");
    if args.publish.carry.is_some() {
        return Err(Error::usage("`--carry` cannot be used with `bundle`: the file is where it goes.")
            .advise("Leave it out; or publish with `cclink publish --carry`."));
    }
    if to_stdout && context.printer.is_json() {
        return Err(Error::usage("`--json` cannot be used with `-o -`: stdout is the sealed file.")
            .advise("Give a file: `-o FILE --json`."));
    }
    if to_stdout && std::io::stdout().is_terminal() {
        return Err(Error::usage("The sealed file cannot be written to a terminal.")
            .advise("Give a file, or a pipe: `cclink bundle -o - | …`."));
    }
    if to_stdout && stdout::is_closed() {
        return Err(Error::failed("The sealed file cannot be written: stdout is closed.")
            .advise("Nothing was published."));
    }
    // Words on stdout would damage the file.
    let printer = if to_stdout { context.printer.aside() } else { context.printer };
    let context = Context { printer, ..*context };
    let file = if to_stdout { Destination::Stdout } else { Destination::File(args.file.clone()) };
    let mut publish = args.publish;
    // A handoff stands for its session.
    if let Some(id) = publish.session.as_deref().and_then(|text| context.service.session_of(text)) {
        publish.session = Some(id);
    }
    let published = publish_into(&context, publish, file).await?;
    if let Some(carry) = published.carry {
        let place = if to_stdout { "stdout".to_owned() } else { args.file.display().to_string() };
        printer.note(&format!("Sealed: {place} ({}).", text::bytes(carry.bytes)));
        let from = if to_stdout { "FILE".to_owned() } else { text::clean(&args.file.to_string_lossy()) };
        printer.note(&format!("Elsewhere: `cclink pickup {} --from {from}`", published.token));
    }
    if let Some(key) = published.carry_key.as_ref().filter(|_| args.show_key) {
        printer.note("Anyone with this key and the file can read the conversation:");
        printer.say(age::secrecy::ExposeSecret::expose_secret(key));
    }
    Ok(())
}

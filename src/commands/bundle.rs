//! `bundle`: publish, with the conversation in a sealed file.

use std::io::IsTerminal;
use std::path::Path;

use super::Context;
use super::publish::publish_as;
use crate::cli::BundleArgs;
use crate::service::{CarryTo, Error, Result};
use crate::text;

pub(super) async fn run(context: &Context<'_>, args: BundleArgs) -> Result<()> {
    let to_stdout = args.file == Path::new("-");
    if to_stdout && context.printer.is_json() {
        return Err(Error::usage("With `-o -` stdout is the file; JSON has no place there.")
            .advise("Give a file: `-o FILE --json`."));
    }
    if to_stdout && std::io::stdout().is_terminal() {
        return Err(Error::usage("A sealed file is nothing to read on a terminal.")
            .advise("Give a file, or a pipe: `cclink bundle -o - | …`."));
    }
    // Of the words on stdout the file would be damaged.
    let printer = if to_stdout { context.printer.aside() } else { context.printer };
    let context = Context { printer, ..*context };
    let file = (!to_stdout).then(|| args.file.clone());
    let to = CarryTo { file, with_memory: args.with_memory };
    let published = publish_as(&context, args.publish, Some(to)).await?;
    if let Some(carry) = published.carry {
        let place = if to_stdout { "stdout".to_owned() } else { args.file.display().to_string() };
        printer.note(&format!("Sealed: {place} ({}).", text::bytes(carry.bytes)));
        let from = if to_stdout { "FILE".to_owned() } else { text::clean(&args.file.to_string_lossy()) };
        printer.note(&format!("Elsewhere: cclink pickup {} --from {from}", published.token));
    }
    if let Some(key) = published.carry_key.as_ref().filter(|_| args.show_key) {
        printer.note("Whoever has this key and the file can read the conversation:");
        printer.say(age::secrecy::ExposeSecret::expose_secret(key));
    }
    Ok(())
}

//! `man`: the manual, made from the grammar.

use std::io::Result as Written;
use std::path::Path;

use clap::CommandFactory;
use clap_mangen::Man;
use serde_json::json;

use super::Printer;
use crate::cli::Cli;
use crate::service::{Error, Result};

/// The page of the program, or with `out` all pages as files in that folder.
pub fn run(printer: Printer, out: Option<&Path>) -> Result<()> {
    // `help` has no page of its own.
    let mut grammar = Cli::command().disable_help_subcommand(true);
    grammar.build();
    let Some(folder) = out else {
        let page = page(&Man::new(grammar)).map_err(|error| Error::failed(error.to_string()))?;
        printer.value(&json!({ "page": page }));
        printer.exactly(&page);
        return printer.check();
    };
    let written = std::fs::create_dir_all(folder).and_then(|()| write(&grammar, folder));
    written.map_err(|error| Error::failed(format!("{} cannot be written to: {error}.", folder.display())))?;
    printer.value(&json!({ "path": folder.display().to_string() }));
    printer.tell(&format!("The pages are in {0}; `man {0}/cclink.1` shows the first.", folder.display()));
    printer.check()
}

/// The pages of a command and those below it.
fn write(command: &clap::Command, folder: &Path) -> Written<()> {
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        write(below, folder)?;
    }
    let man = Man::new(command.clone());
    std::fs::write(folder.join(man.get_filename()), page(&man)?)
}

/// A page. What stands below a command's help is called EXTRA there, which says
/// nothing to who reads it.
fn page(man: &Man) -> Written<String> {
    let mut page = Vec::new();
    man.render(&mut page)?;
    let page = String::from_utf8_lossy(&page);
    Ok(page.replace(".SH EXTRA\nExamples:\n", ".SH EXAMPLES\n").replace(".SH EXTRA\n", ".SH NOTES\n"))
}

//! `man`: the manual, made from the grammar.

use std::path::Path;

use clap::CommandFactory;
use serde_json::json;

use super::Printer;
use crate::cli::Cli;
use crate::service::{Error, Result};

/// The page of the program, or with `out` all pages as files in that folder.
pub fn run(printer: Printer, out: Option<&Path>) -> Result<()> {
    // `help` has no page of its own.
    let grammar = Cli::command().disable_help_subcommand(true);
    let Some(folder) = out else {
        let mut page = Vec::new();
        let made = clap_mangen::Man::new(grammar).render(&mut page);
        made.map_err(|error| Error::failed(error.to_string()))?;
        let page = String::from_utf8_lossy(&page);
        printer.value(&json!({ "page": page }));
        printer.exactly(&page);
        return printer.check();
    };
    let written = std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(grammar, folder));
    written.map_err(|error| Error::failed(format!("{} cannot be written to: {error}.", folder.display())))?;
    printer.value(&json!({ "path": folder.display().to_string() }));
    printer.say(&format!("The pages are in {0}; `man {0}/cclink.1` shows the first.", folder.display()));
    printer.check()
}

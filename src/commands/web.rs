//! `web`: the page that opens handoffs in a phone's browser, for any static
//! host; and whether a host serves that page.

use std::path::PathBuf;

use serde_json::json;

use super::Context;
use crate::service::{Error, Result};

/// What was asked for.
pub(super) struct Args {
    pub relays: Vec<String>,
    pub out: Option<PathBuf>,
    pub check: Option<String>,
}

pub(super) async fn run(context: &Context<'_>, args: Args) -> Result<()> {
    if let Some(place) = &args.check {
        return check(context, place, &args.relays).await;
    }
    let page = context.service.web_page(&args.relays)?;
    let printer = context.printer;
    let Some(out) = &args.out else {
        printer.value(&page);
        printer.exactly(&page.html);
        return Ok(());
    };
    std::fs::write(out, &page.html)
        .map_err(|error| Error::failed(format!("{} cannot be written: {error}.", out.display())))?;
    printer
        .value(&json!({ "path": out.display().to_string(), "sha256": page.sha256, "relays": page.relays }));
    printer.say(&format!("Wrote {} ({} bytes).", out.display(), page.html.len()));
    printer.say(&format!("SHA-256  {}", page.sha256));
    printer.say(&format!("Relays   {}", page.relays.join(" ")));
    printer.tell(
        "Upload it to a web host, and set its address as `web` in the configuration (`cclink config`).",
    );
    Ok(())
}

async fn check(context: &Context<'_>, place: &str, relays: &[String]) -> Result<()> {
    let check = context.service.check_web(place, relays).await?;
    let printer = context.printer;
    printer.value(&check);
    printer.say(&format!("SHA-256  {}", check.sha256));
    printer.say(&format!("Relays   {}", check.relays.join(" ")));
    if check.same {
        printer.say(&printer.good("Same page as in this cclink, byte for byte."));
        return Ok(());
    }
    Err(Error::failed(format!("Not the same page as in this cclink (SHA-256 {}).", check.expected)).advise(
        "It is from another version, or someone changed it. Do not open links with it until you know; `cclink \
         web --out FILE` writes the right one.",
    ))
}

//! Where a handoff's project is on this machine: asked once, and remembered.

use std::path::Path;

use super::{Context, prompt};
use crate::service::{Error, Found, Result, child};
use crate::text;

/// Asks for the folder, where that is what is missing, and gives the plans that
/// follow.
pub(super) async fn ask(context: &Context<'_>, found: Found) -> Result<Found> {
    if !found.pickup.plans.iter().any(|plan| plan.lacks_folder) {
        return Ok(found);
    }
    let (service, printer) = (context.service, context.printer);
    let offer = found.clone_offer.clone();
    let project = text::clean(&found.pickup.project);
    printer.note(&format!("Where is {project} on this machine?"));
    let choices = match &offer {
        Some(offer) => {
            printer.note(&format!("c clones it: {}", offer.plan.shell));
            "A folder, c, or Enter for none: "
        }
        None => "A folder, or Enter for none: ",
    };
    let answer = prompt::line(choices)?;
    match (answer.as_str(), offer) {
        ("", _) => Ok(found),
        ("c", Some(offer)) => {
            let [program, arguments @ ..] = offer.plan.command.as_slice() else { return Ok(found) };
            let status = child(program).args(arguments).status().await;
            match status {
                Ok(status) if status.success() => service.place(found, &offer.into).await,
                Ok(_) => Err(Error::failed("git could not clone it.").advise("Nothing was picked up.")),
                Err(error) => Err(Error::failed(format!("git could not be started: {error}."))
                    .advise("Nothing was picked up.")),
            }
        }
        (folder, _) => service.place(found, Path::new(folder)).await,
    }
}

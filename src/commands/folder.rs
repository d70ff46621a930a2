//! Where a handoff's project is on this machine: asked once, or said by
//! `--folder` and `--clone`, and remembered.

use std::path::Path;

use super::{Context, prompt};
use crate::cli::PickupArgs;
use crate::service::{CloneOffer, Error, Found, Result};
use crate::text;

fn is_missing(found: &Found) -> bool {
    found.pickup.plans.iter().any(|plan| plan.lacks_folder)
}

/// Takes what the command line says of the folder, and gives the plans that follow.
pub(super) async fn said(context: &Context<'_>, found: Found, args: &PickupArgs) -> Result<Found> {
    let clones = args.clone && is_missing(&found);
    match &args.folder {
        folder if clones => {
            let Some(offer) = &found.clone_offer else {
                let project = text::clean(&found.pickup.project);
                return Err(Error::failed(format!(
                    "The handoff names no repository to clone for {project}."
                ))
                .advise(
                    "Nothing was picked up. Pass `--folder DIR` with the project's folder on this machine.",
                ));
            };
            let offer = folder.as_ref().map_or_else(|| offer.clone(), |folder| offer.elsewhere(folder));
            clone(context, found, &offer).await
        }
        Some(folder) => Box::pin(context.service.place(found, folder)).await,
        None => Ok(found),
    }
}

/// What to say on the command line where nobody can be asked.
pub(super) fn advice(found: &Found) -> String {
    let clone = match &found.clone_offer {
        Some(offer) => format!(", or `--clone` to run `{}`", offer.plan.shell),
        None => String::new(),
    };
    format!("Nothing was picked up. Pass `--folder DIR` with the project's folder on this machine{clone}.")
}

/// Asks for the folder, where that is what is missing, and gives the plans that
/// follow.
pub(super) async fn ask(context: &Context<'_>, found: Found) -> Result<Found> {
    if !is_missing(&found) {
        return Ok(found);
    }
    let printer = context.printer;
    let offer = found.clone_offer.clone();
    printer.note(&format!("Where is {} on this machine?", text::clean(&found.pickup.project)));
    let choices = match &offer {
        Some(offer) => {
            printer.note(&format!("c clones it: `{}`", offer.plan.shell));
            "A folder, c, c FOLDER to clone it there, or Enter for none: "
        }
        None => "A folder, or Enter for none: ",
    };
    let answer = prompt::line(choices)?;
    match (answer.as_str(), offer) {
        ("", _) => Ok(found),
        ("c", Some(offer)) => clone(context, found, &offer).await,
        (answer, Some(offer)) if answer.starts_with("c ") => {
            clone(context, found, &offer.elsewhere(Path::new(answer[2..].trim()))).await
        }
        (folder, _) => Box::pin(context.service.place(found, Path::new(folder))).await,
    }
}

async fn clone(context: &Context<'_>, found: Found, offer: &CloneOffer) -> Result<Found> {
    offer.run(prompt::can_ask()).await?;
    Box::pin(context.service.place(found, &offer.into)).await
}

//! `config`: creates the commented file and says where it is. A file with a
//! mistake does not come this far: reading it says which line and column.

use serde_json::json;

use super::Context;
use crate::service::Result;

pub(super) fn run(context: &Context<'_>) -> Result<()> {
    let (path, created) = context.service.create_config()?;
    let printer = context.printer;
    printer.value(&json!({ "path": path.display().to_string(), "created": created }));
    let what = if created { "was created; it explains every setting" } else { "is valid" };
    printer.say(&format!("{} {what}.", path.display()));
    for fault in context.service.team_faults() {
        printer.note(&fault);
    }
    Ok(())
}

//! `contacts`.

use super::Context;
use super::table::Column;
use crate::cli::ContactsAction;
use crate::service::Result;

pub(super) fn run(context: &Context<'_>, action: Option<ContactsAction>) -> Result<()> {
    let (service, printer) = (context.service, context.printer);
    match action.unwrap_or(ContactsAction::List) {
        ContactsAction::Add { name, public_key, mine } => {
            let contact = service.add_contact(&name, &public_key, mine)?;
            printer.value(&[&contact]);
            let whose = if contact.mine { ", one of your own keys" } else { "" };
            printer.say(&format!("{} is {}{whose}.", printer.bold(&contact.name), contact.public_key));
        }
        ContactsAction::Remove { name } => {
            let contact = service.remove_contact(&name)?;
            printer.value(&[&contact]);
            printer.say(&format!("Removed {} ({}).", contact.name, contact.public_key));
        }
        ContactsAction::List => {
            let contacts = service.contacts()?;
            printer.value(&contacts);
            if contacts.is_empty() {
                printer.tell("No contacts yet. `cclink contacts add NAME PUBKEY` adds one.");
                return Ok(());
            }
            let row = |contact: &crate::service::ContactView| {
                let mine = if contact.mine { "mine" } else { "" };
                vec![contact.name.clone(), contact.public_key.clone(), mine.to_owned()]
            };
            printer.table(
                &[Column::cut("Name", 12), Column::whole("Public key"), Column::whole("")],
                contacts.iter().map(row).collect(),
            );
        }
    }
    Ok(())
}

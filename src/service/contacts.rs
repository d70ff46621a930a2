//! Contacts: add, remove, list, and who is "me".

use super::{ContactView, Error, IdentityState, Result, Service};
use crate::handoff::PublicKey;
use crate::store::contacts::unfit_name;
use crate::store::{Contact, Unknown};

impl Service {
    /// All contacts, in the order they were added.
    pub fn contacts(&self) -> Result<Vec<ContactView>> {
        Ok(self.0.contacts.load()?.into_iter().map(ContactView::from).collect())
    }

    /// Adds a contact, or changes the key of one.
    pub fn add_contact(&self, name: &str, key: &str, mine: bool) -> Result<ContactView> {
        if let Some(why) = unfit_name(name) {
            return Err(Error::usage(format!("`{}` is not a valid name: {why}.", crate::text::clean(name))));
        }
        if self.0.settings.config.teams.contains_key(name) {
            return Err(Error::usage(format!("`{name}` is the name of a team in the configuration."))
                .advise("Choose another name, or rename the team under `[teams]` (`cclink config`)."));
        }
        let key: PublicKey = key.parse().map_err(|error| {
            Error::usage(format!("{error}.")).advise("`cclink whoami` on their side prints it.")
        })?;
        // The own key under a name is not somebody else's.
        let me = IdentityState::Unlocked(key.to_string());
        let mine = mine || self.identity_state() == me;
        let contact =
            Contact { name: name.to_owned(), public_key: key.to_string(), mine, unknown: Unknown::new() };
        self.0.contacts.update(|all| {
            match all.iter_mut().find(|known| known.name == name) {
                Some(known) if known.public_key != contact.public_key => {
                    return Err(Error::failed(format!(
                        "`{name}` already names another key: {}.",
                        known.public_key
                    ))
                    .advise(format!("`cclink contacts remove {name}` first, or choose another name.")));
                }
                Some(known) => *known = contact.clone(),
                None => all.push(contact.clone()),
            }
            Ok(contact.into())
        })
    }

    /// Removes a contact by its exact name.
    pub fn remove_contact(&self, name: &str) -> Result<ContactView> {
        self.0.contacts.update(|all| {
            let place = all.iter().position(|known| known.name == name).ok_or_else(|| {
                Error::gone(format!("There is no contact named `{}`.", crate::text::clean(name)))
                    .advise("`cclink contacts` lists them.")
            })?;
            Ok(all.remove(place).into())
        })
    }

    /// All contacts, or none and a warning where they cannot be read: what does
    /// not need them goes on.
    pub(super) fn contacts_or_warning(&self) -> Vec<Contact> {
        self.0.contacts.load().unwrap_or_else(|error| {
            self.warn(format!("Contacts are ignored: {error}. Fix the file, or move it away."));
            Vec::new()
        })
    }

    /// The name of a key, where it has one.
    pub(super) fn contact_of(&self, key: &PublicKey) -> Option<String> {
        let text = key.to_string();
        self.contacts_or_warning().into_iter().find(|known| known.public_key == text).map(|known| known.name)
    }

    /// The same, or the key itself (`pk:…`).
    pub(super) fn name_of(&self, key: &PublicKey) -> String {
        self.contact_of(key).unwrap_or_else(|| key.to_string())
    }

    /// This identity and every contact marked mine: whose signature counts
    /// among my devices.
    pub(super) fn my_keys(&self, me: &PublicKey) -> Vec<PublicKey> {
        let contacts = self.contacts_or_warning();
        let others = contacts.iter().filter(|contact| contact.mine).filter_map(Contact::key);
        std::iter::once(*me).chain(others.filter(|key| key != me)).collect()
    }

    /// Whether the key file asks for a passphrase that nobody gave.
    pub(super) fn is_locked(&self) -> bool {
        self.0.settings.passphrase.is_none()
            && self.0.identity.lock().is_ok_and(|identity| identity.is_none())
            && self.identity_state() == IdentityState::Locked
    }
}

impl From<Contact> for ContactView {
    fn from(contact: Contact) -> Self {
        Self { name: contact.name, public_key: contact.public_key, mine: contact.mine }
    }
}

//! What a typed or pasted text names, read once and without asking anybody. From
//! here on it is a value.

use super::handed::Handed;
use crate::handoff::{Hidden, Link, LinkTarget, PastedError, PublicKey, Token, link_in};
use crate::service::{AudienceKind, ContactView, Error, InboxEntry, Result, Service};

/// Links that are named where there are several.
const NAMED: usize = 3;

/// What to look for on the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The newest alive that is addressed to me.
    Newest,
    /// The handoff of a link, and the PIN where one was given.
    Link(Link, Option<Hidden<String>>),
    /// Everything from a key; with a PIN what lies behind that.
    Key(PublicKey, Option<Hidden<String>>),
    /// The handoff whose token begins like this, or is this.
    Token(String),
    /// An entry of the inbox, by its full token.
    Entry(InboxEntry),
    /// What another process of ours found.
    Handed(Handed),
}

/// What `text` names: a link in whatever was copied with it, a contact, a public
/// key, or a token. What needs no contact is recognised without them, too.
pub fn recognise(text: &str, contacts: &Result<Vec<ContactView>>) -> Result<Target> {
    // No contact's name looks like a link.
    if Link::looks_like_one(text) {
        return link_in(text).map(|link| Target::Link(link, None)).map_err(no_link);
    }
    let named = contacts.iter().flatten().find(|contact| contact.name == text.trim());
    let key = named.and_then(|contact| contact.public_key.parse().ok());
    if let Some(key) = key.or_else(|| text.parse().ok()) {
        return Ok(Target::Key(key, None));
    }
    if let Ok(token) = Token::prefix(text) {
        return Ok(Target::Token(token));
    }
    // It may be the name of a contact that cannot be read.
    if let Err(error) = contacts {
        return Err(error.clone());
    }
    let shown = crate::text::fit(&crate::text::clean(text), 60);
    Err(Error::usage(format!("`{shown}` is not a link, public key, contact or token."))
        .advise("A link starts with `pk:`, a token with d, s, p or l; `cclink contacts` lists names."))
}

impl Service {
    /// The same with the contacts that there are: where they cannot be read, that is
    /// told, and what needs none of them goes on.
    pub fn recognise(&self, text: &str) -> Result<Target> {
        let contacts = self.contacts();
        let target = recognise(text, &contacts)?;
        if contacts.is_err() {
            drop(self.contacts_or_warning());
        }
        Ok(target)
    }
}

impl Target {
    /// The same with this PIN, where one can be of use.
    #[must_use]
    pub fn with_pin(self, pin: Option<Hidden<String>>) -> Self {
        match self {
            Self::Link(link, _) => Self::Link(link, pin),
            Self::Key(key, _) => Self::Key(key, pin),
            other => other,
        }
    }

    /// Whether a PIN has to be given, and was not yet.
    pub fn wants_pin(&self) -> bool {
        matches!(self, Self::Link(link, None) if audience(link) == AudienceKind::Pin)
    }

    /// Whether only this device's key opens it.
    pub fn needs_key(&self) -> bool {
        match self {
            Self::Newest | Self::Token(_) | Self::Entry(_) => true,
            Self::Link(link, _) => matches!(audience(link), AudienceKind::Devices | AudienceKind::Share),
            Self::Key(_, pin) => pin.is_none(),
            Self::Handed(_) => false,
        }
    }

    /// In words, for people: "a link shared with one person, from anna".
    pub fn words(&self, contacts: &[ContactView]) -> String {
        let name = |key: &PublicKey| {
            let text = key.to_string();
            let known = contacts.iter().find(|contact| contact.public_key == text);
            known.map_or_else(|| key.short(), |contact| contact.name.clone())
        };
        match self {
            Self::Newest => "the newest for you".to_owned(),
            Self::Link(link, _) => {
                let what = match audience(link) {
                    AudienceKind::Devices => "a link for your own devices",
                    AudienceKind::Share => "a link shared with one person",
                    AudienceKind::Pin => "a link with a PIN",
                    AudienceKind::Link => "a link",
                };
                format!("{what}, from {}", name(&link.creator))
            }
            Self::Key(key, _) => format!("everything from {}", name(key)),
            Self::Token(token) => format!("the handoff {token}…"),
            Self::Entry(entry) => format!("the handoff {}", entry.token),
            Self::Handed(_) => "what was found".to_owned(),
        }
    }
}

fn audience(link: &Link) -> AudienceKind {
    match &link.target {
        LinkTarget::Secret(_) => AudienceKind::Link,
        LinkTarget::Token(token) => token.audience,
    }
}

fn no_link(error: PastedError) -> Error {
    match error {
        PastedError::Link(error) => Error::usage(format!("Invalid link: {error}."))
            .advise("Copy it again, whole; capitals and line breaks do not matter."),
        PastedError::Several(links) => {
            let named: Vec<String> = links.iter().take(NAMED).map(Link::short).collect();
            let more = if links.len() > NAMED { ", …" } else { "" };
            Error::usage(format!("This holds {} links: {}{more}.", links.len(), named.join(", ")))
                .advise("Pass just one of them.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "pk:yqooxx9u3aemh8mo5wcqq16yufu6jitouq1o4za751dger1igghy";

    fn contacts(names: &[&str]) -> Vec<ContactView> {
        let contact =
            |name: &&str| ContactView { name: (*name).to_owned(), public_key: KEY.to_owned(), mine: false };
        names.iter().map(contact).collect()
    }

    #[test]
    fn a_text_is_recognised_and_told_by_what_it_names() {
        let contacts = contacts(&["anna", "dana"]);
        let told = |text: &str| {
            let target = recognise(text, &Ok(contacts.clone())).unwrap();
            (target.words(&contacts), target.wants_pin(), target.needs_key())
        };
        let link = |tail: &str| format!("look: <{KEY}/cclink/{tail}>");
        for (text, words, wants_pin, needs_key) in [
            (link("dyyyoryarywdyq"), "a link for your own devices, from anna", false, true),
            (link("syyyoryarywdyq"), "a link shared with one person, from anna", false, true),
            (link("pyyyoryarywdyq"), "a link with a PIN, from anna", true, false),
            (link("lyyyoryarywdyqnyjbefoadeqbh"), "a link, from anna", false, false),
            (KEY.to_uppercase(), "everything from anna", false, true),
            (" anna\n".to_owned(), "everything from anna", false, true),
            ("dyyyo".to_owned(), "the handoff dyyyo…", false, true),
            // It could be the beginning of a token, but is somebody's name.
            ("dana".to_owned(), "everything from anna", false, true),
        ] {
            assert_eq!(told(&text), (words.to_owned(), wants_pin, needs_key), "{text}");
        }
        let nobody = recognise(KEY, &Ok(Vec::new())).unwrap().words(&[]);
        assert_eq!(nobody, "everything from pk:yqooxx…gghy");
    }

    #[test]
    fn a_pin_goes_where_one_can_be_of_use() {
        let pin = || Some(Hidden::new("velvet-orbit".to_owned()));
        let link = format!("{KEY}/cclink/pyyyoryarywdyq");
        let target = |text: &str| recognise(text, &Ok(Vec::new())).unwrap().with_pin(pin());
        assert!(matches!(target(&link), Target::Link(_, Some(_))) && !target(&link).wants_pin());
        assert!(matches!(target(KEY), Target::Key(_, Some(_))) && !target(KEY).needs_key());
        assert_eq!(target("dyyyo"), Target::Token("dyyyo".to_owned()));
    }

    #[test]
    fn contacts_that_cannot_be_read_stand_in_the_way_of_names_alone() {
        let unread = Err(Error::failed("The contacts are damaged."));
        for text in [KEY, "dyyyo", &format!("{KEY}/cclink/dyyyoryarywdyq")] {
            assert!(recognise(text, &unread).is_ok(), "{text}");
        }
        assert_eq!(recognise("anna", &unread), Err(Error::failed("The contacts are damaged.")));
        let error = recognise("anna", &Ok(contacts(&["otto"]))).unwrap_err();
        assert_eq!(error.message, "`anna` is not a link, public key, contact or token.");
    }
}

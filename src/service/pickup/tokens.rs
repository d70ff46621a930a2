//! From what a user typed to the handoffs it can mean: against the journal and
//! the lists that this identity can read.

use std::collections::BTreeSet;

use futures::future::join_all;

use crate::handoff::index::IndexEntry;
use crate::handoff::{Identity, Mailbox, PublicKey, Token};
use crate::service::handoffs::lookup::Place;
use crate::service::publish::open_secrets;
use crate::service::{AudienceKind, Error, ErrorKind, Result, Service};
use crate::store::JournalEntry;

/// Seconds.
const DAY: u32 = 86_400;

/// A handoff that this identity can look at.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub place: Place,
    /// Unix seconds of its creation, to order by.
    pub created: u32,
    /// Unix seconds of its end.
    pub expires: u32,
}

/// What lists name.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    pub known: Vec<Known>,
    /// Why there may be more than these: too few nodes answered.
    pub unsure: Option<Error>,
}

impl Lists {
    pub fn extend(&mut self, other: Self) {
        self.known.extend(other.known);
        self.unsure = self.unsure.take().or(other.unsure);
    }

    /// That what these lists do not name is not there.
    pub fn absence(self) -> Result<()> {
        self.unsure.map_or(Ok(()), Err)
    }
}

impl Service {
    /// Handoffs of this device's journal, as places; those whose secrets this
    /// identity cannot open are left out.
    pub(crate) fn known_from_journal(&self, identity: &Identity) -> Result<Vec<(JournalEntry, Known)>> {
        let (book, aside) = self.0.journal.load()?;
        self.tell_aside(aside);
        self.tell_unread(&book);
        let known = book.handoffs.into_iter().filter_map(|entry| {
            let place = self.place_of(identity, &entry)?;
            let seconds = |time: chrono::DateTime<chrono::Utc>| u32::try_from(time.timestamp()).unwrap_or(0);
            let known =
                Known { place, created: seconds(entry.created_at), expires: seconds(entry.expires_at()) };
            Some((entry, known))
        });
        Ok(known.collect())
    }

    /// Where a handoff of the journal lies.
    pub(crate) fn place_of(&self, identity: &Identity, entry: &JournalEntry) -> Option<Place> {
        let mailbox = open_secrets(identity, entry)?.mailbox;
        let creator: PublicKey = entry.creator.parse().ok()?;
        let expected = match entry.token.audience {
            AudienceKind::Devices => self.my_keys(&identity.public()),
            _ => vec![creator],
        };
        Some(Place { mailbox, token: entry.token, expected })
    }

    /// My devices' handoffs, from their list on the network.
    pub(crate) async fn known_from_devices(&self, identity: &Identity) -> Result<Lists> {
        let mailbox = Mailbox::devices(&identity.devices_secret());
        let expected = self.my_keys(&identity.public());
        self.known_from_list(mailbox, expected).await
    }

    /// What `creator` shared with this identity.
    pub(crate) async fn known_from_share(&self, identity: &Identity, creator: PublicKey) -> Result<Lists> {
        match Mailbox::share(identity, &creator, &identity.public()) {
            Some(mailbox) if creator != identity.public() => {
                self.known_from_list(mailbox, vec![creator]).await
            }
            _ => Ok(Lists::default()),
        }
    }

    /// What contacts shared; one list that cannot be read stops no other.
    pub(crate) async fn known_from_contacts(&self, identity: &Identity) -> Result<Lists> {
        let contacts = self.contact_keys(&identity.public());
        let mut known = Lists::default();
        let lists = join_all(contacts.iter().map(|key| self.known_from_share(identity, *key))).await;
        for (key, list) in contacts.iter().zip(lists) {
            match list {
                Ok(more) => known.extend(more),
                Err(error) if error.kind != ErrorKind::Newer => return Err(error),
                Err(error) => {
                    self.warn(format!(
                        "What {} shared cannot be listed: {}",
                        self.name_of(key),
                        error.message
                    ));
                }
            }
        }
        Ok(known)
    }

    /// The entries of one mailbox's list, newest first, expired ones too (so
    /// that an expired handoff is called expired, not unknown, for a day).
    pub(crate) async fn known_from_list(&self, mailbox: Mailbox, expected: Vec<PublicKey>) -> Result<Lists> {
        let (index, sighting) = self.read_index(&mailbox).await?;
        let now = self.now_u32();
        let believed = |entry: &IndexEntry| {
            entry.span.expires <= now.saturating_add(7 * DAY + 3600)
                && entry.span.expires.saturating_add(DAY) >= now
        };
        let known = index.entries().into_iter().filter(believed).map(|entry| Known {
            place: Place {
                token: Token { audience: mailbox.audience, bytes: entry.token },
                mailbox: mailbox.clone(),
                expected: expected.clone(),
            },
            created: entry.span.created,
            expires: entry.span.expires,
        });
        Ok(Lists { known: known.collect(), unsure: sighting.absence().err().map(Error::from) })
    }

    /// The keys of contacts that are other people's.
    fn contact_keys(&self, me: &PublicKey) -> Vec<PublicKey> {
        let mine = self.my_keys(me);
        let all = self.contacts_or_warning();
        let keys = all.iter().filter_map(crate::store::Contact::key).filter(|key| !mine.contains(key));
        // One key may have two names.
        keys.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The one handoff that a token or a prefix of one names; with `received`
    /// what contacts shared counts, too.
    pub(crate) async fn by_token(&self, identity: &Identity, text: &str, received: bool) -> Result<Known> {
        let prefix = prefix(text)?;
        let own = self.known_from_journal(identity)?.into_iter().map(|(_, known)| known).collect();
        let mut lists = Lists { known: own, unsure: None };
        let whole: Option<Token> = prefix.parse().ok();
        let is_meant = |known: &Known| known.place.token.to_string().starts_with(&prefix);
        let is_mine = lists.known.iter().any(is_meant);
        if let (false, true, Some(token)) = (is_mine, received, whole)
            && token.audience == AudienceKind::Devices
        {
            // It lies where its token says, whatever a list names.
            let mailbox = Mailbox::devices(&identity.devices_secret());
            let place = Place { mailbox, token, expected: self.my_keys(&identity.public()) };
            return Ok(Known { place, created: 0, expires: 0 });
        }
        if whole.is_none() || !is_mine {
            if prefix.starts_with('d') {
                lists.extend(self.known_from_devices(identity).await?);
            }
            if received && prefix.starts_with('s') {
                lists.extend(self.known_from_contacts(identity).await?);
            }
        }
        let mut found = std::mem::take(&mut lists.known);
        found.retain(is_meant);
        found.sort_by_key(|known| known.place.token);
        found.dedup_by_key(|known| known.place.token);
        match found.len() {
            0 => {
                lists.absence().and(Err(Error::gone(format!("No handoff of yours starts with `{prefix}`."))
                    .advise("`cclink list --all` shows them; use the link for one from someone else.")))
            }
            1 => Ok(found.remove(0)),
            _ => {
                let tokens: Vec<String> = found.iter().map(|known| known.place.token.to_string()).collect();
                Err(Error::usage(format!("`{prefix}` can mean {}.", tokens.join(" or ")))
                    .advise("Type more characters."))
            }
        }
    }
}

/// The beginning of a token, or a whole one, that a text is.
pub(crate) fn prefix(text: &str) -> Result<String> {
    Token::prefix(text).map_err(|error| Error::usage(format!("`{}`: {error}.", crate::text::clean(text))))
}

//! Find: from a link, key or token to verified handoffs. Nothing is
//! consumed by looking.

use futures::future::join_all;
use pkarr::SignedPacket;

use super::tokens::Lists;
use crate::handoff::pin::candidate_weeks;
use crate::handoff::{Identity, Link, LinkTarget, Mailbox, Pin, PublicKey, Standing, Token};
use crate::service::handoffs::lookup::{Place, alive, not_found};
use crate::service::handoffs::newest::MOST_LOOKUPS;
use crate::service::{
    AudienceKind, Error, ErrorKind, Found, InboxEntry, Job, Result, Service, Step, Target, blocking,
};

impl Service {
    /// Verified handoffs, newest first; [`Target::Newest`] gives at most one.
    /// `Step::Found` tells a first answer before it is confirmed.
    pub async fn find(&self, target: &Target, job: &Job) -> Result<Vec<Found>> {
        self.find_all(target, false, job).await
    }

    /// The same to bring it: what this device took for good is found once more,
    /// though it was shown; nobody else has its conversation's address now.
    pub async fn find_to_bring(&self, target: &Target, job: &Job) -> Result<Vec<Found>> {
        self.find_all(target, true, job).await
    }

    async fn find_all(&self, target: &Target, again: bool, job: &Job) -> Result<Vec<Found>> {
        job.doing("looking for it");
        job.run(async {
            let found = match target {
                Target::Newest => self.find_newest(job).await,
                Target::Link(link, pin) => {
                    self.find_link(link, pin.as_deref().map(String::as_str), again, job).await
                }
                Target::Key(key, pin) => self.find_from(*key, pin.as_deref().map(String::as_str)).await,
                Target::Token(token) => {
                    let identity = self.identity().await?;
                    let known = self.by_token(&identity, token, true).await?;
                    Ok(vec![self.find_one(&known.place, again, job).await?])
                }
                Target::Entry(entry) => self.find_entry(entry, job).await,
                Target::Handed(handed) => Ok(vec![self.find_one(&handed.place()?, again, job).await?]),
            }?;
            Ok(join_all(found.into_iter().map(|one| self.planned(one))).await)
        })
        .await
    }

    /// The newest alive in my devices' mailbox, then from my contacts.
    async fn find_newest(&self, job: &Job) -> Result<Vec<Found>> {
        let identity = self.identity().await?;
        let mut left = MOST_LOOKUPS;
        let mut devices = self.known_from_devices(&identity).await?;
        let known = std::mem::take(&mut devices.known);
        let nothing_here = match self.first_alive(known, &mut left, job).await {
            Ok(Some(found)) => return Ok(vec![found]),
            Ok(None) => None,
            Err(error) if error.kind == ErrorKind::Unreachable => return Err(error),
            Err(error) => Some(error),
        };
        let mut shared = self.known_from_contacts(&identity).await?;
        let known = std::mem::take(&mut shared.known);
        if let Some(found) = self.first_alive(known, &mut left, job).await? {
            return Ok(vec![found]);
        }
        devices.absence().and_then(|()| shared.absence())?;
        Err(nothing_here.unwrap_or_else(nothing))
    }

    /// One handoff by its link.
    async fn find_link(&self, link: &Link, pin: Option<&str>, again: bool, job: &Job) -> Result<Vec<Found>> {
        let place = match &link.target {
            LinkTarget::Secret(secret) => {
                let mailbox = Mailbox::link(&link.creator, secret);
                Place { token: mailbox.link_token(), mailbox, expected: vec![link.creator] }
            }
            LinkTarget::Token(token) => match token.audience {
                AudienceKind::Devices => {
                    self.devices_place(&self.identity().await?, &link.creator, *token)?
                }
                AudienceKind::Share => self.share_place(&self.identity().await?, &link.creator, *token)?,
                _ => return self.find_pin_link(&link.creator, *token, pin, again, job).await,
            },
        };
        Ok(vec![self.find_one(&place, again, job).await?])
    }

    fn devices_place(&self, identity: &Identity, creator: &PublicKey, token: Token) -> Result<Place> {
        let expected = self.my_keys(&identity.public());
        if !expected.contains(creator) {
            return Err(Error::new(
                ErrorKind::NotForYou,
                format!(
                    "This link is for the devices of {}; this device is {}.",
                    creator.short(),
                    identity.public().short()
                ),
            )
            .advise("Use the key it was published with, or ask for it to be shared with this one."));
        }
        Ok(Place { mailbox: Mailbox::devices(&identity.devices_secret()), token, expected })
    }

    fn share_place(&self, identity: &Identity, creator: &PublicKey, token: Token) -> Result<Place> {
        if *creator == identity.public() {
            let (book, _) = self.0.journal.load()?;
            let mine = book.handoffs.iter().find(|entry| entry.token == token);
            return mine.and_then(|entry| self.place_of(identity, entry)).ok_or_else(not_found);
        }
        let mailbox = Mailbox::share(identity, creator, &identity.public()).ok_or_else(not_found)?;
        Ok(Place { mailbox, token, expected: vec![*creator] })
    }

    /// A PIN link: the token is known, the mailbox follows from PIN and week.
    async fn find_pin_link(
        &self,
        creator: &PublicKey,
        token: Token,
        pin: Option<&str>,
        again: bool,
        job: &Job,
    ) -> Result<Vec<Found>> {
        let mut trouble = wrong_pin();
        for mailbox in self.pin_mailboxes(creator, pin).await? {
            let place = Place { mailbox, token, expected: vec![*creator] };
            match self.find_one(&place, again, job).await {
                Ok(found) => return Ok(vec![found]),
                Err(error) if error == not_found() => {}
                Err(error) if error.kind == ErrorKind::Unreachable => return Err(error),
                Err(error) => trouble = error,
            }
        }
        Err(trouble)
    }

    /// The PIN mailboxes of every week that a live handoff can be from.
    async fn pin_mailboxes(&self, creator: &PublicKey, pin: Option<&str>) -> Result<Vec<Mailbox>> {
        let pin = pin.ok_or_else(|| {
            Error::usage("This handoff is protected by a PIN.")
                .advise("Pass `--pin` (asks for it) or `--pin=PIN`, or set CCLINK_PIN.")
        })?;
        let pin = Pin::new(pin).map_err(|error| Error::usage(format!("{error}.")))?;
        let (creator, now) = (*creator, self.now().timestamp());
        blocking(move || {
            candidate_weeks(now).into_iter().map(|week| Mailbox::pin(&creator, &pin, week)).collect()
        })
        .await
    }

    /// Everything alive from one key: with a PIN its PIN mailbox; else, if the
    /// key is mine, my devices'; else what it shared with me.
    async fn find_from(&self, key: PublicKey, pin: Option<&str>) -> Result<Vec<Found>> {
        let mut lists = if pin.is_some() {
            let mut lists = Lists::default();
            for mailbox in self.pin_mailboxes(&key, pin).await? {
                lists.extend(self.known_from_list(mailbox, vec![key]).await?);
            }
            lists
        } else {
            let identity = self.identity().await?;
            if self.my_keys(&identity.public()).contains(&key) {
                self.known_from_devices(&identity).await?
            } else {
                self.known_from_share(&identity, key).await?
            }
        };
        let known = std::mem::take(&mut lists.known);
        if pin.is_some() && known.is_empty() {
            return Err(lists.absence().err().unwrap_or_else(wrong_pin));
        }
        let found = self.alive_of(known).await;
        if found.is_err() {
            lists.absence()?;
        }
        found
    }

    /// One handoff: a first answer at once, the verdict after the complete
    /// lookup.
    pub(crate) async fn find_place(&self, place: &Place, job: &Job) -> Result<Found> {
        self.find_one(place, false, job).await
    }

    async fn find_one(&self, place: &Place, again: bool, job: &Job) -> Result<Found> {
        let mut told = false;
        let mut on_packet = |packet: &SignedPacket| {
            if !told
                && let Standing::Record { record, creator, packet } =
                    place.judge(std::slice::from_ref(packet))
            {
                told = true;
                let found = self.found(place, (*record, creator, packet), false);
                (job.tell)(Step::Found(Box::new(found)));
            }
        };
        let (standing, sighting) = self.look(place, &mut on_packet).await?;
        let ours = self.ours_already(place, &standing, again).filter(|_| !self.has_lost(place, &sighting));
        if let Some(readable) = ours {
            let mut found = self.found(place, readable, true);
            found.place.again = again;
            return Ok(found);
        }
        let mut found = self.found(place, alive(standing, self.now())?, true);
        found.place.looked_at = sighting.is_complete().then(tokio::time::Instant::now);
        Ok(found)
    }

    /// A row of the inbox, looked at again.
    async fn find_entry(&self, entry: &InboxEntry, job: &Job) -> Result<Vec<Found>> {
        let identity = self.identity().await?;
        let token: Token = entry.token.parse().map_err(|_| not_found())?;
        let creator: PublicKey = entry.creator.parse().map_err(|_| not_found())?;
        let place = match token.audience {
            AudienceKind::Devices => self.devices_place(&identity, &creator, token)?,
            _ => self.share_place(&identity, &creator, token)?,
        };
        Ok(vec![self.find_place(&place, job).await?])
    }
}

fn nothing() -> Error {
    Error::gone("Nothing to pick up: no handoff is addressed to you.")
        .advise("Publish one from the machine with the session, or pass its link.")
}

fn wrong_pin() -> Error {
    Error::new(ErrorKind::NotForYou, "Wrong PIN, or nothing was published with it.")
        .advise("Check the PIN with the sender, and whether the handoff has expired.")
}

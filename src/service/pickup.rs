//! Pick up: take a found handoff, for good where it burns; settle it once the
//! reader has what was in it. What was taken and not settled is shown again by
//! the same device.

pub(super) mod burn;
pub(super) mod find;
pub(super) mod handed;
pub(super) mod handle;
pub(super) mod target;
pub(super) mod tokens;

use std::time::Duration;

use self::handle::PlaceHandle;
use super::handoffs::lookup::{Place, Readable, alive};
use super::types::Carried;
use super::{Found, Happening, Job, Pickup, Plan, Result, Service, Signer};
use crate::handoff::z32;
use crate::handoff::{AudienceKind as Audience, Mailbox, PublicKey, Standing, Token, Trace, mailbox, packet};
use crate::store::journal::{About, Event};
use crate::text;

/// So long a complete lookup serves for taking what does not burn, too.
const FRESH: Duration = Duration::from_secs(3);

impl Service {
    /// What a verified record looks like to its reader.
    pub(super) fn found(&self, place: &Place, (record, creator, packet): Readable, confirmed: bool) -> Found {
        let now = self.now();
        let signer = self.signer(&creator);
        let signed_by = format!(
            "signed by {signer}, from {}, {}, expires in {}",
            text::clean(&record.hostname),
            text::ago(record.created_at, now),
            text::span((record.expires_at() - now).num_seconds())
        );
        let clean = |value: &Option<String>| value.as_deref().map(text::clean);
        let pickup = Pickup {
            token: place.token.to_string(),
            creator: creator.to_string(),
            verified: true,
            version: 1,
            plans: vec![Plan::command(&record.session_id, &record.project)],
            expires_at: record.expires_at(),
            label: clean(&record.label),
            title: clean(&record.title),
            note: clean(&record.note),
            git: record.git.as_ref().map(|git| crate::handoff::Git {
                branch: clean(&git.branch),
                remote: clean(&git.remote),
                commit: clean(&git.commit),
                dirty: git.dirty,
            }),
            session_id: record.session_id.clone(),
            hostname: record.hostname.clone(),
            project: record.project.clone(),
            ssh: record.ssh.clone(),
            transcript: record.transcript.clone(),
            carry: record.carry.as_ref().map(Carried::of),
            created_at: record.created_at,
            ttl: record.ttl,
            burn_after_read: record.burn_after_read,
            pin_protected: place.token.audience == Audience::Pin,
            burned: false,
            link: crate::handoff::Link { creator, target: crate::handoff::LinkTarget::Token(place.token) }
                .without_secret()
                .filter(|_| place.token.audience != Audience::Link),
        };
        let sequence = packet::sequence(&packet).unwrap_or(0);
        Found {
            pickup,
            signed_by,
            signer,
            confirmed,
            clone_offer: None,
            sequence,
            place: PlaceHandle {
                place: place.clone(),
                record,
                reached_at: None,
                again: false,
                looked_at: None,
            },
        }
    }

    /// Who this key is to the user.
    pub(super) fn signer(&self, creator: &PublicKey) -> Signer {
        let me = self
            .0
            .identity
            .lock()
            .ok()
            .and_then(|identity| identity.as_ref().map(super::super::handoff::keys::Identity::public));
        if me == Some(*creator) {
            return Signer::Me;
        }
        match self.contact_of(creator) {
            Some(name) => Signer::Contact(name, creator.short()),
            None => Signer::Key(creator.short()),
        }
    }

    /// Takes a found handoff. One that burns is taken away from everybody else;
    /// who loses that race is told. It stays noted in the journal until
    /// [`Service::settle`].
    pub async fn pick_up(&self, found: &Found, job: &Job) -> Result<Pickup> {
        let place = found.place.place.clone();
        let is_fresh = found.place.looked_at.is_some_and(|looked| looked.elapsed() < FRESH);
        if is_fresh && found.confirmed && !found.place.record.burn_after_read {
            return Ok(found.pickup.clone());
        }
        job.doing("checking for anything newer");
        let (standing, sighting) = job.run(async { self.look(&place, &mut |_| {}).await }).await?;
        let taken = self.ours_already(&place, &standing, found.place.again);
        let readable = match &taken {
            Some(readable) => readable.clone(),
            None => alive(standing, self.now())?,
        };
        let (burn, packet) = (readable.0.burn_after_read, readable.2.clone());
        let mut pickup = self.found(&place, readable, true).pickup;
        pickup.plans.clone_from(&found.pickup.plans);
        if burn {
            job.doing("claiming it");
            let (service, place) = (self.clone(), place.clone());
            self.must_finish(async move { service.burn(&place, &packet, sighting).await }).await?;
            pickup.burned = true;
        }
        Ok(pickup)
    }

    /// What was taken reached its reader: it was written out, or the way on
    /// succeeded. One that burned is not shown again; of one that did not a
    /// receipt is left.
    pub fn settle(&self, found: &Found) -> Settled {
        let place = &found.place.place;
        let event = self.pickup_event(found);
        if !found.place.record.burn_after_read {
            self.note(|book| book.log_pickup(event));
            self.leave_receipt(place);
            return Settled(None);
        }
        let address = z32::encode(&place.address());
        let mut first = false;
        self.note(|book| {
            if let Some(taking) = book.taking.get_mut(&address) {
                first = !std::mem::replace(&mut taking.settled, true);
            }
            if first {
                book.log_pickup(event);
            }
        });
        Settled(first.then_some((address, place.token)))
    }

    /// That this device picked a handoff up, for the log.
    fn pickup_event(&self, found: &Found) -> Event {
        let (token, record) = (found.place.place.token, &found.place.record);
        let happened = if record.burn_after_read { Happening::Burned } else { Happening::PickedUp };
        let about = About {
            session_id: record.session_id.clone(),
            project: record.project.clone(),
            label: record.label.clone(),
            title: record.title.clone(),
            recipient: None,
        };
        Event {
            by: Some(self.0.settings.hostname.clone()),
            from: Some(found.pickup.creator.clone()),
            about: Some(about),
            ..Event::new(self.now(), happened, token)
        }
    }

    /// The way on failed at its last step after all: this device can show what
    /// was taken once more.
    pub fn unsettle(&self, settled: Settled) {
        if let Some((address, token)) = settled.0 {
            self.note(|book| {
                if let Some(taking) = book.taking.get_mut(&address) {
                    taking.settled = false;
                }
                let noted =
                    book.log.iter().rposition(|event| event.token == Some(token) && event.from.is_some());
                noted.map(|at| book.log.remove(at));
            });
        }
    }

    /// What a pickup of this device took, or tried to, before it was interrupted;
    /// `again`, also what one took that was not.
    pub(super) fn ours_already(&self, place: &Place, standing: &Standing, again: bool) -> Option<Readable> {
        match standing {
            Standing::Burned { .. } => self.taken_before(place, again),
            _ => None,
        }
    }

    /// Tells the creator, in the background, where the reader's settings allow
    /// it. The last reader's stands; one of a newer cclink is left alone.
    fn leave_receipt(&self, place: &Place) {
        if !self.0.settings.config.receipts.contains(&place.token.audience) {
            return;
        }
        let (service, place) = (self.clone(), place.clone());
        drop(self.0.receipts.spawn(async move {
            let address = mailbox::address(&place.mailbox.receipt_key(&place.token));
            let Ok(seen) = service.0.network.lookup(&address, &mut |_| {}).await else { return };
            if place.mailbox.holds_newer(&seen.packets()) {
                return;
            }
            let Ok(sequence) = service.sequence_after(&seen) else { return };
            if let Ok(receipt) = place.mailbox.make_receipt(&place.token, &service.trace(), sequence) {
                let _ = service.0.network.put(&receipt, Some(seen.expected())).await;
            }
        }));
    }

    /// Who is at work here, now.
    fn trace(&self) -> Trace {
        Trace { at: self.now(), hostname: self.0.settings.hostname.clone(), id: None }
    }

    /// The reader's receipt of a handoff, if one was left.
    pub(super) async fn receipt(&self, mailbox: &Mailbox, token: &Token) -> Option<Trace> {
        let address = crate::handoff::mailbox::address(&mailbox.receipt_key(token));
        let (sighting, _) = self.0.network.recall(&address, self.freshness(), &mut |_| {}).await.ok()?;
        let readable: Vec<_> =
            sighting.packets().into_iter().filter(|packet| packet::sequence(packet).is_some()).collect();
        mailbox.read_receipt(&readable)
    }
}

/// What was settled by it: the address of what had burned, and its token.
#[must_use]
#[derive(Debug)]
pub struct Settled(Option<(String, Token)>);

#[cfg(test)]
impl Found {
    /// A found handoff that lies nowhere, to be drawn in tests.
    pub fn sample(pickup: Pickup, signed_by: &str, confirmed: bool) -> Self {
        let nobody = crate::handoff::Identity::from_seed(&[0; 32]);
        let mailbox = Mailbox::devices(&nobody.devices_secret());
        let token = Token { audience: Audience::Devices, bytes: [0; 8] };
        let record = crate::handoff::Record {
            session_id: pickup.session_id.clone(),
            hostname: pickup.hostname.clone(),
            project: pickup.project.clone(),
            label: None,
            title: None,
            note: None,
            git: None,
            ssh: None,
            claude: None,
            claude_dir: None,
            transcript: pickup.transcript.clone(),
            carry: None,
            created_at: pickup.created_at,
            ttl: pickup.ttl,
            burn_after_read: pickup.burn_after_read,
            pin_protected: pickup.pin_protected,
        };
        let place = Place { mailbox, token, expected: Vec::new() };
        let place = PlaceHandle { place, record, reached_at: None, again: false, looked_at: None };
        let (signer, signed_by) = (Signer::Me, signed_by.to_owned());
        Self { pickup, signed_by, signer, confirmed, clone_offer: None, sequence: 0, place }
    }
}

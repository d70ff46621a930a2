//! Who may read a handoff: token, mailbox and secrets that follow from it.

use super::super::{AudienceChoice, AudienceKind, AudienceView, Error, Result, Service, blocking, random};
use super::recipients::Whom;
use crate::handoff::pin::week;
use crate::handoff::z32;
use crate::handoff::{
    Hidden, Identity, Link, LinkSecret, LinkTarget, Mailbox, Pin, PublicKey, Token, mailbox,
};
use crate::service::handoffs::lookup::Place;
use crate::store::JournalEntry;

/// A handoff made ready: everything that follows from the audience.
pub(crate) struct Prepared {
    pub(crate) place: Place,
    pub(super) link: Link,
    pub(super) audience: AudienceView,
    pub(super) recipient: Option<PublicKey>,
    /// One that was made up, and has to be told.
    pub(super) pin: Option<Pin>,
    pub(super) secret: Option<LinkSecret>,
}

impl Service {
    /// Chooses token, mailbox and secrets for an audience; `now` in Unix seconds.
    pub(crate) async fn prepare(
        &self,
        identity: &Identity,
        audience: &AudienceChoice,
        now: i64,
    ) -> Result<Prepared> {
        let me = identity.public();
        let mut token = Token { audience: AudienceKind::Devices, bytes: [0; 8] };
        random(&mut token.bytes)?;
        let (mut recipient, mut pin, mut secret) = (None, None, None);
        let mailbox = match audience {
            AudienceChoice::Devices => Mailbox::devices(&identity.devices_secret()),
            AudienceChoice::Share(to) => {
                let key = self.recipient(to)?;
                if key == me {
                    return Err(Error::usage("That is your own key.")
                        .advise("Publish it to your devices instead, without naming anyone."));
                }
                recipient = Some(key);
                Mailbox::share(identity, &me, &key).ok_or_else(|| {
                    Error::usage("Nothing can be encrypted to this key: it is not a valid one.")
                })?
            }
            AudienceChoice::Pin(typed) => {
                let chosen = choose_pin(typed.as_deref().map(String::as_str))?;
                pin = typed.is_none().then(|| chosen.clone());
                blocking(move || Mailbox::pin(&me, &chosen, week(now))).await?
            }
            AudienceChoice::Link => {
                let mut bytes = LinkSecret([0; 16]);
                random(&mut bytes.0)?;
                let mailbox = Mailbox::link(&me, &bytes);
                token = mailbox.link_token();
                secret = Some(bytes);
                mailbox
            }
        };
        token.audience = mailbox.audience;
        let target = secret.clone().map_or(LinkTarget::Token(token), LinkTarget::Secret);
        Ok(Prepared {
            audience: self.audience_view(audience)?,
            place: Place { mailbox, token, expected: vec![me] },
            link: Link { creator: me, target },
            recipient,
            pin,
            secret,
        })
    }

    /// Whether an audience can be published to, without the network.
    pub(super) fn check_audience(&self, audience: &AudienceChoice) -> Result<()> {
        match audience {
            AudienceChoice::Pin(Some(pin)) => choose_pin(Some(pin)).map(drop),
            _ => self.audience_view(audience).map(drop),
        }
    }

    /// Who an audience is, as lists show it.
    pub fn audience_view(&self, audience: &AudienceChoice) -> Result<AudienceView> {
        let (kind, name) = match audience {
            AudienceChoice::Devices => (AudienceKind::Devices, None),
            AudienceChoice::Share(to) => (AudienceKind::Share, Some(self.whom_words(to)?)),
            AudienceChoice::Pin(_) => (AudienceKind::Pin, None),
            AudienceChoice::Link => (AudienceKind::Link, None),
        };
        Ok(AudienceView { kind, name })
    }

    fn recipient(&self, to: &str) -> Result<PublicKey> {
        match self.whom(to, None)? {
            Whom::One(key) => Ok(key),
            Whom::Several(several) => {
                Err(Error::usage(format!("{} is several people; this is for one.", several.name))
                    .advise("Name one contact or public key."))
            }
        }
    }

    fn whom_words(&self, to: &str) -> Result<String> {
        Ok(match self.whom(to, None)? {
            Whom::One(key) => self.name_of(&key),
            Whom::Several(several) => several.name,
        })
    }
}

/// A typed PIN that is strong enough, or a generated one.
fn choose_pin(typed: Option<&str>) -> Result<Pin> {
    let advice = "Use four random words: `--pin` without a value offers some.";
    let Some(typed) = typed else {
        let mut failed = Ok(());
        let pin = Pin::generate(&mut |buffer| failed = random(buffer));
        return failed.map(|()| pin);
    };
    let sentence = |error: crate::handoff::pin::PinError| {
        let words = error.to_string();
        let mut chars = words.chars();
        let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
        Error::usage(format!("{first}{}.", chars.as_str())).advise(advice)
    };
    let pin = Pin::new(typed).map_err(sentence)?;
    pin.check_strength().map_err(sentence)?;
    Ok(pin)
}

/// What the journal keeps of a handoff, sealed to the identity itself.
pub(crate) struct Secrets {
    /// Where it lies.
    pub(crate) mailbox: Mailbox,
    /// Of a link.
    pub(crate) link: Option<LinkSecret>,
    /// The PIN that was made for it: its maker can be told again. One that the user
    /// typed is not ours to keep.
    pub(crate) pin: Option<Hidden<String>>,
}

/// The mailbox's secret, then a link's or the PIN that was made, sealed to the
/// identity itself.
pub(super) fn seal_secrets(me: &PublicKey, prepared: &Prepared) -> Result<String> {
    let mut plain = Hidden::new(prepared.place.mailbox.secret().to_vec());
    if let Some(link) = &prepared.secret {
        plain.extend(link.0);
    }
    if let Some(pin) = &prepared.pin {
        plain.extend(pin.as_str().as_bytes());
    }
    let failed = || Error::failed("The journal's secret could not be sealed.");
    let recipient = me.age_recipient().ok_or_else(failed)?;
    Ok(z32::encode(&age::encrypt(&recipient, &plain).map_err(|_| failed())?))
}

/// Undoes [`seal_secrets`].
pub(crate) fn open_secrets(identity: &Identity, entry: &JournalEntry) -> Option<Secrets> {
    #[cfg(test)]
    OPENED.with(|opened| opened.set(opened.get() + 1));
    let sealed = z32::decode_any(&entry.sealed)?;
    let plain = Hidden::new(age::decrypt(&identity.age_identity(), &sealed).ok()?);
    let (secret, more) = plain.split_first_chunk::<32>()?;
    let mailbox = Mailbox::from_secret(entry.token.audience, Hidden::new(*secret));
    if mailbox::address(&mailbox.record_key(&entry.token)) != z32::decode::<32>(&entry.address)? {
        return None;
    }
    let is = |kind| entry.token.audience == kind && !more.is_empty();
    let link = if is(AudienceKind::Link) { more.try_into().ok().map(LinkSecret) } else { None };
    let pin = if is(AudienceKind::Pin) { std::str::from_utf8(more).ok().map(Hidden::from) } else { None };
    Some(Secrets { mailbox, link, pin })
}

#[cfg(test)]
thread_local! {
    /// How often secrets were opened: what it costs is what a test has to count.
    pub(crate) static OPENED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

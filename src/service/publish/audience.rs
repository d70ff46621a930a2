//! Who may read a handoff: token, mailbox and secrets that follow from it.

use zeroize::Zeroizing;

use super::super::{AudienceChoice, AudienceKind, AudienceView, Error, Result, Service, blocking, random};
use crate::handoff::pin::week;
use crate::handoff::z32;
use crate::handoff::{Identity, Link, LinkSecret, LinkTarget, Mailbox, Pin, PublicKey, Token, mailbox};
use crate::service::handoffs::lookup::Place;
use crate::store::JournalEntry;
use crate::text;

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
                        .advise("Leave out --share to publish to your own devices."));
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

    /// Who an audience is, as lists show it.
    pub fn audience_view(&self, audience: &AudienceChoice) -> Result<AudienceView> {
        let (kind, name) = match audience {
            AudienceChoice::Devices => (AudienceKind::Devices, None),
            AudienceChoice::Share(to) => (AudienceKind::Share, Some(self.name_of(&self.recipient(to)?))),
            AudienceChoice::Pin(_) => (AudienceKind::Pin, None),
            AudienceChoice::Link => (AudienceKind::Link, None),
        };
        Ok(AudienceView { kind, name })
    }

    fn recipient(&self, to: &str) -> Result<PublicKey> {
        if let Some(key) = self.contact_key(to)? {
            return Ok(key);
        }
        to.parse().map_err(|_| {
            Error::usage(format!("`{}` is not a contact or a public key.", text::fit(&text::clean(to), 60)))
                .advise("`cclink contacts` lists names; a key is `pk:` and 52 characters.")
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

/// The mailbox's secret, and a link's, sealed to the identity itself.
pub(super) fn seal_secrets(me: &PublicKey, mailbox: &Mailbox, link: Option<&LinkSecret>) -> Result<String> {
    let mut plain = Zeroizing::new(mailbox.secret().to_vec());
    if let Some(link) = link {
        plain.extend(link.0);
    }
    let failed = || Error::failed("The journal's secret could not be sealed.");
    let recipient = me.age_recipient().ok_or_else(failed)?;
    Ok(z32::encode(&age::encrypt(&recipient, &plain).map_err(|_| failed())?))
}

/// Undoes [`seal_secrets`].
pub(crate) fn open_secrets(
    identity: &Identity,
    entry: &JournalEntry,
) -> Option<(Mailbox, Option<LinkSecret>)> {
    let sealed = z32::decode_any(&entry.sealed)?;
    let plain = Zeroizing::new(age::decrypt(&identity.age_identity(), &sealed).ok()?);
    let (secret, link) = plain.split_first_chunk::<32>()?;
    let mailbox = Mailbox::from_secret(entry.token.audience, Zeroizing::new(*secret));
    if mailbox::address(&mailbox.record_key(&entry.token)) != z32::decode::<32>(&entry.address)? {
        return None;
    }
    Some((mailbox, <[u8; 16]>::try_from(link).ok().map(LinkSecret)))
}

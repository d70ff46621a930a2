//! A found handoff, handed to another process of ours: how a command line names
//! it, and where it lies, which only its environment tells.

use std::fmt;

use crate::handoff::{Hidden, Mailbox, PublicKey, Token, z32};
use crate::service::handoffs::lookup::Place;
use crate::service::{AudienceKind, Error, Found, Plan, PlanKind, Result, Service};

/// The variable that says where a handoff lies.
pub const HANDED: &str = "CCLINK_HANDED";

/// Where a handoff lies, with its secret: never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Handed(Hidden<String>);

impl fmt::Debug for Handed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handed(…)")
    }
}

impl Handed {
    /// What a process of ours was given.
    pub fn given(text: String) -> Self {
        Self(Hidden::new(text))
    }

    fn of(place: &Place) -> Self {
        let creators: Vec<String> = place.expected.iter().map(ToString::to_string).collect();
        let secret = Hidden::new(z32::encode(place.mailbox.secret().as_slice()));
        Self(Hidden::new(format!("{} {} {}", place.token, secret.as_str(), creators.join(" "))))
    }

    /// The place that it says.
    pub(crate) fn place(&self) -> Result<Place> {
        let parse = || {
            let mut parts = self.0.split(' ');
            let token: Token = parts.next()?.parse().ok()?;
            let secret = Hidden::new(z32::decode(parts.next()?)?);
            let expected = parts.map(|key| key.parse().ok()).collect::<Option<Vec<PublicKey>>>()?;
            let mailbox = Mailbox::from_secret(token.audience, secret);
            (!expected.is_empty()).then_some(Place { mailbox, token, expected })
        };
        parse().ok_or_else(|| Error::usage(format!("{HANDED} cannot be read.")))
    }
}

impl Service {
    /// The command that fetches a found handoff's session: over SSH, or its sealed file. A token names what
    /// is this identity's own; else there is the link, which is typed in where it
    /// holds a secret. Started by this program it needs neither.
    pub(crate) fn fetch_command(&self, kind: PlanKind, found: &Found) -> Plan {
        let token = &found.place.place.token;
        let link = found.pickup.link.as_deref();
        let handoff: &[&str] = match (token.audience, link) {
            (AudienceKind::Share, Some(link)) => &[link],
            (AudienceKind::Pin, Some(link)) => &[link, "--pin"],
            (AudienceKind::Link, _) => &["-"],
            _ => &[found.pickup.token.as_str()],
        };
        let plan = Plan::fetching(kind, &self.own_program(), handoff);
        let plan = plan.handed_by(HANDED, Handed::of(&found.place.place).0);
        if token.audience == AudienceKind::Link {
            return plan.note("run by hand, it waits for the link (not shown here), then Ctrl-D");
        }
        plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handoff::Identity;

    #[test]
    fn a_place_is_handed_on_whole_and_never_shown() {
        let me = Identity::from_seed(&[7; 32]);
        let mailbox = Mailbox::devices(&me.devices_secret());
        let token = Token { audience: AudienceKind::Link, bytes: [3; 8] };
        let place = Place { mailbox, token, expected: vec![me.public()] };
        let handed = Handed::of(&place);
        let again = Handed::given(handed.0.to_string()).place().unwrap();
        assert_eq!(again.address(), place.address());
        assert_eq!((again.token, &again.expected), (place.token, &place.expected));
        assert_eq!(format!("{handed:?}"), "Handed(…)");
        for bad in ["", "x", handed.0.split(' ').next().unwrap(), "l x y"] {
            assert!(Handed::given(bad.to_owned()).place().is_err(), "{bad}");
        }
    }
}

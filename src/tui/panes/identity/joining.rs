//! A device without a key gets that of another one: how far that has come, in words.

use super::{check_rows, compared};
use crate::tui::message::{Hidden, PairCheck, Pairing, Reply};
use crate::tui::parts::wrap;

/// How far it has come, once the four words were typed.
#[derive(Debug)]
pub(super) enum Joining {
    /// Who waits with these words?
    Looking,
    /// Both devices show six words.
    Comparing(PairCheck),
    /// The key of the device with this name came, and a passphrase is asked for.
    Received { hostname: String, key: String, reply: Reply<Hidden<String>> },
    /// It is being stored.
    Storing { hostname: String },
}

impl Joining {
    /// What follows from what the background tells; `None`: nothing.
    pub fn follow(&self, report: &Pairing) -> Option<Self> {
        match (self, report) {
            (Self::Looking, Pairing::Check(check)) => Some(Self::Comparing(compared(check))),
            (Self::Comparing(check), Pairing::Received(key, reply)) => {
                let (hostname, key, reply) = (check.hostname.clone(), key.clone(), reply.clone());
                Some(Self::Received { hostname, key, reply })
            }
            _ => None,
        }
    }

    pub fn title(&self) -> String {
        match self {
            Self::Looking => "Pair with another device".to_owned(),
            Self::Comparing(PairCheck { hostname, .. })
            | Self::Received { hostname, .. }
            | Self::Storing { hostname } => format!("Pair with {hostname}"),
        }
    }

    /// What is over the fields: sentences, an empty line, what is to be compared, and
    /// an empty line where fields follow.
    pub fn head(&self, columns: usize) -> Vec<String> {
        let empty = || std::iter::once(String::new());
        let says = |words: String| wrap(&words, columns).into_iter().chain(empty());
        match self {
            Self::Looking => Vec::new(),
            Self::Comparing(check) => says(format!("Does {} show the same six words?", check.hostname))
                .chain(check_rows(&check.check))
                .collect(),
            Self::Received { hostname, key, .. } => {
                says(format!("Received this key. {hostname} has to show the same one:"))
                    .chain([key.clone()])
                    .chain(empty())
                    .collect()
            }
            Self::Storing { hostname } => wrap(&format!("{hostname} gave its key."), columns),
        }
    }

    /// What Enter, Esc or the other device's user would bring.
    pub fn sentence(&self) -> String {
        match self {
            Self::Looking | Self::Storing { .. } => String::new(),
            Self::Comparing(check) => format!(
                "If they match, press y on {}. If not, someone else may know the words: Esc. Nothing is stored \
                 yet.",
                check.hostname
            ),
            Self::Received { hostname, .. } => format!(
                "The same on {hostname}? → for yes, then Enter stores it. If not, someone else may have put it \
                 there: Esc."
            ),
        }
    }

    /// What it is busy with.
    pub fn busy(&self) -> Option<&'static str> {
        match self {
            Self::Looking => Some("looking for the device with these words …"),
            Self::Storing { .. } => Some("storing the key …"),
            _ => None,
        }
    }
}

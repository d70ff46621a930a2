//! `[carry]`: how the conversation itself goes along.

use serde::{Deserialize, Deserializer};

use crate::handoff::record::is_ssh_address;
use crate::store::CarryWay;

/// Whether the conversation goes along, where nobody says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CarryRule {
    /// It stays.
    No,
    /// In a git remote.
    Git,
    /// In a folder.
    Folder,
    /// On a machine of the owner's.
    Ssh,
}

impl CarryRule {
    /// The way; `None`: it stays.
    pub fn way(self) -> Option<CarryWay> {
        match self {
            Self::No => None,
            Self::Git => Some(CarryWay::Git),
            Self::Folder => Some(CarryWay::Folder),
            Self::Ssh => Some(CarryWay::Ssh),
        }
    }
}

/// How the conversation itself goes along.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Carry {
    /// Which way, where nobody chose one.
    pub way: Option<CarryRule>,
    /// The git remote, where it is another than the branch is pushed to.
    pub remote: Option<String>,
    /// A folder that all machines see; `~/` is the home folder.
    pub folder: Option<String>,
    /// A machine that is always on.
    #[serde(deserialize_with = "always_on")]
    pub ssh: Option<SshFolder>,
    /// The most megabytes that a sealed file may have.
    pub limit: Option<u64>,
}

/// A folder of another machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshFolder {
    /// `user@host`.
    pub address: String,
    /// From the home folder there on.
    pub folder: String,
}

/// Where sealed files lie there, unless it is said.
const FOLDER: &str = "cclink";

fn always_on<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SshFolder>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let (address, folder) = text.split_once('/').unwrap_or((&text, FOLDER));
    let is_plain = !folder.is_empty() && folder.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if is_ssh_address(address) && address.len() <= 100 && is_plain {
        return Ok(Some(SshFolder { address: address.to_owned(), folder: folder.to_owned() }));
    }
    Err(serde::de::Error::custom("`ssh` in `[carry]` is of the form \"user@host\" or \"user@host/folder\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_and_its_folder() {
        let read = |text: &str| toml::from_str::<Carry>(&format!("ssh = \"{text}\"")).map(|carry| carry.ssh);
        let is = |address: &str, folder: &str| {
            Some(SshFolder { address: address.to_owned(), folder: folder.to_owned() })
        };
        assert_eq!(read("dana@nas").unwrap(), is("dana@nas", "cclink"));
        assert_eq!(read("dana@nas:2222/sealed/files").unwrap(), is("dana@nas:2222", "sealed/files"));
        assert_eq!(read("nas").unwrap(), is("nas", "cclink"));
        for wrong in ["", "-oProxyCommand=x", "dana@nas/", "dana@nas//etc", "dana@nas/../x"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}

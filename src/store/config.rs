//! Settings: a commented TOML file that the user edits.

mod carry;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer};

pub use self::carry::{Carry, CarryRule};
use super::contacts::unfit_name;
use super::{StoreError, files};
use crate::handoff::record::is_ssh_address;
use crate::handoff::{AudienceKind, Ttl};

/// The file as `cclink config` creates it: every setting, explained, as a
/// comment that says what holds anyway.
const TEMPLATE: &str = include_str!("../../assets/config.toml");

/// Whether a title travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TitleRule {
    /// The session's title, unless the user changes it.
    #[default]
    Session,
    /// None: an untitled session is named by its last prompt, so words of the
    /// conversation could travel.
    Never,
}

/// What the user set. What is not set has its default.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The page that a phone opens; see [`crate::handoff::Link::web`].
    #[serde(deserialize_with = "web_address")]
    pub web: Option<String>,
    /// Where this machine can be reached by SSH.
    #[serde(deserialize_with = "ssh_address")]
    pub ssh: Option<String>,
    /// More options for ssh, before the host.
    pub ssh_options: Vec<String>,
    /// `mosh` in ssh's place for a terminal on another machine.
    pub mosh: bool,
    /// Where folders of other machines lie on this one: prefix by prefix.
    pub paths: BTreeMap<String, String>,
    /// People by the name of their team, each a contact's name or a public key.
    #[serde(deserialize_with = "teams")]
    pub teams: BTreeMap<String, Vec<String>>,
    /// Where other machines are reached by SSH, by their host names.
    #[serde(deserialize_with = "hosts")]
    pub hosts: BTreeMap<String, String>,
    /// Whether a title travels.
    pub title: TitleRule,
    /// How long a handoff lives unless it is said.
    #[serde(deserialize_with = "ttl")]
    pub ttl: Ttl,
    /// In which audiences the creator learns that this device picked up.
    pub receipts: Vec<AudienceKind>,
    /// Whether the terminal rings for what arrives and what is picked up.
    pub notices: bool,
    /// How often the open screen looks by itself; `None` is never.
    #[serde(deserialize_with = "look_every")]
    pub look_every: Option<Duration>,
    /// How the screen looks; the screen knows the names.
    pub theme: Option<String>,
    /// How the conversation itself goes along.
    pub carry: Carry,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            web: None,
            ssh: None,
            ssh_options: Vec::new(),
            mosh: false,
            paths: BTreeMap::new(),
            teams: BTreeMap::new(),
            hosts: BTreeMap::new(),
            title: TitleRule::default(),
            ttl: Ttl::DEFAULT,
            receipts: vec![AudienceKind::Devices, AudienceKind::Share],
            notices: true,
            look_every: Some(Duration::from_mins(1)),
            theme: None,
            carry: Carry::default(),
        }
    }
}

impl Config {
    /// Where it lies in the folder of settings.
    pub fn path(config: &Path) -> PathBuf {
        config.join("config.toml")
    }

    /// Reads the file; without one everything has its default. A mistake is
    /// told with its line and column.
    pub fn load(config: &Path) -> Result<Self, StoreError> {
        let path = Self::path(config);
        let Some(content) = files::read(&path)? else { return Ok(Self::default()) };
        let text = String::from_utf8(content).map_err(|_| StoreError::damaged(&path, "is not in UTF-8"))?;
        Self::parse(&text).map_err(|why| StoreError::damaged(&path, &why))
    }

    /// Writes the commented template where there is no file yet; says whether
    /// it did.
    pub fn create(config: &Path) -> Result<bool, StoreError> {
        match files::create(&Self::path(config), TEMPLATE.as_bytes()) {
            Ok(()) => Ok(true),
            Err(StoreError::Exists(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let before = text.get(..at).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            format!("line {line}, column {column}: {}", error.message())
        })
    }
}

fn web_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let fits = url::Url::parse(&text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.has_host() && url.fragment().is_none()
    });
    if fits && text.is_ascii() {
        return Ok(Some(text));
    }
    Err(serde::de::Error::custom("`web` is the address of a page, such as \"https://example.org/cclink/\""))
}

fn ssh_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if is_ssh_address(&text) && text.len() <= 100 {
        return Ok(Some(text));
    }
    Err(serde::de::Error::custom("`ssh` is of the form \"user@host\" or \"user@host:22\""))
}

fn hosts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let hosts = BTreeMap::<String, String>::deserialize(deserializer)?;
    match hosts.values().find(|address| !is_ssh_address(address) || address.len() > 100) {
        None => Ok(hosts),
        Some(_) => Err(serde::de::Error::custom("an address in `[hosts]` is of the form \"user@host\"")),
    }
}

fn teams<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Vec<String>>, D::Error> {
    let teams = BTreeMap::<String, Vec<String>>::deserialize(deserializer)?;
    // Where a contact may stand a team may, and a comma stands between two.
    match teams.keys().find(|name| unfit_name(name).is_some() || name.contains(',')) {
        None => Ok(teams),
        Some(_) => Err(serde::de::Error::custom(
            "the name of a team in `[teams]` is like a contact's, and has no comma: backend = [\"anna\", \"ben\"]",
        )),
    }
}

fn ttl<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Ttl, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

fn look_every<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    match humantime::parse_duration(&text) {
        _ if text == "never" => Ok(None),
        Ok(every) if (5..=86_400).contains(&every.as_secs()) => Ok(Some(every)),
        _ => Err(serde::de::Error::custom(
            "`look_every` is \"never\" or a time from \"5s\" to \"1day\", such as \"2m\"",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_says_what_holds_anyway() {
        assert_eq!(Config::parse(TEMPLATE).unwrap(), Config::default());
        // With its comment signs gone every example is a valid setting.
        let uncommented: String = TEMPLATE
            .lines()
            .map(|line| line.strip_prefix("#: ").unwrap_or(line))
            .fold(String::new(), |all, line| all + line + "\n");
        let config = Config::parse(&uncommented).unwrap();
        assert!(config.web.is_some() && config.ssh.is_some());
        let carry = &config.carry;
        assert!(carry.folder.is_some() && carry.ssh.is_some() && carry.way == Some(CarryRule::Git));
        assert_eq!(config.look_every, Some(Duration::from_mins(1)));
        assert_eq!(Config::parse("look_every = \"never\"").unwrap().look_every, None);
        assert_eq!(config.teams["backend"], ["anna", "ben"]);
        assert_eq!((config.ttl, config.title), (Ttl::DEFAULT, TitleRule::Session));
    }

    #[test]
    fn a_mistake_is_told_with_line_and_column() {
        for (text, place) in [
            ("ttl = \"8h\"\nwbe = \"x\"\n", "line 2, column 1"),
            ("# é\n\nssh = \"-oProxyCommand=x\"", "line 3, column 7"),
            ("ttl = \"9 days\"", "line 1, column 7"),
            ("web = \"ftp://x\"", "line 1, column 7"),
            ("receipts = [\"everybody\"]", "line 1, column 13"),
            ("look_every = \"1s\"", "line 1, column 14"),
            ("title = ", "line 1, column"),
            ("[teams]\n\"a,b\" = [\"anna\"]", "line"),
            ("[teams]\nbackend = \"anna\"", "line 2, column 11"),
            ("[hosts]\ndev = \"-oProxyCommand=x\"", "line"),
        ] {
            let why = Config::parse(text).unwrap_err();
            assert!(why.starts_with(place), "{text:?}: {why}");
        }
    }
}

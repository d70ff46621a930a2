//! Which network: from settings to nodes and relays.

use std::net::SocketAddr;

use url::Url;

/// Which network to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkConfig {
    /// `host:port` of a private DHT; `None` is the public one.
    pub bootstrap: Option<Vec<String>>,
    /// Relays beside the DHT.
    pub relays: Vec<Url>,
}

/// A setting of the network that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not `host:port`.
    #[error("CCLINK_BOOTSTRAP: `{0}` is not host:port")]
    Bootstrap(String),
    /// Not an address of the web.
    #[error("CCLINK_RELAYS: `{0}` is not an http or https address")]
    Relay(String),
}

impl NetworkConfig {
    /// From the values of `CCLINK_BOOTSTRAP` and `CCLINK_RELAYS`. A bootstrap
    /// of one's own means no relays unless they are named.
    pub fn parse(bootstrap: Option<&str>, relays: Option<&str>) -> Result<Self, ConfigError> {
        let bootstrap = bootstrap.filter(|text| !text.trim().is_empty()).map(parse_bootstrap).transpose()?;
        let relays = match relays.map(str::trim) {
            None | Some("") if bootstrap.is_some() => Vec::new(),
            None | Some("") => pkarr::DEFAULT_RELAYS.iter().filter_map(|url| Url::parse(url).ok()).collect(),
            Some("none") => Vec::new(),
            Some(list) => list.split(',').map(str::trim).map(parse_relay).collect::<Result<_, _>>()?,
        };
        Ok(Self { bootstrap, relays })
    }

    /// Which network this is, in words.
    pub fn words(&self) -> String {
        let dht = match &self.bootstrap {
            None => "the public DHT".to_owned(),
            Some(nodes) => match nodes.as_slice() {
                [first, _, ..] => format!("the DHT at {first} and {} more", nodes.len() - 1),
                nodes => format!("the DHT at {}", nodes.join("")),
            },
        };
        if self.relays.is_empty() {
            format!("{dht}, no relays")
        } else {
            let hosts: Vec<&str> = self.relays.iter().map(|url| url.host_str().unwrap_or("?")).collect();
            format!("{dht}, relays {}", hosts.join(", "))
        }
    }

    /// Whether every node is on this machine: then nothing of ours listens
    /// elsewhere either.
    pub(super) fn is_loopback(&self) -> bool {
        self.bootstrap.as_deref().is_some_and(|nodes| {
            nodes.iter().all(|node| {
                node.starts_with("localhost:")
                    || node.parse::<SocketAddr>().is_ok_and(|address| address.ip().is_loopback())
            })
        })
    }
}

fn parse_bootstrap(text: &str) -> Result<Vec<String>, ConfigError> {
    let node = |node: &str| match node.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0) => {
            Ok(node.to_owned())
        }
        _ => Err(ConfigError::Bootstrap(node.to_owned())),
    };
    text.split(',').map(str::trim).map(node).collect()
}

fn parse_relay(text: &str) -> Result<Url, ConfigError> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| ConfigError::Relay(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_or_refused() {
        let public = NetworkConfig::parse(None, None).unwrap();
        assert_eq!((public.bootstrap.as_ref(), public.relays.len()), (None, 2));
        let private = NetworkConfig::parse(Some("127.0.0.1:6881, localhost:1"), None).unwrap();
        assert_eq!((private.bootstrap.unwrap().len(), private.relays.len()), (2, 0));
        let relayed = NetworkConfig::parse(Some("127.0.0.1:1"), Some("http://localhost:8080")).unwrap();
        assert_eq!(relayed.relays.len(), 1);
        assert!(NetworkConfig::parse(None, Some("none")).unwrap().relays.is_empty());
        for bad in ["127.0.0.1", ":1", "host:", "host:99999", "host:0", ","] {
            assert!(NetworkConfig::parse(Some(bad), None).is_err(), "{bad}");
        }
        assert!(NetworkConfig::parse(None, Some("ftp://x")).is_err());
    }
}

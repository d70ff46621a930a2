//! The DHT and the relays: bounded, retried, fresh.
//!
//! The only file that knows mainline's and pkarr's clients. `mainline` itself
//! serves the DHT, for its compare-and-swap, its count of answering nodes and
//! its first and newest answers from one lookup; pkarr's own client hides these
//! and its cache can answer with an overwritten packet.

pub mod page;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::{join_all, select_all};
use futures::stream::{FuturesUnordered, StreamExt};
use mainline::async_dht::AsyncDht;
use mainline::errors::PutMutableError;
use mainline::{Dht, MutableItem};
use pkarr::relay_client::{RelayClient, RelayError};
use pkarr::{PublicKey, ResolvePolicy, SignedPacket};
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::{sleep, timeout};
use url::Url;

use crate::handoff::{Address, packet, z32};

/// Requests at once: bursts lose packets, four never did.
const IN_FLIGHT: usize = 4;
/// The same where all nodes are on this machine: they answer in one moment, 20 of
/// them about 1.1 kB each, and the system keeps 208 KiB for us. Of four lookups'
/// answers a ring of 20 lost up to a hundred in each list (`RcvbufErrors`).
const IN_FLIGHT_NEAR: usize = 2;
/// Tries of one lookup or put before the network counts as unreachable.
const TRIES: u32 = 2;
/// A lookup or put never takes longer, whatever DNS and sockets do.
const DEADLINE: Duration = Duration::from_secs(8);
/// How long one request to a relay may take.
const RELAY_TIMEOUT: Duration = Duration::from_secs(4);
/// How long relays may lag behind a complete answer of the DHT.
const RELAY_LAG: Duration = Duration::from_millis(1500);
/// A relay allows two requests a second.
const RELAY_BACKOFF: Duration = Duration::from_millis(600);
const PUBLIC_TIMEOUT: Duration = Duration::from_secs(2);
const LOOPBACK_TIMEOUT: Duration = Duration::from_secs(1);
/// Different packets of one address that are looked at.
const MAX_PACKETS: usize = 64;

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

/// Why the network did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// No node and no relay answered.
    #[error("no node of the DHT and no relay answered")]
    Unreachable,
    /// Something else was written there meanwhile; read again.
    #[error("something else was written there meanwhile")]
    Conflict,
    /// The socket could not be opened.
    #[error("the network could not be opened: {0}")]
    Socket(String),
}

/// What one complete lookup of an address found.
#[derive(Clone, Debug, Default)]
pub struct Sighting {
    /// Different valid packets and how many nodes hold each, newest first.
    packets: Vec<(SignedPacket, u32)>,
    /// Highest sequence met, of packets that are no packets of ours too.
    highest: Option<u64>,
    /// Nodes that were asked.
    pub asked: u32,
    /// Nodes that answered.
    pub responded: u32,
}

impl Sighting {
    /// The packets, newest first.
    pub fn packets(&self) -> Vec<SignedPacket> {
        self.packets.iter().map(|(packet, _)| packet.clone()).collect()
    }

    /// The packets and on how many nodes each was seen; on none where only a
    /// relay had it.
    pub fn held(&self) -> &[(SignedPacket, u32)] {
        &self.packets
    }

    /// The newest packet.
    pub fn newest(&self) -> Option<&SignedPacket> {
        self.packets.first().map(|(packet, _)| packet)
    }

    /// On how many nodes this very packet was seen.
    pub fn copies(&self, packet: &SignedPacket) -> u32 {
        self.packets.iter().find(|(seen, _)| seen.is_same_as(packet)).map_or(0, |(_, copies)| *copies)
    }

    /// What a compare-and-swap has to expect: the highest sequence, 0 where
    /// nothing lies. (With none at all two writers were both told Ok.)
    pub fn expected(&self) -> u64 {
        self.highest.unwrap_or(0)
    }

    /// The highest sequence, for the next one to exceed.
    pub fn highest(&self) -> Option<u64> {
        self.highest
    }

    fn add(&mut self, packet: SignedPacket, copies: u32) {
        self.highest = self.highest.max(packet::sequence(&packet));
        if let Some((_, seen)) = self.packets.iter_mut().find(|(known, _)| known.is_same_as(&packet)) {
            *seen += copies;
        } else if self.packets.len() < MAX_PACKETS {
            let place = self.packets.partition_point(|(known, _)| known.more_recent_than(&packet));
            self.packets.insert(place, (packet, copies));
        }
    }

    fn add_item(&mut self, address: &Address, item: &MutableItem) -> Option<SignedPacket> {
        let sequence = u64::try_from(item.seq()).ok()?;
        self.highest = self.highest.max(Some(sequence));
        let payload = [&item.signature()[..], &sequence.to_be_bytes(), item.value()].concat();
        let packet = packet::from_payload(address, &payload)?;
        self.add(packet.clone(), 1);
        Some(packet)
    }
}

/// Receives each different packet of a lookup as it arrives.
pub type OnPacket<'a> = dyn FnMut(&SignedPacket) + Send + 'a;

/// The DHT and the relays. Opened at the first use; cheap to clone.
#[derive(Clone)]
pub struct Network(Arc<Inner>);

struct Inner {
    config: NetworkConfig,
    timeout: Duration,
    dht: OnceCell<AsyncDht>,
    relays: Vec<Relay>,
    permits: Semaphore,
}

struct Relay {
    client: RelayClient,
    /// One request at a time: a relay allows few.
    turn: Semaphore,
}

impl Network {
    /// Describes the network; nothing is sent before the first lookup or put.
    pub fn new(config: NetworkConfig) -> Self {
        let loopback = config.bootstrap.as_deref().is_some_and(is_loopback);
        let relays = config.relays.iter().filter_map(Relay::new).collect();
        Self(Arc::new(Inner {
            config,
            timeout: if loopback { LOOPBACK_TIMEOUT } else { PUBLIC_TIMEOUT },
            dht: OnceCell::new(),
            relays,
            permits: Semaphore::new(if loopback { IN_FLIGHT_NEAR } else { IN_FLIGHT }),
        }))
    }

    /// Which network this is, in words.
    pub fn words(&self) -> String {
        self.0.config.words()
    }

    /// How long a request may stay unanswered: whoever checked an address
    /// before a put was visible has put by then, too.
    pub async fn settle(&self) {
        sleep(self.0.timeout).await;
    }

    async fn dht(&self) -> Result<&AsyncDht, NetworkError> {
        let open = || async {
            let (config, timeout) = (self.0.config.clone(), self.0.timeout);
            // Host names are resolved here, which may block.
            let opened = tokio::task::spawn_blocking(move || open_dht(&config, timeout)).await;
            opened
                .map_err(|error| NetworkError::Socket(error.to_string()))?
                .map_err(|error| NetworkError::Socket(error.to_string()))
        };
        self.0.dht.get_or_try_init(open).await
    }

    /// Asks every node near `address`, and every relay, and gives the union of
    /// what they hold. `on_packet` sees each different packet at once.
    /// An address where nothing lies is an answer, not an error.
    pub async fn lookup(
        &self,
        address: &Address,
        on_packet: &mut OnPacket<'_>,
    ) -> Result<Sighting, NetworkError> {
        let tries = async {
            for attempt in 0..TRIES {
                if attempt > 0 {
                    sleep(jittered(200)).await;
                }
                if let Some(sighting) = self.look_once(address, on_packet).await? {
                    return Ok(sighting);
                }
            }
            Err(NetworkError::Unreachable)
        };
        let Ok(_permit) = self.0.permits.acquire().await else { return Err(NetworkError::Unreachable) };
        let start = Instant::now();
        let looked = timeout(DEADLINE, tries).await.unwrap_or(Err(NetworkError::Unreachable));
        let (address, ms) = (shortly(address), start.elapsed().as_millis());
        match &looked {
            Ok(seen) => {
                let (answered, packets) = (seen.responded, seen.packets.len());
                let copies = seen.packets.first().map_or(0, |(_, copies)| *copies);
                tracing::debug!(address, answered, packets, copies, ms, "lookup");
            }
            Err(error) => tracing::debug!(address, %error, ms, "lookup failed"),
        }
        looked
    }

    /// One round; `None` when nobody answered.
    async fn look_once(
        &self,
        address: &Address,
        on_packet: &mut OnPacket<'_>,
    ) -> Result<Option<Sighting>, NetworkError> {
        let mut relays: FuturesUnordered<_> =
            self.0.relays.iter().map(|relay| relay.resolve(address)).collect();
        let mut sighting = Sighting::default();
        let mut answered = false;
        let mut relay_says =
            |answer: Option<Option<SignedPacket>>, sighting: &mut Sighting, on: &mut OnPacket<'_>| {
                if let Some(answer) = answer {
                    answered = true;
                    if let Some(packet) = answer {
                        on(&packet);
                        sighting.add(packet, 0);
                    }
                }
            };
        let mut detailed = self.dht().await?.get_mutable_detailed(address, None, None);
        loop {
            tokio::select! {
                item = detailed.items.next() => {
                    let Some(item) = item else { break };
                    if let Some(packet) = sighting.add_item(address, &item) {
                        on_packet(&packet);
                    }
                }
                Some(answer) = relays.next(), if !relays.is_empty() => relay_says(answer, &mut sighting, on_packet),
            }
        }
        let outcome = detailed.outcome.recv().await;
        (sighting.asked, sighting.responded) = (outcome.queried, outcome.valid_responses());
        let patience = if sighting.responded > 0 { RELAY_LAG } else { RELAY_TIMEOUT };
        let rest = async {
            while let Some(answer) = relays.next().await {
                relay_says(answer, &mut sighting, on_packet);
            }
        };
        let _ = timeout(patience, rest).await;
        Ok((answered || sighting.responded > 0).then_some(sighting))
    }

    /// Stores a signed packet; gives the number of nodes that acknowledged it.
    /// With `expected` (see [`Sighting::expected`]) only where nothing else was
    /// written meanwhile. A success is never the verdict: read back.
    pub async fn put(&self, packet: &SignedPacket, expected: Option<u64>) -> Result<u32, NetworkError> {
        let tries = async {
            for attempt in 0..TRIES {
                if attempt > 0 {
                    sleep(jittered(200)).await;
                }
                match self.put_once(packet, expected).await {
                    Err(NetworkError::Unreachable) => {}
                    done => return done,
                }
            }
            Err(NetworkError::Unreachable)
        };
        let Ok(_permit) = self.0.permits.acquire().await else { return Err(NetworkError::Unreachable) };
        let start = Instant::now();
        let put = timeout(DEADLINE, tries).await.unwrap_or(Err(NetworkError::Unreachable));
        let (address, ms) = (shortly(&packet.public_key().to_bytes()), start.elapsed().as_millis());
        match &put {
            Ok(copies) => tracing::debug!(address, copies, expected, ms, "put"),
            Err(error) => tracing::debug!(address, %error, expected, ms, "put failed"),
        }
        put
    }

    async fn put_once(&self, packet: &SignedPacket, expected: Option<u64>) -> Result<u32, NetworkError> {
        if expected.is_some() {
            // A relay knows no compare-and-swap: it hears of this only once the
            // DHT did not refuse.
            return match self.put_dht(packet, expected).await {
                Ok(stored) => {
                    let relays = self.0.relays.iter().map(|relay| relay.publish(packet));
                    let _ = timeout(RELAY_LAG, join_all(relays)).await;
                    Ok(stored)
                }
                Err(NetworkError::Unreachable) => self.put_relays(packet).await,
                refused => refused,
            };
        }
        let (dht, relays) = tokio::join!(self.put_dht(packet, None), async {
            timeout(RELAY_TIMEOUT, self.put_relays(packet)).await.unwrap_or(Err(NetworkError::Unreachable))
        });
        match (dht, relays) {
            (Ok(dht), Ok(relays)) => Ok(dht.max(relays)),
            (Err(NetworkError::Unreachable), relays) => relays,
            (dht, _) => dht,
        }
    }

    async fn put_dht(&self, packet: &SignedPacket, expected: Option<u64>) -> Result<u32, NetworkError> {
        let bytes = packet.as_bytes();
        let (Ok(key), Ok(signature)) = (bytes[..32].try_into(), bytes[32..96].try_into()) else {
            return Err(NetworkError::Conflict);
        };
        let sequence = packet::sequence(packet).and_then(|seq| i64::try_from(seq).ok()).unwrap_or(0);
        let item =
            MutableItem::new_signed_unchecked(key, signature, &packet.encoded_packet(), sequence, None);
        let cas = expected.map(|seq| i64::try_from(seq).unwrap_or(i64::MAX));
        match self.dht().await?.put_mutable(item, cas).await {
            Ok(outcome) => Ok(outcome.stored_at),
            Err(PutMutableError::Concurrency(_)) => Err(NetworkError::Conflict),
            Err(PutMutableError::Query(_)) => Err(NetworkError::Unreachable),
        }
    }

    /// The first relay that takes it.
    async fn put_relays(&self, packet: &SignedPacket) -> Result<u32, NetworkError> {
        let mut pending: Vec<_> = self.0.relays.iter().map(|relay| Box::pin(relay.publish(packet))).collect();
        let mut verdict = Err(NetworkError::Unreachable);
        while !pending.is_empty() {
            let (result, _, rest) = select_all(pending).await;
            match result {
                Ok(stored) => return Ok(stored),
                Err(NetworkError::Conflict) => verdict = Err(NetworkError::Conflict),
                Err(_) => {}
            }
            pending = rest;
        }
        verdict
    }
}

impl Relay {
    fn new(url: &Url) -> Option<Self> {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().ok()?;
        let client = RelayClient::new(url.clone(), client, RELAY_TIMEOUT).ok()?;
        Some(Self { client, turn: Semaphore::new(1) })
    }

    /// `None`: no answer. `Some(None)`: nothing lies there.
    async fn resolve(&self, address: &Address) -> Option<Option<SignedPacket>> {
        let key = PublicKey::try_from(address).ok()?;
        let _turn = self.turn.acquire().await.ok()?;
        for _ in 0..TRIES {
            match self.client.resolve(&key, ResolvePolicy::NetworkOnly, None).await {
                Ok(packet) => return Some(Some(packet)),
                Err(RelayError::NotFound | RelayError::InvalidSignedPacketSeq { .. }) => return Some(None),
                Err(RelayError::UnexpectedStatus(status)) if status.as_u16() == 429 => {
                    sleep(RELAY_BACKOFF).await;
                }
                Err(_) => return None,
            }
        }
        None
    }

    async fn publish(&self, packet: &SignedPacket) -> Result<u32, NetworkError> {
        let _turn = self.turn.acquire().await.map_err(|_| NetworkError::Unreachable)?;
        for _ in 0..TRIES {
            match self.client.publish(packet).await {
                Ok(stored) => return Ok(stored),
                Err(RelayError::NotMostRecent) => return Err(NetworkError::Conflict),
                Err(RelayError::UnexpectedStatus(status)) if status.as_u16() == 429 => {
                    sleep(RELAY_BACKOFF).await;
                }
                Err(_) => return Err(NetworkError::Unreachable),
            }
        }
        Err(NetworkError::Unreachable)
    }
}

fn open_dht(config: &NetworkConfig, request_timeout: Duration) -> std::io::Result<AsyncDht> {
    let mut builder = Dht::builder();
    builder.request_timeout(request_timeout);
    if let Some(nodes) = &config.bootstrap {
        builder.bootstrap(nodes);
        if is_loopback(nodes) {
            builder.bind_address(std::net::Ipv4Addr::LOCALHOST);
        }
    }
    Ok(builder.build()?.as_async())
}

/// Whether every node is on this machine: then nothing of ours listens
/// elsewhere either.
fn is_loopback(nodes: &[String]) -> bool {
    nodes.iter().all(|node| {
        node.starts_with("localhost:")
            || node.parse::<SocketAddr>().is_ok_and(|address| address.ip().is_loopback())
    })
}

/// Enough of an address to tell it from others in a log.
fn shortly(address: &Address) -> String {
    z32::encode(&address[..5])
}

/// Around `ms` milliseconds, so that devices do not march in step.
fn jittered(ms: u64) -> Duration {
    let mut byte = [0];
    let _ = getrandom::fill(&mut byte);
    Duration::from_millis(ms / 2 + ms * u64::from(byte[0]) / 255)
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

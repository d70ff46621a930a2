//! The DHT and the relays: bounded, retried, fresh.
//!
//! The only room that speaks to the network. A lookup is always made anew, for a
//! cache can answer with an overwritten packet; what it found is remembered for those
//! alone who look again and again (see [`Fresh`]).

mod config;
mod dht;
pub(crate) mod page;
mod probe;
mod recall;
mod relay;
mod verdict;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use config::{ConfigError, NetworkConfig};
#[cfg(test)]
pub(crate) use dht::world;
use dht::{Dht, Item};
use futures::future::{join_all, select_all};
use futures::stream::{FuturesUnordered, StreamExt};
use pkarr::SignedPacket;
pub use probe::{Probe, ProbedRelay};
pub use recall::Fresh;
use recall::Recall;
use relay::{Answer, Relay};
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::{Instant, sleep, timeout, timeout_at};
pub use verdict::Sighting;

use crate::handoff::{Address, packet, z32};

/// Requests at once: bursts lose packets, four never did.
const IN_FLIGHT: usize = 4;
/// The same where all nodes are on this machine: they answer in one moment, 20 of
/// them about 1.1 kB each, and a socket holds little: of four lookups' answers a ring
/// of 20 lost up to a hundred in each list (`RcvbufErrors`).
const IN_FLIGHT_NEAR: usize = 2;
/// Tries of one lookup or put before the network counts as unreachable.
const TRIES: u32 = 2;
/// A lookup or put never takes longer, whatever DNS and sockets do.
const DEADLINE: Duration = Duration::from_secs(8);
/// After this long without any answer there is no second try.
const SILENCE: Duration = Duration::from_millis(1_500);
/// From the start, how long relays are waited for where no node answers.
const RELAYS_ALONE: Duration = Duration::from_millis(2_700);
/// How long relays may lag behind the nodes, where these did not find it.
const RELAY_LAG: Duration = Duration::from_millis(1_500);
const PUBLIC_TIMEOUT: Duration = Duration::from_secs(2);
const LOOPBACK_TIMEOUT: Duration = Duration::from_secs(1);

/// Why the network did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// No node and no relay answered.
    #[error("no node of the DHT and no relay answered")]
    Unreachable,
    /// Too few answered to say that something is not there: because it never was,
    /// or because none took it.
    #[error("only {answered} of {asked} nodes answered")]
    Unsure {
        /// Nodes that answered.
        answered: u32,
        /// Nodes that should have.
        asked: u32,
    },
    /// Something else was written there meanwhile; read again.
    #[error("something else was written there meanwhile")]
    Conflict,
    /// The socket could not be opened.
    #[error("the network could not be opened: {0}")]
    Socket(String),
}

/// Receives each different packet of a lookup as it arrives.
pub type OnPacket<'a> = dyn FnMut(&SignedPacket) + Send + 'a;

/// The DHT and the relays. Opened at the first use; cheap to clone.
#[derive(Clone)]
pub struct Network(Arc<Inner>);

struct Inner {
    config: NetworkConfig,
    timeout: Duration,
    dht: OnceCell<Dht>,
    relays: Vec<Relay>,
    permits: Semaphore,
    recall: Mutex<Recall>,
}

impl Network {
    /// Describes the network; nothing is sent before the first lookup or put.
    pub fn new(config: NetworkConfig) -> Self {
        let relays = config.relays.iter().filter_map(Relay::new).collect();
        let is_near = config.is_loopback();
        Self(Arc::new(Inner {
            timeout: if is_near { LOOPBACK_TIMEOUT } else { PUBLIC_TIMEOUT },
            config,
            dht: OnceCell::new(),
            relays,
            permits: Semaphore::new(if is_near { IN_FLIGHT_NEAR } else { IN_FLIGHT }),
            recall: Mutex::default(),
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

    async fn dht(&self) -> Result<&Dht, NetworkError> {
        let config = &self.0.config;
        let open = || Dht::open(config.bootstrap.as_deref(), config.is_loopback(), self.0.timeout);
        self.0.dht.get_or_try_init(open).await.map_err(|error| NetworkError::Socket(error.to_string()))
    }

    /// What lies at an address, as fresh as it has to be: what was found lately, or
    /// what is found now. Whether that is known to be another than before.
    pub async fn recall(
        &self,
        address: &Address,
        fresh: Fresh,
        on_packet: &mut OnPacket<'_>,
    ) -> Result<(Sighting, bool), NetworkError> {
        if let Some(sighting) = self.memory().get(address, fresh, Instant::now()) {
            sighting.held().iter().for_each(|(packet, _)| on_packet(packet));
            return Ok((sighting, false));
        }
        let to_peek = self.memory().to_peek(address).filter(|_| fresh != Fresh::Now);
        if let Some(sighting) = to_peek {
            let peek = self.dht().await?.peek(address, &sighting.nearest).await;
            if sighting.still_holds(&peek) {
                self.memory().holds(address, Instant::now());
                sighting.held().iter().for_each(|(packet, _)| on_packet(packet));
                return Ok((sighting, false));
            }
        }
        let writes = self.memory().writes();
        let sighting = self.lookup(address, on_packet).await?;
        let mut memory = self.memory();
        // Of those who do not answer nothing is known later either; and what was written
        // meanwhile, wherever, may not be in it.
        let counts = sighting.is_complete() && memory.writes() == writes;
        let changed = counts && memory.note(address, &sighting, Instant::now());
        drop(memory);
        Ok((sighting, changed))
    }

    /// Something may have changed anywhere: nothing that was found counts as fresh.
    pub fn all_may_have_changed(&self) {
        self.memory().all_due();
    }

    fn memory(&self) -> MutexGuard<'_, Recall> {
        self.0.recall.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the nodes near `address`, and every relay, and gives the union of
    /// what they hold. `on_packet` sees each different packet at once.
    /// An address where nothing lies is no error; whether that is certain,
    /// [`Sighting::absence`] says. Where too few nodes answer they are asked once
    /// more.
    pub async fn lookup(
        &self,
        address: &Address,
        on_packet: &mut OnPacket<'_>,
    ) -> Result<Sighting, NetworkError> {
        let Ok(_permit) = self.0.permits.acquire().await else { return Err(NetworkError::Unreachable) };
        let start = Instant::now();
        let looked = Box::pin(self.look(address, on_packet, start)).await;
        let (address, ms) = (shortly(address), start.elapsed().as_millis());
        match &looked {
            Ok(seen) => {
                let (asked, answered, packets) = (seen.asked, seen.responded, seen.held().len());
                let copies = seen.held().first().map_or(0, |(_, copies)| *copies);
                tracing::debug!(address, asked, answered, packets, copies, ms, "lookup");
            }
            Err(error) => tracing::debug!(address, %error, ms, "lookup failed"),
        }
        looked
    }

    async fn look(
        &self,
        address: &Address,
        on_packet: &mut OnPacket<'_>,
        start: Instant,
    ) -> Result<Sighting, NetworkError> {
        let mut relays: FuturesUnordered<_> =
            self.0.relays.iter().map(|relay| relay.resolve(address)).collect();
        let mut relayed: Vec<SignedPacket> = Vec::new();
        let mut did_relay_answer = false;
        let mut from_relay = |answer: Option<Answer>, on_packet: &mut OnPacket<'_>| {
            did_relay_answer |= answer.is_some();
            if let Some(Answer::Packet(packet)) = answer {
                on_packet(&packet);
                relayed.push(*packet);
            }
        };
        let mut looking = self.dht().await?.look(address);
        for attempt in 0..TRIES {
            let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
            let mut on_item = move |item: &Item| drop(tell.send(item.clone()));
            let go = async {
                let mut go = std::pin::pin!(looking.go(&mut on_item));
                loop {
                    tokio::select! {
                        biased;
                        Some(item) = told.recv() => {
                            if let Some(packet) = verdict::packet_of(address, &item) {
                                on_packet(&packet);
                            }
                        }
                        () = &mut go => break,
                        Some(answer) = relays.next(), if !relays.is_empty() => from_relay(answer, on_packet),
                    }
                }
            };
            // What was found until then is kept.
            let in_time = timeout_at(start + DEADLINE, go).await.is_ok();
            let found = looking.found();
            let is_silent = found.responded == 0 && start.elapsed() >= SILENCE;
            if !in_time || is_silent || attempt + 1 == TRIES || Sighting::of(address, &found).is_complete() {
                break;
            }
            sleep(jittered(100)).await;
            looking.again();
        }
        let mut sighting = Sighting::of(address, &looking.found());
        let patience = match sighting.responded {
            0 => RELAYS_ALONE.saturating_sub(start.elapsed()),
            // What the nodes agree on needs nobody else's word.
            _ if sighting.is_complete() && sighting.newest().is_some() => Duration::ZERO,
            _ => RELAY_LAG,
        };
        let rest = async {
            while let Some(answer) = relays.next().await {
                from_relay(answer, on_packet);
            }
        };
        let _ = timeout(patience, rest).await;
        for packet in relayed {
            sighting.add(packet, 0);
        }
        if sighting.responded == 0 && !did_relay_answer {
            return Err(NetworkError::Unreachable);
        }
        Ok(sighting)
    }

    /// Stores a signed packet; gives the number of nodes that acknowledged it.
    /// With `expected` (see [`Sighting::expected`]) only where nothing else was
    /// written meanwhile. A success is never the verdict: read back.
    pub async fn put(&self, packet: &SignedPacket, expected: Option<u64>) -> Result<u32, NetworkError> {
        let Ok(_permit) = self.0.permits.acquire().await else { return Err(NetworkError::Unreachable) };
        let start = Instant::now();
        // Whatever becomes of it; and what is found until then may be older.
        self.memory().forget(&packet.public_key().to_bytes());
        let tries = Box::pin(async {
            for attempt in 0..TRIES {
                if attempt > 0 {
                    sleep(jittered(200)).await;
                }
                match self.put_once(packet, expected).await {
                    Err(NetworkError::Unreachable | NetworkError::Unsure { .. })
                        if attempt + 1 < TRIES && start.elapsed() < SILENCE => {}
                    done => return done,
                }
            }
            Err(NetworkError::Unreachable)
        });
        let put = timeout(DEADLINE, tries).await.unwrap_or(Err(NetworkError::Unreachable));
        self.memory().forget(&packet.public_key().to_bytes());
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
                Err(error @ (NetworkError::Unreachable | NetworkError::Unsure { .. })) => {
                    self.put_relays(packet).await.map_err(|_| error)
                }
                refused => refused,
            };
        }
        let (dht, relays) = tokio::join!(self.put_dht(packet, None), async {
            timeout(RELAYS_ALONE, self.put_relays(packet)).await.unwrap_or(Err(NetworkError::Unreachable))
        });
        match (dht, relays) {
            (Ok(dht), Ok(relays)) => Ok(dht.max(relays)),
            (Err(error @ (NetworkError::Unreachable | NetworkError::Unsure { .. })), relays) => {
                relays.map_err(|_| error)
            }
            (dht, _) => dht,
        }
    }

    async fn put_dht(&self, packet: &SignedPacket, expected: Option<u64>) -> Result<u32, NetworkError> {
        let bytes = packet.as_bytes();
        let (Ok(key), Ok(signature), Some(sequence)) =
            (bytes[..32].try_into(), bytes[32..96].try_into(), packet::sequence(packet))
        else {
            return Err(NetworkError::Conflict);
        };
        let item = Item { sequence, signature, value: packet.encoded_packet().to_vec() };
        let cas = expected.map(|seq| i64::try_from(seq).unwrap_or(i64::MAX));
        let stored = self.dht().await?.put(&key, &item, cas).await?;
        Ok(u32::try_from(stored).unwrap_or(u32::MAX))
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

/// A client for HTTP, with TLS by rustls and ring.
fn http() -> reqwest::ClientBuilder {
    // The first one stands: another one that is there already is the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
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

//! One relay, spoken to over http: every answer bounded, every wait too.

use std::time::Duration;

use chrono::{DateTime, Utc};
use pkarr::{PKARR_DHT_STORED_NODES, PublicKey, SignedPacket};
use reqwest::{Response, StatusCode, header, redirect};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use url::Url;

use super::NetworkError;
use crate::handoff::{Address, packet};

/// How long one request may take, its answer's last byte included.
const PATIENCE: Duration = Duration::from_secs(4);
/// A relay allows two requests a second.
const BACKOFF: Duration = Duration::from_millis(600);
/// Tries where it says that there were too many.
const TRIES: u32 = 2;
/// Longest payload that is read: a packet without its key is 1,072 bytes.
const LONGEST: usize = 1_104;
/// No packet lies on more nodes, whatever a relay says.
const MOST_COPIES: u32 = 100;
/// Asks the relay, not what its caches hold.
const FRESH: &str = "no-cache, no-store, must-revalidate";

/// What a relay says of an address.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// This lies there.
    Packet(Box<SignedPacket>),
    /// It knows of nothing there.
    Nothing,
}

pub(super) struct Relay {
    client: reqwest::Client,
    url: Url,
    /// One request at a time: a relay allows few.
    turn: Semaphore,
}

impl Relay {
    pub fn new(url: &Url) -> Option<Self> {
        let client = super::http().redirect(redirect::Policy::none()).build().ok()?;
        (!url.cannot_be_a_base()).then(|| Self { client, url: url.clone(), turn: Semaphore::new(1) })
    }

    /// What it says of an address; `None` where it gave no answer that means
    /// anything.
    pub async fn resolve(&self, address: &Address) -> Option<Answer> {
        let _turn = self.turn.acquire().await.ok()?;
        timeout(PATIENCE, async {
            let response = self.ask(address).await?;
            match response.status() {
                StatusCode::OK => {
                    let payload = bounded(response).await?;
                    packet::from_payload(address, &payload).map(|packet| Answer::Packet(Box::new(packet)))
                }
                StatusCode::NOT_FOUND => Some(Answer::Nothing),
                _ => None,
            }
        })
        .await
        .ok()?
    }

    /// Whether it answers as a relay does, and what time it says that it is; out of
    /// turn, so that lookups beside it do not make it late.
    pub async fn probe(&self, address: &Address) -> Option<Option<DateTime<Utc>>> {
        let response = timeout(PATIENCE, self.ask(address)).await.ok()??;
        matches!(response.status(), StatusCode::OK | StatusCode::NOT_FOUND).then(|| date(&response))
    }

    /// Its address's host.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or("?")
    }

    /// Asks it what lies at an address.
    async fn ask(&self, address: &Address) -> Option<Response> {
        let mut url = self.at(&PublicKey::try_from(address).ok()?)?;
        url.query_pairs_mut().append_pair("policy", "NetworkOnly");
        patiently(|| self.client.get(url.clone()).header(header::CACHE_CONTROL, FRESH)).await
    }

    /// Gives it a packet; on how many nodes it says that it stored it.
    pub async fn publish(&self, packet: &SignedPacket) -> Result<u32, NetworkError> {
        let unreachable = || NetworkError::Unreachable;
        let url = self.at(&packet.public_key()).ok_or_else(unreachable)?;
        let _turn = self.turn.acquire().await.map_err(|_| unreachable())?;
        let ask = || self.client.put(url.clone()).body(packet.to_relay_payload());
        let response = timeout(PATIENCE, patiently(ask)).await.ok().flatten().ok_or_else(unreachable)?;
        match response.status() {
            status if status.is_success() => Ok(stored_nodes(&response)),
            StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED | StatusCode::PRECONDITION_REQUIRED => {
                Err(NetworkError::Conflict)
            }
            _ => Err(unreachable()),
        }
    }

    fn at(&self, key: &PublicKey) -> Option<Url> {
        let mut url = self.url.clone();
        url.path_segments_mut().ok()?.pop_if_empty().push(&key.to_z32());
        Some(url)
    }
}

/// Asks again, a little later, where it says that there were too many requests.
async fn patiently(ask: impl Fn() -> reqwest::RequestBuilder) -> Option<Response> {
    for _ in 1..TRIES {
        let response = ask().send().await.ok()?;
        if response.status() != StatusCode::TOO_MANY_REQUESTS {
            return Some(response);
        }
        sleep(BACKOFF).await;
    }
    ask().send().await.ok()
}

/// When it answered, by its own clock.
fn date(response: &Response) -> Option<DateTime<Utc>> {
    let date = response.headers().get(header::DATE)?.to_str().ok()?;
    DateTime::parse_from_rfc2822(date).ok().map(|date| date.to_utc())
}

/// The body, if it is no longer than a packet: what goes on is not read on.
async fn bounded(mut response: Response) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.ok()? {
        if body.len() + part.len() > LONGEST {
            return None;
        }
        body.extend_from_slice(&part);
    }
    Some(body)
}

/// A relay that does not say how many has stored it on one.
fn stored_nodes(response: &Response) -> u32 {
    let said = response.headers().get(PKARR_DHT_STORED_NODES);
    let said = said.map_or(Some(1), |value| value.to_str().ok()?.trim().parse().ok());
    said.unwrap_or(1).min(MOST_COPIES)
}

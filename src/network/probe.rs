//! A look at the network itself: how many nodes answer, which relays, and what time
//! these say that it is.

use chrono::{DateTime, Utc};
use futures::future::join_all;
use tokio::time::timeout;

use super::{DEADLINE, Network, NetworkError};
use crate::handoff::Address;

/// What became of a question to everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Nodes of the DHT that should have answered.
    pub asked: usize,
    /// Those that did.
    pub answered: usize,
    /// Each relay, in the order of the settings.
    pub relays: Vec<ProbedRelay>,
}

/// One relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbedRelay {
    /// Its host.
    pub host: String,
    /// Whether it answered as a relay does.
    pub answers: bool,
    /// What time it says that it is.
    pub date: Option<DateTime<Utc>>,
}

impl Network {
    /// Asks nodes and relays, each for itself, what lies at an address of nobody.
    pub async fn probe(&self, address: &Address) -> Result<Probe, NetworkError> {
        let nodes = async {
            let mut looking = self.dht().await?.look(address);
            // Who answered until then is counted.
            let _ = timeout(DEADLINE, looking.go(&mut |_| {})).await;
            Ok(looking.found())
        };
        let relays = join_all(self.0.relays.iter().map(|relay| async {
            let answer = relay.probe(address).await;
            let host = relay.host().to_owned();
            ProbedRelay { host, answers: answer.is_some(), date: answer.flatten() }
        }));
        let (found, relays) = tokio::join!(nodes, relays);
        let found = found?;
        Ok(Probe { asked: found.asked, answered: found.responded, relays })
    }
}

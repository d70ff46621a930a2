//! The end of a pairing, on every way out: its words are used once.

use std::time::Duration;

use futures::future::join_all;
use tokio::time::timeout;

use crate::handoff::pairing::{At, Pairing};
use crate::network::NetworkError;
use crate::service::{Error, Result, Service};

/// Rounds until an end has to be there.
const ROUNDS: u32 = 5;
/// And how long they may take together; quitting waits a little longer.
const PATIENCE: Duration = Duration::from_secs(8);

impl Service {
    /// Ends all three addresses, even where the caller is cancelled.
    pub(super) async fn end_pairing(&self, pairing: &Pairing) {
        let (service, pairing) = (self.clone(), pairing.clone());
        let ended = self.must_finish(async move {
            let ends = join_all(At::ALL.map(|at| service.end_at(&pairing, at)));
            let ended = timeout(PATIENCE, ends).await;
            ended.map_err(|_| NetworkError::Unreachable)?.into_iter().collect::<Result<()>>()
        });
        if ended.await.is_err() {
            self.warn(
                "The network could not be told that this pairing is over. Its words stop working within 20 minutes.",
            );
        }
    }

    /// Marks one address, whether anything lies there or not.
    async fn end_at(&self, pairing: &Pairing, at: At) -> Result<()> {
        for _ in 0..ROUNDS {
            let sighting = self.look_at(pairing, at).await?;
            // The other device ends it at the same moment; either's mark will do.
            if sighting.is_held(|packet| pairing.is_end(packet)) {
                return Ok(());
            }
            let end = pairing.make_end(at, &self.who(), self.sequence_after(&sighting)?)?;
            match self.0.network.put(&end, Some(sighting.expected())).await {
                Ok(_) | Err(NetworkError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::failed("Others keep writing there."))
    }
}

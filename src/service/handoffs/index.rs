//! The list of a mailbox's tokens: written by compare-and-swap, read back where not
//! every node took it, and repaired until nobody's entry is missing.

use std::time::Duration;

use tokio::time::sleep;

use super::lookup::Place;
use super::newest::MOST_LOOKUPS;
use crate::handoff::index::{CAPACITY, IndexEntry};
use crate::handoff::{Index, Mailbox, PublicKey, Standing, Token, mailbox};
use crate::network::{Fresh, NetworkError, Sighting};
use crate::service::{Error, ErrorKind, Result, Service, random};

/// Two writers collide a few times at most; more means something is wrong.
const ROUNDS: u32 = 12;
/// Older lists that one write replaces; a member can leave as many as there are nodes.
const MOST_OLDER: usize = 4;

impl Service {
    /// The union of what every node holds of a mailbox's list.
    pub(crate) async fn read_index(&self, mailbox: &Mailbox) -> Result<(Index, Sighting)> {
        let address = mailbox::address(&mailbox.index_key());
        // One round reads it once.
        let fresh = self.1.map_or(Fresh::Now, |every| Fresh::Within(every / 2));
        let (sighting, changed) = self.0.network.recall(&address, fresh, &mut |_| {}).await?;
        if changed {
            // What somebody published may replace, or revoke, what was there.
            self.0.network.all_may_have_changed();
        }
        let index = mailbox.read_index(&sighting.packets()).map_err(|_| newer())?;
        Ok((index, sighting))
    }

    /// Puts an entry into a mailbox's list. `seen` is a lookup that was made
    /// already. Ends when the newest list holds everything that any list held, or
    /// all nodes alike took ours in the place of that.
    pub(crate) async fn add_to_index(
        &self,
        mailbox: &Mailbox,
        expected: &[PublicKey],
        entry: IndexEntry,
        seen: Option<(Index, Sighting)>,
    ) -> Result<()> {
        let mut next = seen;
        for round in 0..ROUNDS {
            let (mut union, sighting) = match next.take() {
                Some(seen) => seen,
                None => self.read_index(mailbox).await?,
            };
            union.insert(entry);
            self.make_room(mailbox, expected, &mut union, &entry).await?;
            let newest =
                sighting.newest().and_then(|packet| mailbox.read_index(std::slice::from_ref(packet)).ok());
            if newest.is_some_and(|newest| newest.covers(&union)) {
                return Ok(());
            }
            let packet = mailbox.make_index(&union, self.sequence_after(&sighting)?)?;
            let put = self.0.network.put(&packet, Some(sighting.expected())).await;
            if put.is_ok() {
                // Whoever missed an earlier one refuses this one, and would keep for hours
                // what has left the list long ago. All of it is in the union.
                let _ = self.spread_over(&packet, &sighting, MOST_OLDER).await;
            }
            match put {
                // Each of the nearest nodes held what was read, or nothing, and holds this now:
                // another writer was before the read, or is refused by all of them.
                Ok(copies) if sighting.is_complete() && copies >= sighting.asked => return Ok(()),
                Ok(_) => {}
                // Somebody else was faster. Not both of us at once again.
                Err(NetworkError::Conflict) => sleep(backoff(round)?).await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::failed("The list of handoffs could not be written: others kept writing it.")
            .advise("Try again."))
    }

    /// Takes dead entries out of a full list: expired, then ended, then lost.
    async fn make_room(
        &self,
        mailbox: &Mailbox,
        expected: &[PublicKey],
        index: &mut Index,
        mine: &IndexEntry,
    ) -> Result<()> {
        if index.len() <= CAPACITY {
            return Ok(());
        }
        let now = self.now_u32();
        let all = index.len();
        // What expired longest ago goes first, then what can never have been alive.
        let mut gone: Vec<IndexEntry> = index.entries();
        gone.retain(|entry| entry.token != mine.token && !index.is_shown(&entry.span, now));
        gone.sort_by_key(|entry| (entry.span.expires > now, entry.span.expires));
        gone.iter().take(all - CAPACITY).for_each(|entry| index.remove(&entry.token));
        let mut lost = Vec::new();
        let others = index.entries().into_iter().rev().filter(|entry| entry.token != mine.token);
        let mut looks = MOST_LOOKUPS;
        for entry in others {
            if index.len() <= CAPACITY {
                return Ok(());
            }
            let token = Token { audience: mailbox.audience, bytes: entry.token };
            let place = Place { mailbox: mailbox.clone(), token, expected: expected.to_vec() };
            if self.remembered_end(&place.address()).is_some() {
                index.remove(&entry.token);
                continue;
            }
            let Some(left) = looks.checked_sub(1) else { break };
            looks = left;
            // One of which nothing is known may be alive.
            match self.look(&place, &mut |_| {}).await.map(|(standing, _)| standing) {
                Ok(Standing::Burned { .. } | Standing::Revoked { .. }) => index.remove(&entry.token),
                Ok(Standing::Absent) => lost.push(entry.token),
                _ => {}
            }
        }
        for token in lost {
            if index.len() > CAPACITY {
                index.remove(&token);
            }
        }
        if index.len() <= CAPACITY {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Full, format!("{CAPACITY} handoffs are already active."))
            .advise("Revoke one: `cclink list`, then `cclink revoke TOKEN`."))
    }

    /// Unix seconds as the list holds them.
    pub(crate) fn now_u32(&self) -> u32 {
        u32::try_from(self.now().timestamp()).unwrap_or(u32::MAX)
    }
}

/// Longer each round, and never the same for two writers.
fn backoff(round: u32) -> Result<Duration> {
    let mut byte = [0];
    random(&mut byte)?;
    Ok(Duration::from_millis(u64::from(20 + 15 * round) + u64::from(byte[0]) / 2))
}

fn newer() -> Error {
    Error::new(ErrorKind::Newer, "A newer cclink wrote this list of handoffs.")
        .advise("Update cclink on this machine.")
}

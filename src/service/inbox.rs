//! The inbox: every live handoff addressed to me, found in the background.

use futures::stream::{FuturesOrdered, StreamExt};

use super::tokens::Known;
use super::{InboxEntry, Job, Kind, Result, Service, Step};

impl Service {
    /// From my devices and my contacts, newest first, of each session the newest
    /// one; without what this device published itself. Each is told as a step when it is found.
    pub async fn inbox(&self, job: &Job) -> Result<Vec<InboxEntry>> {
        let identity = self.identity().await?;
        job.doing("looking for handoffs to you");
        job.run(async {
            let (book, aside) = self.0.journal.load()?;
            self.tell_aside(aside);
            let mut known = self.known_from_devices(&identity).await?;
            known.extend(self.known_from_contacts(&identity).await?);
            let now = self.now_u32();
            known.retain(|known| {
                known.expires > now && !book.handoffs.iter().any(|entry| entry.token == known.place.token)
            });
            known.sort_by_key(|known| std::cmp::Reverse(known.created));
            let mut looked: FuturesOrdered<_> = known.iter().map(|known| self.inbox_entry(known)).collect();
            let mut entries: Vec<InboxEntry> = Vec::new();
            while let Some(entry) = looked.next().await {
                let Some(entry) = entry? else { continue };
                // One row a session: the newest comes first.
                if entries.iter().all(|newer| newer.session() != entry.session()) {
                    (job.tell)(Step::Inbox(Box::new(entry.clone())));
                    entries.push(entry);
                }
            }
            Ok(entries)
        })
        .await
    }

    /// `None` for what is not alive: it is nobody's to pick up.
    async fn inbox_entry(&self, known: &Known) -> Result<Option<InboxEntry>> {
        let found = match self.find_place(&known.place, &Job::quiet()).await {
            Ok(found) => found,
            Err(error) if error.kind == Kind::Unreachable => return Err(error),
            Err(_) => return Ok(None),
        };
        let pickup = found.pickup;
        let creator = pickup.creator.parse().ok();
        Ok(Some(InboxEntry {
            token: pickup.token,
            session_id: pickup.session_id,
            from: creator.map_or_else(String::new, |key| self.signer(&key)),
            creator: pickup.creator,
            audience: known.place.token.audience,
            hostname: pickup.hostname,
            project: pickup.project,
            title: pickup.title,
            created_at: pickup.created_at,
            expires_at: pickup.expires_at,
            burn_after_read: pickup.burn_after_read,
        }))
    }
}

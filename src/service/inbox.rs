//! The inbox: every live handoff addressed to me, found in the background.

use futures::future::join_all;

use super::tokens::Known;
use super::{InboxEntry, Job, Kind, Result, Service, Step};

impl Service {
    /// From my devices and my contacts, newest first; without what this device
    /// published itself. Each is told as a step when it is found.
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
            let looked = join_all(known.iter().map(|known| self.inbox_entry(known, job))).await;
            let entries: Result<Vec<Option<InboxEntry>>> = looked.into_iter().collect();
            Ok(entries?.into_iter().flatten().collect())
        })
        .await
    }

    /// `None` for what is not alive: it is nobody's to pick up.
    async fn inbox_entry(&self, known: &Known, job: &Job) -> Result<Option<InboxEntry>> {
        let found = match self.find_place(&known.place, &Job::quiet()).await {
            Ok(found) => found,
            Err(error) if error.kind == Kind::Unreachable => return Err(error),
            Err(_) => return Ok(None),
        };
        let pickup = found.pickup;
        let creator = pickup.creator.parse().ok();
        let entry = InboxEntry {
            token: pickup.token,
            from: creator.map_or_else(String::new, |key| self.signer(&key)),
            creator: pickup.creator,
            audience: known.place.token.audience,
            hostname: pickup.hostname,
            project: pickup.project,
            title: pickup.title,
            created_at: pickup.created_at,
            expires_at: pickup.expires_at,
            burn_after_read: pickup.burn_after_read,
        };
        (job.tell)(Step::Inbox(Box::new(entry.clone())));
        Ok(Some(entry))
    }
}

//! The inbox: every live handoff addressed to me, found in the background.

use futures::stream::{FuturesOrdered, StreamExt};

use super::newest::MOST_LOOKUPS;
use crate::handoff::{AudienceKind, Record, z32};
use crate::service::pickup::tokens::Known;
use crate::service::{ErrorKind, InboxEntry, Job, Result, Service, Signer, Step};
use crate::store::journal::Book;

impl Service {
    /// From my devices and my contacts, newest first, of each session the newest
    /// one; without what this device published itself. Each is told as a step when it is found.
    pub async fn inbox(&self, job: &Job) -> Result<Vec<InboxEntry>> {
        let identity = self.identity().await?;
        job.doing("looking for handoffs addressed to you");
        job.run(async {
            let (book, aside) = self.0.journal.load()?;
            self.tell_aside(aside);
            let mut lists = self.known_from_devices(&identity).await?;
            lists.extend(self.known_from_contacts(&identity).await?);
            let (now, mut known) = (self.now_u32(), std::mem::take(&mut lists.known));
            known.retain(|known| {
                let address = z32::encode(&known.place.address());
                known.expires > now
                    && (!book.ends.contains_key(&address) || book.taking.contains_key(&address))
                    && !book.handoffs.iter().any(|entry| entry.token == known.place.token)
            });
            let (known, too_many) = self.worth_a_look(known, &mut MOST_LOOKUPS.clone());
            lists.unsure = lists.unsure.take().or(too_many);
            let look = |known| self.inbox_entry(known, &book);
            let mut looked: FuturesOrdered<_> = known.iter().map(look).collect();
            let mut entries: Vec<InboxEntry> = Vec::new();
            while let Some(entry) = looked.next().await {
                match entry {
                    Ok(Some(entry)) => {
                        // One row a session; the newest comes first, unless a list lies.
                        let same = entries.iter().position(|known| known.session() == entry.session());
                        if same.is_none_or(|at| entries[at].created_at < entry.created_at) {
                            same.map(|at| entries.remove(at));
                            (job.tell)(Step::Inbox(Box::new(entry.clone())));
                            entries.push(entry);
                        }
                    }
                    Ok(None) => {}
                    Err(error) => lists.unsure = Some(error),
                }
            }
            entries.sort_by_key(|entry| std::cmp::Reverse(entry.created_at));
            if let Ok(mut waiting) = self.0.waiting.lock() {
                *waiting = entries.iter().filter_map(InboxEntry::elsewhere).collect();
            }
            match lists.unsure {
                Some(error) if entries.is_empty() => return Err(error),
                Some(error) => self.warn(format!("There may be more for you. {}", error.message)),
                None => {}
            }
            Ok(entries)
        })
        .await
    }

    /// `None` for what is not alive: it is nobody's to pick up.
    async fn inbox_entry(&self, known: &Known, book: &Book) -> Result<Option<InboxEntry>> {
        let found = match self.find_place(&known.place, &Job::quiet()).await {
            Ok(found) => found,
            Err(error) if error.kind == ErrorKind::Unreachable => return Err(error),
            Err(_) => return Ok(None),
        };
        let (record, pickup) = (&found.place.record, found.pickup);
        let is_ours = known.place.token.audience == AudienceKind::Devices;
        let outdates = is_ours && self.lacks(record).await;
        let creator = pickup.creator.parse().ok();
        Ok(Some(InboxEntry {
            token: pickup.token,
            session_id: pickup.session_id,
            from: creator.map_or_else(|| Signer::Key(String::new()), |key| self.signer(&key)),
            creator: pickup.creator,
            audience: known.place.token.audience,
            hostname: pickup.hostname,
            project: pickup.project,
            title: pickup.title,
            created_at: pickup.created_at,
            expires_at: pickup.expires_at,
            burn_after_read: pickup.burn_after_read,
            picked_up: book.picked_up_here(&known.place.token),
            outdates,
        }))
    }

    /// Whether a copy of a record's session is here that has less than was published.
    async fn lacks(&self, record: &Record) -> bool {
        match self.best_copy(&record.session_id, Some(record)).await {
            Some(copy) => !self.holds(&copy, Some(record)).await,
            None => false,
        }
    }
}

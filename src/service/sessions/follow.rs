//! Following Claude Code's files: rows change while the user looks at them.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::claude::{Change, LiveRecord, Store};
use crate::service::{Result, Service, Session, blocking};

/// Claude writes an answer in many pieces: changes are gathered for so long.
const GATHER: Duration = Duration::from_millis(150);
/// The times that a file system gives may lie behind those of the clock.
const SLACK: TimeDelta = TimeDelta::seconds(1);

/// What became of sessions.
#[derive(Clone, Debug, Default)]
pub struct Changed {
    /// Rows as they are now, with every copy of the sessions that changed.
    pub rows: Vec<Session>,
    /// Files that were written or removed; one without a row is gone.
    pub files: HashSet<PathBuf>,
    /// More than rows changed: only a scan tells all of it.
    pub scan: bool,
}

/// Changes since they were told last.
#[derive(Default)]
struct Gathered {
    ids: HashSet<String>,
    changed: Changed,
    registry: bool,
}

impl Gathered {
    fn take(&mut self, change: Change) {
        match change {
            Change::Transcript(id, path) => {
                self.ids.insert(id);
                self.changed.files.insert(path);
            }
            Change::Folder(_) => self.changed.scan = true,
            Change::Registry => self.registry = true,
        }
    }

    /// Reads what changed. Blocking.
    fn read(mut self, store: &Store, live: &mut HashMap<String, LiveRecord>) -> Changed {
        if self.registry {
            let now = store.live_sessions();
            let others = live.keys().chain(now.keys()).filter(|id| live.get(*id) != now.get(*id));
            self.ids.extend(others.cloned().collect::<Vec<_>>());
            *live = now;
        }
        if !self.ids.is_empty() {
            self.changed.rows = store.find_all(&|id| self.ids.contains(id));
        }
        self.changed
    }
}

impl Service {
    /// Tells what became of local sessions since a scan that began at `since`,
    /// and what becomes of them as long as it is polled. Ends at once where the
    /// system cannot tell: then only a scan does.
    pub async fn follow_sessions(&self, since: DateTime<Utc>, tell: impl Fn(Changed)) -> Result<()> {
        let store = self.store()?;
        let (sender, mut changes) = unbounded_channel();
        let watched = store.clone();
        let (watching, mut live) = blocking(move || {
            let missed = sender.clone();
            let watching = watched.watch(move |change| drop(sender.send(change)));
            // What happened before anybody watched.
            watched.written_since(since - SLACK).into_iter().for_each(|change| drop(missed.send(change)));
            (watching, watched.live_sessions())
        })
        .await?;
        let Ok(mut watching) = watching else { return Ok(()) };
        while let Some(gathered) = gather(&mut changes).await {
            if gathered.changed.scan || gathered.registry {
                watching = blocking(move || {
                    watching.follow();
                    watching
                })
                .await?;
            }
            let (store, mut before) = (store.clone(), std::mem::take(&mut live));
            let (told, after) = blocking(move || (gathered.read(&store, &mut before), before)).await?;
            live = after;
            tell(told);
        }
        Ok(())
    }
}

async fn gather(changes: &mut UnboundedReceiver<Change>) -> Option<Gathered> {
    let mut gathered = Gathered::default();
    gathered.take(changes.recv().await?);
    tokio::time::sleep(GATHER).await;
    while let Ok(change) = changes.try_recv() {
        gathered.take(change);
    }
    Some(gathered)
}

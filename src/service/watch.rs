//! What is new since the last look: handoffs that arrived for me, and what
//! became of mine.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{InboxEntry, Job, Listed, Result, Service, State, random};
use crate::text;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NewsKind {
    /// It was in the inbox already at the first look.
    Waiting,
    /// It came into the inbox.
    Arrived,
    /// One of mine was picked up; it stays readable.
    PickedUp,
    /// One of mine was picked up, and is gone with that.
    Burned,
    /// One of mine is past its time.
    Expired,
}

/// One thing that happened; texts are clean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct News {
    /// What.
    pub event: NewsKind,
    /// When it was seen; whole seconds, UTC.
    #[serde(serialize_with = "crate::handoff::time::serialize")]
    pub at: DateTime<Utc>,
    /// Audience letter and 13 z-base-32 characters.
    pub token: String,
    /// Its title, where one travels.
    pub title: Option<String>,
    /// Its project.
    pub project: String,
    /// "you" or a contact's name, for what arrives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Where the session lives, or who picked it up.
    pub hostname: Option<String>,
    /// When it ends; whole seconds, UTC.
    #[serde(serialize_with = "crate::handoff::time::serialize")]
    pub expires_at: DateTime<Utc>,
}

/// What the last look saw.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    looked: bool,
    /// Tokens of the inbox until they expire: one that is not found for once
    /// does not arrive a second time.
    inbox: HashMap<String, DateTime<Utc>>,
    mine: HashMap<String, (State, Option<DateTime<Utc>>)>,
}

impl Service {
    /// Looks at the inbox and at what this device published. When the network
    /// is away nothing is forgotten, and nothing is told twice.
    pub async fn news(&self, watch: &mut Watch, job: &Job) -> Result<Vec<News>> {
        let inbox = self.inbox(job).await?;
        let own: HashSet<String> = self.journal_list(true)?.into_iter().map(|row| row.token).collect();
        let mut mine = self.list(true, job).await?;
        mine.retain(|row| own.contains(&row.token));
        Ok(watch.take(inbox, &mine, self.now()))
    }
}

/// How long to wait for the next look: `every`, give or take a fifth, so that
/// devices do not march in step.
pub fn next_look(every: Duration) -> Duration {
    let mut byte = [128];
    let _ = random(&mut byte);
    every.mul_f64(0.8 + 0.4 * f64::from(byte[0]) / 255.0)
}

impl Watch {
    fn take(&mut self, inbox: Vec<InboxEntry>, mine: &[Listed], now: DateTime<Utc>) -> Vec<News> {
        let mut news = Vec::new();
        let arrived = if self.looked { NewsKind::Arrived } else { NewsKind::Waiting };
        for entry in inbox.into_iter().rev() {
            if self.inbox.insert(entry.token.clone(), entry.expires_at).is_none() {
                news.push(of_inbox(arrived, entry, now));
            }
        }
        self.inbox.retain(|_, expires_at| *expires_at > now);
        let mut known = HashMap::new();
        for row in mine.iter().rev() {
            let seen = (row.state, row.picked_up.as_ref().map(|by| by.at));
            // What was published and taken between two looks was alive before.
            let alive = (State::Live, None);
            let before = self.mine.get(&row.token).copied().or_else(|| self.looked.then_some(alive));
            if let Some(event) = before.and_then(|before| change(before, seen)) {
                news.push(of_mine(event, row, now));
            }
            known.insert(row.token.clone(), seen);
        }
        self.mine = known;
        self.looked = true;
        news
    }
}

type Seen = (State, Option<DateTime<Utc>>);

fn change(before: Seen, now: Seen) -> Option<NewsKind> {
    match now.0 {
        State::Burned if before.0 != State::Burned => Some(NewsKind::Burned),
        State::Expired if before.0.is_alive() => Some(NewsKind::Expired),
        // By another reader, too.
        State::PickedUp if now.1 != before.1 => Some(NewsKind::PickedUp),
        _ => None,
    }
}

fn of_inbox(event: NewsKind, entry: InboxEntry, at: DateTime<Utc>) -> News {
    News {
        event,
        at,
        token: entry.token,
        title: entry.title.as_deref().map(text::clean),
        project: text::clean(&entry.project),
        from: Some(text::clean(&entry.from)),
        hostname: Some(text::clean(&entry.hostname)),
        expires_at: entry.expires_at,
    }
}

fn of_mine(event: NewsKind, row: &Listed, at: DateTime<Utc>) -> News {
    News {
        event,
        at,
        token: row.token.clone(),
        title: row.title.as_deref().map(text::clean),
        project: text::clean(row.label.as_deref().unwrap_or(&row.project)),
        from: None,
        hostname: row.picked_up.as_ref().map(|by| text::clean(&by.hostname)),
        expires_at: row.expires_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_mine_is_told_once() {
        let at = |second: i64| DateTime::from_timestamp(second, 0);
        for (before, now, told) in [
            ((State::Live, None), (State::Live, None), None),
            ((State::Live, None), (State::Fading, None), None),
            ((State::Live, None), (State::PickedUp, at(1)), Some(NewsKind::PickedUp)),
            ((State::PickedUp, at(1)), (State::PickedUp, at(1)), None),
            ((State::PickedUp, at(1)), (State::PickedUp, at(2)), Some(NewsKind::PickedUp)),
            ((State::Live, None), (State::Burned, at(1)), Some(NewsKind::Burned)),
            ((State::Burned, at(1)), (State::Burned, at(1)), None),
            ((State::PickedUp, at(1)), (State::Expired, at(1)), Some(NewsKind::Expired)),
            ((State::Burned, at(1)), (State::Expired, at(1)), None),
            ((State::Live, None), (State::Revoked, None), None),
            ((State::Lost, None), (State::Live, None), None),
        ] {
            assert_eq!(change(before, now), told, "{before:?} → {now:?}");
        }
        for _ in 0..50 {
            let wait = next_look(Duration::from_mins(1)).as_secs_f64();
            assert!((47.9..72.1).contains(&wait), "{wait}");
        }
    }
}

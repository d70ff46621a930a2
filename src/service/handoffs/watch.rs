//! What is new since the last look: handoffs that arrived for me, and what
//! became of mine.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::service::{InboxEntry, Job, Listed, Result, Service, State, random};
use crate::text;

/// How long an ended one of mine is remembered: it stays in the journal for a
/// while, and is no news there.
const KEPT: TimeDelta = TimeDelta::days(30);
/// A session that is handed over again so soon after it was told is the same
/// news: whoever publishes and then leaves does so twice.
const SAME_NEWS: TimeDelta = TimeDelta::minutes(5);
/// How long a look may take: what is published meanwhile is not in it.
const LOOK: TimeDelta = TimeDelta::minutes(1);

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

/// What the last look saw. Of both sides nothing is forgotten before it expires:
/// what is not found for once does not arrive a second time.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    /// Whether the inbox was seen before.
    knows_inbox: bool,
    inbox: HashMap<(String, String), Told>,
    /// When what is mine was last seen.
    saw_mine: Option<DateTime<Utc>>,
    mine: HashMap<String, (Seen, DateTime<Utc>)>,
}

/// Of a session in the inbox: when the handoff that was told of was made, and
/// when the last one seen ends.
#[derive(Clone, Copy, Debug)]
struct Told {
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

/// Where one of mine stood, and when it was picked up last.
type Seen = (State, Option<DateTime<Utc>>);

impl Service {
    /// Looks at the inbox and at what this device published, as it is done every so
    /// long. When the network
    /// is away nothing is forgotten, and nothing is told twice.
    pub async fn news(&self, watch: &mut Watch, every: Duration, job: &Job) -> Result<Vec<News>> {
        let glancing = self.glancing(every);
        let inbox = glancing.inbox(job).await?;
        let mine = glancing.list(true, job).await?;
        let now = self.now();
        let mut news = watch.see_inbox(&inbox, now);
        news.extend(watch.see_mine(&mine, now));
        Ok(news)
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
    /// What is new in the whole inbox; at the first look all of it waits.
    pub fn see_inbox(&mut self, inbox: &[InboxEntry], now: DateTime<Utc>) -> Vec<News> {
        let known = std::mem::replace(&mut self.knows_inbox, true);
        let event = if known { NewsKind::Arrived } else { NewsKind::Waiting };
        let mut news = Vec::new();
        for entry in inbox.iter().rev() {
            let (creator, session_id) = entry.session();
            let key = (creator.to_owned(), session_id.to_owned());
            let told = self.inbox.get(&key).copied();
            let is_news = told.is_none_or(|told| entry.created_at > told.created_at + SAME_NEWS);
            if is_news {
                news.push(of_inbox(event, entry, now));
            }
            let created_at = told.filter(|_| !is_news).map_or(entry.created_at, |told| told.created_at);
            let expires_at = told.map_or(entry.expires_at, |told| told.expires_at.max(entry.expires_at));
            self.inbox.insert(key, Told { created_at, expires_at });
        }
        self.inbox.retain(|_, told| told.expires_at > now);
        news
    }

    /// Takes what the journal says as seen, of what was not seen yet: what the
    /// network says beyond that is news.
    pub fn know_mine(&mut self, journal: &[Listed]) {
        for row in journal.iter().filter(|row| row.own) {
            self.mine.entry(row.token.clone()).or_insert((seen(row), row.expires_at));
        }
    }

    /// What became of the handoffs that this device published, of all of them.
    pub fn see_mine(&mut self, mine: &[Listed], now: DateTime<Utc>) -> Vec<News> {
        let news = mine.iter().rev().filter_map(|row| self.see_one_of_mine(row, now)).collect();
        self.mine.retain(|_, (_, expires_at)| *expires_at + KEPT > now);
        self.saw_mine = Some(now);
        news
    }

    /// The same of one of them, before the others are known.
    pub fn see_one_of_mine(&mut self, row: &Listed, now: DateTime<Utc>) -> Option<News> {
        if !row.own {
            return None;
        }
        let seen = seen(row);
        let before = self.mine.insert(row.token.clone(), (seen, row.expires_at)).map(|(before, _)| before);
        // What was published and taken between two looks was alive before.
        let is_younger = self.saw_mine.is_some_and(|at| row.created_at + LOOK >= at);
        let before = before.or_else(|| is_younger.then_some((State::Live, None)))?;
        change(before, seen).map(|event| of_mine(event, row, now))
    }
}

impl News {
    /// In one line, for people.
    pub fn words(&self, now: DateTime<Utc>) -> String {
        let title = self.title.as_deref().unwrap_or("a session without a title");
        let host = self.hostname.as_deref().unwrap_or("another device");
        match self.event {
            NewsKind::Waiting | NewsKind::Arrived => {
                let what = if self.event == NewsKind::Arrived { "Arrived" } else { "Waiting for you" };
                let from = self.from.as_deref().unwrap_or("you");
                let left = (self.expires_at - now).num_seconds();
                let left = text::span(if left > 60 { left - left % 60 } else { left });
                format!("{what}: “{title}” from {from}, on {host}, for {left}")
            }
            NewsKind::PickedUp => format!("Picked up by {host}: “{title}” ({})", self.token),
            NewsKind::Burned => {
                format!("Picked up by {host} (one-time, now gone): “{title}” ({})", self.token)
            }
            NewsKind::Expired => format!("Expired: “{title}” ({})", self.token),
        }
    }
}

fn seen(row: &Listed) -> Seen {
    (row.state, row.picked_up.as_ref().map(|by| by.at))
}

fn change(before: Seen, now: Seen) -> Option<NewsKind> {
    match now.0 {
        State::Burned if before.0 != State::Burned => Some(NewsKind::Burned),
        State::Expired if before.0.is_alive() => Some(NewsKind::Expired),
        // By another reader, too.
        State::PickedUp if now.1 != before.1 => Some(NewsKind::PickedUp),
        _ => None,
    }
}

fn of_inbox(event: NewsKind, entry: &InboxEntry, at: DateTime<Utc>) -> News {
    News {
        event,
        at,
        token: entry.token.clone(),
        title: entry.title.as_deref().map(text::clean),
        project: text::clean(&entry.project),
        from: Some(text::clean(&entry.from.to_string())),
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

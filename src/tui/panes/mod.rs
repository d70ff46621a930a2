//! What the user sees: state, what keys do to it, and how it is drawn. No pane
//! knows another, nor the terminal, nor the background.

pub mod contact;
pub mod extend;
pub mod folder;
pub mod handoffs;
pub mod identity;
pub mod pickup;
pub mod publish;
pub mod qr;
pub mod sessions;

use chrono::Duration;

use super::message::{AudienceKind, AudienceView, Listed, Now};
use crate::text;

/// Who may read a handoff, in words.
fn audience(view: &AudienceView) -> String {
    match (view.kind, &view.name) {
        (AudienceKind::Devices, _) => "my devices".to_owned(),
        (AudienceKind::Share, Some(name)) => text::fit(name, 24),
        (AudienceKind::Share, None) => "one contact".to_owned(),
        (AudienceKind::Pin, _) => "anyone with the PIN".to_owned(),
        (AudienceKind::Link, _) => "anyone with the link".to_owned(),
    }
}

/// Who may read a handoff.
fn readers(row: &Listed) -> String {
    match &row.group {
        Some(group) => text::fit(&group.name, 32),
        None if row.phone_pass => "the phone that scans it".to_owned(),
        None => audience(&row.audience),
    }
}

/// What a handoff is called.
fn title(row: &Listed) -> String {
    match &row.title {
        Some(title) if !title.is_empty() => title.clone(),
        _ => format!("(untitled, {})", row.label.as_deref().unwrap_or(short_project(&row.project))),
    }
}

/// A moment in the user's own time: `18:40 today`, `07:15 tomorrow`, `09:00 on
/// Sat 28 Nov`.
pub fn moment(seconds_from_now: i64, now: &Now) -> String {
    let then = now.local + Duration::seconds(seconds_from_now);
    let time = then.format("%H:%M");
    match (then.date_naive() - now.local.date_naive()).num_days() {
        0 => format!("{time} today"),
        1 => format!("{time} tomorrow"),
        _ => format!("{time} on {}", then.format("%a %-d %b")),
    }
}

/// What the first pickup takes away, in a word.
const ONE_TIME: &str = "one-time";

/// The last part of a path, for rows that have no room for all of it.
fn short_project(project: &str) -> &str {
    project.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or(project)
}

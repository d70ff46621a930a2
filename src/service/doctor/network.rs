//! The network: nodes, relays, the clock by theirs, and what of ours lies there.

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::try_join_all;

use super::{Check, Health};
use crate::handoff::{Identity, Secret};
use crate::network::{NetworkError, Probe, ProbedRelay};
use crate::service::handoffs::lookup::stored_packet;
use crate::service::publish::FEW_COPIES;
use crate::service::{CLOCKS_DIFFER, Error, Result, Service, random};
use crate::store::{JournalEntry, Stage};
use crate::text;

/// The network forgets what nobody announces for so long.
const FORGETS: TimeDelta = TimeDelta::hours(2);
/// Handoffs that are looked at; the others are like them.
const MOST: usize = 8;

impl Service {
    pub(super) async fn check_network(&self) -> Vec<Check> {
        match self.probe().await {
            Ok(probe) => {
                vec![self.check_nodes(&probe), check_relays(&probe.relays), self.check_time(&probe.relays)]
            }
            Err(error) => vec![
                Check::of("dht", Health::Fail, error),
                Check::warn("relays", "not asked"),
                self.check_time(&[]),
            ],
        }
    }

    /// Asks for what nobody published.
    async fn probe(&self) -> Result<Probe> {
        let mut seed = Secret::default();
        random(seed.as_mut_slice())?;
        let nobody = *Identity::from_seed(&seed).public().as_bytes();
        self.0.network.probe(&nobody).await.map_err(Error::from)
    }

    fn check_nodes(&self, probe: &Probe) -> Check {
        const NAME: &str = "dht";
        let network = self.network_words();
        let relayed = probe.relays.iter().any(|relay| relay.answers);
        match probe.answered {
            0 if relayed => Check::warn(
                NAME,
                format!("no node answers, but a relay does: UDP is blocked here ({network})"),
            )
            .advise("Handoffs go through relays alone. Allow outgoing UDP, or use another network."),
            0 => Check::of(NAME, Health::Fail, NetworkError::Unreachable.into()),
            few if 3 * few < 2 * probe.asked => {
                Check::warn(NAME, format!("only {few} of {} nodes answer ({network})", probe.asked))
                    .advise("Part of the UDP traffic is lost here. Try again later, or use another network.")
            }
            enough => Check::ok(NAME, format!("{enough} of {} nodes answer ({network})", probe.asked)),
        }
    }

    /// By the relay whose clock is nearest: one alone may be wrong.
    fn check_time(&self, relays: &[ProbedRelay]) -> Check {
        const NAME: &str = "clock";
        let advice =
            "Set the clock of this machine: with a wrong one handoffs seem expired, or from the future.";
        match self.check_clock() {
            Err(error) => return Check::of(NAME, Health::Fail, error),
            Ok(Some(doubt)) => return Check::warn(NAME, doubt.trim_end_matches('.')).advise(advice),
            Ok(None) => {}
        }
        let now = self.now();
        let off = |at: DateTime<Utc>| (now - at).num_seconds();
        let told = relays.iter().filter_map(|relay| Some((off(relay.date?), &relay.host)));
        let Some((off, host)) = told.min_by_key(|(off, _)| off.abs()) else {
            let shown = now.format("%Y-%m-%d %H:%M UTC");
            return Check::ok(NAME, format!("{shown}; no relay to compare it with"));
        };
        if off.abs() < CLOCKS_DIFFER.num_seconds() {
            return Check::ok(NAME, format!("agrees with {host}"));
        }
        let side = if off > 0 { "ahead of" } else { "behind" };
        Check::fail(NAME, format!("{} {side} {host}", text::span(off.abs()))).advise(advice)
    }

    /// What this device published and is still out: on how many nodes, and whether
    /// somebody sees to it that it stays.
    pub(super) async fn check_handoffs(&self) -> Vec<Check> {
        const NAME: &str = "handoffs";
        let Ok(Some(book)) = self.0.journal.peek() else {
            return vec![
                Check::warn(NAME, "unknown without the journal").advise("Repair the journal first."),
            ];
        };
        let now = self.now();
        let is_out = |entry: &&JournalEntry| entry.stage == Stage::Published && entry.expires_at() > now;
        let out: Vec<&JournalEntry> = book.handoffs.iter().filter(is_out).collect();
        if out.is_empty() {
            return vec![Check::ok(NAME, "none active from this device")];
        }
        // The first that finds no network ends it: the others would wait for nothing.
        let copies = try_join_all(out.iter().rev().take(MOST).map(|entry| self.copies_of(entry))).await;
        let count = format!("{} active from this device", text::count(out.len()));
        let Ok(copies) = copies else {
            return vec![
                Check::warn(NAME, format!("{count}; on how many nodes is unknown"))
                    .advise("Look again once the network answers."),
            ];
        };
        let least = copies.into_iter().flatten().min();
        let fading = least.filter(|(copies, answered)| *copies < FEW_COPIES && copies * 2 < *answered);
        let ends_late = out.iter().any(|entry| entry.expires_at() > now + FORGETS);
        vec![match (fading, least) {
            (Some((few, _)), _) => Check::warn(NAME, format!("{count}, one on only {few} nodes"))
                .advise("`cclink keep --once` announces them again."),
            _ if ends_late && !self.is_kept() => Check::warn(
                NAME,
                format!("{count}, and nothing keeps them: the network forgets after about two hours"),
            )
            .advise("`cclink keep --install` keeps them from now on; so does an open screen."),
            (None, Some((copies, _))) => Check::ok(NAME, format!("{count}, on {copies} nodes or more")),
            (None, None) => Check::ok(NAME, count),
        }]
    }

    /// On how many nodes a handoff lies, and how many answered; `None` for one that
    /// something later took the place of.
    async fn copies_of(&self, entry: &JournalEntry) -> Result<Option<(u32, u32)>> {
        let Some((address, packet)) = stored_packet(entry) else { return Ok(None) };
        let seen = self.0.network.lookup(&address, &mut |_| {}).await?;
        let is_it = seen.newest().is_none_or(|newest| newest.is_same_as(&packet));
        Ok(is_it.then(|| (seen.copies(&packet), seen.responded)))
    }
}

fn check_relays(relays: &[ProbedRelay]) -> Check {
    const NAME: &str = "relays";
    let (answer, silent): (Vec<&ProbedRelay>, Vec<&ProbedRelay>) =
        relays.iter().partition(|relay| relay.answers);
    let names = |relays: &[&ProbedRelay]| -> String {
        relays.iter().map(|relay| relay.host.as_str()).collect::<Vec<_>>().join(", ")
    };
    match (answer.as_slice(), silent.as_slice()) {
        ([], []) => Check::ok(NAME, "none in use"),
        (answer, []) => Check::ok(NAME, format!("{} answer", names(answer))),
        (_, silent) => Check::warn(NAME, format!("no answer from {}", names(silent)))
            .advise("Where UDP works nothing is lost. Phones read handoffs through relays."),
    }
}

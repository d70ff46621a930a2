//! List: what I published, as the journal knows it and as the network shows it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use pkarr::SignedPacket;

use super::newest::MOST_LOOKUPS;
use crate::handoff::{Age, Identity, Link, LinkTarget, PublicKey, Record, Standing, Token, Trace};
use crate::network::Sighting;
use crate::service::pickup::tokens::{Known, Lists};
use crate::service::publish::{FEW_COPIES, open_secrets};
use crate::service::{
    AudienceKind, AudienceView, CarriedBy, Elsewhere, ErrorKind, Job, Listed, Named, PickedUp, Result,
    Service, Session, State, Step,
};
use crate::store::{JournalEntry, Stage};

/// A publishing that is older than this and left no trace has failed.
const PUBLISHING: TimeDelta = TimeDelta::minutes(2);

impl Service {
    /// What the journal knows, without the network: copies unknown. `all`
    /// takes in what has ended.
    pub fn journal_list(&self, all: bool) -> Result<Vec<Listed>> {
        let identity = self.0.identity.lock().ok().and_then(|identity| identity.clone());
        let (book, aside) = self.0.journal.load()?;
        self.tell_aside(aside);
        self.tell_unread(&book);
        let rows = book.handoffs.iter().map(|entry| self.row(identity.as_ref(), entry));
        let rows = self.with_groups(with_files(rows.collect(), &self.carried_by_token(&book)), &book);
        Ok(ordered(rows, all))
    }

    /// The session of a handoff of this device, by its token.
    pub fn session_of(&self, token: &str) -> Option<String> {
        let (book, _) = self.0.journal.load().ok()?;
        let token: Token = token.parse().ok()?;
        book.handoffs.into_iter().find(|entry| entry.token == token).map(|entry| entry.session_id)
    }

    /// "continues on laptop since 14:20", where nothing was said here since.
    pub(crate) fn went_on(&self, session: &Session) -> Option<String> {
        let elsewhere = self.elsewhere().into_iter().find(|elsewhere| elsewhere.holds_for(session))?;
        Some(elsewhere.words(&chrono::Local::now().fixed_offset()))
    }

    /// Which sessions other machines picked up, or published with more than is here, the
    /// last first.
    pub fn elsewhere(&self) -> Vec<Elsewhere> {
        let Ok((book, _)) = self.0.journal.load() else { return Vec::new() };
        let here = &self.0.settings.hostname;
        let taken = book.handoffs.into_iter().filter_map(|entry| Some((entry.session_id, entry.picked_up?)));
        let mut all: Vec<Elsewhere> = taken
            .map(|(session_id, trace)| {
                let PickedUp { at, hostname } = picked_up(&trace);
                Elsewhere { session_id, hostname, at }
            })
            .filter(|elsewhere| elsewhere.hostname != *here)
            .chain(self.0.waiting.lock().map(|waiting| waiting.clone()).unwrap_or_default())
            .collect();
        all.sort_by_key(|elsewhere| std::cmp::Reverse(elsewhere.at));
        all
    }

    /// The same checked against the network, and what my other devices
    /// published to my devices; each checked row is told as a step. Locked, it
    /// is what the journal knows.
    pub async fn list(&self, all: bool, job: &Job) -> Result<Vec<Listed>> {
        if self.is_locked() {
            self.warn(
                "The key is locked: showing what the journal knows. Set CCLINK_PASSPHRASE to ask the \
                network.",
            );
            return self.journal_list(all);
        }
        let identity = self.identity().await?;
        job.doing("asking the network");
        self.owe_what_was_held();
        job.run(async {
            let mine = self.known_from_journal(&identity)?;
            // The first question also says whether the network is there at all.
            let devices = match self.known_from_devices(&identity).await {
                Err(error) if error.kind == ErrorKind::Newer => {
                    self.warn(format!(
                        "What your other devices published cannot be listed: {}",
                        error.message
                    ));
                    Lists::default()
                }
                result => result?,
            };
            if let Some(error) = &devices.unsure {
                self.warn(format!("Your other devices may have published more. {}", error.message));
            }
            let devices = devices.known;
            let replaced = Self::left_to_replace(mine.iter().map(|(entry, _)| entry));
            let others = devices.iter().filter(|known| {
                let is_mine = mine.iter().any(|(_, own)| own.place.token == known.place.token);
                !is_mine && known.expires >= self.now_u32()
            });
            let (others, too_many) = self.worth_a_look(others.cloned().collect(), &mut MOST_LOOKUPS.clone());
            if let Some(error) = too_many {
                self.warn(error.message);
            }
            let files = self.carried_by_token(&self.0.journal.load()?.0);
            let told = |row: Result<Option<Listed>>| {
                if let Ok(Some(row)) = &row {
                    let carry = files.get(&row.token).copied();
                    let row = self.with_group(Listed { carry, ..row.clone() });
                    (job.tell)(Step::Listed(Box::new(row)));
                }
                row
            };
            // The network itself lets only a few of these ask at once.
            let own = mine.iter().map(|(entry, known)| async {
                if replaced.contains(&entry.token) && entry.stage == Stage::Published {
                    let _ = self.call_back(&identity, &known.place).await;
                }
                if entry.ending.is_some() && self.now() <= entry.expires_at() {
                    let _ = self.see_to_end(&identity, entry, &known.place).await;
                }
                told(match self.check_own(&identity, entry, known, &devices).await {
                    Err(error) if error.kind == ErrorKind::Unreachable => {
                        Ok(Some(unknown(self.row(Some(&identity), entry), entry)))
                    }
                    row => row,
                })
            });
            let foreign = others.iter().map(|known| async {
                if replaced.contains(&known.place.token) {
                    let _ = self.call_back(&identity, &known.place).await;
                }
                told(match self.check_other(known).await {
                    Err(error) if error.kind == ErrorKind::Unreachable => {
                        let token = known.place.token;
                        self.warn(format!("Another device's {token} is unknown. {}", error.message));
                        Ok(None)
                    }
                    row => row,
                })
            });
            let (own, foreign) = tokio::join!(join_all(own), join_all(foreign));
            let rows: Result<Vec<Option<Listed>>> = own.into_iter().chain(foreign).collect();
            let mut rows: Vec<Listed> = rows?.into_iter().flatten().collect();
            // One that turns out only now to be out replaces what it was to replace.
            let book = self.0.journal.load()?.0;
            let late = &Self::left_to_replace(book.handoffs.iter()) - &replaced;
            for (entry, known) in mine.iter().filter(|(entry, _)| late.contains(&entry.token)) {
                if entry.stage == Stage::Published && self.call_back(&identity, &known.place).await.is_ok() {
                    let now = self.check_own(&identity, entry, known, &devices).await?;
                    rows.retain(|row| row.token != entry.token.to_string());
                    rows.extend(told(Ok(now))?);
                }
            }
            self.take_away_ended();
            let (book, _) = self.0.journal.load()?;
            let rows = self.with_groups(with_files(rows, &self.carried_by_token(&book)), &book);
            Ok(ordered(rows, all))
        })
        .await
    }

    /// A journal entry as a row, by what this device knows.
    pub(crate) fn row(&self, identity: Option<&Identity>, entry: &JournalEntry) -> Listed {
        let creator: Option<PublicKey> = entry.creator.parse().ok();
        let recipient = entry.recipient.as_deref().and_then(|key| key.parse().ok());
        let sealed = matches!(entry.token.audience, AudienceKind::Link | AudienceKind::Pin);
        let secrets = identity.filter(|_| sealed).and_then(|identity| open_secrets(identity, entry));
        let target = match entry.token.audience {
            AudienceKind::Link => {
                secrets.as_ref().and_then(|secrets| secrets.link.clone()).map(LinkTarget::Secret)
            }
            _ => Some(LinkTarget::Token(entry.token)),
        };
        let link = creator.zip(target).map(|(creator, target)| Link { creator, target });
        let now = self.now();
        let ended = now > entry.expires_at();
        let state = match entry.stage {
            Stage::Revoked => State::Revoked,
            Stage::Burned => State::Burned,
            Stage::Failed => State::Failed,
            _ if ended => State::Expired,
            Stage::Publishing if now > entry.created_at + PUBLISHING => State::Failed,
            Stage::Publishing => State::Publishing,
            Stage::Published if entry.picked_up.is_some() => State::PickedUp,
            Stage::Published => State::Live,
        };
        Listed {
            token: entry.token.to_string(),
            audience: AudienceView {
                kind: entry.token.audience,
                name: recipient.map(|key: PublicKey| self.name_of(&key)),
            },
            session_id: entry.session_id.clone(),
            project: entry.project.clone(),
            label: entry.label.clone(),
            title: entry.title.clone(),
            state,
            burn_after_read: entry.burn_after_read,
            created_at: entry.created_at,
            expires_at: entry.expires_at(),
            copies: None,
            web_link: link.as_ref().and_then(|link| self.web_link(link)),
            link: link.map(|link| link.to_string().into()),
            pin: secrets.and_then(|secrets| secrets.pin).filter(|_| state.is_alive()),
            ssh: entry.ssh.clone(),
            named: Named {
                title: entry.title_named.then(|| entry.title.clone().unwrap_or_default()),
                ssh: entry.ssh_named.then(|| entry.ssh.clone().unwrap_or_default()),
            },
            own: true,
            phone_pass: entry.pass_of.is_some(),
            announced_at: entry.announced.map(|announced| announced.at),
            picked_up: entry.picked_up.as_ref().map(picked_up),
            carry: None,
            group: None,
        }
    }

    /// A handoff of this device, looked at on the network.
    async fn check_own(
        &self,
        identity: &Identity,
        entry: &JournalEntry,
        known: &Known,
        listed: &[Known],
    ) -> Result<Option<Listed>> {
        let mut row = self.row(Some(identity), entry);
        // Past its end only one that may have been extended elsewhere is asked for.
        if self.now() > row.expires_at && entry.stage != Stage::Published {
            return Ok(Some(row));
        }
        let (standing, sighting) = self.look(&known.place, &mut |_| {}).await?;
        row.copies = Some(copies_of(&standing, &sighting));
        match &standing {
            Standing::Record { record, packet, .. } => {
                row.expires_at = row.expires_at.max(record.expires_at());
                if few_are_left(entry, row.copies) && entry.ending.is_none() {
                    self.announce_again(entry.token, packet.clone());
                }
                self.note_alive(identity, entry, known, record, listed).await;
                let trace = self.receipt(&known.place.mailbox, &entry.token).await;
                self.note_trace(&entry.token, trace.as_ref());
                row.picked_up = trace.as_ref().map(picked_up).or(row.picked_up);
                row.state = alive_state(record, &row, &sighting, self.now());
            }
            Standing::Burned { trace, .. } => {
                self.note_trace(&entry.token, Some(trace));
                self.set_stage(&entry.token, Stage::Burned, false);
                row.picked_up = Some(picked_up(trace));
                row.state = State::Burned;
            }
            // What failed was called back as well, to be sure.
            Standing::Revoked { .. } if entry.stage == Stage::Failed => {}
            Standing::Revoked { .. } => {
                self.set_stage(&entry.token, Stage::Revoked, false);
                row.state = State::Revoked;
            }
            Standing::Absent if row.state == State::Failed => {
                self.set_stage(&entry.token, Stage::Failed, false);
            }
            Standing::Absent if matches!(row.state, State::Live | State::PickedUp) => row.state = State::Lost,
            Standing::Absent | Standing::Refused(_) | Standing::Newer => {}
        }
        Ok(Some(row))
    }

    /// Announces what was just found alive, behind the answer.
    fn announce_again(&self, token: Token, packet: SignedPacket) {
        let service = self.clone();
        drop(self.0.must_finish.spawn(async move {
            if let Ok(copies) = service.0.network.put(&packet, None).await {
                service.note_announced(&token, copies);
            }
        }));
    }

    /// A record that is there although the journal was left in the middle: the
    /// other half is made up for.
    async fn note_alive(
        &self,
        identity: &Identity,
        entry: &JournalEntry,
        known: &Known,
        record: &Record,
        listed: &[Known],
    ) {
        // What is owed an end is not taken for published.
        if entry.ending.is_some() {
            return;
        }
        if matches!(entry.stage, Stage::Publishing | Stage::Failed) {
            self.set_stage(&entry.token, Stage::Published, false);
        }
        if record.age(self.now()) == Age::Alive
            && !self.is_listed(entry, known, listed).await
            && let Err(error) = self.finish_index(identity, &known.place, record, None).await
        {
            self.warn(format!("{} is not in the list yet: {}", entry.token, error.message));
        }
    }

    /// Whether its mailbox's list holds it: a device whose clock was off may have
    /// taken it out. `listed` is what my devices' list holds.
    async fn is_listed(&self, entry: &JournalEntry, known: &Known, listed: &[Known]) -> bool {
        match entry.token.audience {
            AudienceKind::Link => true,
            AudienceKind::Devices => listed.iter().any(|other| other.place.token == entry.token),
            // Nobody's to mend while it cannot be read.
            AudienceKind::Share | AudienceKind::Pin => {
                self.read_index(&known.place.mailbox).await.map_or(true, |(index, _)| {
                    index.entries().iter().any(|other| other.token == entry.token.bytes)
                })
            }
        }
    }

    pub(crate) fn note_trace(&self, token: &Token, trace: Option<&Trace>) {
        let Some(trace) = trace else { return };
        self.note(|book| {
            if let Some(entry) = book.entry(token) {
                entry.picked_up = Some(trace.clone());
            }
        });
    }

    /// What another of my devices published to my devices; `None` where there
    /// is nothing to say of it.
    async fn check_other(&self, known: &Known) -> Result<Option<Listed>> {
        let (standing, sighting) = self.look(&known.place, &mut |_| {}).await?;
        let copies = copies_of(&standing, &sighting);
        let Standing::Record { record, creator, .. } = standing else { return Ok(None) };
        let trace = self.receipt(&known.place.mailbox, &known.place.token).await;
        let mut row = Listed {
            token: known.place.token.to_string(),
            audience: AudienceView { kind: known.place.token.audience, name: None },
            session_id: record.session_id.clone(),
            project: record.project.clone(),
            label: record.label.as_deref().map(crate::text::clean),
            title: record.title.as_deref().map(crate::text::clean),
            state: State::Live,
            burn_after_read: record.burn_after_read,
            created_at: record.created_at,
            expires_at: record.expires_at(),
            copies: Some(copies),
            link: Some(Link { creator, target: LinkTarget::Token(known.place.token) }.to_string().into()),
            web_link: None,
            pin: None,
            // It may have been guessed there.
            ssh: None,
            named: Named::default(),
            own: false,
            phone_pass: false,
            announced_at: None,
            picked_up: trace.as_ref().map(picked_up),
            carry: None,
            group: None,
        };
        row.state = alive_state(&record, &row, &sighting, self.now());
        Ok(Some(row))
    }
}

/// The rows with their sealed files, which are given by tokens.
fn with_files(mut rows: Vec<Listed>, files: &BTreeMap<String, CarriedBy>) -> Vec<Listed> {
    for row in &mut rows {
        row.carry = files.get(&row.token).copied();
    }
    rows
}

/// A row of which the network could not tell: what may lie there is unknown, what
/// has ended has.
fn unknown(row: Listed, entry: &JournalEntry) -> Listed {
    let is_open = row.state.is_alive() || (row.state == State::Failed && entry.ending.is_some());
    Listed { state: if is_open { State::Unknown } else { row.state }, ..row }
}

/// Whether fewer than half of the nodes hold it that took it last.
fn few_are_left(entry: &JournalEntry, copies: Option<u32>) -> bool {
    let put = entry.announced.map_or(0, |announced| announced.copies);
    copies.is_some_and(|copies| copies * 2 < put)
}

fn picked_up(trace: &Trace) -> PickedUp {
    PickedUp { at: trace.at, hostname: crate::text::clean(&trace.hostname) }
}

/// On how many nodes the packet that counts was seen.
fn copies_of(standing: &Standing, sighting: &Sighting) -> u32 {
    match standing {
        Standing::Record { packet, .. }
        | Standing::Burned { packet, .. }
        | Standing::Revoked { packet, .. } => sighting.copies(packet),
        _ => 0,
    }
}

fn alive_state(record: &Record, row: &Listed, sighting: &Sighting, now: DateTime<Utc>) -> State {
    let copies = row.copies.unwrap_or(0);
    if record.age(now) == Age::Expired {
        State::Expired
    } else if row.picked_up.is_some() {
        State::PickedUp
    } else if copies < FEW_COPIES && copies * 2 < sighting.responded {
        State::Fading
    } else {
        State::Live
    }
}

/// Newest first; without `all` only what is alive.
fn ordered(mut rows: Vec<Listed>, all: bool) -> Vec<Listed> {
    rows.retain(|row| all || row.state.is_alive());
    rows.sort_by(|a, b| b.created_at.cmp(&a.created_at).then_with(|| a.token.cmp(&b.token)));
    rows
}

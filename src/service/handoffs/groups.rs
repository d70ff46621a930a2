//! Handoffs that went out together, to several people: told as one, ended as one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::lookup::Place;
use crate::handoff::{Identity, Token};
use crate::service::{Error, ErrorKind, GroupView, Job, Listed, Member, Result, Service, Ttl};
use crate::store::JournalEntry;
use crate::store::journal::{Book, Group};
use crate::text;

impl Service {
    /// The rows with their groups, as the journal knows these now.
    pub(super) fn with_groups(&self, mut rows: Vec<Listed>, book: &Book) -> Vec<Listed> {
        let groups = self.groups(book, &|_| true);
        for row in &mut rows {
            row.group = groups.get(&row.token).cloned();
        }
        rows
    }

    /// The same for one row.
    pub(super) fn with_group(&self, row: Listed) -> Listed {
        let Ok((book, _)) = self.0.journal.load() else { return row };
        let own = book.handoffs.iter().find(|entry| entry.token.to_string() == row.token);
        let Some(own) = own.and_then(|entry| entry.group.as_ref()) else { return row };
        let group = self.groups(&book, &|group| group.id == own.id).remove(&row.token);
        Listed { group, ..row }
    }

    /// The groups of this device's handoffs that are wanted, by their tokens.
    fn groups(&self, book: &Book, is_wanted: &dyn Fn(&Group) -> bool) -> BTreeMap<String, GroupView> {
        let mut members: BTreeMap<&str, Vec<Member>> = BTreeMap::new();
        let grouped = || {
            let all = book.handoffs.iter().filter_map(|entry| Some((entry, entry.group.as_ref()?)));
            all.filter(|(_, group)| is_wanted(group))
        };
        for (entry, group) in grouped() {
            let row = self.row(None, entry);
            members.entry(&group.id).or_default().push(Member {
                name: row.audience.name.unwrap_or_default(),
                token: row.token,
                link: row.link,
                state: row.state,
                picked_up: row.picked_up,
            });
        }
        let members: BTreeMap<&str, Arc<[Member]>> =
            members.into_iter().map(|(id, members)| (id, members.into())).collect();
        let view = |(entry, group): (&JournalEntry, &Group)| {
            let members = members.get(&*group.id)?;
            let view = GroupView {
                id: group.id.clone(),
                name: text::clean(&group.name),
                of: group.of.max(members.len()),
                picked_up: members.iter().filter(|member| member.picked_up.is_some()).count(),
                members: Arc::clone(members),
            };
            Some((entry.token.to_string(), view))
        };
        grouped().filter_map(view).collect()
    }

    /// The entries of a handoff's group that are alive, in the order of the journal;
    /// none where it went out alone.
    fn alive_of_group(&self, token: &Token) -> Result<Vec<JournalEntry>> {
        let (book, aside) = self.0.journal.load()?;
        self.tell_aside(aside);
        let id = |entry: &JournalEntry| entry.group.as_ref().map(|group| group.id.clone());
        let Some(group) = book.handoffs.iter().find(|entry| entry.token == *token).and_then(id) else {
            return Ok(Vec::new());
        };
        let is_meant = |entry: &JournalEntry| {
            id(entry).as_ref() == Some(&group) && self.row(None, entry).state.is_alive()
        };
        Ok(book.handoffs.into_iter().filter(is_meant).collect())
    }

    /// What ends together with a handoff: it and those that are alive of its group. One
    /// that has ended itself stands for the others, while there are any.
    pub(super) fn with_its_group(&self, identity: &Identity, place: Place) -> Result<Vec<Place>> {
        let group = self.alive_of_group(&place.token)?;
        let places: Vec<Place> = group.iter().filter_map(|entry| self.place_of(identity, entry)).collect();
        Ok(if places.is_empty() { vec![place] } else { places })
    }

    /// [`Service::extend_one`] for a handoff, and for all that are alive of its group.
    pub async fn extend(&self, token: &str, ttl: Ttl, job: &Job) -> Result<Listed> {
        let mut results = Vec::new();
        for one in self.with_those_beside(token)? {
            results.push((one, self.extend_one(&one.to_string(), ttl, job).await));
        }
        self.done_for_all(results)
    }

    /// [`Service::announce_one`] for a handoff, and for all that are alive of its group.
    pub async fn announce(&self, token: &str, job: &Job) -> Result<Listed> {
        let mut results = Vec::new();
        for one in self.with_those_beside(token)? {
            results.push((one, self.announce_one(&one.to_string(), job).await));
        }
        self.done_for_all(results)
    }

    /// The handoff, and the others of its group that are alive.
    fn with_those_beside(&self, token: &str) -> Result<Vec<Token>> {
        let own: Token = token.parse().map_err(|error| Error::usage(format!("{error}.")))?;
        let group = self.alive_of_group(&own)?.into_iter().map(|entry| entry.token);
        Ok(std::iter::once(own).chain(group.filter(|token| *token != own)).collect())
    }

    /// The row of one of them, where it was done for all. What has ended or lasts that
    /// long already holds nobody up, as long as it was done for one.
    fn done_for_all(&self, results: Vec<(Token, Result<Listed>)>) -> Result<Listed> {
        let of = results.len();
        let (mut done, mut past, mut failed) = (None, None, Vec::new());
        for (token, result) in results {
            match result {
                Ok(row) => done = done.or(Some(row)),
                Err(error) if matches!(error.kind, ErrorKind::Usage | ErrorKind::Gone) => {
                    past = past.or(Some(error));
                }
                Err(error) => failed.push((token, error)),
            }
        }
        match (done, failed.first()) {
            (Some(row), None) => Ok(self.with_group(row)),
            (Some(_), Some((_, first))) => {
                let names: Vec<String> = failed.iter().map(|(token, _)| self.whose(token)).collect();
                let words = format!(
                    "Done for {} of {of}, not for {}: {}",
                    of - failed.len(),
                    names.join(", "),
                    first.message
                );
                Err(Error::new(first.kind, words).advise(first.advice.clone()))
            }
            (None, Some((_, first))) => Err(first.clone()),
            (None, None) => Err(past.unwrap_or_else(Error::cancelled)),
        }
    }

    /// To whom one of them went, in short.
    fn whose(&self, token: &Token) -> String {
        let entry = self.own_entry(&token.to_string()).ok();
        let name = entry.and_then(|entry| self.row(None, &entry).audience.name);
        text::fit(&text::clean(&name.unwrap_or_default()), 24)
    }
}

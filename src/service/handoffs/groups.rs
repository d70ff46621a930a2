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
        let others = self.alive_beside(token)?;
        let own = self.extend_one(token, ttl, job).await;
        let mut failed: Vec<(String, Error)> = Vec::new();
        for entry in &others {
            match self.extend_one(&entry.token.to_string(), ttl, job).await {
                // Published a moment later, it may last that long.
                Err(error) if error.kind != ErrorKind::Usage => failed.push((self.whose(entry), error)),
                _ => {}
            }
        }
        self.done_for_all(token, own, others.len(), &failed)
    }

    /// [`Service::announce_one`] for a handoff, and for all that are alive of its group.
    pub async fn announce(&self, token: &str, job: &Job) -> Result<Listed> {
        let others = self.alive_beside(token)?;
        let own = self.announce_one(token, job).await;
        let mut failed: Vec<(String, Error)> = Vec::new();
        for entry in &others {
            if let Err(error) = self.announce_one(&entry.token.to_string(), job).await {
                failed.push((self.whose(entry), error));
            }
        }
        self.done_for_all(token, own, others.len(), &failed)
    }

    /// What came of something for a handoff, unless it failed for others of its group.
    /// One that needs it no more holds nobody up.
    fn done_for_all(
        &self,
        token: &str,
        own: Result<Listed>,
        others: usize,
        failed: &[(String, Error)],
    ) -> Result<Listed> {
        let is_past = |error: &Error| matches!(error.kind, ErrorKind::Usage | ErrorKind::Gone);
        let own = match own {
            Err(error) if is_past(&error) && others > failed.len() => {
                let (book, _) = self.0.journal.load()?;
                let entry = book.handoffs.iter().find(|entry| entry.token.to_string() == token);
                entry.map(|entry| self.row(None, entry)).ok_or(error)?
            }
            own => own?,
        };
        let Some((_, first)) = failed.first() else { return Ok(self.with_group(own)) };
        let names: Vec<&str> = failed.iter().map(|(name, _)| name.as_str()).collect();
        let (all, not) = (others + 1, names.join(", "));
        let words = format!("Done for {} of {all}, not for {not}: {}", all - failed.len(), first.message);
        Err(Error::new(first.kind, words).advise(first.advice.clone()))
    }

    fn alive_beside(&self, token: &str) -> Result<Vec<JournalEntry>> {
        let token: Token = token.parse().map_err(|error| Error::usage(format!("{error}.")))?;
        let mut others = self.alive_of_group(&token)?;
        others.retain(|entry| entry.token != token);
        Ok(others)
    }

    fn whose(&self, entry: &JournalEntry) -> String {
        text::fit(&text::clean(&self.row(None, entry).audience.name.unwrap_or_default()), 24)
    }
}

//! Sealed files do not outlive their handoffs: whoever knows first that one ended takes
//! its file away.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::TimeDelta;

use super::place;
use crate::handoff::{Standing, Token};
use crate::service::transfer::arrive::Lock;
use crate::service::{CarriedBy, CarriedState, CarryWay, Error, Result, Service, blocking};
use crate::store::journal::Book;
use crate::store::{CarriedFile, CarryStore, JournalEntry, Stage};

/// Nothing lives longer, from its creation on, however it is extended.
const LONGEST: TimeDelta = TimeDelta::days(7);

/// Who took a handoff for good may fetch its conversation for so long; who does takes
/// the file away then.
const TAKERS: TimeDelta = TimeDelta::hours(1);
/// A publishing that was killed may leave a git behind that goes on with its push: for
/// so long what is not there may still come.
const LATE: TimeDelta = TimeDelta::hours(1);
/// How long taking one away may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// Whether a handoff ended.
enum Over {
    No,
    Yes,
    /// Its time is over, unless another device gave it more.
    InTime,
}

impl Service {
    /// Takes away what belongs to no living handoff any more, behind everything else.
    pub fn take_away_ended(&self) {
        let is_due = |(book, _): (Book, _)| book.carried.values().any(|file| self.is_due(&book, file));
        if self.0.journal.load().is_ok_and(is_due) {
            let service = self.clone();
            drop(self.0.chores.spawn(async move { service.take_away_due().await }));
        }
    }

    /// The same, waited for.
    pub(crate) async fn take_away_due(&self) {
        let Ok((book, _)) = self.0.journal.load() else { return };
        for (name, _) in book.carried.iter().filter(|(_, file)| self.is_due(&book, file)) {
            if let Err(error) = self.take_one_away(name).await {
                self.warn(format!(
                    "A sealed file could not be removed yet, which is tried again later: {}",
                    error.message
                ));
            }
        }
    }

    async fn take_one_away(&self, name: &str) -> Result<()> {
        // Who is just putting it there sees to it.
        let (state, id) = (self.0.settings.paths.state.clone(), name.to_owned());
        let Some(lock) = blocking(move || Lock::at_once(&state, &id, true)).await? else { return Ok(()) };
        let taken = self.take_locked_away(name).await;
        lock.done();
        taken
    }

    /// The same, while nobody else does anything with it. What is known of it is read
    /// now: a publishing may have come to its end since it was found to be due.
    async fn take_locked_away(&self, name: &str) -> Result<()> {
        let (book, _) = self.0.journal.load()?;
        let due = book.carried.get(name).filter(|file| self.is_due(&book, file));
        let Some((file, store)) = due.and_then(|file| Some((file, file.store.as_ref()?))) else {
            return Ok(());
        };
        let now = self.now();
        let entry = entry_of(&book, &file.token);
        if let Some(entry) = entry.filter(|entry| matches!(self.over(entry), Over::InTime))
            && self.lives_longer(entry).await
        {
            return Ok(());
        }
        let taken = tokio::time::timeout(PATIENCE, self.take_from_store(store, name)).await;
        let Ok(taken) = taken else {
            let place = place(store, self.0.settings.home.as_deref());
            return Err(Error::failed(format!("It takes too long {place}.")));
        };
        let may_come = entry.is_none() && now < file.at + LATE;
        if matches!(taken, Ok(was_there) if was_there || !may_come) {
            self.note(|book| {
                if let Some(file) = book.carried.get_mut(name) {
                    file.taken_away = true;
                }
            });
        }
        // Of what hardly got there it was said just now why.
        if may_come { Ok(()) } else { taken.map(drop) }
    }

    /// Whether another device gave a handoff more time, or nobody can say.
    async fn lives_longer(&self, entry: &JournalEntry) -> bool {
        let may = self.now() <= entry.created_at + LONGEST;
        let identity = if self.is_locked() { None } else { self.identity().await.ok() };
        let place = identity.and_then(|identity| self.place_of(&identity, entry));
        let Some(place) = place else { return may };
        match self.look(&place, &mut |_| {}).await {
            Ok((Standing::Record { record, .. }, _)) => record.expires_at() > self.now(),
            Ok(_) => false,
            Err(_) => may,
        }
    }

    /// The names of the files that are to be taken away.
    pub(crate) fn to_be_taken_away(&self) -> BTreeSet<String> {
        let Ok((book, aside)) = self.0.journal.load() else { return BTreeSet::new() };
        self.tell_aside(aside);
        let due = book.carried.iter().filter(|(_, file)| self.is_due(&book, file));
        due.map(|(name, _)| name.clone()).collect()
    }

    /// Whether a file lies somewhere that belongs to no living handoff any more.
    pub(crate) fn is_due(&self, book: &Book, file: &CarriedFile) -> bool {
        let over = || match entry_of(book, &file.token) {
            Some(entry) => !matches!(self.over(entry), Over::No),
            // It may be among those that a newer cclink wrote.
            None => book.unread_handoffs() == 0 || self.now() > file.at + LONGEST,
        };
        // By a clock that is wrong all time is over.
        file.store.is_some()
            && !file.taken_away
            && over()
            && self.check_clock().is_ok_and(|doubt| doubt.is_none())
    }

    fn over(&self, entry: &JournalEntry) -> Over {
        match entry.stage {
            Stage::Burned if entry.picked_up.as_ref().is_some_and(|by| self.now() < by.at + TAKERS) => {
                Over::No
            }
            Stage::Failed | Stage::Burned | Stage::Revoked => Over::Yes,
            _ if entry.ending.is_some() => Over::Yes,
            Stage::Publishing | Stage::Published if self.now() > entry.expires_at() => Over::InTime,
            Stage::Publishing | Stage::Published => Over::No,
        }
    }

    /// The sealed files of this device, by their handoffs' tokens.
    pub(crate) fn carried_by_token(&self, book: &Book) -> BTreeMap<String, CarriedBy> {
        let all = book.carried.values().map(|file| {
            let state = if file.taken_away {
                CarriedState::TakenAway
            } else if self.is_due(book, file) {
                CarriedState::Leaving
            } else {
                CarriedState::There
            };
            let way = file.store.as_ref().map_or(CarryWay::File, CarryStore::way);
            (file.token.to_string(), CarriedBy { way, bytes: file.bytes, state: Some(state) })
        });
        all.collect()
    }
}

fn entry_of<'a>(book: &'a Book, token: &Token) -> Option<&'a JournalEntry> {
    book.handoffs.iter().find(|entry| entry.token == *token)
}

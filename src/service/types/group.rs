//! Several people's handoffs that are one for who published them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::super::ErrorKind;
use super::{AudienceView, Error, Listed, PickedUp, Published, State};
use crate::handoff::{Hidden, Ttl};
use crate::text;

/// Which handoffs one of the list belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupView {
    /// Tells it from others of the same name.
    pub id: String,
    /// The team's name, or the people's: `anna, ben`.
    pub name: String,
    /// For how many people it was meant.
    pub of: usize,
    /// How many of them picked theirs up.
    pub picked_up: usize,
    /// Each of its handoffs that the journal knows, as the journal knows it.
    #[serde(skip)]
    pub members: Arc<[Member]>,
}

/// One person of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// A contact's name, or the key where it has none.
    pub name: String,
    /// The handoff's token.
    pub token: String,
    /// Its link.
    pub link: Option<Hidden<String>>,
    /// Where it stands.
    pub state: State,
    /// Who took it.
    pub picked_up: Option<PickedUp>,
}

impl GroupView {
    /// "1 of 3 picked up, 1 not published".
    pub fn words(&self) -> String {
        let is = |state: State| {
            let those = self.members.iter().filter(|member| member.state == state);
            those.filter(|member| member.picked_up.is_none()).count()
        };
        let missing = self.of.saturating_sub(self.members.len()) + is(State::Failed);
        let revoked = is(State::Revoked);
        let mut words = vec![format!("{} of {} picked up", self.picked_up, self.of)];
        words.extend((missing > 0).then(|| format!("{missing} not published")));
        words.extend((revoked > 0).then(|| format!("{revoked} revoked")));
        words.join(", ")
    }

    /// Those that a reader could still pick up.
    pub fn alive(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.state.is_alive())
    }
}

impl Listed {
    /// One row for each group, in the place of its first: the first that is alive, else
    /// the first.
    pub fn one_a_group(rows: Vec<Self>) -> Vec<Self> {
        let mut shown: Vec<Self> = Vec::new();
        for row in rows {
            let id = |row: &Self| row.group.as_ref().map(|group| group.id.clone());
            match shown.iter_mut().find(|known| known.group.is_some() && id(known) == id(&row)) {
                Some(known) if row.state.is_alive() && !known.state.is_alive() => *known = row,
                // What is wrong with one of them is worth telling of all.
                Some(known) if trouble(row.state) > trouble(known.state) => known.state = row.state,
                Some(_) => {}
                None => shown.push(row),
            }
        }
        shown.into_iter().map(Self::for_its_group).collect()
    }

    /// The same as the row of its group: picked up once everyone has done so.
    fn for_its_group(mut self) -> Self {
        let Some(group) = &self.group else { return self };
        let taken = group.members.iter().filter_map(|member| member.picked_up.as_ref());
        let last = taken.max_by_key(|taken| taken.at).cloned();
        self.picked_up = last.filter(|_| group.picked_up >= group.of);
        if self.state == State::PickedUp && self.picked_up.is_none() {
            self.state = State::Live;
        }
        self
    }

    /// Where it stands, in words; of a group, how many picked theirs up.
    pub fn state_words(&self) -> String {
        let Some(group) = &self.group else { return self.state.words().to_owned() };
        let is_told = trouble(self.state) > 0 || matches!(self.state, State::Publishing | State::Expired);
        if is_told { format!("{}, {}", group.words(), self.state.words()) } else { group.words() }
    }

    /// Whether a reader could still pick it up; of a group, any of them.
    pub fn is_alive(&self) -> bool {
        match &self.group {
            Some(group) if !group.members.is_empty() => group.alive().next().is_some(),
            _ => self.state.is_alive(),
        }
    }

    /// How many handoffs stand behind the row that could be picked up.
    pub fn count_alive(&self) -> usize {
        match &self.group {
            Some(group) if !group.members.is_empty() => group.alive().count(),
            _ => usize::from(self.state.is_alive()),
        }
    }

    /// The token to act on: of a group one that is alive, and stands for all.
    pub fn acted_on(&self) -> &str {
        let alive = self.group.as_ref().and_then(|group| group.alive().next());
        match alive {
            Some(member) if !self.state.is_alive() => &member.token,
            _ => &self.token,
        }
    }
}

/// How much there is to worry about.
fn trouble(state: State) -> u8 {
    match state {
        State::Lost => 3,
        State::Unknown => 2,
        State::Fading => 1,
        _ => 0,
    }
}

/// What came of publishing, to whoever it was.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It is out.
    One(Box<Published>),
    /// It is out to several, or to some of them.
    Several(Box<PublishedAll>),
}

/// One session, published to several people: a handoff each.
#[derive(Clone, Debug, Serialize)]
pub struct PublishedAll {
    /// Who may read it: the team, or the people by their names.
    pub audience: AudienceView,
    /// As `list` names it.
    pub group: String,
    /// The session's UUID.
    pub session_id: String,
    /// The project's path.
    pub project: String,
    /// The title that travelled.
    pub title: Option<String>,
    /// Whole seconds, UTC; of the first.
    #[serde(serialize_with = "crate::handoff::time::serialize")]
    pub created_at: DateTime<Utc>,
    /// Whole seconds, UTC; of the first.
    #[serde(serialize_with = "crate::handoff::time::serialize")]
    pub expires_at: DateTime<Utc>,
    /// Seconds.
    pub ttl: Ttl,
    /// Whether each is taken away by its first pickup.
    pub burn_after_read: bool,
    /// Those that are out; never none.
    pub handoffs: Vec<Published>,
    /// To whom it could not be published.
    pub failed: Vec<NotPublished>,
    /// Things the user should know of all of them, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// To whom it could not be published.
#[derive(Clone, Debug, Serialize)]
pub struct NotPublished {
    /// A contact's name, or the key where it has none.
    pub name: String,
    /// `pk:…`.
    pub public_key: String,
    /// Why.
    pub error: String,
    /// The same with what to do, and its exit code.
    #[serde(skip)]
    pub cause: Error,
}

impl PublishedAll {
    /// For how many people it was meant.
    pub fn of(&self) -> usize {
        self.handoffs.len() + self.failed.len()
    }

    /// What to tell: what holds for all once, else with the name of whom it concerns.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.warnings.clone();
        for published in &self.handoffs {
            for words in &published.warnings {
                let is_for_all = self.handoffs.iter().all(|other| other.warnings.contains(words));
                let note = match &published.audience.name {
                    Some(name) if !is_for_all => format!("{}: {words}", text::fit(&text::clean(name), 24)),
                    _ => words.clone(),
                };
                if !notes.contains(&note) {
                    notes.push(note);
                }
            }
        }
        notes
    }

    /// That some did not get it; `None` where all did.
    pub fn failure(&self) -> Option<Error> {
        let first = self.handoffs.first().filter(|_| !self.failed.is_empty())?;
        let error = NotPublished::error(&self.failed, self.of())?;
        let advice = &error.advice;
        let (them, live) = match self.handoffs.len() {
            1 => ("it", "The other one is live"),
            _ => ("them", "The others are live"),
        };
        let again = "publish again to reach everyone (what is out is replaced, not doubled)";
        let words = format!("{advice} {live}: `cclink revoke {}` revokes {them}; {again}.", first.token);
        Some(error.advise(words.trim_start()))
    }
}

impl NotPublished {
    /// All of these as one error; `None` where there are none.
    pub(in crate::service) fn error(failed: &[Self], of: usize) -> Option<Error> {
        let first = &failed.first()?.cause;
        let is_one_reason = failed.iter().all(|other| other.cause.kind == first.kind);
        let kind = if is_one_reason { first.kind } else { ErrorKind::Failed };
        let mut why: Vec<(&str, Vec<String>)> = Vec::new();
        for one in failed {
            let name = text::fit(&text::clean(&one.name), 24);
            match why.iter_mut().find(|(error, _)| *error == one.error) {
                Some((_, names)) => names.push(name),
                None => why.push((&one.error, vec![name])),
            }
        }
        // A reason that is that of several is told once.
        let why: Vec<String> =
            why.into_iter().map(|(error, names)| format!("{}: {error}", names.join(", "))).collect();
        let how_many = format!("{} of {of} could not be published", failed.len());
        Some(Error::new(kind, format!("{how_many}. {}", why.join(" "))).advise(first.advice.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::State::{Burned, Failed, Live, Lost, PickedUp as Taken, Revoked};
    use super::*;

    fn group(states: &[(State, bool)], of: usize) -> GroupView {
        let taken = || PickedUp { at: DateTime::UNIX_EPOCH, hostname: "laptop".to_owned() };
        let member = |(state, is_taken): &(State, bool)| Member {
            name: "anna".to_owned(),
            token: "s1".to_owned(),
            link: None,
            state: *state,
            picked_up: is_taken.then(taken),
        };
        let picked_up = states.iter().filter(|(_, is_taken)| *is_taken).count();
        let members: Vec<Member> = states.iter().map(member).collect();
        GroupView { id: "g".to_owned(), name: "backend".to_owned(), of, picked_up, members: members.into() }
    }

    #[test]
    fn the_row_of_a_group_tells_what_is_wrong_with_any_of_it() {
        let row = |state: State, group: &GroupView| Listed {
            token: "s1".to_owned(),
            audience: AudienceView { kind: crate::handoff::AudienceKind::Share, name: None },
            session_id: String::new(),
            project: String::new(),
            label: None,
            title: None,
            state,
            burn_after_read: false,
            created_at: DateTime::UNIX_EPOCH,
            expires_at: DateTime::UNIX_EPOCH,
            copies: None,
            link: None,
            web_link: None,
            pin: None,
            ssh: None,
            named: super::super::Named::default(),
            own: true,
            phone_pass: false,
            announced_at: None,
            picked_up: None,
            carry: None,
            group: Some(group.clone()),
        };
        for (states, words) in [
            (vec![Live, Lost, Live], "0 of 3 picked up, lost"),
            // Of one who picked it up the others are still to do so.
            (vec![Taken, Live], "0 of 2 picked up"),
            (vec![Burned, Live], "0 of 2 picked up"),
        ] {
            let members: Vec<_> = states.iter().map(|state| (*state, false)).collect();
            let group = group(&members, states.len());
            let rows = states.iter().map(|state| row(*state, &group)).collect();
            let rows = Listed::one_a_group(rows);
            assert_eq!(rows.len(), 1);
            assert!(rows[0].is_alive() && rows[0].state.is_alive(), "{states:?}");
            assert_eq!(rows[0].state_words(), words, "{states:?}");
        }
    }

    #[test]
    fn who_picked_up_and_who_was_never_reached_is_counted() {
        for (states, of, words) in [
            (vec![(Live, false), (Taken, true), (Live, false)], 3, "1 of 3 picked up"),
            (vec![(Burned, true), (Failed, false)], 2, "1 of 2 picked up, 1 not published"),
            // Killed before it came to the third.
            (vec![(Live, false), (Failed, false)], 3, "0 of 3 picked up, 2 not published"),
            // What was picked up before it was revoked was picked up.
            (vec![(Revoked, true), (Revoked, false)], 2, "1 of 2 picked up, 1 revoked"),
        ] {
            assert_eq!(group(&states, of).words(), words);
        }
    }
}

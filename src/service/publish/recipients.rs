//! Who `--share` means: a contact, a key, a team of the configuration, or several of
//! these with commas between them.

use std::collections::BTreeMap;

use crate::handoff::PublicKey;
use crate::service::{Error, Result, Service};
use crate::store::Contact;
use crate::text;

/// More people are not published to at once: each costs the network a handoff.
const MOST: usize = 50;
/// How alike two names must be for one to be meant by the other, as for commands.
const ALIKE: f64 = 0.7;
/// Columns of a name that is shown, and of a list of them that is kept.
const NAME: usize = 60;

/// Who is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whom {
    One(PublicKey),
    Several(Several),
}

/// Several people, each of whom gets a handoff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Several {
    /// The team's name, or theirs: `anna, ben`.
    pub name: String,
    /// Each once, in the order in which they were named.
    pub people: Vec<Person>,
    /// Whether the user is one of those that were named; nothing is published to them.
    pub with_me: bool,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub key: PublicKey,
    /// A contact's name, or the key where it has none.
    pub name: String,
}

impl Service {
    /// Who is meant by what a user typed; with `me`, which is left out of several.
    pub(crate) fn whom(&self, typed: &str, me: Option<&PublicKey>) -> Result<Whom> {
        let contacts = self.0.contacts.load()?;
        Book { contacts: &contacts, teams: &self.0.settings.config.teams }.whom(typed, me)
    }

    /// Whether that means several people.
    pub fn is_several(&self, typed: &str) -> Result<bool> {
        Ok(matches!(self.whom(typed, None)?, Whom::Several(_)))
    }

    /// What is wrong with the teams in the configuration, each in a sentence; contacts
    /// that cannot be read are told elsewhere.
    pub fn team_faults(&self) -> Vec<String> {
        let contacts = self.0.contacts.load().unwrap_or_default();
        let book = Book { contacts: &contacts, teams: &self.0.settings.config.teams };
        let faults = book.teams.keys().filter_map(|team| book.whom(team, None).err());
        faults.map(|error| format!("{} {}", error.message, error.advice).trim_end().to_owned()).collect()
    }
}

/// The names that there are.
struct Book<'a> {
    contacts: &'a [Contact],
    teams: &'a BTreeMap<String, Vec<String>>,
}

impl Book<'_> {
    fn whom(&self, typed: &str, me: Option<&PublicKey>) -> Result<Whom> {
        // A contact's name may have a comma in it.
        if !self.teams.contains_key(typed)
            && let Some(key) = self.key_of(typed)
        {
            return Ok(Whom::One(key));
        }
        let mut words: Vec<&str> = Vec::new();
        for word in typed.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            if !words.contains(&word) {
                words.push(word);
            }
        }
        let is_list = typed.contains(',');
        // What stands alone is told as it was typed.
        let words = if is_list { words } else { vec![typed] };
        self.refuse_double(&words)?;
        let names_team = words.iter().any(|word| self.teams.contains_key(*word));
        let people = self.all_of(&words)?;
        match people.as_slice() {
            [only] if !names_team => Ok(Whom::One(only.key)),
            _ => self.several(typed, &words, people, me).map(Whom::Several),
        }
    }

    fn several(
        &self,
        typed: &str,
        words: &[&str],
        mut people: Vec<Person>,
        me: Option<&PublicKey>,
    ) -> Result<Several> {
        let all = people.len();
        people.retain(|person| Some(&person.key) != me);
        let with_me = people.len() < all;
        let shown = shown(typed);
        if people.is_empty() {
            let words = if with_me { "names nobody but you" } else { "names nobody" };
            let advice = "Add people under `[teams]` (`cclink config`), or leave out --share to publish to \
                          your own devices.";
            return Err(Error::usage(format!("`{shown}` {words}.")).advise(advice));
        }
        if people.len() > MOST {
            return Err(Error::usage(format!(
                "`{shown}` names {} people; at most {MOST} fit.",
                people.len()
            ))
            .advise("Publish to fewer at once."));
        }
        let mut names: Vec<String> = Vec::new();
        for word in words {
            let name = match self.key_of(word) {
                _ if self.teams.contains_key(*word) => (*word).to_owned(),
                Some(key) if Some(&key) == me => continue,
                Some(key) => short(&self.name_of(&key)),
                None => continue,
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Ok(Several { name: text::fit(&names.join(", "), NAME), people, with_me })
    }

    /// A name must not mean one thing today and, with a new contact, another tomorrow.
    fn refuse_double(&self, words: &[&str]) -> Result<()> {
        let both = |word: &&&str| {
            self.teams.contains_key(**word) && self.contacts.iter().any(|known| known.name == ***word)
        };
        let Some(word) = words.iter().find(both) else { return Ok(()) };
        let word = shown(word);
        Err(Error::usage(format!("`{word}` names both a contact and a team.")).advise(format!(
            "Rename the team under `[teams]` (`cclink config`), or remove the contact: `cclink contacts remove \
             {word}`."
        )))
    }

    /// Everybody whom these words name, each once.
    fn all_of(&self, words: &[&str]) -> Result<Vec<Person>> {
        let (mut people, mut unknown): (Vec<Person>, Vec<(&str, Option<&str>)>) = (Vec::new(), Vec::new());
        let mut add = |word, team| match self.key_of(word) {
            Some(key) if people.iter().all(|known| known.key != key) => {
                people.push(Person { key, name: self.name_of(&key) });
            }
            Some(_) => {}
            None => unknown.push((word, team)),
        };
        for word in words {
            match self.teams.get(*word) {
                Some(members) => members.iter().for_each(|member| add(member, Some(*word))),
                None => add(word, None),
            }
        }
        if unknown.is_empty() { Ok(people) } else { Err(self.unknown(&unknown)) }
    }

    fn key_of(&self, word: &str) -> Option<PublicKey> {
        let contact = self.contacts.iter().find(|known| known.name == word).and_then(Contact::key);
        contact.or_else(|| word.parse().ok())
    }

    fn name_of(&self, key: &PublicKey) -> String {
        let text = key.to_string();
        let contact = self.contacts.iter().find(|known| known.public_key == text);
        contact.map_or(text, |known| known.name.clone())
    }

    /// Which of the words mean nobody, and what each may have meant.
    fn unknown(&self, words: &[(&str, Option<&str>)]) -> Error {
        let called = |(word, team): &(&str, Option<&str>)| match team {
            Some(team) => format!("`{}` in the team {}", shown(word), shown(team)),
            None => format!("`{}`", shown(word)),
        };
        let all: Vec<String> = words.iter().map(called).collect();
        let said = match all.as_slice() {
            [only] => format!("{only} is not a contact or a public key."),
            all => format!("These are not contacts or public keys: {}.", all.join(", ")),
        };
        let meant: Vec<String> = words
            .iter()
            .filter_map(|(word, team)| self.nearest(word, team.is_none()))
            .map(|name| format!("`{name}`"))
            .collect();
        let lists = "`cclink contacts` lists names; a key is `pk:` and 52 characters.";
        let advice = if meant.is_empty() {
            lists.to_owned()
        } else {
            format!("Did you mean {}? {lists}", meant.join(", "))
        };
        Error::usage(said).advise(advice)
    }

    /// The name that is nearest to a word.
    fn nearest(&self, word: &str, teams: bool) -> Option<String> {
        let word = word.to_lowercase();
        let teams = self.teams.keys().filter(|_| teams);
        let names = self.contacts.iter().map(|known| &known.name).chain(teams);
        let judged = names.map(|name| (likeness(&word, &name.to_lowercase()), name));
        let alike = judged.filter(|(alike, _)| *alike > ALIKE);
        alike.max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, name)| shown(name))
    }
}

/// How alike two names are, from 0 to 1: short ones also by a single slip.
fn likeness(word: &str, name: &str) -> f64 {
    let slipped = word.chars().count() > 2 && strsim::osa_distance(word, name) == 1;
    strsim::jaro(word, name).max(if slipped { ALIKE + 0.1 } else { 0.0 })
}

/// A key in short, a name as it is.
pub(crate) fn short(name: &str) -> String {
    if name.starts_with("pk:") { text::fit(name, 12) } else { name.to_owned() }
}

fn shown(word: &str) -> String {
    text::fit(&text::clean(word), NAME)
}

#[cfg(test)]
mod tests;

//! What may be meant by the word that somebody is typing: of what is on this device,
//! by its files alone. Nothing is written, no network asked, no key opened.

use super::{AudienceKind, Service};
use crate::store::{JournalEntry, Stage};
use crate::text;

/// Sessions whose titles are read: more than a shell shows.
const MOST: usize = 30;
/// Characters of a token and of a session's id at least: what other devices publish is
/// not known here, and a word of the fewest that are understood looks like any other.
const TOKEN: usize = 6;
const ID: usize = 8;

/// A word that can be typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The word.
    pub word: String,
    /// What it stands for.
    pub about: String,
}

impl Service {
    /// Tokens of this device's handoffs that are out, newest first, as short as they
    /// can be typed.
    pub fn suggest_tokens(&self, typed: &str) -> Vec<Suggestion> {
        let Ok(Some(book)) = self.0.journal.peek() else { return Vec::new() };
        let all: Vec<String> = book.handoffs.iter().map(|entry| entry.token.to_string()).collect();
        let now = self.now();
        let is_out = |entry: &JournalEntry| {
            matches!(entry.stage, Stage::Publishing | Stage::Published) && entry.expires_at() > now
        };
        let out = book.handoffs.iter().rev().filter(|entry| is_out(entry));
        let named = out.map(|entry| {
            let title = entry.title.as_deref().or(entry.label.as_deref()).unwrap_or(&entry.project);
            (entry.token.to_string(), text::clean(title))
        });
        shortened(named.collect(), &all, typed, TOKEN)
    }

    /// Ids of sessions, the newest first, as short as they can be typed.
    pub fn suggest_sessions(&self, typed: &str) -> Vec<Suggestion> {
        let typed = typed.to_ascii_lowercase();
        let Ok(store) = self.store() else { return Vec::new() };
        let (sessions, all) = store.newest(MOST, &|id| id.starts_with(&typed));
        let shown = sessions.into_iter().filter(|session| !session.hidden);
        let named = shown.map(|session| (session.session_id, session.title));
        shortened(named.collect(), &all, &typed, ID)
    }

    /// Names of contacts.
    pub fn suggest_contacts(&self, typed: &str) -> Vec<Suggestion> {
        let contacts = self.0.contacts.load().unwrap_or_default().into_iter();
        let named = contacts.filter(|contact| contact.name.starts_with(typed));
        named.map(|contact| Suggestion { about: short(&contact.public_key), word: contact.name }).collect()
    }

    /// To whom can be published: contacts, then teams; behind a comma one more.
    pub fn suggest_recipients(&self, typed: &str) -> Vec<Suggestion> {
        let (before, typed) = typed.rsplit_once(',').map_or(("", typed), |(before, last)| (before, last));
        let before = if before.is_empty() { String::new() } else { format!("{before},") };
        let is_new = |name: &str| !before.split(',').any(|known| known.trim() == name);
        let teams = self.0.settings.config.teams.iter().filter(|(name, _)| name.starts_with(typed));
        let teams = teams.map(|(name, members)| Suggestion {
            word: name.clone(),
            about: text::clean(&format!("team: {}", members.join(", "))),
        });
        let all = self.suggest_contacts(typed).into_iter().chain(teams);
        let new = all.filter(|one| is_new(&one.word));
        new.map(|one| Suggestion { word: format!("{before}{}", one.word), ..one }).collect()
    }

    /// What can be picked up: from contacts, and what this device published, but for
    /// links, whose secret a token leaves out.
    pub fn suggest_targets(&self, typed: &str) -> Vec<Suggestion> {
        let link = AudienceKind::Link.letter();
        let tokens = self.suggest_tokens(typed).into_iter().filter(|token| !token.word.starts_with(link));
        self.suggest_contacts(typed).into_iter().chain(tokens).collect()
    }
}

/// The names that begin with what was typed, each as short as no other name begins.
fn shortened(named: Vec<(String, String)>, all: &[String], typed: &str, least: usize) -> Vec<Suggestion> {
    let begun = named.into_iter().filter(|(name, _)| name.starts_with(typed));
    let short = begun.map(|(name, about)| {
        let is_only = |length: &usize| {
            let short = name.get(..*length);
            short.is_none_or(|short| !all.iter().any(|other| *other != name && other.starts_with(short)))
        };
        let length = (least.max(typed.len())..name.len()).find(is_only).unwrap_or(name.len());
        Suggestion { word: name.get(..length).unwrap_or(&name).to_owned(), about }
    });
    short.collect()
}

/// `pk:abcdef…`: enough of a key to tell it from others.
fn short(key: &str) -> String {
    text::fit(key, 12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_short_as_they_mean_one() {
        let all = ["d111111111", "d111112222", "s333333333"].map(str::to_owned);
        let named: Vec<_> = all.iter().map(|name| (name.clone(), "x".to_owned())).collect();
        let words = |typed: &str| -> Vec<String> {
            shortened(named.clone(), &all, typed, 6).into_iter().map(|one| one.word).collect()
        };
        assert_eq!(words(""), ["d111111", "d111112", "s33333"]);
        assert_eq!(words("d11111"), ["d111111", "d111112"]);
        assert_eq!(words("d11111222"), ["d11111222"]);
        assert_eq!(words("é"), Vec::<String>::new());
    }
}

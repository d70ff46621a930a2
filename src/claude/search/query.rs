//! What to look for in conversations: words, and filters of the session.

use std::fmt;
use std::path::Path;

use chrono::{DateTime, Days, Local, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};

use super::fold::fold;
use crate::claude::Session;

/// A query as typed: words in any order, `"words that stand together"`, and the
/// filters `project:`, `branch:` and `since:` (`2d`, `12h`, `3w`, `2026-11-01`,
/// `today`, `yesterday`). Any text is a query; printing it and reading it again
/// gives the same one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Words and phrases, as typed. All must stand in one message.
    pub words: Vec<String>,
    /// Parts of the project's path; all must be in it.
    pub projects: Vec<String>,
    /// Parts of the branch's name; all must be in it.
    pub branches: Vec<String>,
    /// Not older than any of these.
    pub since: Vec<Since>,
    /// Values of `since:` that are no time, as typed. They filter nothing.
    pub unread: Vec<String>,
}

/// How old a session may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// So many hours.
    Hours(u16),
    /// So many days.
    Days(u16),
    /// So many weeks.
    Weeks(u16),
    /// From the start of this day, here.
    Date(NaiveDate),
    /// From the start of the day so many days ago, here: today or yesterday.
    Today(bool),
}

impl Since {
    /// From `12h`, `2d`, `3w`, `today`, `yesterday` or a date.
    pub fn read(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        match &*lower {
            "today" => return Some(Self::Today(true)),
            "yesterday" => return Some(Self::Today(false)),
            _ => {}
        }
        if let Ok(date) = NaiveDate::parse_from_str(&lower, "%Y-%m-%d") {
            // What prints with a sign or more digits is not read again.
            return (date.to_string().len() == 10).then_some(Self::Date(date));
        }
        let number = |unit| lower.strip_suffix(unit).filter(|n| n.bytes().all(|b| b.is_ascii_digit()));
        let read = |unit| number(unit)?.parse().ok();
        read('h')
            .map(Self::Hours)
            .or_else(|| read('d').map(Self::Days))
            .or_else(|| read('w').map(Self::Weeks))
    }

    /// The earliest time that passes.
    pub fn earliest(self, now: DateTime<Utc>) -> DateTime<Utc> {
        let midnight = |date: NaiveDate| {
            let start = Local.from_local_datetime(&date.and_time(NaiveTime::MIN)).earliest();
            // Where the clocks jump over midnight: near enough.
            start.map_or_else(|| date.and_time(NaiveTime::MIN).and_utc(), |start| start.to_utc())
        };
        let back =
            |hours: i64| now.checked_sub_signed(TimeDelta::hours(hours)).unwrap_or(DateTime::<Utc>::MIN_UTC);
        match self {
            Self::Hours(n) => back(n.into()),
            Self::Days(n) => back(i64::from(n) * 24),
            Self::Weeks(n) => back(i64::from(n) * 24 * 7),
            Self::Date(date) => midnight(date),
            Self::Today(today) => {
                let date = now.with_timezone(&Local).date_naive();
                midnight(date.checked_sub_days(Days::new(u64::from(!today))).unwrap_or(date))
            }
        }
    }
}

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hours(n) => write!(f, "{n}h"),
            Self::Days(n) => write!(f, "{n}d"),
            Self::Weeks(n) => write!(f, "{n}w"),
            Self::Date(date) => write!(f, "{date}"),
            Self::Today(true) => f.write_str("today"),
            Self::Today(false) => f.write_str("yesterday"),
        }
    }
}

impl Query {
    /// Reads what was typed.
    pub fn parse(text: &str) -> Self {
        let mut query = Self::default();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (key, behind) = filter(rest);
            let (value, behind) = value(behind);
            rest = behind.trim_start();
            match key {
                _ if value.is_empty() => {}
                "project:" => query.projects.push(value),
                "branch:" => query.branches.push(value),
                "since:" => match Since::read(&value) {
                    Some(since) => query.since.push(since),
                    None => query.unread.push(value),
                },
                _ => query.words.push(value),
            }
        }
        query
    }

    /// Nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && !self.filters()
    }

    /// Whether sessions are chosen by more than what was said in them.
    pub fn filters(&self) -> bool {
        !(self.projects.is_empty() && self.branches.is_empty() && self.since.is_empty())
    }

    /// The earliest time of a session's last message.
    pub(crate) fn earliest(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.since.iter().map(|since| since.earliest(now)).max()
    }

    /// Whether a session passes the filters.
    pub fn admits(&self, session: &Session, now: DateTime<Utc>) -> bool {
        let has = |text: &str, parts: &[String]| {
            parts.is_empty() || {
                let text = fold(text);
                parts.iter().all(|part| text.contains(&fold(part)))
            }
        };
        self.earliest(now).is_none_or(|earliest| session.updated_at >= earliest)
            && has(session.git_branch.as_deref().unwrap_or_default(), &self.branches)
            && (has(&session.project, &self.projects)
                || session.cwd.as_deref().is_some_and(|cwd| has(&path_text(cwd), &self.projects)))
    }

    /// Whether everything that this query finds was found by `before`: it may
    /// then be looked for among those hits alone.
    pub fn narrows(&self, before: &Self) -> bool {
        let within = |new: &[String], old: &[String]| {
            old.iter().all(|old| new.iter().any(|new| fold(new).contains(&fold(old))))
        };
        within(&self.words, &before.words)
            && within(&self.projects, &before.projects)
            && within(&self.branches, &before.branches)
            && before.since.iter().all(|since| self.since.contains(since))
    }
}

fn path_text(path: &Path) -> std::borrow::Cow<'_, str> {
    path.to_string_lossy()
}

/// The name of a filter at the start of `text`, and what is behind it.
fn filter(text: &str) -> (&'static str, &str) {
    for key in ["project:", "branch:", "since:"] {
        if let Some((start, behind)) = text.split_at_checked(key.len())
            && start.eq_ignore_ascii_case(key)
        {
            return (key, behind);
        }
    }
    ("", text)
}

/// A word, or what stands in quotes; in quotes `\` keeps the next character.
/// Quotes that are still open go to the end.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (word, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        return (word.to_owned(), rest);
    };
    let mut value = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        let kept = match c {
            '"' => break,
            '\\' => chars.next(),
            c => Some(c),
        };
        match kept {
            // However it is wrapped: one space.
            Some(c) if c.is_whitespace() => {
                if !value.ends_with(' ') {
                    value.push(' ');
                }
            }
            kept => value.extend(kept),
        }
    }
    (value.trim().to_owned(), chars.as_str())
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since: Vec<String> = self.since.iter().map(Since::to_string).collect();
        let parts = [
            ("", &self.words),
            ("project:", &self.projects),
            ("branch:", &self.branches),
            ("since:", &since),
            ("since:", &self.unread),
        ];
        let mut space = "";
        for (key, value) in parts.iter().flat_map(|(key, values)| values.iter().map(move |v| (key, v))) {
            write!(f, "{space}{key}")?;
            space = " ";
            let plain = !value.starts_with('"')
                && !value.contains(char::is_whitespace)
                && (!key.is_empty() || filter(value).0.is_empty());
            if plain {
                f.write_str(value)?;
            } else {
                write!(f, "\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn queries_are_read_as_typed() {
        let query = Query::parse(
            r#"  retry "with  jitter" project:"my proj" BRANCH:feat since:2d since:x say"so" "a \" b"#,
        );
        assert_eq!(query.words, ["retry", "with jitter", "say\"so\"", "a \" b"]);
        assert_eq!(query.projects, ["my proj"]);
        assert_eq!(query.branches, ["feat"]);
        assert_eq!(query.since, [Since::Days(2)]);
        assert_eq!(query.unread, ["x"]);
        assert_eq!(Query::parse("project: since: \"\"").words, [""; 0]);
        assert_eq!(Query::parse("branch:\"0\\\u{a0}\n0\"").branches, ["0 0"]);
        assert!(Query::parse(" \t").is_empty() && !Query::parse("since:1h").is_empty());
        assert_eq!(Query::parse("a /? \"b").to_string(), "a /? b");
        for (text, since) in [
            ("12H", Some(Since::Hours(12))),
            ("3w", Some(Since::Weeks(3))),
            ("2026-11-01", NaiveDate::from_ymd_opt(2026, 11, 1).map(Since::Date)),
            ("today", Some(Since::Today(true))),
            ("2026-13-01", None),
            ("+2d", None),
            ("d", None),
            ("99999999d", None),
            ("2é", None),
        ] {
            assert_eq!(Since::read(text), since, "{text}");
        }
    }

    #[test]
    fn since_counts_back_from_now() {
        let now = DateTime::parse_from_rfc3339("2026-11-25T10:00:00Z").unwrap().to_utc();
        let earliest = |text| crate::handoff::time::print(&Since::read(text).unwrap().earliest(now));
        assert_eq!(earliest("2d"), "2026-11-23T10:00:00Z");
        assert_eq!(earliest("1w"), "2026-11-18T10:00:00Z");
        assert!(Since::read("today").unwrap().earliest(now) <= now);
        let day =
            Since::read("today").unwrap().earliest(now) - Since::read("yesterday").unwrap().earliest(now);
        assert!((23..=25).contains(&day.num_hours()));
        assert!(
            Since::read("2026-11-25").unwrap().earliest(now)
                > Since::read("2026-11-24").unwrap().earliest(now)
        );
        for extreme in ["0001-01-01", "9999-12-31", "65535w"] {
            Since::read(extreme).unwrap().earliest(now);
            Since::read(extreme).unwrap().earliest(DateTime::<Utc>::MIN_UTC);
        }
    }

    #[test]
    fn a_longer_query_narrows() {
        let narrows = |new: &str, old: &str| Query::parse(new).narrows(&Query::parse(old));
        assert!(narrows("retry jit", "ret"));
        assert!(narrows("RÉTRY", "re\u{301}t"));
        assert!(narrows("retry project:x", "retry"));
        assert!(narrows("retry project:xy", "project:x"));
        assert!(!narrows("ret", "retry"));
        assert!(!narrows("retry", "retry project:x"));
        assert!(!narrows("retry since:3d", "retry since:2d"));
    }

    proptest! {
        #[test]
        fn printing_and_reading_gives_the_same(
            text in prop::collection::vec(prop_oneof![
                "\\PC{0,6}", Just(" ".to_owned()), Just("\"".to_owned()), Just("\\".to_owned()),
                Just("project:".to_owned()), Just("since:".to_owned()), Just("2d".to_owned()),
                Just("branch:\"".to_owned()), Just("\u{a0}\n".to_owned()),
            ], 0..12)
        ) {
            let query = Query::parse(&text.concat());
            prop_assert_eq!(Query::parse(&query.to_string()), query.clone());
            prop_assert!(query.narrows(&query));
            query.earliest(Utc::now());
        }
    }
}

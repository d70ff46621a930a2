//! What a look of the background found to be new since the last one: a note on
//! the screen, and a ring for who is not looking at it.

use std::mem::take;
use std::time::Duration;

use super::App;
use crate::tui::message::{
    Action, Effect, IdentityState, News, NewsKind, Note, Now, PassEnd, Report, Step, Tone, Verb, Watch,
    next_look,
};

/// More news than these, and one ring says how many there are: whoever may
/// write to me could send many.
const MOST: usize = 3;

/// What was seen, and what is still to be told of it.
#[derive(Debug, Default)]
pub(super) struct Notices {
    watch: Watch,
    untold: Vec<News>,
    /// When to look again without being asked; the screen looks when it opens.
    next: Option<Duration>,
}

impl App {
    /// Tells what is new in a report; the end of a look tells all of it.
    pub(super) fn notice(&mut self, report: &Report, now: &Now) {
        let Notices { watch, untold, .. } = &mut self.notices;
        match report {
            Report::Inbox(entries) => untold.extend(watch.see_inbox(entries, now.utc())),
            Report::Listed(rows, false) => return watch.know_mine(rows),
            Report::Listed(rows, true) => untold.extend(watch.see_mine(rows, now.utc())),
            Report::PassEnded(_, PassEnd::Used(row)) | Report::Announced(row) | Report::Extended(row) => {
                untold.extend(watch.see_one_of_mine(row, now.utc()));
            }
            // ended ones are told of here only
            Report::Step(Step::Listed(row)) => return untold.extend(watch.see_one_of_mine(row, now.utc())),
            _ => return,
        }
        // an end by time is no surprise: it was counted down to
        let is_told = |one: &News| !matches!(one.event, NewsKind::Waiting | NewsKind::Expired);
        let news: Vec<News> = take(untold).into_iter().filter(is_told).collect();
        if news.len() > MOST {
            return self.ring(&in_numbers(&news), "", now);
        }
        for one in news {
            let next = if one.event == NewsKind::Arrived { "Press 3 to see it." } else { "" };
            self.ring(&one.words(now.utc()), next, now);
        }
    }

    /// When it looks without being asked, where the user wants that.
    pub(super) fn next_look(&self) -> Option<Duration> {
        self.setup.look_every.map(|every| self.notices.next.unwrap_or(every))
    }

    /// Looks, once it is time; not where the key would have to be asked for.
    pub(super) fn look_again(&mut self, now: &Now) {
        let is_due = self.next_look().is_some_and(|next| next <= now.since);
        let Some(every) = self.setup.look_every.filter(|_| is_due) else { return };
        self.notices.next = Some(now.since + next_look(every));
        if matches!(self.identity, Some(IdentityState::Unlocked(_))) {
            self.start_every(Some(every), Action::Inbox, true, now);
            self.look_at_handoffs_every(Some(every), true, now);
            // Nobody waits for these: no spinner.
            self.jobs.hush(Verb::Inbox);
            self.jobs.hush(Verb::List);
        }
    }

    fn ring(&mut self, words: &str, next: &str, now: &Now) {
        self.say(Note::new(Tone::Plain, words).line(next), now);
        if self.setup.rings {
            self.effects.push(Effect::Ring(words.to_owned()));
        }
    }
}

fn in_numbers(news: &[News]) -> String {
    let arrived = news.iter().filter(|one| one.event == NewsKind::Arrived).count();
    match (arrived, news.len() - arrived) {
        (arrived, 0) => format!("{arrived} handoffs arrived."),
        (0, taken) => format!("{taken} of your handoffs were picked up."),
        (arrived, taken) => format!("{arrived} handoffs arrived, and {taken} of yours were picked up."),
    }
}

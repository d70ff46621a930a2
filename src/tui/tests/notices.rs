//! What arrives and what is picked up is told once, and rings.

use std::time::Duration;

use crossterm::event::KeyCode;

use super::{Play, sample};
use crate::service::PickedUp;
use crate::tui::message::{AudienceKind, Effect, Error, InboxEntry, Listed, Report, State, Step, Verb};

/// A screen that rings, before it knows anything.
fn silent_yet(every: Option<Duration>) -> Play {
    Play::set_up(100, 30, |setup| (setup.rings, setup.look_every) = (true, every))
}

fn ringing() -> Play {
    let mut play = silent_yet(None);
    play.fill();
    play
}

impl Play {
    /// What rang since this was last asked.
    fn rung(&mut self) -> Vec<String> {
        let effects = std::mem::take(&mut self.other);
        effects
            .into_iter()
            .filter_map(|effect| if let Effect::Ring(words) = effect { Some(words) } else { None })
            .collect()
    }

    fn look_at_inbox(&mut self, entries: Vec<InboxEntry>) -> Vec<String> {
        self.text("3");
        self.done(Verb::Inbox, Ok(Report::Inbox(entries)));
        self.rung()
    }

    fn look_at_mine(&mut self, rows: Vec<Listed>) -> Vec<String> {
        self.text("2");
        for row in &rows {
            self.step(Verb::List, Report::Step(Step::Listed(Box::new(row.clone()))));
        }
        let alive = rows.into_iter().filter(|row| row.state.is_alive()).collect();
        self.done(Verb::List, Ok(Report::Listed(alive, true)));
        self.rung()
    }
}

fn with(more: &[(u8, &str)]) -> Vec<InboxEntry> {
    let mut entries = sample::inbox();
    entries.extend(more.iter().map(|(at, title)| sample::entry(*at, Some(title), "anna", 3690)));
    entries
}

#[test]
fn what_waits_is_quiet_and_what_arrives_rings_once() {
    let mut play = ringing();
    assert!(play.rung().is_empty(), "the first look tells what waits");
    assert!(play.look_at_inbox(sample::inbox()).is_empty());
    let arrived = with(&[(4, "Fix \u{1b}]52;c;AAAA\u{7}\u{202e}the build")]);
    let rung = play.look_at_inbox(arrived.clone());
    assert_eq!(rung, ["Arrived: “Fix the build” from anna, on framework-desktop, for 1h 1m"]);
    assert!(play.shows("Arrived: “Fix the build” from anna") && play.shows("3 shows the inbox."));
    // Nothing is told twice, not even after a look that failed or missed it.
    play.text("R");
    play.done(Verb::Inbox, Err(Error::cancelled()));
    assert!(play.look_at_inbox(sample::inbox()).is_empty());
    assert!(play.look_at_inbox(arrived).is_empty());
    play.wait(Duration::from_secs(13));
    play.app.tick(&play.now);
    assert!(!play.shows("Arrived:"), "{}", play.screen());
}

#[test]
fn the_creator_is_told_of_a_pickup() {
    let mut play = ringing();
    let mut rows = sample::handoffs();
    assert!(play.look_at_mine(rows.clone()).is_empty(), "one of them was picked up before");
    let by = |minutes| {
        let at = sample::now().to_utc() + chrono::Duration::minutes(minutes);
        Some(PickedUp { at, hostname: "pixel-9".to_owned() })
    };
    (rows[0].state, rows[0].picked_up) = (State::PickedUp, by(1));
    (rows[2].state, rows[2].picked_up) = (State::Burned, by(1));
    rows[3].state = State::Expired;
    let mut rung = play.look_at_mine(rows.clone());
    rung.sort();
    assert_eq!(
        rung,
        [
            "Picked up by pixel-9 (one-time, now gone): “a session without a title” (pybndrfg8ejk03)",
            "Picked up by pixel-9: “Retry failed uploads with a growing pause” (dybndrfg8ejk01)",
        ]
    );
    assert!(play.shows("Picked up by pixel-9: “Retry failed uploads"), "{}", play.screen());
    assert!(play.look_at_mine(rows.clone()).is_empty());
    // By another reader; and what another device published is its own to tell.
    rows[0].picked_up = by(2);
    let mut other = sample::listed(9, None, AudienceKind::Devices, State::PickedUp, 60);
    other.own = false;
    rows.push(other);
    assert_eq!(play.look_at_mine(rows).len(), 1);
}

#[test]
fn what_was_published_here_and_taken_before_the_first_look_is_told() {
    let mut play = silent_yet(None);
    let mut row = sample::handoffs().remove(0);
    play.done(Verb::Journal, Ok(Report::Listed(vec![row.clone()], false)));
    row.state = State::Burned;
    assert_eq!(play.look_at_mine(vec![row]).len(), 1);
}

#[test]
fn many_at_once_ring_once() {
    let mut play = ringing();
    let many: Vec<(u8, &str)> = (4..40).map(|at| (at, "spam")).collect();
    assert_eq!(play.look_at_inbox(with(&many)), ["36 handoffs arrived."]);
}

#[test]
fn without_notices_only_the_note_is_shown() {
    let mut play = Play::full(100, 30);
    assert!(play.look_at_inbox(with(&[(4, "Fix the build")])).is_empty());
    assert!(play.shows("Arrived: “Fix the build”"));
    // Over a code that is read nothing lies but one line.
    play.text("2").press(KeyCode::Enter);
    assert!(play.shows("Arrived: “Fix the build”"), "{}", play.screen());
}

#[test]
fn it_looks_again_only_where_that_is_wanted_and_possible() {
    for (every, looks) in [(None, false), (Some(Duration::from_mins(1)), true)] {
        let mut play = silent_yet(every);
        play.fill();
        play.jobs.clear();
        // the time that was told is due, and then another one, later
        for _ in 0..2 {
            play.wait(Duration::from_mins(2));
            play.app.tick(&play.now);
            play.collect();
            assert_eq!(play.last(Verb::Inbox).is_some() && play.last(Verb::List).is_some(), looks);
            assert!(play.app.next_wake(&play.now).is_some_and(|wake| wake > Duration::ZERO));
            play.jobs.clear();
        }
    }
    let mut play = silent_yet(Some(Duration::from_mins(1)));
    play.wait(Duration::from_mins(2));
    play.app.tick(&play.now);
    play.collect();
    assert!(play.last(Verb::Inbox).is_none(), "the key is not there yet");
}

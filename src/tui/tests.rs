//! The whole screen without a terminal: keys and events in, buffer out.

mod folders;
mod handoffs;
mod identity;
mod keys;
mod listing;
mod live;
mod made;
mod narrowing;
mod notes;
mod notices;
mod offers;
mod pairing;
mod pastes;
mod phone;
mod picking;
mod publishing;
mod questions;
mod reading;
pub(in crate::tui) mod sample;
mod screens;
mod secrets;
mod several;

use std::time::Duration;

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use super::app::{App, Setup};
use super::message::{
    Action, Draft, Effect, Error, Event, Excerpt, IdentityState, JobId, Now, Progress, Report, Verb,
};
use super::parts::theme::Theme;

/// A handoff that was picked up to go on with it by its first plan.
fn taken(ready: bool) -> Report {
    let taken = sample::taken(ready);
    let plan = taken.plans[0].clone();
    Report::Taken(Box::new(taken), Box::new(plan))
}

/// The screen, its clock, and what it asked of the loop.
struct Play {
    app: App,
    now: Now,
    size: (u16, u16),
    jobs: Vec<(JobId, Action)>,
    cancelled: Vec<JobId>,
    other: Vec<Effect>,
}

impl Play {
    /// A screen of this size that knows nothing yet.
    fn open(width: u16, height: u16) -> Self {
        Self::set_up(width, height, |_| {})
    }

    fn with(width: u16, height: u16, theme: Theme) -> Self {
        Self::set_up(width, height, |setup| setup.theme = theme)
    }

    /// One that is opened with something else than is usual here.
    fn set_up(width: u16, height: u16, change: impl FnOnce(&mut Setup)) -> Self {
        let mut setup = Setup {
            cwd: "/home/dana/webshop/src".into(),
            home: Some("/home/dana".into()),
            theme: Theme::sixteen(),
            ..Setup::default()
        };
        change(&mut setup);
        let app = App::new(setup);
        let now = Now { local: sample::now(), since: Duration::ZERO };
        let mut play = Self {
            app,
            now,
            size: (width, height),
            jobs: Vec::new(),
            cancelled: Vec::new(),
            other: Vec::new(),
        };
        play.app.resize(width, height);
        play.app.open(&play.now);
        play.collect();
        play
    }

    /// The same with an unlocked key, sessions, handoffs and an inbox.
    fn full(width: u16, height: u16) -> Self {
        let mut play = Self::open(width, height);
        play.fill();
        play
    }

    fn fill(&mut self) {
        let unlocked =
            IdentityState::Unlocked("pk:8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo".into());
        self.done(Verb::Identity, Ok(Report::Identity(unlocked, "private network of 127.0.0.1:6881".into())));
        self.step(Verb::Scan, Report::Sessions(sample::sessions(), Progress::default()));
        self.done(Verb::Scan, Ok(Report::Scanned));
        self.done(Verb::Journal, Ok(Report::Listed(sample::handoffs(), true)));
        self.done(Verb::Inbox, Ok(Report::Inbox(sample::inbox())));
        if let Some(Action::Preview(session, ..)) = self.last(Verb::Preview).map(|(_, action)| action) {
            self.done(Verb::Preview, Ok(Report::Preview(session.path, Excerpt::Last, sample::page())));
        }
    }

    fn collect(&mut self) {
        self.app.settle(&self.now);
        for effect in self.app.take_effects() {
            match effect {
                Effect::Start(id, action, _) => self.jobs.push((id, action)),
                Effect::Cancel(id) => self.cancelled.push(id),
                other => self.other.push(other),
            }
        }
    }

    /// The newest unanswered job of a verb.
    fn last(&self, verb: Verb) -> Option<(JobId, Action)> {
        self.jobs.iter().rev().find(|(_, action)| action.verb() == verb).cloned()
    }

    fn step(&mut self, verb: Verb, report: Report) {
        let (id, _) = self.last(verb).expect("such a job runs");
        self.app.event(Event::Step(id, report), &self.now);
        self.collect();
    }

    /// Ends the newest job of a verb.
    fn done(&mut self, verb: Verb, result: Result<Report, Error>) {
        let (id, _) = self.last(verb).expect("such a job runs");
        self.jobs.retain(|(job, _)| *job != id);
        self.app.event(Event::Done(id, result), &self.now);
        self.collect();
    }

    /// Says what is proposed for the session whose form is open.
    fn drafted(&mut self, draft: Draft) {
        let id = draft.session.session_id.clone();
        self.done(Verb::Draft, Ok(Report::Draft(id, Box::new(draft))));
    }

    /// Ends some running job in a way that its verb can end.
    fn done_if_running(&mut self, at: usize) {
        let Some((_, action)) = self.jobs.get(at % self.jobs.len().max(1)).cloned() else { return };
        let verb = action.verb();
        let result = match (verb, at % 3) {
            (_, 0) => Err(Error::cancelled()),
            (Verb::Find, 1) => Ok(Report::Found(vec![sample::found(true, true), sample::found(false, true)])),
            (Verb::Find, _) => Ok(Report::Found(vec![sample::found(false, true)])),
            (Verb::PickUp, _) => Ok(taken(at.is_multiple_of(2))),
            (Verb::Journal | Verb::List, 1) => Ok(Report::Listed(sample::handoffs(), verb == Verb::List)),
            (Verb::Journal | Verb::List, _) => Ok(Report::Listed(Vec::new(), true)),
            (Verb::Inbox, 1) => Ok(Report::Inbox(Vec::new())),
            (Verb::Inbox, _) => Ok(Report::Inbox(sample::inbox())),
            _ => Err(Error::new(super::message::ErrorKind::Locked, "The key is locked.")),
        };
        self.done(verb, result);
    }

    fn wait(&mut self, time: Duration) -> &mut Self {
        self.now.since += time;
        self.now.local += time;
        self
    }

    fn input(&mut self, input: Input) -> &mut Self {
        self.inputs(vec![input])
    }

    /// What one read of the terminal held; then the picture of it is shown.
    fn inputs(&mut self, inputs: Vec<Input>) -> &mut Self {
        self.app.inputs(inputs, &self.now);
        self.collect();
        self.app.drawn();
        self.app.shown(&self.now);
        self
    }

    fn press(&mut self, code: KeyCode) -> &mut Self {
        self.wait(Duration::from_millis(200)).input(Input::Key(KeyEvent::new(code, KeyModifiers::NONE)))
    }

    fn press_key(&mut self, key: super::keymap::Key) -> &mut Self {
        let modifiers = if key.ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
        self.wait(Duration::from_millis(200)).input(Input::Key(KeyEvent::new(key.code, modifiers)))
    }

    fn ctrl(&mut self, c: char) -> &mut Self {
        self.wait(Duration::from_millis(200))
            .input(Input::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)))
    }

    fn text(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            self.press(KeyCode::Char(c));
        }
        self
    }

    /// Keys as a terminal without bracketed paste sends a pasted text.
    fn burst(&mut self, text: &str) -> &mut Self {
        self.wait(Duration::from_millis(200));
        for c in text.chars() {
            let code = if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) };
            self.wait(Duration::from_millis(1)).input(Input::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        }
        self
    }

    fn resize(&mut self, width: u16, height: u16) -> &mut Self {
        self.size = (width, height);
        self.input(Input::Resize(width, height))
    }

    fn buffer(&self) -> Buffer {
        let mut terminal = Terminal::new(TestBackend::new(self.size.0, self.size.1)).expect("a buffer");
        terminal.draw(|frame| self.app.draw(frame, &self.now)).expect("drawn");
        terminal.backend().buffer().clone()
    }

    /// The screen as text, a line a row.
    fn screen(&self) -> String {
        let buffer = self.buffer();
        let width = usize::from(buffer.area.width).max(1);
        let mut out = String::new();
        for row in buffer.content.chunks(width) {
            let mut line = String::new();
            let mut covered = 0;
            for cell in row {
                if covered > 0 {
                    covered -= 1;
                    continue;
                }
                covered = crate::text::width(cell.symbol()).saturating_sub(1);
                line.push_str(cell.symbol());
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    fn shows(&self, words: &str) -> bool {
        self.screen().contains(words)
    }
}

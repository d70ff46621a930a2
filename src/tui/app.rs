//! The state of the screen: keys and events are folded into it, effects come out
//! that only the loop can perform.

mod draw;
mod failure;
mod fold;
mod front;
mod input;
mod notices;
mod pairing;

use std::path::PathBuf;
use std::time::Duration;

use ratatui::layout::Rect;

use self::input::Asked;
use self::notices::Notices;
use super::jobs::Jobs;
use super::keymap;
use super::message::{
    Action, Context, Effect, IdentityState, Intent, Note, Now, Open, PaneId, Report, Tone, Verb,
};
use super::panes::{
    contact::Contact, extend::Extend, folder::Folder, handoffs::Handoffs, identity, pickup::Pickup,
    publish::Publish, qr::Qr, qr::lacks_page, sessions::Sessions,
};
use super::parts::{SPIN, View, confirm::Confirm, theme::Theme, toast::Toasts};
use super::terminal::Clipboard;

/// What the screen is opened with.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// The directory the user is in.
    pub cwd: PathBuf,
    /// Their home folder, shown as `~`.
    pub home: Option<PathBuf>,
    /// How things look.
    pub theme: Theme,
    /// Where the page for phones is served.
    pub web: Option<String>,
    /// The teams of the configuration, each with how many are in it.
    pub teams: Vec<(String, usize)>,
    /// A banner for a demonstration.
    pub demo: Option<String>,
    /// Whether the terminal rings for news.
    pub rings: bool,
    /// How often to look for news without being asked.
    pub look_every: Option<Duration>,
    /// Whether F12 panics.
    pub may_panic: bool,
}

/// The whole screen.
#[allow(clippy::struct_excessive_bools)] // facts that have nothing to do with each other
pub struct App {
    setup: Setup,
    sessions: Sessions,
    handoffs: Handoffs,
    pickup: Pickup,
    at: PaneId,
    overlays: Vec<Box<dyn View>>,
    asked: Asked,
    toasts: Toasts,
    /// Rows that the notes have at the foot of the body.
    note_rows: u16,
    jobs: Jobs,
    identity: Option<IdentityState>,
    asked_for_key: bool,
    network: String,
    /// The network could not be reached when it was asked last.
    offline: bool,
    notices: Notices,
    mouse: bool,
    leaving: bool,
    last_char: Option<Duration>,
    /// Where and when the mouse was clicked last.
    last_click: Option<(u16, u16, Duration)>,
    last_input: Option<Duration>,
    size: Rect,
    effects: Vec<Effect>,
    dirty: bool,
}

impl App {
    /// The screen, before anything is known.
    pub fn new(setup: Setup) -> Self {
        Self {
            sessions: Sessions::new(setup.cwd.clone(), setup.home.as_deref()),
            setup,
            handoffs: Handoffs::default(),
            pickup: Pickup::new(),
            at: PaneId::Sessions,
            overlays: Vec::new(),
            asked: Asked::No,
            toasts: Toasts::default(),
            note_rows: 0,
            jobs: Jobs::default(),
            identity: None,
            asked_for_key: false,
            network: String::new(),
            offline: false,
            notices: Notices::default(),
            mouse: true,
            leaving: false,
            last_char: None,
            last_click: None,
            last_input: None,
            size: Rect::default(),
            effects: Vec::new(),
            dirty: true,
        }
    }

    /// Starts what the first screen needs.
    pub fn open(&mut self, now: &Now) {
        self.start(Action::Identity, true, now);
        let scan = self.sessions.handle(Intent::Refresh, now);
        self.apply(scan, now);
        self.start(Action::Journal(false), true, now);
    }

    /// What the loop has to perform now.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Whether something changed since this was last asked.
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }

    /// Whether there is something to draw.
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// Draw again although nothing changed.
    pub fn touch(&mut self) {
        self.dirty = true;
    }

    /// From now on the screen says that it waits for the last writes.
    pub fn leave(&mut self) {
        (self.leaving, self.dirty) = (true, true);
    }

    /// Tells the user something.
    pub fn say(&mut self, note: Note, now: &Now) {
        self.toasts.say(note, now);
        self.lay_out();
        self.dirty = true;
    }

    /// How many jobs run.
    #[cfg(test)]
    pub fn running(&self) -> usize {
        self.jobs.len()
    }

    /// Back from a command that ran in this terminal; `then` follows.
    pub fn returned(&mut self, note: Note, then: Option<Box<Action>>, now: &Now) {
        self.toasts.say(note, now);
        if let Some(action) = then {
            self.start(*action, true, now);
        }
        let scan = self.sessions.handle(Intent::Refresh, now);
        self.apply(scan, now);
        // what came is here now
        if let Some(found) = self.pickup.offered().cloned() {
            self.start(Action::Plan(Box::new(found)), true, now);
        }
        self.lay_out();
        self.dirty = true;
    }

    /// Starts a job while another command has the terminal; gives what the loop
    /// has to perform for it at once.
    pub fn begin(&mut self, action: Action, now: &Now) -> Vec<Effect> {
        let later = std::mem::take(&mut self.effects);
        self.start(action, true, now);
        std::mem::replace(&mut self.effects, later)
    }

    /// When to wake although nothing happens; `None`: sleep.
    pub fn next_wake(&self, now: &Now) -> Option<Duration> {
        let spin = self.jobs.spins().then(|| {
            let into = now.since.as_millis() % SPIN.as_millis();
            SPIN.saturating_sub(Duration::from_millis(u64::try_from(into).unwrap_or(0)))
        });
        let covered = self.overlays.iter().any(|view| view.context().is_qr());
        let tick = self.pane().changes(now).filter(|_| !covered && !self.too_small());
        let front = self.overlays.last().and_then(|view| view.changes(now)).filter(|_| !self.too_small());
        let toast = self.toasts.next().map(|at| at.saturating_sub(now.since));
        let look = self.next_look().map(|at| at.saturating_sub(now.since));
        [spin, tick, front, toast, look].into_iter().flatten().min()
    }

    /// The time that [`App::next_wake`] named has come.
    pub fn tick(&mut self, now: &Now) {
        self.toasts.sweep(now);
        self.look_again(now);
        self.lay_out();
        self.dirty = true;
    }

    /// Makes sure that this is the size that everything is laid out for.
    pub fn fit(&mut self, width: u16, height: u16) {
        if (self.size.width, self.size.height) != (width, height) {
            self.resize(width, height);
            self.dirty = false;
        }
    }

    /// The terminal has this size now.
    pub fn resize(&mut self, width: u16, height: u16) {
        self.size = Rect::new(0, 0, width, height);
        self.note_rows = self.wanted_note_rows();
        self.give_room();
        let size = self.size;
        for view in &mut self.overlays {
            let room = draw::overlay_area(size, view.context());
            view.set_room(room);
        }
        self.dirty = true;
    }

    /// Gives the notes the rows that they need; the panes have the others.
    fn lay_out(&mut self) {
        let rows = self.wanted_note_rows();
        if std::mem::replace(&mut self.note_rows, rows) != rows {
            self.give_room();
        }
    }

    /// What lies in front keeps its room: beside it a note has the status line.
    fn wanted_note_rows(&self) -> u16 {
        let body = draw::areas(self.size, 0).body;
        if self.overlays.is_empty() { self.toasts.height(body.width, body.height / 3) } else { 0 }
    }

    fn give_room(&mut self) {
        let body = draw::areas(self.size, self.note_rows).body;
        self.sessions.set_room(body);
        self.handoffs.set_room(body);
        self.pickup.set_room(body);
    }

    /// Lets what has the focus do what follows from where it came to rest.
    pub fn settle(&mut self, now: &Now) {
        self.lay_out();
        let effects = self.pane_mut(self.at).settle();
        self.apply(effects, now);
    }

    fn too_small(&self) -> bool {
        self.size.width < draw::LEAST.0 || self.size.height < draw::LEAST.1
    }

    fn pane(&self) -> &dyn View {
        self.pane_of(self.at)
    }

    fn pane_of(&self, pane: PaneId) -> &dyn View {
        match pane {
            PaneId::Sessions => &self.sessions,
            PaneId::Handoffs => &self.handoffs,
            PaneId::Pickup => &self.pickup,
        }
    }

    fn pane_mut(&mut self, pane: PaneId) -> &mut dyn View {
        match pane {
            PaneId::Sessions => &mut self.sessions,
            PaneId::Handoffs => &mut self.handoffs,
            PaneId::Pickup => &mut self.pickup,
        }
    }

    fn top(&self) -> &dyn View {
        self.overlays.last().map_or_else(|| self.pane(), |view| view.as_ref())
    }

    fn top_mut(&mut self) -> &mut dyn View {
        if self.overlays.is_empty() {
            return self.pane_mut(self.at);
        }
        let last = self.overlays.len() - 1;
        self.overlays[last].as_mut()
    }

    fn contexts(&self) -> &'static [Context] {
        keymap::chain(self.top().context(), self.top().choosing())
    }

    /// Does what a key or the palette asks for.
    fn intend(&mut self, intent: Intent, now: &Now) {
        match intent {
            Intent::Quit => self.effects.push(Effect::Quit),
            Intent::Redraw => self.effects.push(Effect::Redraw),
            Intent::Suspend => self.effects.push(Effect::Suspend),
            Intent::Panic if self.setup.may_panic => self.effects.push(Effect::Panic),
            Intent::Mouse => self.toggle_mouse(now),
            Intent::NextPane => self.turn(1, now),
            Intent::PreviousPane => self.turn(2, now),
            Intent::GoSessions => self.leave_for(PaneId::Sessions, now),
            Intent::GoHandoffs => self.leave_for(PaneId::Handoffs, now),
            Intent::GoPickup => self.leave_for(PaneId::Pickup, now),
            Intent::TryAgain => self.try_again(now),
            Intent::Undo => self.undo_revoke(now),
            Intent::Help if self.top().context() != Context::Help => self.open_help(),
            Intent::Palette if self.top().context() != Context::Palette => self.open_palette(),
            Intent::Pair => self.give_key(now),
            Intent::Back => self.back(now),
            // a pasted `dy` must not revoke
            answer if answer.is_answer() && !self.answers(now) => {}
            other => {
                let effects = self.top_mut().handle(other, now);
                self.apply(effects, now);
            }
        }
    }

    /// One step back: what lies in front goes first, then a running job is
    /// cancelled, then a note that stays is put away, then the pane steps back; where it
    /// cannot, any note is put away.
    fn back(&mut self, now: &Now) {
        let context = self.top().context();
        let making_key = matches!(context, Context::Unlock | Context::Welcome);
        if making_key && let Some(id) = self.jobs.cancel_verb(Verb::Unlock) {
            return self.effects.push(Effect::Cancel(id));
        }
        if let Some(auto) = self.stops_with_esc() {
            if let Some(id) = self.jobs.cancel_newest(auto) {
                return self.effects.push(Effect::Cancel(id));
            }
            if self.toasts.dismiss(!self.top().can_leave()) {
                return;
            }
        }
        let effects = self.top_mut().handle(Intent::Back, now);
        self.apply(effects, now);
    }

    /// Whether Esc stops a job rather than stepping back, and if so, also one
    /// that the screen started itself: not while there is something to leave.
    fn stops_with_esc(&self) -> Option<bool> {
        match self.top().context() {
            _ if !self.overlays.is_empty() => None,
            Context::Filter | Context::Search | Context::Find => None,
            Context::Sessions | Context::Handoffs | Context::Inbox => Some(true),
            _ => Some(false),
        }
    }

    fn turn(&mut self, by: usize, now: &Now) {
        let at = PaneId::ALL.iter().position(|pane| *pane == self.at).unwrap_or(0);
        self.go(PaneId::ALL[(at + by) % PaneId::ALL.len()], now);
    }

    /// To a pane, away from what lies over this one.
    fn leave_for(&mut self, pane: PaneId, now: &Now) {
        self.overlays.clear();
        self.go(pane, now);
        self.end_pass(now);
    }

    fn go(&mut self, pane: PaneId, now: &Now) {
        self.at = pane;
        match pane {
            PaneId::Sessions => {}
            PaneId::Handoffs => self.look_at_handoffs(true, now),
            PaneId::Pickup => {
                // whom a name means, when one is typed
                self.start(Action::Contacts, true, now);
                self.open_inbox(now);
            }
        }
    }

    /// The inbox needs the key: asked for once, then only when the user looks
    /// again.
    fn open_inbox(&mut self, now: &Now) {
        match &self.identity {
            Some(IdentityState::Unlocked(_)) => self.start(Action::Inbox, true, now),
            Some(IdentityState::Locked) => {
                self.pickup.without_key("Your key is locked, so the inbox cannot be read.", "R asks for it.");
                if !std::mem::replace(&mut self.asked_for_key, true) {
                    self.lay(Box::new(identity::Unlock::new(Some(Action::Inbox))));
                }
            }
            Some(IdentityState::Damaged(error)) => {
                self.pickup.without_key(&error.message, "`cclink whoami` says what to do.");
            }
            Some(IdentityState::None) => {
                self.pickup.without_key(
                    "This device has no key yet, so nothing can be addressed to it.",
                    "R sets one up.",
                );
            }
            None => {}
        }
    }

    /// Lays a view over the pane.
    fn lay(&mut self, mut view: Box<dyn View>) {
        view.set_room(draw::overlay_area(self.size, view.context()));
        self.overlays.push(view);
        self.asked = Asked::No;
        self.dirty = true;
    }

    fn apply(&mut self, effects: Vec<Effect>, now: &Now) {
        for effect in effects {
            match effect {
                Effect::Run(action) => self.ask_or_start(action, now),
                Effect::Stop(verb) => self.effects.extend(self.jobs.cancel_verb(verb).map(Effect::Cancel)),
                Effect::Open(open) => self.open_view(open, now),
                Effect::Close => {
                    drop(self.overlays.pop());
                    // A question below it was covered until now.
                    self.asked = Asked::No;
                }
                Effect::Go(pane) => self.go(pane, now),
                Effect::Say(note) => self.toasts.say(note, now),
                Effect::Intend(pane, intent) => {
                    if let Some(pane) = pane {
                        self.leave_for(pane, now);
                    }
                    self.intend(intent, now);
                }
                Effect::Copy(text, what) => {
                    self.say_copied(&text, what, now);
                    self.effects.push(Effect::Copy(text, what));
                }
                Effect::StepAside(..)
                | Effect::Start(..)
                | Effect::Cancel(_)
                | Effect::Ring(_)
                | Effect::Suspend
                | Effect::Redraw
                | Effect::Mouse(_)
                | Effect::Quit
                | Effect::Panic => self.effects.push(effect),
            }
        }
        self.end_pass(now);
    }

    fn say_copied(&mut self, text: &str, what: &str, now: &Now) {
        let words = if Clipboard::fits(text) {
            format!("{what} was sent to the terminal's clipboard.")
        } else {
            format!("{what} is too long for the terminal's clipboard; select it here (m frees the mouse).")
        };
        self.toasts.say(Note::new(Tone::Plain, words).line(text).on("clipboard"), now);
    }

    /// A phone pass lives no longer than its view.
    fn end_pass(&mut self, now: &Now) {
        self.end_pairing(now);
        if !self.overlays.iter().any(|view| view.context().is_qr()) {
            let ending = self.jobs.wind_up(Verb::PhonePass, "ending the phone pass", now.since);
            self.effects.extend(ending.map(Effect::Cancel));
        }
    }

    fn open_view(&mut self, open: Open, now: &Now) {
        match open {
            Open::Publish(_) if self.lacks_key() => self.ask_for_first_key(Some(Effect::Open(open)), now),
            Open::Publish(request) => {
                let form = Publish::new(*request, &self.setup.teams);
                let actions = form.opening();
                self.lay(Box::new(form));
                for action in actions {
                    self.start(action, true, now);
                }
            }
            Open::Extend(row) => self.lay(Box::new(Extend::new(*row))),
            Open::Contact(key) => self.lay(Box::new(Contact::new(key))),
            Open::Folder(found) => self.lay(Box::new(Folder::new(*found))),
            Open::Qr(row) => self.lay(Box::new(Qr::new(&row, self.setup.web.as_deref()))),
            Open::Confirm(question) => self.lay(Box::new(Confirm(*question))),
        }
    }

    /// Starts what the user asked for; where the answer would be a poor one
    /// without the key, that is asked for first.
    fn ask_or_start(&mut self, action: Action, now: &Now) {
        if matches!(action, Action::Publish(_, true)) && self.setup.web.is_none() {
            return self.toasts.say(lacks_page(), now);
        }
        if matches!(action, Action::Publish(..)) && self.lacks_key() {
            return self.ask_for_first_key(Some(Effect::Run(action)), now);
        }
        if matches!(action, Action::GiveKey) {
            return self.give_key(now);
        }
        if action.verb() == Verb::List && self.identity == Some(IdentityState::Locked) {
            return self.lay(Box::new(identity::Unlock::new(Some(action))));
        }
        self.start(action, false, now);
    }

    fn start(&mut self, action: Action, auto: bool, now: &Now) {
        self.start_every(None, action, auto, now);
    }

    /// The same as one of a round every so long: what was found lately is not
    /// asked for again.
    fn start_every(&mut self, every: Option<Duration>, action: Action, auto: bool, now: &Now) {
        let verb = action.verb();
        let (id, replaced) = self.jobs.start(action.clone(), auto, now.since);
        self.effects.extend(replaced.into_iter().map(Effect::Cancel));
        self.effects.push(Effect::Start(id, action, every));
        self.broadcast(&Report::Started(verb), now);
    }
}

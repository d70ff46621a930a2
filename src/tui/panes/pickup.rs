//! What waits for me, a form for a link or key, and the ways to go on with what
//! was found.

mod draw;
mod found;

use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

use crate::text;
use crate::tui::message::{
    Action, ContactView, Context, Effect, Error, ErrorKind, Found, Hidden, InboxEntry, Intent, Note, Now,
    Open, Report, Signer, Step, Target, Tone, Verb, links_on_one_line, recognise,
};
use crate::tui::parts::form::{Field, Form};
use crate::tui::parts::list::{Cursor, hit, row_height};
use crate::tui::parts::{Look, View, detail_area, whole_seconds};
use found::{Next, Offer};

const LINK: usize = 0;
const PIN: usize = 1;
const AGAIN: &str = "Press R to try again.";

/// How far a pickup has come.
#[derive(Debug)]
enum Phase {
    /// Choosing from the inbox or typing.
    Choosing,
    /// Looking for it on the network.
    Finding,
    /// Several were found: which one?
    Which(Vec<Found>, Cursor),
    /// One was found, and how to go on with it is chosen.
    Offered(Box<Offer>),
}

/// The pane's state.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools)] // facts that have nothing to do with each other
pub struct Pickup {
    entries: Vec<InboxEntry>,
    loaded: bool,
    looking: bool,
    error: Option<String>,
    /// What looking again does.
    again: &'static str,
    cursor: Cursor,
    typing: bool,
    form: Form,
    /// Read each time when the pane or its form is gone to.
    contacts: Result<Vec<ContactView>, Error>,
    /// What is typed, or why it is nothing.
    recognised: Option<Result<Target, Error>>,
    stage: Phase,
    reading: bool,
    room: Rect,
}

impl Default for Pickup {
    fn default() -> Self {
        Self::new()
    }
}

impl Pickup {
    /// The pane, before anything is known.
    pub fn new() -> Self {
        let form = Form::new(vec![
            Field::typed("link or key", "").placeholder("a link, a public key, a contact or a token"),
            Field::masked("PIN").placeholder("if it needs one"),
        ]);
        Self {
            entries: Vec::new(),
            loaded: false,
            looking: false,
            error: None,
            again: AGAIN,
            cursor: Cursor::default(),
            typing: false,
            form,
            contacts: Err(Error::failed("Your contacts are being read.")),
            recognised: None,
            stage: Phase::Choosing,
            reading: false,
            room: Rect::default(),
        }
    }

    /// Said in place of the inbox, which cannot be read without the key.
    pub fn without_key(&mut self, why: &str, again: &'static str) {
        (self.loaded, self.again) = (true, again);
        self.error = Some(why.to_owned());
    }

    /// What is offered.
    pub fn offered(&self) -> Option<&Found> {
        match &self.stage {
            Phase::Offered(offer) => Some(offer.found()),
            _ => None,
        }
    }

    /// Whether a failed search is shown at the form that asked for it.
    pub fn is_typing(&self) -> bool {
        self.typing
    }

    fn page(&self) -> usize {
        usize::from(draw::areas(self.room).inbox.height / row_height(self.room))
    }

    fn row_at(&self, row: u16) -> Option<usize> {
        hit(draw::areas(self.room).inbox, row, row_height(self.room), &self.cursor, self.entries.len())
    }

    fn selected(&self) -> Option<&InboxEntry> {
        self.entries.get(self.cursor.at)
    }

    /// How many are for this user, without those that were picked up here.
    fn waiting(&self) -> usize {
        self.entries.iter().filter(|entry| !entry.picked_up).count()
    }

    fn show(&mut self, mut entries: Vec<InboxEntry>) {
        let selected = self.selected().map(|entry| entry.token.clone());
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.created_at));
        self.entries = entries;
        let kept = selected.filter(|_| self.cursor.at > 0);
        self.cursor.at =
            kept.and_then(|token| self.entries.iter().position(|entry| entry.token == token)).unwrap_or(0);
        self.cursor.hold(self.entries.len(), self.page());
    }

    fn take_row(&mut self, row: InboxEntry) {
        if self.entries.iter().any(|entry| entry.token == row.token) {
            return;
        }
        let at = self.entries.partition_point(|entry| entry.created_at >= row.created_at);
        self.entries.insert(at, row);
        // what the user selected stays selected
        self.cursor.at += usize::from(self.cursor.at > 0 && at <= self.cursor.at);
        self.cursor.hold(self.entries.len(), self.page());
    }

    fn find(&mut self, target: Target) -> Vec<Effect> {
        self.stage = Phase::Finding;
        vec![Effect::Run(Action::Find(target))]
    }

    fn submit(&mut self) -> Vec<Effect> {
        let target = match &self.recognised {
            Some(Ok(target)) => target.clone(),
            Some(Err(error)) => {
                self.form.fields[LINK].error = Some(error.message.clone());
                return Vec::new();
            }
            None => {
                let words = "Type or paste a link, a public key, a contact or a token.";
                self.form.fields[LINK].error = Some(words.to_owned());
                return Vec::new();
            }
        };
        let pin = self.form.fields[PIN].text();
        if target.wants_pin() && pin.is_empty() {
            self.form.focus = PIN;
            self.form.fields[PIN].error = Some("Enter the PIN.".to_owned());
            return Vec::new();
        }
        let pin = (!pin.is_empty()).then(|| Hidden::new(pin.to_owned()));
        self.find(target.with_pin(pin))
    }

    /// The text changed.
    fn edited(&mut self) {
        for field in &mut self.form.fields {
            field.error = None;
        }
        self.recognise();
    }

    fn recognise(&mut self) {
        let text = self.form.fields[LINK].text().trim();
        self.recognised = (!text.is_empty()).then(|| recognise(text, &self.contacts));
    }

    /// Into the form at its first field, whatever was typed in it before.
    fn type_new_link(&mut self) -> Vec<Effect> {
        self.form.focus = LINK;
        self.type_link()
    }

    /// A link is no PIN, and takes the place of what was looked for before.
    fn make_room_for_link(&mut self) {
        let is_new = self.form.focus == PIN || matches!(self.recognised, Some(Ok(_)));
        if is_new {
            self.form.focus = LINK;
            self.form.fields.iter_mut().for_each(|field| field.set_text(""));
        }
    }

    /// Whose key could get a name: one that has none yet, and is not mine.
    fn nameless(&self) -> Option<&str> {
        let known = |key: &str| self.contacts.iter().flatten().any(|contact| contact.public_key == key);
        let (creator, signer) = match &self.stage {
            Phase::Offered(offer) => offer.signer(),
            Phase::Which(found, cursor) => {
                let found = found.get(cursor.at)?;
                (found.pickup.creator.as_str(), &found.signer)
            }
            _ => {
                let entry = self.selected()?;
                (entry.creator.as_str(), &entry.from)
            }
        };
        (matches!(signer, Signer::Key(_)) && !known(creator)).then_some(creator)
    }

    /// The form that gives it one, or why there is none to be had.
    fn add_contact(&self) -> Vec<Effect> {
        if let Some(key) = self.nameless() {
            return vec![Effect::Open(Open::Contact(key.to_owned()))];
        }
        let words = match (&self.stage, self.selected()) {
            (Phase::Choosing | Phase::Finding, None) => "Open a handoff of theirs first, then press a.",
            _ => "This key has a name already, or is your own.",
        };
        vec![Effect::Say(Note::new(Tone::Plain, words))]
    }

    /// Into the form, which knows contacts by their names.
    fn type_link(&mut self) -> Vec<Effect> {
        if std::mem::replace(&mut self.typing, true) {
            return Vec::new();
        }
        vec![Effect::Run(Action::Contacts)]
    }

    fn take_found(&mut self, mut found: Vec<Found>) {
        if matches!(&self.stage, Phase::Offered(offer) if offer.is_taken()) {
            return;
        }
        let one = if found.len() == 1 { found.pop() } else { None };
        self.stage = match (one, std::mem::replace(&mut self.stage, Phase::Choosing)) {
            (Some(one), Phase::Offered(offer)) if offer.token() == one.pickup.token => {
                Phase::Offered(Box::new(offer.confirmed(one)))
            }
            (Some(one), _) => Phase::Offered(Box::new(Offer::new(one))),
            (None, _) if found.is_empty() => Phase::Choosing,
            (None, _) => Phase::Which(found, Cursor::default()),
        };
    }

    fn failed(&mut self, verb: Verb, error: &Error) -> Vec<Effect> {
        match verb {
            Verb::Inbox => {
                self.looking = false;
                self.loaded = true;
                self.error = match error.kind {
                    ErrorKind::Cancelled => Some("You stopped the search.".to_owned()),
                    _ => Some(error.message.clone()),
                };
            }
            Verb::Find => {
                match &mut self.stage {
                    Phase::Finding => self.stage = Phase::Choosing,
                    // what was offered stays on the screen
                    Phase::Offered(offer) => offer.stays_unchecked(),
                    _ => {}
                }
                if self.typing && error.kind != ErrorKind::Cancelled {
                    let at = if error.kind == ErrorKind::NotForYou { PIN } else { LINK };
                    self.form.focus = at;
                    self.form.fields[at].error = Some(format!("{} {}", error.message, error.advice));
                }
            }
            Verb::Contacts if error.kind != ErrorKind::Cancelled => {
                self.contacts = Err(error.clone());
                self.recognise();
            }
            Verb::PickUp => {
                if let Phase::Offered(offer) = &mut self.stage {
                    offer.give_up();
                }
            }
            _ => {}
        }
        Vec::new()
    }

    fn handle_offer(&mut self, intent: Intent) -> Vec<Effect> {
        match (&mut self.stage, intent) {
            (_, Intent::Back) => {
                self.stage = Phase::Choosing;
                Vec::new()
            }
            (Phase::Which(found, cursor), Intent::RunPlan) => {
                if let Some(one) = found.get(cursor.at).cloned() {
                    self.stage = Phase::Offered(Box::new(Offer::new(one)));
                }
                Vec::new()
            }
            (_, Intent::AddContact) => self.add_contact(),
            (Phase::Which(found, cursor), other) => {
                cursor.handle(other, found.len(), 8);
                Vec::new()
            }
            (Phase::Offered(offer), other) => match offer.handle(other) {
                Next::Nothing => Vec::new(),
                Next::Do(effects) => effects,
            },
            _ => Vec::new(),
        }
    }

    fn handle_form(&mut self, intent: Intent) -> Vec<Effect> {
        match intent {
            Intent::Accept => return self.submit(),
            Intent::Back => {
                self.typing = false;
                self.form.fields.iter_mut().for_each(|field| field.error = None);
            }
            Intent::PreviousField if self.form.focus == LINK => self.typing = false,
            other => {
                self.form.handle(other);
            }
        }
        Vec::new()
    }

    fn handle_inbox(&mut self, intent: Intent) -> Vec<Effect> {
        if intent == Intent::Down && self.cursor.at + 1 >= self.entries.len() {
            return self.type_new_link();
        }
        if self.cursor.handle(intent, self.entries.len(), self.page()) {
            return Vec::new();
        }
        match intent {
            Intent::LookAt => match self.selected().cloned() {
                Some(entry) => return self.find(Target::Entry(entry)),
                None => return self.type_new_link(),
            },
            Intent::TypeLink => return self.type_new_link(),
            Intent::ShowDetail => self.reading = self.selected().is_some(),
            Intent::LeaveDetail | Intent::Back => self.reading = false,
            Intent::Refresh => return vec![Effect::Run(Action::Inbox)],
            Intent::AddContact => return self.add_contact(),
            _ => {}
        }
        Vec::new()
    }
}

impl View for Pickup {
    fn context(&self) -> Context {
        match self.stage {
            Phase::Which(..) | Phase::Offered(_) => Context::Plans,
            _ if self.typing => Context::PickupForm,
            _ => Context::Inbox,
        }
    }

    fn offers(&self, intent: Intent) -> bool {
        match intent {
            Intent::AddContact => self.nameless().is_some(),
            Intent::LookAt | Intent::ShowDetail => self.selected().is_some(),
            _ => true,
        }
    }

    fn can_leave(&self) -> bool {
        !matches!(self.stage, Phase::Choosing) || self.typing || self.reading
    }

    fn is_row(&self, column: u16, row: u16) -> bool {
        match self.context() {
            Context::Plans => {
                let side = detail_area(self.room);
                let row = row.checked_sub(side.y).filter(|_| column >= side.x);
                matches!((&self.stage, row), (Phase::Offered(offer), Some(row)) if offer.plan_at(row, side.width).is_some())
            }
            _ => column < draw::areas(self.room).inbox.right() && self.row_at(row).is_some(),
        }
    }

    fn count(&self) -> usize {
        self.waiting()
    }

    fn handle(&mut self, intent: Intent, _now: &Now) -> Vec<Effect> {
        match self.context() {
            Context::Plans => self.handle_offer(intent),
            Context::PickupForm => self.handle_form(intent),
            _ => self.handle_inbox(intent),
        }
    }

    fn typed(&mut self, key: KeyEvent, _now: &Now) -> Vec<Effect> {
        if self.context() == Context::PickupForm && self.form.typed(key) {
            self.edited();
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, _now: &Now) -> Vec<Effect> {
        let mut effects = Vec::new();
        // a paste into the inbox can only mean the form under it
        if self.context() == Context::Inbox {
            effects = self.type_new_link();
        }
        let links = links_on_one_line(text);
        let is_link = links.is_some() || ["pk:", "://"].iter().any(|sign| text.contains(sign));
        if is_link && self.context() == Context::PickupForm {
            self.make_room_for_link();
        }
        let links = links.filter(|_| text.trim().contains(['\n', '\r']));
        if self.context() == Context::PickupForm && self.form.paste(links.as_deref().unwrap_or(text)) {
            self.edited();
        }
        effects
    }

    fn burst(&mut self) {
        self.form.burst();
    }

    fn report(&mut self, report: &Report, _now: &Now) -> Vec<Effect> {
        match report {
            Report::Started(Verb::Inbox) => (self.looking, self.error, self.again) = (true, None, AGAIN),
            Report::Contacts(contacts) => {
                self.contacts = Ok(contacts.clone());
                self.recognise();
            }
            Report::ContactAdded(_) => return vec![Effect::Run(Action::Contacts)],
            Report::Started(Verb::PickUp) => {
                if let Phase::Offered(offer) = &mut self.stage {
                    offer.begun();
                }
            }
            Report::Settled(token) => {
                self.entries.retain(|entry| !(entry.burn_after_read && entry.token == *token));
                for entry in self.entries.iter_mut().filter(|entry| entry.token == *token) {
                    entry.picked_up = true;
                }
                self.cursor.hold(self.entries.len(), self.page());
                if let Phase::Offered(offer) = &mut self.stage {
                    offer.settled(token);
                }
            }
            Report::Failed(verb, error) => return self.failed(*verb, error),
            _ => {}
        }
        Vec::new()
    }

    fn receive(&mut self, report: Report, _now: &Now) -> Vec<Effect> {
        match report {
            Report::Step(Step::Inbox(row)) => self.take_row(*row),
            Report::Inbox(entries) => {
                (self.looking, self.loaded) = (false, true);
                self.show(entries);
            }
            Report::Step(Step::Found(found)) if matches!(self.stage, Phase::Finding) => {
                self.stage = Phase::Offered(Box::new(Offer::new(*found)));
            }
            Report::Found(found) => self.take_found(found),
            Report::Taken(taken, plan) => {
                self.form.fields[PIN].set_text("");
                if let Phase::Offered(offer) = &mut self.stage {
                    return offer.taken(*taken, &plan);
                }
            }
            _ => {}
        }
        Vec::new()
    }

    fn click(&mut self, _column: u16, row: u16, _now: &Now) -> Vec<Effect> {
        let areas = draw::areas(self.room);
        if self.context() == Context::Plans {
            let side = detail_area(self.room);
            if let (Phase::Offered(offer), Some(row)) = (&mut self.stage, row.checked_sub(side.y)) {
                offer.choose_at(row, side.width);
            }
            return Vec::new();
        }
        if let Some(at) = self.row_at(row) {
            (self.cursor.at, self.typing) = (at, false);
        } else if let Some(at) = row.checked_sub(areas.form.y).and_then(|row| self.form.field_at(row)) {
            self.form.focus = at;
            return self.type_link();
        }
        Vec::new()
    }

    fn set_room(&mut self, room: Rect) {
        self.room = room;
        self.cursor.hold(self.entries.len(), self.page());
    }

    fn changes(&self, now: &Now) -> Option<Duration> {
        let left = self.entries.iter().map(|entry| (entry.expires_at - now.utc()).num_seconds());
        let left = left.filter(|left| *left >= 0).map(|left| left % 60 + 1);
        let ages = self.entries.iter().map(|entry| text::ago_changes_in(entry.created_at, now.utc()));
        left.chain(ages).min().map(|left| whole_seconds(left, now))
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        self.draw_all(frame, area, look);
    }
}

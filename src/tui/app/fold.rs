//! What the background found out, folded into the screen.

use std::time::Duration;

use super::App;
use super::failure::types_words;
use super::input::takes_text;
use super::pairing::given_note;
use crate::text;
use crate::tui::jobs::Running;
use crate::tui::message::{
    Action, AudienceKind, CarryTo, Destination, Effect, Error, ErrorKind, Event, IdentityState, Note, Now,
    Open, PaneId, PassEnd, PublishRequest, Published, PublishedAll, Question, Report, Revoked, Step, Tone,
    Verb,
};
use crate::tui::panes::{identity, moment, qr::Qr};
use crate::tui::parts::View;
use crate::tui::parts::confirm::Confirm;

impl App {
    /// Folds one event in.
    pub fn event(&mut self, event: Event, now: &Now) {
        match event {
            Event::Step(id, report) => {
                let Some(job) = self.jobs.get_mut(id) else { return };
                if let Report::Step(Step::Doing(words)) = report {
                    if job.words.is_some() {
                        job.words = Some(words);
                    }
                } else {
                    self.take(report, now);
                }
            }
            Event::Done(id, result) => {
                let Some(job) = self.jobs.end(id).filter(|job| !job.stale) else { return };
                self.note_network(job.action.verb(), result.as_ref().map(drop));
                match result {
                    Ok(report) => self.take(report, now),
                    Err(error) => self.failed(job, &error, now),
                }
            }
            // the loop ends the program before it gets here
            Event::Broken(_) => {}
        }
        self.open_where_something_waits(now);
        self.dirty = true;
    }

    /// A device without sessions opens at what waits for it, unless somebody is at
    /// the keys already.
    fn open_where_something_waits(&mut self, now: &Now) {
        let untouched = self.last_input.is_none() && self.last_click.is_none() && self.overlays.is_empty();
        let at_start = untouched && self.at == PaneId::Sessions;
        if at_start && self.sessions.has_none() && self.pickup.count() > 0 {
            self.at = PaneId::Pickup;
            self.start(Action::Contacts, true, now);
        }
    }

    /// Tells every pane and overlay.
    pub(super) fn broadcast(&mut self, report: &Report, now: &Now) {
        let mut effects = Vec::new();
        for pane in PaneId::ALL {
            effects.extend(self.pane_mut(pane).report(report, now));
        }
        effects.extend(self.tell_overlays(report, now));
        self.apply(effects, now);
    }

    fn tell_overlays(&mut self, report: &Report, now: &Now) -> Vec<Effect> {
        let mut effects = Vec::new();
        // an overlay that is done goes itself, even from under another one
        self.overlays.retain_mut(|view| {
            let told = view.report(report, now);
            let done = told.iter().any(|effect| matches!(effect, Effect::Close));
            effects.extend(told.into_iter().filter(|effect| !matches!(effect, Effect::Close)));
            !done
        });
        effects
    }

    /// Gives a report to whom it belongs, or tells it to all.
    fn take(&mut self, report: Report, now: &Now) {
        match report {
            Report::Step(Step::Revoking(tokens, time)) => return self.say_revoking(tokens, time, now),
            Report::Published(published, pass) => return self.published(&published, pass, now),
            Report::PublishedAll(all) => {
                self.look_at_handoffs(self.at == PaneId::Handoffs, now);
                return self.toasts.say(published_to_all(&all, now), now);
            }
            _ => {}
        }
        if let Some(note) = note(&report, now) {
            self.toasts.say(note, now);
        }
        self.notice(&report, now);
        let Some(pane) = report.owner() else { return self.take_fact(report, now) };
        let mut effects = self.tell_overlays(&report, now);
        effects.extend(self.pane_mut(pane).receive(report, now));
        self.apply(effects, now);
    }

    fn take_fact(&mut self, report: Report, now: &Now) {
        let first = self.identity.is_none();
        // before what waited for the key goes on
        if let Report::Unlocked(state) | Report::Identity(state, _) = &report {
            self.identity = Some(state.clone());
        }
        self.hush_pairing(&report);
        self.broadcast(&report, now);
        match report {
            Report::Identity(_, network) => {
                self.network = network;
                self.meet(first, now);
            }
            // Our own reading would be told, too: not before it is over.
            Report::Scanned if !self.jobs.runs(Verb::Follow) => {
                self.start(Action::Follow(self.sessions.looked()), true, now);
            }
            Report::Unlocked(_) | Report::ContactAdded(_) => self.start(Action::Inbox, true, now),
            Report::Step(Step::Acknowledged(_)) => self.start(Action::Journal(false), true, now),
            Report::PhonePass(..) => {
                // nobody waits for it any more
                self.jobs.hush(Verb::PhonePass);
                self.start(Action::Journal(false), true, now);
            }
            Report::PassEnded(..) => self.look_at_handoffs(false, now),
            Report::Revoked(_) | Report::Unrevoked(_) => {
                self.look_at_handoffs(self.at == PaneId::Handoffs, now);
            }
            _ => {}
        }
    }

    /// A handoff is out: it is shown with what its reader needs, unless the user is
    /// at something else by now. A phone pass of it follows where one was asked for.
    fn published(&mut self, published: &Published, pass: bool, now: &Now) {
        let note = published_note(published, now);
        self.look_at_handoffs(self.at == PaneId::Handoffs, now);
        let context = self.top().context();
        let stayed = self.at == PaneId::Sessions && self.overlays.is_empty();
        if !stayed || takes_text(context) || types_words(context) {
            let pin = published.pin.iter().map(|pin| format!("PIN {}", **pin));
            return self.toasts.say(pin.fold(note, Note::line), now);
        }
        let words = std::iter::once(note.title).chain(note.lines).collect();
        self.lay(Box::new(Qr::made(published, words, self.setup.web.as_deref())));
        if pass {
            self.ask_or_start(Action::PhonePass(published.token.clone()), now);
        }
    }

    /// What is known of the key, for the `first` time or since, decides what can be
    /// looked at. A missing one is asked for when something needs it.
    fn meet(&mut self, first: bool, now: &Now) {
        match &self.identity {
            Some(IdentityState::Damaged(error)) => self.toasts.say(Note::error(error), now),
            Some(IdentityState::Unlocked(_)) => self.start(Action::Inbox, true, now),
            _ => {}
        }
        if self.at == PaneId::Pickup && first {
            self.open_inbox(now);
        }
    }

    /// Reads the journal, and asks the network where that is wanted and the key
    /// is there.
    pub(super) fn look_at_handoffs(&mut self, network: bool, now: &Now) {
        self.look_at_handoffs_every(None, network, now);
    }

    /// The same of its own accord, a round every so long.
    pub(super) fn look_at_handoffs_every(&mut self, every: Option<Duration>, network: bool, now: &Now) {
        let why = match self.identity {
            Some(IdentityState::Locked) => Some("your key is locked; R unlocks it"),
            Some(IdentityState::None) => Some("this device has no key yet; R sets one up"),
            Some(IdentityState::Damaged(_)) => Some("your key cannot be used; `cclink whoami` says why"),
            _ => None,
        };
        for action in self.handoffs.opening() {
            match action.verb() {
                Verb::List if network && why.is_some() => self.handoffs.without_key(why.unwrap_or_default()),
                Verb::List if !network => {}
                _ => self.start_every(every, action, true, now),
            }
        }
    }

    fn failed(&mut self, job: Running, error: &Error, now: &Now) {
        let verb = job.action.verb();
        self.broadcast(&Report::Failed(verb, error.clone()), now);
        if matches!(verb, Verb::Publish | Verb::Revoke) {
            self.look_at_handoffs(self.at == PaneId::Handoffs, now);
        }
        match error.kind {
            ErrorKind::Cancelled => {
                if let (Some(words), false) = (&job.words, matches!(verb, Verb::Unlock)) {
                    let note = if *error == Error::cancelled() {
                        Note::new(Tone::Plain, format!("Cancelled: {words}."))
                    } else {
                        // What became of it is worth more than what it was.
                        Note::new(Tone::Plain, error.message.clone()).line(error.advice.clone())
                    };
                    self.toasts.say(note, now);
                }
            }
            ErrorKind::Locked if !job.auto => {
                self.lay(Box::new(identity::Unlock::new(Some(job.action))));
            }
            ErrorKind::Exists if verb == Verb::Publish => self.ask_to_replace(job.action, error),
            ErrorKind::Agree | ErrorKind::Public if verb == Verb::Publish => {
                self.ask_to_agree(job.action, error);
            }
            ErrorKind::NoIdentity if !job.auto => {
                self.ask_for_first_key(Some(Effect::Run(job.action)), now);
            }
            _ if job.auto || says_itself(verb) || verb == Verb::Find && self.pickup.is_typing() => {}
            _ => self.say_failed(job.action, error, now),
        }
    }

    /// Asks whether the sealed conversation may go where it would; "yes" publishes, and
    /// without it another key does.
    fn ask_to_agree(&mut self, action: Action, error: &Error) {
        let Action::Publish(mut request, pass) = action else { return };
        let otherwise = typed_again(&request, pass);
        let mut without = request.clone();
        without.carry = Some(CarryTo::to(Destination::Stays));
        let Some(carry) = &mut request.carry else { return };
        carry.agrees = true;
        self.lay(Box::new(Confirm(Question {
            title: "Store the sealed conversation there?".to_owned(),
            lines: vec![error.message.clone(), "This is asked once.".to_owned()],
            yes: "store it there",
            then: Box::new(Effect::Run(Action::Publish(request, pass))),
            instead: Some(("publish without it", Box::new(Effect::Run(Action::Publish(without, pass))))),
            otherwise,
        })));
    }

    /// Asks, where publishing would end a handoff that burns; "yes" publishes.
    fn ask_to_replace(&mut self, action: Action, error: &Error) {
        let Action::Publish(request, pass) = action else { return };
        let otherwise = typed_again(&request, pass);
        let publish = Action::Publish(Box::new(PublishRequest { replace: true, ..*request }), pass);
        self.lay(Box::new(Confirm(Question {
            title: "Replace what is published?".to_owned(),
            lines: vec![error.message.clone()],
            yes: "replace",
            then: Box::new(Effect::Run(publish)),
            instead: None,
            otherwise,
        })));
    }
}

/// The form with what was typed in it: whoever does not agree may choose otherwise there.
/// A phone pass has none.
fn typed_again(request: &PublishRequest, pass: bool) -> Option<Box<Effect>> {
    (!pass).then(|| Box::new(Effect::Open(Open::Publish(Box::new(request.clone())))))
}

/// Verbs whose failure is shown where it belongs, or not worth a word.
fn says_itself(verb: Verb) -> bool {
    matches!(
        verb,
        Verb::Scan
            | Verb::Preview
            | Verb::Draft
            | Verb::Journal
            | Verb::Contacts
            | Verb::Unlock
            | Verb::CreateIdentity
            | Verb::GiveKey
            | Verb::TakeKey
    )
}

/// What the user is told when a job is done.
fn note(report: &Report, now: &Now) -> Option<Note> {
    Some(match report {
        Report::Revoked(revoked) => return revoked_note(revoked),
        Report::Unrevoked(0) => Note::new(Tone::Bad, "Too late to undo: it is revoked."),
        Report::Unrevoked(_) => Note::new(Tone::Good, "Not revoked. It can still be picked up."),
        Report::Announced(row) => {
            let copies =
                row.copies.map(|copies| format!("{copies} copies are on the network.")).unwrap_or_default();
            Note::new(Tone::Good, "Announced again.").line(copies)
        }
        Report::Extended(row) => {
            let left = (row.expires_at - now.utc()).num_seconds();
            Note::new(Tone::Good, format!("It can be picked up until {}.", moment(left, now)))
        }
        Report::PassEnded(_, PassEnd::Revoked) => {
            Note::new(Tone::Plain, "The phone pass is revoked: no phone used it.")
        }
        Report::PassEnded(_, PassEnd::Expired) => {
            Note::new(Tone::Plain, "The phone pass has expired after 15 minutes. p makes another.")
        }
        Report::Pairing(pairing) => return given_note(pairing),
        Report::Warned(words) => Note::new(Tone::Plain, words.clone()),
        Report::ContactAdded(contact) => {
            Note::new(Tone::Good, format!("Added {} to your contacts.", contact.name))
        }
        _ => return None,
    })
}

/// Who got it, and first who did not.
fn published_to_all(all: &PublishedAll, now: &Now) -> Note {
    let until = moment((all.expires_at - now.utc()).num_seconds(), now);
    let name = text::fit(all.audience.name.as_deref().unwrap_or_default(), 24);
    let note = if let Some(error) = all.failure() {
        Note::error(&error)
    } else {
        let along = all.handoffs.first().and_then(|first| first.carry);
        let along = along.map_or("", |_| ", conversation included");
        let how_many = format!("{} of {}", all.handoffs.len(), all.of());
        let words = format!("Published. {name} ({how_many}) can pick it up until {until}{along}.");
        Note::new(Tone::Good, words).line("Press 2 and y to copy each one's link.")
    };
    let replaced: Vec<&String> = all.handoffs.iter().flat_map(|published| &published.replaced).collect();
    let replaced = match replaced.as_slice() {
        [] => None,
        [token] => Some(format!("It replaces {token}, which was revoked.")),
        many => Some(format!("They replace {} older ones, which were revoked.", many.len())),
    };
    // What is to be done comes before what was.
    all.notes().into_iter().chain(replaced).fold(note, Note::line)
}

fn published_note(published: &Published, now: &Now) -> Note {
    let until = moment((published.expires_at - now.utc()).num_seconds(), now);
    let who = match published.audience.kind {
        AudienceKind::Devices => "Your devices".to_owned(),
        AudienceKind::Share => text::fit(published.audience.name.as_deref().unwrap_or("Your contact"), 24),
        AudienceKind::Pin => "Anyone with the PIN".to_owned(),
        AudienceKind::Link => "Anyone with the link".to_owned(),
    };
    let along = match published.carry.map(|carry| text::bytes(carry.bytes)) {
        Some(size) => format!(", conversation included ({size}, sealed)"),
        None => String::new(),
    };
    let once = if published.burn_after_read { " once," } else { "" };
    let words = format!("Published. {who} can pick it up{once} until {until}{along}.");
    let mut note = Note::new(Tone::Good, words);
    for token in &published.replaced {
        note = note.line(format!("It replaces {token}, which was revoked."));
    }
    for warning in &published.warnings {
        note = note.line(warning.clone());
    }
    note
}

/// `None` where all of it was undone.
fn revoked_note(revoked: &Revoked) -> Option<Note> {
    let gone = revoked.revoked.len();
    if gone == 0 && revoked.failed.is_empty() {
        return None;
    }
    let words = format!("Revoked {gone} handoff{}.", if gone == 1 { "" } else { "s" });
    let tone = if revoked.failed.is_empty() { Tone::Good } else { Tone::Bad };
    let title = if revoked.failed.is_empty() {
        words
    } else {
        format!("{words} {} could not be revoked.", revoked.failed.len())
    };
    let told = revoked.failed.iter().take(4).map(|failed| format!("{}: {}", failed.token, failed.error));
    Some(told.fold(Note::new(tone, title), Note::line))
}

//! The screen's four edges, and the only door through which core data types
//! reach the panes.
//!
//! [`Intent`]: key → screen. [`Effect`]: pane → loop. [`Action`]: screen →
//! worker. [`Event`]: worker → screen.

mod note;
mod pairing;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use chrono::{DateTime, FixedOffset, Local, Utc};
use strum::EnumDiscriminants;

pub use self::note::{Note, Tone};
pub use self::pairing::{Pairing, Reply};
pub use crate::service::{
    Asked, AudienceChoice, AudienceKind, AudienceView, CarriedBy, CarriedState, CarryOffer, CarryOption,
    CarryTo, CarryWay, Changed, CloneOffer, ContactView, Destination, Draft, END_THERE, ERROR_FILE,
    Elsewhere, Ended, Error, ErrorKind, Excerpt, Found, GroupView, Here, Hidden, Hit, IdentityState,
    InboxEntry, LineModes, Listed, Live, Logged, Matched, Member, Named, News, NewsKind, Next, Page,
    PairCheck, PairingCode, PassEnd, Pickup as Taken, Pin, Plan, PlanKind, Progress, PublishRequest,
    Published, PublishedAll, Revoked, Role, Searching, Session, Signal, Signals, Signer, SshWay, State, Step,
    Target, Ttl, Turn, Wanted, Watch, can_suspend, child, choose, command_of, confirm, is_ssh_address,
    links_on_one_line, next_look, once_held, quote_for_any_shell, recognise, stop, unfit_name, wait_for,
};

/// What the clocks say; read once a turn of the loop, held still in tests.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// The wall clock, with the user's own offset from UTC.
    pub local: DateTime<FixedOffset>,
    /// Time since the screen opened; never jumps.
    pub since: Duration,
}

impl Now {
    /// The clocks as they stand.
    pub fn read(opened: Instant) -> Self {
        Self::of(opened, Instant::now())
    }

    /// The clocks, for what was read from the terminal a moment ago.
    pub fn of(opened: Instant, at: Instant) -> Self {
        Self { local: Local::now().fixed_offset(), since: at.saturating_duration_since(opened) }
    }

    /// The wall clock in UTC.
    pub fn utc(&self) -> DateTime<Utc> {
        self.local.to_utc()
    }
}

/// Where the keys go: each has its rows in the keymap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Context {
    /// Keys that work wherever the user is.
    Always,
    /// Keys that work wherever no text is typed.
    Common,
    /// Keys that work in every pane.
    Browse,
    /// Moving in a list.
    Moves,
    /// Going to a pane, also from what lies over one and is only looked at.
    Panes,
    /// While a note tells of a failure that can be tried again.
    Failed,
    /// While a note tells of a revocation that can be undone.
    Undo,
    /// Moving between the fields of a form.
    Fields,
    /// Changing the value of a field that is a choice.
    Choice,
    /// The local sessions.
    Sessions,
    /// Typing a filter for the sessions.
    Filter,
    /// Typing what to look for inside the conversations.
    Search,
    /// The sessions in which it was found.
    Results,
    /// Reading the conversation of the selected session.
    Reading,
    /// Reading where it was said.
    Hit,
    /// Reading a conversation, of whatever kind.
    Text,
    /// Typing what to find in the conversation that is read.
    Find,
    /// Reading where that was found.
    Found,
    /// The form that publishes a session.
    PublishForm,
    /// What the user published.
    Handoffs,
    /// The form that changes how long a handoff lives.
    ExtendForm,
    /// What waits for the user.
    Inbox,
    /// The form under the inbox.
    PickupForm,
    /// A found handoff and the ways to go on with it.
    Plans,
    /// The form that adds a contact.
    ContactForm,
    /// The form that asks for a project's folder.
    FolderForm,
    /// The full-screen QR.
    Qr,
    /// The same of a handoff that only a key opens, and a phone has none.
    KeyedQr,
    /// The list of all keys.
    Help,
    /// The command palette.
    Palette,
    /// A question before something is lost.
    Confirm,
    /// The same where something else can be done instead.
    ConfirmOr,
    /// Asking for the passphrase of the key.
    Unlock,
    /// No key yet: one is got from another device, made or brought.
    Welcome,
    /// The words that give the key to another device.
    Pair,
    /// Whether that device shows the same six words.
    PairAsked,
}

impl Context {
    /// Whether it is a question before something is lost or given, of whatever kind.
    pub fn is_question(self) -> bool {
        matches!(self, Self::Confirm | Self::ConfirmOr | Self::PairAsked)
    }

    /// Whether the key is being given to another device.
    pub fn is_pairing(self) -> bool {
        matches!(self, Self::Pair | Self::PairAsked)
    }

    /// Whether it is the full-screen QR, of whatever kind.
    pub fn is_qr(self) -> bool {
        matches!(self, Self::Qr | Self::KeyedQr)
    }
}

/// What a key asks for. Fieldless, so it can be listed, named and tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the keymap gives each its words
pub enum Intent {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    ShowDetail,
    LeaveDetail,
    NextField,
    PreviousField,
    NextChoice,
    PreviousChoice,
    Accept,
    Back,
    Quit,
    Redraw,
    Suspend,
    Mouse,
    Help,
    Palette,
    NextPane,
    PreviousPane,
    GoSessions,
    GoHandoffs,
    GoPickup,
    Refresh,
    Publish,
    Filter,
    Search,
    OlderHit,
    NewerHit,
    Find,
    PreviousWords,
    NextWords,
    FullWidth,
    OnlyProject,
    ShowHidden,
    ToolDetail,
    ResumeHere,
    ToPhone,
    CopyId,
    ShowQr,
    PhonePass,
    Revoke,
    RevokeAll,
    CopyLink,
    Announce,
    Extend,
    ShowEnded,
    LookAt,
    TypeLink,
    AddContact,
    RunPlan,
    CopyCommand,
    WholeCommand,
    TryAgain,
    Undo,
    Reveal,
    NextContent,
    FullCells,
    CopyText,
    Yes,
    No,
    EndThere,
    Pair,
    /// Hidden: provokes a panic, to test that the terminal survives it.
    Panic,
}

impl Intent {
    /// Whether it answers a question so that something happens.
    pub fn is_answer(self) -> bool {
        matches!(self, Self::Yes | Self::EndThere)
    }
}

/// One of the three panes that share the body of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaneId {
    /// Local sessions.
    Sessions,
    /// What I published.
    Handoffs,
    /// What waits for me.
    Pickup,
}

impl PaneId {
    /// All, in the order of their keys.
    pub const ALL: [Self; 3] = [Self::Sessions, Self::Handoffs, Self::Pickup];

    /// The pane's name.
    pub fn words(self) -> &'static str {
        match self {
            Self::Sessions => "Sessions",
            Self::Handoffs => "Handoffs",
            Self::Pickup => "Pick up",
        }
    }
}

/// What somebody asks to be done. A pane asks the screen, which performs what
/// is its own and asks the loop for the rest; each variant says who does it.
#[derive(Debug)]
pub enum Effect {
    /// Panes to the screen: begin a job, which becomes [`Effect::Start`].
    Run(Action),
    /// Panes to the screen: nobody wants to know any more what this kind of job
    /// finds out.
    Stop(Verb),
    /// Panes to the screen: lay something over the pane.
    Open(Open),
    /// Overlays to the screen: take away the topmost of them.
    Close,
    /// Panes to the screen: show another pane.
    Go(PaneId),
    /// Panes to the screen: tell the user something.
    Say(Note),
    /// The palette to the screen: do what a key would do, in this pane.
    Intend(Option<PaneId>, Intent),
    /// Panes to the screen, which says so, and on to the loop: put a text on the
    /// clipboard; the second names it ("the link").
    Copy(Hidden<String>, &'static str),
    /// Panes to the loop: run a plan's command in this terminal and come back; the
    /// action follows when that went well.
    StepAside(Box<Plan>, Option<Box<Action>>),
    /// The screen to the loop, for the worker: start a job; with a time, one of a
    /// round every so long.
    Start(JobId, Action, Option<Duration>),
    /// The screen to the loop, for the worker: cancel a job.
    Cancel(JobId),
    /// The screen to the loop: ring, and say this where the user is.
    Ring(String),
    /// The screen to the loop: stop, as Ctrl-Z does.
    Suspend,
    /// The screen to the loop: draw all of it again.
    Redraw,
    /// The screen to the loop: take or release the mouse.
    Mouse(bool),
    /// The screen to the loop: end.
    Quit,
    /// The screen to the loop: panic, on purpose.
    Panic,
}

/// What can lie over a pane.
#[derive(Debug)]
pub enum Open {
    /// The publish form for a session, with what was typed in it before.
    Publish(Box<PublishRequest>),
    /// The form that gives a handoff more time.
    Extend(Box<Listed>),
    /// The form that adds the owner of a key to the contacts.
    Contact(String),
    /// The form that asks where a found handoff's project is.
    Folder(Box<Found>),
    /// The full-screen QR of a handoff.
    Qr(Box<Listed>),
    /// A question before something is lost.
    Confirm(Box<Question>),
}

/// A question before something is lost.
#[derive(Debug)]
pub struct Question {
    /// The question itself.
    pub title: String,
    /// What will be lost, by name.
    pub lines: Vec<String>,
    /// What "yes" does, as a verb.
    pub yes: &'static str,
    /// Done on "yes".
    pub then: Box<Effect>,
    /// What else can be done, and how: it ends what is in the way first.
    pub instead: Option<(&'static str, Box<Effect>)>,
    /// Where "no" leads, if not back to the pane.
    pub otherwise: Option<Box<Effect>>,
}

/// Names a job from its start to its end.
pub type JobId = u64;

/// Work for the background; its kind is a [`Verb`].
#[derive(Clone, Debug, EnumDiscriminants)]
#[strum_discriminants(
    name(Verb),
    doc = "The kind of an [`Action`]. Jobs of one verb replace each other, except where each stands for a wish \
        of its own.",
    allow(missing_docs)
)]
pub enum Action {
    /// Read what is known of the identity and the network, without unlocking.
    Identity,
    /// List local sessions, those of this directory first to be found.
    Scan(PathBuf),
    /// Tell what became of local sessions since then, and becomes of them from now on.
    Follow(DateTime<Utc>),
    /// Read a part of a session's conversation; the text lights up where it
    /// stands in the message that was asked for.
    Preview(Box<Session>, Excerpt, String),
    /// Look inside all conversations.
    Search(Box<Asked>),
    /// Find every message of one session that matches.
    Hits(Box<Session>, String),
    /// Read what would be published for a session.
    Draft(Box<Session>),
    /// Publish; `true`: a phone pass of it follows.
    Publish(Box<PublishRequest>, bool),
    /// Read the journal; `true`: ended handoffs too.
    Journal(bool),
    /// Check the journal against the network.
    List(bool),
    /// Revoke by token, after a moment in which that can be undone.
    Revoke(Vec<String>),
    /// Undo that.
    UndoRevoke(Vec<String>),
    /// Announce one handoff again, now.
    Announce(String),
    /// Let a handoff live for so long from now.
    Extend(String, Ttl),
    /// Make a phone pass of a handoff and keep it until this is cancelled.
    PhonePass(String),
    /// Look for what waits for me.
    Inbox,
    /// Find a handoff without taking it.
    Find(Target),
    /// Take a found handoff, to go on with it by this plan.
    PickUp(Box<Found>, Box<Plan>),
    /// What was taken reached its reader.
    Settle(Box<Found>),
    /// End the process that holds a plan's session, to run the plan then; of a
    /// handoff that was taken, this one, to be settled.
    EndLive(Box<Plan>, Option<Box<Found>>),
    /// A found handoff's project is in this folder.
    Place(Box<Found>, PathBuf),
    /// Make the plans of a found handoff once more, without the network.
    Plan(Box<Found>),
    /// Read the contacts.
    Contacts,
    /// Add a contact: name, key, one of mine.
    AddContact(String, String, bool),
    /// Unlock the identity.
    Unlock(Hidden<String>),
    /// Create an identity, or take over the key in this file; an empty
    /// passphrase is none.
    CreateIdentity(Option<PathBuf>, Hidden<String>),
    /// Give the key to another device by four words, as the user answers.
    GiveKey,
    /// Get the key of the device that shows these four words.
    TakeKey(Hidden<String>),
    /// Read the plans for a session of this machine.
    ResumeHere(Box<Session>),
}

impl Action {
    /// Which kind of work this is.
    pub fn verb(&self) -> Verb {
        self.into()
    }
}

impl Verb {
    /// What the spinner says until the job itself says more; `None` for quiet
    /// work that nobody waits for.
    pub fn doing(self) -> Option<&'static str> {
        Some(match self {
            Self::Publish => "publishing",
            Self::List => "checking your handoffs on the network",
            Self::Revoke => "revoking",
            Self::Announce => "announcing again",
            Self::Extend => "extending",
            Self::PhonePass => "making a phone pass",
            Self::Inbox => "looking for handoffs addressed to you",
            Self::Find => "looking for the handoff",
            Self::PickUp => "picking up",
            Self::Unlock => "unlocking your key",
            Self::CreateIdentity => "creating your key",
            Self::GiveKey => "making the words for pairing",
            Self::TakeKey => "looking for the device with these words",
            _ => return None,
        })
    }

    /// Whether a newer job of this verb makes the older one pointless.
    pub fn replaces(self) -> bool {
        !matches!(
            self,
            Self::Publish
                | Self::Revoke
                | Self::UndoRevoke
                | Self::Announce
                | Self::Extend
                | Self::PhonePass
                | Self::PickUp
                | Self::Settle
                | Self::EndLive
                | Self::AddContact
                | Self::CreateIdentity
        )
    }
}

/// What the worker tells the screen.
#[derive(Debug)]
pub enum Event {
    /// Something on the way.
    Step(JobId, Report),
    /// The job is over, and no more comes from it.
    Done(JobId, Result<Report, Error>),
    /// A job panicked: the program cannot be trusted any more.
    Broken(String),
}

/// What came of an [`Action`], whole or in part.
#[derive(Debug)]
pub enum Report {
    /// What the service tells on the way.
    Step(Step),
    /// The identity, and the network in words.
    Identity(IdentityState, String),
    /// The identity changed: unlocked or made.
    Unlocked(IdentityState),
    /// A pairing goes on.
    Pairing(Pairing),
    /// A batch of sessions, and how far the scan has come.
    Sessions(Vec<Session>, Progress),
    /// All sessions have been told.
    Scanned,
    /// Sessions changed on disk.
    Changed(Changed),
    /// The system cannot tell what changes on disk.
    Unfollowed,
    /// This part of the conversation in this file.
    Preview(PathBuf, Excerpt, Page),
    /// A search goes on.
    Searching(Searching),
    /// A search came to its end.
    Searched(Box<Asked>),
    /// Every match in this file, oldest first.
    Hits(PathBuf, Vec<Hit>),
    /// What would be published for the session with this id.
    Draft(String, Box<Draft>),
    /// It is out; `true`: a phone pass of it follows.
    Published(Box<Published>, bool),
    /// It is out to several people, or to some of them.
    PublishedAll(Box<PublishedAll>),
    /// All handoffs; `true`: checked on the network.
    Listed(Vec<Listed>, bool),
    /// What was revoked, and what was not.
    Revoked(Revoked),
    /// So many are not revoked after all.
    Unrevoked(usize),
    /// Announced again.
    Announced(Box<Listed>),
    /// It lives longer.
    Extended(Box<Listed>),
    /// The phone pass of the handoff with this token.
    PhonePass(String, Box<Published>),
    /// The phone pass with this token is over.
    PassEnded(String, PassEnd),
    /// All handoffs to me.
    Inbox(Vec<InboxEntry>),
    /// What was found, newest first.
    Found(Vec<Found>),
    /// It is taken, to go on with it by this plan.
    Taken(Box<Taken>, Box<Plan>),
    /// What held this plan's session has ended; the handoff that it was taken by.
    EndedLive(Box<Plan>, Option<Box<Found>>),
    /// The handoff with this token reached its reader.
    Settled(String),
    /// All contacts.
    Contacts(Vec<ContactView>),
    /// A new contact.
    ContactAdded(ContactView),
    /// Which sessions of this machine others picked up, the last first.
    Elsewhere(Vec<Elsewhere>),
    /// What happened to handoffs, newest first.
    Log(Vec<Logged>),
    /// The plans for a session of this machine.
    Plans(Vec<Plan>),
    /// Something that happened on the side.
    Warned(String),
    /// A job has begun.
    Started(Verb),
    /// A job failed or was cancelled.
    Failed(Verb, Error),
}

impl Report {
    /// The pane that it belongs to and is given to; `None` for what is small, and
    /// told to all by reference.
    pub fn owner(&self) -> Option<PaneId> {
        Some(match self {
            Self::Sessions(..)
            | Self::Changed(_)
            | Self::Preview(..)
            | Self::Searching(_)
            | Self::Searched(_)
            | Self::Hits(..)
            | Self::Plans(_)
            | Self::EndedLive(..) => PaneId::Sessions,
            Self::Listed(..)
            | Self::Log(_)
            | Self::Announced(_)
            | Self::Extended(_)
            | Self::Step(Step::Listed(_)) => PaneId::Handoffs,
            Self::Inbox(_)
            | Self::Found(_)
            | Self::Taken(..)
            | Self::Step(Step::Inbox(_) | Step::Found(_)) => PaneId::Pickup,
            _ => return None,
        })
    }
}

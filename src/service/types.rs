//! What the verbs take and give. Results derive `Serialize` and are the
//! `--json` value of their command, field for field.

mod group;
mod inbox;
mod publishing;

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Error;
pub use crate::handoff::AudienceKind;
use crate::handoff::{Hidden, Ttl};
use crate::text;
pub use group::{GroupView, Member, NotPublished, Outcome, PublishedAll};
pub use inbox::{Elsewhere, InboxEntry};
pub use publishing::{Draft, LeftBehind, Named, PublishRequest, SshAddress, SshSource};

/// What the screen may know of the identity before it is unlocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityState {
    /// No key yet.
    None,
    /// There is a file, but it cannot be used: which, why, and what to do.
    Damaged(Error),
    /// A key behind a passphrase that was not given yet.
    Locked,
    /// Ready; the public key as `pk:…` .
    Unlocked(String),
}

/// `init` and `whoami`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IdentityView {
    /// `pk:` and 52 z-base-32 characters.
    pub public_key: String,
    /// Where the key file lies.
    #[serde(serialize_with = "crate::text::serialize_path")]
    pub path: PathBuf,
    /// `passphrase` or `none`.
    pub protected: &'static str,
}

/// Who may read a handoff, as asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AudienceChoice {
    /// My own devices.
    #[default]
    Devices,
    /// One recipient: a contact's name or a public key; or several: a team of the
    /// configuration, or names with commas between them.
    Share(String),
    /// Anyone with the PIN; `None` generates one.
    Pin(Option<Hidden<String>>),
    /// Anyone with the link.
    Link,
}

/// An audience as shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AudienceView {
    /// Which of the four.
    pub kind: AudienceKind,
    /// The recipient's contact name, or its `pk:` key where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl AudienceView {
    /// In a word or two, for people.
    pub fn words(&self) -> String {
        match (self.kind, &self.name) {
            (AudienceKind::Devices, _) => "my devices".to_owned(),
            (AudienceKind::Share, Some(name)) if name.starts_with("pk:") => text::fit(name, 12),
            (AudienceKind::Share, name) => {
                name.as_deref().map_or_else(|| "one person".to_owned(), text::clean)
            }
            (AudienceKind::Pin, _) => "PIN".to_owned(),
            (AudienceKind::Link, _) => "link".to_owned(),
        }
    }
}

/// A handoff that is out.
#[derive(Clone, Debug, Serialize)]
pub struct Published {
    /// Audience letter and 13 z-base-32 characters.
    pub token: String,
    /// The `pk:` link; for the link audience it carries the secret.
    pub link: Hidden<String>,
    /// The same as a web link, where `web` is set and a phone could open it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web_link: Option<Hidden<String>>,
    /// The SSH address that was sent.
    pub ssh: Option<String>,
    /// Whether it is only this machine's host name.
    pub ssh_guessed: bool,
    /// The same where the user named it: worth a QR code.
    #[serde(skip)]
    pub user_ssh: Option<String>,
    /// Who may read it.
    pub audience: AudienceView,
    /// The session's UUID.
    pub session_id: String,
    /// The project's path.
    pub project: String,
    /// The title that travelled.
    pub title: Option<String>,
    /// Work in its repository that stays on this machine.
    #[serde(skip_serializing_if = "LeftBehind::is_nothing")]
    pub left_behind: LeftBehind,
    /// Tokens of older handoffs of this session that this one replaced.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<String>,
    /// Whole seconds, UTC.
    #[serde(serialize_with = "crate::handoff::time::serialize")]
    pub created_at: DateTime<Utc>,
    /// Whole seconds, UTC.
    #[serde(serialize_with = "crate::handoff::time::serialize")]
    pub expires_at: DateTime<Utc>,
    /// Seconds.
    pub ttl: Ttl,
    /// Whether the first pickup takes it away.
    pub burn_after_read: bool,
    /// The PIN, only where cclink generated it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pin: Option<Hidden<String>>,
    /// How many nodes stored it.
    pub copies: u32,
    /// How the conversation travels, where it does.
    pub carry: Option<CarriedBy>,
    /// The age identity that opens its file.
    #[serde(skip)]
    pub carry_key: Option<age::secrecy::SecretString>,
    /// Things the user should know, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl Published {
    /// The same as a row of the list.
    pub fn row(&self) -> Listed {
        Listed {
            token: self.token.clone(),
            audience: self.audience.clone(),
            session_id: self.session_id.clone(),
            project: self.project.clone(),
            label: None,
            title: self.title.clone(),
            state: State::Live,
            burn_after_read: self.burn_after_read,
            created_at: self.created_at,
            expires_at: self.expires_at,
            copies: Some(self.copies),
            link: Some(self.link.clone()),
            web_link: self.web_link.clone(),
            pin: self.pin.clone(),
            ssh: self.user_ssh.clone(),
            named: Named::default(),
            own: true,
            phone_pass: false,
            announced_at: None,
            picked_up: None,
            carry: self.carry,
            group: None,
        }
    }
}

/// Where a handoff stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// On its way to the network.
    Publishing,
    /// Readable.
    Live,
    /// Readable, but on few nodes.
    Fading,
    /// Someone who may read it took it; it stays readable.
    PickedUp,
    /// Taken by its only reader.
    Burned,
    /// Called back by its creator.
    Revoked,
    /// Past its time.
    Expired,
    /// No copy was found.
    Lost,
    /// Never went out.
    Failed,
    /// Too few nodes answered to say.
    Unknown,
}

impl State {
    /// One or two words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Publishing => "publishing",
            Self::Live => "live",
            Self::Fading => "fading",
            Self::PickedUp => "picked up",
            Self::Burned => "burned",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Lost => "lost",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// Whether a reader could still pick it up, or soon can.
    pub fn is_alive(self) -> bool {
        matches!(
            self,
            Self::Publishing | Self::Live | Self::Fading | Self::PickedUp | Self::Lost | Self::Unknown
        )
    }
}

/// Who picked a handoff up, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PickedUp {
    /// Whole seconds, UTC; by the reader's clock.
    #[serde(serialize_with = "crate::handoff::time::serialize")]
    pub at: DateTime<Utc>,
    /// The reader's host.
    pub hostname: String,
}

/// A row of `list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Audience letter and 13 z-base-32 characters.
    pub token: String,
    /// Who may read it.
    pub audience: AudienceView,
    /// The session's UUID.
    pub session_id: String,
    /// The project's path.
    pub project: String,
    /// The project's name in lists, where one was given.
    pub label: Option<String>,
    /// The title that travelled.
    pub title: Option<String>,
    /// Where it stands.
    pub state: State,
    /// Whether the first pickup takes it away.
    pub burn_after_read: bool,
    /// Whole seconds, UTC.
    #[serde(serialize_with = "crate::handoff::time::serialize")]
    pub created_at: DateTime<Utc>,
    /// Whole seconds, UTC.
    #[serde(serialize_with = "crate::handoff::time::serialize")]
    pub expires_at: DateTime<Utc>,
    /// Nodes that hold it; `None` when the network was not asked.
    pub copies: Option<u32>,
    /// The link to give to the reader; `None` where it cannot be told (a link
    /// handoff while the identity is locked).
    pub link: Option<Hidden<String>>,
    /// The same as a web link, where `web` is set and a phone could open it.
    #[serde(skip)]
    pub web_link: Option<Hidden<String>>,
    /// The PIN that cclink made for it, while it is alive and the key unlocked.
    #[serde(skip)]
    pub pin: Option<Hidden<String>>,
    /// The SSH address that the user set.
    #[serde(skip)]
    pub ssh: Option<String>,
    /// What the user named for this handoff alone.
    #[serde(skip)]
    pub named: Named,
    /// Whether this device published it.
    #[serde(skip)]
    pub own: bool,
    /// Whether it is the phone pass of another one.
    #[serde(skip)]
    pub phone_pass: bool,
    /// When this device announced it again last.
    #[serde(skip)]
    pub announced_at: Option<DateTime<Utc>>,
    /// Who took it.
    pub picked_up: Option<PickedUp>,
    /// The sealed file with its conversation, where this device put one.
    pub carry: Option<CarriedBy>,
    /// Those that went out with it, to other people.
    pub group: Option<GroupView>,
}

/// How a phone pass ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PassEnd {
    /// A phone took it: its row.
    Used(Box<Listed>),
    /// Nobody took it, and nobody can any more.
    Revoked,
    /// Its time is over.
    Expired,
}

/// What `revoke` did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Revoked {
    /// Tokens that are revoked now.
    pub revoked: Vec<String>,
    /// Tokens that are not, and why.
    pub failed: Vec<RevokeFailure>,
}

impl RevokeFailure {
    pub(super) fn new(token: String, error: Error) -> Self {
        let code = error.exit_code();
        Self { token, code, advice: error.advice, error: error.message }
    }

    /// As the error of a call that revoked nothing else.
    pub fn to_error(&self) -> Error {
        let kind = match self.code {
            2 => super::ErrorKind::Usage,
            3 => super::ErrorKind::Gone,
            4 => super::ErrorKind::NotForYou,
            5 => super::ErrorKind::Unreachable,
            _ => super::ErrorKind::Failed,
        };
        Error::new(kind, self.error.clone()).advise(self.advice.clone())
    }
}

/// One handoff that could not be revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RevokeFailure {
    /// Its token.
    pub token: String,
    /// Why.
    pub error: String,
    /// What to do next; may be empty.
    #[serde(skip)]
    pub advice: String,
    /// The exit code that this failure alone would have.
    #[serde(skip)]
    pub code: u8,
}

/// A contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContactView {
    /// As the user named it.
    pub name: String,
    /// `pk:…`.
    pub public_key: String,
    /// Whether it is one of the user's own identities.
    pub mine: bool,
}

/// Who made a handoff, as this device knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    /// This very key.
    Me,
    /// A contact, by its name, and the key's short form.
    Contact(String, String),
    /// A key that has no name: its short form.
    Key(String),
}

impl Signer {
    /// The name alone.
    pub fn name(&self) -> &str {
        match self {
            Self::Me => "you",
            Self::Contact(name, _) | Self::Key(name) => name,
        }
    }
}

/// "you", a contact's name with its key, or the key.
impl std::fmt::Display for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Contact(_, key) => write!(f, " ({key})"),
            Self::Me | Self::Key(_) => Ok(()),
        }
    }
}

/// A record that was found and whose signature holds; nothing was consumed.
#[derive(Clone, Debug)]
pub struct Found {
    /// What `pickup --json` shows, with `burned` still false.
    pub pickup: Pickup,
    /// "signed by you, from framework-desktop, 12 min ago, expires in 7h 48m".
    pub signed_by: String,
    /// Who that is.
    pub signer: Signer,
    /// Whether a complete lookup confirmed that nothing newer is there.
    pub confirmed: bool,
    /// How its project could be cloned, where its folder is not known here.
    pub clone_offer: Option<super::CloneOffer>,
    /// The packet's sequence in µs: orders handoffs of one second.
    pub(super) sequence: u64,
    /// Where it lies.
    pub(super) place: super::pickup::handle::PlaceHandle,
}

/// What `pickup` shows.
#[derive(Clone, Debug, Serialize)]
pub struct Pickup {
    /// Audience letter and 13 z-base-32 characters.
    pub token: String,
    /// `pk:…`.
    pub creator: String,
    /// Always true: what does not verify is not shown.
    pub verified: bool,
    /// Protocol version of the record.
    pub version: u8,
    /// The session's UUID.
    pub session_id: String,
    /// Where the session lives.
    pub hostname: String,
    /// Its project there.
    pub project: String,
    /// The project's name in lists, where one was given.
    pub label: Option<String>,
    /// Its title, where one travelled.
    pub title: Option<String>,
    /// A note from the creator.
    pub note: Option<String>,
    /// The repository at publishing.
    pub git: Option<crate::handoff::Git>,
    /// `user@host`.
    pub ssh: Option<String>,
    /// How much conversation there was.
    pub transcript: crate::handoff::Transcript,
    /// The sealed file in which the conversation travels, where it does.
    pub carry: Option<Carried>,
    /// Whole seconds, UTC.
    #[serde(serialize_with = "crate::handoff::time::serialize")]
    pub created_at: DateTime<Utc>,
    /// Whole seconds, UTC.
    #[serde(serialize_with = "crate::handoff::time::serialize")]
    pub expires_at: DateTime<Utc>,
    /// Seconds.
    pub ttl: Ttl,
    /// Whether picking it up takes it away.
    pub burn_after_read: bool,
    /// Whether a PIN was needed.
    pub pin_protected: bool,
    /// Whether this pickup took it away.
    pub burned: bool,
    /// The plain link, for another device of its audience; `None` where it
    /// would carry a secret.
    #[serde(skip)]
    pub link: Option<String>,
    /// What can be done with it here, best first.
    pub plans: Vec<Plan>,
}

/// By which way a sealed file goes, and how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CarriedBy {
    /// Which way.
    pub way: CarryWay,
    /// Its sealed length.
    pub bytes: u64,
    /// Where it is by now, in a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<CarriedState>,
}

/// Where a sealed file is by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CarriedState {
    /// Where it was put.
    There,
    /// Its handoff ended; it could not be taken away yet.
    Leaving,
    /// It was taken away.
    TakenAway,
}

pub use crate::store::CarryWay;

/// A way by which the conversation can go along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarryOption {
    /// Which way.
    pub way: CarryWay,
    /// "included, in the git remote origin".
    pub words: String,
}

/// How the conversation goes along, as it is proposed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CarryOffer {
    /// The ways that work from here.
    pub ways: Vec<CarryOption>,
    /// The one that was chosen last, or is set; `None`: it stays.
    pub chosen: Option<CarryWay>,
    /// Whether the work that is not committed or not pushed went along last.
    pub changes: bool,
    /// Whether the user chose or set it, also that it stays.
    pub said: bool,
}

/// Which sealed file it is, without what opens it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Carried {
    /// Its sealed length.
    pub bytes: u64,
    /// First 16 bytes of SHA-256 over it, in base64url.
    pub hash: String,
}

impl Carried {
    pub(super) fn of(carry: &crate::handoff::Carry) -> Self {
        Self { bytes: carry.bytes, hash: carry.hash.clone() }
    }
}

pub use crate::resume::{ERROR_FILE, Plan, PlanKind, SshWay, quote_for_any_shell};

/// What a verb is doing.
#[derive(Clone, Debug)]
pub enum Step {
    /// In words: "looking for your handoffs".
    Doing(String),
    /// The record is acknowledged: link and QR can be shown.
    Acknowledged(Box<Published>),
    /// A first valid answer, still to be confirmed.
    Found(Box<Found>),
    /// A row of the inbox.
    Inbox(Box<InboxEntry>),
    /// A row of the list, checked.
    Listed(Box<Listed>),
    /// These are revoked after so long, unless that is undone.
    Revoking(Vec<String>, std::time::Duration),
}

//! What publishing proposes, and what it is asked for.

use serde::Serialize;

use super::super::{CarryTo, Destination};
use super::{AudienceChoice, AudienceKind, AudienceView, CarryOffer, Listed};
use crate::claude::Session;
use crate::handoff::{Git, Ttl};

/// What publishing a session proposes. Made once, in the service, for the form,
/// the command line, `/cclink:handoff` and on-exit alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The session to publish: the one asked for, or the one it went on in.
    pub session: Session,
    /// The id asked for, where the session went on under another one.
    pub continues: Option<String>,
    /// How long it lives.
    pub ttl: Ttl,
    /// The title to send; empty for none.
    pub title: String,
    /// Name of the project in lists.
    pub label: Option<String>,
    /// Where the session can be reached.
    pub ssh: Option<SshAddress>,
    /// What of it the user named for the handoff that a new one replaces.
    pub named: Named,
    /// The repository where it runs.
    pub git: Option<Git>,
    /// Work that is not in the handoff.
    pub left_behind: LeftBehind,
    /// Whether Claude is in the middle of a turn.
    pub busy: bool,
    /// That it continues on another device, in words.
    pub went_on: Option<String>,
    /// Handoffs of this session that this device published and that are alive,
    /// as the journal knows them.
    pub alive: Vec<Listed>,
    /// How the conversation goes along.
    pub carry: CarryOffer,
}

impl Draft {
    /// The session's id, and the one it went on from.
    pub fn session_ids(&self) -> Vec<String> {
        std::iter::once(self.session.session_id.clone()).chain(self.continues.clone()).collect()
    }

    /// The handoffs that a new one for this audience replaces, newest first. Of a
    /// PIN only the service can say whether it is the same.
    pub fn replaced(&self, audience: &AudienceView) -> impl Iterator<Item = &Listed> {
        let is_one = matches!(audience.kind, AudienceKind::Devices | AudienceKind::Share);
        self.alive.iter().filter(move |row| {
            let group = row.group.as_ref().map(|group| &group.name);
            is_one
                && (row.audience == *audience
                    || group.is_some_and(|name| audience.name.as_ref() == Some(name)))
        })
    }

    /// The draft for one audience: what the user named for the handoff that a
    /// new one replaces is proposed again.
    #[must_use]
    pub fn toward(mut self, audience: &AudienceView) -> Self {
        let Some(older) = self.replaced(audience).next() else { return self };
        (self.named, self.label) = (older.named.clone(), older.label.clone());
        if let Some(title) = &self.named.title {
            self.title.clone_from(title);
        }
        if let Some(address) = self.named.ssh.clone() {
            let named = SshAddress { address, source: SshSource::User };
            self.ssh = Some(named).filter(|ssh| !ssh.address.is_empty());
        }
        self
    }

    /// A request for all that is proposed, to my own devices.
    pub fn request(self) -> PublishRequest {
        PublishRequest { draft: Some(Box::new(self.clone())), ..PublishRequest::proposed(self.session) }
    }

    /// That the session went on under another id.
    pub fn followed(&self) -> Option<String> {
        let short = |id: &str| id.chars().take(8).collect::<String>();
        let (old, new) = (short(self.continues.as_deref()?), short(&self.session.session_id));
        Some(format!("Session {old} continued as {new}: publishing that one."))
    }

    /// That more is about to be said.
    pub fn busy_words(&self) -> Option<&'static str> {
        self.busy.then_some("It is in the middle of a turn; only what was said so far is published.")
    }
}

/// What the user named for one handoff alone, in place of what was proposed;
/// empty for none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// The title.
    pub title: Option<String>,
    /// The SSH address.
    pub ssh: Option<String>,
}

impl Named {
    /// What a new handoff takes over, where its request does not say otherwise.
    pub fn words(&self, request: &PublishRequest) -> Option<String> {
        let named = |what: &str, named: &Option<String>, asked: &Option<String>| {
            let value = crate::text::clean(named.as_ref().filter(|_| asked.is_none())?);
            Some(if value.is_empty() { format!("no {what}") } else { format!("the {what} {value}") })
        };
        let kept =
            [named("title", &self.title, &request.title), named("SSH address", &self.ssh, &request.ssh)];
        let kept: Vec<String> = kept.into_iter().flatten().collect();
        (!kept.is_empty()).then(|| format!("As you chose before: {}.", kept.join(", ")))
    }
}

/// An SSH address, and who named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshAddress {
    /// `user@host`.
    pub address: String,
    /// Who named it.
    pub source: SshSource,
}

/// Who named an SSH address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SshSource {
    /// The user: in the configuration, or for this handoff.
    User,
    /// Tailscale: the name is known in the user's network.
    Tailscale,
    /// Nobody: it is this machine's host name, which may be known nowhere else.
    HostName,
}

impl SshAddress {
    /// Whether it may be known nowhere else.
    pub fn is_guessed(&self) -> bool {
        self.source == SshSource::HostName
    }

    /// The address, and what to do about a guessed one.
    pub fn words(&self) -> String {
        let guessed = if self.is_guessed() { " (guessed; set `ssh` in the configuration)" } else { "" };
        format!("{}{guessed}", self.address)
    }
}

/// Work in the session's repository that no handoff holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeftBehind {
    /// Files with changes that are not committed.
    pub changed_files: usize,
    /// Files that git does not know yet.
    pub new_files: usize,
    /// Commits on this branch that are on no remote.
    pub unpushed_commits: usize,
}

impl LeftBehind {
    /// Whether there is nothing of the kind.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// "2 files changed, 1 commit not pushed".
    pub fn count(&self) -> Option<String> {
        let count = |number: usize, one: &str, many: &str| match number {
            0 => None,
            1 => Some(format!("1 {one}")),
            _ => Some(format!("{number} {many}")),
        };
        let parts: Vec<String> = [
            count(self.changed_files, "file changed", "files changed"),
            count(self.new_files, "new file", "new files"),
            count(self.unpushed_commits, "commit not pushed", "commits not pushed"),
        ]
        .into_iter()
        .flatten()
        .collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// "2 files changed, 1 commit not pushed: they stay on this machine."
    pub fn words(&self) -> Option<String> {
        let all = self.changed_files + self.new_files + self.unpushed_commits;
        let stay = if all == 1 { "it stays" } else { "they stay" };
        self.count().map(|count| format!("{count}: {stay} on this machine."))
    }
}

/// Everything needed to publish one session.
#[derive(Clone, Debug)]
pub struct PublishRequest {
    /// The session, as the scan found it.
    pub session: Session,
    /// Who may read it.
    pub audience: AudienceChoice,
    /// How long it lives; `None` takes the draft's.
    pub ttl: Option<Ttl>,
    /// Taken away by the first who picks it up.
    pub burn: bool,
    /// Name of the project in lists, at most 64 bytes.
    pub label: Option<String>,
    /// The title to send; `None` takes the draft's, empty sends none.
    pub title: Option<String>,
    /// A note for the reader, at most 200 bytes.
    pub note: Option<String>,
    /// `user@host`, at most 100 bytes; `None` takes the draft's, empty sends none.
    pub ssh: Option<String>,
    /// Whether an older handoff of the same session for the same audience may be
    /// replaced although it burns.
    pub replace: bool,
    /// Where the conversation goes; `None`: it stays.
    pub carry: Option<CarryTo>,
    /// The draft that was just made, to save making it again.
    pub draft: Option<Box<Draft>>,
}

impl PublishRequest {
    /// For all that is proposed for a session, to my own devices; the draft is still to
    /// be made.
    pub fn proposed(session: Session) -> Self {
        Self {
            session,
            audience: AudienceChoice::Devices,
            ttl: None,
            burn: false,
            label: None,
            title: None,
            note: None,
            ssh: None,
            replace: false,
            carry: Some(CarryTo::to(Destination::Proposed)),
            draft: None,
        }
    }
}

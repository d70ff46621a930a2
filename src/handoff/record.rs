//! Records: one handoff, as signed JSON of at most 604 bytes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::json::named;
use super::time;
use super::ttl::Ttl;

/// Room for a record's JSON beside its signature.
pub const MAX_JSON: usize = super::seal::MAX_PAYLOAD - 64;
/// A title is never shortened below this many characters.
const SHORTEST_TITLE: usize = 24;
/// Created further ahead than this is not believed.
const MAX_AHEAD: TimeDelta = TimeDelta::hours(1);

/// The repository at publishing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Git {
    /// At most 80 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The remote's address, without credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// The commit's hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Whether there were changes not committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dirty: Option<bool>,
}

/// How much conversation there was when it was published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transcript {
    /// Length of the file in bytes.
    pub bytes: u64,
    /// First 8 bytes of SHA-256 over the last 65,536 of those bytes, 16
    /// lower-case hex digits.
    pub tail: String,
}

/// The sealed file with the conversation: what opens it, and which file it is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carry {
    /// 16 bytes in 22 characters of base64url.
    pub key: String,
    /// First 16 bytes of SHA-256 over the sealed file, in the same form.
    pub hash: String,
    /// Its sealed length.
    pub bytes: u64,
}

impl std::fmt::Debug for Carry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Carry").field("hash", &self.hash).field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

/// 16 bytes from canonical base64url: 22 characters, of whose last one four bits
/// must be zero, so decoded, encoded again and compared.
pub fn sixteen(text: &str) -> Option<[u8; 16]> {
    let bytes: [u8; 16] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
    (URL_SAFE_NO_PAD.encode(bytes) == text).then_some(bytes)
}

/// One handoff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// 36 characters, lower case, hyphenated.
    pub session_id: String,
    /// Where the session lives; at most 64 bytes.
    pub hostname: String,
    /// Its project's path there.
    pub project: String,
    /// Name of the project in lists; at most 64 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// At most 160 bytes, an ellipsis included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// At most 200 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The repository at publishing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<Git>,
    /// `user@host`; at most 100 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh: Option<String>,
    /// Absolute path of the claude binary there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claude: Option<String>,
    /// Claude's folder there, where it is another than `~/.claude`; at most 255
    /// bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claude_dir: Option<String>,
    /// How much conversation there was.
    pub transcript: Transcript,
    /// Where the conversation travels beside it. Never dropped to make room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carry: Option<Carry>,
    /// Whole seconds.
    #[serde(with = "time")]
    pub created_at: DateTime<Utc>,
    /// Seconds.
    pub ttl: Ttl,
    /// Whether the first pickup takes it away.
    pub burn_after_read: bool,
    /// Repeats the audience; where it lies decides.
    pub pin_protected: bool,
}

/// Why a record is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Not JSON of our form.
    #[error("it does not have the form of a handoff")]
    Form,
    /// A field over its limit.
    #[error("its {0} is over {1} bytes long")]
    TooLong(&'static str, usize),
    /// A field with characters that have no business in it.
    #[error("its {0} holds characters that do not belong there")]
    Unfit(&'static str),
    /// All fields together, by this many bytes, after shortening.
    #[error("it is {0} bytes too long: shorten the SSH address or publish from a shorter path")]
    TooLarge(usize),
}

/// What a clock says of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// Readable.
    Alive,
    /// Past its time and grace.
    Expired,
    /// Created more than an hour ahead: one of the clocks is off.
    FromTheFuture,
}

impl Record {
    /// When it ends.
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.created_at + TimeDelta::seconds(i64::from(self.ttl.seconds()))
    }

    /// Judges it by the reader's clock, with a grace of min(2 min, TTL / 10).
    pub fn age(&self, now: DateTime<Utc>) -> Age {
        let grace = TimeDelta::seconds(i64::from(self.ttl.seconds() / 10).min(120));
        if self.created_at > now + MAX_AHEAD {
            Age::FromTheFuture
        } else if now > self.expires_at() + grace {
            Age::Expired
        } else {
            Age::Alive
        }
    }

    /// The JSON that is signed and sent, of the record as it fits.
    pub fn encode(self) -> Result<Vec<u8>, RecordError> {
        Ok(self.fitted()?.to_json())
    }

    /// The record as it travels, shortened where it must be: the title (never
    /// below 24 characters), then Claude's folder, the git remote, the path of
    /// claude and the note go.
    pub fn fitted(mut self) -> Result<Self, RecordError> {
        self.title = self.title.map(|title| shortened(&title, 160));
        self.check()?;
        self.shorten_title();
        let drops: [fn(&mut Self); 4] = [
            |record| record.claude_dir = None,
            |record| {
                if let Some(git) = &mut record.git {
                    git.remote = None;
                }
            },
            |record| record.claude = None,
            |record| record.note = None,
        ];
        for drop in drops {
            if self.over() > 0 {
                drop(&mut self);
            }
        }
        match self.over() {
            0 => Ok(self),
            over => Err(RecordError::TooLarge(over)),
        }
    }

    fn shorten_title(&mut self) {
        while self.over() > 0 {
            let Some(title) = self.title.as_deref().filter(|t| t.chars().count() > SHORTEST_TITLE) else {
                return;
            };
            let shorter = shortened(title, title.len() - 1);
            if shorter.chars().count() < SHORTEST_TITLE || shorter == title {
                return;
            }
            self.title = Some(shorter);
        }
    }

    fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    fn over(&self) -> usize {
        self.to_json().len().saturating_sub(MAX_JSON)
    }

    /// Reads JSON whose signature was checked. Unknown fields are ignored, null
    /// equals absent; a field over its limit or with control characters where
    /// it names a place refuses the record.
    pub fn decode(json: &[u8]) -> Result<Self, RecordError> {
        let record: Self = named(json, &["carry", "git", "transcript"]).ok_or(RecordError::Form)?;
        record.check()?;
        Ok(record)
    }

    fn check(&self) -> Result<(), RecordError> {
        let git = self.git.as_ref();
        let limits: [(&'static str, Option<&String>, usize); 7] = [
            ("host name", Some(&self.hostname), 64),
            ("label", self.label.as_ref(), 64),
            ("title", self.title.as_ref(), 160),
            ("note", self.note.as_ref(), 200),
            ("SSH address", self.ssh.as_ref(), 100),
            ("path of Claude's folder", self.claude_dir.as_ref(), 255),
            ("branch", git.and_then(|git| git.branch.as_ref()), 80),
        ];
        for (name, value, limit) in limits {
            if value.is_some_and(|value| value.len() > limit) {
                return Err(RecordError::TooLong(name, limit));
            }
        }
        // These become part of a command or a place: nothing hidden in them.
        let places: [(&'static str, Option<&String>); 6] = [
            ("host name", Some(&self.hostname)),
            ("project path", Some(&self.project)),
            ("SSH address", self.ssh.as_ref()),
            ("path of claude", self.claude.as_ref()),
            ("path of Claude's folder", self.claude_dir.as_ref()),
            ("session id", Some(&self.session_id)),
        ];
        for (name, value) in places {
            if value.is_some_and(|value| value.is_empty() || !is_plain(value)) {
                return Err(RecordError::Unfit(name));
            }
        }
        if self.hostname.starts_with('-') {
            return Err(RecordError::Unfit("host name"));
        }
        if self.ssh.as_deref().is_some_and(|ssh| !is_ssh_address(ssh)) {
            return Err(RecordError::Unfit("SSH address"));
        }
        if !is_session_id(&self.session_id) {
            return Err(RecordError::Unfit("session id"));
        }
        let tail = &self.transcript.tail;
        if tail.len() != 16 || !tail.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(RecordError::Unfit("transcript"));
        }
        let is_sound = |carry: &Carry| sixteen(&carry.key).is_some() && sixteen(&carry.hash).is_some();
        if !self.carry.as_ref().is_none_or(is_sound) {
            return Err(RecordError::Unfit("sealed file"));
        }
        Ok(())
    }
}

/// `text` in at most `bytes` bytes, an ellipsis included where it was cut.
fn shortened(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let kept = text.trim_end_matches('…');
    let end = kept.floor_char_boundary(bytes.saturating_sub('…'.len_utf8()));
    format!("{}…", kept[..end].trim_end())
}

/// No control, bidirectional or zero-width characters: what a person sees is
/// what a shell gets.
fn is_plain(text: &str) -> bool {
    !text.chars().any(|c| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}'
                | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    })
}

/// A UUID as Claude Code names its files: 36 characters, lower case.
pub fn is_session_id(text: &str) -> bool {
    text.len() == 36 && !text.bytes().any(|b| b.is_ascii_uppercase()) && uuid::Uuid::try_parse(text).is_ok()
}

/// The `[user@]host` and the port of an address that was checked. Of an IPv6
/// address only what stands behind `]` is a port.
pub fn host_and_port(address: &str) -> (&str, Option<&str>) {
    let (_, host) = user_and_host(address);
    match host.rsplit_once(':') {
        Some((name, port))
            if !port.is_empty()
                && port.bytes().all(|b| b.is_ascii_digit())
                && (!name.contains(':') || (name.starts_with('[') && name.ends_with(']'))) =>
        {
            (&address[..address.len() - port.len() - 1], Some(port))
        }
        _ => (address, None),
    }
}

fn user_and_host(address: &str) -> (Option<&str>, &str) {
    address.split_once('@').map_or((None, address), |(user, host)| (Some(user), host))
}

/// `[user@]host[:port]` of letters, digits and `.-_:[]%+`, neither part
/// starting with `-`, the port from 1 to 65535: what ssh takes as a destination
/// and no shell expands.
pub fn is_ssh_address(text: &str) -> bool {
    let fits = |part: &str| {
        !part.is_empty()
            && !part.starts_with('-')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || ".-_:[]%+".contains(c))
    };
    let (address, port) = host_and_port(text);
    let (user, host) = user_and_host(address);
    user.is_none_or(fits)
        && fits(host)
        && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

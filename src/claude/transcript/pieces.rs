//! The lines of a window, told apart by their first and last bytes.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use memchr::memmem::find;
use serde::de::IgnoredAny;

use super::line::{Line, strip};
use super::partial_line;

/// Lines of which the last one counts, by [`State`].
pub(crate) const STATES: [&str; 7] =
    ["custom-title", "ai-title", "summary", "last-prompt", "relocated", "tag", "pr-link"];
const _: () = assert!(State::PullRequest as usize + 1 == STATES.len());
/// Lines that say nothing of a row: recorded traffic, checkpoints, state.
const SKIPPED: [&str; 16] = [
    "mode",
    "permission-mode",
    "atis-latch",
    "tools-used",
    "cost-state",
    "file-history-snapshot",
    "file-history-delta",
    "attribution-snapshot",
    "queue-operation",
    "api-request-shape",
    "api-request-blob",
    "api-request",
    "api-request-resumed",
    "agent-name",
    "agent-color",
    "agent-setting",
];
/// Where the members that all lines share stand, seen from a line's end.
const END: usize = 1024;
/// Where a line's type stands, seen from its start.
const START: usize = 512;
/// What is looked at of a line whose start lies before the window.
const TORN: usize = 8192;

/// Which edges of a window may lie in the middle of a line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Edges {
    /// The file begins before the window.
    pub start: bool,
    /// The file goes on after the window.
    pub end: bool,
}

/// A line that says of a session what it is called or where it is; of several
/// the last one counts. The numbers are places in [`STATES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    CustomTitle,
    AiTitle,
    Summary,
    LastPrompt,
    Relocated,
    Tag,
    PullRequest,
}

/// A line, or what the window holds of it.
#[derive(Debug)]
pub(crate) struct Piece<'a> {
    pub raw: &'a [u8],
    pub kind: LineKind,
    /// A sub-agent's.
    pub side: bool,
}

#[derive(Debug)]
pub(crate) enum LineKind {
    /// Something said, as Claude writes it.
    Talk { user: bool },
    /// Another line of the conversation.
    Quiet,
    /// One of [`STATES`].
    State(usize),
    /// Nothing that is looked for.
    Skip,
    /// Read whole.
    Other(Box<Facts>),
    /// The start of a line that goes on after the window, or was cut off.
    Start,
    /// The end of a line whose start lies before the window.
    End(Box<Facts>),
}

/// What a line says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub talk: bool,
    pub side: bool,
    /// A team of agents has it.
    pub team: bool,
    /// A daemon runs it.
    pub daemon: bool,
    pub cwd: Option<String>,
    pub branch: Option<String>,
    pub entrypoint: Option<String>,
    pub time: Option<DateTime<Utc>>,
    pub model: Option<String>,
    pub states: [Option<String>; STATES.len()],
}

/// A line as JSON; `None` when it is none.
pub(crate) fn facts(raw: &[u8]) -> Option<Facts> {
    let text = partial_line::decode(raw);
    let line = Line::parse_without_words(&text)?;
    let owned = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
    let talk = line.is_talk();
    let state = |place: usize| line.kind.as_deref() == STATES.get(place).copied();
    let of = |place, text: &Option<Cow<'_, str>>| text.as_deref().filter(|_| state(place)).map(str::to_owned);
    let states = [
        of(0, &line.custom_title),
        of(1, &line.ai_title),
        of(2, &line.summary),
        of(3, &line.last_prompt),
        of(4, &line.relocated).filter(|cwd| !cwd.is_empty()),
        of(5, &line.tag),
        of(6, &line.pr_url),
    ];
    let answer = line.is("assistant");
    Some(Facts {
        talk,
        side: line.sidechain,
        team: line.team.as_deref().is_some_and(|team| !team.is_empty()),
        daemon: matches!(line.session_kind.as_deref(), Some("daemon" | "daemon-worker")),
        time: line.timestamp.as_deref().and_then(time),
        states,
        cwd: owned(line.cwd).filter(|cwd| !cwd.is_empty()),
        branch: owned(line.branch),
        entrypoint: owned(line.entrypoint),
        model: owned(line.message.model).filter(|model| answer && model != "<synthetic>"),
    })
}

/// Whether nothing stands in a line.
pub(crate) fn is_blank(raw: &[u8]) -> bool {
    // Nearly every line begins with a brace.
    !raw.first().is_some_and(u8::is_ascii_graphic) && strip(&partial_line::text(raw)).is_empty()
}

fn time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
}

/// Every line of a window that says something, and whether one is damaged.
pub(crate) fn split(bytes: &[u8], edges: Edges) -> (Vec<Piece<'_>>, bool) {
    let (mut pieces, mut damaged) = (Vec::new(), false);
    // Of the line ends of some, only that is left: no text has it.
    let glued = find(bytes, GLUED).is_some();
    let mut from = 0;
    while from < bytes.len() {
        let rest = bytes.get(from..).unwrap_or_default();
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let raw = rest.get(..end).unwrap_or_default();
        let (is_first, is_last) = (from == 0, end == rest.len());
        from += end + 1;
        let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
        if raw.is_empty() {
            continue;
        }
        if glued && find(raw, GLUED).is_some() && push_all(raw, &mut pieces) {
            continue;
        }
        // A torn line is not read to its end to find that out.
        let cut = is_last && edges.end && !raw.ends_with(b"}");
        if let Some(piece) = told(raw).or_else(|| if cut { None } else { other(raw) }) {
            push(raw, piece, &mut pieces);
            continue;
        }
        if is_blank(raw) || !(cut || is_first && edges.start) && push_all(raw, &mut pieces) {
            continue;
        }
        if let Some(object) = (!is_last).then(|| spread(rest)).flatten() {
            push_all(object, &mut pieces);
            from += object.len().saturating_sub(end);
            continue;
        }
        titles_in(raw, &mut pieces);
        if is_first && edges.start {
            pieces.push(Piece { raw, kind: LineKind::End(Box::new(end_of_line(raw))), side: false });
        } else if is_last {
            // Also a line that is just being written, or never was finished.
            pieces.push(Piece { raw, kind: LineKind::Start, side: edges.end && is_side(raw) });
        } else {
            damaged = true;
        }
    }
    (pieces, damaged)
}

/// Between two objects of one line.
pub(crate) const GLUED: &[u8] = b"}{\"";

/// A line that is read whole; `None` when it is no object.
fn other(raw: &[u8]) -> Option<(LineKind, bool)> {
    facts(raw).map(|facts| {
        let side = facts.side;
        (LineKind::Other(Box::new(facts)), side)
    })
}

fn push<'a>(raw: &'a [u8], (kind, side): (LineKind, bool), pieces: &mut Vec<Piece<'a>>) {
    if !matches!(kind, LineKind::Skip) {
        pieces.push(Piece { raw, kind, side });
    }
}

/// Every object of a line; false when it begins with none.
fn push_all<'a>(raw: &'a [u8], pieces: &mut Vec<Piece<'a>>) -> bool {
    let mut any = false;
    for raw in objects(raw) {
        any = true;
        if let Some(piece) = told(raw).or_else(|| other(raw)) {
            push(raw, piece, pieces);
        }
    }
    any
}

/// The objects that some bytes begin with, one behind the other.
pub(crate) fn objects(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<IgnoredAny>();
    std::iter::from_fn(move || {
        let from = values.byte_offset();
        values.next()?.ok()?;
        let value = bytes.get(from..values.byte_offset())?.trim_ascii();
        value.starts_with(b"{").then_some(value)
    })
}

/// The object that begins in a line and ends in a later one, as other programs
/// write it; no string goes over a line's end.
pub(crate) fn spread(bytes: &[u8]) -> Option<&[u8]> {
    let line = bytes.get(..memchr::memchr(b'\n', bytes)?)?.trim_ascii();
    if !line.starts_with(b"{") || line.ends_with(b"}") {
        return None;
    }
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    bytes.get(..values.byte_offset())
}

/// What claude looks for behind a torn line, too.
const TITLES: [&str; 3] = ["custom-title", "ai-title", "tag"];

/// Titles and tags whose line a torn one runs into.
fn titles_in<'a>(raw: &'a [u8], pieces: &mut Vec<Piece<'a>>) {
    for kind in TITLES {
        let Some(at) = memchr::memmem::rfind(raw, format!("{{\"type\":\"{kind}\"").as_bytes()) else {
            continue;
        };
        let before = at.checked_sub(1).and_then(|before| raw.get(before));
        if before.is_none_or(|before| b":,[".contains(before)) {
            continue;
        }
        if let Some(raw) = raw.get(at..)
            && let Some(piece) = other(raw)
        {
            push(raw, piece, pieces);
        }
    }
}

/// What a line is, by the way Claude writes it; `None` for any other way.
pub(crate) fn told(raw: &[u8]) -> Option<(LineKind, bool)> {
    if !raw.ends_with(b"}") {
        return None;
    }
    if let Some(rest) = raw.strip_prefix(b"{\"type\":\"") {
        let kind = std::str::from_utf8(rest.get(..memchr::memchr(b'"', rest)?)?).ok()?;
        if let Some(place) = STATES.iter().position(|state| *state == kind) {
            return Some((LineKind::State(place), false));
        }
        return SKIPPED.contains(&kind).then_some((LineKind::Skip, false));
    }
    let (side, rest) = chain(raw)?;
    let end = raw.get(raw.len().saturating_sub(END)..)?;
    let named = |key: &[u8]| rest.starts_with(key);
    let elsewhere = |key: &[u8]| find(end, key).is_some();
    if named(b",\"teamName\"")
        || named(b",\"agentName\"")
        || elsewhere(b"\"sessionKind\"")
        || elsewhere(b"\"teamName\"")
        || has_title(end)
    {
        return None;
    }
    if named(b",\"attachment\":{") {
        return Some((LineKind::Quiet, side));
    }
    let start = rest.get(..rest.len().min(START))?;
    let kind = start.get(find(start, b"\"type\":\"")? + 8..)?;
    if kind.starts_with(b"user\"") {
        return Some((LineKind::Talk { user: true }, side));
    }
    let answer = kind.starts_with(b"message\"")
        && find(kind, b"\"role\":\"assistant\"").is_some()
        && find(end, b"\"type\":\"assistant\"").is_some();
    if answer {
        return Some((LineKind::Talk { user: false }, side));
    }
    let quiet = kind.starts_with(b"progress\"")
        || kind.starts_with(b"system\"") && find(kind, b"\"voice_call_talk\"").is_none();
    quiet.then_some((LineKind::Quiet, side))
}

/// Whether a line ends in a title or a tag, which a torn one may have run into.
fn has_title(end: &[u8]) -> bool {
    const START: &[u8] = b"{\"type\":\"";
    memchr::memmem::find_iter(end, START).any(|at| {
        let kind = end.get(at + START.len()..).unwrap_or_default();
        TITLES
            .iter()
            .any(|title| kind.strip_prefix(title.as_bytes()).is_some_and(|rest| rest.starts_with(b"\"")))
    })
}

/// Whose a line of a conversation is, and what follows in it.
fn chain(raw: &[u8]) -> Option<(bool, &[u8])> {
    let rest = past_value(raw.strip_prefix(b"{\"parentUuid\":")?)?;
    let rest = match rest.strip_prefix(b",\"logicalParentUuid\":") {
        Some(rest) => past_value(rest)?,
        None => rest,
    };
    let rest = rest.strip_prefix(b",\"isSidechain\":")?;
    match rest.strip_prefix(b"false") {
        Some(rest) => Some((false, rest)),
        None => Some((true, rest.strip_prefix(b"true")?)),
    }
}

/// Behind `null` or a short string.
fn past_value(text: &[u8]) -> Option<&[u8]> {
    if let Some(rest) = text.strip_prefix(b"null") {
        return Some(rest);
    }
    let rest = text.strip_prefix(b"\"")?;
    let end = memchr::memchr(b'"', rest.get(..rest.len().min(64))?)?;
    rest.get(end + 1..)
}

fn is_side(raw: &[u8]) -> bool {
    match chain(raw) {
        Some((side, _)) => side,
        None => partial_line::is_true(&partial_line::text(raw), "isSidechain"),
    }
}

/// Claude looks for names in the text, so a title counts though its line is torn.
fn end_of_line(raw: &[u8]) -> Facts {
    let text = partial_line::decode(raw.get(raw.len().saturating_sub(TORN)..).unwrap_or(raw));
    let member = |key| partial_line::whole(&text, key);
    Facts {
        // Whose time it is cannot be told.
        talk: true,
        cwd: member("cwd").filter(|cwd| !cwd.is_empty()),
        branch: member("gitBranch"),
        time: member("timestamp").as_deref().and_then(time),
        states: [
            member("customTitle"),
            member("aiTitle"),
            // Other lines have a `summary` within; only this type has both.
            member("summary").filter(|_| member("leafUuid").is_some()),
            member("lastPrompt"),
            None,
            None,
            member("prUrl"),
        ],
        ..Facts::default()
    }
}

impl Piece<'_> {
    /// The members from `key` on, when it is one of the line's own and stands
    /// near its end: then what follows is an object once more.
    fn members_from(&self, key: &[u8]) -> Option<Facts> {
        let end = self.raw.get(self.raw.len().saturating_sub(END)..)?;
        let at = memchr::memmem::find_iter(end, key).last()?;
        let rest = [b"{", end.get(at..)?].concat();
        facts(&rest)
    }

    /// Directory, branch and what started claude.
    pub(crate) fn common(&self) -> Option<Cow<'_, Facts>> {
        match &self.kind {
            LineKind::Talk { .. } | LineKind::Quiet => {
                self.members_from(b"\"userType\":\"").or_else(|| facts(self.raw)).map(Cow::Owned)
            }
            LineKind::Other(facts) | LineKind::End(facts) => Some(Cow::Borrowed(facts)),
            LineKind::Start => {
                // What stands before the message stood in line-like order
                // already in 2.0; after it, it is torn off.
                let text = partial_line::decode(self.raw);
                let member = |key| partial_line::whole(&text, key);
                let (cwd, branch) = (member("cwd").filter(|cwd| !cwd.is_empty()), member("gitBranch"));
                Some(Cow::Owned(Facts { cwd, branch, entrypoint: member("entrypoint"), ..Facts::default() }))
            }
            LineKind::State(_) | LineKind::Skip => None,
        }
    }

    /// When it was said.
    pub(crate) fn said(&self) -> Option<Cow<'_, Facts>> {
        match &self.kind {
            LineKind::Talk { .. } => {
                let known = self.members_from(b"\"timestamp\":\"").filter(|facts| facts.time.is_some());
                known.or_else(|| facts(self.raw)).map(|facts| Cow::Owned(Facts { talk: true, ..facts }))
            }
            LineKind::Other(facts) | LineKind::End(facts) => Some(Cow::Borrowed(facts)),
            _ => None,
        }
    }

    pub(crate) fn model(&self) -> Option<String> {
        match &self.kind {
            LineKind::Other(facts) => facts.model.clone(),
            _ => facts(self.raw)?.model,
        }
    }

    pub(crate) fn mentions_entrypoint(&self) -> bool {
        let end = self.raw.get(self.raw.len().saturating_sub(END)..).unwrap_or_default();
        !matches!(self.kind, LineKind::State(_) | LineKind::Skip) && find(end, b"\"entrypoint\"").is_some()
    }

    /// When it was said, as it is written: such texts are compared.
    pub(crate) fn stamp(&self) -> Option<&[u8]> {
        const KEY: &[u8] = b"\"timestamp\":\"";
        let end = self.raw.get(self.raw.len().saturating_sub(END)..)?;
        let at = memchr::memmem::rfind(end, KEY)? + KEY.len();
        end.get(at..at + "2026-11-20T10:00:00.000Z".len())
    }

    pub(crate) fn may_be_talk(&self) -> bool {
        matches!(self.kind, LineKind::Talk { .. } | LineKind::Other(_) | LineKind::End(_))
    }

    /// What a tool answered, as Claude writes it.
    pub(crate) fn is_tool_result(&self) -> bool {
        let start = self.raw.get(..self.raw.len().min(START)).unwrap_or(self.raw);
        find(start, b"\"content\":[{\"tool_use_id\":").is_some()
            || find(start, b"\"content\":[{\"type\":\"tool_result\"").is_some()
    }

    /// Whether someone's words may be in it: no tool's call or answer.
    pub(crate) fn may_have_words(&self) -> bool {
        match &self.kind {
            LineKind::Talk { user: true } => !self.side && !self.is_tool_result(),
            LineKind::Talk { user: false } => {
                let start = self.raw.get(..self.raw.len().min(START)).unwrap_or(self.raw);
                let quiet = |key: &[u8]| find(start, key).is_some();
                !self.side
                    && !quiet(b"\"content\":[{\"type\":\"tool_use\"")
                    && !quiet(b"\"content\":[{\"type\":\"thinking\"")
            }
            LineKind::Other(facts) => facts.talk,
            _ => false,
        }
    }
}

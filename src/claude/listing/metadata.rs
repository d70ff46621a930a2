//! A session's row, from the first and last 64 KiB of its file.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::candidate::{Candidate, is_folder_of};
use super::hidden;
use crate::claude::live::registry::LiveRecord;
use crate::claude::transcript::line::Line;
use crate::claude::transcript::pieces::{Edges, State};
use crate::claude::transcript::whole::{self, Silent};
use crate::claude::transcript::window::Window;
use crate::claude::transcript::{continued_in, partial_line};
use crate::claude::{Live, Session, file};
use crate::text;

/// What Claude's own picker reads at each end of a file, in bytes.
const WINDOW: u64 = 65_536;
/// Longest sidecar with a title, in bytes.
const SIDECAR: u64 = 65_536;
/// Longest title given by hand, in characters; nothing shows more.
const TITLE: usize = 1000;

/// Reads on in a file whose ends do not tell whether it can be resumed.
pub(crate) fn settle(session: &mut Session) {
    if !std::mem::take(&mut session.checking) {
        return;
    }
    let why = match file::open(&session.path).and_then(|(file, _)| whole::silent(&file)) {
        Ok(None) => return,
        Ok(Some(silent)) => nobody_speaks(silent).to_owned(),
        Err(error) => unreadable(&error),
    };
    refuse(session, why);
}

/// A session's metadata, without a look at the session that it may be continued in.
pub(crate) fn read_alone(
    candidate: &Candidate,
    live: &HashMap<String, LiveRecord>,
    room: &mut Room,
) -> Option<Session> {
    let mut session = ends_of(candidate, live, room)?;
    settle(&mut session);
    Some(session)
}

pub(super) fn ends_of(
    candidate: &Candidate,
    live: &HashMap<String, LiveRecord>,
    room: &mut Room,
) -> Option<Session> {
    let mut session = blank(candidate);
    session.live = match live.get(&session.session_id) {
        Some(record) => record.live,
        None if live.iter().any(|(own, record)| record.may_write(own, candidate)) => Live::Perhaps,
        None => Live::No,
    };
    match ends(&candidate.path, room) {
        Ok(ends) => fill(&mut session, &ends, || sidecar(&candidate.path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => refuse(&mut session, unreadable(&error)),
    }
    // `claude --resume` looks for the id as given. The file is there under that
    // name only if it is lower case, or the file system does not care.
    let expected = format!("{}.jsonl", session.session_id);
    let exact = session.path.file_name().is_some_and(|name| *name == *expected);
    if !exact && session.path.with_file_name(expected).symlink_metadata().is_err() {
        refuse(&mut session, "its file name has uppercase letters".to_owned());
    }
    Some(session)
}

fn blank(candidate: &Candidate) -> Session {
    Session {
        session_id: candidate.session_id.clone(),
        title: String::new(),
        project: String::new(),
        git_branch: None,
        updated_at: candidate.modified,
        size: candidate.size,
        path: candidate.path.clone(),
        live: Live::No,
        resumable: true,
        why_not: None,
        hidden: false,
        cwd: None,
        real_cwd: None,
        model: None,
        last_words: None,
        tag: None,
        pull_request: None,
        duplicate: candidate.duplicate,
        damaged: false,
        continued_in: None,
        checking: false,
        api_error: false,
    }
}

fn unreadable(error: &io::Error) -> String {
    format!("the file cannot be read ({error})")
}

fn refuse(session: &mut Session, why: String) {
    if session.title.is_empty() {
        "(session)".clone_into(&mut session.title);
    }
    session.resumable = false;
    session.why_not.get_or_insert(why);
}

/// The two ends of a file. Up to 128 KiB they are all of it.
struct Ends<'a> {
    bytes: &'a [u8],
    /// The end of a larger file; empty otherwise.
    tail: &'a [u8],
    size: u64,
    modified: DateTime<Utc>,
}

/// Room for the two ends, used for file after file.
pub(crate) type Room = Vec<u8>;

fn ends<'a>(path: &Path, room: &'a mut Room) -> io::Result<Ends<'a>> {
    let (file, metadata) = file::open(path)?;
    let (size, modified) = (metadata.len(), file::modified(&metadata));
    let window = usize::try_from(WINDOW).unwrap_or(usize::MAX);
    room.resize(window.saturating_mul(2), 0);
    if size > 2 * WINDOW {
        let (head, tail) = room.split_at_mut_checked(window).unwrap_or_default();
        let head_length = file::fill_at(&file, 0, head)?;
        let tail_length = file::fill_at(&file, size.saturating_sub(WINDOW), tail)?;
        let (bytes, tail) = (head.get(..head_length), tail.get(..tail_length));
        return Ok(Ends { bytes: bytes.unwrap_or_default(), tail: tail.unwrap_or_default(), size, modified });
    }
    let length = usize::try_from(size).unwrap_or(0);
    let length = file::fill_at(&file, 0, room.get_mut(..length).unwrap_or_default())?;
    Ok(Ends { bytes: room.get(..length).unwrap_or_default(), tail: &[], size, modified })
}

/// Everything the file's ends say about a session.
fn fill(session: &mut Session, ends: &Ends<'_>, sidecar: impl FnOnce() -> Option<String>) {
    let window = usize::try_from(WINDOW).unwrap_or(usize::MAX);
    let bytes = ends.bytes;
    let more = !ends.tail.is_empty() || bytes.len() > window;
    let head = Window::read(bytes.get(..window).unwrap_or(bytes), Edges { start: false, end: more });
    let tail_window;
    let tail = if more {
        let whole = bytes.get(bytes.len().saturating_sub(window)..).unwrap_or_default();
        let last = if ends.tail.is_empty() { whole } else { ends.tail };
        tail_window = Window::read(last, Edges { start: true, end: false });
        &tail_window
    } else {
        &head
    };

    let last =
        if ends.tail.is_empty() { bytes.get(bytes.len().saturating_sub(window)..) } else { Some(ends.tail) };
    let last = last.unwrap_or_default();
    session.continued_in = continued_in::named(last);
    session.api_error =
        memchr::memmem::find(last, b"\"isApiErrorMessage\":").is_some() && tail.ends_in_api_error();
    session.size = ends.size;
    session.damaged = head.damaged || tail.damaged;
    session.updated_at = tail.last_time().map_or(ends.modified, |said| said.min(ends.modified));
    session.title = title(&head, tail, sidecar);
    session.git_branch = tail
        .last_branch()
        .or_else(|| head.first_branch.clone())
        .map(|branch| text::clean(&branch))
        .filter(|branch| !branch.is_empty() && branch != "HEAD");
    session.model = tail.model().or_else(|| head.model()).map(|model| text::clean(&model));
    session.last_words = tail.last_words().or_else(|| head.last_words());
    let last = |state| tail.state(state).or_else(|| head.state(state));
    session.tag = last(State::Tag).and_then(short);
    session.pull_request = last(State::PullRequest).and_then(|url| short(pull_request(&url)));
    if let Some(cwd) = cwd(&head, tail, session.path.parent()).map(or_its_repository) {
        session.project = text::clean(&cwd);
        let cwd = PathBuf::from(cwd);
        // One of another system may be relative here: it would be looked for below us.
        session.real_cwd = cwd.is_absolute().then(|| cwd.canonicalize().ok()).flatten();
        session.cwd = Some(cwd);
    }
    session.hidden = hidden::is_no_talk(&head, tail);
    match verdict(ends, &head, tail) {
        Verdict::Talk => {}
        Verdict::Unknown => session.checking = true,
        Verdict::Silent(why) => refuse(session, why.to_owned()),
    }
}

/// The picker's title: given by hand (also beside the file, once the line has
/// left the tail) > by Claude > old summary > last prompt > first prompt.
fn title(head: &Window<'_>, tail: &Window<'_>, sidecar: impl FnOnce() -> Option<String>) -> String {
    let custom = match tail.state(State::CustomTitle) {
        Some(title) => short(title),
        None => sidecar().and_then(short).or_else(|| short(head.state(State::CustomTitle)?)),
    };
    custom
        .or_else(|| short(tail.state(State::AiTitle)?))
        .or_else(|| short(head.state(State::AiTitle)?))
        .or_else(|| short(tail.state(State::Summary)?))
        .or_else(|| short(tail.as_asked(tail.state(State::LastPrompt)?)))
        .or_else(|| {
            let (words, command) = head.prompts();
            words.or_else(|| {
                let (words, later) = tail.prompts();
                words.or(command).or(later)
            })
        })
        .unwrap_or_else(|| "(session)".to_owned())
}

/// A text of the user's own: cleaned, not too long; `None` when nothing is left.
fn short(text: impl AsRef<str>) -> Option<String> {
    let clean = text::clean(text.as_ref());
    let cut = clean.char_indices().nth(TITLE).and_then(|(at, _)| clean.get(..at));
    cut.map(|start| format!("{start}…")).or(Some(clean)).filter(|text| !text.is_empty())
}

/// `https://github.com/owner/repository/pull/42` as `owner/repository#42`; any
/// other address as it is.
fn pull_request(url: &str) -> String {
    let path = url.split_once("://").map_or(url, |(_, rest)| rest);
    match path.split('/').collect::<Vec<_>>().as_slice() {
        [_, owner, repository, "pull", number] => format!("{owner}/{repository}#{number}"),
        _ => url.to_owned(),
    }
}

/// The title that `/rename` leaves in `<uuid>/custom-title.json`.
fn sidecar(transcript: &Path) -> Option<String> {
    let path = transcript.with_extension("").join("custom-title.json");
    let bytes = file::small(&path, SIDECAR)?;
    Some(Line::parse(&partial_line::decode(&bytes))?.custom_title?.into_owned())
}

/// Where to go back to: `/cd`'s last word; else the first directory whose
/// folder this is (a session that was brought here or moved has named others
/// before); else the first named.
fn cwd(head: &Window<'_>, tail: &Window<'_>, folder: Option<&Path>) -> Option<String> {
    let relocated = tail.state(State::Relocated).or_else(|| head.state(State::Relocated));
    let named = own_cwd(head, tail, folder);
    // One that is gone leads nowhere, where another is there.
    let gone = |cwd: &String| !Path::new(cwd).is_dir();
    relocated.filter(|cwd| !gone(cwd) || named.as_ref().is_none_or(gone)).or(named)
}

/// The directory of a worktree that was removed: the repository it was part of,
/// as claude makes them.
fn or_its_repository(cwd: String) -> String {
    match cwd.split_once("/.claude/worktrees/") {
        Some((repository, _)) if !Path::new(&cwd).exists() && Path::new(repository).is_dir() => {
            repository.to_owned()
        }
        _ => cwd,
    }
}

fn own_cwd(head: &Window<'_>, tail: &Window<'_>, folder: Option<&Path>) -> Option<String> {
    let folder = folder.and_then(Path::file_name).and_then(|name| name.to_str());
    let is_its_own = |cwd: &str| folder.is_some_and(|folder| is_folder_of(folder, cwd));
    let first = head.first_cwd.as_ref().or(tail.first_cwd.as_ref())?;
    if is_its_own(first) {
        return Some(first.clone());
    }
    Some(head.cwds().chain(tail.cwds()).find(|cwd| is_its_own(cwd)).unwrap_or_else(|| first.clone()))
}

/// Whether `claude --resume` would find a conversation, by its own answers.
enum Verdict {
    Talk,
    /// Nobody speaks in it, and why it is so.
    Silent(&'static str),
    /// What lies between the windows decides.
    Unknown,
}

fn verdict(ends: &Ends<'_>, head: &Window<'_>, tail: &Window<'_>) -> Verdict {
    if ends.size == 0 {
        return Verdict::Silent("the file is empty");
    }
    if head.talk || tail.talk {
        return Verdict::Talk;
    }
    if !ends.tail.is_empty() {
        return Verdict::Unknown;
    }
    // Between 64 and 128 KiB a line may be torn by both windows.
    let all = Window::read(ends.bytes, Edges::default());
    if all.talk {
        return Verdict::Talk;
    }
    Verdict::Silent(nobody_speaks(Silent { side: all.sidechain, damaged: all.damaged }))
}

fn nobody_speaks(met: Silent) -> &'static str {
    match met {
        Silent { side: true, .. } => "it contains only a subagent's messages",
        Silent { damaged: true, .. } => "none of its messages can be read",
        Silent { .. } => "it contains no messages",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parts() -> impl Strategy<Value = Vec<u8>> {
        let known = prop::sample::select(vec![
            "{\"type\":\"user\",\"message\":{\"content\":\"hi",
            "\"}}\n",
            "\\ud83d",
            "\\",
            "\"",
            "\0",
            "{\"type\":\"custom-title\",\"customTitle\":\"x\"}\n",
            "\u{feff}",
            "\r\n",
            "\u{1b}[31m",
            "\"cwd\":\"/a/b\",",
            "\"isSidechain\":true,",
            "[[[[",
            "日本語",
            "\"content\": \"é\\u00",
            "}",
            "}{\"",
            "{\n",
            ",\n",
            "{\"type\":\"continued-in\",\"continuedInSessionId\":\"",
            "\"teamName\":\"t\"",
        ]);
        let part = prop_oneof![
            known.prop_map(|text| text.as_bytes().to_vec()),
            prop::collection::vec(any::<u8>(), 0..40),
        ];
        prop::collection::vec(part, 0..60).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in parts(), tail in parts()) {
            let candidate = Candidate {
                session_id: String::new(), path: PathBuf::from("/p/-a-b/x.jsonl"),
                modified: DateTime::UNIX_EPOCH, size: 0, duplicate: false, linked: false,
            };
            for line in partial_line::decode(&bytes).split('\n') {
                prop_assert_eq!(Line::parse(line).is_some(), Line::parse_without_words(line).is_some());
            }
            for tail in [Vec::new(), tail] {
                let size = bytes.len() as u64;
                let ends = Ends { bytes: &bytes, tail: &tail, size, modified: DateTime::UNIX_EPOCH };
                let mut session = blank(&candidate);
                fill(&mut session, &ends, || None);
                prop_assert!(!session.title.is_empty());
                prop_assert!(crate::text::is_clean(&session.title));
                prop_assert_eq!(session.resumable, session.why_not.is_none());
            }
        }
    }
}

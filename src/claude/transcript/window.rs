//! What one window of a transcript tells: its first or its last 64 KiB.
//!
//! Ten thousand rows are wanted at once, so a line is told by its first and last
//! bytes, as Claude writes them, and only the few that decide are read as JSON.
//! A line that is written in any other way is read whole.

use memchr::memmem::find;

use super::branch::{self, Link};
use super::line::{Content, Line};
use super::partial_line;
use super::pieces::{Edges, Facts, LineKind, Piece, State, facts, split};
use super::plain::plain;
use super::prompt::{self, Prompt};

/// What the lines of a window say.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // each says another thing about a file
pub(crate) struct Window<'a> {
    pieces: Vec<Piece<'a>>,
    pub first_cwd: Option<String>,
    pub first_branch: Option<String>,
    /// How claude was started: `cli`, `sdk-cli` …; the first one named.
    pub entrypoint: Option<String>,
    /// Belongs to a team of agents.
    pub team: bool,
    /// Belongs to a daemon: the first line of the conversation says so.
    pub daemon: bool,
    /// A line of the conversation was met.
    chained: bool,
    /// A line of a sub-agent is here.
    pub sidechain: bool,
    /// A line of the main conversation is here.
    pub talk: bool,
    /// A line between the edges is no JSON object, or there is a NUL.
    pub damaged: bool,
}

impl<'a> Window<'a> {
    pub(crate) fn read(bytes: &'a [u8], edges: Edges) -> Self {
        let (pieces, damaged) = split(bytes, edges);
        let mut window = Self { damaged: damaged || memchr::memchr(0, bytes).is_some(), ..Self::default() };
        for piece in &pieces {
            window.take(piece);
        }
        window.pieces = pieces;
        window
    }

    fn take(&mut self, piece: &Piece<'a>) {
        self.sidechain |= piece.side;
        match &piece.kind {
            LineKind::Talk { .. } => self.talk |= !piece.side,
            LineKind::Other(facts) => {
                self.talk |= facts.talk && !piece.side;
                self.team |= facts.team;
                if !self.chained {
                    let chained = find(piece.raw, b"\"parentUuid\":").is_some();
                    self.daemon = if chained { facts.daemon } else { self.daemon || facts.daemon };
                    self.chained = chained;
                }
            }
            _ => {}
        }
        if let LineKind::Talk { .. } | LineKind::Quiet = piece.kind {
            self.daemon &= self.chained;
            self.chained = true;
        }
        let known = self.first_cwd.is_some() && self.first_branch.is_some();
        if known && (self.entrypoint.is_some() || !piece.mentions_entrypoint()) {
            return;
        }
        if let Some(facts) = piece.common() {
            let first = |held: &mut Option<String>, new: &Option<String>| {
                if held.is_none() {
                    held.clone_from(new);
                }
            };
            first(&mut self.first_cwd, &facts.cwd);
            first(&mut self.first_branch, &facts.branch);
            first(&mut self.entrypoint, &facts.entrypoint);
        }
    }

    /// The last word of a kind of line.
    pub(crate) fn state(&self, state: State) -> Option<String> {
        let place = state as usize;
        self.pieces.iter().rev().find_map(|piece| match &piece.kind {
            LineKind::State(kind) if *kind == place => facts(piece.raw)?.states.into_iter().nth(place)?,
            LineKind::Other(facts) | LineKind::End(facts) => facts.states.get(place)?.clone(),
            _ => None,
        })
    }

    fn last<T>(&self, of: impl Fn(&Facts) -> Option<T>, at_end: bool, talk: bool) -> Option<T> {
        let tells = |piece: &&Piece<'a>| !talk || piece.may_be_talk();
        self.pieces.iter().rev().filter(tells).find_map(|piece| {
            let short = if at_end { piece.common() } else { piece.said() };
            of(&*short?)
        })
    }

    pub(crate) fn last_branch(&self) -> Option<String> {
        self.last(|facts| facts.branch.clone(), true, false)
    }

    /// Of the last thing said that has a valid time.
    pub(crate) fn last_time(&self) -> Option<chrono::DateTime<chrono::Utc>> {
        self.last(|facts| facts.time.filter(|_| facts.talk), false, true)
    }

    /// Of the last real answer.
    pub(crate) fn model(&self) -> Option<String> {
        let mut answers = self.pieces.iter().rev().filter(|piece| match piece.kind {
            LineKind::Talk { user } => !user,
            _ => matches!(piece.kind, LineKind::Other(_)),
        });
        answers.find_map(Piece::model)
    }

    /// Every directory named, in order.
    pub(crate) fn cwds(&self) -> impl Iterator<Item = String> + '_ {
        self.pieces.iter().filter_map(|piece| piece.common()?.cwd.clone())
    }

    /// The first prompt of words, and the first slash command alone.
    pub(crate) fn prompts(&self) -> (Option<String>, Option<String>) {
        let mut first_command = None;
        for piece in &self.pieces {
            let prompt = match &piece.kind {
                LineKind::Talk { user: true } if piece.is_tool_result() => None,
                LineKind::Talk { user: true } | LineKind::Other(_) => {
                    let text = partial_line::decode(piece.raw);
                    Line::parse(&text).as_ref().and_then(prompt::of)
                }
                LineKind::Start => {
                    let text = partial_line::decode(piece.raw);
                    partial_line::prompt(&text).as_deref().and_then(prompt::read)
                }
                _ => None,
            };
            match prompt {
                Some(Prompt::Words(words)) => return (Some(words), first_command),
                Some(Prompt::Command(command)) => {
                    first_command.get_or_insert(command);
                }
                None => {}
            }
        }
        (None, first_command)
    }

    /// A stored prompt as it was asked: without what is put around a plugin's.
    pub(crate) fn as_asked(&self, stored: String) -> String {
        if !stored.starts_with("The ") || !stored.contains(" plugin sent a message:") {
            return stored;
        }
        let mut asked = self.pieces.iter().rev().filter_map(|piece| {
            find(piece.raw, b"\"pluginPrompt\"")?;
            let text = partial_line::decode(piece.raw);
            let line = Line::parse(&text)?;
            match prompt::of(&line)? {
                Prompt::Words(words) if prompt::stored(&line)? == prompt::one_line(&stored) => Some(words),
                _ => None,
            }
        });
        asked.next().unwrap_or(stored)
    }

    /// Whether the last that was said is the program's own word about an API that
    /// did not answer.
    pub(crate) fn ends_in_api_error(&self) -> bool {
        let mut last =
            self.pieces.iter().rev().filter(|piece| piece.may_be_talk() && !piece.side).filter_map(|piece| {
                let text = partial_line::decode(piece.raw);
                let line = Line::parse(&text)?;
                let spoken = line.is("assistant") || matches!(prompt::of(&line), Some(Prompt::Words(_)));
                spoken.then_some(line.api_error)
            });
        last.next().unwrap_or(false)
    }

    /// Which pieces are of a branch that was left; empty where the last message is
    /// the newest, as it nearly always is.
    fn left(&self) -> Vec<bool> {
        let mut stamps = self
            .pieces
            .iter()
            .rev()
            .filter(|piece| piece.may_be_talk() && !piece.side)
            .filter_map(Piece::stamp);
        let Some(last) = stamps.next() else { return Vec::new() };
        if stamps.all(|earlier| earlier <= last) {
            return Vec::new();
        }
        let links: Vec<Option<Link>> = self
            .pieces
            .iter()
            .map(|piece| {
                Line::parse(&partial_line::decode(piece.raw))
                    .filter(|line| !line.sidechain)
                    .as_ref()
                    .and_then(Link::of)
            })
            .collect();
        branch::branches(&links, None).left
    }

    /// Whether it began with `/loop`: claude's picker passes over what repeats
    /// itself.
    pub(crate) fn is_loop(&self) -> bool {
        let prompts = self.pieces.iter().filter(|piece| match &piece.kind {
            LineKind::Talk { user } => *user && !piece.is_tool_result(),
            LineKind::Other(facts) => facts.talk && find(piece.raw, b"\"tool_result\"").is_none(),
            _ => false,
        });
        let mut first = prompts.filter_map(|piece| {
            let has = |text: &[u8]| find(piece.raw, text).is_some();
            let repeats = has(b"<command-name>/loop</command-name>");
            if matches!(piece.kind, LineKind::Talk { .. })
                && !repeats
                && !has(b"\"isMeta\"")
                && !has(b"\"isCompactSummary\"")
            {
                return Some(false);
            }
            let text = partial_line::decode(piece.raw);
            let line = Line::parse(&text)?;
            (line.is("user") && !line.meta && !line.compact_summary).then_some(repeats)
        });
        first.next().unwrap_or(false)
    }

    /// The last words that either side said; cleaned, one line, without the marks of
    /// Markdown. A slash command
    /// that the program answered itself (`/exit`, `/model opus`) is not among them.
    pub(crate) fn last_words(&self) -> Option<String> {
        let mut answered = false;
        let left = self.left();
        let alive =
            self.pieces.iter().enumerate().rev().filter(|(at, _)| !left.get(*at).copied().unwrap_or(false));
        alive.map(|(_, piece)| piece).filter(|piece| piece.may_have_words()).find_map(|piece| {
            let text = partial_line::decode(piece.raw);
            let line = Line::parse(&text)?;
            let local = std::mem::replace(&mut answered, prompt::is_local_answer(&line));
            last_words(&line).filter(|words| !(local && words.starts_with('/')))
        })
    }
}

fn last_words(line: &Line<'_>) -> Option<String> {
    if line.sidechain {
        return None;
    }
    if line.is("user") {
        // A command alone says nothing: claude's answer to it does, or it had none.
        return match prompt::of(line)? {
            Prompt::Words(words) => Some(prompt::one_line(&plain(&words))),
            Prompt::Command(_) => None,
        };
    }
    let answer = line.is("assistant").then_some(&line.message.content)?;
    let said = |text: &str| Some(prompt::one_line(&plain(text))).filter(|line| !line.is_empty());
    match answer {
        Content::None => None,
        Content::Text(text) => said(text),
        Content::Blocks(blocks) => blocks.iter().rev().find_map(|block| said(block.text.as_deref()?)),
    }
}

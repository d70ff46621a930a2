//! What one window of a transcript tells: its first or its last 64 KiB.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::line::{Content, Line, strip};
use super::prompt::{self, Prompt};
use super::torn;

/// Working directories kept of one window; one file rarely names three.
const MOST_CWDS: usize = 16;

/// Which edges of a window may lie in the middle of a line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Edges {
    /// The file begins before the window.
    pub start: bool,
    /// The file goes on after the window.
    pub end: bool,
}

/// What the lines of a window say.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // each says another thing about a file
pub(super) struct Window<'a> {
    /// Distinct, in the order of their first mention.
    pub cwds: Vec<Cow<'a, str>>,
    pub relocated: Option<Cow<'a, str>>,
    pub first_branch: Option<Cow<'a, str>>,
    pub last_branch: Option<Cow<'a, str>>,
    pub custom_title: Option<Cow<'a, str>>,
    pub ai_title: Option<Cow<'a, str>>,
    pub summary: Option<Cow<'a, str>>,
    pub last_prompt: Option<Cow<'a, str>>,
    /// The first real prompt.
    pub prompt: Option<String>,
    /// The first slash command without arguments.
    pub command: Option<String>,
    /// Of the last real answer.
    pub model: Option<Cow<'a, str>>,
    /// Of the last thing said that has a valid time.
    pub last_time: Option<DateTime<Utc>>,
    /// How claude was started: `cli`, `sdk-cli` …; the first one named.
    pub entrypoint: Option<Cow<'a, str>>,
    /// Belongs to a team of agents or a daemon, or is continued in another file.
    pub other_owner: bool,
    /// A line of a sub-agent is here.
    pub sidechain: bool,
    /// A line of the main conversation is here.
    pub talk: bool,
    /// A line between the edges is no JSON object, or there is a NUL.
    pub damaged: bool,
}

impl<'a> Window<'a> {
    /// Reads the lines of `text`, which [`torn::decode`] has prepared; looks for
    /// the first prompt only when it is `wanted`.
    pub(super) fn read(text: &'a str, edges: Edges, wanted: bool) -> Self {
        let mut window = Self { damaged: memchr::memchr(0, text.as_bytes()).is_some(), ..Self::default() };
        let mut lines = text.split('\n').peekable();
        let mut first = true;
        while let Some(raw) = lines.next() {
            let at_start = edges.start && std::mem::take(&mut first);
            let is_last = lines.peek().is_none();
            let words = wanted && window.prompt.is_none();
            let line = if words { Line::parse(raw) } else { Line::parse_without_words(raw) };
            match line {
                Some(line) => window.take(line),
                None if strip(raw).is_empty() => {}
                None if at_start => window.take_end_of_line(raw),
                // Also a line that is just being written, or never was finished.
                None if is_last => window.take_start_of_line(raw, edges.end),
                None => window.damaged = true,
            }
        }
        window
    }

    fn take(&mut self, mut line: Line<'a>) {
        let talk = line.is_talk();
        self.talk |= talk && !line.sidechain;
        self.sidechain |= line.sidechain;
        self.other_owner |= line.team.as_deref().is_some_and(|team| !team.is_empty())
            || line.session_kind.as_deref().is_some_and(|kind| kind.starts_with("daemon"))
            || line.is("continued-in");
        if talk {
            self.take_talk(&mut line);
        }
        match line.kind.as_deref().unwrap_or_default() {
            "custom-title" => replace(&mut self.custom_title, line.custom_title),
            "ai-title" => replace(&mut self.ai_title, line.ai_title),
            "summary" => replace(&mut self.summary, line.summary),
            "last-prompt" => replace(&mut self.last_prompt, line.last_prompt),
            "relocated" => {
                replace(&mut self.relocated, line.relocated.filter(|cwd| !cwd.is_empty()));
            }
            _ => {}
        }
        if let Some(branch) = line.branch {
            self.first_branch.get_or_insert_with(|| branch.clone());
            self.last_branch = Some(branch);
        }
        if let Some(entrypoint) = line.entrypoint {
            self.entrypoint.get_or_insert(entrypoint);
        }
        self.take_cwd(line.cwd);
    }

    fn take_talk(&mut self, line: &mut Line<'a>) {
        let time = line.timestamp.as_deref().and_then(|t| DateTime::parse_from_rfc3339(t).ok());
        replace(&mut self.last_time, time.map(|time| time.to_utc()));
        if line.is("user") {
            match prompt::of(line) {
                Some(Prompt::Words(words)) => {
                    self.prompt.get_or_insert(words);
                }
                Some(Prompt::Command(command)) => {
                    self.command.get_or_insert(command);
                }
                None => {}
            }
            return;
        }
        let model = line.message.model.take().filter(|model| model != "<synthetic>");
        replace(&mut self.model, model);
    }

    fn take_cwd(&mut self, cwd: Option<Cow<'a, str>>) {
        if let Some(cwd) = cwd.filter(|cwd| !cwd.is_empty())
            && self.cwds.len() < MOST_CWDS
            && !self.cwds.contains(&cwd)
        {
            self.cwds.push(cwd);
        }
    }

    /// The end of a line whose start lies before the window. Claude looks for
    /// names in the text, so a title counts though its line is torn.
    fn take_end_of_line(&mut self, raw: &'a str) {
        let owned = |key| torn::whole(raw, key).map(Cow::Owned);
        self.custom_title = owned("customTitle");
        self.ai_title = owned("aiTitle");
        self.last_prompt = owned("lastPrompt");
        // Other lines have a `summary` within; only this type has both.
        self.summary = owned("summary").filter(|_| torn::whole(raw, "leafUuid").is_some());
        self.last_branch = owned("gitBranch");
        self.first_branch.clone_from(&self.last_branch);
        self.take_cwd(owned("cwd"));
        self.last_time = torn::whole(raw, "timestamp")
            .and_then(|time| DateTime::parse_from_rfc3339(&time).ok())
            .map(|time| time.to_utc());
    }

    /// The start of a line that goes on after the window, or was cut off.
    fn take_start_of_line(&mut self, raw: &'a str, goes_on: bool) {
        match torn::prompt(raw).as_deref().and_then(prompt::read) {
            Some(Prompt::Words(words)) => {
                self.prompt.get_or_insert(words);
            }
            Some(Prompt::Command(command)) => {
                self.command.get_or_insert(command);
            }
            None => {}
        }
        if goes_on {
            self.sidechain |= torn::is_true(raw, "isSidechain");
        }
        // What stands before the message stood in line-like order already in
        // 2.0; after it, it is torn off.
        let owned = |key| torn::whole(raw, key).map(Cow::Owned);
        self.take_cwd(owned("cwd"));
        if let Some(entrypoint) = owned("entrypoint") {
            self.entrypoint.get_or_insert(entrypoint);
        }
        if let Some(branch) = owned("gitBranch") {
            self.first_branch.get_or_insert(branch);
        }
    }
}

/// The last words that either side said in a window; cleaned, one line.
pub(super) fn last_words(text: &str) -> Option<String> {
    // Most lines are no one's words: telling by their text is cheaper.
    let talk = |raw: &&str| torn::contains(raw, "\"user\"") || torn::contains(raw, "\"assistant\"");
    text.rsplit('\n').filter(talk).filter_map(Line::parse).find_map(|line| {
        if line.sidechain {
            return None;
        }
        if line.is("user") {
            return prompt::of(&line).map(|(Prompt::Words(words) | Prompt::Command(words))| words);
        }
        let answer = line.is("assistant").then_some(line.message.content)?;
        let said = |text: &str| Some(prompt::one_line(text)).filter(|line| !line.is_empty());
        match &answer {
            Content::None => None,
            Content::Text(text) => said(text),
            Content::Blocks(blocks) => blocks.iter().rev().find_map(|block| said(block.text.as_deref()?)),
        }
    })
}

fn replace<T>(held: &mut Option<T>, new: Option<T>) {
    if new.is_some() {
        *held = new;
    }
}

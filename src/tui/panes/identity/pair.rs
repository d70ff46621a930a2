//! This device gives its key to another one: the four words, the question whether it
//! is the right one, and what becomes of it.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{check_rows, compared};
use crate::text;
use crate::tui::message::{
    Context, Effect, ErrorKind, Intent, Note, Now, PairCheck, Pairing, PairingCode, Reply, Report, Tone, Verb,
};
use crate::tui::parts::{Look, View, boxed, centred, lines, whole_seconds, wrap};

/// Columns of the box, border included.
const WIDTH: u16 = 66;

/// How far it has come.
#[derive(Debug)]
enum Step {
    /// The words are being made.
    Making,
    /// They are shown.
    Waiting,
    /// Another device asks.
    Asked(PairCheck, Reply<bool>),
    /// It may have the key.
    Agreed(PairCheck),
    /// It may not.
    Refused(PairCheck),
}

/// The view.
#[derive(Debug)]
pub struct Pair {
    step: Step,
    /// The words, and the key that the other device will show.
    code: Option<(PairingCode, String)>,
    /// What happens meanwhile.
    meanwhile: Option<String>,
}

impl Pair {
    /// The view, before the words are made.
    pub fn new() -> Self {
        Self { step: Step::Making, code: None, meanwhile: None }
    }

    /// Answers the device that asks.
    fn answer(&mut self, agreed: bool) {
        match std::mem::replace(&mut self.step, Step::Waiting) {
            Step::Asked(check, reply) => {
                reply.give(agreed);
                self.step = if agreed { Step::Agreed(check) } else { Step::Refused(check) };
            }
            other => self.step = other,
        }
    }

    fn follow(&mut self, report: &Pairing) -> Vec<Effect> {
        match report {
            Pairing::Code(code, key) => {
                (self.step, self.code) = (Step::Waiting, Some((code.clone(), key.clone())));
            }
            Pairing::Asked(check, reply) => self.step = Step::Asked(compared(check), reply.clone()),
            Pairing::Doing(words) => {
                self.meanwhile = Some(words.clone());
                return Vec::new();
            }
            Pairing::Given(_) => return vec![Effect::Close],
            Pairing::Check(_) | Pairing::Received(..) => {}
        }
        self.meanwhile = None;
        Vec::new()
    }

    /// What is said when it did not come to its end.
    fn failed(&self, error: &crate::tui::message::Error) -> Vec<Effect> {
        let note = match (error.kind, &self.step) {
            // The screen itself says so, or asks for what is missing.
            (ErrorKind::Cancelled | ErrorKind::Locked | ErrorKind::NoIdentity, _) => None,
            (_, Step::Refused(_)) => Some(Note { tone: Tone::Plain, ..Note::error(error) }),
            _ => Some(Note::error(error)),
        };
        std::iter::once(Effect::Close).chain(note.map(Effect::Say)).collect()
    }

    /// How long the words can be used: "9:41".
    fn left(&self, now: &Now) -> String {
        let left = self.code.as_ref().map_or(0, |(code, _)| (code.expires_at - now.utc()).num_seconds());
        let left = left.max(0);
        format!("{}:{:02}", left / 60, left % 60)
    }

    fn title(&self) -> String {
        match &self.step {
            Step::Asked(check, _) => format!("{} asks for your key", check.hostname),
            _ => "Pair another device".to_owned(),
        }
    }

    fn key(&self) -> &str {
        self.code.as_ref().map_or("", |(_, key)| key.as_str())
    }

    fn content(&self, columns: usize, look: &Look<'_>) -> Vec<Line<'static>> {
        let mut page = Page { lines: Vec::new(), columns };
        let (text, quiet, strong) = (look.theme.text, look.theme.quiet, look.theme.accent);
        let left = self.left(&look.now);
        match &self.step {
            Step::Making => page.says("Making the words …", text),
            Step::Waiting => {
                let words = self.code.as_ref().map(|(code, _)| code.code.replace('-', "    "));
                page.says("Type these four words on the device that has no key yet:", text);
                page.shows(&[words.unwrap_or_default()], strong);
                page.says(&format!("They work once, for {left} more. Esc cancels."), text);
                page.says(
                    "There, :pair or Enter on a session asks for them; on the command line, `cclink pair`. To get another \
                     device's key here instead, run `cclink pair --yes`.",
                    quiet,
                );
            }
            Step::Asked(check, _) => {
                page.says(&format!("Does {} show the same six words?", check.hostname), text);
                page.shows(&check_rows(&check.check), look.theme.strong);
                page.says(&format!("{left} left. It will then show your key:"), quiet);
                page.says(self.key(), quiet);
                page.gap();
                page.answers(&[("y", "yes, give it my key"), ("n", "no, refuse")], look);
            }
            Step::Agreed(check) => {
                page.says(&format!("Giving your key to {}. It shows this key now:", check.hostname), text);
                page.shows(&[self.key().to_owned()], look.theme.strong);
                page.says("Choose a passphrase there, or none, to store it.", text);
                page.says(&format!("{left} left. Esc stops waiting."), quiet);
            }
            Step::Refused(check) => {
                page.says(&format!("Refused. {} does not get your key; ending …", check.hostname), text);
            }
        }
        if let Some(words) = &self.meanwhile {
            page.says(&format!("({words})"), look.theme.warn);
        }
        page.lines
    }
}

/// Lines in the box.
struct Page {
    lines: Vec<Line<'static>>,
    columns: usize,
}

impl Page {
    fn gap(&mut self) {
        self.lines.push(Line::default());
    }

    fn says(&mut self, words: &str, style: Style) {
        self.lines.extend(wrap(words, self.columns).into_iter().map(|line| Line::styled(line, style)));
    }

    /// What is to be typed or compared, between empty lines.
    fn shows(&mut self, rows: &[String], style: Style) {
        self.gap();
        self.lines.extend(rows.iter().map(|row| Line::styled(row.clone(), style)));
        self.gap();
    }

    fn answers(&mut self, answers: &[(&'static str, &'static str)], look: &Look<'_>) {
        let spans = answers.iter().flat_map(|(key, words)| {
            [Span::styled(format!("{key} "), look.theme.accent), Span::raw(format!("{words}   "))]
        });
        self.lines.push(Line::from(spans.collect::<Vec<_>>()));
    }
}

impl View for Pair {
    fn context(&self) -> Context {
        if matches!(self.step, Step::Asked(..)) { Context::PairAsked } else { Context::Pair }
    }

    fn handle(&mut self, intent: Intent, _now: &Now) -> Vec<Effect> {
        match intent {
            Intent::Yes => self.answer(true),
            Intent::No => self.answer(false),
            // The words end with their view.
            Intent::Back => return vec![Effect::Close],
            _ => {}
        }
        Vec::new()
    }

    fn report(&mut self, report: &Report, _now: &Now) -> Vec<Effect> {
        match report {
            Report::Pairing(pairing) => self.follow(pairing),
            Report::Failed(Verb::GiveKey, error) => self.failed(error),
            _ => Vec::new(),
        }
    }

    fn changes(&self, now: &Now) -> Option<Duration> {
        self.code.as_ref().map(|_| whole_seconds(1, now))
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let width = area.width.min(WIDTH);
        let columns = usize::from(width.saturating_sub(4)).max(1);
        let content = self.content(columns, look);
        let height = u16::try_from(content.len()).unwrap_or(u16::MAX).saturating_add(2);
        let asked = matches!(self.step, Step::Asked(..));
        let style = if asked { look.theme.warn } else { look.theme.accent };
        let title = text::fit(&self.title(), columns);
        let inner = boxed(frame, centred(area, width, height), &title, style);
        lines(frame, inner, &content);
    }
}

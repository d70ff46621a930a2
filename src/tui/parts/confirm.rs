//! A question before something is lost, that names what will be lost.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Look, View, boxed, centred, lines, wrap};
use crate::text;
use crate::tui::message::{Context, Effect, Intent, Now, Question};

/// The question overlay.
#[derive(Debug)]
pub struct Confirm(pub Question);

impl Confirm {
    /// Each key with what it does.
    fn keys(&self) -> Vec<(&'static str, &'static str)> {
        let instead = self.0.instead.as_ref().map(|(words, _)| ("e", *words));
        let keys = std::iter::once(("y", self.0.yes)).chain(instead);
        keys.chain([("n", "cancel")]).collect()
    }

    /// Whether the answers have room beside each other.
    fn fits(&self, columns: usize) -> bool {
        self.keys().iter().map(|(key, words)| text::width(key) + text::width(words) + 4).sum::<usize>()
            <= columns + 3
    }

    /// Rows that the answers take beyond one.
    fn more_rows(&self, columns: usize) -> usize {
        if self.fits(columns) { 0 } else { self.keys().len() - 1 }
    }

    fn answers<'a>(&self, columns: usize, look: &Look<'_>) -> Vec<Line<'a>> {
        let span = |(key, words): &(&'static str, &'static str)| {
            [Span::styled(format!("{key} "), look.theme.accent), Span::raw(format!("{words}   "))]
        };
        if self.fits(columns) {
            return vec![Line::from(self.keys().iter().flat_map(span).collect::<Vec<_>>())];
        }
        self.keys().iter().map(|answer| Line::from(span(answer).to_vec())).collect()
    }
}

impl View for Confirm {
    fn context(&self) -> Context {
        if self.0.instead.is_some() { Context::ConfirmOr } else { Context::Confirm }
    }

    fn handle(&mut self, intent: Intent, _now: &Now) -> Vec<Effect> {
        match intent {
            Intent::Yes => {
                let then = std::mem::replace(&mut *self.0.then, Effect::Close);
                vec![Effect::Close, then]
            }
            Intent::EndThere => {
                self.0.instead.take().map(|(_, then)| vec![Effect::Close, *then]).unwrap_or_default()
            }
            Intent::No | Intent::Back => {
                let otherwise = self.0.otherwise.take().map(|effect| *effect);
                std::iter::once(Effect::Close).chain(otherwise).collect()
            }
            _ => Vec::new(),
        }
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let width = area.width.min(66);
        let columns = usize::from(width.saturating_sub(4)).max(1);
        let mut content: Vec<Line<'_>> = Vec::new();
        let most = usize::from(area.height).saturating_sub(4 + self.more_rows(columns)).max(1);
        let wrapped: Vec<String> = self.0.lines.iter().flat_map(|line| wrap(line, columns)).collect();
        for line in wrapped.iter().take(most.saturating_sub(1)) {
            content.push(Line::styled(line.clone(), look.theme.text));
        }
        if wrapped.len() >= most {
            content.push(Line::styled(text::fit("…", columns), look.theme.quiet));
        }
        content.push(Line::default());
        content.extend(self.answers(columns, look));
        let height = u16::try_from(content.len()).unwrap_or(u16::MAX).saturating_add(2);
        let inner = boxed(frame, centred(area, width, height), &self.0.title, look.theme.warn);
        lines(frame, inner, &content);
    }
}

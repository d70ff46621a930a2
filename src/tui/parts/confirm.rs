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

impl View for Confirm {
    fn context(&self) -> Context {
        Context::Confirm
    }

    fn handle(&mut self, intent: Intent, _now: &Now) -> Vec<Effect> {
        match intent {
            Intent::Yes => {
                let then = std::mem::replace(&mut *self.0.then, Effect::Close);
                vec![Effect::Close, then]
            }
            Intent::No | Intent::Back => vec![Effect::Close],
            _ => Vec::new(),
        }
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let width = area.width.min(66);
        let columns = usize::from(width.saturating_sub(4)).max(1);
        let mut content: Vec<Line<'_>> = Vec::new();
        let most = usize::from(area.height.saturating_sub(4)).max(1);
        let wrapped: Vec<String> = self.0.lines.iter().flat_map(|line| wrap(line, columns)).collect();
        for line in wrapped.iter().take(most.saturating_sub(1)) {
            content.push(Line::styled(line.clone(), look.theme.text));
        }
        if wrapped.len() >= most {
            content.push(Line::styled(text::fit("…", columns), look.theme.quiet));
        }
        content.push(Line::default());
        content.push(Line::from(vec![
            Span::styled("y ", look.theme.accent),
            Span::raw(format!("{}   ", self.0.yes)),
            Span::styled("n ", look.theme.accent),
            Span::raw("leave it as it is"),
        ]));
        let height = u16::try_from(content.len()).unwrap_or(u16::MAX).saturating_add(2);
        let inner = boxed(frame, centred(area, width, height), &self.0.title, look.theme.warn);
        lines(frame, inner, &content);
    }
}

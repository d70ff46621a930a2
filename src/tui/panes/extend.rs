//! A small form: how long a handoff lives from now on.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::moment;
use crate::text;
use crate::tui::message::{Action, Context, Effect, Intent, Listed, Now, Ttl};
use crate::tui::parts::form::{Field, Form};
use crate::tui::parts::{Look, View, boxed, centred, foot};

/// The form's state.
#[derive(Debug)]
pub struct Extend {
    row: Listed,
    form: Form,
}

impl Extend {
    /// The form for a handoff.
    pub fn new(row: Listed) -> Self {
        let form = Form::new(vec![
            Field::typed("lives for", &Ttl::DEFAULT.to_string())
                .placeholder("90m, 8h, 2d")
                .presets(&["1h", "8h", "24h", "3d"]),
        ]);
        Self { row, form }
    }

    fn ttl(&self) -> Result<Ttl, String> {
        self.form.fields[0].text().parse::<Ttl>().map_err(|error| error.to_string())
    }

    /// How long from now, or why not so.
    fn longer(&self, now: &Now) -> Result<Ttl, String> {
        let ttl = self.ttl()?;
        let left = (self.row.expires_at - now.utc()).num_seconds();
        if i64::from(ttl.seconds()) <= left {
            return Err(format!("It lives until {} already. Choose a longer time.", moment(left, now)));
        }
        Ok(ttl)
    }

    fn validate(&mut self) {
        self.form.fields[0].error = self.ttl().err();
    }
}

impl View for Extend {
    fn context(&self) -> Context {
        Context::ExtendForm
    }

    fn choosing(&self) -> bool {
        self.form.choosing()
    }

    fn handle(&mut self, intent: Intent, now: &Now) -> Vec<Effect> {
        match (intent, self.longer(now)) {
            (Intent::Accept, Ok(ttl)) => {
                vec![Effect::Close, Effect::Run(Action::Extend(self.row.token.clone(), ttl))]
            }
            (Intent::Back, _) => vec![Effect::Close],
            (other, _) => {
                self.form.handle(other);
                self.validate();
                Vec::new()
            }
        }
    }

    fn typed(&mut self, key: KeyEvent, _now: &Now) -> Vec<Effect> {
        self.form.typed(key);
        self.validate();
        Vec::new()
    }

    fn paste(&mut self, text: &str, _now: &Now) -> Vec<Effect> {
        self.form.paste(text);
        self.validate();
        Vec::new()
    }

    fn burst(&mut self) {
        self.form.burst();
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let title =
            format!("More time for {}", text::fit(self.row.title.as_deref().unwrap_or(&self.row.token), 40));
        let inner = boxed(frame, centred(area, 66, 6), &title, look.theme.accent);
        self.form.draw(frame, Rect { height: inner.height.min(1), ..inner }, true, look);
        let (words, style) = match self.longer(&look.now) {
            Err(error) => (error, look.theme.warn),
            Ok(ttl) => match self.form.burst_words("extend") {
                Some(words) => (words, look.theme.warn),
                None => (
                    format!("It can be picked up until {}.", moment(i64::from(ttl.seconds()), &look.now)),
                    look.theme.good,
                ),
            },
        };
        foot(frame, inner, 2, &words, style);
    }
}

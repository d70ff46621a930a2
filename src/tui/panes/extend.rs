//! A small form: how long a handoff lives from now on.

use ratatui::layout::Rect;

use super::moment;
use crate::text;
use crate::tui::message::{Action, Context, Effect, Listed, Now, Ttl};
use crate::tui::parts::Look;
use crate::tui::parts::dialog::{Dialog, Face, Said};
use crate::tui::parts::form::{Field, Form};

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
            Field::typed("expires in", &Ttl::DEFAULT.to_string())
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
            return Err(format!("It already lasts until {}. Choose a longer time.", moment(left, now)));
        }
        Ok(ttl)
    }
}

impl Dialog for Extend {
    const KEYS: Context = Context::ExtendForm;
    const VERB: &'static str = "extend";

    fn form(&self) -> &Form {
        &self.form
    }

    fn form_mut(&mut self) -> &mut Form {
        &mut self.form
    }

    fn accept(&mut self, now: &Now) -> Vec<Effect> {
        let Ok(ttl) = self.longer(now) else { return Vec::new() };
        vec![Effect::Close, Effect::Run(Action::Extend(self.row.token.clone(), ttl))]
    }

    fn edited(&mut self) {
        self.form.fields[0].error = self.ttl().err();
    }

    fn face(&self, _area: Rect, _now: &Now) -> Face {
        let title = text::fit(self.row.title.as_deref().unwrap_or(&self.row.token), 40);
        Face { title: format!("More time for {title}"), head: Vec::new(), width: 66, foot: 2 }
    }

    fn first(&self, look: &Look<'_>) -> Option<Said> {
        self.longer(&look.now).err().map(|error| (error, look.theme.warn))
    }

    fn sentence(&self, look: &Look<'_>) -> Said {
        let left = self.longer(&look.now).map_or(0, |ttl| i64::from(ttl.seconds()));
        (format!("It can be picked up until {}.", moment(left, &look.now)), look.theme.good)
    }
}

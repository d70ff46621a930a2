//! What could keep this device from publishing and picking up, looked at all at once.
//! Nothing is changed by looking; what can be mended is mended by [`Service::mend`].

mod carry;
mod claude;
mod network;
mod own;
mod programs;
mod terminal;

use std::pin::Pin;
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt};
use serde::Serialize;

use super::{Error, Job, Result, Service, blocking};
use crate::store::paths::Env;
use crate::store::{KeyFile, files};
use crate::text;

/// How long one part may take.
const LIMIT: Duration = Duration::from_secs(10);
/// Columns of a line that tells what is waited for.
const LINE: usize = 58;

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Ok,
    /// Something does not work as it could.
    Warn,
    /// Something does not work.
    Fail,
}

/// What was found of one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at: a short word that stays the same.
    pub name: &'static str,
    /// How it is.
    pub state: Health,
    /// What was found, in words.
    pub says: String,
    /// What to do, where something is to be done.
    pub advice: Option<String>,
    /// What mends it.
    #[serde(skip)]
    pub fix: Option<Fix>,
}

impl Check {
    fn new(name: &'static str, state: Health, says: impl Into<String>) -> Self {
        Self { name, state, says: says.into(), advice: None, fix: None }
    }

    fn ok(name: &'static str, says: impl Into<String>) -> Self {
        Self::new(name, Health::Ok, says)
    }

    fn warn(name: &'static str, says: impl Into<String>) -> Self {
        Self::new(name, Health::Warn, says)
    }

    fn fail(name: &'static str, says: impl Into<String>) -> Self {
        Self::new(name, Health::Fail, says)
    }

    /// By an error: what it says, and what it advises.
    fn of(name: &'static str, state: Health, error: Error) -> Self {
        Self::new(name, state, error.message.trim_end_matches('.')).advise(error.advice)
    }

    fn advise(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()).filter(|advice| !advice.is_empty()), ..self }
    }

    fn mended_by(self, fix: Fix) -> Self {
        Self { fix: Some(fix), ..self }
    }
}

/// Something that `doctor --fix` mends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fix {
    /// Others can read the key.
    KeyMode,
    /// Others can change files of ours.
    Permissions,
    /// The journal is damaged.
    Journal,
    /// Files that nobody needs any more.
    Leftovers,
}

impl Fix {
    /// What it does.
    pub fn words(self) -> &'static str {
        match self {
            Self::KeyMode => "make the key readable by you alone",
            Self::Permissions => "stop others from changing cclink's files",
            Self::Journal => "move the damaged journal aside and start a new one",
            Self::Leftovers => "remove what ended handoffs and crashed runs left behind",
        }
    }
}

/// What was found of everything, in an order that stays the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// Each thing.
    pub checks: Vec<Check>,
}

/// Where the program runs.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The environment.
    pub env: Env<'a>,
    /// Columns and rows; `None` where the answer does not go to a terminal.
    pub terminal: Option<(u16, u16)>,
}

impl Surroundings<'_> {
    fn text(&self, name: &str) -> Option<String> {
        (self.env)(name).map(|value| value.to_string_lossy().into_owned()).filter(|text| !text.is_empty())
    }

    fn is_set(&self, name: &str) -> bool {
        self.text(name).is_some()
    }
}

/// A part of the examination, by the name that waits for it.
type Part<'a> = (&'static str, Work<'a>);
type Work<'a> = Pin<Box<dyn Future<Output = Vec<Check>> + 'a>>;

impl Service {
    /// Looks at everything at once, each part within a time of its own.
    pub async fn examine(&self, around: &Surroundings<'_>, job: &Job) -> Diagnosis {
        let mut found: Vec<Vec<Check>> = Vec::new();
        let mut waits: Vec<&'static str> = Vec::new();
        let mut running = FuturesUnordered::new();
        for (at, (name, part)) in self.parts(around).into_iter().enumerate() {
            found.push(Vec::new());
            waits.push(name);
            running.push(async move { (at, name, tokio::time::timeout(LIMIT, part).await) });
        }
        let tell = |waits: &[&str]| job.doing(text::fit(&format!("checking {}", waits.join(", ")), LINE));
        tell(&waits);
        while let Some((at, name, done)) = running.next().await {
            found[at] = done.unwrap_or_else(|_| {
                vec![
                    Check::fail(name, format!("no answer within {} s", LIMIT.as_secs()))
                        .advise("Try again; something that it asks hangs."),
                ]
            });
            waits.retain(|waiting| *waiting != name);
            tell(&waits);
        }
        Diagnosis { checks: found.into_iter().flatten().collect() }
    }

    fn parts<'a>(&'a self, around: &'a Surroundings<'a>) -> Vec<Part<'a>> {
        vec![
            ("config", self.on_thread("config", Self::check_files)),
            ("claude", Box::pin(self.check_claude_code())),
            ("dht", Box::pin(self.check_network())),
            ("handoffs", Box::pin(self.check_handoffs())),
            ("terminal", Box::pin(terminal::check(around))),
            ("ssh", self.on_thread("ssh", Self::check_ssh)),
            ("tmux", Box::pin(self.check_tmux(around))),
            ("git", Box::pin(self.check_git())),
            ("carry-folder", self.on_thread("carry-folder", Self::check_carry_folder)),
            ("carry-ssh", Box::pin(self.check_carry_ssh())),
            ("leftovers", self.on_thread("leftovers", Self::check_leftovers)),
            ("page", Box::pin(self.check_page())),
        ]
    }

    /// A part that asks the disk, which may be a network's that does not answer.
    fn on_thread(&self, name: &'static str, look: fn(&Self) -> Vec<Check>) -> Work<'static> {
        let service = self.clone();
        Box::pin(async move {
            let looked = blocking(move || look(&service)).await;
            looked.unwrap_or_else(|error| vec![Check::of(name, Health::Fail, error)])
        })
    }

    /// Mends one thing; what was done, in words.
    pub async fn mend(&self, fix: Fix) -> Result<String> {
        match fix {
            Fix::KeyMode => {
                let path = &self.0.settings.paths.key;
                let said = KeyFile::tighten(path).unwrap_or_default();
                if files::others_may_read(path) {
                    return Err(Error::failed(format!("{said}.")));
                }
                Ok("only you can read it now; if someone may have copied it, make a new key".to_owned())
            }
            Fix::Permissions => {
                self.open_to_all().iter().try_for_each(|path| files::forbid_others_to_write(path))?;
                Ok("only you can change cclink's files now".to_owned())
            }
            Fix::Journal => {
                let (_, aside) = self.0.journal.load()?;
                let kept =
                    aside.map_or_else(String::new, |path| format!("; the old one is {}", path.display()));
                Ok(format!("a new journal was started{kept}"))
            }
            Fix::Leftovers => {
                self.tidy();
                self.take_away_due().await;
                match self.to_be_taken_away().len() {
                    0 => Ok("nothing is left behind".to_owned()),
                    left => Err(Error::failed(format!("{left} could not be removed yet."))),
                }
            }
        }
    }
}

//! The local sessions, newest first, and the last turns of the selected one.

mod draw;

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::short_project;
use crate::text;
use crate::tui::message::{
    Action, Context, Effect, Intent, Note, Now, Open, Plan, Progress, Report, Role, Session, Tone, Turn, Verb,
};
use crate::tui::parts::form::{Field, Form};
use crate::tui::parts::list::{Cursor, Scroll, hit, row_height};
use crate::tui::parts::{Look, View, detail_area, split, whole_seconds};

/// How much is shown of what tools did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Tools {
    None,
    #[default]
    Lines,
    Whole,
}

/// A line of the conversation: whose, whether it names them, and what.
type Said = (Role, bool, String);

/// What is known of the selected session's conversation.
#[derive(Debug, Default)]
struct Preview {
    /// Whose it is.
    id: String,
    /// Which state of it was asked for.
    at: DateTime<Utc>,
    /// The turns laid out for the room there is.
    told: Vec<Said>,
    /// Its last turns; `None` while they are read.
    turns: Option<Vec<Turn>>,
    /// Why there are none.
    error: Option<String>,
    /// Lines up from the end.
    scroll: Scroll,
}

/// The widths of the columns beside the titles; 0: not shown at all.
#[derive(Clone, Copy, Debug, Default)]
struct Columns {
    project: usize,
    branch: usize,
    size: usize,
}

/// How far the scan has come.
#[derive(Debug, PartialEq, Eq)]
enum Scan {
    Running,
    Done,
    Failed(String),
}

/// The pane's state.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools)] // facts that have nothing to do with each other
pub struct Sessions {
    cwd: PathBuf,
    all: Vec<Session>,
    shown: Vec<(usize, Vec<u32>)>,
    cursor: Cursor,
    /// Whether the user chose the selected row; until then it follows the
    /// session of the current directory.
    chosen: bool,
    scan: Scan,
    /// Sessions told by the running scan, kept apart until it is over when a
    /// list is there already.
    fresh: Option<Vec<Session>>,
    progress: Progress,
    only_project: bool,
    hidden: bool,
    columns: Columns,
    tools: Tools,
    filter: Form,
    filtering: bool,
    reading: bool,
    preview: Preview,
    room: Rect,
}

impl Sessions {
    /// The pane for a program started in `cwd`.
    pub fn new(cwd: PathBuf) -> Self {
        Self {
            cwd,
            all: Vec::new(),
            shown: Vec::new(),
            cursor: Cursor::default(),
            chosen: false,
            scan: Scan::Running,
            fresh: None,
            progress: Progress::default(),
            only_project: false,
            hidden: false,
            columns: Columns::default(),
            tools: Tools::default(),
            filter: Form::new(vec![Field::typed("filter", "").placeholder("title, project or branch")]),
            filtering: false,
            reading: false,
            preview: Preview::default(),
            room: Rect::default(),
        }
    }

    fn selected(&self) -> Option<&Session> {
        self.shown.get(self.cursor.at).and_then(|(at, _)| self.all.get(*at))
    }

    fn query(&self) -> &str {
        self.filter.fields[0].text()
    }

    /// Rows of the screen that each session takes.
    fn row_height(&self) -> u16 {
        row_height(self.room)
    }

    /// The list's own rows, under the line that says what is shown.
    fn list_area(&self) -> Rect {
        let (list, _) = split(self.room);
        Rect { y: list.y + list.height.min(1), height: list.height.saturating_sub(1), ..list }
    }

    fn page(&self) -> usize {
        usize::from(self.list_area().height / self.row_height())
    }

    /// Applies scope and filter; the selection stays on its session.
    fn refresh(&mut self) {
        let selected = self.selected().map(|session| session.session_id.clone());
        let places: Vec<usize> = (0..self.all.len())
            .filter(|&at| self.hidden || !self.all[at].hidden)
            .filter(|&at| !self.only_project || is_of(&self.all[at], &self.cwd))
            .collect();
        self.columns = columns(&places.iter().map(|at| &self.all[*at]).collect::<Vec<_>>());
        self.shown = crate::tui::parts::search::filter(&self.all, &places, self.query());
        let kept = selected.filter(|_| self.chosen).and_then(|id| self.place_of(&id));
        self.cursor.at = kept.or_else(|| self.nearest()).unwrap_or(0);
        self.cursor.hold(self.shown.len(), self.page());
    }

    fn place_of(&self, id: &str) -> Option<usize> {
        self.shown.iter().position(|(at, _)| self.all[*at].session_id == id)
    }

    /// The newest session of the current directory, or of the nearest folder
    /// above it.
    fn nearest(&self) -> Option<usize> {
        if !self.query().is_empty() {
            return Some(0);
        }
        let depth = |at: usize| {
            let cwd = self.all[at].cwd.as_deref().filter(|cwd| self.cwd.starts_with(cwd));
            cwd.map_or(0, |cwd| cwd.components().count())
        };
        let best = self
            .shown
            .iter()
            .enumerate()
            .max_by_key(|(place, (at, _))| (depth(*at), std::cmp::Reverse(*place)));
        best.map(|(place, _)| place)
    }

    fn take(&mut self, batch: &[Session]) {
        let batch = batch.iter().cloned();
        if let Some(fresh) = &mut self.fresh {
            fresh.extend(batch);
            return;
        }
        self.all.extend(batch);
        self.sort();
    }

    fn sort(&mut self) {
        let selected = self.selected().map(|session| session.session_id.clone());
        self.all.sort_by_key(|session| std::cmp::Reverse(session.updated_at));
        // the places in `shown` are stale now: find the selection again by id
        self.shown = (0..self.all.len()).map(|at| (at, Vec::new())).collect();
        self.cursor.at = selected.and_then(|id| self.place_of(&id)).unwrap_or(0);
        self.refresh();
    }

    fn scanned(&mut self) -> Vec<Effect> {
        self.scan = Scan::Done;
        if let Some(fresh) = self.fresh.take() {
            let selected = self.selected().map(|session| session.session_id.clone());
            self.all = fresh;
            self.shown = (0..self.all.len()).map(|at| (at, Vec::new())).collect();
            self.cursor.at = selected.and_then(|id| self.place_of(&id)).unwrap_or(0);
            self.sort();
        }
        self.widen()
    }

    fn toggle_project(&mut self) -> Vec<Effect> {
        self.only_project = !self.only_project;
        self.refresh();
        self.widen()
    }

    /// Shows all of them again where this folder has none.
    fn widen(&mut self) -> Vec<Effect> {
        let has_some = self.all.iter().any(|session| self.counts(session) && is_of(session, &self.cwd));
        if !self.only_project || self.scan != Scan::Done || has_some {
            return Vec::new();
        }
        self.only_project = false;
        self.refresh();
        vec![Effect::Say(Note::new(Tone::Plain, "No session belongs to this folder; all are shown."))]
    }

    /// Whether a session is among those that are counted at all.
    fn counts(&self, session: &Session) -> bool {
        self.hidden || !session.hidden
    }

    fn toggle_hidden(&mut self) -> Vec<Effect> {
        let some = self.all.iter().any(|session| session.hidden);
        if !some {
            let words = "There are no hidden sessions: runs of the SDK and sidechains would be.";
            return vec![Effect::Say(Note::new(Tone::Plain, words))];
        }
        self.hidden = !self.hidden;
        self.refresh();
        Vec::new()
    }

    fn turn_tools(&mut self) -> Vec<Effect> {
        let (level, words) = match self.tools {
            Tools::None => (Tools::Lines, "Tool calls are shown, a line each."),
            Tools::Lines => (Tools::Whole, "Tool calls are shown with their text."),
            Tools::Whole => (Tools::None, "Tool calls are not shown."),
        };
        self.tools = level;
        self.lay_out();
        vec![Effect::Say(Note::new(Tone::Plain, words))]
    }

    /// Lays the conversation out for the room there is; what is being read
    /// stays where it is.
    fn lay_out(&mut self) {
        let before = self.preview.told.len();
        self.preview.told =
            draw::conversation(self.preview.turns.as_deref(), self.tools, detail_area(self.room).width);
        let (len, page) = self.preview_lines();
        let scroll = &mut self.preview.scroll.0;
        if *scroll > 0 && before > 0 {
            *scroll = (*scroll + len).saturating_sub(before).min(len.saturating_sub(page));
        }
    }

    fn back(&mut self) {
        if self.filtering || !self.query().is_empty() {
            self.filtering = false;
            self.filter.fields[0].set_text("");
            self.refresh();
        } else {
            self.reading = false;
        }
    }

    fn preview_lines(&self) -> (usize, usize) {
        (self.preview.told.len(), usize::from(draw::conversation_height(detail_area(self.room))))
    }

    fn act(&self, intent: Intent) -> Vec<Effect> {
        let Some(session) = self.selected() else { return Vec::new() };
        match intent {
            Intent::Publish => vec![Effect::Open(Open::Publish(Box::new(session.clone())))],
            Intent::ResumeHere => vec![Effect::Run(Action::ResumeHere(Box::new(session.clone())))],
            Intent::CopyId => vec![Effect::Copy(session.session_id.clone(), "The session's id")],
            _ => Vec::new(),
        }
    }
}

/// The widest project, branch and size, within bounds; no project where all are
/// of the same.
fn columns(sessions: &[&Session]) -> Columns {
    let widest = |of: fn(&Session) -> usize, most| {
        sessions.iter().map(|session| of(session)).max().unwrap_or(0).min(most)
    };
    let first = sessions.first().map(|session| &session.project);
    let one = sessions.iter().all(|session| Some(&session.project) == first);
    Columns {
        project: if one { 0 } else { widest(|session| text::width(short_project(&session.project)), 16) },
        branch: widest(|session| session.git_branch.as_deref().map_or(0, text::width), 14),
        size: widest(|session| text::bytes(session.size).len(), 9),
    }
}

/// Whether a session belongs to the project of the folder `cwd`.
fn is_of(session: &Session, cwd: &Path) -> bool {
    session.cwd.as_deref().is_some_and(|project| cwd.starts_with(project) || project.starts_with(cwd))
}

/// What to do with the plans of a session that is to be resumed here.
fn resume(plans: &[Plan]) -> Vec<Effect> {
    if let Some(ready) = plans.iter().find(|plan| plan.ready) {
        return vec![Effect::StepAside(Box::new(ready.clone()))];
    }
    let note = Note::new(Tone::Bad, "This session cannot be resumed here.");
    let why = plans.iter().find_map(|plan| plan.why_not.clone()).unwrap_or_default();
    let shell = plans.first().map(|plan| plan.shell.clone()).unwrap_or_default();
    vec![Effect::Say(note.line(why).line(shell))]
}

impl View for Sessions {
    fn context(&self) -> Context {
        if self.filtering { Context::Filter } else { Context::Sessions }
    }

    fn handle(&mut self, intent: Intent, _now: &Now) -> Vec<Effect> {
        if self.reading {
            let (len, page) = self.preview_lines();
            // the conversation is read from its end: up is further back
            let turned = match intent {
                Intent::Up => Intent::Down,
                Intent::Down => Intent::Up,
                Intent::PageUp => Intent::PageDown,
                Intent::PageDown => Intent::PageUp,
                Intent::First => Intent::Last,
                Intent::Last => Intent::First,
                other => other,
            };
            if self.preview.scroll.handle(turned, len, page) {
                return Vec::new();
            }
        } else if self.cursor.handle(intent, self.shown.len(), self.page()) {
            self.chosen = true;
            return Vec::new();
        }
        match intent {
            Intent::Filter => self.filtering = true,
            Intent::Accept => self.filtering = false,
            Intent::OnlyProject => return self.toggle_project(),
            Intent::ShowHidden => return self.toggle_hidden(),
            Intent::ToolDetail => return self.turn_tools(),
            Intent::ShowDetail => self.reading = self.selected().is_some(),
            Intent::LeaveDetail => self.reading = false,
            Intent::Back => self.back(),
            Intent::Refresh => return vec![Effect::Run(Action::Scan(self.cwd.clone()))],
            other => return self.act(other),
        }
        Vec::new()
    }

    fn typed(&mut self, key: KeyEvent, _now: &Now) -> Vec<Effect> {
        if self.filtering && self.filter.typed(key) {
            self.chosen = false;
            self.refresh();
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, _now: &Now) -> Vec<Effect> {
        if self.filtering && self.filter.paste(text) {
            self.chosen = false;
            self.refresh();
        }
        Vec::new()
    }

    fn report(&mut self, report: &Report, _now: &Now) -> Vec<Effect> {
        match report {
            Report::Started(Verb::Scan) => {
                self.scan = Scan::Running;
                self.progress = Progress::default();
                self.fresh = (!self.all.is_empty()).then(Vec::new);
            }
            Report::Sessions(batch, progress) => {
                self.progress = *progress;
                self.take(batch);
            }
            Report::Scanned => return self.scanned(),
            Report::Failed(Verb::Scan, error) => {
                self.scan = Scan::Failed(format!("{error} {}", error.advice));
            }
            Report::Preview(id, turns) if *id == self.preview.id => {
                self.preview.turns = Some(turns.clone());
                self.lay_out();
            }
            Report::Failed(Verb::Preview, error) => self.preview.error = Some(error.to_string()),
            Report::Plans(_, plans) => return resume(plans),
            _ => {}
        }
        Vec::new()
    }

    fn click(&mut self, _column: u16, row: u16, _now: &Now) -> Vec<Effect> {
        if let Some(at) = hit(self.list_area(), row, self.row_height(), &self.cursor, self.shown.len()) {
            self.cursor.at = at;
            self.chosen = true;
        }
        Vec::new()
    }

    fn wheel(&mut self, column: u16, up: bool, now: &Now) -> Vec<Effect> {
        let over_detail = split(self.room).1.is_some_and(|detail| column >= detail.x);
        if !over_detail {
            return self.handle(if up { Intent::Up } else { Intent::Down }, now);
        }
        // the conversation is read from its end: up is further back
        let (len, page) = self.preview_lines();
        for _ in 0..3 {
            self.preview.scroll.handle(if up { Intent::Down } else { Intent::Up }, len, page);
        }
        Vec::new()
    }

    fn set_room(&mut self, room: Rect) {
        self.room = room;
        self.lay_out();
        self.cursor.hold(self.shown.len(), self.page());
    }

    fn settle(&mut self) -> Vec<Effect> {
        let Some(session) = self.selected() else { return Vec::new() };
        let (same, at) = (session.session_id == self.preview.id, session.updated_at);
        if same && at == self.preview.at {
            return Vec::new();
        }
        let session = session.clone();
        if same {
            // more was said in it: what is shown stays until that is read
            self.preview.at = at;
        } else {
            self.preview = Preview { id: session.session_id.clone(), at, ..Preview::default() };
        }
        vec![Effect::Run(Action::Preview(Box::new(session)))]
    }

    fn changes(&self, now: &Now) -> Option<Duration> {
        let visible = self.shown.iter().skip(self.cursor.top).take(self.page().max(1));
        let soonest = visible.map(|(at, _)| text::ago_changes_in(self.all[*at].updated_at, now.utc())).min();
        soonest.map(|seconds| whole_seconds(seconds, now))
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        self.draw_all(frame, area, look);
    }
}

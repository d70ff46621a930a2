//! Looking inside all conversations: what is typed, and what came of it.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::text;
use crate::tui::message::{Action, Asked, Effect, Here, Hit, Matched, Progress, Searching, Session};
use crate::tui::parts::form::{Field, Form};
use crate::tui::parts::list::Cursor;

/// How far a search has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing is asked for.
    #[default]
    Idle,
    Running,
    /// It took so long.
    Done(Duration),
    Failed(String),
}

/// Every match in the session that is read, oldest first, and which of them the
/// user is at.
#[derive(Debug, Default)]
struct Open {
    path: PathBuf,
    hits: Vec<Hit>,
    at: usize,
    /// Come to from its end: the oldest first.
    oldest: bool,
    /// So many hits on, towards newer ones, as soon as they are known.
    ahead: isize,
}

/// A session with a match: its row, and the newest message that matches.
#[derive(Debug)]
pub(super) struct Row {
    pub session: Session,
    pub newest: Option<Hit>,
    pub count: usize,
    rank: usize,
}

impl From<Matched> for Row {
    fn from(mut matched: Matched) -> Self {
        // The others are read again when someone goes to them.
        let newest = matched.hits.pop();
        Self { session: matched.session, newest, count: matched.count, rank: matched.rank }
    }
}

/// The search's state.
#[derive(Debug)]
pub(super) struct Search {
    pub form: Form,
    pub typing: bool,
    /// All that were found, those that were written last first.
    rows: Vec<Row>,
    /// Those of the scope that is chosen.
    pub shown: Vec<usize>,
    pub cursor: Cursor,
    chosen: bool,
    pub state: State,
    pub progress: Progress,
    started: Duration,
    /// What is shown was found by the query before.
    stale: bool,
    /// Rows came that `shown` does not know yet.
    grew: bool,
    /// The last query that came to its end, and where it found something.
    answered: Option<Arc<(String, Vec<PathBuf>)>>,
    open: Open,
}

/// Which of the sessions found are wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    /// Only those of this directory.
    pub only: Option<&'a Here>,
    /// SDK runs and sidechains, too.
    pub hidden: bool,
}

impl Search {
    pub fn new() -> Self {
        Self {
            form: Form::new(vec![Field::typed("search", "").placeholder("what was said in any session")]),
            typing: true,
            rows: Vec::new(),
            shown: Vec::new(),
            cursor: Cursor::default(),
            chosen: false,
            state: State::default(),
            progress: Progress::default(),
            started: Duration::ZERO,
            stale: false,
            grew: false,
            answered: None,
            open: Open::default(),
        }
    }

    pub fn query(&self) -> &str {
        self.form.fields.first().map_or("", |field| field.text())
    }

    pub fn selected(&self) -> Option<&Row> {
        self.row(self.cursor.at)
    }

    /// The row at a place of those that are shown.
    pub fn row(&self, place: usize) -> Option<&Row> {
        self.shown.get(place).and_then(|at| self.rows.get(*at))
    }

    /// The text changed: asks anew.
    pub fn ask(&mut self) -> Vec<Effect> {
        self.chosen = false;
        let asked = Asked { text: self.query().to_owned(), before: self.answered.clone() };
        vec![Effect::Run(Action::Search(Box::new(asked)))]
    }

    pub fn started(&mut self, now: Duration) {
        (self.started, self.progress, self.stale) = (now, Progress::default(), true);
        self.state = State::Running;
    }

    /// Takes what a search tells; [`Search::refresh`] shows it, once for many.
    pub fn take(&mut self, event: Searching) {
        match event {
            Searching::Progress { files, of } => self.progress = Progress { read: files, of },
            Searching::Found(matched) => {
                self.forget_stale();
                self.rows.push(Row::from(*matched));
                self.grew = true;
            }
        }
    }

    pub fn done(&mut self, asked: Asked, scope: Scope<'_>, page: usize, now: Duration) {
        self.forget_stale();
        self.state = State::Done(now.saturating_sub(self.started));
        if asked.text.trim().is_empty() {
            self.state = State::Idle;
        }
        let files = self.rows.iter().map(|row| row.session.path.clone()).collect();
        self.answered = (self.state != State::Idle).then(|| Arc::new((asked.text, files)));
        self.refresh(scope, page);
    }

    pub fn failed(&mut self, why: String) {
        self.forget_stale();
        self.shown.clear();
        self.state = State::Failed(why);
    }

    fn forget_stale(&mut self) {
        if std::mem::take(&mut self.stale) {
            self.rows.clear();
            self.shown.clear();
        }
    }

    /// Sessions changed on disk.
    pub fn change(&mut self, sessions: &[Session]) {
        for session in sessions {
            for row in self.rows.iter_mut().filter(|row| row.session.path == session.path) {
                row.session = session.clone();
            }
        }
    }

    /// Applies the scope; the selection stays on its session once the user moved.
    pub fn refresh(&mut self, scope: Scope<'_>, page: usize) {
        let selected = self.selected().map(|row| row.session.path.clone()).filter(|_| self.chosen);
        if std::mem::take(&mut self.grew) {
            self.rows.sort_by_key(|row| row.rank);
        }
        let wanted = |session: &Session| {
            (scope.hidden || !session.hidden) && scope.only.is_none_or(|here| here.is_of(session))
        };
        self.shown = (0..self.rows.len()).filter(|at| wanted(&self.rows[*at].session)).collect();
        let kept =
            selected.and_then(|path| self.shown.iter().position(|at| self.rows[*at].session.path == path));
        self.cursor.at = kept.unwrap_or(0);
        self.cursor.hold(self.shown.len(), page);
    }

    /// Whether something was found that is not shown yet.
    pub fn grew(&self) -> bool {
        self.grew
    }

    /// The user moved.
    pub fn moved(&mut self) {
        self.chosen = true;
    }

    /// The line of the hit that the user is at.
    pub fn spot(&self) -> Option<Range<u64>> {
        let row = self.selected()?;
        let hit = if row.session.path == self.open.path { self.open.hits.get(self.open.at) } else { None };
        hit.or(row.newest.as_ref()).map(|hit| hit.line.clone())
    }

    /// Opens the session that is selected; its other hits are looked for.
    pub fn open(&mut self, oldest: bool) -> Vec<Effect> {
        let Some(row) = self.selected() else { return Vec::new() };
        let session = Box::new(row.session.clone());
        if row.count < 2 || row.session.path == self.open.path {
            return Vec::new();
        }
        self.open = Open { path: session.path.clone(), oldest, ..Open::default() };
        vec![Effect::Run(Action::Hits(session, self.query().to_owned()))]
    }

    /// The hits of the session that was opened.
    pub fn opened(&mut self, path: &Path, hits: Vec<Hit>) {
        if hits.is_empty() {
            self.close(); // it was written anew meanwhile
        } else if self.open.path == path {
            let newest = hits.len() - 1;
            let first = if self.open.oldest { 0 } else { newest };
            self.open.at = first.saturating_add_signed(self.open.ahead).min(newest);
            self.open.hits = hits;
        }
    }

    /// Forgets which hits were gone through.
    pub fn close(&mut self) {
        self.open = Open::default();
    }

    /// Goes to the next hit, older or newer; from the last one in a session into
    /// the next session.
    pub fn turn(&mut self, older: bool, page: usize) -> Vec<Effect> {
        let is_open = self.selected().is_some_and(|row| row.session.path == self.open.path);
        if is_open && self.open.hits.is_empty() {
            // The keys come faster than the file is read.
            self.open.ahead += if older { -1 } else { 1 };
            return Vec::new();
        }
        let next = if older { self.open.at.checked_sub(1) } else { Some(self.open.at + 1) };
        if let Some(next) = next.filter(|next| is_open && *next < self.open.hits.len()) {
            self.open.at = next;
            return Vec::new();
        }
        let at = self.cursor.at;
        let place = if older { Some(at + 1) } else { at.checked_sub(1) };
        let Some(place) = place.filter(|place| *place < self.shown.len()) else { return Vec::new() };
        self.cursor.at = place;
        self.cursor.hold(self.shown.len(), page);
        self.chosen = true;
        self.close();
        self.open(!older)
    }

    /// "hit 2 of 7" of the session that is read, newest first.
    pub fn place(&self) -> Option<String> {
        let row = self.selected()?;
        row.newest.as_ref()?;
        let known = row.session.path == self.open.path && !self.open.hits.is_empty();
        let of = if known { self.open.hits.len() } else { row.count };
        let at = if known { of - self.open.at } else { 1 };
        Some(if of == 1 { "the only match".to_owned() } else { format!("match {at} of {of}") })
    }

    /// How many were found, among how many, and how fast.
    pub fn count(&self) -> String {
        let found = self.shown.len();
        let of = text::count(self.progress.of);
        match &self.state {
            State::Running if self.progress.of > 0 => {
                format!("{found} found, {} of {of} read", text::count(self.progress.read))
            }
            State::Running => format!("{found} found"),
            State::Done(took) => format!("{found} of {of} · {}", text::took(*took)),
            State::Idle | State::Failed(_) => String::new(),
        }
    }
}

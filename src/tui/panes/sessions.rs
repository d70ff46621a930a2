//! The local sessions, newest first, and the last turns of the selected one.

mod conversation;
mod deeds;
mod detail;
mod draw;
mod find;
mod merge;
mod reading;
mod resume;
mod search;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

use self::conversation::{Conversation, Tools};
use self::deeds::needs_row;
use self::draw::{Columns, columns};
use self::find::Find;
use self::merge::merge;
use self::search::{Scope, Search};
use crate::text;
use crate::tui::message::{
    Action, Changed, Context, Effect, Elsewhere, Here, Intent, Note, Now, Progress, Report, Session, Tone,
    Verb,
};
use crate::tui::parts::form::{Field, Form};
use crate::tui::parts::list::{Cursor, row_height};
use crate::tui::parts::search::Narrowing;
use crate::tui::parts::{Look, View, split, whole_seconds};

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
    here: Here,
    all: Vec<Session>,
    /// Places in `all` of those that the scope admits, and of those that the
    /// filter leaves of them.
    places: Vec<usize>,
    shown: Vec<usize>,
    narrowing: Narrowing,
    cursor: Cursor,
    /// Whether the user chose the selected row; until then it follows the
    /// session of the current directory.
    chosen: bool,
    scan: Scan,
    /// When the last scan began.
    looked: DateTime<Utc>,
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
    /// What is read takes the room of the list, too.
    full: bool,
    find: Option<Find>,
    talk: Conversation,
    search: Option<Search>,
    /// What other machines picked up, the last first.
    elsewhere: Vec<Elsewhere>,
    room: Rect,
}

impl Sessions {
    /// The pane for a program started in `cwd` by somebody with this home folder.
    pub fn new(cwd: PathBuf, home: Option<&Path>) -> Self {
        Self {
            here: Here::new(&cwd, home),
            cwd,
            all: Vec::new(),
            places: Vec::new(),
            shown: Vec::new(),
            narrowing: Narrowing::default(),
            cursor: Cursor::default(),
            chosen: false,
            scan: Scan::Running,
            looked: DateTime::UNIX_EPOCH,
            fresh: None,
            progress: Progress::default(),
            only_project: false,
            hidden: false,
            columns: Columns::default(),
            tools: Tools::default(),
            filter: Form::new(vec![Field::typed("filter", "").placeholder("title, project or branch")]),
            filtering: false,
            reading: false,
            full: true,
            find: None,
            talk: Conversation::default(),
            search: None,
            elsewhere: Vec::new(),
            room: Rect::default(),
        }
    }

    /// When what is listed was looked at.
    pub fn looked(&self) -> DateTime<Utc> {
        self.looked
    }

    /// Whether this machine has no session at all, as far as it was looked.
    pub fn has_none(&self) -> bool {
        self.all.is_empty() && self.scan != Scan::Running
    }

    fn selected(&self) -> Option<&Session> {
        match &self.search {
            Some(search) => search.selected().map(|row| &row.session),
            None => self.in_list(),
        }
    }

    /// The session in a row of what is shown.
    fn at(&self, place: usize) -> Option<&Session> {
        match &self.search {
            Some(search) => search.row(place).map(|row| &row.session),
            None => self.shown.get(place).and_then(|at| self.all.get(*at)),
        }
    }

    /// Where it is gone on with, unless something was said here since.
    fn went_on(&self, session: &Session) -> Option<&Elsewhere> {
        self.elsewhere.iter().find(|elsewhere| elsewhere.holds_for(session))
    }

    fn in_list(&self) -> Option<&Session> {
        self.shown.get(self.cursor.at).and_then(|at| self.all.get(*at))
    }

    fn query(&self) -> &str {
        self.filter.fields[0].text()
    }

    /// Rows of the screen that each session takes; what was found shows where.
    fn row_height(&self) -> u16 {
        if self.search.is_some() { 2 } else { row_height(self.room) }
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
        self.places = (0..self.all.len())
            .filter(|&at| self.hidden || !self.all[at].hidden)
            .filter(|&at| !self.only_project || self.here.is_of(&self.all[at]))
            .collect();
        self.columns = columns(&self.places.iter().map(|at| &self.all[*at]).collect::<Vec<_>>());
        self.narrowing = Narrowing::default();
        self.narrow();
    }

    /// Applies the filter alone, as each key in it asks for.
    fn narrow(&mut self) {
        let selected = self.in_list().map(|session| session.path.clone());
        self.shown = self.narrowing.filter(&self.all, &self.places, self.filter.fields[0].text());
        let kept = selected.filter(|_| self.chosen).and_then(|path| self.place_of(&path));
        self.cursor.at = kept.or_else(|| self.nearest()).unwrap_or(0);
        self.cursor.hold(self.shown.len(), self.page());
    }

    fn place_of(&self, path: &Path) -> Option<usize> {
        // Byte by byte: paths are compared part by part, which takes its time.
        self.shown.iter().position(|at| self.all[*at].path.as_os_str() == path.as_os_str())
    }

    /// The session of the current directory, else the newest.
    fn nearest(&self) -> Option<usize> {
        if !self.query().is_empty() {
            return Some(0);
        }
        self.here.current(self.shown.iter().map(|at| &self.all[*at]))
    }

    /// Takes rows that were read; those of the same files, and of `gone`, go. A
    /// row that was being checked comes once more, and so does one whose file
    /// changed while all are read.
    fn take(&mut self, rows: Vec<Session>, gone: &HashSet<PathBuf>) {
        match &mut self.fresh {
            Some(fresh) => merge(fresh, rows, gone),
            None => self.relist(|all| merge(all, rows, gone)),
        }
    }

    /// Changes the list, which stays in its order, and the selection on its
    /// session.
    fn relist(&mut self, change: impl FnOnce(&mut Vec<Session>)) {
        let selected = self.in_list().map(|session| session.path.clone());
        change(&mut self.all);
        // the places in `shown` are stale now: find the selection again
        self.shown = (0..self.all.len()).collect();
        self.cursor.at = selected.and_then(|path| self.place_of(&path)).unwrap_or(0);
        self.refresh();
    }

    fn scanned(&mut self) -> Vec<Effect> {
        self.scan = Scan::Done;
        if let Some(fresh) = self.fresh.take() {
            self.hold();
            self.relist(|list| *list = fresh);
        }
        self.hold();
        self.widen()
    }

    /// From here on nothing moves under the user's hands.
    fn hold(&mut self) {
        self.chosen |= self.in_list().is_some();
    }

    fn toggle_project(&mut self) -> Vec<Effect> {
        self.only_project = !self.only_project;
        self.refresh();
        let said = self.widen();
        self.refresh_found();
        said
    }

    /// Shows all of them again where this folder has none.
    fn widen(&mut self) -> Vec<Effect> {
        let has_some = self.all.iter().any(|session| self.counts(session) && self.here.is_of(session));
        if !self.only_project || self.scan != Scan::Done || has_some {
            return Vec::new();
        }
        self.only_project = false;
        self.refresh();
        vec![Effect::Say(Note::new(Tone::Plain, "No sessions in this folder; showing all."))]
    }

    /// Whether a session is among those that are counted at all.
    fn counts(&self, session: &Session) -> bool {
        self.hidden || !session.hidden
    }

    fn toggle_hidden(&mut self) -> Vec<Effect> {
        let some = self.all.iter().any(|session| session.hidden);
        if !some {
            let words = "No hidden sessions (SDK runs and sidechains).";
            return vec![Effect::Say(Note::new(Tone::Plain, words))];
        }
        self.hidden = !self.hidden;
        self.refresh();
        self.refresh_found();
        Vec::new()
    }

    /// Which of the sessions that a search found are wanted.
    fn scope(&self) -> Scope<'_> {
        Scope { only: self.only_project.then_some(&self.here), hidden: self.hidden }
    }

    fn refresh_found(&mut self) {
        let page = self.page();
        if let Some(mut search) = self.search.take() {
            search.refresh(self.scope(), page);
            self.search = Some(search);
        }
    }

    /// One step back: out of what is read, out of what is typed, out of the
    /// search.
    fn back(&mut self) -> Vec<Effect> {
        if self.find.take().is_some() {
            return vec![Effect::Stop(Verb::Hits)];
        }
        if self.reading {
            self.reading = false;
            if let Some(search) = &mut self.search {
                search.close();
            }
        } else if self.search.is_some() {
            return self.leave_search();
        } else if self.filtering || !self.query().is_empty() {
            self.filtering = false;
            self.filter.fields[0].set_text("");
            self.narrow();
        }
        Vec::new()
    }

    /// Looks for other words, or for the first.
    fn open_search(&mut self) -> Vec<Effect> {
        self.reading = false;
        self.find = None;
        self.filtering = false;
        match &mut self.search {
            Some(search) => {
                search.typing = true;
                search.close();
            }
            None => self.search = Some(Search::new()),
        }
        Vec::new()
    }

    /// Back to the list, at the session that was selected.
    fn leave_search(&mut self) -> Vec<Effect> {
        let path = self.selected().map(|session| session.path.clone());
        self.search = None;
        if let Some(place) = path.and_then(|path| self.place_of(&path)) {
            (self.cursor.at, self.chosen) = (place, true);
        }
        self.cursor.hold(self.shown.len(), self.page());
        vec![Effect::Stop(Verb::Search), Effect::Stop(Verb::Hits)]
    }

    /// A change of what is typed.
    fn typed_text(&mut self, typed: impl FnOnce(&mut Form) -> bool) -> Vec<Effect> {
        if let Some(find) = self.find.as_mut().filter(|find| find.typing) {
            typed(&mut find.form);
            return Vec::new();
        }
        if let Some(search) = self.search.as_mut().filter(|search| search.typing) {
            return if typed(&mut search.form) { search.ask() } else { Vec::new() };
        }
        if self.filtering && typed(&mut self.filter) {
            self.chosen = false;
            self.narrow();
        }
        Vec::new()
    }

    /// Moves in what has the keys; false when the intent is not one that moves.
    fn moves(&mut self, intent: Intent) -> bool {
        let page = self.page();
        if self.reading {
            return self.talk.scroll(intent);
        }
        if let Some(search) = &mut self.search {
            let moved = search.cursor.handle(intent, search.shown.len(), page);
            if moved {
                search.moved();
            }
            return moved;
        }
        let moved = self.cursor.handle(intent, self.shown.len(), page);
        self.chosen |= moved;
        moved
    }

    /// Rows changed on disk while the user looks at them.
    fn change(&mut self, changed: Changed) -> Vec<Effect> {
        if let Some(search) = &mut self.search {
            search.change(&changed.rows);
        }
        if let Some(fresh) = &mut self.fresh {
            merge(fresh, changed.rows.clone(), &changed.files);
        }
        self.hold();
        self.relist(|all| merge(all, changed.rows, &changed.files));
        let again = changed.scan && self.scan != Scan::Running;
        again.then(|| Effect::Run(Action::Scan(self.cwd.clone()))).into_iter().collect()
    }

    /// What a search found.
    fn receive_found(&mut self, report: Report, now: &Now) {
        let page = self.page();
        let Some(mut search) = self.search.take() else { return };
        match report {
            Report::Searching(event) => search.take(event),
            Report::Searched(asked) => search.done(*asked, self.scope(), page, now.since),
            Report::Hits(path, hits) => search.opened(&path, hits),
            _ => {}
        }
        self.search = Some(search);
    }

    /// How a search, or reading a conversation, went.
    fn report_search(&mut self, report: &Report, now: &Now) {
        let Some(search) = &mut self.search else { return };
        match report {
            Report::Started(Verb::Search) => search.started(now.since),
            Report::Failed(Verb::Search, error) => {
                search.failed(format!("{} {}", error.message, error.advice));
            }
            Report::Failed(Verb::Hits, _) => search.close(),
            _ => {}
        }
    }
}

impl View for Sessions {
    fn context(&self) -> Context {
        match &self.search {
            _ if self.find.as_ref().is_some_and(|find| find.typing) => Context::Find,
            _ if self.find.is_some() => Context::Found,
            Some(_) if self.reading => Context::Hit,
            Some(search) if search.typing => Context::Search,
            Some(_) => Context::Results,
            None if self.reading => Context::Reading,
            None if self.filtering => Context::Filter,
            None => Context::Sessions,
        }
    }

    fn offers(&self, intent: Intent) -> bool {
        !needs_row(intent) || self.selected().is_some()
    }

    fn can_leave(&self) -> bool {
        self.find.is_some()
            || self.reading
            || self.search.is_some()
            || self.filtering
            || !self.query().is_empty()
    }

    fn is_row(&self, column: u16, row: u16) -> bool {
        column < self.list_area().right() && self.row_at(row).is_some()
    }

    fn handle(&mut self, intent: Intent, _now: &Now) -> Vec<Effect> {
        if self.moves(intent) {
            return Vec::new();
        }
        match intent {
            Intent::Accept if self.find.is_some() => return self.ask_find(),
            Intent::Accept | Intent::ShowDetail if self.search.is_some() => return self.open_hit(),
            Intent::Filter => self.filtering = true,
            Intent::Accept => self.filtering = false,
            Intent::Search => return self.open_search(),
            Intent::Find => return self.open_find(),
            Intent::FullWidth => return self.toggle_full(),
            Intent::OlderHit => return self.turn_hit(true),
            Intent::NewerHit => return self.turn_hit(false),
            Intent::OnlyProject => return self.toggle_project(),
            Intent::ShowHidden => return self.toggle_hidden(),
            Intent::ToolDetail => return self.turn_tools(),
            Intent::ShowDetail => self.reading = self.selected().is_some(),
            Intent::LeaveDetail => return if self.reading { self.back() } else { Vec::new() },
            Intent::Back => return self.back(),
            Intent::Refresh => return vec![Effect::Run(Action::Scan(self.cwd.clone()))],
            other => return self.act(other),
        }
        Vec::new()
    }

    fn typed(&mut self, key: KeyEvent, _now: &Now) -> Vec<Effect> {
        self.typed_text(|form| form.typed(key))
    }

    fn paste(&mut self, text: &str, _now: &Now) -> Vec<Effect> {
        self.typed_text(|form| form.paste(text))
    }

    fn report(&mut self, report: &Report, now: &Now) -> Vec<Effect> {
        match report {
            Report::Started(Verb::Scan) => {
                (self.scan, self.looked) = (Scan::Running, now.utc());
                self.progress = Progress::default();
                self.fresh = (!self.all.is_empty()).then(Vec::new);
            }
            Report::Scanned => return self.scanned(),
            Report::Failed(Verb::Scan, error) => {
                self.scan = Scan::Failed(format!("{error} {}", error.advice));
            }
            Report::Failed(Verb::Hits, _) if self.find.is_some() => self.find = None,
            Report::Failed(Verb::Preview, error) => self.talk.failed(error.to_string()),
            Report::Elsewhere(elsewhere) => self.elsewhere.clone_from(elsewhere),
            other => self.report_search(other, now),
        }
        Vec::new()
    }

    fn receive(&mut self, report: Report, now: &Now) -> Vec<Effect> {
        match report {
            Report::Sessions(batch, progress) => {
                self.progress = progress;
                self.take(batch, &HashSet::new());
            }
            Report::Changed(changed) => return self.change(changed),
            Report::Preview(path, place, page) if self.talk.is_of(&path) => {
                let room = self.talk_room();
                self.talk.lay_out(room);
                self.talk.take(&place, page);
            }
            Report::Hits(path, hits) if self.find.is_some() => {
                return self.find.as_mut().map(|find| find.found(&path, hits)).unwrap_or_default();
            }
            Report::Plans(plans) => return resume::resume(&plans),
            Report::EndedLive(plan, found) => {
                let then = found.map(|found| Box::new(Action::Settle(found)));
                return vec![Effect::StepAside(plan, then)];
            }
            other => self.receive_found(other, now),
        }
        Vec::new()
    }

    fn click(&mut self, _column: u16, row: u16, _now: &Now) -> Vec<Effect> {
        if self.covers_list() {
            return Vec::new();
        }
        let Some(at) = self.row_at(row) else { return Vec::new() };
        if let Some(search) = &mut self.search {
            search.cursor.at = at;
            search.moved();
        } else {
            (self.cursor.at, self.chosen) = (at, true);
        }
        Vec::new()
    }

    fn wheel(&mut self, column: u16, up: bool, now: &Now) -> Vec<Effect> {
        let intent = if up { Intent::Up } else { Intent::Down };
        if !self.covers_list() && split(self.room).1.is_none_or(|detail| column < detail.x) {
            return self.handle(intent, now);
        }
        for _ in 0..3 {
            self.talk.scroll(intent);
        }
        Vec::new()
    }

    fn set_room(&mut self, room: Rect) {
        self.room = room;
        let page = self.page();
        self.cursor.hold(self.shown.len(), page);
        if let Some(search) = &mut self.search {
            search.cursor.hold(search.shown.len(), page);
        }
    }

    fn settle(&mut self) -> Vec<Effect> {
        if self.search.as_ref().is_some_and(Search::grew) {
            self.refresh_found();
        }
        let Some(session) = self.selected().cloned() else { return Vec::new() };
        let search = self.search.as_ref();
        let spot = search.and_then(|search| Some((search.spot()?, search.query().to_owned())));
        let spot = self.find.as_ref().map_or(spot, Find::spot);
        let query = spot.as_ref().map(|(_, query)| query.clone()).unwrap_or_default();
        let room = self.talk_room();
        self.talk.lay_out(room);
        let place = self.talk.wants(&session, spot, self.reading);
        if self.reading {
            self.talk.look_ahead();
        }
        place.map(|place| Effect::Run(Action::Preview(Box::new(session), place, query))).into_iter().collect()
    }

    fn changes(&self, now: &Now) -> Option<Duration> {
        let top = self.search.as_ref().map_or(self.cursor.top, |search| search.cursor.top);
        let visible = (top..top + self.page().max(1)).map_while(|place| self.at(place));
        let soonest = visible.map(|session| text::ago_changes_in(session.updated_at, now.utc())).min();
        // Until all that was read is laid out, some of it is whenever nothing else is to do.
        let ahead = (self.reading && !self.talk.is_laid_out()).then_some(Duration::ZERO);
        ahead.or_else(|| soonest.map(|seconds| whole_seconds(seconds, now)))
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        self.draw_all(frame, area, look);
    }
}

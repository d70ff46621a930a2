//! One found handoff and the ways to go on with it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::text;
use crate::tui::message::{
    Action, END_THERE, Effect, Found, Intent, Next as Way, Note, Open, Plan, PlanKind, Question, Signer,
    Taken, Tone, Wanted, choose, confirm,
};
use crate::tui::parts::list::{Cursor, mark};
use crate::tui::parts::{Look, fact, lines, long_fact, wrap};

/// Lines of a command that are shown.
const MOST_COMMAND: usize = 4;

/// A found handoff, offered to the user.
#[derive(Debug)]
pub(super) struct Offer {
    found: Found,
    cursor: Cursor,
    /// The user moved to a way; until then the best is selected.
    chosen: bool,
    /// It is being taken.
    taking: bool,
    /// It is ours: nobody else gets it.
    taken: bool,
    /// It reached its reader.
    settled: bool,
    /// Nobody looks any more whether something newer is there.
    unchecked: bool,
    /// The command is shown whole, not as people type it.
    whole: bool,
}

/// What an intent leads to.
pub(super) enum Next {
    Nothing,
    Do(Vec<Effect>),
}

impl Offer {
    pub(super) fn new(found: Found) -> Self {
        let at = best(&found);
        Self {
            found,
            cursor: Cursor { at, top: 0 },
            chosen: false,
            taking: false,
            taken: false,
            settled: false,
            unchecked: false,
            whole: false,
        }
    }

    /// Whose it is: the key, and what this device knows of it.
    pub(super) fn signer(&self) -> (&str, &Signer) {
        (&self.found.pickup.creator, &self.found.signer)
    }

    pub(super) fn token(&self) -> &str {
        &self.found.pickup.token
    }

    pub(super) fn found(&self) -> &Found {
        &self.found
    }

    /// The same after a complete lookup, which may know more ways: a chosen one
    /// stays chosen.
    pub(super) fn confirmed(mut self, found: Found) -> Self {
        let kind = self.plan().filter(|_| self.chosen).map(|plan| plan.kind);
        self.found = found;
        let kept = self.found.pickup.plans.iter().position(|plan| Some(plan.kind) == kind);
        self.cursor.at = kept.unwrap_or_else(|| best(&self.found));
        self
    }

    /// Whether it is being taken, or is taken.
    pub(super) fn is_taken(&self) -> bool {
        self.taken || self.taking
    }

    /// The lookup behind the first answer ended without another.
    pub(super) fn stays_unchecked(&mut self) {
        self.unchecked = true;
    }

    /// Taking it failed; it is offered again.
    pub(super) fn give_up(&mut self) {
        self.taking = false;
    }

    fn plan(&self) -> Option<&Plan> {
        self.found.pickup.plans.get(self.cursor.at)
    }

    pub(super) fn handle(&mut self, intent: Intent) -> Next {
        if self.cursor.handle(intent, self.found.pickup.plans.len(), 8) {
            self.chosen = true;
            return Next::Nothing;
        }
        match intent {
            Intent::RunPlan => Next::Do(self.run()),
            Intent::CopyCommand => match self.plan() {
                Some(plan) => Next::Do(vec![Effect::Copy(plan.shell.clone().into(), "The command")]),
                None => Next::Nothing,
            },
            Intent::WholeCommand => {
                self.whole = !self.whole;
                Next::Nothing
            }
            _ => Next::Nothing,
        }
    }

    fn run(&mut self) -> Vec<Effect> {
        let Some(plan) = self.plan().cloned() else { return Vec::new() };
        if self.taking {
            return Vec::new();
        }
        if self.is_early() {
            let words = "Still looking for ways to continue. Press Enter again in a moment.";
            return vec![Effect::Say(Note::new(Tone::Plain, words))];
        }
        if plan.lacks_folder && !plan.ready {
            return vec![Effect::Open(Open::Folder(Box::new(self.found.clone())))];
        }
        if !plan.ready && plan.kind != PlanKind::Command && plan.ends.is_none() {
            let why = plan.why_not.unwrap_or_default();
            return vec![Effect::Say(Note::new(Tone::Bad, "Not available here.").line(why))];
        }
        // what is selected from the start is run by the rule of all
        match if self.chosen { confirm(&plan) } else { self.next() } {
            Way::Ask { why, question, yes, plan, instead } => {
                vec![Effect::Open(Open::Confirm(Box::new(Question {
                    title: question.to_owned(),
                    lines: vec![why],
                    yes,
                    then: Box::new(self.run_asked(plan)),
                    instead: instead.map(|plan| (END_THERE, Box::new(self.run_asked(plan)))),
                    otherwise: None,
                })))]
            }
            Way::Run(plan) => self.pick_up(plan),
            Way::Nowhere(_) => self.pick_up(Box::new(plan)),
        }
    }

    /// Only the first answer is there, and no way but the command is known yet.
    fn is_early(&self) -> bool {
        let known = self.found.confirmed || self.unchecked || self.chosen;
        !known && self.found.pickup.plans.iter().all(|plan| plan.kind == PlanKind::Command)
    }

    fn next(&self) -> Way {
        choose(&self.found.pickup.plans, Wanted::Best, Some(&self.found.pickup.hostname))
    }

    fn pick_up(&mut self, plan: Box<Plan>) -> Vec<Effect> {
        // what brings it picks up by itself, when the file is here and whole
        if self.taken || matches!(plan.kind, PlanKind::Bring | PlanKind::Carried) {
            return self.go_on(&plan);
        }
        self.taking = true;
        vec![self.take_by(plan)]
    }

    fn take_by(&self, plan: Box<Plan>) -> Effect {
        Effect::Run(Action::PickUp(Box::new(self.found.clone()), plan))
    }

    /// What an answer to the question does: a copy, or the end of what is in the
    /// way.
    fn run_asked(&self, plan: Box<Plan>) -> Effect {
        let found = Box::new(self.found.clone());
        match plan.ends {
            _ if !self.taken => self.take_by(plan),
            Some(_) => Effect::Run(Action::EndLive(plan, Some(found))),
            None => Effect::StepAside(plan, Some(Box::new(Action::Settle(found)))),
        }
    }

    /// Taking it has begun, by a key or by an answer to the question.
    pub(super) fn begun(&mut self) {
        self.taking = true;
    }

    /// It reached its reader.
    pub(super) fn settled(&mut self, token: &str) {
        self.settled |= token == self.found.pickup.token;
    }

    /// What going on in this way means for the screen. A command is settled by
    /// being shown, another way when it was gone.
    fn go_on(&self, plan: &Plan) -> Vec<Effect> {
        let found = Box::new(self.found.clone());
        if (!plan.ready && plan.ends.is_none()) || plan.kind == PlanKind::Command {
            let settle = self.taken.then(|| Effect::Run(Action::Settle(found)));
            let copy = Effect::Copy(plan.shell.clone().into(), "The command");
            return std::iter::once(copy).chain(settle).collect();
        }
        let then = self.taken.then(|| Box::new(Action::Settle(found)));
        vec![Effect::StepAside(Box::new(plan.clone()), then)]
    }

    /// It is ours: go on in the chosen way.
    pub(super) fn taken(&mut self, taken: Taken, plan: &Plan) -> Vec<Effect> {
        if taken.token != self.found.pickup.token {
            return Vec::new();
        }
        (self.taking, self.taken) = (false, true);
        self.found.pickup = taken;
        let at = self.found.pickup.plans.iter().position(|other| other == plan);
        self.cursor.at = at.unwrap_or_else(|| best(&self.found));
        self.chosen = true;
        self.plan().map(|plan| self.go_on(plan)).unwrap_or_default()
    }

    /// The plan whose words stand in this row of the area it is drawn in is chosen.
    pub(super) fn choose_at(&mut self, row: u16, width: u16) {
        if let Some(place) = self.plan_at(row, width) {
            (self.cursor.at, self.chosen) = (place, true);
        }
    }

    /// The plan whose words stand in this row.
    pub(super) fn plan_at(&self, row: u16, width: u16) -> Option<usize> {
        let columns = usize::from(width).max(8);
        let plan_columns = columns.saturating_sub(4).max(8);
        let seal = if self.settled { "✓ picked up · " } else { "✓ " };
        let mut at = 2 + wrap(&format!("{seal}{}", self.found.signed_by), columns).len();
        at += usize::from(!self.found.confirmed && !self.taken);
        at += usize::from(self.found.pickup.burn_after_read && !self.taken);
        for (place, plan) in self.found.pickup.plans.iter().enumerate() {
            let why = plan.why_not.as_deref().filter(|_| !plan.ready);
            let mut height = 1 + why.map_or(0, |why| wrap(why, plan_columns).len());
            if place == self.cursor.at {
                height += self.command_lines(plan, plan_columns).len();
                height += plan.notes.iter().map(|note| wrap(note, plan_columns).len()).sum::<usize>();
            }
            if (at..at + height).contains(&usize::from(row)) {
                return Some(place);
            }
            at += height;
        }
        None
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let pickup = &self.found.pickup;
        let columns = usize::from(area.width).max(8);
        let mut out: Vec<Line<'_>> = Vec::new();
        let title = pickup.title.as_deref().filter(|title| !title.is_empty()).unwrap_or("(untitled)");
        out.push(Line::styled(text::fit(title, columns), look.theme.strong));
        let seal = if self.settled { "✓ picked up · " } else { "✓ " };
        let signed = format!("{seal}{}", self.found.signed_by);
        out.extend(wrap(&signed, columns).into_iter().map(|line| Line::styled(line, look.theme.good)));
        if !self.found.confirmed && !self.taken {
            let words = if self.unchecked {
                "found, but not checked for anything newer".to_owned()
            } else {
                format!("{} found; checking for anything newer", look.spinner())
            };
            out.push(Line::styled(words, look.theme.quiet));
        }
        if pickup.burn_after_read && !self.taken {
            out.push(Line::styled("One-time: nobody else can pick it up after you.", look.theme.warn));
        }
        out.push(Line::default());
        out.extend(self.plan_lines(area.width, look));
        out.push(Line::default());
        out.extend(long_fact("project", &look.path(&pickup.project), area.width, look));
        out.extend(long_fact("machine", &pickup.hostname, area.width, look));
        if let Some(note) = &pickup.note {
            out.extend(long_fact("note", note, area.width, look));
        }
        if let Some(branch) = pickup.git.as_ref().and_then(|git| git.branch.as_deref()) {
            out.extend(long_fact("branch", branch, area.width, look));
        }
        out.push(fact("size", text::bytes(pickup.transcript.bytes), look));
        lines(frame, area, &out);
    }

    /// The command as people type it, or all of it: of a long one so much that the
    /// other ways stay in view. It is copied whole.
    fn command_lines(&self, plan: &Plan, columns: usize) -> Vec<String> {
        let (shown, most) = if self.whole { (&plan.shell, usize::MAX) } else { (plan.typed(), MOST_COMMAND) };
        let mut all = wrap(shown, columns);
        if all.len() > most {
            all.truncate(most - 1);
            all.push(text::fit("… v shows all of it", columns));
        }
        all
    }

    fn plan_lines<'a>(&self, width: u16, look: &Look<'_>) -> Vec<Line<'a>> {
        let columns = usize::from(width).saturating_sub(4).max(8);
        let mut out = Vec::new();
        for (at, plan) in self.found.pickup.plans.iter().enumerate() {
            let selected = at == self.cursor.at;
            let words = match plan.kind {
                PlanKind::Here if plan.is_copy() => "Continue here in a copy of it",
                PlanKind::Here => "Continue here, on this machine",
                PlanKind::Attach if plan.is_in_background() => "Attach to it in the background",
                PlanKind::Attach => "Go to its window in tmux",
                PlanKind::Ssh => "Continue over SSH, on its machine",
                PlanKind::Bring => "Bring it to this machine, then continue here",
                PlanKind::Carried => "Fetch its conversation, then continue here",
                PlanKind::Command => "The command to run on its machine",
            };
            let style = if selected { look.theme.chosen } else { look.theme.text };
            out.push(Line::from(vec![
                Span::styled(mark(selected), look.theme.accent),
                Span::styled(text::fit(&format!(" {words} "), columns), style),
            ]));
            for note in plan.notes.iter().filter(|_| selected) {
                let words = wrap(note, columns).into_iter();
                out.extend(words.map(|line| Line::styled(format!("    {line}"), look.theme.quiet)));
            }
            if let Some(why) = plan.why_not.as_deref().filter(|_| !plan.ready) {
                out.extend(
                    wrap(why, columns)
                        .into_iter()
                        .map(|line| Line::styled(format!("    {line}"), look.theme.warn)),
                );
            }
            if selected {
                let command = self.command_lines(plan, columns);
                out.extend(
                    command.into_iter().map(|line| Line::styled(format!("    {line}"), look.theme.accent)),
                );
            }
        }
        if self.taking {
            out.push(Line::styled(format!("  {} picking it up …", look.spinner()), look.theme.quiet));
        }
        out
    }
}

/// The way that the rule of all runs, or asks about; else the first that is open.
fn best(found: &Found) -> usize {
    let plans = &found.pickup.plans;
    let wanted = match choose(plans, Wanted::Best, Some(&found.pickup.hostname)) {
        Way::Run(plan) | Way::Ask { plan, .. } => Some(plan),
        Way::Nowhere(_) => None,
    };
    let at = wanted.and_then(|wanted| plans.iter().position(|plan| *plan == *wanted));
    // else the one that a folder opens, which Enter asks for
    let at = at.or_else(|| plans.iter().position(|plan| plan.lacks_folder && !plan.ready));
    at.or_else(|| plans.iter().position(|plan| plan.ready)).unwrap_or(0)
}

//! The screen: a loop that waits, folds what came into its state, and draws
//! once when something changed.
//!
//! ```text
//! key → keymap → Intent → pane.handle() → Effects → app ─ Start(job id, Action) → loop → worker → service
//!                  ▲                                                                        │
//!                  └── draw ◄── pane state ◄── Report ◄── app ◄── Event(job id, Step|Done) ◄┘
//! ```
//!
//! It sleeps while nothing happens; only a visible countdown, a spinner or a
//! note that will go wakes it by time.

mod app;
mod jobs;
pub mod keymap;
pub mod message;
mod panes;
mod parts;
mod terminal;
mod worker;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crossterm::event::{Event as Pressed, KeyCode, KeyEventKind, KeyModifiers};

use crate::text;
pub use crate::text::Ability;
use app::{App, Setup};
use message::{
    Action, Effect, Ended, Event, Note, Now, Plan, PlanKind, Signal, Signals, Tone, can_suspend, once_held,
    stop,
};
use parts::theme::Theme;
pub use parts::theme::{NoTheme, ThemeName};
use terminal::{Clipboard, Input, Read, Screen};
pub use worker::Service;
use worker::Worker;

/// Events taken in one turn of the loop before it draws.
const MOST: usize = 256;
/// Keys are taken so long in one turn, before it looks for signals and draws.
const TURN: Duration = Duration::from_millis(10);
/// So long after a command that had the terminal, what comes was meant for it.
const REST: Duration = Duration::from_millis(50);
/// The signal that says that the terminal is gone.
const HANG_UP: i32 = 1;
/// How long quitting waits for writes that must not be cut in half.
const PATIENCE: Duration = Duration::from_secs(10);

/// How the screen is opened.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The directory the user is in: its session is selected first.
    pub cwd: PathBuf,
    /// The user's home folder, shown as `~`.
    pub home: Option<PathBuf>,
    /// Which theme, while colours are wanted at all.
    pub theme: ThemeName,
    /// Where the cclink page is served: `web` of the config.
    pub web: Option<String>,
    /// A banner for a demonstration: "demo: nothing here is yours".
    pub demo: Option<String>,
    /// No colours (`NO_COLOR`, `TERM=dumb`, `--color never`); the QR keeps its own.
    pub no_color: bool,
    /// Set for a command that the screen steps aside for: what the demo starts must
    /// not look at anything of the user's.
    pub child_env: Vec<(&'static str, OsString)>,
    /// What the terminal can do.
    pub ability: Ability,
    /// F12 panics, to test that the terminal survives it.
    pub panic_switch: bool,
}

/// Why the screen was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The user quit.
    Quit,
    /// A signal of this number ended it.
    Signal(i32),
}

/// Restores the terminal before any panic is reported. Call it once, after
/// color-eyre's hooks are installed and before [`run`].
pub fn install_panic_hook() {
    terminal::install_panic_hook();
}

/// Opens the screen and stays until the user quits. To be run on a
/// multi-threaded tokio runtime; stdin and stdout must be a terminal.
pub async fn run(service: Service, options: Options) -> io::Result<Exit> {
    let opened = Instant::now();
    let mut signals = Signals::listen()?;
    let plain = options.no_color || options.ability != Ability::Full;
    let app = App::new(Setup {
        cwd: options.cwd,
        home: options.home,
        theme: Theme::named(if plain { ThemeName::Plain } else { options.theme }),
        web: options.web,
        teams: service.config().teams.iter().map(|(name, all)| (name.clone(), all.len())).collect(),
        demo: options.demo,
        rings: service.config().notices,
        look_every: service.config().look_every,
        may_panic: options.panic_switch,
    });
    let worker = Worker::start(service.clone());
    let screen = Screen::enter(options.ability)?;
    let mut stage = MainLoop {
        app,
        screen,
        worker,
        clipboard: Clipboard::of_this_terminal(),
        opened,
        child_env: options.child_env,
        service,
        input: Some(Input::open(opened)?),
        unseen: false,
    };
    let End(why) = stage.play(&mut signals).await;
    stage.finish().await;
    stage.input = None;
    stage.screen.pause().await;
    why
}

/// Why the loop is over.
struct End(io::Result<Exit>);

impl End {
    fn broken(why: impl Into<String>) -> Self {
        Self(Err(io::Error::other(why.into())))
    }
}

impl From<Exit> for End {
    fn from(exit: Exit) -> Self {
        Self(Ok(exit))
    }
}

/// A terminal that cannot be written to is gone, and its window was closed:
/// what follows is as if that had been told by its signal.
impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Exit::Signal(HANG_UP).into()
    }
}

/// What wakes the loop.
#[allow(clippy::large_enum_variant)] // one at a time, for one turn
enum Woke {
    Signal(Signal),
    /// The picture is on the terminal, or never will be.
    Written(io::Result<()>),
    Input(Option<Read>),
    Event(Event),
    Time,
}

/// The loop and what it holds.
struct MainLoop {
    app: App,
    screen: Screen,
    worker: Worker,
    clipboard: Clipboard,
    opened: Instant,
    child_env: Vec<(&'static str, OsString)>,
    service: Service,
    /// Absent while a command has the terminal: alive, it would eat its input.
    input: Option<Input>,
    /// A picture is on its way to the terminal.
    unseen: bool,
}

impl MainLoop {
    fn now(&self) -> Now {
        Now::read(self.opened)
    }

    async fn play(&mut self, signals: &mut Signals) -> End {
        let now = self.now();
        self.app.open(&now);
        loop {
            if let Err(end) = self.turn(signals).await {
                return end;
            }
        }
    }

    async fn turn(&mut self, signals: &mut Signals) -> Result<(), End> {
        self.perform_all(signals).await?;
        self.draw()?;
        match self.wait(signals).await {
            Woke::Signal(Signal::End(number)) => return Err(Exit::Signal(number).into()),
            Woke::Signal(Signal::Stop) => self.suspend().await?,
            Woke::Signal(Signal::Continue) => self.wake_up()?,
            Woke::Signal(Signal::Resize) => self.app.touch(),
            Woke::Written(written) => {
                written?;
                self.unseen = false;
                let now = self.now();
                self.app.shown(&now);
            }
            Woke::Input(Some(read)) => self.take_inputs(read),
            Woke::Input(None) => {
                self.input = None;
                return Err(Exit::Signal(HANG_UP).into());
            }
            Woke::Event(event) => self.take_events(event)?,
            Woke::Time => {
                let now = self.now();
                self.app.tick(&now);
            }
        }
        Ok(())
    }

    /// Signals come first, then keys, so that a flood of events never starves
    /// them.
    async fn wait(&mut self, signals: &mut Signals) -> Woke {
        let wake = self.app.next_wake(&self.now());
        let (input, screen) = (&mut self.input, &self.screen);
        let input = async {
            match input {
                Some(input) => input.next().await,
                None => std::future::pending().await,
            }
        };
        let sleep = async {
            match wake {
                Some(time) => tokio::time::sleep(time).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            signal = signals.next() => Woke::Signal(signal),
            // what waits to be drawn may wait for other bytes than a picture's
            written = screen.written(), if self.unseen || self.app.is_dirty() => Woke::Written(written),
            input = input => Woke::Input(input),
            Some(event) = self.worker.events.recv() => Woke::Event(event),
            () = sleep => Woke::Time,
        }
    }

    /// Takes what was read, and what was read since, but never for long: signals
    /// do not wait for keys.
    fn take_inputs(&mut self, first: Read) {
        let (start, mut next) = (Instant::now(), Some(first));
        while let Some(read) = next {
            let now = Now::of(self.opened, read.at);
            self.app.inputs(read.inputs, &now);
            let input = self.input.as_mut().filter(|_| start.elapsed() < TURN && !self.app.leaves());
            next = input.and_then(Input::ready);
        }
        let now = self.now();
        self.app.settle(&now);
    }

    /// Takes this event and all that is ready behind it.
    fn take_events(&mut self, first: Event) -> Result<(), End> {
        let mut next = Some(first);
        for _ in 0..MOST {
            let Some(event) = next.take() else { break };
            if let Event::Broken(why) = event {
                return Err(End::broken(format!("a job of the screen broke: {why}")));
            }
            let now = self.now();
            self.app.event(event, &now);
            next = self.worker.events.try_recv().ok();
        }
        let now = self.now();
        self.app.settle(&now);
        Ok(())
    }

    /// Draws what changed, once the terminal has taken the picture before.
    fn draw(&mut self) -> io::Result<()> {
        if self.screen.is_busy() || !self.app.take_dirty() {
            return Ok(());
        }
        // Not every change of size is told: one before anybody listened, or
        // while the terminal was somebody else's, is not.
        let size = self.screen.size()?;
        self.app.fit(size.width, size.height);
        let now = self.now();
        let app = &self.app;
        self.screen.draw(|frame| app.draw(frame, &now))?;
        self.app.drawn();
        self.unseen = true;
        Ok(())
    }

    async fn perform_all(&mut self, signals: &mut Signals) -> Result<(), End> {
        // performing one may bring others, which are due in this turn too
        loop {
            let effects = self.app.take_effects();
            if effects.is_empty() {
                return Ok(());
            }
            for effect in effects {
                self.perform(effect, signals).await?;
            }
        }
    }

    async fn perform(&mut self, effect: Effect, signals: &mut Signals) -> Result<(), End> {
        match effect {
            Effect::Start(id, action, every) => self.worker.run(id, action, every),
            Effect::Cancel(id) => self.worker.cancel(id),
            Effect::Copy(text, _) => {
                if let Some(sequence) = self.clipboard.sequence(&text) {
                    self.screen.send_if_able(&sequence)?;
                }
                let clipboard = self.clipboard.clone();
                tokio::spawn(async move { clipboard.give_to_tools(text).await });
            }
            Effect::Ring(words) => self.screen.ring(&words)?,
            Effect::StepAside(plan, then) => self.step_aside(&plan, then, signals).await?,
            Effect::Suspend => self.suspend().await?,
            Effect::Redraw => {
                self.screen.redraw_all()?;
                self.app.touch();
            }
            Effect::Mouse(on) => self.screen.set_mouse(on)?,
            Effect::Quit => return Err(Exit::Quit.into()),
            Effect::Panic => panic!("a panic on purpose (F12), to test that the terminal is restored"),
            // the others are the screen's own, which it hands on to nobody
            _ => {}
        }
        Ok(())
    }

    /// Gives the terminal to a plan's command and comes back whole.
    ///
    /// What was typed or answered before one of the two got the terminal is
    /// nothing that the other was asked. `then` follows when it went well, or
    /// while it runs, as soon as that is sure.
    async fn step_aside(
        &mut self,
        plan: &Plan,
        mut then: Option<Box<Action>>,
        signals: &mut Signals,
    ) -> Result<(), End> {
        self.input = None;
        self.screen.pause().await;
        terminal::forget_typed();
        let way = terminal::run(plan, &self.child_env, signals);
        let ended = once_held(way, self.service.way_holds(plan.kind), || {
            let now = Now::read(self.opened);
            let due = then.take().map(|action| self.app.begin(*action, &now)).unwrap_or_default();
            for effect in due {
                if let Effect::Start(id, action, every) = effect {
                    self.worker.run(id, action, every);
                }
            }
        })
        .await;
        let then = then.filter(|_| matches!(&ended, Ok((Ended::Exited(status), _)) if status.success()));
        self.screen.tidy(matches!(&ended, Ok((Ended::Exited(status), _)) if status.code().is_none()));
        terminal::forget_typed();
        let note = match ended {
            Ok((Ended::Exited(status), said)) => ended_note(plan, status, &said),
            Ok((Ended::Signalled(number), _)) => return Err(Exit::Signal(number).into()),
            Err(error) => not_started(plan, &error),
        };
        self.screen.resume()?;
        let from = Instant::now() + REST;
        self.input = Some(Input::open(from)?);
        tokio::time::sleep_until(from.into()).await;
        let now = self.now();
        self.app.returned(note, then, &now);
        Ok(())
    }

    async fn suspend(&mut self) -> io::Result<()> {
        if !can_suspend() {
            let now = self.now();
            self.app.say(Note::new(Tone::Plain, "Can't suspend: no parent shell."), &now);
            return Ok(());
        }
        self.screen.pause().await;
        stop()?;
        self.wake_up()
    }

    /// Back after a stop: the modes and the size may have changed.
    fn wake_up(&mut self) -> io::Result<()> {
        self.app.touch();
        self.screen.resume()
    }

    /// Cancels what may be cut, and waits for what may not, saying so as long as
    /// there is somebody to read it. Only a key cuts that short: a window that is
    /// closed is no wish to lose anything.
    async fn finish(&mut self) {
        let service = self.service.clone();
        self.worker.cancel_all();
        self.app.leave();
        let last = async {
            let mut running = self.worker.running();
            let _ = tokio::join!(service.finish(), running.wait_for(|count| *count == 0));
        };
        let last = tokio::time::timeout(PATIENCE, last);
        tokio::pin!(last);
        // most often there is nothing to wait for, and nothing to say
        if tokio::time::timeout(Duration::from_millis(100), &mut last).await.is_ok() {
            return;
        }
        loop {
            let now = Now::read(self.opened);
            let (app, screen, input) = (&self.app, &mut self.screen, &mut self.input);
            if input.is_some() && !screen.is_busy() && screen.draw(|frame| app.draw(frame, &now)).is_err() {
                *input = None;
            }
            let read = async {
                match input {
                    Some(input) => input.next().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = &mut last => return,
                read = read => match read {
                    Some(read) if read.inputs.iter().any(leaves_at_once) => return,
                    Some(_) => {}
                    None => self.input = None,
                },
                () = tokio::time::sleep(parts::SPIN) => {}
            }
        }
    }
}

/// What the user calls a plan's command: its file's name.
fn name_of(plan: &Plan) -> String {
    let program = plan.command.first().map_or("the command", String::as_str);
    let file = std::path::Path::new(program).file_name().and_then(|name| name.to_str());
    text::fit(&text::clean(file.unwrap_or(program)), 40)
}

/// That a command is over, and how it ended.
fn ended_note(plan: &Plan, status: std::process::ExitStatus, said: &[String]) -> Note {
    if status.success() {
        return Note::new(
            Tone::Plain,
            match plan.kind {
                PlanKind::Attach if plan.is_in_background() => {
                    "Back from claude. The session continues in the background.".to_owned()
                }
                PlanKind::Attach => "Back from tmux. The session still runs in its window.".to_owned(),
                PlanKind::Ssh => format!("Back from {}.", plan.brief),
                PlanKind::Bring | PlanKind::Carried => {
                    "Back from the session. It is here now: press 1, then r to resume it.".to_owned()
                }
                PlanKind::Command if plan.is_clone() => {
                    let into = plan.command.last().map_or("", String::as_str);
                    format!("Cloned into {}.", text::clean(into))
                }
                PlanKind::Here | PlanKind::Command => {
                    format!("Back from {}. Press r in Sessions to resume it.", name_of(plan))
                }
            },
        );
    }
    let note = Note::new(Tone::Bad, format!("{} {}.", name_of(plan), terminal::ending(status)));
    let note = said.iter().fold(note, |note, line| note.line(line.clone()));
    // cclink says why it failed; the claude that took its place does not.
    let is_here = said.is_empty() && matches!(plan.kind, PlanKind::Bring | PlanKind::Carried);
    let note = if is_here { note.line("If it is in Sessions (1) now, r resumes it there.") } else { note };
    note.line(format!("To try it by hand: {}", plan.brief))
}

/// Why a command did not start, and what to do about it.
fn not_started(plan: &Plan, error: &io::Error) -> Note {
    let program = name_of(plan);
    let missing = error.kind() == io::ErrorKind::NotFound;
    let folder = plan.directory.as_deref().filter(|folder| !folder.is_dir());
    match folder {
        Some(folder) => Note::new(Tone::Bad, "The project's folder is not on this machine.")
            .line(text::clean(&folder.display().to_string()))
            .line("The conversation is here; resume it where its project is."),
        None if missing => Note::new(Tone::Bad, format!("`{program}` was not found in PATH."))
            .line("Install Claude Code, or set CCLINK_CLAUDE to its command. The session is unchanged:")
            .line(plan.shell.clone()),
        None => {
            Note::new(Tone::Bad, format!("{program} could not be started: {error}")).line(plan.shell.clone())
        }
    }
}

/// Whether the user does not want to wait.
fn leaves_at_once(input: &Pressed) -> bool {
    let Pressed::Key(key) = input else { return false };
    let quits = key.code == KeyCode::Char('q')
        || (key.code == KeyCode::Char('c') && key.modifiers == KeyModifiers::CONTROL);
    quits && key.kind == KeyEventKind::Press
}

#[cfg(test)]
mod tests;

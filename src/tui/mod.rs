//! The screen: a loop that waits, folds what came into its state, and draws
//! once when something changed.
//!
//! ```text
//! key → keymap → Intent → pane.handle() → Effects → loop ─ Action(job id) → worker → service
//!                  ▲                                                      │
//!                  └── draw ◄── pane state ◄── Event(job id, Step|Done) ◄─┘
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
use std::task::Poll;
use std::time::{Duration, Instant};

use crossterm::event::{Event as Input, EventStream, KeyCode, KeyEventKind, KeyModifiers};
use futures::StreamExt;

use crate::text;
use app::{App, Deed, Setup};
use message::{Event, Note, Now, Plan, Tone};
use parts::theme::Theme;
pub use parts::theme::{NoTheme, ThemeName};
use terminal::{Clipboard, Ended, Screen, Signal, Signals};
pub use worker::Service;
use worker::Worker;

/// Inputs and events taken in one turn of the loop before it draws.
const MOST: usize = 256;
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
    /// Set for a command that the screen steps aside for: the demo's claude must
    /// not look at the sessions of the user.
    pub child_env: Vec<(&'static str, OsString)>,
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
    let theme = if options.no_color { ThemeName::Plain } else { options.theme };
    let app = App::new(Setup {
        cwd: options.cwd,
        home: options.home,
        theme: Theme::named(theme),
        web: options.web,
        demo: options.demo,
        rings: service.config().notices,
        look_every: service.config().look_every,
        may_panic: options.panic_switch,
    });
    let worker = Worker::start(service.clone());
    let screen = Screen::enter()?;
    let mut stage = Stage {
        app,
        screen,
        worker,
        clipboard: Clipboard::of_this_terminal(),
        opened,
        child_env: options.child_env,
        stream: Some(EventStream::new()),
    };
    let exit = stage.play(&mut signals).await?;
    stage.finish(&service).await?;
    Ok(exit)
}

/// What wakes the loop.
#[allow(clippy::large_enum_variant)] // one at a time, for one turn
enum Woke {
    Signal(Signal),
    Input(Option<io::Result<Input>>),
    Event(Option<Event>),
    Time,
}

/// The loop and what it holds.
struct Stage {
    app: App,
    screen: Screen,
    worker: Worker,
    clipboard: Clipboard,
    opened: Instant,
    child_env: Vec<(&'static str, OsString)>,
    /// Absent while a command has the terminal: alive, it would eat its input.
    stream: Option<EventStream>,
}

impl Stage {
    fn now(&self) -> Now {
        Now::read(self.opened)
    }

    async fn play(&mut self, signals: &mut Signals) -> io::Result<Exit> {
        let now = self.now();
        self.app.open(&now);
        loop {
            if let Some(exit) = self.do_deeds(signals).await? {
                return Ok(exit);
            }
            self.draw()?;
            match self.wait(signals).await {
                Woke::Signal(Signal::End(number)) => return Ok(Exit::Signal(number)),
                Woke::Signal(Signal::Stop) => self.suspend()?,
                Woke::Signal(Signal::Continue) => self.wake_up()?,
                Woke::Input(Some(Ok(input))) => self.take_inputs(input).await,
                // the terminal is gone
                Woke::Input(_) => return Ok(Exit::Quit),
                Woke::Event(Some(event)) => self.take_events(event)?,
                Woke::Event(None) => {
                    return Err(io::Error::other("the background of the screen ended by itself"));
                }
                Woke::Time => {
                    let now = self.now();
                    self.app.tick(&now);
                }
            }
        }
    }

    /// Signals come first, then keys, so that a flood of events never starves
    /// them.
    async fn wait(&mut self, signals: &mut Signals) -> Woke {
        let wake = self.app.next_wake(&self.now());
        let stream = &mut self.stream;
        let input = async {
            match stream {
                Some(stream) => stream.next().await,
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
            input = input => Woke::Input(input),
            event = self.worker.events.recv() => Woke::Event(event),
            () = sleep => Woke::Time,
        }
    }

    /// Takes this input and all that is ready behind it.
    ///
    /// The stream remembers the waker of one poll only. Polled with another
    /// (`now_or_never` brings one that wakes nobody), the next key would be lost.
    async fn take_inputs(&mut self, first: Input) {
        let mut next = Some(first);
        for _ in 0..MOST {
            let Some(input) = next.take() else { break };
            let now = self.now();
            self.app.input(input, &now);
            let Some(stream) = self.stream.as_mut() else { break };
            if let Poll::Ready(Some(Ok(input))) = futures::poll!(stream.next()) {
                next = Some(input);
            }
        }
        let now = self.now();
        self.app.settle(&now);
    }

    /// Takes this event and all that is ready behind it.
    fn take_events(&mut self, first: Event) -> io::Result<()> {
        let mut next = Some(first);
        for _ in 0..MOST {
            let Some(event) = next.take() else { break };
            if let Event::Broken(why) = event {
                return Err(io::Error::other(format!("a job of the screen broke: {why}")));
            }
            let now = self.now();
            self.app.event(event, &now);
            next = self.worker.events.try_recv().ok();
        }
        let now = self.now();
        self.app.settle(&now);
        Ok(())
    }

    fn draw(&mut self) -> io::Result<()> {
        if !self.app.take_dirty() {
            return Ok(());
        }
        // Not every change of size is told: one before anybody listened, or
        // while the terminal was somebody else's, is not.
        let size = self.screen.size()?;
        self.app.fit(size.width, size.height);
        let now = self.now();
        let app = &self.app;
        self.screen.draw(|frame| app.draw(frame, &now))
    }

    async fn do_deeds(&mut self, signals: &mut Signals) -> io::Result<Option<Exit>> {
        // doing one may bring others, which are due in this turn too
        loop {
            let deeds = self.app.take_deeds();
            if deeds.is_empty() {
                return Ok(None);
            }
            for deed in deeds {
                if let Some(exit) = self.do_deed(deed, signals).await? {
                    return Ok(Some(exit));
                }
            }
        }
    }

    async fn do_deed(&mut self, deed: Deed, signals: &mut Signals) -> io::Result<Option<Exit>> {
        match deed {
            Deed::Start(id, action) => self.worker.run(id, action),
            Deed::Cancel(id) => self.worker.cancel(id),
            Deed::Copy(text) => {
                let sequence = self.clipboard.sequence(&text);
                self.screen.send(&sequence)?;
                let clipboard = self.clipboard.clone();
                tokio::spawn(async move { clipboard.give_to_tools(text).await });
            }
            Deed::Ring(words) => self.screen.ring(&words)?,
            Deed::StepAside(plan) => return self.step_aside(&plan, signals).await,
            Deed::Suspend => self.suspend()?,
            Deed::Redraw => {
                self.screen.redraw_all()?;
                self.app.touch();
            }
            Deed::Mouse(on) => self.screen.set_mouse(on)?,
            Deed::Quit => return Ok(Some(Exit::Quit)),
            Deed::Panic => panic!("a panic on purpose (F12), to test that the terminal is restored"),
        }
        Ok(None)
    }

    /// Gives the terminal to a plan's command and comes back whole.
    async fn step_aside(&mut self, plan: &Plan, signals: &mut Signals) -> io::Result<Option<Exit>> {
        self.stream = None;
        self.screen.pause()?;
        let ended = terminal::run(plan, &self.child_env, signals).await;
        self.screen.tidy(matches!(&ended, Ok(Ended::Exited(status)) if status.code().is_none()))?;
        let note = match ended {
            Ok(Ended::Exited(status)) => ended_note(plan, status),
            Ok(Ended::Signalled(number)) => return Ok(Some(Exit::Signal(number))),
            Err(error) => not_started(plan, &error),
        };
        self.screen.resume()?;
        self.stream = Some(EventStream::new());
        let now = self.now();
        self.app.returned(note, &now);
        Ok(None)
    }

    fn suspend(&mut self) -> io::Result<()> {
        if !terminal::can_suspend() {
            let now = self.now();
            self.app.say(Note::new(Tone::Plain, "There is no shell to go back to here."), &now);
            return Ok(());
        }
        self.screen.pause()?;
        terminal::stop()?;
        self.wake_up()
    }

    /// Back after a stop: the modes and the size may have changed.
    fn wake_up(&mut self) -> io::Result<()> {
        self.app.touch();
        self.screen.resume()
    }

    /// Cancels what may be cut, and waits for what may not, saying so.
    async fn finish(&mut self, service: &Service) -> io::Result<()> {
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
            return Ok(());
        }
        loop {
            let now = Now::read(self.opened);
            let app = &self.app;
            self.screen.draw(|frame| app.draw(frame, &now))?;
            let Some(stream) = self.stream.as_mut() else { return Ok(()) };
            tokio::select! {
                _ = &mut last => return Ok(()),
                input = stream.next() => if leaves_at_once(input.as_ref()) { return Ok(()) },
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
fn ended_note(plan: &Plan, status: std::process::ExitStatus) -> Note {
    let words = format!("{} {}.", name_of(plan), terminal::ending(status));
    if status.success() {
        return Note::new(Tone::Plain, words);
    }
    Note::new(Tone::Bad, words).line("To run it by hand:").line(plan.shell.clone())
}

/// Why a command did not start, and what to do about it.
fn not_started(plan: &Plan, error: &io::Error) -> Note {
    let program = name_of(plan);
    let missing = error.kind() == io::ErrorKind::NotFound;
    let folder = plan.directory.as_deref().filter(|folder| !folder.is_dir());
    match folder {
        Some(folder) => Note::new(Tone::Bad, "The project's folder is not on this machine.")
            .line(text::clean(&folder.display().to_string()))
            .line("The conversation is; it can be resumed where its project lies."),
        None if missing => Note::new(Tone::Bad, format!("There is no `{program}` on the PATH."))
            .line("Install Claude Code, or name its command in CCLINK_CLAUDE. The session is as it was:")
            .line(plan.shell.clone()),
        None => {
            Note::new(Tone::Bad, format!("{program} could not be started: {error}")).line(plan.shell.clone())
        }
    }
}

/// Whether the user does not want to wait, or is not there any more.
fn leaves_at_once(input: Option<&io::Result<Input>>) -> bool {
    let Some(Ok(Input::Key(key))) = input else { return !matches!(input, Some(Ok(_))) };
    let quits = key.code == KeyCode::Char('q')
        || (key.code == KeyCode::Char('c') && key.modifiers == KeyModifiers::CONTROL);
    quits && key.kind == KeyEventKind::Press
}

#[cfg(test)]
mod tests;

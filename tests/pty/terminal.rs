//! A terminal to run the program in: keys in, a screen out.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::Device;
use filedescriptor::{POLLIN, poll, pollfd};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tempfile::TempDir;
use vt100::{Color, MouseProtocolMode, Parser};

/// A private DHT is started and scrypt runs, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// Between two keys of somebody fast.
const A_MOMENT: Duration = Duration::from_millis(60);

/// The program under test.
pub fn program() -> PathBuf {
    std::env::var_os("CCLINK_TEST_PROGRAM").map_or_else(|| env!("CARGO_BIN_EXE_cclink").into(), PathBuf::from)
}

/// Waits for what must come about by itself, with a deadline; the only place
/// where these tests sleep.
#[track_caller]
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(start.elapsed() < PATIENCE, "after {PATIENCE:?} still waiting for: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A user at a terminal, with an empty home of their own.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    /// Absent once the window was closed.
    window: Option<Window>,
    parser: Arc<Mutex<Parser>>,
    written: Arc<Mutex<Vec<u8>>>,
    /// Whether what is written is not read.
    deaf: Arc<AtomicBool>,
    reader: Option<thread::JoinHandle<()>>,
    /// When something was last typed.
    typed: Instant,
    pub home: TempDir,
}

/// The end of the pseudo-terminal that a window holds.
struct Window {
    writer: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    closed: Arc<AtomicBool>,
}

impl Terminal {
    /// Runs a line of shell in a terminal of 120×40, with `program` as `$0`.
    pub fn shell(line: &str, env: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = CommandBuilder::new("sh");
        command.args(["-c", line]);
        command.arg(program());
        command.env_clear();
        let path = std::env::var_os("PATH").unwrap_or_default();
        for (key, value) in [
            ("PATH", path.as_os_str()),
            ("HOME", home.path().as_os_str()),
            ("CCLINK_HOME", home.path().join("cclink").as_os_str()),
            ("TERM", "xterm-256color".as_ref()),
            ("LANG", "C.UTF-8".as_ref()),
            // Nothing listens there: no test ever asks the public network.
            ("CCLINK_BOOTSTRAP", "127.0.0.1:1".as_ref()),
        ] {
            command.env(key, value);
        }
        for (key, value) in env {
            command.env(key, value);
        }
        command.cwd(home.path());
        let size = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let child = pty.slave.spawn_command(command).expect("the shell starts");
        // With our copy of the slave open, the reader would never see the end.
        drop(pty.slave);
        let [rows, columns] = [40, 120].map(|n| NonZeroU16::new(n).unwrap());
        let parser = Arc::new(Mutex::new(Parser::new(rows, columns, 0)));
        let written = Arc::new(Mutex::new(Vec::new()));
        let [deaf, closed] = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
        let mut output = pty.master.try_clone_reader().unwrap();
        let fd = pty.master.as_raw_fd().unwrap();
        let (sink, count) = (Arc::clone(&parser), Arc::clone(&written));
        let [is_deaf, is_closed] = [&deaf, &closed].map(Arc::clone);
        let reader = thread::spawn(move || {
            let mut buffer = [0; 4096];
            let mut picture = Vec::new();
            // a closed window does not wait for what nobody writes
            while !is_closed.load(Ordering::SeqCst) {
                let mut ready = [pollfd { fd, events: POLLIN, revents: 0 }];
                let waited = poll(&mut ready, Some(Duration::from_millis(20)));
                if is_deaf.load(Ordering::SeqCst) {
                    thread::sleep(Duration::from_millis(20));
                } else if waited.is_ok_and(|ready| ready > 0) {
                    let read = output.read(&mut buffer).unwrap_or(0);
                    picture.extend_from_slice(&buffer[..read]);
                    if read == 0 || !is_half(&picture) {
                        sink.lock().unwrap().process(&picture);
                        picture.clear();
                    }
                    count.lock().unwrap().extend_from_slice(&buffer[..read]);
                    if read == 0 {
                        return;
                    }
                }
            }
        });
        let writer = pty.master.take_writer().unwrap();
        let window = Some(Window { writer, master: pty.master, closed });
        Self { child, window, parser, written, deaf, reader: Some(reader), typed: Instant::now(), home }
    }

    /// Closes the window, as a user does, or a lost connection.
    pub fn hang_up(&mut self) {
        let window = self.window.take().expect("an open window");
        window.closed.store(true, Ordering::SeqCst);
        self.reader.take().unwrap().join().unwrap();
    }

    /// Whether what the program writes is left unread.
    pub fn reads(&self, reads: bool) {
        self.deaf.store(!reads, Ordering::SeqCst);
    }

    /// The screen of a device, opened among its projects.
    pub fn of(device: &Device, env: &[(&str, &str)]) -> Self {
        Self::shell_of(device, "exec \"$0\"", env)
    }

    /// A line of shell on a device, among its projects.
    pub fn shell_of(device: &Device, line: &str, env: &[(&str, &str)]) -> Self {
        let all = device.env();
        let own = all.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let env: Vec<(&str, &str)> = own.chain(env.iter().copied()).collect();
        Self::shell(&format!("cd '{}' && {line}", device.projects.display()), &env)
    }

    /// The demo, ready to be used.
    pub fn demo() -> Self {
        let terminal = Self::shell("exec \"$0\" --demo", &[]);
        terminal.shows("Retry with jitter for the uploader");
        terminal
    }

    /// What the screen shows, row by row.
    pub fn text(&self) -> String {
        self.parser.lock().unwrap().screen().contents()
    }

    /// Waits until the screen shows `text`.
    #[track_caller]
    pub fn shows(&self, text: &str) {
        let start = Instant::now();
        while !self.text().contains(text) {
            assert!(start.elapsed() < PATIENCE, "the screen does not show {text:?}:\n{}", self.text());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the screen no longer shows `text`.
    #[track_caller]
    pub fn hides(&self, text: &str) {
        let start = Instant::now();
        while self.text().contains(text) {
            assert!(start.elapsed() < PATIENCE, "the screen still shows {text:?}:\n{}", self.text());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Types keys; an Enter alone not sooner than a person presses it after another
    /// key, for at once it would look pasted.
    pub fn types(&mut self, keys: &str) {
        if keys == "\r" {
            until("a moment", || (self.typed.elapsed() > A_MOMENT).then_some(()));
        }
        self.sends(keys.as_bytes());
        self.typed = Instant::now();
    }

    /// Bytes, as a terminal sends them by itself.
    pub fn sends(&mut self, bytes: &[u8]) {
        let writer = &mut self.window.as_mut().expect("an open window").writer;
        writer.write_all(bytes).unwrap();
        writer.flush().unwrap();
    }

    pub fn resize(&self, columns: u16, rows: u16) {
        // The picture first: what is drawn for the new size must find its room.
        let [height, width] = [rows, columns].map(|n| NonZeroU16::new(n).unwrap());
        self.parser.lock().unwrap().screen_mut().set_size(height, width);
        let master = &self.window.as_ref().expect("an open window").master;
        master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    /// Says that it has a size that no screen has; nothing of it is looked at.
    pub fn claims(&self, columns: u16, rows: u16) {
        let master = &self.window.as_ref().expect("an open window").master;
        master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    /// How long it takes until a typed character is shown, as the one after `at`
    /// others of its kind in a row (30 of them at most are in view).
    pub fn time_of(&mut self, at: usize, c: char) -> Duration {
        let before = self.written();
        let start = Instant::now();
        self.types(&c.to_string());
        let wanted = c.to_string().repeat((at + 1).min(30));
        loop {
            // past the view only that something was drawn can be seen
            let grown = self.written() > before;
            if grown && self.text().contains(&wanted) {
                return start.elapsed();
            }
            assert!(start.elapsed() < PATIENCE, "{c} is not shown:\n{}", self.text());
            thread::sleep(Duration::from_micros(200));
        }
    }

    /// Bytes that were written to it so far.
    pub fn written(&self) -> usize {
        self.written.lock().unwrap().len()
    }

    /// What was written to it from there on.
    pub fn since(&self, from: usize) -> Vec<u8> {
        self.written.lock().unwrap()[from..].to_vec()
    }

    /// The modes that a program may leave behind, in words; none when clean.
    pub fn modes(&self) -> String {
        let parser = self.parser.lock().unwrap();
        let screen = parser.screen();
        let mut left = String::new();
        for (on, name) in [
            (screen.alternate_screen(), "alternate screen"),
            (screen.bracketed_paste(), "bracketed paste"),
            (screen.hide_cursor(), "hidden cursor"),
            (screen.application_cursor(), "application cursor"),
            (screen.application_keypad(), "application keypad"),
            (screen.mouse_protocol_mode() != MouseProtocolMode::None, "mouse"),
        ] {
            if on {
                let _ = write!(left, "{name}; ");
            }
        }
        left
    }

    /// The program's process id: the shell's only child.
    pub fn pid(&self) -> String {
        let shell = self.child.process_id().unwrap();
        until("the program below the shell", || {
            let children = std::fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).ok()?;
            children.split_whitespace().next().map(str::to_owned)
        })
    }

    /// The process id of what was started: with `exec`, that of the program.
    pub fn own_pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    pub fn signal(&self, name: &str) {
        let line = format!("kill -{name} {}", self.pid());
        assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success());
    }

    /// Waits for the end of the shell, and of what it wrote.
    pub fn code(&mut self) -> u32 {
        let start = Instant::now();
        let code = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.exit_code();
            }
            assert!(start.elapsed() < PATIENCE, "the program does not end:\n{}", self.text());
            thread::sleep(Duration::from_millis(20));
        };
        let ended = || self.reader.as_ref().is_none_or(thread::JoinHandle::is_finished);
        until("the end of its output", || ended().then_some(code))
    }

    /// The screen as a picture, each cell 8×16; `gap` rows of background stand
    /// between the rows of cells, as some terminals have it.
    pub fn picture(&self, gap: usize) -> Vec<u8> {
        const CELL: (usize, usize) = (8, 16);
        let parser = self.parser.lock().unwrap();
        let screen = parser.screen();
        let (rows, columns) = screen.size();
        let (rows, columns) = (rows.get(), columns.get());
        let width = usize::from(columns) * CELL.0;
        let mut pixels = Vec::new();
        for row in 0..rows {
            for y in 0..CELL.1 {
                for column in 0..columns {
                    let cell = screen.cell(row, column).unwrap();
                    let (mut ink, mut paper) = (gray(cell.fgcolor(), 200), gray(cell.bgcolor(), 30));
                    if cell.inverse() {
                        std::mem::swap(&mut ink, &mut paper);
                    }
                    let inked = match cell.contents() {
                        "█" => true,
                        "▀" => y < CELL.1 / 2,
                        "▄" => y >= CELL.1 / 2,
                        _ => false,
                    };
                    pixels.extend(std::iter::repeat_n(if inked { ink } else { paper }, CELL.0));
                }
            }
            pixels.extend(std::iter::repeat_n(30, width * gap));
        }
        let mut picture = format!("P5 {width} {} 255\n", pixels.len() / width).into_bytes();
        picture.extend(pixels);
        picture
    }
}

/// Whether a picture has begun that is to be shown once it is whole.
fn is_half(bytes: &[u8]) -> bool {
    let last = |mark: &[u8]| bytes.windows(mark.len()).rposition(|at| at == mark);
    last(b"\x1b[?2026h") > last(b"\x1b[?2026l")
}

/// How light a colour is; the terminal's own is `default`.
fn gray(color: Color, default: u8) -> u8 {
    match color {
        Color::Default => default,
        Color::Idx(0 | 16) => 0,
        Color::Idx(15 | 231) => 255,
        Color::Idx(_) => 128,
        Color::Rgb(r, g, b) => u8::try_from((u16::from(r) + u16::from(g) + u16::from(b)) / 3).unwrap(),
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// True, and said, where a tool is missing; with `CI=true` that fails.
pub fn tool_is_missing(tool: &str) -> bool {
    let there = Command::new("sh").args(["-c", "command -v \"$0\"", tool]).stdout(Stdio::null()).status();
    let missing = !there.is_ok_and(|status| status.success());
    assert!(!missing || std::env::var_os("CI").is_none_or(|ci| ci != "true"), "CI must have `{tool}`");
    if missing {
        println!("skipped: `{tool}` is not installed");
    }
    missing
}

/// What `zbarimg` reads in a picture; empty for nothing.
pub fn zbarimg(picture: &[u8], dir: &Path) -> String {
    let path = dir.join("screen.pgm");
    std::fs::write(&path, picture).unwrap();
    let out = Command::new("zbarimg").args(["--raw", "-q"]).arg(path).output().unwrap();
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

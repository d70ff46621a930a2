//! The built program in a pseudo-terminal: how soon it is there, how soon it
//! follows a key, and what memory it takes for that.
//!
//! A frame counts when the synchronized update that brings it has ended.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tempfile::TempDir;
use vt100::Parser;

use crate::floor;

const PROGRAM: &str = env!("CARGO_BIN_EXE_cclink");
const FRAME_END: &[u8] = b"\x1b[?2026l";
const SIZE: (u16, u16) = (120, 40);
/// Columns of the list; the conversation stands at its right.
const LIST: usize = 66;
const ROUNDS: usize = 9;
/// Every wait ends, on a busy machine too.
const PATIENCE: Duration = Duration::from_mins(1);
/// Nothing was drawn for so long: all that was asked for is there.
const QUIET: Duration = Duration::from_millis(400);
/// What is typed into the filter and taken away again, key by key.
const WORDS: [&str; 13] = [
    "about monli",
    "by hand",
    "taretare",
    "uploader",
    "feat",
    "xyzzy",
    "일본",
    "re",
    "srv-odd",
    "in sum ta",
    "mon li ser pa",
    "main",
    "cargo test",
];
/// Said last in the long session.
pub const LAST_WORDS: &str = "these are the very last words";

/// What the terminal got so far, and when.
struct Frame {
    at: Instant,
    text: String,
}

impl Frame {
    /// What stands beside the list.
    fn detail(&self) -> String {
        self.text.lines().map(|line| line.chars().skip(LIST).chain(['\n']).collect::<String>()).collect()
    }

    fn has_rows(&self) -> bool {
        self.text.contains("\n▌ ")
    }

    fn is_scanned(&self) -> bool {
        self.text.contains("everywhere · ") && !self.text.contains("scanning")
    }
}

/// A program in a terminal of its own.
struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    started: Instant,
    writer: Box<dyn Write + Send>,
    frames: Receiver<Frame>,
    _master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    fn open(home: &Path, claude: &Path, args: &[&str]) -> Self {
        let mut command = CommandBuilder::new(PROGRAM);
        command.args(args);
        command.env_clear();
        for (key, value) in env(home, claude) {
            command.env(key, value);
        }
        command.cwd(home);
        let (cols, rows) = SIZE;
        let pty = native_pty_system().openpty(PtySize { rows, cols, ..PtySize::default() }).unwrap();
        let mut reader = pty.master.try_clone_reader().unwrap();
        let writer = pty.master.take_writer().unwrap();
        let (tell, frames) = channel();
        thread::spawn(move || {
            let [rows, cols] = [rows, cols].map(|n| NonZeroU16::new(n).unwrap());
            let mut parser = Parser::new(rows, cols, 0);
            let (mut buffer, mut last) = (vec![0; 65_536], Vec::new());
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                let at = Instant::now();
                let got = &buffer[..n];
                parser.process(got);
                // The mark may come in two pieces.
                last.extend_from_slice(got);
                if memchr::memmem::find(&last, FRAME_END).is_some() {
                    let _ = tell.send(Frame { at, text: parser.screen().contents() });
                    last.clear();
                } else {
                    last.drain(..last.len().saturating_sub(FRAME_END.len()));
                }
            }
        });
        let started = Instant::now();
        let child = pty.slave.spawn_command(command).unwrap();
        Self { child, started, writer, frames, _master: pty.master }
    }

    /// The first frame that is as wanted.
    fn until(&self, what: &str, wanted: impl Fn(&Frame) -> bool) -> Frame {
        let deadline = Instant::now() + PATIENCE;
        let mut last = String::new();
        loop {
            match self.frames.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(frame) if wanted(&frame) => return frame,
                Ok(frame) => last = frame.text,
                Err(why) => panic!("still no {what} ({why}):\n{last}"),
            }
        }
    }

    /// Waits until nothing is drawn any more.
    fn rest(&self) {
        let deadline = Instant::now() + PATIENCE;
        while !matches!(self.frames.recv_timeout(QUIET), Err(RecvTimeoutError::Timeout)) {
            assert!(Instant::now() < deadline, "it draws for ever");
        }
    }

    /// From a key to the frame that shows what it did.
    fn press(&mut self, keys: &str, what: &str, wanted: impl Fn(&Frame) -> bool) -> Duration {
        let pressed = Instant::now();
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.until(what, |frame| frame.at >= pressed && wanted(frame)).at - pressed
    }

    /// Its peak memory in MB.
    fn peak(&self) -> f64 {
        floor::peak(&self.child.process_id().unwrap().to_string())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn env(home: &Path, claude: &Path) -> [(&'static str, PathBuf); 6] {
    [
        ("HOME", home.into()),
        ("CCLINK_HOME", home.join("cclink")),
        ("CLAUDE_CONFIG_DIR", claude.into()),
        // Nothing listens there: the public network is never asked.
        ("CCLINK_BOOTSTRAP", "127.0.0.1:1".into()),
        ("TERM", "xterm-256color".into()),
        ("LANG", "C.UTF-8".into()),
    ]
}

/// A device with a key.
fn device() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let init = Command::new(PROGRAM)
        .args(["init", "--no-passphrase"])
        .env_clear()
        .envs(env(home.path(), &home.path().join("claude")))
        .output()
        .unwrap();
    assert!(init.status.success(), "{}", String::from_utf8_lossy(&init.stderr));
    home
}

/// Measures all of it: among the sessions of `many`, and with a long one in
/// `long`, and with a hostile message in each of `hostile`, one of its size in
/// `plain`. Answers what was measured and what is wanted of it, in ms and MB.
pub fn measure(many: &Path, long: &Path, hostile: &[PathBuf], plain: &Path) -> Vec<(&'static str, f64, f64)> {
    let home = device();
    let empty = tempfile::tempdir().unwrap();
    println!();
    println!("{:<32} {:>10} {:>10} {:>8}", "in a terminal", "median", "99 %", "peak");
    let mut says = || {
        let program = Terminal::open(home.path(), empty.path(), &["--version"]);
        while program.frames.recv().is_ok() {} // until all of it was read
        ms(program.started.elapsed())
    };
    show("says its version (floor)", &rounds(&mut says), None);
    let first = |claude: &Path| {
        let screen = Terminal::open(home.path(), claude, &[]);
        let frame = screen.until("first frame", |_| true);
        ms(frame.at - screen.started)
    };
    let alone = show("first frame, no sessions", &rounds(|| first(empty.path())), None);
    let among = show("first frame, all sessions", &rounds(|| first(many)), None);
    let rows = rounds(|| {
        let screen = Terminal::open(home.path(), many, &[]);
        ms(screen.until("rows", Frame::has_rows).at - screen.started)
    });
    show("first rows", &rows, None);

    let mut screen = Terminal::open(home.path(), many, &[]);
    let scanned = screen.until("end of the scan", Frame::is_scanned);
    screen.rest();
    show("all of them read", &[ms(scanned.at - screen.started)], Some(screen.peak()));
    let keys = filter(&mut screen);
    let slowest = at(&keys, 99);
    let peak = screen.peak();
    show("a key in the filter", &keys, Some(peak));
    drop(screen);

    let (mut opened, mut memory) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (took, more) = open_long(home.path(), long);
        opened.push(took);
        memory.push(more);
    }
    let open = show("100 MB session opens", &opened, None);
    let opens = |folder: &Path| rounds(|| open_long(home.path(), folder).0);
    let each = hostile.iter().map(|folder| show("a hostile message opens", &opens(folder), None));
    let worst = each.fold(0.0, f64::max);
    let words = show("a plain one of its size (floor)", &opens(plain), None);
    vec![
        ("first frame, no sessions, ms", alone, 30.0),
        ("first frame, all sessions, ms", among, 30.0),
        ("99 % of keys in the filter, ms", slowest, 8.0),
        ("peak memory of the screen, MB", peak, 64.0),
        ("100 MB session opens, ms", open, 50.0),
        ("worst hostile message over plain, ms", worst - words, 10.0),
        ("100 MB session opens, MB more", memory.into_iter().fold(0.0, f64::max), 10.0),
    ]
}

/// Types into the filter and takes it away again: how long each key took.
fn filter(screen: &mut Terminal) -> Vec<f64> {
    const NOTHING: &str = "title, project or branch";
    // The words of the field, whatever stands behind them.
    let shows = |typed: String| {
        move |frame: &Frame| {
            let field = frame.text.lines().find_map(|line| line.split_once("▸ filter"));
            field.is_some_and(|(_, rest)| {
                let rest = rest.trim_start().strip_prefix(&typed);
                rest.is_some_and(|rest| rest.starts_with("  ") && rest.contains(" of "))
            })
        }
    };
    screen.press("/", "the filter", shows(NOTHING.to_owned()));
    let mut keys = Vec::new();
    for word in WORDS.iter().cycle().take(2 * WORDS.len()) {
        let mut typed = String::new();
        for c in word.chars() {
            typed.push(c);
            keys.push(screen.press(&c.to_string(), "what was typed", shows(typed.clone())));
        }
        while typed.pop().is_some() {
            let wanted = if typed.is_empty() { NOTHING.to_owned() } else { typed.clone() };
            keys.push(screen.press("\x7f", "what was left", shows(wanted)));
        }
    }
    keys.into_iter().map(ms).collect()
}

/// Goes to the long session: how long until its end is read, and how much the
/// peak of memory grew by that.
fn open_long(home: &Path, long: &Path) -> (f64, f64) {
    let mut screen = Terminal::open(home, long, &[]);
    screen.until("both sessions", |frame| frame.is_scanned() && frame.text.contains("2 of 2"));
    screen.rest();
    let before = screen.peak();
    let took = screen.press("\x1b[B", "its last words", |frame| frame.detail().contains(LAST_WORDS));
    (ms(took), screen.peak() - before)
}

fn rounds(mut one: impl FnMut() -> f64) -> Vec<f64> {
    (0..ROUNDS).map(|_| one()).collect()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The time that so many of a hundred are not above.
fn at(times: &[f64], percent: usize) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[(sorted.len() * percent).div_ceil(100) - 1]
}

/// Prints a row; answers its median.
fn show(name: &str, times: &[f64], peak: Option<f64>) -> f64 {
    let median = at(times, 50);
    let peak = peak.map(|peak| format!("{peak:>5.1} MB")).unwrap_or_default();
    println!("{name:<32} {median:>7.1} ms {:>7.1} ms {peak}", at(times, 99));
    median
}

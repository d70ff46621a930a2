//! A terminal to run the program in: keys in, a screen out.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use vt100::{Color, MouseProtocolMode};

use crate::support::pty::{PATIENCE, Pty};
use crate::support::{self, Device, waited};

/// Between two keys of somebody fast.
const A_MOMENT: Duration = Duration::from_millis(60);

/// The program under test.
pub fn program() -> PathBuf {
    std::env::var_os("CCLINK_TEST_PROGRAM").map_or_else(|| env!("CARGO_BIN_EXE_cclink").into(), PathBuf::from)
}

/// Waits for what must come about by itself.
#[track_caller]
pub fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    support::until(what, PATIENCE, look)
}

/// A user at a terminal, with an empty home of their own.
pub struct Terminal {
    pty: Pty,
    /// When something was last typed.
    typed: Instant,
    pub home: TempDir,
}

impl Deref for Terminal {
    type Target = Pty;

    fn deref(&self) -> &Pty {
        &self.pty
    }
}

impl DerefMut for Terminal {
    fn deref_mut(&mut self) -> &mut Pty {
        &mut self.pty
    }
}

impl Terminal {
    /// Runs a line of shell in a terminal of 120×40, with `program` as `$0`.
    pub fn shell(line: &str, env: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let own = home.path().join("cclink");
        let mut all = vec![
            ("PATH".as_ref(), path.as_os_str()),
            ("HOME".as_ref(), home.path().as_os_str()),
            ("CCLINK_HOME".as_ref(), own.as_os_str()),
            ("TERM".as_ref(), "xterm-256color".as_ref()),
            ("LANG".as_ref(), "C.UTF-8".as_ref()),
            // Nothing listens there: no test ever asks the public network.
            ("CCLINK_BOOTSTRAP".as_ref(), "127.0.0.1:1".as_ref()),
        ];
        all.extend(env.iter().map(|(key, value)| (OsStr::new(*key), OsStr::new(*value))));
        let pty = Pty::spawn("sh", &["-c", line, program().to_str().unwrap()], &all, home.path());
        Self { pty, typed: Instant::now(), home }
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

    /// Waits until the screen shows `text`.
    #[track_caller]
    pub fn shows(&self, text: &str) {
        let shown = waited(PATIENCE, || self.text().contains(text).then_some(()));
        assert!(shown.is_some(), "the screen does not show {text:?}:\n{}", self.text());
    }

    /// Waits until the screen no longer shows `text`.
    #[track_caller]
    pub fn hides(&self, text: &str) {
        let gone = waited(PATIENCE, || (!self.text().contains(text)).then_some(()));
        assert!(gone.is_some(), "the screen still shows {text:?}:\n{}", self.text());
    }

    /// Types keys; an Enter alone not sooner than a person presses it after another
    /// key, for at once it would look pasted.
    pub fn types(&mut self, keys: &str) {
        if keys == "\r" {
            until("a moment", || (self.typed.elapsed() > A_MOMENT).then_some(()));
        }
        self.pty.types(keys);
        self.typed = Instant::now();
    }

    /// Enter on a session of a device without a key, whose screen asks for one then.
    #[track_caller]
    pub fn asks_for_a_key(&mut self) {
        loop {
            self.types("\r");
            let shown = until("a form", || {
                let shown = self.text();
                (shown.contains("This device has no key yet") || shown.contains("Publish: ")).then_some(shown)
            });
            if !shown.contains("Publish: ") {
                return;
            }
            // Sooner than it was known that there is no key.
            self.types("\x1b");
            self.hides("Publish: ");
        }
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

    /// The modes that a program may leave behind, in words; none when clean.
    pub fn modes(&self) -> String {
        let modes = self.screen(|screen| {
            [
                (screen.alternate_screen(), "alternate screen"),
                (screen.bracketed_paste(), "bracketed paste"),
                (screen.hide_cursor(), "hidden cursor"),
                (screen.application_cursor(), "application cursor"),
                (screen.application_keypad(), "application keypad"),
                (screen.mouse_protocol_mode() != MouseProtocolMode::None, "mouse"),
            ]
        });
        let mut left = String::new();
        for (on, name) in modes {
            if on {
                let _ = write!(left, "{name}; ");
            }
        }
        left
    }

    /// The program's process id: the shell's only child.
    pub fn pid(&self) -> String {
        let shell = self.own_pid();
        until("the program below the shell", || {
            let children = std::fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).ok()?;
            children.split_whitespace().next().map(str::to_owned)
        })
    }

    pub fn signal(&self, name: &str) {
        let line = format!("kill -{name} {}", self.pid());
        assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success());
    }

    /// The screen as a picture, each cell 8×16; `gap` rows of background stand
    /// between the rows of cells, as some terminals have it.
    pub fn picture(&self, gap: usize) -> Vec<u8> {
        self.screen(|screen| picture(screen, gap))
    }
}

fn picture(screen: &vt100::Screen, gap: usize) -> Vec<u8> {
    const CELL: (usize, usize) = (8, 16);
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

/// What `zbarimg` reads in a picture; empty for nothing.
pub fn zbarimg(picture: &[u8], dir: &Path) -> String {
    let path = dir.join("screen.pgm");
    std::fs::write(&path, picture).unwrap();
    let out = Command::new("zbarimg").args(["--raw", "-q"]).arg(path).output().unwrap();
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

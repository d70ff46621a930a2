//! A real terminal: keys in; what was said, and the screen it makes, out.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use filedescriptor::{POLLIN, poll, pollfd};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::Parser;

use super::waited;

/// A private DHT is started and a key unlocked, on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// Its size at first: columns and rows.
const SIZE: (u16, u16) = (120, 40);

fn end_of(said: &[u8], word: &str) -> Option<usize> {
    said.windows(word.len()).position(|window| window == word.as_bytes()).map(|at| at + word.len())
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

/// A program with a terminal as its stdin, stdout and stderr.
pub struct Pty {
    child: Box<dyn Child + Send + Sync>,
    /// Absent once the window was closed.
    window: Option<Window>,
    heard: Heard,
    /// What listens, until nobody has the terminal open any more.
    listener: Option<JoinHandle<()>>,
    /// Where the last word that was waited for ends.
    seen: usize,
    /// How much had been said when something was last typed.
    answered: usize,
}

/// The end of the pseudo-terminal that a window holds.
struct Window {
    writer: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
}

/// What the listener shares.
#[derive(Clone)]
struct Heard {
    said: Arc<Mutex<Vec<u8>>>,
    screen: Arc<Mutex<Parser>>,
    /// Whether what is written is not read.
    deaf: Arc<AtomicBool>,
    closed: Arc<AtomicBool>,
}

impl Heard {
    fn listen(&self, output: &mut dyn Read, fd: i32) {
        let mut buffer = [0; 4096];
        let mut picture = Vec::new();
        // A closed window does not wait for what nobody writes.
        while !self.closed.load(Ordering::SeqCst) {
            let mut ready = [pollfd { fd, events: POLLIN, revents: 0 }];
            let waited = poll(&mut ready, Some(Duration::from_millis(20)));
            if self.deaf.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(20));
            } else if waited.is_ok_and(|ready| ready > 0) {
                let read = output.read(&mut buffer).unwrap_or(0);
                picture.extend_from_slice(&buffer[..read]);
                if read == 0 || !is_half(&picture) {
                    self.screen.lock().unwrap().process(&picture);
                    picture.clear();
                }
                self.said.lock().unwrap().extend_from_slice(&buffer[..read]);
                if read == 0 {
                    return;
                }
            }
        }
    }
}

impl Pty {
    pub fn spawn<E: AsRef<OsStr>>(program: &str, args: &[&str], env: &[(E, E)], cwd: &Path) -> Self {
        let (columns, rows) = SIZE;
        let pty = native_pty_system().openpty(size(columns, rows)).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env_clear();
        for (key, value) in env {
            command.env(key, value);
        }
        command.cwd(cwd);
        let child = pty.slave.spawn_command(command).expect("the program starts");
        // With our copy of the slave open, the listener would never see the end.
        drop(pty.slave);
        let [height, width] = [rows, columns].map(|n| NonZeroU16::new(n).unwrap());
        let heard = Heard {
            said: Arc::default(),
            screen: Arc::new(Mutex::new(Parser::new(height, width, 0))),
            deaf: Arc::default(),
            closed: Arc::default(),
        };
        let mut output = pty.master.try_clone_reader().unwrap();
        let fd = pty.master.as_raw_fd().unwrap();
        let all = heard.clone();
        let listener = Some(thread::spawn(move || all.listen(&mut output, fd)));
        let window = Some(Window { writer: pty.master.take_writer().unwrap(), master: pty.master });
        Self { child, window, heard, listener, seen: 0, answered: 0 }
    }

    fn window(&mut self) -> &mut Window {
        self.window.as_mut().expect("an open window")
    }

    /// Closes the window, as a user does, or a lost connection.
    pub fn hang_up(&mut self) {
        let window = self.window.take().expect("an open window");
        self.heard.closed.store(true, Ordering::SeqCst);
        self.listener.take().unwrap().join().unwrap();
        drop(window);
    }

    /// Whether what the program writes is read.
    pub fn reads(&self, reads: bool) {
        self.heard.deaf.store(!reads, Ordering::SeqCst);
    }

    /// Everything it wrote so far.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&self.since(0)).into_owned()
    }

    /// How many bytes that is.
    pub fn written(&self) -> usize {
        self.heard.said.lock().unwrap().len()
    }

    /// What was written from there on.
    pub fn since(&self, from: usize) -> Vec<u8> {
        self.heard.said.lock().unwrap()[from..].to_vec()
    }

    /// Looks at the screen.
    pub fn screen<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.heard.screen.lock().unwrap().screen())
    }

    /// What the screen shows, row by row.
    pub fn text(&self) -> String {
        self.screen(vt100::Screen::contents)
    }

    /// Waits, and tells what was said when that was in vain.
    #[track_caller]
    fn until<T>(&mut self, what: &str, mut look: impl FnMut(&mut Self) -> Option<T>) -> T {
        let found = waited(PATIENCE, || look(self));
        found.unwrap_or_else(|| panic!("the terminal still waits for {what}:\n{}", self.text()))
    }

    /// Waits for one of `words` (ASCII, in any case) behind the last one that was
    /// found; false when the program ended without saying it.
    pub fn waits_for(&mut self, words: &[&str]) -> bool {
        let found = self.until(&format!("one of {words:?}"), |pty| {
            let ended = pty.ended();
            let fresh = pty.since(pty.seen).to_ascii_lowercase();
            let end = words.iter().filter_map(|word| end_of(&fresh, &word.to_ascii_lowercase())).min();
            end.map(Some).or_else(|| ended.then_some(None))
        });
        self.seen += found.unwrap_or_default();
        found.is_some()
    }

    /// Waits until a secret is asked for: something was said since the last
    /// answer, and what is typed is not shown. False when the program ended.
    pub fn asks_for_a_secret(&mut self) -> bool {
        self.until("a question for a secret", |pty| {
            if pty.ended() {
                return Some(false);
            }
            let is_hidden = pty.shows_what_is_typed() == Some(false);
            (pty.written() > pty.answered && is_hidden).then_some(true)
        })
    }

    /// Whether the terminal shows what is typed; `None` where that cannot be known.
    pub fn shows_what_is_typed(&mut self) -> Option<bool> {
        self.window().master.get_termios().map(|modes| {
            let flags = format!("{:?}", modes.local_flags);
            flags.split(|c: char| !c.is_alphanumeric()).any(|flag| flag == "ECHO")
        })
    }

    pub fn types(&mut self, keys: &str) {
        self.sends(keys.as_bytes());
    }

    /// Bytes, as a terminal sends them by itself.
    pub fn sends(&mut self, bytes: &[u8]) {
        self.answered = self.written();
        let writer = &mut self.window().writer;
        writer.write_all(bytes).unwrap();
        writer.flush().unwrap();
    }

    pub fn resize(&mut self, columns: u16, rows: u16) {
        // The picture first: what is drawn for the new size must find its room.
        let [height, width] = [rows, columns].map(|n| NonZeroU16::new(n).unwrap());
        self.heard.screen.lock().unwrap().screen_mut().set_size(height, width);
        self.claims(columns, rows);
    }

    /// Says that it has a size that no screen has; nothing of it is looked at.
    pub fn claims(&mut self, columns: u16, rows: u16) {
        self.window().master.resize(size(columns, rows)).unwrap();
    }

    /// The process id of what was started.
    pub fn own_pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Waits for its end, and for all that it said.
    pub fn code(&mut self) -> u32 {
        self.until("the end of the program", |pty| pty.ended().then_some(()));
        self.child.wait().unwrap().exit_code()
    }

    /// Types a key until it ends: one that is typed while the terminal changes hands,
    /// from another program to it, is nobody's.
    pub fn ends_by(&mut self, key: &str) -> u32 {
        self.until("the end of the program", |pty| {
            if pty.ended() {
                return Some(());
            }
            // It may have ended just now.
            let _ = pty.window().writer.write_all(key.as_bytes());
            None
        });
        self.code()
    }

    /// Whether it ended, and its last word is heard: on a busy machine that comes later.
    fn ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
            && self.listener.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

/// Whether a picture has begun that is to be shown once it is whole.
fn is_half(bytes: &[u8]) -> bool {
    let last = |mark: &[u8]| bytes.windows(mark.len()).rposition(|at| at == mark);
    last(b"\x1b[?2026h") > last(b"\x1b[?2026l")
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

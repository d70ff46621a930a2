//! A real terminal for what only asks on one.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::until;

/// Unlocking a key takes a second of work, on a busy machine more.
const PATIENCE: Duration = Duration::from_secs(30);

fn end_of(said: &[u8], word: &str) -> Option<usize> {
    said.windows(word.len()).position(|window| window == word.as_bytes()).map(|at| at + word.len())
}

/// A program with a terminal as its stdin, stdout and stderr.
pub struct Pty {
    child: Box<dyn Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    said: Arc<Mutex<Vec<u8>>>,
    /// What listens, until nobody has the terminal open any more.
    listener: JoinHandle<()>,
    /// Where the last word that was waited for ends.
    seen: usize,
    /// How much had been said when something was last typed.
    answered: usize,
    master: Box<dyn MasterPty + Send>,
}

impl Pty {
    pub fn spawn(program: &str, args: &[&str], env: &[(String, String)], cwd: &Path) -> Self {
        let pty = native_pty_system()
            .openpty(PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 })
            .expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env_clear();
        for (key, value) in env {
            command.env(key, value);
        }
        command.cwd(cwd);
        let child = pty.slave.spawn_command(command).expect("the program starts");
        // With our copy of the slave open, the reader would never see the end.
        drop(pty.slave);
        let said = Arc::new(Mutex::new(Vec::new()));
        let mut reader = pty.master.try_clone_reader().unwrap();
        let sink = Arc::clone(&said);
        let listener = thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                sink.lock().unwrap().extend_from_slice(&buffer[..n]);
            }
        });
        let writer = pty.master.take_writer().unwrap();
        Self { child, writer, said, listener, seen: 0, answered: 0, master: pty.master }
    }

    /// Everything it wrote so far.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&self.said.lock().unwrap()).into_owned()
    }

    /// Waits for one of `words` (ASCII, in any case) behind the last one that was
    /// found; false when the program ended without saying it.
    pub fn waits_for(&mut self, words: &[&str]) -> bool {
        let what = format!("one of {words:?} on the terminal");
        let found = until(&what, PATIENCE, || {
            let ended = self.ended();
            let fresh = self.said.lock().unwrap()[self.seen..].to_ascii_lowercase();
            let end = words.iter().filter_map(|word| end_of(&fresh, &word.to_ascii_lowercase())).min();
            end.map(Some).or_else(|| ended.then_some(None))
        });
        self.seen += found.unwrap_or_default();
        found.is_some()
    }

    /// Waits until a secret is asked for: something was said since the last
    /// answer, and what is typed is not shown. False when the program ended.
    pub fn asks_for_a_secret(&mut self) -> bool {
        until("a question for a secret on the terminal", PATIENCE, || {
            if self.ended() {
                return Some(false);
            }
            let shown = self.master.get_termios().is_none_or(|modes| {
                let flags = format!("{:?}", modes.local_flags);
                flags.split(|c: char| !c.is_alphanumeric()).any(|flag| flag == "ECHO")
            });
            let said = self.said.lock().unwrap().len() > self.answered;
            (said && !shown).then_some(true)
        })
    }

    pub fn types(&mut self, text: &str) {
        self.answered = self.said.lock().unwrap().len();
        self.writer.write_all(text.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Waits for its end, and for all that it said.
    pub fn code(&mut self) -> u32 {
        until("the end of the program on the terminal", PATIENCE, || self.ended().then_some(()));
        self.child.wait().unwrap().exit_code()
    }

    /// Whether it ended, and its last word is heard: on a busy machine that comes later.
    fn ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_))) && self.listener.is_finished()
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

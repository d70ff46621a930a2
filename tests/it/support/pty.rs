//! A real terminal for what only asks on one.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::until;

/// A program with a terminal as its stdin, stdout and stderr.
pub struct Pty {
    child: Box<dyn Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    said: Arc<Mutex<Vec<u8>>>,
    seen: usize,
    _master: Box<dyn MasterPty + Send>,
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
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                sink.lock().unwrap().extend_from_slice(&buffer[..n]);
            }
        });
        let writer = pty.master.take_writer().unwrap();
        Self { child, writer, said, seen: 0, _master: pty.master }
    }

    /// Everything it wrote so far.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&self.said.lock().unwrap()).into_owned()
    }

    /// Waits for one of `words` (in any case) in what was written since the
    /// last time; false when the program ended without saying it.
    pub fn waits_for(&mut self, words: &[&str]) -> bool {
        let what = format!("one of {words:?} on the terminal");
        let (found, seen) = until(&what, Duration::from_secs(30), || {
            let ended = matches!(self.child.try_wait(), Ok(Some(_)));
            let said = self.said.lock().unwrap();
            let fresh = String::from_utf8_lossy(&said[self.seen..]).to_lowercase();
            if words.iter().any(|word| fresh.contains(&word.to_lowercase())) {
                return Some((true, said.len()));
            }
            ended.then_some((false, said.len()))
        });
        self.seen = seen;
        found
    }

    pub fn types(&mut self, text: &str) {
        self.writer.write_all(text.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Waits for its end.
    pub fn code(&mut self) -> u32 {
        until("the end of the program on the terminal", Duration::from_secs(30), || {
            self.child.try_wait().unwrap().map(|status| status.exit_code())
        })
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

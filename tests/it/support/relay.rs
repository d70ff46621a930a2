//! An `ssh` of a test's own: behind it a real sftp-server, and between them a relay
//! that falls silent at a request, or gives less than was asked for.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use tempfile::TempDir;

/// Where systems keep it.
const SERVERS: [&str; 4] = [
    "/usr/lib/openssh/sftp-server",
    "/usr/libexec/openssh/sftp-server",
    "/usr/libexec/sftp-server",
    "/usr/lib/ssh/sftp-server",
];
/// The kind of an answer that carries bytes of a file.
const DATA: u8 = 103;

/// How it behaves, and what it was asked on its last connection.
#[derive(Clone, Debug, Default)]
pub struct Behaviour {
    /// The request from which on it says nothing.
    pub silent_at: Option<usize>,
    /// Of what is read it gives a half at a time.
    pub halves: bool,
    /// The kinds of the requests, as the protocol numbers them.
    pub asked: Vec<u8>,
}

/// Stands where `ssh` is looked for.
pub struct Relay {
    dir: TempDir,
    behaviour: Arc<Mutex<Behaviour>>,
}

impl Relay {
    /// Shows `home`; `None`, and said, where there is no sftp-server.
    pub fn start(home: &Path) -> Option<Self> {
        let Some(server) = SERVERS.into_iter().find(|server| Path::new(server).exists()) else {
            assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "CI must have an sftp-server");
            println!("skipped: there is no sftp-server here");
            return None;
        };
        let dir = tempfile::tempdir().unwrap();
        let calls = dir.path().join("calls");
        assert!(Command::new("mkfifo").arg(&calls).status().unwrap().success());
        let at = dir.path().display();
        let script = format!(
            "#!/bin/sh\nmkfifo '{at}/in.'$$ '{at}/out.'$$\necho $$ > '{at}/calls'\n\
             cat '{at}/out.'$$ &\nexec cat > '{at}/in.'$$\n"
        );
        write_program(&dir.path().join("ssh"), &script);
        let behaviour = Arc::new(Mutex::new(Behaviour::default()));
        // Open for both, it never comes to an end.
        let calls = OpenOptions::new().read(true).write(true).open(calls).unwrap();
        let (at, home, to_all) = (dir.path().to_owned(), home.to_owned(), Arc::clone(&behaviour));
        thread::spawn(move || {
            for call in BufReader::new(calls).lines().map_while(Result::ok) {
                let [input, output] = ["in", "out"].map(|name| at.join(format!("{name}.{call}")));
                let (home, behaviour) = (home.clone(), Arc::clone(&to_all));
                // A connection that breaks off is what is tested.
                thread::spawn(move || drop(connection(server, &home, &input, &output, &behaviour)));
            }
        });
        Some(Self { dir, behaviour })
    }

    /// `PATH` with it in front.
    pub fn path(&self) -> String {
        format!("{}:{}", self.dir.path().display(), std::env::var("PATH").unwrap_or_default())
    }

    pub fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    /// What it was asked since it was told how to behave.
    pub fn asked(&self) -> Vec<u8> {
        self.behaviour.lock().unwrap().asked.clone()
    }
}

/// Writes a script that can be run.
pub fn write_program(path: &Path, script: &str) {
    fs::write(path, script).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A program for which the modes of files count, also where the tests run as root.
fn unprivileged(program: &str) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set=-all", program]);
    command
}

fn connection(
    server: &str,
    home: &Path,
    input: &PathBuf,
    output: &PathBuf,
    behaviour: &Arc<Mutex<Behaviour>>,
) -> io::Result<()> {
    let mut from_us = File::open(input)?;
    let mut to_us = OpenOptions::new().write(true).open(output)?;
    let mut server = unprivileged(server)
        .arg("-d")
        .arg(home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let (mut to_server, mut from_server) = (server.stdin.take().unwrap(), server.stdout.take().unwrap());
    let halves = behaviour.lock().unwrap().halves;
    let answers = thread::spawn(move || -> io::Result<()> {
        while let Some(answer) = packet(&mut from_server)? {
            to_us.write_all(&if halves && answer[4] == DATA { half(&answer) } else { answer })?;
        }
        // Kept open until the other side has gone: silence is no end.
        Ok(())
    });
    let mut silent = false;
    while let Some(request) = packet(&mut from_us)? {
        let mut behaviour = behaviour.lock().unwrap();
        silent |= behaviour.silent_at.is_some_and(|at| behaviour.asked.len() >= at);
        behaviour.asked.push(request[4]);
        drop(behaviour);
        if !silent {
            to_server.write_all(&request)?;
        }
    }
    drop(to_server);
    let _ = answers.join();
    server.wait().map(drop)
}

/// A packet with its length in front; `None` at the end.
fn packet(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    if from.read_exact(&mut length).is_err() {
        return Ok(None);
    }
    let mut packet = vec![0; 4 + u32::from_be_bytes(length) as usize];
    packet[..4].copy_from_slice(&length);
    from.read_exact(&mut packet[4..])?;
    Ok(Some(packet))
}

/// An answer to a read with half of its bytes: length, kind, id, length, bytes.
fn half(answer: &[u8]) -> Vec<u8> {
    let bytes = &answer[13..];
    let bytes = &bytes[..bytes.len().div_ceil(2)];
    let length = |length: usize| u32::try_from(length).unwrap().to_be_bytes();
    [&length(9 + bytes.len()), &answer[4..9], &length(bytes.len()), bytes].concat()
}

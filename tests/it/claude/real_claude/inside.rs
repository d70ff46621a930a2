//! `cclink plugin install`, then the real claude in a terminal: `/cclink:handoff`
//! is typed, and the session is left.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::json;

use super::{KEY, PATIENCE, claudes, env, settle};
use crate::support::{Device, Pty, until};

/// Stands where the model would be, and writes down what is asked of it.
struct Model {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Model {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let sink = Arc::clone(&sink);
                thread::spawn(move || answer(stream, &sink));
            }
        });
        Self { address, asked }
    }

    /// The requests for an answer of the model.
    fn calls(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().filter(|line| line.contains("/v1/messages")).cloned().collect()
    }
}

/// One request to a connection, and always the same empty answer.
fn answer(stream: TcpStream, asked: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    asked.lock().unwrap().push(first.trim().to_owned());
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 || line.trim().is_empty() {
            break;
        }
        let line = line.to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    std::io::copy(&mut reader.take(length), &mut std::io::sink()).ok()?;
    let mut stream = stream;
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
        .ok()
}

#[test]
fn handoff_and_exit_are_answered_without_the_model() {
    for claude in claudes() {
        let a = Device::new();
        let session = a.session("uploader", "Retry with jitter");
        settle(&a.claude, &session.project);
        a.cmd(&["plugin", "install", "--on-exit", "--yes"]).ok();
        let model = Model::start();
        let mut all = env(&a.claude, &a.path("user"));
        all.extend(a.env().into_iter().filter(|(name, _)| name.starts_with("CCLINK_")));
        all.push(("ANTHROPIC_API_KEY".to_owned(), KEY.to_owned()));
        all.push(("ANTHROPIC_BASE_URL".to_owned(), model.address.clone()));
        let program = claude.to_str().unwrap();
        let mut pty = Pty::spawn(program, &["--resume", &session.id], &all, &session.project);
        assert!(pty.waits_for(&["PURPLE-ELEPHANT"]), "{}", pty.said());
        pty.waits_for(&["? for shortcuts", "\u{276f}", ">"]);
        // Its record names our pids, this machine and when it began.
        let live = || a.json(&["sessions"])[0]["live"] == "yes";
        until("the session to be shown as open", PATIENCE, || live().then_some(()));
        type_at(&mut pty, "/cclink:handoff look at the last test");
        let list = until("the handoff", PATIENCE, || {
            let list = a.json(&["list"]);
            (list != json!([])).then_some(list)
        });
        assert_eq!(list[0]["session_id"], json!(session.id), "{list:#}");
        assert!(pty.waits_for(&["blocked by hook"]), "{}", pty.said());
        assert_eq!(a.json(&["list"]).as_array().unwrap().len(), 1, "handed over once");
        let picked = Device::copy_of(&a).json(&["pickup"]);
        assert_eq!(picked["note"], "look at the last test", "{picked:#}");
        type_at(&mut pty, "/exit");
        pty.code();
        assert!(!live(), "it was left");
        // Leaving renews it: the session has one handoff.
        until("the handoff at the end", PATIENCE, || {
            let now = a.json(&["list"]);
            (now.as_array().unwrap().len() == 1 && now[0]["token"] != list[0]["token"]).then_some(())
        });
        assert_eq!(model.calls(), Vec::<String>::new(), "the model was asked");
        // Any other prompt would have got there.
        let mut asking = Command::new(&claude)
            .args(["-p", "hello", "--no-session-persistence"])
            .env_clear()
            .envs(all)
            .current_dir(&session.project)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until("a question to the model", PATIENCE, || (!model.calls().is_empty()).then_some(()));
        let _ = asking.kill();
        asking.wait().unwrap();
    }
}

/// Types as a user does: what comes in one read would be taken for a paste.
fn type_at(pty: &mut Pty, words: &str) {
    for c in words.chars() {
        let before = pty.said().len();
        pty.types(&c.to_string());
        until("the echo of a key", PATIENCE, || (pty.said().len() > before).then_some(()));
    }
    pty.types("\r");
}

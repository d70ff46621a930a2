//! A session goes from A to B and home again while the real claude talks on
//! either side: every message stays findable, every session resumable, and what
//! belongs to it is there.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use serde_json::{Value, json};

use super::{KEY, PATIENCE, claudes, env, finds, settle};
use crate::support::{Device, Pty, Session, Sshd, text, until};
use crate::transfer::arrive::put;
use crate::transfer::ssh::transcripts;

/// Answers every question with the same few words.
fn model() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || answer(stream));
        }
    });
    address
}

/// One request to a connection.
fn answer(mut stream: TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let (mut length, mut line) = (0, String::new());
    while reader.read_line(&mut line).ok()? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        line.clear();
    }
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body).ok()?;
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let usage = json!({"input_tokens": 1, "output_tokens": 1});
    let message = |content: Value, stop: Value| {
        json!({"id": "msg_1", "type": "message", "role": "assistant", "model": asked["model"], "content": content,
            "stop_reason": stop, "stop_sequence": null, "usage": usage})
    };
    let block = json!({"type": "text", "text": "An answer."});
    let (kind, said) = if asked["stream"] == true {
        let events = [
            ("message_start", json!({"message": message(json!([]), Value::Null)})),
            ("content_block_start", json!({"index": 0, "content_block": {"type": "text", "text": ""}})),
            (
                "content_block_delta",
                json!({"index": 0, "delta": {"type": "text_delta", "text": "An answer."}}),
            ),
            ("content_block_stop", json!({"index": 0})),
            (
                "message_delta",
                json!({"delta": {"stop_reason": "end_turn", "stop_sequence": null}, "usage": usage}),
            ),
            ("message_stop", json!({})),
        ];
        let event = |(name, mut data): (&str, Value)| {
            data["type"] = json!(name);
            format!("event: {name}\ndata: {data}\n\n")
        };
        ("text/event-stream", events.map(event).concat())
    } else if asked["messages"].is_array() && asked["max_tokens"].is_number() {
        ("application/json", message(json!([block]), json!("end_turn")).to_string())
    } else {
        ("application/json", json!({"input_tokens": 1}).to_string())
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        said.len()
    );
    stream.write_all((head + &said).as_bytes()).ok()
}

/// What happens between there and home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Variant {
    Nobody,
    OnlyA,
    OnlyB,
    Both,
    SideFilesOnBoth,
    LiveOnA,
    LiveOnB,
    KilledInBetween,
}

impl Variant {
    fn a_goes_on(self) -> bool {
        !matches!(self, Self::Nobody | Self::OnlyB | Self::LiveOnB)
    }

    fn b_goes_on(self) -> bool {
        !matches!(self, Self::Nobody | Self::OnlyA)
    }
}

struct Trip<'a> {
    claude: &'a Path,
    a: Device,
    b: Device,
    sshd_a: Sshd,
    sshd_b: Sshd,
    session: Session,
    model: String,
    /// How it comes: over SSH (`bring`), or sealed in a folder (`carried`).
    way: &'static str,
    /// Every word that was said.
    said: Vec<&'static str>,
}

impl<'a> Trip<'a> {
    fn new(claude: &'a Path, model: &str, way: &'static str) -> Option<Self> {
        let a = Device::new();
        let b = Device::copy_of(&a);
        let session = a.session("uploader", "There and back");
        let doors = [&a, &b].map(|device| {
            settle(&device.claude, &session.project);
            symlink(&device.claude, device.path("user/.claude")).unwrap();
            Sshd::start(&device.path("user"))
        });
        let [Some(sshd_a), Some(sshd_b)] = doors else { return None };
        let folder = a.path("shared").display().to_string();
        let carry = match way {
            "carried" => format!("[carry]\nway = \"folder\"\nfolder = {folder:?}\n"),
            _ => String::new(),
        };
        sshd_a.configure(&b, &carry);
        sshd_b.configure(&a, &carry);
        let (model, said) = (model.to_owned(), vec!["PURPLE-ELEPHANT"]);
        let mut trip = Self { claude, a, b, sshd_a, sshd_b, session, model, way, said };
        trip.say(true, "GREEN-TURTLE");
        Some(trip)
    }

    fn env(&self, on_a: bool) -> Vec<(String, String)> {
        let device = if on_a { &self.a } else { &self.b };
        let mut all = env(&device.claude, &device.path("user"));
        all.push(("ANTHROPIC_API_KEY".to_owned(), KEY.to_owned()));
        all.push(("ANTHROPIC_BASE_URL".to_owned(), self.model.clone()));
        all
    }

    /// One turn with the real claude.
    fn say(&mut self, on_a: bool, words: &'static str) {
        let mut child = Command::new(self.claude)
            .args(["--resume", &self.session.id, "-p", words])
            .env_clear()
            .envs(self.env(on_a))
            .current_dir(&self.session.project)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let status = until("claude's turn", PATIENCE, || child.try_wait().unwrap());
        assert!(status.success(), "{} did not answer {words}", self.claude.display());
        self.said.push(words);
    }

    /// The claude of a device with the session open in a terminal.
    fn open(&self, on_a: bool) -> Pty {
        let device = if on_a { &self.a } else { &self.b };
        let program = self.claude.to_str().unwrap();
        let arguments = ["--resume", &*self.session.id];
        let mut pty = Pty::spawn(program, &arguments, &self.env(on_a), &self.session.project);
        assert!(pty.waits_for(&["PURPLE-ELEPHANT"]), "{}", pty.said());
        let live = || device.json(&["sessions"])[0]["live"] == "yes";
        until("the session to be open", PATIENCE, || live().then_some(()));
        pty
    }

    /// The transcript of a device.
    fn transcript(&self, on_a: bool) -> PathBuf {
        let device = if on_a { &self.a } else { &self.b };
        let name = format!("{}.jsonl", self.session.id);
        transcripts(device).into_iter().find(|path| path.ends_with(&name)).expect("it is there")
    }

    /// Leaves a sub-agent, a large output and a checkpoint on a device.
    fn leave(&self, on_a: bool, words: &str) {
        let device = if on_a { &self.a } else { &self.b };
        let side = self.transcript(on_a).with_extension("");
        let agent = json!({"isSidechain": true, "agentId": words, "sessionId": self.session.id});
        put(&side.join(format!("subagents/agent-{words}.jsonl")), &format!("{agent}\n"));
        put(&side.join("subagents/agent-shared.jsonl"), &format!("{agent}\n"));
        put(&side.join(format!("tool-results/{words}.txt")), words);
        put(&device.claude.join(format!("file-history/{}/88d04c424ec0177c@v2", self.session.id)), words);
    }

    fn publish(&self, on_a: bool) -> String {
        let (device, sshd) = if on_a { (&self.a, &self.sshd_a) } else { (&self.b, &self.sshd_b) };
        let published = device.json(&["publish", &self.session.id, "--ssh", &sshd.address(), "--yes"]);
        assert_eq!(published["carry"].is_object(), self.way == "carried");
        text(&published, "token").to_owned()
    }

    /// Brings it home, killed on the way a few times first.
    fn home(&self, killed: bool) {
        let token = self.publish(false);
        let words = ["pickup", &*token, "--plan", self.way, "--yes"];
        for number in 0..if killed { 5 } else { 0 } {
            let mut child = Command::new(env!("CARGO_BIN_EXE_cclink"))
                .args(words)
                .env_clear()
                .envs(self.a.env())
                .current_dir(&self.a.projects)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let begun = std::time::Instant::now();
            let moment = std::time::Duration::from_millis(150 + 130 * number);
            until("the moment", PATIENCE, || {
                (begun.elapsed() > moment || child.try_wait().unwrap().is_some()).then_some(())
            });
            let _ = child.kill();
            child.wait().unwrap();
        }
        self.a.cmd(&words).ok();
    }

    /// Asserts that nothing was lost on A.
    fn nothing_is_lost(&self, variant: Variant) {
        for words in &self.said {
            let found = self.a.json(&["sessions", "--all", "--search", words]);
            assert_ne!(found, json!([]), "{variant:?}: {words} is lost");
        }
        let all = self.a.json(&["sessions", "--all"]);
        for row in all.as_array().unwrap() {
            assert_eq!(row["resumable"], true, "{variant:?}: {row:#}");
            let id = text(row, "session_id");
            assert!(finds(self.claude, &self.a.claude, &self.session.project, id), "{variant:?}: {id}");
        }
        let wanted =
            if matches!(variant, Variant::Nobody | Variant::OnlyA | Variant::OnlyB | Variant::LiveOnB) {
                1
            } else {
                2
            };
        assert_eq!(all.as_array().unwrap().len(), wanted, "{variant:?}: {all:#}");
        let left = transcripts(&self.a);
        assert!(!left.iter().any(|path| path.to_string_lossy().contains("/.cclink-")), "{left:?}");
    }
}

fn play(claude: &Path, model: &str, way: &'static str, variant: Variant) {
    let Some(mut trip) = Trip::new(claude, model, way) else { return };
    let token = trip.publish(true);
    trip.b.cmd(&["pickup", &token, "--plan", way]).ok();
    if variant.a_goes_on() {
        trip.say(true, "LONELY-HERON");
    }
    if variant.b_goes_on() {
        trip.say(false, "QUIET-BADGER");
    }
    if variant == Variant::SideFilesOnBoth {
        trip.leave(true, "leftona");
        trip.leave(false, "leftonb");
    }
    let open = match variant {
        Variant::LiveOnA => Some(trip.open(true)),
        Variant::LiveOnB => Some(trip.open(false)),
        _ => None,
    };
    let before = fs::read(trip.transcript(true)).unwrap();
    trip.home(variant == Variant::KilledInBetween);
    if variant == Variant::LiveOnA {
        assert!(fs::read(trip.transcript(true)).unwrap().starts_with(&before), "swapped under a claude");
    }
    drop(open);
    if variant == Variant::LiveOnA {
        let live = || trip.a.json(&["sessions", "--all"]).to_string().contains("\"live\":\"yes\"");
        until("it to be left", PATIENCE, || (!live()).then_some(()));
    }
    trip.nothing_is_lost(variant);
    if variant == Variant::SideFilesOnBoth {
        let all = transcripts(&trip.a);
        for words in ["leftona", "leftonb"] {
            for kind in ["agent-", "tool-results/"] {
                let named = |path: &&PathBuf| {
                    path.to_string_lossy().contains(kind) && path.to_string_lossy().contains(words)
                };
                assert!(all.iter().any(|path| named(&path)), "{kind}{words}: {all:?}");
            }
            let holds = |path: &&PathBuf| {
                let known = path.ends_with("88d04c424ec0177c@v2") || path.ends_with("agent-shared.jsonl");
                known && fs::read_to_string(path).unwrap().contains(words)
            };
            assert_eq!(
                all.iter().filter(holds).count(),
                2,
                "checkpoint and shared agent of {words}: {all:?}"
            );
        }
    }
}

#[test]
fn nothing_is_lost_there_and_back() {
    there_and_back("bring");
}

#[test]
fn nothing_is_lost_there_and_back_in_sealed_files() {
    there_and_back("carried");
}

fn there_and_back(way: &'static str) {
    let model = model();
    for claude in claudes() {
        for variant in [
            Variant::Nobody,
            Variant::OnlyA,
            Variant::OnlyB,
            Variant::Both,
            Variant::SideFilesOnBoth,
            Variant::LiveOnA,
            Variant::LiveOnB,
            Variant::KilledInBetween,
        ] {
            play(&claude, &model, way, variant);
            println!("{way}, {variant:?}: nothing is lost");
        }
    }
}

/// A copy under an id of its own, as both sides are kept: claude takes it for a
/// session of its own, and what is said in it goes there.
#[test]
fn claude_goes_on_in_what_was_kept() {
    let model = model();
    for claude in claudes() {
        let Some(mut trip) = Trip::new(&claude, &model, "bring") else { return };
        let token = trip.publish(true);
        trip.b.cmd(&["pickup", &token, "--plan", "bring"]).ok();
        trip.say(true, "LONELY-HERON");
        trip.say(false, "QUIET-BADGER");
        trip.home(false);
        let all = trip.a.json(&["sessions", "--all", "--search", "LONELY-HERON"]);
        let kept = text(&all[0], "session_id").to_owned();
        assert_ne!(kept, trip.session.id, "ours was kept under an id of its own");
        let theirs = trip.transcript(true);
        let home = fs::read(&theirs).unwrap();
        trip.session.id.clone_from(&kept);
        trip.say(true, "BRAVE-OTTER");
        let path = trip.transcript(true);
        let written = fs::read_to_string(&path).unwrap();
        assert!(written.contains("BRAVE-OTTER") && !written.contains("QUIET-BADGER"));
        let ids: std::collections::BTreeSet<&str> =
            written.split("\"sessionId\":\"").skip(1).filter_map(|rest| rest.get(..36)).collect();
        assert_eq!(ids.into_iter().collect::<Vec<_>>(), [kept.as_str()], "one session's lines");
        // The other one was not touched.
        assert_eq!(fs::read(theirs).unwrap(), home);
    }
}

//! Invented transcripts, as Claude Code writes them: the one place of the tests
//! and the benches that knows how a line looks.

use std::fmt::{Display, Write as _};
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// A transcript on disk.
#[derive(Clone, Debug)]
pub struct Session {
    pub id: String,
    pub title: String,
    /// Its working directory, links resolved.
    pub project: PathBuf,
    pub path: PathBuf,
}

impl Session {
    /// More lines of it, in no file yet.
    pub fn more(&self) -> Transcript {
        Transcript::named(&self.id, &self.project)
    }

    /// Adds lines to it.
    pub fn grows(&self, by: impl FnOnce(Transcript) -> Transcript) {
        append(&self.path, by(self.more()));
    }
}

/// A folder name as Claude Code makes it; of a long path only its beginning,
/// with an end that is not claude's: nobody may derive folders anyway.
pub fn slug(path: &Path) -> String {
    let name: String = path
        .to_string_lossy()
        .encode_utf16()
        .map(|unit| char::from_u32(u32::from(unit)).filter(char::is_ascii_alphanumeric).unwrap_or('-'))
        .collect();
    if name.len() <= 200 { name } else { format!("{}-{}", &name[..200], name.len()) }
}

pub fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// What every line of a conversation says of itself.
pub struct Chain<'a> {
    pub parent: Option<&'a str>,
    pub aside: bool,
    pub uuid: &'a str,
    pub time: &'a str,
    pub entrypoint: &'a str,
    pub cwd: &'a str,
    pub id: &'a str,
    pub branch: &'a str,
}

impl Chain<'_> {
    /// A line, compact and in claude's order: `start` is its message and kind, and
    /// `end` what stands behind the time, each member there with its comma.
    pub fn line(&self, start: &str, end: &str) -> String {
        let quoted = |text: &str| Value::from(text).to_string();
        format!(
            "{{\"parentUuid\":{},\"isSidechain\":{},{start},\"uuid\":\"{}\",\"timestamp\":\"{}\"{end},\
             \"userType\":\"external\",\"entrypoint\":\"{}\",\"cwd\":{},\"sessionId\":\"{}\",\"version\":\"2.1.330\",\
             \"gitBranch\":{}}}",
            self.parent.map_or("null".to_owned(), quoted),
            self.aside,
            self.uuid,
            self.time,
            self.entrypoint,
            quoted(self.cwd),
            self.id,
            quoted(self.branch),
        )
    }
}

/// `{"type":kind,key:value,"sessionId":id}`: how a session stands.
pub fn state(kind: &str, key: &str, value: &Value, id: &str) -> String {
    format!("{{\"type\":\"{kind}\",\"{key}\":{value},\"sessionId\":\"{id}\"}}")
}

/// A transcript, line by line: `says` and `answers` are the minimum that the real
/// claude accepts.
#[derive(Clone, Debug)]
pub struct Transcript {
    pub id: String,
    pub cwd: PathBuf,
    title: String,
    time: String,
    aside: bool,
    lines: Vec<String>,
}

impl Transcript {
    /// Of a new session; links in `cwd` are resolved where it is there.
    pub fn new(cwd: &Path) -> Self {
        Self::named(&new_id(), cwd)
    }

    pub fn named(id: &str, cwd: &Path) -> Self {
        Self {
            id: id.to_owned(),
            cwd: cwd.canonicalize().unwrap_or_else(|_| cwd.to_owned()),
            title: String::new(),
            time: "2026-11-20T10:00:05.000Z".to_owned(),
            aside: false,
            lines: Vec::new(),
        }
    }

    /// When the lines that follow are said.
    pub fn at(mut self, time: &str) -> Self {
        time.clone_into(&mut self.time);
        self
    }

    /// The lines that follow are an agent's.
    pub fn aside(mut self) -> Self {
        self.aside = true;
        self
    }

    pub fn says(self, prompt: &str) -> Self {
        let message = json!({"role": "user", "content": prompt});
        self.chain(&format!("\"type\":\"user\",\"message\":{message}"), "")
    }

    pub fn answers(self, text: &str) -> Self {
        let usage = json!({"input_tokens": 10, "output_tokens": 5});
        self.answers_for(text, &usage)
    }

    /// An answer, and what it took.
    pub fn answers_for(self, text: &str, usage: &Value) -> Self {
        let content = json!([{"type": "text", "text": text}]);
        let start = format!(
            "\"message\":{{\"id\":\"msg_01\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-opus-4-8\",\
             \"content\":{content},\"stop_reason\":\"end_turn\",\"stop_sequence\":null,\"usage\":{usage}}},\
             \"requestId\":\"req_01\",\"type\":\"assistant\""
        );
        self.chain(&start, "")
    }

    fn chain(mut self, start: &str, end: &str) -> Self {
        let cwd = self.cwd.to_string_lossy();
        let chain = Chain {
            parent: None,
            aside: self.aside,
            uuid: &new_id(),
            time: &self.time,
            entrypoint: "cli",
            cwd: &cwd,
            id: &self.id,
            branch: "main",
        };
        let line = chain.line(start, end);
        self.lines.push(line);
        self
    }

    /// One more member of the last line, which has none of that name.
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        let last = self.lines.last_mut().unwrap();
        assert!(!last.contains(&format!("\"{key}\":")), "it has `{key}` already: {last}");
        let end = last.pop().unwrap();
        let _ = write!(last, ",\"{key}\":{}{end}", value.into());
        self
    }

    pub fn state(mut self, kind: &str, key: &str, value: impl Into<Value>) -> Self {
        let line = state(kind, key, &value.into(), &self.id);
        self.lines.push(line);
        self
    }

    /// The title that claude made for it.
    pub fn titled(mut self, title: &str) -> Self {
        title.clone_into(&mut self.title);
        self.state("ai-title", "aiTitle", title)
    }

    /// Any line.
    pub fn line(mut self, line: &Value) -> Self {
        self.lines.push(line.to_string());
        self
    }

    /// Where claude would have it.
    pub fn write(&self, config: &Path) -> Session {
        let path = write(config, &self.cwd, &format!("{}.jsonl", self.id), self.to_string());
        Session { id: self.id.clone(), title: self.title.clone(), project: self.cwd.clone(), path }
    }
}

impl Display for Transcript {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(out, "{line}"))
    }
}

/// Writes `content` as `projects/<slug of cwd>/<name>`.
pub fn write(config: &Path, cwd: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let folder = config.join("projects").join(slug(cwd));
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    path
}

/// Adds to a file.
pub fn append(path: &Path, more: impl Display) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(more.to_string().as_bytes()).unwrap();
}

/// A conversation of one turn, ended at `time`, with a title.
pub fn write_session(config: &Path, project: &Path, title: &str, time: &str) -> Session {
    Transcript::new(project)
        .at(time)
        .says("Refactor the parser")
        .answers("Done. PURPLE-ELEPHANT is the marker.")
        .titled(title)
        .write(config)
}

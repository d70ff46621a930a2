//! Invented transcripts: the minimum that the real claude accepts (two compact
//! lines), in the folder it would use.

use std::fs;
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

/// What every line of a conversation has.
fn base(id: &str, cwd: &Path, branch: &str) -> Value {
    json!({
        "isSidechain": false, "userType": "external", "entrypoint": "cli", "cwd": cwd, "sessionId": id,
        "version": "2.1.330", "gitBranch": branch,
    })
}

fn with(mut base: Value, more: Value) -> Value {
    if let (Value::Object(base), Value::Object(more)) = (&mut base, more) {
        base.extend(more);
    }
    base
}

pub fn user_line(id: &str, cwd: &Path, prompt: &str, time: &str) -> Value {
    with(
        base(id, cwd, "main"),
        json!({
            "parentUuid": null, "type": "user", "uuid": new_id(), "timestamp": time,
            "message": {"role": "user", "content": prompt},
        }),
    )
}

pub fn assistant_line(id: &str, cwd: &Path, answer: &str, time: &str) -> Value {
    with(
        base(id, cwd, "main"),
        json!({
            "parentUuid": null, "type": "assistant", "uuid": new_id(), "timestamp": time, "requestId": "req_01",
            "message": {
                "id": "msg_01", "type": "message", "role": "assistant", "model": "claude-opus-4-8",
                "content": [{"type": "text", "text": answer}], "stop_reason": "end_turn", "stop_sequence": null,
                "usage": {"input_tokens": 10, "output_tokens": 5},
            },
        }),
    )
}

/// Compact lines, as `JSON.stringify` writes them.
pub fn lines(values: &[Value]) -> String {
    values.iter().map(Value::to_string).map(|line| line + "\n").collect()
}

/// Writes `content` as `projects/<slug of cwd>/<name>`.
pub fn write(config: &Path, cwd: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let folder = config.join("projects").join(slug(cwd));
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    path
}

/// A conversation of one turn, ended at `time`, with a title.
pub fn write_session(config: &Path, project: &Path, title: &str, time: &str) -> Session {
    let id = new_id();
    let project = project.canonicalize().unwrap();
    let content = lines(&[
        user_line(&id, &project, "Refactor the parser", time),
        assistant_line(&id, &project, "Done. PURPLE-ELEPHANT is the marker.", time),
        json!({"type": "ai-title", "aiTitle": title, "sessionId": id}),
    ]);
    let path = write(config, &project, &format!("{id}.jsonl"), content);
    Session { id, title: title.to_owned(), project, path }
}

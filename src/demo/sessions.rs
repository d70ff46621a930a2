//! Invented sessions: transcripts of the smallest form that the real claude
//! resumes, in folders named as it names them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

/// One invented conversation.
struct Invented {
    project: &'static str,
    branch: &'static str,
    title: &'static str,
    /// Minutes since its last turn.
    age: i64,
    /// Prompts and answers in turn.
    turns: &'static [&'static str],
}

const fn invented(
    project: &'static str,
    branch: &'static str,
    title: &'static str,
    age: i64,
    turns: &'static [&'static str],
) -> Invented {
    Invented { project, branch, title, age, turns }
}

/// This device's: 13 sessions over 4 projects; the first project is where the
/// screen opens.
const HERE: [Invented; 13] = [
    invented(
        "uploader",
        "feat/retry",
        "Retry with jitter for the uploader",
        4,
        &[
            "Add retry with jitter to the uploader",
            "I'll start with the upload loop. It gives up on the first 503; a bounded exponential backoff with full \
         jitter keeps many clients from marching in step.",
            "Only for idempotent requests please",
            "Done. `PUT` and `GET` are retried up to five times, `POST` never. The last test still fails: it counts \
         attempts and expects one.",
        ],
    ),
    invented(
        "uploader",
        "main",
        "Why does the upload test hang on CI?",
        190,
        &[
            "The upload test hangs on CI but not here",
            "The CI container has no IPv6 route, and the test server binds `::1`. Binding 127.0.0.1 fixes it.",
        ],
    ),
    invented(
        "uploader",
        "main",
        "Checksum before sending",
        60 * 26,
        &[
            "Send a SHA-256 with every part",
            "Every part carries its digest now, and the server's answer is compared with it.",
        ],
    ),
    invented(
        "uploader",
        "docs",
        "README: three ways to install",
        60 * 24 * 6,
        &["Write the install section", "Written: a package, a static binary, and `cargo install`."],
    ),
    invented(
        "parser",
        "refactor",
        "Split the tokenizer from the parser",
        35,
        &[
            "The parser file has 2,900 lines. Split it.",
            "The tokenizer is a module of its own now, with its tests. The parser no longer looks at bytes.",
        ],
    ),
    invented(
        "parser",
        "main",
        "外部の日付形式を読む",
        60 * 7,
        &[
            "日付を ISO 8601 以外でも読めるようにして",
            "和暦と RFC 2822 の日付も読めます。テストを 14 件追加しました。",
        ],
    ),
    invented(
        "parser",
        "main",
        "Fuzz the number reader 👩‍🔬",
        60 * 50,
        &["Fuzz the number reader overnight", "One crash: `-` alone. Fixed, and its input is a test now."],
    ),
    invented(
        "dotfiles",
        "main",
        "Prompt that shows the git branch",
        60 * 3,
        &[
            "Show the branch in the prompt without slowing it down",
            "It reads `.git/HEAD` directly: under a millisecond, and no process is started.",
        ],
    ),
    invented(
        "dotfiles",
        "main",
        "tmux: copy over SSH",
        60 * 24 * 2,
        &[
            "Copying from tmux over ssh does not reach my clipboard",
            "`set -g set-clipboard on` and OSC 52 in the terminal; both are in the config now.",
        ],
    ),
    invented(
        "garden-bot",
        "pump",
        "Water only after two dry readings",
        80,
        &[
            "The pump runs on every noisy reading",
            "It waits for two dry readings, ten minutes apart. The log shows why it did not run.",
        ],
    ),
    invented(
        "garden-bot",
        "pump",
        "Sensor drifts with temperature",
        60 * 30,
        &[
            "Correct the soil sensor for temperature",
            "A linear term is enough between 5 and 35 °C; the constants are in `sensor.toml`.",
        ],
    ),
    invented(
        "garden-bot",
        "main",
        "Weekly report by mail",
        60 * 24 * 4,
        &["Send me a report on Sundays", "A systemd timer sends it at 08:00; the plot is attached as SVG."],
    ),
    invented(
        "garden-bot",
        "main",
        "Move from GPIO to MQTT",
        60 * 24 * 9,
        &["Read the sensors over MQTT", "Both work for now; GPIO goes when the last sensor has moved."],
    ),
];

/// The home folder of the other device, as it is said to be.
pub(super) const HOME_THERE: &str = "/home/dana";

/// The other device's.
const THERE: [Invented; 2] = [
    invented(
        "shop",
        "fix/rounding",
        "Prices are off by one cent",
        12,
        &[
            "Totals are sometimes one cent too high",
            "Each line was rounded before adding. Sums are exact now and rounded once; one old test expects the wrong \
         total.",
        ],
    ),
    invented(
        "shop",
        "feat/search",
        "Search that forgives typos",
        95,
        &[
            "Let the product search forgive typos",
            "A trigram index does it; 20,000 products take 3 ms. Ready for review.",
        ],
    ),
];

/// Invents this device's sessions below `home`, and the project folders of both
/// devices; gives the folder of the first project.
pub(super) fn invent_here(home: &Path) -> std::io::Result<PathBuf> {
    for invented in HERE.iter().chain(&THERE) {
        fs::create_dir_all(home.join("src").join(invented.project))?;
    }
    invent(home, &home.join("src"), &HERE)?;
    Ok(home.join("src").join(HERE[0].project))
}

/// Invents the other device's. It is said to be elsewhere: its folders are not
/// on this machine.
pub(super) fn invent_there(home: &Path) -> std::io::Result<()> {
    invent(home, &Path::new(HOME_THERE).join("src"), &THERE)
}

/// Sessions with their projects below `src`.
fn invent(home: &Path, src: &Path, all: &[Invented]) -> std::io::Result<()> {
    let now = Utc::now();
    for invented in all {
        let cwd = src.join(invented.project);
        let folder = home.join("claude").join("projects").join(folder_name(&cwd));
        fs::create_dir_all(&folder)?;
        let id = uuid::Uuid::new_v4().to_string();
        let last = now - TimeDelta::minutes(invented.age);
        let path = folder.join(format!("{id}.jsonl"));
        let mut file = fs::File::create(&path)?;
        for line in transcript(invented, &cwd, &id, last) {
            writeln!(file, "{line}")?;
        }
        file.set_modified(last.into())?;
    }
    Ok(())
}

fn transcript(invented: &Invented, cwd: &Path, id: &str, last: DateTime<Utc>) -> Vec<Value> {
    let mut parent = Value::Null;
    let mut lines = Vec::new();
    for (number, text) in invented.turns.iter().enumerate() {
        let uuid = uuid::Uuid::new_v4().to_string();
        let left = i64::try_from(invented.turns.len() - number - 1).unwrap_or(0);
        let user = number % 2 == 0;
        let message = if user {
            json!({ "role": "user", "content": text })
        } else {
            json!({
                "id": format!("msg_{number:02}"), "type": "message", "role": "assistant", "model": "claude-opus-4-8",
                "content": [{ "type": "text", "text": text }], "stop_reason": "end_turn", "stop_sequence": null,
                "usage": { "input_tokens": 10, "output_tokens": 5 },
            })
        };
        lines.push(json!({
            "parentUuid": parent, "isSidechain": false, "userType": "external", "cwd": cwd, "sessionId": id,
            "version": "2.1.330", "gitBranch": invented.branch, "type": if user { "user" } else { "assistant" },
            "message": message, "uuid": uuid,
            "timestamp": (last - TimeDelta::seconds(left * 40)).to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        }));
        parent = Value::String(uuid);
    }
    lines.push(json!({ "type": "ai-title", "aiTitle": invented.title, "sessionId": id }));
    lines
}

/// As Claude Code names a project's folder: every UTF-16 unit that is no ASCII
/// letter or digit becomes `-`. (Only for writing invented ones: real folders
/// are listed, never derived.)
fn folder_name(cwd: &Path) -> String {
    let unit = |unit: u16| match u8::try_from(unit) {
        Ok(byte) if byte.is_ascii_alphanumeric() => char::from(byte),
        _ => '-',
    };
    cwd.to_string_lossy().encode_utf16().map(unit).collect()
}

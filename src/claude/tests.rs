#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

mod branches;
mod continued;
mod listing;
mod odd;
mod searching;

const ID: &str = "11111111-2222-4333-8444-555555555555";
const OTHER: &str = "99999999-2222-4333-8444-555555555555";

/// Claude's folder with whatever a test puts there.
struct Home {
    dir: TempDir,
    store: Store,
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("projects")).unwrap();
        let store = Store::new(dir.path());
        Self { dir, store }
    }

    fn folder(&self, name: &str) -> PathBuf {
        let folder = self.dir.path().join("projects").join(name);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn put(&self, folder: &str, id: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder(folder).join(format!("{id}.jsonl"));
        fs::write(&path, bytes).unwrap();
        path
    }

    fn list(&self) -> Vec<Session> {
        self.store.list(Path::new("/home/dana/wx")).unwrap()
    }

    /// The session that a file of these bytes makes.
    fn session(&self, bytes: impl AsRef<[u8]>) -> Session {
        self.put("-home-dana-wx", ID, bytes);
        let mut all = self.list();
        assert_eq!(all.len(), 1);
        all.remove(0)
    }
}

fn chain(kind: &str, content: &Value, more: &Value) -> String {
    let mut line = json!({
        "parentUuid": null, "isSidechain": false, "cwd": "/home/dana/wx", "gitBranch": "main",
        "entrypoint": "cli", "type": kind, "message": {"role": kind, "content": content},
        "timestamp": "2026-11-20T10:00:00.000Z",
    });
    if kind == "assistant" {
        line["message"]["model"] = json!("claude-opus-4-8");
    }
    for (key, value) in more.as_object().into_iter().flatten() {
        line[key] = value.clone();
    }
    format!("{line}\n")
}

fn user(text: &str) -> String {
    chain("user", &json!(text), &json!({}))
}

fn claude(text: &str) -> String {
    chain("assistant", &json!([{"type": "text", "text": text}]), &json!({}))
}

/// Lines that say nothing, `size` bytes of them at least.
fn filler(size: usize) -> String {
    let line = format!("{{\"type\":\"api-request-blob\",\"data\":\"{}\"}}\n", "x".repeat(900));
    line.repeat(size / line.len() + 1)
}

fn line(kind: &str, key: &str, value: &str) -> String {
    format!("{}\n", json!({"type": kind, key: value, "sessionId": ID}))
}

#[test]
fn a_plain_session_has_all_its_fields() {
    let home = Home::new();
    let session = home.session(user("Refactor the parser") + &claude("Done.\nAll of it."));
    assert_eq!(session.session_id, ID);
    assert_eq!(session.title, "Refactor the parser");
    assert_eq!(session.project, "/home/dana/wx");
    assert_eq!(session.cwd.as_deref(), Some(Path::new("/home/dana/wx")));
    assert_eq!(session.git_branch.as_deref(), Some("main"));
    assert_eq!(crate::handoff::time::print(&session.updated_at), "2026-11-20T10:00:00Z");
    assert_eq!(session.model.as_deref(), Some("claude-opus-4-8"));
    assert_eq!(session.last_words.as_deref(), Some("Done. All of it."));
    assert_eq!(session.size, fs::metadata(&session.path).unwrap().len());
    assert!(session.resumable && !session.hidden && !session.duplicate && !session.damaged);
    let json = serde_json::to_value(&session).unwrap();
    let keys: Vec<_> = json.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys.len(), 9, "{keys:?}");
    assert_eq!(json["live"], "no");
}

#[test]
fn the_real_examples_read_as_claude_shows_them() {
    // Invented lines of 18 types that the real claude (2.1.330) accepts and lists.
    let examples = include_bytes!("tests/examples.jsonl");
    let home = Home::new();
    let session = home.session(examples);
    assert_eq!(session.title, "uploader retry");
    assert_eq!(session.git_branch.as_deref(), Some("feat/retry"));
    assert_eq!(session.last_words.as_deref(), Some("All 14 tests pass."));
    assert_eq!(session.tag.as_deref(), Some("backend"));
    assert_eq!(session.pull_request.as_deref(), Some("example/uploader#42"));
    assert!(session.resumable && !session.damaged);
    let turns = preview(&session.path, &Excerpt::Last, 100).unwrap().turns;
    let text: Vec<_> = turns.iter().map(|turn| (turn.role, turn.text.as_str())).collect();
    assert!(text.contains(&(Role::User, "! cargo test -q")), "{text:#?}");
    assert!(text.contains(&(Role::Tool, "output test result: ok. 14 passed")), "{text:#?}");
    assert!(
        text.contains(&(Role::Tool, "Read /home/dana/src/uploader/src/upload.rs (3 lines)")),
        "{text:#?}"
    );
    assert!(text.contains(&(Role::Tool, "image PNG 70 B")), "{text:#?}");
    assert_eq!(text.last(), Some(&(Role::Assistant, "All 14 tests pass.")));
}

#[test]
fn titles_follow_the_pickers_order() {
    let home = Home::new();
    let custom = line("custom-title", "customTitle", "by hand");
    let ai = line("ai-title", "aiTitle", "by claude");
    let summary = line("summary", "summary", "in sum");
    let last = line("last-prompt", "lastPrompt", "the last thing");
    let talk = user("first") + &claude("ok");
    for (file, title) in [
        (talk.clone(), "first"),
        (talk.clone() + &last, "the last thing"),
        (talk.clone() + &last + &summary, "in sum"),
        (talk.clone() + &ai + &last + &summary, "by claude"),
        (talk.clone() + &custom + &ai + &last, "by hand"),
        (talk.clone() + &custom + &line("custom-title", "customTitle", "renamed"), "renamed"),
        (talk.clone() + &custom + &filler(140_000) + &ai, "by hand"),
        (talk.clone() + &filler(140_000) + &custom + &filler(140_000) + &ai, "by claude"),
        (ai.clone() + &talk + &filler(140_000) + &last, "by claude"),
        (talk.clone() + &last + &filler(140_000), "first"),
        (filler(140_000) + &talk, "first"),
        (user("<command-name>/clear</command-name>") + &talk, "first"),
        (user("<command-name>/clear</command-name>") + &filler(140_000) + &talk, "first"),
        (user("<command-name>/clear</command-name>"), "/clear"),
        (user("<command-name>/review</command-name><command-args>x</command-args>") + &talk, "/review x"),
        (user("<bash-input>ls</bash-input>"), "! ls"),
        (user("<local-command-stdout>hm</local-command-stdout>") + &talk, "first"),
        (chain("user", &json!("meta"), &json!({"isMeta": true})) + &talk, "first"),
        (chain("user", &json!("sum"), &json!({"isCompactSummary": true})) + &talk, "first"),
        (
            chain(
                "user",
                &json!([{"type": "tool_result", "content": "r"}, {"type": "text", "text": "t"}]),
                &json!({}),
            ) + &talk,
            "first",
        ),
        (chain("user", &json!([{"type": "image"}, {"type": "text", "text": "look"}]), &json!({})), "look"),
        (claude("only an answer"), "(session)"),
        (line("custom-title", "customTitle", "a\u{1b}]52;c;AA\u{7}\n\u{202e}b\u{9b}31mc"), "a bc"),
    ] {
        assert_eq!(home.session(&file).title, title, "{}", &file[..file.len().min(300)]);
    }
}

#[test]
fn a_title_beside_the_file_counts_when_its_line_has_left_the_tail() {
    let home = Home::new();
    let sidecar = home.folder("-home-dana-wx").join(ID);
    fs::create_dir(&sidecar).unwrap();
    fs::write(sidecar.join("custom-title.json"), r#"{"customTitle":"beside"}"#).unwrap();
    let old = line("custom-title", "customTitle", "old");
    assert_eq!(home.session(user("x") + &old + &filler(140_000)).title, "beside");
    assert_eq!(home.session(user("x") + &old).title, "old");
    assert_eq!(home.session(user("x") + &line("ai-title", "aiTitle", "ai")).title, "beside");
}

#[test]
fn lines_longer_than_a_window_still_tell_what_they_can() {
    let home = Home::new();
    let long = home.session(user(&format!("Please \"read\" this: {}", "word ".repeat(40_000))));
    assert!(long.title.starts_with("Please \"read\" this: word word"), "{}", long.title);
    assert_eq!(long.title.chars().count(), 200);
    assert!(long.resumable);

    let raw = |content: &str| {
        format!(
            "{{\"parentUuid\":null,\"isSidechain\":false,\"type\":\"user\",\"message\":{{\"role\":\"user\",\"content\":{content}"
        )
    };
    let x = "x".repeat(300_000);
    assert!(home.session(raw(&format!("\"go {x}\"}}}}\n"))).title.starts_with("go xxx"));
    let blocks = format!("[{{\"type\":\"text\",\"text\":\"go {x}\"}}]}}}}\n");
    assert!(home.session(raw(&blocks)).title.starts_with("go xxx"));
    let result = format!("[{{\"type\":\"tool_result\",\"content\":\"go {x}\"}}]}}}}\n");
    assert_eq!(home.session(raw(&result)).title, "(session)");
    let answer = raw(&format!("[{{\"type\":\"text\",\"text\":\"{x}\"}}]}}}}\n")).replace("user", "assistant");
    assert_eq!(home.session(answer).title, "(session)");

    // 96 KiB: torn by both windows, whole only between them.
    let one = home.session(user(&"é\u{1f600}".repeat(17_000)));
    assert!(one.resumable && one.title.starts_with("é😀é😀") && !one.damaged, "{one:?}");

    let image = chain("user", &json!([{"type": "image", "data": "A".repeat(4 << 20)}]), &json!({}));
    let file = image + &line("last-prompt", "lastPrompt", "look");
    let big = home.session(&file);
    assert_eq!((big.title.as_str(), big.resumable, big.damaged), ("look", true, false));

    // The tail begins in the middle of this title's line.
    let cut = format!(
        "{{\"pad\":\"{}\",\"type\":\"custom-title\",\"customTitle\":\"torn\"}}\n",
        "p".repeat(150_000)
    );
    assert_eq!(home.session(user("x") + &cut).title, "torn");
}

#[test]
fn last_words_are_the_conversations_own() {
    let home = Home::new();
    let agent =
        chain("assistant", &json!([{"type": "text", "text": "agent"}]), &json!({"isSidechain": true}));
    let tool = chain("user", &json!([{"type": "tool_result", "content": "r"}]), &json!({}));
    let words = |file: String| home.session(file).last_words;
    assert_eq!(words(user("ask") + &claude("said") + &tool + &agent).as_deref(), Some("said"));
    assert_eq!(words(claude("said") + &user("ask") + &tool).as_deref(), Some("ask"));
    assert_eq!(words(user("ask") + &filler(140_000)).as_deref(), Some("ask"));
    assert_eq!(words(line("mode", "mode", "normal")), None);
    // What claude's own program did is nobody's words.
    let command = |name: &str, args: &str| {
        user(&format!("<command-name>/{name}</command-name>\n<command-args>{args}</command-args>"))
    };
    let done = user("<local-command-stdout>Bye!</local-command-stdout>");
    let talk = user("ask") + &claude("said");
    let caveat =
        chain("user", &json!("<local-command-caveat>x</local-command-caveat>"), &json!({"isMeta": true}));
    assert_eq!(words(talk.clone() + &caveat + &command("exit", "") + &done).as_deref(), Some("said"));
    assert_eq!(words(talk.clone() + &command("model", "opus") + &done).as_deref(), Some("said"));
    assert_eq!(words(talk + &command("review", "the parser")).as_deref(), Some("/review the parser"));
    assert_eq!(words(command("exit", "") + &done), None);
}

#[test]
fn half_an_emoji_in_a_prompt_is_no_damage() {
    let home = Home::new();
    let cut = "{\"type\":\"last-prompt\",\"lastPrompt\":\"party \\ud83c\"}\n";
    let session = home.session(user("x") + cut);
    assert_eq!((session.title.as_str(), session.damaged), ("party \u{fffd}", false));
}

#[test]
fn the_directory_is_the_one_to_go_back_to() {
    let home = Home::new();
    let at = |cwd: &str| chain("user", &json!("x"), &json!({"cwd": cwd}));
    let cwd = |file: String| home.session(file).cwd.unwrap().display().to_string();
    let mode = line("mode", "mode", "normal");
    assert_eq!(cwd(mode.clone() + &at("/home/dana/wx") + &at("/home/dana/wx/sub")), "/home/dana/wx");
    // Brought from another device and resumed here.
    assert_eq!(cwd(at("/Users/d/wx") + &at("/home/dana/wx") + &at("/home/dana/wx/sub")), "/home/dana/wx");
    assert_eq!(cwd(at("/Users/d/wx") + &filler(140_000) + &at("/home/dana/wx")), "/home/dana/wx");
    assert_eq!(cwd(at("/Users/d/wx") + &at("/Users/d/wx/sub")), "/Users/d/wx");
    let moved = line("relocated", "relocatedCwd", "/home/dana/new");
    assert_eq!(cwd(at("/home/dana/wx") + &moved + &at("/home/dana/wx")), "/home/dana/new");
    assert_eq!(cwd(at("/home/dana/wx") + &moved + &filler(140_000)), "/home/dana/new");
    assert_eq!(home.session(mode).cwd, None);
    let odd = chain("user", &json!("x"), &json!({"cwd": 7})) + &at("/tmp/a\u{1b}[31m\u{202e}b");
    let session = home.session(odd);
    assert_eq!(session.project, "/tmp/ab");
    assert_eq!(session.cwd, Some(PathBuf::from("/tmp/a\u{1b}[31m\u{202e}b")));
}

#[test]
fn branches_times_and_models() {
    let home = Home::new();
    let on = |branch: &str| chain("user", &json!("x"), &json!({"gitBranch": branch}));
    assert_eq!(home.session(on("a") + &on("b")).git_branch.as_deref(), Some("b"));
    assert_eq!(home.session(on("a") + &filler(140_000)).git_branch.as_deref(), Some("a"));
    assert_eq!(home.session(on("a") + &on("HEAD")).git_branch, None);
    assert_eq!(home.session(on("")).git_branch, None);

    let at = |time: &str| chain("user", &json!("x"), &json!({"timestamp": time}));
    let time = |file: String| crate::handoff::time::print(&home.session(file).updated_at);
    assert_eq!(time(at("2026-01-02T03:04:05.678Z") + &at("nonsense")), "2026-01-02T03:04:05Z");
    // From the future: the file's own time.
    let ahead = home.session(at("2999-01-01T00:00:00.000Z"));
    let file: DateTime<Utc> = fs::metadata(&ahead.path).unwrap().modified().unwrap().into();
    assert_eq!(ahead.updated_at, file);
    let silent =
        chain("assistant", &json!("down"), &json!({"message": {"model": "<synthetic>", "content": "down"}}));
    assert_eq!(home.session(claude("x") + &silent).model.as_deref(), Some("claude-opus-4-8"));
}

#[test]
fn what_claude_would_not_resume_says_why() {
    let home = Home::new();
    let side = chain("user", &json!("go"), &json!({"isSidechain": true}));
    for (file, why) in [
        (String::new(), "the file is empty"),
        (line("summary", "summary", "x"), "it contains no messages"),
        (
            line("mode", "mode", "normal") + &line("custom-title", "customTitle", "x"),
            "it contains no messages",
        ),
        (" \n\n".to_owned(), "it contains no messages"),
        ("\0".repeat(5000), "none of its messages can be read"),
        ("garbage\nmore\n".to_owned(), "none of its messages can be read"),
        (side.repeat(3), "it contains only a subagent's messages"),
        (side.repeat(2000), "it contains only a subagent's messages"),
        (filler(70_000), "it contains no messages"),
    ] {
        let session = home.session(&file);
        assert_eq!(session.why_not.as_deref(), Some(why));
        assert!(!session.resumable && !session.title.is_empty());
    }
    assert!(home.session(side.clone() + &user("x")).resumable);
}

#[test]
fn where_the_ends_do_not_tell_the_middle_is_read() {
    let home = Home::new();
    let side = chain("user", &json!("go"), &json!({"isSidechain": true}));
    let sides = side.repeat(70_000 / side.len() + 1);
    let (state, talk) = (filler(70_000), user("hello") + &claude("hi"));
    let huge = user(&"x".repeat(300_000));
    let huge_side = chain("user", &json!("x".repeat(300_000)), &json!({"isSidechain": true}));
    let queued = format!("{}\n", json!({"type": "queue-operation", "content": "x".repeat(300_000)}));
    let image = chain("user", &json!([{"type": "image", "data": "A".repeat(1 << 20)}]), &json!({}));
    let spaced = |line: &str| line.replace("\":", "\": ");
    let traffic = format!(
        "{}\n{}\n",
        json!({"model": "x", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 9}),
        json!({"id": "msg_01", "type": "message", "role": "assistant", "content": [{"type": "text", "text": "hi"}]}),
    );
    // What claude says of the plain ones was asked of 2.1.332; the spaced and the cut
    // ones follow from how it reads lines.
    for (what, file, why) in [
        ("NUL", "\0".repeat(200_000), Some("none of its messages can be read")),
        ("white space", " \n".repeat(100_000), Some("it contains no messages")),
        ("garbage", "garbage\n".repeat(30_000), Some("none of its messages can be read")),
        ("a page of HTML", "<p>Not found</p>\n".repeat(15_000), Some("none of its messages can be read")),
        ("state", filler(200_000), Some("it contains no messages")),
        (
            "a summary",
            state.clone() + &line("summary", "summary", "x") + &state,
            Some("it contains no messages"),
        ),
        ("traffic with the API", state.clone() + &traffic + &state, Some("it contains no messages")),
        ("a queue", queued, Some("it contains no messages")),
        (
            "sub-agents between",
            state.clone() + &side + &state,
            Some("it contains only a subagent's messages"),
        ),
        ("a huge one of theirs", huge_side.clone(), Some("it contains only a subagent's messages")),
        (
            "theirs, spaced",
            state.clone() + &spaced(&huge_side) + &state,
            Some("it contains only a subagent's messages"),
        ),
        ("a torn prompt", huge[..huge.len() - 100].to_owned(), Some("none of its messages can be read")),
        ("a huge prompt", huge.clone(), None),
        ("a huge prompt, spaced", state.clone() + &spaced(&huge) + &state, None),
        ("an image", state.clone() + &image + &state, None),
        ("talk between state", state.clone() + &talk + &state, None),
        ("talk between sub-agents", sides.clone() + &talk + &sides, None),
        ("talk over a chunk's edge", filler(262_000) + &talk + &state, None),
    ] {
        home.put("-home-dana-wx", ID, &file);
        let session = home.store.find(ID).remove(0);
        assert_eq!(session.why_not.as_deref(), why, "{what}");
        assert_eq!((session.resumable, session.checking), (why.is_none(), false), "{what}");
        // The screen's row does not wait.
        let mut told: Vec<(bool, bool)> = Vec::new();
        home.store
            .scan_told(Path::new("/"), &mut |rows, _| {
                told.extend(rows.iter().map(|row| (row.checking, row.resumable)));
            })
            .unwrap();
        assert_eq!(told, [(true, true), (false, why.is_none())], "{what}");
    }
    // A conversation at an end is not looked for.
    home.session(talk.clone() + &filler(200_000));
    let mut told = 0;
    home.store.scan_told(Path::new("/"), &mut |rows, _| told += rows.len()).unwrap();
    assert_eq!(told, 1);
}

#[test]
fn what_claude_tolerates_is_resumable() {
    let home = Home::new();
    let talk = user("hello") + &claude("hi");
    let mut bad_utf8 = user("first").into_bytes();
    bad_utf8.extend(b"{\"type\":\"user\",\"message\":{\"content\":\"caf\xe9\"}}\n");
    let damaged: [(&str, Vec<u8>, bool); 12] = [
        ("truncated last line", (talk.clone() + "{\"type\":\"user\",\"mess").into_bytes(), false),
        ("no final newline", talk.trim_end().into(), false),
        ("garbage in the middle", (user("a") + "{\"type\":\"us\n" + &claude("b")).into_bytes(), true),
        ("NUL padding", (user("a") + "\0\0\0\0" + &claude("b")).into_bytes(), true),
        (
            "NUL in a line",
            (user("a") + &user("b").replace("mess", "me\0\0\0\0") + &claude("c")).into_bytes(),
            true,
        ),
        ("NUL tail", (talk.clone() + &"\0".repeat(143_000)).into_bytes(), true),
        ("invalid UTF-8", bad_utf8, false),
        ("CRLF", talk.replace('\n', "\r\n").into_bytes(), false),
        ("BOM", format!("\u{feff}{talk}").into_bytes(), false),
        ("twice", talk.repeat(2).into_bytes(), false),
        ("spaces", talk.replace("\":", "\": ").into_bytes(), false),
        ("bare", b"{\"type\":\"user\",\"message\":{\"content\":\"hello\"}}".to_vec(), false),
    ];
    for (what, bytes, is_damaged) in damaged {
        let session = home.session(bytes);
        assert!(session.resumable, "{what}");
        assert_eq!(session.damaged, is_damaged, "{what}");
        assert!(["hello", "a", "first"].contains(&session.title.as_str()), "{what}: {}", session.title);
        assert!(!preview(&session.path, &Excerpt::Last, 5).unwrap().turns.is_empty(), "{what}");
    }
}

#[test]
fn runs_of_programs_and_agents_are_hidden() {
    let home = Home::new();
    let hidden = |more: Value| home.session(chain("user", &json!("x"), &more)).hidden;
    assert!(!hidden(json!({})));
    for entrypoint in ["sdk-cli", "sdk-ts", "sdk-py"] {
        assert!(hidden(json!({"entrypoint": entrypoint})));
    }
    assert!(!hidden(json!({"entrypoint": "claude-desktop"})));
    assert!(hidden(json!({"isSidechain": true})));
    assert!(hidden(json!({"teamName": "t"})));
    assert!(hidden(json!({"sessionKind": "daemon-worker"})));
    // The words themselves, not what begins like them.
    for shown in
        [json!({"entrypoint": "sdk-go"}), json!({"sessionKind": "daemonish"}), json!({"teamName": ""})]
    {
        assert!(!hidden(shown.clone()), "{shown}");
    }
    // The beginning says whose it is.
    let team = chain("user", &json!("x"), &json!({"teamName": "t"}));
    let daemon = chain("user", &json!("x"), &json!({"sessionKind": "daemon"}));
    for late in [&team, &daemon] {
        assert!(!home.session(user("x") + &filler(140_000) + late).hidden, "{late}");
        assert!(home.session(late.clone() + &filler(140_000) + &user("x")).hidden, "{late}");
    }
    assert!(!home.session(user("x") + &daemon).hidden, "the first line of the talk decides");
    // Wherever in a line it is said.
    let written = |more: &str| {
        let line = "{\"parentUuid\":null,\"isSidechain\":false,\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":\"x\"},\"uuid\":\"u\"";
        home.session(format!("{line}{more}}}\n")).hidden
    };
    assert!(!written("") && written(",\"teamName\":\"t\"") && written(",\"sessionKind\":\"daemon\""));
    // What `/loop` began repeats itself.
    let command = |name: &str| user(&format!("<command-name>/{name}</command-name>"));
    let meta = chain("user", &json!("x"), &json!({"isMeta": true}));
    assert!(home.session(command("loop") + &claude("x")).hidden);
    assert!(home.session(meta + &command("loop") + &claude("x")).hidden);
    assert!(!home.session(user("x") + &command("loop")).hidden, "later");
    assert!(!home.session(command("looper") + &claude("x")).hidden);
    // A sub-agent's line in the head hides; one in the tail alone does not.
    let side = chain("user", &json!("x"), &json!({"isSidechain": true}));
    assert!(home.session(user("x") + &side).hidden);
    assert!(!home.session(user("x") + &filler(140_000) + &side).hidden);
}

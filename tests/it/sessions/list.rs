//! `sessions`: what is listed, in which order, under which title.

use std::fs;

use crate::support::session::{Transcript, new_id, write};
use crate::support::{Device, seconds, text};
use serde_json::{Value, json};

fn find<'a>(list: &'a Value, id: &str) -> Option<&'a Value> {
    list.as_array().unwrap().iter().find(|row| row["session_id"] == id)
}

#[test]
fn every_field_is_there() {
    let a = Device::new();
    let session = a.session("uploader", "Retry with jitter");
    let list = a.json(&["sessions"]);
    let row = find(&list, &session.id).expect("listed");
    assert_eq!(row["title"], "Retry with jitter");
    assert_eq!(row["project"], Value::from(session.project.to_str().unwrap()));
    assert_eq!(row["git_branch"], "main");
    assert_eq!(row["size"], fs::metadata(&session.path).unwrap().len());
    assert_eq!(row["path"], Value::from(session.path.to_str().unwrap()));
    assert_eq!(row["live"], "no");
    assert_eq!(row["resumable"], true);
    assert!(row.get("why_not").is_none_or(Value::is_null));
    // The last message's time, not that of the file, which is new.
    assert_eq!(row["updated_at"], "2026-11-20T10:00:05Z");
    seconds(row, "updated_at");
    a.cmd(&["sessions"]).ok().says(&["Retry with jitter", "uploader", "main"]);
}

#[test]
fn newest_first_and_this_directorys_before_them() {
    let a = Device::new();
    let here = a.project("here").canonicalize().unwrap();
    let add = |project: &str, title: &str, time: &str| {
        crate::support::session::write_session(&a.claude, &a.project(project), title, time)
    };
    add("one", "Middle", "2026-11-21T10:00:00.000Z");
    add("two", "Newest", "2026-11-22T10:00:00.000Z");
    let mine = add("here", "Oldest", "2026-11-19T10:00:00.000Z");
    let titles = |list: &Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|r| text(r, "title").to_owned()).collect()
    };
    assert_eq!(titles(&a.json(&["sessions"])), ["Newest", "Middle", "Oldest"]);
    let below = here.join("src/deep");
    fs::create_dir_all(&below).unwrap();
    for dir in [&here, &below] {
        let list = a.cmd(&["sessions", "--json"]).cwd(dir).ok().json();
        assert_eq!(titles(&list), ["Oldest", "Newest", "Middle"], "in {}", dir.display());
        assert_eq!(list[0]["session_id"], Value::from(mine.id.as_str()));
    }
    // A folder whose name only begins alike is another project.
    let list = a.cmd(&["sessions", "--json"]).cwd(&a.project("here-too")).ok().json();
    assert_eq!(titles(&list), ["Newest", "Middle", "Oldest"]);
}

#[test]
fn subagents_and_sidechains_are_no_sessions() {
    let a = Device::new();
    let session = a.session("uploader", "The session");
    let side = |id: &str| {
        let side = Transcript::named(id, &session.project).aside().at("2026-11-24T10:00:00.000Z");
        side.says("look around").to_string()
    };
    // Beside the session (old versions), below it (new ones), and one that has
    // a session's name but holds a sidechain.
    write(&a.claude, &session.project, "agent-0a1b2c3.jsonl", side(&session.id));
    let below = session.path.with_extension("").join("subagents");
    fs::create_dir_all(&below).unwrap();
    fs::write(below.join("agent-a0b16c2803b151cdc.jsonl"), side(&session.id)).unwrap();
    let chain = new_id();
    write(&a.claude, &session.project, &format!("{chain}.jsonl"), side(&chain));

    let list = a.json(&["sessions"]);
    assert_eq!(list.as_array().unwrap().len(), 1, "{list:#}");
    assert_eq!(list[0]["session_id"], Value::from(session.id.as_str()));
    let all = a.json(&["sessions", "--all"]);
    assert_eq!(find(&all, &chain).expect("shown with --all")["resumable"], false);
    assert_eq!(all.as_array().unwrap().len(), 2, "an agent's file never: {all:#}");
}

#[test]
fn sdk_runs_are_shown_when_asked() {
    let a = Device::new();
    let session = a.session("uploader", "Typed by a person");
    let content = fs::read_to_string(&session.path).unwrap();
    let id = new_id();
    let sdk =
        content.replace(&session.id, &id).replace("\"entrypoint\":\"cli\"", "\"entrypoint\":\"sdk-cli\"");
    write(&a.claude, &session.project, &format!("{id}.jsonl"), sdk);
    let list = a.json(&["sessions"]);
    assert!(find(&list, &id).is_none() && find(&list, &session.id).is_some(), "{list:#}");
    assert!(find(&a.json(&["sessions", "--all"]), &id).is_some());
}

/// The title of a session of these lines.
fn title_of(lines: impl FnOnce(Transcript) -> Transcript) -> String {
    let a = Device::new();
    let session = lines(Transcript::new(&a.project("p"))).write(&a.claude);
    let list = a.json(&["sessions", "--all"]);
    text(find(&list, &session.id).unwrap_or_else(|| panic!("{list:#}")), "title").to_owned()
}

#[test]
fn titles_are_claudes_own() {
    let custom = |to: Transcript, title: &str| to.state("custom-title", "customTitle", title);
    let last = |to: Transcript| to.state("last-prompt", "lastPrompt", "last");
    let summed = |to: Transcript| to.state("summary", "summary", "summary");
    let rest = |to: Transcript| last(summed(to.says("first").titled("ai")));
    assert_eq!(title_of(|to| rest(custom(to, "custom"))), "custom");
    assert_eq!(title_of(rest), "ai");
    assert_eq!(title_of(|to| last(summed(to.says("first")))), "summary");
    assert_eq!(title_of(|to| last(to.says("first"))), "last");
    assert_eq!(title_of(|to| to.says("first\nprompt").says("second")), "first prompt");
    // Renamed: the last one counts.
    assert_eq!(title_of(|to| custom(custom(to, "old").says("first"), "new")), "new");
    // Wrappers and notes are no prompts.
    let skipped = |to: Transcript| {
        to.says("a note of the program")
            .with("isMeta", true)
            .says("This session is being continued")
            .with("isCompactSummary", true)
            .says("<system-reminder>x</system-reminder>")
            .says("the real one")
    };
    assert_eq!(title_of(skipped), "the real one");
    assert_eq!(title_of(|to| to.says("<bash-input>cargo test</bash-input>")), "! cargo test");
    assert_eq!(title_of(|to| to.says("<command-name>/clear</command-name>").answers("x")), "/clear");
}

#[test]
fn the_true_project_is_in_the_lines() {
    // Both have the folder name `-home-…----app`.
    let a = Device::new();
    let (one, other) = (a.session("외주/app", "One"), a.session("개인/app", "Other"));
    assert_eq!(one.path.parent(), other.path.parent(), "they do share a folder");
    let list = a.json(&["sessions"]);
    for session in [&one, &other] {
        let row = find(&list, &session.id).expect("listed");
        assert_eq!(row["project"], Value::from(session.project.to_str().unwrap()));
        let here = a.cmd(&["--json"]).cwd(&session.project).ok().json();
        assert_eq!(here["session_id"], Value::from(session.id.as_str()), "told apart by the directory");
    }
    // After /cd the line that says so wins.
    let moved = a.project("moved").canonicalize().unwrap();
    one.grows(|more| more.state("relocated", "relocatedCwd", moved.to_str().unwrap()));
    let list = a.json(&["sessions"]);
    assert_eq!(find(&list, &one.id).unwrap()["project"], Value::from(moved.to_str().unwrap()));
}

#[test]
fn a_live_session_is_known_by_its_process() {
    let a = Device::new();
    let session = a.session("uploader", "Open");
    let registry = a.claude.join("sessions");
    fs::create_dir_all(&registry).unwrap();
    let live = || text(find(&a.json(&["sessions"]), &session.id).unwrap(), "live").to_owned();
    // This test is the process that holds it; field 22 is its start.
    let pid = std::process::id();
    let process = fs::read_to_string("/proc/self/stat").unwrap();
    let start = process.rsplit(')').next().unwrap().split_whitespace().nth(19).unwrap().to_owned();
    let file = registry.join(format!("{pid}.json"));
    let entry = |more: Value| {
        let mut entry =
            json!({"pid": pid, "sessionId": session.id, "cwd": session.project, "kind": "interactive"});
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        fs::write(&file, entry.to_string()).unwrap();
    };
    entry(json!({"procStart": start}));
    assert_eq!(live(), "yes");
    entry(json!({}));
    assert_eq!(live(), "yes", "without a start the process is enough");
    entry(json!({"procStart": "1"}));
    assert_eq!(live(), "no", "another process has that number now");
    entry(json!({"procStart": start, "pidDomain": "linux:another-machine:pid:[1]"}));
    assert_eq!(live(), "perhaps");
    fs::write(&file, "{\"pid\":").unwrap();
    assert_eq!(live(), "no", "a torn record");
    fs::remove_file(&file).unwrap();
    // No process has this number.
    let gone = json!({"pid": 4_000_000, "sessionId": session.id, "procStart": "1"});
    fs::write(registry.join("4000000.json"), gone.to_string()).unwrap();
    assert_eq!(live(), "no");
}

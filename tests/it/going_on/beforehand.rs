//! What is said before a session goes on here: the repository's state, and claude's
//! own questions.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Device, text, tool_is_missing};

fn notes(device: &Device, token: &str) -> String {
    let plans = device.json(&["pickup", token])["plans"].clone();
    let here: &Value =
        plans.as_array().unwrap().iter().find(|plan| plan["kind"] == "here").expect("a way here");
    here["notes"].to_string()
}

fn git(dir: &Path, args: &[&str]) {
    let who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"];
    assert!(
        Command::new("git").args(who).args(args).current_dir(dir).output().unwrap().status.success(),
        "{args:?}"
    );
}

fn commit(dir: &Path, message: &str) {
    fs::write(dir.join("file"), message).unwrap();
    git(dir, &["add", "file"]);
    git(dir, &["commit", "-q", "-m", message]);
}

#[test]
fn how_the_repository_differs() {
    if tool_is_missing("git") {
        return;
    }
    let a = Device::new();
    let b = Device::beside(&a);
    let dir = a.project("uploader");
    git(&dir, &["init", "-q"]);
    commit(&dir, "one");
    let session = a.session("uploader", "Of a repository");
    let same = a.publish_session(&session, &[]);
    let said = notes(&b, text(&same, "token"));
    assert!(!said.contains("repository") && !said.contains("branch"), "{said}");

    git(&dir, &["checkout", "-q", "-b", "other"]);
    let said = notes(&b, text(&same, "token"));
    assert!(said.contains("was on branch main"), "{said}");
    commit(&dir, "two");
    let said = notes(&b, text(&same, "token"));
    assert!(said.contains("was published at") && !said.contains("is not in the repository"), "{said}");

    let ahead = a.publish_session(&session, &[]);
    git(&dir, &["checkout", "-q", "main"]);
    git(&dir, &["branch", "-q", "-D", "other"]);
    git(&dir, &["reflog", "expire", "--expire=now", "--all"]);
    git(&dir, &["gc", "-q", "--prune=now"]);
    fs::write(dir.join("file"), "changed").unwrap();
    let said = notes(&b, text(&ahead, "token"));
    assert!(said.contains("is not in the repository here") && said.contains("uncommitted"), "{said}");

    fs::remove_dir_all(dir.join(".git")).unwrap();
    let said = notes(&b, text(&ahead, "token"));
    assert!(said.contains("is not a git repository"), "{said}");
}

#[test]
fn what_claude_will_ask() {
    let a = Device::new();
    let b = Device::beside(&a);
    let session = a.session("uploader", "Large and old");
    let published = a.publish_session(&session, &[]);
    let token = text(&published, "token");
    let state = a.claude.join(".claude.json");
    // A state that cannot be read says nothing.
    assert!(!notes(&b, token).contains("trust"));
    fs::write(&state, "{}").unwrap();
    assert!(notes(&b, token).contains("whether you trust this folder"), "{}", notes(&b, token));
    let trusted = json!({"projects": {session.project.to_str().unwrap(): {"hasTrustDialogAccepted": true}}});
    fs::write(&state, trusted.to_string()).unwrap();
    assert!(!notes(&b, token).contains("trust"));

    assert!(!notes(&b, token).contains("summary"), "it is small");
    let large = json!({"input_tokens": 10, "cache_read_input_tokens": 150_000, "output_tokens": 5});
    session.grows(|more| more.at("2026-11-20T10:10:00.000Z").answers_for("so", &large));
    let said = notes(&b, token);
    assert!(said.contains("resume from a summary") && said.contains("Resume full session as-is"), "{said}");
    let here = |run: crate::support::Run| run.ok().json()["plans"][0]["notes"].to_string();
    let young =
        here(b.cmd(&["pickup", token, "--json"]).env("CLAUDE_CODE_RESUME_THRESHOLD_MINUTES", "99999999"));
    assert!(!young.contains("summary"), "{young}");
    let small = here(b.cmd(&["pickup", token, "--json"]).env("CLAUDE_CODE_RESUME_TOKEN_THRESHOLD", "200000"));
    assert!(!small.contains("summary"), "{small}");
    fs::write(&state, json!({"resumeReturnDismissed": true, "projects": trusted["projects"]}).to_string())
        .unwrap();
    assert!(!notes(&b, token).contains("summary"));
}

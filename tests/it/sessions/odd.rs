//! Damaged, empty, foreign and enormous files: they never stop the list nor
//! pass for a session.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::support::session::{Transcript, new_id, write};
use crate::support::{Device, Session, text};
use serde_json::{Value, json};

fn find<'a>(list: &'a Value, id: &str) -> Option<&'a Value> {
    list.as_array().unwrap().iter().find(|row| row["session_id"] == id)
}

/// The list, which must come at once whatever lies in the folder.
fn list(a: &Device, args: &[&str]) -> Value {
    a.cmd(args).arg("--json").within(Duration::from_secs(20)).ok().json()
}

/// A good session and one of these bytes; the bytes' row, if it has one.
fn beside_a_good_one(content: &[u8]) -> (Device, Session, Option<Value>) {
    let a = Device::new();
    let good = a.session("uploader", "Good");
    let id = new_id();
    write(&a.claude, &good.project, &format!("{id}.jsonl"), content);
    let all = list(&a, &["sessions"]);
    assert!(find(&all, &good.id).is_some_and(|r| r["resumable"] == true), "the good one is hidden: {all:#}");
    let row = find(&all, &id).cloned();
    (a, good, row)
}

/// A prompt and a title, each as a line without its end.
fn turn(title: &str) -> [String; 2] {
    let talk = Transcript::new(Path::new("/home/dana/wx"));
    let talk = [talk.clone().says("Refactor the parser"), talk.titled(title)];
    talk.map(|line| line.to_string().trim_end().to_owned())
}

#[test]
fn an_api_error_as_the_last_turn_is_said() {
    let a = Device::new();
    let session = a.session("uploader", "Refused");
    session.grows(|more| {
        more.at("2026-11-20T10:00:09.000Z").answers("API Error: 400").with("isApiErrorMessage", true)
    });
    a.cmd(&["sessions"]).ok().says(&["last turn: API error"]);
    assert_eq!(list(&a, &["sessions"])[0]["api_error"], true);
    a.cmd(&["resume", "--print", &session.id]).ok().says(&["ended in an error of the API"]);
}

#[test]
fn folders_that_a_resume_leaves_out_are_named() {
    let a = Device::new();
    let session = a.session("uploader", "With another folder");
    let start = json!({"type": "attachment", "attachment": {"type": "environment", "snapshot": {
        "workingDirectory": session.project, "additionalWorkingDirectories": ["/srv/extra"],
    }}});
    session.grows(|more| more.line(&start));
    let out = a
        .cmd(&["resume", "--print", &session.id])
        .ok()
        .says(&["--add-dir are not part of a resume: /srv/extra"]);
    assert!(!out.stdout.contains("/srv/extra"), "nothing is added by itself: {}", out.stdout);
}

#[test]
fn damaged_files_are_listed_and_resumable() {
    // claude resumes each of these.
    let [user, title] = turn("Damaged");
    let nul = "\0".repeat(300);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("no final newline", format!("{user}\n{title}").into()),
        ("truncated last line", format!("{user}\n{title}\n{}", &user[..60]).into()),
        ("truncated line in the middle", format!("{user}\n{}\n{user}\n{title}\n", &user[..60]).into()),
        ("garbage line", format!("{user}\nnot json at all\n{title}\n").into()),
        ("garbage first", format!("}}{{\n{user}\n{title}\n").into()),
        ("NUL run between lines", format!("{user}\n{nul}\n{title}\n").into()),
        ("NUL tail of 143 KB", format!("{user}\n{title}\n{}", "\0".repeat(143_000)).into()),
        (
            "invalid UTF-8",
            [user.as_bytes(), b"\n\xff\xfe{\"x\":\xc3\x28}\n", title.as_bytes(), b"\n"].concat(),
        ),
        ("CR LF", format!("{user}\r\n{title}\r\n").into()),
        ("byte order mark", format!("\u{feff}{user}\n{title}\n").into()),
        ("doubled tail", format!("{user}\n{title}\n{user}\n{title}\n").into()),
        ("blank lines", format!("\n\n{user}\n\n{title}\n\n").into()),
        (
            "a line of 3 MB",
            format!("{user}\n{{\"type\":\"progress\",\"x\":\"{}\"}}\n{title}\n", "y".repeat(3_000_000))
                .into(),
        ),
    ];
    for (name, content) in cases {
        let (_, _, row) = beside_a_good_one(&content);
        let row = row.unwrap_or_else(|| panic!("{name}: not listed"));
        assert_eq!(row["resumable"], true, "{name}: {row:#}");
        // Far from both ends the title may be out of reach, never the session.
        if !name.starts_with("NUL tail") {
            assert_eq!(row["title"], "Damaged", "{name}");
        }
    }
}

#[test]
fn what_claude_would_not_find_is_not_resumable() {
    let side = Transcript::new(Path::new("/home/dana/wx")).aside().says("Refactor the parser").to_string();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("0 bytes", Vec::new()),
        ("white space", b" \n\n  \n".to_vec()),
        ("NUL only", vec![0; 5000]),
        ("garbage only", b"not json\nnor this\n".to_vec()),
        ("summary only", b"{\"type\":\"summary\",\"summary\":\"Parser refactor\"}\n".to_vec()),
        (
            "metadata only",
            b"{\"type\":\"mode\",\"mode\":\"normal\"}\n{\"type\":\"ai-title\",\"aiTitle\":\"x\"}\n".to_vec(),
        ),
        ("sidechain only", side.into()),
        ("an array", b"[1,2]\n\"text\"\n7\nnull\n".to_vec()),
    ];
    for (name, content) in cases {
        let (a, good, row) = beside_a_good_one(&content);
        if let Some(row) = row {
            assert_eq!(row["resumable"], false, "{name}: {row:#}");
            assert!(!text(&row, "why_not").is_empty(), "{name}");
        }
        // It never passes for this directory's session, though it is newer.
        let published = a.cmd(&["--json"]).cwd(&good.project).ok().json();
        assert_eq!(published["session_id"], Value::from(good.id.as_str()), "{name}");
    }
}

#[test]
fn foreign_files_are_passed_over() {
    let a = Device::new();
    let good = a.session("uploader", "Good");
    let folder = good.path.parent().unwrap();
    let content = fs::read(&good.path).unwrap();
    for name in ["not-a-uuid.jsonl", "notes.txt", ".jsonl", "sessions-index.json", ".session-aliases"] {
        fs::write(folder.join(name), &content).unwrap();
    }
    fs::write(folder.join(format!("{}.jsonl.tmp", new_id())), &content).unwrap();
    fs::write(folder.join(format!("{}.json", new_id())), &content).unwrap();
    fs::create_dir(folder.join(format!("{}.jsonl", new_id()))).unwrap();
    fs::create_dir(folder.join("memory")).unwrap();
    fs::write(a.claude.join("projects").join("a-file"), "x").unwrap();
    // By this name claude resumes it, though its picker lists no links.
    let link = new_id();
    symlink(&good.path, folder.join(format!("{link}.jsonl"))).unwrap();
    symlink("nowhere", folder.join(format!("{}.jsonl", new_id()))).unwrap();
    symlink(folder, folder.join("loop")).unwrap();
    symlink("/nowhere", a.claude.join("projects").join("dangling")).unwrap();
    let fifo = folder.join(format!("{}.jsonl", new_id()));
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());

    // A FIFO without a writer would be read for ever.
    for (args, expected) in
        [(&["sessions"][..], vec![&good.id]), (&["sessions", "--all"], vec![&good.id, &link])]
    {
        let all = list(&a, args);
        let listed: BTreeSet<&str> =
            all.as_array().unwrap().iter().map(|row| row["session_id"].as_str().unwrap()).collect();
        assert_eq!(listed, expected.into_iter().map(String::as_str).collect(), "{all:#}");
        assert!(all.as_array().unwrap().iter().all(|row| row["resumable"] == true), "{all:#}");
    }
}

#[test]
fn an_id_in_two_folders_is_said() {
    // claude itself then finds neither from a third directory.
    let a = Device::new();
    let session = a.session("uploader", "Twice");
    let copy = a.project("copy").canonicalize().unwrap();
    write(&a.claude, &copy, &format!("{}.jsonl", session.id), fs::read(&session.path).unwrap());
    let all = list(&a, &["sessions"]);
    assert!(find(&all, &session.id).is_some(), "{all:#}");
    a.cmd(&["publish", &session.id, "--json"]).within(Duration::from_secs(20)).ok();
}

#[test]
fn an_upper_case_file_name_is_one_session() {
    let a = Device::new();
    let project = a.project("p").canonicalize().unwrap();
    let id = "AAAAAAAA-BBBB-4CCC-8DDD-EEEEEEEEEEEE";
    Transcript::named(id, &project).says("hello").write(&a.claude);
    let all = list(&a, &["sessions", "--all"]);
    assert!(all.as_array().unwrap().len() <= 1, "{all:#}");
}

#[test]
fn only_the_ends_of_a_huge_file_are_read() {
    let a = Device::new();
    let session = a.session("uploader", "Huge");
    let content = fs::read_to_string(&session.path).unwrap();
    // 4 GB, sparse: reading it all would take minutes and the memory.
    let mut file = File::options().write(true).open(&session.path).unwrap();
    file.seek(SeekFrom::Start(4 << 30)).unwrap();
    file.write_all(format!("\n{content}").as_bytes()).unwrap();
    drop(file);
    let run = a.cmd(&["sessions", "--json"]).within(Duration::from_secs(10)).ok();
    assert!(run.took < Duration::from_secs(5), "{:?}", run.took);
    let all = run.json();
    let row = find(&all, &session.id).expect("listed");
    assert_eq!(row["title"], "Huge");
    assert!(row["size"].as_u64().unwrap() > 4 << 30);
}

#[test]
fn many_sessions_are_listed_soon() {
    let a = Device::new();
    for n in 0..1000 {
        a.session(&format!("project-{}", n % 20), &format!("Session {n}"));
    }
    let run = a.cmd(&["sessions", "--json"]).within(Duration::from_secs(20)).ok();
    assert_eq!(run.json().as_array().unwrap().len(), 1000);
    assert!(run.took < Duration::from_secs(10), "{:?}", run.took);
}

#[test]
fn what_is_listed_can_be_published() {
    // Huge, damaged in the middle, without an end: the length and the tail of
    // the file go into the record, and nothing else of it.
    let a = Device::new();
    let session = a.session("uploader", "Long");
    let line = fs::read_to_string(&session.path).unwrap().lines().next().unwrap().to_owned();
    let mut content = fs::read_to_string(&session.path).unwrap();
    while content.len() < 400_000 {
        content.push_str(&line);
        content.push('\n');
    }
    fs::write(&session.path, &content).unwrap();
    let published = a.publish_session(&session, &[]);
    let picked = a.json(&["pickup", text(&published, "token")]);
    assert_eq!(picked["transcript"]["bytes"], content.len());
    let tail = {
        use sha2::{Digest, Sha256};
        let hash = Sha256::digest(&content.as_bytes()[content.len() - 65_536..]);
        hash[..8].iter().fold(String::new(), |s, b| s + &format!("{b:02x}"))
    };
    assert_eq!(picked["transcript"]["tail"], Value::from(tail));
}

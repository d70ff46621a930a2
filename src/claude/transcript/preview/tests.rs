use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn file_of(content: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.jsonl");
    std::fs::write(&path, content).unwrap();
    (dir, path)
}

fn user(content: &Value) -> Value {
    json!({"type": "user", "message": {"content": content}})
}

fn said(text: &str) -> String {
    format!("{}\n", user(&json!(text)))
}

fn texts(page: Page) -> Vec<String> {
    page.turns.into_iter().map(|turn| turn.text).collect()
}

fn shown(lines: &[Value], most: usize) -> Vec<(Role, String)> {
    let text: Vec<String> = lines.iter().map(|line| format!("{line}\n")).collect();
    let (_dir, path) = file_of(text.concat().as_bytes());
    let page = preview(&path, &Excerpt::Last, most).unwrap();
    page.turns.into_iter().map(|turn| (turn.role, turn.text)).collect()
}

/// Page by page from the end to the start, and back.
fn both_ways(path: &Path, most: usize) -> (Vec<String>, Vec<String>) {
    let (mut back, mut place) = (Vec::new(), Excerpt::Last);
    loop {
        let page = preview(path, &place, most).unwrap();
        let start = page.start;
        back.splice(0..0, texts(page));
        if start == 0 {
            break;
        }
        assert!(place != Excerpt::Before(start, None));
        place = Excerpt::Before(start, None);
    }
    let (mut on, mut at) = (Vec::new(), 0);
    loop {
        let page = preview(path, &Excerpt::After(at), most).unwrap();
        let (end, size) = (page.end, page.size);
        on.extend(texts(page));
        if end == at || end >= size {
            return (back, on);
        }
        at = end;
    }
}

#[test]
fn pages_follow_each_other_without_gap_or_overlap() {
    let filler = format!("{}\n", json!({"type": "api-request-blob", "data": "x".repeat(300_000)}));
    let lines: Vec<String> =
        (0..50).flat_map(|n| [said(&n.to_string()), "garbage\n".to_owned(), filler.clone()]).collect();
    let (_dir, path) = file_of(lines.concat().as_bytes());
    let all: Vec<String> = (0..50).map(|n: u32| n.to_string()).collect();
    for most in [1, 7, 1000] {
        assert_eq!(both_ways(&path, most), (all.clone(), all.clone()), "{most}");
    }
    assert_eq!(preview(&path, &Excerpt::Before(0, None), 9).unwrap().turns, []);
}

#[test]
fn huge_lines_are_told_and_passed_over() {
    let image = user(&json!([{"type": "image", "data": "A".repeat(3 << 20)}]));
    let long = said(&"word ".repeat(60_000));
    let huge = said(&"many ".repeat(1 << 19));
    let all = [said("first"), format!("{image}\n"), long, huge, said("last")].concat();
    let (_dir, path) = file_of(all.as_bytes());
    let (back, on) = both_ways(&path, 100);
    assert_eq!(back, on);
    assert_eq!(back.len(), 6, "{}", back.len());
    assert_eq!((&*back[0], &*back[1]), ("first", "too large to show: 3.0 MB"));
    assert!(back[2].starts_with("word word") && back[2].len() <= 16_384);
    assert!(back[3].starts_with("many many"));
    assert_eq!(back[5], "last");
}

#[test]
fn around_a_line_stands_what_was_said_before_and_after() {
    let lines = ["one", "two", "three", "four"].map(said);
    let (_dir, path) = file_of(lines.concat().as_bytes());
    let length = lines[0].len() as u64;
    let place = Excerpt::Around(length..length + lines[1].len() as u64);
    let page = preview(&path, &place, 1).unwrap();
    assert_eq!(page.marked, 1..2);
    assert_eq!((page.start, page.end), (0, lines[..3].concat().len() as u64));
    assert_eq!(texts(page), ["one", "two", "three"]);
    let beyond = Excerpt::Around(u64::MAX - 1..u64::MAX);
    assert_eq!(texts(preview(&path, &beyond, 2).unwrap()), ["three", "four"]);
}

#[test]
fn later_turns_follow_while_claude_goes_on() {
    let lines = ["one", "two"].map(said).concat();
    let (_dir, path) = file_of(lines.as_bytes());
    let page = preview(&path, &Excerpt::Last, 9).unwrap();
    assert_eq!((page.end, page.size), (lines.len() as u64, lines.len() as u64));
    // A line that is not whole at first.
    std::fs::write(&path, lines.clone() + "{\"type\":\"us").unwrap();
    assert_eq!(preview(&path, &Excerpt::Last, 9).unwrap().end, page.end);
    let torn = preview(&path, &Excerpt::After(page.end), 9).unwrap();
    assert_eq!((torn.turns.len(), torn.end), (0, page.end));
    std::fs::write(&path, lines + said("three").trim_end()).unwrap();
    let next = preview(&path, &Excerpt::After(torn.end), 9).unwrap();
    assert_eq!(next.end, path.metadata().unwrap().len());
    assert_eq!(texts(next), ["three"]);
}

#[test]
fn a_prompt_that_was_never_finished_is_shown() {
    let (_dir, path) = file_of(br#"{"type":"user","message":{"content":"fix the"#);
    assert_eq!(texts(preview(&path, &Excerpt::Last, 9).unwrap()), ["fix the…"]);
}

#[test]
fn what_was_said_is_loud_and_the_rest_one_quiet_line() {
    use Role::{Assistant, Tool, User};
    for (line, expected) in [
        (user(&json!("fix\r\n\u{1b}]52;c;AA\u{7}it\n")), Some((User, "fix\nit"))),
        (user(&json!("<div> is not closed")), Some((User, "<div> is not closed"))),
        (
            user(&json!(
                "<command-message>review</command-message><command-name>/review</command-name><command-args>a b</command-args>"
            )),
            Some((User, "/review a b")),
        ),
        (user(&json!("<bash-input>ls</bash-input>")), Some((User, "! ls"))),
        (
            user(&json!("<bash-stdout>a\nb</bash-stdout><bash-stderr></bash-stderr>")),
            Some((Tool, "output a (+1 lines)")),
        ),
        (user(&json!("<bash-stdout></bash-stdout><bash-stderr></bash-stderr>")), None),
        (user(&json!("<local-command-stdout>Bye!</local-command-stdout>")), Some((Tool, "output Bye!"))),
        (user(&json!("<local-command-caveat>Caveat: …</local-command-caveat>")), None),
        (user(&json!("<system-reminder>x</system-reminder>")), None),
        (user(&json!("[Request interrupted by user]")), Some((Tool, "interrupted by the user"))),
        (
            user(&json!([{"type": "tool_result", "content": [{"type": "text", "text": "\none\ntwo"}]}])),
            Some((Tool, "result one (+1 lines)")),
        ),
        (
            user(&json!([{"type": "tool_result", "is_error": true, "content": "no"}])),
            Some((Tool, "failed no")),
        ),
        (user(&json!([{"type": "image", "source": {"data": "AAAA"}}])), Some((Tool, "image 3 B"))),
        (user(&json!([{"type": "image", "source": {"type": "url"}}])), Some((Tool, "image"))),
        (user(&json!(7)), None),
        (json!({"type": "user", "isMeta": true, "message": {"content": "meta"}}), None),
        (
            json!({"type": "user", "isCompactSummary": true, "message": {"content": "so far"}}),
            Some((Tool, "summary so far")),
        ),
        (
            json!({"type": "assistant", "message": {"content": [{"type": "thinking", "thinking": "hm\nso"}]}}),
            Some((Tool, "thinking hm (+1 lines)")),
        ),
        (
            json!({"type": "assistant", "message": {"content": [{"type": "tool_use", "name": "Bash", "input": {"description": "d", "command": "ls -l"}}]}}),
            Some((Tool, "Bash ls -l")),
        ),
        (
            json!({"type": "assistant", "message": {"content": [{"type": "text", "text": "done"}]}}),
            Some((Assistant, "done")),
        ),
        (
            json!({"type": "attachment", "attachment": {"type": "queued_command", "prompt": "and this"}}),
            Some((User, "and this")),
        ),
        (json!({"type": "attachment", "attachment": {"type": "prompt_snapshot"}}), None),
        (json!({"type": "system", "subtype": "compact_boundary"}), Some((Tool, "conversation compacted"))),
        (json!({"type": "ai-title", "aiTitle": "x"}), None),
    ] {
        let turns = shown(std::slice::from_ref(&line), 9);
        let turns: Vec<_> = turns.iter().map(|(role, text)| (*role, text.as_str())).collect();
        assert_eq!(turns, expected.into_iter().collect::<Vec<_>>(), "{line}");
    }
}

/// A call of a tool and what came of it, as one turn.
fn tool(name: &str, input: &Value, result: &Value) -> Turn {
    let call = json!({"type": "assistant", "message": {"content": [{"type": "tool_use", "id": "t1", "name": name, "input": input}]}});
    let result =
        json!({"type": "tool_result", "tool_use_id": "t1", "content": result, "is_error": result == "no"});
    let lines = [call, user(&json!([result]))].map(|line| format!("{line}\n")).concat();
    let (_dir, path) = file_of(lines.as_bytes());
    let mut turns = preview(&path, &Excerpt::Last, 9).unwrap().turns;
    assert_eq!(turns.len(), 1, "{turns:?}");
    turns.remove(0)
}

#[test]
fn tools_tell_what_they_did() {
    let told = |name: &str, input: Value, result: Value| {
        let turn = tool(name, &input, &result);
        (turn.text, turn.brief, turn.detail)
    };
    let edit = json!({"file_path": "a.rs", "old_string": "one\ntwo\nthree", "new_string": "one\n2\nthree"});
    let change = "```diff\n one\n-two\n+2\n three\n```";
    assert_eq!(
        told("Edit", edit, json!("The file was updated.")),
        ("Edit a.rs (+1 −1)".to_owned(), change.to_owned(), change.to_owned())
    );
    let edits = json!({"file_path": "a", "edits": [{"old_string": "a", "new_string": "b"}, {"old_string": "", "new_string": "c"}]});
    assert_eq!(told("MultiEdit", edits, json!("")).1, "```diff\n-a\n+b\n…\n+c\n```");
    let long = (0..30).map(|n| format!("line {n}")).collect::<Vec<_>>().join("\n");
    let (text, brief, detail) = told("Write", json!({"file_path": "/x/a.py", "content": long}), json!("ok"));
    assert_eq!(text, "Write /x/a.py (30 lines)");
    assert!(brief.starts_with("```py\nline 0\n") && brief.ends_with("line 7\n…\n```"), "{brief}");
    assert!(detail.ends_with("line 29\n```"));
    let (text, brief, detail) =
        told("Bash", json!({"command": "cargo test", "description": "Runs"}), json!(long));
    assert_eq!(
        (&*text, &*brief),
        ("Bash cargo test", "```\n…\nline 25\nline 26\nline 27\nline 28\nline 29\n```")
    );
    assert!(detail.starts_with("```\nline 0\n"));
    let (text, brief, _) = told("Bash", json!({"command": "for x in a; do\n  y\ndone"}), json!("no"));
    assert_eq!(text, "Bash for x in a; do (+2 lines) · failed");
    assert_eq!(brief, "```sh\nfor x in a; do\n  y\ndone\n```\n\n```\nno\n```");
    let todos = json!({"todos": [{"content": "Write *it*", "status": "completed"}, {"content": "Test", "status": "in_progress"}]});
    let (text, brief, _) = told("TodoWrite", todos, json!("Todos have been modified"));
    assert_eq!((&*text, &*brief), ("todo list (1 of 2 done)", "- [x] Write \\*it\\*\n- [ ] Test ← now"));
    let task = json!({"description": "Look around", "prompt": "Find it\nall", "subagent_type": "Explore"});
    let (text, brief, detail) = told("Task", task, json!([{"type": "text", "text": "It is **here**."}]));
    assert_eq!((&*text, &*brief), ("Task Look around", "It is **here**."));
    assert_eq!(detail, "> Find it\n> all\n\nIt is **here**.");
    assert_eq!(told("Read", json!({"file_path": "a"}), json!("1\n2\n3")).0, "Read a (3 lines)");
    assert_eq!(
        told("Grep", json!({"pattern": "x"}), json!("no")),
        ("Grep x · failed".into(), "```\nno\n```".into(), "```\nno\n```".into())
    );
    // Its fence is longer than any in it.
    assert_eq!(told("Bash", json!({"command": "x"}), json!("````\na")).1, "`````\n````\na\n`````");
}

#[test]
fn an_answer_alone_and_one_too_many_stand_by_themselves() {
    let call = json!({"type": "assistant", "message": {"content": [{"type": "tool_use", "id": "a", "name": "Bash", "input": {"command": "ls"}}]}});
    let answer = |id: &str| user(&json!([{"type": "tool_result", "tool_use_id": id, "content": "one\ntwo"}]));
    let lines = [answer("a"), call, answer("b"), answer("a"), answer("a")];
    let told: Vec<_> = shown(&lines, 9).into_iter().map(|(_, text)| text).collect();
    assert_eq!(told, ["result one (+1 lines)", "Bash ls", "result one (+1 lines)", "result one (+1 lines)"]);
}

#[test]
fn an_image_tells_its_kind_and_size() {
    let image = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA".repeat(512)}});
    assert_eq!(shown(&[user(&json!([image]))], 9), [(Role::Tool, "image PNG 1.5 KB".to_owned())]);
    let result = json!([{"type": "tool_result", "content": [image]}]);
    assert_eq!(shown(&[user(&result)], 9), [(Role::Tool, "image PNG 1.5 KB".to_owned())]);
    // Its line is not read whole.
    let large = format!(
        "{{\"type\":\"user\",\"message\":{{\"content\":[{{\"type\":\"image\",\"source\":{{\"type\":\"base64\",\"media_type\":\"image/jpeg\",\"data\":\"{}\"}}}}]}}}}\n",
        "A".repeat(4 << 20)
    );
    let (_dir, path) = file_of(large.as_bytes());
    assert_eq!(texts(preview(&path, &Excerpt::Last, 9).unwrap()), ["image JPEG about 3.0 MB"]);
}

#[test]
fn the_newest_turns_oldest_first_and_none_twice() {
    let line = |n: u32, side| json!({"type": "user", "uuid": n.to_string(), "isSidechain": side, "message": {"content": n.to_string()}});
    let texts = |lines: &[Value], most| -> Vec<String> {
        shown(lines, most).into_iter().map(|(_, text)| text).collect()
    };
    let lines =
        [line(1, false), line(2, false), json!("broken"), line(9, true), line(3, false), line(3, false)];
    assert_eq!(texts(&lines, 2), ["2", "3"]);
    assert_eq!(texts(&lines, 0), [""; 0]);
    assert_eq!(texts(&[line(8, true), line(9, true)], 5), ["8", "9"]);
}

proptest! {
    #[test]
    fn no_bytes_panic_and_every_page_comes_to_an_end(
        parts in prop::collection::vec(prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40),
            prop::sample::select(vec![
                "{\"type\":\"user\",\"message\":{\"content\":\"a", "<bash-stdout>é", "\"}}\n", "\\u", "[[{",
                "{\"type\":\"assistant\",\"message\":{\"content\":[{\"type\":\"text\",\"text\":\"\u{1b}[", "\"}]}}\n",
                "{\"type\":\"user\",\"isSidechain\":true,\"message\":{\"content\":\"b\"}}\n", "\n", "\n\n\n",
            ]).prop_map(|text| text.as_bytes().to_vec()),
            Just(vec![b'x'; 300_000]),
        ], 0..30),
        (place, end) in any::<(u64, u64)>(), most in 0usize..9,
    ) {
        let (_dir, path) = file_of(&parts.concat());
        let size = path.metadata().unwrap().len();
        for at in [place, place % (size + 1)] {
            for place in [Excerpt::Last, Excerpt::After(at), Excerpt::Around(at..end), Excerpt::Before(at, None)] {
                for turn in preview(&path, &place, most).unwrap().turns {
                    let all = [&turn.text, &turn.brief, &turn.detail];
                    prop_assert!(all.iter().all(|text| text.split('\n').all(crate::text::is_clean)));
                }
            }
        }
        both_ways(&path, most.max(1));
    }
}

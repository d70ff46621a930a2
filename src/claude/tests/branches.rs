//! Conversations in which someone went back: what is shown is the way that claude
//! goes on with, from the file's end to its start.

use super::*;

/// Lines of a conversation, each with what it hangs on; `fat` bytes of recorded
/// traffic stand behind each, as newer claudes write them.
#[derive(Default)]
struct Talk {
    lines: String,
    count: u32,
    fat: usize,
}

impl Talk {
    fn line(&mut self, kind: &str, parent: u32, text: &str, more: &Value) -> u32 {
        self.count += 1;
        let content = if kind == "user" { json!(text) } else { json!([{"type": "text", "text": text}]) };
        let time = chrono::DateTime::from_timestamp(1_795_000_000 + i64::from(self.count), 0).unwrap();
        let mut chained = json!({
            "uuid": format!("u{}", self.count),
            "parentUuid": (parent > 0).then(|| format!("u{parent}")),
            "timestamp": time.to_rfc3339(),
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            chained[key] = value.clone();
        }
        self.lines += &chain(kind, &content, &chained);
        if self.fat > 0 {
            self.lines += &filler(self.fat);
        }
        self.count
    }

    /// So many prompts and answers that hang on `parent`; gives the last of them.
    fn turns(&mut self, mut parent: u32, count: u32, text: &str) -> u32 {
        for n in 0..count {
            parent = self.line("user", parent, &format!("{text} ask {n}"), &json!({}));
            parent = self.line("assistant", parent, &format!("{text} answer {n}"), &json!({}));
        }
        parent
    }

    /// Everything that is shown of it, read from its end to its start.
    fn shown(&self, most: usize) -> Vec<String> {
        let home = Home::new();
        let path = home.session(&self.lines).path;
        let (mut turns, mut place) = (Vec::new(), Excerpt::Last);
        loop {
            let page = preview(&path, &place, most).unwrap();
            turns.splice(0..0, page.turns.into_iter().map(|turn| turn.text));
            if page.start == 0 {
                return turns;
            }
            place = Excerpt::Before(page.start, page.above);
        }
    }
}

/// The same turns without the ways that were left.
fn only_alive(talk: &Talk, most: usize) -> Vec<String> {
    let shown = talk.shown(most);
    let left: Vec<_> = shown.iter().filter(|text| text.starts_with("left")).collect();
    assert!(left.is_empty(), "{most}: {left:?}");
    shown
}

#[test]
fn ways_that_were_left_are_not_shown_on_any_page() {
    let mut talk = Talk::default();
    let mut at = talk.turns(0, 5, "start");
    for _ in 0..8 {
        talk.turns(at, 20, "left");
        at = talk.turns(at, 15, "alive");
    }
    // Two ways off one place, and a way off a way.
    let off = talk.turns(at, 2, "left");
    talk.turns(off, 3, "left further");
    talk.turns(at, 3, "left again");
    talk.turns(at, 2, "end");
    for most in [1, 7, 50, 1000] {
        assert_eq!(only_alive(&talk, most).len(), 2 * (5 + 8 * 15 + 2), "{most}");
    }
}

#[test]
fn a_way_of_megabytes_that_was_left_is_passed_over() {
    let mut talk = Talk { fat: 150_000, ..Talk::default() };
    let at = talk.turns(0, 4, "start");
    talk.turns(at, 12, "left");
    talk.turns(at, 3, "alive");
    for most in [4, 200] {
        assert_eq!(only_alive(&talk, most).len(), 14, "{most}");
    }
}

#[test]
fn another_start_is_a_way_that_was_left() {
    let mut talk = Talk::default();
    talk.turns(0, 30, "left");
    talk.turns(0, 4, "anew");
    for most in [3, 100] {
        assert_eq!(only_alive(&talk, most).len(), 8, "{most}");
    }
}

#[test]
fn what_was_compacted_is_shown_without_the_ways_that_were_left() {
    let mut talk = Talk::default();
    let at = talk.turns(0, 10, "before");
    talk.turns(at, 10, "left");
    let at = talk.turns(at, 5, "still before");
    let boundary = json!({"type": "system", "subtype": "compact_boundary", "parentUuid": null, "logicalParentUuid": format!("u{at}")});
    let boundary = talk.line("system", 0, "", &boundary);
    let summary = talk.line("user", boundary, "the summary", &json!({"isCompactSummary": true}));
    talk.turns(summary, 10, "after");
    for most in [4, 30, 500] {
        assert_eq!(only_alive(&talk, most).len(), 2 * 25 + 2, "{most}");
    }
}

#[test]
fn tools_that_ran_at_once_belong_to_the_way() {
    let mut talk = Talk::default();
    let ask = talk.line("user", 0, "ask", &json!({}));
    let call = |id: &str| json!({"message": {"content": [{"type": "tool_use", "id": id, "name": "Read", "input": {"file_path": id}}]}});
    let result = |id: &str| json!({"message": {"content": [{"type": "tool_result", "tool_use_id": id, "content": "one\ntwo"}]}});
    let first = talk.line("assistant", ask, "", &call("a"));
    let second = talk.line("assistant", first, "", &call("b"));
    talk.line("user", first, "", &result("a"));
    let answered = talk.line("user", second, "", &result("b"));
    talk.line("assistant", answered, "done", &json!({}));
    assert_eq!(talk.shown(50), ["ask", "Read a (2 lines)", "Read b (2 lines)", "done"]);
}

#[test]
fn where_what_it_hung_on_is_lost_everything_is_shown() {
    let mut talk = Talk::default();
    talk.turns(0, 10, "start");
    talk.turns(999, 10, "after a gap");
    assert_eq!(talk.shown(4).len(), 40);
}

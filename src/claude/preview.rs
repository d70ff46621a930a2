//! The last turns of a conversation, read from the file's end.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io;
use std::path::Path;

use super::line::{Line, strip};
use super::{Role, Turn, file, torn, turns};

/// How much of the file's end is looked at, in bytes: more each time, while the
/// turns wanted are not there yet. The last is the most.
const STEPS: [u64; 3] = [64 * 1024, 256 * 1024, 1024 * 1024];

/// The last turns of a transcript, at most `max_turns`, oldest first. Tool
/// calls, thoughts, images and what claude itself wrote are quiet
/// [`Role::Tool`] lines; lines that cannot be read are passed over, as Claude
/// does. All text is cleaned. Reads at most 1 MiB of the file's end; when one
/// huge line fills that, the start of the conversation is shown instead.
///
/// # Errors
/// When the file cannot be opened or read, or is no regular file.
pub fn preview(path: &Path, max_turns: usize) -> io::Result<Vec<Turn>> {
    let (file, metadata) = file::open(path)?;
    let size = metadata.len();
    let mut turns = Vec::new();
    for step in STEPS {
        let start = size.saturating_sub(step);
        let bytes = file::read_at(&file, start, size - start)?;
        turns = last_turns(&bytes, start > 0, max_turns);
        if turns.len() >= max_turns || start == 0 {
            return Ok(turns);
        }
    }
    if turns.is_empty() && max_turns > 0 {
        let [first, ..] = STEPS;
        let bytes = file::read_at(&file, 0, first)?;
        turns = last_turns(&bytes, false, max_turns - 1);
        turns.push(Turn {
            role: Role::Tool,
            text: "what follows is too large to show".to_owned(),
            detail: String::new(),
        });
    }
    Ok(turns)
}

/// The last turns in a piece of a file; with `torn`, without its first line,
/// unless that happens to be whole.
fn last_turns(bytes: &[u8], torn: bool, most: usize) -> Vec<Turn> {
    let text = torn::decode(bytes);
    let main = collect(&text, most, false);
    let mut turns = if main.is_empty() { collect(&text, most, true) } else { main };
    if turns.is_empty() && !torn && most > 0 && !strip(&text).is_empty() {
        turns.extend(cut_off(&text));
    }
    turns.reverse();
    turns
}

/// Newest first. Sub-agents' lines stand among the others in old files.
fn collect(text: &str, most: usize, sidechain: bool) -> Vec<Turn> {
    let mut seen = HashSet::new();
    let mut newest = Vec::new();
    for raw in text.rsplit('\n') {
        if newest.len() >= most {
            break;
        }
        let Some(line) = Line::parse(raw) else { continue };
        // Damaged files hold the same lines twice.
        let again = line.uuid.as_ref().is_some_and(|uuid| !seen.insert(Cow::clone(uuid).into_owned()));
        if line.sidechain == sidechain && !again {
            newest.extend(turns::of(&line).into_iter().rev());
        }
    }
    newest.truncate(most);
    newest
}

/// A first prompt larger than the window, or never finished: its beginning.
fn cut_off(text: &str) -> Option<Turn> {
    let line = text.rsplit('\n').find(|line| !strip(line).is_empty())?;
    if Line::parse(line).is_some() {
        return None;
    }
    let start = torn::prompt(line)?;
    let text = crate::text::clean_lines(&start);
    (!text.trim().is_empty()).then(|| Turn {
        role: Role::User,
        text: format!("{}…", text.trim_end()),
        detail: String::new(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn shown(lines: &[Value], most: usize) -> Vec<(Role, String)> {
        let text = lines.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
        last_turns(text.as_bytes(), false, most).into_iter().map(|t| (t.role, t.text)).collect()
    }

    fn user(content: &Value) -> Value {
        json!({"type": "user", "message": {"content": content}})
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
            (user(&json!([{"type": "image", "source": {"data": "AAAA"}}])), Some((Tool, "image"))),
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
            (
                json!({"type": "system", "subtype": "compact_boundary"}),
                Some((Tool, "conversation compacted")),
            ),
            (json!({"type": "ai-title", "aiTitle": "x"}), None),
        ] {
            let turns = shown(std::slice::from_ref(&line), 9);
            let turns: Vec<_> = turns.iter().map(|(role, text)| (*role, text.as_str())).collect();
            assert_eq!(turns, expected.into_iter().collect::<Vec<_>>(), "{line}");
        }
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

    #[test]
    fn a_huge_line_is_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.jsonl");
        let huge = user(&json!([{"type": "image", "data": "A".repeat(3 << 20)}]));
        std::fs::write(&path, format!("{}\n{huge}\n", user(&json!("look")))).unwrap();
        let turns = preview(&path, 5).unwrap();
        assert_eq!(
            turns.iter().map(|t| t.text.as_str()).collect::<Vec<_>>(),
            ["look", "what follows is too large to show"]
        );
        std::fs::write(&path, format!("{huge}\n{}\n", user(&json!("seen")))).unwrap();
        assert_eq!(preview(&path, 5).unwrap()[0].text, "seen");
        std::fs::write(&path, format!("{}\n", user(&json!("long ".repeat(1 << 20))))).unwrap();
        let turns = preview(&path, 5).unwrap();
        assert!(turns[0].text.starts_with("long long") && turns[0].role == Role::User);
        let long = "word ".repeat(1 << 14);
        assert!(shown(&[user(&json!(long))], 1)[0].1.len() <= 16_384);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(
            parts in prop::collection::vec(prop_oneof![
                prop::collection::vec(any::<u8>(), 0..40),
                prop::sample::select(vec![
                    "{\"type\":\"user\",\"message\":{\"content\":\"a", "<bash-stdout>é", "\"}}\n", "\\u", "[[{",
                    "{\"type\":\"assistant\",\"message\":{\"content\":[{\"type\":\"text\",\"text\":\"\u{1b}[", "\"}]}}\n",
                ]).prop_map(|text| text.as_bytes().to_vec()),
            ], 0..60),
            torn in any::<bool>(), most in 0usize..9,
        ) {
            let turns = last_turns(&parts.concat(), torn, most);
            prop_assert!(turns.len() <= most);
            for turn in turns {
                prop_assert!(turn.text.split('\n').all(crate::text::is_clean));
            }
        }
    }
}

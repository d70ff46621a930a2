//! What tools did, as quiet turns: one line each, and beneath it what a reader
//! wants to see of it, in Markdown: the change of an edit, the head of a new file,
//! the end of a command's output, a list, an image's kind and size.

use std::collections::HashMap;

use similar::{ChangeTag, TextDiff};

use super::line::{Block, Image, Input};
use super::quiet::{DETAIL, QUIET, cut, fenced, head, quiet, quiet_line};
use crate::claude::{Call, Role, Turn};
use crate::text;

/// Lines of it that are shown in brief.
const BRIEF: usize = 8;
/// The same of a command's output, and of what went wrong.
const OUTPUT: usize = 5;
/// Lines of an edit that are compared, and those around a change that are shown.
const COMPARED: usize = 400;
const AROUND: usize = 2;

/// A tool that is called.
pub(super) fn call(block: &Block<'_>) -> Turn {
    let name = text::clean(block.name.as_deref().unwrap_or("tool"));
    let input = &block.input;
    let turn = match &*name {
        "Edit" | "MultiEdit" => edit(&name, input),
        "Write" | "NotebookEdit" => written(&name, input),
        "Bash" => command(&name, input),
        "TodoWrite" if !input.items.is_empty() => todo(input),
        "Task" | "Agent" => agent(&name, input),
        _ => quiet(&name, input.brief().unwrap_or_default()),
    };
    let id = block.id.as_deref().map(str::to_owned);
    Turn { call: id.map(|id| Call::Made { id, name }), ..turn }
}

/// What a tool answered.
pub(super) fn result(block: &Block<'_>) -> Turn {
    let raw = block.content.text.as_deref().unwrap_or_default();
    let line = match &block.content.image {
        Some(picture) if raw.is_empty() => image(Some(picture)),
        _ => Turn::new(Role::Tool, quiet_line(if block.is_error { "failed" } else { "result" }, raw).0),
    };
    let answered = Call::Answered {
        id: block.id.as_deref().unwrap_or_default().to_owned(),
        text: head(raw),
        end: if raw.len() > DETAIL { tail(raw) } else { String::new() },
        lines: raw.trim().lines().count(),
        failed: block.is_error,
    };
    Turn { call: Some(answered), ..line }
}

/// An image: its kind and its size.
pub(super) fn image(image: Option<&Image<'_>>) -> Turn {
    let Some(image) = image else { return quiet("image", "") };
    let kind = image.kind.as_deref().map(kind_of).unwrap_or_default();
    quiet("image", &format!("{kind} {}", text::bytes(image.bytes)))
}

/// `PNG` of `image/png`.
pub(super) fn kind_of(media: &str) -> String {
    let kind = media.rsplit('/').next().unwrap_or_default();
    text::fit(&text::clean(kind.split('+').next().unwrap_or_default()).to_uppercase(), 12)
}

/// Puts what tools answered with the calls among these turns.
pub(crate) fn join(turns: &mut Vec<Turn>) {
    let made = turns.iter().enumerate().filter_map(|(at, turn)| match &turn.call {
        Some(Call::Made { id, .. }) => Some((id.clone(), at)),
        _ => None,
    });
    let made: HashMap<String, usize> = made.collect();
    let mut gone = vec![false; turns.len()];
    for at in 0..turns.len() {
        let Some(Call::Answered { id, .. }) = turns.get(at).and_then(|turn| turn.call.as_ref()) else {
            continue;
        };
        let Some(to) = made.get(id).copied().filter(|to| *to < at) else { continue };
        let answered = turns[at].clone();
        gone[at] = answer(&mut turns[to], &answered);
    }
    let mut gone = gone.into_iter();
    turns.retain(|_| !gone.next().unwrap_or(false));
    // Whose call is on another page stands alone.
    for turn in turns {
        if let Some(Call::Answered { text, lines: 2.., .. }) = &turn.call {
            turn.detail = fenced("", text);
        }
    }
}

/// Adds an answer to its call; false where it is shown by itself.
fn answer(call: &mut Turn, answered: &Turn) -> bool {
    let Some(Call::Answered { text, end, lines, failed, .. }) = &answered.call else { return false };
    let Some(Call::Made { name, .. }) = &call.call else { return false };
    if answered.text.starts_with("image") {
        return false;
    }
    let (name, end) = (name.clone(), if end.is_empty() { text } else { end });
    // Another answer to it would be none of claude's.
    call.call = None;
    if *failed {
        call.text = format!("{} · failed", call.text);
        add(&mut call.brief, &fenced("", &last_lines(text, OUTPUT)));
        add(&mut call.detail, &fenced("", text));
        return true;
    }
    match &*name {
        // What it says is that it was done.
        "Edit" | "MultiEdit" | "Write" | "NotebookEdit" | "TodoWrite" => {}
        "Bash" => {
            add(&mut call.brief, &fenced("", &last_lines(end, OUTPUT)));
            add(&mut call.detail, &fenced("", end));
        }
        "Task" | "Agent" => {
            add(&mut call.brief, &first_lines(text, BRIEF));
            add(&mut call.detail, text);
        }
        _ => {
            if *lines > 1 {
                call.text = format!("{} ({lines} lines)", call.text);
            }
            add(&mut call.detail, &fenced("", text));
        }
    }
    true
}

/// One more paragraph.
fn add(to: &mut String, more: &str) {
    if !to.is_empty() && !more.is_empty() {
        to.push_str("\n\n");
    }
    to.push_str(more);
}

fn edit(name: &str, input: &Input<'_>) -> Turn {
    let single = (input.get("old_string").unwrap_or_default(), input.get("new_string").unwrap_or_default());
    let items = input
        .items
        .iter()
        .map(|item| (item.old.as_deref().unwrap_or_default(), item.new.as_deref().unwrap_or_default()));
    let pairs: Vec<_> = std::iter::once(single).chain(items).filter(|(old, new)| old != new).collect();
    let (mut changes, mut more, mut less) = (Vec::new(), 0, 0);
    for (old, new) in pairs {
        if !changes.is_empty() {
            changes.push("…".to_owned());
        }
        let (lines, added, removed) = changed(old, new);
        changes.extend(lines);
        (more, less) = (more + added, less + removed);
    }
    let counts = if more + less == 0 { String::new() } else { format!(" (+{more} −{less})") };
    let line = quiet(name, input.brief().unwrap_or_default());
    let all = cut(&changes.join("\n"), DETAIL);
    let brief = fenced("diff", &first_lines(&all, BRIEF + OUTPUT));
    Turn { text: format!("{}{counts}", line.text), brief, detail: fenced("diff", &all), ..line }
}

/// The lines of a change with a few around them, and how many came and went.
fn changed(old: &str, new: &str) -> (Vec<String>, usize, usize) {
    let part = |text: &str| {
        let clean = text::clean_lines(cut(text, DETAIL * 4).trim_end());
        clean.lines().take(COMPARED).map(str::to_owned).collect::<Vec<_>>()
    };
    let (old, new) = (part(old), part(new));
    let (old, new): (Vec<&str>, Vec<&str>) =
        (old.iter().map(String::as_str).collect(), new.iter().map(String::as_str).collect());
    let diff = TextDiff::from_slices(&old, &new);
    let (mut lines, mut added, mut removed) = (Vec::new(), 0, 0);
    for group in diff.grouped_ops(AROUND) {
        if !lines.is_empty() {
            lines.push("…".to_owned());
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Insert => '+',
                ChangeTag::Delete => '-',
            };
            added += usize::from(sign == '+');
            removed += usize::from(sign == '-');
            lines.push(format!("{sign}{}", change.value()));
        }
    }
    (lines, added, removed)
}

fn written(name: &str, input: &Input<'_>) -> Turn {
    let content = input.get("content").or_else(|| input.get("new_source")).unwrap_or_default();
    let path = input.brief().unwrap_or_default();
    let language = path.rsplit(['.', '/']).next().filter(|_| path.contains('.')).unwrap_or_default();
    let language: String = language.chars().filter(char::is_ascii_alphanumeric).take(12).collect();
    let line = quiet(name, path);
    let count = content.trim_end().lines().count();
    let count = if count == 1 { "1 line".to_owned() } else { format!("{} lines", text::count(count)) };
    let kept = head(content);
    Turn {
        text: format!("{} ({count})", line.text),
        brief: fenced(&language, &first_lines(&kept, BRIEF)),
        detail: fenced(&language, &kept),
        ..line
    }
}

fn command(name: &str, input: &Input<'_>) -> Turn {
    let line = input.get("command").unwrap_or_default();
    let one = quiet(name, line);
    // One line that is shown whole is enough.
    if one.detail.is_empty() {
        return one;
    }
    let kept = head(line);
    let brief = fenced("sh", &first_lines(&kept, BRIEF));
    Turn { brief, detail: fenced("sh", &kept), ..one }
}

fn todo(input: &Input<'_>) -> Turn {
    let done = input.items.iter().filter(|item| item.status.as_deref() == Some("completed")).count();
    let lines = input.items.iter().map(|item| {
        let what = text::fit(&text::clean(item.content.as_deref().unwrap_or_default()), QUIET);
        let box_ = if item.status.as_deref() == Some("completed") { "x" } else { " " };
        let now = if item.status.as_deref() == Some("in_progress") { " ← now" } else { "" };
        format!("- [{box_}] {}{now}", escaped(&what))
    });
    let list = cut(&lines.collect::<Vec<_>>().join("\n"), DETAIL);
    let line = Turn::new(Role::Tool, format!("todo list ({done} of {} done)", input.items.len()));
    Turn { brief: list.clone(), detail: list, ..line }
}

fn agent(name: &str, input: &Input<'_>) -> Turn {
    let task = input.get("description").or_else(|| input.get("prompt")).unwrap_or_default();
    let prompt = input.get("prompt").map(head).unwrap_or_default();
    let quoted: Vec<String> = prompt.lines().map(|line| format!("> {line}")).collect();
    Turn { brief: String::new(), detail: cut(&quoted.join("\n"), DETAIL), ..quiet(name, task) }
}

/// Plain words in Markdown.
fn escaped(words: &str) -> String {
    words.chars().flat_map(|c| c.is_ascii_punctuation().then_some('\\').into_iter().chain([c])).collect()
}

/// Its end, cleaned.
fn tail(raw: &str) -> String {
    let raw = raw.trim_end();
    let from = raw.ceil_char_boundary(raw.len().saturating_sub(DETAIL));
    let part = raw.get(from..).unwrap_or_default();
    // From a line's start on.
    let part = if from > 0 { part.split_once('\n').map_or(part, |(_, rest)| rest) } else { part };
    let clean = text::clean_lines(part);
    let clean = clean.trim_matches('\n');
    if from > 0 { format!("…\n{clean}") } else { clean.to_owned() }
}

fn first_lines(text: &str, most: usize) -> String {
    let count = text.lines().count();
    let lines = text.lines().take(most);
    if count <= most { text.to_owned() } else { lines.chain(["…"]).collect::<Vec<_>>().join("\n") }
}

fn last_lines(text: &str, most: usize) -> String {
    let count = text.lines().count();
    let lines = text.lines().skip(count.saturating_sub(most));
    if count <= most {
        text.to_owned()
    } else {
        std::iter::once("…").chain(lines).collect::<Vec<_>>().join("\n")
    }
}

//! cclink's hooks in the text of a settings file of Claude Code.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::json::{self, Child};

/// A hook as it has to stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Claude Code's name for the moment.
    pub event: &'static str,
    /// For a shell.
    pub command: String,
    /// Seconds that Claude waits for it.
    pub timeout: u32,
}

/// A hook of ours that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ours {
    /// Claude Code's name for the moment.
    pub event: String,
    /// For a shell.
    pub command: String,
    /// The program in it.
    pub program: String,
    /// The event's group and the hook in it, by their numbers.
    place: (usize, usize),
}

#[derive(Serialize)]
struct Group<'a> {
    hooks: [Hook<'a>; 1],
}

#[derive(Serialize)]
struct Hook<'a> {
    r#type: &'static str,
    command: &'a str,
    timeout: u32,
}

/// The text as a value, when it has the form that Claude Code gives it; else
/// what is wrong, with line and column of what is no JSON.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let value: Value =
        serde_json::from_str(text.trim_start_matches(json::BOM)).map_err(|error| {
            match error.to_string() {
                why if why.starts_with("number out of range") => format!("it holds a {why}"),
                why if why.contains("surrogate") || why.contains("hex escape") => {
                    format!("it holds half a character ({why})")
                }
                why => why,
            }
        })?;
    let hooks = match value.as_object().map(|object| object.get("hooks")) {
        None => return Err("the top level is not an object".to_owned()),
        Some(None) => return Ok(value),
        Some(Some(hooks)) => hooks.as_object().ok_or("`hooks` is not an object")?,
    };
    match hooks.iter().find(|(_, groups)| !groups.is_array()) {
        Some((event, _)) => Err(format!("`hooks.{}` is not a list", crate::text::clean(event))),
        None => Ok(value),
    }
}

/// Every hook of ours, in the order of the text.
pub(super) fn ours(text: &str) -> Vec<Ours> {
    let Some((_, hooks)) = json::member(text, json::root(text), "hooks") else { return Vec::new() };
    let mut found = Vec::new();
    for event in json::children(text, hooks.value.start) {
        let name = event.key.clone().unwrap_or_default();
        for (group_number, group) in json::children(text, event.value.start).iter().enumerate() {
            let Some(list) = hooks_of(text, group) else { continue };
            for (number, hook) in json::children(text, list.value.start).iter().enumerate() {
                let value: Option<Value> = serde_json::from_str(&text[hook.value.clone()]).ok();
                let command = value.as_ref().and_then(|value| value.get("command")?.as_str());
                let Some((command, program)) = command.and_then(|c| Some((c, program_of(c)?))) else {
                    continue;
                };
                found.push(Ours {
                    event: name.clone(),
                    command: command.to_owned(),
                    program,
                    place: (group_number, number),
                });
            }
        }
    }
    found
}

fn hooks_of(text: &str, group: &Child) -> Option<Child> {
    json::member(text, group.value.start, "hooks").map(|(_, list)| list)
}

/// The cclink that a command calls, when it is one of our hooks.
fn program_of(command: &str) -> Option<String> {
    let words = shlex::split(command)?;
    let [program, hook, event @ ..] = words.as_slice() else { return None };
    let event: Vec<&str> = event.iter().map(String::as_str).collect();
    let is_ours = matches!(event[..], ["prompt" | "session-end"] | ["session-end", "--carry"]);
    (is_cclink(Path::new(program)) && hook == "hook" && is_ours).then(|| program.clone())
}

/// Whether a program is a cclink by its name, which may say more
/// (`cclink-0.2`, `.cclink-wrapped`): our hooks are known by it.
pub(super) fn is_cclink(program: &Path) -> bool {
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    name.split(|letter: char| !letter.is_alphabetic()).any(|word| word == "cclink")
}

/// Whether these hooks stand there, and no others of ours.
pub(super) fn has_exactly(text: &str, wanted: &[Wanted]) -> bool {
    let found = ours(text);
    let is_there =
        |hook: &Wanted| found.iter().any(|ours| ours.event == hook.event && ours.command == hook.command);
    found.len() == wanted.len() && wanted.iter().all(is_there)
}

/// Without events that nothing is hooked to: they mean nothing.
pub(super) fn pruned(mut value: Value) -> Value {
    if let Some(object) = value.as_object_mut() {
        let mut is_empty = false;
        if let Some(hooks) = object.get_mut("hooks").and_then(Value::as_object_mut) {
            hooks.retain(|_, groups| groups.as_array().is_none_or(|groups| !groups.is_empty()));
            is_empty = hooks.is_empty();
        }
        if is_empty {
            object.remove("hooks");
        }
    }
    value
}

/// The text with these hooks; `None` is a file that does not exist yet.
pub(super) fn with(text: Option<&str>, wanted: &[Wanted]) -> String {
    let mut text = text.unwrap_or("{}\n").to_owned();
    for hook in wanted {
        let group =
            Group { hooks: [Hook { r#type: "command", command: &hook.command, timeout: hook.timeout }] };
        let root = json::root(&text);
        text = match json::member(&text, root, "hooks") {
            None => {
                let mut hooks = serde_json::Map::new();
                hooks.insert(hook.event.to_owned(), serde_json::json!([]));
                let with_event = json::insert(&text, root, Some("hooks"), &hooks);
                add_group(&with_event, hook.event, &group)
            }
            Some((_, hooks)) if json::member(&text, hooks.value.start, hook.event).is_none() => {
                json::insert(&text, hooks.value.start, Some(hook.event), &[group])
            }
            Some(_) => add_group(&text, hook.event, &group),
        };
    }
    text
}

fn add_group(text: &str, event: &str, group: &Group<'_>) -> String {
    let list = json::member(text, json::root(text), "hooks")
        .and_then(|(_, hooks)| json::member(text, hooks.value.start, event));
    match list {
        Some((_, list)) => json::insert(text, list.value.start, None, group),
        None => text.to_owned(),
    }
}

/// The text without any hook of ours, nor what only held them.
pub(super) fn without(text: &str) -> String {
    let mut text = text.to_owned();
    while let Some(hook) = ours(&text).pop() {
        let Some(shorter) = without_one(&text, &hook) else { break };
        text = shorter;
    }
    text
}

/// Removes the outermost value that holds nothing but this hook.
fn without_one(text: &str, hook: &Ours) -> Option<String> {
    let root = json::root(text);
    let (hooks_number, hooks) = json::member(text, root, "hooks")?;
    let events = json::children(text, hooks.value.start);
    // Of two events of one name the hook may be in the first.
    let event_number = events.iter().enumerate().rposition(|(_, event)| {
        event.key.as_deref() == Some(&hook.event)
            && json::children(text, event.value.start)
                .get(hook.place.0)
                .and_then(|group| hooks_of(text, group))
                .is_some_and(|list| json::children(text, list.value.start).len() > hook.place.1)
    })?;
    let event = events.get(event_number)?;
    let groups = json::children(text, event.value.start);
    let list = hooks_of(text, groups.get(hook.place.0)?)?;
    Some(if json::children(text, list.value.start).len() > 1 {
        json::remove(text, list.value.start, hook.place.1)
    } else if groups.len() > 1 {
        json::remove(text, event.value.start, hook.place.0)
    } else if events.len() > 1 {
        json::remove(text, hooks.value.start, event_number)
    } else {
        json::remove(text, root, hooks_number)
    })
}

/// The file as it was before our hooks, `None` when there was none: to the byte
/// what `backup` kept where nothing else changed since, else this text without
/// them.
pub(super) fn before(text: &str, backup: Option<&str>, timeouts: impl Fn(&str) -> u32) -> Option<String> {
    let found = ours(text);
    if found.is_empty() {
        return Some(text.to_owned());
    }
    let events = ["UserPromptSubmit", "SessionEnd"];
    let wanted: Vec<Wanted> = events
        .into_iter()
        .flat_map(|event| found.iter().filter(move |ours| ours.event == event).map(move |ours| (event, ours)))
        .map(|(event, ours)| Wanted { event, command: ours.command.clone(), timeout: timeouts(event) })
        .collect();
    if with(backup, &wanted) == text {
        return backup.map(str::to_owned);
    }
    Some(without(text))
}

//! One transcript line as the turns a person wants to read.

use super::line::{Block, Content, Line};
use super::prompt::{self, tagged};
use super::quiet::{fenced, quiet};
use super::tools;
use crate::claude::{Role, Turn};
use crate::text;

/// Longest text of one turn, in bytes.
const LONGEST: usize = 16_384;

/// The turns of a line, oldest first; none for what no one said.
pub(crate) fn of(line: &Line<'_>) -> Vec<Turn> {
    match line.kind.as_deref().unwrap_or_default() {
        "user" if line.compact_summary => {
            let text = match &line.message.content {
                Content::Text(text) => text.as_ref(),
                _ => "",
            };
            vec![quiet("summary", text)]
        }
        "user" if line.meta => Vec::new(),
        "user" => each(&line.message.content, &said_by_user),
        "assistant" => each(&line.message.content, &said_by_claude),
        "attachment" if line.attachment.kind.as_deref() == Some("queued_command") => {
            line.attachment.prompt.as_deref().and_then(said_by_user).into_iter().collect()
        }
        "system" => of_system(line).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn of_system(line: &Line<'_>) -> Option<Turn> {
    let content = line.content.as_deref().unwrap_or_default();
    match line.subtype.as_deref()? {
        "compact_boundary" => Some(quiet("conversation compacted", "")),
        "local_command" | "voice_call_talk" => said_by_user(content),
        "api_error" => Some(quiet("API error", content)),
        "informational" => Some(quiet("note", content)).filter(|_| !content.is_empty()),
        _ => None,
    }
}

fn each(content: &Content<'_>, said: &dyn Fn(&str) -> Option<Turn>) -> Vec<Turn> {
    match content {
        Content::None => Vec::new(),
        Content::Text(text) => said(text).into_iter().collect(),
        Content::Blocks(blocks) => blocks.iter().filter_map(|block| of_block(block, said)).collect(),
    }
}

fn of_block(block: &Block<'_>, said: &dyn Fn(&str) -> Option<Turn>) -> Option<Turn> {
    match block.kind.as_deref()? {
        "text" => said(block.text.as_deref()?),
        "thinking" => Some(quiet("thinking", block.thinking.as_deref().unwrap_or_default())),
        "redacted_thinking" => Some(quiet("thinking", "")),
        "tool_use" | "server_tool_use" => Some(tools::call(block)),
        "tool_result" => Some(tools::result(block)),
        "image" => Some(tools::image(block.image.as_ref())),
        "document" => Some(quiet("document", "")),
        _ => None,
    }
}

fn said_by_claude(raw: &str) -> Option<Turn> {
    loud(Role::Assistant, raw)
}

/// What stands on the person's side: prompts, and the wrappers that claude puts
/// around commands, their output and its own reminders.
fn said_by_user(raw: &str) -> Option<Turn> {
    if tagged(raw, "command-name").is_some() || tagged(raw, "bash-input").is_some() {
        return match prompt::read(raw)? {
            prompt::Prompt::Words(text) | prompt::Prompt::Command(text) => Some(Turn::new(Role::User, text)),
        };
    }
    for tag in ["bash-stdout", "bash-stderr", "local-command-stdout", "local-command-stderr"] {
        if let Some(output) = tagged(raw, tag).filter(|output| !output.trim().is_empty()) {
            let turn = quiet("output", output);
            let detail = fenced("", &turn.detail);
            return Some(Turn { detail, ..turn });
        }
    }
    if prompt::is_interruption(raw) {
        return Some(quiet("interrupted by the user", ""));
    }
    if let Some(summary) = tagged(raw, "task-notification") {
        return Some(quiet("task", tagged(summary, "summary").unwrap_or_default()));
    }
    if is_for_the_model(raw) {
        return None;
    }
    loud(Role::User, raw)
}

/// Reminders and caveats are for the model. Other tags someone may have pasted:
/// those are words.
pub(crate) fn is_for_the_model(raw: &str) -> bool {
    let for_the_model = ["<system-reminder>", "<local-command-", "<bash-std", "<ide_", "<command-"];
    for_the_model.iter().any(|tag| raw.trim_start().starts_with(tag))
}

fn loud(role: Role, raw: &str) -> Option<Turn> {
    let clean = text::clean_lines(raw);
    let text = text::fit_bytes(clean.trim(), LONGEST);
    (!text.is_empty()).then(|| Turn::new(role, text))
}

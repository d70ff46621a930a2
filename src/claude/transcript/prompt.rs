//! What the person typed, by the rules of Claude's own picker.

use super::line::{Content, Line};
use crate::text;

/// Longest title made of a prompt, in UTF-16 units as Claude counts.
const LONGEST: usize = 200;

/// A prompt, cleaned, on one line and cut to 200 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Prompt {
    /// Words, a `!` command, or a slash command with its arguments.
    Words(String),
    /// A slash command alone: a title only where there is nothing better.
    Command(String),
}

/// The prompt in a user's line; `None` for tool results, what claude itself
/// put there, and wrappers that no one typed.
pub(crate) fn of(line: &Line<'_>) -> Option<Prompt> {
    if !line.is("user") || line.meta || line.compact_summary {
        return None;
    }
    match &line.message.content {
        Content::None => None,
        Content::Text(text) => match plugin(text, line.plugin_prompt.as_deref()) {
            Some(shown) => Some(Prompt::Words(one_line(&shown))),
            None => read(text),
        },
        Content::Blocks(blocks) => {
            if blocks.iter().any(|block| block.kind.as_deref() == Some("tool_result")) {
                return None;
            }
            let mut prompts = blocks.iter().filter_map(|block| read(block.text.as_deref()?));
            prompts.next()
        }
    }
}

/// What claude writes behind a prompt of a plugin's.
const PLUGIN: &str = "\n\nThis is how Claude Code surfaces a prompt a plugin submits between turns — it \
    starts this turn in the user's place. Address the message above.";

/// A plugin's prompt without what claude wraps it in for the model.
fn plugin(text: &str, asked: Option<&str>) -> Option<String> {
    let asked = asked.filter(|asked| !asked.is_empty())?;
    let (first, rest) = text.split_once('\n')?;
    let name = first.strip_prefix("The ")?.strip_suffix(" plugin sent a message:")?;
    let is_it = !name.is_empty() && rest.strip_prefix(asked) == Some(PLUGIN);
    is_it.then(|| format!("Prompt from the {name} plugin: {asked}"))
}

/// The prompt of a line in the words in which claude keeps it, wrapped: so a
/// `last-prompt` has it.
pub(crate) fn stored(line: &Line<'_>) -> Option<String> {
    line.plugin_prompt.as_ref()?;
    match &line.message.content {
        Content::Text(text) => Some(one_line(text)),
        _ => None,
    }
}

/// Reads the text of a message as a prompt.
pub(crate) fn read(raw: &str) -> Option<Prompt> {
    if let Some(command) = tagged(raw, "command-name") {
        let args = one_line(tagged(raw, "command-args").unwrap_or_default());
        let command = one_line(command);
        return match (command.is_empty(), args.is_empty()) {
            (true, _) => None,
            (false, true) => Some(Prompt::Command(command)),
            (false, false) => Some(Prompt::Words(one_line(&format!("{command} {args}")))),
        };
    }
    if let Some(command) = tagged(raw, "bash-input") {
        return Some(Prompt::Words(one_line(&format!("! {}", command.trim()))));
    }
    if is_wrapper(raw) || is_interruption(raw) {
        return None;
    }
    Some(one_line(raw)).filter(|text| !text.is_empty()).map(Prompt::Words)
}

/// What stands between `<tag>` and `</tag>`.
pub(crate) fn tagged<'a>(text: &'a str, tag: &str) -> Option<&'a str> {
    let (_, inside) = text.split_once(&format!("<{tag}>"))?;
    Some(inside.split_once(&format!("</{tag}>"))?.0)
}

/// Starts with a lower-case tag, as everything does that claude writes for the
/// model on the person's side (`<system-reminder>`, `<local-command-stdout>` …).
pub(crate) fn is_wrapper(text: &str) -> bool {
    let Some(tag) = text.trim_start().strip_prefix('<') else { return false };
    let rest = tag.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    tag.starts_with(|c: char| c.is_ascii_lowercase())
        && rest.starts_with(|c: char| c == '>' || c.is_whitespace())
}

/// What the program itself, and not the model, answered to a slash command.
pub(crate) fn is_local_answer(line: &Line<'_>) -> bool {
    matches!(&line.message.content, Content::Text(text) if text.trim_start().starts_with("<local-command-std"))
}

/// `[Request interrupted by user]`, in any of its forms.
pub(crate) fn is_interruption(text: &str) -> bool {
    text.trim_start().starts_with("[Request interrupted by user")
}

/// Cleaned, one line, at most 200 UTF-16 units and an ellipsis.
pub(crate) fn one_line(raw: &str) -> String {
    // Cleaning a pasted log of megabytes to show 200 characters would be waste.
    let raw = raw.char_indices().nth(8192).and_then(|(at, _)| raw.get(..at)).unwrap_or(raw);
    let clean = text::clean(raw);
    let mut units = 0;
    let cut = clean.char_indices().find(|(_, c)| {
        units += c.len_utf16();
        units > LONGEST
    });
    match cut.and_then(|(at, _)| clean.get(..at)) {
        Some(start) => format!("{}…", start.trim_end()),
        None => clean,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_are_read_as_the_picker_reads_them() {
        let words = |text: &str| Some(Prompt::Words(text.to_owned()));
        assert_eq!(read(" fix\nit "), words("fix it"));
        assert_eq!(read("<command-name>/clear</command-name>"), Some(Prompt::Command("/clear".to_owned())));
        let review = "<command-message>review</command-message>\n<command-name>/review</command-name>\n<command-args>the parser</command-args>";
        assert_eq!(read(review), words("/review the parser"));
        assert_eq!(read("<bash-input>cargo test</bash-input>"), words("! cargo test"));
        assert_eq!(read("<3 this"), words("<3 this"));
        assert_eq!(read("<Foo> fails"), words("<Foo> fails"));
        for skipped in [
            "",
            " \n",
            "<system-reminder>x",
            "<div class=a>",
            "[Request interrupted by user for tool use]",
            "\u{1b}[0m",
        ] {
            assert_eq!(read(skipped), None, "{skipped:?}");
        }
        let long = one_line(&"😀".repeat(300));
        assert_eq!(long.chars().count(), 101);
        assert_eq!(one_line("a\u{1b}]52;c;AAAA\u{7}b"), "ab");
    }
}

//! `/cclink:handoff` as it is typed into Claude Code: a note in plain words,
//! and among them the options of `publish`.

use std::ffi::OsString;

use clap::{CommandFactory, Parser};

use super::{PublishArgs, free_text, takes_next_word};

/// What a prompt starts with that is meant for cclink.
pub const HANDOFF: &str = "/cclink:handoff";

#[derive(Debug, Parser)]
#[command(name = HANDOFF, no_binary_name = true, disable_help_flag = true)]
struct Grammar {
    #[command(flatten)]
    publish: PublishArgs,
}

/// The words behind `/cclink:handoff`; `None` for every other prompt.
pub fn handoff_words(prompt: &str) -> Option<&str> {
    let words = prompt.trim().strip_prefix(HANDOFF)?;
    (words.is_empty() || words.starts_with(char::is_whitespace)).then(|| words.trim())
}

/// Reads what stands behind the command: `PublishArgs` without a session. A
/// mistake is told in one line.
pub fn parse_handoff(words: &str) -> Result<PublishArgs, String> {
    let mut grammar = Grammar::command();
    grammar.build();
    let (mut options, mut note) = (Vec::new(), Vec::new());
    let mut rest = words;
    let (mut wants_value, mut only_words) = (false, false);
    while let Some((word, quoted, behind)) = next_word(rest) {
        rest = behind;
        let is_option = !quoted && !only_words && is_option(&word);
        if !quoted && !only_words && word == "--" {
            only_words = true;
        } else if wants_value || is_option {
            wants_value = !wants_value && takes_next_word(&grammar, &word);
            options.push(word);
        } else {
            note.push(word);
        }
    }
    let options = free_text(&grammar, options.into_iter().map(OsString::from).collect());
    let mut args = Grammar::try_parse_from(options).map_err(|error| one_line(&error))?.publish;
    if !note.is_empty() {
        if args.note.is_some() {
            return Err("there are two notes: the words and --note".to_owned());
        }
        args.note = Some(note.join(" "));
    }
    Ok(args)
}

/// `--burn` and `-x`; a lone dash, a number or a list's dash is a word.
fn is_option(word: &str) -> bool {
    let letters = word.strip_prefix("--").or_else(|| word.strip_prefix('-'));
    letters.is_some_and(|letters| letters.starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// The next word, whether it was quoted, and what is behind it. A quote counts
/// only around a whole word or an option's value: people write "don't".
fn next_word(text: &str) -> Option<(String, bool, &str)> {
    let text = text.trim_start();
    if text.is_empty() {
        return None;
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (bare, behind) = text.split_at(end);
    let open = if text.starts_with("--") { bare.find('=').map_or(0, |at| at + 1) } else { 0 };
    if let Some(quote) = text[open..].chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let inside = &text[open + 1..];
        let closes = |at: &usize| inside[at + 1..].chars().next().is_none_or(char::is_whitespace);
        if let Some(close) = inside.match_indices(quote).map(|(at, _)| at).find(closes) {
            let word = format!("{}{}", &text[..open], &inside[..close]);
            return Some((word, open == 0, &inside[close + 1..]));
        }
    }
    Some((bare.to_owned(), false, behind))
}

/// What clap says, without its usage and hints.
fn one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let first: Vec<&str> = text.lines().take_while(|line| !line.trim().is_empty()).map(str::trim).collect();
    first.join(" ").trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_command_itself_is_meant() {
        for (prompt, words) in [
            ("/cclink:handoff", Some("")),
            (" /cclink:handoff\n", Some("")),
            ("/cclink:handoff my note", Some("my note")),
            ("/cclink:handoff\t--burn ", Some("--burn")),
            ("/cclink:handoffs", None),
            ("/cclink:hand", None),
            ("say /cclink:handoff", None),
            ("", None),
        ] {
            assert_eq!(handoff_words(prompt), words, "{prompt:?}");
        }
    }

    #[test]
    fn words_are_a_note_and_options_are_options() {
        for (typed, note) in [
            ("don't forget Bob's tests", Some("don't forget Bob's tests")),
            ("\"quoted words\" and 'these too'", Some("quoted words and these too")),
            ("mind --ttl 2h the gap --burn", Some("mind the gap")),
            ("--ttl=2h --burn --note 'in quotes'", Some("in quotes")),
            ("--burn --ttl \"2h\" --note=\"in two words\"", Some("in two words")),
            ("--ttl 2h --burn", None),
            ("--burn --ttl 2h -- --not an option", Some("--not an option")),
            ("--ttl 2h --burn - a list, -1", Some("- a list, -1")),
            ("--ttl 2h --burn --note '- look'", Some("- look")),
        ] {
            let args = parse_handoff(typed).unwrap();
            assert_eq!(args.note.as_deref(), note, "{typed:?}");
            assert_eq!(args.session, None, "{typed:?}");
            let options = typed.contains("--burn");
            assert_eq!((args.burn, args.ttl.is_some()), (options, options), "{typed:?}");
        }
        assert_eq!(parse_handoff("--share anna hello").unwrap().share.as_deref(), Some("anna"));
        assert_eq!(parse_handoff("--pin").unwrap().pin, Some(None));
        for (typed, said) in [
            ("--ttl", "--ttl"),
            ("--ttl forever", "forever"),
            ("--nonsense", "--nonsense"),
            ("-x", "-x"),
            ("--help", "--help"),
            ("--json", "--json"),
            ("--pin --link", "--link"),
            ("a note --note another", "two notes"),
        ] {
            let error = parse_handoff(typed).unwrap_err();
            assert!(error.contains(said) && !error.contains('\n'), "{typed:?}: {error}");
        }
    }
}

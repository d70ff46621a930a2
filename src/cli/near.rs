//! What was probably meant by a word that is no command.

use std::ffi::OsString;

use clap::CommandFactory;

use super::Cli;

/// How alike two words must be, as clap judges it for `--options`.
const ALIKE: f64 = 0.7;

/// The command whose name is nearest to `word`.
pub fn nearest_command(word: &str) -> Option<String> {
    let word = word.to_lowercase();
    let grammar = Cli::command();
    let names =
        grammar.get_subcommands().filter(|command| !command.is_hide_set()).map(clap::Command::get_name);
    let judged = names.map(|name| (strsim::jaro(&word, name), name)).filter(|(alike, _)| *alike > ALIKE);
    judged.max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, name)| name.to_owned())
}

/// "Did you mean …", or where all commands are shown.
pub fn command_advice(word: &str) -> String {
    match nearest_command(word) {
        Some(name) => format!("Did you mean `cclink {name}`? `cclink --help` shows all commands."),
        None => "`cclink --help` shows all commands, `cclink sessions` the sessions.".to_owned(),
    }
}

/// Whether the keys of the screen are asked for: `cclink --help keys`.
pub fn asks_for_keys(args: &[OsString]) -> bool {
    matches!(args, [_, help, keys] if (help == "--help" || help == "-h") && keys == "keys")
}

/// The first word where it should be a command and is none: `cclink foo bar`.
pub fn unknown_command(args: &[OsString]) -> Option<&str> {
    let word = args.get(1)?.to_str()?;
    let grammar = Cli::command();
    let is_known = word.starts_with('-') || grammar.get_subcommands().any(|known| known.get_name() == word);
    let has_more = args.get(2).and_then(|next| next.to_str()).is_some_and(|next| !next.starts_with('-'));
    (!is_known && word != "help" && has_more).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        for (typed, meant) in [
            ("piclup", Some("pickup")),
            ("lst", Some("list")),
            ("Session", Some("sessions")),
            ("pubish", Some("publish")),
            ("xyzzy", None),
            ("", None),
        ] {
            assert_eq!(nearest_command(typed).as_deref(), meant, "{typed}");
        }
    }

    #[test]
    fn only_a_first_word_before_others_is_an_unknown_command() {
        let unknown = |line: &str| {
            let args: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
            unknown_command(&args).map(str::to_owned)
        };
        assert_eq!(unknown("cclink foo bar").as_deref(), Some("foo"));
        for line in ["cclink", "cclink foo", "cclink foo --bar", "cclink --foo bar", "cclink list bar"] {
            assert_eq!(unknown(line), None, "{line}");
        }
    }
}

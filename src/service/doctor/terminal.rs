//! The terminal: whether it can show the screen, its characters, its clipboard.

use super::{Check, Surroundings};
use crate::service::programs::ask;
use crate::text::{self, Ability, Clipboards, LEAST_SCREEN};

pub(super) async fn check(around: &Surroundings<'_>) -> Vec<Check> {
    vec![check_screen(around), check_unicode(around), check_clipboard(around).await]
}

fn check_screen(around: &Surroundings<'_>) -> Check {
    const NAME: &str = "terminal";
    let term = around.text("TERM").map(|term| text::fit(&text::clean(&term), 40));
    let Some(name) = term.as_deref().or(around.terminal.map(|_| "not set")) else {
        return Check::ok(NAME, "not run on one");
    };
    let size = around.terminal.map(|(columns, rows)| format!(", {columns}×{rows}")).unwrap_or_default();
    match (Ability::of((around.env)("TERM").as_deref()), around.terminal) {
        (Ability::None, _) => Check::warn(NAME, format!("cannot show the screen (TERM is {name})")).advise(
            "Set TERM to what your terminal is, such as xterm-256color; the commands work without it.",
        ),
        (_, Some((columns, rows))) if columns < LEAST_SCREEN.0 || rows < LEAST_SCREEN.1 => {
            let (least_columns, least_rows) = LEAST_SCREEN;
            Check::warn(NAME, format!("{columns}×{rows} is too small for the screen"))
                .advise(format!("Make it {least_columns}×{least_rows} or larger."))
        }
        (Ability::Plain, _) => Check::ok(NAME, format!("{name}{size}, no colours")),
        (Ability::Full, _) if around.is_set("NO_COLOR") => {
            Check::ok(NAME, format!("{name}{size}, no colours (NO_COLOR)"))
        }
        (Ability::Full, _) => Check::ok(NAME, format!("{name}{size}, colours")),
    }
}

/// By the locale, in the order in which it is read.
fn check_unicode(around: &Surroundings<'_>) -> Check {
    const NAME: &str = "unicode";
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| around.text(name));
    let is_utf8 = |locale: &str| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    };
    match locale {
        Some(locale) if is_utf8(&locale) => Check::ok(NAME, text::fit(&text::clean(&locale), 40)),
        _ if cfg!(any(target_os = "macos", windows)) => Check::ok(NAME, "as the system has it"),
        locale => {
            let shown =
                locale.map_or_else(|| "not set".to_owned(), |locale| text::fit(&text::clean(&locale), 40));
            Check::warn(
                NAME,
                format!("the locale is not UTF-8 ({shown}): QR codes and titles may look broken"),
            )
            .advise("Set LANG to a UTF-8 locale, such as C.UTF-8.")
        }
    }
}

async fn check_clipboard(around: &Surroundings<'_>) -> Check {
    const NAME: &str = "clipboard";
    let ways = Clipboards::of(|name| around.is_set(name));
    if ways.tmux {
        let set = ask("tmux", &["show-options", "-sv", "set-clipboard"]).await;
        if set.as_deref().map(str::trim) == Some("off") {
            return Check::warn(NAME, "tmux keeps copied text to itself")
                .advise("Put `set -s set-clipboard on` into ~/.tmux.conf.");
        }
    }
    let through = match (ways.tmux, ways.screen, ways.remote) {
        (true, ..) => " in tmux",
        (_, true, _) => " in GNU screen",
        (.., true) => " over SSH",
        _ => "",
    };
    let programs = ways.tools.iter().filter_map(|tool| tool.first().copied());
    let tools: Vec<&str> = programs.filter(|program| *program != "tmux").collect();
    let by = if tools.is_empty() { String::new() } else { format!(", and {}", tools.join(", ")) };
    Check::ok(NAME, format!("through the terminal{through} (OSC 52){by}"))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::super::Health;
    use super::*;

    fn around(env: &dyn Fn(&str) -> Option<OsString>, terminal: Option<(u16, u16)>) -> Surroundings<'_> {
        Surroundings { env, terminal }
    }

    #[test]
    fn a_terminal_is_judged_by_its_name_and_size() {
        let xterm = |name: &str| (name == "TERM").then(|| "xterm".into());
        let dumb = |name: &str| (name == "TERM").then(|| "dumb".into());
        let none = |_: &str| None;
        for (env, size, state, word) in [
            (&xterm as &dyn Fn(&str) -> Option<OsString>, Some((80, 24)), Health::Ok, "80×24"),
            (&xterm, Some((59, 24)), Health::Warn, "too small"),
            (&xterm, Some((80, 15)), Health::Warn, "too small"),
            (&dumb, Some((80, 24)), Health::Warn, "dumb"),
            (&dumb, None, Health::Warn, "dumb"),
            (&none, Some((80, 24)), Health::Warn, "not set"),
            (&none, None, Health::Ok, "not run on one"),
        ] {
            let check = check_screen(&around(env, size));
            assert_eq!(check.state, state, "{check:?}");
            assert!(check.says.contains(word), "{check:?}");
        }
    }

    #[test]
    fn the_locale_that_counts_is_the_first_that_is_set() {
        let env = |lc_all: &'static str, lang: &'static str| {
            move |name: &str| match name {
                "LC_ALL" => Some(OsString::from(lc_all)),
                "LANG" => Some(OsString::from(lang)),
                _ => None,
            }
        };
        for (lc_all, lang, state) in [
            ("", "de_DE.UTF-8", Health::Ok),
            ("C.utf8", "C", Health::Ok),
            ("C", "de_DE.UTF-8", Health::Warn),
            ("", "", Health::Warn),
        ] {
            let env = env(lc_all, lang);
            let check = check_unicode(&around(&env, None));
            assert!(check.state == state || !cfg!(target_os = "linux"), "{check:?}");
        }
    }
}

//! Words for a terminal, broken so that what is copied from it stays whole.

use super::{clean, width};

/// Lines of at most `columns` as far as that is possible. They break at spaces only, so
/// a link or a token stays whole, and never between backticks, where commands stand. A
/// line that is indented is one of a list, or there to be copied: it stays as it is.
pub fn prose(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.split('\n') {
        if line.starts_with(' ') {
            lines.push(line.to_owned());
        } else {
            break_line(line, columns, &mut lines);
        }
    }
    lines
}

fn break_line(line: &str, columns: usize, lines: &mut Vec<String>) {
    let (mut row, mut used) = (String::new(), 0);
    for word in words(line) {
        // styles take no room
        let wide = width(&clean(word));
        if used > 0 && used + 1 + wide > columns {
            lines.push(std::mem::take(&mut row).trim_end().to_owned());
            used = 0;
        }
        if used > 0 {
            row.push(' ');
            used += 1;
        }
        row.push_str(word);
        used += wide;
    }
    lines.push(row);
}

/// What stands between spaces; a command in backticks is one word.
fn words(line: &str) -> Vec<&str> {
    let (mut words, mut from, mut is_quoted) = (Vec::new(), 0, false);
    for (at, c) in line.char_indices() {
        match c {
            '`' => is_quoted = !is_quoted && line.get(at + 1..).is_some_and(|rest| rest.contains('`')),
            ' ' if !is_quoted => {
                words.extend(line.get(from..at));
                from = at + 1;
            }
            _ => {}
        }
    }
    words.extend(line.get(from..));
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn commands_links_and_lists_stay_whole() {
        let link = format!("pk:{}/d0123456789abc", "y".repeat(52));
        let text = format!(
            "It replaces {link}: `cclink revoke TOKEN --yes` ends it.\n  two  columns of a list that is wide"
        );
        assert_eq!(
            prose(&text, 24),
            [
                "It replaces",
                &format!("{link}:"),
                "`cclink revoke TOKEN --yes`",
                "ends it.",
                "  two  columns of a list that is wide"
            ]
        );
        assert_eq!(prose("one ` alone is a word", 12), ["one ` alone", "is a word"]);
        assert_eq!(prose("d0123  announced", 40), ["d0123  announced"]);
        assert_eq!(prose("", 40), [""]);
        assert_eq!(prose("\u{1b}[1mbold words\u{1b}[0m here", 10), ["\u{1b}[1mbold words\u{1b}[0m", "here"]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_line_is_longer_than_its_one_word(
            text in "[a-z外]{1,12}( [a-z`]{1,12}){0,20}", columns in 1usize..60,
        ) {
            let lines = prose(&text, columns);
            prop_assert_eq!(lines.join(" "), text.clone());
            for line in &lines {
                let fits = width(line) <= columns;
                prop_assert!(fits || words(line).len() == 1 || line.contains('`'), "{line:?} of {text:?}");
            }
        }
    }
}

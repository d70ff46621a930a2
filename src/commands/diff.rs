//! A change of a text as `diff -u` shows it, safe to print.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use crate::text;

/// Columns of a line at most: a settings file in one line is not one to read.
const WIDEST: usize = 160;
/// What is not compared by then is shown as replaced.
const LONGEST: Duration = Duration::from_millis(500);

/// The lines of the difference; `None` is no file.
pub(super) fn lines(name: &str, before: Option<&str>, after: Option<&str>) -> Vec<String> {
    let name = text::clean(name);
    let side = |content: Option<&str>| if content.is_some() { name.as_str() } else { "/dev/null" };
    let mut out = vec![format!("--- {}", side(before)), format!("+++ {}", side(after))];
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    let diff = TextDiff::configure().timeout(LONGEST).diff_lines(before, after);
    for hunk in diff.unified_diff().iter_hunks() {
        out.push(hunk.header().to_string());
        out.extend(hunk.iter_changes().map(|change| line(change.tag(), change.value())));
    }
    out
}

/// Its indentation stays, with two columns for a tab.
fn line(tag: ChangeTag, line: &str) -> String {
    let content = line.trim_start();
    let indent = line[..line.len() - content.len()].chars().filter(|c| !matches!(c, '\r' | '\n'));
    let indent: String = indent.map(|c| if c == '\t' { "  " } else { " " }).collect();
    let shown = format!("{tag}{indent}{}", text::clean(content));
    text::fit(&shown, WIDEST)
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn only_what_changed_and_its_neighbours_are_shown() {
        let old = "1\n2\n3\n4\n5\n6\n\tb\n7\n8\n9\n10\n11\n12\n13\n14\n";
        let new = old.replace("\tb\n", "\tc\n\td\n").replace("\n14\n", "\n14\n15\n");
        let shown = lines("f", Some(old), Some(&new)).join("\n");
        assert_eq!(
            shown,
            "--- f\n+++ f\n@@ -4,7 +4,8 @@\n 4\n 5\n 6\n-  b\n+  c\n+  d\n 7\n 8\n 9\n@@ -13,3 +14,4 @@\n 12\n 13\n 14\n+15"
        );
        let shown = lines("f", None, Some("a\u{1b}[2J\nb"));
        assert_eq!(shown, ["--- /dev/null", "+++ f", "@@ -0,0 +1,2 @@", "+a", "+b"]);
        let shown = lines("f\u{1b}[2J", Some("a"), None);
        assert_eq!(shown, ["--- f", "+++ /dev/null", "@@ -1 +0,0 @@", "-a"]);
        assert_eq!(lines("f", Some("{\r\n}"), Some("{\r\n  \u{202e}1\r\n}"))[4], "+  1");
        assert!(lines("f", None, Some(&"x".repeat(9999)))[3].chars().count() <= 160);
    }
}

//! A change of a text, shown as `diff -u` shows one.

use crate::text;

/// Unchanged lines around a change.
const CONTEXT: usize = 3;
/// Columns of a line at most: a settings file in one line is not one to read.
const WIDEST: usize = 160;
/// Beyond this many pairs of lines the middle is shown as replaced.
const MOST: usize = 4_000_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Same,
    Gone,
    New,
}

/// The lines of the difference, each safe to show; `None` is no file.
pub(super) fn lines(name: &str, before: Option<&str>, after: Option<&str>) -> Vec<String> {
    let what = match (before, after) {
        (None, _) => " (new)",
        (_, None) => " (removed)",
        _ => "",
    };
    let marked = compare(before.unwrap_or_default(), after.unwrap_or_default());
    let mut out = vec![format!("{}{what}", text::clean(name))];
    let mut skipped = false;
    for (number, (mark, line)) in marked.iter().enumerate() {
        let near = number.saturating_sub(CONTEXT)..(number + CONTEXT + 1).min(marked.len());
        if marked[near].iter().all(|(mark, _)| *mark == Mark::Same) {
            skipped = true;
            continue;
        }
        if std::mem::take(&mut skipped) {
            out.push("  …".to_owned());
        }
        let sign = match mark {
            Mark::Same => ' ',
            Mark::Gone => '-',
            Mark::New => '+',
        };
        let indent: String = line
            .chars()
            .take_while(|c| c.is_whitespace())
            .map(|c| if c == '\t' { "  " } else { " " })
            .collect();
        out.push(format!("{sign} {indent}{}", text::fit(&text::clean(line), WIDEST)));
    }
    out
}

fn compare<'a>(before: &'a str, after: &'a str) -> Vec<(Mark, &'a str)> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = |all: usize| all - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let tail = tail.min(rest(old.len())).min(rest(new.len()));
    let middle = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let same = |line: &&'a str| (Mark::Same, *line);
    let mut out: Vec<(Mark, &str)> = old[..head].iter().map(same).collect();
    out.extend(replaced(middle.0, middle.1));
    out.extend(old[old.len() - tail..].iter().map(same));
    out
}

/// By the longest common subsequence.
fn replaced<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(Mark, &'a str)> {
    let width = new.len() + 1;
    let mut common = vec![0_u32; if old.len() * new.len() > MOST { 0 } else { (old.len() + 1) * width }];
    if !common.is_empty() {
        for (i, a) in old.iter().enumerate().rev() {
            for (j, b) in new.iter().enumerate().rev() {
                common[i * width + j] = if a == b {
                    common[(i + 1) * width + j + 1] + 1
                } else {
                    common[(i + 1) * width + j].max(common[i * width + j + 1])
                };
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut out = Vec::new();
    while i < old.len() || j < new.len() {
        let at = |i: usize, j: usize| common.get(i * width + j).copied().unwrap_or(0);
        match (old.get(i), new.get(j)) {
            (Some(a), Some(b)) if a == b && !common.is_empty() => {
                out.push((Mark::Same, *a));
                (i, j) = (i + 1, j + 1);
            }
            (Some(a), b) if b.is_none() || at(i + 1, j) >= at(i, j + 1) => {
                out.push((Mark::Gone, *a));
                i += 1;
            }
            (_, Some(b)) => {
                out.push((Mark::New, *b));
                j += 1;
            }
            _ => break,
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn only_what_changed_and_its_neighbours_are_shown() {
        let old = "1\n2\n3\n4\n5\n6\n\tb\n7\n8\n9\n10\n11\n12\n13\n14";
        let new = old.replace("\tb\n", "\tc\n\td\n").replace("\n14", "\n14\n15");
        let shown = lines("f", Some(old), Some(&new)).join("\n");
        assert_eq!(
            shown,
            "f\n  …\n  4\n  5\n  6\n-   b\n+   c\n+   d\n  7\n  8\n  9\n  …\n  12\n  13\n  14\n+ 15"
        );
        assert_eq!(lines("f", None, Some("a\u{1b}[2J\nb")), ["f (new)", "+ a", "+ b"]);
        assert_eq!(lines("f", Some("a"), None), ["f (removed)", "- a"]);
    }
}

use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation;

use super::*;

fn shown(text: &str, columns: usize) -> String {
    render(text, columns, &[]).iter().map(|row| row.text().trim_end().to_owned() + "\n").collect()
}

const SAMPLE: &str = "# Retry uploads

The upload **gives up** at the *first* error, see `upload.rs` and [the docs](https://example.org/retry \"Retry\").
A second line ~~stays~~ its own; <https://example.org> too.

> What is quoted
> - stays a list

1. Try five times
   - with a pause
   - that doubles
2. [ ] Test it
3. [x] Write it down

| name | tries | note |
|:-----|------:|------|
| small | 5 | a note that is too long for its column |
| **big** | 12 | `x` |

---

```rust
fn wait(n: u32) -> u64 { 200 << n } // ms
```

    indented code

<details>A &amp; B</details>

[named]: https://example.org/nowhere
";

#[test]
fn a_document_reads_well() {
    insta::assert_snapshot!("wide", shown(SAMPLE, 60));
    insta::assert_snapshot!("narrow", shown(SAMPLE, 24));
}

fn looks(text: &str) -> Vec<(String, Ink)> {
    let rows = render(text, 60, &[]);
    rows.into_iter().flat_map(|row| row.0).map(|piece| (piece.text, piece.ink)).collect()
}

#[test]
fn marks_become_looks() {
    let plain = Ink::default();
    for (text, words, ink) in [
        ("a **b** c", "b", plain.with(Modifier::BOLD)),
        ("a ***b***", "b", plain.with(Modifier::BOLD | Modifier::ITALIC)),
        ("`b`", "b", Ink::of(Tint::Code)),
        ("# b", "b", plain.with(Modifier::BOLD | Modifier::UNDERLINED)),
        ("### b", "b", plain.with(Modifier::BOLD)),
        ("[b](http://x)", "b", plain.with(Modifier::UNDERLINED)),
        ("[b](http://x)", " (http://x)", QUIET),
        ("```diff\n-a\n+b\n```", "+b", Ink::of(Tint::Added)),
        ("```py\nreturn x\n```", "return", Ink::of(Tint::Keyword)),
        ("> b", "│ ", QUIET),
    ] {
        let looks = looks(text);
        assert!(looks.contains(&(words.to_owned(), ink)), "{text}: {looks:?}");
    }
}

#[test]
fn what_was_searched_for_is_lit_where_it_is_shown() {
    for (text, words) in [
        ("the **network** is down", "network"),
        ("- one\n- the network", "network"),
        ("`network`", "network"),
        ("```\nthe network\n```", "network"),
        ("| a |\n|---|\n| network |", "network"),
        ("fish &amp; chips", "chips"),
    ] {
        let at = text.find(words).unwrap();
        let at = at..at + words.len();
        let rows = render(text, 40, std::slice::from_ref(&at));
        let lit = rows.iter().flat_map(|row| &row.0).filter(|piece| piece.lit);
        assert_eq!(lit.map(|piece| piece.text.as_str()).collect::<String>(), words, "{text}");
    }
}

/// What a hostile transcript may hold; how long they take is measured in
/// `tests/bench`.
fn hostile() -> Vec<String> {
    let deep = |mark: &str| format!("{}x", mark.repeat(10_000));
    let stairs = |mark: &str| (0..300).map(|n| "  ".repeat(n) + mark + "x").collect::<Vec<_>>().join("\n");
    [
        "*", "_", "`", "[", "![", "<", "~", "&", "|", "\\", "#", "(", "[a](", "*a_ ", "**a *b ", "a**b",
        "<a ", "`a``",
    ]
    .iter()
    .map(|mark| mark.repeat(1_000_000 / mark.len()))
    .chain(["> ", ">", "- ", "1. ", "* > "].map(deep))
    .chain(["- ", "> ", "1. "].map(stairs))
    .chain(["|a".repeat(4000) + "|\n" + &"|-".repeat(4000) + "|\n", "[a]: b\n".repeat(3000)])
    .chain(["|a".repeat(20) + "|\n" + &"|-".repeat(20) + "|\n" + &"|a\n".repeat(4000)])
    .chain([wide_head()])
    .collect()
}

/// A table of which a column's name is long, and is told again with every row.
fn wide_head() -> String {
    let names = "|abcdef".repeat(9);
    format!("{}{names}\n{}\n{}", "x".repeat(13_000), "-|".repeat(10), "x\n".repeat(430))
}

#[test]
fn a_hostile_document_has_few_rows_none_too_wide() {
    for text in hostile() {
        for columns in [2, 50, 80] {
            let rows = render(&text, columns, &[]);
            assert!(rows.len() <= MOST, "{:?} has {} rows", text.get(..20), rows.len());
            assert!(rows.iter().all(|row| text::width(&row.text()) <= columns), "{:?}", text.get(..20));
        }
    }
}

/// Words in marks of every kind.
fn document() -> impl Strategy<Value = String> {
    let marks =
        ["{} ", "**{}** ", "*{}* ", "`{}` ", "~~{}~~ ", "[{}](http://{}) ", "![{}]({}) ", "<b>{}</b> "];
    let blocks = [
        "{}\n\n",
        "# {}\n",
        "- {}\n",
        "  - {}\n",
        "3. {}\n",
        "> {}\n",
        "> > {}\n\n",
        "```rs\n{} {}\n```\n",
        "\n    {}\n\n",
        "\n| {} | {} |\n|---|--:|\n| {} | {} |\n\n",
        "{}\n===\n",
        "<div>\n{}\n</div>\n\n",
        "\n[{}]: http://{}\n\n",
        "---\n",
        "- [ ] {}\n",
    ];
    let part = prop_oneof![prop::sample::select(marks.to_vec()), prop::sample::select(blocks.to_vec())];
    prop::collection::vec(part, 0..30).prop_map(|parts| {
        let mut at = 100;
        let mut text = String::new();
        for c in parts.concat().replace("{}", "\u{0}").chars() {
            if c == '\u{0}' {
                at += 1;
                text += &["w", &at.to_string()].concat();
            } else {
                text.push(c);
            }
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_word_is_still_there(text in document(), columns in 24usize..90) {
        let shown = shown(&text, columns);
        for word in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.starts_with('w')) {
            prop_assert!(shown.contains(word), "{word} of {text:?}\n{shown}");
        }
    }

    #[test]
    fn any_text_fits_and_holds_no_control_character(
        parts in prop::collection::vec(prop_oneof![
            prop::sample::select(vec![
                "*", "**", "_", "`", "```", "~~~\n", "> ", "- ", "1. ", "# ", "|", "|--|", "\n", "\n\n", "    ", "[", "](", ")",
                "<", ">", "&#27;[31m", "&#x202e;", "&Tab;", "\\", "---", "===", "外", "👩‍👩‍👧", "e\u{301}", "![", "[x] ", ":", "\u{1b}[31m",
            ]).prop_map(str::to_owned),
            "\\PC{0,12}",
        ], 0..50),
        columns in 2usize..70,
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let text = parts.concat();
        let mut bounds: Vec<usize> =
            cuts.iter().map(|cut| text.floor_char_boundary(cut.index(text.len() + 1))).collect();
        bounds.sort_unstable();
        let lit: Vec<Range<usize>> = bounds.chunks_exact(2).map(|pair| pair[0]..pair[1]).collect();
        for row in render(&text, columns, &lit) {
            let shown = row.text();
            prop_assert!(text::is_clean(&shown), "{shown:?}");
            let last = row.0.last().map_or("", |piece| piece.text.as_str());
            let one = last.trim().graphemes(true).count() <= 1;
            prop_assert!(text::width(&shown) <= columns || one, "{columns}: {shown:?}");
        }
    }
}
